#pragma once
#include "vm/binding/bind.h"

namespace apy {

Result<void> add_process_type(VM& vm, Module* module);

/// Starts a program with these descriptors (-1: nothing) as its streams. When it ends, the loop
/// calls `callback(returncode)`.
Result<Value> start_process(VM& vm, Value loop, Value file, Value arguments, Value environment,
                            Value directory, Tuple* streams, bool new_session, Value callback);

}  // namespace apy
