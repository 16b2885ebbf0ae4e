#include "runtime/loop/ready_ring.h"

#include <doctest/doctest.h>

#include <deque>
#include <random>
#include <vector>

namespace apy {
namespace {

TEST_CASE("ready ring: first in, first out, across growth and wrapping") {
  ReadyRing<uint64_t> ring;
  std::deque<uint64_t> model;
  std::mt19937 random(7);
  uint64_t next = 0;
  bool same = true;
  for (int step = 0; step < 100000; ++step) {
    // Drifts up and down, so that growth happens with the head anywhere.
    const bool push = random() % 100 < (step / 10000 % 2 == 0 ? 60u : 40u);
    if (push) {
      same = ring.push(next) && same;
      model.push_back(next++);
    } else if (!model.empty()) {
      same = ring.pop() == model.front() && same;
      model.pop_front();
    }
    same = ring.size() == model.size() && same;
  }
  CHECK(same);
  std::vector<uint64_t> visited;
  ring.for_each([&](uint64_t& entry) { visited.push_back(entry); });
  CHECK(visited == std::vector<uint64_t>(model.begin(), model.end()));
  for (size_t i = 0; i < model.size(); ++i) CHECK(ring.at(i) == model[i]);
}

TEST_CASE("ready ring: does not grow while its size stays the same") {
  ReadyRing<uint32_t> ring;
  for (uint32_t i = 0; i < 20; ++i) REQUIRE(ring.push(i));
  const size_t capacity = ring.capacity();
  for (uint32_t i = 0; i < 10000; ++i) {
    REQUIRE(ring.push(i));
    ring.pop();
  }
  CHECK(ring.capacity() == capacity);
}

TEST_CASE("ready ring: reserve, clear and shrink") {
  ReadyRing<uint32_t> ring;
  REQUIRE(ring.push(1));
  REQUIRE(ring.reserve(100000));
  const size_t capacity = ring.capacity();
  CHECK(capacity >= 100000);
  CHECK(ring.pop() == 1);
  CHECK_FALSE(ring.reserve(SIZE_MAX / 8));
  REQUIRE(ring.push(2));
  while (ring.capacity() > 4096) {
    const size_t before = ring.capacity();
    ring.shrink_if_sparse();
    REQUIRE(ring.capacity() < before);
  }
  CHECK(ring.size() == 1);
  CHECK(ring.at(0) == 2);
  while (ring.size() < 3000) REQUIRE(ring.push(7));
  ring.shrink_if_sparse();
  CHECK(ring.capacity() == 4096);
  ring.clear();
  CHECK(ring.empty());
  REQUIRE(ring.push(3));
  CHECK(ring.pop() == 3);
}

}  // namespace
}  // namespace apy
