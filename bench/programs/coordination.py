"""Tasks that wait for one another: gather of many, TaskGroup, a contended Lock, an Event with many waiters,
wait_for and timeout that do not expire."""
import asyncio
import sys
from time import perf_counter

SCALE = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
MANY = max(10, int(200_000 * SCALE))


async def child(n):
    await asyncio.sleep(0)
    return n


async def gathering():
    return sum(await asyncio.gather(*(child(n) for n in range(MANY))))


async def grouping():
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(child(n)) for n in range(MANY)]
    return sum(task.result() for task in tasks)


async def locking():
    lock = asyncio.Lock()
    entered = 0

    async def worker(rounds):
        nonlocal entered
        for _ in range(rounds):
            async with lock:
                entered += 1
                await asyncio.sleep(0)

    await asyncio.gather(*(worker(MANY // 4) for _ in range(4)))
    return entered


async def waking():
    event = asyncio.Event()
    waiters = [asyncio.create_task(event.wait()) for _ in range(MANY)]
    await asyncio.sleep(0)
    event.set()
    return sum(await asyncio.gather(*waiters))


async def waiting_for():
    total = 0
    for n in range(MANY // 4):
        total += await asyncio.wait_for(child(n), 10)
    return total


async def timing_out():
    done = 0
    for _ in range(MANY // 4):
        async with asyncio.timeout(10):
            await asyncio.sleep(0)
            done += 1
    return done


async def main():
    results = []
    for work, count in ((gathering, MANY), (grouping, MANY), (locking, MANY // 4 * 4),
                        (waking, MANY), (waiting_for, MANY // 4), (timing_out, MANY // 4)):
        start = perf_counter()
        results.append(await work())
        print("TIME", work.__name__, perf_counter() - start, count)
    return results


print("CHECK", *asyncio.run(main()))
