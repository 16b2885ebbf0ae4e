#pragma once
// Future: a result that will be there later, with whoever waits for it.
//
// The first waiter is inline: a task (nearly always), a gather() or a callback without a context;
// more go to a list. A task's wake-up is an entry in the loop's ring, a callback becomes one as
// well; neither needs a handle object. What hardly any future has (a message of its cancellation,
// the place that made it in debug mode) shares one field.
#include "runtime/async/state.h"

namespace apy {

struct Future : NativeObject {
  /// Of all kinds of futures that scripts know as such, in one array, so that "is it a future" is a
  /// test of a range.
  static const NativeClass kClasses[3];
  static constexpr const NativeClass& kClass = kClasses[0];
  static constexpr const NativeClass& kTaskClass = kClasses[1];
  static constexpr const NativeClass& kGatheringClass = kClasses[2];
  // Cell::aux
  static constexpr uint16_t kStateMask = 3;
  enum State : uint16_t { kPending = 0, kFinished = 1, kFailed = 2, kCancelled = 3 };
  static constexpr uint16_t kBlocking = 4;      // just yielded by an await
  static constexpr uint16_t kLogTraceback = 8;  // the exception was not retrieved yet
  static constexpr uint16_t kIsTask = 32;
  static constexpr uint16_t kRegistered = 64;  // finalizer registered
  static constexpr uint16_t kGathered = 128;   // an argument of the gather() being made

  Value loop;
  Value result;  // result or exception
  Value waiter;  // Task to wake, Gathering, callback, parked fiber's index (small int), or empty
  /// List of (waiter, context) behind the inline one, or empty. Context Ellipsis: a task, gathering
  /// or fiber; else the waiter is a callback.
  Value callbacks;
  Value extra;  // Tuple (message of cancel(), source traceback), or empty

  State state() const { return static_cast<State>(aux & kStateMask); }
  bool done() const { return state() != kPending; }
  void set_state(State s) { aux = static_cast<uint16_t>((aux & ~kStateMask) | s); }
  /// None when there is none.
  Value cancel_message() const {
    return extra.is_empty() ? Value::none() : as<Tuple>(extra)->values()[0];
  }
  /// Empty when there is none.
  Value source_traceback() const {
    return extra.is_empty() ? Value() : as<Tuple>(extra)->values()[1];
  }
};

/// `v` as a Future (or Task, or of a script subclass), else null.
inline Future* try_future(Value v) {
  if (!is_kind(v, CellKind::NativeObject)) return nullptr;
  NativeObject* object = static_cast<NativeObject*>(v.cell());
  uintptr_t place = reinterpret_cast<uintptr_t>(object->native_class) -
                    reinterpret_cast<uintptr_t>(Future::kClasses);
  return place < sizeof Future::kClasses ? static_cast<Future*>(object) : nullptr;
}

extern const NativeTypeDef kFutureDefinition;
extern const NativeTypeDef kFutureIteratorDefinition;

/// Attributes that show a future's state; for operations that wait, too.
extern const NativeGetSetDef kFutureAttributes[9];

Result<void> set_cancel_message(VM& vm, Future* future, Value message);
Result<void> set_source_traceback(VM& vm, Future* future, Value traceback);

/// Future(loop=loop) in C++.
Result<Future*> make_future(VM& vm, Value loop);
/// Common part of the constructors: loop empty or none means the running loop, else the policy's.
Result<void> initialize_future(VM& vm, Future* future, Value loop);
Result<void> future_set_result(VM& vm, Future* future, Value result);
Result<void> future_set_exception(VM& vm, Future* future, Value exception);
/// Marks a plain future cancelled. False: it was done.
Result<bool> future_cancel(VM& vm, Future* future, Value message);
/// As the script's `future.cancel(msg=message)`, whatever kind of future it is.
Result<bool> cancel_waited(VM& vm, Value future, Value message);
/// The result, or its exception raised; InvalidStateError while pending.
Result<Value> future_result(VM& vm, Future* future);
Result<Value> make_cancelled_error(VM& vm, Future* future);
Result<void> future_add_callback(VM& vm, Future* future, Value function, Value context);
/// Puts a Task or Gathering in line. The future is pending.
Result<void> future_add_waiter(VM& vm, Future* future, Future* waiter);
/// Puts a parked fiber (index in LoopCore::parked) in line. The future is pending.
Result<void> future_add_fiber(VM& vm, Future* future, int64_t index);
/// Wakes every waiter. The future is done.
Result<void> future_schedule(VM& vm, Future* future);
AwaitOutcome future_await_step(VM& vm, Value self, Value* result);
void trace_future(const Cell* cell, Visitor& visitor);
void finalize_future(VM& vm, Cell* cell);

}  // namespace apy
