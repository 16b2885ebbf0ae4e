#include "runtime/loop/timer_heap.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace apy {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

void* payload_of(uint64_t number) { return reinterpret_cast<void*>(number + 1); }

std::vector<uint64_t> drain(TimerHeap& heap, double end = kInfinity) {
  std::vector<uint64_t> order;
  while (void* payload = heap.pop_due(end)) {
    order.push_back(reinterpret_cast<uint64_t>(payload) - 1);
  }
  return order;
}

TEST_CASE("timer heap: earliest first, equal deadlines in the order of CPython's heapq") {
  TimerHeap heap;
  TimerId id;
  std::vector<double> deadlines;
  uint32_t random = 11;
  bool added = true;
  for (uint64_t i = 0; i < 20000; ++i) {
    random = (random * 1103515245 + 12345) & 0x7fffffff;
    deadlines.push_back((random >> 16) % 500 * 0.25);  // many equal ones
    added = heap.add(deadlines.back(), payload_of(i), &id) && added;
  }
  REQUIRE(added);
  const std::vector<uint64_t> order = drain(heap);
  REQUIRE(order.size() == deadlines.size());
  uint64_t digest = 0;
  double last = 0;
  bool sorted = true;
  for (uint64_t number : order) {
    digest = digest * 31 + number;
    sorted = sorted && last <= deadlines[number];
    last = deadlines[number];
  }
  CHECK(sorted);
  // What heappush and heappop of CPython 3.13 made of the same deadlines, compared with `<` alone.
  CHECK(digest == 0x2f821d10ed07319e);
  CHECK(heap.keys() == 0);
}

TEST_CASE("timer heap: only what is due comes out") {
  TimerHeap heap;
  TimerId id;
  double when = 0;
  CHECK_FALSE(heap.next_deadline(&when));
  REQUIRE(heap.add(2.0, payload_of(2), &id));
  REQUIRE(heap.add(1.0, payload_of(1), &id));
  REQUIRE(heap.add(kInfinity, payload_of(9), &id));
  REQUIRE(heap.next_deadline(&when));
  CHECK(when == 1.0);
  CHECK(drain(heap, 1.0).empty());
  CHECK(drain(heap, 1.5) == std::vector<uint64_t>{1});
  CHECK(drain(heap) == std::vector<uint64_t>{2});
  CHECK(heap.pending() == 1);  // the infinite one is never due
  heap.clear();
  CHECK(heap.pending() == 0);
}

TEST_CASE("timer heap: a deadline that is not a number is long past") {
  TimerHeap heap;
  TimerId id;
  REQUIRE(heap.add(-5.0, payload_of(1), &id));
  REQUIRE(heap.add(std::nan(""), payload_of(0), &id));
  REQUIRE(heap.add(-kInfinity, payload_of(2), &id));
  CHECK(drain(heap, 0.0) == std::vector<uint64_t>{0, 2, 1});
}

TEST_CASE("timer heap: cancelled timers are gone at once, names stay harmless") {
  TimerHeap heap;
  TimerId first;
  TimerId second;
  CHECK_FALSE(heap.cancel(TimerId{}));
  REQUIRE(heap.add(1.0, payload_of(1), &first));
  REQUIRE(heap.add(2.0, payload_of(2), &second));
  CHECK(heap.is_pending(first));
  CHECK(heap.cancel(first));
  CHECK_FALSE(heap.cancel(first));
  CHECK_FALSE(heap.is_pending(first));
  size_t visited = 0;
  heap.for_each([&](void*& payload) {
    ++visited;
    CHECK(payload == payload_of(2));
  });
  CHECK(visited == 1);
  double when = 0;
  REQUIRE(heap.next_deadline(&when));
  CHECK(when == 2.0);
  CHECK(drain(heap) == std::vector<uint64_t>{2});
  CHECK_FALSE(heap.cancel(second));
  TimerId third;
  REQUIRE(heap.add(3.0, payload_of(3), &third));  // takes a slot used before
  CHECK_FALSE(heap.cancel(first));
  CHECK_FALSE(heap.cancel(second));
  CHECK(heap.cancel(third));
}

TEST_CASE("timer heap: rebuilds when more than half of more than a hundred are cancelled") {
  TimerHeap heap;
  std::vector<TimerId> ids(102);
  for (size_t i = 0; i < ids.size(); ++i) {
    REQUIRE(heap.add(static_cast<double>(ids.size() - i), payload_of(i), &ids[i]));
  }
  for (size_t i = 0; i < 51; ++i) CHECK(heap.cancel(ids[i]));  // the later half
  heap.prune();
  CHECK(heap.keys() == 102);
  CHECK(heap.cancel(ids[51]));
  heap.prune();
  CHECK(heap.keys() == 50);
  CHECK(heap.pending() == 50);
  std::vector<uint64_t> expected;
  for (uint64_t i = 102; i-- > 52;) expected.push_back(i);
  CHECK(drain(heap) == expected);
}

TEST_CASE("timer heap: few cancelled ones go when they reach the top") {
  TimerHeap heap;
  std::vector<TimerId> ids(100);
  for (size_t i = 0; i < ids.size(); ++i) {
    REQUIRE(heap.add(static_cast<double>(i), payload_of(i), &ids[i]));
  }
  for (size_t i = 0; i < 90; ++i) heap.cancel(ids[i]);
  heap.cancel(ids[95]);
  heap.prune();
  CHECK(heap.keys() == 10);
  CHECK(heap.pending() == 9);
}

TEST_CASE("timer heap: arming and cancelling for ever needs no more memory") {
  TimerHeap heap;
  TimerId id;
  REQUIRE(heap.add(1e6, payload_of(0), &id));
  for (int i = 0; i < 1000; ++i) {
    REQUIRE(heap.add(1e5 + i, payload_of(1), &id));
    heap.cancel(id);
    heap.prune();
  }
  const size_t memory = heap.memory_bytes();
  bool added = true;
  for (int i = 0; i < 100000; ++i) {
    added = heap.add(1e5 + i, payload_of(1), &id) && added;
    heap.cancel(id);
    heap.prune();
  }
  CHECK(added);
  CHECK(heap.memory_bytes() == memory);
  CHECK(heap.pending() == 1);
}

TEST_CASE("timer heap: a million timers, some cancelled") {
  TimerHeap heap;
  std::mt19937_64 random(3);
  std::vector<TimerId> ids(1000000);
  bool added = true;
  for (size_t i = 0; i < ids.size(); ++i) {
    added = heap.add(static_cast<double>(random() >> 11), payload_of(i), &ids[i]) && added;
  }
  REQUIRE(added);
  for (size_t i = 0; i < ids.size(); i += 3) heap.cancel(ids[i]);
  double when = 0;
  double last = -1;
  size_t count = 0;
  bool ordered = true;
  while (heap.next_deadline(&when)) {
    ordered = ordered && when >= last;
    last = when;
    const auto number = reinterpret_cast<uint64_t>(heap.pop_due(kInfinity)) - 1;
    ordered = ordered && number % 3 != 0;
    ++count;
  }
  CHECK(ordered);
  CHECK(count == 666666);
}

}  // namespace
}  // namespace apy
