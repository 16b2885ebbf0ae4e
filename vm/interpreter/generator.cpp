// Generators and coroutines: resuming, delivering values, ending.
//
// A base is a generator driven from outside (a for loop, next/send, a task); the coroutines it
// awaits and the generators it delegates to are linked through Frame::caller. Suspending stores the
// innermost frame in the base and returns to the base's resumer at once; resuming goes straight to
// that frame. So neither depends on the depth of the chain.
#include <algorithm>

#include "vm/binding/bind.h"
#include "vm/interpreter/frame_object.h"
#include "vm/interpreter/generator.h"
#include "vm/interpreter/interpreter.h"
#include "vm/interpreter/suspend.h"
#include "vm/objects/protocol.h"
#include "vm/objects/warning.h"

namespace apy {

const char* generator_noun(const Generator* generator) {
  switch (generator->shape) {
    case shape_of(BuiltinType::Coroutine):
      return "coroutine";
    case shape_of(BuiltinType::AsyncGenerator):
      return "async generator";
    default:
      return "generator";
  }
}

void deliver(Frame* frame, Value sent) {
  if (frame->flags & Frame::kAtSend) {
    frame->flags &= ~Frame::kAtSend;
    frame->registers()[frame->pc->c] = sent;
  } else if (frame->pc != frame->code->instructions) {
    frame->registers()[frame->pc[-1].a] = sent;
  }
}

namespace {

Error raise_cannot_resume(VM& vm, Generator* generator) {
  if (generator->state == Generator::State::Running) {
    if (generator->shape == shape_of(BuiltinType::Coroutine) && !generator->is_base)
      return vm.raise(Exc::RuntimeError, "coroutine is being awaited already");
    return vm.raise(Exc::ValueError, "{} already executing", generator_noun(generator));
  }
  return vm.raise(Exc::RuntimeError, "cannot reuse already awaited coroutine");
}

/// As `stack_top`.
inline Value* free_stack(VM& vm, const Frame* frame) {
  Context* context = vm.context();
  Value* top = !frame ? context->stack
               : frame->flags & Frame::kHeap
                   ? Interpreter::stack_top(vm)
                   : const_cast<Frame*>(frame)->registers() + frame->code->register_count;
  return std::max(top, context->floor);
}

/// Makes `generator` run under the current frame; `innermost` goes on.
inline void link(VM& vm, Generator* generator, bool as_base, uint32_t entry_flag) {
  Frame* resumer = vm.current_frame();
  Value* top = free_stack(vm, resumer);
  generator->frame.caller = resumer;
  generator->frame.flags = (generator->frame.flags & ~Frame::kEntry) | entry_flag;
  if (generator->state == Generator::State::Created) {
    uint32_t depth = resumer ? resumer->depth() + 1 : 1;
    generator->frame.flags =
        (generator->frame.flags & ((1u << Frame::kFlagBits) - 1)) | depth << Frame::kFlagBits;
  }
  generator->is_base = as_base;
  // Empty stands for what the base's resumer handles, which may be something else when this goes
  // on.
  Value outer = vm.handled();
  if (!as_base && outer.is(Interpreter::base(vm)->outer_handled)) outer = Value();
  generator->outer_handled = outer;
  if (!generator->handled.is_empty()) vm.set_handled(generator->handled);
  generator->handled = Value();
  if (as_base) {
    generator->previous_base = Interpreter::base(vm);
    Interpreter::base(vm) = generator;
  }
  generator->state = Generator::State::Running;
  Interpreter::stack_top(vm) = top;
  vm.barrier(generator);
}

}  // namespace

Value handled_outside(VM& vm, const Generator* generator) {
  if (!generator->outer_handled.is_empty()) return generator->outer_handled;
  return Interpreter::base(vm)->outer_handled;
}

namespace {

/// Does the frame stand in an `except` or `finally` block that handles an exception? Each such
/// block has a range of its own that ends the handling.
bool is_handling(const Frame* frame) {
  const Code* code = frame->code;
  uint32_t index = static_cast<uint32_t>(frame_position(frame));  // not started: the largest number
  for (uint32_t i = 0; i < code->range_count; ++i) {
    const ExceptionRange& range = code->ranges[i];
    if (index >= range.begin && index < range.end &&
        code->instructions[range.handler].opcode == Opcode::PopHandled)
      return true;
  }
  return false;
}

}  // namespace

Value own_handled(VM& vm, const Frame* innermost, const Generator* base, Value outside) {
  Value handled = vm.handled();
  if (!handled.is(outside)) return handled;
  // The same object may be handled inside as well: it was thrown in, or raised again.
  for (const Frame* frame = innermost;; frame = frame->caller) {
    if (is_handling(frame)) return handled;
    if (frame == &base->frame) return Value();
  }
}

namespace {

/// Why `generator` cannot be resumed; an exception is pending then.
[[gnu::cold, gnu::noinline]] Frame* refuse_resume(VM& vm, Generator* generator, Value sent,
                                                  bool as_base) {
  bool async = generator->shape == shape_of(BuiltinType::AsyncGenerator);
  switch (generator->state) {
    case Generator::State::Created:
      if (!sent.is_none()) {
        (void)vm.raise(Exc::TypeError, "can't send non-None value to a just-started {}",
                       generator_noun(generator));
        return nullptr;
      }
      break;
    case Generator::State::Suspended:
      if (generator->closing && async && !as_base) {
        (void)vm.raise(Exc::RuntimeError, "anext(): asynchronous generator is already running");
        return nullptr;
      }
      break;
    case Generator::State::Finished:
      if (async) {
        (void)vm.raise_with(Exc::StopAsyncIteration, {});
        return nullptr;
      }
      [[fallthrough]];
    default:
      (void)raise_cannot_resume(vm, generator);
      return nullptr;
  }
  (void)vm.recursion_error("");
  return nullptr;
}

}  // namespace

Frame* begin_resume(VM& vm, Generator* generator, Value sent, bool as_base) {
  Frame* target;
  bool started = generator->state == Generator::State::Suspended;
  if (started) {
    if (generator->closing && !as_base) [[unlikely]]
      return refuse_resume(vm, generator, sent, as_base);
    target = generator->innermost;
  } else {
    if (generator->state != Generator::State::Created || !sent.is_none()) [[unlikely]]
      return refuse_resume(vm, generator, sent, as_base);
    target = &generator->frame;
  }
  Frame* resumer = vm.current_frame();
  if (resumer && static_cast<int>(resumer->depth()) >= Interpreter::recursion_limit(vm))
      [[unlikely]]
    return refuse_resume(vm, generator, sent, as_base);
  link(vm, generator, as_base, 0);
  if (started) deliver(target, sent);
  generator->innermost = nullptr;
  Interpreter::frame(vm) = target;
  return target;
}

void finish_generator(VM& vm, Generator* generator) {
  if (generator->frame.flags & Frame::kHasObject) [[unlikely]]
    detach_frame(vm, &generator->frame);
  generator->state = Generator::State::Finished;
  Interpreter::frame(vm) = generator->frame.caller;
  generator->frame.caller = nullptr;
  generator->innermost = nullptr;
  generator->closing = 0;
  Value outer = generator->outer_handled;
  if (outer.is_empty()) outer = Interpreter::base(vm)->outer_handled;
  if (generator->is_base) {
    Interpreter::base(vm) = generator->previous_base;
    generator->previous_base = nullptr;
    generator->is_base = 0;
  }
  vm.set_handled(outer);
  generator->outer_handled = Value();
  // Nothing keeps the locals alive any longer.
  Value* registers = generator->registers();
  for (uint32_t i = 0, count = generator->aux; i < count; ++i) registers[i] = Value();
}

void convert_stop_iteration(VM& vm, Generator* generator) {
  // Thrown in before the first instruction: as it is.
  if (generator->frame.pc == generator->frame.code->instructions) return;
  bool stop = vm.is_instance(vm.pending(), BuiltinType::StopIteration);
  bool async = generator->shape == shape_of(BuiltinType::AsyncGenerator);
  bool stop_async = async && vm.is_instance(vm.pending(), BuiltinType::StopAsyncIteration);
  if (!stop && !stop_async) return;
  Value cause = vm.take_pending();
  (void)vm.raise(Exc::RuntimeError, "{} raised {}", generator_noun(generator),
                 stop ? "StopIteration" : "StopAsyncIteration");
  Exception* error = as<Exception>(vm.pending());
  error->cause = cause;
  error->context = cause;
  error->aux |= Exception::kSuppressContext;
  vm.barrier(error);
}

namespace {
VM::ResumeOutcome resume_outcome(RunOutcome outcome) {
  switch (outcome) {
    case RunOutcome::Raised:
      return VM::ResumeOutcome::Raised;
    case RunOutcome::Returned:
      return VM::ResumeOutcome::Returned;
    case RunOutcome::Yielded:
      return VM::ResumeOutcome::Yielded;
    case RunOutcome::AsyncYielded:
      return VM::ResumeOutcome::AsyncYielded;
    default:
      __builtin_unreachable();
  }
}
}  // namespace

namespace {
/// If the suspended `generator` waits for a generator that it drives in place, makes that one a
/// base of its own, suspended as well, so that it can be closed like any other iterator.
void detach_delegate(VM& vm, Generator* generator) {
  if (generator->state != Generator::State::Suspended || generator->innermost == &generator->frame)
    return;
  Frame* frame = &generator->frame;
  const Instruction* send = frame->pc - 1;
  Generator* delegate = try_as<Generator>(frame->registers()[send->b]);
  if (!delegate || delegate->frame.caller != frame) return;
  delegate->innermost = generator->innermost;
  delegate->state = Generator::State::Suspended;
  delegate->frame.caller = nullptr;
  Value around = delegate->outer_handled;
  delegate->handled =
      !around.is_empty() && generator->handled.is(around) ? Value() : generator->handled;
  delegate->outer_handled = Value();
  generator->handled = around;
  generator->innermost = frame;
  frame->pc = send;
  frame->flags |= Frame::kAtSend;
  vm.barrier(delegate);
  vm.barrier(generator);
}
}  // namespace

VM::ResumeOutcome VM::resume(Generator* generator, Value sent, Value exception, Value* result) {
  Frame* resumer = frame_;
  Value* saved_top = stack_top_;
  if (resumer && exception.is_empty() && can_step(*this, generator, resumer) &&
      !native_stack_exhausted()) [[likely]] {
    step(*this, generator, resumer, apy::stack_top(*this), Frame::kEntry, sent);
    RunOutcome outcome = Interpreter::run(*this, result, false);
    frame_ = resumer;
    stack_top_ = saved_top;
    return resume_outcome(outcome);
  }
  if (generator->state == Generator::State::Running) {
    (void)raise_cannot_resume(*this, generator);
    return ResumeOutcome::Raised;
  }
  if (native_stack_exhausted()) {
    (void)recursion_error("");
    return ResumeOutcome::Raised;
  }
  bool raising = !exception.is_empty();
  if (generator->state == Generator::State::Finished) {
    if (generator->shape == shape_of(BuiltinType::Coroutine)) {
      (void)raise_cannot_resume(*this, generator);
    } else if (raising) {
      (void)reraise(exception);
    } else {
      *result = Value::none();
      return ResumeOutcome::Returned;
    }
    return ResumeOutcome::Raised;
  }
  // What the generator delegates to is closed by itself, then the exception goes on from there.
  if (raising && is_instance(exception, BuiltinType::GeneratorExit))
    detach_delegate(*this, generator);
  bool started = generator->state != Generator::State::Created;
  if (!started && !raising && !sent.is_none()) {
    (void)raise(Exc::TypeError, "can't send non-None value to a just-started {}",
                generator_noun(generator));
    return ResumeOutcome::Raised;
  }
  Frame* target = started ? generator->innermost : &generator->frame;
  link(*this, generator, true, Frame::kEntry);
  generator->innermost = nullptr;
  frame_ = target;
  if (raising) {
    ThrowOutcome outcome = throw_into(*this, target, exception, result);
    if (outcome == ThrowOutcome::StillSuspended) {
      // What the frame waits for took the exception and yielded again.
      base_ = generator->previous_base;
      generator->innermost = target;
      generator->state = Generator::State::Suspended;
      generator->handled = kept_handled(*this, target, generator, generator->outer_handled);
      handled_ = generator->outer_handled;
      generator->frame.caller = nullptr;
      barrier(generator);
      frame_ = resumer;
      stack_top_ = saved_top;
      return ResumeOutcome::Yielded;
    }
    raising = outcome == ThrowOutcome::Raise;
  } else if (started) {
    deliver(target, sent);
  }
  RunOutcome outcome = Interpreter::run(*this, result, raising);
  frame_ = resumer;
  stack_top_ = saved_top;
  return resume_outcome(outcome);
}

/// The context of an exception thrown into a frame is what that frame or one that delegates to it
/// handles, not what the resumer of them all does.
static Error raise_in(VM& vm, const Frame* target, Value exception) {
  const Frame* base = &Interpreter::base(vm)->frame;
  for (const Frame* frame = target; !is_handling(frame); frame = frame->caller)
    if (frame == base) return vm.reraise(exception);
  return vm.raise_exception(exception);
}

ThrowOutcome throw_into(VM& vm, Frame* target, Value exception, Value* result) {
  if (!(target->flags & Frame::kAtSend)) {
    // Not started: no handler covers the place in front of the first instruction.
    (void)raise_in(vm, target, exception);
    return ThrowOutcome::Raise;
  }
  const Instruction* send = target->pc;
  Value awaited = target->registers()[send->b];
  target->flags &= ~Frame::kAtSend;
  target->pc = send + 1;
  Value value;
  switch (slow::throw_foreign(vm, target, awaited, exception, &value)) {
    case slow::SendOutcome::Done:
      target->registers()[send->a] = value;
      return ThrowOutcome::GoOn;
    case slow::SendOutcome::Suspend:
      target->flags |= Frame::kAtSend;
      target->pc = send;
      *result = value;
      return ThrowOutcome::StillSuspended;
    case slow::SendOutcome::Error:
      break;
  }
  return ThrowOutcome::Raise;
}

namespace slow {

SendOutcome send_foreign(VM& vm, Value iterator, Value sent, Value* result) {
  Type* type = vm.type_of(iterator);
  if (type->await_step) {
    switch (type->await_step(vm, iterator, result)) {
      case AwaitOutcome::Ready:
        return SendOutcome::Done;
      case AwaitOutcome::Pending:
        return SendOutcome::Suspend;
      case AwaitOutcome::Error:
        return SendOutcome::Error;
    }
  }
  bool found = true;
  auto value = sent.is_none() ? vm.call_special(iterator, Special::Next, {}, &found)
                              : vm.call_method(iterator, vm.names().send, {sent});
  if (!found) {
    (void)vm.raise(Exc::TypeError, "'{}' object is not an iterator", type);
    return SendOutcome::Error;
  }
  if (value.is_ok()) {
    *result = value.value();
    return SendOutcome::Suspend;
  }
  if (!vm.is_instance(vm.pending(), BuiltinType::StopIteration)) return SendOutcome::Error;
  *result = as<Exception>(vm.take_pending())->fields[0];
  if (result->is_empty()) *result = Value::none();
  return SendOutcome::Done;
}

SendOutcome throw_foreign(VM& vm, const Frame* frame, Value iterator, Value exception,
                          Value* result) {
  bool closing = vm.is_instance(exception, BuiltinType::GeneratorExit);
  Value method;
  auto found =
      get_attribute_optional(vm, iterator, closing ? vm.names().close : vm.names().throw_, &method);
  if (found.is_error()) {
    if (!closing) return SendOutcome::Error;
    vm.write_unraisable(iterator);
    (void)raise_in(vm, frame, exception);
    return SendOutcome::Error;
  }
  if (closing) {
    if (found.value() && vm.call(method, {}).is_error()) return SendOutcome::Error;
    (void)raise_in(vm, frame, exception);
    return SendOutcome::Error;
  }
  if (!found.value()) {
    (void)raise_in(vm, frame, exception);
    return SendOutcome::Error;
  }
  auto value = vm.call(method, {exception});
  if (value.is_ok()) {
    *result = value.value();
    return SendOutcome::Suspend;
  }
  if (!vm.is_instance(vm.pending(), BuiltinType::StopIteration)) return SendOutcome::Error;
  *result = as<Exception>(vm.take_pending())->fields[0];
  if (result->is_empty()) *result = Value::none();
  return SendOutcome::Done;
}

}  // namespace slow

// --- script-visible methods ---

Result<Value> generator_send(VM& vm, Generator* generator, Value sent) {
  Value result;
  switch (vm.resume(generator, sent, Value(), &result)) {
    case VM::ResumeOutcome::Yielded:
      return result;
    case VM::ResumeOutcome::Returned:
      return stop_iteration(vm, result.is_none() ? Value() : result);
    default:
      return Error{};
  }
}

Result<Value> generator_throw(VM& vm, Generator* generator, Value exception) {
  Value result;
  switch (vm.resume(generator, Value::none(), exception, &result)) {
    case VM::ResumeOutcome::Yielded:
      return result;
    case VM::ResumeOutcome::Returned:
      return stop_iteration(vm, result.is_none() ? Value() : result);
    default:
      return Error{};
  }
}

Result<void> warn_throw_signature(VM& vm, const char* method) {
  return issue_warning_here(vm, Exc::DeprecationWarning,
                            std::string("the (type, exc, tb) signature of ") + method +
                                "() is deprecated, use the single-arg signature instead.");
}

/// close(): throws GeneratorExit; the returned value is what the generator returned, or None.
Result<Value> generator_close(VM& vm, Generator* generator) {
  if (generator->state == Generator::State::Finished) return Value::none();
  if (generator->state == Generator::State::Created) {
    if (generator->frame.flags & Frame::kHasObject) detach_frame(vm, &generator->frame);
    generator->state = Generator::State::Finished;
    return Value::none();
  }
  Value exit = TRY(make_exception(vm, vm.type(BuiltinType::GeneratorExit), {}));
  Value result;
  switch (vm.resume(generator, Value::none(), exit, &result)) {
    case VM::ResumeOutcome::Yielded:
    case VM::ResumeOutcome::AsyncYielded:
      return vm.raise(Exc::RuntimeError, "{} ignored GeneratorExit", generator_noun(generator));
    case VM::ResumeOutcome::Returned:
      return result;
    default:
      if (vm.catch_pending(Exc::GeneratorExit) || vm.catch_pending(Exc::StopIteration))
        return Value::none();
      return Error{};
  }
}

Result<Value> exception_from_throw(VM& vm, Value type, Value value, Value traceback) {
  Value exception;
  if (is_exception(type)) {
    if (!value.is_empty() && !value.is_none())
      return vm.raise(Exc::TypeError, "instance exception may not have a separate value");
    exception = type;
  } else if (is_kind(type, CellKind::Type) && (as<Type>(type)->flags & Type::kException)) {
    if (is_exception(value) && vm.type_of(value)->is_subtype_of(as<Type>(type))) {
      exception = value;
    } else {
      auto made = value.is_empty() || value.is_none() ? vm.call(type, {})
                  : is_kind(value, CellKind::Tuple)   ? vm.call(type, as<Tuple>(value)->span())
                                                      : vm.call(type, {value});
      if (made.is_ok()) exception = made.value();
    }
    if (!exception.is_empty() && !is_exception(exception))
      (void)vm.raise(Exc::TypeError,
                     "calling {} should have returned an instance of BaseException, not {}",
                     TRY(repr_text(vm, type)), vm.type_of(exception));
    // An exception that cannot be made is replaced by the reason.
    if (vm.has_pending()) exception = vm.take_pending();
  } else {
    return vm.raise(Exc::TypeError,
                    "exceptions must be classes or instances deriving from BaseException, not {}",
                    vm.type_of(type));
  }
  if (!traceback.is_empty() && !traceback.is_none()) {
    if (!is_kind(traceback, CellKind::Traceback))
      return vm.raise(Exc::TypeError, "throw() third argument must be a traceback object");
    as<Exception>(exception)->traceback = traceback;
    vm.barrier(exception.cell());
  }
  return exception;
}

namespace {

Result<Generator*> receiver(VM& vm, Value self) {
  if (Generator* generator = try_as<Generator>(self)) return generator;
  return vm.raise(Exc::TypeError, "descriptor requires a 'generator' object but received a '{}'",
                  vm.type_of(self));
}
Result<Value> method_send(VM& vm, Value self, Value sent) {
  return generator_send(vm, TRY(receiver(vm, self)), sent);
}
Result<Value> method_next(VM& vm, Value self) {
  return generator_send(vm, TRY(receiver(vm, self)), Value::none());
}
Result<Value> method_iter(VM&, Value self) { return self; }
Result<Value> method_throw(VM& vm, Value self, Value type, Optional<Value> value,
                           Optional<Value> traceback) {
  Generator* generator = TRY(receiver(vm, self));
  if (value.present) TRY(warn_throw_signature(vm, "throw"));
  Value exception = TRY(exception_from_throw(vm, type, value.value, traceback.value));
  return generator_throw(vm, generator, exception);
}
Result<Value> method_close(VM& vm, Value self) {
  return generator_close(vm, TRY(receiver(vm, self)));
}
Result<Value> method_repr(VM& vm, Value self) {
  Generator* generator = TRY(receiver(vm, self));
  std::string text =
      std::string("<") +
      (generator->shape == shape_of(BuiltinType::AsyncGenerator) ? "async_generator"
                                                                 : generator_noun(generator)) +
      " object " + TRY(str_text(vm, generator->qualname));
  char address[32];
  std::snprintf(address, sizeof address, " at %p>", static_cast<void*>(generator));
  return make_str(vm, text + address);
}
/// The coroutine's own iterator, for `__await__`: a thin Record around it.
Result<Value> method_await(VM& vm, Value self) {
  return vm.make_record(BuiltinType::CoroutineWrapper, {self});
}
Result<Generator*> wrapped(VM& vm, Value self) {
  if (is_exact(self, BuiltinType::CoroutineWrapper))
    return as<Generator>(as<Record>(self)->fields()[0]);
  return vm.raise(Exc::TypeError, "a coroutine_wrapper is required, not '{}'", vm.type_of(self));
}
Result<Value> wrapper_next(VM& vm, Value self) { return method_next(vm, TRY(wrapped(vm, self))); }
Result<Value> wrapper_send(VM& vm, Value self, Value v) {
  return method_send(vm, TRY(wrapped(vm, self)), v);
}
Result<Value> wrapper_close(VM& vm, Value self) { return method_close(vm, TRY(wrapped(vm, self))); }
Result<Value> wrapper_throw(VM& vm, Value self, Value type, Optional<Value> value,
                            Optional<Value> traceback) {
  return method_throw(vm, TRY(wrapped(vm, self)), type, value, traceback);
}

Result<void> set_text(VM& vm, Value self, Value value, Value Generator::*field, const char* what) {
  if (!is_kind(value, CellKind::Str))
    return vm.raise(Exc::TypeError, "{} must be set to a string object", what);
  as<Generator>(self)->*field = value;
  vm.barrier(self.cell());
  return {};
}
Result<Value> get_origin(VM&, Value self) {
  Value origin = as<Generator>(self)->origin_or_finalizer;
  return is_kind(origin, CellKind::Tuple) ? origin : Value::none();
}
Result<Value> get_running(VM&, Value self) {
  const Generator* generator = as<Generator>(self);
  return Value::boolean(generator->state == Generator::State::Running &&
                        !generator_is_parked(generator));
}

}  // namespace

bool generator_is_parked(const Generator* generator) {
  if (generator->state == Generator::State::Suspended) return true;
  if (generator->state != Generator::State::Running) return false;
  while (!generator->is_base) generator = generator_of(generator->frame.caller);
  return generator->state == Generator::State::Suspended;
}

Result<Value> generator_name(VM&, Value self) { return as<Generator>(self)->name; }
Result<Value> generator_qualname(VM&, Value self) { return as<Generator>(self)->qualname; }
Result<void> set_generator_name(VM& vm, Value self, Value value) {
  return set_text(vm, self, value, &Generator::name, "__name__");
}
Result<void> set_generator_qualname(VM& vm, Value self, Value value) {
  return set_text(vm, self, value, &Generator::qualname, "__qualname__");
}
Result<Value> generator_suspended(VM&, Value self) {
  return Value::boolean(generator_is_parked(as<Generator>(self)));
}
Result<Value> generator_code(VM&, Value self) { return as<Generator>(self)->frame.code; }
Result<Value> generator_awaited(VM&, Value self) {
  const Generator* generator = as<Generator>(self);
  if (!generator_is_parked(generator)) return Value::none();
  const Frame& frame = generator->frame;
  const Instruction* send = frame.flags & Frame::kAtSend ? frame.pc : frame.pc - 1;
  return send->opcode == Opcode::Send ? frame.registers()[send->b] : Value::none();
}

namespace {

constexpr NativeFunctionDef kGeneratorMethods[] = {
    {"__class_getitem__(cls, item, /)", "The generic alias of the class and item.",
     bind<make_generic_alias>(), NativeFunctionDef::kClassMethod},
    {"__iter__(self, /)", "Implement iter(self).", bind<method_iter>()},
    {"__next__(self, /)", "Implement next(self).", bind<method_next>()},
    {"__repr__(self, /)", "Return repr(self).", bind<method_repr>()},
    {"send(self, value, /)",
     "Resume with a value; return the next yielded value or raise StopIteration.",
     bind<method_send>()},
    {"throw(self, type, value=None, traceback=None, /)",
     "Raise an exception where the generator waits; return the next yielded value.",
     bind<method_throw>()},
    {"close(self, /)", "Raise GeneratorExit where the generator waits.", bind<method_close>()},
};
constexpr NativeGetSetDef kGeneratorAttributes[] = {
    {"__name__", "name of the generator", generator_name, set_generator_name},
    {"__qualname__", "qualified name of the generator", generator_qualname, set_generator_qualname},
    {"gi_running", "is it running", get_running},
    {"gi_suspended", "is it suspended", generator_suspended},
    {"gi_code", "its code object", generator_code},
    {"gi_frame", "its frame, or None when finished", generator_frame},
    {"gi_yieldfrom", "object being iterated by yield from, or None", generator_awaited},
};
constexpr NativeFunctionDef kCoroutineMethods[] = {
    {"__class_getitem__(cls, item, /)", "The generic alias of the class and item.",
     bind<make_generic_alias>(), NativeFunctionDef::kClassMethod},
    {"__await__(self, /)", "Return an iterator to be used in await expression.",
     bind<method_await>()},
    {"__repr__(self, /)", "Return repr(self).", bind<method_repr>()},
    {"send(self, value, /)",
     "Resume with a value; return the next yielded value or raise StopIteration.",
     bind<method_send>()},
    {"throw(self, type, value=None, traceback=None, /)",
     "Raise an exception where the coroutine waits; return the next yielded value.",
     bind<method_throw>()},
    {"close(self, /)", "Raise GeneratorExit where the coroutine waits.", bind<method_close>()},
};
constexpr NativeGetSetDef kCoroutineAttributes[] = {
    {"__name__", "name of the coroutine", generator_name, set_generator_name},
    {"__qualname__", "qualified name of the coroutine", generator_qualname, set_generator_qualname},
    {"cr_running", "is it running", get_running},
    {"cr_suspended", "is it suspended", generator_suspended},
    {"cr_code", "its code object", generator_code},
    {"cr_frame", "its frame, or None when finished", generator_frame},
    {"cr_origin", "where it was made, or None", get_origin},
    {"cr_await", "object being awaited on, or None", generator_awaited},
};
constexpr NativeFunctionDef kWrapperMethods[] = {
    {"__iter__(self, /)", "Implement iter(self).", bind<method_iter>()},
    {"__next__(self, /)", "Implement next(self).", bind<wrapper_next>()},
    {"send(self, value, /)", "Resume the coroutine with a value.", bind<wrapper_send>()},
    {"throw(self, type, value=None, traceback=None, /)", "Raise an exception in the coroutine.",
     bind<wrapper_throw>()},
    {"close(self, /)", "Raise GeneratorExit in the coroutine.", bind<wrapper_close>()},
};

}  // namespace

extern const NativeTypeDef kGeneratorType = {"generator", nullptr, kGeneratorMethods,
                                             kGeneratorAttributes,
                                             Type::kDisallowNew | Type::kHasWeakref};
extern const NativeTypeDef kCoroutineType = {"coroutine", nullptr, kCoroutineMethods,
                                             kCoroutineAttributes,
                                             Type::kDisallowNew | Type::kHasWeakref};
extern const NativeTypeDef kCoroutineWrapperType = {
    "coroutine_wrapper",
    "A wrapper object implementing __await__ for coroutines.",
    kWrapperMethods,
    {},
    Type::kDisallowNew};

}  // namespace apy
