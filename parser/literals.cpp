#include <charconv>
#include <limits>
#include <string>

#include "parser/grammar.h"

namespace apy {

using ast::ConstantKind;
using ast::Expression;

namespace {

/// A decimal literal too large or too small for `from_chars`: infinity or zero. Decided by the
/// power of ten of its first significant digit.
double out_of_range_value(std::string_view digits) {
  size_t exponent_at = digits.find_first_of("eE");
  std::string_view mantissa = digits.substr(0, exponent_at);
  bool negative_exponent =
      exponent_at != std::string_view::npos && digits[exponent_at + 1] == '-';
  size_t first = mantissa.find_first_not_of("0.");
  if (first == std::string_view::npos) return 0.0;
  if (exponent_at == std::string_view::npos) {
    return mantissa.find('.') > first ? std::numeric_limits<double>::infinity() : 0.0;
  }
  return negative_exponent ? 0.0 : std::numeric_limits<double>::infinity();
}

double parse_real(std::string_view digits) {
  double value = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return error == std::errc::result_out_of_range ? out_of_range_value(digits) : value;
}

int radix_of(std::string_view digits) {
  if (digits.size() < 2 || digits[0] != '0') return 10;
  switch (digits[1] | 0x20) {
    case 'x':
      return 16;
    case 'o':
      return 8;
    case 'b':
      return 2;
    default:
      return 10;
  }
}

}  // namespace

Expression* Parser::number() {
  const Token& token = tokens_[position_];
  std::string_view digits = token.text;
  std::string without_underscores;
  if (digits.find('_') != std::string_view::npos) {
    for (char c : digits) {
      if (c != '_') without_underscores += c;
    }
    digits = without_underscores;
  }
  auto* node = make<ast::Constant>(token.span);
  node->height = 1;
  int radix = radix_of(digits);
  if (radix == 10 && (digits.back() | 0x20) == 'j') {
    node->value.kind = ConstantKind::Imaginary;
    node->value.real = parse_real(digits.substr(0, digits.size() - 1));
  } else if (radix == 10 && digits.find_first_of(".eE") != std::string_view::npos) {
    node->value.kind = ConstantKind::Float;
    node->value.real = parse_real(digits);
  } else {
    std::string_view body = digits.substr(radix == 10 ? 0 : 2);
    int64_t value = 0;
    auto [end, error] = std::from_chars(body.data(), body.data() + body.size(), value, radix);
    node->value.kind = ConstantKind::Int;
    node->value.integer = value;
    if (error == std::errc::result_out_of_range) {
      uint32_t limit = options_.max_integer_digits;
      if (radix == 10 && limit != 0 && body.size() > limit) {
        result_.error.excerpt = DiagnosticExcerpt::LineOnly;
        return raise_at(token.span,
                        "Exceeds the limit (" + std::to_string(limit) +
                            " digits) for integer string conversion: value has " +
                            std::to_string(body.size()) +
                            " digits; use sys.set_int_max_str_digits() to increase the limit - "
                            "Consider hexadecimal for huge integer literals to avoid decimal "
                            "conversion limits.");
      }
      node->value.kind = ConstantKind::BigInt;
      node->value.text = result_.arena.copy(digits);
    }
  }
  ++position_;
  return node;
}

}  // namespace apy
