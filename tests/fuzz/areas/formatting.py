"""Format specifications, f-strings, str.format and % of all kinds of values."""

from .source import Source


def format_spec(source: Source) -> str:
    """A format specification, sometimes a wrong one."""
    if source.chance(0.06):
        return source.pick("%Y", "zz", "10 ", ",,d", "_,", "#", "=^", "}", "5.", ".x", "<<<", "\u00e910", "010s", "5c", "!r", ".-1f", "9" * 20, "." + "9" * 12, " +d", "{}")
    parts = []
    if source.chance(0.35):
        parts.append(source.pick("", "", "*", " ", "0", "x", "é", "😀", "<", "-") + source.pick("<", ">", "^", "="))
    if source.chance(0.3):
        parts.append(source.pick("+", "-", " "))
    if source.chance(0.08):
        parts.append("z")
    if source.chance(0.15):
        parts.append("#")
    if source.chance(0.15):
        parts.append("0")
    if source.chance(0.5):
        parts.append(str(source.choice([0, 1, 2, 3, 5, 8, 10, 12, 15, 20, 30])))
    if source.chance(0.2):
        parts.append(source.pick(",", "_"))
    if source.chance(0.35):
        parts.append("." + str(source.choice([0, 1, 2, 3, 5, 6, 10, 15, 17, 20, 30])))
    parts.append(source.pick("", "", "", "d", "f", "e", "g", "s", "x", "X", "b", "o", "c", "n", "%", "E", "F", "G", "q", "r", "i"))
    return "".join(parts)


def percent_spec(source: Source, mapping: bool) -> str:
    text = "%"
    if mapping:
        text += source.pick("(a)", "(b)", "(a)", "(no)", "()", "((a))")
    text += "".join(source.pick("", "", "", flag) for flag in "#0- +")
    text += source.pick("", "", "3", "10", "15", "*", "0")
    text += source.pick("", "", ".2", ".0", ".10", ".*", ".")
    text += source.pick("", "", "", "l", "h")
    return text + source.pick("d", "s", "r", "f", "x", "c", "e", "g", "i", "o", "X", "a", "E", "G", "F", "u", "%", "b", "y", "d", "s")


def _value(source: Source) -> str:
    return source.pick(source.number(), source.number(), source.string(), source.value())


def _f_string(source: Source) -> str:
    quote = source.pick("'", '"', '"""')
    parts = []
    for _ in range(source.randint(1, 4)):
        kind = source.random()
        if kind < 0.25:
            parts.append(source.pick("text ", "{{", "}}", "é", "\\n", " ", "\\x41", "\\N{BULLET}", "a:b!r"))
            continue
        value = source.pick("a", "b", "c", "a, b", "a if b else c", "(lambda: a)()", "[a, b][0]", "{1: a}[1]", "a == b", "(q := a)", "f'{a}'", "'x' 'y'", "a<=b",
                            "*[a, b],", "a or b", "not a", "(a)", "str(a)", "a.real", "-1", "{1, 2}", "a[0]", "yield_")
        value = source.pick("", " ") + value + source.pick("", "", " ")
        if value.startswith("{"):
            value = " " + value
        parts.append("{" + value + source.pick("", "", "", "=", " = ") + source.pick("", "", "", "!r", "!s", "!a") + _spec_part(source) + "}")
    prefix = source.pick("f", "f", "rf", "F")
    return prefix + quote + "".join(parts) + quote


def _spec_part(source: Source) -> str:
    kind = source.random()
    if kind < 0.5:
        return ""
    if kind < 0.6:
        return source.pick(":{w}", ":{w}.{p}", ":>{w}", ":{'>'}{w}", ":{w!r}", ":{f'{w}'}", ":{w:{p}}", ":{a}")
    text = format_spec(source)
    return "" if set(text) & set("{}'\"\\") else ":" + text


def _str_format(source: Source) -> str:
    fields = []
    for _ in range(source.randint(1, 3)):
        name = source.pick("", "", "0", "1", "a", "b", "0.real", "a[0]", "a[k]", "7", "zz", "0[0]", "a.b", "0.", "[0]", "a[", "-1", " 0", "0 ", "a.real.imag", "99999999999999999999")
        conversion = source.pick("", "", "", "!r", "!s", "!a", "!x", "!", "!rr")
        spec = source.pick("", "", ":" + format_spec(source), ":{}", ":{w}", ":{0}", ":{:{}}")
        fields.append(source.pick("", "x", "{{", "}}", " ", "{", "}", "", "", "") + "{" + name + conversion + spec + "}")
    text = repr("".join(fields))
    return f"{text}.format({_value(source)}, {_value(source)}, a={_value(source)}, b={_value(source)}, w={source.pick('10', '3', repr('>5'))})"


def _percent(source: Source) -> str:
    mapping = source.chance(0.25)
    count = source.randint(1, 3)
    text = "".join(percent_spec(source, mapping) + source.pick("", " ", "%%", "é", "|") for _ in range(count))
    if source.chance(0.05):
        text += source.pick("%", "%(", "%(a", "%.", "%5")
    prefix = source.pick("", "", "", "b")
    if prefix == "b":
        text = text.encode("ascii", "ignore").decode()
    if mapping:
        arguments = source.pick(f"{{'a': {_value(source)}, 'b': {_value(source)}, '': 5}}", f"{{b'a': {_value(source)}, b'b': 1}}", _value(source))
    elif source.chance(0.8):
        count = max(0, count + text.count("*") - text.count("%%") + (source.randint(-1, 1) if source.chance(0.15) else 0))
        arguments = "(" + "".join(_value(source) + ", " for _ in range(count)) + ")"
    else:
        arguments = f"({_value(source)})"
    return f"{prefix}{text!r} % {arguments}"


def program(source: Source, size: int) -> str:
    lines = [f"a, b, c, w, p = {_value(source)}, {_value(source)}, {_value(source)}, {source.pick('5', '10', '0', '20')}, {source.pick('2', '0', '7')}"]
    while len(lines) < size:
        kind = source.random()
        if kind < 0.3:
            lines.append(f"show(lambda: format({_value(source)}, {format_spec(source)!r}))")
        elif kind < 0.5:
            lines.append(f"show(lambda: {_str_format(source)})")
        elif kind < 0.75:
            lines.append(f"show(lambda: {_percent(source)})")
        else:
            text = f"show(lambda: {_f_string(source)})"
            try:
                compile(text, "", "exec")
            except (SyntaxError, ValueError):
                # One wrong f-string would hide all that follows: it is compiled by itself.
                text = f"show(eval, {text[13:-1]!r})"
            lines.append(text)
        if source.chance(0.1):
            lines.append(f"{source.pick('a', 'b', 'c')} = {_value(source)}")
    return "\n".join(lines) + "\n"
