// The public API and the event loop.
#include <doctest/doctest.h>
#include <poll.h>

#include <thread>

#include "apy/apy.h"

using apy::Engine;
using apy::Handle;

namespace {

constexpr const char* kScript = R"(
import asyncio
log = []
async def work(name, delay, result=None):
    log.append(name)
    await asyncio.sleep(delay)
    log.append(name + '!')
    return result
async def fail():
    await asyncio.sleep(0)
    raise LookupError('lost')
)";

std::string log_of(Engine& engine) {
  return engine.evaluate("' '.join(log)").value().to<std::string>().value();
}

}  // namespace

TEST_CASE("embed: run_until_complete") {
  Engine engine;
  REQUIRE(engine.run_source(kScript).ok());
  Handle coroutine = engine.call("work", "a", 0.001, 42).value();
  CHECK(coroutine.is_awaitable());
  CHECK(engine.run_until_complete(coroutine).value().to<int>().value() == 42);
  auto failed = engine.run_until_complete(engine.call("fail").value());
  CHECK(failed.failure().message == "lost");
  CHECK(failed.failure().type == "LookupError");
  CHECK(engine.run_until_complete(engine.make(1).value()).failure().type == "TypeError");
}

TEST_CASE("embed: polling from the host's loop") {
  Engine engine;
  REQUIRE(engine.run_source(kScript).ok());
  CHECK_FALSE(engine.has_pending());
  CHECK_FALSE(engine.poll().value());
  Handle task = engine.spawn(engine.call("work", "a", 0.01, 7).value()).value();
  CHECK(engine.has_pending());
  CHECK(log_of(engine).empty());
  CHECK(engine.poll().value());
  CHECK(log_of(engine) == "a");
  int turns = 0;
  while (engine.poll().value() && turns < 1000) {
    Engine::Wait wait = engine.prepare_wait().value();
    REQUIRE(wait.timeout.has_value());
    CHECK(wait.timeout->count() <= 10'000'000);
    timespec limit{0, static_cast<long>(wait.timeout->count())};
    pollfd descriptor{wait.descriptor, POLLIN, 0};
    ppoll(&descriptor, wait.descriptor >= 0 ? 1 : 0, &limit, nullptr);
    ++turns;
  }
  CHECK(log_of(engine) == "a a!");
  CHECK(turns < 20);
  CHECK(task.call_method("result", {}).value().to<int>().value() == 7);
}

TEST_CASE("embed: a host function waits in straight-line code") {
  Engine engine;
  REQUIRE(
      engine
          .define("wait_for", [](Engine& e, const Handle& awaitable) { return e.await(awaitable); })
          .ok());
  REQUIRE(engine.run_source(kScript).ok());
  REQUIRE(
      engine
          .run_source(
              "async def outer(name, delay):\n"
              "    result = [wait_for(work(n, delay, n)) for n in (name + '1', name + '2')]\n"
              "    return '+'.join(sorted(result, key=lambda r: wait_for(work(r + 'k', 0, r))))\n"
              "async def main():\n"
              "    return await asyncio.gather(outer('x', 0.004), outer('y', 0.006))\n")
          .ok());
  auto result = engine.run_until_complete(engine.call("main").value());
  REQUIRE(result.ok());
  CHECK(result->repr().value() == "['x1+x2', 'y1+y2']");
  // Both wait at the same time.
  CHECK(log_of(engine).starts_with("x1 y1 x1!"));
  // Failures come out of the wait as they would from `await`.
  REQUIRE(engine
              .run_source("async def main():\n  try:\n    wait_for(fail())\n  except LookupError "
                          "as e:\n    return str(e)\n")
              .ok());
  CHECK(engine.run_until_complete(engine.call("main").value()).value().to<std::string>().value() ==
        "lost");
  // Outside a loop it drives the awaitable itself.
  CHECK(engine.evaluate("wait_for(work('z', 0, 'done'))").value().to<std::string>().value() ==
        "done");
}

