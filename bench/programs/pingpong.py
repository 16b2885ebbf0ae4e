"""Queues: a million messages back and forth between two tasks, through queues of size one."""
import asyncio
import sys
from time import perf_counter

SCALE = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
ROUNDS = max(10, int(500_000 * SCALE))


async def pong(inbox, outbox):
    while (ball := await inbox.get()) is not None:
        await outbox.put(ball + 1)


async def main():
    there, back = asyncio.Queue(1), asyncio.Queue(1)
    other = asyncio.create_task(pong(there, back))
    ball = 0
    for _ in range(ROUNDS):
        await there.put(ball)
        ball = await back.get()
    await there.put(None)
    await other
    return ball


start = perf_counter()
ball = asyncio.run(main())
print("TIME pingpong", perf_counter() - start, 2 * ROUNDS)
print("CHECK", ball == ROUNDS)
