#pragma once
// Calling a special method that type_special found.
#include <initializer_list>

#include "vm/objects/vm.h"

namespace apy {

/// method(self, *arguments) for functions and native methods; other objects are bound as
/// descriptors first. At most three arguments.
Result<Value> call_special_method(VM& vm, Value method, Value self,
                                  std::initializer_list<Value> arguments);

}  // namespace apy
