"""A loop of asyncio whose clock jumps to the next timer when nothing is ready: programs with timeouts end at once, in one order."""

import asyncio
import gc
import io
import selectors
import sys

LIMIT = 20000


class Selector(selectors.SelectSelector):
    now = 0.0
    calls = 0

    def select(self, timeout=None):
        self.calls += 1
        if timeout is None or self.calls > LIMIT:
            raise RuntimeError("stuck")
        self.now += max(timeout, 0)
        return super().select(0)


class Loop(asyncio.SelectorEventLoop):
    def __init__(self):
        clock = Selector()
        super().__init__(clock)
        self._selector = clock
        self.set_exception_handler(report)

    def time(self):
        return self._selector.now


def report(loop, context):
    print("handler:", context["message"], repr(context.get("exception")))


def run_async(main, virtual):
    """Runs a program's main(); apy uses its own clock where the program waits for no time."""
    gc.disable()  # in CPython, tasks that wait for each other only would vanish
    factory = None if not virtual and sys.implementation.name == "apy" else Loop
    runner = asyncio.Runner(loop_factory=factory)
    runner.get_loop().set_exception_handler(report)
    output = sys.stdout
    try:
        print("main:", runner.run(main()))
    except BaseException as error:
        is_stuck = isinstance(error, RuntimeError) and ("stuck" in str(error) or "deadlock" in str(error))
        print("stuck" if is_stuck else ("main failed", type(error).__name__, str(error)))
    # What is left is cancelled in no order.
    sys.stdout = sys.stderr = io.StringIO()
    try:
        runner.close()
    except BaseException:
        pass
    sys.stdout = sys.stderr = output
