// Number theory: factorial, combinations, gcd.
#include "stdlib/math/functions.h"
#include "vm/objects/bigint.h"

namespace apy::math {

namespace {

/// high * (high - 1) * ... , `count` factors; halves, so that the big products have factors of
/// equal size.
Result<Value> falling_product(VM& vm, Value high, uint64_t count) {
  if (count == 0) return Value::small_int(1);
  if (count <= 8) {
    Value product = high;
    for (uint64_t i = 1; i < count; ++i) {
      Value factor = TRY(int_subtract(vm, high, Value::small_int(static_cast<int64_t>(i))));
      product = TRY(int_multiply(vm, product, factor));
    }
    return product;
  }
  uint64_t half = count / 2;
  Value upper = TRY(falling_product(vm, high, half));
  Value below = TRY(int_subtract(vm, high, Value::small_int(static_cast<int64_t>(half))));
  Value lower = TRY(falling_product(vm, below, count - half));
  return int_multiply(vm, upper, lower);
}

Result<Value> non_negative(VM& vm, Value v, const char* name) {
  Value integer = TRY(to_index(vm, v));
  if (int_sign(integer) < 0)
    return vm.raise(Exc::ValueError, "{} must be a non-negative integer", name);
  return integer;
}

}  // namespace

Result<Value> factorial(VM& vm, Value v) {
  Value n = TRY(to_index(vm, v));
  if (int_sign(n) < 0)
    return vm.raise(Exc::ValueError, "factorial() not defined for negative values");
  int64_t count;
  if (!fits_int64(n, &count))
    return vm.raise(Exc::OverflowError, "factorial() argument should not exceed {}", INT64_MAX);
  // Its logarithm is at least this many bits; do not start what cannot end.
  if (count > (int64_t{1} << 32)) return vm.out_of_memory();
  return falling_product(vm, n, static_cast<uint64_t>(count));
}

Result<Value> perm(VM& vm, Value v, Optional<Value> given) {
  if (!given.present || given.value.is_none()) return factorial(vm, v);
  Value n = TRY(to_index(vm, v));
  Value k = TRY(to_index(vm, given.value));
  n = TRY(non_negative(vm, n, "n"));
  k = TRY(non_negative(vm, k, "k"));
  if (int_compare(n, k) < 0) return Value::small_int(0);
  int64_t count;
  if (!fits_int64(k, &count))
    return vm.raise(Exc::OverflowError, "k must not exceed {}", INT64_MAX);
  if (count > (int64_t{1} << 32)) return vm.out_of_memory();
  return falling_product(vm, n, static_cast<uint64_t>(count));
}

Result<Value> comb(VM& vm, Value n_given, Value k_given) {
  Value n = TRY(to_index(vm, n_given));
  Value k = TRY(to_index(vm, k_given));
  n = TRY(non_negative(vm, n, "n"));
  k = TRY(non_negative(vm, k, "k"));
  Value rest = TRY(int_subtract(vm, n, k));
  if (int_sign(rest) < 0) return Value::small_int(0);
  if (int_compare(rest, k) < 0) k = rest;
  int64_t count;
  if (!fits_int64(k, &count))
    return vm.raise(Exc::OverflowError, "min(n - k, k) must not exceed {}", INT64_MAX);
  if (count > (int64_t{1} << 32)) return vm.out_of_memory();
  auto factors = static_cast<uint64_t>(count);
  Value above = TRY(falling_product(vm, n, factors));
  Value below = TRY(falling_product(vm, k, factors));
  Value result;
  TRY(int_divide(vm, above, below, &result, nullptr));
  return result;
}

Result<Value> isqrt(VM& vm, Value v) {
  Value n = TRY(to_index(vm, v));
  if (int_sign(n) < 0) return vm.raise(Exc::ValueError, "isqrt() argument must be nonnegative");
  return int_square_root(vm, n);
}

Result<Value> gcd(VM& vm, Rest integers) {
  Value result = Value::small_int(0);
  for (Value v : integers.values) {
    Value integer = TRY(to_index(vm, v));
    result = TRY(int_gcd(vm, result, integer));
  }
  return result;
}

Result<Value> lcm(VM& vm, Rest integers) {
  Value result = Value::small_int(1);
  for (Value v : integers.values) {
    Value integer = TRY(int_absolute(vm, TRY(to_index(vm, v))));
    Value divisor = TRY(int_gcd(vm, result, integer));
    if (int_sign(divisor) == 0 || int_sign(integer) == 0) {
      result = Value::small_int(0);
      continue;
    }
    Value share;
    TRY(int_divide(vm, result, divisor, &share, nullptr));
    result = TRY(int_multiply(vm, share, integer));
  }
  return result;
}

}  // namespace apy::math
