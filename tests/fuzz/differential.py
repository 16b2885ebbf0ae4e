#!/usr/bin/env python3
"""Compares apy with CPython 3.13 on random programs; README.md says how to use it.

    differential.py [--apy build/release/apy] [--oracle python3.13] [--areas methods,classes] [--seeds 1:500]

The program of an area and a seed is always the same. Batches of programs run in one process each (driver.py);
what differs, crashes or hangs is run once more alone, made as small as possible, and printed.
"""

import argparse
import concurrent.futures
import importlib
import sys
import time
import warnings
from collections import Counter
from pathlib import Path
from typing import Dict, List, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent))
from areas.source import Source  # noqa: E402
from known_differences import known_difference  # noqa: E402
from minimize import first_difference, minimize  # noqa: E402
from running import Runner, is_same  # noqa: E402

warnings.simplefilter("ignore")  # of the programs, when they are made
FOLDER = Path(__file__).resolve().parent
AREAS = sorted(path.stem for path in (FOLDER / "areas").glob("*.py") if path.stem not in ("__init__", "source"))
BATCH = 100


class Task(NamedTuple):
    area: str
    seeds: range


class Finding(NamedTuple):
    area: str
    seed: int
    expected: str
    actual: str
    program: str


def generate(area: str, seed: int) -> str:
    source = Source(f"{area} {seed}")
    return importlib.import_module(f"areas.{area}").program(source, source.randint(10, 60))


def run_batch(task: Task, runners: Dict[str, Runner]) -> tuple:
    """The programs of a batch that differ, and a count of the known differences."""
    programs = [generate(task.area, seed) for seed in task.seeds]
    expected = runners["oracle"].run(programs)
    actual = runners["apy"].run(programs)
    findings, known = [], Counter()
    for seed, program, left, right in zip(task.seeds, programs, expected, actual):
        if is_same(left, right):
            continue
        name = known_difference(program, left, right)
        if name:
            known[name] += 1
        else:
            findings.append(Finding(task.area, seed, left, right, program))
    return len(programs), findings, known


def report(finding: Finding, runners: Dict[str, Runner], options: argparse.Namespace) -> str:
    """Prints a difference, as small as it gets; its kind is the text that differs first."""
    alone = [runners[name].run([finding.program])[0] for name in ("oracle", "apy")]
    program, outputs = finding.program, (finding.expected, finding.actual)
    note = ""
    if is_same(*alone):
        note = " (only after the programs before it in its batch)"
    elif not options.whole:
        program, outputs = minimize(finding.program, alone, runners)
    left, right = first_difference(*outputs)
    print(f"\n=== {finding.area} seed {finding.seed}{note}\n{program.strip()}\n--- CPython: {left}\n--- apy:     {right}", flush=True)
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
        (options.keep / f"{finding.area}-{finding.seed}.py").write_text(program, "utf-8", "surrogatepass")
    return f"{left} | {right}"


def parse(arguments: List[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--apy", default="build/release/apy")
    parser.add_argument("--oracle", default=sys.executable, help="CPython 3.13; the one that runs this")
    parser.add_argument("--areas", default=",".join(AREAS), help="some of " + " ".join(AREAS))
    parser.add_argument("--seeds", default="1:100", help="first and last seed for each area")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--limit", type=int, default=20, help="differences that are reported for each area")
    parser.add_argument("--whole", action="store_true", help="do not minimise")
    parser.add_argument("--keep", type=Path, help="folder for the programs that differ")
    parser.add_argument("--print", action="store_true", help="print the programs, run nothing")
    return parser.parse_args(arguments)


def main() -> int:
    options = parse(sys.argv[1:])
    first, last = map(int, options.seeds.split(":"))
    areas = options.areas.split(",")
    if options.print:
        for area in areas:
            for seed in range(first, last + 1):
                print(generate(area, seed))
        return 0
    runners = {"apy": Runner([options.apy, "-W", "ignore"]), "oracle": Runner([options.oracle, "-W", "ignore"])}
    start = time.monotonic()
    total, known, different, reported = 0, Counter(), Counter(), Counter()
    kinds = set()
    tasks = [Task(area, range(low, min(low + BATCH, last + 1))) for low in range(first, last + 1, BATCH) for area in areas]
    with concurrent.futures.ProcessPoolExecutor(options.jobs) as pool:
        running = [pool.submit(run_batch, task, runners) for task in tasks]
        for future in concurrent.futures.as_completed(running):
            count, findings, names = future.result()
            total += count
            known += names
            for finding in findings:
                different[finding.area] += 1
                kind = " | ".join(first_difference(finding.expected, finding.actual))
                if reported[finding.area] < options.limit and kind not in kinds:
                    kinds.add(kind)
                    kinds.add(report(finding, runners, options))
                    reported[finding.area] += 1
    for name, count in known.items():
        print(f"known difference, {count} programs: {name}")
    print(f"\n{time.monotonic() - start:.0f} s; different: {dict(different)}")
    print(f"{total - different.total()} passed, {different.total()} failed")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
