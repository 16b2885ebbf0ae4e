"""Containers that change while they are iterated, sorted, compared, printed or searched."""

from typing import List

from .source import Source

HEAD = '''
class Evil:
    """Runs an action when it is looked at."""
    def __init__(self, n, *actions): self.n, self.actions = n, actions; self.left = 3
    def act(self, name):
        if self.left > 0:
            self.left -= 1
            for action in self.actions: action()
        log.append(name)
    def __eq__(self, other): self.act("eq"); return self.n == getattr(other, "n", other)
    def __lt__(self, other): self.act("lt"); return self.n < getattr(other, "n", other)
    def __gt__(self, other): self.act("gt"); return self.n > getattr(other, "n", other)
    def __hash__(self): self.act("hash"); return self.n % 4
    def __repr__(self): self.act("repr"); return f"E{self.n}"
    def __index__(self): self.act("index"); return self.n
    def __bool__(self): self.act("bool"); return bool(self.n)
    def __iter__(self): self.act("iter"); return iter([self.n, self.n + 1])
    def __len__(self): self.act("len"); return self.n
    def __str__(self): self.act("str"); return f"e{self.n}"
    def __int__(self): self.act("int"); return self.n
    def __float__(self): self.act("float"); return float(self.n)
    def __format__(self, spec): self.act("format"); return f"<{self.n}{spec}>"
    def __length_hint__(self): self.act("hint"); return 2
log = []
'''
ACTIONS = {
    "x": ["x.append(9)", "x.clear()", "x.pop()", "x.insert(0, 8)", "x.extend([1, 2])", "x.reverse()", "x.sort(key=id_)", "x.__setitem__(0, 5)", "x.__delitem__(0)", "x.__imul__(2)", "x.remove(1)",
          "x.__delitem__(slice(1, 3))", "x.__setitem__(slice(0, 1), [7, 7, 7])", "x.__iadd__(x[:3])"],
    "d": ["d.pop(1, 0)", "d.clear()", "d.__setitem__('new', 1)", "d.__setitem__(1, 2)", "d.popitem()", "d.update({5: 6, 7: 8})", "d.setdefault(3, 4)", "d.__delitem__(1)", "d.__setitem__(len(d), 0)",
          "d.__ior__({'q': 1})"],
    "s": ["s.add(99)", "s.discard(1)", "s.clear()", "s.pop()", "s.update(range(20))", "s.add(1)", "s.remove(2)", "s.intersection_update([1, 2])"],
    "b": ["b.append(5)", "b.clear()", "b.extend(b'xyz')", "b.pop()", "b.__delitem__(0)", "b.insert(0, 1)"],
}


