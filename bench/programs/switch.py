"""Switching: a thousand tasks that give way to each other, and timers that all differ."""
import asyncio
import sys
from time import perf_counter

SCALE = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
TASKS = 1000
TURNS = max(1, int(300 * SCALE))
TIMERS = max(100, int(50_000 * SCALE))


async def turns(n):
    for _ in range(n):
        await asyncio.sleep(0)


async def switching():
    await asyncio.gather(*(turns(TURNS) for _ in range(TASKS)))
    return TASKS * TURNS


async def timers():
    await asyncio.gather(*(asyncio.sleep(i * 7919 % 997 * 1e-5) for i in range(TIMERS)))
    return TIMERS


checks = []
for name, make in (("switch", switching), ("timers", timers)):
    start = perf_counter()
    count = asyncio.run(make())
    print("TIME", name, perf_counter() - start, count)
    checks.append(count)
print("CHECK", *checks)
