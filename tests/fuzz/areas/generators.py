"""Generators driven from outside: send, throw, close, yield from, return values, errors in them, and generators in expressions."""

from typing import List

from .source import Source

HEAD = '''
class Iterator:
    def __init__(self, n): self.n = n
    def __iter__(self): return self
    def __next__(self):
        self.n -= 1
        if self.n < 0: raise StopIteration("done")
        return self.n
class Full(Iterator):
    def send(self, value): print("send", value); return self.__next__()
    def throw(self, error, *more): print("throw", error if isinstance(error, type) else type(error)); return 99
    def close(self): print("closed")
def state(g): return g.gi_running, g.gi_frame is None, g.gi_yieldfrom is None, g.gi_suspended
'''


class Generators:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.count = 0

    def expression(self) -> str:
        source = self.source
        return source.pick(source.small(), source.value(0), "(yield 1)", "(yield)", "(yield a)", "(yield from [1, 2])", "a", "a", "(yield (yield 2))", f"(yield from f{max(1, self.count - 1)}(2))" if self.count > 1 else "3",
                           "(yield from Iterator(2))", "(yield from Full(2))", "[(yield 5)]", "sum(k for k in range(3))", "list(k for k in [a])", "(yield from iter(a))", "f'{(yield 6)}'", "(x := (yield 7))",
                           "(yield from (k for k in range(2)))", "(yield from 5)", "next(iter([]))", "(yield 1, 2)", "(yield 8) if (yield 9) else (yield 10)", "((yield 11), (yield 12))")

    def statement(self, depth: int) -> List[str]:
        source = self.source
        kind = source.random()
        if kind < 0.4 or depth <= 0:
            return [source.pick(f"a = {self.expression()}", f"print({self.expression()})", f"yield {source.pick('a', '1', 'a, 2', '')}", f"yield from {source.pick('[a, 2]', 'range(2)', 'Iterator(1)', 'Full(1)', repr('ab'))}",
                                f"x = yield from {source.pick('Iterator(1)', 'Full(3)', '()')}", "raise ValueError(a)", "raise StopIteration(4)", "1 / 0", "print('here', a)", f"return {self.expression()}", "raise GeneratorExit", "raise StopAsyncIteration", "raise KeyError('k') from None")]
        inner = lambda: ["    " + line for _ in range(source.choice([1, 1, 2])) for line in self.statement(depth - 1)]  # noqa: E731
        if kind < 0.65:
            lines = ["try:", *inner()]
            if source.chance(0.7):
                caught = source.pick("ValueError", "GeneratorExit", "Exception", "BaseException", "RuntimeError", "StopIteration", "(KeyError, ZeroDivisionError)")
                lines += [f"except {caught} as e:", "    print('caught', type(e).__name__, e)", *inner()]
                if source.chance(0.2):
                    lines += ["    raise"]
                if source.chance(0.2):
                    lines += ["else:", *inner()]
                return lines + (["finally:", "    print('finally')", *inner()] if source.chance(0.4) else [])
            return lines + ["finally:", "    print('finally')", *inner()]
        if kind < 0.85:
            return [source.pick("for k in range(3):", "for k in [1, 2]:", "for a in (yield from [4]) or [1]:", "for k in f1(2) if a else []:" if self.count > 1 else "for k in 'ab':"), *inner(), *(["    " + source.pick("break", "continue", "if k: break")] if source.chance(0.2) else [])]
        if kind < 0.95:
            return [f"if {source.pick('a', 'not a', '(yield 20)')}:", *inner(), *(["else:", *inner()] if source.chance(0.4) else [])]
        return ["with __import__('contextlib').suppress(ValueError, ZeroDivisionError):", *inner()]

    def definition(self) -> List[str]:
        while True:
            body = [line for _ in range(self.source.randint(1, 4)) for line in self.statement(2)]
            self.count += 1
            lines = [f"def f{self.count}(a=1):", *("    " + line for line in body), *([] if self.source.chance(0.5) else ["    yield a"])]
            lines.insert(1, "    if 0: yield")
            try:
                compile("\n".join(lines), "", "exec")
                return [*lines, f"f{self.count} = keep(f{self.count})"]
            except SyntaxError:
                self.count -= 1

    def drive(self) -> List[str]:
        source = self.source
        name = source.pick("g", "g", "h")
        error = source.pick("ValueError(5)", "ValueError", "KeyError('k')", "StopIteration(3)", "GeneratorExit", "GeneratorExit()", "5", "ZeroDivisionError", "RuntimeError('r')", "ValueError, 7", "ValueError, ValueError(8), None", "KeyboardInterrupt", "StopIteration", "int", "ValueError(1), 2", "ValueError, None, 5", "StopAsyncIteration()")
        call = source.pick("next({})", "next({})", "next({}, 'end')", f"{{}}.send({source.small()})", "{}.send(None)", f"{{}}.throw({error})", f"{{}}.throw({error})", "{}.close()", "list({})", "state({})", "sum({})", "[*{}]", "{}.send()", "{}.__next__()", "sorted({}, key=str)", "dict(zip({}, {}))",
                           "any({})", "iter({}) is {}", "type({}).__name__", "{}.__name__", "{}.__qualname__", "max({}, default=0)", "repr({})[:20]", "tuple(zip('ab', {}))", "(lambda *a: a)(*{})", "1 in {}").replace("{}", name)
        made = source.pick(f"f{source.randint(1, self.count)}({source.pick('', '0', '5', '[1]')})", f"f{source.randint(1, self.count)}()")
        kind = source.random()
        if kind < 0.12:
            return [f"{name} = {made}"]
        if kind < 0.18:
            return [f"{name} = keep(lambda: (print('item', k) or k for k in {made} if k {source.pick('!= 1', '', 'is not None')}))()".replace(" if k )", ")")]
        if kind < 0.23:
            return ["try:", f"    for k in {name}:", "        print(k)", f"        if k == {source.small()}: {source.pick('break', 'raise ValueError(k)', f'{name}.close()', f'{name}.throw(KeyError)', f'next({name})')}", "    else: print('else')", "except Exception as e: print(describe(e))"]
        if kind < 0.4:
            return [f"try: print({call})", "except BaseException as e: print(describe(e))"]
        return [f"try: print({call})", "except BaseException as e: print(type(e).__name__, e, getattr(e, 'value', None), type(e.__context__).__name__, type(e.__cause__).__name__)"]


def program(source: Source, size: int) -> str:
    writer = Generators(source)
    lines: List[str] = [HEAD]
    for _ in range(source.randint(1, 3)):
        lines += writer.definition()
    lines += ["g = f1()", f"h = f{writer.count}(2)"]
    while len(lines) < size + 20:
        lines += writer.drive()
    lines += ["for g in (g, h):", "    try: g.close()", "    except BaseException as e: print(type(e), e)"]
    return "\n".join(lines) + "\n"
