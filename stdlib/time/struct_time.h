#pragma once
// time.struct_time: a tuple of nine ints with names, and two more by name only.
#include <ctime>

#include "vm/objects/vm.h"

namespace apy {

struct NativeTypeDef;
extern const NativeTypeDef kStructTimeType;

/// `type` is the struct_time type of this VM.
Result<Value> make_struct_time(VM& vm, Type* type, const std::tm& broken_down);
/// Reads a struct_time or a tuple of 9 ints: TypeError, ValueError "month out of range". `zone` holds tm_zone's text.
Result<void> read_struct_time(VM& vm, Type* type, Value v, const char* function, std::tm* out, char (&zone)[8]);
/// Ranges that strftime and asctime rely on.
Result<void> check_struct_time(VM& vm, std::tm* tm);

}  // namespace apy
