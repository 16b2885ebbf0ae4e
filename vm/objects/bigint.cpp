// Integers of any size on GMP's mpn layer.
//
// Concepts. A BigInt is sign and magnitude; its limbs follow the header, so that an integer is one
// heap cell and a memory limit counts it. mpn works on plain limb arrays and never allocates
// results, which is why it is used and not mpz: the few mpz functions that have no mpn counterpart
// (modular power and inverse, gcd) get read-only views of our limbs and their temporary results are
// no larger than the operands.
//
// Invariants. finish_int is the only way out: it strips leading zero limbs and turns what fits into
// a small int, so equal ints of exact type have one representation. A BigInt never changes once it
// has been handed out.
//
// Rejected: limbs in a ByteStorage of their own (two cells per integer); two's complement storage
// (multiplication and division want magnitudes; bit operations convert on the fly).
#include "vm/objects/bigint.h"

#include <gmp.h>

#include <algorithm>
#include <cstring>

#include "vm/objects/indexing.h"
#include "vm/objects/vm.h"

namespace apy {

static_assert(sizeof(mp_limb_t) == 8 && std::is_same_v<mp_limb_t, uint64_t>);
static_assert(GMP_NUMB_BITS == 64);

IntParts::IntParts(int64_t i)
    : size(i != 0),
      negative(i < 0),
      word_(i < 0 ? -static_cast<uint64_t>(i) : static_cast<uint64_t>(i)) {}

IntParts::IntParts(Value v) {
  if (v.is_cell()) {
    cell_ = as<BigInt>(v);
    size = cell_->size;
    negative = cell_->is_negative();
  } else {
    *this = IntParts(v.is_small_int() ? v.as_small_int() : int64_t{v.is_true()});
  }
}

LimbScratch::~LimbScratch() {
  if (storage_) vm_.heap().free_storage(storage_);
}

Result<uint64_t*> LimbScratch::allocate(uint64_t limbs) {
  if (limbs <= kInline) return inline_;
  if (limbs > 2 * kMaxLimbs) return vm_.out_of_memory();
  storage_ = TRY(make_byte_storage(vm_, limbs * 8));
  return reinterpret_cast<uint64_t*>(storage_->data());
}

Result<BigInt*> make_big_int(VM& vm, uint64_t limbs) {
  if (limbs > kMaxLimbs) return vm.out_of_memory();
  return vm.allocate<BigInt>(BuiltinType::Int, sizeof(BigInt) + limbs * 8);
}

Value finish_int(BigInt* cell, uint64_t limbs, bool negative) {
  const uint64_t* p = cell->limbs();
  while (limbs > 0 && p[limbs - 1] == 0) --limbs;
  if (limbs == 0) return Value::small_int(0);
  if (limbs == 1) {
    uint64_t magnitude = p[0];
    if (magnitude <= static_cast<uint64_t>(Value::kMaxSmallInt) + negative)
      return Value::small_int(static_cast<int64_t>(negative ? -magnitude : magnitude));
  }
  cell->size = limbs;
  if (negative) cell->aux |= BigInt::kNegative;
  return cell;
}

Result<Value> int_from_limbs(VM& vm, const uint64_t* limbs, uint64_t count, bool negative) {
  while (count > 0 && limbs[count - 1] == 0) --count;
  if (count == 0) return Value::small_int(0);
  if (count == 1 && limbs[0] <= static_cast<uint64_t>(Value::kMaxSmallInt))
    return Value::small_int(negative ? -static_cast<int64_t>(limbs[0])
                                     : static_cast<int64_t>(limbs[0]));
  BigInt* cell = TRY(make_big_int(vm, count));
  std::memcpy(cell->limbs(), limbs, count * 8);
  return finish_int(cell, count, negative);
}

Result<Value> make_int(VM& vm, int64_t i) {
  if (Value::fits_small_int(i)) [[likely]]
    return Value::small_int(i);
  uint64_t magnitude = i < 0 ? -static_cast<uint64_t>(i) : static_cast<uint64_t>(i);
  return int_from_limbs(vm, &magnitude, 1, i < 0);
}

Result<Value> make_int_unsigned(VM& vm, uint64_t i) { return int_from_limbs(vm, &i, 1, false); }

Result<Value> int_from_int128(VM& vm, __int128 i) {
  if (i >= Value::kMinSmallInt && i <= Value::kMaxSmallInt)
    return Value::small_int(static_cast<int64_t>(i));
  auto magnitude = i < 0 ? -static_cast<unsigned __int128>(i) : static_cast<unsigned __int128>(i);
  uint64_t limbs[2] = {static_cast<uint64_t>(magnitude), static_cast<uint64_t>(magnitude >> 64)};
  return int_from_limbs(vm, limbs, 2, i < 0);
}

Result<Value> int_exact(VM& vm, Value v) {
  if (v.is_small_int() || is_exact(v, BuiltinType::Int)) return v;
  if (v.is_bool()) return Value::small_int(v.is_true());
  BigInt* cell = as<BigInt>(v);
  return int_from_limbs(vm, cell->limbs(), cell->size, cell->is_negative());
}

Result<Value> int_as_class(VM& vm, Type* cls, Value integer) {
  if (cls == vm.type(BuiltinType::Int)) return int_exact(vm, integer);
  IntParts parts(integer);
  auto* cell = static_cast<BigInt*>(
      TRY(allocate_variable_instance(vm, cls, sizeof(BigInt) + parts.size * 8)));
  cell->size = parts.size;
  if (parts.negative) cell->aux |= BigInt::kNegative;
  std::memcpy(cell->limbs(), parts.limbs(), parts.size * 8);
  return cell;
}

// --- questions ---

int int_sign(Value v) {
  IntParts parts(v);
  return parts.size == 0 ? 0 : parts.negative ? -1 : 1;
}

bool int_is_odd(Value v) {
  IntParts parts(v);
  return parts.size != 0 && (parts.limbs()[0] & 1);
}

uint64_t int_bit_length(Value v) {
  IntParts parts(v);
  if (parts.size == 0) return 0;
  return parts.size * 64 - static_cast<uint64_t>(std::countl_zero(parts.limbs()[parts.size - 1]));
}

namespace {

int compare_magnitudes(const IntParts& a, const IntParts& b) {
  if (a.size != b.size) return a.size < b.size ? -1 : 1;
  if (a.size == 0) return 0;
  return mpn_cmp(a.limbs(), b.limbs(), static_cast<mp_size_t>(a.size));
}

mp_size_t n_of(const IntParts& parts) { return static_cast<mp_size_t>(parts.size); }

}  // namespace

int int_compare(Value a, Value b) {
  if (Value::both_small_int(a, b)) {
    int64_t x = a.as_small_int(), y = b.as_small_int();
    return x < y ? -1 : x > y;
  }
  IntParts x(a), y(b);
  if (x.negative != y.negative) return x.negative ? -1 : 1;
  int order = compare_magnitudes(x, y);
  order = order < 0 ? -1 : order > 0;
  return x.negative ? -order : order;
}

bool fits_int64(Value v, int64_t* out) {
  if (v.is_small_int()) {
    *out = v.as_small_int();
    return true;
  }
  IntParts parts(v);
  if (parts.size > 1) return false;
  uint64_t magnitude = parts.size ? parts.limbs()[0] : 0;
  if (magnitude > static_cast<uint64_t>(INT64_MAX) + parts.negative) return false;
  *out = static_cast<int64_t>(parts.negative ? -magnitude : magnitude);
  return true;
}

// --- addition, multiplication ---

namespace {

/// The value of an int of at most two limbs, if it has fewer than 127 bits. Arithmetic on these
/// needs no limb arrays.
bool fits_int126(const IntParts& parts, __int128* out) {
  if (parts.size > 2) return false;
  uint64_t high = parts.size == 2 ? parts.limbs()[1] : 0;
  if (high >> 62) return false;
  uint64_t low = parts.size ? parts.limbs()[0] : 0;
  __int128 magnitude = static_cast<__int128>(high) << 64 | low;
  *out = parts.negative ? -magnitude : magnitude;
  return true;
}

/// a + b, b with the sign given.
Result<Value> add_signed(VM& vm, IntParts a, IntParts b, bool b_negative) {
  __int128 x, y;
  if (fits_int126(a, &x) && fits_int126(b, &y))
    return int_from_int128(vm, b.negative == b_negative ? x + y : x - y);
  bool same_sign = a.negative == b_negative;
  if (same_sign ? a.size < b.size : compare_magnitudes(a, b) < 0) {
    std::swap(a, b);
    a.negative = b_negative;
    b_negative = b.negative;
  }
  BigInt* sum = TRY(make_big_int(vm, a.size + 1));
  uint64_t* out = sum->limbs();
  if (a.size == 0) return Value::small_int(0);
  if (b.size == 0) {
    std::memcpy(out, a.limbs(), a.size * 8);
  } else if (a.negative == b_negative) {
    out[a.size] = mpn_add(out, a.limbs(), n_of(a), b.limbs(), n_of(b));
  } else {
    mpn_sub(out, a.limbs(), n_of(a), b.limbs(), n_of(b));
  }
  return finish_int(sum, a.size + 1, a.negative);
}

}  // namespace

Result<Value> int_add(VM& vm, Value a, Value b) {
  if (Value::both_small_int(a, b)) return make_int(vm, a.as_small_int() + b.as_small_int());
  IntParts right(b);
  return add_signed(vm, IntParts(a), right, right.negative);
}

Result<Value> int_subtract(VM& vm, Value a, Value b) {
  if (Value::both_small_int(a, b)) return make_int(vm, a.as_small_int() - b.as_small_int());
  IntParts right(b);
  return add_signed(vm, IntParts(a), right, !right.negative);
}

Result<Value> int_multiply(VM& vm, Value a, Value b) {
  if (Value::both_small_int(a, b))
    return int_from_int128(vm, static_cast<__int128>(a.as_small_int()) * b.as_small_int());
  IntParts x(a), y(b);
  if (x.size < y.size) std::swap(x, y);
  if (y.size == 0) return Value::small_int(0);
  if (x.size == 1) {
    auto wide = static_cast<unsigned __int128>(x.limbs()[0]) * y.limbs()[0];
    uint64_t limbs[2] = {static_cast<uint64_t>(wide), static_cast<uint64_t>(wide >> 64)};
    return int_from_limbs(vm, limbs, 2, x.negative != y.negative);
  }
  BigInt* product = TRY(make_big_int(vm, x.size + y.size));
  uint64_t* out = product->limbs();
  if (y.size == 1) {
    out[x.size] = mpn_mul_1(out, x.limbs(), n_of(x), y.limbs()[0]);
  } else if (x.size == y.size && x.limbs() == y.limbs()) {
    mpn_sqr(out, x.limbs(), n_of(x));
  } else {
    mpn_mul(out, x.limbs(), n_of(x), y.limbs(), n_of(y));
  }
  return finish_int(product, x.size + y.size, x.negative != y.negative);
}

Result<Value> int_negate(VM& vm, Value a) {
  if (a.is_small_int()) return make_int(vm, -a.as_small_int());
  IntParts parts(a);
  return int_from_limbs(vm, parts.limbs(), parts.size, !parts.negative);
}

Result<Value> int_absolute(VM& vm, Value a) {
  return int_sign(a) < 0 ? int_negate(vm, a) : int_exact(vm, a);
}

Result<Value> int_invert(VM& vm, Value a) {
  if (a.is_small_int()) return Value::small_int(~a.as_small_int());
  return int_subtract(vm, Value::small_int(-1), a);
}

// --- shifts ---

Result<Value> int_shift_left(VM& vm, Value a, Value count_value) {
  if (int_sign(count_value) < 0) return vm.raise(Exc::ValueError, "negative shift count");
  IntParts parts(a);
  if (parts.size == 0) return Value::small_int(0);
  int64_t bits;
  if (!fits_int64(count_value, &bits))
    return vm.raise(Exc::OverflowError, "too many digits in integer");
  uint64_t whole = static_cast<uint64_t>(bits) / 64;
  auto part = static_cast<unsigned>(bits % 64);
  if (whole > kMaxLimbs) return vm.out_of_memory();
  if (whole == 0 && parts.size == 1) {
    __int128 wide = static_cast<__int128>(parts.limbs()[0]) << part;
    if (wide > 0 && wide >> part == parts.limbs()[0])
      return int_from_int128(vm, parts.negative ? -wide : wide);
  }
  BigInt* result = TRY(make_big_int(vm, parts.size + whole + 1));
  uint64_t* out = result->limbs() + whole;
  if (part)
    out[parts.size] = mpn_lshift(out, parts.limbs(), n_of(parts), part);
  else
    std::memcpy(out, parts.limbs(), parts.size * 8);
  return finish_int(result, parts.size + whole + 1, parts.negative);
}

Result<Value> int_shift_right(VM& vm, Value a, Value count_value) {
  if (int_sign(count_value) < 0) return vm.raise(Exc::ValueError, "negative shift count");
  IntParts parts(a);
  int64_t bits;
  Value all_gone = Value::small_int(parts.negative ? -1 : 0);
  if (!fits_int64(count_value, &bits)) return all_gone;
  if (a.is_small_int()) return Value::small_int(a.as_small_int() >> std::min<int64_t>(bits, 63));
  uint64_t whole = static_cast<uint64_t>(bits) / 64;
  auto part = static_cast<unsigned>(bits % 64);
  if (whole >= parts.size) return all_gone;
  uint64_t size = parts.size - whole;
  BigInt* result = TRY(make_big_int(vm, size + 1));
  uint64_t* out = result->limbs();
  const uint64_t* in = parts.limbs();
  bool lost = false;
  for (uint64_t i = 0; i < whole && !lost; ++i) lost = in[i] != 0;
  if (part)
    lost |= mpn_rshift(out, in + whole, static_cast<mp_size_t>(size), part) != 0;
  else
    std::memcpy(out, in + whole, size * 8);
  // Rounding is towards minus infinity.
  if (parts.negative && lost) out[size] = mpn_add_1(out, out, static_cast<mp_size_t>(size), 1);
  return finish_int(result, size + 1, parts.negative);
}

// --- bits ---

namespace {

/// The limbs of the two's complement of an int, one after the other, without end.
class TwosComplement {
 public:
  explicit TwosComplement(const IntParts& parts) : parts_(parts) {}
  uint64_t next() {
    uint64_t limb = index_ < parts_.size ? parts_.limbs()[index_] : 0;
    ++index_;
    if (!parts_.negative) return limb;
    limb = ~limb + carry_;
    carry_ = carry_ && limb == 0;
    return limb;
  }

