#pragma once
// Sleep: what asyncio.sleep() gives, a coroutine-like awaitable that needs no future.
//
// Awaited in a task it is one entry in the heap of timers, which wakes the task; a delay of zero
// is a turn of the loop. A coroutine of CPython would be a frame, a future and a handle besides.
#include "runtime/async/task.h"

namespace apy {

struct Sleep : NativeObject {
  static const NativeClass kClass;
  // Cell::aux
  enum Stage : uint16_t { kNew, kYielded, kWaiting, kDue, kCancelled, kDone, kDelegated };
  /// Before it waits; then its Task. kDelegated: Tuple (future, handle of a script loop's timer).
  Value delay;
  Value result;  // once cancelled: the message
  TimerId timer;

  Stage stage() const { return static_cast<Stage>(aux); }
  void set_stage(Stage stage) { aux = stage; }
};

extern const NativeTypeDef kSleepDefinition;

Result<Value> make_sleep(VM& vm, Value delay, Value result);
/// `task` is the one that waits.
Result<void> sleep_waits_for(VM& vm, Sleep* sleep, Task* task);
AwaitOutcome sleep_await_step(VM& vm, Value self, Value* result);
/// The timer fired: its callback's turn.
Result<void> sleep_due(VM& vm, Sleep* sleep);
/// False when it is not waiting. `message` is for the CancelledError.
Result<bool> sleep_cancel(VM& vm, Sleep* sleep, Value message);
/// The CancelledError of a cancelled one.
Result<Value> sleep_cancelled_error(VM& vm, Sleep* sleep);

}  // namespace apy
