#pragma once
// EventLoop: what is ready, what waits for a time, what waits for the outside; asyncio's rules of
// order.
#include <memory>

#include "runtime/async/state.h"
#include "runtime/io/descriptor_table.h"
#include "runtime/loop/clock.h"
#include "runtime/loop/poller.h"
#include "runtime/loop/ready_ring.h"
#include "runtime/loop/timer_heap.h"

namespace apy {

/// One entry of the ring: what to do and with what. Nothing is allocated for it.
struct Ready {
  enum Kind : uint8_t {
    Run,       // Handle: call it
    Step,      // Task: resume it
    Wake,      // Task, done future: resume it with the outcome
    Gathered,  // Gathering, done child
    Callback,  // function, argument (a future), context
    Timer,     // Sleep whose time has come
    Fiber,     // native code parked on a fiber goes on (small int: index in LoopCore::parked)
    Throw,     // Task, exception: throw it into the coroutine
    Io,        // IoObject, IoEvent: its descriptor is ready
  };
  Value target, argument, context;
  Kind kind;
};

/// The C++ side of an EventLoop cell. A root: what waits in a loop is alive.
class LoopCore final : public RootBase {
 public:
  explicit LoopCore(Heap& heap);
  void trace(Visitor& visitor) const override;

  ReadyRing<Ready> ready;
  TimerHeap timers;
  mutable std::vector<Cell*> new_timers;  // what was added since the collector's last look
  RealClock real_clock;
  Clock* clock = &real_clock;
  Poller poller;
  DescriptorTable descriptors;
  std::vector<Fiber*> parked;  // fibers waiting for a future, by index; null: free place
  Task* tasks = nullptr;       // pending tasks, newest first (linked through the tasks)
  uint64_t shuffle = 0;        // state of the shuffled order; 0: asyncio's order
  uint64_t turn = 0;           // iterations so far
  bool stopping = false;
  bool running = false;
};

struct EventLoop : NativeObject {
  static const NativeClass kClass;
  LoopCore* core;
  Value exception_handler, task_factory, executor;
  Value current_handle;
  Value async_generators;  // Set of weak references or empty
  Value signal_handlers;   // Dict signal -> Handle, or empty
  bool closed;
  bool debug;
  bool overridden;  // a script subclass: call_soon, time, _run_once and the like may be replaced
  bool async_generators_closed;
  bool executor_closed;
  double clock_resolution;        // timers due within this span count as due
  double slow_callback_duration;  // in debug mode, what takes longer is reported
};

inline EventLoop* try_loop(Value v) { return try_native<EventLoop>(v); }

struct Handle : NativeObject {
  static const NativeClass kClass;
  Value callback;   // None once cancelled
  Value arguments;  // Tuple
  Value loop, context;
  Value source_traceback;
  Value when;  // TimerHandle: float; else empty
  TimerId timer;
  bool cancelled;
  bool scheduled;
};

extern const NativeTypeDef kEventLoopDefinition;
extern const NativeTypeDef kAbstractEventLoopDefinition;
extern const NativeTypeDef kHandleDefinition;
extern const NativeTypeDef kTimerHandleDefinition;

/// Appends to the ring; wakes nobody (for the loop's own thread).
inline Result<void> loop_push(VM& vm, EventLoop* loop, Ready::Kind kind, Value target,
                              Value argument, Value context) {
  if (!loop || !loop->core) [[unlikely]]
    return vm.raise(Exc::RuntimeError, "Event loop is closed");
  if (!loop->core->ready.push({target, argument, context, kind})) [[unlikely]]
    return vm.out_of_memory();
  return {};
}
/// Adds a timer for a cell (Handle or Sleep). `when` in seconds of the loop's clock.
Result<TimerId> loop_add_timer(VM& vm, EventLoop* loop, double when, Cell* payload);
Result<Handle*> loop_call_soon(VM& vm, EventLoop* loop, Value callback,
                               std::span<const Value> arguments, Value context);
Result<Handle*> loop_make_handle(VM& vm, EventLoop* loop, Value callback,
                                 std::span<const Value> arguments, Value context);
/// Gives the pending exception of a callback to the loop's exception handler.
Result<void> report_callback_error(VM& vm, EventLoop* loop, Handle* handle);
Result<Value> loop_call_exception_handler(VM& vm, EventLoop* loop, Value context);
/// Runs until stop() or an exception that ends loops.
Result<Value> loop_run_forever(VM& vm, EventLoop* loop);
Result<void> loop_check_closed(VM& vm, EventLoop* loop);
/// Now by the loop's clock, also if a script class has its own.
Result<double> loop_time(VM& vm, EventLoop* loop);
/// One iteration (event_loop_run.cpp). False: the loop is to end (stopped, or an exception is
/// pending).
bool run_iteration(VM& vm, EventLoop* loop);
/// Runs one entry; false when an exception that ends the loop is pending.
bool run_entry(VM& vm, EventLoop* loop, const Ready& entry);
Result<bool> run_handle(VM& vm, EventLoop* loop, Handle* handle);
/// In debug mode: where the object was made.
Result<Value> source_traceback(VM& vm);
/// Does the pending exception end the loop (SystemExit, KeyboardInterrupt)?
bool pending_ends_loop(VM& vm);

}  // namespace apy
