// Division of big integers and what is made of it: powers, modular powers, gcd, square root.
#include <gmp.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "vm/objects/bigint.h"
#include "vm/objects/vm.h"

namespace apy {

namespace {

mp_size_t signed_size(uint64_t n) { return static_cast<mp_size_t>(n); }

Value floor_quotient(int64_t a, int64_t b) {
  int64_t q = a / b;
  return Value::small_int(q - (a % b != 0 && (a < 0) != (b < 0)));
}
Value floor_remainder(int64_t a, int64_t b) {
  int64_t r = a % b;
  return Value::small_int(r != 0 && (r < 0) != (b < 0) ? r + b : r);
}

/// A GMP view of an int; valid while the int is.
class View {
 public:
  explicit View(const IntParts& parts) {
    mp_size_t n = signed_size(parts.size);
    mpz_roinit_n(z_, parts.limbs(), parts.negative ? -n : n);
  }
  mpz_srcptr get() const { return z_; }

 private:
  mpz_t z_;
};

/// A GMP integer of our own, for results.
class Temporary {
 public:
  Temporary() { mpz_init(z_); }
  Temporary(const Temporary&) = delete;
  ~Temporary() { mpz_clear(z_); }
  mpz_ptr get() { return z_; }
  Result<Value> to_int(VM& vm) {
    return int_from_limbs(vm, mpz_limbs_read(z_), mpz_size(z_), mpz_sgn(z_) < 0);
  }

