"""Tasks: a million of them made, each giving way once, in batches."""
import asyncio
import sys
from time import perf_counter

SCALE = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
N = max(100, int(1_000_000 * SCALE))
BATCH = min(N, 10_000)
finished = 0


async def work():
    global finished
    await asyncio.sleep(0)
    finished += 1


async def main():
    for _ in range(N // BATCH):
        tasks = [asyncio.create_task(work()) for _ in range(BATCH)]
        for task in tasks:
            await task


start = perf_counter()
asyncio.run(main())
print("TIME spawn", perf_counter() - start, N // BATCH * BATCH)
print("CHECK", finished == N // BATCH * BATCH)
