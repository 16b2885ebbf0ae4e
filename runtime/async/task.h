#pragma once
// Task: a future that drives a coroutine.
#include "runtime/async/future.h"
#include "runtime/loop/timer_heap.h"

namespace apy {

struct Task : Future {
  Value coroutine;
  Value waiting_for;  // future or Sleep that it waits for, or empty
  Value name;         // Str, or small int: "Task-N" not yet spelled out
  Value context;
  Task* next;  // pending tasks of the loop
  Task* previous;
  uint32_t cancel_requests;
  bool must_cancel;
  bool log_destroy_pending;
  bool listed;
};

inline Task* try_task(Value v) {
  if (!is_kind(v, CellKind::NativeObject)) return nullptr;
  NativeObject* object = static_cast<NativeObject*>(v.cell());
  return object->native_class == &Future::kTaskClass ? static_cast<Task*>(object) : nullptr;
}

extern const NativeTypeDef kTaskDefinition;

Result<Task*> make_task(VM& vm, Value coroutine, Value loop, Value name, Value context, bool eager);
/// asyncio.create_task(): through the running loop's create_task unless that is the native one.
Result<Value> create_task(VM& vm, Value coroutine, Value name, Value context);
/// Resumes the coroutine; `exception` non-empty: thrown in. Errors only for what ends the loop.
Result<void> task_step(VM& vm, Task* task, Value exception);
/// The future that it waited for is done.
Result<void> task_wake(VM& vm, Task* task, Value future);
Result<bool> task_cancel(VM& vm, Task* task, Value message);
void finalize_pending_task(VM& vm, Task* task);
Result<Str*> task_name(VM& vm, Task* task);
void trace_task(const Cell* cell, Visitor& visitor);
/// asyncio.iscoroutine.
Result<bool> is_coroutine(VM& vm, Value v);

}  // namespace apy
