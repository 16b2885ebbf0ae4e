#pragma once
// Formatting: the format specification mini-language, str.format, and % formatting.
#include <string>
#include <string_view>

#include "vm/objects/str.h"

namespace apy {

/// "[[fill]align][sign][z][#][0][width][grouping][.precision][type]", parsed.
struct FormatSpec {
  uint32_t fill = ' ';
  char align = 0;      // one of < > = ^; 0: the type's default
  char sign = 0;       // one of + - space; 0: not given
  bool no_negative_zero = false;
  bool alternate = false;
  bool zero_padded = false;
  int64_t width = -1;
  char grouping = 0;   // , or _
  int64_t precision = -1;
  uint32_t type = 0;   // 0: not given
};
/// ValueError "Invalid format specifier '...' for object of type 'X'" and the like; `type_name` for messages.
Result<FormatSpec> parse_format_spec(VM& vm, Str* text, const Type* type);

/// format(value, spec) of the builtin types; `value` is an int (bool, subclasses), a float, a complex, a str.
Result<Value> format_int(VM& vm, Value value, Str* spec);
Result<Value> format_float(VM& vm, Value value, Str* spec);
Result<Value> format_complex(VM& vm, Value value, Str* spec);
Result<Value> format_string(VM& vm, Str* string, Str* spec);

/// Text of a float as the types e E f F g G n % r give it ('r': repr), without padding or grouping. `precision` -1: the type's
/// default. `alternate`: keep the decimal point and trailing zeros.
std::string format_double(double value, char type, int64_t precision, bool alternate);

/// template.format(*args, **kwargs); `args` null for format_map, `names` any mapping or empty.
Result<Value> str_format(VM& vm, Str* format, const Value* args, size_t arg_count, Value names, bool has_args);
/// format % args for str and for bytes/bytearray formats.
Result<Value> percent_format(VM& vm, Str* format, Value args);
Result<Value> percent_format_bytes(VM& vm, std::string_view format, Value args, bool want_bytearray);

}  // namespace apy
