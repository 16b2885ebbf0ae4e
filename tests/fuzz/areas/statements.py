"""Assignments with unpacking, augmented and annotated ones, del, subscripts and slices as targets, match with all kinds of patterns."""

from typing import List

from .source import Source

HEAD = '''
import collections
class Point:
    __match_args__ = ("x", "y")
    def __init__(self, x, y): self.x, self.y = x, y
    def __repr__(self): return f"Point({self.x!r}, {self.y!r})"
class Box:
    def __init__(self): self.log = []
    def __getitem__(self, key):
        self.log.append(("get", key))
        if type(key) is int and key > 5: raise IndexError(key)  # iteration comes to an end
        return self.log if key == 0 else key
    def __setitem__(self, key, value): self.log.append(("set", key, value))
    def __delitem__(self, key): self.log.append(("del", key))
    def __iadd__(self, other): self.log.append(("iadd", other)); return self
    def __getattr__(self, name): raise AttributeError(name)
    def __repr__(self): return f"Box({self.log})"
class Bad:
    __match_args__ = 5
    def __repr__(self): return "Bad()"
class Odd:
    __match_args__ = ("x", 3)
    x = 1
    def __repr__(self): return "Odd()"
order = []
def o(n): order.append(n); return n
'''
NAMES = ["a", "b", "c", "d", "e"]


