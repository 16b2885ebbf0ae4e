"""Collector pauses at a large live heap.

Builds a live heap of dicts, lists, tuples, instances and strings (argument: megabytes, 500 if
absent), then churns: short-lived garbage, and a slow replacement of what lives. Prints what
gc.stats() says where there is such a function.
"""
import gc
import sys
import time


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


def main():
    megabytes = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    count = megabytes * 1000000 // BYTES
    start = time.perf_counter()
    live = [branch(i) for i in range(count)]
    built = time.perf_counter()
    report("built %d branches" % count, built - start)
    checksum = 0
    for i in range(count):
        for j in range(4):
            piece = branch(i + j)
            checksum += len(piece["list"])
        live[i * 7919 % count] = piece
    report("churned", time.perf_counter() - built)
    print("checksum", checksum)


def report(what, seconds):
    if "--quiet" in sys.argv:
        return
    print("%s: %.2f s" % (what, seconds))
    if hasattr(gc, "stats"):
        for name, value in gc.stats().items():
            print("    %s: %s" % (name, value))


BYTES = 900
main()
