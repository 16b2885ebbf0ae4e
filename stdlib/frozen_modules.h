#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace apy {

// A module of the standard library written in apy itself and carried inside the binary. The table
// is generated from stdlib/**/*.apy by stdlib/freeze, sorted by name; everything in it lives in
// read-only memory for as long as the process does. Sources are packed: most programs import few
// modules, and unpacking one takes a few hundredths of the time that compiling it takes.
struct FrozenModule {
  std::string_view name;    // dotted: "asyncio", "asyncio.locks"
  bool is_package;          // from NAME/__init__.apy
  std::string_view packed;  // the source, UTF-8, in zlib's format
  size_t size;              // of the source, in bytes
};

// The whole table; the number of entries goes to *count.
const FrozenModule* frozen_modules(std::size_t* count);

// The module of that dotted name, or nullptr.
const FrozenModule* find_frozen_module(std::string_view name);

// Its source.
std::string frozen_source(const FrozenModule& module);

}  // namespace apy
