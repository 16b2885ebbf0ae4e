"""Compression in Python: Huffman codes with heapq, LZ77 with a dict of positions, LZW, move-to-front, bit lists."""
import sys
from heapq import heapify, heappop, heappush
from time import perf_counter

SCALE = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
SIZE = max(500, int(300_000 * SCALE))


def sample(size):
    words = b"the of and a to in is you that it he was for on are as with his they I at be this have from".split()
    seed, parts, length = 99, [], 0
    while length < size:
        seed = (seed * 1103515245 + 12345) & 0x7FFFFFFF
        word = words[(seed >> 16) * (seed >> 16) % 1021 % len(words)]
        parts.append(word)
        length += len(word) + 1
    return b" ".join(parts)[:size]


def code_lengths(data):
    counts = {}
    for byte in data:
        counts[byte] = counts.get(byte, 0) + 1
    heap = [(count, byte, None) for byte, count in counts.items()]
    heapify(heap)
    number = 256
    while len(heap) > 1:
        first, second = heappop(heap), heappop(heap)
        heappush(heap, (first[0] + second[0], number, (first, second)))
        number += 1
    codes, todo = {}, [(heap[0], "")]
    while todo:
        (_, byte, pair), code = todo.pop()
        if pair is None:
            codes[byte] = code
        else:
            todo.append((pair[0], code + "0"))
            todo.append((pair[1], code + "1"))
    return codes


def huffman(data):
    codes = code_lengths(data)
    bits = "".join([codes[byte] for byte in data])
    packed = int("1" + bits, 2).to_bytes(len(bits) // 8 + 1, "big")
    tree = {}
    for byte, code in codes.items():
        node = tree
        for bit in code[:-1]:
            node = node.setdefault(bit, {})
        node[code[-1]] = byte
    back, node = bytearray(), tree
    for bit in bits:
        node = node[bit]
        if isinstance(node, int):
            back.append(node)
            node = tree
    return bytes(back) == data, len(packed)


def lz77(data):
    table, out, at, end = {}, [], 0, len(data)
    while at < end:
        key = data[at : at + 3]
        best, best_at = 0, 0
        for candidate in table.get(key, ())[-6:]:
            length = 3
            while at + length < end and length < 60 and data[candidate + length] == data[at + length]:
                length += 1
            if length > best:
                best, best_at = length, candidate
        step = best if best > 3 else 1
        out.append((at - best_at, best) if best > 3 else data[at])
        for i in range(at, min(at + step, end - 2)):
            table.setdefault(data[i : i + 3], []).append(i)
        at += step
    back = bytearray()
    for item in out:
        if isinstance(item, tuple):
            distance, length = item
            for _ in range(length):
                back.append(back[-distance])
        else:
            back.append(item)
    return bytes(back) == data, len(out)


def lzw(data):
    table = {bytes([i]): i for i in range(256)}
    out, current = [], b""
    for i in range(len(data)):
        longer = current + data[i : i + 1]
        if longer in table:
            current = longer
        else:
            out.append(table[current])
            table[longer] = len(table)
            current = data[i : i + 1]
    out.append(table[current])
    entries = [bytes([i]) for i in range(256)]
    before = entries[out[0]]
    parts = [before]
    for code in out[1:]:
        entry = entries[code] if code < len(entries) else before + before[:1]
        parts.append(entry)
        entries.append(before + entry[:1])
        before = entry
    return b"".join(parts) == data, len(out)


def move_to_front(data):
    alphabet, out = list(range(256)), []
    for byte in data:
        index = alphabet.index(byte)
        out.append(index)
        alphabet.pop(index)
        alphabet.insert(0, byte)
    back = bytearray()
    alphabet = list(range(256))
    for index in out:
        byte = alphabet.pop(index)
        back.append(byte)
        alphabet.insert(0, byte)
    return bytes(back) == data, sum(out)


data = sample(SIZE)
checks = []
for function in (huffman, lz77, lzw, move_to_front):
    start = perf_counter()
    checks += function(data)
    print("TIME", function.__name__.replace("_", "-"), perf_counter() - start, SIZE)
print("CHECK", *checks)
