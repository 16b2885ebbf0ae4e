"""Workers on bounded queues, a chain of async generators, gather of many, locks and semaphores, timeouts that do not fire."""
import asyncio
import sys
from time import perf_counter

SCALE = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
N = max(20, int(20_000 * SCALE))


async def queue_stages(n):
    first, second = asyncio.Queue(8), asyncio.Queue(8)
    results = []

    async def produce():
        for i in range(n):
            await first.put(i)
        for _ in range(3):
            await first.put(None)

    async def work():
        while (item := await first.get()) is not None:
            await second.put(item * item % 97)
        await second.put(None)

    async def consume():
        ended = 0
        while ended < 3:
            item = await second.get()
            if item is None:
                ended += 1
            else:
                results.append(item)
    await asyncio.gather(produce(), work(), work(), work(), consume())
    return len(results), sum(results)


async def ticks(n):
    for i in range(n):
        if i % 16 == 0:
            await asyncio.sleep(0)
        yield i


async def odd(source):
    async for x in source:
        if x & 1:
            yield x


async def pairs(source):
    before = None
    async for x in source:
        if before is not None:
            yield before, x
        before = x


async def generator_chain(n):
    total = 0
    async for a, b in pairs(odd(ticks(n * 2))):
        total += a ^ b
    return total + sum([x async for x in ticks(n)])


async def small(x):
    if x % 3 == 0:
        await asyncio.sleep(0)
    return x


async def gather_many(n):
    total = 0
    for _ in range(2):
        total += sum(await asyncio.gather(*[small(i) for i in range(n)]))
    return total


async def locking(n):
    lock, semaphore, event = asyncio.Lock(), asyncio.Semaphore(4), asyncio.Event()
    shared = [0, 0]

    async def user(rounds):
        await event.wait()
        for i in range(rounds):
            async with lock:
                shared[0] += 1
                if i % 10 == 0:
                    await asyncio.sleep(0)
            async with semaphore:
                shared[1] += 1
                if i % 10 == 5:
                    await asyncio.sleep(0)
    users = [asyncio.create_task(user(n // 20)) for _ in range(20)]
    asyncio.get_running_loop().call_soon(event.set)
    await asyncio.wait(users)
    return tuple(shared)


async def timeouts(n):
    done = 0
    for i in range(n // 2):
        done += await asyncio.wait_for(small(i), 10)
    return done


async def callbacks(n):
    loop = asyncio.get_running_loop()
    future, count = loop.create_future(), 0

    def step():
        nonlocal count
        count += 1
        if count == n:
            future.set_result(count)
        else:
            loop.call_soon(step)
    loop.call_soon(step)
    return await future


async def main():
    checks = []
    for name, function in (
        ("queue-stages", queue_stages), ("async-gen-chain", generator_chain), ("gather-many", gather_many),
        ("async-locks", locking), ("wait-for", timeouts), ("call-soon", callbacks),
    ):
        start = perf_counter()
        checks.append(await function(N))
        print("TIME", name, perf_counter() - start, N)
    print("CHECK", *checks)


asyncio.run(main())
