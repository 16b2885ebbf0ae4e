#!/usr/bin/env python3
"""Compares apy with the interpreters that are installed, in one run. See bench/README.md.

    bench/run.py                        everything, every interpreter that is installed
    bench/run.py --quick                a tenth of the work, apy and CPython only: about two minutes
    bench/run.py --only fib --only await_depth --repeats 5
    bench/run.py --quick --save before.json
    bench/run.py --quick --against before.json

The passes alternate between the interpreters, so that a change of the machine's speed meets all of
them; a ratio is the median of the ratios of the single passes. Times of different runs are never
compared directly, only their ratios to the reference of the same run.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from statistics import median
from typing import Dict, List, NamedTuple, Optional

HERE = Path(__file__).resolve().parent
TIMEOUT = 600
STARTS = 20  # processes per pass and interpreter for the start-up time
WORST = 12  # rows named again below the table
HEAVY = ("sleepers", "spawn", "pingpong")  # programs with seconds per pass: fewer passes


class Interpreter(NamedTuple):
    name: str
    kind: str  # the extension of the programs it runs: py, lua or js
    command: List[str]


class Results:
    """Seconds (or bytes) by row and interpreter, one number per pass."""

    def __init__(self) -> None:
        self.times: Dict[str, Dict[str, List[float]]] = {}
        self.counts: Dict[str, int] = {}
        self.memory: Dict[str, Dict[str, List[float]]] = {}
        self.peaks: Dict[str, Dict[str, List[float]]] = {}  # by program: largest resident set
        self.checks: Dict[str, Dict[str, str]] = {}
        self.failures: Dict[str, str] = {}

    def add(self, table: Dict[str, Dict[str, List[float]]], row: str, who: str, x: float) -> None:
        table.setdefault(row, {}).setdefault(who, []).append(x)

    def parse(self, program: str, who: str, output: str) -> None:
        """Reads the TIME, MEMORY and CHECK lines of one program."""
        for line in output.splitlines():
            words = line.split()
            if not words:
                continue
            if words[0] == "TIME":
                self.add(self.times, words[1], who, float(words[2]))
                self.counts[words[1]] = int(words[3])
            elif words[0] == "MEMORY":
                self.add(self.memory, words[1], who, float(words[2]))
            elif words[0] == "CHECK":
                self.checks.setdefault(program, {})[who] = " ".join(words[1:])


def find_python() -> Optional[str]:
    """The distribution's CPython 3.11 if there is one: builds from elsewhere are often slower."""
    for candidate in ("/usr/bin/python3.11", "/usr/bin/python3", "python3"):
        found = shutil.which(candidate)
        if found:
            return found
    return None


def find_interpreters(options: argparse.Namespace) -> List[Interpreter]:
    found: List[Interpreter] = []
    if options.apy:
        found.append(Interpreter("apy", "py", [str(options.apy.resolve())]))
    python = options.python or find_python()
    if python:
        found.append(Interpreter("cpython", "py", [python]))
    for name, kind in (("pypy3", "py"), ("lua5.4", "lua"), ("node", "js")):
        program = shutil.which(name)
        if program:
            found.append(Interpreter(name, kind, [program]))
    if options.interpreters:
        found = [each for each in found if each.name in options.interpreters.split(",")]
    return found


def pin_to(core: Optional[int]) -> Optional[int]:
    """Ties this process, and so its children, to one core. Gives the core, or None."""
    if not hasattr(os, "sched_setaffinity"):
        return None
    try:
        allowed = sorted(os.sched_getaffinity(0))
        chosen = allowed[-1] if core is None else core
        os.sched_setaffinity(0, {chosen})
        return chosen
    except OSError:
        return None


class Done(NamedTuple):
    status: int
    output: str
    errors: str
    peak: int  # bytes


def run_once(command: List[str]) -> Done:
    env = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "APY"))}
    env["PYTHONDONTWRITEBYTECODE"] = "1"
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        try:
            process = subprocess.Popen(command, stdout=output, stderr=errors, stdin=subprocess.DEVNULL, env=env)
        except OSError as error:
            return Done(-1, "", str(error), 0)
        timer = threading.Timer(TIMEOUT, process.kill)
        timer.start()
        # wait4 tells this child's own peak; getrusage would give the largest of all children.
        _, status, usage = os.wait4(process.pid, 0)
        timer.cancel()
        process.returncode = os.WEXITSTATUS(status) if os.WIFEXITED(status) else -os.WTERMSIG(status)
        texts = []
        for file in (output, errors):
            file.seek(0)
            texts.append(file.read().decode("utf-8", "replace"))
        return Done(process.returncode, texts[0], texts[1], usage.ru_maxrss * 1024)


def with_cpu_time(path: Path, folder: str) -> Path:
    """A copy of a Python program that measures the time of its own process: others on the machine count less."""
    copy = Path(folder) / path.name
    text = path.read_text(encoding="utf-8")
    copy.write_text(text.replace("import perf_counter", "import process_time as perf_counter"), encoding="utf-8")
    return copy


