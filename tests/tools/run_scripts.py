#!/usr/bin/env python3
"""Runs the script tests: tests/{language,async,stdlib,embed}/**/*.apy, samples/*.apy, tests/broken.

    run_scripts.py --apy build/release/apy --mode normal [PATH...]
    run_scripts.py --oracle python3.13 [PATH...]

PATHs restrict the run to files or folders. Prints failures only, then "MODE: N passed, N failed".
The format of a test is described in expectations.py.
"""

import argparse
import difflib
import os
import random
import re
import resource
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional

sys.path.insert(0, str(Path(__file__).resolve().parent))
import expectations  # noqa: E402
import make_broken  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
SCRIPT_FOLDERS = ("tests/language", "tests/async", "tests/stdlib", "tests/embed")
SLOW_MODES = ("stress", "asan")
SEEDED = {"shuffle": "APY_SHUFFLE", "stress": "APY_GC_STRESS_SEED"}
TIMEOUT = {"script": 20, "broken": 10}
SLOW_TIMEOUT = 120
MAXIMUM_DIFF_LINES = 40
# The last line of a clean failure names an exception class.
CLEAN_ERROR = re.compile(
    r"^[A-Za-z_.]*(Error|Exception|Interrupt|Iteration|Exit|Warning|Group)\b"
)


class Outcome(NamedTuple):
    status: Optional[int]  # None: killed at the time limit; negative: a signal
    stdout: str
    stderr: str


def environment(mode: str, seed: int) -> Dict[str, str]:
    env = {k: v for k, v in os.environ.items() if not k.startswith(("APY", "PYTHON"))}
    env["PYTHONDONTWRITEBYTECODE"] = "1"
    env["PYTHONUTF8"] = "1"
    env["NO_COLOR"] = "1"
    if mode in SEEDED:
        env[SEEDED[mode]] = str(seed)
    if mode == "asan":
        # Frames moved to a fake stack would be invisible to the conservative stack scan.
        env.setdefault(
            "ASAN_OPTIONS",
            "detect_stack_use_after_return=0:abort_on_error=1:allocator_may_return_null=1",
        )
        env.setdefault("UBSAN_OPTIONS", "print_stacktrace=1:halt_on_error=1")
    return env


def no_core_file() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def execute(
    command: List[str], folder: Path, env: Dict[str, str], stdin: str, timeout: float
) -> Outcome:
    """Runs one process in a session of its own, so that a time limit takes its children too."""
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=no_core_file,
    )
    status: Optional[int]
    try:
        out, err = process.communicate(stdin.encode(), timeout=timeout)
        status = process.returncode
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
        status = None
    return Outcome(status, out.decode("utf-8", "replace"), err.decode("utf-8", "replace"))


def describe_status(status: Optional[int]) -> str:
    if status is None:
        return "ran into the time limit"
    if status < 0:
        return f"was ended by {signal.Signals(-status).name}"
    return f"exit status {status}"


def indented(text: str) -> List[str]:
    lines = text.splitlines()
    if len(lines) > MAXIMUM_DIFF_LINES:
        lines = ["..."] + lines[-MAXIMUM_DIFF_LINES:]
    return ["    " + line for line in lines]


def difference(what: str, expected: str, actual: str) -> List[str]:
    lines = list(
        difflib.unified_diff(
            expected.split("\n"), actual.split("\n"), "expected", "actual", lineterm="", n=2
        )
    )
    if len(lines) > MAXIMUM_DIFF_LINES:
        lines = lines[:MAXIMUM_DIFF_LINES] + ["..."]
    return [f"  {what}:"] + ["    " + line for line in lines]


def normalised(text: str, folder: Path) -> str:
    """Paths relative to the script's folder, addresses without their digits."""
    text = text.replace(str(folder) + os.sep, "")
    return re.sub(r"\b0x[0-9a-fA-F]{6,}\b", "0x...", text)


def missing_error_lines(expected: List[str], stderr: str) -> bool:
    """The expected parts must appear in this order, the last of them in the last line."""
    lines = stderr.rstrip("\n").splitlines()
    if not lines or expected[-1] not in lines[-1]:
        return True
    position = 0
    for part in expected[:-1]:
        while position < len(lines) - 1 and part not in lines[position]:
            position += 1
        if position >= len(lines) - 1:
            return True
        position += 1
    return False


def judge(
    wanted: expectations.Expectation, outcome: Outcome, folder: Path, any_order: bool
) -> List[str]:
    """The complaints about one run; none means that it passed."""
    complaints: List[str] = []
    if outcome.status != wanted.exit_status:
        complaints.append(
            f"  {describe_status(outcome.status)}, expected exit status {wanted.exit_status}"
        )
    out = normalised(outcome.stdout, folder)
    err = normalised(outcome.stderr, folder)
    if wanted.stdout is not None:
        expected = normalised(wanted.stdout, folder)
        same = out == expected
        if not same and any_order:
            same = sorted(out.splitlines()) == sorted(expected.splitlines())
        if not same:
            complaints += difference("standard output", expected, out)
    if wanted.error_lines:
        if missing_error_lines(wanted.error_lines, err):
            complaints.append("  standard error does not end with:")
            complaints += indented("\n".join(wanted.error_lines))
            complaints.append("  but is:")
            complaints += indented(err)
    elif wanted.stderr is not None and err != wanted.stderr:
        complaints += difference("standard error", wanted.stderr, err)
    return complaints


