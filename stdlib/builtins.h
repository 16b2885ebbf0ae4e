#pragma once
// Parts of the module builtins, one file each.
#include <span>

#include "vm/binding/native.h"

namespace apy {

/// aiter, anext (builtins_async.cpp).
std::span<const NativeFunctionDef> builtins_async_functions();
/// compile, eval, exec, globals, locals, vars, dir (builtins_code.cpp).
std::span<const NativeFunctionDef> builtins_code_functions();
/// print, input (builtins_io.cpp).
std::span<const NativeFunctionDef> builtins_io_functions();
/// open (io/file_methods.cpp).
std::span<const NativeFunctionDef> builtins_open_functions();
/// __build_class__ (builtins_code.cpp).
Result<Value> build_class(VM& vm, const Arguments& arguments);

}  // namespace apy
