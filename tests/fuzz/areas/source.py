"""Random source text of values: what all areas draw from. The same seed gives the same text."""

import random
from typing import Callable, Dict, List

INTEGERS = [
    "0", "1", "-1", "2", "3", "5", "7", "-7", "10", "16", "36", "37", "64", "100", "255", "256", "-256", "1000",
    "65535", "0x10FFFF", "0x110000", "2**31", "-2**31", "2**53 + 1", "2**62 - 1", "2**62", "-2**62", "-2**62 - 1",
    "2**63 - 1", "2**63", "-2**63", "-2**63 - 1", "2**64", "2**64 - 1", "10**18", "10**20", "-10**30", "3**70", "2**100",
    "-2**100", "2**1023", "2**1024", "10**400", "True", "False",
]
FLOATS = [
    "0.0", "-0.0", "1.0", "-1.0", "0.5", "1.5", "2.5", "-2.5", "0.1", "3.14159", "1e16", "1e17", "123456789.123", "1e-5",
    "1e-4", "1e22", "1e23", "1e100", "-1e100", "1.7976931348623157e308", "5e-324", "2.2250738585072014e-308", "1e300",
    "float('inf')", "float('-inf')", "float('nan')", "9007199254740993.0", "4611686018427387904.0", "9.5", "10.5", "0.15", "1234.5",
    "99999.5", "-1e-300", "2.675", "1e15", "12345678901234567.0",
]
COMPLEXES = ["1j", "0j", "-0j", "1+2j", "(1.5-2.5j)", "complex(0.0, -0.0)", "complex('nan')", "complex(float('inf'), 1)",
             "(1e20+1j)", "complex(-0.0, 2)", "3+0j"]
STRINGS = [
    "''", "'a'", "'abc'", "'Hello World'", "'  spaced  '", "'ABC'", "'aBc dEf'", "'123'", "'-12'", "'1.5'", "' 42 '", "'0x1f'", "'1_000'",
    "'a,b,,c'", "'a b  c'", "'line\\nline\\r\\nlast'", "'tab\\tx'", "'\\x00'", "'\\x7f\\x80'", "'é'", "'ß'", "'ǆ'", "'İ'", "'ŉ'", "'ﬁ'", "'Σ'", "'ΑΣ'",
    "'σς'", "'\\u2028x'", "'日本語'", "'😀'", "'a😀b'", "'\\U00010400'", "'𝟘𝟙'", "'٣'", "'²'", "'½'", "'Ⅷ'", "'e\\u0301'", "'\\ud800'",
    "'\\xad'", "'\\u3000'", "'\\'\"'", "'\"'", "\"'\"", "'\\\\'", "'{}'", "'{0} {1}'", "'{a}'", "'%s'", "'%d %s'", "'%(a)s'", "'nan'", "'inf'", "'1e5'",
    "'abcabcabc'", "'aaa'", "'b'", "'c'", "'bc'", "','", "' '", "'\\n'", "'xX'", "'identifier'", "'class'", "'1a'", "'_'", "'Title Case'",
    "'they\\'re bill\\'s'", "'1_'", "'0b101'", "'0o17'", "'+5'", "'- 5'", "'1j'", "'1+2j'", "'\\u0130stanbul'", "'\\x1c'", "'\\x85'",
    "'zé😀'", "'utf-8'", "'ascii'", "'latin-1'", "'strict'", "'ignore'", "'replace'", "'__len__'", "'real'", "'little'", "'big'",
]
BYTES = [
    "b''", "b'a'", "b'abc'", "b'Hello World'", "b'  x  '", "b'\\x00\\xff'", "b'123'", "b'a,b,,c'", "b'line\\nline\\r\\n'", "b'ABC'", "b'aBc'", "b'abcabc'",
    "b'\\x80'", "b'caf\\xc3\\xa9'", "b'\\''", "b'\"'", "b'%d'", "b'%s %b'", "bytearray(b'abc')", "bytearray(b'')", "bytearray(b'xyzxyz')",
    "memoryview(b'abcdef')", "b'0a ff'", "b' '", "b'\\t\\n'", "b','", "b'b'", "b'1_0'",
]
OTHERS = ["None", "...", "NotImplemented", "int", "str", "list", "len", "object", "ValueError", "print", "type", "BaseException"]
NAMES_OF_ERRORS = ["ValueError", "TypeError", "KeyError", "IndexError", "ZeroDivisionError", "RuntimeError", "OSError",
                   "AttributeError", "StopIteration", "LookupError", "ArithmeticError", "Exception", "AssertionError",
                   "NameError", "UnicodeError", "NotImplementedError", "EOFError", "ImportError", "SyntaxError"]


