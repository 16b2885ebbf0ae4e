#pragma once
// Driving generators from C++; shared with the async generator and the runtime.
#include "vm/interpreter/interpreter.h"

namespace apy {

enum class ThrowOutcome : uint8_t { Raise, GoOn, StillSuspended };
/// Throws into a suspended frame: into what its Send waits for, if anything that takes exceptions.
/// Raise: pending, to be unwound from there; GoOn: the Send completed; StillSuspended: *result was
/// yielded.
ThrowOutcome throw_into(VM& vm, Frame* target, Value exception, Value* result);

/// gen.send(v) etc.; the end is a pending StopIteration.
Result<Value> generator_send(VM& vm, Generator* generator, Value sent);
Result<Value> generator_throw(VM& vm, Generator* generator, Value exception);
Result<Value> generator_close(VM& vm, Generator* generator);
/// Warns of throw() with more than an exception.
Result<void> warn_throw_signature(VM& vm, const char* method);
/// The exception that throw(type, value, traceback) means.
Result<Value> exception_from_throw(VM& vm, Value type, Value value, Value traceback);

// Attributes that generators, coroutines and async generators share; `self` is a Generator.
Result<Value> generator_name(VM& vm, Value self);
Result<Value> generator_qualname(VM& vm, Value self);
Result<void> set_generator_name(VM& vm, Value self, Value value);
Result<void> set_generator_qualname(VM& vm, Value self, Value value);
Result<Value> generator_suspended(VM& vm, Value self);
Result<Value> generator_code(VM& vm, Value self);
/// What its frame waits for, or None.
Result<Value> generator_awaited(VM& vm, Value self);
/// Is its frame waiting, either suspended itself or under a base that is? (`state` of the latter is
/// still Running.)
bool generator_is_parked(const Generator* generator);

/// May `resumer` step the generator by `step`? (It waits at a `yield` of its own, and there is
/// depth left.)
inline bool can_step(VM& vm, const Generator* generator, const Frame* resumer) {
  return generator->state == Generator::State::Suspended &&
         generator->innermost == &generator->frame && !(generator->frame.flags & Frame::kAtSend) &&
         static_cast<int>(resumer->depth()) < Interpreter::recursion_limit(vm);
}

/// begin_resume for the commonest case: a for loop of the running frame `resumer` asks for the next
/// item.
inline Frame* step(VM& vm, Generator* generator, Frame* resumer) {
  Frame* frame = &generator->frame;
  frame->caller = resumer;
  frame->flags &= ~Frame::kEntry;
  generator->is_base = 1;
  generator->outer_handled = vm.handled();
  if (!generator->handled.is_empty()) {
    vm.set_handled(generator->handled);
    generator->handled = Value();
  }
  generator->previous_base = Interpreter::base(vm);
  Interpreter::base(vm) = generator;
  generator->state = Generator::State::Running;
  generator->innermost = nullptr;
  if (!(resumer->flags & Frame::kHeap))
    Interpreter::stack_top(vm) = resumer->registers() + resumer->code->register_count;
  vm.barrier(generator);
  frame->registers()[frame->pc[-1].a] = Value::none();
  Interpreter::frame(vm) = frame;
  return frame;
}

}  // namespace apy
