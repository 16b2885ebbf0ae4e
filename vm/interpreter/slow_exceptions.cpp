// Slow paths: raising, matching, exception groups; awaiting.
#include "vm/interpreter/async_generator.h"
#include "vm/interpreter/generator.h"
#include "vm/interpreter/interpreter.h"
#include "vm/objects/protocol.h"
#include "vm/objects/set.h"

namespace apy::slow {

namespace {
#define REGISTERS Value* r = frame->registers()

/// The exception object that `raise v` means.
Result<Value> exception_from(VM& vm, Value v, const char* message) {
  if (is_exception(v)) return v;
  if (Type* type = try_as<Type>(v); type && (type->flags & Type::kException)) {
    Value made = TRY(vm.call(v, {}));
    if (!is_exception(made)) {
      return vm.raise(Exc::TypeError,
                      "calling {} should have returned an instance of BaseException, not {}",
                      TRY(repr_text(vm, type)), TRY(repr_text(vm, vm.type_of(made))));
    }
    return made;
  }
  return vm.raise(Exc::TypeError, message);
}

constexpr const char* kMustDerive = "exceptions must derive from BaseException";
constexpr const char* kCauseMustDerive = "exception causes must derive from BaseException";
}  // namespace

bool Raise(VM& vm, Frame* frame, Instruction* i) {
  auto exception = exception_from(vm, frame->registers()[i->a], kMustDerive);
  if (exception.is_ok()) (void)vm.raise_exception(exception.value());
  return false;
}

bool RaiseFrom(VM& vm, Frame* frame, Instruction* i) {
  REGISTERS;
  auto exception = exception_from(vm, r[i->a], kMustDerive);
  if (exception.is_error()) return false;
  Value cause = Value::none();
  if (!r[i->b].is_none()) {
    auto made = exception_from(vm, r[i->b], kCauseMustDerive);
    if (made.is_error()) return false;
    cause = made.value();
  }
  Exception* e = as<Exception>(exception.value());
  e->cause = cause;
  e->aux |= Exception::kSuppressContext;
  vm.barrier(e);
  (void)vm.raise_exception(e);
  return false;
}

bool RaiseCurrent(VM& vm, Frame*, Instruction*) {
  if (vm.handled().is_empty() || vm.handled().is_none()) {
    (void)vm.raise(Exc::RuntimeError, "No active exception to reraise");
  } else {
    (void)vm.reraise(vm.handled());
  }
  return false;
}

bool MatchException(VM& vm, Frame* frame, Instruction* i) {
  REGISTERS;
  auto matches = exception_matches(vm, r[i->b], r[i->c]);
  if (matches.is_error()) return false;
  r[i->a] = Value::boolean(matches.value());
  return true;
}

bool ExceptionTriple(VM& vm, Frame* frame, Instruction* i) {
  REGISTERS;
  Exception* exception = as<Exception>(r[i->b]);
  r[i->a] = vm.type_of(exception);
  r[i->a + 1] = exception;
  r[i->a + 2] = exception->traceback.is_empty() ? Value::none() : exception->traceback;
  return true;
}

// --- exception groups ---

namespace {

/// except* only takes exception classes that are not groups.
Result<void> check_star_pattern(VM& vm, Value pattern) {
  auto check = [&vm](Value v) -> Result<void> {
    Type* type = try_as<Type>(v);
    if (!type || !(type->flags & Type::kException)) {
      return vm.raise(Exc::TypeError,
                      "catching classes that do not inherit from BaseException is not allowed");
    }
    if (type->is_subtype_of(vm.type(BuiltinType::BaseExceptionGroup))) {
      return vm.raise(Exc::TypeError,
                      "catching ExceptionGroup with except* is not allowed. Use except instead.");
    }
    return {};
  };
  if (Tuple* tuple = try_as<Tuple>(pattern)) {
    for (Value v : tuple->span()) TRY(check(v));
    return {};
  }
  return check(pattern);
}

Result<void> split_group(VM& vm, Value exception, Value pattern, Value* match, Value* rest) {
  *match = *rest = Value::none();
  TRY(check_star_pattern(vm, pattern));  // also when nothing is left
  if (exception.is_none()) return {};
  bool group = vm.is_instance(exception, BuiltinType::BaseExceptionGroup);
  if (TRY(exception_matches(vm, exception, pattern))) {
    *match = exception;
    if (!group) {
      // A naked exception is handed to the body wrapped in a group of one.
      Value members = TRY(make_tuple(vm, {&exception, 1}));
      Value wrapped = TRY(
          vm.call(vm.type(BuiltinType::BaseExceptionGroup), {Value(vm.names().empty), members}));
      *match = wrapped;
    }
    return {};
  }
  if (!group) {
    *rest = exception;
    return {};
  }
  Str* split = TRY(intern(vm, "split"));
  Value pair = TRY(vm.call_method(exception, split, {pattern}));
  Tuple* tuple = try_as<Tuple>(pair);
  if (!tuple || tuple->length != 2) {
    return vm.raise(Exc::TypeError, "{}.split must return a 2-tuple, got {}", vm.type_of(exception),
                    vm.type_of(pair));
  }
  *match = tuple->values()[0];
  *rest = tuple->values()[1];
  return {};
}

}  // namespace

bool SplitGroup(VM& vm, Frame* frame, Instruction* i) {
  REGISTERS;
  Value match, rest;
  if (split_group(vm, r[i->b], r[i->c], &match, &rest).is_error()) return false;
  r[i->a] = match;
  r[i->a + 1] = rest;
  return true;
}

namespace {

/// Is it the original group's own part (raised again or never handled), rather than something newly
/// raised?
bool is_part_of(const Exception* candidate, const Exception* original) {
  return candidate->traceback.is(original->traceback) && candidate->cause.is(original->cause) &&
         candidate->context.is(original->context);
}

void collect_leaves(VM& vm, Value exception, Set* ids, bool* failed) {
  if (vm.is_instance(exception, BuiltinType::BaseExceptionGroup)) {
    if (Tuple* members = try_as<Tuple>(as<Exception>(exception)->fields[1]))
      for (Value member : members->span()) collect_leaves(vm, member, ids, failed);
    return;
  }
  auto added = set_add(vm, ids, Value::small_int(static_cast<int64_t>(exception.bits() >> 1)));
  if (added.is_error()) *failed = true;
}

/// The part of `original` whose leaves are in `ids`, nested as there.
Result<Value> project(VM& vm, Value original, Set* ids) {
  if (!vm.is_instance(original, BuiltinType::BaseExceptionGroup)) {
    Value id = Value::small_int(static_cast<int64_t>(original.bits() >> 1));
    return TRY(set_contains(vm, ids, id)) ? original : Value::none();
  }
  List* kept = TRY(make_list(vm, size_t{0}));
  if (Tuple* members = try_as<Tuple>(as<Exception>(original)->fields[1])) {
    for (Value member : members->span()) {
      Value part = TRY(project(vm, member, ids));
      if (!part.is_none()) TRY(list_append(vm, kept, part));
    }
    if (kept->length == 0) return Value::none();
  }
  Str* derive = TRY(intern(vm, "derive"));
  Value made = TRY(vm.call_method(original, derive, {Value(kept)}));
  if (Exception* e = try_as<Exception>(made)) {
    const Exception* from = as<Exception>(original);
    e->traceback = from->traceback;
    e->context = from->context;
    e->cause = from->cause;
    e->aux = from->aux;
    Value notes = own_attribute(vm, as<Exception>(original), vm.names().notes);
    if (!notes.is_empty()) TRY(set_attribute(vm, made, vm.names().notes, notes));
    vm.barrier(e);
  }
  return made;
}

Result<Value> join_groups(VM& vm, Value original, List* pieces) {
  List* raised = TRY(make_list(vm, size_t{0}));
  Set* reraised = TRY(make_set(vm));
  bool any_reraised = false, failed = false;
  if (!vm.is_instance(original, BuiltinType::BaseExceptionGroup)) {
    // A naked exception was wrapped for one clause, or for none: what came of it is raised.
    for (Value piece : pieces->span())
      if (!piece.is_none()) return piece;
    return Value::none();
  }
  for (uint64_t i = 0; i < pieces->length; ++i) {
    Value piece = pieces->values()[i];
    if (piece.is_none()) continue;
    if (is_part_of(as<Exception>(piece), as<Exception>(original))) {
      any_reraised = true;
      collect_leaves(vm, piece, reraised, &failed);
      if (failed) return Error{};
    } else {
      TRY(list_append(vm, raised, piece));
    }
  }
  Value again = Value::none();
  if (any_reraised) again = TRY(project(vm, original, reraised));
  if (raised->length == 0) return again;
  if (!again.is_none()) TRY(list_append(vm, raised, again));
  if (raised->length == 1) return raised->values()[0];
  return vm.call(vm.type(BuiltinType::BaseExceptionGroup),
                 {Value(vm.names().empty), Value(raised)});
}

}  // namespace

bool JoinGroups(VM& vm, Frame* frame, Instruction* i) {
  REGISTERS;
  Value original = r[i->b];
  List* pieces = as<List>(r[i->c]);
  // A naked exception was split as itself: what is left of it is raised as it is.
  auto joined = join_groups(vm, original, pieces);
  if (joined.is_error()) return false;
  r[i->a] = joined.value();
  return true;
}

// --- awaiting ---

namespace {
bool is_awaitable_generator(Value v) {
  Generator* generator = try_as<Generator>(v);
  return generator && (generator->shape == shape_of(BuiltinType::Coroutine) ||
                       (generator->frame.code->flags & Code::kIterableCoroutine));
}

bool await_error(VM& vm, Value v, uint16_t context) {
  Type* type = vm.type_of(v);
  if (context == 1) {
    (void)vm.raise(
        Exc::TypeError,
        "'async with' received an object from __aenter__ that does not implement __await__: {}",
        type);
  } else if (context == 2) {
    (void)vm.raise(
        Exc::TypeError,
        "'async with' received an object from __aexit__ that does not implement __await__: {}",
        type);
  } else {
    (void)vm.raise(Exc::TypeError, "object {} can't be used in 'await' expression", type);
  }
  return false;
}

}  // namespace
}  // namespace apy::slow

