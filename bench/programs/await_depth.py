"""Awaiting: resume at depth 1, 10 and 100, and awaiting a coroutine that does not suspend."""
import asyncio
import sys
from time import perf_counter

SCALE = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
N = max(100, int(300_000 * SCALE))


async def bottom(n):
    for _ in range(n):
        await asyncio.sleep(0)
    return n


async def level(depth, n):
    if depth == 1:
        return await bottom(n)
    return await level(depth - 1, n)


async def direct(i):
    return i & 1


async def no_suspension(n):
    total = 0
    for i in range(n):
        total += await direct(i)
    return total


checks = []
for depth in (1, 10, 100):
    start = perf_counter()
    checks.append(asyncio.run(level(depth, N)))
    print(f"TIME resume-{depth}", perf_counter() - start, N)
start = perf_counter()
checks.append(asyncio.run(no_suspension(3 * N)))
print("TIME await-direct", perf_counter() - start, 3 * N)
print("CHECK", *checks)
