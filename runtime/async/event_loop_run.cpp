// Turning the loop: iterations, entries, fibers.
#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "runtime/async/event_loop.h"
#include "runtime/async/gather.h"
#include "runtime/async/sleep.h"
#include "runtime/async/threads.h"
#include "vm/interpreter/context_variables.h"
#include "vm/interpreter/safe_point.h"
#include "vm/objects/protocol.h"

namespace apy {

bool pending_ends_loop(VM& vm) {
  return vm.is_instance(vm.pending(), BuiltinType::SystemExit) ||
         vm.is_instance(vm.pending(), BuiltinType::KeyboardInterrupt);
}

namespace {

/// xorshift; never zero.
uint64_t next_random(uint64_t& state) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

/// In the shuffled mode any order of the tasks that are ready together is as good as any other.
/// Callbacks keep their order, which call_soon promises and transports build on.
void shuffle_ready(LoopCore& core, size_t count) {
  auto is_task = [](const Ready& entry) {
    return entry.kind == Ready::Step || entry.kind == Ready::Wake || entry.kind == Ready::Throw;
  };
  std::vector<size_t> places;
  for (size_t i = 0; i < count; ++i)
    if (is_task(core.ready.at(i))) places.push_back(i);
  for (size_t i = places.size(); i > 1; --i) {
    size_t j = next_random(core.shuffle) % i;
    std::swap(core.ready.at(places[i - 1]), core.ready.at(places[j]));
  }
}

Result<void> fire_timer(VM& vm, EventLoop* loop, Cell* payload) {
  if (Handle* handle = try_native<Handle>(payload)) {
    handle->scheduled = false;
    return loop_push(vm, loop, Ready::Run, handle, Value(), Value());
  }
  return loop_push(vm, loop, Ready::Timer, payload, Value(), Value());
}

/// Nothing is ready, no timer, no I/O, no stop asked for: nobody on this thread can ever wake a
/// task. A signal that is watched could.
bool is_deadlocked(const EventLoop* loop) {
  const LoopCore& core = *loop->core;
  return loop->signal_handlers.is_empty() && core.ready.empty() && core.timers.pending() == 0 &&
         !core.poller.has_io() && !core.stopping && core.tasks != nullptr;
}

Error raise_deadlock(VM& vm, EventLoop* loop) {
  std::string text = "event loop is deadlocked: ";
  size_t count = 0;
  for (Task* task = loop->core->tasks; task; task = task->next) {
    if (count++ == 8) continue;
    if (count > 8) continue;
    std::string name = to_utf8(TRY(task_name(vm, task)));
    std::string waits =
        task->waiting_for.is_empty() ? "nothing" : TRY(repr_text(vm, task->waiting_for));
    text += (count > 1 ? "; task '" : "task '") + name + "' waits for " + waits;
  }
  if (count > 8) text += "; and " + std::to_string(count - 8) + " more";
  return vm.raise(Exc::RuntimeError, text);
}

/// A loop of a script class may have a selector of its own, which is asked instead of the system.
Result<bool> ask_selector(VM& vm, EventLoop* loop, int64_t timeout) {
  Value selector;
  if (!TRY(get_attribute_optional(vm, loop, TRY(intern(vm, "_selector")), &selector)) ||
      selector.is_none())
    return false;
  Value seconds = timeout == Poller::kForever
                      ? Value::none()
                      : TRY(make_float(vm, static_cast<double>(timeout) / 1e9));
  Value events = TRY(vm.call_method(selector, TRY(intern(vm, "select")), {seconds}));
  TRY(vm.call_method(loop, TRY(intern(vm, "_process_events")), {events}));
  return true;
}

/// Other threads run while the loop has nothing to do, and once in each of its turns.
Result<void> let_threads_run(Threads& threads, LoopCore& core, int64_t timeout) {
  if (timeout == 0) return threads.yield();
  pollfd entry{core.poller.host_descriptor(), POLLIN, 0};
  if (!core.poller.arm()) return {};
  ThreadWait wait;
  wait.descriptors = {&entry, 1};
  if (timeout != Poller::kForever) wait.deadline = monotonic_nanoseconds() + timeout;
  wait.needs_others = timeout == Poller::kForever && !core.poller.has_io();
  return threads.wait(wait, "the event loop");
}

/// Waits for the outside and moves what is due into the ring.
Result<void> gather_ready(VM& vm, EventLoop* loop) {
  LoopCore& core = *loop->core;
  Threads* threads = other_threads(vm);
  core.timers.prune();
  int64_t timeout = Poller::kForever;
  double when;
  if (!core.ready.empty() || core.stopping) {
    timeout = 0;
  } else if (core.timers.next_deadline(&when)) {
    double now = TRY(loop_time(vm, loop));
    bool jumped = !loop->overridden && core.clock->jump_to(when);
    timeout = jumped ? 0 : nanoseconds_until(when, now);
  }
  if (loop->overridden && TRY(ask_selector(vm, loop, timeout))) timeout = 0;
  if (timeout == Poller::kForever && !threads && is_deadlocked(loop))
    return raise_deadlock(vm, loop);
  if (threads) {
    TRY(let_threads_run(*threads, core, timeout));
    timeout = 0;
  }
  core.poller.poll(timeout);
  if (vm.poll_needed()) TRY(vm.poll());
  if (core.timers.pending() == 0) return {};
  double end = TRY(loop_time(vm, loop)) + loop->clock_resolution;
  while (void* payload = core.timers.pop_due(end))
    TRY(fire_timer(vm, loop, static_cast<Cell*>(payload)));
  return {};
}

/// In debug mode: what took too long is reported.
class SlowWatch {
 public:
  SlowWatch(VM& vm, EventLoop* loop, const Ready& entry)
      : vm_(vm), loop_(loop), target_(entry.target), start_(loop->core->real_clock.now()) {}
  ~SlowWatch() {
    if (!loop_->core) return;
    double taken = loop_->core->real_clock.now() - start_;
    if (taken < loop_->slow_callback_duration || !target_.is_cell()) return;
    Value pending = vm_.take_pending();
    auto seconds = make_float(vm_, taken);
    if (seconds.is_error() ||
        call_script(vm_, "asyncio.base_events", "_report_slow", {target_, seconds.value()})
            .is_error())
      vm_.write_unraisable(target_);
    if (!pending.is_empty()) (void)vm_.reraise(pending);
  }

