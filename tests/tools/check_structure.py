#!/usr/bin/env python3
"""Checks the shape of the source tree: who may include whom, and how long a file may be.

    check_structure.py [ROOT]

The graph below is the truth; docs/ARCHITECTURE.md explains it. A change of the graph is a change
of the architecture: make it here, in the same commit as the first use, and say why. A permission
that no file uses any more is an error too, so that the graph stays the real one.
"""

import re
import sys
from pathlib import Path
from typing import Dict, FrozenSet, Iterator, List, NamedTuple, Set, Tuple

MAXIMUM_LINES = 900

# Box (folder) -> boxes whose headers its files may include. A box may always include itself.
GRAPH: Dict[str, Tuple[str, ...]] = {
    "lexer": (),
    "parser": ("lexer",),
    "vm/value": (),
    "vm/gc": ("vm/value",),
    "vm/objects": ("lexer", "vm/value", "vm/gc", "vm/binding", "vm/bytecode"),
    "vm/binding": ("vm/objects",),
    "vm/bytecode": ("vm/objects",),
    "vm/compiler": ("lexer", "parser", "vm/objects", "vm/bytecode"),
    # It runs source text (`exec`, imports) and shows it in tracebacks, hence lexer and parser.
    "vm/interpreter": (
        "lexer", "parser", "vm/objects", "vm/binding", "vm/bytecode", "vm/compiler",
    ),
    "runtime": ("vm/objects", "vm/bytecode", "vm/interpreter", "vm/binding", "include/apy"),
    "stdlib": ("lexer", "vm/objects", "vm/bytecode", "vm/interpreter", "vm/binding", "runtime"),
    "include/apy": (),
    # Beside the public API: the prompt asks the parser whether a statement is complete, `ast` and
    # `dis` print what only the engine knows (runtime/embed/inspect.h).
    "cli": ("lexer", "parser", "runtime", "include/apy"),
}

# Boxes that are one whole and may include each other: a builtin type is written with the binding
# layer, whose functions are objects; a code object is an object, made of instructions.
TOGETHER = (("vm/objects", "vm/binding", "vm/bytecode"),)

# Folders that stand outside the layers and may include any box.
FREE = ("tests", "bench", "samples")

# Library header prefix -> folders that may include it.
LIBRARIES: Dict[str, Tuple[str, ...]] = {
    "boost/": ("runtime/fiber",),
    "uv.h": ("runtime/loop", "tests/unit/runtime"),
    "gmp.h": ("vm/objects", "tests/unit/objects"),
    "utf8proc.h": ("lexer", "parser", "vm/objects"),
    "pcre2.h": ("stdlib/re",),
    "zlib.h": ("stdlib",),
    "bzlib.h": ("stdlib/compression",),
    "lzma.h": ("stdlib/compression",),
    "expat.h": ("stdlib/xml",),
    "doctest/": ("tests/unit",),
}

# Headers that cost every includer too much compile time to appear in a header of ours.
HEAVY_IN_HEADERS = ("iostream", "regex", "functional", "map")

# Headers with a single includer, which cost nobody else anything.
PRIVATE_HEADERS = ("vm/gc/block.h",)

# File -> why it may be longer than MAXIMUM_LINES.
LONG_FILES: Dict[str, str] = {}

_SUFFIXES = (".h", ".cpp", ".re", ".def", ".inc")
_INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


class Include(NamedTuple):
    file: str  # from the root of the repository
    line: int
    name: str
    quoted: bool


class Rules(NamedTuple):
    graph: Dict[str, Tuple[str, ...]] = GRAPH
    libraries: Dict[str, Tuple[str, ...]] = LIBRARIES
    long_files: Dict[str, str] = LONG_FILES
    together: Tuple[Tuple[str, ...], ...] = TOGETHER


def source_files(root: Path, rules: Rules) -> Iterator[str]:
    tops = sorted({box.split("/")[0] for box in rules.graph} | set(FREE))
    for top in tops:
        for path in sorted((root / top).rglob("*")):
            if path.suffix in _SUFFIXES and path.is_file():
                yield path.relative_to(root).as_posix()


