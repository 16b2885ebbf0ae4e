#pragma once
// OSError from the system's error numbers.
#include "vm/objects/vm.h"

namespace apy {

/// OSError (or the subclass for the number) with the system's text, pending.
Error raise_system_error(VM& vm, int error_number);
/// The exception itself, for those who report it.
Result<Value> make_system_error(VM& vm, int error_number);

}  // namespace apy
