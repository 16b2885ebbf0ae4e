"""Functions with every kind of parameter, called rightly and wrongly; closures, global and nonlocal names, decorators."""

from typing import List

from .source import Source

NAMES = ["a", "b", "c", "d", "key", "x", "self", "args"]


def parameters(source: Source) -> str:
    names = source.sample(NAMES, source.randint(0, 5))
    parts: List[str] = []
    seen_default = False
    for _ in range(source.randint(0, len(names))):
        name = names.pop()
        seen_default = seen_default or source.chance(0.3)
        parts.append(f"{name}={source.value(1)}" if seen_default else name)
    if parts and source.chance(0.25):
        parts.insert(source.randint(1, len(parts)), "/")
    if source.chance(0.3):
        parts.append("*rest")
    elif names and source.chance(0.5):
        parts.append("*")
    if parts and parts[-1] in ("*", "*rest"):
        if parts[-1] == "*" and not names:
            parts.pop()
        for name in names:
            parts.append(name + (f"={source.small()}" if source.chance(0.5) else ""))
    if source.chance(0.25):
        parts.append("**named")
    return ", ".join(parts)


def arguments(source: Source) -> str:
    parts = []
    for _ in range(source.choice([0, 1, 1, 2, 2, 3, 4])):
        parts.append(source.pick(source.small(), source.small(), source.string(), source.value(1), f"*{source.tuple(0)}", f"*{source.value(0)}"))
    for name in source.sample(NAMES + ["rest", "named", "nope", "kay"], source.choice([0, 0, 1, 1, 2, 3])):
        parts.append(source.pick(f"{name}={source.small()}", f"{name}={source.small()}", f"**{{{name!r}: {source.small()}}}",
                                 source.pick("**5", "**None", "*None", "**{'a': 1, 'b': 2}")))
    star = [part for part in parts if part.startswith("**")]
    return ", ".join([part for part in parts if not part.startswith("**")] + star)


class Functions:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.count = 0

    def definition(self, indent: str = "", method: bool = False) -> List[str]:
        source = self.source
        self.count += 1
        names = parameters(source)
        if method:
            names = "this" + (", " + names if names and not names.startswith("/") else names.lstrip("/"))
        head = f"{indent}{source.pick('def', 'def', 'def', 'def', 'async def') if False else 'def'} f{self.count}({names}):"
        return [head, f"{indent}    return sorted(locals().items(), key=str)" if source.chance(0.8) else f"{indent}    return this" if method else f"{indent}    return a"]

    def lines(self) -> List[str]:
        source = self.source
        kind = source.random()
        if kind < 0.55:
            lines = self.definition()
            name = f"f{self.count}"
            return lines + [self.call(name) for _ in range(source.randint(2, 5))]
        if kind < 0.7:
            decorator = source.pick("", "", "    @staticmethod\n", "    @classmethod\n", "    @property\n")
            lines = ["class C:", *self.definition("    ", True)]
            lines[1] = decorator + lines[1]
            name = f"{source.pick('C()', 'C', 'C()')}.f{self.count}"
            return [lines[0], *lines[1:]] + [self.call(name) for _ in range(source.randint(1, 4))]
        if kind < 0.85:
            return self.closure()
        if kind < 0.92:
            name = f"lambda {parameters(source)}: locals()"
            return [f"show(lambda: ({name})({arguments(source)}))"]
        return self.attributes()

    def call(self, name: str) -> str:
        source = self.source
        text = f"{name}({arguments(source)})"
        return source.pick(f"show(lambda: {text})", f"show(lambda: {text})", f"show(lambda: repr({text}) + '')")

    def closure(self) -> List[str]:
        source = self.source
        self.count += 1
        name = f"outer{self.count}"
        lines = [f"def {name}(a, b={source.small()}):", f"    {source.pick('c', 'b', 'a')} = {source.small()}",
                 f"    def inner({source.pick('', 'a', 'b=a', 'c=b', '*a')}):"]
        which = source.pick("nonlocal a", "nonlocal b", "global a", "global g1", "pass", "pass")
        lines += [f"        {which}", f"        {source.pick('a', 'b', 'g1')} {source.pick('=', '+=', '=')} {source.pick('1', 'a', 'b', 'g1', '2')}"]
        lines += [f"        {source.pick('del a', 'pass', 'del b', 'pass', 'c', 'x = [a for _ in range(2)]', 'class K: y = b')}"]
        lines += [f"        return {source.pick('a', 'b', 'c', 'locals()', 'lambda: a', 'x', 'a, b')}"]
        if source.chance(0.3):
            lines.append(f"    {source.pick('del a', 'del b', 'a = 5', 'b += 1', 'inner.z = 1')}")
        lines += [f"    return inner({source.pick('', '', '3')}), a, sorted(locals())" if source.chance(0.6) else "    return inner"]
        text = "\n".join(lines)
        try:
            compile(text, "", "exec")
        except SyntaxError:
            return [f"show(lambda: exec({text!r}))"]
        call = f"{name}({source.small()})"
        return lines + [f"show(lambda: {call})" if "return inner(" in text else f"show(lambda: [{call}(), {call}()])", "show(lambda: g1)"]

    def attributes(self) -> List[str]:
        source = self.source
        lines = self.definition()
        name = f"f{self.count}"
        attribute = source.pick("__defaults__", "__kwdefaults__", "__name__", "__qualname__", "__code__.co_varnames", "__code__.co_argcount", "__annotations__",
                                "__dict__", "__code__.co_flags", "__code__.co_kwonlyargcount", "__code__.co_posonlyargcount", "nothing",
                                "__closure__", "__type_params__", "__wrapped__", "__doc__", "__code__.co_names", "__code__.co_freevars")
        value = source.pick("(1, 2)", "None", "{'a': 1}", "'new'", "5", "[]", "()")
        if not attribute.startswith("__code__"):
            lines += [f"def change(): {name}.{attribute} = {value}", "show(change)", f"show({name})", self.call(name)]
        return [*lines, f"show(lambda: {name}.{attribute})"]


def program(source: Source, size: int) -> str:
    writer = Functions(source)
    lines: List[str] = ["a, g1 = 'global a', 1"]
    while len(lines) < size:
        lines += writer.lines()
    return "\n".join(lines) + "\n"
