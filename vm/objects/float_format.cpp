// format() of float and complex, and the text of a double by type and precision, which % formatting
// uses too.
#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "vm/objects/digits.h"
#include "vm/objects/format.h"
#include "vm/objects/protocol.h"
#include "vm/objects/text.h"

namespace apy {
namespace {

constexpr int64_t kExactPrecision = 19;
constexpr uint64_t kPowersOfTen[kExactPrecision + 1] = {1,
                                                        10,
                                                        100,
                                                        1000,
                                                        10000,
                                                        100000,
                                                        1000000,
                                                        10000000,
                                                        100000000,
                                                        1000000000,
                                                        10000000000,
                                                        100000000000,
                                                        1000000000000,
                                                        10000000000000,
                                                        100000000000000,
                                                        1000000000000000,
                                                        10000000000000000,
                                                        100000000000000000,
                                                        1000000000000000000,
                                                        10000000000000000000u};

/// A finite double with so many digits behind the point, when 128-bit integers can tell them
/// exactly: m * 2^e * 10^precision, rounded half to even. Written so that it ends at `end`; null: a
/// case for others.
char* write_fixed(char* end, double value, int64_t precision) {
  if (precision > kExactPrecision) return nullptr;
  auto bits = std::bit_cast<uint64_t>(value);
  auto biased = static_cast<int>(bits >> 52 & 0x7FF);
  uint64_t mantissa = bits & ((uint64_t{1} << 52) - 1);
  if (biased) mantissa |= uint64_t{1} << 52;
  int shift = 1075 - std::max(biased, 1);  // value = mantissa / 2^shift
  if (shift < 1 || shift > 126) {
    if (mantissa != 0) return nullptr;
    shift = 1;
  }
  // Below 2^53 * 10^19 < 2^117.
  unsigned __int128 scaled = static_cast<unsigned __int128>(mantissa) * kPowersOfTen[precision];
  unsigned __int128 whole = scaled >> shift;
  unsigned __int128 rest = scaled - (whole << shift), half = static_cast<unsigned __int128>(1)
                                                             << (shift - 1);
  if (whole >> 63) return nullptr;
  auto number = static_cast<uint64_t>(whole);
  if (rest > half || (rest == half && (number & 1))) ++number;
  char* begin = end;
  if (precision > 0) {
    begin = write_digits(end, number % kPowersOfTen[precision]);
    while (end - begin < precision) *--begin = '0';
    *--begin = '.';
    number /= kPowersOfTen[precision];
  }
  begin = write_digits(begin, number);
  if (bits >> 63) *--begin = '-';
  return begin;
}

/// One finite double as printf gives it, correctly rounded at any precision.
std::string print_double(char type, bool alternate, int64_t precision, double value) {
  if ((type == 'f' || type == 'F') && !alternate) {
    char fixed[64];
    char* end = fixed + sizeof fixed;
    if (char* begin = write_fixed(end, value, precision)) return std::string(begin, end);
  }
  // The C library's own printf is several times slower than its to_chars.
  constexpr int64_t kDirectPrecision = 60;
  if (!alternate && precision <= kDirectPrecision) {
    char digits[400];  // 309 before the point at most
    auto format =
        type == 'f' || type == 'F' ? std::chars_format::fixed : std::chars_format::scientific;
    auto end =
        std::to_chars(digits, digits + sizeof digits, value, format, static_cast<int>(precision))
            .ptr;
    if (type == 'E') std::replace(digits, end, 'e', 'E');
    return std::string(digits, end);
  }
  char format[] = {'%', '#', '.', '*', type, 0};
  if (!alternate) std::memmove(format + 1, format + 2, sizeof format - 2);
  char small[128];
  int length = std::snprintf(small, sizeof small, format, static_cast<int>(precision), value);
  if (length < static_cast<int>(sizeof small))
    return std::string(small, static_cast<size_t>(length));
  std::string text(static_cast<size_t>(length) + 1, '\0');
  std::snprintf(text.data(), text.size(), format, static_cast<int>(precision), value);
  text.pop_back();
  return text;
}

void strip_trailing_zeros(std::string& digits) {
  if (digits.find('.') == std::string::npos) return;
  while (digits.back() == '0') digits.pop_back();
  if (digits.back() == '.') digits.pop_back();
}

/// As %g does: an exponent for powers of ten below -4 or from `threshold` on. `fraction`: else at
/// least one digit behind the point. (Not by the C library's %#g, which loses the zeros of 999999.5
/// when it rounds up to the next power.)
std::string print_general(double value, int64_t precision, bool alternate, int64_t threshold,
                          bool fraction) {
  std::string text = print_double('e', alternate, precision - 1, value);
  size_t exponent_at = text.find('e');
  int64_t exponent = std::atoi(text.c_str() + exponent_at + 1);
  if (exponent < -4 || exponent >= threshold) {
    if (alternate) return text;
    std::string mantissa = text.substr(0, exponent_at);
    strip_trailing_zeros(mantissa);
    return mantissa + text.substr(exponent_at);
  }
  text = print_double('f', alternate, std::max<int64_t>(precision - 1 - exponent, 0), value);
  if (!alternate) strip_trailing_zeros(text);
  if (fraction && text.find('.') == std::string::npos) text += ".0";
  return text;
}

bool is_zero_text(const std::string& text) {
  for (char c : text) {
    if (c == 'e' || c == 'E') break;
    if (c >= '1' && c <= '9') return false;
  }
  return true;
}

bool is_float_type(uint32_t type) {
  return type == 0 || (type < 128 && std::strchr("eEfFgGn", static_cast<int>(type)));
}

}  // namespace

std::string format_double(double value, char type, int64_t precision, bool alternate) {
  bool upper = type == 'E' || type == 'F' || type == 'G';
  if (std::isnan(value)) return upper ? "NAN" : "nan";
  if (std::isinf(value)) {
    std::string text = upper ? "INF" : "inf";
    return value < 0 ? "-" + text : text;
  }
  bool general = type == 'g' || type == 'G' || (type == 'r' && precision >= 0);
  if (general) {
    precision = std::max<int64_t>(precision, 1);
    bool fraction = type == 'r';
    std::string text = print_general(value, precision, alternate, precision - fraction, fraction);
    if (type == 'G') std::replace(text.begin(), text.end(), 'e', 'E');
    return text;
  }
  if (type != 'r') return print_double(type, alternate, precision, value);
  std::string text = float_repr(value);
  if (size_t e = text.find('e');
      alternate && e != std::string::npos && text.find('.') == std::string::npos)
    text.insert(e, ".");
  return text;
}

NumberText split_number(std::string text) {
  NumberText number;
  number.negative = text[0] == '-';
  size_t begin = number.negative ? 1 : 0, end = begin;
  while (end < text.size() && text[end] >= '0' && text[end] <= '9') ++end;
  number.digits = text.substr(begin, end - begin);
  number.remainder = text.substr(end);
  return number;
}

namespace {

/// With its sign, without padding or separators.
Result<std::string> double_text(VM& vm, double value, const FormatSpec& spec, bool is_float) {
  char type = static_cast<char>(spec.type);
  int64_t precision = spec.precision;
  if (precision > INT32_MAX) return vm.raise(Exc::ValueError, "precision too big");
  if (precision > kMaxPrecision) return vm.out_of_memory();
  if (type == 0) type = is_float ? 'r' : 'g';
  if (type == 'n') type = 'g';
  if (type == '%') {
    type = 'f';
    value *= 100;
  }
  if (precision < 0 && type != 'r') precision = 6;
  std::string text = format_double(value, type, precision, spec.alternate);
  if (spec.no_negative_zero && text[0] == '-' && is_zero_text(text) && !std::isinf(value))
    text.erase(0, 1);
  if (spec.type == '%') text += '%';
  return text;
}

}  // namespace

Result<NumberText> format_double_text(VM& vm, double value, const FormatSpec& spec, bool is_float) {
  return split_number(TRY(double_text(vm, value, spec, is_float)));
}

Result<Value> format_float(VM& vm, Value value, Str* spec_text) {
  if (spec_text->length == 0) return str_of(vm, value);
  FormatSpec spec = TRY(parse_format_spec(vm, spec_text, value, 0, '>'));
  if (!is_float_type(spec.type) && spec.type != '%')
    return unknown_format_code(vm, spec.type, value);
  std::string text = TRY(double_text(vm, as_float(value), spec, true));
  if (!spec.grouping) {
    bool negative = text[0] == '-';
    return padded_number(vm, spec, shown_sign(spec, negative),
                         std::string_view(text).substr(negative));
  }
  StrBuilder out(vm);
  append_number(out, spec, split_number(std::move(text)));
  return out.finish();
}

namespace {

/// One part of a complex number, without padding.
Result<void> append_part(VM& vm, StrBuilder& out, double value, const FormatSpec& spec) {
  FormatSpec plain = spec;
  plain.width = -1;
  plain.align = 0;
  if (spec.type == 0 && spec.precision >= 0) plain.type = 'g';
  NumberText text = TRY(format_double_text(vm, value, plain, true));
  if (plain.type == 0 && text.remainder == ".0") text.remainder = spec.alternate ? "." : "";
  append_number(out, plain, text);
  return {};
}

}  // namespace

Result<Value> format_complex(VM& vm, Value value, Str* spec_text) {
  if (spec_text->length == 0) return str_of(vm, value);
  FormatSpec spec = TRY(parse_format_spec(vm, spec_text, value, 0, '>'));
  if (!is_float_type(spec.type)) return unknown_format_code(vm, spec.type, value);
  if (spec.fill == '0')
    return vm.raise(Exc::ValueError, "Zero padding is not allowed in complex format specifier");
  if (spec.align == '=')
    return vm.raise(Exc::ValueError,
                    "'=' alignment flag is not allowed in complex format specifier");
  auto* number = as<Complex>(value);
  bool plain = spec.type == 0;
  bool skip_real = plain && number->real == 0.0 && !std::signbit(number->real);
  bool parentheses = plain && !skip_real;
  StrBuilder text(vm);
  if (parentheses) text.append("(");
  if (!skip_real) TRY(append_part(vm, text, number->real, spec));
  FormatSpec imaginary = spec;
  if (!skip_real) imaginary.sign = '+';
  TRY(append_part(vm, text, number->imaginary, imaginary));
  text.append("j");
  if (parentheses) text.append(")");
  Str* whole = TRY(text.finish());
  StrBuilder out(vm);
  append_padded(out, spec, whole, whole->length, '>');
  return out.finish();
}

}  // namespace apy
