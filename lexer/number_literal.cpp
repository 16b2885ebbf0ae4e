#include "lexer/number_literal.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <system_error>
#include <utility>

namespace apy {

namespace {

int digit_value(char c) {
  if (c <= '9') return c - '0';
  return (c | 0x20) - 'a' + 10;
}

std::string without_underscores(std::string_view text) {
  std::string digits;
  digits.reserve(text.size());
  for (char c : text) {
    if (c != '_') {
      digits.push_back(c);
    }
  }
  return digits;
}

/// The decimal exponent of the first digit that is not zero; only its sign matters to the caller.
int64_t magnitude(std::string_view text) {
  size_t exponent_at = std::min(text.find_first_of("eE"), text.size());
  std::string_view mantissa = text.substr(0, exponent_at);
  int64_t exponent = 0;
  if (exponent_at < text.size()) {
    std::string_view digits = text.substr(exponent_at + 1);
    bool negative = digits.starts_with('-');
    if (negative || digits.starts_with('+')) {
      digits.remove_prefix(1);
    }
    constexpr int64_t kHuge = int64_t{1} << 40;
    for (char c : digits) {
      exponent = std::min(exponent * 10 + (c - '0'), kHuge);
    }
    exponent = negative ? -exponent : exponent;
  }
  size_t point = std::min(mantissa.find('.'), mantissa.size());
  size_t first = mantissa.find_first_not_of("0.");
  if (first == std::string_view::npos) {
    return std::numeric_limits<int64_t>::min();
  }
  return exponent + static_cast<int64_t>(point) - static_cast<int64_t>(first);
}

double parse_real(const std::string& text) {
  double value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) {
    return magnitude(text) > 0 ? std::numeric_limits<double>::infinity() : 0.0;
  }
  return value;
}

NumberLiteral parse_integer(std::string digits, uint8_t base) {
  NumberLiteral number;
  number.base = base;
  int64_t value = 0;
  for (char c : digits) {
    if (__builtin_mul_overflow(value, base, &value) ||
        __builtin_add_overflow(value, digit_value(c), &value)) {
      number.kind = NumberKind::BigInteger;
      digits.erase(0, digits.find_first_not_of('0'));
      number.digits = std::move(digits);
      return number;
    }
  }
  number.integer = value;
  return number;
}

}  // namespace

NumberLiteral parse_number_literal(std::string_view text, uint32_t maximum_digits) {
  if (text.size() > 2 && text[0] == '0') {
    switch (text[1] | 0x20) {
      case 'x':
        return parse_integer(without_underscores(text.substr(2)), 16);
      case 'o':
        return parse_integer(without_underscores(text.substr(2)), 8);
      case 'b':
        return parse_integer(without_underscores(text.substr(2)), 2);
      default:
        break;
    }
  }
  std::string digits = without_underscores(text);
  NumberLiteral number;
  if (digits.back() == 'j' || digits.back() == 'J') {
    digits.pop_back();
    number.kind = NumberKind::Imaginary;
    number.real = parse_real(digits);
    return number;
  }
  if (digits.find_first_of(".eE") != std::string::npos) {
    number.kind = NumberKind::Float;
    number.real = parse_real(digits);
    return number;
  }
  if (maximum_digits != 0 && digits.size() > maximum_digits) {
    number.error = "Exceeds the limit (" + std::to_string(maximum_digits) +
                   " digits) for integer string conversion: value has " +
                   std::to_string(digits.size()) +
                   " digits; use sys.set_int_max_str_digits() to increase the limit - Consider "
                   "hexadecimal for huge integer literals to avoid decimal conversion limits.";
    return number;
  }
  return parse_integer(std::move(digits), 10);
}

}  // namespace apy
