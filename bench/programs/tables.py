"""Dicts and sets: methods, views, comprehensions, operators."""
import sys
from time import perf_counter

SCALE = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
N = max(10, int(200_000 * SCALE))
WORDS = ["word" + str(i * 7919 % 1000) for i in range(1000)]
TABLE = {word: i for i, word in enumerate(WORDS)}
SMALL = {"a": 1, "b": 2, "c": 3}


def get(n):
    total = 0
    for i in range(n // 500):
        for word in WORDS:
            total += TABLE.get(word, 0) + SMALL.get(word, 1)
    return total


def subscript(n):
    total = 0
    for i in range(n // 500):
        for word in WORDS:
            total += TABLE[word]
            if word in SMALL:
                total += 1
    return total


def count_words(n):
    counts = {}
    for i in range(n // 500):
        for word in WORDS:
            if word in counts:
                counts[word] += 1
            else:
                counts[word] = 1
    return sum(counts.values())


def fresh_keys(n):
    table = {}
    for i in range(n):
        table["key" + str(i)] = i
    total = 0
    for i in range(n):
        total += table.get("key" + str(i * 2), 0)
    return total


def items(n):
    total = 0
    for _ in range(n // 500):
        for key, value in TABLE.items():
            total += value
        for key in TABLE:
            total += 1
        for value in TABLE.values():
            total += value
    return total


def setdefault(n):
    groups = {}
    for i in range(n):
        groups.setdefault(i % 100, []).append(i)
    return len(groups)


def update(n):
    total = 0
    for _ in range(n // 500):
        table = dict(TABLE)
        table.update(SMALL)
        table.update(TABLE)
        total += len(table) + len({**table, "x": 1}) + len(table | SMALL)
    return total


def comprehension(n):
    total = 0
    for _ in range(n // 500):
        total += len({x: x + 1 for x in range(1000)}) + len({word: 1 for word in WORDS})
    return total


def displays(n):
    total = 0
    for i in range(n):
        record = {"name": "x", "size": i, "flag": True}
        total += record["size"]
    return total


def pop_delete(n):
    table = {}
    total = 0
    for i in range(n):
        table[i] = i
        if i > 100:
            total += table.pop(i - 50, 0)
            if i - 100 in table:
                del table[i - 100]
    return total


def tuple_keys(n):
    table = {}
    for i in range(n):
        table[(i % 300, i % 7)] = i
    return len(table)


def int_keys(n):
    table = {}
    for i in range(n):
        table[i * 7919 % 1000003] = i
    total = 0
    for key in table:
        total += table[key]
    return total


def build_from_pairs(n):
    total = 0
    for _ in range(n // 500):
        total += len(dict(zip(WORDS, WORDS))) + len(list(TABLE)) + len(sorted(TABLE.values()))
    return total


def set_add(n):
    seen = set()
    total = 0
    for i in range(n):
        key = i * 7919 % 65537
        if key not in seen:
            seen.add(key)
        else:
            total += 1
    return total + len(seen)


def set_strings(n):
    seen = set()
    total = 0
    for _ in range(n // 500):
        for word in WORDS:
            if word in seen:
                total += 1
            seen.add(word)
    return total


def set_operators(n):
    a = set(range(0, 1000, 2))
    b = set(range(0, 1000, 3))
    total = 0
    for _ in range(n // 500):
        total += len(a | b) + len(a & b) + len(a - b) + len(a ^ b)
        if a <= b:
            total += 1
    return total


def set_build(n):
    total = 0
    for _ in range(n // 500):
        total += len(set(WORDS)) + len({x & 63 for x in range(1000)}) + len(frozenset(range(500)))
    return total


ROWS = (
    ("dict-get", get), ("dict-subscript", subscript), ("dict-count", count_words), ("dict-fresh-keys", fresh_keys),
    ("dict-iterate", items), ("dict-setdefault", setdefault), ("dict-update", update), ("dict-comprehension", comprehension),
    ("dict-display", displays), ("dict-pop", pop_delete), ("dict-tuple-keys", tuple_keys), ("dict-int-keys", int_keys),
    ("dict-from-pairs", build_from_pairs), ("set-add", set_add), ("set-str", set_strings), ("set-operators", set_operators),
    ("set-build", set_build),
)


checks = []
for name, function in ROWS:
    start = perf_counter()
    checks.append(function(N))
    print("TIME", name, perf_counter() - start, N)
print("CHECK", *checks)
