// Big integers against GMP's own integers, and what scripts cannot see: canonical form and memory
// limits.
#include "vm/objects/bigint.h"

#include <gmp.h>

#include <random>

#include "tests/unit/objects/test_vm.h"

using namespace apy;

namespace {

class Reference {
 public:
  Reference() { mpz_init(z); }
  explicit Reference(const std::string& digits) { mpz_init_set_str(z, digits.c_str(), 16); }
  Reference(const Reference&) = delete;
  ~Reference() { mpz_clear(z); }
  std::string text() const {
    char* digits = mpz_get_str(nullptr, 16, z);
    std::string text = digits;
    std::free(digits);
    return text;
  }
  mpz_t z;
};

/// Hexadecimal digits with runs of 0 and f, since carries live there.
std::string random_digits(std::mt19937& random) {
  size_t length = 1 + random() % (random() % 8 == 0 ? 400 : 40);
  std::string text;
  while (text.size() < length) {
    switch (random() % 4) {
      case 0:
        text.append(random() % 20 + 1, '0');
        break;
      case 1:
        text.append(random() % 20 + 1, 'f');
        break;
      default:
        text += "0123456789abcdef"[random() % 16];
    }
  }
  return (random() % 2 ? "-1" : "1") + text;
}

std::string text_of(VM& vm, Value v) { return must(int_to_string(vm, v, 16)); }

bool is_canonical(Value v) {
  if (v.is_small_int()) return true;
  const BigInt* cell = as<BigInt>(v);
  int64_t i;
  return cell->size > 0 && cell->limbs()[cell->size - 1] != 0 &&
         !(fits_int64(v, &i) && Value::fits_small_int(i));
}

}  // namespace

TEST_CASE("arithmetic agrees with GMP's integers") {
  TestVm test;
  VM& vm = test.vm;
  std::mt19937 random(7);
  for (int round = 0; round < 2000; ++round) {
    std::string left = random_digits(random), right = random_digits(random);
    Value a = must(parse_int(vm, left, 16)), b = must(parse_int(vm, right, 16));
    Reference x(left), y(right), expected, rest;
    CAPTURE(left);
    CAPTURE(right);
    auto check = [&](Value v) {
      CHECK(text_of(vm, v) == expected.text());
      CHECK(is_canonical(v));
    };
    mpz_add(expected.z, x.z, y.z);
    check(must(int_add(vm, a, b)));
    mpz_sub(expected.z, x.z, y.z);
    check(must(int_subtract(vm, a, b)));
    mpz_mul(expected.z, x.z, y.z);
    check(must(int_multiply(vm, a, b)));
    mpz_and(expected.z, x.z, y.z);
    check(must(int_bitwise(vm, BinaryOp::BitAnd, a, b)));
    mpz_ior(expected.z, x.z, y.z);
    check(must(int_bitwise(vm, BinaryOp::BitOr, a, b)));
    mpz_xor(expected.z, x.z, y.z);
    check(must(int_bitwise(vm, BinaryOp::BitXor, a, b)));
    mpz_gcd(expected.z, x.z, y.z);
    check(must(int_gcd(vm, a, b)));
    Value quotient, remainder;
    REQUIRE(int_divide(vm, a, b, &quotient, &remainder).is_ok());
    mpz_fdiv_qr(expected.z, rest.z, x.z, y.z);
    check(quotient);
    CHECK(text_of(vm, remainder) == rest.text());
    unsigned shift = random() % 200;
    mpz_fdiv_q_2exp(expected.z, x.z, shift);
    check(must(int_shift_right(vm, a, Value::small_int(shift))));
    mpz_mul_2exp(expected.z, x.z, shift);
    check(must(int_shift_left(vm, a, Value::small_int(shift))));
    mpz_pow_ui(expected.z, x.z, shift % 12);
    check(must(int_power(vm, a, Value::small_int(shift % 12))));
    mpz_abs(x.z, x.z);
    mpz_sqrt(expected.z, x.z);
    check(must(int_square_root(vm, must(int_absolute(vm, a)))));
    CHECK((int_compare(a, b) < 0) ==
          (must(int_subtract(vm, a, b)).is_small_int()
               ? int_sign(must(int_subtract(vm, a, b))) < 0
               : as<BigInt>(must(int_subtract(vm, a, b)))->is_negative()));
  }
}

TEST_CASE("the ends of the small range") {
  TestVm test;
  VM& vm = test.vm;
  Value most = Value::small_int(Value::kMaxSmallInt), least = Value::small_int(Value::kMinSmallInt);
  Value one = Value::small_int(1);
  Value above = must(int_add(vm, most, one)), below = must(int_subtract(vm, least, one));
  CHECK(above.is_cell());
  CHECK(below.is_cell());
  CHECK(must(int_subtract(vm, above, one)) == most);
  CHECK(must(int_add(vm, below, one)) == least);
  CHECK(must(int_negate(vm, above)) == least);
  CHECK(int_compare(must(int_negate(vm, least)), above) == 0);
  Value quotient;
  REQUIRE(int_divide(vm, least, Value::small_int(-1), &quotient, nullptr).is_ok());
  CHECK(int_compare(quotient, above) == 0);
}

TEST_CASE("integers obey the memory limit") {
  TestVm test;
  VM& vm = test.vm;
  vm.heap().set_memory_limit(vm.heap().bytes_in_use() + (1 << 20));
  Value one = Value::small_int(1), big = must(int_shift_left(vm, one, Value::small_int(1 << 20)));
  CHECK(int_shift_left(vm, one, Value::small_int(int64_t{1} << 40)).is_error());
  CHECK(vm.catch_pending(Exc::MemoryError));
  CHECK(int_power(vm, big, Value::small_int(1000)).is_error());
  CHECK(vm.catch_pending(Exc::MemoryError));
  CHECK(
      int_power(vm, Value::small_int(3), must(int_power(vm, big, Value::small_int(2)))).is_error());
  CHECK(vm.catch_pending(Exc::MemoryError));
}

TEST_CASE("rounding to a double") {
  CHECK(round_to_double(1, 0) == 1.0);
  CHECK(round_to_double((uint64_t{1} << 53) + 1, 0) == 9007199254740992.0);  // a tie, to even
  CHECK(round_to_double((uint64_t{1} << 53) + 3, 0) == 9007199254740996.0);  // a tie, to even
  CHECK(round_to_double(UINT64_MAX, 0) == 18446744073709551616.0);
  CHECK(round_to_double(1, -1074) == 5e-324);
  CHECK(round_to_double(1, -1075) == 0.0);  // half of the smallest: to even
  CHECK(round_to_double(3, -1076) == 5e-324);
  CHECK(round_to_double((uint64_t{1} << 54) - 1, 970) == HUGE_VAL);
  CHECK(round_to_double((uint64_t{1} << 53) - 1, 971) == 1.7976931348623157e308);
}
