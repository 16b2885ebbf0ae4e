// The public API: values, calls, errors, host functions, modules, limits.
#include "apy/apy.h"

#include <doctest/doctest.h>

#include <stdexcept>
#include <thread>

using apy::Engine;
using apy::Handle;
using apy::Outcome;

namespace {

template <class T>
T evaluated(Engine& engine, std::string_view expression) {
  return engine.evaluate(expression).value().to<T>().value();
}

}  // namespace

TEST_CASE("embed: expressions give values") {
  Engine engine;
  CHECK(evaluated<int64_t>(engine, "6 * 7") == 42);
  CHECK(evaluated<double>(engine, "1 / 4") == 0.25);
  CHECK(evaluated<std::string>(engine, "'gr\u00fc\u00df' + 'e'") == "grüße");
  CHECK(evaluated<bool>(engine, "[] == []"));
  CHECK(engine.evaluate("b'a\\x00b'").value().to_bytes().value() == std::string("a\0b", 3));
  CHECK(evaluated<std::vector<int>>(engine, "(i * i for i in range(4))") ==
        std::vector<int>{0, 1, 4, 9});
  CHECK(
      evaluated<std::vector<std::vector<std::string>>>(engine, "[['a'], ['b', 'c']]").at(1).at(1) ==
      "c");
  CHECK_FALSE(evaluated<std::optional<int>>(engine, "None").has_value());
  CHECK(evaluated<std::optional<int>>(engine, "5") == 5);
}

TEST_CASE("embed: what a value is") {
  Engine engine;
  auto is = [&](const char* expression) { return engine.evaluate(expression).value(); };
  CHECK(is("None").is_none());
  CHECK(is("True").is_bool());
  CHECK_FALSE(is("True").is_int());
  CHECK(is("2**100").is_int());
  CHECK(is("0.0").is_float());
  CHECK(is("''").is_str());
  CHECK(is("b''").is_bytes());
  CHECK(is("[]").is_list());
  CHECK(is("()").is_tuple());
  CHECK(is("{}").is_dict());
  CHECK(is("len").is_callable());
  CHECK_FALSE(is("1").is_callable());
  CHECK_FALSE(is("1").is_awaitable());
  CHECK(is("KeyError()").is_instance("LookupError"));
  CHECK_FALSE(is("KeyError()").is_instance("OSError"));
  CHECK_FALSE(is("1").is_instance("no such class"));
  CHECK(is("1").type_name() == "int");
  CHECK(is("__import__('collections').deque()").type_name() == "collections.deque");
  Handle empty;
  CHECK_FALSE(empty);
  CHECK_FALSE(empty.to_int64().ok());
  CHECK(empty.type_name().empty());
}

TEST_CASE("embed: conversions fail as values") {
  Engine engine;
  Handle text = engine.make("x").value();
  auto number = text.to<int>();
  REQUIRE_FALSE(number);
  CHECK(number.failure().type == "TypeError");
  CHECK(number.failure().message == "'str' object cannot be interpreted as an integer");
  CHECK(engine.make(1).value().to<std::string>().failure().message == "expected str, got int");
  CHECK(engine.evaluate("300").value().to<uint8_t>().failure().type == "OverflowError");
  CHECK(engine.evaluate("-1").value().to<unsigned>().failure().type == "OverflowError");
  CHECK(engine.evaluate("2**64").value().to<int64_t>().failure().type == "OverflowError");
  CHECK(engine.evaluate("255").value().to<uint8_t>().value() == 255);
  CHECK(engine.make(UINT64_MAX).value().str().value() == "18446744073709551615");
}

TEST_CASE("embed: a failure tells all") {
  Engine engine;
  auto result = engine.run_source("def f(x):\n    return 1 / x\n\nf(0)\n", "<demo>");
  REQUIRE_FALSE(result);
  const apy::Failure& failure = result.failure();
  CHECK(failure.type == "ZeroDivisionError");
  CHECK(failure.message == "division by zero");
  CHECK(failure.traceback ==
        "Traceback (most recent call last):\n"
        "  File \"<demo>\", line 4, in <module>\n    f(0)\n    ~^^^\n"
        "  File \"<demo>\", line 2, in f\n    return 1 / x\n           ~~^~~\n"
        "ZeroDivisionError: division by zero\n");
  CHECK(failure.is("ArithmeticError"));
  CHECK_FALSE(failure.is_system_exit);
  CHECK(engine.run_source("x = = 1").failure().type == "SyntaxError");
  // The engine goes on.
  CHECK(evaluated<int>(engine, "1 + 1") == 2);
}

TEST_CASE("embed: SystemExit") {
  Engine engine;
  auto exits = [&](const char* text) {
    auto result = engine.run_source(text);
    REQUIRE_FALSE(result);
    CHECK(result.failure().is_system_exit);
    return result.failure().exit_status;
  };
  CHECK(exits("raise SystemExit") == 0);
  CHECK(exits("raise SystemExit(3)") == 3);
  CHECK(exits("raise SystemExit(-1)") == 255);
  CHECK(exits("raise SystemExit('text')") == 1);
}

