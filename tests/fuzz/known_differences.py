"""Intended differences, each with the words of the row of docs/differences.md that it belongs to."""

import re
from typing import Callable, List, NamedTuple, Optional


class Known(NamedTuple):
    row: str  # the start of the row in docs/differences.md
    matches: Callable[[str, str, str], bool]  # of the program and both outputs


KNOWN: List[Known] = []


# Words of messages that mean the same (the row "Special methods of builtin types").
WORDS = {"wrapper_descriptor": "method_descriptor", "method-wrapper": "builtin_function_or_method"}
_PATH_OF_MODULE = re.compile(r" \(([^ ()]*/lib-dynload/[^ ()]*|unknown location)\)")


def normalized(output: str) -> str:
    """An output without what cannot be the same."""
    for name, word in WORDS.items():
        output = output.replace(name, word)
    return _PATH_OF_MODULE.sub(" (place)", output)


def known_difference(program: str, expected: str, actual: str) -> Optional[str]:
    if expected.startswith("the process ") and not actual.startswith("the process "):
        return "CPython crashes or hangs itself, apy does not"
    for known in KNOWN:
        if known.matches(program, expected, actual):
            return known.row
    return None
