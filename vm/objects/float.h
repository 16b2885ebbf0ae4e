#pragma once
// Float arithmetic as the language defines it, and text of floats.
#include <optional>
#include <string_view>

#include "vm/objects/number.h"

namespace apy {

/// `a op b`; Power may give a complex number. Errors: ZeroDivisionError, OverflowError.
Result<Value> float_binary(VM& vm, BinaryOp op, double a, double b);
/// pow() of two floats whose result is a float: ZeroDivisionError, OverflowError. Not for a
/// negative base with a fractional exponent.
Result<double> float_power(VM& vm, double base, double exponent);
/// a modulo b and the floored quotient; `b` not zero.
double float_floor_divide(double a, double b, double* remainder);
/// Rounded to `digits` decimal places (may be negative), half to even on the exact value; may be
/// infinite.
double float_round(double d, int64_t digits);
/// The number at the whole of `text` ("1_000.5e3", "inf", "-nan", white space around), if it is
/// one.
std::optional<double> scan_float(std::string_view text);
/// The longest prefix of `text` that is a number without underscores or white space; *length its
/// length, 0 for none.
double scan_float_prefix(std::string_view text, size_t* length);
int64_t hash_double(double d);
/// float() of a str, bytes or bytearray; ValueError "could not convert string to float: ...".
Result<double> float_from_text(VM& vm, Value text);
bool is_text(Value v);

}  // namespace apy