TEST_CASE("embed: host functions that still wait when the engine ends are cancelled") {
  struct Guard {
    int& count;
    ~Guard() { ++count; }
  };
  int unwound = 0;
  std::vector<std::string> notes;
  {
    Engine engine;
    REQUIRE(engine
                .define("wait_for",
                        [&unwound](Engine& e, const Handle& awaitable) {
                          Guard guard{unwound};
                          return e.await(awaitable);
                        })
                .ok());
    REQUIRE(engine.define("note", [&notes](std::string text) { notes.push_back(text); }).ok());
    REQUIRE(engine
                .run_source("import asyncio\n"
                            "def callback(name):\n"
                            "    try:\n"
                            "        wait_for(asyncio.get_running_loop().create_future())\n"
                            "    except asyncio.CancelledError:\n"
                            "        note(name + ' cancelled')\n"
                            "        try:\n"
                            "            wait_for(asyncio.get_running_loop().create_future())\n"
                            "        finally:\n"
                            "            note(name + ' cannot wait again')\n"
                            "async def task(name):\n"
                            "    try:\n"
                            "        sorted([1], key=lambda n: "
                            "wait_for(asyncio.get_running_loop().create_future()))\n"
                            "    finally:\n"
                            "        note(name + ' ends')\n"
                            "        await asyncio.sleep(0)\n"
                            "        note(name + ' ended')\n"
                            "async def main():\n"
                            "    loop = asyncio.get_running_loop()\n"
                            "    loop.call_soon(callback, 'first')\n"
                            "    loop.call_soon(callback, 'second')\n"
                            "    loop.kept = asyncio.create_task(task('task'))\n"
                            "    await asyncio.sleep(0.001)\n")
                .ok());
    REQUIRE(engine.run_until_complete(engine.call("main").value()).ok());
    CHECK(unwound == 0);
    CHECK(notes.empty());
  }
  // Those of tasks are cancelled with them, in the loop; the others when it has ended.
  CHECK(unwound == 5);
  CHECK(notes == std::vector<std::string>{"task ends", "task ended", "second cancelled",
                                          "second cannot wait again", "first cancelled",
                                          "first cannot wait again"});
}

TEST_CASE("embed: a task that waits in native code can be cancelled") {
  Engine engine;
  REQUIRE(
      engine
          .define("wait_for", [](Engine& e, const Handle& awaitable) { return e.await(awaitable); })
          .ok());
  REQUIRE(engine
              .run_source("import asyncio\n"
                          "async def waiter():\n"
                          "    try:\n"
                          "        wait_for(asyncio.sleep(1000))\n"
                          "    except asyncio.CancelledError as e:\n"
                          "        return 'cancelled with ' + str(e)\n"
                          "async def main():\n"
                          "    task = asyncio.create_task(waiter())\n"
                          "    await asyncio.sleep(0.001)\n"
                          "    task.cancel('reason')\n"
                          "    return await task\n")
              .ok());
  CHECK(engine.run_until_complete(engine.call("main").value()).value().to<std::string>().value() ==
        "cancelled with reason");
}

TEST_CASE("embed: top-level await") {
  Engine engine;
  REQUIRE(engine.run_source(kScript).ok());
  REQUIRE(engine.run_source("value = await work('t', 0, 5)\n").ok());
  CHECK(engine.global("value").value().to<int>().value() == 5);
  CHECK(engine.evaluate("await work('u', 0, 6)").value().to<int>().value() == 6);
  auto failed = engine.run_source("await fail()\n", "<top>");
  CHECK(failed.failure().traceback.starts_with(
      "Traceback (most recent call last):\n  File \"<top>\", line 1, in <module>\n"));
}

TEST_CASE("embed: interrupt ends a wait") {
  Engine engine;
  REQUIRE(engine.run_source(kScript).ok());
  std::thread other([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    engine.interrupt();
  });
  auto begin = std::chrono::steady_clock::now();
  auto result = engine.run_until_complete(engine.call("work", "long", 20).value());
  other.join();
  CHECK(result.failure().type == "KeyboardInterrupt");
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(5));
}

TEST_CASE("embed: the end cancels what is pending") {
  std::string seen;
  {
    Engine engine;
    REQUIRE(engine.define("note", [&](const std::string& text) { seen += text; }).ok());
    REQUIRE(
        engine
            .run_source("import asyncio\nasync def f():\n  try:\n    await asyncio.sleep(1000)\n"
                        "  except asyncio.CancelledError:\n    note('cancelled ')\n    raise\n"
                        "  finally:\n    note('finally')\n")
            .ok());
    REQUIRE(engine.spawn(engine.call("f").value()).ok());
    REQUIRE(engine.poll().ok());
  }
  CHECK(seen == "cancelled finally");
}

TEST_CASE("embed: engines on several threads at once") {
  constexpr int kThreads = 4;
  int64_t results[kThreads] = {};
  std::vector<std::thread> threads;
  for (int n = 0; n < kThreads; ++n) {
    threads.emplace_back([n, &results] {
      Engine engine;
      (void)engine.define("offset", [n] { return n; });
      (void)engine.run_source(
          "import asyncio\nasync def step(i):\n  await asyncio.sleep(0)\n  return i + offset()\n"
          "async def main():\n  return sum(await asyncio.gather(*(step(i) for i in "
          "range(200))))\n");
      auto result = engine.run_until_complete(engine.call("main").value());
      results[n] = result ? result->to<int64_t>().value() : -1;
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (int n = 0; n < kThreads; ++n) CHECK(results[n] == 19900 + 200 * n);
}
