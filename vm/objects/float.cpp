// Floats: text in both directions, arithmetic, rounding, hashing. The methods of the type are in
// float_methods.cpp.
#include "vm/objects/float.h"

#include <bit>
#include <cfloat>
#include <charconv>
#include <cmath>
#include <string>

#include "vm/objects/bigint.h"
#include "vm/objects/internals.h"
#include "vm/objects/protocol.h"
#include "vm/objects/units.h"

namespace apy {

Result<Value> make_float_slow(VM& vm, double d) {
  Value word = Value::try_inline_float(d);
  if (!word.is_empty()) return word;
  bool positive_zero = std::bit_cast<uint64_t>(d) == 0;
  if (positive_zero && vm.internals().zero) return vm.internals().zero;
  auto* cell = TRY(vm.allocate<FloatCell>(BuiltinType::Float));
  cell->value = d;
  if (positive_zero) vm.internals().zero = cell;
  return cell;
}

// --- text ---

std::string float_repr(double d) {
  if (std::isnan(d)) return "nan";
  if (std::isinf(d)) return d < 0 ? "-inf" : "inf";
  char buffer[40];
  // d.ddde[+-]xx: shortest digits that give the same double back.
  auto end = std::to_chars(buffer, buffer + sizeof buffer, d, std::chars_format::scientific).ptr;
  std::string_view text(buffer, static_cast<size_t>(end - buffer));
  std::string out;
  if (text[0] == '-') {
    out = "-";
    text.remove_prefix(1);
  }
  size_t e = text.find('e');
  int exponent = 0;
  std::from_chars(text.data() + e + (text[e + 1] == '+' ? 2 : 1), end, exponent);
  std::string digits(1, text[0]);
  if (e > 2) digits += text.substr(2, e - 2);
  auto count = static_cast<int>(digits.size());
  if (exponent < -4 || exponent >= 16) {
    out += digits[0];
    if (count > 1) out.append(1, '.').append(digits, 1);
    out += exponent < 0 ? "e-" : "e+";
    std::string power = std::to_string(std::abs(exponent));
    if (power.size() < 2) out += '0';
    return out + power;
  }
  if (exponent < 0)
    return out + "0." + std::string(static_cast<size_t>(-exponent - 1), '0') + digits;
  if (count <= exponent + 1)
    return out + digits + std::string(static_cast<size_t>(exponent + 1 - count), '0') + ".0";
  auto point = static_cast<size_t>(exponent + 1);
  return out + digits.substr(0, point) + "." + digits.substr(point);
}

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

size_t skip_digits(std::string_view text, size_t at) {
  while (at < text.size() && is_digit(text[at])) ++at;
  return at;
}

size_t match_word(std::string_view text, size_t at, std::string_view lower) {
  if (text.size() - at < lower.size()) return 0;
  for (size_t i = 0; i < lower.size(); ++i)
    if ((text[at + i] | 0x20) != lower[i]) return 0;
  return lower.size();
}

/// What a decimal literal that from_chars finds out of range stands for: infinity or zero. Its
/// exponent alone does not say which, since the digits may be many.
double out_of_range(std::string_view literal) {
  size_t e = literal.find_first_of("eE");
  std::string_view mantissa = literal.substr(0, e);
  size_t first = mantissa.find_first_of("123456789");
  if (first == mantissa.npos) return 0;
  size_t point = std::min(mantissa.find('.'), mantissa.size());
  // The power of ten of the first digit that is not 0.
  auto power = static_cast<int64_t>(point) - static_cast<int64_t>(first);
  if (e != literal.npos) {
    std::string_view digits = literal.substr(e + 1);
    bool negative = digits[0] == '-';
    if (negative || digits[0] == '+') digits.remove_prefix(1);
    int64_t exponent = 0;
    auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
    if (parsed.ec != std::errc()) return negative ? 0 : HUGE_VAL;
    power += negative ? -exponent : exponent;
  }
  return power > 0 ? HUGE_VAL : 0;
}

}  // namespace

