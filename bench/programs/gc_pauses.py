"""Collector pauses: a large live heap, then churn. Scale 5 is about 500 MB in apy.

Beside the time it prints what gc.stats() says, where there is such a function: the longest pause
and how many there were of which length.
"""
import gc
import sys
from time import perf_counter

SCALE = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
BRANCHES = int(180000 * SCALE)


class Node:
    def __init__(self, key, left, right):
        self.key = key
        self.left = left
        self.right = right


def branch(i):
    text = "item-%d" % i
    return {
        "name": text,
        "node": Node(i, (i, text), None),
        "list": [i, i + 0.5, text, (i, i + 1)],
        "next": Node(i + 1, None, [i]),
    }


def churn(live):
    checksum = 0
    for i in range(BRANCHES):
        for j in range(4):
            piece = branch(i + j)
            checksum += len(piece["list"])
        live[i * 7919 % BRANCHES] = piece
    return checksum


def long_list_of_new(count):
    # One list that is written to all the time, with new objects.
    items = [None] * count
    for i in range(count // 4):
        items[i * 7919 % count] = (i,)
    return len(items)


start = perf_counter()
live = [branch(i) for i in range(BRANCHES)]
print("TIME heap_built", perf_counter() - start, BRANCHES)
start = perf_counter()
total = churn(live)
print("TIME heap_churned", perf_counter() - start, BRANCHES)
start = perf_counter()
total += long_list_of_new(int(1000000 * SCALE))
print("TIME long_list_of_new", perf_counter() - start, int(250000 * SCALE))
if hasattr(gc, "stats"):
    for name, value in gc.stats().items():
        print("STATS", name, value)
print("CHECK", total)
