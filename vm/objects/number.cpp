// Numbers: conversions between the kinds, and the operators on mixed operands.
//
// int, float and complex form a ladder: an operation on two of them is done in the higher kind, and
// bool counts as int. Comparison and hashing never convert, since that would round: an int and a
// float are compared exactly, and the hash is the value modulo the prime 2**61 - 1 (of a fraction:
// times the inverse of its denominator), so that equal numbers of all kinds hash alike.
//
// The special methods of the types and the interpreter's slow paths end up in number_binary alike.
// Rejected: one table of functions per pair of types; the ladder has three rungs.
#include "vm/objects/number.h"

#include <cmath>

#include "vm/objects/bigint.h"
#include "vm/objects/complex.h"
#include "vm/objects/float.h"
#include "vm/objects/protocol.h"
#include "vm/objects/warning.h"

namespace apy {

// --- conversions ---

Result<void> warn_strict_subclass(VM& vm, std::string_view what, BuiltinType base, Value result) {
  Type* type = vm.type_of(result);
  if (type == vm.type(base)) return {};
  std::string name = to_utf8(vm.type(base)->name);
  return issue_warning_here(
      vm, Exc::DeprecationWarning,
      std::string(what) + " returned non-" + name + " (type " + to_utf8(type->name) +
          ").  The ability to return an instance of a strict subclass of " + name +
          " is deprecated, and may be removed in a future version of Python.");
}

Result<Value> to_index(VM& vm, Value v) {
  if (v.is_small_int() || is_exact(v, BuiltinType::Int)) [[likely]]
    return v;
  if (is_int(v)) return int_exact(vm, v);
  bool found;
  Value result = TRY(vm.call_special(v, Special::Index, {}, &found));
  if (!found)
    return vm.raise(Exc::TypeError, "'{}' object cannot be interpreted as an integer",
                    vm.type_of(v));
  if (!is_int(result))
    return vm.raise(Exc::TypeError, "__index__ returned non-int (type {})", vm.type_of(result));
  TRY(warn_strict_subclass(vm, "__index__", BuiltinType::Int, result));
  return int_exact(vm, result);
}

Result<int64_t> to_int64(VM& vm, Value v) {
  int64_t i;
  if (!fits_int64(TRY(to_index(vm, v)), &i))
    return vm.raise(Exc::OverflowError, "Python int too large to convert to C ssize_t");
  return i;
}

Result<int64_t> to_int64_clamped(VM& vm, Value v) {
  Value integer = TRY(to_index(vm, v));
  int64_t i;
  if (fits_int64(integer, &i)) return i;
  return int_sign(integer) < 0 ? INT64_MIN : INT64_MAX;
}

Result<double> to_double(VM& vm, Value v) {
  if (is_float(v)) return as_float(v);
  if (is_int(v)) return int_to_double(vm, v);
  bool found;
  Value result = TRY(vm.call_special(v, Special::Float, {}, &found));
  if (found) {
    if (is_float(result)) {
      TRY(warn_strict_subclass(vm, to_utf8(vm.type_of(v)->name) + ".__float__", BuiltinType::Float,
                               result));
      return as_float(result);
    }
    return vm.raise(Exc::TypeError, "{}.__float__ returned non-float (type {})", vm.type_of(v),
                    vm.type_of(result));
  }
  if (type_special(vm, vm.type_of(v), Special::Index).is_empty())
    return vm.raise(Exc::TypeError, "must be real number, not {}", vm.type_of(v));
  return int_to_double(vm, TRY(to_index(vm, v)));
}

// --- operators ---

namespace {

Error division_by_zero(VM& vm, BinaryOp op) {
  return vm.raise(Exc::ZeroDivisionError, op == BinaryOp::TrueDivide ? "division by zero"
                                          : op == BinaryOp::Modulo
                                              ? "integer modulo by zero"
                                              : "integer division or modulo by zero");
}

Result<Value> int_divide_binary(VM& vm, BinaryOp op, Value a, Value b) {
  if (int_sign(b) == 0) return division_by_zero(vm, op);
  if (op == BinaryOp::TrueDivide) return make_float(vm, TRY(int_true_divide(vm, a, b)));
  Value quotient, remainder;
  bool want_quotient = op != BinaryOp::Modulo, want_remainder = op != BinaryOp::FloorDivide;
  TRY(int_divide(vm, a, b, want_quotient ? &quotient : nullptr,
                 want_remainder ? &remainder : nullptr));
  if (op == BinaryOp::FloorDivide) return quotient;
  if (op == BinaryOp::Modulo) return remainder;
  Value pair[2] = {quotient, remainder};
  return make_tuple(vm, pair);
}

Result<Value> int_power_binary(VM& vm, Value a, Value b) {
  if (int_sign(b) >= 0) return int_power(vm, a, b);
  double base = TRY(int_to_double(vm, a)), exponent = TRY(int_to_double(vm, b));
  return make_float(vm, TRY(float_power(vm, base, exponent)));
}

Value plain(Value v) { return v.is_bool() ? Value::small_int(v.is_true()) : v; }

Result<Value> int_binary(VM& vm, BinaryOp op, Value a, Value b) {
  a = plain(a);
  b = plain(b);
  switch (op) {
    case BinaryOp::Add:
      return int_add(vm, a, b);
    case BinaryOp::Subtract:
      return int_subtract(vm, a, b);
    case BinaryOp::Multiply:
      return int_multiply(vm, a, b);
    case BinaryOp::TrueDivide:
    case BinaryOp::FloorDivide:
    case BinaryOp::Modulo:
    case BinaryOp::DivMod:
      return int_divide_binary(vm, op, a, b);
    case BinaryOp::Power:
      return int_power_binary(vm, a, b);
    case BinaryOp::LeftShift:
      return int_shift_left(vm, a, b);
    case BinaryOp::RightShift:
      return int_shift_right(vm, a, b);
    case BinaryOp::BitAnd:
    case BinaryOp::BitOr:
    case BinaryOp::BitXor:
      return int_bitwise(vm, op, a, b);
    case BinaryOp::MatrixMultiply:
      break;
  }
  return Value::not_implemented();
}

bool is_bitwise(BinaryOp op) {
  return op == BinaryOp::BitAnd || op == BinaryOp::BitOr || op == BinaryOp::BitXor;
}
bool is_real(Value v) { return is_float(v) || is_int(v); }
bool is_number(Value v) { return is_real(v) || is_kind(v, CellKind::Complex); }
bool is_arithmetic(BinaryOp op) { return op <= BinaryOp::Power || op == BinaryOp::DivMod; }

}  // namespace

Result<Value> number_binary(VM& vm, BinaryOp op, Value a, Value b) {
  if (is_int(a) && is_int(b)) {
    if (a.is_bool() && b.is_bool() && is_bitwise(op)) {
      bool x = a.is_true(), y = b.is_true();
      return Value::boolean(op == BinaryOp::BitAnd  ? x && y
                            : op == BinaryOp::BitOr ? x || y
                                                    : x != y);
    }
    return int_binary(vm, op, a, b);
  }
  if (!is_arithmetic(op) || op == BinaryOp::MatrixMultiply) return Value::not_implemented();
  if (is_real(a) && is_real(b)) {
    double x = is_float(a) ? as_float(a) : TRY(int_to_double(vm, a));
    double y = is_float(b) ? as_float(b) : TRY(int_to_double(vm, b));
    return float_binary(vm, op, x, y);
  }
  if (!is_number(a) || !is_number(b)) return Value::not_implemented();
  ComplexNumber x, y;
  TRY(complex_from_number(vm, a, &x));
  TRY(complex_from_number(vm, b, &y));
  return complex_binary(vm, op, x, y);
}

Result<Value> number_power(VM& vm, Value base, Value exponent, Value modulus) {
  if (modulus.is_none()) return number_binary(vm, BinaryOp::Power, base, exponent);
  if (is_int(base) && is_int(exponent) && is_int(modulus))
    return int_power_modulo(vm, plain(base), plain(exponent), plain(modulus));
  if (!is_number(base) || !is_number(exponent)) return Value::not_implemented();
  if (is_kind(base, CellKind::Complex) || is_kind(exponent, CellKind::Complex) ||
      is_kind(modulus, CellKind::Complex))
    return vm.raise(Exc::ValueError, "complex modulo");
  return vm.raise(Exc::TypeError,
                  "pow() 3rd argument not allowed unless all arguments are integers");
}

// --- comparison, hash ---

namespace {

bool holds(CompareOp op, int order) {
  switch (op) {
    case CompareOp::Less:
      return order < 0;
    case CompareOp::LessEqual:
      return order <= 0;
    case CompareOp::Equal:
      return order == 0;
    case CompareOp::NotEqual:
      return order != 0;
    case CompareOp::Greater:
      return order > 0;
    case CompareOp::GreaterEqual:
      return order >= 0;
  }
  return false;
}

/// -1, 0, 1, or 2 when unordered (NaN). Both are int or float.
int compare_reals(Value a, Value b) {
  if (is_int(a)) {
    if (is_int(b)) return int_compare(a, b);
    double y = as_float(b);
    return std::isnan(y) ? 2 : int_compare_double(a, y);
  }
  double x = as_float(a);
  if (std::isnan(x)) return 2;
  if (is_int(b)) return -int_compare_double(b, x);
  double y = as_float(b);
  return std::isnan(y) ? 2 : x < y ? -1 : x > y;
}

bool complex_equal(Value a, Value b) {
  if (!is_kind(a, CellKind::Complex)) std::swap(a, b);
  const Complex* z = as<Complex>(a);
  if (const Complex* other = try_as<Complex>(b))
    return z->real == other->real && z->imaginary == other->imaginary;
  if (z->imaginary != 0 || std::isnan(z->real)) return false;
  if (is_float(b)) return z->real == as_float(b);
  return int_compare_double(b, z->real) == 0;
}

}  // namespace

Result<Value> number_compare(VM&, CompareOp op, Value a, Value b) {
  if (is_real(a) && is_real(b)) {
    int order = compare_reals(a, b);
    return Value::boolean(order == 2 ? op == CompareOp::NotEqual : holds(op, order));
  }
  bool equality = op == CompareOp::Equal || op == CompareOp::NotEqual;
  if (!equality || !is_number(a) || !is_number(b)) return Value::not_implemented();
  return Value::boolean(complex_equal(a, b) == (op == CompareOp::Equal));
}

namespace {

int64_t hash_int(const IntParts& parts) {
  constexpr uint64_t kModulus = (uint64_t{1} << 61) - 1;
  uint64_t hash = 0;
  for (uint64_t i = parts.size; i-- > 0;) {
    // 2**64 is 8 modulo 2**61 - 1.
    auto wide = static_cast<unsigned __int128>(hash) * 8 + parts.limbs()[i];
    hash = static_cast<uint64_t>(wide % kModulus);
  }
  auto result = parts.negative ? -static_cast<int64_t>(hash) : static_cast<int64_t>(hash);
  return result == -1 ? -2 : result;
}

}  // namespace

int64_t number_hash(Value v) {
  if (v.is_small_int()) {
    int64_t i = v.as_small_int();
    constexpr int64_t kModulus = (int64_t{1} << 61) - 1;
    if (i > -kModulus && i < kModulus) [[likely]]
      return i == -1 ? -2 : i;
  }
  if (is_int(v)) return hash_int(IntParts(v));
  if (is_float(v)) {
    double d = as_float(v);
    // Two NaNs are different, so their hashes should be: the address.
    if (std::isnan(d)) return static_cast<int64_t>(std::rotr(v.bits(), 4));
    return hash_double(d);
  }
  return complex_hash(as<Complex>(v));
}

}  // namespace apy
