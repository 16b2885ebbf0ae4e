"""Text from values: f-strings, str.format, %, str(), repr() and the way back."""
import sys
from time import perf_counter

SCALE = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
N = max(10, int(100_000 * SCALE))


def f_plain(n):
    total = 0
    name = "value"
    for i in range(n):
        total += len(f"{name}[{i}] = {name}")
    return total


def f_spec(n):
    total = 0
    for i in range(n):
        total += len(f"{i:>8}|{i:05d}|{i:x}|{i:,}")
    return total


def f_float(n):
    total = 0
    for i in range(n):
        total += len(f"{i / 7:.3f} {i / 3:10.2f} {i / 9:e}")
    return total


def f_repr(n):
    total = 0
    name = "it's"
    for i in range(n):
        total += len(f"{name!r}: {name!s:>10}")
    return total


def str_format(n):
    total = 0
    for i in range(n):
        total += len("{}-{}: {:>6} {key}".format(i, "x", i, key="k"))
    return total


def percent(n):
    total = 0
    for i in range(n):
        total += len("%s:%d %5.2f %r %x" % ("key", i, i / 4, "r", i))
    return total


def percent_dict(n):
    total = 0
    values = {"name": "key", "size": 12}
    for i in range(n):
        total += len("%(name)s has %(size)d" % values)
    return total


def str_of_int(n):
    total = 0
    for i in range(n):
        total += len(str(i)) + len(str(i * 1000003))
    return total


def int_of_str(n):
    texts = [str(i * 7919) for i in range(1000)]
    total = 0
    for _ in range(n // 500):
        for text in texts:
            total += int(text)
    return total


def repr_of_float(n):
    total = 0
    for i in range(n):
        total += len(repr(i / 7)) + len(str(i / 8))
    return total


def float_of_str(n):
    texts = [repr(i / 7) for i in range(1000)]
    total = 0.0
    for _ in range(n // 500):
        for text in texts:
            total += float(text)
    return int(total)


def repr_of_list(n):
    rows = [[i, "name", 1.5, (i, None)] for i in range(100)]
    total = 0
    for _ in range(n // 500):
        total += len(repr(rows))
    return total


def characters(n):
    total = 0
    for i in range(n):
        total += ord(chr(i % 1000 + 32))
    return total


ROWS = (
    ("format-f-plain", f_plain), ("format-f-spec", f_spec), ("format-f-float", f_float), ("format-f-repr", f_repr),
    ("format-method", str_format), ("format-percent", percent), ("format-percent-dict", percent_dict),
    ("str-of-int", str_of_int), ("int-of-str", int_of_str), ("repr-of-float", repr_of_float), ("float-of-str", float_of_str),
    ("repr-of-list", repr_of_list), ("chr-ord", characters),
)


checks = []
for name, function in ROWS:
    start = perf_counter()
    checks.append(function(N))
    print("TIME", name, perf_counter() - start, N)
print("CHECK", *checks)
