"""Bytes and bytearray."""
import sys
from time import perf_counter

SCALE = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
N = max(10, int(100_000 * SCALE))
DATA = bytes(range(256)) * 8


def index(n):
    total = 0
    for i in range(n):
        total += DATA[i & 1023]
    return total


def iterate(n):
    total = 0
    for _ in range(n // 1000):
        for byte in DATA:
            total += byte
    return total


def slices(n):
    total = 0
    for i in range(n):
        k = i & 255
        total += len(DATA[k : k + 20]) + len(DATA[:k])
    return total


def search(n):
    total = 0
    for i in range(n // 20):
        total += DATA.find(b"\xfe\xff") + DATA.count(b"\x10") + DATA.rfind(b"ab")
        if b"xyz" in DATA:
            total += 1
    return total


def split_join(n):
    total = 0
    record = b"name=value;key=other;" * 10
    for _ in range(n // 20):
        parts = record.split(b";")
        total += len(b"&".join(parts)) + len(record.replace(b"=", b": "))
    return total


def grow(n):
    buffer = bytearray()
    for i in range(n):
        buffer += b"chunk"
        buffer.append(i & 255)
    return len(buffer)


def mutate(n):
    buffer = bytearray(1000)
    for i in range(n):
        buffer[i % 1000] = i & 255
        buffer[i % 500 + 1] ^= 1
    return sum(buffer)


def concat(n):
    total = 0
    for i in range(n):
        total += len(b"head" + b"tail") + len(b"ab" * 3)
    return total


def convert(n):
    total = 0
    for i in range(n):
        total += int.from_bytes(i.to_bytes(8, "little"), "little") + len(DATA[:8].hex()) + len(bytes([1, 2, 3]))
    return total


def consume(n):
    total = 0
    for _ in range(n // 500):
        buffer = bytearray(DATA)
        while buffer:
            total += buffer[0]
            del buffer[:64]
    return total


ROWS = (
    ("bytes-index", index), ("bytes-iterate", iterate), ("bytes-slice", slices), ("bytes-search", search), ("bytes-split", split_join),
    ("bytearray-grow", grow), ("bytearray-set", mutate), ("bytes-concat", concat), ("bytes-convert", convert),
    ("bytearray-consume", consume),
)


checks = []
for name, function in ROWS:
    start = perf_counter()
    checks.append(function(N))
    print("TIME", name, perf_counter() - start, N)
print("CHECK", *checks)
