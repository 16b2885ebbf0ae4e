"""Exceptions: raised and caught in one function, through calls, and a failing look-up."""
import sys
from time import perf_counter

SCALE = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
N = max(10, int(300_000 * SCALE))


def local(n):
    caught = 0
    for i in range(n):
        try:
            if i & 1:
                raise ValueError(i)
        except ValueError:
            caught += 1
    return caught


def deep(level, i):
    if level:
        return deep(level - 1, i)
    raise KeyError(i)


def through_calls(n):
    caught = 0
    for i in range(n // 4):
        try:
            deep(5, i)
        except KeyError as error:
            caught += error.args[0] & 1
    return caught


def missing_key(n):
    table, missed = {i: i for i in range(0, 100, 2)}, 0
    for i in range(n):
        try:
            table[i % 100]
        except KeyError:
            missed += 1
    return missed


def not_raised(n):
    total = 0
    for i in range(2 * n):
        try:
            total += i
        finally:
            total -= 1
    return total


checks = []
for name, function in (
    ("raise-local", local), ("raise-deep", through_calls), ("key-error", missing_key), ("try-finally", not_raised)
):
    start = perf_counter()
    checks.append(function(N))
    print("TIME", name, perf_counter() - start, N)
print("CHECK", *checks)
