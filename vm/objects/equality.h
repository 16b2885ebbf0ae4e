#pragma once
// Equality that is known at once: between exact builtin values whose `==` can run no script code.
// Containers ask here first; what is undecided goes to values_equal (protocol.h).
#include "vm/value/value.h"

namespace apy {

enum class Equality : uint8_t { No, Yes, Undecided };

/// plain_equality of two different words that are not both small ints.
Equality plain_equality_of_others(Value a, Value b, int depth = 0);

/// Are the two the same or equal, as containers compare? Undecided where an `__eq__` of a script or
/// of a type that is not looked at here might have a say.
inline Equality plain_equality(Value a, Value b) {
  if (a.is(b)) return Equality::Yes;
  if (Value::both_small_int(a, b)) return Equality::No;
  return plain_equality_of_others(a, b);
}

}  // namespace apy
