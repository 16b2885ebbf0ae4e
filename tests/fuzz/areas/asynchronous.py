"""Coroutines, tasks, gather, queues, locks, events, async generators, timeouts and cancellation, in virtual time.

Every second program runs on the loop's own clock, and then waits for turns only, never for a time.
"""

from typing import List

from .source import Source

HEAD = '''
import asyncio
log = []
def say(*what): print(*what)
class Manager:
    def __init__(self, name, suppress): self.name, self.suppress = name, suppress
    async def __aenter__(self): say("enter", self.name); await asyncio.sleep(0); return self
    async def __aexit__(self, *info): say("exit", self.name, info[0] and info[0].__name__); await asyncio.sleep(0); return self.suppress
class Numbers:
    def __init__(self, n): self.n = n
    def __aiter__(self): return self
    async def __anext__(self):
        if self.n <= 0: raise StopAsyncIteration
        self.n -= 1
        await asyncio.sleep(0)
        return self.n
class Awaitable:
    def __init__(self, n): self.n = n
    def __await__(self):
        for _ in range(self.n): yield
        return ("awaited", self.n)
'''


class Asynchronous:
    def __init__(self, source: Source, virtual: bool) -> None:
        self.source = source
        self.virtual = virtual
        self.count = 0
        self.generators = 0

    def delay(self) -> str:
        return self.source.pick("0", "0", "0", "1", "2", "0.5", "3") if self.virtual else "0"

    def worker(self) -> str:
        return f"w{self.source.randint(1, self.count)}(n - 1)" if self.count else "asyncio.sleep(0, 'slept')"

    def awaitable(self) -> str:
        source = self.source
        return source.pick(f"asyncio.sleep({self.delay()}, {source.small()})", f"asyncio.sleep({self.delay()})", self.worker(), "Awaitable(2)", "queue.get()", f"queue.put({source.small()})", "event.wait()", "lock.acquire()", "future",
                           f"asyncio.gather({self.worker()}, {self.worker()}{source.pick('', ', return_exceptions=True')})", f"asyncio.wait_for({self.worker()}, {source.pick('1', '0', 'None', '2.5', '-1') if self.virtual else 'None'})",
                           f"asyncio.shield({self.worker()})", f"task({self.worker()})", "semaphore.acquire()", "Awaitable(0)", "5", "None", "barrier_()", "asyncio.sleep(0)")

    def statement(self, depth: int) -> List[str]:
        source = self.source
        kind = source.random()
        if kind < 0.3 or depth <= 0:
            return [f"say(n, {source.randint(1, 99)}, await {self.awaitable()})".replace("await barrier_()", "len(log)")]
        if kind < 0.45:
            return [source.pick("raise ValueError(n)", "event.set()", "event.clear()", "queue.put_nowait(n)", "say(n, queue.qsize())", "return n", "say(queue.get_nowait())", "lock.release()", "raise asyncio.CancelledError('own')", "asyncio.current_task().cancel('me')", "future.set_result(n)", "future.cancel('f')",
                                "future.set_exception(KeyError(n))", "1 / 0", "say(asyncio.current_task().cancelling())", "asyncio.current_task().uncancel()", "semaphore.release()", "task(w1(0))", "cancel_one('c')", "say(lock.locked(), event.is_set(), future.done())", "queue.task_done()",
                                "asyncio.get_running_loop().call_soon(say, 'soon', n)", "future.add_done_callback(lambda f: say('callback', n))", "loop_later(n)", "raise KeyError('k') from ValueError('v')", "raise StopIteration(1)", "raise StopAsyncIteration")]
        inner = lambda: ["    " + line for _ in range(source.choice([1, 1, 2])) for line in self.statement(depth - 1)]  # noqa: E731
        if kind < 0.62:
            lines = ["try:", *inner()]
            if source.chance(0.75):
                lines += [f"except {source.pick('ValueError', 'asyncio.CancelledError', 'Exception', 'TimeoutError', '(KeyError, ZeroDivisionError)', 'BaseException', 'RuntimeError')} as e:", "    say('caught', n, type(e).__name__, e)", *inner(), *(["    raise"] if source.chance(0.4) else [])]
            if source.chance(0.4) or len(lines) < 4 or not any(line.startswith("except") for line in lines):
                lines += ["finally:", "    say('finally', n)", *inner()]
            return lines
        if kind < 0.78:
            head = source.pick("async with lock:", "async with semaphore:", f"async with Manager(n, {source.pick('True', 'False')}):", f"async with asyncio.timeout({source.pick('1', '0.5', 'None', '0') if self.virtual else 'None'}):", "async with asyncio.TaskGroup() as group:", "async with condition:")
            return [head, *inner(), *(["    say('task', await group.create_task(asyncio.sleep(0, n)))"] if "group" in head else [])]
        if kind < 0.92:
            over = source.pick("Numbers(2)", f"g{source.randint(1, self.generators)}(n)" if self.generators else "Numbers(3)", "(k async for k in Numbers(3) if k != 1)", "[1, 2]")
            return [f"async for k in {over}:", "    say('item', k)", *inner(), *([f"    {source.pick('break', 'continue', 'if k: break')}"] if source.chance(0.1) and "g" not in over[:1] and "(" != over[0] else [])]
        return [f"say([k async for k in Numbers({source.randint(0, 3)})], [await {self.awaitable()} for _ in range(2)])".replace("await barrier_()", "0")]

    def definition(self, generator: bool) -> List[str]:
        source = self.source
        while True:
            body = [line for _ in range(source.randint(1, 4)) for line in self.statement(2)]
            if generator:
                body = [line for line in body if "return n" not in line]
                body.insert(source.randint(0, len(body)), "yield n") if source.chance(0.3) else body.append("say('sent', (yield n + 1))")
                if body[0].startswith("    "):
                    body.insert(0, "if 1:")
            name = f"g{self.generators + 1}" if generator else f"w{self.count + 1}"
            lines = [f"async def {name}(n=1):", "    if n < 0: return" + ("" if generator else " 'end'"), *("    " + line for line in body)]
            try:
                compile("\n".join(lines), "", "exec")
                break
            except SyntaxError:
                continue
        if generator:
            self.generators += 1
            lines.append(f"{name} = keep({name})")
        else:
            self.count += 1
        return lines

    def step(self) -> List[str]:
        source = self.source
        kind = source.random()
        worker = f"w{source.randint(1, self.count)}({source.pick('0', '1', '2')})"
        if kind < 0.35:
            return [f"task({worker})"]
        if kind < 0.5:
            return [f"cancel_one({source.pick('', repr('why'))})"]
        if kind < 0.6:
            return [f"await asyncio.sleep({self.delay()})"]
        if kind < 0.7:
            return ["try: say('result', await " + source.pick(worker, f"task({worker})", f"asyncio.gather({worker}, {worker}, return_exceptions=True)", f"asyncio.gather({worker}, {worker})", f"asyncio.wait_for({worker}, {1 if self.virtual else None})") + ")", "except BaseException as e: say('failed', type(e).__name__, e, type(e.__cause__).__name__, type(e.__context__).__name__)"]
        if kind < 0.78:
            return [source.pick("event.set()", "queue.put_nowait(7)", "future.done() or future.set_result(5)", "lock.locked() and lock.release()", "semaphore.release()", "event.clear()")]
        if kind < 0.86:
            timeout = source.pick("timeout=1", "timeout=0", "timeout=2") if self.virtual else "return_when='FIRST_COMPLETED'"
            return [f"if tasks: done, pending = await asyncio.wait(tasks[-3:], {timeout}); say('wait', [t.get_name() for t in tasks if t in done], [t.get_name() for t in tasks if t in pending])"]
        if kind < 0.93 and self.generators:
            name = f"g{source.randint(1, self.generators)}(1)"
            return [f"agen = {name}", *(f"await step(agen.{source.pick('asend(None)', 'asend(3)', '__anext__()', 'athrow(ValueError(4))', 'athrow(GeneratorExit)', 'aclose()', 'athrow(KeyError)', 'asend(None)')})" for _ in range(source.randint(1, 5)))]
        return ["say([(t.get_name(), t.done(), t.cancelled() if t.done() else t.cancelling()) for t in tasks])"]


