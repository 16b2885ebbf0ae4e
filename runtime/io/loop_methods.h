#pragma once
// The methods of an event loop that have to do with descriptors.
#include <span>

#include "vm/binding/native.h"

namespace apy {

/// Added to the loop's own when its type is made.
std::span<const NativeFunctionDef> loop_io_methods();

}  // namespace apy
