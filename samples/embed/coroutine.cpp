// Drives coroutines of a script to their end, and waits for script awaitables in straight-line C++.
#include <apy/apy.h>

#include <cstdio>

constexpr const char* kScript = R"(
import asyncio

async def fetch(name, delay):
    await asyncio.sleep(delay)
    print('fetched', name)
    return name.upper()

async def job(names):
    # report() is C++; while it waits inside, the other jobs go on.
    return [report(fetch(name, 0.01 * (i + 1))) for i, name in enumerate(names)]

async def main():
    return await asyncio.gather(job(['ant', 'bee']), job(['cat', 'dog', 'eel']))
)";

int main() {
  std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);  // its lines and the script's shall come in order
  apy::Engine engine;
  engine
      .define("report",
              [](apy::Engine& e, const apy::Handle& awaitable) -> apy::Outcome<std::string> {
                auto result = e.await(awaitable);  // parks this fiber, native frames and all
                if (!result) return result.failure();
                auto text = result->to<std::string>();
                return text ? "<" + *text + ">" : text;
              })
      .value();
  if (auto loaded = engine.run_source(kScript); !loaded) {
    engine.report(loaded.failure());
    return 1;
  }

  auto one = engine.run_until_complete(engine.call("fetch", "zebra", 0).value());
  engine.flush();
  std::printf("one: %s\n", one.value().to<std::string>().value().c_str());

  auto all = engine.run_until_complete(engine.call("main").value());
  engine.flush();
  if (!all) {
    engine.report(all.failure());
    return 1;
  }
  for (const auto& names : all->to<std::vector<std::vector<std::string>>>().value()) {
    for (const std::string& name : names) std::printf("%s ", name.c_str());
    std::printf("\n");
  }
}
