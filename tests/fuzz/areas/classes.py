"""Classes: resolution order, super, descriptors, properties, slots, special methods with reflected and in-place forms, metaclasses,
__init_subclass__, __set_name__, subclasses of builtins, changes of classes while they are used."""

from typing import List

from .source import Source

HEAD = '''
log = []
calls = [0]
def bounded(error, value):
    calls[0] += 1
    if calls[0] > 20: calls[0] = 0; raise error
    return value
class Meta(type):
    def __new__(meta, name, bases, space, **named): log.append(("new", name, sorted(named))); return super().__new__(meta, name, bases, dict(space))
    def __init__(cls, name, bases, space, **named): super().__init__(name, bases, space)
    def __call__(cls, *args, **named): log.append(("call", cls.__name__)); return super().__call__(*args, **named)
    def __getattr__(cls, name): log.append(("meta", name)); raise AttributeError(name)
    def __len__(cls): return 7
    def __contains__(cls, item): return item == 1
    @property
    def shared(cls): return "meta " + cls.__name__
class Descriptor:
    def __get__(self, instance, owner=None): return ("get", instance is None, owner and owner.__name__)
    def __set_name__(self, owner, name): self.name = name; log.append(("name", owner.__name__, name))
class Data(Descriptor):
    def __set__(self, instance, value): log.append(("set", self.name, value))
    def __delete__(self, instance): log.append(("delete", self.name))
class SetOnly:
    def __set__(self, instance, value): instance.__dict__["so"] = value
class NoSet:
    __set__ = None
class Base:
    def __init_subclass__(cls, **named): log.append(("sub", cls.__name__, sorted(named)))
    def __init__(self, *args, **named): self.args = args; self.named = named
    def who(self): return "Base"
'''
BASES = ["object", "Base", "int", "str", "list", "dict", "tuple", "float", "Exception", "set", "bytes", "complex", "type", "frozenset", "bool", "Base", "object", "Meta", "property", "range",
         "slice", "BaseException", "ValueError", "bytearray", "memoryview", "NoneType_", "function_", "staticmethod", "super", "OSError", "zip"]
SPECIAL = ["add", "radd", "iadd", "sub", "rsub", "mul", "rmul", "eq", "lt", "gt", "le", "ne", "ge", "hash", "bool", "len", "getitem", "setitem", "delitem", "contains", "iter", "next", "call", "repr", "str",
           "format", "getattr", "getattribute", "setattr", "delattr", "index", "int", "float", "neg", "abs", "invert", "enter", "exit", "missing", "reversed", "round", "divmod", "rdivmod", "pow", "rpow", "ipow",
           "truediv", "floordiv", "mod", "and", "or", "rxor", "ixor", "lshift", "matmul", "imatmul", "rmatmul", "bytes", "complex", "length_hint", "instancecheck", "subclasscheck", "class_getitem", "dir", "trunc",
           "floor", "ceil", "new", "init", "set_name", "del_", "sizeof", "copy", "fspath", "get", "set", "mro_entries", "prepare", "init_subclass"]
RESULTS = ["NotImplemented", "5", "'text'", "self", "None", "True", "[1, 2]", "iter([1, 2])", "args", "1.5", "super().{name}(*args)", "1 / 0", "type(self)", "-1", "b'x'", "(1, 2)", "log.append('{name}')",
           "2**70", "False", "3j", "getattr(self, 'zz', 7)", "args[0]"]


