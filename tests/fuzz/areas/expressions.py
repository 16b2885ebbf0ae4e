"""Nested expressions over variables of all kinds: operators, comparisons, displays, comprehensions, slices, calls."""

from .source import Source

OPERATORS = ["+", "-", "*", "/", "//", "%", "&", "|", "^", "@"]
COMPARISONS = ["<", ">", "<=", ">=", "==", "!=", "in", "not in", "is", "is not"]
NAMES = ["a", "b", "c", "d", "e"]
HEAD = '''
class Item:
    def __init__(self, n): self.n = n
    def __repr__(self): return f"Item({self.n})"
    def __getattr__(self, name): return name if name[0] == "x" else object.__getattribute__(self, name)
    def __getitem__(self, key):
        if type(key) is int and key > 5: raise IndexError(key)  # iteration comes to an end
        return key
    def __call__(self, *args, **named): return args, named
    def __bool__(self): log.append("bool"); return self.n % 2 == 0
    def __eq__(self, other): log.append("eq"); return self.n == getattr(other, "n", other)
    __hash__ = None
    def __lt__(self, other): log.append("lt"); return NotImplemented if self.n == 3 else self.n < 2
    def __add__(self, other): log.append("add"); return other if self.n else NotImplemented
    def __radd__(self, other): log.append("radd"); return ("radd", other)
    def __len__(self): return self.n - 1
    def __index__(self): return self.n
    def __contains__(self, item): return item
log = []
def f(*args, **named): log.append("f"); return args or None
def g(x=1, *, key=None): log.append("g"); return x
'''


