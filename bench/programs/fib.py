"""Calls: the naive Fibonacci function."""
import sys
from time import perf_counter

SCALE = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
ROUNDS = max(1, int(4 * SCALE))


def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


start = perf_counter()
total = 0
for _ in range(ROUNDS):
    total += fib(27)
print("TIME fib", perf_counter() - start, ROUNDS)
print("CHECK", total)
