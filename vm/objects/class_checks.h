#pragma once
// isinstance and issubclass without hooks.
#include "vm/objects/vm.h"

namespace apy {

/// For a `cls` that is no tuple, union or alias.
Result<bool> plain_instance_check(VM& vm, Value object, Value cls);
Result<bool> plain_subclass_check(VM& vm, Value sub, Value cls);

}  // namespace apy
