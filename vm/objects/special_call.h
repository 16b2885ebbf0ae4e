#pragma once
// Calling a special method that type_special found, and `__init__`.
#include <initializer_list>

#include "vm/objects/vm.h"

namespace apy {

/// method(self, *arguments) for functions and native methods; other objects are bound as
/// descriptors first. At most three arguments.
Result<Value> call_special_method(VM& vm, Value method, Value self,
                                  std::initializer_list<Value> arguments);

/// What is left to do after the `__new__` of `cls` gave values[0]: its `__init__`, if it is an
/// instance of `cls`. `values` are the arguments, those by keyword last.
Result<void> initialize_made(VM& vm, Type* cls, const Value* values, size_t count,
                             Tuple* keyword_names);

/// The rest of `a op b` after a's own script method returned NotImplemented.
Result<Value> compare_declined(VM& vm, CompareOp op, Value a, Value b);

}  // namespace apy
