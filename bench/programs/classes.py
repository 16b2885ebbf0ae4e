"""Attribute protocols: properties, own descriptors, __getattr__, slots, class methods, operators, containers, construction."""
import sys
from time import perf_counter

SCALE = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
N = max(20, int(400_000 * SCALE))


class Typed:
    """A data descriptor that checks what is stored."""

    def __init__(self, kind):
        self.kind = kind

    def __set_name__(self, owner, name):
        self.name = "_" + name

    def __get__(self, instance, owner=None):
        if instance is None:
            return self
        return instance.__dict__[self.name]

    def __set__(self, instance, value):
        if not isinstance(value, self.kind):
            raise TypeError(self.name)
        instance.__dict__[self.name] = value


class Cached:
    """A non-data descriptor: computes once and stores the result on the instance."""

    def __init__(self, function):
        self.function = function

    def __set_name__(self, owner, name):
        self.name = name

    def __get__(self, instance, owner):
        value = instance.__dict__[self.name] = self.function(instance)
        return value


class Account:
    owner = Typed(str)
    balance = Typed(int)

    def __init__(self, owner, balance):
        self.owner = owner
        self.balance = balance

    @Cached
    def number(self):
        return len(self.owner) * 1000


class Celsius:
    def __init__(self, degrees):
        self._degrees = degrees

    @property
    def degrees(self):
        return self._degrees

    @degrees.setter
    def degrees(self, value):
        self._degrees = value if value > -273 else -273

    @property
    def fahrenheit(self):
        return self.degrees * 9 // 5 + 32

    @classmethod
    def from_kelvin(cls, kelvin):
        return cls(kelvin - 273)

    @staticmethod
    def is_cold(degrees):
        return degrees < 5


def descriptors(n):
    account, total = Account("ada", 0), 0
    for i in range(n):
        account.balance = account.balance + i % 3
        total += account.balance + account.number
    return total


def properties(n):
    thing, total = Celsius(20), 0
    for i in range(n):
        thing.degrees = i % 60
        total += thing.fahrenheit
        if Celsius.is_cold(thing.degrees):
            total += 1
    return total


def factories(n):
    total = 0
    for i in range(n):
        total += Celsius.from_kelvin(i % 400).degrees
    return total


class Proxy:
    def __init__(self, target):
        self._target = target

    def __getattr__(self, name):
        return getattr(self._target, name)


def proxies(n):
    proxy, total = Proxy(Celsius(7)), 0
    for _ in range(n):
        total += proxy.degrees
        total += proxy._degrees
    return total


class Money:
    __slots__ = ("cents",)

    def __init__(self, cents):
        self.cents = cents

    def __add__(self, other):
        return Money(self.cents + other.cents)

    def __radd__(self, other):
        return Money(self.cents + other)

    def __lt__(self, other):
        return self.cents < other.cents

    def __eq__(self, other):
        return isinstance(other, Money) and self.cents == other.cents

    def __hash__(self):
        return hash(self.cents)

    def __bool__(self):
        return self.cents != 0

    def __iadd__(self, other):
        self.cents += other.cents
        return self


def operators(n):
    total, one, big = Money(0), Money(1), Money(500)
    count = 0
    for i in range(n):
        total += one
        if total + one < big:
            count += 1
        if total == big or not total:
            count += 10
        total = 0 + total
    return total.cents, count


class Bag:
    def __init__(self):
        self.items = {}

    def __setitem__(self, key, value):
        self.items[key] = value

    def __getitem__(self, key):
        return self.items[key]

    def __contains__(self, key):
        return key in self.items

    def __len__(self):
        return len(self.items)

    def __iter__(self):
        return iter(self.items)

    def __call__(self, key):
        return self.items.get(key)


def containers(n):
    bag, total = Bag(), 0
    for i in range(n):
        bag[i % 100] = i
        if i % 50 in bag:
            total += bag[i % 50]
        total += len(bag)
        total += bag(i % 100)
        if i % 1000 == 0:
            total += sum(bag)
    return total


class Base:
    kind = "base"

    def __new__(cls, *args):
        self = super().__new__(cls)
        self.made = True
        return self

    def __init__(self, x):
        self.x = x

    def area(self):
        return self.x


class Middle(Base):
    def __init__(self, x, y):
        super().__init__(x)
        self.y = y

    def area(self):
        return super().area() * self.y


class Bottom(Middle):
    def __init__(self, x, y, z):
        super().__init__(x, y)
        self.z = z

    def area(self):
        return super().area() * self.z


class Number(int):
    def double(self):
        return Number(self + self)


class Text(str):
    pass


def construct(n):
    total = 0
    for i in range(n):
        total += Bottom(i % 5, 2, 3).area() + Middle(1, 2).made
        total += Number(i).double() + len(Text("abc"))
    return total


checks = []
for name, function in (
    ("descriptors", descriptors), ("properties", properties), ("classmethods", factories), ("getattr-proxy", proxies),
    ("operator-methods", operators), ("container-methods", containers), ("super-construct", construct),
):
    start = perf_counter()
    checks.append(function(N))
    print("TIME", name, perf_counter() - start, N)
print("CHECK", *checks)