class Expressions:
    """Writes expressions."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.names = list(NAMES)

    def atom(self) -> str:
        source = self.source
        return source.pick(source.choice(self.names), source.choice(self.names), source.value(1), source.small(), "Item(1)", "Item(0)", "Item(3)", source.string())

    def any(self, depth: int) -> str:
        source = self.source
        if depth <= 0 or source.chance(0.12):
            return self.atom()
        return getattr(self, source.weighted({
            "binary": 6, "comparison": 4, "boolean": 3, "unary": 2, "conditional": 2, "display": 4, "subscript": 5, "call": 4, "comprehension": 2,
            "walrus": 1, "function": 1, "method": 3, "attribute": 1, "power": 1, "repeat": 1, "shift": 1}))(depth - 1)

    def binary(self, depth: int) -> str:
        source = self.source
        if source.chance(0.4):
            return f"({source.number()} {source.pick(*OPERATORS)} {source.number()})"
        return f"({self.any(depth)} {source.pick(*OPERATORS[:9])} {self.any(depth)})".replace(" * ", " + ")

    def repeat(self, depth: int) -> str:
        return self.source.pick(f"({self.source.iterable()} * {self.source.small()})", f"({self.source.small()} * {self.source.string()})")

    def shift(self, depth: int) -> str:
        return f"({self.source.integer()} {self.source.pick('<<', '>>')} {self.source.randint(-2, 130)})"

    def power(self, depth: int) -> str:
        return f"({self.source.number()} ** {self.source.pick(self.source.small(), '0.5', '-1', '1j', '63', '-0.5', '2.0')})"

    def comparison(self, depth: int) -> str:
        source = self.source
        text = self.any(depth)
        for _ in range(source.choice([1, 1, 1, 2, 3])):
            operand = self.any(depth)
            operator = source.pick(*COMPARISONS)
            # Which equal constants are one object is nobody's business.
            if operator.startswith("is"):
                operand = source.pick("None", "True", "...", source.choice(self.names))
                if operand in self.names:
                    operator = source.pick("==", "!=")
            text += f" {operator} {operand}"
        return f"({text})"

    def boolean(self, depth: int) -> str:
        operator = self.source.pick(" and ", " or ")
        return "(" + operator.join(self.any(depth) for _ in range(self.source.choice([2, 2, 3]))) + ")"

    def unary(self, depth: int) -> str:
        return f"({self.source.pick('-', '+', '~', 'not ', '-', 'not ')}{self.any(depth)})"

    def conditional(self, depth: int) -> str:
        return f"({self.any(depth)} if {self.any(depth)} else {self.any(depth)})"

    def display(self, depth: int) -> str:
        source = self.source
        items = [source.pick("", "", "", "*") + self.any(depth) for _ in range(source.randint(0, 4))]
        kind = source.random()
        if kind < 0.4:
            return f"[{', '.join(items)}]"
        if kind < 0.65:
            return f"({', '.join(items)}{',' if len(items) == 1 else ''})"
        if kind < 0.75:
            return "{" + source.small() + ", *[" + "".join(source.integer() + ", " for _ in items) + "]}"
        pairs = [source.pick(f"{source.hashable(0)}: {self.any(depth)}", f"{self.any(0)}: {self.any(depth)}", f"**{source.pick(source.dict(), self.any(0))}")
                 for _ in items]
        return "{" + ", ".join(pairs) + "}"

    def subscript(self, depth: int) -> str:
        source = self.source
        base = source.pick(self.any(depth), source.list(), source.tuple(), source.string(), source.dict(), source.range(), source.bytes(), "Item(2)")
        index = source.pick(source.slice(), source.slice(), source.small(), source.integer(), self.any(0), f"{source.small()}, {source.slice()}", f"*{source.tuple(0)}, 1")
        return f"({base})[{index}]"

    def call(self, depth: int) -> str:
        source = self.source
        names = ["f", "g", "len", "str", "sum", "sorted", "max", "min", "abs", "list", "tuple", "repr", "bool", "type", "any", "all", "Item(2)", "int", "float",
                 "dict", "ascii", "divmod", "round", "isinstance", "reversed", "enumerate", "zip", "iter", "next", "callable", "range"]
        name = source.pick(*names)
        parts = []
        for _ in range(source.choice([0, 1, 1, 1, 2, 2, 3])):
            value = self.any(depth)
            parts.append(source.pick(value, value, value, value, value, f"*{value}", f"key={value}", f"**{{'key': {value}}}", f"x={value}", f"**{self.any(0)}"))
        if name == "range":
            parts = [source.small() for _ in parts]
        parts.sort(key=lambda part: 1 if "=" in part[:4] and part[0].isalpha() else 2 if part.startswith("**") else 0)
        text = f"{name}({', '.join(parts)})"
        return f"list({text})" if name in ("reversed", "enumerate", "zip") else text

    def comprehension(self, depth: int) -> str:
        source = self.source
        name = source.pick("a", "q", "q", "r")
        outer = list(self.names)
        first = source.pick(source.list(), source.range(), source.string(), self.any(0))
        self.names = [*outer, name, name]
        condition = f" if {self.any(depth - 1)}" if source.chance(0.3) else ""
        inner = f" for s in {self.any(0)}" if source.chance(0.2) else ""
        value = self.any(depth - 1)
        self.names = outer
        clause = f"for {name} in {first}{condition}{inner}"
        return source.pick(f"[{value} {clause}]", f"[{value} {clause}]", f"list({value} {clause})", f"tuple({value} {clause})",
                           "{" + f"repr({value}): {name} {clause}" + "}", f"len({{repr({value}) {clause}}})", f"any({value} {clause})")

    def walrus(self, depth: int) -> str:
        return f"({self.source.pick('a', 'b', 'w')} := {self.any(depth)})"

    def function(self, depth: int) -> str:
        source = self.source
        outer = list(self.names)
        parameters = source.pick("x", "x, y=2", "*x", "**x", "x, /", "*, x=1", "a", "x=a")
        self.names = [*outer, "x" if parameters != "a" else "a"]
        body = self.any(depth)
        self.names = outer
        return f"(lambda {parameters}: {body})({source.pick(self.any(0), self.any(0), '', 'x=1', '*[1]')})"

    def method(self, depth: int) -> str:
        source = self.source
        text = self.any(depth)
        return source.pick(f"{source.string()}.join(map(str, {source.iterable()}))", f"str({text}).upper()", f"repr({text})[{source.slice()}]", f"f'{{{self.any(0)}!r:>8}}'",
                           f"({source.list()}).index({source.small()})", f"({text}).count({self.any(0)})", f"({source.dict()}).get({self.any(0)}, {self.any(0)})",
                           f"({source.string()}).split({source.string()})", f"({source.string()}).find({source.string()})", f"'%s' % ({text},)")

    def attribute(self, depth: int) -> str:
        return f"({self.any(depth)}).{self.source.pick('real', 'xyz', 'n', 'imag', 'start', '__class__.__name__', 'nothing', 'numerator', 'args')}"


def compiles(text: str) -> bool:
    try:
        compile(text, "", "exec")
        return True
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False


def program(source: Source, size: int) -> str:
    writer = Expressions(source)
    lines = [HEAD] + [f"{name} = {source.value(2)}" for name in NAMES]
    while len(lines) < size:
        text = writer.any(source.choice([1, 2, 2, 3]))
        if source.chance(0.15):
            text = f"{source.choice(NAMES)} = attempt(lambda: {text})"
        else:
            text = f"show(lambda: {text})"
        if compiles(text):
            lines.append(text)
        if source.chance(0.2):
            lines.append("print(log); log.clear()")
    lines.append("print(log)")
    return "\n".join(lines) + "\n"
