#pragma once
// The seam between the interpreter and the event loop.
//
// A native awaitable type sets Type::await_step: the Send instruction calls it each time it runs.
// Ready: *result is what `await` evaluates to. Pending: *result is handed to whoever drives the
// coroutine (a task), which arranges to be woken, and the frame is parked; when it is resumed the
// instruction runs again. Error: an exception is pending.
#include "vm/objects/vm.h"

namespace apy {

enum class AwaitOutcome : uint8_t { Error, Ready, Pending };

/// What an event loop offers to native code that must wait: implemented by runtime/.
class Suspender {
 public:
  virtual ~Suspender() = default;
  /// Waits in straight-line native code until `awaitable` is done: the running fiber is switched
  /// out with its native stack. RuntimeError when no loop is running.
  virtual Result<Value> await_value(VM& vm, Value awaitable) = 0;
};

}  // namespace apy