double scan_float_prefix(std::string_view text, size_t* length) {
  *length = 0;
  size_t at = 0;
  bool negative = false;
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) negative = text[at++] == '-';
  for (std::string_view word : {"infinity", "inf", "nan"}) {
    if (size_t size = match_word(text, at, word)) {
      *length = at + size;
      double d = word == "nan" ? std::nan("") : HUGE_VAL;
      return negative ? -d : d;
    }
  }
  size_t begin = at;
  at = skip_digits(text, at);
  size_t digits = at - begin;
  if (at < text.size() && text[at] == '.') {
    size_t fraction = at + 1;
    at = skip_digits(text, fraction);
    digits += at - fraction;
  }
  if (digits == 0) return 0;
  if (at < text.size() && (text[at] | 0x20) == 'e') {
    size_t power = at + 1;
    if (power < text.size() && (text[power] == '+' || text[power] == '-')) ++power;
    size_t end = skip_digits(text, power);
    if (end > power) at = end;
  }
  *length = at;
  double d = 0;
  auto result = std::from_chars(text.data() + begin, text.data() + at, d);
  if (result.ec == std::errc::result_out_of_range) d = out_of_range(text.substr(begin, at - begin));
  return negative ? -d : d;
}

std::optional<double> scan_float(std::string_view text) {
  while (!text.empty() && is_ascii_space(static_cast<uint8_t>(text.front()))) text.remove_prefix(1);
  while (!text.empty() && is_ascii_space(static_cast<uint8_t>(text.back()))) text.remove_suffix(1);
  std::string plain;
  if (text.find('_') != text.npos) {
    for (size_t i = 0; i < text.size(); ++i) {
      if (text[i] != '_') {
        plain += text[i];
        continue;
      }
      bool between = i > 0 && is_digit(text[i - 1]) && i + 1 < text.size() && is_digit(text[i + 1]);
      if (!between) return std::nullopt;
    }
    text = plain;
  }
  size_t length;
  double d = scan_float_prefix(text, &length);
  if (length == 0 || length != text.size()) return std::nullopt;
  return d;
}

Result<Value> parse_float(VM& vm, std::string_view text) {
  if (auto d = scan_float(text)) return make_float(vm, *d);
  Value string = TRY(make_str(vm, text));
  return vm.raise(Exc::ValueError, "could not convert string to float: {}",
                  TRY(repr_of(vm, string)));
}

bool is_text(Value v) {
  return is_kind(v, CellKind::Str) || is_kind(v, CellKind::Bytes) ||
         is_kind(v, CellKind::ByteArray);
}

Result<double> float_from_text(VM& vm, Value v) {
  std::optional<double> d;
  if (Str* string = try_as<Str>(v)) {
    d = string->is_ascii() ? scan_float(string->latin1()) : scan_float(ascii_numeral(string));
  } else if (Bytes* bytes = try_as<Bytes>(v)) {
    d = scan_float(bytes->view());
  } else {
    ByteArray* array = as<ByteArray>(v);
    if (array->storage)
      d = scan_float({reinterpret_cast<const char*>(array->storage->data()), array->length});
  }
  if (d) return *d;
  return vm.raise(Exc::ValueError, "could not convert string to float: {}", TRY(repr_of(vm, v)));
}

// --- arithmetic ---

double float_floor_divide(double a, double b, double* remainder) {
  double r = std::fmod(a, b);
  double quotient = (a - r) / b;
  if (r != 0) {
    if ((b < 0) != (r < 0)) {
      r += b;
      quotient -= 1;
    }
  } else {
    r = std::copysign(0.0, b);
  }
  *remainder = r;
  if (quotient == 0) return std::copysign(0.0, a / b);
  double whole = std::floor(quotient);
  return quotient - whole > 0.5 ? whole + 1 : whole;
}

Result<double> float_power(VM& vm, double base, double exponent) {
  if (base == 0 && exponent < 0 && std::isfinite(exponent))
    return vm.raise(Exc::ZeroDivisionError, "0.0 cannot be raised to a negative power");
  double d = std::pow(base, exponent);
  if (std::isinf(d) && std::isfinite(base) && std::isfinite(exponent)) {
    Value arguments[2] = {Value::small_int(34), TRY(make_str(vm, "Numerical result out of range"))};
    return vm.raise_with(Exc::OverflowError, arguments);
  }
  return d;
}

namespace {

Result<Value> make_pair(VM& vm, double a, double b) {
  Value pair[2] = {TRY(make_float(vm, a)), TRY(make_float(vm, b))};
  return make_tuple(vm, pair);
}

}  // namespace

