"""Async generators: a million items, with and without suspension."""
import asyncio
import sys
from time import perf_counter

SCALE = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
N = max(100, int(1_000_000 * SCALE))


async def numbers(n):
    for i in range(n):
        yield i


async def waiting_numbers(n):
    for i in range(n):
        await asyncio.sleep(0)
        yield i


async def consume(source):
    total = 0
    async for x in source:
        total += x
    return total


async def comprehension(n):
    return sum([x async for x in numbers(n) if x & 1])


checks = []
for name, make, n in (
    ("async-gen", lambda n: consume(numbers(n)), N),
    ("async-gen-wait", lambda n: consume(waiting_numbers(n)), N // 5),
    ("async-comp", comprehension, N),
):
    start = perf_counter()
    checks.append(asyncio.run(make(n)))
    print("TIME", name, perf_counter() - start, n)
print("CHECK", *checks)