def run_program(results: Results, program: str, who: Interpreter, scale: float, copies: Optional[str]) -> None:
    path = HERE / "programs" / f"{program}.{who.kind}"
    if not path.is_file() or f"{program} {who.name}" in results.failures:
        return
    if copies and who.kind == "py":
        path = with_cpu_time(path, copies)
    done = run_once(who.command + [str(path), str(scale)])
    if done.status != 0:
        last = (done.errors.strip().splitlines() or [f"exit status {done.status}"])[-1]
        results.failures[f"{program} {who.name}"] = last
        return
    results.parse(program, who.name, done.output)
    results.add(results.peaks, program, who.name, done.peak)


def run_startup(results: Results, who: Interpreter) -> None:
    """The wall time of whole processes: an empty script, and one that runs an empty main."""
    for row, name in (("start-empty", "empty"), ("start-asyncio", "asyncio_main")):
        path = HERE / "startup" / f"{name}.{who.kind}"
        if not path.is_file() or f"{row} {who.name}" in results.failures:
            continue
        times = []
        for _ in range(STARTS):
            begin = time.perf_counter()
            done = run_once(who.command + [str(path)])
            times.append(time.perf_counter() - begin)
            if done.status != 0:
                last = (done.errors.strip().splitlines() or ["failed"])[-1]
                results.failures[f"{row} {who.name}"] = last
                break
        else:
            results.add(results.times, row, who.name, median(times))
            results.counts[row] = 1


def measure(options: argparse.Namespace, interpreters: List[Interpreter], copies: Optional[str]) -> Results:
    programs = sorted(path.stem for path in (HERE / "programs").glob("*.py")) + ["startup"]
    if options.only:
        unknown = set(options.only) - set(programs)
        if unknown:
            sys.exit(f"no program is called {', '.join(sorted(unknown))}; there are: {' '.join(programs)}")
        programs = [name for name in programs if name in options.only]
    results = Results()
    for number in range(options.repeats):
        for program in programs:
            if program in HEAVY and number >= max(1, options.repeats // 2):
                continue
            # The order turns from pass to pass: nobody is always first on a warm machine.
            turn = number % len(interpreters)
            for who in interpreters[turn:] + interpreters[:turn]:
                if sys.stderr.isatty():
                    print(f"\r\033[Kpass {number + 1}: {program} {who.name}", end="", file=sys.stderr)
                if program == "startup":
                    run_startup(results, who)
                else:
                    run_program(results, program, who, options.scale, copies)
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)
    return results


def ratio(times: Dict[str, List[float]], who: str, reference: str) -> Optional[float]:
    """Median of the ratios of the passes; below 1 means faster than the reference."""
    ours, theirs = times.get(who, []), times.get(reference, [])
    pairs = [a / b for a, b in zip(ours, theirs) if b > 0]
    return median(pairs) if pairs else None


def as_time(seconds: float) -> str:
    for unit, factor in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= factor:
            return f"{seconds / factor:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def geometric_mean(values: List[float]) -> float:
    product = 1.0
    for value in values:
        product *= value ** (1 / len(values))
    return product


def print_table(results: Results, names: List[str], reference: str) -> None:
    others = [name for name in names if name != reference]
    print(f"{'':<22}{reference:>12}" + "".join(f"{name:>10}" for name in others))
    print(f"{'':<22}{'per item':>12}" + "".join(f"{'ratio':>10}" for _ in others))
    columns: Dict[str, List[float]] = {name: [] for name in others}
    for row, times in results.times.items():
        base = times.get(reference)
        line = f"{row:<22}{as_time(median(base) / results.counts[row]) if base else '-':>12}"
        for name in others:
            value = ratio(times, name, reference)
            if value is not None and not row.startswith("start-"):
                columns[name].append(value)
            if value is None and name in times:
                line += f"{as_time(median(times[name]) / results.counts[row]):>10}"
            else:
                line += f"{value:>10.2f}" if value is not None else f"{'-':>10}"
        print(line)
    if any(columns.values()):
        line = f"{'geometric mean':<34}"
        for name in others:
            line += f"{geometric_mean(columns[name]):>10.2f}" if columns[name] else f"{'-':>10}"
        print(line + "   (of the rows each has, start-up aside)")


def print_worst(results: Results, who: str, reference: str) -> None:
    """The rows to look at first, and the programs that need more memory than the reference."""
    ratios = [(ratio(times, who, reference), row) for row, times in results.times.items()]
    known = sorted(((value, row) for value, row in ratios if value is not None), reverse=True)
    if not known:
        return
    print(f"slowest rows of {who}: " + ", ".join(f"{row} {value:.2f}" for value, row in known[:WORST]))
    larger = []
    for program, by_name in results.peaks.items():
        if who in by_name and reference in by_name:
            ours, theirs = median(by_name[who]), median(by_name[reference])
            if ours > theirs:
                larger.append((ours / theirs, f"{program} {ours / 2**20:.0f} against {theirs / 2**20:.0f} MiB"))
    if larger:
        print(f"peak memory above {reference}'s: " + ", ".join(text for _, text in sorted(larger, reverse=True)))


