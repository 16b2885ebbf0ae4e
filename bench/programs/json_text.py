"""JSON to text and back, written out in Python: character tests, slicing, string building, recursion."""
import sys
from time import perf_counter

SCALE = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
ROUNDS = max(1, int(120 * SCALE))
ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}
UNESCAPES = {text[1]: char for char, text in ESCAPES.items()}
UNESCAPES["/"] = "/"


def encode_string(text):
    parts = ['"']
    for char in text:
        if char in ESCAPES:
            parts.append(ESCAPES[char])
        elif char < " ":
            parts.append("\\u{:04x}".format(ord(char)))
        else:
            parts.append(char)
    parts.append('"')
    return "".join(parts)


def encode(value):
    """The text, in pieces."""
    if value is None:
        yield "null"
    elif value is True:
        yield "true"
    elif value is False:
        yield "false"
    elif isinstance(value, str):
        yield encode_string(value)
    elif isinstance(value, (int, float)):
        yield repr(value)
    elif isinstance(value, (list, tuple)):
        yield "["
        for i, item in enumerate(value):
            if i:
                yield ", "
            yield from encode(item)
        yield "]"
    elif isinstance(value, dict):
        yield "{"
        first = True
        for key, item in value.items():
            if first:
                first = False
            else:
                yield ", "
            yield encode_string(key)
            yield ": "
            yield from encode(item)
        yield "}"
    else:
        raise TypeError(f"{type(value).__name__} has no JSON form")


class Decoder:
    def __init__(self, text):
        self.text = text
        self.at = 0

    def fail(self, what):
        raise ValueError(f"{what} at {self.at}")

    def space(self):
        text, at = self.text, self.at
        while at < len(text) and text[at] in " \t\n\r":
            at += 1
        self.at = at

    def value(self):
        self.space()
        char = self.text[self.at : self.at + 1]
        if char == "{":
            return self.object()
        if char == "[":
            return self.array()
        if char == '"':
            return self.string()
        for word, result in (("true", True), ("false", False), ("null", None)):
            if self.text.startswith(word, self.at):
                self.at += len(word)
                return result
        return self.number()

    def object(self):
        self.at += 1
        result = {}
        self.space()
        while self.text[self.at] != "}":
            key = self.string()
            self.space()
            if self.text[self.at] != ":":
                self.fail("a colon is missing")
            self.at += 1
            result[key] = self.value()
            self.space()
            if self.text[self.at] == ",":
                self.at += 1
                self.space()
        self.at += 1
        return result

    def array(self):
        self.at += 1
        result = []
        self.space()
        while self.text[self.at] != "]":
            result.append(self.value())
            self.space()
            if self.text[self.at] == ",":
                self.at += 1
                self.space()
        self.at += 1
        return result

    def string(self):
        text, at, parts = self.text, self.at + 1, []
        first = at
        while True:
            char = text[at]
            if char == '"':
                break
            if char == "\\":
                parts.append(text[first:at])
                at += 1
                char = text[at]
                if char == "u":
                    parts.append(chr(int(text[at + 1 : at + 5], 16)))
                    at += 4
                else:
                    parts.append(UNESCAPES[char])
                first = at + 1
            at += 1
        parts.append(text[first:at])
        self.at = at + 1
        return "".join(parts)

    def number(self):
        text, at = self.text, self.at
        first, is_float = at, False
        while at < len(text) and text[at] in "+-0123456789.eE":
            if text[at] in ".eE":
                is_float = True
            at += 1
        if at == first:
            self.fail("a value is missing")
        self.at = at
        return float(text[first:at]) if is_float else int(text[first:at])


def sample(size):
    seed, people = 7, []
    for i in range(size):
        seed = (seed * 1103515245 + 12345) % 2147483648
        people.append({
            "id": i, "name": f"person \"{seed % 977}\"\n", "score": seed / 65536.0, "tags": ["a" * (seed % 13), "\x01", "ü"],
            "active": seed % 3 == 0, "parent": None, "box": {"x": -i, "y": [1, 2, [3, []]], "empty": {}},
        })
    return people


data = sample(60)
start = perf_counter()
for _ in range(ROUNDS):
    text = "".join(encode(data))
print("TIME json-encode", perf_counter() - start, ROUNDS)
start = perf_counter()
for _ in range(ROUNDS):
    back = Decoder(text).value()
print("TIME json-decode", perf_counter() - start, ROUNDS)
print("CHECK", back == data, len(text), sum(map(ord, text)))
