#include "runtime/loop/clock.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

namespace apy {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST_CASE("clock: the real one goes on and does not jump") {
  RealClock clock;
  const double before = clock.now();
  CHECK_FALSE(clock.jump_to(before + 100));
  const double after = clock.now();
  CHECK(after >= before);
  CHECK(after < before + 100);
}

TEST_CASE("clock: the virtual one jumps forward only") {
  VirtualClock clock(5.0);
  CHECK(clock.now() == 5.0);
  CHECK(clock.jump_to(86400.25));
  CHECK(clock.now() == 86400.25);
  CHECK(clock.jump_to(3.0));
  CHECK(clock.jump_to(kInfinity));
  CHECK(clock.jump_to(std::nan("")));
  CHECK(clock.now() == 86400.25);
}

TEST_CASE("clock: waits are rounded up and limited") {
  CHECK(nanoseconds_until(1.5, 1.0) == 500000000);
  CHECK(nanoseconds_until(1.0, 1.0) == 0);
  CHECK(nanoseconds_until(0.0, 1.0) == 0);
  CHECK(nanoseconds_until(std::nan(""), 1.0) == 0);
  CHECK(nanoseconds_until(-kInfinity, 1.0) == 0);
  CHECK(nanoseconds_until(1e-12, 0.0) == 1);
  CHECK(nanoseconds_until(kInfinity, 1.0) == int64_t{86400} * 1000000000);
  CHECK(nanoseconds_until(1e300, 1.0) == int64_t{86400} * 1000000000);
}

}  // namespace
}  // namespace apy