class Statements:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.count = 0

    def target(self, depth: int = 1) -> str:
        source = self.source
        kind = source.random()
        if kind < 0.6 or depth < 0:
            return source.pick(*NAMES)
        if kind < 0.7:
            return f"box[{source.pick('0', 'o(1)', source.slice(), '1, 2', 'a')}]"
        if kind < 0.75:
            return source.pick("point.x", "point.z", "a.x", "point.x.y")
        if kind < 0.82:
            return f"items[{source.pick(source.small(), source.slice())}]"
        return self.targets(depth)

    def targets(self, depth: int) -> str:
        source = self.source
        parts = [self.target(depth - 1) for _ in range(source.choice([1, 2, 2, 3, 4]))]
        if source.chance(0.4):
            place = source.randrange(len(parts))
            parts[place] = "*" + source.pick(*NAMES)
        text = ", ".join(parts)
        return f"[{text}]" if source.chance(0.4) else f"({text},)"

    def value(self) -> str:
        source = self.source
        return source.pick(*NAMES, source.value(2), source.iterable(2), source.tuple(2), source.list(2), "o(2)", "box", "point", "items", "(o(3), o(4))", "[[1, 2], [3, 4]]",
                           "((1, 2), 3)", "'ab'", "range(3)")

    def simple(self) -> str:
        source = self.source
        kind = source.random()
        if kind < 0.3:
            return f"{self.targets(1)} = {self.value()}"
        if kind < 0.4:
            return f"{self.target()} = {self.target()} = {self.value()}"
        if kind < 0.62:
            target = source.pick(*NAMES, "items[0]", "box[0]", "box[o(1)]", "point.x", "box", "items", "items[1:2]")
            operator = source.pick("+=", "-=", "*=", "//=", "/=", "%=", "|=", "&=", "^=", "<<=", ">>=", "@=", "+=", "+=")
            value = source.pick(source.small(), source.iterable(), source.string(), source.floating(), "[1]")
            if operator in ("*=", "<<="):
                value = source.small()
            return f"{target} {operator} {value}"
        if kind < 0.72:
            return f"del {source.pick(*NAMES, 'items[0]', f'items[{source.slice()}]', 'box[1]', 'box[1:2]', 'point.x', 'point.q', '(a, b)', '[c]', 'a.b', 'items[9]')}"
        if kind < 0.77:
            return f"{source.pick(*NAMES, 'point.x', 'box[1]', '(a)')}: {source.pick('int', 'undefined_name', 'list[int]')}{source.pick('', ' = 3', ' = ' + self.value())}"
        if kind < 0.84:
            return f"items[{source.slice()}] = {source.pick(source.iterable(), source.value())}"
        if kind < 0.9:
            return f"for {source.pick(self.target(), self.targets(1))} in {self.value()}: order.append({source.pick(*NAMES)})"
        if kind < 0.95:
            return f"assert {self.value()}, {self.value()}"
        return f"{source.pick(*NAMES)} = [{source.pick(*NAMES)} for {self.targets(0)} in {self.value()}]"

    def pattern(self, depth: int) -> str:
        source = self.source
        kind = source.random()
        if kind < 0.3 or depth <= 0:
            return source.pick("_", "1", "'a'", "None", "True", "-1", "1.5", "p", "q", "b'a'", "2 | 3", "'x' | None", "int()", "str(s)", "Point.__match_args__", "1+2j", "int(n)", "-0.0")
        self.count += 1
        name = f"n{self.count}"
        inner = [self.pattern(depth - 1) for _ in range(source.choice([0, 1, 2, 2, 3]))]
        star = source.pick("", "", f"*r{self.count}", "*_")
        if star:
            inner.insert(source.randint(0, len(inner)), star)
        if kind < 0.5:
            return f"[{', '.join(inner)}]"
        if kind < 0.58:
            return f"({', '.join(inner)}{',' if len(inner) == 1 else ''})"
        if kind < 0.75:
            pairs = [f"{key}: {self.pattern(depth - 1)}" for key in source.sample(["'a'", "1", "None", "-1", "'k'", "b'k'", "1.0", "True"], source.randint(0, 2))]
            if source.chance(0.4):
                pairs.append(f"**m{self.count}")
            return "{" + ", ".join(pairs) + "}"
        if kind < 0.9:
            cls = source.pick("Point", "Point", "int", "str", "list", "dict", "tuple", "float", "Bad", "Odd", "object", "a", "bool", "collections.OrderedDict", "bytes")
            parts = [self.pattern(depth - 1) for _ in range(source.choice([0, 1, 1, 2, 3]))]
            parts += [f"{attribute}={self.pattern(depth - 1)}" for attribute in source.sample(["x", "y", "z", "real"], source.choice([0, 0, 1, 2]))]
            return f"{cls}({', '.join(parts)})"
        if kind < 0.95:
            return f"({self.pattern(0)} | {source.pick('3', 'None', repr('z'))})"
        return f"{self.pattern(depth - 1)} as {name}"

    def match(self) -> List[str]:
        source = self.source
        subject = source.pick(self.value(), source.value(2), "Point(1, 'a')", "Point([1], {1: 2})", "{'a': 1, 'k': [1, 2]}", "[1, [2, 3]]", "(1, 2, 3)", "Odd()", "Bad()", "{1: 'a', None: 2}", "1", "True",
                              "range(2)", "'ab'", "b'ab'", "collections.deque([1, 2])", "{}", "[]")
        lines = [f"match {subject}:"]
        for _ in range(source.randint(1, 4)):
            guard = source.pick("", "", "", " if p", " if o(5) > 3", " if False")
            case = f"    case {self.pattern(source.choice([0, 1, 2, 3]))}{guard}: print({source.randint(0, 99)}, {{k: v for k, v in sorted(vars_().items()) if k[:1] in 'nrmpqs' and k not in seen}})"
            try:
                compile(f"match 1:\n{case}", "", "exec")
                compile("\n".join([*lines, case]), "", "exec")
            except SyntaxError:
                continue
            lines.append(case)
        return lines if len(lines) > 1 else ["pass"]

    def guarded(self, lines: List[str]) -> List[str]:
        return ["try:", *("    " + line for line in lines), "except Exception as error: print('!', type(error).__name__, error)"]


def program(source: Source, size: int) -> str:
    writer = Statements(source)
    lines = [HEAD]
    for number in range(1 + size // 25):
        lines += [f"def run{number}():", f"    a, b, c = {source.value()}, {source.small()}, {source.list()}", "    box, point, items = Box(), Point(1, [2]), [1, 2, 3, 4, 5, 6]",
                  "    vars_, seen = locals, ('point', 'run0', 'print')"]
        body: List[str] = []
        while len(body) < min(size, 25):
            chosen = writer.match() if source.chance(0.3) else [writer.simple()]
            text = "def f():\n" + "\n".join("    " + line for line in chosen)
            try:
                compile(text, "", "exec")
            except SyntaxError:
                lines.insert(1, f"show(exec, {chr(10).join(chosen)!r})")
                continue
            body += writer.guarded(chosen)
        lines += ["    " + line for line in body]
        lines += ["    print([(k, v) for k, v in sorted(locals().items()) if k not in ('vars_', 'seen')], order)", f"show(run{number})"]
    return "\n".join(lines) + "\n"
