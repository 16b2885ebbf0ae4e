// Complex numbers: arithmetic, text, and the type's methods.
#include "vm/objects/complex.h"

#include <cmath>

#include "vm/binding/bind.h"
#include "vm/objects/bigint.h"
#include "vm/objects/float.h"
#include "vm/objects/format.h"
#include "vm/objects/protocol.h"
#include "vm/objects/warning.h"

namespace apy {

Result<Value> make_complex(VM& vm, ComplexNumber z) {
  auto* cell = TRY(vm.allocate<Complex>(BuiltinType::Complex));
  cell->real = z.real;
  cell->imaginary = z.imaginary;
  return cell;
}

Result<bool> complex_from_number(VM& vm, Value v, ComplexNumber* out) {
  if (const Complex* z = try_as<Complex>(v))
    *out = {z->real, z->imaginary};
  else if (is_float(v))
    *out = {as_float(v), 0};
  else if (is_int(v))
    *out = {TRY(int_to_double(vm, v)), 0};
  else
    return false;
  return true;
}

namespace {

ComplexNumber multiply(ComplexNumber a, ComplexNumber b) {
  return {a.real * b.real - a.imaginary * b.imaginary, a.real * b.imaginary + a.imaginary * b.real};
}

/// Scaled by the larger part of `b`, so that nothing overflows on the way.
ComplexNumber divide(ComplexNumber a, ComplexNumber b) {
  if (std::fabs(b.real) >= std::fabs(b.imaginary)) {
    double ratio = b.imaginary / b.real, denominator = b.real + b.imaginary * ratio;
    return {(a.real + a.imaginary * ratio) / denominator,
            (a.imaginary - a.real * ratio) / denominator};
  }
  if (std::fabs(b.imaginary) >= std::fabs(b.real)) {
    double ratio = b.real / b.imaginary, denominator = b.real * ratio + b.imaginary;
    return {(a.real * ratio + a.imaginary) / denominator,
            (a.imaginary * ratio - a.real) / denominator};
  }
  return {std::nan(""), std::nan("")};
}

ComplexNumber general_power(ComplexNumber a, ComplexNumber b) {
  double magnitude = std::hypot(a.real, a.imaginary);
  double length = std::pow(magnitude, b.real);
  double angle = std::atan2(a.imaginary, a.real);
  double phase = angle * b.real;
  if (b.imaginary != 0) {
    length *= std::exp(-angle * b.imaginary);
    phase += b.imaginary * std::log(magnitude);
  }
  return {length * std::cos(phase), length * std::sin(phase)};
}

ComplexNumber integer_power(ComplexNumber a, int64_t n) {
  ComplexNumber result{1, 0}, power = a;
  for (int64_t left = n < 0 ? -n : n; left > 0; left >>= 1) {
    if (left & 1) result = multiply(result, power);
    power = multiply(power, power);
  }
  return n < 0 ? divide({1, 0}, result) : result;
}

Result<Value> power(VM& vm, ComplexNumber a, ComplexNumber b) {
  ComplexNumber result;
  if (b.real == 0 && b.imaginary == 0) {
    result = {1, 0};
  } else if (a.real == 0 && a.imaginary == 0) {
    if (b.imaginary != 0 || b.real < 0)
      return vm.raise(Exc::ZeroDivisionError, "0.0 to a negative or complex power");
  } else if (b.imaginary == 0 && b.real == std::floor(b.real) && std::fabs(b.real) <= 100) {
    result = integer_power(a, static_cast<int64_t>(b.real));
  } else {
    result = general_power(a, b);
  }
  if (std::isinf(result.real) || std::isinf(result.imaginary))
    return vm.raise(Exc::OverflowError, "complex exponentiation");
  return make_complex(vm, result);
}

}  // namespace

Result<Value> complex_binary(VM& vm, BinaryOp op, ComplexNumber a, ComplexNumber b) {
  switch (op) {
    case BinaryOp::Add:
      return make_complex(vm, {a.real + b.real, a.imaginary + b.imaginary});
    case BinaryOp::Subtract:
      return make_complex(vm, {a.real - b.real, a.imaginary - b.imaginary});
    case BinaryOp::Multiply:
      return make_complex(vm, multiply(a, b));
    case BinaryOp::TrueDivide:
      if (b.real == 0 && b.imaginary == 0)
        return vm.raise(Exc::ZeroDivisionError, "complex division by zero");
      return make_complex(vm, divide(a, b));
    case BinaryOp::Power:
      return power(vm, a, b);
    default:
      return Value::not_implemented();
  }
}

int64_t complex_hash(const Complex* z) {
  auto part = [z](double d) {
    return std::isnan(d) ? std::rotr(reinterpret_cast<uint64_t>(z), 4)
                         : static_cast<uint64_t>(hash_double(d));
  };
  auto hash = static_cast<int64_t>(part(z->real) + 1000003 * part(z->imaginary));
  return hash == -1 ? -2 : hash;
}

namespace {
/// repr without the ".0" of whole numbers.
std::string part_repr(double d) {
  std::string text = float_repr(d);
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text;
}
}  // namespace

std::string complex_repr(ComplexNumber z) {
  std::string imaginary = part_repr(z.imaginary);
  if (z.real == 0 && !std::signbit(z.real)) return imaginary + "j";
  if (imaginary[0] != '-') imaginary.insert(0, 1, '+');
  return "(" + part_repr(z.real) + imaginary + "j)";
}

Result<ComplexNumber> to_complex(VM& vm, Value v) {
  ComplexNumber z;
  if (is_kind(v, CellKind::Complex)) {
    TRY(complex_from_number(vm, v, &z));
    return z;
  }
  bool found;
  Value converted = TRY(vm.call_special(v, Special::Complex, {}, &found));
  if (found) {
    if (!is_kind(converted, CellKind::Complex))
      return vm.raise(Exc::TypeError, "__complex__ returned non-complex (type {})",
                      vm.type_of(converted));
    TRY(warn_strict_subclass(vm, "__complex__", BuiltinType::Complex, converted));
    TRY(complex_from_number(vm, converted, &z));
    return z;
  }
  z.real = TRY(to_double(vm, v));
  return z;
}

}  // namespace apy
