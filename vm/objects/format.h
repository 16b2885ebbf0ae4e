#pragma once
// Formatting: the format specification mini-language, str.format, and % formatting.
#include <string>
#include <string_view>

#include "vm/objects/str.h"

namespace apy {

/// "[[fill]align][sign][z][#][0][width][grouping][.precision][type]", parsed.
struct FormatSpec {
  uint32_t fill = ' ';
  char align = 0;  // one of < > = ^; 0: the type's default
  char sign = 0;   // one of + - space; 0: not given
  bool no_negative_zero = false;
  bool alternate = false;
  bool zero_padded = false;
  int64_t width = -1;
  char grouping = 0;  // , or _
  int64_t precision = -1;
  uint32_t type = 0;  // 0: not given
};
/// ValueErrors worded as format() does; `type_name` is the value's type, for messages.
/// `default_type` and `default_align` are those of the value's type (they matter for messages and
/// the 0 flag).
Result<FormatSpec> parse_format_spec(VM& vm, Str* text, Value value, uint32_t default_type,
                                     char default_align);

/// A number in pieces, without padding.
struct NumberText {
  bool negative = false;
  std::string prefix;     // 0x and the like
  std::string digits;     // integer digits, to be grouped and zero-padded
  std::string remainder;  // decimal point, fraction, exponent, percent sign; inf and nan
};
/// A number without separators, padded: `head` is the sign and a prefix, `body` digits and what
/// follows them, all ASCII. `spec.grouping` must be 0.
Result<Value> padded_number(VM& vm, const FormatSpec& spec, std::string_view head,
                            std::string_view body);
/// Appends sign, prefix, digits with separators, and padding.
void append_number(StrBuilder& out, const FormatSpec& spec, const NumberText& number);
/// Appends `text` padded to the width.
void append_padded(StrBuilder& out, const FormatSpec& spec, const Str* text, size_t length,
                   char default_align);
/// ValueError "Unknown format code 'x' for object of type 'T'".
Error unknown_format_code(VM& vm, uint32_t code, Value value);
/// The sign that a number is shown with, or nothing.
inline std::string_view shown_sign(const FormatSpec& spec, bool negative) {
  return negative ? "-" : spec.sign == '+' ? "+" : spec.sign == ' ' ? " " : "";
}
/// Integer digits of `text` (from format_double) apart from the rest.
NumberText split_number(std::string text);
/// A double by a format spec whose type is one of e E f F g G n % or 0.
Result<NumberText> format_double_text(VM& vm, double value, const FormatSpec& spec, bool is_float);

/// format(value, spec) of the builtin types; `value` is an int (bool, subclasses), a float, a
/// complex, a str.
Result<Value> format_int(VM& vm, Value value, Str* spec);
Result<Value> format_float(VM& vm, Value value, Str* spec);
Result<Value> format_complex(VM& vm, Value value, Str* spec);
Result<Value> format_string(VM& vm, Str* string, Str* spec);

/// Text of a float as the types e E f F g G give it (r: repr, or g with at least one fractional
/// digit when there is a precision), without padding or grouping. `precision` at least 0 except for
/// r. `alternate`: keep the decimal point and trailing zeros.
std::string format_double(double value, char type, int64_t precision, bool alternate);
constexpr int64_t kMaxPrecision = 1 << 24;

/// template.format(*args, **kwargs); `args` null for format_map, `names` any mapping or empty.
Result<Value> str_format(VM& vm, Str* format, const Value* args, size_t arg_count, Value names,
                         bool has_args);
/// format % args for str and for bytes/bytearray formats.
Result<Value> percent_format(VM& vm, Str* format, Value args);
Result<Value> percent_format_bytes(VM& vm, std::string_view format, Value args,
                                   bool want_bytearray);

}  // namespace apy