TAIL = '''
    await asyncio.sleep(0)
    for t in tasks: t.cancel("end")
    for _ in range(3):
        if tasks: await asyncio.wait(tasks, timeout=LIMIT)
    for t in tasks:
        if not t.done(): say("pending", t.get_name()); continue
        say(t.get_name(), "cancelled" if t.cancelled() else describe(t.exception())[:2] if t.exception() else t.result())
'''
MAIN = '''
async def step(awaitable):
    try: say("step", await awaitable)
    except BaseException as e: say("step failed", type(e).__name__, e)
def task(coroutine):
    if len(tasks) > 12: coroutine.close(); return tasks[-1]
    t = asyncio.get_running_loop().create_task(coroutine, name=f"t{len(tasks)}")
    tasks.append(t)
    return t
def cancel_one(*why):
    for t in tasks:
        if not t.done() and t is not asyncio.current_task(): say("cancel", t.get_name(), t.cancel(*why)); break
def loop_later(n):
    asyncio.get_running_loop().call_soon(lambda: event.set())
async def main():
    global lock, event, queue, semaphore, future, tasks, condition
    lock, event, queue, semaphore, condition = asyncio.Lock(), asyncio.Event(), asyncio.Queue(2), asyncio.Semaphore(1), asyncio.Condition()
    future, tasks = asyncio.get_running_loop().create_future(), []
    future.add_done_callback(lambda f: f.cancelled() or f.exception())
'''


def program(source: Source, size: int) -> str:
    virtual = source.chance(0.5)
    writer = Asynchronous(source, virtual)
    lines: List[str] = [HEAD]
    for _ in range(source.randint(1, 3)):
        if source.chance(0.35):
            lines += writer.definition(True)
        lines += writer.definition(False)
    lines.append(MAIN)
    for _ in range(max(3, size // 4)):
        lines += ["    " + line for line in writer.step()]
    lines += [TAIL.replace("LIMIT", "5" if virtual else "None").replace("    for _ in range(3):\n", "    for _ in range(3):\n" if virtual else "    for _ in range(1):\n"), f"run_async(main, {virtual})"]
    return "\n".join(lines) + "\n"
