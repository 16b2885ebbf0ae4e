"""Regular expressions by backtracking: patterns are parsed to nodes and matched through closures."""
import sys
from time import perf_counter

SCALE = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
ROUNDS = max(1, int(6 * SCALE))
CLASSES = {"d": "0123456789", "w": "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_", "s": " \t\n"}


class Reader:
    """A pattern into a tree of tuples."""

    def __init__(self, pattern):
        self.pattern = pattern
        self.at = 0
        self.groups = 0

    def peek(self):
        return self.pattern[self.at] if self.at < len(self.pattern) else ""

    def alternatives(self):
        branches = [self.sequence()]
        while self.peek() == "|":
            self.at += 1
            branches.append(self.sequence())
        return branches[0] if len(branches) == 1 else ("or", branches)

    def sequence(self):
        items = []
        while self.peek() not in ("", "|", ")"):
            items.append(self.repeated())
        return ("seq", items)

    def repeated(self):
        item = self.atom()
        while self.peek() and self.peek() in "*+?":
            low, high = {"*": (0, 1 << 30), "+": (1, 1 << 30), "?": (0, 1)}[self.peek()]
            self.at += 1
            item = ("repeat", item, low, high)
        return item

    def atom(self):
        char = self.peek()
        self.at += 1
        if char == "(":
            self.groups += 1
            number = self.groups
            inner = self.alternatives()
            self.at += 1
            return ("group", number, inner)
        if char == "[":
            return self.char_class()
        if char == ".":
            return ("any",)
        if char == "^":
            return ("start",)
        if char == "$":
            return ("end",)
        if char == "\\":
            char = self.peek()
            self.at += 1
            if char in CLASSES:
                return ("in", frozenset(CLASSES[char]), False)
        return ("char", char)

    def char_class(self):
        chars, negated = set(), False
        if self.peek() == "^":
            negated = True
            self.at += 1
        while self.peek() != "]":
            char = self.peek()
            self.at += 1
            if char == "\\":
                char = self.peek()
                self.at += 1
                chars.update(CLASSES.get(char, char))
            elif self.peek() == "-" and self.pattern[self.at + 1] != "]":
                chars.update(map(chr, range(ord(char), ord(self.pattern[self.at + 1]) + 1)))
                self.at += 2
            else:
                chars.add(char)
        self.at += 1
        return ("in", frozenset(chars), negated)


def build(node, follow):
    """A function of (text, position, groups) that gives the end of the match, or -1."""
    kind = node[0]
    if kind == "char":
        wanted = node[1]

        def match_char(text, at, groups):
            if at < len(text) and text[at] == wanted:
                return follow(text, at + 1, groups)
            return -1
        return match_char
    if kind == "any":
        return lambda text, at, groups: follow(text, at + 1, groups) if text[at : at + 1] not in "\n" else -1
    if kind == "in":
        chars, negated = node[1], node[2]

        def match_in(text, at, groups):
            if at < len(text) and (text[at] in chars) != negated:
                return follow(text, at + 1, groups)
            return -1
        return match_in
    if kind == "seq":
        for item in reversed(node[1]):
            follow = build(item, follow)
        return follow
    if kind == "or":
        branches = [build(branch, follow) for branch in node[1]]

        def match_or(text, at, groups):
            for branch in branches:
                end = branch(text, at, groups)
                if end >= 0:
                    return end
            return -1
        return match_or
    if kind == "group":
        return build_group(node[1], node[2], follow)
    if kind == "repeat":
        return build_repeat(node[1], node[2], node[3], follow)
    if kind == "start":
        return lambda text, at, groups: follow(text, at, groups) if at == 0 else -1
    return lambda text, at, groups: follow(text, at, groups) if at == len(text) else -1


def build_group(number, node, follow):
    def leave(text, at, groups):
        saved = groups.get(number)
        groups[number] = (groups["start", number], at)
        end = follow(text, at, groups)
        if end < 0:
            groups[number] = saved
        return end
    inner = build(node, leave)

    def enter(text, at, groups):
        groups["start", number] = at
        return inner(text, at, groups)
    return enter


def build_repeat(node, low, high, follow):
    count = 0

    def again(text, at, groups):
        nonlocal count
        if count < high and at > last[-1]:
            count += 1
            last.append(at)
            end = inner(text, at, groups)
            last.pop()
            count -= 1
            if end >= 0:
                return end
        return follow(text, at, groups) if count >= low else -1
    last = [-1]
    inner = build(node, again)

    def begin(text, at, groups):
        nonlocal count
        outer, count = count, 0
        saved = last[:]
        last[:] = [-1]
        end = again(text, at, groups)
        count = outer
        last[:] = saved
        return end
    return begin


class Pattern:
    def __init__(self, pattern):
        self.matcher = build(Reader(pattern).alternatives(), lambda text, at, groups: at)

    def find_all(self, text):
        at = 0
        while at <= len(text):
            groups = {}
            end = self.matcher(text, at, groups)
            if end >= 0:
                yield text[at:end], {k: text[v[0] : v[1]] for k, v in groups.items() if isinstance(k, int) and v}
                at = end if end > at else at + 1
            else:
                at += 1


TEXT = "\n".join(
    f"2024-0{i % 9 + 1}-1{i % 7} user{i}@mail{i % 5}.example.org wrote {i * 37} words, paid {i}.{i % 90 + 10} EUR; see http://x.org/a{i}"
    for i in range(25)
)
PATTERNS = [
    r"(\d+)-(\d+)-(\d+)", r"(\w+)@(\w+(\.\w+)+)", r"[a-z]+://[^ \n]+", r"(wrote|paid) ([\d.]+)", r"(a|b|e)(x|y|.)+r", r"u(s|e)*r\d?\d?@",
]

start = perf_counter()
for _ in range(ROUNDS):
    found = [list(Pattern(pattern).find_all(TEXT)) for pattern in PATTERNS]
print("TIME pattern-match", perf_counter() - start, ROUNDS * len(PATTERNS))
print("CHECK", [len(each) for each in found], found[1][:2], sum(len(text) for each in found for text, _ in each))