Result<Value> float_binary(VM& vm, BinaryOp op, double a, double b) {
  double remainder;
  switch (op) {
    case BinaryOp::Add:
      return make_float(vm, a + b);
    case BinaryOp::Subtract:
      return make_float(vm, a - b);
    case BinaryOp::Multiply:
      return make_float(vm, a * b);
    case BinaryOp::TrueDivide:
      if (b == 0) return vm.raise(Exc::ZeroDivisionError, "float division by zero");
      return make_float(vm, a / b);
    case BinaryOp::FloorDivide:
      if (b == 0) return vm.raise(Exc::ZeroDivisionError, "float floor division by zero");
      return make_float(vm, float_floor_divide(a, b, &remainder));
    case BinaryOp::Modulo:
      if (b == 0) return vm.raise(Exc::ZeroDivisionError, "float modulo by zero");
      float_floor_divide(a, b, &remainder);
      return make_float(vm, remainder);
    case BinaryOp::DivMod: {
      if (b == 0) return vm.raise(Exc::ZeroDivisionError, "float divmod()");
      double quotient = float_floor_divide(a, b, &remainder);
      return make_pair(vm, quotient, remainder);
    }
    case BinaryOp::Power:
      if (a < 0 && std::isfinite(a) && std::isfinite(b) && b != std::floor(b)) {
        auto* base = TRY(vm.allocate<Complex>(BuiltinType::Complex));
        base->real = a;
        auto* exponent = TRY(vm.allocate<Complex>(BuiltinType::Complex));
        exponent->real = b;
        return number_binary(vm, op, base, exponent);
      }
      return make_float(vm, TRY(float_power(vm, a, b)));
    default:
      return Value::not_implemented();
  }
}

double float_round(double d, int64_t digits) {
  if (!std::isfinite(d) || d == 0) return d;
  // More places than any double has, or so few that nothing is left.
  if (digits > 323) return d;
  if (digits < -308) return std::copysign(0.0, d);
  if (digits >= 0) {
    // printf-like conversion of the exact value, half to even, is what to_chars does.
    char buffer[700];
    auto end = std::to_chars(buffer, buffer + sizeof buffer, d, std::chars_format::fixed,
                             static_cast<int>(digits))
                   .ptr;
    double result = 0;
    std::from_chars(buffer, end, result);
    return result;
  }
  // Digits go from the left of the point: keep that many fewer of the integer part's.
  char buffer[400];
  double magnitude = std::fabs(d), whole = std::trunc(magnitude);
  auto end = std::to_chars(buffer, buffer + sizeof buffer, whole, std::chars_format::fixed, 0).ptr;
  int64_t kept = (end - buffer) + digits;
  double result = 0;
  if (kept > 0) {
    result = HUGE_VAL;
    end = std::to_chars(buffer, buffer + sizeof buffer, magnitude, std::chars_format::scientific,
                        static_cast<int>(kept - 1))
              .ptr;
    std::from_chars(buffer, end, result);
  } else if (kept == 0) {
    // 0 or one more than all nines: up when above 500...0, a tie goes to 0.
    std::string_view text(buffer, static_cast<size_t>(end - buffer));
    bool above =
        text[0] > '5' ||
        (text[0] == '5' && (magnitude > whole || text.find_first_not_of('0', 1) != text.npos));
    std::string power = "1e" + std::to_string(-digits);
    if (above) std::from_chars(power.data(), power.data() + power.size(), result);
  }
  return std::copysign(result, d);
}

int64_t hash_double(double d) {
  constexpr uint64_t kModulus = (uint64_t{1} << 61) - 1;
  if (std::isinf(d)) return d > 0 ? 314159 : -314159;
  if (std::isnan(d)) return 0;
  int exponent;
  double fraction = std::frexp(std::fabs(d), &exponent);
  // |d| = mantissa * 2**(exponent - 53), and 2**61 is 1 here.
  auto mantissa = static_cast<uint64_t>(std::ldexp(fraction, 53));
  int shift = (exponent - 53) % 61;
  if (shift < 0) shift += 61;
  uint64_t hash = (mantissa << shift & kModulus) | (shift ? mantissa >> (61 - shift) : 0);
  if (hash == kModulus) hash = 0;
  auto result = d < 0 ? -static_cast<int64_t>(hash) : static_cast<int64_t>(hash);
  return result == -1 ? -2 : result;
}

}  // namespace apy
