"""Calls of other kinds: defaults, keywords, stars, closures, builtins, isinstance, slices, unpacking."""
import sys
from time import perf_counter

SCALE = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
N = max(10, int(400_000 * SCALE))


def target(a, b=2, *rest, c=3, **options):
    return a + b + c


def plain(a, b, c):
    return a + b + c


def keywords(n):
    total = 0
    for i in range(n):
        total += plain(a=i, b=1, c=2)
    return total


def stars(n):
    total, arguments, options = 0, (1, 2), {"c": 5}
    for i in range(n):
        total += target(*arguments, **options) + target(i, c=1)
    return total


def closures(n):
    value = 0

    def add(amount):
        nonlocal value
        value += amount

    for i in range(n):
        add(i)
    return value


def builtins(n):
    items, total = [3, 1, 2], 0
    for i in range(n):
        total += len(items) + min(i, 7) + abs(-i) + (1 if isinstance(i, int) else 0)
    return total


def slices(n):
    items, total = list(range(20)), 0
    for i in range(n):
        total += items[i % 20] + len(items[2:7]) + items[-1]
    return total


def unpack(n):
    a, b, total = 1, 2, 0
    for i in range(n):
        a, b = b, a
        x, (y, z) = i, (a, b)
        total += x + y - z
    return total


def loop(n):
    i = total = 0
    while i < 3 * n:
        if i % 3 == 0 and i % 5 != 0:
            total += i
        i += 1
    return total


checks = []
for name, function in (
    ("call-keyword", keywords), ("call-star", stars), ("closure", closures), ("builtins", builtins),
    ("slices", slices), ("unpack", unpack), ("while-loop", loop),
):
    start = perf_counter()
    checks.append(function(N))
    print("TIME", name, perf_counter() - start, N)
print("CHECK", *checks)
