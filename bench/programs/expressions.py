"""A language in small: scanner, recursive-descent parser to node objects, evaluator with scopes."""
import sys
from time import perf_counter

SCALE = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
ROUNDS = max(1, int(150 * SCALE))
PROGRAM = """
let total = 0; let i = 1;
def square(x) { return x * x; }
def gcd(a, b) { while b { let t = a % b; a = b; b = t; } return a; }
def fib(n) { if n < 2 { return n; } return fib(n - 1) + fib(n - 2); }
while i <= 40 {
  if i % 3 == 0 { total = total + square(i) - 2 * (i + 7); }
  else { total = total + gcd(i * 12, 90) * -1; }
  i = i + 1;
}
return total + fib(10) * 1000;
"""


class Token:
    __slots__ = ("kind", "text", "line")

    def __init__(self, kind, text, line):
        self.kind = kind
        self.text = text
        self.line = line


def scan(source):
    tokens, i, line, end = [], 0, 1, len(source)
    while i < end:
        c = source[i]
        if c.isspace():
            if c == "\n":
                line += 1
            i += 1
        elif c.isalpha():
            first = i
            while i < end and (source[i].isalnum() or source[i] == "_"):
                i += 1
            text = source[first:i]
            kind = text if text in ("let", "def", "while", "if", "else", "return") else "name"
            tokens.append(Token(kind, text, line))
        elif c.isdigit():
            first = i
            while i < end and source[i].isdigit():
                i += 1
            tokens.append(Token("number", source[first:i], line))
        elif source[i : i + 2] in ("<=", ">=", "==", "!="):
            tokens.append(Token(source[i : i + 2], source[i : i + 2], line))
            i += 2
        elif c in "+-*/%<>=(){},;":
            tokens.append(Token(c, c, line))
            i += 1
        else:
            raise SyntaxError(f"line {line}: unexpected {c!r}")
    tokens.append(Token("end", "", line))
    return tokens


class Node:
    pass


class Number(Node):
    def __init__(self, value):
        self.value = value

    def evaluate(self, scope):
        return self.value


class Name(Node):
    def __init__(self, name):
        self.name = name

    def evaluate(self, scope):
        while scope is not None:
            if self.name in scope.values:
                return scope.values[self.name]
            scope = scope.parent
        raise NameError(self.name)


class Negate(Node):
    def __init__(self, operand):
        self.operand = operand

    def evaluate(self, scope):
        return -self.operand.evaluate(scope)


class Operation(Node):
    actions = {
        "+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b, "/": lambda a, b: a // b,
        "%": lambda a, b: a % b, "<": lambda a, b: a < b, ">": lambda a, b: a > b, "<=": lambda a, b: a <= b,
        ">=": lambda a, b: a >= b, "==": lambda a, b: a == b, "!=": lambda a, b: a != b,
    }

    def __init__(self, operator, left, right):
        self.action = self.actions[operator]
        self.left = left
        self.right = right

    def evaluate(self, scope):
        return self.action(self.left.evaluate(scope), self.right.evaluate(scope))


class Invocation(Node):
    def __init__(self, name, arguments):
        self.name = name
        self.arguments = arguments

    def evaluate(self, scope):
        function, home = Name(self.name).evaluate(scope)
        inner = Scope(home)
        for parameter, argument in zip(function.parameters, self.arguments):
            inner.values[parameter] = argument.evaluate(scope)
        try:
            function.body.run(inner)
        except Returned as result:
            return result.value
        return 0


class Returned(Exception):
    def __init__(self, value):
        self.value = value


class Scope:
    def __init__(self, parent=None):
        self.values = {}
        self.parent = parent


class Assign(Node):
    def __init__(self, name, value, is_new):
        self.name, self.value, self.is_new = name, value, is_new

    def run(self, scope):
        value = self.value.evaluate(scope)
        if not self.is_new:
            while self.name not in scope.values:
                scope = scope.parent
        scope.values[self.name] = value


