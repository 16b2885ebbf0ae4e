#pragma once
// What the native halves of asyncio's queues and locks share: lines of waiters, the loop they
// belong to, and which of their methods a script subclass has replaced.
//
// Methods that call one another call what a subclass overrides. Asking costs a lookup per call, so
// the answer is kept with the object for as long as its class and its attributes are the same.
#include <span>

#include "runtime/async/operation.h"
#include "stdlib/collections/deque.h"
#include "stdlib/native_iterator.h"

namespace apy {

/// Base of queues and locks: they belong to the first loop that they wait in.
struct LoopBound : NativeObject {
  Value loop;  // empty: none yet
};

/// Which methods are the native ones.
struct NativeHooks {
  ShapeId shape;
  uint32_t version;
  uint32_t native;  // bit i: method i of the object's list of names
};

/// The bits of NativeHooks::native, looked up again when class or attributes have changed.
uint32_t native_hooks(VM& vm, NativeObject* object, NativeHooks& known,
                      std::span<const char* const> names);

/// The running loop; RuntimeError if `object` belongs to another one.
Result<Value> bound_loop(VM& vm, LoopBound* object);
Result<Value> get_bound_loop(VM& vm, Value self);
Result<void> set_bound_loop(VM& vm, Value self, Value value);

Result<Deque*> make_waiters(VM& vm);
/// Puts the operation at the end of a line and makes it wait.
AwaitOutcome wait_in_line(VM& vm, LoopBound* owner, Deque* line, Operation* operation);
/// Takes `waiter` out of the line, wherever it stands; nothing if it is not there.
void leave_line(VM& vm, Deque* line, Value waiter);

// A waiter is an operation, or any future that a script has put there.
Result<bool> waiter_is_done(VM& vm, Value waiter);
Result<bool> waiter_is_cancelled(VM& vm, Value waiter);
Result<void> complete_waiter(VM& vm, Value waiter, Value result);

/// Calls a method of `object` for its truth.
Result<bool> ask(VM& vm, Value object, const char* method);

}  // namespace apy