TEST_CASE("embed: calls and globals") {
  Engine engine;
  REQUIRE(
      engine.run_source("def join(*parts): return '-'.join(map(str, parts))\nclass A:\n  n = 3\n")
          .ok());
  CHECK(engine.call("join", 1, 2.5, "x", nullptr, true).value().to<std::string>().value() ==
        "1-2.5-x-None-True");
  CHECK(engine.call("join", std::vector<int>{1, 2}).value().to<std::string>().value() == "[1, 2]");
  CHECK(engine.call("missing").failure().type == "KeyError");
  REQUIRE(engine.set_global("n", engine.make(5).value()).ok());
  CHECK(evaluated<int>(engine, "n + 1") == 6);
  Handle cls = engine.global("A").value();
  CHECK(cls.attribute("n").value().to<int>().value() == 3);
  REQUIRE(cls.set_attribute("n", engine.make(4).value()).ok());
  CHECK(evaluated<int>(engine, "A().n") == 4);
  CHECK(cls.attribute("m").failure().type == "AttributeError");
  Handle dict = engine.evaluate("{'k': [1, 2]}").value();
  CHECK(dict.item(engine.make("k").value()).value().size().value() == 2);
  REQUIRE(dict.set_item(engine.make("j").value(), engine.none()).ok());
  CHECK(dict.repr().value() == "{'k': [1, 2], 'j': None}");
  CHECK(dict.item(engine.make("x").value()).failure().message == "'x'");
}

TEST_CASE("embed: made values") {
  Engine engine;
  std::vector<Handle> items{engine.make(1).value(), engine.make("two").value()};
  CHECK(engine.make_list(items).value().repr().value() == "[1, 'two']");
  CHECK(engine.make_tuple(items).value().repr().value() == "(1, 'two')");
  std::vector<std::pair<Handle, Handle>> pairs{{items[1], items[0]}};
  CHECK(engine.make_dict(pairs).value().repr().value() == "{'two': 1}");
  std::vector<std::pair<Handle, Handle>> unhashable{{engine.make_list().value(), items[0]}};
  CHECK(engine.make_dict(unhashable).failure().message == "unhashable type: 'list'");
  CHECK(engine.make_bytes(std::string_view("\0\xff", 2)).value().repr().value() == "b'\\x00\\xff'");
}

TEST_CASE("embed: host functions") {
  Engine engine;
  int calls = 0;
  REQUIRE(
      engine.define("add", [&](int64_t a, double b) { return ++calls, static_cast<double>(a) + b; })
          .ok());
  REQUIRE(engine
              .define(
                  "greet", [](const std::string& name) { return "hello " + name; }, "Greets.")
              .ok());
  REQUIRE(engine.define("nothing", [] {}).ok());
  REQUIRE(engine
              .define("count",
                      [](Engine& e, std::span<const Handle> arguments) -> Outcome<Handle> {
                        return e.make(arguments.size());
                      })
              .ok());
  REQUIRE(
      engine.define("refuse", [](Engine& e) -> Outcome<int> { return e.fail("ValueError", "no"); })
          .ok());
  REQUIRE(engine.define("thrower", [](int) -> int { throw std::runtime_error("boom"); }).ok());
  CHECK(evaluated<double>(engine, "add(1, 2)") == 3);
  CHECK(calls == 1);
  CHECK(evaluated<std::string>(engine, "greet('you')") == "hello you");
  CHECK(evaluated<std::string>(engine, "greet.__doc__") == "Greets.");
  CHECK(engine.evaluate("nothing()").value().is_none());
  CHECK(evaluated<int>(engine, "count(1, 'x', None)") == 3);
  auto message = [&](const char* expression) {
    return engine.evaluate(expression).failure().message;
  };
  CHECK(message("add(1)") == "add expected 2 arguments, got 1");
  CHECK(message("greet(1)") == "expected str, got int");
  CHECK(message("count(a=1)") == "count() takes no keyword arguments");
  CHECK(message("thrower(1)") == "host function thrower() has thrown: boom");
  CHECK(engine.evaluate("refuse()").failure().type == "ValueError");
  REQUIRE(engine.run_source("try:\n  refuse()\nexcept ValueError as e:\n  caught = str(e)\n").ok());
  CHECK(engine.global("caught").value().to<std::string>().value() == "no");
}

TEST_CASE("embed: a script's exception passes through a host function") {
  Engine engine;
  REQUIRE(engine.define("apply", [](const Handle& f, const Handle& x) { return f(x); }).ok());
  CHECK(evaluated<int>(engine, "apply(lambda n: n + 1, 4)") == 5);
  REQUIRE(engine
              .run_source("def f(x): raise KeyError(x)\n"
                          "try:\n  apply(f, 'gone')\nexcept KeyError as e:\n  seen = e.args\n")
              .ok());
  CHECK(engine.global("seen").value().repr().value() == "('gone',)");
}

