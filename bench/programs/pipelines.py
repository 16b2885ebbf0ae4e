"""Generators chained as pipelines, yield from through a tree, send, comprehensions of all kinds, itertools."""
import sys
from itertools import accumulate, chain, count, groupby, islice, product, takewhile
from time import perf_counter

SCALE = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
N = max(100, int(600_000 * SCALE))


def numbers(n):
    i = 0
    while i < n:
        yield i
        i += 1


def squares(source):
    for x in source:
        yield x * x % 1000


def keep(source, test):
    for x in source:
        if test(x):
            yield x


def batches(source, size):
    batch = []
    for x in source:
        batch.append(x)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def pipeline(n):
    total = 0
    for batch in batches(keep(squares(numbers(n)), lambda x: x % 3), 10):
        total += sum(batch)
    return total


class Tree:
    def __init__(self, left, value, right):
        self.left, self.value, self.right = left, value, right

    def __iter__(self):
        if self.left:
            yield from self.left
        yield self.value
        if self.right:
            yield from self.right


def build(low, high):
    if low >= high:
        return None
    middle = (low + high) // 2
    return Tree(build(low, middle), middle, build(middle + 1, high))


def walk(n):
    return sum(build(0, n // 4))


def averager():
    total, number, average = 0, 0, None
    while True:
        value = yield average
        total += value
        number += 1
        average = total // number


def sending(n):
    coroutine, last = averager(), None
    next(coroutine)
    for i in range(n):
        last = coroutine.send(i)
    return last


def comprehensions(n):
    total = 0
    for _ in range(max(1, n // 300)):
        squares = [x * x for x in range(100)]
        even = {x for x in squares if not x & 1}
        index = {x: i for i, x in enumerate(squares)}
        pairs = [(x, y) for x in range(8) for y in range(8) if x != y]
        nested = [[x + y for y in range(5)] for x in range(5)]
        total += len(even) + len(index) + len(pairs) + sum(sum(row) for row in nested)
        total += sum(x for x in squares if x in even)
        total += any(x > 9000 for x in squares) + all(x >= 0 for x in squares)
        total += max(len(word) for word in "a list of some words to be measured".split())
    return total


def library(n):
    total = sum(islice(count(1), n))
    total += sum(1 for key, group in groupby(x // 3 for x in range(n)))
    total += sum(a ^ b for a, b in product(range(60), repeat=2)) * len(list(takewhile(lambda x: x < n // 2, count())))
    total += list(accumulate(range(n)))[-1] + sum(chain.from_iterable([x, x + 1] for x in range(n // 4)))
    total += sum(x * y for x, y in zip(range(n), range(1, n))) + sum(i * x for i, x in enumerate(reversed(range(n // 2))))
    return total


def words(n):
    text = ("the quick brown fox jumps over the lazy dog and runs away from the big bad wolf " * 10).split()
    total = 0
    for _ in range(max(1, n // 3000)):
        counts = {}
        for word in text:
            counts[word] = counts.get(word, 0) + 1
        ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
        first, second, *rest = ranked
        total += first[1] + len(rest) + len(" ".join(f"{word}={number}" for word, number in ranked))
    return total


checks = []
for name, function in (
    ("generator-pipeline", pipeline), ("yield-from-tree", walk), ("generator-send", sending),
    ("comprehensions", comprehensions), ("itertools", library), ("count-words", words),
):
    start = perf_counter()
    checks.append(function(N))
    print("TIME", name, perf_counter() - start, N)
print("CHECK", *checks)
