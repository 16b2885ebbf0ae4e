#pragma once
// What asyncio keeps per engine: its types, the running loop, the fibers that loops turn on.
//
// Life of a wait. A task's step resumes its coroutine in the interpreter. `await future` on a
// pending future hands the future to the step, which puts the task into the future's waiter field
// and returns: nothing is left on the native stack, the fiber takes the next ready entry.
// set_result pushes {wake, task, future} onto the loop's ring; running that entry resumes the
// coroutine at its innermost frame. Waking allocates nothing.
//
// Native code that waits in the middle of a step (Suspender::await_value) parks its whole fiber
// instead: the wait is registered with the fiber's id, and another fiber goes on turning the loop.
// `Fiber` entries in the ring switch back. So the loop is turned by whichever fiber is current; the
// stack that called run_forever only hands over and waits.
#include <memory>
#include <vector>

#include "runtime/fiber/fiber.h"
#include "vm/binding/native.h"
#include "vm/interpreter/context.h"
#include "vm/interpreter/suspend.h"

namespace apy {

struct EventLoop;
struct Future;
struct Task;
class Threads;

/// Native code that waits in straight-line code; lives on its fiber's stack.
struct ParkedWait {
  Fiber* fiber;
  EventLoop* loop;
  bool abandoned = false;  // the engine ends: the wait is cancelled
  ParkedWait* next = nullptr;
  ParkedWait* previous = nullptr;
};

class AsyncState final : public RootBase, public FiberHooks, public Suspender {
 public:
  explicit AsyncState(VM& vm);
  ~AsyncState() override;

  /// Creates the types; called when the module `_asyncio` is imported.
  Result<void> create_types();

  void trace(Visitor& visitor) const override;
  void fiber_created(Fiber& fiber) override;
  void fiber_destroyed(Fiber& fiber) override;
  Result<Value> await_value(VM& vm, Value awaitable) override;

  /// Switches to `target`, taking the VM's execution context along.
  void switch_to(Fiber& target);
  /// To be called by a fiber that runs for the first time.
  void arrived(Fiber& self);
  /// A fiber that turns the running loop: an idle one or a new one. Null (MemoryError) when stacks
  /// run out.
  Fiber* turner();
  /// Cancels what native code still waits for, one wait after the other, and lets it run to its
  /// end: a live fiber is never destroyed by force, since its native frames own things. From the
  /// host's stack.
  void cancel_parked();
  /// Lets the idle fibers run to their end, from the host's stack: between two runs of loops an
  /// engine may move to another thread, and frames may not.
  void retire_idle();

  VM& vm;
  FiberPool fibers;
  std::vector<Fiber*> idle;      // parked in turn_loop, ready to go on
  ParkedWait* parked = nullptr;  // the latest first
  /// The fiber that runs the current thread's loop: run_forever was called on it. The host's in the
  /// main thread.
  Fiber* home = nullptr;
  std::unique_ptr<Threads> threads;  // null until a script starts one
  Fiber* left = nullptr;             // the fiber that switched to the current one
  bool exiting = false;              // idle fibers are to run to their end

  Value running_loop;   // EventLoop (or whatever _set_running_loop was given), or empty
  Value current_task;   // of the running loop, or empty
  Value entered_tasks;  // Dict loop -> task, for loops that script code drives by itself
  Value foreign_tasks;  // List of weak references to tasks of script classes, or empty
  uint64_t task_counter = 0;

  Type* future_type = nullptr;
  Type* task_type = nullptr;
  Type* loop_type = nullptr;
  Type* abstract_loop_type = nullptr;
  Type* handle_type = nullptr;
  Type* timer_handle_type = nullptr;
  Type* sleep_type = nullptr;
  Type* gathering_type = nullptr;
  Type* operation_type = nullptr;
  Type* future_iterator_type = nullptr;
  Type* cancelled_error = nullptr;
  Type* invalid_state_error = nullptr;
  Str* blocking_name = nullptr;  // "_asyncio_future_blocking"
  Value uncaught;  // exceptions that end run_forever travel from the turning fiber in here
};

AsyncState& make_async_state(VM& vm);
/// The state of this engine; made at the first use.
inline AsyncState& async_state(VM& vm) {
  Suspender* suspender = vm.suspender();
  return suspender ? *static_cast<AsyncState*>(suspender) : make_async_state(vm);
}
/// An instance of a native type itself (no subclass): nothing but its cell.
template <class T>
Result<T*> allocate_native(VM& vm, Type* type, const NativeClass* native_class = &T::kClass) {
  Cell* cell = vm.heap().allocate(sizeof(T), type->root_shape->id, CellKind::NativeObject);
  if (!cell) [[unlikely]]
    return vm.out_of_memory();
  T* object = static_cast<T*>(cell);
  object->native_class = native_class;
  return object;
}
/// When the engine is torn down: ends the waits of native code, while scripts can still run.
void cancel_parked_natives(VM& vm);
/// Lets all idle fibers end. Called when the engine is torn down.
void shut_down_async(VM& vm);

/// Calls a function of a script module of asyncio: `asyncio.base_futures._future_repr` etc.
Result<Value> call_script(VM& vm, const char* module, const char* function,
                          std::initializer_list<Value> arguments);
/// Raises one of asyncio's own exception types.
Error raise_type(VM& vm, Type* type, std::string_view message);

}  // namespace apy
