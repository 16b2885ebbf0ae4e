#pragma once
// The script types of open files.
#include "stdlib/io/file.h"

namespace apy {

/// _io.TextIOWrapper, _io.BufferedReader or _io.BufferedWriter.
Result<Type*> file_type(VM& vm, bool binary, bool reader);

}  // namespace apy
