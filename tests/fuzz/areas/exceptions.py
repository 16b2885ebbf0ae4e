"""Exceptions: constructors and what they print, chaining, notes, groups and their splitting, except*, with and finally."""

from typing import List

from .source import Source

CLASSES = ["Exception", "ValueError", "KeyError", "OSError", "SyntaxError", "StopIteration", "SystemExit", "ImportError", "AttributeError", "NameError", "UnicodeDecodeError",
           "UnicodeEncodeError", "UnicodeTranslateError", "ExceptionGroup", "BaseExceptionGroup", "FileNotFoundError", "BlockingIOError", "IndexError", "AssertionError", "Mine",
           "Slotted", "BaseException", "IndentationError", "ModuleNotFoundError", "StopAsyncIteration", "KeyboardInterrupt", "MemoryError", "Loud", "OverflowError", "Warning",
           "EncodingWarning", "PermissionError", "UnboundLocalError", "MyGroup", "MyOSError"]
HEAD = '''
class Mine(ValueError):
    def __init__(self, *args, code=1): super().__init__(*args); self.code = code
class Slotted(Exception):
    __slots__ = ("x",)
class Loud(LookupError):
    def __str__(self): return f"loud {self.args}"
class MyGroup(ExceptionGroup):
    def derive(self, excs): return MyGroup(self.message + "!", excs)
class MyOSError(OSError):
    def __new__(cls, *args): return super().__new__(cls, *args)
class Suppress:
    def __init__(self, answer): self.answer = answer
    def __enter__(self): return self
    def __exit__(self, *info):
        print("exit", [i and (i.__name__ if isinstance(i, type) else str(i) if isinstance(i, BaseException) else "tb") for i in info])
        if isinstance(self.answer, type): raise self.answer("from exit")
        return self.answer
def look(function):
    try: e = function()
    except BaseException as error: print("!", type(error).__name__, attempt(str, error), error.args); return
    print(type(e).__name__, attempt(repr, e), attempt(str, e), getattr(e, "args", None))
    for name in ("errno", "strerror", "filename", "filename2", "msg", "lineno", "offset", "text", "end_lineno", "end_offset", "print_file_and_line", "value", "code", "name", "path", "name_from", "obj", "object",
                 "encoding", "start", "end", "reason", "message", "exceptions", "characters_written"):
        if hasattr(e, name): print("   ", name, attempt(getattr, e, name))
'''


def arguments(source: Source, name: str) -> str:
    if "Group" in name and source.chance(0.85):
        inner = ", ".join(exception(source, source.chance(0.3)) for _ in range(source.randint(0, 3)))
        return f"{source.string()}, {source.pick('[', '[', '(')}{inner}]".replace("(]", "()").replace(f"({inner}]", f"({inner},)" if inner else "()")
    if name.startswith("Unicode") and source.chance(0.8):
        obj = source.bytes() if "Decode" in name else source.string()
        # CPython 3.13.0 reads beyond the object where the positions are no positions.
        start, end = str(source.randint(0, 2)), str(source.randint(3, 9))
        return f"{obj}, {start}, {end}, 'reason'" if "Translate" in name else f"'ascii', {obj}, {start}, {end}, 'reason'"
    if name in ("OSError", "FileNotFoundError", "BlockingIOError", "PermissionError", "MyOSError") and source.chance(0.8):
        parts = [source.pick("2", "13", "11", "9999", "'x'", "None", "17", "-1", source.value()), source.pick("'no such'", "'text'", "None", source.value()),
                 source.pick("'file'", "b'file'", "5", "None", source.value()), source.pick("None", "0", source.value()), source.pick("'other'", "None")]
        return ", ".join(parts[: source.randint(1, 5)])
    if name in ("SyntaxError", "IndentationError") and source.chance(0.8):
        details = [source.pick("'f.py'", "None", "5"), source.pick("3", "None", "'x'"), source.pick("4", "None"), source.pick("'text here'", "None"), "5", "6", "7"]
        return f"'message', ({', '.join(details[: source.choice([0, 3, 4, 4, 5, 6, 7])])},)".replace("(,)", "()")
    parts = [source.value() for _ in range(source.choice([0, 0, 1, 1, 1, 2, 3]))]
    if source.chance(0.15):
        parts.append(source.pick("name='n'", "path='p'", "obj=5", "code=7", "name=None", "x=1", "name_from='q'"))
    return ", ".join(parts)


def exception(source: Source, deep: bool = False) -> str:
    name = source.pick(*CLASSES) if deep or source.chance(0.4) else source.pick("ValueError", "KeyError", "TypeError", "OSError", "Mine", "Loud")
    return f"{name}({arguments(source, name)})"


def group(source: Source, depth: int = 2) -> str:
    items = []
    for _ in range(source.randint(1, 3)):
        items.append(group(source, depth - 1) if depth and source.chance(0.4) else
                     source.pick("ValueError(1)", "KeyError('k')", "TypeError('t')", "OSError(2, 'x')", "Mine('m', code=3)", "Loud(5)", "IndexError()"))
    return f"{source.pick('ExceptionGroup', 'ExceptionGroup', 'MyGroup')}({source.string()}, [{', '.join(items)}])"


