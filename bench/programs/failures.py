"""Exceptions as programs use them: validation at depth, chains, context managers, missing keys and attributes, StopIteration."""
import sys
from contextlib import contextmanager, suppress
from time import perf_counter

SCALE = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
N = max(20, int(200_000 * SCALE))


class ValidationError(ValueError):
    def __init__(self, field, message):
        super().__init__(f"{field}: {message}")
        self.field = field


class Missing(ValidationError):
    pass


def check_value(data, field, kind):
    try:
        value = data[field]
    except KeyError as error:
        raise Missing(field, "missing") from error
    if not isinstance(value, kind):
        raise ValidationError(field, f"{type(value).__name__} is no {kind.__name__}")
    return value


def check_level(data, level):
    if level:
        try:
            return check_level(data, level - 1)
        finally:
            data["visits"] = data.get("visits", 0) + 1
    return check_value(data, "name", str), check_value(data, "age", int)


def validate(n):
    samples = [{"name": "a", "age": 1}, {"name": "b"}, {"name": 3, "age": 3}, {"age": 4}]
    found = {}
    for i in range(n // 4):
        try:
            check_level(dict(samples[i & 3]), 4)
            key = "fine"
        except Missing as error:
            key = "missing " + error.field + " " + type(error.__cause__).__name__
        except ValidationError as error:
            key = str(error)
        found[key] = found.get(key, 0) + 1
    return sorted(found.items())


class Guard:
    def __init__(self):
        self.entered = self.failed = 0

    def __enter__(self):
        self.entered += 1
        return self

    def __exit__(self, kind, value, traceback):
        if kind is not None:
            self.failed += 1
        return kind is not None and issubclass(kind, LookupError)


def guards(n):
    guard, table = Guard(), {1: 1}
    for i in range(n):
        with guard:
            table[i & 1]
    return guard.entered, guard.failed


@contextmanager
def counted(counts):
    counts[0] += 1
    try:
        yield counts
    except ZeroDivisionError:
        counts[1] += 1
    finally:
        counts[2] += 1


def managers(n):
    counts = [0, 0, 0]
    for i in range(n // 4):
        with counted(counts) as each:
            each[0] // (i & 1)
        with suppress(KeyError, IndexError):
            counts[3 + (i & 1)]
    return counts


class Lazy:
    def __init__(self):
        self.loads = 0

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        self.loads += 1
        return len(name)


def attributes(n):
    lazy, plain, missed = Lazy(), object(), 0
    for i in range(n // 2):
        missed += getattr(plain, "nothing", 1)
        if not hasattr(lazy, "_hidden"):
            missed += lazy.visible
        try:
            plain.other
        except AttributeError:
            missed += 1
    return missed, lazy.loads


class Countdown:
    def __init__(self, n):
        self.n = n

    def __iter__(self):
        return self

    def __next__(self):
        if self.n <= 0:
            raise StopIteration
        self.n -= 1
        return self.n


def iterators(n):
    total = 0
    for i in range(n // 5):
        total += sum(Countdown(3))
        for value in Countdown(2):
            total += value
    return total


def conversions(n):
    words, good = ["12", "x", "3.5", "", "-7", "0x1"], 0
    for i in range(n):
        word = words[i % 6]
        try:
            good += int(word)
        except ValueError:
            try:
                good += int(float(word))
            except ValueError:
                pass
    return good


checks = []
for name, function in (
    ("raise-validate", validate), ("with-exit", guards), ("contextmanager", managers), ("missing-attribute", attributes),
    ("stop-iteration", iterators), ("bad-conversion", conversions),
):
    start = perf_counter()
    checks.append(function(N))
    print("TIME", name, perf_counter() - start, N)
print("CHECK", *checks)
