// aiter and anext.
#include "stdlib/builtins.h"
#include "stdlib/native_iterator.h"
#include "vm/interpreter/generator.h"

namespace apy {

namespace {

/// anext(iterator, default): drives the awaitable and replaces its StopAsyncIteration.
struct AnextAwaitable : NativeObject {
  static const NativeClass kClass;
  Value wrapped;
  Value fallback;
};
const NativeClass AnextAwaitable::kClass = {"anext_awaitable", trace_values<2>, nullptr};

/// What an operation on the awaitable gave, with the fallback in place of the end.
Result<Value> with_fallback(VM& vm, AnextAwaitable* self, Result<Value> result) {
  if (result.is_ok()) return result;
  if (!vm.catch_pending(Exc::StopAsyncIteration)) return Error{};
  return stop_iteration(vm, self->fallback);
}

Result<Value> iterator_of(VM& vm, AnextAwaitable* self) {
  Value iterator = TRY(awaitable_of(vm, self->wrapped, 0));
  if (!is_exact(iterator, BuiltinType::Coroutine)) return iterator;
  // A coroutine is stepped through its own methods.
  return vm.call_method(iterator, vm.special_name(Special::Await), {});
}

Result<Value> awaitable_self(VM&, AnextAwaitable* self) { return self; }

Result<Value> awaitable_send(VM& vm, AnextAwaitable* self, Value sent) {
  Value iterator = TRY(iterator_of(vm, self));
  Value value;
  switch (slow::send_foreign(vm, iterator, sent, &value)) {
    case slow::SendOutcome::Suspend:
      return value;
    case slow::SendOutcome::Done:
      return stop_iteration(vm, value.is_none() ? Value() : value);
    case slow::SendOutcome::Error:
      break;
  }
  return with_fallback(vm, self, Error{});
}

Result<Value> awaitable_next(VM& vm, AnextAwaitable* self) {
  return awaitable_send(vm, self, Value::none());
}

Result<Value> awaitable_throw(VM& vm, AnextAwaitable* self, Value type, Optional<Value> value,
                              Optional<Value> traceback) {
  Value iterator = TRY(iterator_of(vm, self));
  Value exception = TRY(exception_from_throw(vm, type, value.value, traceback.value));
  return with_fallback(vm, self, vm.call_method(iterator, vm.names().throw_, {exception}));
}

Result<Value> awaitable_close(VM& vm, AnextAwaitable* self) {
  Value iterator = TRY(iterator_of(vm, self));
  return with_fallback(vm, self, vm.call_method(iterator, vm.names().close, {}));
}

constexpr NativeFunctionDef kMethods[] = {
    {"__await__(self, /)", "Return an iterator to be used in await expression.",
     bind<awaitable_self>()},
    {"__iter__(self, /)", "Implement iter(self).", bind<awaitable_self>()},
    {"__next__(self, /)", "Implement next(self).", bind<awaitable_next>()},
    {"send(self, value, /)", "Send a value into the awaitable.", bind<awaitable_send>()},
    {"throw(self, type, value=None, traceback=None, /)", "Raise an exception in the awaitable.",
     bind<awaitable_throw>()},
    {"close(self, /)", "Close the awaitable.", bind<awaitable_close>()},
};

constexpr NativeTypeDef kAnextAwaitableType = {
    .name = "builtins.anext_awaitable",
    .doc = "What anext(iterator, default) returns.",
    .methods = kMethods,
    .flags = Type::kDisallowNew,
    .instance_size = sizeof(AnextAwaitable),
    .native_class = &AnextAwaitable::kClass,
};

Result<Value> builtin_aiter(VM& vm, Value object) {
  bool found;
  auto made = vm.call_special(object, Special::AsyncIter, {}, &found);
  if (!found)
    return vm.raise(Exc::TypeError, "'{}' object is not an async iterable", vm.type_of(object));
  Value iterator = TRY(made);
  if (type_special(vm, vm.type_of(iterator), Special::AsyncNext).is_empty())
    return vm.raise(Exc::TypeError, "aiter() returned not an async iterator of type '{}'",
                    vm.type_of(iterator));
  return iterator;
}

Result<Value> builtin_anext(VM& vm, Value iterator, Optional<Value> fallback) {
  bool found;
  auto step = vm.call_special(iterator, Special::AsyncNext, {}, &found);
  if (!found)
    return vm.raise(Exc::TypeError, "'{}' object is not an async iterator", vm.type_of(iterator));
  if (step.is_error() || !fallback.present) return step;
  Value wrapped = step.value();
  if (!native_type<AnextAwaitable>(vm)) {
    Type* type = TRY(make_native_type(vm, kAnextAwaitableType));
    vm.module_state(&AnextAwaitable::kClass) = type;
  }
  AnextAwaitable* awaitable = TRY(make_native<AnextAwaitable>(vm, native_type<AnextAwaitable>(vm)));
  awaitable->wrapped = wrapped;
  awaitable->fallback = fallback.value;
  return awaitable;
}

constexpr NativeFunctionDef kFunctions[] = {
    {"aiter(async_iterable, /)", "Return an AsyncIterator for an AsyncIterable object.",
     bind<builtin_aiter>()},
    {"anext(async_iterator, default=<unrepresentable>, /)",
     "Return the next item from the async iterator.", bind<builtin_anext>()},
};

}  // namespace

std::span<const NativeFunctionDef> builtins_async_functions() { return kFunctions; }

}  // namespace apy
