"""Objects: method calls, attribute changes, inheritance and properties."""
import sys
from time import perf_counter

SCALE = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
N = max(10, int(600_000 * SCALE))


class Counter:
    def __init__(self, step):
        self.step = step
        self.value = 0

    def increment(self):
        self.value += self.step

    def read(self):
        return self.value


class Limited(Counter):
    def __init__(self, step, limit):
        super().__init__(step)
        self.limit = limit

    def increment(self):
        if self.value + self.step > self.limit:
            self.value = 0
        super().increment()


class Toggle(Counter):
    def increment(self):
        self.value = 1 - self.value

    @property
    def on(self):
        return self.value == 1


def monomorphic(n):
    counter = Counter(3)
    for _ in range(n):
        counter.increment()
    return counter.read()


def polymorphic(n):
    things = [Counter(1), Limited(2, 1000), Toggle(0)]
    total = 0
    for i in range(n):
        thing = things[i % 3]
        thing.increment()
        total += thing.read()
    return total


def allocate(n):
    total = 0
    for i in range(n):
        total += Counter(i).step
    return total


def use_property(n):
    toggle, count = Toggle(0), 0
    for _ in range(n):
        toggle.increment()
        if toggle.on:
            count += 1
    return count


checks = []
for name, function in (
    ("method-call", monomorphic), ("method-poly", polymorphic), ("object-new", allocate), ("property", use_property)
):
    start = perf_counter()
    checks.append(function(N))
    print("TIME", name, perf_counter() - start, N)
print("CHECK", *checks)