namespace apy {

Result<Value> awaitable_of(VM& vm, Value v, uint16_t context) {
  if (slow::is_awaitable_generator(v) || vm.type_of(v)->await_step) return v;
  bool found;
  auto made = vm.call_special(v, Special::Await, {}, &found);
  if (!found) {
    (void)slow::await_error(vm, v, context);
    return Error{};
  }
  Value iterator = TRY(made);
  if (slow::is_awaitable_generator(iterator))
    return vm.raise(Exc::TypeError, "__await__() returned a coroutine");
  // Another coroutine's __await__() and native awaitables step without a wrapper.
  if (is_exact(iterator, BuiltinType::CoroutineWrapper)) return as<Record>(iterator)->fields()[0];
  if (vm.type_of(iterator)->await_step) return iterator;
  if (type_special(vm, vm.type_of(iterator), Special::Next).is_empty())
    return vm.raise(Exc::TypeError, "__await__() returned non-iterator of type '{}'",
                    vm.type_of(iterator));
  return iterator;
}
}  // namespace apy

namespace apy::slow {

bool GetAwaitable(VM& vm, Frame* frame, Instruction* i) {
  REGISTERS;
  // Mostly it is a coroutine that was made just now.
  if (is_exact(r[i->b], BuiltinType::Coroutine) &&
      as<Generator>(r[i->b])->state == Generator::State::Created) {
    r[i->a] = r[i->b];
    return true;
  }
  // `await anext(g)`, `await g.__anext__()`: the step runs in this loop, as those of `async for`
  // do.
  if (Generator* generator = take_async_step(r[i->b])) {
    r[i->a] = generator;
    return true;
  }
  auto awaitable = awaitable_of(vm, r[i->b], i->c);
  if (awaitable.is_error()) return false;
  if (Generator* generator = try_as<Generator>(awaitable.value())) {
    bool waits = generator->shape == shape_of(BuiltinType::Coroutine) &&
                 generator->state == Generator::State::Suspended &&
                 !generator_awaited(vm, generator).value().is_none();
    if (generator->state == Generator::State::Running || waits) {
      (void)vm.raise(Exc::RuntimeError, "coroutine is being awaited already");
      return false;
    }
  }
  r[i->a] = awaitable.value();
  return true;
}

bool GetYieldFrom(VM& vm, Frame* frame, Instruction* i) {
  REGISTERS;
  Value v = r[i->b];
  if (is_exact(v, BuiltinType::Coroutine)) {
    if (!(frame->code->flags & (Code::kCoroutine | Code::kIterableCoroutine))) {
      (void)vm.raise(Exc::TypeError,
                     "cannot 'yield from' a coroutine object in a non-coroutine generator");
      return false;
    }
    r[i->a] = v;
    return true;
  }
  if (is_exact(v, BuiltinType::Generator)) {
    r[i->a] = v;
    return true;
  }
  auto iterator = get_iterator(vm, v);
  if (iterator.is_error()) return false;
  r[i->a] = iterator.value();
  return true;
}

bool GetAsyncIter(VM& vm, Frame* frame, Instruction* i) {
  REGISTERS;
  Value v = r[i->b];
  if (is_exact(v, BuiltinType::AsyncGenerator)) {
    r[i->a] = v;
    return true;
  }
  bool found;
  auto iterator = vm.call_special(v, Special::AsyncIter, {}, &found);
  if (!found) {
    (void)vm.raise(Exc::TypeError, "'async for' requires an object with __aiter__ method, got {}",
                   vm.type_of(v));
    return false;
  }
  if (iterator.is_error()) return false;
  if (type_special(vm, vm.type_of(iterator.value()), Special::AsyncNext).is_empty()) {
    (void)vm.raise(
        Exc::TypeError,
        "'async for' received an object from __aiter__ that does not implement __anext__: {}",
        vm.type_of(iterator.value()));
    return false;
  }
  r[i->a] = iterator.value();
  return true;
}

bool GetAsyncNext(VM& vm, Frame* frame, Instruction* i) {
  REGISTERS;
  Value v = r[i->b];
  // A step of an async generator is its own awaitable: Send runs it in this loop.
  if (is_exact(v, BuiltinType::AsyncGenerator)) {
    Generator* generator = as<Generator>(v);
    if (!generator->hooks_done && async_generator_first_iteration(vm, generator).is_error())
      return false;
    if (generator->closing || generator->state == Generator::State::Running) {
      (void)vm.raise(Exc::RuntimeError, "anext(): asynchronous generator is already running");
      return false;
    }
    r[i->a] = v;
    return true;
  }
  bool found;
  auto next = vm.call_special(v, Special::AsyncNext, {}, &found);
  if (!found) {
    (void)vm.raise(Exc::TypeError, "'async for' requires an iterator with __anext__ method, got {}",
                   vm.type_of(v));
    return false;
  }
  if (next.is_error()) return false;
  auto awaitable = awaitable_of(vm, next.value(), 0);
  if (awaitable.is_error()) {
    Value cause = vm.take_pending();
    (void)vm.raise(Exc::TypeError, "'async for' received an invalid object from __anext__: {}",
                   vm.type_of(next.value()));
    Exception* error = as<Exception>(vm.pending());
    error->cause = error->context = cause;
    error->aux |= Exception::kSuppressContext;
    vm.barrier(error);
    return false;
  }
  r[i->a] = awaitable.value();
  return true;
}

}  // namespace apy::slow
