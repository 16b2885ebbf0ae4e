#!/usr/bin/env python3
"""Runs scripts with the N-th allocation failing, for many N: nothing may crash.

A failed allocation is a MemoryError, wherever it happens. The script may catch it, report it or
end with it; it may not die by a signal or an assertion, nor hang. Needs a stress build:

    tests/tools/fail_allocations.py --apy build/stress/apy SCRIPT...
"""

import argparse
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path


def run(apy: str, script: Path, number: int, seconds: float) -> str:
    """What went wrong, or an empty text."""
    environment = dict(os.environ, APY_FAIL_ALLOCATION=str(number))
    try:
        done = subprocess.run(
            [apy, script.name],
            cwd=script.parent,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return "hangs"
    if done.returncode < 0:
        return f"dies by signal {-done.returncode}"
    if b"ssertion" in done.stderr:
        return "an assertion fails"
    return ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("scripts", nargs="+", type=Path)
    parser.add_argument("--apy", default="build/stress/apy")
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--count", type=int, default=150, help="how many N for each script")
    parser.add_argument("--growth", type=float, default=1.0, help="each N is larger by this factor")
    parser.add_argument("--timeout", type=float, default=60.0)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    apy = str(Path(options.apy).resolve())
    passed = failed = 0
    for script in options.scripts:
        numbers, number = [], float(options.first)
        while len(numbers) < options.count:
            numbers.append(int(number))
            number = max(number + 1, number * options.growth)
        with ThreadPoolExecutor(options.jobs) as pool:
            results = pool.map(lambda n: run(apy, script, n, options.timeout), numbers)
            for number, problem in zip(numbers, results):
                if problem:
                    failed += 1
                    print(f"FAIL {script} APY_FAIL_ALLOCATION={number}: {problem}")
                else:
                    passed += 1
    print(f"allocations: {passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