 private:
  VM& vm_;
  EventLoop* loop_;
  Value target_;
  double start_;
};

}  // namespace

bool run_entry(VM& vm, EventLoop* loop, const Ready& entry) {
  AsyncState& state = async_state(vm);
  Result<void> result;
  switch (entry.kind) {
    case Ready::Step:
      result = task_step(vm, static_cast<Task*>(entry.target.cell()), Value());
      break;
    case Ready::Wake:
      result = task_wake(vm, static_cast<Task*>(entry.target.cell()), entry.argument);
      break;
    case Ready::Gathered:
      result = gathering_child_done(vm, static_cast<Gathering*>(entry.target.cell()),
                                    static_cast<Future*>(entry.argument.cell()));
      break;
    case Ready::Throw:
      result = task_step(vm, static_cast<Task*>(entry.target.cell()), entry.argument);
      break;
    case Ready::Timer:
      result = sleep_due(vm, static_cast<Sleep*>(entry.target.cell()));
      break;
    case Ready::Io: {
      auto* object = static_cast<IoObject*>(entry.target.cell());
      result = object->on_ready(vm, object, static_cast<IoEvent>(entry.argument.as_small_int()));
      break;
    }
    case Ready::Run:
      return run_handle(vm, loop, static_cast<Handle*>(entry.target.cell())).is_ok();
    case Ready::Callback: {
      Result<Value> called = Error{};
      {
        ContextVariablesScope scope(vm, entry.context);
        called = vm.call(entry.target, {entry.argument});
      }
      if (called.is_ok()) return true;
      if (pending_ends_loop(vm)) return false;
      // Reported as a handle would report it.
      auto handle = loop_make_handle(vm, loop, entry.target, {&entry.argument, 1}, entry.context);
      return handle.is_ok() && report_callback_error(vm, loop, handle.value()).is_ok();
    }
    case Ready::Fiber: {
      size_t index = static_cast<size_t>(entry.target.as_small_int());
      Fiber* fiber = loop->core->parked[index];
      loop->core->parked[index] = nullptr;
      if (!fiber) return true;
      state.idle.push_back(&state.fibers.current());
      state.switch_to(*fiber);
      return true;
    }
  }
  if (result.is_ok()) return true;
  if (pending_ends_loop(vm)) return false;
  // An engine-level failure of a step (out of memory while queueing, for example) is reported, not
  // lost.
  vm.write_unraisable(entry.target);
  return true;
}

bool run_iteration(VM& vm, EventLoop* loop) {
  LoopCore& core = *loop->core;
  // With something to do, no timers and nothing outside there is nothing to gather.
  bool quiet = !core.ready.empty() && !loop->overridden && core.timers.keys() == 0 &&
               core.poller.is_quiet() && !vm.poll_needed() && !other_threads(vm);
  if (!quiet && gather_ready(vm, loop).is_error()) return false;
  size_t count = core.ready.size();
  core.ready.shrink_if_sparse();
  if (core.shuffle) shuffle_ready(core, count);
  AsyncState& state = async_state(vm);
  uint64_t turn = ++core.turn;
  for (; count > 0 && !core.ready.empty(); --count) {
    Ready entry = core.ready.pop();
    if (loop->debug) [[unlikely]] {
      SlowWatch watch(vm, loop, entry);
      if (!run_entry(vm, loop, entry)) return false;
    } else if (!run_entry(vm, loop, entry)) {
      return false;
    }
    if (state.exiting || !core.running) return false;
    // While native code waited in that entry another fiber has turned the loop: this iteration is
    // over.
    if (core.turn != turn) break;
    if (vm.heap().has_finalizable()) run_finalizers(vm);
  }
  return !core.stopping;
}

namespace {

/// One iteration; of a script class's loop through `_run_once`, which it may have replaced.
bool turn(VM& vm, EventLoop* loop) {
  if (!loop->overridden) return run_iteration(vm, loop);
  auto name = intern(vm, "_run_once");
  if (name.is_error() || vm.call_method(loop, name.value(), {}).is_error()) return false;
  return loop->core && !loop->core->stopping;
}

/// What every turning fiber runs: iterations until the loop ends, then back to the host.
Fiber& turn_loop(Fiber& self, void* argument) noexcept {
  AsyncState& state = *static_cast<AsyncState*>(argument);
  VM& vm = state.vm;
  state.arrived(self);
  while (!state.exiting) {
    EventLoop* loop = try_loop(state.running_loop);
    if (!loop || !loop->core->running) {
      // Nothing to turn: wait for the next run.
      state.idle.push_back(&self);
      state.switch_to(*state.home);
      continue;
    }
    if (turn(vm, loop)) continue;
    if (state.exiting || !loop->core->running) continue;  // at the end the core may be gone already
    loop->core->running = false;
    state.uncaught = vm.has_pending() ? vm.take_pending() : Value();
  }
  vm.switch_context(static_cast<Context*>(state.home->user));
  state.left = &self;
  return *state.home;
}

}  // namespace

Fiber* AsyncState::turner() {
  if (!idle.empty()) {
    Fiber* fiber = idle.back();
    idle.pop_back();
    return fiber;
  }
  Fiber* fiber = fibers.acquire(turn_loop, this);
  if (fiber && !fiber->user) {
    fibers.release(*fiber);
    fiber = nullptr;
  }
  if (!fiber) (void)vm.out_of_memory();
  return fiber;
}

Result<Value> loop_run_forever(VM& vm, EventLoop* loop) {
  AsyncState& state = async_state(vm);
  TRY(loop_check_closed(vm, loop));
  if (state.exiting) return vm.raise(Exc::RuntimeError, "the engine is being torn down");
  if (loop->core->running) return vm.raise(Exc::RuntimeError, "This event loop is already running");
  if (!state.running_loop.is_empty())
    return vm.raise(Exc::RuntimeError, "Cannot run the event loop while another loop is running");
  if (!state.fibers.bind_host_stack())
    return vm.raise(Exc::RuntimeError, "the engine is in use on another thread");
  Fiber* outer_home = std::exchange(state.home, &state.fibers.current());
  state.home->user = vm.context();
  Fiber* fiber = state.turner();
  if (!fiber) {
    state.home = outer_home;
    return Error{};
  }
  Value outer_task = state.current_task;
  state.current_task = Value();
  state.running_loop = loop;
  loop->core->running = true;
  Value outer_handled = vm.handled();
  vm.set_handled(Value());
  // So that an interrupt from outside ends a wait.
  const SafePointHooks& hooks = safe_point_hooks(vm);
  if (hooks.on_waiter)
    hooks.on_waiter(
        hooks.data, [](void* poller) { static_cast<Poller*>(poller)->wake(); },
        &loop->core->poller);
  state.switch_to(*fiber);
  if (hooks.on_waiter) hooks.on_waiter(hooks.data, nullptr, nullptr);
  state.retire_idle();
  state.home = outer_home;
  vm.set_handled(outer_handled);
  loop->core->running = false;
  loop->core->stopping = false;
  state.running_loop = Value();
  state.current_task = outer_task;
  if (state.uncaught.is_empty()) return Value::none();
  Value exception = state.uncaught;
  state.uncaught = Value();
  return vm.reraise(exception);
}

namespace {

/// Until the end of the scope the wait is in the engine's list.
class ParkedScope {
 public:
  ParkedScope(AsyncState& state, ParkedWait& wait) : state_(state), wait_(wait) {
    wait.next = state.parked;
    if (wait.next) wait.next->previous = &wait;
    state.parked = &wait;
  }
  ~ParkedScope() {
    (wait_.previous ? wait_.previous->next : state_.parked) = wait_.next;
    if (wait_.next) wait_.next->previous = wait_.previous;
  }

