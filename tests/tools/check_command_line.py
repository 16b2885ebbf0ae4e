#!/usr/bin/env python3
"""Checks what script tests cannot: how apy is called, how it ends, Ctrl-C, the prompt.

    check_command_line.py --apy build/release/apy
    check_command_line.py --oracle python3.13     the cases that CPython shares

Prints failures, then "N passed, N failed".
"""

import argparse
import os
import pty
import re
import select
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import List, NamedTuple, Optional

TIMEOUT = 20

ZERO_DIVISION = "ZeroDivisionError: division by zero\n"
MAIN_FILE = "import sys\nprint(sys.argv[1:], __name__, __file__ == sys.path[0] + '/main.apy')\n"


class Case(NamedTuple):
    name: str
    args: List[str]
    stdout: str = ""
    stderr: Optional[str] = ""  # None: not compared; else a regular expression when it has "(?s)"
    status: int = 0
    stdin: str = ""
    shared: bool = True  # CPython does the same


CASES = [
    Case("file", ["main.apy", "a", "-b"], "['a', '-b'] __main__ True\n"),
    Case("file with dot", ["./main.apy"], "[] __main__ False\n"),
    Case("code", ["-c", "import sys; print(sys.argv)", "x"], "['-c', 'x']\n"),
    Case("module", ["-m", "tool", "x"], "tool ['x'] __main__\n"),
    Case("package", ["-m", "package"], "package main\n"),
    Case("module in package", ["-m", "package.inner"], "inner\n"),
    Case("no module", ["-m", "no_such"], "", r"(?s).*: No module named no_such\n", 1),
    Case("package without main", ["-m", "bare"], "",
         r"(?s).*: No module named bare.__main__; 'bare' is a package and cannot be directly executed\n",
         1),
    Case("input", [], "1\n", stdin="print(1)\n"),
    Case("dash", ["-", "x"], "['-', 'x']\n", stdin="import sys\nprint(sys.argv)\n"),
    Case("input is not shown", ["-"], "",
         'Traceback (most recent call last):\n  File "<stdin>", line 1, in <module>\n'
         + ZERO_DIVISION, 1, stdin="1/0\n"),
    Case("code is shown", ["-c", "def f():\n  return 1/0\nf()"], "",
         'Traceback (most recent call last):\n  File "<string>", line 3, in <module>\n    f()\n    ~^^\n'
         '  File "<string>", line 2, in f\n    return 1/0\n           ~^~\n' + ZERO_DIVISION, 1),
    Case("no file", ["no_such.apy"], "",
         r"(?s).*: can't open file '/.*/no_such.apy': \[Errno 2\] No such file or directory\n", 2),
    Case("folder", ["."], "", r"(?s).*: can't find '__main__' module in '.*'\n", 1),
    Case("unknown option", ["-Q"], "", r"(?s)Unknown option: -Q\nusage: .*", 2),
    Case("missing code", ["-c"], "", r"(?s)Argument expected for the -c option\nusage: .*", 2),
    Case("exit status", ["-c", "raise SystemExit(3)"], status=3),
    Case("exit without status", ["-c", "raise SystemExit"]),
    Case("exit with text", ["-c", "import sys; print(1); sys.exit('sorry')"], "1\n", "sorry\n", 1),
    Case("exit with a tuple", ["-c", "raise SystemExit((1, 2))"], "", "(1, 2)\n", 1),
    Case("exit in a coroutine",
         ["-c", "import asyncio\nasync def f(): raise SystemExit(4)\nasyncio.run(f())"], status=4),
    Case("builtin exit", ["-c", "exit(5)"], status=5),
    Case("finalizers at the end", ["-c", "class A:\n def __del__(self): print('gone')\na = A()"], "gone\n"),
    Case("hook", ["-c", "import sys\nsys.excepthook = lambda t, v, tb: print(t.__name__, v)\n1/0"],
         "ZeroDivisionError division by zero\n", "", 1),
    Case("hook that fails", ["-c", "import sys\ndef hook(*a): raise KeyError(1)\nsys.excepthook = hook\n1/0"],
         "", r"(?s)Error in sys.excepthook:\nTraceback.*KeyError: 1\n\nOriginal exception was:\n"
         r"Traceback.*ZeroDivisionError: division by zero\n", 1),
    Case("syntax error", ["-c", "x ="], "",
         '  File "<string>", line 1\n    x =\n       ^\nSyntaxError: invalid syntax\n', 1),
    Case("top-level await", ["-c", "import asyncio; print(await asyncio.sleep(0, 7))"], "7\n", shared=False),
    Case("top-level error", ["-c", "import asyncio\nawait asyncio.sleep(0)\n1/0"], "",
         'Traceback (most recent call last):\n  File "<string>", line 3, in <module>\n    1/0\n    ~^~\n'
         + ZERO_DIVISION, 1, shared=False),
    Case("search path", ["-c", "import extra; print(extra.x)"], "9\n", shared=False),
    Case("version", ["--version"], "apy 0.1.0\n", shared=False),
    Case("ast", ["ast", "bare/one.apy"], "Module(\n  body=[\n    Pass()])\n", shared=False),
]


