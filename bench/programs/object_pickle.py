"""Objects to bytes and back: dispatch by type through dicts, bytearrays, a memo of shared objects."""
import sys
from time import perf_counter

SCALE = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
ROUNDS = max(1, int(60 * SCALE))


class Point:
    def __init__(self, x, y, label):
        self.x, self.y, self.label = x, y, label

    def __eq__(self, other):
        return type(other) is Point and self.__dict__ == other.__dict__


CLASSES = {"Point": Point}


class Writer:
    dispatch = {}

    def __init__(self):
        self.out = bytearray()
        self.memo = {}

    def write(self, value):
        known = self.memo.get(id(value))
        if known is not None:
            self.out += b"m"
            self.varint(known[0])
            return
        method = self.dispatch.get(type(value))
        if method is None:
            self.write_object(value)
        else:
            method(self, value)

    def remember(self, value):
        self.memo[id(value)] = (len(self.memo), value)

    def varint(self, number):
        out = self.out
        while number > 127:
            out.append(number & 127 | 128)
            number >>= 7
        out.append(number)

    def write_none(self, value):
        self.out += b"n"

    def write_bool(self, value):
        self.out += b"1" if value else b"0"

    def write_int(self, value):
        self.out += b"i"
        self.varint(value * 2 if value >= 0 else -value * 2 - 1)

    def write_float(self, value):
        text = repr(value).encode()
        self.out += b"f"
        self.varint(len(text))
        self.out += text

    def write_str(self, value):
        self.remember(value)
        text = value.encode("utf-8")
        self.out += b"s"
        self.varint(len(text))
        self.out += text

    def write_bytes(self, value):
        self.out += b"b"
        self.varint(len(value))
        self.out += value

    def write_list(self, value):
        self.remember(value)
        self.out += b"l"
        self.varint(len(value))
        for item in value:
            self.write(item)

    def write_tuple(self, value):
        self.out += b"t"
        self.varint(len(value))
        for item in value:
            self.write(item)
        self.remember(value)

    def write_dict(self, value):
        self.remember(value)
        self.out += b"d"
        self.varint(len(value))
        for key, item in value.items():
            self.write(key)
            self.write(item)

    def write_object(self, value):
        self.remember(value)
        self.out += b"o"
        self.write(type(value).__name__)
        self.write(value.__dict__)


Writer.dispatch.update({
    type(None): Writer.write_none, bool: Writer.write_bool, int: Writer.write_int, float: Writer.write_float,
    str: Writer.write_str, bytes: Writer.write_bytes, list: Writer.write_list, tuple: Writer.write_tuple,
    dict: Writer.write_dict,
})


class Reader:
    def __init__(self, data):
        self.data = data
        self.at = 0
        self.memo = []
        self.dispatch = {name[5:].encode()[0]: getattr(self, name) for name in dir(self) if name.startswith("read_")}

    def read(self):
        kind = self.data[self.at]
        self.at += 1
        return self.dispatch[kind]()

    def varint(self):
        data, at, number, shift = self.data, self.at, 0, 0
        while True:
            byte = data[at]
            at += 1
            number |= (byte & 127) << shift
            if byte < 128:
                self.at = at
                return number
            shift += 7

    def chunk(self):
        length = self.varint()
        self.at += length
        return bytes(self.data[self.at - length : self.at])

    def read_n(self):
        return None

    def read_1(self):
        return True

    def read_0(self):
        return False

    def read_m(self):
        return self.memo[self.varint()]

    def read_i(self):
        number = self.varint()
        return -(number + 1 >> 1) if number & 1 else number >> 1

    def read_f(self):
        return float(self.chunk().decode())

    def read_b(self):
        return self.chunk()

    def read_s(self):
        text = self.chunk().decode("utf-8")
        self.memo.append(text)
        return text

    def read_l(self):
        result = []
        self.memo.append(result)
        for _ in range(self.varint()):
            result.append(self.read())
        return result

    def read_t(self):
        result = tuple([self.read() for _ in range(self.varint())])
        self.memo.append(result)
        return result

    def read_d(self):
        result = {}
        self.memo.append(result)
        for _ in range(self.varint()):
            key = self.read()
            result[key] = self.read()
        return result

    def read_o(self):
        index = len(self.memo)
        self.memo.append(None)
        cls = CLASSES[self.read()]
        value = cls.__new__(cls)
        self.memo[index] = value
        value.__dict__.update(self.read())
        return value


def sample():
    shared = ["shared", (1, 2)]
    return [
        {"number": i, "text": f"text {i % 17}", "ratio": i / 7, "flags": (i % 2 == 0, None, -i), "raw": bytes([i % 256] * 5),
         "point": Point(i, -1000 * i, "p%d" % (i % 5)), "shared": shared}
        for i in range(100)
    ]


data = sample()
start = perf_counter()
for _ in range(ROUNDS):
    writer = Writer()
    writer.write(data)
print("TIME pickle", perf_counter() - start, ROUNDS)
packed = bytes(writer.out)
start = perf_counter()
for _ in range(ROUNDS):
    back = Reader(packed).read()
print("TIME unpickle", perf_counter() - start, ROUNDS)
print("CHECK", back == data, back[0]["shared"] is back[9]["shared"], len(packed), sum(packed[:5000]))
