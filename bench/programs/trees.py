"""Allocation and collection: binary trees, kept and thrown away."""
import sys
from time import perf_counter

SCALE = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
ROUNDS = max(1, int(12 * SCALE))
DEPTH = 13


class Node:
    __slots__ = ("left", "right")

    def __init__(self, left, right):
        self.left, self.right = left, right


def make(depth):
    if depth == 0:
        return Node(None, None)
    return Node(make(depth - 1), make(depth - 1))


def count(node):
    if node.left is None:
        return 1
    return 1 + count(node.left) + count(node.right)


kept = make(DEPTH + 1)
start = perf_counter()
total = 0
for _ in range(ROUNDS):
    total += count(make(DEPTH))
print("TIME trees", perf_counter() - start, ROUNDS)
print("CHECK", total, count(kept))