def prepare(folder: Path) -> None:
    files = {
        "main.apy": MAIN_FILE,
        "tool.py": "import sys\nprint('tool', sys.argv[1:], __name__)\n",
        "package/__init__.py": "",
        "package/__main__.py": "print('package main')\n",
        "package/inner.py": "print('inner')\n",
        "bare/__init__.py": "",
        "bare/one.apy": "pass\n",
        "more/extra.apy": "x = 9\n",
    }
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)


def environment() -> dict:
    env = {k: v for k, v in os.environ.items() if not k.startswith(("APY", "PYTHON"))}
    env.update(PYTHONDONTWRITEBYTECODE="1", NO_COLOR="1", PYTHON_BASIC_REPL="1", TERM="dumb",
               APYPATH="/nonexistent::more")
    return env


def text_matches(expected: Optional[str], actual: str) -> bool:
    if expected is None:
        return True
    if expected.startswith("(?s)"):
        return re.fullmatch(expected, actual) is not None
    return actual == expected


def run_case(binary: str, case: Case, folder: Path) -> Optional[str]:
    """Nothing, or what was wrong."""
    done = subprocess.run([binary, *case.args], cwd=folder, env=environment(), input=case.stdin,
                          capture_output=True, text=True, timeout=TIMEOUT)
    if (done.returncode == case.status and done.stdout == case.stdout
            and text_matches(case.stderr, done.stderr)):
        return None
    return f"status {done.returncode}\n--- stdout\n{done.stdout}--- stderr\n{done.stderr}"


def interrupted(binary: str, code: str, status: int, stdout: str, folder: Path) -> Optional[str]:
    """Runs code that says when it is ready, then gets SIGINT."""
    process = subprocess.Popen([binary, "-c", code], cwd=folder, env=environment(),
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout and process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    try:
        out, error = process.communicate(timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        return "did not end"
    if process.returncode == status and out == stdout and (status == 0 or "KeyboardInterrupt" in error):
        return None
    return f"status {process.returncode}\n{out}{error}"


READY = "print('ready', flush=True)\n"
INTERRUPTS = [
    ("interrupt a loop", READY + "while True: pass", -signal.SIGINT, ""),
    ("catch an interrupt",
     "try:\n  print('ready', flush=True)\n  while True: pass\nexcept KeyboardInterrupt: print('caught')", 0, "caught\n"),
    ("interrupt a sleep", "import time\n" + READY + "time.sleep(15)", -signal.SIGINT, ""),
    ("interrupt an event loop",
     "import asyncio\nasync def f():\n  try:\n    print('ready', flush=True)\n    await asyncio.sleep(15)\n"
     "  finally: print('cleanup')\nasyncio.run(f())", -signal.SIGINT, "cleanup\n"),
]


def prompt_session(binary: str, folder: Path) -> Optional[str]:
    """Types at the prompt; what it must show, in this order."""
    wanted = [">>> ", "2", "... ", ">>> ", "division by zero", "KeyboardInterrupt", ">>> ", "'slept'"]
    typed = ["1+1\n", "def f():\n", "  return 1/0\n", "\n", "f()\n", "\x03",
             "import asyncio\n", "await asyncio.sleep(0, 'slept')\n", "exit(3)\n"]
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(folder)
        os.execve(binary, [binary], environment())
    shown = ""
    for line in [*typed, None]:
        end = time.monotonic() + (TIMEOUT if line is None else 1.0)
        while time.monotonic() < end:
            readable, _, _ = select.select([terminal], [], [], 0.15)
            if not readable:
                if line is None:
                    continue
                break
            try:
                data = os.read(terminal, 65536)
            except OSError:  # the other end is closed
                break
            shown += data.decode(errors="replace")
        if line is not None:
            os.write(terminal, line.encode())
    _, status = os.waitpid(child, 0)
    at = 0
    for text in wanted:
        at = shown.find(text, at)
        if at < 0:
            return f"no {text!r} in\n{shown}"
        at += len(text)
    return None if os.WEXITSTATUS(status) == 3 else f"status {status}\n{shown}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--apy")
    parser.add_argument("--oracle")
    options = parser.parse_args()
    binary = str(Path(options.apy).resolve()) if options.apy else options.oracle
    checks: List[tuple] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(os.path.realpath(name))
        prepare(folder)
        for case in CASES:
            if case.shared or options.apy:
                checks.append((case.name, lambda case=case: run_case(binary, case, folder)))
        for title, code, status, stdout in INTERRUPTS:
            checks.append((title, lambda a=(code, status, stdout): interrupted(binary, *a, folder)))
        if options.apy:
            checks.append(("prompt", lambda: prompt_session(binary, folder)))
        failed = 0
        for title, check in checks:
            problem = check()
            if problem:
                failed += 1
                print(f"FAIL command line: {title}: {problem}")
    print(f"{len(checks) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
