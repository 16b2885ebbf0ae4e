"""A block cipher with tables, on lists and on bytearrays, and two checksums: integer and byte work."""
import sys
from time import perf_counter

SCALE = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
BLOCKS = max(1, int(1000 * SCALE))


def times_two(x):
    x <<= 1
    return (x ^ 0x11B) & 0xFF if x & 0x100 else x


def build_box():
    """The substitution box of AES: inverse in the field, then an affine map."""
    powers, logs, x = [0] * 256, [0] * 256, 1
    for i in range(256):
        powers[i] = x
        logs[x] = i
        x ^= times_two(x)
    box = []
    for value in range(256):
        inverse = powers[255 - logs[value]] if value > 1 else value
        result = inverse
        for _ in range(4):
            inverse = (inverse << 1 | inverse >> 7) & 0xFF
            result ^= inverse
        box.append(result ^ 0x63)
    return box


BOX = build_box()
TABLE = []
for _value in BOX:
    _two = times_two(_value)
    TABLE.append(_two << 24 | _value << 16 | _value << 8 | (_value ^ _two))
TABLES = [[(word >> 8 * i | word << (32 - 8 * i)) & 0xFFFFFFFF for word in TABLE] for i in range(4)]


def expand(key):
    words = [int.from_bytes(key[i : i + 4], "big") for i in range(0, 16, 4)]
    constant = 1
    for i in range(4, 44):
        word = words[-1]
        if i % 4 == 0:
            word = (word << 8 | word >> 24) & 0xFFFFFFFF
            word = BOX[word >> 24] << 24 | BOX[word >> 16 & 255] << 16 | BOX[word >> 8 & 255] << 8 | BOX[word & 255]
            word ^= constant << 24
            constant = times_two(constant)
        words.append(word ^ words[i - 4])
    return words


def encrypt_words(words, block):
    t0, t1, t2, t3 = TABLES
    a, b, c, d = [block[i] ^ words[i] for i in range(4)]
    k = 4
    for _ in range(9):
        a, b, c, d = (
            t0[a >> 24] ^ t1[b >> 16 & 255] ^ t2[c >> 8 & 255] ^ t3[d & 255] ^ words[k],
            t0[b >> 24] ^ t1[c >> 16 & 255] ^ t2[d >> 8 & 255] ^ t3[a & 255] ^ words[k + 1],
            t0[c >> 24] ^ t1[d >> 16 & 255] ^ t2[a >> 8 & 255] ^ t3[b & 255] ^ words[k + 2],
            t0[d >> 24] ^ t1[a >> 16 & 255] ^ t2[b >> 8 & 255] ^ t3[c & 255] ^ words[k + 3],
        )
        k += 4
    state = (a, b, c, d)
    return [
        (BOX[state[i] >> 24] << 24 | BOX[state[i - 3] >> 16 & 255] << 16 | BOX[state[i - 2] >> 8 & 255] << 8
         | BOX[state[i - 1] & 255]) ^ words[40 + i]
        for i in range(4)
    ]


def mix_column(state, at):
    a, b, c, d = state[at : at + 4]
    every = a ^ b ^ c ^ d
    state[at] = a ^ every ^ times_two(a ^ b)
    state[at + 1] = b ^ every ^ times_two(b ^ c)
    state[at + 2] = c ^ every ^ times_two(c ^ d)
    state[at + 3] = d ^ every ^ times_two(d ^ a)


def encrypt_bytes(keys, block):
    state = bytearray(x ^ y for x, y in zip(block, keys[0]))
    for turn in range(1, 11):
        for i in range(16):
            state[i] = BOX[state[i]]
        for row in range(1, 4):
            state[row::4] = state[row::4][row:] + state[row::4][:row]
        if turn < 10:
            for column in range(0, 16, 4):
                mix_column(state, column)
        key = keys[turn]
        for i in range(16):
            state[i] ^= key[i]
    return bytes(state)


def by_words(words, blocks):
    block = [0x00112233, 0x44556677, 0x8899AABB, 0xCCDDEEFF]
    for _ in range(blocks):
        block = encrypt_words(words, block)
    return b"".join(word.to_bytes(4, "big") for word in block).hex()


def by_bytes(keys, blocks):
    block = bytes.fromhex("00112233445566778899aabbccddeeff")
    for _ in range(blocks):
        block = encrypt_bytes(keys, block)
    return block.hex()


def crc_table():
    table = []
    for i in range(256):
        for _ in range(8):
            i = i >> 1 ^ 0xEDB88320 if i & 1 else i >> 1
        table.append(i)
    return table


def checksum(data, table):
    crc, low, high = 0xFFFFFFFF, 1, 0
    for byte in data:
        crc = crc >> 8 ^ table[(crc ^ byte) & 255]
        low = (low + byte) % 65521
        high = (high + low) % 65521
    return crc ^ 0xFFFFFFFF, high << 16 | low


words = expand(bytes(range(16)))
keys = [b"".join(word.to_bytes(4, "big") for word in words[i : i + 4]) for i in range(0, 44, 4)]
start = perf_counter()
first = by_words(words, BLOCKS * 20)
print("TIME cipher-words", perf_counter() - start, BLOCKS * 20)
start = perf_counter()
second = by_bytes(keys, BLOCKS * 2)
print("TIME cipher-bytes", perf_counter() - start, BLOCKS * 2)
data = bytes(i * i & 255 for i in range(1000)) * BLOCKS
start = perf_counter()
third = checksum(data, crc_table())
print("TIME checksum", perf_counter() - start, len(data))
print("CHECK", by_words(words, 1) == by_bytes(keys, 1), first, second, *third)
