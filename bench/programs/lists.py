"""Lists and tuples: methods, slices, comprehensions, the builtins over iterables."""
import sys
from time import perf_counter

SCALE = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
N = max(10, int(200_000 * SCALE))
NUMBERS = [i * 7919 % 1000 for i in range(1000)]
FLOATS = [i / 7 for i in NUMBERS]
FLAGS = [True] * 1000


def append(n):
    result = []
    for i in range(n):
        result.append(i)
    return len(result)


def append_pop(n):
    result = []
    for i in range(n):
        result.append(i)
        result.append(i)
        result.pop()
    return len(result)


def insert(n):
    result = []
    for i in range(n // 100):
        result.insert(0, i)
        result.insert(len(result) // 2, i)
        if i % 4 == 0:
            del result[0]
    return len(result)


def extend(n):
    result = []
    for i in range(n // 10):
        result.extend((1, 2, 3))
        result += [4, 5]
        result.extend(range(3))
    return len(result)


def slices(n):
    total = 0
    for i in range(n // 10):
        total += len(NUMBERS[10:30]) + len(NUMBERS[:50]) + len(NUMBERS[-20:]) + len(NUMBERS[::20])
    return total


def slice_assign(n):
    items = list(range(100))
    for i in range(n // 5):
        items[10:20] = items[20:30]
        items[0:2] = [1]
        items[5:5] = [7]
    return len(items)


def comprehension(n):
    total = 0
    for _ in range(n // 500):
        total += len([x * 2 for x in NUMBERS]) + len([x for x in NUMBERS if x & 1])
    return total


def unpack(n):
    total = 0
    for i in range(n):
        a, b = b, a = (i, 2)
        a, *rest = [1, 2, 3]
        total += a + b + len(rest)
    return total


def search(n):
    total = 0
    for i in range(n // 500):
        total += NUMBERS.index(999) + NUMBERS.count(500)
        if 1001 in NUMBERS:
            total += 1
    return total


def concat(n):
    total = 0
    a, b = [1, 2, 3], [4, 5]
    for i in range(n):
        total += len(a + b) + len(b * 3)
    return total


def copy_reverse(n):
    total = 0
    for _ in range(n // 500):
        items = NUMBERS.copy()
        items.reverse()
        total += items[0] + len(list(reversed(items))) + len(list(items)) + len(tuple(items))
    return total


def compare(n):
    total = 0
    other = list(NUMBERS)
    for _ in range(n // 500):
        if NUMBERS == other:
            total += 1
        if NUMBERS < other + [1]:
            total += 1
    return total


def minmax(n):
    total = 0
    for _ in range(n // 500):
        total += min(NUMBERS) + max(NUMBERS) + int(max(FLOATS))
    return total


def minmax_two(n):
    total = 0
    for i in range(n):
        total += min(i, 100) + max(i, 5)
    return total


def sums(n):
    total = 0
    for _ in range(n // 500):
        total += sum(NUMBERS) + int(sum(FLOATS)) + sum(x for x in NUMBERS)
    return total


def any_all(n):
    total = 0
    for _ in range(n // 500):
        if all(FLAGS) and not any(x > 5000 for x in NUMBERS):
            total += 1
    return total


def zips(n):
    total = 0
    for _ in range(n // 500):
        for a, b in zip(NUMBERS, FLAGS):
            total += a
    return total


def enumerates(n):
    total = 0
    for _ in range(n // 500):
        for i, x in enumerate(NUMBERS):
            total += i
    return total


def maps(n):
    total = 0
    for _ in range(n // 500):
        total += len(list(map(str, NUMBERS))) + sum(map(lambda x: x + 1, NUMBERS))
    return total


def filters(n):
    total = 0
    for _ in range(n // 500):
        total += len(list(filter(None, NUMBERS))) + len(list(filter(lambda x: x > 500, NUMBERS)))
    return total


def tuples(n):
    total = 0
    for i in range(n):
        pair = (i, i + 1)
        if pair < (i, i + 2) and pair == (i, i + 1):
            total += len(pair + (1,))
        total += hash(pair) & 1 and 1
    return total > 0


def ranges(n):
    total = 0
    for i in range(n):
        if i in range(0, n, 2):
            total += len(range(i))
    return total


ROWS = (
    ("list-append", append), ("list-append-pop", append_pop), ("list-insert", insert), ("list-extend", extend), ("list-slice", slices),
    ("list-slice-assign", slice_assign), ("list-comprehension", comprehension), ("list-unpack", unpack), ("list-search", search),
    ("list-concat", concat), ("list-copy", copy_reverse), ("list-compare", compare), ("min-max", minmax), ("min-max-two", minmax_two),
    ("sum", sums), ("any-all", any_all), ("zip", zips), ("enumerate", enumerates), ("map", maps), ("filter", filters),
    ("tuple", tuples), ("range-in", ranges),
)


checks = []
for name, function in ROWS:
    start = perf_counter()
    checks.append(function(N))
    print("TIME", name, perf_counter() - start, N)
print("CHECK", *checks)
