#pragma once

#include <cstdint>

namespace apy {

// What a loop takes for time: seconds since some fixed instant, never going back. As a double, like
// `loop.time()` of asyncio, so that deadlines a script computes compare exactly.
class Clock {
 public:
  virtual double now() = 0;

  // Seconds. Timers due within this span of now count as due, as in asyncio.
  virtual double resolution() const = 0;

  // A clock that can jump moves forward to `when` and returns true; a real one returns false, and
  // the loop has to wait. Called only when nothing else can happen before `when`.
  virtual bool jump_to(double when) = 0;

 protected:
  ~Clock() = default;
};

// The system's monotonic clock, with the values of Python's time.monotonic().
class RealClock final : public Clock {
 public:
  double now() override;
  double resolution() const override { return 1e-9; }
  bool jump_to(double) override { return false; }
};

// Stands still while anything runs and jumps to the next timer when nothing does: tests and
// simulations of a day take as long as their computation.
class VirtualClock final : public Clock {
 public:
  explicit VirtualClock(double start = 0.0) : now_(start) {}
  double now() override { return now_; }
  double resolution() const override { return 1e-9; }
  bool jump_to(double when) override;

 private:
  double now_;
};

// Nanoseconds of the system's monotonic clock.
int64_t monotonic_nanoseconds();

// How long to wait for a deadline: nanoseconds, rounded up, 0 if it has passed or is not a number,
// and at most a day (as asyncio limits one wait; the loop then simply waits again).
int64_t nanoseconds_until(double when, double now);

}  // namespace apy
