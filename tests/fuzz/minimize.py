"""Makes a program that differs smaller: what can be left out while the outputs still differ is left out."""

import ast
import time
from typing import Dict, Iterator, List, Tuple

from running import Runner, is_same

SECONDS = 25
BATCH = 60


def first_difference(expected: str, actual: str) -> Tuple[str, str]:
    """The first lines that differ, cut to where they do."""
    for left, right in zip(expected.split("\n") + ["(end)"], actual.split("\n") + ["(end)"]):
        if left != right:
            start = next((k for k, (a, b) in enumerate(zip(left, right)) if a != b), min(len(left), len(right)))
            start = max(0, start - 120)
            return left[start : start + 320], right[start : start + 320]
    return "(nothing)", "(nothing)"


def _bodies(tree: ast.AST) -> Iterator[Tuple[ast.AST, str, list]]:
    for node in ast.walk(tree):
        for name in ("body", "orelse", "finalbody", "handlers", "cases"):
            body = getattr(node, name, None)
            if isinstance(body, list):
                yield node, name, body


def _without(tree: ast.AST, place: int, first: int, last: int) -> str:
    """The program without some statements of one body, or "" where that cannot be."""
    copy = ast.parse(ast.unparse(tree))
    node, name, body = list(_bodies(copy))[place]
    del body[first:last]
    if not body and (name == "body" and not isinstance(node, ast.Module)):
        body.append(ast.Pass())
    return _unparse(copy)


def _unwrapped(tree: ast.AST, place: int, index: int) -> str:
    """The program with a compound statement replaced by what is in it."""
    copy = ast.parse(ast.unparse(tree))
    body = list(_bodies(copy))[place][2]
    inner = getattr(body[index], "body", None)
    if not isinstance(inner, list) or isinstance(body[index], (ast.ExceptHandler, ast.match_case)):
        return ""
    body[index : index + 1] = inner
    return _unparse(copy)


def _nodes(tree: ast.AST) -> List[ast.AST]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.expr)]


def _parts(node: ast.AST) -> List[ast.AST]:
    return [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)][:4]


class _Replace(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> ast.AST:
        return self.new if node is self.old else self.generic_visit(node)


def _expressions(tree: ast.AST) -> Iterator[str]:
    """The program with one expression replaced by a part of it, or without one item of it."""
    text = ast.unparse(tree)
    for number, original in enumerate(_nodes(tree)):
        for part in range(len(_parts(original))):
            copy = ast.parse(text)
            node = _nodes(copy)[number]
            yield _unparse(_Replace(node, _parts(node)[part]).visit(copy))
        for name in ("elts", "args", "keywords", "values", "keys", "generators", "ops"):
            items = getattr(original, name, None)
            for index in range(len(items) if isinstance(items, list) else 0):
                copy = ast.parse(text)
                node = _nodes(copy)[number]
                del getattr(node, name)[index]
                if name == "keys":
                    del node.values[index]
                elif name == "ops":
                    del node.comparators[index]
                yield _unparse(copy)


def _unparse(tree: ast.AST) -> str:
    """The text of a tree, or "" where the tree is none of a program."""
    try:
        return ast.unparse(tree)
    except (ValueError, AttributeError, TypeError, IndexError, RecursionError):
        return ""


def _candidates(program: str, as_tree: bool) -> Iterator[str]:
    if not as_tree:
        yield from _lines(program)
        return
    tree = ast.parse(program)
    places = list(_bodies(tree))
    for size in (32, 16, 8, 4, 2, 1):
        for place, (_, _, body) in enumerate(places):
            for first in range(0, len(body), size):
                if len(body) > size // 2:
                    yield _without(tree, place, first, first + size)
    for place, (_, _, body) in enumerate(places):
        for index in range(len(body)):
            yield _unwrapped(tree, place, index)
    yield from _expressions(tree)


def _lines(program: str) -> Iterator[str]:
    """For what has no tree: without some lines, then without some words."""
    lines = program.splitlines()
    for size in (16, 8, 4, 2, 1):
        for first in range(0, len(lines), size):
            yield "\n".join(lines[:first] + lines[first + size :]) + "\n"


def _compiles(program: str) -> bool:
    try:
        compile(program, "program", "exec")
        return True
    except (SyntaxError, ValueError, RecursionError):
        return False


def minimize(program: str, outputs: List[str], runners: Dict[str, Runner]) -> Tuple[str, List[str]]:
    """The smallest program found that differs, and what the interpreters print for it."""
    valid = _compiles(program)
    if valid:
        found, text, printed = _try([_unparse(ast.parse(program))], program, outputs, runners)
        if found:
            return _shrink(text, printed, runners, True, valid)
    return _shrink(program, outputs, runners, False, valid)


def _shrink(program: str, outputs: List[str], runners: Dict[str, Runner], as_tree: bool, valid: bool) -> Tuple[str, List[str]]:
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        candidates = _candidates(program, as_tree)
        found = False
        while time.monotonic() < end:
            batch = []
            for candidate in candidates:
                if candidate and len(candidate) < len(program) and candidate not in batch and _compiles(candidate) == valid:
                    batch.append(candidate)
                    if len(batch) == BATCH:
                        break
            found, smaller, printed = _try(batch, program, outputs, runners) if batch else (False, program, outputs)
            if found or not batch:
                break
        if not found:
            break
        program, outputs = smaller, printed
    return program, outputs


def _try(batch: List[str], program: str, outputs: List[str], runners: Dict[str, Runner]) -> tuple:
    hangs = outputs[1].startswith("the process hangs")
    if hangs:
        batch = batch[:10]
    expected = runners["oracle"].run(batch, 20)
    actual = runners["apy"].run(batch, 3 if hangs else 20)
    kept = [entry for entry in zip(batch, expected, actual)
            if not is_same(entry[1], entry[2]) and _is_crash(entry[2]) == _is_crash(outputs[1])]
    if not kept:
        return False, program, outputs
    smallest = min(kept, key=lambda entry: len(entry[0]))
    return True, smallest[0], [smallest[1], smallest[2]]


def _is_crash(output: str) -> bool:
    return output.startswith("the process ")
