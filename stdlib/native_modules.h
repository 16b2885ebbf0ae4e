#pragma once
// The modules of the standard library that are written in C++.
#include <span>

#include "vm/binding/native.h"

namespace apy {

std::span<const NativeModuleDef* const> native_modules();

}  // namespace apy
