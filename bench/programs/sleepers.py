"""A million sleeping tasks: time to start one, to wake one, and the memory of one.

Memory is the growth of the resident set between the moment before the first task is made and the
moment when all of them sleep.
"""
import asyncio
import sys
from time import perf_counter

SCALE = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
N = max(1000, int(1_000_000 * SCALE))
finished = 0


def resident():
    """Bytes of memory in use, or None where the system does not tell."""
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * 4096
    except OSError:
        return None


async def sleeper():
    global finished
    await asyncio.sleep(0.01)
    finished += 1


async def main():
    before = resident()
    start = perf_counter()
    tasks = [asyncio.create_task(sleeper()) for _ in range(N)]
    await asyncio.sleep(0)  # main goes on only after every task has taken its first step
    asleep = perf_counter()
    after = resident()
    print("TIME sleep-start", asleep - start, N)
    print("CHECK", finished, len(tasks))
    if before is not None and after is not None:
        print("MEMORY bytes-per-sleeper", (after - before) / N)
    await asyncio.wait(tasks)
    print("TIME sleep-wake", perf_counter() - asleep, N)


asyncio.run(main())