class Define(Node):
    def __init__(self, name, parameters, body):
        self.name, self.parameters, self.body = name, parameters, body

    def run(self, scope):
        scope.values[self.name] = (self, scope)


class Loop(Node):
    def __init__(self, test, body):
        self.test, self.body = test, body

    def run(self, scope):
        while self.test.evaluate(scope):
            self.body.run(scope)


class Choice(Node):
    def __init__(self, test, then, otherwise):
        self.test, self.then, self.otherwise = test, then, otherwise

    def run(self, scope):
        if self.test.evaluate(scope):
            self.then.run(scope)
        elif self.otherwise is not None:
            self.otherwise.run(scope)


class Return(Node):
    def __init__(self, value):
        self.value = value

    def run(self, scope):
        raise Returned(self.value.evaluate(scope))


class Block(Node):
    def __init__(self, statements):
        self.statements = statements

    def run(self, scope):
        for statement in self.statements:
            statement.run(scope)


class Parser:
    levels = (("==", "!="), ("<", ">", "<=", ">="), ("+", "-"), ("*", "/", "%"))

    def __init__(self, tokens):
        self.tokens = tokens
        self.position = 0

    @property
    def kind(self):
        return self.tokens[self.position].kind

    def take(self, kind=None):
        token = self.tokens[self.position]
        if kind is not None and token.kind != kind:
            raise SyntaxError(f"line {token.line}: {kind} expected, not {token.text!r}")
        self.position += 1
        return token.text

    def accept(self, kind):
        if self.kind == kind:
            self.position += 1
            return True
        return False

    def block(self, end="}"):
        statements = []
        while not self.accept(end):
            statements.append(self.statement())
        return Block(statements)

    def braces(self):
        self.take("{")
        return self.block()

    def statement(self):
        method = getattr(self, "parse_" + self.kind, None)
        return method() if method else self.parse_let(False)

    def parse_let(self, is_new=True):
        if is_new:
            self.take("let")
        name = self.take("name")
        self.take("=")
        value = self.expression()
        self.take(";")
        return Assign(name, value, is_new)

    def parse_name(self):
        return self.parse_let(False)

    def parse_def(self):
        self.take()
        name, parameters = self.take("name"), []
        self.take("(")
        while not self.accept(")"):
            parameters.append(self.take("name"))
            self.accept(",")
        return Define(name, parameters, self.braces())

    def parse_while(self):
        self.take()
        return Loop(self.expression(), self.braces())

    def parse_if(self):
        self.take()
        test, then = self.expression(), self.braces()
        return Choice(test, then, self.braces() if self.accept("else") else None)

    def parse_return(self):
        self.take()
        value = self.expression()
        self.take(";")
        return Return(value)

    def expression(self, level=0):
        if level == len(self.levels):
            return self.unary()
        left = self.expression(level + 1)
        while self.kind in self.levels[level]:
            operator = self.take()
            left = Operation(operator, left, self.expression(level + 1))
        return left

    def unary(self):
        if self.accept("-"):
            return Negate(self.unary())
        if self.accept("("):
            inner = self.expression()
            self.take(")")
            return inner
        if self.kind == "number":
            return Number(int(self.take()))
        name = self.take("name")
        if not self.accept("("):
            return Name(name)
        arguments = []
        while not self.accept(")"):
            arguments.append(self.expression())
            self.accept(",")
        return Invocation(name, arguments)


def execute(block):
    try:
        block.run(Scope())
    except Returned as result:
        return result.value


start = perf_counter()
blocks = [Parser(scan(PROGRAM)).block("end") for _ in range(ROUNDS * 5)]
print("TIME parse", perf_counter() - start, len(blocks))
start = perf_counter()
results = {execute(block) for block in blocks[:ROUNDS]}
print("TIME evaluate", perf_counter() - start, ROUNDS)
print("CHECK", sorted(results))
