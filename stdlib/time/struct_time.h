#pragma once
// time.struct_time: a tuple of nine ints with names, and two more by name only.
#include <ctime>

#include "vm/objects/vm.h"

namespace apy {

struct NativeTypeDef;
extern const NativeTypeDef kStructTimeType;

/// `type` is the struct_time type of this VM. tm_zone is None when null, tm_gmtoff when
/// `has_offset` is false.
Result<Value> make_struct_time(VM& vm, Type* type, const std::tm& broken_down,
                               bool has_offset = true);
/// strptime(text, format); `format` empty: as ctime() writes.
Result<Value> read_time(VM& vm, Type* type, Value text, Value format);
/// Reads a struct_time or a tuple of 9 ints: TypeError, ValueError "month out of range". `zone`
/// holds tm_zone's text.
Result<void> read_struct_time(VM& vm, Type* type, Value v, const char* function, std::tm* out,
                              char (&zone)[8]);
/// Ranges that strftime and asctime rely on.
Result<void> check_struct_time(VM& vm, std::tm* tm);

}  // namespace apy
