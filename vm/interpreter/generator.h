#pragma once
// Driving generators from C++; shared with the async generator and the runtime.
#include "vm/interpreter/interpreter.h"

namespace apy {

enum class ThrowOutcome : uint8_t { Raise, GoOn, StillSuspended };
/// Throws into a suspended frame: into what its Send waits for, if anything that takes exceptions. Raise: pending, to be unwound from
/// there; GoOn: the Send completed; StillSuspended: *result was yielded.
ThrowOutcome throw_into(VM& vm, Frame* target, Value exception, Value* result);

/// gen.send(v) etc.; the end is a pending StopIteration.
Result<Value> generator_send(VM& vm, Generator* generator, Value sent);
Result<Value> generator_throw(VM& vm, Generator* generator, Value exception);
Result<Value> generator_close(VM& vm, Generator* generator);
/// The exception that throw(type, value, traceback) means.
Result<Value> exception_from_throw(VM& vm, Value type, Value value, Value traceback);

}  // namespace apy
