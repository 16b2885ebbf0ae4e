#include "runtime/async/event_loop.h"

#include <cstdlib>
#include <utility>
#include <vector>

#include "runtime/async/keywords.h"
#include "runtime/async/sleep.h"
#include "runtime/async/task.h"
#include "runtime/io/loop_methods.h"
#include "vm/binding/bind.h"
#include "vm/interpreter/async_generator.h"
#include "vm/interpreter/context_variables.h"
#include "vm/objects/internals.h"

namespace apy {

LoopCore::LoopCore(Heap& heap) : RootBase(heap) {
  poller.set_listener(
      [](void* owner, int descriptor, unsigned events) {
        auto* core = static_cast<LoopCore*>(owner);
        // Without memory for the entry the descriptor stays ready, and is noted the next time.
        (void)core->descriptors.note_ready(*core, descriptor, events);
      },
      this);
}

void LoopCore::trace(Visitor& visitor) const {
  descriptors.trace(visitor);
  auto& self = const_cast<LoopCore&>(*this);
  if (!visitor.only_changes()) self.ready.see_all_again();
  self.ready.for_each_new([&](Ready& entry) {
    visitor.visit(entry.target);
    visitor.visit(entry.argument);
    visitor.visit(entry.context);
  });
  if (visitor.only_changes()) {
    for (const Cell* payload : new_timers) visitor.visit(payload);
  } else {
    self.timers.for_each([&](void*& payload) { visitor.visit_later(static_cast<Cell*>(payload)); });
  }
  new_timers.clear();
  // Each pending task keeps the next one, so a million are not gone through at each collection.
  visitor.visit(tasks);
}

namespace {

void trace_loop(const Cell* cell, Visitor& visitor) {
  const EventLoop* loop = static_cast<const EventLoop*>(cell);
  visitor.visit(loop->exception_handler);
  visitor.visit(loop->task_factory);
  visitor.visit(loop->executor);
  visitor.visit(loop->current_handle);
  visitor.visit(loop->async_generators);
  visitor.visit(loop->signal_handlers);
}

void finalize_loop(VM&, Cell* cell) {
  EventLoop* loop = static_cast<EventLoop*>(cell);
  delete loop->core;
  loop->core = nullptr;
  loop->closed = true;
}

}  // namespace

const NativeClass EventLoop::kClass = {"asyncio.unix_events._UnixSelectorEventLoop", trace_loop,
                                       finalize_loop};

Result<TimerId> loop_add_timer(VM& vm, EventLoop* loop, double when, Cell* payload) {
  TimerId id;
  if (!loop->core->timers.add(when, payload, &id)) return vm.out_of_memory();
  loop->core->new_timers.push_back(payload);
  return id;
}

Result<void> loop_check_closed(VM& vm, EventLoop* loop) {
  if (loop->closed || !loop->core) return vm.raise(Exc::RuntimeError, "Event loop is closed");
  return {};
}

Result<Handle*> loop_make_handle(VM& vm, EventLoop* loop, Value callback,
                                 std::span<const Value> arguments, Value context) {
  Handle* handle = static_cast<Handle*>(TRY(allocate_instance(vm, async_state(vm).handle_type)));
  handle->native_class = &Handle::kClass;
  handle->callback = callback;
  handle->loop = loop;
  handle->context = TRY(context_or_copy(vm, context));
  vm.barrier(handle);
  handle->arguments = TRY(make_tuple(vm, arguments));
  vm.barrier(handle);
  if (loop->debug) {
    handle->source_traceback = TRY(source_traceback(vm));
    vm.barrier(handle);
  }
  return handle;
}

Result<Handle*> loop_call_soon(VM& vm, EventLoop* loop, Value callback,
                               std::span<const Value> arguments, Value context) {
  TRY(loop_check_closed(vm, loop));
  Handle* handle = TRY(loop_make_handle(vm, loop, callback, arguments, context));
  TRY(loop_push(vm, loop, Ready::Run, handle, Value(), Value()));
  return handle;
}

Result<Value> source_traceback(VM& vm) {
  // A native coroutine may be all that a task runs.
  if (!vm.current_frame()) return Value::none();
  Value sys = vm.sys_module();
  Value getframe;
  if (!TRY(get_attribute_optional(vm, sys, TRY(intern(vm, "_getframe")), &getframe)))
    return Value::none();
  Value frame = TRY(vm.call(getframe, {}));
  return call_script(vm, "asyncio.format_helpers", "extract_stack", {frame});
}

Result<Value> loop_call_exception_handler(VM& vm, EventLoop* loop, Value context) {
  return vm.call_method(loop, TRY(intern(vm, "call_exception_handler")), {context});
}

namespace {

Result<EventLoop*> receiver(VM& vm, Value self) {
  if (EventLoop* loop = try_loop(self)) return loop;
  return vm.raise(Exc::TypeError, "descriptor requires an event loop but received '{}'",
                  vm.type_of(self));
}

Result<Value> loop_new(VM& vm, const Arguments& arguments) {
  Type* type = arguments.positional_count ? try_as<Type>(arguments.values[0]) : nullptr;
  if (!type) return vm.raise(Exc::TypeError, "EventLoop.__new__(X): X is not a type object");
  EventLoop* loop = static_cast<EventLoop*>(TRY(allocate_instance(vm, type)));
  loop->native_class = &EventLoop::kClass;
  loop->core = new LoopCore(vm.heap());
  loop->overridden = type != async_state(vm).loop_type;
  loop->slow_callback_duration = 0.1;
  loop->clock_resolution = loop->core->clock->resolution();
  vm.heap().register_finalizer(loop);
  if (const char* seed = std::getenv("APY_SHUFFLE"))
    loop->core->shuffle = std::strtoull(seed, nullptr, 0) * 2 + 1;
  if (const char* debug = std::getenv("PYTHONASYNCIODEBUG")) loop->debug = *debug != 0;
  return loop;
}
Result<void> loop_init(VM&, Value, Optional<Value>) { return {}; }

/// The unfinished async generators that were iterated under this loop.
Result<List*> live_async_generators(VM& vm, EventLoop* loop) {
  List* live = TRY(make_list(vm, size_t{0}));
  if (List* references = try_as<List>(loop->async_generators)) {
    for (uint64_t i = 0; i < references->length; ++i) {
      Value target = as<WeakReference>(references->values()[i])->target;
      Generator* generator = try_as<Generator>(target);
      // One that ignored its aclose() is garbage in CPython by now.
      bool given_up = generator && generator->closed && !generator->closing;
      if (generator && generator->state != Generator::State::Finished && !given_up)
        TRY(list_append(vm, live, target));
    }
  }
  return live;
}

/// Hook for the first step of an async generator: the loop will close it if it is left unfinished.
Result<void> first_iteration(VM& vm, Value self, Value generator) {
  EventLoop* loop = try_loop(self);
  if (loop->async_generators_closed) {
    auto imported = vm.import_module("warnings");
    if (imported.is_ok()) {
      std::string text = "asynchronous generator " + TRY(repr_text(vm, generator)) +
                         " was scheduled after loop.shutdown_asyncgens() call";
      TRY(vm.call_method(imported.value(), TRY(intern(vm, "warn")),
                         {TRY(make_str(vm, text)), Value(vm.type(BuiltinType::ResourceWarning))}));
    } else {
      vm.take_pending();
    }
  }
  if (loop->async_generators.is_empty()) {
    loop->async_generators = TRY(make_list(vm, size_t{0}));
    vm.barrier(loop);
  }
  List* references = as<List>(loop->async_generators);
  // Finished ones make room now and then.
  if (references->length >= 64 && (references->length & (references->length - 1)) == 0) {
    List* live = TRY(live_async_generators(vm, loop));
    List* kept = TRY(make_list(vm, live->length + 1));
    for (Value v : live->span())
      TRY(list_append(vm, kept, TRY(make_weak_reference(vm, v, Value::none()))));
    loop->async_generators = kept;
    vm.barrier(loop);
    references = kept;
  }
  return list_append(vm, references, TRY(make_weak_reference(vm, generator, Value::none())));
}
/// Hook for an async generator that was collected unfinished: it is closed in a task of its own.
Result<void> finalize_generator(VM& vm, Value self, Value generator) {
  EventLoop* loop = try_loop(self);
  if (loop->closed) return {};
  Value closing = TRY(vm.call_method(generator, TRY(intern(vm, "aclose")), {}));
  Value create = TRY(get_attribute(vm, self, TRY(intern(vm, "create_task"))));
  TRY(vm.call_method(self, TRY(intern(vm, "call_soon_threadsafe")), {create, closing}));
  return {};
}
constexpr NativeFunctionDef kFirstIteration = {"_asyncgen_firstiter_hook(self, agen, /)", nullptr,
                                               bind<first_iteration>()};
constexpr NativeFunctionDef kFinalizeGenerator = {"_asyncgen_finalizer_hook(self, agen, /)",
                                                  nullptr, bind<finalize_generator>()};

Result<Value> method_run_forever(VM& vm, Value self) {
  EventLoop* loop = TRY(receiver(vm, self));
  AsyncGeneratorHooks outer = async_generator_hooks(vm);
  AsyncGeneratorHooks hooks;
  hooks.first_iteration = TRY(make_native_function(vm, kFirstIteration, nullptr, loop, Value()));
  hooks.finalizer = TRY(make_native_function(vm, kFinalizeGenerator, nullptr, loop, Value()));
  TRY(set_async_generator_hooks(vm, hooks));
  auto result = loop_run_forever(vm, loop);
  Value pending = vm.take_pending();
  auto restored = set_async_generator_hooks(vm, outer);
  if (!pending.is_empty()) return vm.reraise(pending);
  TRY(restored);
  return result;
}

/// Done callback of run_until_complete: `self` is the loop.
Result<void> stop_when_done(VM& vm, Value self, Value done) {
  Future* future = try_future(done);
  if (future && future->state() == Future::kFailed) {
    // Whoever runs until this future is done has seen its exception.
    future->aux &= static_cast<uint16_t>(~Future::kLogTraceback);
    if (vm.is_instance(future->result, BuiltinType::SystemExit) ||
        vm.is_instance(future->result, BuiltinType::KeyboardInterrupt))
      return {};
  }
  try_loop(self)->core->stopping = true;
  return {};
}
constexpr NativeFunctionDef kStopWhenDone = {"_run_until_complete_cb(self, fut, /)", nullptr,
                                             bind<stop_when_done>()};

Result<Value> method_run_until_complete(VM& vm, Value self, Value awaitable) {
  EventLoop* loop = TRY(receiver(vm, self));
  TRY(loop_check_closed(vm, loop));
  if (loop->core->running) return vm.raise(Exc::RuntimeError, "This event loop is already running");
  if (!async_state(vm).running_loop.is_empty())
    return vm.raise(Exc::RuntimeError, "Cannot run the event loop while another loop is running");
  Future* future = try_future(awaitable);
  bool made_here = !future;
  if (!future) {
    Value made;
    if (TRY(is_coroutine(vm, awaitable))) {
      made = TRY(vm.call_method(loop, TRY(intern(vm, "create_task")), {awaitable}));
    } else {
      Value module = TRY(vm.import_module("asyncio.tasks"));
      Value ensure = TRY(get_attribute(vm, module, TRY(intern(vm, "ensure_future"))));
      Value arguments[2] = {awaitable, loop};
      Value name = TRY(intern(vm, "loop"));
      made = TRY(vm.call_keywords(ensure, arguments, TRY(make_tuple(vm, {&name, 1}))));
    }
    future = try_future(made);
    if (!future) return call_script(vm, "asyncio.base_events", "_run_until_done", {self, made});
    if (Task* task = try_task(made)) task->log_destroy_pending = false;
  }
  Value callback = TRY(make_native_function(vm, kStopWhenDone, nullptr, loop, Value()));
  TRY(future_add_callback(vm, future, callback, Value()));
  auto ran = vm.call_method(loop, TRY(intern(vm, "run_forever")), {});
  if (ran.is_error()) {
    if (made_here && future->done() && future->state() != Future::kCancelled)
      future->aux &= static_cast<uint16_t>(~Future::kLogTraceback);
    if (future->waiter.is(callback)) future->waiter = Value();
    return Error{};
  }
  if (future->waiter.is(callback)) future->waiter = Value();
  if (!future->done())
    return vm.raise(Exc::RuntimeError, "Event loop stopped before Future completed.");
  return future_result(vm, future);
}

Result<void> method_stop(VM& vm, Value self) {
  EventLoop* loop = TRY(receiver(vm, self));
  if (loop->core) loop->core->stopping = true;
  return {};
}
Result<void> method_close(VM& vm, Value self) {
  EventLoop* loop = TRY(receiver(vm, self));
  if (loop->closed) return {};
  if (loop->core->running) return vm.raise(Exc::RuntimeError, "Cannot close a running event loop");
  loop->closed = true;
  loop->core->ready.clear();
  loop->core->timers.clear();
  loop->core->descriptors.clear(*loop->core);
  if (Dict* handlers = try_as<Dict>(loop->signal_handlers);
      handlers && TRY(length_of(vm, handlers)))
    TRY(call_script(vm, "asyncio.unix_events", "_remove_signal_handlers", {self}));
  loop->executor_closed = true;
  if (!loop->executor.is_empty() && !loop->executor.is_none()) {
    Value executor = loop->executor;
    loop->executor = Value();
    TRY(call_script(vm, "asyncio.base_events", "_close_executor", {executor}));
  }
  // Exceptions that nobody retrieved are reported now at the latest.
  return {};
}
Result<bool> method_is_running(VM& vm, Value self) {
  EventLoop* loop = TRY(receiver(vm, self));
  return loop->core && loop->core->running;
}
Result<bool> method_is_closed(VM& vm, Value self) { return TRY(receiver(vm, self))->closed; }
Result<double> method_time(VM& vm, Value self) {
  EventLoop* loop = TRY(receiver(vm, self));
  return loop->core ? loop->core->clock->now() : 0.0;
}

}  // namespace

Result<double> loop_time(VM& vm, EventLoop* loop) {
  if (loop->overridden) {
    Value now = TRY(vm.call_method(loop, TRY(intern(vm, "time")), {}));
    return to_double(vm, now);
  }
  return loop->core ? loop->core->clock->now() : 0.0;
}

namespace {

/// In debug mode: what may be called back.
Result<void> check_callback(VM& vm, EventLoop* loop, Value callback, const char* method) {
  if (!loop->debug) return {};
  Value inspected = TRY(vm.import_module("asyncio.coroutines"));
  Value is_function = TRY(get_attribute(vm, inspected, TRY(intern(vm, "iscoroutinefunction"))));
  if (TRY(is_coroutine(vm, callback)) || TRY(is_truthy(vm, TRY(vm.call(is_function, {callback})))))
    return vm.raise(Exc::TypeError, "coroutines cannot be used with {}()", method);
  if (!TRY(is_callable(vm, callback)))
    return vm.raise(Exc::TypeError, "a callable object was expected by {}(), got {}", method,
                    TRY(repr_text(vm, callback)));
  return {};
}

struct CallArguments {
  EventLoop* loop;
  std::span<const Value> rest;  // after self and `leading` others
  Value context;
};

/// The common shape of call_soon(callback, *args, context=None) and its kin.
Result<CallArguments> parse_call(VM& vm, const Arguments& arguments, uint32_t leading,
                                 const char* method) {
  if (arguments.positional_count < leading + 1) {
    return vm.raise(Exc::TypeError, "{}() missing {} required positional argument{}: {}'callback'",
                    method, leading + 1 - arguments.positional_count,
                    leading + 1 - arguments.positional_count == 1 ? "" : "s",
                    leading + 1 - arguments.positional_count == 2 ? "'when' and " : "");
  }
  CallArguments result{TRY(receiver(vm, arguments.values[0])), arguments.positional().subspan(1),
                       Value()};
  for (uint32_t i = 0; i < arguments.keyword_count(); ++i) {
    Str* name = as<Str>(arguments.keyword_names->values()[i]);
    if (name != vm.names().context && !str_equal(name, "context"))
      return vm.raise(Exc::TypeError, "{}() got an unexpected keyword argument '{}'", method, name);
    result.context = arguments.keyword_values()[i];
  }
  return result;
}

Result<Value> method_call_soon(VM& vm, const Arguments& arguments) {
  CallArguments call = TRY(parse_call(vm, arguments, 1, "call_soon"));
  TRY(loop_check_closed(vm, call.loop));
  TRY(check_callback(vm, call.loop, call.rest[0], "call_soon"));
  return loop_call_soon(vm, call.loop, call.rest[0], call.rest.subspan(1), call.context);
}
Result<Value> method_call_soon_threadsafe(VM& vm, const Arguments& arguments) {
  CallArguments call = TRY(parse_call(vm, arguments, 1, "call_soon_threadsafe"));
  TRY(loop_check_closed(vm, call.loop));
  TRY(check_callback(vm, call.loop, call.rest[0], "call_soon_threadsafe"));
  Handle* handle =
      TRY(loop_call_soon(vm, call.loop, call.rest[0], call.rest.subspan(1), call.context));
  call.loop->core->poller.wake();
  return handle;
}

Result<Value> schedule_at(VM& vm, const CallArguments& call, double when, Value when_value) {
  EventLoop* loop = call.loop;
  TRY(loop_check_closed(vm, loop));
  TRY(check_callback(vm, loop, call.rest[1], "call_at"));
  Handle* handle =
      static_cast<Handle*>(TRY(allocate_instance(vm, async_state(vm).timer_handle_type)));
  handle->native_class = &Handle::kClass;
  handle->callback = call.rest[1];
  handle->loop = loop;
  handle->context = TRY(context_or_copy(vm, call.context));
  vm.barrier(handle);
  handle->when = when_value;
  handle->arguments = TRY(make_tuple(vm, call.rest.subspan(2)));
  vm.barrier(handle);
  if (loop->debug) handle->source_traceback = TRY(source_traceback(vm));
  vm.barrier(handle);
  handle->timer = TRY(loop_add_timer(vm, loop, when, handle));
  handle->scheduled = true;
  return handle;
}

Result<Value> method_call_at(VM& vm, const Arguments& arguments) {
  CallArguments call = TRY(parse_call(vm, arguments, 2, "call_at"));
  if (call.rest[0].is_none()) return vm.raise(Exc::TypeError, "when cannot be None");
  return schedule_at(vm, call, TRY(to_double(vm, call.rest[0])), call.rest[0]);
}
Result<Value> method_call_later(VM& vm, const Arguments& arguments) {
  CallArguments call = TRY(parse_call(vm, arguments, 2, "call_later"));
  if (call.rest[0].is_none()) return vm.raise(Exc::TypeError, "delay must not be None");
  TRY(loop_check_closed(vm, call.loop));
  double when = TRY(loop_time(vm, call.loop)) + TRY(to_double(vm, call.rest[0]));
  if (call.loop->overridden) {
    List* given = TRY(make_list(vm, call.rest.size() + 1));
    TRY(list_append(vm, given, TRY(make_float(vm, when))));
    for (Value v : call.rest.subspan(1)) TRY(list_append(vm, given, v));
    TRY(list_append(vm, given, call.context.is_empty() ? Value::none() : call.context));
    Tuple* kept = TRY(tuple_from(vm, given));
    Value name = TRY(intern(vm, "context"));
    Value method = TRY(get_attribute(vm, call.loop, TRY(intern(vm, "call_at"))));
    return vm.call_keywords(method, kept->span(), TRY(make_tuple(vm, {&name, 1})));
  }
  return schedule_at(vm, call, when, TRY(make_float(vm, when)));
}

Result<Value> method_create_future(VM& vm, Value self) {
  return make_future(vm, TRY(receiver(vm, self)));
}

Result<Value> start_task(VM& vm, Value self, Value coroutine, Value name, Value context) {
  EventLoop* loop = TRY(receiver(vm, self));
  TRY(loop_check_closed(vm, loop));
  Value context_value = context.is_none() ? Value() : context;
  if (loop->task_factory.is_empty() || loop->task_factory.is_none())
    return make_task(vm, coroutine, loop, name, context_value, false);
  Value task;
  if (context_value.is_empty()) {
    task = TRY(vm.call(loop->task_factory, {self, coroutine}));
  } else {
    Value arguments[3] = {self, coroutine, context_value};
    Value keyword = vm.names().context;
    keyword = TRY(intern(vm, "context"));
    task = TRY(vm.call_keywords(loop->task_factory, arguments, TRY(make_tuple(vm, {&keyword, 1}))));
  }
  if (!name.is_empty() && !name.is_none())
    TRY(vm.call_method(task, TRY(intern(vm, "set_name")), {name}));
  return task;
}

constexpr NativeFunctionDef kCreateTask = {
    "create_task(self, coro, /, *, name=None, context=None)", nullptr, {}};

Result<Value> method_create_task(VM& vm, const Arguments& arguments) {
  Value keywords[2];
  if (arguments.positional_count == 2 && take_keywords(arguments, {"name", "context"}, keywords))
    return start_task(vm, arguments.values[0], arguments.values[1], keywords[0], keywords[1]);
  Value slots[4];
  TRY(bind_arguments(vm, kCreateTask, arguments, slots));
  return start_task(vm, slots[0], slots[1], slots[2], slots[3]);
}

Result<void> method_set_task_factory(VM& vm, Value self, Value factory) {
  EventLoop* loop = TRY(receiver(vm, self));
  if (!factory.is_none() && !TRY(is_callable(vm, factory)))
    return vm.raise(Exc::TypeError, "task factory must be a callable or None");
  loop->task_factory = factory;
  vm.barrier(loop);
  return {};
}
Value none_if_empty(Value v) { return v.is_empty() ? Value::none() : v; }
Result<Value> method_get_task_factory(VM& vm, Value self) {
  return none_if_empty(TRY(receiver(vm, self))->task_factory);
}
Result<bool> method_get_debug(VM& vm, Value self) { return TRY(receiver(vm, self))->debug; }
Result<void> method_set_debug(VM& vm, Value self, bool debug) {
  TRY(receiver(vm, self))->debug = debug;
  return {};
}

Result<void> method_set_exception_handler(VM& vm, Value self, Value handler) {
  EventLoop* loop = TRY(receiver(vm, self));
  if (!handler.is_none() && !TRY(is_callable(vm, handler)))
    return vm.raise(Exc::TypeError, "A callable object or None is expected, got {}",
                    TRY(repr_text(vm, handler)));
  loop->exception_handler = handler;
  vm.barrier(loop);
  return {};
}
Result<Value> method_get_exception_handler(VM& vm, Value self) {
  return none_if_empty(TRY(receiver(vm, self))->exception_handler);
}
Result<Value> method_default_exception_handler(VM& vm, Value self, Value context) {
  return call_script(vm, "asyncio.base_events", "_default_exception_handler", {self, context});
}

Result<Value> method_call_exception_handler(VM& vm, Value self, Value context) {
  EventLoop* loop = TRY(receiver(vm, self));
  Str* name = TRY(intern(vm, "default_exception_handler"));
  auto result = loop->exception_handler.is_empty() || loop->exception_handler.is_none()
                    ? vm.call_method(self, name, {context})
                    : vm.call(loop->exception_handler, {self, context});
  if (result.is_ok()) return Value::none();
  if (pending_ends_loop(vm)) return Error{};
  Value exception = vm.take_pending();
  if (loop->exception_handler.is_empty() || loop->exception_handler.is_none()) {
    (void)vm.reraise(exception);
    vm.write_unraisable(self);
    return Value::none();
  }
  Dict* report = TRY(make_dict(vm));
  TRY(dict_set_str(vm, report, TRY(intern(vm, "message")),
                   TRY(make_str(vm, "Unhandled error in exception handler"))));
  TRY(dict_set_str(vm, report, TRY(intern(vm, "exception")), exception));
  TRY(dict_set_str(vm, report, TRY(intern(vm, "context")), context));
  if (vm.call_method(self, name, {Value(report)}).is_error()) {
    if (pending_ends_loop(vm)) return Error{};
    vm.write_unraisable(self);
  }
  return Value::none();
}

Result<Value> method_shutdown_asyncgens(VM& vm, Value self) {
  EventLoop* loop = TRY(receiver(vm, self));
  loop->async_generators_closed = true;
  List* live = TRY(live_async_generators(vm, loop));
  loop->async_generators = Value();
  if (live->length)
    return call_script(vm, "asyncio.base_events", "_close_asyncgens", {self, Value(live)});
  return make_sleep(vm, Value::small_int(0), Value::none());
}
Result<Value> method_shutdown_default_executor(VM& vm, Value self, Optional<Value> timeout) {
  EventLoop* loop = TRY(receiver(vm, self));
  loop->executor_closed = true;
  if (loop->executor.is_empty() || loop->executor.is_none())
    return make_sleep(vm, Value::small_int(0), Value::none());
  return call_script(vm, "asyncio.base_events", "_shutdown_executor",
                     {self, loop->executor, timeout.present ? timeout.value : Value::none()});
}
Result<void> method_set_default_executor(VM& vm, Value self, Value executor) {
  EventLoop* loop = TRY(receiver(vm, self));
  TRY(call_script(vm, "asyncio.base_events", "_check_executor", {executor}));
  loop->executor = executor;
  vm.barrier(loop);
  return {};
}
Result<Value> method_run_in_executor(VM& vm, Value self, Value executor, Value function,
                                     Rest arguments) {
  EventLoop* loop = TRY(receiver(vm, self));
  TRY(loop_check_closed(vm, loop));
  TRY(check_callback(vm, loop, function, "run_in_executor"));
  if (executor.is_none() && loop->executor_closed)
    return vm.raise(Exc::RuntimeError, "Executor shutdown has been called");
  return call_script(vm, "asyncio.base_events", "_run_in_executor",
                     {self, executor, function, TRY(make_tuple(vm, arguments.values))});
}
Result<Value> method_repr(VM& vm, Value self) {
  EventLoop* loop = TRY(receiver(vm, self));
  bool running = loop->core && loop->core->running;
  std::string text = "<" + to_utf8(vm.type_of(loop)->name) +
                     " running=" + (running ? "True" : "False") +
                     " closed=" + (loop->closed ? "True" : "False") +
                     " debug=" + (loop->debug ? "True" : "False") + ">";
  return make_str(vm, text);
}
Result<Value> get_current_handle(VM&, Value self) {
  return none_if_empty(try_loop(self)->current_handle);
}
Result<Value> get_executor_closed(VM&, Value self) {
  return Value::boolean(try_loop(self)->executor_closed);
}
Result<Value> get_default_executor(VM&, Value self) {
  return none_if_empty(try_loop(self)->executor);
}
Result<Value> get_resolution(VM& vm, Value self) {
  return make_float(vm, try_loop(self)->clock_resolution);
}
Result<void> set_resolution(VM& vm, Value self, Value value) {
  if (value.is_empty()) return vm.raise(Exc::AttributeError, "cannot delete attribute");
  try_loop(self)->clock_resolution = TRY(to_double(vm, value));
  return {};
}
Result<Value> get_slow_duration(VM& vm, Value self) {
  return make_float(vm, try_loop(self)->slow_callback_duration);
}
Result<void> set_slow_duration(VM& vm, Value self, Value value) {
  if (value.is_empty()) return vm.raise(Exc::AttributeError, "cannot delete attribute");
  try_loop(self)->slow_callback_duration = TRY(to_double(vm, value));
  return {};
}

// --- the loop's insides, for script classes and for looking at them ---

Result<void> method_run_once(VM& vm, Value self) {
  EventLoop* loop = TRY(receiver(vm, self));
  TRY(loop_check_closed(vm, loop));
  bool running = std::exchange(loop->core->running, true);
  run_iteration(vm, loop);
  if (!running && loop->core) loop->core->running = false;
  if (vm.has_pending()) return Error{};
  return {};
}
Result<void> method_process_events(VM& vm, Value self, Value) {
  TRY(receiver(vm, self));
  return {};
}
Result<void> method_write_to_self(VM& vm, Value self) {
  EventLoop* loop = TRY(receiver(vm, self));
  if (loop->core) loop->core->poller.wake();
  return {};
}
Result<void> method_check_closed(VM& vm, Value self) {
  return loop_check_closed(vm, TRY(receiver(vm, self)));
}

/// An entry of the ring as the handle that CPython would have for it.
Result<Value> entry_handle(VM& vm, EventLoop* loop, const Ready& entry) {
  switch (entry.kind) {
    case Ready::Run:
      return entry.target;
    case Ready::Callback:
      return loop_make_handle(vm, loop, entry.target, {&entry.argument, 1}, entry.context);
    case Ready::Step:
    case Ready::Wake: {
      bool step = entry.kind == Ready::Step;
      Value method =
          TRY(get_attribute(vm, entry.target, TRY(intern(vm, step ? "_step" : "task_wakeup"))));
      return loop_make_handle(vm, loop, method, {&entry.argument, step ? 0u : 1u}, Value());
    }
    default:
      return loop_make_handle(vm, loop, entry.target.is_cell() ? entry.target : Value::none(), {},
                              Value());
  }
}
Result<Value> get_ready(VM& vm, Value self) {
  EventLoop* loop = try_loop(self);
  List* list = TRY(make_list(vm, size_t{0}));
  size_t count = loop->core ? loop->core->ready.size() : 0;
  for (size_t i = 0; i < count && i < loop->core->ready.size(); ++i) {
    Ready entry = loop->core->ready.at(i);
    TRY(list_append(vm, list, TRY(entry_handle(vm, loop, entry))));
  }
  return list;
}
Result<Value> get_scheduled(VM& vm, Value self) {
  EventLoop* loop = try_loop(self);
  List* list = TRY(make_list(vm, size_t{0}));
  if (!loop->core) return list;
  std::vector<Cell*> payloads;  // kept alive by the heap of timers
  loop->core->timers.for_each(
      [&](void*& payload) { payloads.push_back(static_cast<Cell*>(payload)); });
  for (Cell* payload : payloads) TRY(list_append(vm, list, payload));
  return list;
}
Result<Value> get_signal_handlers(VM& vm, Value self) {
  EventLoop* loop = try_loop(self);
  if (loop->signal_handlers.is_empty()) {
    loop->signal_handlers = TRY(make_dict(vm));
    vm.barrier(loop);
  }
  return loop->signal_handlers;
}
Result<Value> get_dict(VM& vm, Value self) { return attributes_dict(vm, self.cell()); }
Result<void> set_dict(VM& vm, Value self, Value value) {
  if (Dict* dict = try_as<Dict>(value)) return set_attributes_dict(vm, self.cell(), dict);
  return vm.raise(Exc::TypeError, "__dict__ must be set to a dictionary");
}
Result<Value> get_debug_attribute(VM&, Value self) { return Value::boolean(try_loop(self)->debug); }
Result<Value> get_closed(VM&, Value self) { return Value::boolean(try_loop(self)->closed); }
Result<Value> get_stopping(VM&, Value self) {
  EventLoop* loop = try_loop(self);
  return Value::boolean(loop->core && loop->core->stopping);
}

constexpr NativeFunctionDef kMethods[] = {
    {"__new__(cls, *args, **kwargs)", nullptr, bind<loop_new>(), NativeFunctionDef::kStatic},
    {"__init__(self, selector=None)", nullptr, bind<loop_init>()},
    {"run_forever(self, /)", "Run until stop() is called.", bind<method_run_forever>()},
    {"run_until_complete(self, future, /)", "Run until the future is done and return its result.",
     bind<method_run_until_complete>()},
    {"stop(self, /)", "Stop after the current iteration.", bind<method_stop>()},
    {"close(self, /)", "Close the event loop.", bind<method_close>()},
    {"is_running(self, /)", "Is it running?", bind<method_is_running>()},
    {"is_closed(self, /)", "Is it closed?", bind<method_is_closed>()},
    {"time(self, /)", "The loop's clock, in seconds.", bind<method_time>()},
    {"call_soon(self, callback, /, *args, context=None)", "Call as soon as possible.",
     bind<method_call_soon>()},
    {"call_soon_threadsafe(self, callback, /, *args, context=None)",
     "Like call_soon(), from any thread.", bind<method_call_soon_threadsafe>()},
    {"call_later(self, delay, callback, /, *args, context=None)", "Call after a delay in seconds.",
     bind<method_call_later>()},
    {"call_at(self, when, callback, /, *args, context=None)", "Call at a time of the loop's clock.",
     bind<method_call_at>()},
    {"create_future(self, /)", "Create a Future attached to the loop.",
     bind<method_create_future>()},
    {"create_task(self, coro, /, *, name=None, context=None)", "Schedule a coroutine as a task.",
     bind<method_create_task>()},
    {"set_task_factory(self, factory, /)", nullptr, bind<method_set_task_factory>()},
    {"get_task_factory(self, /)", nullptr, bind<method_get_task_factory>()},
    {"get_debug(self, /)", nullptr, bind<method_get_debug>()},
    {"set_debug(self, enabled, /)", nullptr, bind<method_set_debug>()},
    {"set_exception_handler(self, handler, /)", nullptr, bind<method_set_exception_handler>()},
    {"get_exception_handler(self, /)", nullptr, bind<method_get_exception_handler>()},
    {"call_exception_handler(self, context, /)", nullptr, bind<method_call_exception_handler>()},
    {"default_exception_handler(self, context, /)", nullptr,
     bind<method_default_exception_handler>()},
    {"shutdown_asyncgens(self, /)", nullptr, bind<method_shutdown_asyncgens>()},
    {"shutdown_default_executor(self, timeout=None)", nullptr,
     bind<method_shutdown_default_executor>()},
    {"set_default_executor(self, executor, /)", nullptr, bind<method_set_default_executor>()},
    {"run_in_executor(self, executor, func, /, *args)", nullptr, bind<method_run_in_executor>()},
    {"_run_once(self, /)", "One iteration.", bind<method_run_once>()},
    {"_process_events(self, event_list, /)", "What a selector has reported.",
     bind<method_process_events>()},
    {"_write_to_self(self, /)", "End the loop's wait.", bind<method_write_to_self>()},
    {"_check_closed(self, /)", "RuntimeError if it is closed.", bind<method_check_closed>()},
    {"__repr__(self, /)", nullptr, bind<method_repr>()},
};
constexpr NativeGetSetDef kAttributes[] = {
    {"_signal_handlers", nullptr, get_signal_handlers},
    {"__dict__", nullptr, get_dict, set_dict},
    {"_ready", "A list of what is ready.", get_ready},
    {"_scheduled", "A list of what waits for a time.", get_scheduled},
    {"_clock_resolution", nullptr, get_resolution, set_resolution},
    {"_debug", nullptr, get_debug_attribute},
    {"_closed", nullptr, get_closed},
    {"_stopping", nullptr, get_stopping},
    {"_current_handle", nullptr, get_current_handle},
    {"_default_executor", nullptr, get_default_executor},
    {"_executor_shutdown_called", nullptr, get_executor_closed},
    {"slow_callback_duration", "Seconds; in debug mode, what takes longer is logged.",
     get_slow_duration, set_slow_duration},
};

Result<void> name_loop_type(VM& vm, Type* type) {
  TRY(dict_set_str(vm, type->dict, vm.names().module_, TRY(make_str(vm, "asyncio.unix_events"))));
  for (const NativeFunctionDef& method : loop_io_methods()) {
    Value function = TRY(make_native_function(vm, method, type, Value(), Value()));
    TRY(dict_set_str(vm, type->dict, TRY(intern(vm, method.name())), function));
  }
  return {};
}
Result<void> name_abstract_type(VM& vm, Type* type) {
  TRY(dict_set_str(vm, type->dict, vm.names().module_, TRY(make_str(vm, "asyncio.events"))));
  return {};
}

}  // namespace

const NativeTypeDef kAbstractEventLoopDefinition = {"asyncio.events.AbstractEventLoop",
                                                    "Abstract event loop.",
                                                    {},
                                                    {},
                                                    Type::kCanSubclass | Type::kHasDict,
                                                    0,
                                                    nullptr,
                                                    name_abstract_type};
const NativeTypeDef kEventLoopDefinition = {"asyncio.unix_events._UnixSelectorEventLoop",
                                            "The event loop.",
                                            kMethods,
                                            kAttributes,
                                            Type::kCanSubclass | Type::kHasDict | Type::kHasWeakref,
                                            sizeof(EventLoop),
                                            &EventLoop::kClass,
                                            name_loop_type};

}  // namespace apy
