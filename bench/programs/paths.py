"""Shortest paths: Dijkstra and A* with heapq on dicts of edges and on a grid of tuples, and union-find."""
import sys
from heapq import heappop, heappush
from time import perf_counter

SCALE = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
NODES = max(50, int(24_000 * SCALE))
SIDE = max(12, int(200 * SCALE ** 0.5))


def graph(count):
    seed, edges = 5, {i: [] for i in range(count)}
    for i in range(count):
        for _ in range(4):
            seed = (seed * 1103515245 + 12345) & 0x7FFFFFFF
            other, length = (seed >> 8) % count, 1 + (seed >> 4) % 97
            edges[i].append((other, length))
            edges[other].append((i, length))
    return edges


def dijkstra(edges, source):
    distances, done, heap = {source: 0}, set(), [(0, source)]
    while heap:
        distance, node = heappop(heap)
        if node in done:
            continue
        done.add(node)
        for other, length in edges[node]:
            longer = distance + length
            if longer < distances.get(other, 1 << 60):
                distances[other] = longer
                heappush(heap, (longer, other))
    return distances


class Maze:
    def __init__(self, side):
        self.side = side
        seed = 11
        self.walls = set()
        for y in range(side):
            for x in range(side):
                seed = (seed * 1103515245 + 12345) & 0x7FFFFFFF
                if (seed >> 16) % 10 < 3 and (x, y) not in ((0, 0), (side - 1, side - 1)):
                    self.walls.add((x, y))

    def neighbours(self, cell):
        x, y = cell
        for other in ((x + 1, y), (x - 1, y), (x, y + 1), (x, y - 1)):
            if 0 <= other[0] < self.side and 0 <= other[1] < self.side and other not in self.walls:
                yield other

    def search(self, start, goal):
        def estimate(cell):
            return abs(cell[0] - goal[0]) + abs(cell[1] - goal[1])
        came, costs = {start: None}, {start: 0}
        heap = [(estimate(start), start)]
        while heap:
            _, cell = heappop(heap)
            if cell == goal:
                path = []
                while cell is not None:
                    path.append(cell)
                    cell = came[cell]
                return path[::-1]
            cost = costs[cell] + 1
            for other in self.neighbours(cell):
                if other not in costs or cost < costs[other]:
                    costs[other] = cost
                    came[other] = cell
                    heappush(heap, (cost + estimate(other), other))
        return []


def spanning_tree(edges):
    parent = list(range(len(edges)))

    def find(x):
        while parent[x] != x:
            parent[x] = parent[parent[x]]
            x = parent[x]
        return x
    total = 0
    for length, a, b in sorted((length, a, b) for a, others in edges.items() for b, length in others if a < b):
        a, b = find(a), find(b)
        if a != b:
            parent[a] = b
            total += length
    return total


edges = graph(NODES)
start = perf_counter()
distances = dijkstra(edges, 0)
print("TIME dijkstra", perf_counter() - start, NODES)
maze = Maze(SIDE)
start = perf_counter()
paths = [maze.search((0, 0), goal) for goal in ((SIDE - 1, SIDE - 1), (SIDE - 2, 0), (0, SIDE - 3))]
print("TIME a-star", perf_counter() - start, SIDE * SIDE)
start = perf_counter()
total = spanning_tree(edges)
print("TIME spanning-tree", perf_counter() - start, NODES)
print("CHECK", len(distances), sum(distances.values()), [len(path) for path in paths], total)
