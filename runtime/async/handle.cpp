// Handle and TimerHandle: a callback that was given to the loop.
#include "runtime/async/event_loop.h"
#include "vm/binding/bind.h"
#include "vm/interpreter/context_variables.h"

namespace apy {

namespace {

void trace_handle(const Cell* cell, Visitor& visitor) {
  const Handle* handle = static_cast<const Handle*>(cell);
  visitor.visit(handle->callback);
  visitor.visit(handle->arguments);
  visitor.visit(handle->loop);
  visitor.visit(handle->context);
  visitor.visit(handle->source_traceback);
  visitor.visit(handle->when);
}

Value none_if_empty(Value v) { return v.is_empty() ? Value::none() : v; }

Result<Value> callback_text(VM& vm, Handle* handle, bool debug) {
  Value module = TRY(vm.import_module("asyncio.format_helpers"));
  Value function = TRY(get_attribute(vm, module, TRY(intern(vm, "_format_callback_source"))));
  Value arguments[3] = {handle->callback, handle->arguments, Value::boolean(debug)};
  Value name = TRY(intern(vm, "debug"));
  return vm.call_keywords(function, arguments, TRY(make_tuple(vm, {&name, 1})));
}

}  // namespace

const NativeClass Handle::kClass = {"asyncio.events.Handle", trace_handle, nullptr};

Result<void> report_callback_error(VM& vm, EventLoop* loop, Handle* handle) {
  // Natives that wait when the engine ends are cancelled: nothing to report.
  if (async_state(vm).exiting &&
      vm.type_of(vm.pending())->is_subtype_of(async_state(vm).cancelled_error)) {
    vm.take_pending();
    return {};
  }
  Value exception = vm.take_pending();
  std::string text = TRY(str_text(vm, TRY(callback_text(vm, handle, loop->debug))));
  Dict* context = TRY(make_dict(vm));
  TRY(dict_set_str(vm, context, TRY(intern(vm, "message")),
                   TRY(make_str(vm, "Exception in callback " + text))));
  TRY(dict_set_str(vm, context, TRY(intern(vm, "exception")), exception));
  TRY(dict_set_str(vm, context, TRY(intern(vm, "handle")), handle));
  if (!handle->source_traceback.is_empty())
    TRY(dict_set_str(vm, context, TRY(intern(vm, "source_traceback")), handle->source_traceback));
  TRY(loop_call_exception_handler(vm, loop, context));
  return {};
}

Result<bool> run_handle(VM& vm, EventLoop* loop, Handle* handle) {
  if (handle->cancelled) return true;
  loop->current_handle = handle;
  vm.barrier(loop);
  Result<Value> called = Error{};
  {
    ContextVariablesScope scope(vm, handle->context);
    called = vm.call(handle->callback, as<Tuple>(handle->arguments)->span());
  }
  if (called.is_error()) {
    if (pending_ends_loop(vm)) return Error{};
    if (report_callback_error(vm, loop, handle).is_error()) {
      if (pending_ends_loop(vm)) return Error{};
      vm.write_unraisable(handle);
    }
  }
  loop->current_handle = Value();
  return true;
}

namespace {

Result<Value> handle_new(VM& vm, const Arguments& arguments) {
  Type* type = arguments.positional_count ? try_as<Type>(arguments.values[0]) : nullptr;
  if (!type) return vm.raise(Exc::TypeError, "Handle.__new__(X): X is not a type object");
  Handle* handle = static_cast<Handle*>(TRY(allocate_instance(vm, type)));
  handle->native_class = &Handle::kClass;
  return handle;
}
Result<void> handle_init(VM& vm, Handle* self, Value callback, Value arguments, Value loop,
                         Optional<Value> context) {
  self->callback = callback;
  self->arguments = TRY(tuple_from(vm, arguments));
  vm.barrier(self);
  self->loop = loop;
  self->context = TRY(context_or_copy(vm, context.value));
  vm.barrier(self);
  return {};
}
Result<void> timer_init(VM& vm, Handle* self, Value when, Value callback, Value arguments,
                        Value loop, Optional<Value> context) {
  if (when.is_none()) return vm.raise(Exc::TypeError, "when cannot be None");
  self->when = when;
  return handle_init(vm, self, callback, arguments, loop, context);
}
Result<void> method_cancel(VM& vm, Handle* self) {
  if (self->cancelled) return {};
  self->cancelled = true;
  EventLoop* loop = try_loop(self->loop);
  if (self->scheduled && loop && loop->core) loop->core->timers.cancel(self->timer);
  self->scheduled = false;
  if (!loop || !loop->debug) {
    self->callback = Value::none();
    self->arguments = Value::none();
  }
  vm.barrier(self);
  return {};
}
Result<bool> method_cancelled(VM&, Handle* self) { return self->cancelled; }
Result<Value> method_get_context(VM& vm, Handle* self) {
  return context_object(vm, &self->context, self);
}
Result<Value> method_when(VM&, Handle* self) { return self->when; }
Result<void> method_run(VM& vm, Handle* self) {
  EventLoop* loop = try_loop(self->loop);
  if (loop) {
    TRY(run_handle(vm, loop, self));
  } else {
    TRY(vm.call(self->callback, as<Tuple>(self->arguments)->span()));
  }
  return {};
}
Result<Value> method_repr(VM& vm, Handle* self) {
  EventLoop* loop = try_loop(self->loop);
  bool debug = loop && loop->debug;
  std::string text = "<" + to_utf8(vm.type_of(self)->name);
  if (self->cancelled) text += " cancelled";
  if (!self->when.is_empty()) text += " when=" + TRY(str_text(vm, self->when));
  if (!self->callback.is_none())
    text += " " + TRY(str_text(vm, TRY(callback_text(vm, self, debug))));
  if (List* stack = try_as<List>(self->source_traceback); stack && stack->length) {
    Value last = stack->values()[stack->length - 1];
    Value file = TRY(get_item(vm, last, Value::small_int(0)));
    Value line = TRY(get_item(vm, last, Value::small_int(1)));
    text += " created at " + TRY(str_text(vm, file)) + ":" + TRY(str_text(vm, line));
  }
  return make_str(vm, text + ">");
}
Result<Value> timer_compare(VM& vm, Handle* self, Value other, CompareOp op) {
  Handle* right = try_native<Handle>(other);
  if (!right || right->when.is_empty()) return Value::not_implemented();
  return compare(vm, op, self->when, right->when);
}
Result<Value> timer_less(VM& vm, Handle* self, Value other) {
  return timer_compare(vm, self, other, CompareOp::Less);
}
Result<Value> timer_less_equal(VM& vm, Handle* self, Value other) {
  return timer_compare(vm, self, other, CompareOp::LessEqual);
}
Result<Value> timer_greater(VM& vm, Handle* self, Value other) {
  return timer_compare(vm, self, other, CompareOp::Greater);
}
Result<Value> timer_greater_equal(VM& vm, Handle* self, Value other) {
  return timer_compare(vm, self, other, CompareOp::GreaterEqual);
}
Result<Value> timer_equal(VM& vm, Handle* self, Value other) {
  Handle* right = try_native<Handle>(other);
  if (!right || right->when.is_empty()) return Value::not_implemented();
  bool same = TRY(values_equal(vm, self->when, right->when)) &&
              TRY(values_equal(vm, self->callback, right->callback)) &&
              TRY(values_equal(vm, self->arguments, right->arguments)) &&
              self->cancelled == right->cancelled;
  return Value::boolean(same);
}
Result<int64_t> timer_hash(VM& vm, Handle* self) { return hash_value(vm, self->when); }

Result<Value> get_callback(VM&, Value self) {
  return none_if_empty(try_native<Handle>(self)->callback);
}
Result<Value> get_args(VM&, Value self) {
  return none_if_empty(try_native<Handle>(self)->arguments);
}
Result<Value> get_context(VM& vm, Value self) {
  Handle* handle = try_native<Handle>(self);
  return context_object(vm, &handle->context, handle);
}
Result<Value> get_loop(VM&, Value self) { return none_if_empty(try_native<Handle>(self)->loop); }
Result<Value> get_cancelled(VM&, Value self) {
  return Value::boolean(try_native<Handle>(self)->cancelled);
}
Result<Value> get_source_traceback(VM&, Value self) {
  return none_if_empty(try_native<Handle>(self)->source_traceback);
}
Result<Value> get_when(VM&, Value self) { return none_if_empty(try_native<Handle>(self)->when); }
Result<Value> get_scheduled(VM&, Value self) {
  return Value::boolean(try_native<Handle>(self)->scheduled);
}
Result<void> set_scheduled(VM& vm, Value self, Value value) {
  try_native<Handle>(self)->scheduled = TRY(is_truthy(vm, value));
  return {};
}

constexpr NativeFunctionDef kHandleMethods[] = {
    {"__new__(cls, *args, **kwargs)", nullptr, bind<handle_new>(), NativeFunctionDef::kStatic},
    {"__init__(self, callback, args, loop, context=None)", nullptr, bind<handle_init>()},
    {"cancel(self, /)", "Cancel the callback.", bind<method_cancel>()},
    {"cancelled(self, /)", "Was it cancelled?", bind<method_cancelled>()},
    {"get_context(self, /)", "The context of the callback.", bind<method_get_context>()},
    {"_run(self, /)", nullptr, bind<method_run>()},
    {"__repr__(self, /)", nullptr, bind<method_repr>()},
};
constexpr NativeGetSetDef kHandleAttributes[] = {
    {"_callback", nullptr, get_callback},   {"_args", nullptr, get_args},
    {"_context", nullptr, get_context},     {"_loop", nullptr, get_loop},
    {"_cancelled", nullptr, get_cancelled}, {"_source_traceback", nullptr, get_source_traceback},
};
constexpr NativeFunctionDef kTimerMethods[] = {
    {"__init__(self, when, callback, args, loop, context=None)", nullptr, bind<timer_init>()},
    {"when(self, /)", "The time of the loop's clock at which it is due.", bind<method_when>()},
    {"__lt__(self, other, /)", nullptr, bind<timer_less>()},
    {"__le__(self, other, /)", nullptr, bind<timer_less_equal>()},
    {"__gt__(self, other, /)", nullptr, bind<timer_greater>()},
    {"__ge__(self, other, /)", nullptr, bind<timer_greater_equal>()},
    {"__eq__(self, other, /)", nullptr, bind<timer_equal>()},
    {"__hash__(self, /)", nullptr, bind<timer_hash>()},
};
constexpr NativeGetSetDef kTimerAttributes[] = {
    {"_when", nullptr, get_when},
    {"_scheduled", nullptr, get_scheduled, set_scheduled},
};

}  // namespace

const NativeTypeDef kHandleDefinition = {"asyncio.events.Handle",
                                         "A callback given to an event loop.",
                                         kHandleMethods,
                                         kHandleAttributes,
                                         Type::kCanSubclass | Type::kHasDict | Type::kHasWeakref,
                                         sizeof(Handle),
                                         &Handle::kClass};
const NativeTypeDef kTimerHandleDefinition = {
    "asyncio.events.TimerHandle",
    "A callback due at a time.",
    kTimerMethods,
    kTimerAttributes,
    Type::kCanSubclass | Type::kHasDict | Type::kHasWeakref,
    sizeof(Handle),
    &Handle::kClass};

}  // namespace apy
