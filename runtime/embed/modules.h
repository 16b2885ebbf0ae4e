#pragma once
// What the engine needs of the standard library. The layers forbid runtime/ to include stdlib/, so
// these are declared here and implemented there (stdlib/standard_modules.cpp); the linker joins
// them.
#include <span>
#include <string_view>

#include "vm/interpreter/setup.h"

namespace apy {

/// The modules written in C++.
std::span<const NativeModuleDef* const> standard_native_modules();
/// The modules written in apy and frozen into the binary; false if there is none of that name.
bool find_standard_frozen(std::string_view dotted_name, FrozenSource* out);

}  // namespace apy
