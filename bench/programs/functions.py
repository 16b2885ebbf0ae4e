"""Closures, decorators, functools, and calls with defaults, keywords, *args and **kwargs."""
import sys
from functools import lru_cache, partial, reduce, wraps
from operator import add, attrgetter, itemgetter
from time import perf_counter

SCALE = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
N = max(20, int(300_000 * SCALE))


def counted(function):
    @wraps(function)
    def wrapper(*args, **kwargs):
        wrapper.calls += 1
        return function(*args, **kwargs)
    wrapper.calls = 0
    return wrapper


def limited(low, high):
    def decorate(function):
        @wraps(function)
        def wrapper(*args):
            return max(low, min(high, function(*args)))
        return wrapper
    return decorate


@counted
@limited(-1000, 1000)
def combine(a, b=2, *rest):
    return a * b - sum(rest)


def decorated(n):
    total = 0
    for i in range(n):
        total += combine(i % 50, 3) + combine(i % 7)
    return total, combine.calls


def make_counter(step):
    count = 0

    def bump(times=1):
        nonlocal count
        count += step * times
        return count
    return bump


def closures(n):
    counters = [make_counter(i) for i in range(1, 5)]
    total = 0
    for i in range(n):
        total += counters[i & 3](2)
        total -= (lambda x: x + i)(1)
    return total


def configure(name, *, width=10, height=20, colour="red", **extra):
    return width * height + len(name) + len(colour) + len(extra)


def with_keywords(n):
    total, options = 0, {"width": 3, "height": 4}
    for i in range(n):
        total += configure("plain", width=i % 10)
        total += configure("box", colour="blue", height=2, width=1)
        total += configure("dict", **options)
        total += configure(name="extra", border=1, margin=i)
    return total


def spread(n):
    def inner(a, b, c, d=4):
        return a + b * c - d

    def outer(*args, **kwargs):
        return inner(*args, **kwargs)
    total, values = 0, (1, 2, 3)
    for i in range(n):
        total += outer(i, 2, 3) + inner(*values) + outer(1, 2, c=3, d=i & 7)
    return total


@lru_cache(maxsize=None)
def ways(total, largest):
    if total == 0:
        return 1
    if total < 0 or largest == 0:
        return 0
    return ways(total - largest, largest) + ways(total, largest - 1)


@lru_cache(maxsize=64)
def slow_square(x):
    return x * x


def cached(n):
    total = 0
    for i in range(n):
        total += slow_square(i % 50)
        total += ways(10 + i % 20, 5)
    return total


class Item:
    def __init__(self, key, value):
        self.key = key
        self.value = value


def tools(n):
    items = [Item(i * 7919 % 1013, i) for i in range(500)]
    pairs = [(item.key, item.value) for item in items]
    triple = partial(pow, 3)
    scaled = partial(configure, "p", height=2)
    total = 0
    for _ in range(max(1, n // 3000)):
        total += reduce(add, map(attrgetter("value"), sorted(items, key=attrgetter("key"))))
        total += max(pairs, key=itemgetter(1))[0]
        total += sum(map(triple, range(10)))
        total += sum(scaled(width=i) for i in range(20))
        total += len(list(filter(lambda pair: pair[0] & 1, pairs)))
        total += sum(a * b for (a, b) in zip(map(itemgetter(0), pairs), map(len, map(str, pairs))))
    return total


checks = []
for name, function in (
    ("decorators", decorated), ("closures", closures), ("keywords", with_keywords), ("spread", spread),
    ("lru-cache", cached), ("functools", tools),
):
    start = perf_counter()
    checks.append(function(N))
    print("TIME", name, perf_counter() - start, N)
print("CHECK", *checks)
