#pragma once
// Operation: a native coroutine that waits for one thing at a time: a place in a queue, a lock.
//
// `queue.get()` and its kin give one. It is the coroutine that is awaited and the future that it
// waits as in one cell: awaiting it tries at once, and if that is not possible it stands in line
// itself, as the future that a coroutine would have made for that, and is handed to the task. So
// an operation that need not wait costs one cell, and one that does wait costs no more. What is
// seen from outside is what CPython's coroutines show: nothing happens before it is awaited, the
// same waits in the same order, a cancelled one leaves the line and passes on a wake-up that was
// its own.
#include "runtime/async/future.h"
#include "vm/interpreter/suspend.h"

namespace apy {

struct Operation;

/// What an operation does; one per method.
struct OperationKind {
  const char* qualified_name;  // "Queue.get"
  /// Runs when it is awaited and again when somebody has completed it as a future. Pending: it has
  /// lined up (operation_wait).
  AwaitOutcome (*advance)(VM& vm, Operation* operation, Value* result);
  /// An exception ends its wait: out of the line. The exception is not pending meanwhile; whether
  /// it had been woken up or cancelled is its state as a future.
  Result<void> (*abandon)(VM& vm, Operation* operation);
};

struct Operation : Future {
  static const NativeClass kClass;
  enum Stage : uint8_t { kNew, kWaiting, kEnded };
  const OperationKind* kind;
  Value owner;     // Queue, Lock ...
  Value argument;  // of the method
  Stage stage;
};

inline Operation* try_operation(Value v) { return try_native<Operation>(v); }

extern const NativeTypeDef kOperationDefinition;

Result<Operation*> make_operation(VM& vm, const OperationKind& kind, Value owner,
                                  Value argument = Value());
/// Makes it a pending future of `loop` (of the running one if empty). The caller puts it in line.
Result<void> operation_wait(VM& vm, Operation* operation, Value loop);
/// Ends its wait with `exception`, which is pending afterwards (or another one).
void operation_abandon(VM& vm, Operation* operation, Value exception);
AwaitOutcome operation_await_step(VM& vm, Value self, Value* result);
void trace_operation(const Cell* cell, Visitor& visitor);

}  // namespace apy
