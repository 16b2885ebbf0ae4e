#pragma once
// Paths as the system sees them, and errors that name them.
#include <string>

#include "vm/binding/bind.h"

namespace apy {

/// A str, bytes or os.PathLike argument; an open file's number where the function takes one.
struct PathArgument {
  Value object;  // the name as str or bytes
  std::string text;
  bool is_bytes = false;
  int descriptor = -1;
  const char* c_str() const { return text.c_str(); }
};

/// TypeError and ValueError as CPython words them: "stat: path should be string, bytes, os.PathLike
/// or integer, not X".
Result<PathArgument> read_path(VM& vm, Value value, const char* function,
                               bool allow_descriptor = false, const char* argument = "path");
/// A name from the system as str (undecodable bytes as lone surrogates), or as bytes.
Result<Value> path_value(VM& vm, std::string_view text, bool as_bytes);
/// OSError with the file's name.
Error raise_path_error(VM& vm, int error, const PathArgument& path);
Error raise_path_error(VM& vm, int error, const PathArgument& from, const PathArgument& to);

}  // namespace apy
