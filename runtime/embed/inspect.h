#pragma once
// What developers look at: for `apy dis` and tests, not part of the public API.
#include <string>
#include <string_view>

#include "apy/apy.h"

namespace apy {

/// The bytecode of a source file's bytes, as a listing.
Outcome<std::string> disassemble_source(Engine& engine, std::string_view bytes,
                                        std::string_view name);

/// Starts counting for `apy -X stats`. Once, before anything runs.
void start_statistics(Engine& engine);
/// What was counted, as text. The engine has not finished yet.
std::string describe_statistics(Engine& engine);

}  // namespace apy
