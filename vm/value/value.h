#pragma once
// Value: every script value in one 64-bit word.
//
//   ......1   small integer, 63 bit two's complement, `word >> 1`
//   .....10   double whose exponent lies in [-255, 256], encoded in the word (see below)
//   ....000   pointer to a heap cell (never null)
//   ....100   the constants None, NotImplemented, False, True, Ellipsis
//   0         empty: "no value" (unbound local, absent argument, failed Result). Never visible to
//   scripts.
//
// Doubles: adding 256 to the biased exponent moves the exponents around 1.0 into the range whose
// top two bits are `10`; rotating left by three brings sign and those two bits to the bottom,
// giving the tag. Decoding is a rotate and a subtraction. Other doubles (zero, denormals, huge,
// inf, nan) live in a FloatCell.
//
// Empty is the all-zero word, so that zeroed memory is a valid array of values and a Result test is
// one instruction; the price is that `is_cell` excludes zero. Hot code that knows that a value is
// present uses `is_cell_or_empty`.
#include <bit>
#include <cstdint>

namespace apy {

struct Cell;

class Value {
 public:
  constexpr Value() = default;

  static constexpr Value from_bits(uint64_t bits) { return Value(bits); }
  static constexpr Value none() { return Value(0x04); }
  static constexpr Value not_implemented() { return Value(0x0C); }
  static constexpr Value ellipsis() { return Value(0x24); }
  static constexpr Value boolean(bool b) { return Value(kFalseBits | (uint64_t{b} << 3)); }
  static constexpr Value empty() { return Value(); }

  static constexpr int64_t kMaxSmallInt = (int64_t{1} << 62) - 1;
  static constexpr int64_t kMinSmallInt = -(int64_t{1} << 62);
  static constexpr bool fits_small_int(int64_t i) { return i >= kMinSmallInt && i <= kMaxSmallInt; }
  /// `i` must fit (see fits_small_int); use VM-level make_int where it may not.
  static constexpr Value small_int(int64_t i) { return Value((static_cast<uint64_t>(i) << 1) | 1); }

  Value(const Cell* cell) : bits_(reinterpret_cast<uint64_t>(cell)) {}

  constexpr uint64_t bits() const { return bits_; }
  constexpr bool is_empty() const { return bits_ == 0; }
  constexpr explicit operator bool() const = delete;
  constexpr bool is(Value other) const { return bits_ == other.bits_; }
  constexpr bool operator==(Value other) const { return bits_ == other.bits_; }

  constexpr bool is_none() const { return bits_ == 0x04; }
  constexpr bool is_not_implemented() const { return bits_ == 0x0C; }
  constexpr bool is_ellipsis() const { return bits_ == 0x24; }
  constexpr bool is_bool() const { return (bits_ & ~uint64_t{8}) == kFalseBits; }
  constexpr bool is_true() const { return bits_ == (kFalseBits | 8); }
  constexpr bool is_false() const { return bits_ == kFalseBits; }
  constexpr bool as_bool() const { return is_true(); }

  constexpr bool is_small_int() const { return bits_ & 1; }
  constexpr int64_t as_small_int() const { return static_cast<int64_t>(bits_) >> 1; }
  static constexpr bool both_small_int(Value a, Value b) { return a.bits_ & b.bits_ & 1; }

  /// A double held in the word itself; see FloatCell for the others.
  constexpr bool is_inline_float() const { return (bits_ & 3) == 2; }
  static constexpr bool both_inline_float(Value a, Value b) {
    return (((a.bits_ - 2) | (b.bits_ - 2)) & 3) == 0;
  }
  double as_inline_float() const {
    return std::bit_cast<double>(std::rotr(bits_, 3) - kExponentShift);
  }
  /// The word for `d`, or empty when `d` needs a FloatCell.
  static Value try_inline_float(double d) {
    Value word = float_word(d);
    return word.is_inline_float() ? word : Value();
  }
  /// The word for `d` if is_inline_float() says that it is one; else meaningless. Where that is
  /// asked anyway, it takes one test less than try_inline_float.
  static Value float_word(double d) {
    return Value(std::rotl(std::bit_cast<uint64_t>(d) + kExponentShift, 3));
  }

  constexpr bool is_cell() const { return (bits_ & 7) == 0 && bits_ != 0; }
  constexpr bool is_cell_or_empty() const { return (bits_ & 7) == 0; }
  Cell* cell() const { return reinterpret_cast<Cell*>(bits_); }

 private:
  static constexpr uint64_t kFalseBits = 0x14;
  static constexpr uint64_t kExponentShift = uint64_t{256} << 52;
  constexpr explicit Value(uint64_t bits) : bits_(bits) {}

  uint64_t bits_ = 0;
};

static_assert(sizeof(Value) == 8);

}  // namespace apy
