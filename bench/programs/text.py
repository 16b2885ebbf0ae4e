"""Text: searching, slicing, splitting, joining, case, growing by +=."""
import sys
from time import perf_counter

SCALE = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
N = max(10, int(100_000 * SCALE))
TEXT = "the quick brown fox jumps over the lazy dog and runs away; " * 20
WORDS = TEXT.split()
LINES = "\n".join(TEXT[i : i + 60] for i in range(0, len(TEXT), 60))


def grow(n):
    text = ""
    parts = []
    for i in range(n):
        text += "item-" + str(i) + ";"
        if len(text) > 1000:
            parts.append(text)
            text = ""
    return len("".join(parts))


def grow_one(n):
    text = ""
    for i in range(n):
        text += "x"
    return len(text)


def concat(n):
    total = 0
    a, b = "alpha", "beta"
    for i in range(n):
        total += len(a + "." + b)
    return total


def find(n):
    total = 0
    for i in range(n // 20):
        total += TEXT.find("away") + TEXT.rfind("quick") + TEXT.index("lazy", i % 100) + TEXT.find("nowhere")
    return total


def count(n):
    total = 0
    for i in range(n // 50):
        total += TEXT.count("o") + TEXT.count("the") + TEXT.count("zebra")
    return total


def replace(n):
    total = 0
    for i in range(n // 100):
        total += len(TEXT.replace("fox", "wolf")) + len(TEXT.replace("o", "0")) + len(TEXT.replace("cat", "dog"))
    return total


def contains(n):
    total = 0
    for i in range(n):
        if "dog" in TEXT:
            total += 1
        if "zzz" in "a short text":
            total += 1
    return total


def slices(n):
    total = 0
    for i in range(n):
        k = i % 1000
        total += len(TEXT[k : k + 10]) + len(TEXT[:k]) + len(TEXT[k:])
    return total


def stepped_slices(n):
    total = 0
    for i in range(n // 50):
        total += len(TEXT[::-1]) + len(TEXT[::3])
    return total


def index(n):
    total = 0
    for i in range(n):
        if TEXT[i % 1000] == "o":
            total += 1
    return total


def iterate(n):
    total = 0
    for _ in range(n // 500):
        for character in TEXT:
            if character in "aeiou":
                total += 1
    return total


def split(n):
    total = 0
    for _ in range(n // 500):
        total += len(TEXT.split()) + len(TEXT.split(" ")) + len(TEXT.split("; "))
    return total


def split_short(n):
    total = 0
    for _ in range(n):
        name, value = "name=value".split("=")
        total += len(value) + len("a,b,c".split(",", 1))
    return total


def lines(n):
    total = 0
    for _ in range(n // 100):
        total += len(LINES.splitlines()) + len(LINES.partition("\n")[2])
    return total


def join(n):
    total = 0
    for _ in range(n // 200):
        total += len(" ".join(WORDS)) + len("".join(WORDS)) + len(", ".join(word for word in WORDS))
    return total


def strip(n):
    total = 0
    for _ in range(n):
        total += len("  padded text  ".strip()) + len("xxtextxx".lstrip("x")) + len("line\n".rstrip())
    return total


def prefixes(n):
    total = 0
    for i in range(n):
        word = WORDS[i % 200]
        if word.startswith("th") or word.endswith("ps") or word.startswith(("qu", "br")):
            total += 1
    return total


def case(n):
    total = 0
    for _ in range(n):
        if "Some Text".lower() == "some text" and "abc".upper() == "ABC":
            total += len("a word".title()) + len("word".capitalize())
    return total


def classify(n):
    total = 0
    for i in range(n):
        word = WORDS[i % 200]
        if word.isalpha() and word.islower() and not word.isdigit() and word.isidentifier():
            total += 1
    return total


def pad(n):
    total = 0
    for i in range(n):
        total += len("word".ljust(10)) + len("word".rjust(12)) + len("7".zfill(5)) + len("-" * 20)
    return total


def translate(n):
    table = str.maketrans("aeiou", "AEIOU")
    total = 0
    for _ in range(n // 200):
        total += len(TEXT.translate(table))
    return total


def compare(n):
    total = 0
    for i in range(n):
        if WORDS[i % 200] < WORDS[(i + 1) % 200]:
            total += 1
        if WORDS[i % 200] == "fox":
            total += 1
    return total


def encode(n):
    total = 0
    for _ in range(n):
        total += len("some short text".encode()) + len(b"some short text".decode("utf-8"))
    return total


ROWS = (
    ("text-grow", grow), ("text-grow-one", grow_one), ("text-concat", concat), ("text-find", find), ("text-count", count),
    ("text-replace", replace), ("text-contains", contains), ("text-slice", slices), ("text-slice-step", stepped_slices),
    ("text-index", index), ("text-iterate", iterate), ("text-split", split), ("text-split-short", split_short),
    ("text-lines", lines), ("text-join", join), ("text-strip", strip), ("text-prefix", prefixes), ("text-case", case),
    ("text-classify", classify), ("text-pad", pad), ("text-translate", translate), ("text-compare", compare),
    ("text-encode", encode),
)


checks = []
for name, function in ROWS:
    start = perf_counter()
    checks.append(function(N))
    print("TIME", name, perf_counter() - start, N)
print("CHECK", *checks)
