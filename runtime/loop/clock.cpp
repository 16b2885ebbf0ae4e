#include "runtime/loop/clock.h"

#include <time.h>

#include <cmath>

namespace apy {
namespace {

constexpr int64_t kNanoseconds = 1000000000;
constexpr double kLongestWait = 24.0 * 3600.0;

}  // namespace

int64_t monotonic_nanoseconds() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<int64_t>(now.tv_sec) * kNanoseconds + now.tv_nsec;
}

double RealClock::now() { return static_cast<double>(monotonic_nanoseconds()) / 1e9; }

bool VirtualClock::jump_to(double when) {
  if (when > now_ && std::isfinite(when)) now_ = when;
  return true;
}

int64_t nanoseconds_until(double when, double now) {
  const double seconds = when - now;
  if (!(seconds > 0.0)) return 0;
  if (seconds >= kLongestWait) return static_cast<int64_t>(kLongestWait) * kNanoseconds;
  return static_cast<int64_t>(std::ceil(seconds * 1e9));
}

}  // namespace apy
