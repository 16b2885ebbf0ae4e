// `apy -X stats`: what is counted, and that counting changes nothing.
#include <doctest/doctest.h>

#include "apy/apy.h"
#include "runtime/embed/access.h"
#include "runtime/embed/inspect.h"
#include "vm/interpreter/statistics.h"

using apy::Engine;
using apy::Opcode;

namespace {

const apy::ExecutionStatistics& counts_of(Engine& engine) {
  return *apy::statistics_of(apy::v1::detail::Access::shared(engine)->core->vm());
}

uint64_t executed(Engine& engine, Opcode opcode) {
  return counts_of(engine).opcodes[static_cast<size_t>(opcode)].executed;
}

constexpr const char* kScript = R"(
class Point:
    def __init__(self, x):
        self.x = x

def total(points):
    result = 0
    for point in points:
        result += point.x
    return result

answer = total([Point(i) for i in range(100)])
keyed = sorted(range(10), key=lambda i: -i)
)";

}  // namespace

TEST_CASE("statistics: instructions, caches, sites and entries from C++ are counted") {
  Engine engine;
  apy::start_statistics(engine);
  REQUIRE(engine.run_source(kScript));
  CHECK(engine.evaluate("answer").value().to<int64_t>().value() == 4950);
  CHECK(executed(engine, Opcode::LoadAttrSlot) == 99);  // the first is LoadAttr
  CHECK(executed(engine, Opcode::LoadAttr) == 1);
  uint64_t entries = counts_of(engine).entries_from_native;
  CHECK(entries >= 11);  // the module and ten keys
  CHECK(entries < 40);
  uint64_t total = 0, pairs = 0;
  for (const auto& counts : counts_of(engine).opcodes) total += counts.executed;
  for (uint64_t count : counts_of(engine).pairs) pairs += count;
  CHECK(total == pairs);
  CHECK(total > 500);
  std::string text = describe_statistics(engine);
  CHECK(text.find("LoadAttrSlot") != text.npos);
  CHECK(text.find("<string>:9 total") != text.npos);
  CHECK(text.find("collections:") != text.npos);
}

TEST_CASE("statistics: a site with changing shapes misses its cache") {
  Engine engine;
  apy::start_statistics(engine);
  REQUIRE(engine.run_source(R"(
class A: pass
class B: pass
things = []
for i in range(20):
    thing = (A, B)[i % 2]()
    thing.x = i
    things.append(thing)
def read():
    for thing in things:
        thing.x
read()
)"));
  const auto& counts = counts_of(engine).opcodes;
  CHECK(counts[static_cast<size_t>(Opcode::LoadAttrSlot)].misses > 0);
}

TEST_CASE("statistics: nothing without them") {
  Engine engine;
  CHECK(describe_statistics(engine).empty());
}
