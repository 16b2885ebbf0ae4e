#pragma once
// Warnings issued by the engine itself; implemented in vm/interpreter.
#include "vm/objects/vm.h"

namespace apy {

/// Issues a warning about a place in a file through the module `warnings`, whose filters decide. An
/// error only when a filter makes it an exception. `source`: the object it is about, or empty.
Result<void> issue_warning(VM& vm, Exc category, std::string_view text, std::string_view file,
                           int64_t line, Value source = Value());

/// The same, about the line that runs now.
Result<void> issue_warning_here(VM& vm, Exc category, std::string_view text);

/// Warns that a conversion method (`what`: "__int__") returned an instance of a subclass of `base`.
Result<void> warn_strict_subclass(VM& vm, std::string_view what, BuiltinType base, Value result);

/// A SyntaxWarning about a text that is being compiled: no registry remembers that it was shown.
Result<void> issue_compiler_warning(VM& vm, std::string_view text, std::string_view file,
                                    int64_t line);

}  // namespace apy
