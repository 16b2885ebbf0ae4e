"""An operating system's kernel in small: tasks with state, messages on linked lists, a round-robin of priorities."""
import sys
from time import perf_counter

SCALE = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
ROUNDS = max(1, int(60 * SCALE))
MESSAGES = 1000
IDLE, WORKER, HANDLER_A, HANDLER_B, DEVICE_A, DEVICE_B = range(6)
WORK, DEVICE = range(2)


class Message:
    def __init__(self, link, owner, kind):
        self.link = link
        self.owner = owner
        self.kind = kind
        self.datum = 0
        self.data = [0, 0, 0, 0]

    def append_to(self, queue):
        self.link = None
        if queue is None:
            return self
        last = queue
        while last.link is not None:
            last = last.link
        last.link = self
        return queue


class State:
    def __init__(self):
        self.has_message = False
        self.is_waiting = False
        self.is_held = False

    def must_stay(self):
        return self.is_held or (not self.has_message and self.is_waiting)

    def is_wakeable(self):
        return self.has_message and self.is_waiting and not self.is_held


class Task(State):
    def __init__(self, kernel, name, priority, queue):
        State.__init__(self)
        self.kernel = kernel
        self.name = name
        self.priority = priority
        self.queue = queue
        self.has_message = queue is not None
        kernel.add(self)

    def take_message(self):
        message = None
        if self.is_wakeable():
            message = self.queue
            self.queue = message.link
            self.has_message = self.queue is not None
            self.is_waiting = False
        return message

    def receive(self, message, sender):
        if self.queue is None:
            self.queue = message
            self.has_message = True
            if self.priority > sender.priority:
                return self
        else:
            message.append_to(self.queue)
        return sender

    def wait(self):
        self.is_waiting = True
        return self

    def step(self, message):
        raise NotImplementedError


class Idle(Task):
    def __init__(self, kernel, count):
        Task.__init__(self, kernel, IDLE, 0, None)
        self.count = count
        self.bits = 1

    def step(self, message):
        self.count -= 1
        if self.count == 0:
            return self.kernel.hold(self)
        if self.bits & 1:
            self.bits = (self.bits >> 1) ^ 0xD008
            return self.kernel.release(DEVICE_B)
        self.bits >>= 1
        return self.kernel.release(DEVICE_A)


class Worker(Task):
    def __init__(self, kernel, queue):
        Task.__init__(self, kernel, WORKER, 1000, queue)
        self.target = HANDLER_A
        self.letter = 0

    def step(self, message):
        if message is None:
            return self.wait()
        self.target = HANDLER_B if self.target == HANDLER_A else HANDLER_A
        message.owner = self.target
        message.datum = 0
        for i in range(4):
            self.letter = self.letter % 26 + 1
            message.data[i] = 64 + self.letter
        return self.kernel.send(message, self)


class Handler(Task):
    def __init__(self, kernel, name, priority, queue):
        Task.__init__(self, kernel, name, priority, queue)
        self.work = None
        self.devices = None

    def step(self, message):
        if message is not None:
            if message.kind == WORK:
                self.work = message.append_to(self.work)
            else:
                self.devices = message.append_to(self.devices)
        work = self.work
        if work is None:
            return self.wait()
        if work.datum >= 4:
            self.work = work.link
            return self.kernel.send(work, self)
        device = self.devices
        if device is None:
            return self.wait()
        self.devices = device.link
        device.datum = work.data[work.datum]
        work.datum += 1
        return self.kernel.send(device, self)


class Device(Task):
    def __init__(self, kernel, name, priority):
        Task.__init__(self, kernel, name, priority, None)
        self.pending = None

    def step(self, message):
        if message is None:
            message = self.pending
            if message is None:
                return self.wait()
            self.pending = None
            return self.kernel.send(message, self)
        self.pending = message
        return self.kernel.hold(self)


class Kernel:
    def __init__(self):
        self.tasks = {}
        self.order = []
        self.sent = 0
        self.held = 0
        self.steps = 0

    def add(self, task):
        self.tasks[task.name] = task
        self.order.insert(0, task)

    def send(self, message, sender):
        self.sent += 1
        target = self.tasks[message.owner]
        message.link = None
        message.owner = sender.name
        return target.receive(message, sender)

    def hold(self, task):
        self.held += 1
        task.is_held = True
        return None

    def release(self, name):
        self.tasks[name].is_held = False
        return None

    def run(self):
        order = self.order
        while not self.tasks[IDLE].is_held:
            for task in order:
                current = task
                while current is not None and not current.must_stay():
                    self.steps += 1
                    following = current.step(current.take_message())
                    current = following if following is not current else None


def simulate():
    kernel = Kernel()
    Idle(kernel, MESSAGES)
    Worker(kernel, Message(Message(None, IDLE, WORK), IDLE, WORK))
    for handler, device, priority in ((HANDLER_A, DEVICE_A, 2000), (HANDLER_B, DEVICE_B, 3000)):
        queue = None
        for _ in range(3):
            queue = Message(queue, device, DEVICE)
        Handler(kernel, handler, priority, queue)
        Device(kernel, device, priority + 2000)
    for task in kernel.order:
        if task.name != IDLE:
            task.is_waiting = True
    kernel.run()
    return kernel.sent, kernel.held, kernel.steps


start = perf_counter()
results = {simulate() for _ in range(ROUNDS)}
print("TIME scheduler", perf_counter() - start, ROUNDS * MESSAGES)
print("CHECK", sorted(results))
