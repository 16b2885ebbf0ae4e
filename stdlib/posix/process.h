#pragma once
#include "vm/binding/native.h"

namespace apy {

/// Functions of posix about processes: fork, exec, groups and sessions, starting programs.
Result<void> add_process_functions(VM& vm, Module* module);

/// Before a wait for the end of a child: other threads run until it has come.
Result<void> let_others_run_until_end(VM& vm, int64_t process);

}  // namespace apy