class Runner:
    def __init__(self, command: List[str], mode: str, oracle: bool, seed: int):
        self.command = command
        self.mode = mode
        self.oracle = oracle
        self.env = environment(mode, seed)

    def script(self, path: Path) -> Optional[List[str]]:
        """Complaints about one script test, or None if this mode leaves it out."""
        try:
            wanted = expectations.parse(path)
        except (expectations.BadExpectation, ValueError) as error:
            return [f"  {error}"]
        if self.oracle and not wanted.oracle:
            return None
        if not self.oracle and self.mode in wanted.skipped_modes:
            return None
        if self.mode == "shuffle" and not wanted.is_async:
            return None
        timeout = SLOW_TIMEOUT if self.mode in SLOW_MODES else TIMEOUT["script"]
        env = {**self.env, **wanted.env}
        if wanted.stderr == "" or wanted.error_lines:
            # The seeds use what asyncio has deprecated. Warnings that a test expects are shown.
            env.setdefault("PYTHONWARNINGS", "ignore::DeprecationWarning")
        outcome = execute(
            self.command + [path.name] + wanted.args,
            path.parent,
            env,
            wanted.stdin,
            timeout,
        )
        return judge(wanted, outcome, path.parent, any_order=self.mode == "shuffle")

    def broken(self, path: Path) -> Optional[List[str]]:
        """A broken program must end by itself, with a clean error if it does not succeed."""
        if self.oracle or self.mode in ("switch", "shuffle"):
            return None
        with path.open("rb") as file:
            if self.mode in SLOW_MODES and f"not-{self.mode}".encode() in file.readline():
                return None
        timeout = SLOW_TIMEOUT if self.mode in SLOW_MODES else TIMEOUT["broken"]
        outcome = execute(self.command + [path.name], path.parent, self.env, "", timeout)
        if outcome.status == 0:
            return []
        lines = outcome.stderr.rstrip("\n").splitlines()
        clean = bool(lines) and CLEAN_ERROR.match(lines[-1])
        if outcome.status == 1 and clean:
            return []
        complaints = [f"  {describe_status(outcome.status)}; standard error:"]
        return complaints + indented(outcome.stderr[-4000:])


def is_test(path: Path, folder: Path) -> bool:
    """Names with a leading underscore and everything inside packages are material, not tests."""
    relative = path.relative_to(folder)
    if any(part.startswith("_") for part in relative.parts):
        return False
    return not any(
        (folder / Path(*relative.parts[:depth]) / init).is_file()
        for depth in range(1, len(relative.parts))
        for init in ("__init__.apy", "__init__.py")
    )


def discover(only: List[Path], root: Path = ROOT):
    """Lists (scripts, broken programs) below the given paths, or all of them."""

    def chosen(path: Path) -> bool:
        return not only or any(path == p or p in path.parents for p in only)

    scripts: List[Path] = []
    for name in SCRIPT_FOLDERS:
        folder = root / name
        scripts += [p for p in sorted(folder.rglob("*.apy")) if is_test(p, folder)]
    samples = root / "samples"
    scripts += [p for p in sorted(samples.glob("*.apy")) if is_test(p, samples)]
    folder = root / "tests/broken"
    broken = [
        p
        for p in sorted(folder.rglob("*"))
        if p.is_file() and p.name != "README.md"
    ]
    return [p for p in scripts if chosen(p)], [p for p in broken if chosen(p)]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--apy", type=Path, help="the apy binary")
    parser.add_argument("--mode", choices=expectations.MODES, default="normal")
    parser.add_argument("--oracle", help="a CPython 3.13 to check the expectations with")
    parser.add_argument("--seed", type=int, help="seed of the modes shuffle and stress")
    parser.add_argument(
        "--gc-step",
        type=int,
        metavar="N",
        help="mode stress: at each allocation a step of the collector that traces about N cells, no whole collection",
    )
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("paths", nargs="*", type=Path)
    options = parser.parse_args()
    if bool(options.apy) == bool(options.oracle):
        parser.error("give one of --apy and --oracle")

    seed = options.seed if options.seed is not None else random.randrange(1, 2**31)
    command = [options.oracle] if options.oracle else [str(options.apy.resolve())]
    label = "oracle" if options.oracle else options.mode
    runner = Runner(command, options.mode, bool(options.oracle), seed)
    if options.gc_step:
        runner.env["APY_GC_STRESS_STEP"] = str(options.gc_step)
    if options.mode in SEEDED:
        print(f"{SEEDED[options.mode]}={seed}")

    if options.apy and options.mode not in ("switch", "shuffle"):
        make_broken.generate()
    scripts, broken = discover([p.resolve() for p in options.paths])
    jobs = [(runner.script, p) for p in scripts] + [(runner.broken, p) for p in broken]
    passed = failed = skipped = 0
    again = []
    with ThreadPoolExecutor(options.jobs) as pool:
        for job, complaints in zip(jobs, pool.map(lambda job: job[0](job[1]), jobs)):
            if complaints is None:
                skipped += 1
            elif complaints:
                again.append(job)
            else:
                passed += 1
    # Sleeps of a few milliseconds can come out in another order while all cores are busy: what failed runs once more,
    # alone, and counts as it does then. It is named, so that a test that needs this often is seen.
    for run, path in again:
        complaints = run(path)
        if complaints:
            failed += 1
            print(f"FAIL {path.relative_to(ROOT)} ({label})")
            print("\n".join(complaints), flush=True)
        else:
            passed += 1
            print(f"passed when run alone: {path.relative_to(ROOT)} ({label})", flush=True)
    if options.paths and not jobs:
        print("no test below the given paths")
        return 1
    note = f", {skipped} skipped" if skipped else ""
    print(f"{label}: {passed} passed, {failed} failed{note}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
