#pragma once
// HostLoop: the event loop that belongs to an engine rather than to a script: for tasks that the
// host starts and for what is awaited at a prompt. It is made when first needed, becomes the
// current loop of scripts, and lives as long as the engine.
#include <cstdint>

#include "vm/objects/vm.h"

namespace apy {

class HostLoop {
 public:
  explicit HostLoop(VM& vm) : vm_(vm), loop_(vm.heap()) {}

  /// Turns the loop until the awaitable is done; its result.
  Result<Value> run_until_complete(Value awaitable);
  Result<Value> spawn(Value coroutine);
  /// One iteration without waiting. RuntimeError while a loop is running.
  Result<void> turn();
  bool has_pending();
  /// Nanoseconds until the loop has something to do by itself: 0 now, negative: it cannot say.
  int64_t time_to_next();
  /// A descriptor that becomes readable when something comes from outside, or -1; *ready: it
  /// already has.
  int arm(bool* ready);
  /// Cancels what is pending, lets it end, and closes the loop.
  Result<void> close();

 private:
  Result<Value> loop();

  VM& vm_;
  Root loop_;
};

/// Waits in native code: parks the fiber of the running task. Without a running loop: RuntimeError.
Result<Value> await_in_native(VM& vm, Value awaitable);
/// Is a loop turning on this thread's engine?
bool is_loop_running(VM& vm);

}  // namespace apy
