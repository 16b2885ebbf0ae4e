"""Trees of coroutines with gather at each node: nothing to do, simulated I/O, memoised I/O, and half of it computing."""
import asyncio
import sys
from time import perf_counter

SCALE = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
BRANCHES = 6
LEVELS = 5 if SCALE > 0.5 else 4 if SCALE > 0.08 else 3


class Tree:
    def __init__(self):
        self.seed = 1
        self.leaves = 0
        self.memo = {}

    def random(self, below):
        self.seed = (self.seed * 1103515245 + 12345) & 0x7FFFFFFF
        return (self.seed >> 8) % below

    async def leaf(self):
        raise NotImplementedError

    async def grow(self, level):
        if level == 0:
            self.leaves += 1
            await self.leaf()
            return 1
        return sum(await asyncio.gather(*[self.grow(level - 1) for _ in range(BRANCHES)]))


class Plain(Tree):
    async def leaf(self):
        return


class Waiting(Tree):
    async def leaf(self):
        await asyncio.sleep(0.001)


class Memoised(Tree):
    async def leaf(self):
        key = self.random(100)
        if key in self.memo:
            return self.memo[key]
        self.memo[key] = key
        await asyncio.sleep(0.001)
        return key


class Mixed(Tree):
    async def leaf(self):
        if self.random(2):
            total = 1
            for i in range(1, 60):
                total = total * i % 1000003
            return total
        await asyncio.sleep(0.001)


class Grouped(Tree):
    """The same with task groups."""

    async def leaf(self):
        await asyncio.sleep(0)

    async def grow(self, level):
        if level == 0:
            self.leaves += 1
            await self.leaf()
            return 1
        if not hasattr(asyncio, "TaskGroup"):
            return sum(await asyncio.gather(*[self.grow(level - 1) for _ in range(BRANCHES)]))
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self.grow(level - 1)) for _ in range(BRANCHES)]
        return sum(task.result() for task in tasks)


async def coroutines_only(level):
    """No tasks at all: awaits of coroutines that never suspend."""
    if level == 0:
        return 1
    total = 0
    for _ in range(BRANCHES):
        total += await coroutines_only(level - 1)
    return total


async def main():
    checks = []
    for kind in (Plain, Waiting, Memoised, Mixed, Grouped):
        tree = kind()
        start = perf_counter()
        total = await tree.grow(LEVELS)
        print("TIME", "tree-" + kind.__name__.lower(), perf_counter() - start, BRANCHES**LEVELS)
        checks += [total, tree.leaves]
    start = perf_counter()
    checks.append(await coroutines_only(LEVELS + 1))
    print("TIME tree-await", perf_counter() - start, BRANCHES ** (LEVELS + 1))
    print("CHECK", *checks)


asyncio.run(main())
