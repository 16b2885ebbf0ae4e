"""Generators and comprehensions."""
import sys
from time import perf_counter

SCALE = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
N = max(10, int(800_000 * SCALE))


def numbers(n):
    for i in range(n):
        yield i


def simple(n):
    total = 0
    for x in numbers(n):
        total += x
    return total


def even(source):
    for x in source:
        if not x & 1:
            yield x


def pipeline(n):
    return sum(x * 3 for x in even(numbers(n)))


def tree(depth):
    if depth:
        yield from tree(depth - 1)
        yield depth
        yield from tree(depth - 1)


def delegated(n):
    return sum(tree(max(1, (n // 20).bit_length())))


def sending(n):
    def accumulate():
        total = 0
        while True:
            total += yield total

    generator = accumulate()
    next(generator)
    for i in range(n):
        total = generator.send(i)
    return total


def list_comprehension(n):
    return sum([x * x for x in range(n) if x & 1])


def dict_comprehension(n):
    return len({x & 0xFFFF: x for x in range(n)}) + len({x % 1000 for x in range(n)})


def nested_comprehension(n):
    side = int(n**0.5)
    return sum(sum(row) for row in [[x ^ y for x in range(side)] for y in range(side)])


checks = []
for name, function in (
    ("generator", simple), ("gen-pipeline", pipeline), ("yield-from", delegated), ("gen-send", sending),
    ("list-comp", list_comprehension), ("dict-comp", dict_comprehension), ("nested-comp", nested_comprehension),
):
    start = perf_counter()
    checks.append(function(N))
    print("TIME", name, perf_counter() - start, N)
print("CHECK", *checks)
