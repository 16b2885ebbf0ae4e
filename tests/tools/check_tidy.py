#!/usr/bin/env python3
"""Runs clang-tidy (.clang-tidy) over every source file of a build.

    check_tidy.py BUILD_FOLDER

A file that was clean is remembered in BUILD_FOLDER/tidy by a hash of its command, its own text and
the text of every header it includes, so only what changed is looked at again. The headers come
from ninja's dependency log: build first.
"""

import hashlib
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Dict, List, Optional

ROOT = Path(__file__).resolve().parents[2]


def dependencies(build: Path) -> Dict[str, List[str]]:
    """Object file -> the files of this repository that it was made from."""
    log = subprocess.run(
        ["ninja", "-C", str(build), "-t", "deps"], capture_output=True, text=True, check=True
    ).stdout
    result: Dict[str, List[str]] = {}
    current: List[str] = []
    for line in log.splitlines():
        if line.startswith("    "):
            path = os.path.normpath(os.path.join(build, line.strip()))
            if path.startswith(str(ROOT) + os.sep):
                current.append(path)
        elif ":" in line:
            current = result.setdefault(line.split(":")[0], [])
    return result


def object_of(entry: Dict[str, str]) -> str:
    words = entry["command"].split()
    return words[words.index("-o") + 1]


def key_of(entry: Dict[str, str], files: List[str]) -> str:
    digest = hashlib.sha256((ROOT / ".clang-tidy").read_bytes())
    digest.update(entry["command"].encode())
    for file in sorted(files):
        digest.update(Path(file).read_bytes())
    return digest.hexdigest()


def check(build: Path, entry: Dict[str, str], files: List[str]) -> Optional[str]:
    """The complaints about one file, or None if it is clean."""
    stamp = build / "tidy" / key_of(entry, files)
    if files and stamp.exists():
        return None
    command = ["clang-tidy", "--quiet", "-p", str(build), entry["file"]]
    command += ["--extra-arg=-Wno-unknown-warning-option", "--extra-arg=-Qunused-arguments"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        stamp.touch()
        return None
    return done.stdout + ("" if done.stdout.strip() else done.stderr)


def main() -> int:
    if len(sys.argv) != 2:
        print("usage: check_tidy.py BUILD_FOLDER", file=sys.stderr)
        return 2
    build = Path(sys.argv[1]).resolve()
    (build / "tidy").mkdir(exist_ok=True)
    deps = dependencies(build)
    entries = {}
    for entry in json.loads((build / "compile_commands.json").read_text(encoding="utf-8")):
        # A source compiled in two forms is looked at once; generated sources are not ours to tidy.
        if not entry["file"].startswith(str(build)):
            entries[entry["file"]] = entry

    def check_entry(entry: Dict[str, str]) -> Optional[str]:
        return check(build, entry, deps.get(object_of(entry), []))

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(check_entry, entries.values()))
    complaints = [r for r in results if r is not None]
    print("\n".join(complaints) if complaints else f"tidy: {len(results)} files in order")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
