// Two engines on two threads: they share nothing, so they need no lock.
#include <apy/apy.h>

#include <cstdio>
#include <thread>

constexpr const char* kScript = R"(
import asyncio

async def count(name, numbers):
    total = 0
    for number in numbers:
        await asyncio.sleep(0)
        total += number
    return f'{name}: {total}'

def work(first, last):
    async def main():
        halves = range(first, (first + last) // 2), range((first + last) // 2, last)
        return await asyncio.gather(*(count(name(), half) for half in halves))
    return asyncio.run(main())
)";

namespace {

void run(const char* name, int first, int last, std::vector<std::string>* results) {
  apy::Engine engine;
  engine.define("name", [name] { return name; }).value();
  auto loaded = engine.run_source(kScript);
  auto result = loaded ? engine.call("work", first, last) : loaded;
  if (!result) return engine.report(result.failure());
  *results = result->to<std::vector<std::string>>().value();
}

}  // namespace

int main() {
  std::vector<std::string> left, right;
  std::thread one(run, "left", 0, 1000, &left);
  std::thread two(run, "right", 1000, 2000, &right);
  one.join();
  two.join();
  for (const auto* results : {&left, &right})
    for (const std::string& line : *results) std::printf("%s\n", line.c_str());
}