 private:
  const IntParts& parts_;
  uint64_t index_ = 0;
  uint64_t carry_ = 1;
};

uint64_t bitwise(BinaryOp op, uint64_t a, uint64_t b) {
  return op == BinaryOp::BitAnd ? a & b : op == BinaryOp::BitOr ? a | b : a ^ b;
}

}  // namespace

Result<Value> int_bitwise(VM& vm, BinaryOp op, Value a, Value b) {
  if (Value::both_small_int(a, b))
    return Value::small_int(static_cast<int64_t>(bitwise(
        op, static_cast<uint64_t>(a.as_small_int()), static_cast<uint64_t>(b.as_small_int()))));
  IntParts x(a), y(b);
  uint64_t size = std::max(x.size, y.size) + 1;
  if (op == BinaryOp::BitAnd && !x.negative && !y.negative) size = std::min(x.size, y.size);
  BigInt* result = TRY(make_big_int(vm, size));
  uint64_t* out = result->limbs();
  if (!x.negative && !y.negative) {
    if (x.size < y.size) std::swap(x, y);
    if (op == BinaryOp::BitAnd) {
      if (y.size) mpn_and_n(out, x.limbs(), y.limbs(), n_of(y));
      return finish_int(result, y.size, false);
    }
    if (y.size && op == BinaryOp::BitOr) mpn_ior_n(out, x.limbs(), y.limbs(), n_of(y));
    if (y.size && op == BinaryOp::BitXor) mpn_xor_n(out, x.limbs(), y.limbs(), n_of(y));
    std::memcpy(out + y.size, x.limbs() + y.size, (x.size - y.size) * 8);
    return finish_int(result, x.size, false);
  }
  TwosComplement left(x), right(y);
  for (uint64_t i = 0; i < size; ++i) {
    uint64_t limb = left.next();
    out[i] = bitwise(op, limb, right.next());
  }
  bool negative = bitwise(op, x.negative, y.negative);
  if (negative) mpn_neg(out, out, static_cast<mp_size_t>(size));
  return finish_int(result, size, negative);
}

}  // namespace apy
