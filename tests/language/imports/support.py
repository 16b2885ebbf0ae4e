print("support runs")
value = "original"
counter = 1
_private = "hidden"
__all__ = ["value", "counter", "make", "_listed"]
_listed = "underscore but listed"


def make(n):
    return [counter] * n


def read_value():
    return value
