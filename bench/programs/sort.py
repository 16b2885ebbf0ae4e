"""Sorting: ints, floats, strings, tuples, mixed numbers, with key functions, already sorted."""
import sys
from time import perf_counter

SCALE = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
N = max(10, int(200_000 * SCALE))

state = 42
ints = []
for _ in range(N):
    state = (state * 1103515245 + 12345) % 2147483648
    ints.append(state)
floats = [x / 1024 for x in ints]
strings = [str(x) for x in ints]
pairs = [(x % 1000, x) for x in ints]
mixed = [x if x & 1 else x / 2 for x in ints]
checks = []


def measure(name, function):
    start = perf_counter()
    result = function()
    print("TIME", name, perf_counter() - start, N)
    checks.append(result[len(result) // 2])


measure("sort-int", lambda: sorted(ints))
measure("sort-float", lambda: sorted(floats))
measure("sort-str", lambda: sorted(strings))
measure("sort-key", lambda: sorted(ints, key=lambda x: x % 1000))
measure("sort-sorted", lambda: sorted(range(N)))
measure("sort-tuple", lambda: sorted(pairs))
measure("sort-reverse", lambda: sorted(ints, reverse=True))
measure("sort-mixed", lambda: sorted(mixed))
measure("sort-key-str", lambda: sorted(strings, key=len))
measure("sort-key-tuple", lambda: sorted(ints, key=lambda x: (x % 100, x)))
print("CHECK", checks[0], checks[2], checks[3], checks[4], int(checks[1]), *checks[5:])
