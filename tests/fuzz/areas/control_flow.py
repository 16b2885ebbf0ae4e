"""Functions full of control flow: loops, try statements of all kinds, with, match, comprehensions, closures and generators.

Each function logs what it does; results, logs, exceptions with their chains and the lines of their tracebacks must be equal.
"""

from typing import List

from .source import Source

HEAD = '''
import sys
log = []
count = 0
def last(*values): return values[-1]
def maybe(value):
    global count
    count += 1
    if count % 3 == 0: raise KeyError(value)
    if count % 7 == 0: raise ValueError(value)
    return value
class Manager:
    def __init__(self, suppress): self.suppress = suppress
    def __enter__(self): log.append("enter"); return 5
    def __exit__(self, *e): log.append(("exit", e[0] and e[0].__name__)); return self.suppress
def show(e, depth=0):
    if e is None or depth > 4: return None
    if isinstance(e, BaseExceptionGroup): return [show(x, depth + 1) for x in e.exceptions]
    level, lines = e.__traceback__, []
    while level: lines.append(level.tb_lineno); level = level.tb_next
    return type(e).__name__, str(e), lines, show(e.__context__, depth + 1)
def drain(generator):
    values = []
    try:
        for k in range(20): values.append(next(generator) if k % 2 == 0 else generator.send(k))
    except StopIteration as stop: values.append(("stop", stop.value))
    return values
def run(function, is_generator):
    global count
    for arguments in ((0, 1, 2), (1, None, 0), (2, 3, 1, 0)):
        count = arguments[0]
        log.clear()
        try:
            result = function(*arguments)
            if is_generator: result = drain(result)
        except Exception as e: result = show(e)
        print(function.__name__, arguments, result, log, sys.exception())
'''

NAMES = ["a", "b", "c", "d"]


