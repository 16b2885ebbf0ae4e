"""Floats in lists and in slotted objects: bodies, matrices, LU, FFT, relaxation, Monte Carlo, complex numbers."""
import sys
from math import cos, pi, sin, sqrt
from time import perf_counter

SCALE = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0


class Body:
    __slots__ = ("x", "y", "z", "vx", "vy", "vz", "mass")

    def __init__(self, x, y, z, vx, vy, vz, mass):
        self.x, self.y, self.z = x, y, z
        self.vx, self.vy, self.vz = vx, vy, vz
        self.mass = mass

    def attract(self, other, dt):
        dx, dy, dz = self.x - other.x, self.y - other.y, self.z - other.z
        square = dx * dx + dy * dy + dz * dz
        strength = dt / (square * sqrt(square))
        mine, theirs = self.mass * strength, other.mass * strength
        self.vx -= dx * theirs
        self.vy -= dy * theirs
        self.vz -= dz * theirs
        other.vx += dx * mine
        other.vy += dy * mine
        other.vz += dz * mine

    def move(self, dt):
        self.x += dt * self.vx
        self.y += dt * self.vy
        self.z += dt * self.vz


def bodies(n):
    system = [Body(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 39.5)]
    for i in range(1, 5):
        system.append(Body(3.0 * i, -1.0 * i, 0.1 * i, 0.5, 1.2 + 0.3 * i, -0.02 * i, 0.03 / i))
    for _ in range(n):
        for i, body in enumerate(system):
            for other in system[i + 1 :]:
                body.attract(other, 0.01)
        for body in system:
            body.move(0.01)
    return round(system[1].x, 9), round(system[4].vy, 9)


def random_floats(seed=42):
    while True:
        seed = (seed * 69069 + 1) & 0xFFFFFFFF
        yield seed / 4294967296.0


def matrix(size, source):
    return [[next(source) - 0.5 for _ in range(size)] for _ in range(size)]


def multiply(n):
    source = random_floats()
    a, b = matrix(n, source), matrix(n, source)
    columns = list(zip(*b))
    product = [[sum([x * y for x, y in zip(row, column)]) for column in columns] for row in a]
    return round(sum(product[i][i] for i in range(n)), 9)


def decompose(n):
    a = matrix(n, random_floats())
    sign = 1.0
    for j in range(n):
        pivot = max(range(j, n), key=lambda i: abs(a[i][j]))
        if pivot != j:
            a[j], a[pivot] = a[pivot], a[j]
            sign = -sign
        top = a[j]
        for i in range(j + 1, n):
            row = a[i]
            factor = row[j] / top[j]
            row[j] = factor
            for k in range(j + 1, n):
                row[k] -= factor * top[k]
    for j in range(n):
        sign *= a[j][j] * 3.0
    return round(sign, 6)


def transform(re, im, direction):
    n = len(re)
    j = 0
    for i in range(1, n):
        bit = n >> 1
        while j & bit:
            j ^= bit
            bit >>= 1
        j |= bit
        if i < j:
            re[i], re[j] = re[j], re[i]
            im[i], im[j] = im[j], im[i]
    length = 2
    while length <= n:
        half = length // 2
        angle = direction * 2 * pi / length
        for k in range(half):
            wr, wi = cos(angle * k), sin(angle * k)
            for i in range(k, n, length):
                m = i + half
                xr = re[m] * wr - im[m] * wi
                xi = re[m] * wi + im[m] * wr
                re[m], im[m] = re[i] - xr, im[i] - xi
                re[i] += xr
                im[i] += xi
        length *= 2


def fft(n):
    source = random_floats()
    re = [next(source) for _ in range(1024)]
    im = [0.0] * 1024
    first = re[:]
    for _ in range(n):
        transform(re, im, 1)
        transform(re, im, -1)
        re = [x / 1024 for x in re]
        im = [x / 1024 for x in im]
    return max(abs(x - y) for x, y in zip(first, re)) < 1e-9


class Grid:
    def __init__(self, width, height):
        self.width = width
        self.data = [0.0] * (width * height)

    def __getitem__(self, place):
        x, y = place
        return self.data[y * self.width + x]

    def __setitem__(self, place, value):
        x, y = place
        self.data[y * self.width + x] = value


def relax(n):
    size = 20
    grid = Grid(size, size)
    for x in range(size):
        grid[x, 0] = 1.0
        grid[0, x] = x * 0.1
    for _ in range(n):
        for y in range(1, size - 1):
            for x in range(1, size - 1):
                around = grid[x, y - 1] + grid[x, y + 1] + grid[x - 1, y] + grid[x + 1, y]
                grid[x, y] = 0.3125 * around - 0.25 * grid[x, y]
    return round(sum(grid.data), 9)


def sample(n):
    hits, source = 0, random_floats(113)
    for x, y in zip(source, source):
        if x * x + y * y <= 1.0:
            hits += 1
        n -= 1
        if n == 0:
            return hits


def mandelbrot(n):
    total = 0
    for row in range(n):
        for column in range(n):
            c = complex(3.0 * column / n - 2.2, 2.4 * row / n - 1.2)
            z = 0j
            for i in range(60):
                z = z * z + c
                if abs(z) > 2.0:
                    total += i
                    break
    return total


checks = []
for name, function, n in (
    ("slots-nbody", bodies, max(2, int(30_000 * SCALE))),
    ("matrix-multiply", multiply, max(4, int(160 * SCALE ** (1 / 3)))),
    ("lu", decompose, max(4, int(160 * SCALE ** (1 / 3)))),
    ("fft", fft, max(1, int(60 * SCALE))),
    ("relax-getitem", relax, max(1, int(1000 * SCALE))),
    ("monte-carlo", sample, max(10, int(400_000 * SCALE))),
    ("complex", mandelbrot, max(8, int(240 * sqrt(SCALE)))),
):
    start = perf_counter()
    checks.append(function(n))
    print("TIME", name, perf_counter() - start, n)
print("CHECK", *checks)