TEST_CASE("embed: modules of the host") {
  Engine engine;
  std::vector<std::pair<std::string, Handle>> members{
      {"version", engine.make("1.2").value()},
      {"double", engine.make_function("double", [](int n) { return 2 * n; }).value()},
  };
  REQUIRE(engine.define_module("host", members, "What the host offers.").ok());
  REQUIRE(engine
              .run_source(
                  "import host\nfrom host import double\nx = double(4), host.version, host.__doc__")
              .ok());
  CHECK(engine.global("x").value().repr().value() == "(8, '1.2', 'What the host offers.')");
  CHECK(engine.import_module("math").value().attribute("pi").value().is_float());
  CHECK(engine.import_module("no_such").failure().type == "ModuleNotFoundError");
}

TEST_CASE("embed: handles outlive their engine") {
  Handle left;
  Outcome<Handle> failed = Handle();
  {
    Engine engine;
    left = engine.make("text").value();
    failed = engine.evaluate("1/0");
    Handle copy = left;
    CHECK(copy.is(left));
  }
  CHECK_FALSE(left);
  CHECK_FALSE(left.is_str());
  CHECK(left.engine() == nullptr);
  CHECK(left.to_string().failure().type == "RuntimeError");
  CHECK_FALSE(left(1).ok());
  Handle copy = left;
  CHECK_FALSE(copy);
  CHECK(failed.failure().type == "ZeroDivisionError");
}

TEST_CASE("embed: a handle keeps its value alive, and only that") {
  Engine engine;
  Handle list = engine.evaluate("[object() for _ in range(100)]").value();
  engine.collect();
  CHECK(list.size().value() == 100);
  REQUIRE(engine.run_source("died = []\nclass D:\n  def __del__(self): died.append(1)\n").ok());
  Handle object = engine.evaluate("D()").value();
  engine.collect();
  CHECK(evaluated<int>(engine, "len(died)") == 0);
  object = Handle();
  // A stale word on the stack may keep the object for a while; fresh work overwrites it.
  for (int i = 0; i < 10 && evaluated<int>(engine, "len(died)") == 0; ++i) {
    REQUIRE(engine.run_source("x = [str(i) for i in range(1000)]\n").ok());
    engine.collect();
  }
  CHECK(evaluated<int>(engine, "len(died)") == 1);
}

TEST_CASE("embed: handles of another engine are refused") {
  Engine one, two;
  Handle foreign = one.make("text").value();
  CHECK_FALSE(two.evaluate("len").value()(foreign).ok());
  CHECK_FALSE(two.make_list(std::span(&foreign, 1)).ok());
}

TEST_CASE("embed: limits") {
  apy::Options options;
  options.memory_limit = 32u << 20;
  options.recursion_limit = 100;
  Engine engine(options);
  CHECK(engine.run_source("def fill():\n  x = []\n  while True: x.append([0] * 1000)\nfill()\n")
            .failure()
            .type == "MemoryError");
  CHECK(evaluated<int>(engine, "sum(range(10))") == 45);
  CHECK(engine.run_source("def f(): f()\nf()\n").failure().type == "RecursionError");
  CHECK(engine.memory_in_use() < options.memory_limit);
}

TEST_CASE("embed: interrupt from another thread") {
  Engine engine;
  std::thread other([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    engine.interrupt();
  });
  auto result = engine.run_source("while True: pass\n");
  other.join();
  CHECK(result.failure().type == "KeyboardInterrupt");
  CHECK(evaluated<int>(engine, "1") == 1);
}

TEST_CASE("embed: an engine moves between threads") {
  Engine engine;
  REQUIRE(engine
              .run_source("import asyncio\nx = [[i] for i in range(1000)]\n"
                          "async def f():\n  await asyncio.sleep(0)\n  return sum(map(len, x))\n")
              .ok());
  CHECK(engine.run_until_complete(engine.call("f").value()).value().to<int>().value() == 1000);
  int result = 0;
  std::thread other([&] {
    engine.collect();
    result = engine.run_until_complete(engine.call("f").value()).value().to<int>().value();
  });
  other.join();
  CHECK(result == 1000);
  CHECK(evaluated<int>(engine, "len(x)") == 1000);
}

TEST_CASE("embed: a finished engine fails cleanly") {
  Engine engine;
  Handle value = engine.make(1).value();
  CHECK(engine.finish());
  CHECK(engine.finish());
  CHECK(engine.evaluate("1").failure().message == "the engine has finished");
  CHECK(engine.make(1).failure().type == "RuntimeError");
  CHECK_FALSE(value);
  CHECK_FALSE(value.to_int64().ok());
}

TEST_CASE("embed: a class of the script is called when no script code runs") {
  Engine engine;
  REQUIRE(engine
              .run_source("class Account:\n  def __init__(self, owner):\n    self.owner = owner\n"
                          "class Wrong:\n  def __init__(self): return 1\n")
              .ok());
  Handle account = engine.call("Account", "Ada").value();
  CHECK(account.attribute("owner").value().to<std::string>().value() == "Ada");
  CHECK_FALSE(engine.call("Account").ok());
  CHECK_FALSE(engine.call("Wrong").ok());
}
