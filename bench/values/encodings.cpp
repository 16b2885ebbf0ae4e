// Self-tagged floats against NaN-boxing, in one small register machine.
//
// The engine's dispatch loop cannot be compiled with another encoding of values: too much rests on
// it. So the instructions that an encoding touches are here once more, with the tests that the
// engine makes (type of both operands, overflow of ints, floats that do not fit), as a template
// over the encoding. Three kernels are hand-compiled for it as the engine compiles them: mandelbrot
// (floats in registers), particles (floats in the slots of objects) and collatz (ints).
//
//   g++ -O2 -std=c++20 bench/values/encodings.cpp -o /tmp/encodings && /tmp/encodings
//
// prints nanoseconds for each executed instruction; docs/ARCHITECTURE.md has the figures.
#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>

namespace {

/// The engine's encoding: vm/value/value.h.
struct SelfTagged {
  static constexpr const char* kName = "self-tagged";
  static constexpr uint64_t kShift = uint64_t{256} << 52;
  static uint64_t from_int(int64_t i) { return static_cast<uint64_t>(i) << 1 | 1; }
  static bool both_int(uint64_t a, uint64_t b) { return a & b & 1; }
  static bool both_float(uint64_t a, uint64_t b) { return (((a - 2) | (b - 2)) & 3) == 0; }
  static int64_t as_int(uint64_t v) { return static_cast<int64_t>(v) >> 1; }
  static double as_float(uint64_t v) { return std::bit_cast<double>(std::rotr(v, 3) - kShift); }
  /// False: it needs a cell.
  static bool from_float(double d, uint64_t* out) {
    *out = std::rotl(std::bit_cast<uint64_t>(d) + kShift, 3);
    return (*out & 3) == 2;
  }
  static bool add(uint64_t a, uint64_t b, uint64_t* out) {
    return !__builtin_add_overflow(static_cast<int64_t>(a), static_cast<int64_t>(b - 1),
                                   reinterpret_cast<int64_t*>(out));
  }
  static bool multiply(uint64_t a, uint64_t b, uint64_t* out) {
    bool fits = !__builtin_mul_overflow(as_int(a), static_cast<int64_t>(b - 1),
                                        reinterpret_cast<int64_t*>(out));
    *out |= 1;
    return fits;
  }
  static bool less(uint64_t a, uint64_t b) {
    return static_cast<int64_t>(a) < static_cast<int64_t>(b);
  }
  static uint64_t from_pointer(void* p) { return reinterpret_cast<uint64_t>(p); }
  static bool is_pointer(uint64_t v) { return (v & 7) == 0; }
  static uint64_t* slots(uint64_t v) { return reinterpret_cast<uint64_t*>(v); }
};

/// Doubles shifted up by 2^48 * 2, ints of 48 bits with the top bits set, pointers with the top
/// bits clear.
struct NanBoxed {
  static constexpr const char* kName = "NaN-boxed";
  static constexpr uint64_t kOffset = uint64_t{2} << 48;
  static constexpr uint64_t kInts = uint64_t{0xFFFE} << 48;
  static constexpr int64_t kMaxInt = (int64_t{1} << 47) - 1;
  static uint64_t from_int(int64_t i) {
    return kInts | (static_cast<uint64_t>(i) & (kOffset / 2 - 1));
  }
  static bool is_int(uint64_t v) { return v >= kInts; }
  static bool both_int(uint64_t a, uint64_t b) { return (a & b) >= kInts; }
  static bool is_float(uint64_t v) { return v - kOffset < kInts - kOffset; }
  static bool both_float(uint64_t a, uint64_t b) { return is_float(a) & is_float(b); }
  static int64_t as_int(uint64_t v) { return static_cast<int64_t>(v << 16) >> 16; }
  static double as_float(uint64_t v) { return std::bit_cast<double>(v - kOffset); }
  static bool from_float(double d, uint64_t* out) {
    *out = d == d ? std::bit_cast<uint64_t>(d) + kOffset : 0x7FF8000000000000 + kOffset;
    return true;
  }
  static bool fits(int64_t i) {
    return static_cast<uint64_t>(i + kMaxInt + 1) <= 2 * uint64_t{kMaxInt} + 1;
  }
  static bool add(uint64_t a, uint64_t b, uint64_t* out) {
    int64_t sum = as_int(a) + as_int(b);
    *out = from_int(sum);
    return fits(sum);
  }
  static bool multiply(uint64_t a, uint64_t b, uint64_t* out) {
    int64_t product;
    bool overflow = __builtin_mul_overflow(as_int(a), as_int(b), &product);
    *out = from_int(product);
    return !overflow && fits(product);
  }
  static bool less(uint64_t a, uint64_t b) { return as_int(a) < as_int(b); }
  static uint64_t from_pointer(void* p) { return reinterpret_cast<uint64_t>(p); }
  static bool is_pointer(uint64_t v) { return v < kOffset; }
  static uint64_t* slots(uint64_t v) { return reinterpret_cast<uint64_t*>(v); }
};

enum Op : uint16_t {
  kAdd,
  kSub,
  kMul,
  kLoad,
  kStore,
  kJumpUnlessLess,
  kJump,
  kMove,
  kAddInt,
  kHalf,
  kJumpIfOdd,
  kEnd
};

struct Instruction {
  uint16_t op, a, b, c;
};

template <class V>
uint64_t run(const Instruction* i, uint64_t* r) {
  static const void* const kLabels[] = {
      &&add,  &&sub,  &&mul,     &&load, &&store,       &&jump_unless_less,
      &&jump, &&move, &&add_int, &&half, &&jump_if_odd, &&end};
  uint64_t executed = 0;
#define NEXT(n)           \
  do {                    \
    i += (n);             \
    ++executed;           \
    goto* kLabels[i->op]; \
  } while (0)
#define ARITHMETIC(label, int_operation, symbol)                                     \
  label : {                                                                          \
    uint64_t x = r[i->b], y = r[i->c], result;                                       \
    if (V::both_int(x, y)) {                                                         \
      if (!(int_operation)) std::abort();                                            \
      r[i->a] = result;                                                              \
      NEXT(1);                                                                       \
    }                                                                                \
    if (!V::both_float(x, y)) std::abort();                                          \
    if (!V::from_float(V::as_float(x) symbol V::as_float(y), &result)) std::abort(); \
    r[i->a] = result;                                                                \
    NEXT(1);                                                                         \
  }
  NEXT(0);
  ARITHMETIC(add, V::add(x, y, &result), +)
  ARITHMETIC(sub, V::add(x, V::from_int(-V::as_int(y)), &result), -)
  ARITHMETIC(mul, V::multiply(x, y, &result), *)
load:
  if (!V::is_pointer(r[i->b])) std::abort();
  r[i->a] = V::slots(r[i->b])[i->c];
  NEXT(1);
store:
  if (!V::is_pointer(r[i->b])) std::abort();
  V::slots(r[i->b])[i->c] = r[i->a];
  NEXT(1);
jump_unless_less : {
  uint64_t x = r[i->a], y = r[i->b];
  bool less;
  if (V::both_int(x, y))
    less = V::less(x, y);
  else if (V::both_float(x, y))
    less = V::as_float(x) < V::as_float(y);
  else
    std::abort();
  NEXT(less ? 1 : 1 + static_cast<int16_t>(i->c));
}
jump:
  NEXT(1 + static_cast<int16_t>(i->c));
move:
  r[i->a] = r[i->b];
  NEXT(1);
add_int : {
  uint64_t result;
  if (!V::both_int(r[i->b], r[i->b]) ||
      !V::add(r[i->b], V::from_int(static_cast<int16_t>(i->c)), &result))
    std::abort();
  r[i->a] = result;
  NEXT(1);
}
half:
  if (!V::both_int(r[i->b], r[i->b])) std::abort();
  r[i->a] = V::from_int(V::as_int(r[i->b]) >> 1);
  NEXT(1);
jump_if_odd:
  if (!V::both_int(r[i->a], r[i->a])) std::abort();
  NEXT(V::as_int(r[i->a]) & 1 ? 1 + static_cast<int16_t>(i->c) : 1);
end:
  return executed;
#undef NEXT
#undef ARITHMETIC
}

constexpr uint16_t back(int distance) { return static_cast<uint16_t>(-distance); }

template <class V>
uint64_t word(double d) {
  uint64_t result;
  if (!V::from_float(d, &result)) std::abort();
  return result;
}

/// i = 0; while i < n: x, y = x*x - y*y + c, 2*x*y + d; i += 1
template <class V>
uint64_t mandelbrot() {
  const Instruction code[] = {{kJumpUnlessLess, 0, 1, 11},
                              {kMul, 6, 2, 2},
                              {kMul, 7, 3, 3},
                              {kAdd, 8, 6, 7},
                              {kJumpUnlessLess, 8, 9, 7},
                              {kMul, 8, 10, 2},
                              {kMul, 8, 8, 3},
                              {kAdd, 3, 8, 5},
                              {kSub, 8, 6, 7},
                              {kAdd, 2, 8, 4},
                              {kAddInt, 0, 0, 1},
                              {kJump, 0, 0, back(12)},
                              {kEnd, 0, 0, 0}};
  uint64_t r[11] = {V::from_int(0),
                    V::from_int(5'000'000),
                    word<V>(0.1),
                    word<V>(0.2),
                    word<V>(-0.1),
                    word<V>(0.6),
                    0,
                    0,
                    0,
                    word<V>(4.0),
                    word<V>(2.0)};
  return run<V>(code, r);
}

/// for each step: p.x += p.vx * dt; p.vx -= p.x * k
template <class V>
uint64_t particles() {
  const Instruction code[] = {{kJumpUnlessLess, 0, 1, 11},
                              {kLoad, 5, 2, 0},
                              {kLoad, 6, 2, 1},
                              {kMul, 6, 6, 3},
                              {kAdd, 5, 5, 6},
                              {kStore, 5, 2, 0},
                              {kLoad, 6, 2, 1},
                              {kMul, 5, 5, 4},
                              {kSub, 6, 6, 5},
                              {kStore, 6, 2, 1},
                              {kAddInt, 0, 0, 1},
                              {kJump, 0, 0, back(12)},
                              {kEnd, 0, 0, 0}};
  static uint64_t object[2];
  object[0] = word<V>(1.0);
  object[1] = word<V>(0.5);
  uint64_t r[7] = {V::from_int(0), V::from_int(5'000'000), V::from_pointer(object), word<V>(1e-3),
                   word<V>(1e-3)};
  return run<V>(code, r);
}

/// for n in range(1, limit): while 1 < n: n = 3 * n + 1 if n & 1 else n >> 1
template <class V>
uint64_t collatz() {
  const Instruction code[] = {{kJumpUnlessLess, 0, 1, 10},
                              {kMove, 2, 0, 0},
                              {kJumpUnlessLess, 3, 2, 6},
                              {kJumpIfOdd, 2, 0, 2},
                              {kHalf, 2, 2, 0},
                              {kJump, 0, 0, back(4)},
                              {kMul, 2, 2, 4},
                              {kAdd, 2, 2, 3},
                              {kJump, 0, 0, back(7)},
                              {kAddInt, 0, 0, 1},
                              {kJump, 0, 0, back(11)},
                              {kEnd, 0, 0, 0}};
  uint64_t r[5] = {V::from_int(1), V::from_int(100'000), 0, V::from_int(1), V::from_int(3)};
  return run<V>(code, r);
}

/// CPU time for each instruction, the least of some passes.
double nanoseconds(uint64_t (*kernel)()) {
  double best = 1e9;
  for (int pass = 0; pass < 9; ++pass) {
    std::clock_t start = std::clock();
    uint64_t executed = kernel();
    double time = static_cast<double>(std::clock() - start) * 1e9 / CLOCKS_PER_SEC;
    best = std::min(best, time / static_cast<double>(executed));
  }
  return best;
}

}  // namespace

int main() {
  struct Row {
    const char* name;
    uint64_t (*self_tagged)();
    uint64_t (*nan_boxed)();
  };
  const Row rows[] = {{"mandelbrot", mandelbrot<SelfTagged>, mandelbrot<NanBoxed>},
                      {"particles", particles<SelfTagged>, particles<NanBoxed>},
                      {"collatz", collatz<SelfTagged>, collatz<NanBoxed>}};
  std::printf("%-12s %12s %12s  ns for each instruction\n", "", SelfTagged::kName, NanBoxed::kName);
  for (const Row& row : rows)
    std::printf("%-12s %12.2f %12.2f\n", row.name, nanoseconds(row.self_tagged),
                nanoseconds(row.nan_boxed));
}
