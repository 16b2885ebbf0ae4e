#pragma once
// Future: a result that will be there later, with whoever waits for it.
//
// The first waiter is inline: a task (nearly always) or a callback; more go to a list. A task's
// wake-up is an entry in the loop's ring, a callback becomes one as well; neither needs a handle
// object.
#include "runtime/async/state.h"

namespace apy {

struct Future : NativeObject {
  static const NativeClass kClass;
  static const NativeClass kTaskClass;
  // Cell::aux
  static constexpr uint16_t kStateMask = 3;
  enum State : uint16_t { kPending = 0, kFinished = 1, kFailed = 2, kCancelled = 3 };
  static constexpr uint16_t kBlocking = 4;      // just yielded by an await
  static constexpr uint16_t kLogTraceback = 8;  // the exception was not retrieved yet
  static constexpr uint16_t kIsTask = 32;
  static constexpr uint16_t kRegistered = 64;  // finalizer registered

  Value loop;
  Value result;  // result or exception
  Value waiter;  // Task to wake, callback, parked fiber's index (small int), or empty
  Value waiter_context;
  Value callbacks;  // List of (function, context) after the first waiter, or empty
  Value cancel_message;
  Value source_traceback;

  State state() const { return static_cast<State>(aux & kStateMask); }
  bool done() const { return state() != kPending; }
  void set_state(State s) { aux = static_cast<uint16_t>((aux & ~kStateMask) | s); }
};

/// `v` as a Future (or Task, or of a script subclass), else null.
inline Future* try_future(Value v) {
  if (!is_kind(v, CellKind::NativeObject)) return nullptr;
  NativeObject* object = static_cast<NativeObject*>(v.cell());
  return object->native_class == &Future::kClass || object->native_class == &Future::kTaskClass
             ? static_cast<Future*>(object)
             : nullptr;
}

extern const NativeTypeDef kFutureDefinition;
extern const NativeTypeDef kFutureIteratorDefinition;

/// Future(loop=loop) in C++.
Result<Future*> make_future(VM& vm, Value loop);
/// Common part of the constructors: loop empty or none means the running loop, else the policy's.
Result<void> initialize_future(VM& vm, Future* future, Value loop);
Result<void> future_set_result(VM& vm, Future* future, Value result);
Result<void> future_set_exception(VM& vm, Future* future, Value exception);
Result<bool> future_cancel(VM& vm, Future* future, Value message);
/// The result, or its exception raised; InvalidStateError while pending.
Result<Value> future_result(VM& vm, Future* future);
Result<Value> make_cancelled_error(VM& vm, Future* future);
Result<void> future_add_callback(VM& vm, Future* future, Value function, Value context);
/// Puts `task` in line for being woken. The future is pending.
Result<void> future_add_task(VM& vm, Future* future, Task* task);
/// Puts a parked fiber (index in LoopCore::parked) in line. The future is pending.
Result<void> future_add_fiber(VM& vm, Future* future, int64_t index);
/// Wakes every waiter. The future is done.
Result<void> future_schedule(VM& vm, Future* future);
AwaitOutcome future_await_step(VM& vm, Value self, Value* result);
void trace_future(const Cell* cell, Visitor& visitor);
void finalize_future(VM& vm, Cell* cell);

}  // namespace apy
