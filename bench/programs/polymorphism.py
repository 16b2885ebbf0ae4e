"""Call sites that see one, a few, eight or many classes; visitors; attributes set in different orders."""
import sys
from time import perf_counter

SCALE = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
N = max(100, int(400_000 * SCALE))


class Shape:
    def __init__(self, size):
        self.size = size

    def area(self):
        raise NotImplementedError

    def accept(self, visitor):
        return getattr(visitor, "visit_" + type(self).__name__)(self)


def make_class(number):
    """Classes alike in form; some keep their attributes in another order, some override more."""

    class Made(Shape):
        def __init__(self, size):
            if number % 2:
                self.extra = number
            super().__init__(size)

        def area(self):
            return self.size * factor

        if number % 3 == 0:
            def weight(self):
                return self.size + 1
    factor = number + 1
    if number % 3:
        Made.weight = lambda self: self.size
    Made.__name__ = Made.__qualname__ = f"Shape{number}"
    return Made


CLASSES = [make_class(number) for number in range(40)]


SITE = """
def site(things, n):
    total, size = 0, len(things)
    for i in range(n):
        thing = things[i % size]
        total += thing.area() + thing.size
        thing.size = i & 3
        total -= thing.weight()
    return total
"""


def over(count):
    # Compiled anew for each number of classes: each has its own call sites.
    namespace = {}
    exec(SITE, namespace)
    things = [CLASSES[i % count](i % 4) for i in range(count * 2)]
    return lambda n: namespace["site"](things, n)


class Visitor:
    def __init__(self):
        self.seen = {}

    def visit(self, node):
        name = type(node).__name__
        self.seen[name] = self.seen.get(name, 0) + 1
        method = getattr(self, f"visit_{name}", self.generic)
        return method(node)

    def generic(self, node):
        return sum([self.visit(child) for child in node.children])

    def visit_Leaf(self, node):
        return node.value

    def visit_Negate(self, node):
        return -self.visit(node.children[0])


class Tree:
    def __init__(self, *children):
        self.children = children


class Sum(Tree):
    pass


class Negate(Tree):
    pass


class Leaf(Tree):
    def __init__(self, value):
        super().__init__()
        self.value = value


def grow(depth, number=1):
    if depth == 0:
        return Leaf(number)
    if depth % 3 == 0:
        return Negate(grow(depth - 1, number + 1))
    return Sum(grow(depth - 1, number * 2), grow(depth - 1, number * 2 + 1))


def visiting(n):
    tree, total, visitor = grow(9), 0, Visitor()
    for _ in range(max(1, n // 2000)):
        total += visitor.visit(tree)
    return total, sorted(visitor.seen.items())


def mixed_operands(n):
    values = [1, 2.5, 3, "x", [1], (2,), 4.0, True]
    total, texts = 0, 0
    for i in range(n):
        value = values[i & 7]
        doubled = value * 2
        if isinstance(doubled, (int, float)):
            total += doubled
        else:
            texts += len(doubled)
        if value == 3 or value == "x":
            texts += 1
    return total, texts


checks = []
for name, function in (
    ("classes-1", over(1)), ("classes-2", over(2)), ("classes-4", over(4)), ("classes-8", over(8)), ("classes-40", over(40)),
    ("visitor", visiting), ("mixed-operands", mixed_operands),
):
    start = perf_counter()
    checks.append(function(N))
    print("TIME", name, perf_counter() - start, N)
print("CHECK", *checks)