def includes_of(root: Path, file: str) -> Iterator[Include]:
    text = (root / file).read_text(encoding="utf-8", errors="replace")
    for number, line in enumerate(text.splitlines(), 1):
        match = _INCLUDE.match(line)
        if match:
            yield Include(file, number, match.group(2), match.group(1) == '"')


def box_of(file: str, rules: Rules) -> str:
    """The box that a file belongs to: the longest one that is a folder above it, or ''."""
    best = ""
    for box in rules.graph:
        if file.startswith(box + "/") and len(box) > len(best):
            best = box
    return best


def target_of(name: str) -> str:
    """The path in the repository of an included name: public headers are found below include/."""
    return "include/" + name if name.startswith("apy/") else name


def check_include(include: Include, used: Set[Tuple[str, str]], rules: Rules) -> List[str]:
    where = f"{include.file}:{include.line}"
    for prefix, folders in rules.libraries.items():
        if include.name.startswith(prefix):
            for folder in folders:
                if include.file.startswith(folder + "/"):
                    used.add((prefix, folder))
                    return []
            return [f"{where}: <{include.name}> belongs to {', '.join(folders)} only"]
    private = include.file in PRIVATE_HEADERS
    if include.file.endswith(".h") and include.name in HEAVY_IN_HEADERS and not private:
        return [f"{where}: <{include.name}> is too heavy for a header"]
    if include.file.split("/")[0] in FREE:
        return []
    target = box_of(target_of(include.name), rules)
    source = box_of(include.file, rules)
    if not source:
        return [f"{where}: this folder is no box of the graph"]
    if not target:
        if include.quoted:
            return [f'{where}: "{include.name}" is not a path from the root to a box']
        return []
    if target == source:
        return []
    if target not in rules.graph[source]:
        return [f"{where}: {source} may not include {target} ({include.name})"]
    used.add((source, target))
    return []


def unused_permissions(used: Set[Tuple[str, str]], boxes: Set[str], rules: Rules) -> List[str]:
    """Permissions of boxes that have files already, but no file that makes use of them."""
    complaints = []
    for source, targets in rules.graph.items():
        for target in targets:
            if source in boxes and (source, target) not in used:
                complaints.append(f"graph: {source} no longer includes {target}")
    for prefix, folders in rules.libraries.items():
        for folder in folders:
            if (prefix, folder) not in used:
                complaints.append(f"libraries: {folder} no longer includes {prefix}")
    return complaints


def cycles(rules: Rules) -> List[str]:
    """The graph must have no cycle: a box could not be understood without its users."""
    done: Set[str] = set()
    group = {box: boxes for boxes in rules.together for box in boxes}

    def visit(box: str, path: Tuple[str, ...]) -> List[str]:
        if box in path:
            return [" -> ".join(path[path.index(box) :] + (box,))]
        if box in done:
            return []
        found: List[str] = []
        for target in rules.graph.get(box, ()):
            if target in group.get(box, ()):
                continue  # known to include each other
            found += visit(target, path + (box,))
        done.add(box)
        return found

    return [f"graph: cycle {c}" for box in rules.graph for c in visit(box, ())]


def check_length(root: Path, file: str, rules: Rules) -> List[str]:
    with open(root / file, "rb") as stream:
        lines = sum(1 for _ in stream)
    if lines > MAXIMUM_LINES and file not in rules.long_files:
        return [f"{file}: {lines} lines, at most {MAXIMUM_LINES}"]
    if lines <= MAXIMUM_LINES and file in rules.long_files:
        return [f"{file}: short enough now, take it off LONG_FILES"]
    return []


def check(root: Path, rules: Rules = Rules()) -> List[str]:
    """All complaints about the tree below root."""
    complaints = cycles(rules)
    used: Set[Tuple[str, str]] = set()
    files: FrozenSet[str] = frozenset(source_files(root, rules))
    for file in sorted(files):
        complaints += check_length(root, file, rules)
        for include in includes_of(root, file):
            complaints += check_include(include, used, rules)
    complaints += unused_permissions(used, {box_of(file, rules) for file in files}, rules)
    return complaints


def main() -> int:
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parents[2])
    complaints = check(root)
    for complaint in complaints:
        print(complaint)
    if not complaints:
        print("structure: in order")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
