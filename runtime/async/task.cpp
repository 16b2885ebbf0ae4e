#include "runtime/async/task.h"

#include "runtime/async/event_loop.h"
#include "runtime/async/gather.h"
#include "runtime/async/operation.h"
#include "runtime/async/sleep.h"
#include "vm/binding/bind.h"
#include "vm/interpreter/context_variables.h"
#include "vm/interpreter/generator.h"

namespace apy {

void trace_task(const Cell* cell, Visitor& visitor) {
  trace_future(cell, visitor);
  const Task* task = static_cast<const Task*>(cell);
  visitor.visit(task->coroutine);
  visitor.visit(task->waiting_for);
  visitor.visit(task->name);
  visitor.visit(task->context);
  visitor.visit(task->next);
}

namespace {

/// A pending task is in its loop's list and so alive.
void enlist(EventLoop* loop, Task* task) {
  if (task->listed || !loop) return;
  task->listed = true;
  task->previous = nullptr;
  task->next = loop->core->tasks;
  if (task->next) task->next->previous = task;
  loop->core->tasks = task;
}

void delist(VM& vm, EventLoop* loop, Task* task) {
  if (!task->listed) return;
  task->listed = false;
  if (task->previous) {
    task->previous->next = task->next;
    vm.barrier(task->previous);
  } else if (loop) {
    loop->core->tasks = task->next;
  }
  if (task->next) task->next->previous = task->previous;
  task->next = task->previous = nullptr;
}

}  // namespace

void finalize_pending_task(VM&, Task*) {}

Result<Str*> task_name(VM& vm, Task* task) {
  if (task->name.is_small_int()) {
    task->name = TRY(make_str(vm, "Task-" + std::to_string(task->name.as_small_int())));
    vm.barrier(task);
  }
  return as<Str>(task->name);
}

Result<bool> is_coroutine(VM& vm, Value v) {
  if (is_exact(v, BuiltinType::Coroutine)) return true;
  if (try_native<Sleep>(v) || try_operation(v)) return true;
  if (!v.is_cell() || is_exact(v, BuiltinType::Generator) || try_future(v)) return false;
  Type* type = vm.type_of(v);
  for (const char* name : {"send", "throw", "close", "__await__"}) {
    Value method = type_lookup(vm, type, TRY(intern(vm, name)));
    if (method.is_empty() || method.is_none()) return false;
  }
  return true;
}

namespace {

Result<void> initialize_task(VM& vm, Task* task, Value coroutine, Value loop, Value name,
                             Value context, bool eager) {
  AsyncState& state = async_state(vm);
  if (!is_exact(coroutine, BuiltinType::Coroutine) && !TRY(is_coroutine(vm, coroutine)))
    return vm.raise(Exc::TypeError, "a coroutine was expected, got {}",
                    TRY(repr_text(vm, coroutine)));
  task->aux |= Future::kIsTask;
  TRY(initialize_future(vm, task, loop));
  task->coroutine = coroutine;
  task->log_destroy_pending = true;
  task->context = TRY(context_or_copy(vm, context));
  vm.barrier(task);
  if (name.is_empty() || name.is_none()) {
    task->name = Value::small_int(static_cast<int64_t>(++state.task_counter));
  } else {
    task->name = is_exact(name, BuiltinType::Str) ? name : Value(TRY(str_of(vm, name)));
  }
  vm.barrier(task);
  EventLoop* native = try_loop(task->loop);
  if (eager && native && native->core->running) {
    Value outer = state.current_task;
    state.current_task = task;
    enlist(native, task);
    auto stepped = task_step(vm, task, Value());
    state.current_task = outer;
    if (stepped.is_error()) delist(vm, native, task);
    return stepped;
  }
  if (native && !native->overridden) {
    TRY(loop_push(vm, native, Ready::Step, task, Value(), Value()));
    enlist(native, task);
    return {};
  }
  Value step = TRY(get_attribute(vm, task, TRY(intern(vm, "_step"))));
  TRY(vm.call_method(task->loop, TRY(intern(vm, "call_soon")), {step}));
  if (native) enlist(native, task);
  return {};
}

}  // namespace

Result<Task*> make_task(VM& vm, Value coroutine, Value loop, Value name, Value context,
                        bool eager) {
  Task* task = TRY(allocate_native<Task>(vm, async_state(vm).task_type, &Future::kTaskClass));
  TRY(initialize_task(vm, task, coroutine, loop, name, context, eager));
  return task;
}

Result<Value> create_task(VM& vm, Value coroutine, Value name, Value context) {
  Value running = async_state(vm).running_loop;
  if (running.is_empty()) return vm.raise(Exc::RuntimeError, "no running event loop");
  EventLoop* loop = try_loop(running);
  bool plain = loop && !loop->overridden && loop->core && !loop->closed &&
               (loop->task_factory.is_empty() || loop->task_factory.is_none());
  if (plain) return make_task(vm, coroutine, loop, name, context, false);
  Value method = TRY(get_attribute(vm, running, TRY(intern(vm, "create_task"))));
  Value arguments[3] = {coroutine, name.is_empty() ? Value::none() : name, context};
  Value names[2] = {TRY(intern(vm, "name")), TRY(intern(vm, "context"))};
  // A task factory need not know of contexts.
  size_t keywords = context.is_empty() || context.is_none() ? 1 : 2;
  return vm.call_keywords(method, {arguments, 1 + keywords},
                          TRY(make_tuple(vm, {names, keywords})));
}

// --- stepping ---

namespace {

/// Ends the task with the outcome of its coroutine.
Result<void> task_returned(VM& vm, Task* task, Value result) {
  delist(vm, try_loop(task->loop), task);
  if (task->must_cancel) {
    task->must_cancel = false;
    TRY(future_cancel(vm, task, task->cancel_message()));
    return {};
  }
  return future_set_result(vm, task, result);
}

Result<void> task_raised(VM& vm, Task* task) {
  delist(vm, try_loop(task->loop), task);
  AsyncState& state = async_state(vm);
  Value exception = vm.take_pending();
  if (vm.type_of(exception)->is_subtype_of(state.cancelled_error)) {
    TRY(future_cancel(vm, task, Value::none()));
    task->result = exception;  // handed out by _make_cancelled_error
    vm.barrier(task);
    return {};
  }
  TRY(future_set_exception(vm, task, exception));
  if (vm.is_instance(exception, BuiltinType::KeyboardInterrupt) ||
      vm.is_instance(exception, BuiltinType::SystemExit)) {
    return vm.reraise(exception);
  }
  return {};
}

/// The coroutine gets a RuntimeError in the next iteration.
Result<void> bad_yield(VM& vm, Task* task, const std::string& message) {
  Value exception = TRY(make_exception(vm, BuiltinType::RuntimeError, message));
  EventLoop* loop = try_loop(task->loop);
  if (loop) return loop_push(vm, loop, Ready::Throw, task, exception, Value());
  Value step = TRY(get_attribute(vm, task, TRY(intern(vm, "_step"))));
  TRY(vm.call_method(task->loop, TRY(intern(vm, "call_soon")), {step, exception}));
  return {};
}

Result<void> wait_for_future(VM& vm, Task* task, Future* future) {
  if (!future->loop.is(task->loop)) {
    return bad_yield(vm, task,
                     "Task " + TRY(repr_text(vm, task)) + " got Future " +
                         TRY(repr_text(vm, future)) + " attached to a different loop");
  }
  if (!(future->aux & Future::kBlocking)) {
    return bad_yield(vm, task,
                     "yield was used instead of yield from in task " + TRY(repr_text(vm, task)) +
                         " with " + TRY(repr_text(vm, future)));
  }
  if (future == task)
    return bad_yield(vm, task, "Task cannot await on itself: " + TRY(repr_text(vm, task)));
  future->aux &= static_cast<uint16_t>(~Future::kBlocking);
  if (future->done()) {
    TRY(loop_push(vm, try_loop(task->loop), Ready::Wake, task, future, Value()));
  } else {
    TRY(future_add_waiter(vm, future, task));
  }
  task->waiting_for = future;
  vm.barrier(task);
  if (task->must_cancel) {
    if (TRY(cancel_waited(vm, future, task->cancel_message()))) task->must_cancel = false;
  }
  return {};
}

/// An object of a foreign class that follows the protocol of futures.
Result<void> wait_for_foreign(VM& vm, Task* task, Value yielded) {
  AsyncState& state = async_state(vm);
  Value blocking;
  bool has = TRY(get_attribute_optional(vm, yielded, state.blocking_name, &blocking));
  if (!has || blocking.is_none()) {
    if (is_exact(yielded, BuiltinType::Generator)) {
      return bad_yield(vm, task,
                       "yield was used instead of yield from for generator in task " +
                           TRY(repr_text(vm, task)) + " with " + TRY(repr_text(vm, yielded)));
    }
    return bad_yield(vm, task, "Task got bad yield: " + TRY(repr_text(vm, yielded)));
  }
  Value loop;
  if (Future* future = try_future(yielded)) {
    loop = future->loop;
  } else if (Value method;
             TRY(get_attribute_optional(vm, yielded, TRY(intern(vm, "get_loop")), &method))) {
    loop = TRY(vm.call(method, {}));
  } else {
    TRY(get_attribute_optional(vm, yielded, TRY(intern(vm, "_loop")), &loop));
  }
  if (!loop.is_empty() && !loop.is(task->loop)) {
    return bad_yield(vm, task,
                     "Task " + TRY(repr_text(vm, task)) + " got Future " +
                         TRY(repr_text(vm, yielded)) + " attached to a different loop");
  }
  if (yielded.is(task))
    return bad_yield(vm, task, "Task cannot await on itself: " + TRY(repr_text(vm, task)));
  if (!TRY(is_truthy(vm, blocking))) {
    return bad_yield(vm, task,
                     "yield was used instead of yield from in task " + TRY(repr_text(vm, task)) +
                         " with " + TRY(repr_text(vm, yielded)));
  }
  TRY(set_attribute(vm, yielded, state.blocking_name, Value::boolean(false)));
  Value wakeup = TRY(get_attribute(vm, task, TRY(intern(vm, "task_wakeup"))));
  Value method = TRY(get_attribute(vm, yielded, TRY(intern(vm, "add_done_callback"))));
  TRY(vm.call(method, {wakeup}));
  task->waiting_for = yielded;
  vm.barrier(task);
  if (task->must_cancel) {
    Value cancelled = TRY(vm.call_method(yielded, TRY(intern(vm, "cancel")), {}));
    if (TRY(is_truthy(vm, cancelled))) task->must_cancel = false;
  }
  return {};
}

/// A script subclass whose add_done_callback() wants to be called.
Result<bool> has_own_callbacks(VM& vm, Future* future) {
  AsyncState& state = async_state(vm);
  Type* type = vm.type_of(future);
  if (type == state.future_type || type == state.task_type || type == state.gathering_type)
    return false;
  Str* name = TRY(intern(vm, "add_done_callback"));
  return !type_lookup(vm, type, name).is(type_lookup(vm, state.future_type, name));
}

Result<void> task_yielded(VM& vm, Task* task, Value yielded) {
  EventLoop* loop = try_loop(task->loop);
  if (yielded.is_none()) {
    if (loop && !loop->overridden) return loop_push(vm, loop, Ready::Step, task, Value(), Value());
    Value step = TRY(get_attribute(vm, task, TRY(intern(vm, "_step"))));
    TRY(vm.call_method(task->loop, TRY(intern(vm, "call_soon")), {step}));
    return {};
  }
  if (Sleep* sleep = try_native<Sleep>(yielded)) return sleep_waits_for(vm, sleep, task);
  if (Operation* operation = try_operation(yielded)) return wait_for_future(vm, task, operation);
  if (Future* future = try_future(yielded)) {
    if (!TRY(has_own_callbacks(vm, future))) return wait_for_future(vm, task, future);
  }
  return wait_for_foreign(vm, task, yielded);
}

enum class Drive : uint8_t { Yielded, Returned, Raised };

/// One send or throw, whatever the coroutine is.
Drive drive(VM& vm, Value coroutine, Value exception, Value* result) {
  if (Generator* generator = try_as<Generator>(coroutine)) {
    switch (vm.resume(generator, Value::none(), exception, result)) {
      case VM::ResumeOutcome::Yielded:
        return Drive::Yielded;
      case VM::ResumeOutcome::Returned:
        return Drive::Returned;
      default:
        return Drive::Raised;
    }
  }
  Type* type = vm.type_of(coroutine);
  if (type->await_step && exception.is_empty()) {
    switch (type->await_step(vm, coroutine, result)) {
      case AwaitOutcome::Ready:
        return Drive::Returned;
      case AwaitOutcome::Pending:
        return Drive::Yielded;
      case AwaitOutcome::Error:
        return Drive::Raised;
    }
  }
  auto value = exception.is_empty() ? vm.call_method(coroutine, vm.names().send, {Value::none()})
                                    : vm.call_method(coroutine, vm.names().throw_, {exception});
  if (value.is_ok()) {
    *result = value.value();
    return Drive::Yielded;
  }
  if (!vm.is_instance(vm.pending(), BuiltinType::StopIteration)) return Drive::Raised;
  *result = as<Exception>(vm.take_pending())->fields[0];
  if (result->is_empty()) *result = Value::none();
  return Drive::Returned;
}

}  // namespace

Result<void> task_step(VM& vm, Task* task, Value exception) {
  AsyncState& state = async_state(vm);
  if (task->done()) {
    return raise_type(vm, state.invalid_state_error,
                      "__step(): already done: " + TRY(repr_text(vm, task)));
  }
  if (task->must_cancel) {
    if (exception.is_empty() || !vm.type_of(exception)->is_subtype_of(state.cancelled_error))
      exception = TRY(make_cancelled_error(vm, task));
    task->must_cancel = false;
  }
  task->waiting_for = Value();
  Value outer = state.current_task;
  state.current_task = task;
  Value result;
  Drive outcome;
  {
    ContextVariablesScope scope(vm, task->context);
    outcome = drive(vm, task->coroutine, exception, &result);
    task->context = scope.current();
  }
  vm.barrier(task);
  state.current_task = outer;
  switch (outcome) {
    case Drive::Yielded:
      return task_yielded(vm, task, result);
    case Drive::Returned:
      return task_returned(vm, task, result);
    case Drive::Raised:
      break;
  }
  return task_raised(vm, task);
}

Result<void> task_wake(VM& vm, Task* task, Value waited) {
  if (task->done()) return {};
  // The awaiting instruction fetches the outcome itself.
  if (try_future(waited) || try_operation(waited) || try_native<Sleep>(waited)) [[likely]]
    return task_step(vm, task, Value());
  auto result = vm.call_method(waited, TRY(intern(vm, "result")), {});
  if (result.is_error()) return task_step(vm, task, vm.take_pending());
  return task_step(vm, task, Value());
}

Result<bool> task_cancel(VM& vm, Task* task, Value message) {
  task->aux &= static_cast<uint16_t>(~Future::kLogTraceback);
  if (task->done()) return false;
  ++task->cancel_requests;
  if (!task->waiting_for.is_empty() && TRY(cancel_waited(vm, task->waiting_for, message)))
    return true;
  task->must_cancel = true;
  TRY(set_cancel_message(vm, task, message));
  return true;
}

// --- methods ---

namespace {

Result<Task*> receiver(VM& vm, Value self) {
  if (Task* task = try_task(self)) return task;
  return vm.raise(Exc::TypeError, "descriptor requires a '_asyncio.Task' object but received '{}'",
                  vm.type_of(self));
}

Result<Value> task_new(VM& vm, const Arguments& arguments) {
  Type* type = arguments.positional_count ? try_as<Type>(arguments.values[0]) : nullptr;
  if (!type) return vm.raise(Exc::TypeError, "Task.__new__(X): X is not a type object");
  Task* task = static_cast<Task*>(TRY(allocate_instance(vm, type)));
  task->native_class = &Future::kTaskClass;
  task->aux |= Future::kIsTask;
  return task;
}
Result<void> task_init(VM& vm, Value self, Value coroutine, Optional<Value> loop,
                       Optional<Value> name, Optional<Value> context, Optional<bool> eager) {
  return initialize_task(vm, TRY(receiver(vm, self)), coroutine, loop.value, name.value,
                         context.value, eager.value_or(false));
}
Result<bool> method_cancel(VM& vm, Value self, Optional<Value> message) {
  return task_cancel(vm, TRY(receiver(vm, self)), message.present ? message.value : Value::none());
}
Result<int64_t> method_cancelling(VM& vm, Value self) {
  return TRY(receiver(vm, self))->cancel_requests;
}
Result<int64_t> method_uncancel(VM& vm, Value self) {
  Task* task = TRY(receiver(vm, self));
  if (task->cancel_requests > 0 && --task->cancel_requests == 0) task->must_cancel = false;
  return task->cancel_requests;
}
Result<Value> method_get_coro(VM& vm, Value self) {
  Value coroutine = TRY(receiver(vm, self))->coroutine;
  return coroutine.is_empty() ? Value::none() : coroutine;
}
Result<Str*> method_get_name(VM& vm, Value self) { return task_name(vm, TRY(receiver(vm, self))); }
Result<void> method_set_name(VM& vm, Value self, Value name) {
  Task* task = TRY(receiver(vm, self));
  task->name = TRY(str_of(vm, name));
  vm.barrier(task);
  return {};
}
Result<Value> method_get_context(VM& vm, Value self) {
  Task* task = TRY(receiver(vm, self));
  return context_object(vm, &task->context, task);
}
Result<void> method_set_result(VM& vm, Value, Value) {
  return vm.raise(Exc::RuntimeError, "Task does not support set_result operation");
}
Result<void> method_set_exception(VM& vm, Value, Value) {
  return vm.raise(Exc::RuntimeError, "Task does not support set_exception operation");
}
Result<Value> method_get_stack(VM& vm, Value self, Optional<Value> limit) {
  return call_script(vm, "asyncio.base_tasks", "_task_get_stack",
                     {self, limit.present ? limit.value : Value::none()});
}
Result<Value> method_print_stack(VM& vm, Value self, Optional<Value> limit, Optional<Value> file) {
  return call_script(vm, "asyncio.base_tasks", "_task_print_stack",
                     {self, limit.present ? limit.value : Value::none(),
                      file.present ? file.value : Value::none()});
}
Result<Value> method_repr(VM& vm, Value self) {
  return call_script(vm, "asyncio.base_tasks", "_task_repr", {self});
}
Result<void> method_step(VM& vm, Value self, Optional<Value> exception) {
  return task_step(vm, TRY(receiver(vm, self)),
                   exception.present && !exception.value.is_none() ? exception.value : Value());
}
Result<void> method_wakeup(VM& vm, Value self, Value future) {
  return task_wake(vm, TRY(receiver(vm, self)), future);
}

Result<Value> get_coro(VM& vm, Value self) { return method_get_coro(vm, self); }
Result<Value> get_waiter(VM& vm, Value self) {
  Value waited = TRY(receiver(vm, self))->waiting_for;
  return waited.is_empty() ? Value::none() : waited;
}
Result<Value> get_must_cancel(VM& vm, Value self) {
  return Value::boolean(TRY(receiver(vm, self))->must_cancel);
}
Result<Value> get_log_pending(VM& vm, Value self) {
  return Value::boolean(TRY(receiver(vm, self))->log_destroy_pending);
}
Result<void> set_log_pending(VM& vm, Value self, Value value) {
  TRY(receiver(vm, self))->log_destroy_pending = TRY(is_truthy(vm, value));
  return {};
}

constexpr NativeFunctionDef kMethods[] = {
    {"__new__(cls, *args, **kwargs)", nullptr, bind<task_new>(), NativeFunctionDef::kStatic},
    {"__init__(self, coro, /, *, loop=None, name=None, context=None, eager_start=False)", nullptr,
     bind<task_init>()},
    {"cancel(self, /, msg=None)", "Request that this task cancel itself.", bind<method_cancel>()},
    {"cancelling(self, /)", "Return the count of the task's cancellation requests.",
     bind<method_cancelling>()},
    {"uncancel(self, /)", "Decrement the task's count of cancellation requests.",
     bind<method_uncancel>()},
    {"get_coro(self, /)", "Return the coroutine object.", bind<method_get_coro>()},
    {"get_name(self, /)", "Return the name of the task.", bind<method_get_name>()},
    {"set_name(self, value, /)", "Set the name of the task.", bind<method_set_name>()},
    {"get_context(self, /)", "Return the context of the task.", bind<method_get_context>()},
    {"set_result(self, result, /)", nullptr, bind<method_set_result>()},
    {"set_exception(self, exception, /)", nullptr, bind<method_set_exception>()},
    {"get_stack(self, /, *, limit=None)",
     "Return the list of stack frames for this task's coroutine.", bind<method_get_stack>()},
    {"print_stack(self, /, *, limit=None, file=None)",
     "Print the stack or traceback for this task's coroutine.", bind<method_print_stack>()},
    {"__repr__(self, /)", "Return repr(self).", bind<method_repr>()},
    {"_step(self, exc=None, /)", nullptr, bind<method_step>()},
    {"task_wakeup(self, future, /)", nullptr, bind<method_wakeup>()},
};
constexpr NativeGetSetDef kAttributes[] = {
    {"_coro", nullptr, get_coro},
    {"_fut_waiter", nullptr, get_waiter},
    {"_must_cancel", nullptr, get_must_cancel},
    {"_log_destroy_pending", nullptr, get_log_pending, set_log_pending},
};

}  // namespace

const NativeTypeDef kTaskDefinition = {
    "_asyncio.Task",     "A future that drives a coroutine; see asyncio.Task.",   kMethods,
    kAttributes,         Type::kCanSubclass | Type::kHasDict | Type::kHasWeakref, sizeof(Task),
    &Future::kClasses[1]};

}  // namespace apy