 private:
  mpz_t z_;
};

}  // namespace

Result<void> int_divide(VM& vm, Value a, Value b, Value* quotient, Value* remainder) {
  if (Value::both_small_int(a, b)) {
    // The one quotient that is no small int is kMinSmallInt / -1.
    if (b.as_small_int() == -1) {
      if (quotient) *quotient = TRY(int_negate(vm, a));
      if (remainder) *remainder = Value::small_int(0);
      return {};
    }
    if (quotient) *quotient = floor_quotient(a.as_small_int(), b.as_small_int());
    if (remainder) *remainder = floor_remainder(a.as_small_int(), b.as_small_int());
    return {};
  }
  IntParts x(a), y(b);
  bool opposite = x.negative != y.negative;
  if (x.size < y.size) {  // |a| < |b|
    bool correct = opposite && x.size != 0;
    if (remainder) *remainder = correct ? TRY(int_add(vm, a, b)) : TRY(int_exact(vm, a));
    if (quotient) *quotient = Value::small_int(correct ? -1 : 0);
    return {};
  }
  if (x.size <= 2) {
    auto wide = [](const IntParts& parts) {
      uint64_t high = parts.size == 2 ? parts.limbs()[1] : 0;
      return static_cast<unsigned __int128>(high) << 64 | parts.limbs()[0];
    };
    auto q = wide(x) / wide(y), r = wide(x) % wide(y);
    if (opposite && r != 0) {
      ++q;  // no carry out: y is at least 2 here
      r = wide(y) - r;
    }
    auto to_int = [&vm](unsigned __int128 magnitude, bool negative) {
      uint64_t limbs[2] = {static_cast<uint64_t>(magnitude),
                           static_cast<uint64_t>(magnitude >> 64)};
      return int_from_limbs(vm, limbs, 2, negative);
    };
    if (quotient) *quotient = TRY(to_int(q, opposite));
    if (remainder) *remainder = TRY(to_int(r, y.negative));
    return {};
  }
  uint64_t quotient_size = x.size - y.size + 1;
  BigInt* q = TRY(make_big_int(vm, quotient_size + 1));
  BigInt* r = TRY(make_big_int(vm, y.size));
  mpn_tdiv_qr(q->limbs(), r->limbs(), 0, x.limbs(), signed_size(x.size), y.limbs(),
              signed_size(y.size));
  bool exact = mpn_zero_p(r->limbs(), signed_size(y.size));
  if (opposite && !exact) {
    q->limbs()[quotient_size] = mpn_add_1(q->limbs(), q->limbs(), signed_size(quotient_size), 1);
    mpn_sub_n(r->limbs(), y.limbs(), r->limbs(), signed_size(y.size));
  }
  if (quotient) *quotient = finish_int(q, quotient_size + 1, opposite);
  if (remainder) *remainder = finish_int(r, y.size, y.negative);
  return {};
}

Result<double> int_true_divide(VM& vm, Value a, Value b) {
  constexpr int64_t kExact = int64_t{1} << 53;
  int64_t x, y;
  if (fits_int64(a, &x) && fits_int64(b, &y) && x >= -kExact && x <= kExact && y >= -kExact &&
      y <= kExact)
    return static_cast<double>(x) / static_cast<double>(y);
  bool negative = (int_sign(a) < 0) != (int_sign(b) < 0);  // also of zero
  if (int_sign(a) == 0) return negative ? -0.0 : 0.0;
  // Scale the dividend so that the quotient has 62 to 64 bits; what is lost goes into the lowest
  // bit.
  int64_t shift =
      static_cast<int64_t>(int_bit_length(a)) - static_cast<int64_t>(int_bit_length(b)) - 63;
  Value dividend = TRY(int_absolute(vm, a)), divisor = TRY(int_absolute(vm, b));
  bool sticky = false;
  if (shift <= 0) {
    dividend = TRY(int_shift_left(vm, dividend, Value::small_int(-shift)));
  } else {
    Value kept = TRY(int_shift_right(vm, dividend, Value::small_int(shift)));
    sticky = int_compare(TRY(int_shift_left(vm, kept, Value::small_int(shift))), dividend) != 0;
    dividend = kept;
  }
  Value quotient, remainder;
  TRY(int_divide(vm, dividend, divisor, &quotient, &remainder));
  sticky |= int_sign(remainder) != 0;
  double result = round_to_double(IntParts(quotient).limbs()[0] | sticky, shift);
  if (std::isinf(result))
    return vm.raise(Exc::OverflowError, "integer division result too large for a float");
  return negative ? -result : result;
}

// --- powers ---

namespace {

/// base ** exponent of magnitudes, base of at least 2 bits and odd, by squaring from the top bit
/// down.
Result<Value> power_of_limbs(VM& vm, const uint64_t* base, uint64_t size, uint64_t exponent,
                             bool negative) {
  uint64_t bits = size * 64 - static_cast<uint64_t>(std::countl_zero(base[size - 1]));
  if (exponent > kMaxLimbs * 64 / bits) return vm.out_of_memory();
  uint64_t limit = bits * exponent / 64 + size + 2;
  BigInt* result = TRY(make_big_int(vm, limit));
  LimbScratch scratch(vm);
  uint64_t* from = TRY(scratch.allocate(limit));
  uint64_t* to = result->limbs();
  std::memcpy(to, base, size * 8);
  uint64_t n = size;
  auto trimmed = [](const uint64_t* p, uint64_t length) {
    return p[length - 1] == 0 ? length - 1 : length;
  };
  for (int bit = 62 - std::countl_zero(exponent); bit >= 0; --bit) {
    std::swap(from, to);
    mpn_sqr(to, from, signed_size(n));
    n = trimmed(to, 2 * n);
    if (exponent >> bit & 1) {
      std::swap(from, to);
      if (size == 1)
        to[n] = mpn_mul_1(to, from, signed_size(n), base[0]);
      else
        mpn_mul(to, from, signed_size(n), base, signed_size(size));
      n = trimmed(to, n + size);
    }
  }
  if (to != result->limbs()) std::memcpy(result->limbs(), to, n * 8);
  return finish_int(result, n, negative);
}

}  // namespace

Result<Value> int_power(VM& vm, Value base, Value exponent) {
  IntParts b(base), e(exponent);
  if (e.size == 0) return Value::small_int(1);
  if (b.size == 0) return Value::small_int(0);
  bool negative = b.negative && (e.limbs()[0] & 1);
  if (b.size == 1 && b.limbs()[0] == 1) return Value::small_int(negative ? -1 : 1);
  if (e.size > 1) return vm.out_of_memory();
  uint64_t n = e.limbs()[0];
  if (n == 1) return int_exact(vm, base);
  // base = odd * 2**twos, so powers of two and of ten cost little.
  uint64_t twos = mpn_scan1(b.limbs(), 0);
  if (n > kMaxLimbs * 64 / (twos + 1)) return vm.out_of_memory();
  Value odd_value = TRY(int_shift_right(vm, TRY(int_absolute(vm, base)),
                                        Value::small_int(static_cast<int64_t>(twos))));
  IntParts odd(odd_value);
  Value power = Value::small_int(negative ? -1 : 1);
  if (!odd_value.is(Value::small_int(1)))
    power = TRY(power_of_limbs(vm, odd.limbs(), odd.size, n, negative));
  return int_shift_left(vm, power, Value::small_int(static_cast<int64_t>(twos * n)));
}

Result<Value> int_power_modulo(VM& vm, Value base, Value exponent, Value modulus) {
  IntParts b(base), e(exponent), m(modulus);
  if (m.size == 0) return vm.raise(Exc::ValueError, "pow() 3rd argument cannot be 0");
  if (m.size == 1 && m.limbs()[0] == 1) return Value::small_int(0);
  Temporary result;
  View base_view(b), exponent_view(e), modulus_view(m);
  if (e.negative) {
    // mpz_powm would trap on a base without inverse.
    if (!mpz_invert(result.get(), base_view.get(), modulus_view.get()))
      return vm.raise(Exc::ValueError, "base is not invertible for the given modulus");
    Value positive = TRY(int_negate(vm, exponent));
    IntParts p(positive);
    View positive_view(p);
    mpz_powm(result.get(), result.get(), positive_view.get(), modulus_view.get());
  } else {
    mpz_powm(result.get(), base_view.get(), exponent_view.get(), modulus_view.get());
  }
  Value value = TRY(result.to_int(vm));
  if (m.negative && int_sign(value) != 0) return int_add(vm, value, modulus);
  return value;
}

Result<Value> int_gcd(VM& vm, Value a, Value b) {
  IntParts x(a), y(b);
  if (x.size <= 1 && y.size <= 1) {
    uint64_t p = x.size ? x.limbs()[0] : 0, q = y.size ? y.limbs()[0] : 0;
    while (q) {
      uint64_t r = p % q;
      p = q;
      q = r;
    }
    return make_int_unsigned(vm, p);
  }
  Temporary result;
  View left(x), right(y);
  mpz_gcd(result.get(), left.get(), right.get());
  return result.to_int(vm);
}

Result<Value> int_square_root(VM& vm, Value a) {
  IntParts parts(a);
  if (parts.size == 0) return Value::small_int(0);
  uint64_t size = (parts.size + 1) / 2;
  BigInt* root = TRY(make_big_int(vm, size));
  LimbScratch scratch(vm);
  uint64_t* remainder = TRY(scratch.allocate(parts.size));
  mpn_sqrtrem(root->limbs(), remainder, parts.limbs(), signed_size(parts.size));
  return finish_int(root, size, false);
}

// --- int and double ---

double round_to_double(uint64_t magnitude, int64_t exponent) {
  if (magnitude == 0) return 0;
  int zeros = std::countl_zero(magnitude);
  magnitude <<= zeros;
  exponent -= zeros;
  int64_t top = exponent + 63;  // exponent of the leading bit
  if (top > 1023) return HUGE_VAL;
  if (top < -1075) return 0;
  int64_t drop = top >= -1022 ? 11 : 11 + (-1022 - top);  // bits that do not fit: 11..64
  uint64_t kept = drop >= 64 ? 0 : magnitude >> drop;
  uint64_t lost = drop >= 64 ? magnitude : magnitude << (64 - drop);
  constexpr uint64_t kHalf = uint64_t{1} << 63;
  if (lost > kHalf || (lost == kHalf && (kept & 1))) ++kept;
  return std::ldexp(static_cast<double>(kept), static_cast<int>(exponent + drop));
}

namespace {
/// The top 64 bits of a magnitude of at least 64 bits, with what is below folded into the lowest.
uint64_t top_bits(const IntParts& parts) {
  const uint64_t* p = parts.limbs();
  uint64_t n = parts.size;
  int zeros = std::countl_zero(p[n - 1]);
  uint64_t top = p[n - 1] << zeros;
  uint64_t rest = 0;
  if (n > 1 && zeros) {
    top |= p[n - 2] >> (64 - zeros);
    rest = p[n - 2] << zeros;
  } else if (n > 1) {
    rest = p[n - 2];
  }
  for (uint64_t i = 0; i + 2 < n && !rest; ++i) rest = p[i];
  return top | (rest != 0);
}
}  // namespace

double int_to_double_scaled(Value v, int64_t* exponent) {
  IntParts parts(v);
  *exponent = 0;
  if (parts.size == 0) return 0;
  uint64_t bits = int_bit_length(v);
  int correction;
  double fraction = std::frexp(round_to_double(top_bits(parts), -64), &correction);
  *exponent = static_cast<int64_t>(bits) + correction;
  return parts.negative ? -fraction : fraction;
}

Result<double> int_to_double(VM& vm, Value v) {
  int64_t small;
  if (fits_int64(v, &small)) return static_cast<double>(small);
  uint64_t bits = int_bit_length(v);
  if (bits <= 1024) {
    IntParts parts(v);
    double d = round_to_double(top_bits(parts), static_cast<int64_t>(bits) - 64);
    if (!std::isinf(d)) return parts.negative ? -d : d;
  }
  return vm.raise(Exc::OverflowError, "int too large to convert to float");
}

Result<Value> int_from_double(VM& vm, double d) {
  if (d > -0x1p62 && d < 0x1p62) return Value::small_int(static_cast<int64_t>(d));
  int exponent;
  double fraction = std::frexp(d, &exponent);
  auto mantissa = static_cast<int64_t>(std::ldexp(fraction, 53));
  return int_shift_left(vm, Value::small_int(mantissa), Value::small_int(exponent - 53));
}

int int_compare_double(Value a, double b) {
  int sign = int_sign(a);
  if (std::isinf(b)) return b > 0 ? -1 : 1;
  int64_t small;
  if (fits_int64(a, &small) && b >= -0x1p63 && b < 0x1p63) {
    double whole = std::trunc(b);
    auto other = static_cast<int64_t>(whole);
    if (small != other) return small < other ? -1 : 1;
    return b == whole ? 0 : b > whole ? -1 : 1;
  }
  if ((b < 0) != (sign < 0)) return sign < 0 ? -1 : 1;
  // At least one is beyond 2**63. The double, if it has as many bits, is an integer.
  int exponent;
  double fraction = std::frexp(std::fabs(b), &exponent);
  auto bits = static_cast<int64_t>(int_bit_length(a));
  int order = bits < exponent ? -1 : bits > exponent;
  if (order == 0) {
    uint64_t left = top_bits(IntParts(a));
    auto right = static_cast<uint64_t>(std::ldexp(fraction, 53)) << 11;
    order = left < right ? -1 : left > right;
  }
  return sign < 0 ? -order : order;
}

}  // namespace apy
