#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace apy {

enum class NumberKind : uint8_t { Integer, BigInteger, Float, Imaginary };

/// The value of a number token.
struct NumberLiteral {
  NumberKind kind = NumberKind::Integer;
  uint8_t base = 10;        ///< of `digits`: 2, 8, 10 or 16
  int64_t integer = 0;      ///< Integer
  double real = 0;          ///< Float and Imaginary
  std::string digits = {};  ///< BigInteger: no prefix, underscores or leading zeros
  std::string error = {};   ///< not empty if a decimal integer has too many digits
};

/// How many digits a decimal integer may have unless `sys.set_int_max_str_digits` says otherwise;
/// converting takes quadratic time.
inline constexpr uint32_t kMaximumDecimalDigits = 4300;

/// Evaluates the text of a Number token. `maximum_digits` of 0 means no limit. Floats too large are
/// infinite, as in CPython. CPython reports `error` at the token's line without a caret.
NumberLiteral parse_number_literal(std::string_view text,
                                   uint32_t maximum_digits = kMaximumDecimalDigits);

}  // namespace apy
