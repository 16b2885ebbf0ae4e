"""Agents, orders and events as dataclasses, enums and named tuples, driven by a heap of events."""
import sys
from collections import defaultdict, deque, namedtuple
from dataclasses import dataclass, field, replace
from enum import Enum, IntEnum
from heapq import heappop, heappush
from time import perf_counter

SCALE = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
EVENTS = max(50, int(120_000 * SCALE))


class Status(Enum):
    NEW = "new"
    ACTIVE = "active"
    DONE = "done"


class Kind(IntEnum):
    ARRIVE = 1
    WORK = 2
    LEAVE = 3


Place = namedtuple("Place", "row column")


@dataclass(order=True)
class Event:
    time: float
    number: int
    kind: Kind = field(compare=False)
    agent: "Agent" = field(compare=False, repr=False, default=None)


@dataclass(frozen=True)
class Item:
    name: str
    price: int
    count: int = 1

    @property
    def cost(self):
        return self.price * self.count


@dataclass
class Agent:
    number: int
    place: Place
    status: Status = Status.NEW
    items: list = field(default_factory=list)
    log: dict = field(default_factory=dict)
    total: int = 0

    def buy(self, item):
        self.items.append(item)
        self.total += item.cost
        self.log[item.name] = self.log.get(item.name, 0) + item.count


class World:
    def __init__(self):
        self.queue = []
        self.count = 0
        self.seed = 17
        self.by_place = defaultdict(list)
        self.waiting = deque(maxlen=50)
        self.finished = 0
        self.handlers = {Kind.ARRIVE: self.arrive, Kind.WORK: self.work, Kind.LEAVE: self.leave}

    def random(self, below):
        self.seed = (self.seed * 1103515245 + 12345) & 0x7FFFFFFF
        return (self.seed >> 12) % below

    def schedule(self, time, kind, agent=None):
        self.count += 1
        heappush(self.queue, Event(time, self.count, kind, agent))

    def arrive(self, event):
        agent = Agent(event.number, Place(self.random(10), self.random(10)))
        self.by_place[agent.place].append(agent)
        self.waiting.append(agent)
        self.schedule(event.time + 0.5 + self.random(100) / 100, Kind.WORK, agent)
        self.schedule(event.time + 1.0, Kind.ARRIVE)

    def work(self, event):
        agent = event.agent
        agent.status = Status.ACTIVE
        item = Item(f"item{self.random(7)}", self.random(50))
        if item.price % 2:
            item = replace(item, count=2)
        agent.buy(item)
        kind = Kind.LEAVE if len(agent.items) == 3 else Kind.WORK
        self.schedule(event.time + 0.25, kind, agent)

    def leave(self, event):
        event.agent.status = Status.DONE
        self.finished += 1
        self.by_place[event.agent.place].remove(event.agent)

    def run(self, limit):
        self.schedule(0.0, Kind.ARRIVE)
        for _ in range(limit):
            event = heappop(self.queue)
            self.handlers[event.kind](event)


def make_records(n):
    total = 0
    for i in range(n):
        item = Item("thing", i % 7, 3)
        if item == Item("thing", 3, 3):
            total += item.cost
        place = Place(i, i + 1)
        total += place.row + place[1]
        total += len(repr(item)) + hash(item) % 1
    return total


world = World()
start = perf_counter()
world.run(EVENTS)
print("TIME dataclass-world", perf_counter() - start, EVENTS)
start = perf_counter()
total = make_records(EVENTS // 2)
print("TIME dataclass-records", perf_counter() - start, EVENTS // 2)
print("CHECK", world.finished, len(world.queue), round(world.queue[0].time, 6), total, sum(a.total for a in world.waiting),
      [agent.status.value for agent in list(world.waiting)[-5:]], repr(world.waiting[0].items[:1]))
