"""Strings: building, f-strings, splitting, searching, counting words."""
import sys
from time import perf_counter

SCALE = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
N = max(10, int(200_000 * SCALE))


def build(n):
    text = ""
    for i in range(n):
        text += "ab"
        text += "c"
    return len(text)


def join(n):
    parts = []
    for i in range(n):
        parts.append("item")
        parts.append(str(i))
    return len("".join(parts))


def f_strings(n):
    total = 0
    name = "value"
    for i in range(n):
        total += len(f"{name}[{i}] = {i * 2:>8} {i / 3:.3f}")
    return total


def percent_and_format(n):
    total = 0
    for i in range(n):
        total += len("%s:%d" % ("key", i)) + len("{}-{}".format(i, "x"))
    return total


def count_words(n):
    text = "the quick brown fox jumps over the lazy dog and runs from the other fox "
    counts = {}
    for _ in range(n // 50):
        for word in text.split():
            counts[word] = counts.get(word, 0) + 1
    return max(counts.values())


def scan(n):
    text = "lorem ipsum dolor sit amet " * 4
    vowels = 0
    for _ in range(n // 100):
        for character in text:
            if character in "aeiou":
                vowels += 1
        vowels += text.find("amet") + text.count("o") + len(text.replace("sit", "sat").upper())
    return vowels


checks = []
for name, function in (
    ("str-build", build), ("str-join", join), ("f-string", f_strings), ("str-format", percent_and_format),
    ("word-count", count_words), ("str-scan", scan),
):
    start = perf_counter()
    checks.append(function(N))
    print("TIME", name, perf_counter() - start, N)
print("CHECK", *checks)
