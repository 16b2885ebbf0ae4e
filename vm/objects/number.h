#pragma once
// Numbers: small ints and most floats live in the Value; BigInt, FloatCell and Complex are cells.
#include <string>
#include <string_view>

#include "vm/gc/heap.h"
#include "vm/objects/special.h"

namespace apy {

class VM;

/// A double outside the range that Value encodes.
struct FloatCell : Cell {
  static constexpr CellKind kKind = CellKind::FloatCell;
  double value;
  void trace(Visitor&) const {}
};

/// An integer outside the small range (or an instance of an int subclass, any size). Sign and
/// magnitude; GMP limbs, least significant first, no leading zero limbs. Also instances of script
/// subclasses of int.
struct BigInt : Cell {
  static constexpr CellKind kKind = CellKind::BigInt;
  static constexpr uint16_t kNegative = 1;  // in aux
  uint64_t size;                            // limbs
  bool is_negative() const { return aux & kNegative; }
  const uint64_t* limbs() const { return reinterpret_cast<const uint64_t*>(this + 1); }
  uint64_t* limbs() { return reinterpret_cast<uint64_t*>(this + 1); }
  void trace(Visitor&) const {}
};

struct Complex : Cell {
  static constexpr CellKind kKind = CellKind::Complex;
  double real, imaginary;
  void trace(Visitor&) const {}
};

/// True for small ints, bools, BigInt.
inline bool is_int(Value v) {
  return v.is_small_int() || is_kind(v, CellKind::BigInt) || v.is_bool();
}
inline bool is_float(Value v) { return v.is_inline_float() || is_kind(v, CellKind::FloatCell); }
/// `v` is a float.
inline double as_float(Value v) {
  return v.is_inline_float() ? v.as_inline_float() : as<FloatCell>(v)->value;
}

Result<Value> make_int(VM& vm, int64_t i);
Result<Value> make_int_unsigned(VM& vm, uint64_t i);
Result<Value> make_float_slow(VM& vm, double d);
inline Result<Value> make_float(VM& vm, double d) {
  Value v = Value::try_inline_float(d);
  return v.is_empty() ? make_float_slow(vm, d) : Result<Value>(v);
}
/// Digits of `base` (2..36), optional sign; underscores allowed between digits. Empty text or a
/// wrong digit: ValueError worded as int() does. The limit of 4300 digits applies to bases that are
/// not powers of two.
Result<Value> parse_int(VM& vm, std::string_view text, int base);
/// Like float(str): ValueError when malformed.
Result<Value> parse_float(VM& vm, std::string_view text);
/// repr() of a float: shortest digits that round-trip.
std::string float_repr(double d);
/// Decimal (or other base, lower case, without prefix) digits of an int; ValueError above the digit
/// limit for base 10.
Result<std::string> int_to_string(VM& vm, Value integer, int base = 10);

/// `v` through `__index__`: TypeError "'X' object cannot be interpreted as an integer".
Result<Value> to_index(VM& vm, Value v);
/// Same, as int64; OverflowError (or IndexError wording by the caller) when it does not fit.
Result<int64_t> to_int64(VM& vm, Value v);
/// Same, clamped into the int64 range (slices, counts).
Result<int64_t> to_int64_clamped(VM& vm, Value v);
/// Value of an int (also bool) as int64 if it fits.
bool fits_int64(Value integer, int64_t* out);
/// float(v) for numbers and objects with __float__/__index__: TypeError "must be real number, not
/// X".
Result<double> to_double(VM& vm, Value v);

/// Arithmetic on two numbers of the builtin numeric types; NotImplemented when an operand is no
/// number.
Result<Value> number_binary(VM& vm, BinaryOp op, Value a, Value b);
Result<Value> number_power(VM& vm, Value base, Value exponent, Value modulus_or_none);
/// Comparison of builtin numbers (int/float/bool exactly, without rounding); NotImplemented for
/// others.
Result<Value> number_compare(VM& vm, CompareOp op, Value a, Value b);
/// Hash as CPython's: modulo 2**61-1, equal for equal numbers of all types.
int64_t number_hash(Value v);

}  // namespace apy
