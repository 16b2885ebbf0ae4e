"""Methods of builtin types and builtin functions with random arguments, right and wrong ones."""

from .source import Source

RECEIVERS = {
    "integer": (int, 2), "floating": (float, 2), "complex": (complex, 1), "string": (str, 6), "bytes": (bytes, 4), "list": (list, 3), "tuple": (tuple, 1),
    "dict": (dict, 3), "set": (set, 3), "range": (range, 1), "view": (memoryview, 1), "slice_object": (slice, 1), "class_itself": (type, 1),
}
# Methods whose results depend on the process, or that say nothing.
LEFT_OUT = {"__hash__", "__sizeof__", "__dir__", "__reduce__", "__reduce_ex__", "__subclasses__", "__getstate__", "__init_subclass__",
            "__subclasshook__", "__class_getitem__", "__release_buffer__", "__buffer__", "__setattr__", "__delattr__", "__init__",
            "_from_flags", "__class__", "__doc__", "__new__", "__getattribute__", "mro", "__text_signature__", "__prepare__", "__annotations__"}

COMPARISONS = {"__lt__", "__le__", "__eq__", "__ne__", "__gt__", "__ge__"}

# How methods like to be called, as kinds of Source; "?" begins what may be left out.
STRING = {
    "center": "small ? string", "ljust": "small ? string", "rjust": "small ? string", "zfill": "small", "count": "string ? small small",
    "find": "string ? small small", "rfind": "string ? small small", "index": "string ? small small", "rindex": "string ? small small",
    "startswith": "string ? small small", "endswith": "string ? small small", "split": "? string small", "rsplit": "? string small",
    "splitlines": "? small", "partition": "string", "rpartition": "string", "replace": "string string ? small", "join": "strings",
    "strip": "? string", "lstrip": "? string", "rstrip": "? string", "encode": "? encoding errors", "expandtabs": "? small",
    "translate": "table", "removeprefix": "string", "removesuffix": "string", "format": "? value value", "__format__": "spec",
    "__mod__": "value", "__getitem__": "small", "__contains__": "string", "__mul__": "small", "__add__": "string",
    "__eq__": "string", "__lt__": "string", "maketrans": "string ? string string",
}
BYTES = {**{name: kinds.replace("strings", "chunks").replace("string", "bytes") for name, kinds in STRING.items()},
         "decode": "? encoding errors", "hex": "? string small", "fromhex": "string", "append": "integer", "extend": "bytes",
         "insert": "small integer", "remove": "integer", "pop": "? small", "translate": "bytes"}
LIST = {"append": "value", "extend": "iterable", "insert": "integer value", "remove": "small", "pop": "? integer", "index": "small ? small small",
        "count": "small", "sort": "", "__getitem__": "integer", "__setitem__": "small value", "__delitem__": "small", "__add__": "list",
        "__mul__": "small", "__iadd__": "iterable", "__imul__": "small", "__contains__": "value", "__eq__": "list", "__lt__": "list"}
DICT = {"get": "hashable ? value", "pop": "hashable ? value", "setdefault": "hashable ? value", "update": "dict", "fromkeys": "iterable ? value",
        "__getitem__": "hashable", "__setitem__": "hashable value", "__contains__": "hashable", "__or__": "dict", "__ior__": "dict"}
SET = {name: "iterable" for name in ("update", "union", "intersection", "difference", "symmetric_difference", "issubset", "issuperset", "isdisjoint")}
SET |= {name: "set" for name in ("__or__", "__and__", "__sub__", "__xor__", "__ior__", "__iand__", "__isub__", "__ixor__", "__lt__", "__le__", "__eq__")}
SET |= {"add": "hashable", "remove": "small", "discard": "hashable", "__contains__": "hashable"}
NUMBER = {"to_bytes": "small order", "from_bytes": "bytes order", "__pow__": "small ? small", "__round__": "? small", "__lshift__": "shift",
          "__rlshift__": "number", "__rpow__": "small ? small", "__format__": "spec", "fromhex": "string", "__truediv__": "number", "__floordiv__": "number",
          "__mod__": "number", "__divmod__": "number", "__add__": "number", "__mul__": "number", "__sub__": "number", "__lt__": "number",
          "__eq__": "number", "__and__": "integer", "__or__": "integer", "__xor__": "integer", "__rshift__": "shift"}
SIGNATURES = {"integer": NUMBER, "floating": NUMBER, "complex": NUMBER, "string": STRING, "bytes": BYTES, "list": LIST, "dict": DICT, "set": SET,
              "tuple": LIST, "range": LIST, "view": BYTES, "slice_object": {"indices": "integer"}}
