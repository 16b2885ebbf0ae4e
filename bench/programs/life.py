"""Game of Life on a set of tuples, with neighbours counted in a dict, and on a torus of lists."""
import sys
from time import perf_counter

SCALE = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
STEPS = max(2, int(240 * SCALE))
OFFSETS = [(dx, dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1) if dx or dy]


def neighbours(cell):
    x, y = cell
    for dx, dy in OFFSETS:
        yield x + dx, y + dy


def step_set(alive):
    counts = {}
    for cell in alive:
        for each in neighbours(cell):
            counts[each] = counts.get(each, 0) + 1
    return {cell for cell, count in counts.items() if count == 3 or (count == 2 and cell in alive)}


def step_rescan(alive):
    candidates = alive | {each for cell in alive for each in neighbours(cell)}
    return {
        cell for cell in candidates if (sum(each in alive for each in neighbours(cell)) | (cell in alive)) == 3
    }


def step_grid(grid):
    height, width = len(grid), len(grid[0])
    result = []
    for y in range(height):
        above, here, below = grid[y - 1], grid[y], grid[(y + 1) % height]
        row = []
        for x in range(width):
            left, right = x - 1, (x + 1) % width
            count = above[left] + above[x] + above[right] + here[left] + here[right] + below[left] + below[x] + below[right]
            row.append(1 if count == 3 or (count == 2 and here[x]) else 0)
        result.append(row)
    return result


def soup(width, height):
    seed, cells = 12345, set()
    for y in range(height):
        for x in range(width):
            seed = (seed * 1103515245 + 12345) & 0x7FFFFFFF
            if seed >> 16 & 3 == 0:
                cells.add((x, y))
    return cells


checks = []
for name, step, steps in (("life-set", step_set, STEPS), ("life-rescan", step_rescan, STEPS // 2)):
    alive = soup(24, 24)
    start = perf_counter()
    for _ in range(steps):
        alive = step(alive)
    print("TIME", name, perf_counter() - start, steps)
    checks += [len(alive), sum(x * 31 + y for x, y in alive)]
cells = soup(64, 48)
grid = [[int((x, y) in cells) for x in range(64)] for y in range(48)]
start = perf_counter()
for _ in range(STEPS):
    grid = step_grid(grid)
print("TIME life-grid", perf_counter() - start, STEPS)
print("CHECK", *checks, sum(map(sum, grid)))
