"""Structures copied and compared by dispatch on their types: isinstance chains, a dict of functions, memo by id."""
import sys
from time import perf_counter

SCALE = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
ROUNDS = max(1, int(80 * SCALE))


class Node:
    def __init__(self, name, children=(), **attributes):
        self.name = name
        self.children = list(children)
        self.attributes = attributes


class Leaf(Node):
    def __init__(self, name, value):
        super().__init__(name, kind="leaf")
        self.value = value


def copy_chain(value, memo):
    if isinstance(value, (int, float, str, bytes, bool, type(None))):
        return value
    key = id(value)
    if key in memo:
        return memo[key]
    if isinstance(value, list):
        result = memo[key] = []
        for item in value:
            result.append(copy_chain(item, memo))
    elif isinstance(value, tuple):
        result = memo[key] = tuple([copy_chain(item, memo) for item in value])
    elif isinstance(value, dict):
        result = memo[key] = {}
        for name, item in value.items():
            result[copy_chain(name, memo)] = copy_chain(item, memo)
    elif isinstance(value, (set, frozenset)):
        result = memo[key] = type(value)(copy_chain(item, memo) for item in value)
    elif isinstance(value, Node):
        cls = value.__class__
        result = memo[key] = cls.__new__(cls)
        for name, item in value.__dict__.items():
            setattr(result, name, copy_chain(item, memo))
    else:
        raise TypeError(type(value))
    return result


def same(value, memo):
    return value


def copy_list(value, memo):
    result = memo[id(value)] = []
    append = result.append
    for item in value:
        append(copy_table(item, memo))
    return result


def copy_tuple(value, memo):
    return tuple([copy_table(item, memo) for item in value])


def copy_dict(value, memo):
    result = memo[id(value)] = {}
    for name, item in value.items():
        result[copy_table(name, memo)] = copy_table(item, memo)
    return result


def copy_set(value, memo):
    return {copy_table(item, memo) for item in value}


def copy_node(value, memo):
    cls = type(value)
    result = memo[id(value)] = object.__new__(cls)
    result.__dict__.update(copy_dict(value.__dict__, memo))
    return result


COPIERS = {int: same, float: same, str: same, bytes: same, bool: same, type(None): same, list: copy_list,
           tuple: copy_tuple, dict: copy_dict, set: copy_set, Node: copy_node, Leaf: copy_node}


def copy_table(value, memo):
    known = memo.get(id(value), memo)
    if known is not memo:
        return known
    return COPIERS[type(value)](value, memo)


def equal(a, b):
    if type(a) is not type(b):
        return False
    if isinstance(a, Node):
        return equal(vars(a), vars(b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(equal(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(equal(x, y) for x, y in zip(a, b))
    return a == b


def grow(depth, shared):
    if depth == 0:
        return [Leaf("leaf", i * 0.5) for i in range(3)]
    return [
        Node(f"node{depth}", grow(depth - 1, shared), sizes=(depth, (depth, "x")), tags={"a", "b", depth}, common=shared)
        for _ in range(3)
    ]


tree = grow(4, [1, 2, {"key": None}])
for name, function in (("copy-isinstance", copy_chain), ("copy-dispatch", copy_table)):
    start = perf_counter()
    for _ in range(ROUNDS):
        copy = function(tree, {})
    print("TIME", name, perf_counter() - start, ROUNDS)
start = perf_counter()
results = [equal(tree, copy) for _ in range(ROUNDS)]
print("TIME deep-equal", perf_counter() - start, ROUNDS)
print("CHECK", all(results), copy[0].attributes["common"] is copy[2].attributes["common"], copy is tree)
