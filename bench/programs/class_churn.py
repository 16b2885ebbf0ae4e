"""Classes made in a loop and thrown away, with instances and calls through the same sites."""
import sys
import weakref
from time import perf_counter

SCALE = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
COUNT = max(100, int(20000 * SCALE))


def resident():
    with open("/proc/self/statm") as f:
        return int(f.read().split()[1]) * 4096


def make(i):
    class Point:
        def __init__(self, x, y):
            self.x = x
            self.y = y

        def total(self):
            return self.x + self.y

    p = Point(i, 1)
    p.z = i
    return p.total() + p.z, weakref.ref(Point)


total, reference = make(0)
before = resident()
start = perf_counter()
for i in range(COUNT):
    number, reference = make(i)
    total += number
print("TIME class_churn", perf_counter() - start, COUNT)
print("MEMORY class_churn_growth", resident() - before)
print("CHECK", total)
