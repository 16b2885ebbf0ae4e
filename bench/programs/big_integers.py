"""Big integers: arithmetic, powers, text."""
import sys
from time import perf_counter

SCALE = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
N = max(10, int(100_000 * SCALE))
if hasattr(sys, "set_int_max_str_digits"):
    sys.set_int_max_str_digits(0)


def small_big(n):
    a, b = 2**70 + 12345, 3**50
    total = 0
    for i in range(n):
        total = (total + a * i - b) % 1000000000000000000007
    return total


def multiply(n):
    x = 3**20000
    total = 0
    for i in range(max(1, n // 5000)):
        total += (x + i) * (x - i) & 1023
    return total


def factorial(n):
    result = 1
    for i in range(1, n // 50 + 1):
        result *= i
    return result % 1000003


def power(n):
    total = 0
    for i in range(n // 200):
        total += (3 + i) ** 300 & 1023
    return total


def modular_power(n):
    modulus = 2**127 - 1
    total = 0
    for i in range(n // 200):
        total ^= pow(i + 3, modulus - 2, modulus)
    return total


def divide(n):
    x, y = 7**3000, 11**1000
    total = 0
    for i in range(n // 500):
        q, r = divmod(x + i, y)
        total += (q ^ r) & 1023
    return total


def to_text(n):
    x = 7 ** (n // 4)
    return len(str(x)) + len(hex(x))


def from_text(n):
    return int("1234567890" * (n // 50)) % 1000003


def short_text(n):
    total = 0
    for i in range(n // 2):
        total += len(str(2**100 + i)) + int("123456789012345678901234567890") % 7
    return total


def bits(n):
    x = 1
    for i in range(n // 10):
        x = (x << 3 ^ i) & (1 << 2000) - 1
    return x.bit_length() + x % 1000003


def fibonacci(n):
    a, b = 0, 1
    for _ in range(n // 10):
        a, b = b, a + b
    return a % 1000003


ROWS = (
    ("big-small", small_big), ("big-multiply", multiply), ("big-factorial", factorial), ("big-power", power),
    ("big-modular", modular_power), ("big-divide", divide), ("big-to-text", to_text), ("big-from-text", from_text),
    ("big-short-text", short_text), ("big-bits", bits), ("big-fibonacci", fibonacci),
)


checks = []
for name, function in ROWS:
    start = perf_counter()
    checks.append(function(N))
    print("TIME", name, perf_counter() - start, N)
print("CHECK", *checks)
