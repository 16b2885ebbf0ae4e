#include "runtime/async/sleep.h"

#include "runtime/async/event_loop.h"
#include "vm/binding/bind.h"
#include "vm/interpreter/generator.h"

namespace apy {

namespace {

void trace_sleep(const Cell* cell, Visitor& visitor) {
  const Sleep* sleep = static_cast<const Sleep*>(cell);
  visitor.visit(sleep->delay);
  visitor.visit(sleep->result);
}

/// Seconds of a delay; 0 for "not at all".
Result<double> seconds_of(VM& vm, Value delay) {
  double seconds;
  if (delay.is_small_int()) {
    seconds = static_cast<double>(delay.as_small_int());
  } else if (is_float(delay)) {
    seconds = as_float(delay);
  } else {
    // Whatever can be compared with 0 and turned into a float.
    bool at_once = TRY(compare_bool(vm, CompareOp::LessEqual, delay, Value::small_int(0)));
    seconds = at_once ? 0 : TRY(to_double(vm, delay));
  }
  if (seconds != seconds) return vm.raise(Exc::ValueError, "Invalid delay: NaN (not a number)");
  return seconds;
}

/// A loop of a script class may have a clock and timers of its own: it is asked as a script would.
Result<void> delegate(VM& vm, Sleep* sleep, EventLoop* loop) {
  Value future = TRY(vm.call_method(loop, TRY(intern(vm, "create_future")), {}));
  Value module = TRY(vm.import_module("asyncio.futures"));
  Value set = TRY(get_attribute(vm, module, TRY(intern(vm, "_set_result_unless_cancelled"))));
  Value handle = TRY(vm.call_method(loop, TRY(intern(vm, "call_later")),
                                    {sleep->delay, set, future, sleep->result}));
  Value pair[2] = {future, handle};
  sleep->delay = TRY(make_tuple(vm, pair));
  vm.barrier(sleep);
  sleep->set_stage(Sleep::kDelegated);
  return {};
}

Result<void> cancel_delegate(VM& vm, Sleep* sleep) {
  Value handle = as<Tuple>(sleep->delay)->values()[1];
  sleep->delay = Value();
  sleep->set_stage(Sleep::kDone);
  TRY(vm.call_method(handle, TRY(intern(vm, "cancel")), {}));
  return {};
}

AwaitOutcome delegated_step(VM& vm, Sleep* sleep, Value* result) {
  Value future = as<Tuple>(sleep->delay)->values()[0];
  AwaitOutcome outcome = AwaitOutcome::Error;
  if (try_future(future)) {
    outcome = future_await_step(vm, future, result);
  } else {
    (void)vm.raise(Exc::TypeError, "create_future() must return a Future");
  }
  if (outcome == AwaitOutcome::Pending) return outcome;
  Value pending = vm.take_pending();
  if (cancel_delegate(vm, sleep).is_error()) return AwaitOutcome::Error;
  if (!pending.is_empty()) (void)vm.reraise(pending);
  return outcome;
}

/// True: it waits for its timer; false: for the loop's next turn.
Result<bool> start_sleep(VM& vm, Sleep* sleep) {
  if (sleep->delay.is(Value::small_int(0))) [[likely]] {
    sleep->set_stage(Sleep::kYielded);
    return false;
  }
  double seconds = TRY(seconds_of(vm, sleep->delay));
  if (seconds <= 0) {
    sleep->set_stage(Sleep::kYielded);
    return false;
  }
  EventLoop* loop = try_loop(async_state(vm).running_loop);
  if (!loop) return vm.raise(Exc::RuntimeError, "no running event loop");
  if (loop->overridden) {
    TRY(delegate(vm, sleep, loop));
    return true;
  }
  sleep->timer = TRY(loop_add_timer(vm, loop, loop->core->clock->now() + seconds, sleep));
  sleep->delay = Value();
  sleep->set_stage(Sleep::kWaiting);
  return true;
}

/// Who waits for it, if it is a task; it is nobody's any more.
Task* take_waiter(Sleep* sleep) {
  Task* task = try_task(sleep->delay);
  sleep->delay = Value();
  return task;
}

/// Ends it from outside: its timer, if it has one, is of no more use.
void stop(VM& vm, Sleep* sleep) {
  if (sleep->stage() == Sleep::kDelegated && cancel_delegate(vm, sleep).is_error())
    vm.write_unraisable(sleep);
  if (sleep->stage() == Sleep::kWaiting) {
    Task* task = take_waiter(sleep);
    EventLoop* loop = try_loop(task ? task->loop : async_state(vm).running_loop);
    if (loop && loop->core) loop->core->timers.cancel(sleep->timer);
  }
  sleep->set_stage(Sleep::kDone);
}

}  // namespace

AwaitOutcome sleep_await_step(VM& vm, Value self, Value* result) {
  Sleep* sleep = static_cast<Sleep*>(self.cell());
  switch (sleep->stage()) {
    case Sleep::kNew: {
      auto waits = start_sleep(vm, sleep);
      if (waits.is_error()) return AwaitOutcome::Error;
      if (sleep->stage() == Sleep::kDelegated) return delegated_step(vm, sleep, result);
      *result = waits.value() ? self : Value::none();
      return AwaitOutcome::Pending;
    }
    case Sleep::kDelegated:
      return delegated_step(vm, sleep, result);
    case Sleep::kWaiting:
      (void)vm.raise(Exc::RuntimeError, "await wasn't used with future");
      return AwaitOutcome::Error;
    case Sleep::kDone:
      (void)vm.raise(Exc::RuntimeError, "cannot reuse already awaited coroutine");
      return AwaitOutcome::Error;
    case Sleep::kCancelled: {
      auto error = sleep_cancelled_error(vm, sleep);
      sleep->set_stage(Sleep::kDone);
      if (error.is_ok()) (void)vm.raise_exception(error.value());
      return AwaitOutcome::Error;
    }
    default:
      sleep->set_stage(Sleep::kDone);
      *result = sleep->result;
      return AwaitOutcome::Ready;
  }
}

Result<Value> make_sleep(VM& vm, Value delay, Value result) {
  Sleep* sleep = TRY(allocate_native<Sleep>(vm, async_state(vm).sleep_type));
  sleep->delay = delay;
  sleep->result = result;
  return sleep;
}

Result<void> sleep_waits_for(VM& vm, Sleep* sleep, Task* task) {
  sleep->delay = task;
  task->waiting_for = sleep;
  vm.barrier(sleep);
  vm.barrier(task);
  if (task->must_cancel && TRY(sleep_cancel(vm, sleep, task->cancel_message())))
    task->must_cancel = false;
  return {};
}

Result<void> sleep_due(VM& vm, Sleep* sleep) {
  if (sleep->stage() != Sleep::kWaiting) return {};
  sleep->set_stage(Sleep::kDue);
  Task* task = take_waiter(sleep);
  if (!task) return {};
  return loop_push(vm, try_loop(task->loop), Ready::Wake, task, sleep, Value());
}

Result<bool> sleep_cancel(VM& vm, Sleep* sleep, Value message) {
  if (sleep->stage() != Sleep::kWaiting) return false;
  sleep->set_stage(Sleep::kCancelled);
  sleep->result = message.is_empty() ? Value::none() : message;
  vm.barrier(sleep);
  Task* task = take_waiter(sleep);
  EventLoop* loop = try_loop(task ? task->loop : async_state(vm).running_loop);
  if (loop && loop->core) loop->core->timers.cancel(sleep->timer);
  if (task) TRY(loop_push(vm, loop, Ready::Wake, task, sleep, Value()));
  return true;
}

Result<Value> sleep_cancelled_error(VM& vm, Sleep* sleep) {
  Type* error = async_state(vm).cancelled_error;
  return sleep->result.is_none() ? vm.call(error, {}) : vm.call(error, {sleep->result});
}

namespace {

Result<Value> sleep_send(VM& vm, Sleep* self, Value) {
  Value result;
  switch (sleep_await_step(vm, self, &result)) {
    case AwaitOutcome::Pending:
      return result;
    case AwaitOutcome::Ready:
      return stop_iteration(vm, result.is_none() ? Value() : result);
    case AwaitOutcome::Error:
      break;
  }
  return Error{};
}
Result<Value> sleep_next(VM& vm, Sleep* self) { return sleep_send(vm, self, Value::none()); }
Result<Value> sleep_throw(VM& vm, Sleep* self, Value type, Optional<Value> value,
                          Optional<Value> traceback) {
  stop(vm, self);
  return vm.raise_exception(TRY(exception_from_throw(vm, type, value.value, traceback.value)));
}
Result<void> sleep_close(VM& vm, Sleep* self) {
  stop(vm, self);
  return {};
}
Result<Value> sleep_await(VM&, Value self) { return self; }
Result<Value> sleep_repr(VM& vm, Sleep* self) {
  char text[64];
  std::snprintf(text, sizeof text, "<coroutine object sleep at %p>", static_cast<void*>(self));
  return make_str(vm, text);
}
Result<Value> get_sleep_name(VM& vm, Value) { return make_str(vm, "sleep"); }

constexpr NativeFunctionDef kSleepMethods[] = {
    {"__await__(self, /)", nullptr, bind<sleep_await>()},
    {"__iter__(self, /)", nullptr, bind<sleep_await>()},
    {"__next__(self, /)", nullptr, bind<sleep_next>()},
    {"__repr__(self, /)", nullptr, bind<sleep_repr>()},
    {"send(self, value, /)", nullptr, bind<sleep_send>()},
    {"throw(self, type, value=None, traceback=None, /)", nullptr, bind<sleep_throw>()},
    {"close(self, /)", nullptr, bind<sleep_close>()},
};
constexpr NativeGetSetDef kSleepAttributes[] = {
    {"__name__", nullptr, get_sleep_name},
    {"__qualname__", nullptr, get_sleep_name},
};

}  // namespace

const NativeClass Sleep::kClass = {"coroutine", trace_sleep, nullptr};
const NativeTypeDef kSleepDefinition = {
    "coroutine",      "The wait of asyncio.sleep().",         kSleepMethods,
    kSleepAttributes, Type::kDisallowNew | Type::kHasWeakref, sizeof(Sleep),
    &Sleep::kClass};

}  // namespace apy
