"""Memory per object: growth of the resident set while many of one kind are made and kept."""
import gc
import sys
from time import perf_counter

SCALE = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
COUNT = max(1000, int(200000 * SCALE))


class Point:
    def __init__(self, x, y, z):
        self.x = x
        self.y = y
        self.z = z


class Slotted:
    __slots__ = ("x", "y", "z")

    def __init__(self, x, y, z):
        self.x = x
        self.y = y
        self.z = z


def resident():
    with open("/proc/self/statm") as f:
        return int(f.read().split()[1]) * 4096


KINDS = [
    ("tuple of 2", lambda i: (i, i)),
    ("list of 0", lambda i: []),
    ("list of 3", lambda i: [i, i, i]),
    ("list of 10", lambda i: [i] * 10),
    ("dict of 0", lambda i: {}),
    ("dict of 3", lambda i: {"a": i, "b": i, "c": i}),
    ("dict of 10", lambda i: dict.fromkeys(range(10))),
    ("set of 3", lambda i: {1, 2, 3}),
    ("instance of 3", lambda i: Point(i, i, i)),
    ("slots of 3", lambda i: Slotted(i, i, i)),
    ("str of 5", lambda i: "%05d" % (i % 100000)),
    ("str of 20", lambda i: "%020d" % i),
    ("float", lambda i: i + 0.5),
    ("int", lambda i: i + 1000),
    ("int of 80 bits", lambda i: i + (1 << 80)),
    ("closure", lambda i: lambda: i),
]

made = 0
start = perf_counter()
for name, make in KINDS:
    kept = [None] * COUNT
    gc.collect()
    before = resident()
    for i in range(COUNT):
        kept[i] = make(i)
    gc.collect()
    after = resident()
    print("MEMORY", name.replace(" ", "_"), round((after - before) / COUNT))
    made += len(kept)
    del kept
print("TIME object_sizes", perf_counter() - start, made)
print("CHECK", made)
