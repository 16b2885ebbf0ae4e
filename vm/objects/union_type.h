#pragma once
// X | Y of types.
#include "vm/objects/vm.h"

namespace apy {

/// left | right: a UnionType, flattened and without duplicates; NotImplemented when an operand
/// cannot be part of one.
Result<Value> make_union(VM& vm, Value left, Value right);

}  // namespace apy
