"""Puzzles by search: queens by generators and by permutations, exact covers, sudoku with sets of candidates."""
import sys
from time import perf_counter

SCALE = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
N = max(1, int(10 * SCALE))


def permutations(items, count):
    """As itertools does it, in Python."""
    pool = tuple(items)
    size = len(pool)
    indices, cycles = list(range(size)), list(range(size, size - count, -1))
    yield tuple(pool[i] for i in indices[:count])
    while True:
        for i in reversed(range(count)):
            cycles[i] -= 1
            if cycles[i] == 0:
                indices[i:] = indices[i + 1 :] + indices[i : i + 1]
                cycles[i] = size - i
            else:
                j = cycles[i]
                indices[i], indices[-j] = indices[-j], indices[i]
                yield tuple(pool[i] for i in indices[:count])
                break
        else:
            return


def queens_by_permutation(size):
    columns = range(size)
    for places in permutations(columns, size):
        if size == len({places[i] + i for i in columns}) == len({places[i] - i for i in columns}):
            yield places


def queens_by_search(size):
    def place(row, columns, rising, falling):
        if row == size:
            yield ()
            return
        for column in range(size):
            if column not in columns and row + column not in rising and row - column not in falling:
                for rest in place(row + 1, columns | {column}, rising | {row + column}, falling | {row - column}):
                    yield (column,) + rest
    return place(0, frozenset(), frozenset(), frozenset())


class Sudoku:
    def __init__(self, text):
        self.peers = {}
        self.units = []
        cells = [(row, column) for row in range(9) for column in range(9)]
        for i in range(9):
            self.units.append([(i, column) for column in range(9)])
            self.units.append([(row, i) for row in range(9)])
            self.units.append([(i // 3 * 3 + k // 3, i % 3 * 3 + k % 3) for k in range(9)])
        for cell in cells:
            self.peers[cell] = {other for unit in self.units if cell in unit for other in unit} - {cell}
        self.grid = {cell: set("123456789") for cell in cells}
        self.guesses = 0
        for cell, digit in zip(cells, text):
            if digit != "." and not self.assign(self.grid, cell, digit):
                raise ValueError("contradiction")

    def assign(self, grid, cell, digit):
        return all(self.eliminate(grid, cell, other) for other in sorted(grid[cell] - {digit}))

    def eliminate(self, grid, cell, digit):
        if digit not in grid[cell]:
            return True
        grid[cell].discard(digit)
        if not grid[cell]:
            return False
        if len(grid[cell]) == 1:
            (last,) = grid[cell]
            if not all(self.eliminate(grid, peer, last) for peer in sorted(self.peers[cell])):
                return False
        for unit in self.units:
            if cell in unit:
                places = [each for each in unit if digit in grid[each]]
                if not places:
                    return False
                if len(places) == 1 and len(grid[places[0]]) > 1 and not self.assign(grid, places[0], digit):
                    return False
        return True

    def solve(self, grid=None):
        grid = self.grid if grid is None else grid
        open_cells = [(len(digits), cell) for cell, digits in grid.items() if len(digits) > 1]
        if not open_cells:
            return "".join(next(iter(grid[row, column])) for row in range(9) for column in range(9))
        _, cell = min(open_cells)
        for digit in sorted(grid[cell]):
            self.guesses += 1
            copy = {each: set(digits) for each, digits in grid.items()}
            if self.assign(copy, cell, digit):
                answer = self.solve(copy)
                if answer:
                    return answer
        return None


PUZZLES = (
    "4.....8.5.3..........7......2.....6.....8.4......1.......6.3.7.5..2.....1.4......",
    "..3.2.6..9..3.5..1..18.64....81.29..7.......8..67.82....26.95..8..2.3..9..5.1.3..",
)

checks = []
start = perf_counter()
for _ in range(N):
    checks.append(sum(1 for _ in queens_by_permutation(7)))
print("TIME queens-permute", perf_counter() - start, N)
start = perf_counter()
for _ in range(N * 5):
    checks.append(sum(places[0] for places in queens_by_search(7)))
print("TIME queens-search", perf_counter() - start, N * 5)
start = perf_counter()
for _ in range(N):
    for puzzle in PUZZLES:
        sudoku = Sudoku(puzzle)
        checks.append(sudoku.solve())
        checks.append(sudoku.guesses)
print("TIME sudoku", perf_counter() - start, N)
print("CHECK", checks[0], *checks[-5:])
