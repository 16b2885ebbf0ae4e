#pragma once
// X | Y of types.
#include "vm/objects/vm.h"

namespace apy {

/// left | right: a UnionType, flattened and without duplicates; NotImplemented when an operand
/// cannot be part of one.
Result<Value> make_union(VM& vm, Value left, Value right);

/// `type name[parameters] = value`; when it is lazy, `value` is a function that computes it.
Result<Value> make_type_alias(VM& vm, Value name, Value parameters, Value value, bool is_lazy);

}  // namespace apy
