// Async generators as objects (PEP 525): asend, athrow, aclose and the awaitables they give.
//
// `async for` over an exact async generator does not come here: Send runs the step in place
// (interpreter.cpp). What is here serves steps that are driven through an awaitable object. Such an
// object begins fresh, is iterating while its step waits for something, and is used up afterwards.
// Each resumption of the generator ends in one of three ways:
//   AsyncYielded  the step is over; the awaitable ends with StopIteration(value)
//   Yielded       the generator waits for something, which is passed up to whoever drives the
//   awaitable Returned      the generator ended: StopAsyncIteration
// `closing` is set while such a step is in progress; `closed` once aclose() has begun or the end
// was reached.
#include "vm/interpreter/async_generator.h"

#include <algorithm>

#include "vm/binding/bind.h"
#include "vm/bytecode/code.h"
#include "vm/interpreter/frame_object.h"
#include "vm/interpreter/generator.h"
#include "vm/objects/warning.h"

namespace apy {

namespace {

const char kHooksKey = 0;  // its address names the state

/// Fields of both kinds of awaitable. Steps have `value`, the others the arguments of athrow (type
/// empty: aclose). The code and line that made it are for the warning that it was never awaited.
enum Field { kGenerator, kState, kCode, kLine, kValue, kType = kValue, kThrowValue, kTraceback };
enum class Progress : int64_t { Fresh, Iterating, Closed };

Progress progress(const Record* record) {
  return static_cast<Progress>(record->fields()[kState].as_small_int());
}
void set_progress(Record* record, Progress progress) {
  record->fields()[kState] = Value::small_int(static_cast<int64_t>(progress));
}
Generator* generator_in(const Record* record) {
  return as<Generator>(record->fields()[kGenerator]);
}
bool is_close(const Record* record) { return record->fields()[kType].is_empty(); }

Error raise_reused_step(VM& vm) {
  return vm.raise(Exc::RuntimeError, "cannot reuse already awaited __anext__()/asend()");
}
Error raise_reused_throw(VM& vm) {
  return vm.raise(Exc::RuntimeError, "cannot reuse already awaited aclose()/athrow()");
}
Error raise_busy(VM& vm, const char* what) {
  return vm.raise(Exc::RuntimeError, "{}(): asynchronous generator is already running", what);
}

/// Resumes the generator; AsyncYielded and Returned become StopIteration(value) and
/// StopAsyncIteration. `yielded` (may be null): was it AsyncYielded?
Result<Value> drive(VM& vm, Generator* generator, Value sent, Value exception,
                    bool* yielded = nullptr) {
  Value result;
  switch (vm.resume(generator, sent, exception, &result)) {
    case VM::ResumeOutcome::Yielded:
      return result;
    case VM::ResumeOutcome::AsyncYielded:
      if (yielded) *yielded = true;
      generator->closing = 0;
      return stop_iteration(vm, result);
    case VM::ResumeOutcome::Returned:
      generator->closing = 0;
      generator->closed = 1;
      return vm.raise_with(Exc::StopAsyncIteration, {});
    case VM::ResumeOutcome::Raised:
      generator->closing = 0;
      if (vm.is_instance(vm.pending(), BuiltinType::StopAsyncIteration) ||
          vm.is_instance(vm.pending(), BuiltinType::GeneratorExit)) {
        generator->closed = 1;
      }
      return Error{};
  }
  __builtin_unreachable();
}

// --- asend, __anext__ ---

Result<Value> step_send(VM& vm, Record* step, Value sent) {
  Generator* generator = generator_in(step);
  if (progress(step) == Progress::Closed) return raise_reused_step(vm);
  if (progress(step) == Progress::Fresh) {
    if (async_generator_is_busy(generator)) {
      set_progress(step, Progress::Closed);
      return raise_busy(vm, "anext");
    }
    if (sent.is_none()) sent = step->fields()[kValue];
    set_progress(step, Progress::Iterating);
    generator->closing = 1;
  }
  auto result = drive(vm, generator, sent, Value());
  if (result.is_error()) set_progress(step, Progress::Closed);
  return result;
}

Result<Value> step_throw(VM& vm, Record* step, Value exception) {
  Generator* generator = generator_in(step);
  if (progress(step) == Progress::Closed) return raise_reused_step(vm);
  if (progress(step) == Progress::Fresh) {
    if (async_generator_is_busy(generator)) {
      set_progress(step, Progress::Closed);
      return raise_busy(vm, "anext");
    }
    set_progress(step, Progress::Iterating);
    generator->closing = 1;
  }
  auto result = drive(vm, generator, Value::none(), exception);
  if (result.is_error()) set_progress(step, Progress::Closed);
  return result;
}

// --- athrow, aclose ---

/// aclose() swallows the end of the generator and takes no further values.
Result<Value> drive_throw(VM& vm, Record* record, Value sent, Value exception) {
  bool yielded = false;
  auto result = drive(vm, generator_in(record), sent, exception, &yielded);
  if (result.is_ok()) return result;
  set_progress(record, Progress::Closed);
  if (!is_close(record)) return result;
  if (yielded) {
    (void)vm.take_pending();
    return vm.raise(Exc::RuntimeError, "async generator ignored GeneratorExit");
  }
  if (vm.catch_pending(Exc::StopAsyncIteration) || vm.catch_pending(Exc::GeneratorExit))
    return stop_iteration(vm);
  return result;
}

/// The first use of an athrow() or aclose().
Result<void> begin_throw(VM& vm, Record* record) {
  Generator* generator = generator_in(record);
  if (async_generator_is_busy(generator)) {
    set_progress(record, Progress::Closed);
    return raise_busy(vm, is_close(record) ? "aclose" : "athrow");
  }
  return {};
}

Result<Value> throw_send(VM& vm, Record* record, Value sent) {
  Generator* generator = generator_in(record);
  if (progress(record) == Progress::Closed) return raise_reused_throw(vm);
  if (generator->state == Generator::State::Finished) {
    set_progress(record, Progress::Closed);
    return stop_iteration(vm);
  }
  if (progress(record) == Progress::Iterating) return drive_throw(vm, record, sent, Value());
  TRY(begin_throw(vm, record));
  if (generator->closed) {
    set_progress(record, Progress::Closed);
    return vm.raise_with(Exc::StopAsyncIteration, {});
  }
  if (!sent.is_none())
    return vm.raise(Exc::RuntimeError, "can't send non-None value to a just-started coroutine");
  set_progress(record, Progress::Iterating);
  Value exception;
  if (is_close(record)) {
    exception = TRY(make_exception(vm, vm.type(BuiltinType::GeneratorExit), {}));
    generator->closed = 1;
  } else {
    const Value* fields = record->fields();
    auto made = exception_from_throw(vm, fields[kType], fields[kThrowValue], fields[kTraceback]);
    if (made.is_error()) {
      set_progress(record, Progress::Closed);
      return Error{};
    }
    exception = made.value();
  }
  generator->closing = 1;
  return drive_throw(vm, record, Value::none(), exception);
}

Result<Value> throw_throw(VM& vm, Record* record, Value exception) {
  if (progress(record) == Progress::Closed) return raise_reused_throw(vm);
  if (progress(record) == Progress::Fresh) {
    TRY(begin_throw(vm, record));
    set_progress(record, Progress::Iterating);
    generator_in(record)->closing = 1;
  }
  return drive_throw(vm, record, Value::none(), exception);
}

// --- script-visible methods of the awaitables ---

Result<Record*> receiver(VM& vm, Value self, BuiltinType type) {
  if (is_exact(self, type)) return as<Record>(self);
  return vm.raise(Exc::TypeError, "descriptor requires a '{}' object but received a '{}'",
                  vm.type(type), vm.type_of(self));
}

template <BuiltinType Kind>
struct Awaitable {
  static Result<Value> do_send(VM& vm, Record* record, Value sent) {
    return Kind == BuiltinType::AsyncGeneratorStep ? step_send(vm, record, sent)
                                                   : throw_send(vm, record, sent);
  }
  static Result<Value> do_throw(VM& vm, Record* record, Value exception) {
    return Kind == BuiltinType::AsyncGeneratorStep ? step_throw(vm, record, exception)
                                                   : throw_throw(vm, record, exception);
  }
  static Result<Value> self(VM&, Value self) { return self; }
  static Result<Value> next(VM& vm, Value self) {
    return do_send(vm, TRY(receiver(vm, self, Kind)), Value::none());
  }
  static Result<Value> send(VM& vm, Value self, Value sent) {
    return do_send(vm, TRY(receiver(vm, self, Kind)), sent);
  }
  static Result<Value> throw_(VM& vm, Value self, Value type, Optional<Value> value,
                              Optional<Value> traceback) {
    Record* record = TRY(receiver(vm, self, Kind));
    if (progress(record) == Progress::Closed)
      return Kind == BuiltinType::AsyncGeneratorStep ? raise_reused_step(vm)
                                                     : raise_reused_throw(vm);
    Value exception = TRY(exception_from_throw(vm, type, value.value, traceback.value));
    return do_throw(vm, record, exception);
  }
  static Result<Value> close(VM& vm, Value self) {
    Record* record = TRY(receiver(vm, self, Kind));
    if (progress(record) == Progress::Closed) return Value::none();
    Value exit = TRY(make_exception(vm, vm.type(BuiltinType::GeneratorExit), {}));
    if (do_throw(vm, record, exit).is_ok())
      return vm.raise(Exc::RuntimeError, "coroutine ignored GeneratorExit");
    if (vm.catch_pending(Exc::StopIteration) || vm.catch_pending(Exc::StopAsyncIteration) ||
        vm.catch_pending(Exc::GeneratorExit)) {
      return Value::none();
    }
    return Error{};
  }