FUNCTIONS = {
    "abs": "number", "all": "iterable", "any": "iterable", "ascii": "value", "bin": "integer", "bool": "value", "bytearray": "size", "bytes": "size",
    "callable": "value", "chr": "integer", "complex": "numeral ? number", "dict": "pairs", "divmod": "number number", "enumerate": "iterable ? integer",
    "filter": "function iterable", "float": "numeral", "format": "value ? spec", "frozenset": "numbers", "getattr": "value attribute ? value",
    "hasattr": "value attribute", "hex": "integer", "int": "numeral ? small", "isinstance": "value class_itself", "issubclass": "class_itself class_itself",
    "iter": "iterable", "len": "value", "list": "iterable", "map": "function iterable ? iterable", "max": "iterable ? value", "min": "iterable ? value",
    "next": "iterator ? value", "oct": "integer", "ord": "string", "pow": "number small ? small", "range": "small ? small small", "repr": "value",
    "reversed": "value", "round": "number ? small", "set": "numbers", "slice": "value ? value value", "sorted": "iterable", "str": "value ? encoding errors",
    "sum": "numbers ? value", "tuple": "iterable", "type": "value", "zip": "iterable ? iterable iterable", "hash": "number", "memoryview": "bytes",
    "int.from_bytes": "bytes order", "float.fromhex": "string", "bytes.fromhex": "string", "dict.fromkeys": "iterable ? value", "str.maketrans": "dict",
    "bytes.maketrans": "bytes bytes", "str.join": "string strings", "delattr": "value attribute", "eval": "code",
    "isinstance ": "value classes", "sorted ": "iterable", "object": "", "property": "value", "super": "value value", "classmethod": "value",
    "__import__": "missing", "compile": "code string string", "float.from_number": "number", "complex.from_number": "number",
}
KEYWORDS = ["key=str", "reverse=True", "key=len", "default=None", "sep='-'", "strict=True", "base=2", "start=5", "encoding='utf-8'", "errors='strict'",
            "maxsplit=1", "keepends=True", "key=None", "real=1", "imag=2", "signed=True", "byteorder='big'", "length=3", "a=1", "end=''",
            "tabsize=3", "old='a'", "exp=2", "mod=7", "number=1", "object=b''", "x=1", "iterable=[1]", "ndigits=1", "count=1"]
ATTRIBUTES = ["'real'", "'imag'", "'denominator'", "'__name__'", "'start'", "'append'", "'nothing'", "'__class__'", "'__doc__x'", "'numerator'", "'obj'", "'nbytes'", "'uper'",
              "'args'", "'apend'", "'stop'", "'__module__'", "'__qualname__'", "'é'"]


