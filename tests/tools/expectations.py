"""What a script test expects, read from comments beside its code.

    print(1)  # expect: 1         the next line of standard output; also on a line of its own
    # expect:                     an empty line
    # expect-error: TypeError: x  part of a line of standard error, the last one of its last line;
                                  the exit status is then 1
    # expect-exit: 3              another exit status
    # expect-file: NAME           all of standard output is in a file beside the script
    # expect-stderr-file: NAME    the same for standard error, paths relative to the script's folder
    # args: a 'b c'               command line after the script
    # stdin: TEXT                 one line of standard input
    # env: NAME=VALUE             environment variable
    # modes: not-stress (reason)  left out of these modes
    # oracle: no (reason)         CPython cannot run it, for example top-level await

For t.apy the files t.out and t.err are used without being named. Standard output is always
compared whole; standard error must be empty unless something is expected there. A script that
expects nothing is an error.
"""

import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import Dict, List, Optional

MODES = ("normal", "switch", "stress", "shuffle", "asan")

_DIRECTIVE = re.compile(
    r"#\s*(expect-stderr-file|expect-error|expect-exit|expect-file|expect|args|stdin|env|modes|oracle)"
    r":(?: (.*))?$"
)
_REASON = re.compile(r"^(.*?)\s*\((.+)\)\s*$")


class BadExpectation(Exception):
    """The comments of a script contradict each other or say nothing."""


@dataclass
class Expectation:
    stdout: Optional[str] = None  # whole standard output; None: not compared
    stderr: Optional[str] = None  # whole standard error, paths made relative; None: not compared
    error_lines: List[str] = field(default_factory=list)  # parts of the last lines of stderr
    exit_status: int = 0
    args: List[str] = field(default_factory=list)
    stdin: str = ""
    env: Dict[str, str] = field(default_factory=dict)
    skipped_modes: List[str] = field(default_factory=list)
    oracle: bool = True
    is_async: bool = False  # worth running with a shuffled scheduler


def _with_reason(text: str, what: str) -> str:
    match = _REASON.match(text)
    if not match:
        raise BadExpectation(f"'# {what}:' needs a reason in parentheses")
    return match.group(1)


def parse(path: Path) -> Expectation:
    """Reads the expectation of one script; raises BadExpectation."""
    text = path.read_bytes().decode("utf-8", "replace")
    found: Dict[str, List[str]] = {}
    # Not splitlines(): an expected line may hold form feeds and Unicode line separators.
    for line in text.split("\n"):
        match = _DIRECTIVE.search(line.rstrip("\r"))
        if match:
            found.setdefault(match.group(1), []).append(match.group(2) or "")

    result = Expectation()
    result.is_async = bool(re.search(r"\b(async|await|asyncio)\b", text))
    _read_output(path, found, result)
    _read_errors(path, found, result)
    for value in found.get("args", []):
        result.args += shlex.split(value)
    for value in found.get("env", []):
        name, _, setting = value.partition("=")
        result.env[name] = setting
    if "stdin" in found:
        result.stdin = "".join(line + "\n" for line in found["stdin"])
    for value in found.get("modes", []):
        for word in _with_reason(value, "modes").split():
            if not word.startswith("not-") or word[4:] not in MODES:
                raise BadExpectation(f"unknown mode in '# modes: {word}'")
            result.skipped_modes.append(word[4:])
    for value in found.get("oracle", []):
        if _with_reason(value, "oracle") != "no":
            raise BadExpectation("the only oracle setting is '# oracle: no (reason)'")
        result.oracle = False
    return result


def _one(found: Dict[str, List[str]], name: str) -> Optional[str]:
    values = found.get(name, [])
    if len(values) > 1:
        raise BadExpectation(f"'# {name}:' given twice")
    return values[0].strip() if values else None


def _read_output(path: Path, found: Dict[str, List[str]], result: Expectation) -> None:
    named = _one(found, "expect-file")
    file = path.with_name(named) if named else path.with_suffix(".out")
    if named and not file.is_file():
        raise BadExpectation(f"no file {named}")
    if file.is_file():
        if "expect" in found:
            raise BadExpectation(f"both '# expect:' lines and {file.name}")
        result.stdout = file.read_bytes().decode("utf-8", "replace")
    elif "expect" in found:
        result.stdout = "".join(line + "\n" for line in found["expect"])


def _read_errors(path: Path, found: Dict[str, List[str]], result: Expectation) -> None:
    named = _one(found, "expect-stderr-file")
    file = path.with_name(named) if named else path.with_suffix(".err")
    if named and not file.is_file():
        raise BadExpectation(f"no file {named}")
    result.error_lines = found.get("expect-error", [])
    if file.is_file():
        if result.error_lines:
            raise BadExpectation(f"both '# expect-error:' lines and {file.name}")
        result.stderr = file.read_bytes().decode("utf-8", "replace")
    elif not result.error_lines:
        result.stderr = ""
    status = _one(found, "expect-exit")
    if status is not None:
        result.exit_status = int(status)
    elif result.error_lines or result.stderr:
        result.exit_status = 1
    if result.stdout is None and not result.error_lines and not result.stderr and status is None:
        raise BadExpectation("no expectation")
    if result.stdout is None:
        # An expected error alone still says that nothing is printed before it.
        result.stdout = ""