  static constexpr NativeFunctionDef kMethods[] = {
      {"__await__(self, /)", "Return an iterator to be used in await expression.", bind<self>()},
      {"__iter__(self, /)", "Implement iter(self).", bind<self>()},
      {"__next__(self, /)", "Implement next(self).", bind<next>()},
      {"send(self, value, /)", "Go on with the step; its end is StopIteration.", bind<send>()},
      {"throw(self, type, value=None, traceback=None, /)",
       "Raise an exception where the generator waits.", bind<throw_>()},
      {"close(self, /)", "Raise GeneratorExit where the generator waits.", bind<close>()},
  };
};

// --- methods of async generators ---

Result<Generator*> generator_receiver(VM& vm, Value self) {
  if (is_exact(self, BuiltinType::AsyncGenerator)) return as<Generator>(self);
  return vm.raise(Exc::TypeError,
                  "descriptor requires a 'async_generator' object but received a '{}'",
                  vm.type_of(self));
}

Result<Value> method_aiter(VM&, Value self) { return self; }

struct Origin {
  Value code, line;
};
Origin origin_here(VM& vm) {
  const Frame* frame = vm.current_frame();
  if (!frame) return {};
  int64_t position = std::max<int64_t>(frame_position(frame), 0);
  return {frame->code, Value::small_int(frame->code->positions[position].line)};
}

Result<Value> method_asend(VM& vm, Value self, Value value) {
  Generator* generator = TRY(generator_receiver(vm, self));
  TRY(async_generator_first_iteration(vm, generator));
  Origin origin = origin_here(vm);
  Record* step =
      TRY(vm.make_record(BuiltinType::AsyncGeneratorStep,
                         {Value(generator), Value::small_int(0), origin.code, origin.line, value}));
  vm.heap().register_finalizer(step);
  return step;
}

Result<Value> method_anext(VM& vm, Value self) { return method_asend(vm, self, Value::none()); }

Result<Value> make_throw(VM& vm, Value self, Value type, Value value, Value traceback) {
  Generator* generator = TRY(generator_receiver(vm, self));
  TRY(async_generator_first_iteration(vm, generator));
  Origin origin = origin_here(vm);
  Record* made = TRY(vm.make_record(
      BuiltinType::AsyncGeneratorThrow,
      {Value(generator), Value::small_int(0), origin.code, origin.line, type, value, traceback}));
  vm.heap().register_finalizer(made);
  return made;
}

Result<Value> method_athrow(VM& vm, Value self, Value type, Optional<Value> value,
                            Optional<Value> traceback) {
  if (value.present) TRY(warn_throw_signature(vm, "athrow"));
  return make_throw(vm, self, type, value.value, traceback.value);
}

Result<Value> method_aclose(VM& vm, Value self) {
  return make_throw(vm, self, Value(), Value(), Value());
}

Result<Value> method_repr(VM& vm, Value self) {
  Generator* generator = TRY(generator_receiver(vm, self));
  std::string text = "<async_generator object " + TRY(str_text(vm, generator->qualname));
  char address[32];
  std::snprintf(address, sizeof address, " at %p>", static_cast<void*>(generator));
  return make_str(vm, text + address);
}

Result<Value> get_busy(VM& vm, Value self) {
  return Value::boolean(async_generator_is_busy(TRY(generator_receiver(vm, self))));
}

constexpr NativeFunctionDef kMethods[] = {
    {"__class_getitem__(cls, item, /)", "The generic alias of the class and item.",
     bind<make_generic_alias>(), NativeFunctionDef::kClassMethod},
    {"__aiter__(self, /)", "Return an awaitable, that resolves in asynchronous iterator.",
     bind<method_aiter>()},
    {"__anext__(self, /)", "Return a value or raise StopAsyncIteration.", bind<method_anext>()},
    {"__repr__(self, /)", "Return repr(self).", bind<method_repr>()},
    {"asend(self, value, /)", "Return an awaitable that sends a value into the generator.",
     bind<method_asend>()},
    {"athrow(self, type, value=None, traceback=None, /)",
     "Return an awaitable that raises an exception where the generator waits.",
     bind<method_athrow>()},
    {"aclose(self, /)", "Return an awaitable that raises GeneratorExit where the generator waits.",
     bind<method_aclose>()},
};

constexpr NativeGetSetDef kAttributes[] = {
    {"__name__", "name of the async generator", generator_name, set_generator_name},
    {"__qualname__", "qualified name of the async generator", generator_qualname,
     set_generator_qualname},
    {"ag_running", "is a step in progress", get_busy},
    {"ag_suspended", "is it suspended", generator_suspended},
    {"ag_code", "its code object", generator_code},
    {"ag_frame", "its frame, or None when finished", generator_frame},
    {"ag_await", "object being awaited on, or None", generator_awaited},
};

}  // namespace

AsyncGeneratorHooks async_generator_hooks(VM& vm) {
  void* state = vm.module_state(&kHooksKey);
  if (!state) return {};
  const Value* hooks = static_cast<Tuple*>(state)->values();
  return {hooks[0], hooks[1]};
}

Result<void> set_async_generator_hooks(VM& vm, AsyncGeneratorHooks hooks) {
  Value values[] = {hooks.first_iteration, hooks.finalizer};
  Tuple* tuple = TRY(make_tuple(vm, values));
  vm.module_state(&kHooksKey) = tuple;
  return {};
}

Result<void> async_generator_first_iteration(VM& vm, Generator* generator) {
  if (generator->hooks_done) return {};
  generator->hooks_done = 1;
  AsyncGeneratorHooks hooks = async_generator_hooks(vm);
  if (!hooks.finalizer.is_none()) {
    generator->origin_or_finalizer = hooks.finalizer;
    vm.barrier(generator);
  }
  if (!hooks.first_iteration.is_none()) TRY(vm.call(hooks.first_iteration, {generator}));
  return {};
}

bool async_step_was_never_awaited(const Record* awaitable) {
  return progress(awaitable) == Progress::Fresh;
}

Result<void> warn_async_step_never_awaited(VM& vm, Record* awaitable) {
  bool is_step = awaitable->shape == shape_of(BuiltinType::AsyncGeneratorStep);
  const char* method = is_step ? "asend" : is_close(awaitable) ? "aclose" : "athrow";
  std::string text = std::string("coroutine method '") + method + "' of '" +
                     TRY(str_text(vm, generator_in(awaitable)->qualname)) + "' was never awaited";
  const Code* code = try_as<Code>(awaitable->fields()[kCode]);
  return issue_warning(vm, Exc::RuntimeWarning, text, code ? to_utf8(code->filename) : "sys",
                       code ? awaitable->fields()[kLine].as_small_int() : 1, awaitable);
}

Generator* take_async_step(Value awaitable) {
  if (!is_exact(awaitable, BuiltinType::AsyncGeneratorStep)) return nullptr;
  Record* step = as<Record>(awaitable);
  Generator* generator = generator_in(step);
  if (progress(step) != Progress::Fresh || !step->fields()[kValue].is_none() ||
      async_generator_is_busy(generator)) {
    return nullptr;
  }
  set_progress(step, Progress::Closed);
  return generator;
}

extern const NativeTypeDef kAsyncGeneratorType = {"async_generator", nullptr, kMethods, kAttributes,
                                                  Type::kDisallowNew | Type::kHasWeakref};
extern const NativeTypeDef kAsyncGeneratorStepType = {
    "async_generator_asend",
    nullptr,
    Awaitable<BuiltinType::AsyncGeneratorStep>::kMethods,
    {},
    Type::kDisallowNew};
extern const NativeTypeDef kAsyncGeneratorThrowType = {
    "async_generator_athrow",
    nullptr,
    Awaitable<BuiltinType::AsyncGeneratorThrow>::kMethods,
    {},
    Type::kDisallowNew};

}  // namespace apy
