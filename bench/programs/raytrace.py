"""Ray tracer: small vector objects with overloaded operators, and shapes with a common interface."""
import sys
from math import sqrt
from time import perf_counter

SCALE = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
WIDTH = HEIGHT = max(8, int(64 * sqrt(SCALE)))
DEPTH = 3


class Vector:
    def __init__(self, x, y, z):
        self.x = x
        self.y = y
        self.z = z

    def __add__(self, other):
        return Vector(self.x + other.x, self.y + other.y, self.z + other.z)

    def __sub__(self, other):
        return Vector(self.x - other.x, self.y - other.y, self.z - other.z)

    def __mul__(self, factor):
        return Vector(self.x * factor, self.y * factor, self.z * factor)

    def __neg__(self):
        return Vector(-self.x, -self.y, -self.z)

    def __matmul__(self, other):
        return self.x * other.x + self.y * other.y + self.z * other.z

    def unit(self):
        return self * (1.0 / sqrt(self @ self))

    def mirrored(self, normal):
        return self - normal * (2.0 * (self @ normal))


class Ray:
    def __init__(self, origin, direction):
        self.origin = origin
        self.direction = direction

    def at(self, distance):
        return self.origin + self.direction * distance


class Surface:
    def __init__(self, colour, shine):
        self.colour = colour
        self.shine = shine

    def colour_at(self, point):
        return self.colour


class Chequered(Surface):
    def __init__(self, colour, other, shine):
        Surface.__init__(self, colour, shine)
        self.other = other

    def colour_at(self, point):
        return self.colour if (int(point.x + 100.0) + int(point.z + 100.0)) % 2 else self.other


class Sphere:
    def __init__(self, centre, radius, surface):
        self.centre = centre
        self.radius = radius
        self.surface = surface

    def hit(self, ray):
        to_centre = self.centre - ray.origin
        along = to_centre @ ray.direction
        inside = self.radius * self.radius - (to_centre @ to_centre - along * along)
        if inside < 0.0:
            return None
        return along - sqrt(inside)

    def normal(self, point):
        return (point - self.centre).unit()


class Plane:
    def __init__(self, point, normal, surface):
        self.point = point
        self.up = normal.unit()
        self.surface = surface

    def hit(self, ray):
        slope = ray.direction @ self.up
        if abs(slope) < 1e-9:
            return None
        return ((self.point - ray.origin) @ self.up) / slope

    def normal(self, point):
        return self.up


class Scene:
    def __init__(self):
        self.things = []
        self.lights = []

    def nearest(self, ray):
        best, best_distance = None, 1e30
        for thing in self.things:
            distance = thing.hit(ray)
            if distance is not None and 1e-6 < distance < best_distance:
                best, best_distance = thing, distance
        return best, best_distance

    def is_lit(self, point, light):
        way = light - point
        ray = Ray(point, way.unit())
        distance = sqrt(way @ way)
        for thing in self.things:
            hit = thing.hit(ray)
            if hit is not None and 1e-6 < hit < distance:
                return False
        return True

    def colour(self, ray, depth):
        if depth > DEPTH:
            return Vector(0.0, 0.0, 0.0)
        thing, distance = self.nearest(ray)
        if thing is None:
            return Vector(0.2, 0.3, 0.5)
        point = ray.at(distance)
        normal = thing.normal(point)
        base = thing.surface.colour_at(point)
        result = base * 0.15
        for light in self.lights:
            if self.is_lit(point, light):
                amount = (light - point).unit() @ normal
                if amount > 0.0:
                    result = result + base * amount
        shine = thing.surface.shine
        if shine > 0.0:
            mirrored = Ray(point, ray.direction.mirrored(normal).unit())
            result = result + self.colour(mirrored, depth + 1) * shine
        return result


def build():
    scene = Scene()
    for i in range(5):
        colour = Vector(0.2 + 0.15 * i, 0.9 - 0.1 * i, 0.5)
        scene.things.append(Sphere(Vector(-4.0 + 2.0 * i, 0.3 * i, 8.0 - i), 0.9, Surface(colour, 0.3)))
    floor = Chequered(Vector(0.9, 0.9, 0.9), Vector(0.1, 0.1, 0.1), 0.1)
    scene.things.append(Plane(Vector(0.0, -1.0, 0.0), Vector(0.0, 1.0, 0.0), floor))
    scene.lights = [Vector(-10.0, 12.0, -6.0), Vector(8.0, 9.0, -3.0)]
    return scene


def render(scene, width, height):
    eye = Vector(0.0, 1.0, -6.0)
    total = Vector(0.0, 0.0, 0.0)
    for row in range(height):
        for column in range(width):
            aim = Vector(column / width - 0.5, 0.5 - row / height, 1.0)
            total = total + scene.colour(Ray(eye, aim.unit()), 0)
    return total


scene = build()
start = perf_counter()
total = render(scene, WIDTH, HEIGHT)
print("TIME raytrace", perf_counter() - start, WIDTH * HEIGHT)
print("CHECK", round(total.x, 6), round(total.y, 6), round(total.z, 6))
