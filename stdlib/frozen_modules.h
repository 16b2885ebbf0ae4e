#pragma once

#include <cstddef>
#include <string_view>

namespace apy {

// A module of the standard library written in apy itself and carried inside the binary. The table
// is generated from stdlib/**/*.apy by stdlib/freeze, sorted by name; everything in it lives in
// read-only memory for as long as the process does.
struct FrozenModule {
  std::string_view name;    // dotted: "asyncio", "asyncio.locks"
  bool is_package;          // from NAME/__init__.apy
  std::string_view source;  // UTF-8; the byte after the end is NUL
};

// The whole table; the number of entries goes to *count.
const FrozenModule* frozen_modules(std::size_t* count);

// The module of that dotted name, or nullptr.
const FrozenModule* find_frozen_module(std::string_view name);

}  // namespace apy
