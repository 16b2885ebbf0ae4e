real = "real"


def __getattr__(name):
    if name == "forbidden":
        raise AttributeError("not this one")
    return f"lazy {name}"


def __dir__():
    return ["z", "a"]