def condition(source: Source) -> str:
    return source.pick("ValueError", "KeyError", "(ValueError, TypeError)", "Exception", "LookupError", "OSError", "ExceptionGroup", "lambda e: isinstance(e, KeyError)",
                       "lambda e: len(e.args) > 1", "lambda e: True", "5", "'x'", "()", "(1,)", "MyGroup", "lambda e: 1 / 0")


class Exceptions:
    def __init__(self, source: Source) -> None:
        self.source = source

    def raising(self) -> str:
        source = self.source
        cause = source.pick("", "", "", f" from {source.pick('None', exception(source), 'KeyError', '5', 'e')}")
        return source.pick(f"raise {exception(source)}{cause}", f"raise {exception(source)}{cause}", f"raise {source.error()}{cause}", "raise", "1 / 0", "[][1]", "{}['k']", "undefined", "int('x')", "None.attribute",
                           "len(5)", "raise e", "raise 5", "raise int", f"raise {group(source)}", "pass", "'x' + 1", "import nothing_here", "from math import nothing",
                           "x = x_undefined + 1", "(1, 2, 3)[7]", "a, b = 1, 2, 3", "assert 0, 'text'", "next(iter([]))", "f(1)", "[].x", "e.add_note('n')", "e.__cause__ = KeyError(1)",
                           "e.__context__ = None", "raise type(e)('again')", "e.args = (7, 8)", "return 5", "e.add_note(5)", "raise e.with_traceback(None)", "del e")

    def block(self, depth: int, star: bool = False) -> List[str]:
        source = self.source
        lines: List[str] = []
        for _ in range(source.choice([1, 1, 2])):
            kind = source.random()
            if depth <= 0 or kind < 0.5:
                text = self.raising()
                lines.append("pass" if star and text.startswith("return") else text)
            elif kind < 0.8:
                lines += self.try_statement(depth - 1, star)
            elif kind < 0.93:
                lines += [f"with Suppress({source.pick('True', 'False', 'None', 'KeyError', 'False')}):", *self.indented(depth - 1, star)]
            else:
                lines += [f"for k in range(2):", *self.indented(depth - 1, star)]
        return lines

    def indented(self, depth: int, star: bool) -> List[str]:
        return ["    " + line for line in [f"print({self.source.randint(1, 99)})", *self.block(depth, star)]]

    def try_statement(self, depth: int, star: bool) -> List[str]:
        source = self.source
        lines = ["try:", *self.indented(depth, star)]
        grouped = source.chance(0.3)
        if source.chance(0.85):
            for _ in range(source.randint(1, 2)):
                caught = source.pick("ValueError", "KeyError", "(ValueError, TypeError)", "Exception", "LookupError", "OSError", "Mine", "ZeroDivisionError", "NameError", "5", "(KeyError, 5)", "ExceptionGroup")
                lines += [f"except{'*' if grouped else ''} {caught}{source.pick('', ' as e', ' as e', ' as other')}:", *self.indented(depth, star or grouped)]
            if source.chance(0.3):
                lines += ["else:", *self.indented(depth, star)]
            if source.chance(0.3):
                lines += ["finally:", *self.indented(depth, star)]
        else:
            lines += ["finally:", *self.indented(depth, star)]
        return lines

    def function(self, number: int) -> List[str]:
        source = self.source
        while True:
            body = self.try_statement(2, False)
            lines = [f"def f{number}(e=None):", *("    " + line for line in body)]
            try:
                compile("\n".join(lines), "", "exec")
                break
            except SyntaxError:
                continue
        return [*lines, f"try: print(f{number}({source.pick('', 'ValueError(3)', 'KeyError(1)', '')}))", "except BaseException as error: print(describe(error))"]

    def line(self) -> str:
        source = self.source
        kind = source.random()
        if kind < 0.4:
            return f"look(lambda: {exception(source, True)})"
        if kind < 0.6:
            return f"show(lambda: {group(source)}.{source.pick('split', 'subgroup', 'derive')}({condition(source)}))"
        if kind < 0.7:
            return f"show(lambda: describe({group(source)}.{source.pick('split', 'subgroup')}({condition(source)})))"
        if kind < 0.85:
            value = exception(source, True)
            name = source.pick("args", "__cause__", "__context__", "__traceback__", "__suppress_context__", "__notes__", "errno", "filename", "start", "msg", "value", "x", "name", "object", "exceptions", "code")
            return f"e = attempt(lambda: {value})\nshow(setattr, e, {name!r}, {source.value()})\nshow(lambda: e.{name})\nshow(lambda: (str(e), repr(e)))"
        return f"e = {exception(source)}\nshow(lambda: e.add_note({source.pick(source.string(), source.value())}))\nshow(lambda: (e.__notes__, e.__dict__, str(e)))"


def program(source: Source, size: int) -> str:
    writer = Exceptions(source)
    lines = [HEAD]
    while len(lines) < size:
        if source.chance(0.3):
            lines += writer.function(len(lines))
        else:
            text = writer.line()
            try:
                compile(text, "", "exec")
                lines.append(text)
            except SyntaxError:
                pass
    return "\n".join(lines) + "\n"
