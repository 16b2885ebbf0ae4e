#pragma once
// What the iterators are copied and pickled as: a call of their class and a state. CPython is going
// to remove this, and warns; so do these.
#include "stdlib/native_iterator.h"

namespace apy::itertools {

/// The warning that CPython gives.
Result<void> warn_of_copying(VM& vm);
/// (class, arguments) or (class, arguments, state), after the warning.
Result<Value> reduced(VM& vm, Value self, std::span<const Value> arguments, Value state = Value());
inline Result<Value> reduced(VM& vm, Value self, std::initializer_list<Value> arguments,
                             Value state = Value()) {
  return reduced(vm, self, std::span<const Value>(arguments.begin(), arguments.size()), state);
}
/// A state as a tuple of `length` items (-1: any number), after the warning; errors otherwise.
Result<Tuple*> state_tuple(VM& vm, Value state, int64_t length);
/// A small int of a state, brought into [lowest, highest].
Result<int64_t> state_index(VM& vm, Value v, int64_t lowest, int64_t highest);
/// A value of itertools or builtins, by name.
Result<Value> library(VM& vm, const char* module, const char* name);

}  // namespace apy::itertools
