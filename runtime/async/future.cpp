#include "runtime/async/future.h"

#include "runtime/async/event_loop.h"
#include "runtime/async/gather.h"
#include "runtime/async/operation.h"
#include "runtime/async/sleep.h"
#include "runtime/async/task.h"
#include "vm/binding/bind.h"
#include "vm/interpreter/context_variables.h"
#include "vm/objects/warning.h"

namespace apy {

void trace_future(const Cell* cell, Visitor& visitor) {
  const Future* future = static_cast<const Future*>(cell);
  visitor.visit(future->loop);
  visitor.visit(future->result);
  visitor.visit(future->waiter);
  visitor.visit(future->callbacks);
  visitor.visit(future->extra);
}

/// Collected with an exception that nobody asked for: tells the loop's handler.
void finalize_future(VM& vm, Cell* cell) {
  Future* future = static_cast<Future*>(cell);
  if (future->aux & Future::kIsTask) finalize_pending_task(vm, static_cast<Task*>(future));
  if (!(future->aux & Future::kLogTraceback)) return;
  future->aux &= static_cast<uint16_t>(~Future::kLogTraceback);
  auto report = [&]() -> Result<void> {
    std::string message = to_utf8(vm.type_of(future)->name) + " exception was never retrieved";
    Dict* context = TRY(make_dict(vm));
    TRY(dict_set_str(vm, context, TRY(intern(vm, "message")), TRY(make_str(vm, message))));
    TRY(dict_set_str(vm, context, TRY(intern(vm, "exception")), future->result));
    TRY(dict_set_str(vm, context, TRY(intern(vm, "future")), future));
    Value traceback = future->source_traceback();
    if (!traceback.is_empty() && !traceback.is_none())
      TRY(dict_set_str(vm, context, TRY(intern(vm, "source_traceback")), traceback));
    TRY(vm.call_method(future->loop, TRY(intern(vm, "call_exception_handler")), {Value(context)}));
    return {};
  };
  if (report().is_error()) vm.write_unraisable(cell);
}

const NativeClass Future::kClasses[3] = {
    {"_asyncio.Future", trace_future, finalize_future},
    {"_asyncio.Task", trace_task, finalize_future},
    {"asyncio.tasks._GatheringFuture", trace_gathering, finalize_future},
};

namespace {

Result<void> set_extra(VM& vm, Future* future, Value message, Value traceback) {
  Value pair[2] = {message, traceback};
  future->extra = TRY(make_tuple(vm, pair));
  vm.barrier(future);
  return {};
}

}  // namespace

Result<void> set_cancel_message(VM& vm, Future* future, Value message) {
  if (message.is_empty()) message = Value::none();
  if (message.is_none() && future->extra.is_empty()) return {};
  return set_extra(vm, future, message, future->source_traceback());
}

Result<void> set_source_traceback(VM& vm, Future* future, Value traceback) {
  return set_extra(vm, future, future->cancel_message(), traceback);
}

Result<void> initialize_future(VM& vm, Future* future, Value loop) {
  AsyncState& state = async_state(vm);
  if (loop.is_empty() || loop.is_none()) {
    loop = state.running_loop;
    if (loop.is_empty()) loop = TRY(call_script(vm, "asyncio.events", "get_event_loop", {}));
  }
  future->loop = loop;
  vm.barrier(future);
  if (EventLoop* native = try_loop(loop); native && native->debug) [[unlikely]]
    return set_source_traceback(vm, future, TRY(source_traceback(vm)));
  return {};
}

Result<Future*> make_future(VM& vm, Value loop) {
  Future* future = TRY(allocate_native<Future>(vm, async_state(vm).future_type));
  TRY(initialize_future(vm, future, loop));
  return future;
}

// --- waking ---

namespace {

/// The waiter as a function that a script could have added; for loops written in script and for
/// introspection.
Result<Value> waiter_function(VM& vm, Value waiter) {
  Future* future = try_future(waiter);
  if (!future) return waiter;
  return get_attribute(vm, waiter,
                       TRY(intern(vm, try_task(waiter) ? "task_wakeup" : "_on_child_done")));
}

Result<void> schedule_callback(VM& vm, Future* future, Value waiter, Value context) {
  EventLoop* loop = try_loop(future->loop);
  if (loop && !loop->overridden)
    return loop_push(vm, loop, Ready::Callback, waiter, future, context);
  Value method = TRY(get_attribute(vm, future->loop, TRY(intern(vm, "call_soon"))));
  Value arguments[3] = {waiter, future, context};
  Value name = TRY(intern(vm, "context"));
  TRY(vm.call_keywords(method, arguments, TRY(make_tuple(vm, {&name, 1}))));
  return {};
}

/// Gives one waiter that is no callback to the loop: a task, a gather() or a parked fiber's index.
Result<void> schedule_waiter(VM& vm, Future* future, Value waiter) {
  EventLoop* loop = try_loop(future->loop);
  if (loop) [[likely]] {
    Ready::Kind kind = waiter.is_small_int() ? Ready::Fiber
                       : try_task(waiter)    ? Ready::Wake
                                             : Ready::Gathered;
    return loop_push(vm, loop, kind, waiter, future, Value());
  }
  Value wakeup = TRY(waiter_function(vm, waiter));
  TRY(vm.call_method(future->loop, TRY(intern(vm, "call_soon")), {wakeup, Value(future)}));
  return {};
}

}  // namespace

Result<void> future_schedule(VM& vm, Future* future) {
  Value waiter = future->waiter, more = future->callbacks;
  future->waiter = future->callbacks = Value();
  if (waiter.is_small_int() || try_future(waiter)) {
    TRY(schedule_waiter(vm, future, waiter));
  } else if (!waiter.is_empty()) {
    TRY(schedule_callback(vm, future, waiter, Value::none()));
  }
  if (List* list = try_as<List>(more)) {
    for (uint64_t i = 0; i < list->length; ++i) {
      Tuple* entry = as<Tuple>(list->values()[i]);
      Value context = entry->values()[1];
      TRY(context.is_ellipsis() ? schedule_waiter(vm, future, entry->values()[0])
                                : schedule_callback(vm, future, entry->values()[0], context));
    }
  }
  return {};
}

Result<void> future_set_result(VM& vm, Future* future, Value result) {
  if (future->done()) return raise_type(vm, async_state(vm).invalid_state_error, "invalid state");
  future->set_state(Future::kFinished);
  future->result = result;
  vm.barrier(future);
  return future_schedule(vm, future);
}

Result<void> future_set_exception(VM& vm, Future* future, Value exception) {
  if (future->done()) return raise_type(vm, async_state(vm).invalid_state_error, "invalid state");
  if (Type* type = try_as<Type>(exception); type && (type->flags & Type::kException))
    exception = TRY(vm.call(exception, {}));
  if (!is_exception(exception)) return vm.raise(Exc::TypeError, "invalid exception object");
  if (vm.is_instance(exception, BuiltinType::StopIteration)) {
    Exception* replacement = TRY(make_exception(
        vm, BuiltinType::RuntimeError,
        "StopIteration interacts badly with generators and cannot be raised into a Future"));
    replacement->cause = replacement->context = exception;
    replacement->aux |= Exception::kSuppressContext;
    vm.barrier(replacement);
    exception = replacement;
  }
  future->set_state(Future::kFailed);
  future->result = exception;
  future->aux |= Future::kLogTraceback;
  if (!(future->aux & Future::kRegistered)) {
    future->aux |= Future::kRegistered;
    vm.heap().register_finalizer(future);
  }
  vm.barrier(future);
  return future_schedule(vm, future);
}

Result<bool> future_cancel(VM& vm, Future* future, Value message) {
  future->aux &= static_cast<uint16_t>(~Future::kLogTraceback);
  if (future->done()) return false;
  TRY(set_cancel_message(vm, future, message));
  future->set_state(Future::kCancelled);
  TRY(future_schedule(vm, future));
  return true;
}

Result<bool> cancel_waited(VM& vm, Value waited, Value message) {
  AsyncState& state = async_state(vm);
  if (message.is_empty()) message = Value::none();
  if (Operation* operation = try_operation(waited)) return future_cancel(vm, operation, message);
  if (Future* future = try_future(waited)) {
    // Script subclasses may have their own cancel().
    Type* type = vm.type_of(waited);
    if (type == state.future_type) return future_cancel(vm, future, message);
    // Tasks may wait for one another in a circle.
    NativeDepth guard(vm);
    TRY(guard.check());
    if (type == state.task_type) return task_cancel(vm, static_cast<Task*>(future), message);
    if (type == state.gathering_type)
      return gathering_cancel(vm, static_cast<Gathering*>(future), message);
  }
  if (Sleep* sleep = try_native<Sleep>(waited)) return sleep_cancel(vm, sleep, message);
  Value name = TRY(intern(vm, "msg"));
  Value method = TRY(get_attribute(vm, waited, TRY(intern(vm, "cancel"))));
  return is_truthy(vm,
                   TRY(vm.call_keywords(method, {&message, 1}, TRY(make_tuple(vm, {&name, 1})))));
}

Result<Value> make_cancelled_error(VM& vm, Future* future) {
  // The exception that the coroutine raised itself is handed out once, so that its traceback is
  // kept. That of a future which failed is none of a cancellation.
  if (future->state() == Future::kCancelled && is_exception(future->result)) {
    Value exception = future->result;
    future->result = Value();
    return exception;
  }
  AsyncState& state = async_state(vm);
  Value message = future->cancel_message();
  return message.is_none() ? vm.call(state.cancelled_error, {})
                           : vm.call(state.cancelled_error, {message});
}

Result<Value> future_result(VM& vm, Future* future) {
  switch (future->state()) {
    case Future::kFinished:
      return future->result;
    case Future::kFailed: {
      future->aux &= static_cast<uint16_t>(~Future::kLogTraceback);
      return vm.raise_exception(future->result);
    }
    case Future::kCancelled:
      return vm.raise_exception(TRY(make_cancelled_error(vm, future)));
    default:
      return raise_type(vm, async_state(vm).invalid_state_error, "Result is not set.");
  }
}

namespace {

/// `context` Ellipsis: the waiter is no callback.
Result<void> add_waiter(VM& vm, Future* future, Value waiter, Value context) {
  bool fits_inline = context.is_ellipsis() || (context.is_none() && !try_future(waiter));
  if (fits_inline && future->waiter.is_empty() && future->callbacks.is_empty()) {
    future->waiter = waiter;
    vm.barrier(future);
    return {};
  }
  if (future->callbacks.is_empty()) {
    future->callbacks = TRY(make_list(vm, size_t{2}));
    vm.barrier(future);
  }
  Value pair[2] = {waiter, context};
  return list_append(vm, as<List>(future->callbacks), TRY(make_tuple(vm, pair)));
}

}  // namespace

Result<void> future_add_waiter(VM& vm, Future* future, Future* waiter) {
  return add_waiter(vm, future, waiter, Value::ellipsis());
}

Result<void> future_add_fiber(VM& vm, Future* future, int64_t index) {
  return add_waiter(vm, future, Value::small_int(index), Value::ellipsis());
}

Result<void> future_add_callback(VM& vm, Future* future, Value function, Value context) {
  context = TRY(context_or_copy(vm, context));
  if (future->done()) return schedule_callback(vm, future, function, context);
  return add_waiter(vm, future, function, context);
}

AwaitOutcome future_await_step(VM& vm, Value self, Value* result) {
  Future* future = static_cast<Future*>(self.cell());
  if (future->done()) {
    auto value = future_result(vm, future);
    *result = value.value();
    return value.is_ok() ? AwaitOutcome::Ready : AwaitOutcome::Error;
  }
  future->aux |= Future::kBlocking;
  *result = self;
  return AwaitOutcome::Pending;
}

// --- methods ---

namespace {

Result<Future*> receiver(VM& vm, Value self) {
  if (Future* future = try_future(self)) return future;
  return vm.raise(Exc::TypeError,
                  "descriptor requires a '_asyncio.Future' object but received '{}'",
                  vm.type_of(self));
}

Result<Value> future_new(VM& vm, const Arguments& arguments) {
  Type* type = arguments.positional_count ? try_as<Type>(arguments.values[0]) : nullptr;
  if (!type) return vm.raise(Exc::TypeError, "Future.__new__(X): X is not a type object");
  Cell* cell = TRY(allocate_instance(vm, type));
  Future* future = static_cast<Future*>(cell);
  future->native_class = &Future::kClasses[0];
  if (type->flags & Type::kHasFinalizer) vm.heap().register_finalizer(future);
  return future;
}
Result<void> future_init(VM& vm, Value self, Optional<Value> loop) {
  Future* future = TRY(receiver(vm, self));
  future->set_state(Future::kPending);
  future->result = future->waiter = future->callbacks = Value();
  return initialize_future(vm, future, loop.value);
}
Result<Value> method_result(VM& vm, Value self) {
  return future_result(vm, TRY(receiver(vm, self)));
}
Result<Value> method_exception(VM& vm, Value self) {
  Future* future = TRY(receiver(vm, self));
  switch (future->state()) {
    case Future::kFinished:
      return Value::none();
    case Future::kFailed:
      future->aux &= static_cast<uint16_t>(~Future::kLogTraceback);
      return future->result;
    case Future::kCancelled:
      return vm.raise_exception(TRY(make_cancelled_error(vm, future)));
    default:
      return raise_type(vm, async_state(vm).invalid_state_error, "Exception is not set.");
  }
}
Result<void> method_set_result(VM& vm, Value self, Value result) {
  return future_set_result(vm, TRY(receiver(vm, self)), result);
}
Result<void> method_set_exception(VM& vm, Value self, Value exception) {
  return future_set_exception(vm, TRY(receiver(vm, self)), exception);
}
Result<bool> method_cancel(VM& vm, Value self, Optional<Value> message) {
  return future_cancel(vm, TRY(receiver(vm, self)),
                       message.present ? message.value : Value::none());
}
Result<bool> method_cancelled(VM& vm, Value self) {
  return TRY(receiver(vm, self))->state() == Future::kCancelled;
}
Result<bool> method_done(VM& vm, Value self) { return TRY(receiver(vm, self))->done(); }
Result<void> method_add_done_callback(VM& vm, Value self, Value function, Optional<Value> context) {
  return future_add_callback(vm, TRY(receiver(vm, self)), function, context.value);
}

Result<int64_t> method_remove_done_callback(VM& vm, Value self, Value function) {
  Future* future = TRY(receiver(vm, self));
  int64_t removed = 0;
  if (!future->waiter.is_empty() && !try_future(future->waiter) && !future->waiter.is_small_int() &&
      TRY(values_equal(vm, future->waiter, function))) {
    future->waiter = Value();
    ++removed;
  }
  if (List* list = try_as<List>(future->callbacks)) {
    List* kept = TRY(make_list(vm, size_t{0}));
    for (uint64_t i = 0; i < list->length; ++i) {
      Value entry = list->values()[i];
      bool is_callback = !as<Tuple>(entry)->values()[1].is_ellipsis();
      bool same = is_callback && TRY(values_equal(vm, as<Tuple>(entry)->values()[0], function));
      if (same) {
        ++removed;
      } else {
        TRY(list_append(vm, kept, entry));
      }
    }
    future->callbacks = kept->length ? Value(kept) : Value();
    vm.barrier(future);
  }
  return removed;
}

Result<Value> method_get_loop(VM& vm, Value self) {
  Value loop = TRY(receiver(vm, self))->loop;
  if (loop.is_empty()) return vm.raise(Exc::RuntimeError, "Future object is not initialized.");
  return loop;
}
Result<Value> method_repr(VM& vm, Value self) {
  return call_script(vm, "asyncio.base_futures", "_future_repr", {self});
}
Result<Value> method_make_cancelled_error(VM& vm, Value self) {
  return make_cancelled_error(vm, TRY(receiver(vm, self)));
}

struct FutureIterator : NativeObject {
  static const NativeClass kClass;
  Value future;
};
void trace_iterator(const Cell* cell, Visitor& visitor) {
  visitor.visit(static_cast<const FutureIterator*>(cell)->future);
}

Result<Value> method_await(VM& vm, Value self) {
  TRY(receiver(vm, self));
  Cell* cell = TRY(allocate_instance(vm, async_state(vm).future_iterator_type));
  FutureIterator* iterator = static_cast<FutureIterator*>(cell);
  iterator->native_class = &FutureIterator::kClass;
  iterator->future = self;
  return iterator;
}

AwaitOutcome iterator_await_step(VM& vm, Value self, Value* result) {
  return future_await_step(vm, static_cast<FutureIterator*>(self.cell())->future, result);
}
Result<Value> iterator_next(VM& vm, FutureIterator* self) {
  Future* future = try_future(self->future);
  if (!future) return stop_iteration(vm);
  if (future->aux & Future::kBlocking && !future->done())
    return vm.raise(Exc::RuntimeError, "await wasn't used with future");
  Value result;
  switch (future_await_step(vm, self->future, &result)) {
    case AwaitOutcome::Pending:
      return result;
    case AwaitOutcome::Ready:
      self->future = Value::none();
      return stop_iteration(vm, result);
    case AwaitOutcome::Error:
      break;
  }
  return Error{};
}
Result<Value> iterator_send(VM& vm, FutureIterator* self, Value) { return iterator_next(vm, self); }
Result<Value> iterator_iter(VM&, Value self) { return self; }
Result<Value> iterator_throw(VM& vm, FutureIterator* self, Value type, Optional<Value> value,
                             Optional<Value> traceback) {
  if (value.present)
    TRY(issue_warning_here(vm, Exc::DeprecationWarning,
                           "the (type, exc, tb) signature of throw() is deprecated, use the "
                           "single-arg signature instead."));
  if (traceback.present && !traceback.value.is_none() &&
      !vm.is_instance(traceback.value, BuiltinType::Traceback))
    return vm.raise(Exc::TypeError, "throw() third argument must be a traceback");
  self->future = Value::none();
  if (is_exception(type)) return vm.raise_exception(type);
  if (value.present && is_exception(value.value)) return vm.raise_exception(value.value);
  Value exception = TRY(value.present && !value.value.is_none() ? vm.call(type, {value.value})
                                                                : vm.call(type, {}));
  return vm.raise_exception(exception);
}
Result<void> iterator_close(VM&, FutureIterator* self) {
  self->future = Value::none();
  return {};
}

Result<Value> class_getitem(VM& vm, Value cls, Value item) {
  return make_generic_alias(vm, cls, item);
}

// --- attributes: of futures and of operations that wait ---

Future* of(Value self) { return static_cast<Future*>(self.cell()); }

Result<Value> get_state(VM& vm, Value self) {
  switch (of(self)->state()) {
    case Future::kPending:
      return make_str(vm, "PENDING");
    case Future::kCancelled:
      return make_str(vm, "CANCELLED");
    default:
      return make_str(vm, "FINISHED");
  }
}
Value none_if_empty(Value v) { return v.is_empty() ? Value::none() : v; }
Result<Value> get_callbacks(VM& vm, Value self) {
  Future* future = of(self);
  if (future->waiter.is_empty() && future->callbacks.is_empty()) return Value::none();
  List* list = TRY(make_list(vm, size_t{0}));
  if (!future->waiter.is_empty()) {
    Value pair[2] = {TRY(waiter_function(vm, future->waiter)), Value::none()};
    TRY(list_append(vm, list, TRY(make_tuple(vm, pair))));
  }
  if (List* more = try_as<List>(future->callbacks)) {
    for (uint64_t i = 0; i < more->length; ++i) {
      Tuple* entry = as<Tuple>(more->values()[i]);
      Value pair[2] = {entry->values()[0], entry->values()[1]};
      if (pair[1].is_ellipsis()) {
        pair[0] = TRY(waiter_function(vm, pair[0]));
        pair[1] = Value::none();
      }
      TRY(list_append(vm, list, TRY(make_tuple(vm, pair))));
    }
  }
  return list;
}
Result<Value> get_loop(VM&, Value self) { return none_if_empty(of(self)->loop); }
Result<Value> get_result(VM&, Value self) {
  Future* future = of(self);
  return future->state() == Future::kFinished ? future->result : Value::none();
}
Result<Value> get_exception(VM&, Value self) {
  Future* future = of(self);
  return future->state() == Future::kFailed ? future->result : Value::none();
}
Result<Value> get_source_traceback(VM&, Value self) {
  return none_if_empty(of(self)->source_traceback());
}
Result<Value> get_cancel_message(VM&, Value self) { return of(self)->cancel_message(); }
Result<void> assign_cancel_message(VM& vm, Value self, Value value) {
  return set_cancel_message(vm, of(self), value);
}
Result<Value> get_log_traceback(VM&, Value self) {
  return Value::boolean(of(self)->aux & Future::kLogTraceback);
}
Result<void> set_log_traceback(VM& vm, Value self, Value value) {
  if (TRY(is_truthy(vm, value)))
    return vm.raise(Exc::ValueError, "_log_traceback can only be set to False");
  of(self)->aux &= static_cast<uint16_t>(~Future::kLogTraceback);
  return {};
}
Result<Value> get_blocking(VM&, Value self) {
  // None is "no future".
  Operation* operation = try_operation(self);
  if (operation && operation->stage != Operation::kWaiting) return Value::none();
  return Value::boolean(of(self)->aux & Future::kBlocking);
}
Result<void> set_blocking(VM& vm, Value self, Value value) {
  Future* future = of(self);
  future->aux &= static_cast<uint16_t>(~Future::kBlocking);
  if (TRY(is_truthy(vm, value))) future->aux |= Future::kBlocking;
  return {};
}

}  // namespace

const NativeGetSetDef kFutureAttributes[9] = {
    {"_state", nullptr, get_state},
    {"_callbacks", nullptr, get_callbacks},
    {"_loop", nullptr, get_loop},
    {"_result", nullptr, get_result},
    {"_exception", nullptr, get_exception},
    {"_source_traceback", nullptr, get_source_traceback},
    {"_cancel_message", nullptr, get_cancel_message, assign_cancel_message},
    {"_log_traceback", nullptr, get_log_traceback, set_log_traceback},
    {"_asyncio_future_blocking", nullptr, get_blocking, set_blocking},
};
namespace {

constexpr NativeFunctionDef kMethods[] = {
    {"__new__(cls, *args, **kwargs)", nullptr, bind<future_new>(), NativeFunctionDef::kStatic},
    {"__init__(self, /, *, loop=None)", nullptr, bind<future_init>()},
    {"result(self, /)", "Return the result this future represents.", bind<method_result>()},
    {"exception(self, /)", "Return the exception that was set on this future.",
     bind<method_exception>()},
    {"set_result(self, result, /)", "Mark the future done and set its result.",
     bind<method_set_result>()},
    {"set_exception(self, exception, /)", "Mark the future done and set an exception.",
     bind<method_set_exception>()},
    {"cancel(self, /, msg=None)", "Cancel the future and schedule callbacks.",
     bind<method_cancel>()},
    {"cancelled(self, /)", "Return True if the future was cancelled.", bind<method_cancelled>()},
    {"done(self, /)", "Return True if the future is done.", bind<method_done>()},
    {"add_done_callback(self, fn, /, *, context=None)",
     "Add a callback to be run when the future becomes done.", bind<method_add_done_callback>()},
    {"remove_done_callback(self, fn, /)",
     "Remove all instances of a callback; returns their number.",
     bind<method_remove_done_callback>()},
    {"get_loop(self, /)", "Return the event loop the future is bound to.", bind<method_get_loop>()},
    {"_make_cancelled_error(self, /)",
     "Create the CancelledError to raise if the future is cancelled.",
     bind<method_make_cancelled_error>()},
    {"__await__(self, /)", "Return an iterator to be used in await expression.",
     bind<method_await>()},
    {"__iter__(self, /)", "Implement iter(self).", bind<method_await>()},
    {"__repr__(self, /)", "Return repr(self).", bind<method_repr>()},
    {"__class_getitem__(cls, item, /)", "See PEP 585", bind<class_getitem>(),
     NativeFunctionDef::kClassMethod},
};
constexpr NativeFunctionDef kIteratorMethods[] = {
    {"__iter__(self, /)", nullptr, bind<iterator_iter>()},
    {"__next__(self, /)", nullptr, bind<iterator_next>()},
    {"send(self, value, /)", nullptr, bind<iterator_send>()},
    {"throw(self, type, value=None, traceback=None, /)", nullptr, bind<iterator_throw>()},
    {"close(self, /)", nullptr, bind<iterator_close>()},
};

const NativeClass FutureIterator::kClass = {"_asyncio.FutureIter", trace_iterator, nullptr};

Result<void> extend_iterator(VM&, Type* type) {
  type->await_step = iterator_await_step;
  return {};
}

}  // namespace

const NativeTypeDef kFutureDefinition = {
    "_asyncio.Future",   "A result that will be there later; see asyncio.Future.", kMethods,
    kFutureAttributes,   Type::kCanSubclass | Type::kHasDict | Type::kHasWeakref,  sizeof(Future),
    &Future::kClasses[0]};
const NativeTypeDef kFutureIteratorDefinition = {"_asyncio.FutureIter",   nullptr,
                                                 kIteratorMethods,        {},
                                                 Type::kDisallowNew,      sizeof(FutureIterator),
                                                 &FutureIterator::kClass, extend_iterator};

}  // namespace apy
