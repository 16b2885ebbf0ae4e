"""Dictionaries: insert, look up, count and delete, with int and with string keys."""
import sys
from time import perf_counter

SCALE = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
N = max(10, int(300_000 * SCALE))


def int_keys(n):
    table = {}
    for i in range(n):
        table[i * 7919 % 1000003] = i
    found = 0
    for i in range(2 * n):
        if i in table:
            found += table[i] & 7
    return len(table) + found


def string_keys(n):
    words = [f"key{i % (n // 2)}" for i in range(n)]
    counts = {}
    for word in words:
        counts[word] = counts.get(word, 0) + 1
    total = 0
    for word in words:
        total += counts[word]
    return len(counts) + total


def churn(n):
    table = {}
    for i in range(n):
        table[i] = i
        if i >= 1000:
            del table[i - 1000]
    return len(table)


checks = []
for name, function in (("dict-int", int_keys), ("dict-str", string_keys), ("dict-churn", churn)):
    start = perf_counter()
    checks.append(function(N))
    print("TIME", name, perf_counter() - start, N)
print("CHECK", *checks)