class Mutations:
    def __init__(self, source: Source) -> None:
        self.source = source

    def action(self, name: str = "") -> str:
        name = name or self.source.pick("x", "x", "d", "s", "b")
        return self.source.pick(*ACTIONS[name]).replace("id_", "str")

    def evil(self, name: str = "") -> str:
        name = name or self.source.pick("x", "b")
        actions = ", ".join(f"lambda: {self.action(name)}" for _ in range(self.source.choice([1, 1, 2])))
        return f"Evil({self.source.randint(0, 5)}, {actions})"

    def setup(self) -> str:
        source = self.source
        # How often the keys of a table that changes meanwhile are compared is nobody's business.
        item = lambda name: source.pick(source.small(), source.small(), self.evil("b" if name in "ds" else name))  # noqa: E731
        return source.pick(f"x = [{', '.join(item('x') for _ in range(source.randint(0, 6)))}]", f"d = {{{', '.join(item('d') + ': ' + item('d') for _ in range(source.randint(0, 5)))}}}",
                           f"s = {{1, {', '.join(item('s') for _ in range(source.randint(0, 5)))}}}", f"b = bytearray({source.pick(repr(b'abcdef'), 'range(8)', '3')})", f"y = [{', '.join(item('x') for _ in range(source.randint(0, 5)))}]")

    def loop(self) -> List[str]:
        source = self.source
        name = source.pick("x", "d", "s", "b")
        over = source.pick(name, name, f"enumerate({name})", f"zip({name}, {name})", f"reversed({source.pick('x', 'd', 'b')})", f"iter({name})", "d.items()", "d.values()", "reversed(d.items())", "map(str, x)", "filter(None, x)", "(k for k in x)", "x[:]", "list(d)", "memoryview(b)")
        return ["try:", "    count = 0", f"    for k in {over}:", "        count += 1", "        if count > 12: break", f"        print(k if type(k) is not Evil else 'evil')", f"        {source.pick('if count % 2: ', '', 'if count == 2: ')}{self.action(source.pick(name, name, 'x', 'd'))}",
                "    else: print('else')", "except Exception as e: print('!', type(e).__name__, e)"]

    def operation(self) -> str:
        source = self.source
        evil = self.evil()
        text = source.pick(
            "x.sort()", "sorted(x)", "x == y", "x < y", f"x.index({evil})", f"x.count({evil})", f"x.remove({evil})", f"{evil} in x", "repr(x)", "x + y", f"x[{evil}]", f"x[{evil}:]", f"x[:{evil}]", f"x.insert({evil}, 3)", f"x.pop({evil})", "list(map(bool, x))", f"x.sort(key=lambda k: ({self.action('x')}, k)[1])",
            f"x.sort(key=lambda k: {self.action('x')})", "x.extend(y)", "x.extend(k for k in x[:5])", f"d[{evil}]", f"d.get({evil})", f"d.pop({evil}, None)", f"d.__setitem__({evil}, 1)", f"d.__delitem__({evil})", f"d.setdefault({evil}, 1)", "repr(d)", "d == dict(d)", "dict(d) == d", f"d.update({{{evil}: 1}})", f"d | {{{evil}: 1}}", "d.copy() and 1",
            f"s.add({evil})", f"{evil} in s", f"s.discard({evil})", f"s | {{{evil}}}", f"s & {{{evil}, 1}}", f"s - {{{evil}}}", f"s == {{{evil}}}", f"s.update([{evil}])", "sorted(s, key=str)", f"s.issubset([{evil}, 1])", f"s.remove({evil})", f"s ^ {{{evil}}}", f"s.difference_update([{evil}])", f"max(x)", "min(x, key=str)", "sum(map(int, x))",
            f"b[{evil}]", f"b.insert({evil}, 1)", f"b.append({evil})", f"b.extend([{evil}])", f"b.find({evil})", f"bytes([{evil}, 1])", f"bytearray(x)", f"b[{evil}:] + b", f"b.__setitem__(slice(0, {evil}), b'zz')", f"b.__setitem__({evil}, {evil})", f"memoryview(b)[{evil}]", f"range({evil}, 9)", f"[1, 2, 3][{evil}:{evil}]", f"'abc'[{evil}]", f"'x' * {evil}", f"x * {evil}",
            f"f'{{{evil}}} {{x}}'", f"'%s %r' % ({evil}, x)", f"'{{}} {{!r}}'.format({evil}, x)", f"str.join('', map(str, x))", f"dict.fromkeys(x, 1)", f"set(x)", "tuple(x)", "list(reversed(x))", "x[::2]", f"x.__setitem__(slice(None, None, 2), [{evil}, 1])", "x.__setitem__(slice(0, 2), (k for k in x))", f"x.__setitem__(slice({evil}, {evil}), y)", "x.__iadd__(x)", f"any(x)", f"all(x)", f"int({evil})", f"float({evil})", f"hash(({evil}, 1)) and 1", f"[*{evil}, *x]", f"({evil}, 1) == (1, 1)", f"print(*x, sep='|')",
            f"list(zip(x, y, strict=True))", f"isinstance({evil}, type(x))", f"divmod(7, int({evil}))", f"slice({evil}, 9).indices({evil})", f"x.__delitem__({evil})", f"x.__delitem__(slice({evil}, None))", f"(5).to_bytes({evil}, 'big')", f"round(1.5, {evil})", f"[y, x] == [x, y]", f"{{1: x}} == {{1: y}}", f"d.items() == {{{evil}: 1}}.items()", f"d.keys() & [{evil}]", f"({evil}, 1) in d.items()", f"d.keys() - x", f"b.join([b, b])", f"b.translate(None, b)", f"b.replace(b'a', b)", f"b.count({evil})", f"{evil} in b", f"b += b", f"x.copy()")
        if text == "b += b":
            return "b += b[:4]"
        return f"show(lambda: {text})"


def program(source: Source, size: int) -> str:
    writer = Mutations(source)
    start = ["x, y, d, s, b = [3, 1, 2, 1], [1, 2], {1: 2, 2: 3, 'k': 4}, {1, 2, 3}, bytearray(b'abc')"]
    lines: List[str] = [HEAD, *start, writer.setup()]
    while len(lines) < size:
        kind = source.random()
        if kind < 0.15:
            lines += ["try:", "    " + writer.setup(), "except Exception as e: print('!', type(e).__name__, e)"]
        elif kind < 0.3:
            lines += writer.loop() + ["print(len(x), len(d), len(s), len(b))"]
        elif kind < 0.35:
            lines += start
        else:
            lines.append(writer.operation())
        if source.chance(0.1):
            lines.append("del x[50:], y[50:], b[50:]; print(log); log.clear()")
    return "\n".join(lines) + "\n"