class Source(random.Random):
    """A seeded source of random text."""

    def pick(self, *choices: str) -> str:
        return choices[int(self.random() * len(choices))]

    def chance(self, probability: float) -> bool:
        return self.random() < probability

    def weighted(self, table: Dict[str, float]) -> str:
        return self.choices(list(table), list(table.values()))[0]

    def small(self) -> str:
        return str(self.randint(-3, 9))

    def integer(self) -> str:
        kind = self.random()
        if kind < 0.45:
            return self.small()
        if kind < 0.55:
            return str(self.randint(-300, 300))
        if kind < 0.62:
            return str(self.getrandbits(self.randint(10, 90)) * self.choice([1, -1]))
        text = self.pick(*INTEGERS)
        return f"({text})" if "*" in text or text.startswith("-") else text

    def floating(self) -> str:
        if self.chance(0.3):
            return repr(self.choice([-1, 1]) * round(self.random() * 10 ** self.randint(-3, 18), self.randint(0, 6)))
        return self.pick(*FLOATS)

    def complex(self) -> str:
        return self.pick(*COMPLEXES)

    def number(self) -> str:
        kind = self.random()
        if kind < 0.6:
            return self.integer()
        return self.floating() if kind < 0.9 else f"({self.complex()})"

    def string(self) -> str:
        kind = self.random()
        if kind < 0.7:
            return self.pick(*STRINGS)
        if kind < 0.85:
            return repr("".join(self.choices("abcABC xyz,.01", k=self.randint(0, 8))))
        return repr("".join(self.choices("aBß é\n😀'\"\\z1İσ\u0301\u2003\x1fǅ", k=self.randint(0, 6))))

    def bytes(self) -> str:
        if self.chance(0.2):
            return repr(bytes(self.choices(range(256), k=self.randint(0, 6))))
        return self.pick(*BYTES)

    def hashable(self, depth: int = 1) -> str:
        kind = self.random()
        if kind < 0.4:
            return self.integer()
        if kind < 0.5:
            return self.floating()
        if kind < 0.8:
            return self.string()
        if kind < 0.85 or depth <= 0:
            return self.pick("None", "True", "b'k'", "int", "...")
        return self.sequence("(", ")", self.hashable, depth - 1)

    def sequence(self, left: str, right: str, item: Callable[[int], str], depth: int) -> str:
        count = self.choice([0, 1, 2, 2, 3, 3, 4, 5])
        items = ", ".join(item(depth) for _ in range(count))
        return f"({items},)" if left == "(" and count == 1 else left + items + right

    def list(self, depth: int = 1) -> str:
        kind = self.random()
        if kind < 0.3:
            return self.sequence("[", "]", lambda _: self.small(), depth)
        if kind < 0.45:
            return self.sequence("[", "]", lambda _: self.string(), depth)
        return self.sequence("[", "]", self.value, depth - 1)

    def tuple(self, depth: int = 1) -> str:
        return self.sequence("(", ")", self.value, depth - 1)

    def set(self, depth: int = 1) -> str:
        # Only numbers: the order of strings differs from run to run.
        # Not a display of constants: CPython inserts those twice, which gives another order.
        text = self.sequence("[", "]", lambda _: self.integer(), depth)
        return f"{self.pick('set', 'set', 'frozenset')}({text})"

    def dict(self, depth: int = 1) -> str:
        count = self.choice([0, 1, 2, 3])
        items = ", ".join(f"{self.hashable(0)}: {self.value(depth - 1)}" for _ in range(count))
        return "{" + items + "}"

    def range(self) -> str:
        arguments = [self.small() for _ in range(self.randint(1, 3))]
        if self.chance(0.05):
            start = self.integer()
            return f"range({start}, {start} + {self.small()})"
        if arguments[-1] == "0" and len(arguments) == 3 and self.chance(0.9):
            arguments[-1] = "2"
        return f"range({', '.join(arguments)})"

    def slice(self) -> str:
        part = lambda: self.pick("", "", self.small(), self.small(), self.integer(), "None")  # noqa: E731
        text = f"{part()}:{part()}"
        return text + f":{part()}" if self.chance(0.4) else text

    def iterable(self, depth: int = 1) -> str:
        kind = self.random()
        if kind < 0.3:
            return self.list(depth)
        if kind < 0.5:
            return self.tuple(depth)
        if kind < 0.6:
            return self.string()
        if kind < 0.7:
            return self.range()
        if kind < 0.8:
            return self.dict(depth)
        if kind < 0.9:
            return self.set(depth)
        return self.pick(f"iter({self.list(depth)})", f"zip({self.string()}, {self.range()})", f"enumerate({self.string()})",
                         f"map(str, {self.list(depth)})", f"reversed({self.list(depth)})", f"(k for k in {self.list(depth)})")

    def value(self, depth: int = 1) -> str:
        """Anything at all."""
        kind = self.random()
        if kind < 0.3:
            return self.integer()
        if kind < 0.4:
            return self.floating()
        if kind < 0.58:
            return self.string()
        if kind < 0.64:
            return self.bytes()
        if kind < 0.68:
            return f"({self.complex()})"
        if kind < 0.78 or depth <= 0:
            return self.pick(*OTHERS)
        makers: List[Callable[[], str]] = [lambda: self.list(depth), lambda: self.tuple(depth), lambda: self.set(depth),
                                           lambda: self.dict(depth), self.range, lambda: self.iterable(depth),
                                           lambda: f"slice({self.small()}, {self.integer()})"]
        return self.choice(makers)()

    def kind(self, name: str, wrong: float = 0.06) -> str:
        """A value of the kind called `name`, now and then one of another."""
        if self.chance(wrong):
            return self.value()
        return getattr(self, name)()

    def error(self) -> str:
        return self.pick(*NAMES_OF_ERRORS)
