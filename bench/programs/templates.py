"""Text from templates: compiled to closures and joined, by generators, with %-formats, str.format and f-strings."""
import sys
from time import perf_counter

SCALE = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
ROUNDS = max(1, int(400 * SCALE))
TEMPLATE = """<h1>{{ title | upper }}</h1>
<table>{% for row in rows %}
<tr class="{% if row.odd %}odd{% else %}even{% end %}">{% for cell in row.cells %}<td>{{ cell | escape }}</td>{% end %}</tr>{% end %}
</table><p>{{ total }} rows</p>"""


def escape(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


FILTERS = {"upper": lambda value: value.upper(), "escape": lambda value: escape(str(value))}


def split(template):
    at, pieces = 0, []
    while True:
        starts = [place for place in (template.find("{{", at), template.find("{%", at)) if place >= 0]
        if not starts:
            pieces.append(("text", template[at:]))
            return pieces
        first = min(starts)
        if first > at:
            pieces.append(("text", template[at:first]))
        close = "}}" if template[first + 1] == "{" else "%}"
        end = template.index(close, first)
        pieces.append(("value" if close == "}}" else "tag", template[first + 2 : end].strip()))
        at = end + 2


def lookup(path):
    names = path.split(".")

    def get(context):
        value = context[names[0]]
        for name in names[1:]:
            value = value[name] if isinstance(value, dict) else getattr(value, name)
        return value
    return get


def compile_pieces(pieces):
    """Consumes pieces until an end or else; gives a list of functions (context, out) and the stopper."""
    actions = []
    while pieces:
        kind, text = pieces.pop(0)
        if kind == "text":
            actions.append(lambda context, out, text=text: out.append(text))
        elif kind == "value":
            path, *filters = [part.strip() for part in text.split("|")]
            actions.append(value_action(lookup(path), [FILTERS[name] for name in filters]))
        elif text in ("end", "else"):
            return actions, text
        elif text.startswith("for "):
            _, name, _, path = text.split()
            body, _ = compile_pieces(pieces)
            actions.append(loop_action(name, lookup(path), body))
        else:
            then, stopper = compile_pieces(pieces)
            otherwise = compile_pieces(pieces)[0] if stopper == "else" else []
            actions.append(choice_action(lookup(text[3:]), then, otherwise))
    return actions, None


def value_action(get, filters):
    def act(context, out):
        value = get(context)
        for each in filters:
            value = each(value)
        out.append(str(value))
    return act


def loop_action(name, get, body):
    def act(context, out):
        inner = dict(context)
        for item in get(context):
            inner[name] = item
            for each in body:
                each(inner, out)
    return act


def choice_action(get, then, otherwise):
    def act(context, out):
        for each in then if get(context) else otherwise:
            each(context, out)
    return act


def compiled(rows):
    actions, _ = compile_pieces(split(TEMPLATE))
    out = []
    context = {"title": "table", "rows": rows, "total": len(rows)}
    for action in actions:
        action(context, out)
    return "".join(out)


def generated(rows):
    def cells(row):
        for cell in row["cells"]:
            yield "<td>"
            yield escape(str(cell))
            yield "</td>"

    def page():
        yield "<h1>TABLE</h1>\n<table>"
        for row in rows:
            yield '\n<tr class="'
            yield "odd" if row["odd"] else "even"
            yield '">'
            yield from cells(row)
            yield "</tr>"
        yield "\n</table><p>"
        yield str(len(rows))
        yield " rows</p>"
    return "".join(page())


class Record:
    def __init__(self, level, name, arguments):
        self.level = level
        self.name = name
        self.arguments = arguments


def percent_lines(records):
    lines = []
    for i, record in enumerate(records):
        text = "%s is %d of %5.2f" % record.arguments
        lines.append("%(at)08.3f %(level)-8s [%(name)s] %(text)s" % {
            "at": i / 8, "level": record.level, "name": record.name, "text": text})
    return "\n".join(lines)


def format_lines(records):
    return "\n".join(
        "{:08.3f} {r.level:<8} [{r.name}] {text}".format(i / 8, r=r, text="{} is {} of {:5.2f}".format(*r.arguments))
        for i, r in enumerate(records)
    )


def f_string_lines(records):
    lines = []
    for i, record in enumerate(records):
        what, number, whole = record.arguments
        lines.append(f"{i / 8:08.3f} {record.level:<8} [{record.name}] {what} is {number} of {whole:5.2f}")
    return "\n".join(lines)


rows = [{"odd": bool(i % 2), "cells": [i * j if j % 3 else f"<{i}&{j}>" for j in range(8)]} for i in range(40)]
records = [Record(("DEBUG", "INFO", "WARNING")[i % 3], "app.part%d" % (i % 9), ("item", i, i * 0.5)) for i in range(400)]
texts = {}
for name, function, argument in (
    ("template-compiled", compiled, rows), ("template-yield", generated, rows), ("format-percent", percent_lines, records),
    ("format-method", format_lines, records), ("format-fstring", f_string_lines, records),
):
    start = perf_counter()
    for _ in range(ROUNDS):
        texts[name] = function(argument)
    print("TIME", name, perf_counter() - start, ROUNDS)
print("CHECK", len(set(texts.values())), [len(text) for text in texts.values()], texts["format-percent"][-60:])
