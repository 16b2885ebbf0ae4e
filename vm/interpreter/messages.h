#pragma once
// Errors of argument binding, in CPython's words.
#include "vm/interpreter/interpreter.h"

namespace apy {

Error raise_too_many_positional(VM& vm, Function* function, uint32_t given, const Value* bound);
Error raise_missing_positional(VM& vm, Function* function, const Value* bound);
Error raise_missing_keyword_only(VM& vm, Function* function, const Value* bound);
Error raise_multiple_values(VM& vm, Function* function, const Str* name);
Error raise_unexpected_keyword(VM& vm, Function* function, Tuple* names, Str* name);
/// The dict in which a function with these globals looks up builtins.
Result<Dict*> builtins_for(VM& vm, Dict* globals);
/// "Did you mean: 'x'?" candidate for `wrong` among `names` (strings), or null. Bounded edit
/// distance.
Str* suggest_name(VM& vm, const Str* wrong, std::span<const Value> names);

/// How messages name what is called: "module.f()" without the module for builtins, or the str() of
/// an object without a name.
std::string callable_text(VM& vm, Value callee);

}  // namespace apy