def print_notes(results: Results, names: List[str]) -> None:
    for row, by_name in results.memory.items():
        figures = ", ".join(f"{n} {median(by_name[n]):.0f}" for n in names if n in by_name)
        print(f"{row}: {figures}")
    for name in names:
        one = results.times.get("resume-1", {}).get(name)
        deep = results.times.get("resume-100", {}).get(name)
        if one and deep:
            value = median([b / a for a, b in zip(one, deep)])
            print(f"resume at depth 100 against depth 1, {name}: {value:.2f}")
    for program, by_name in results.checks.items():
        if len(set(by_name.values())) > 1:
            print(f"RESULTS DIFFER in {program}: {by_name}")
    for what, why in results.failures.items():
        print(f"FAILED {what}: {why}")


def print_comparison(results: Results, names: List[str], reference: str, path: Path) -> None:
    """Ratios now against ratios then; both are relative to the reference of their own run."""
    old = json.loads(path.read_text(encoding="utf-8"))
    changes: Dict[str, List[float]] = {}
    print(f"\nagainst {path.name} (ratio to {old['reference']} then -> now, change)")
    for row, times in results.times.items():
        for name in names:
            if name == reference or name not in old["times"].get(row, {}):
                continue
            then = ratio(old["times"][row], name, old["reference"])
            now = ratio(times, name, reference)
            if then and now and (name == "apy" or abs(now / then - 1) > 0.2):
                mark = " <-- slower" if name == "apy" and now / then > 1.1 else ""
                print(f"{row:<22}{name:>10}{then:>9.2f} ->{now:>7.2f}{now / then - 1:>+9.0%}{mark}")
                changes.setdefault(name, []).append(now / then)
    for name, values in changes.items():
        print(f"{'geometric mean':<22}{name:>10}{'':>18}{geometric_mean(values) - 1:>+9.0%}")
    for row, by_name in results.memory.items():
        for name, figures in by_name.items():
            if name in old["memory"].get(row, {}):
                print(f"{row} {name}: {median(old['memory'][row][name]):.0f} -> {median(figures):.0f}")


def save(results: Results, options: argparse.Namespace, reference: str) -> None:
    options.save.write_text(
        json.dumps(
            {
                "machine": platform.machine(),
                "reference": reference,
                "repeats": options.repeats,
                "scale": options.scale,
                "counts": results.counts,
                "times": results.times,
                "memory": results.memory,
                "peaks": results.peaks,
            },
            indent=1,
        )
        + "\n",
        encoding="utf-8",
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    default = HERE.parent / "build" / "release" / "apy"
    parser.add_argument("--apy", type=Path, default=default if default.is_file() else None, help="the apy binary")
    parser.add_argument("--quick", action="store_true", help="apy and CPython only, a tenth of the work")
    parser.add_argument("--python", help="the CPython to compare with")
    parser.add_argument("--interpreters", help="only these, as in apy,cpython,pypy3,lua5.4,node")
    parser.add_argument("--reference", default="cpython", help="what ratios refer to")
    parser.add_argument("--only", action="append", help="a program of bench/programs, or startup; repeatable")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--scale", type=float, default=1.0, help="0.1 does a tenth of the work")
    parser.add_argument("--cpu-time", action="store_true", help="CPU time, for a busy machine; without time spent waiting")
    parser.add_argument("--core", type=int, help="the core to run on; the last one by default")
    parser.add_argument("--save", type=Path, help="write all times as JSON")
    parser.add_argument("--against", type=Path, help="a file written by --save")
    options = parser.parse_args()
    if options.quick:
        options.scale = min(options.scale, 0.1)
        options.interpreters = options.interpreters or "apy,cpython"
    if options.apy and not options.apy.is_file():
        parser.error(f"there is no {options.apy}")

    interpreters = find_interpreters(options)
    names = [each.name for each in interpreters]
    if not names:
        parser.error("no interpreter found")
    reference = options.reference if options.reference in names else names[0]
    core = pin_to(options.core)
    versions = [f"{each.name}: {' '.join(each.command)}" for each in interpreters]
    print("\n".join(versions))
    print(f"{options.repeats} passes, scale {options.scale:g}, core {core if core is not None else 'any'}\n")

    with tempfile.TemporaryDirectory() as folder:
        results = measure(options, interpreters, folder if options.cpu_time else None)
    print_table(results, names, reference)
    if "apy" in names and reference != "apy":
        print_worst(results, "apy", reference)
    print_notes(results, names)
    if options.save:
        save(results, options, reference)
    if options.against:
        print_comparison(results, names, reference, options.against)
    return 1 if results.failures else 0


if __name__ == "__main__":
    sys.exit(main())
