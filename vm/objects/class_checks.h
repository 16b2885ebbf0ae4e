#pragma once
// isinstance and issubclass without hooks.
#include "vm/binding/native.h"
#include "vm/objects/vm.h"

namespace apy {

/// For a `cls` that is no tuple, union or alias.
Result<bool> plain_instance_check(VM& vm, Value object, Value cls);
Result<bool> plain_subclass_check(VM& vm, Value sub, Value cls);

/// Keyword arguments for `__new__` or `__init__` of the builtin class `base` are refused, unless
/// the class being made has an `other` of its own, `__init__` or `__new__`, that may be meant to
/// take them.
Result<void> check_no_keywords(VM& vm, const Arguments& arguments, Type* cls, BuiltinType base,
                               Special other);

}  // namespace apy
