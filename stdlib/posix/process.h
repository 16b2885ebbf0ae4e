#pragma once
#include "vm/binding/native.h"

namespace apy {

/// Functions of posix about processes: fork, exec, groups and sessions, starting programs.
Result<void> add_process_functions(VM& vm, Module* module);

}  // namespace apy