 private:
  AsyncState& state_;
  ParkedWait& wait_;
};

/// The running task waits for `future` meanwhile, so that cancelling the task reaches it.
Result<void> note_wait(VM& vm, Task* task, Future* future) {
  task->waiting_for = future;
  vm.barrier(task);
  if (task->must_cancel && TRY(cancel_waited(vm, future, task->cancel_message())))
    task->must_cancel = false;
  return {};
}

}  // namespace

Result<Value> AsyncState::await_value(VM&, Value awaitable) {
  EventLoop* loop = try_loop(running_loop);
  if (!loop || &fibers.current() == home)
    return vm.raise(Exc::RuntimeError, "no running event loop");
  Future* future = try_future(awaitable);
  if (!future) {
    Task* task = TRY(make_task(vm, awaitable, loop, Value(), Value(), false));
    future = task;
  }
  if (future->done()) return future_result(vm, future);
  if (exiting) return vm.raise_exception(TRY(vm.call(cancelled_error, {})));
  // The wait is an entry in the future's line that holds this fiber's place.
  std::vector<Fiber*>& places = loop->core->parked;
  size_t index =
      static_cast<size_t>(std::find(places.begin(), places.end(), nullptr) - places.begin());
  if (index == places.size()) places.push_back(nullptr);
  Task* task = try_task(current_task);
  if (task) TRY(note_wait(vm, task, future));
  Fiber* next = turner();
  if (!next) return Error{};
  Root keep(vm.heap(), future);
  TRY(future_add_fiber(vm, future, static_cast<int64_t>(index)));
  places[index] = &fibers.current();
  ParkedWait wait{&fibers.current(), loop};
  {
    ParkedScope scope(*this, wait);
    Value outer = current_task;
    current_task = Value();
    switch_to(*next);
    current_task = outer;
  }
  if (task) task->waiting_for = Value();
  if (wait.abandoned) {
    places[index] = nullptr;
    return vm.raise_exception(TRY(vm.call(cancelled_error, {})));
  }
  return future_result(vm, future);
}

}  // namespace apy
