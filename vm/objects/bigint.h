#pragma once
// Arithmetic on ints of any size. Every Value here is an int (small int, bool, BigInt); every
// result is exact `int`.
//
// A result that fits is a small int, so a BigInt of exactly the type int is always outside the
// small range; an instance of a script subclass is a BigInt of any size, also of zero limbs.
#include "vm/objects/number.h"
#include "vm/objects/str.h"

namespace apy {

struct Type;

/// Sign and magnitude of an int: limbs least significant first, no leading zero limb; zero has
/// none.
class IntParts {
 public:
  explicit IntParts(Value integer);
  explicit IntParts(int64_t i);
  const uint64_t* limbs() const { return cell_ ? cell_->limbs() : &word_; }
  uint64_t size = 0;
  bool negative = false;

 private:
  const BigInt* cell_ = nullptr;
  uint64_t word_ = 0;
};

/// Limbs for the time of one operation: on the native stack when few, else counted by the heap.
/// Only as a local.
class LimbScratch {
 public:
  explicit LimbScratch(VM& vm) : vm_(vm) {}
  LimbScratch(const LimbScratch&) = delete;
  ~LimbScratch();
  /// At least one limb, contents undefined; MemoryError. Call once.
  Result<uint64_t*> allocate(uint64_t limbs);

 private:
  static constexpr size_t kInline = 24;
  VM& vm_;
  ByteStorage* storage_ = nullptr;
  uint64_t inline_[kInline];
};

/// Longest magnitude; anything longer is a MemoryError.
constexpr uint64_t kMaxLimbs = uint64_t{1} << 28;

/// Zeroed, to be filled and given to finish_int.
Result<BigInt*> make_big_int(VM& vm, uint64_t limbs);
/// The int with the first `limbs` limbs of `cell` (leading zeros allowed); a small int if it fits.
Value finish_int(BigInt* cell, uint64_t limbs, bool negative);
Result<Value> int_from_limbs(VM& vm, const uint64_t* limbs, uint64_t count, bool negative);
/// `d` finite; truncated.
Result<Value> int_from_double(VM& vm, double d);
Result<Value> int_from_int128(VM& vm, __int128 i);
/// Exact int of any int.
Result<Value> int_exact(VM& vm, Value v);
/// `integer` as an instance of `cls`, int or a subclass of it.
Result<Value> int_as_class(VM& vm, Type* cls, Value integer);

int int_sign(Value v);
int int_compare(Value a, Value b);
/// Exact comparison with a double that is not a NaN.
int int_compare_double(Value a, double b);
/// Bits of the magnitude.
uint64_t int_bit_length(Value v);
bool int_is_odd(Value v);

Result<Value> int_add(VM& vm, Value a, Value b);
Result<Value> int_subtract(VM& vm, Value a, Value b);
Result<Value> int_multiply(VM& vm, Value a, Value b);
/// Floor semantics; either pointer may be null. `b` is not zero.
Result<void> int_divide(VM& vm, Value a, Value b, Value* quotient, Value* remainder);
/// Correctly rounded. OverflowError "integer division result too large for a float". `b` is not
/// zero.
Result<double> int_true_divide(VM& vm, Value a, Value b);
/// ValueError "negative shift count"; OverflowError "too many digits in integer".
Result<Value> int_shift_left(VM& vm, Value a, Value count);
Result<Value> int_shift_right(VM& vm, Value a, Value count);
Result<Value> int_bitwise(VM& vm, BinaryOp op, Value a, Value b);
Result<Value> int_negate(VM& vm, Value a);
Result<Value> int_invert(VM& vm, Value a);
Result<Value> int_absolute(VM& vm, Value a);
/// `exponent` >= 0.
Result<Value> int_power(VM& vm, Value base, Value exponent);
/// pow(base, exponent, modulus): ValueErrors for modulus 0 and for a base without inverse.
Result<Value> int_power_modulo(VM& vm, Value base, Value exponent, Value modulus);
Result<Value> int_gcd(VM& vm, Value a, Value b);
/// floor(sqrt(a)), `a` >= 0.
Result<Value> int_square_root(VM& vm, Value a);

/// OverflowError "int too large to convert to float".
Result<double> int_to_double(VM& vm, Value v);
/// A double in [0.5, 1) with the sign of `v`, *exponent such that v ~ result * 2**exponent; 0 gives
/// 0. Correctly rounded.
double int_to_double_scaled(Value v, int64_t* exponent);
/// magnitude * 2**exponent, correctly rounded half-even (the lowest bit of `magnitude` may stand
/// for lost bits if it has more than 55 bits); inf when too large.
double round_to_double(uint64_t magnitude, int64_t exponent);

/// The most digits that conversions between int and non-power-of-two text take; 0: no limit.
/// sys.set_int_max_str_digits.
int int_digit_limit(VM& vm);
void set_int_digit_limit(VM& vm, int limit);

/// int(text, base) for a str, with base 0 or 2..36: Unicode digits, white space, prefixes.
/// `original` is for the message.
Result<Value> int_from_str(VM& vm, Str* text, int base, Value original);
/// `text` with Unicode digits and white space as ASCII ones; other characters outside ASCII become
/// '?'.
std::string ascii_numeral(const Str* text);
Result<Value> int_from_bytes_text(VM& vm, std::string_view text, int base, Value original);

}  // namespace apy