class Calls:
    def __init__(self, source: Source) -> None:
        self.source = source

    def of_kind(self, kind: str) -> str:
        """A value of a kind, now and then of another."""
        source = self.source
        if source.chance(0.07):
            return source.value()
        special = getattr(self, kind, None)
        return special() if special else getattr(source, kind)()

    def numeral(self) -> str:
        source = self.source
        return source.pick(source.string(), source.number(), source.bytes(),
                           repr(source.pick("", " ", "+", "-") + source.pick("0x", "0b", "0o", "") + str(source.randint(0, 999))),
                           repr(str(source.random()) + source.pick("", "e5", "e-3", "j", "_0", " ", "+1j", "e400")))

    def size(self) -> str:
        """What could be a length: never one that takes long."""
        return self.source.pick(self.source.small(), self.source.bytes(), self.source.iterable(), "-1", "2**63", "-2**70", "'a'", "None", "1.5")

    def order(self) -> str:
        return self.source.pick("'big'", "'little'", "'big'", "'little'", "'middle'")

    def shift(self) -> str:
        return str(self.source.randint(-2, 200))

    def encoding(self) -> str:
        return self.source.pick("'utf-8'", "'ascii'", "'latin-1'", "'utf-16'", "'utf-16-le'", "'utf-32-be'", "'utf-7'", "'UTF8'", "'rot13'", "'nope'",
                                "'unicode_escape'", "'raw_unicode_escape'", "'utf-8-sig'", "'punycode'")

    def errors(self) -> str:
        return self.source.pick("'strict'", "'ignore'", "'replace'", "'backslashreplace'", "'xmlcharrefreplace'", "'namereplace'", "'surrogateescape'",
                                "'surrogatepass'", "'nope'")

    def spec(self) -> str:
        from .formatting import format_spec

        return repr(format_spec(self.source))

    def strings(self) -> str:
        return self.source.sequence("[", "]", lambda _: self.source.string(), 1)

    def chunks(self) -> str:
        return self.source.sequence("[", "]", lambda _: self.source.bytes(), 1)

    def numbers(self) -> str:
        return self.source.sequence("[", "]", lambda _: self.source.number(), 1)

    def pairs(self) -> str:
        return self.source.pick(self.source.dict(), self.source.sequence("[", "]", lambda _: self.source.tuple(0), 1), self.source.iterable())

    def table(self) -> str:
        return "{" + ", ".join(f"{self.source.pick('97', '98', '66', repr('a'), '8364')}: {self.source.pick('None', repr('x'), '65', repr('yy'), '-1', '2**40')}"
                               for _ in range(3)) + "}"

    def function(self) -> str:
        return self.source.pick("str", "None", "bool", "lambda k: k", "lambda k, j: (k, j)", "int", "len", "lambda k: k + 1", "chr", "5")

    def iterator(self) -> str:
        return f"iter({self.source.iterable()})"

    def attribute(self) -> str:
        return self.source.pick(*ATTRIBUTES)

    def missing(self) -> str:
        return "'no ' + " + self.source.string()

    def code(self) -> str:
        return self.source.pick("'1+1'", "'x'", "'(1,'", "''", "'1 +'", "'lambda: 0'", "b'2'", "'[k for k in range(3)]'", "'  7'", "'a b'", "'yield'")

    def class_itself(self) -> str:
        return self.source.pick("int", "str", "float", "list", "object", "type", "bool", "dict", "bytes", "tuple", "set", "Exception", "range", "int | str",
                                "list[int]", "memoryview", "complex")

    def classes(self) -> str:
        return self.source.pick("(int, str)", "(int, (str, (bytes,)))", "()", "(1,)", "[int]", "int | None", "(list[int],)", "None", "type(None)")

    def view(self) -> str:
        return f"memoryview({self.source.bytes()})"

    def slice_object(self) -> str:
        return f"slice({self.source.value(0)}, {self.source.integer()}, {self.source.small()})"

    def arguments(self, kinds: str) -> str:
        source = self.source
        required, _, optional = kinds.partition("?")
        parts = [self.of_kind(kind) for kind in required.split()]
        for kind in optional.split():
            if source.chance(0.5):
                break
            parts.append(self.of_kind(kind))
        if source.chance(0.03) and parts:
            parts.pop()
        if source.chance(0.03):
            parts.append(source.value())
        if source.chance(0.08):
            parts.append(source.pick(*KEYWORDS))
        if source.chance(0.02):
            parts.append(source.pick("*[1, 2]", "**{'a': 1}", "*5", "**5", "*'ab'", "**{'sep': None}"))
        return ", ".join(parts)

    def method(self) -> str:
        source = self.source
        kind = source.weighted({name: weight for name, (_, weight) in RECEIVERS.items()})
        names = [name for name in dir(RECEIVERS[kind][0]) if name not in LEFT_OUT]
        if source.chance(0.7):
            names = [name for name in names if not name.startswith("__")] or names
        name = source.choice(names)
        if kind == "view" and name == "__iter__":  # apy iterates by __getitem__
            name = "tolist"
        receiver = self.of_kind(kind)
        if kind in ("string", "bytes") and name == "__hash__":
            name = "upper"
        kinds = SIGNATURES.get(kind, {}).get(name)
        if name in ("__mul__", "__rmul__", "__imul__") and kind not in ("integer", "floating", "complex"):
            return f"show(lambda: ({receiver}).{name}({source.small()}))"
        if kinds is None:
            kinds = source.pick("", "", "", "value", "value", "value value", "small", "small small", "string")
        call = f"{name}({self.arguments(kinds)})"
        shape = source.random()
        if shape < 0.75:
            receiver = f"({receiver})"
            return f"show(lambda: {receiver}.{call})"
        if shape < 0.85:
            # What it does to the receiver.
            return f"v = {receiver}\nshow(lambda: v.{call})\nshow(lambda: v)"
        if name in COMPARISONS and kind not in ("string", "bytes", "integer", "list", "tuple", "set"):
            return f"show(lambda: ({receiver}).{name}({self.arguments('value')}))"
        # By position only: apy does not tell a method found on a class from one found on an instance.
        arguments = ", ".join(part for part in [receiver, self.arguments(kinds)] if part)
        if "=" in arguments or "**" in arguments:
            return f"show(lambda: ({receiver}).{call})"
        return f"show(lambda: {RECEIVERS[kind][0].__name__}.{name}({arguments}))"

    def call(self) -> str:
        name = self.source.pick(*FUNCTIONS)
        text = f"{name.strip()}({self.arguments(FUNCTIONS[name])})"
        if name in ("enumerate", "filter", "iter", "map", "reversed", "zip") and self.source.chance(0.8):
            text = f"list({text})"
        return f"show(lambda: {text})"


def program(source: Source, size: int) -> str:
    calls = Calls(source)
    return "\n".join(calls.method() if source.chance(0.6) else calls.call() for _ in range(size)) + "\n"