class Classes:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.names: List[str] = []

    def method(self) -> List[str]:
        source = self.source
        name = f"__{source.pick(*SPECIAL)}__"
        if name == "__exit__" or source.chance(0.5) is None:
            name = "__exit__"
        result = source.pick(*RESULTS).replace("{name}", name)
        kind = source.random()
        if kind < 0.06:
            return [f"    {name} = {source.pick('None', '5', 'len', 'int', 'staticmethod(len)', 'classmethod(lambda c, *a: a)', 'property(lambda s: len)', 'lambda *a: a', 'Descriptor()', 'print')}"]
        if name in ("__next__", "__getitem__"):
            # Iteration must come to an end.
            result = f"bounded({'StopIteration' if name == '__next__' else 'IndexError'}, {result})"
        return [f"    def {name}(self, *args):{source.pick('', f' log.append({name!r});')} return {result}"]

    def member(self) -> List[str]:
        source = self.source
        kind = source.random()
        name = source.pick("x", "y", "value", "who", "so", "_x", "__secret")
        if kind < 0.4:
            return self.method()
        if kind < 0.5:
            return [f"    {name} = {source.pick('Descriptor()', 'Data()', 'SetOnly()', 'NoSet()', source.value())}"]
        if kind < 0.6:
            return [f"    def {name}(self, *args): return {source.pick('super().who()', 'super().' + name, '(' + repr(name) + ', args)', 'self.__secret', 'self.x', '__class__.__name__', 'super().__init__()')}"]
        if kind < 0.68:
            lines = ["    @property", f"    def {name}(self): return {source.pick('self._x', '1', '1 / 0', 'self.nothing')}"]
            if source.chance(0.5):
                lines += [f"    @{name}.{source.pick('setter', 'deleter')}", f"    def {source.pick(name, name, 'other')}(self, *v): log.append(('prop', v))"]
            return lines
        if kind < 0.76:
            return [f"    @{source.pick('classmethod', 'staticmethod')}", f"    def {name}(*args): return {source.pick('args', '[getattr(a, repr(0), a) for a in args]', 'len(args)')}"]
        if kind < 0.84:
            return [f"    __slots__ = {source.pick('()', repr(('x', 'y')), repr('x'), repr(['__dict__']), repr(('x', '__weakref__')), '5', repr(('1',)), repr(('x', 'x')), repr({'x': 'doc'}), repr(('__secret',)), repr(''))}"]
        if kind < 0.9:
            return [f"    __match_args__ = ('x',)" if source.chance(0.3) else f"    {name}: {source.pick('int', 'str')} = 1"]
        return [f"    {source.pick('__hash__ = None', '__eq__ = object.__eq__', '__doc__ = 5', '__module__ = 3', '__qualname__ = ' + repr('Q'), '__qualname__ = 5', 'x = y = 1', 'for k in range(2): pass', 'def x(self): return __class__', '__name__ = 7', '__class__ = int', 'del x', '__dict__ = 5', '__annotations__ = {}')}"]

    def definition(self) -> List[str]:
        source = self.source
        name = f"C{len(self.names)}"
        pool = self.names * 3 + BASES
        bases = [source.choice(pool) for _ in range(source.choice([0, 0, 1, 1, 1, 2, 2, 3]))]
        bases = [base for base in bases if base not in ("NoneType_", "function_")] or bases
        bases = [{"NoneType_": "type(None)", "function_": "type(lambda: 0)"}.get(base, base) for base in bases]
        extra = source.pick("", "", "", "", "metaclass=Meta", "flag=1", "metaclass=Meta, flag=2", "metaclass=type", "metaclass=len", "metaclass=lambda *a, **k: 5", "**{'flag': 3}")
        head = ", ".join(dict.fromkeys(bases) if source.chance(0.8) else bases)
        head = ", ".join(part for part in (head, extra) if part)
        lines = [f"class {name}({head}):" if head else f"class {name}:"]
        for _ in range(source.choice([0, 1, 2, 3, 4, 5])):
            lines += self.member()
        if len(lines) == 1:
            lines.append("    pass")
        self.names.append(name)
        return ["try:", *("    " + line for line in lines), f"except Exception as error: print('!', type(error).__name__, error); {name} = Base"]

    def instance(self) -> str:
        source = self.source
        name = source.pick(*self.names)
        return f"{name}({source.pick('', '', '', source.small(), source.string(), '[1, 2]', source.value(), '1, 2', 'a=1')})"

    def use(self) -> str:
        source = self.source
        cls, other = source.pick(*self.names), source.pick(*self.names)
        value = source.pick("i", "i", "i", "j", cls)
        operand = source.pick("i", "j", source.value(), source.small(), cls)
        text = source.pick(
            f"{value} {source.pick('+', '-', '*', '/', '//', '%', '&', '|', '^', '@', '<', '>', '==', '!=', '<=', '>=', 'in', 'not in', '<<')} {operand}",
            f"{operand} {source.pick('+', '-', '*', '/', '//', '&', '|', '^', '@', '<', '>', '==', '!=', 'in')} {value}",
            f"{source.pick('abs', 'len', 'bool', 'repr', 'str', 'int', 'float', 'list', 'iter', 'hash_', 'next', 'complex', 'reversed', 'round', 'bytes', 'sorted', 'dict', 'tuple', 'format', 'callable', 'vars', 'sum', 'divmod_', 'ascii', 'range', 'chr', 'hex', 'set', 'max', 'enumerate', 'any', 'bytearray', 'frozenset')}({value})".replace("hash_", "abs").replace("divmod_(", "divmod(1, "),
            f"{value}[{source.pick('0', source.slice(), repr('k'), '-1')}]", f"{value}({source.pick('', '1', 'x=1')})", f"-{value}", f"~{value}", f"+{value}", f"not {value}",
            f"{value}.{source.pick('x', 'y', 'value', 'who', 'who()', 'x()', '_x', '__dict__', 'so', 'args', 'real', '__class__.__name__', '_C0__secret', 'shared', 'nothing', '__slots__', '__doc__', '__module__', '__hash__', 'named', '__annotations__')}",
            f"[c.__name__ for c in {cls}.__mro__]", f"isinstance({value}, {other})", f"issubclass({cls}, {other})", f"{cls}.__bases__", f"[k for k in {value}]", f"format({value}, '>10')", f"'%s %d' % ({value}, {value})",
            f"super({cls}, {value}).{source.pick('who', 'x', '__init__', 'nothing')}{source.pick('', '()')}", f"type({value}).__name__", f"{cls}.{source.pick('__name__', '__qualname__', '__module__', '__basicsize__ > 0', '__dict__.keys() - {0} and 1', '__flags__ & 1024', 'mro()[-1]', '__base__', '__subclasses__()', '__type_params__', '__static_attributes__', '__firstlineno__')}",
            f"f'{{{value}!r:>20}}'", f"pow({value}, 2{source.pick('', ', 3')})", f"{{{value}: 1}}[{operand}]", f"getattr({value}, 'x', 5)", f"[*{value}]", f"print(**{value})", f"{{**{value}}}", f"{cls}[int]", f"{value} if {value} else 0", f"{value} and {operand}",
            f"dir({value})[-1:]", f"{value} is {value}", f"(lambda *a: a)(*{value})", f"[1, 2, 3][{value}]", f"'abc'.join({value})", f"[3, 1, 2].sort(key={value})", f"range(10)[{value}]", f"object.__repr__({value})[:5]",
            f"__import__('operator').index({value})", f"__import__('math').floor({value})", f"int.__add__({value}, 1)", f"str.upper({value})", f"object.__new__({cls})", f"type({cls}).__name__", f"{cls}.who(1)", f"{cls} | int", f"{cls} == {other}")
        return f"show(lambda: {text})"

    def change(self) -> List[str]:
        source = self.source
        cls, value = source.pick(*self.names), source.pick("i", "j", source.pick(*self.names))
        text = source.pick(
            f"{value}.{source.pick('x', 'y', 'value', 'so', 'new', 'who', '_x')} = {source.small()}", f"del {value}.{source.pick('x', 'y', 'value', 'so', 'who', '__doc__')}", f"i {source.pick('+=', '-=', '*=', '@=', '|=', '**=', '//=')} {source.small()}",
            f"i[{source.pick('0', repr('k'), ':')}] = {source.small()}", f"del i[{source.pick('0', repr('k'))}]", f"{cls}.__{source.pick(*SPECIAL)}__ = {source.pick('lambda *a: 5', 'None', 'lambda self, *a: self')}",
            f"i.__class__ = {cls}", f"{cls}.__bases__ = ({source.pick(*self.names)},)", f"{cls}.x = {source.pick('property(lambda s: 9)', 'Data()', '4')}", f"del {cls}.{source.pick('x', 'y', 'who', '__init__', '__slots__')}", f"{cls}.__name__ = {source.pick(repr('N'), '5')}",
            f"i.__dict__ = {source.pick('{}', '5', repr({'x': 8}))}", f"del i.__dict__", f"{cls}.__doc__ = 'd'", f"{cls}.__qualname__ = 'Q.N'", f"setattr({value}, {source.pick(repr('x'), '5', repr('a b'))}, 1)", "with i as w: print(w)", "for k in i: print(k); break", "i, j = j, i",
            f"{cls}.__abstractmethods__ = frozenset({source.pick('[]', repr(['x']))})", f"vars({value})['x'] = 77", f"match i:\n    case {cls}(x=v): print('m', v)\n    case _: pass", f"a, b = i", f"assert i, 'empty'", f"raise i", f"raise {cls}", f"global i; i = {cls}()")
        return ["try:", *("    " + line for line in text.split("\n")), "except Exception as error: print('!', type(error).__name__, error)"]


def program(source: Source, size: int) -> str:
    writer = Classes(source)
    lines: List[str] = [HEAD]
    for _ in range(source.randint(1, 4)):
        lines += writer.definition()
    while len(lines) < size:
        kind = source.random()
        if kind < 0.08:
            lines += writer.definition()
        elif kind < 0.2:
            lines += [f"{source.pick('i', 'j')} = attempt(lambda: {writer.instance()})", "show(lambda: i)"]
        elif kind < 0.85:
            lines.append(writer.use())
        else:
            text = writer.change()
            try:
                compile("\n".join(text), "", "exec")
                lines += text
            except SyntaxError:
                pass
    lines = [lines[0], "i = j = Base(0)", *lines[1:], "print(log)"]
    return "\n".join(lines) + "\n"
