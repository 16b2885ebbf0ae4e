"""Runs the programs of a batch one after the other, each in a namespace of its own, and prints what each printed.

    driver.py BATCH.json [FIRST]

Both interpreters run this file. A line "\\x01NUMBER" precedes the output of a program, "\\x02NUMBER" follows it: a missing end
tells which program crashed or hung. What programs print is cut at a bound, and addresses are blanked out.
"""

import gc
import json
import re
import sys

from virtual_time import run_async

BOUND = 30000
_ADDRESS = re.compile(r"0x[0-9a-f]{8,}(?=>|\b.*>)")


class TooMuchOutput(BaseException):
    """A program has printed enough."""


class Capture:
    """Standard output and error of one program."""

    encoding = "utf-8"
    errors = "strict"

    def __init__(self):
        self.parts = []
        self.length = 0

    def write(self, text):
        self.parts.append(text)
        self.length += len(text)
        if self.length > BOUND:
            self.length = -10**9
            raise TooMuchOutput("enough")
        return len(text)

    def flush(self):
        pass

    def isatty(self):
        return False


def describe(error, depth=0):
    """An exception with everything that hangs on it, but for texts of tracebacks."""
    if error is None or depth > 4:
        return None
    lines = []
    level = error.__traceback__
    while level:
        if level.tb_frame.f_code.co_filename == "program":
            lines.append(level.tb_lineno)
        level = level.tb_next
    result = [type(error).__name__, text(error), lines]
    if isinstance(error, BaseExceptionGroup):
        result.append([describe(inner, depth + 1) for inner in error.exceptions])
    if getattr(error, "__notes__", None):
        result.append(("notes", error.__notes__))
    if error.__cause__ is not None:
        result.append(("cause", describe(error.__cause__, depth + 1)))
    if error.__context__ is not None and not error.__suppress_context__:
        result.append(("context", describe(error.__context__, depth + 1)))
    return result


def text(error):
    try:
        return str(error)
    except BaseException as failure:
        return "str() failed: " + type(failure).__name__


def show(function, *arguments):
    """Prints what a call gives or raises."""
    try:
        value = function(*arguments)
        # The order of strings and classes in a set is no promise.
        shown = sorted(map(repr, value)) if type(value) in (set, frozenset) else repr(value)
        print(type(value).__name__, shown)
    except Exception as error:
        print("!", type(error).__name__, text(error))


def attempt(function, *arguments, **named):
    """What a call gives, or a text of what it raises."""
    try:
        return function(*arguments, **named)
    except Exception as error:
        return f"{type(error).__name__}: {text(error)}"


def keep(function):
    """A generator function whose generators live until the program has ended: when dropped ones are closed is no promise."""

    def call(*arguments, **named):
        generator = function(*arguments, **named)
        kept.append(generator)
        return generator

    return call


def close_kept():
    for generator in kept:
        for _ in range(20):
            try:
                generator.close() if hasattr(generator, "close") else None
                break
            except BaseException as error:
                print("close:", type(error).__name__, text(error))
    kept.clear()


kept = []


def run(program, name):
    capture = Capture()
    namespace = {"__name__": "__main__", "__builtins__": __builtins__, "show": show, "attempt": attempt, "describe": describe,
                 "keep": keep, "run_async": run_async}
    streams = sys.stdout, sys.stderr
    sys.stdout = sys.stderr = capture
    try:
        try:
            code = compile(program, "program", "exec", dont_inherit=True)
            exec(code, namespace)
        except SyntaxError as error:
            print("SyntaxError", error.msg, error.lineno, error.offset, error.end_lineno, error.end_offset, describe(error))
        except BaseException as error:
            print("ended with", describe(error))
        close_kept()
    except TooMuchOutput:
        pass
    finally:
        sys.stdout = sys.stderr = Capture()
        namespace.clear()
        if not gc.isenabled():  # what pending tasks say when they are dropped is said now, to nobody
            gc.enable()
            gc.collect()
        sys.stdout, sys.stderr = streams
    return _ADDRESS.sub("0x…", "".join(capture.parts))


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        programs = json.load(file)
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    sys.stdout.reconfigure(encoding="utf-8", errors="surrogatepass")
    for number in range(first, len(programs)):
        print(f"\x01{number}", flush=True)
        output = run(programs[number], f"program{number}")
        sys.stdout.write(output.replace("\x01", "\\x01").replace("\x02", "\\x02"))
        print(f"\n\x02{number}", flush=True)
        if number % 50 == 49:
            gc.collect()


main()
