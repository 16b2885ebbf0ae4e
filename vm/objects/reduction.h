#pragma once
// object.__reduce_ex__ and its kin: an object as a call that makes it again and the state to give
// it.
#include "vm/objects/vm.h"

namespace apy {

/// The object's own attributes as a new dict; the object stays as it is.
Result<Dict*> copy_own_attributes(VM& vm, Cell* cell);

/// object.__getstate__: the own attributes as a dict, None, or (dict or None, slots).
Result<Value> object_get_state(VM& vm, Value self);
/// object.__reduce_ex__: an overridden __reduce__ is called.
Result<Value> object_reduce_ex(VM& vm, Value self, int64_t protocol);
/// object.__reduce__
Result<Value> object_reduce(VM& vm, Value self);

}  // namespace apy