class Writer:
    """Writes one random function."""

    def __init__(self, source: Source, name: str) -> None:
        self.random = source
        self.name = name
        self.lines: List[str] = []
        self.counter = 0
        self.is_generator = source.random() < 0.3

    def emit(self, indent: int, text: str) -> None:
        self.lines.append("    " * indent + text)

    def pick(self, *choices: str) -> str:
        return self.random.choice(choices)

    def expression(self, depth: int = 0) -> str:
        kind = self.random.randrange(14)
        inner = lambda: self.expression(depth + 1)  # noqa: E731
        name = self.pick(*NAMES)
        if depth > 2 or kind < 4:
            return self.pick("a", "b", "c", "1", "2", "3", "0", "n")
        if kind < 6:
            return f"({inner()} {self.pick('+', '-', '*')} {inner()})"
        forms = {
            6: lambda: f"({name} := {inner()})",
            7: lambda: f"({inner()} if {self.condition(depth + 1)} else {inner()})",
            8: lambda: f"({inner()} {self.pick('and', 'or')} {inner()})",
            9: lambda: f"sum([{inner()} for {self.pick('q', 'a')} in range(2)])",
            10: lambda: f"(lambda z: z + {self.pick('a', 'n', '1')})({inner()})",
            11: lambda: f"last({inner()}, {inner()})",
            12: lambda: f"len(f'{{{name}}}{{{self.pick(*NAMES)}!r:>3}}')",
            13: lambda: f"maybe({inner()})",
        }
        return forms[kind]()

    def condition(self, depth: int = 0) -> str:
        kind = self.random.random()
        inner = lambda: self.expression(depth + 1)  # noqa: E731
        if kind < 0.4:
            return f"{inner()} {self.pick('<', '>', '==', '!=', '<=', '>=')} {inner()}"
        if kind < 0.55:
            return f"{inner()} < {inner()} < {inner()}"
        if kind < 0.8 and depth < 2:
            left, right = self.condition(depth + 1), self.condition(depth + 1)
            return f"not ({left})" if kind < 0.65 else f"({left} {self.pick('and', 'or')} {right})"
        if kind < 0.9:
            return f"{inner()} in (1, 2, 3)"
        return f"{self.pick(*NAMES)} is None"

    def log(self, indent: int) -> None:
        self.counter += 1
        self.emit(indent, f"log.append(({self.counter}, {self.pick(*NAMES)}))")

    def block(self, indent: int, loop: bool, star: bool) -> None:
        for _ in range(self.random.randint(1, 3)):
            self.statement(indent, loop, star)

    def suite(self, indent: int, head: str, loop: bool, star: bool, chance: float = 1) -> None:
        if self.random.random() < chance:
            self.emit(indent, head)
            self.block(indent + 1, loop, star)

    def statement(self, indent: int, loop: bool, star: bool) -> None:
        kind = self.random.random()
        if indent > 4 or kind < 0.2:
            return self.log(indent)
        if kind < 0.53:
            return self.simple(indent, kind, loop and not star, star)
        if kind < 0.60:
            self.suite(indent, f"if {self.condition()}:", loop, star)
            self.suite(indent, f"elif {self.condition()}:", loop, star, 0.3)
            return self.suite(indent, "else:", loop, star, 0.5)
        if kind < 0.72:
            return self.loop(indent, loop, star)
        if kind < 0.86:
            return self.try_statement(indent, loop, star)
        if kind < 0.93:
            suppress = self.pick("True", "False")
            target = self.pick("", " as c", " as d, Manager(False)")
            return self.suite(indent, f"with Manager({suppress}){target}:", loop, star)
        if kind < 0.96:
            self.emit(indent, f"match {self.expression()}:")
            for pattern in self.random.sample(["0 | 1", "int(a) if a > 2", "[a, *b]", "None"], 2):
                self.suite(indent + 1, f"case {pattern}:", loop, star)
            return self.suite(indent + 1, "case _:", loop, star)
        if kind < 0.98:
            self.suite(indent, "try:", loop, True)
            name = self.pick(" as e", "")
            return self.suite(indent, f"except* (ValueError, KeyError){name}:", False, True)
        value = self.expression()
        self.emit(indent, f"log.append((yield {value}))" if self.is_generator else f"last({value})")

    def simple(self, indent: int, kind: float, loop: bool, star: bool) -> None:
        if kind < 0.33:
            text = f"{self.pick(*NAMES)} {self.pick('=', '=', '+=', '-=')} {self.expression()}"
        elif kind < 0.36:
            first, second = self.pick(*NAMES), self.pick(*NAMES)
            text = f"{first}, {second} = {self.expression()}, {self.expression()}"
        elif kind < 0.365:
            text = f"del {self.pick(*NAMES)}"
        elif kind < 0.41:
            text = f"maybe({self.pick('1', '2', '3')})"
        elif kind < 0.44:
            text = f"raise {self.pick('ValueError', 'KeyError', 'TypeError')}({self.pick('1', '2')})"
        elif kind < 0.48 and not star:
            text = f"return {self.expression()}"
        elif loop:
            text = self.pick("break", "continue")
        else:
            return self.log(indent)
        self.emit(indent, text)

    def loop(self, indent: int, loop: bool, star: bool) -> None:
        if self.random.random() < 0.6:
            target = self.pick("a in range(3)", "i in range(3)", "a, b in [(1, 2), (3, 4)]")
            self.suite(indent, f"for {target}:", True, False)
        else:
            self.counter += 1
            name = f"w{self.counter}"
            self.emit(indent, f"{name} = 0")
            self.emit(indent, f"while {name} < 3:")
            self.emit(indent + 1, f"{name} += 1")
            self.block(indent + 1, True, False)
        self.suite(indent, "else:", loop, star, 0.4)

    def try_statement(self, indent: int, loop: bool, star: bool) -> None:
        self.suite(indent, "try:", loop, star)
        has_handlers = self.random.random() < 0.75
        if has_handlers:
            classes = ["ValueError", "KeyError", "(TypeError, KeyError)", "Exception"]
            for caught in self.random.sample(classes, self.random.randint(1, 2)):
                self.suite(indent, f"except {caught}{self.pick('', ' as a', ' as e')}:", loop, star)
                if self.random.random() < 0.2:
                    self.emit(indent + 1, "raise")
            self.suite(indent, "except:", loop, star, 0.2)
            self.suite(indent, "else:", loop, star, 0.4)
        self.suite(indent, "finally:", loop, star, 0.4 if has_handlers else 1)

    def function(self) -> str:
        self.emit(0, f"def {self.name}(n, a, b, c=3, d=4):")
        is_closure = self.random.random() < 0.3
        if is_closure:
            self.emit(1, "def inner():")
            self.emit(2, "nonlocal b")
            self.emit(2, "return a")
        for _ in range(4):
            self.statement(1, False, False)
        if self.is_generator:
            self.emit(1, f"yield {self.expression()}")
        if is_closure:
            self.emit(1, "log.append(inner())")
        self.emit(1, "return a")
        self.emit(0, f"run({self.name}, {self.is_generator})")
        return "\n".join(self.lines)


def program(source: Source, size: int) -> str:
    parts = [HEAD]
    for _ in range(1 + size // 12):
        text = Writer(source, f"f{len(parts)}").function()
        try:
            compile(text, "generated", "exec")
        except SyntaxError:
            continue
        parts.append(text)
    return "\n".join(parts) + "\n"
