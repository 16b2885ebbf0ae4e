// The module `math`: a table of functions over doubles. Domain errors are where the C library gives
// a NaN or an infinity for finite arguments; which of the two errors an infinity means depends on
// the function.
#include <cfloat>
#include <cmath>

#include "stdlib/math/functions.h"
#include "vm/objects/bigint.h"
#include "vm/objects/number_receiver.h"

namespace apy {

namespace math {

Error domain_error(VM& vm) { return vm.raise(Exc::ValueError, "math domain error"); }
Error range_error(VM& vm) { return vm.raise(Exc::OverflowError, "math range error"); }

namespace {

constexpr double kPi = 3.141592653589793238462643383279502884;

/// What an infinite result of a finite argument means.
enum class Infinite { Domain, Range };

template <double (*function)(double), Infinite infinite = Infinite::Domain>
Result<double> unary(VM& vm, double x) {
  double result = function(x);
  if (std::isnan(result) && !std::isnan(x)) return domain_error(vm);
  if (std::isinf(result) && std::isfinite(x))
    return infinite == Infinite::Range ? range_error(vm) : domain_error(vm);
  return result;
}

#define C_FUNCTION(name) \
  double c_##name(double x) { return std::name(x); }
C_FUNCTION(acos)
C_FUNCTION(acosh)
C_FUNCTION(asin)
C_FUNCTION(asinh)
C_FUNCTION(atan)
C_FUNCTION(atanh)
C_FUNCTION(cbrt)
C_FUNCTION(cos)
C_FUNCTION(cosh)
C_FUNCTION(erf)
C_FUNCTION(erfc)
C_FUNCTION(exp)
C_FUNCTION(exp2)
C_FUNCTION(expm1)
C_FUNCTION(fabs)
C_FUNCTION(log)
C_FUNCTION(log10)
C_FUNCTION(log1p)
C_FUNCTION(log2)
C_FUNCTION(sin)
C_FUNCTION(sinh)
C_FUNCTION(sqrt)
C_FUNCTION(tan)
C_FUNCTION(tanh)
#undef C_FUNCTION

// --- logarithms: also of ints that no double holds ---

template <double (*function)(double)>
Result<double> logarithm(VM& vm, Value v) {
  if (!is_int(v)) return unary<function>(vm, TRY(to_double(vm, v)));
  if (int_sign(v) <= 0) return domain_error(vm);
  if (int_bit_length(v) <= 1000) return function(TRY(int_to_double(vm, v)));
  int64_t exponent;
  double fraction = int_to_double_scaled(v, &exponent);
  if (exponent <= 1024) {
    double whole = std::ldexp(fraction, static_cast<int>(exponent));
    if (std::isfinite(whole)) return function(whole);
  }
  return function(fraction) + function(2.0) * static_cast<double>(exponent);
}

Result<Value> log(VM& vm, const Arguments& arguments) {
  uint32_t count = arguments.positional_count;
  if (arguments.keyword_count())
    return vm.raise(Exc::TypeError, "math.log() takes no keyword arguments");
  if (count == 0) return vm.raise(Exc::TypeError, "log expected at least 1 argument, got 0");
  if (count > 2) return vm.raise(Exc::TypeError, "log expected at most 2 arguments, got {}", count);
  double result = TRY(logarithm<c_log>(vm, arguments.values[0]));
  if (count == 1) return make_float(vm, result);
  double base = TRY(logarithm<c_log>(vm, arguments.values[1]));
  if (base == 0) return vm.raise(Exc::ZeroDivisionError, "float division by zero");
  return make_float(vm, result / base);
}

// --- two arguments ---

Result<double> binary_result(VM& vm, double result, double x, double y) {
  if (std::isnan(result) && !std::isnan(x) && !std::isnan(y)) return domain_error(vm);
  if (std::isinf(result) && std::isfinite(x) && std::isfinite(y)) return range_error(vm);
  return result;
}
Result<double> atan2(VM&, double y, double x) { return std::atan2(y, x); }
Result<double> copysign(VM&, double x, double y) { return std::copysign(x, y); }
Result<double> fmod(VM& vm, double x, double y) {
  if (std::isinf(y) && std::isfinite(x)) return x;
  return binary_result(vm, std::fmod(x, y), x, y);
}
Result<double> remainder(VM& vm, double x, double y) {
  return binary_result(vm, std::remainder(x, y), x, y);
}
Result<double> pow(VM& vm, double x, double y) {
  if (x == 0 && y < 0 && std::isfinite(y)) return domain_error(vm);
  return binary_result(vm, std::pow(x, y), x, y);
}

Result<double> fma(VM& vm, double x, double y, double z) {
  double result = std::fma(x, y, z);
  if (std::isfinite(result)) return result;
  if (std::isnan(result)) {
    if (!std::isnan(x) && !std::isnan(y) && !std::isnan(z))
      return vm.raise(Exc::ValueError, "invalid operation in fma");
  } else if (std::isfinite(x) && std::isfinite(y) && std::isfinite(z)) {
    return vm.raise(Exc::OverflowError, "overflow in fma");
  }
  return result;
}

Result<double> ldexp(VM& vm, double x, Value exponent_value) {
  if (!is_int(exponent_value))
    return vm.raise(Exc::TypeError, "Expected an int as second argument to ldexp.");
  if (x == 0 || !std::isfinite(x)) return x;
  int64_t exponent;
  if (!fits_int64(exponent_value, &exponent))
    exponent = int_sign(exponent_value) < 0 ? INT32_MIN : INT32_MAX;
  if (exponent > INT32_MAX) return range_error(vm);
  if (exponent < INT32_MIN) return std::copysign(0.0, x);
  double result = std::ldexp(x, static_cast<int>(exponent));
  if (std::isinf(result)) return range_error(vm);
  return result;
}

Result<Value> frexp(VM& vm, double x) {
  int exponent = 0;
  if (std::isfinite(x)) x = std::frexp(x, &exponent);
  Value pair[2] = {TRY(make_float(vm, x)), Value::small_int(exponent)};
  return make_tuple(vm, pair);
}

Result<Value> modf(VM& vm, double x) {
  double whole, fraction = std::modf(x, &whole);
  Value pair[2] = {TRY(make_float(vm, fraction)), TRY(make_float(vm, whole))};
  return make_tuple(vm, pair);
}

// --- neighbours ---

/// Doubles of one sign are ordered like their bit patterns.
Result<double> nextafter(VM& vm, double x, double y, Optional<Value> steps_given) {
  if (!steps_given.present || steps_given.value.is_none()) return std::nextafter(x, y);
  Value steps_value = TRY(to_index(vm, steps_given.value));
  if (int_sign(steps_value) < 0)
    return vm.raise(Exc::ValueError, "steps must be a non-negative integer");
  uint64_t steps = IntParts(steps_value).size > 1 ? UINT64_MAX
                   : int_sign(steps_value)        ? IntParts(steps_value).limbs()[0]
                                                  : 0;
  if (steps == 0 || std::isnan(x)) return x;
  if (std::isnan(y)) return y;
  auto ordinal = [](double d) {
    auto bits = std::bit_cast<int64_t>(d);
    return bits < 0 ? INT64_MIN - bits : bits;
  };
  int64_t from = ordinal(x), to = ordinal(y);
  uint64_t distance = from < to ? static_cast<uint64_t>(to) - static_cast<uint64_t>(from)
                                : static_cast<uint64_t>(from) - static_cast<uint64_t>(to);
  if (steps >= distance) return y;
  auto moved = static_cast<int64_t>(from < to ? static_cast<uint64_t>(from) + steps
                                              : static_cast<uint64_t>(from) - steps);
  if (moved == 0) return std::copysign(0.0, x);
  return std::bit_cast<double>(moved < 0 ? INT64_MIN - moved : moved);
}

Result<double> ulp(VM&, double x) {
  if (std::isnan(x)) return x;
  x = std::fabs(x);
  if (std::isinf(x)) return x;
  double next = std::nextafter(x, HUGE_VAL);
  return std::isinf(next) ? x - std::nextafter(x, -HUGE_VAL) : next - x;
}

Result<bool> isclose(VM& vm, double a, double b, Optional<double> relative,
                     Optional<double> absolute) {
  double rel_tol = relative.value_or(1e-9), abs_tol = absolute.value_or(0.0);
  if (rel_tol < 0 || abs_tol < 0)
    return vm.raise(Exc::ValueError, "tolerances must be non-negative");
  if (a == b) return true;
  if (std::isinf(a) || std::isinf(b)) return false;
  double difference = std::fabs(b - a);
  return difference <= std::fabs(rel_tol * b) || difference <= std::fabs(rel_tol * a) ||
         difference <= abs_tol;
}

Result<bool> isfinite(VM&, double x) { return std::isfinite(x); }
Result<bool> isinf(VM&, double x) { return std::isinf(x); }
Result<bool> isnan(VM&, double x) { return std::isnan(x); }
Result<double> degrees(VM&, double x) { return x * (180.0 / kPi); }
Result<double> radians(VM&, double x) { return x * (kPi / 180.0); }

// --- rounding ---

bool is_plain_float(Value v) { return v.is_inline_float() || is_exact(v, BuiltinType::Float); }

template <double (*function)(double)>
Result<Value> rounded(VM& vm, Value v, Str* method) {
  if (is_plain_float(v)) return float_to_int(vm, function(as_float(v)));
  if (!type_lookup(vm, vm.type_of(v), method).is_empty()) return vm.call_method(v, method, {});
  return float_to_int(vm, function(TRY(to_double(vm, v))));
}
double c_floor(double x) { return std::floor(x); }
double c_ceil(double x) { return std::ceil(x); }
Result<Value> floor(VM& vm, Value v) { return rounded<c_floor>(vm, v, vm.names().floor); }
Result<Value> ceil(VM& vm, Value v) { return rounded<c_ceil>(vm, v, vm.names().ceil); }
Result<Value> trunc(VM& vm, Value v) {
  if (is_plain_float(v)) return float_to_int(vm, as_float(v));
  if (type_lookup(vm, vm.type_of(v), vm.names().trunc).is_empty())
    return vm.raise(Exc::TypeError, "type {} doesn't define __trunc__ method", vm.type_of(v));
  return vm.call_method(v, vm.names().trunc, {});
}

#define UNARY(name, text) \
  { #name "(x, /)", text, bind < unary < c_##name>>() }
#define UNARY_RANGE(name, text) \
  { #name "(x, /)", text, bind < unary < c_##name, Infinite::Range>>() }

constexpr NativeFunctionDef kFunctions[] = {
    UNARY(acos,
          "Return the arc cosine (measured in radians) of x.\n\nThe result is between 0 and pi."),
    UNARY(acosh, "Return the inverse hyperbolic cosine of x."),
    UNARY(
        asin,
        "Return the arc sine (measured in radians) of x.\n\nThe result is between -pi/2 and pi/2."),
    UNARY(asinh, "Return the inverse hyperbolic sine of x."),
    UNARY(atan,
          "Return the arc tangent (measured in radians) of x.\n\nThe result is between -pi/2 and "
          "pi/2."),
    {"atan2(y, x, /)",
     "Return the arc tangent (measured in radians) of y/x; the signs of both choose the quadrant.",
     bind<atan2>()},
    UNARY(atanh, "Return the inverse hyperbolic tangent of x."),
    UNARY(cbrt, "Return the cube root of x."),
    {"ceil(x, /)", "Return the ceiling of x as an Integral.\n\nThis is the smallest integer >= x.",
     bind<ceil>()},
    {"comb(n, k, /)",
     "Number of ways to choose k items from n items without repetition and without order.",
     bind<comb>()},
    {"copysign(x, y, /)",
     "Return a float with the magnitude (absolute value) of x but the sign of y.",
     bind<copysign>()},
    UNARY(cos, "Return the cosine of x (measured in radians)."),
    UNARY_RANGE(cosh, "Return the hyperbolic cosine of x."),
    {"degrees(x, /)", "Convert angle x from radians to degrees.", bind<degrees>()},
    {"dist(p, q, /)",
     "Return the Euclidean distance between two points p and q, given as iterables of coordinates.",
     bind<dist>()},
    UNARY(erf, "Error function at x."),
    UNARY(erfc, "Complementary error function at x."),
    UNARY_RANGE(exp, "Return e raised to the power of x."),
    UNARY_RANGE(exp2, "Return 2 raised to the power of x."),
    UNARY_RANGE(expm1,
                "Return exp(x)-1, without the loss of precision of that expression for small x."),
    UNARY(fabs, "Return the absolute value of the float x."),
    {"factorial(n, /)", "Find n!.", bind<factorial>()},
    {"floor(x, /)", "Return the floor of x as an Integral.\n\nThis is the largest integer <= x.",
     bind<floor>()},
    {"fma(x, y, z, /)", "Compute (x * y) + z with a single rounding.", bind<fma>()},
    {"fmod(x, y, /)", "Return fmod(x, y), according to platform C.\n\nx % y may differ.",
     bind<fmod>()},
    {"frexp(x, /)",
     "Return the mantissa and exponent of x, as pair (m, e): x = m * 2.**e, 0.5 <= abs(m) < 1.0.",
     bind<frexp>()},
    {"fsum(seq, /)", "Return an accurate floating-point sum of values in the iterable seq.",
     bind<fsum>()},
    {"gamma(x, /)", "Gamma function at x.", bind<gamma>()},
    {"gcd(*integers)", "Greatest Common Divisor.", bind<gcd>()},
    {"hypot(*coordinates)", "Multidimensional Euclidean distance from the origin to a point.",
     bind<hypot>()},
    {"isclose(a, b, *, rel_tol=1e-09, abs_tol=0.0)",
     "Determine whether two floating-point numbers are close in value: their difference is at most "
     "abs_tol, or rel_tol\n"
     "times the larger of them.",
     bind<isclose>()},
    {"isfinite(x, /)", "Return True if x is neither an infinity nor a NaN, and False otherwise.",
     bind<isfinite>()},
    {"isinf(x, /)", "Return True if x is a positive or negative infinity, and False otherwise.",
     bind<isinf>()},
    {"isnan(x, /)", "Return True if x is a NaN (not a number), and False otherwise.",
     bind<isnan>()},
    {"isqrt(n, /)", "Return the integer part of the square root of the input.", bind<isqrt>()},
    {"lcm(*integers)", "Least Common Multiple.", bind<lcm>()},
    {"ldexp(x, i, /)", "Return x * (2**i).\n\nThis is essentially the inverse of frexp().",
     bind<ldexp>()},
    {"lgamma(x, /)", "Natural logarithm of absolute value of Gamma function at x.", bind<lgamma>()},
    {"log(x, base=math.e, /)", "The logarithm of x to the given base; the natural one by default.",
     bind<log>()},
    UNARY(log1p, "Return the natural logarithm of 1+x (base e), accurate for x near zero."),
    {"log10(x, /)", "Return the base 10 logarithm of x.", bind<logarithm<c_log10>>()},
    {"log2(x, /)", "Return the base 2 logarithm of x.", bind<logarithm<c_log2>>()},
    {"modf(x, /)",
     "Return the fractional and integer parts of x.\n\nBoth results carry the sign of x and are "
     "floats.",
     bind<modf>()},
    {"nextafter(x, y, /, *, steps=None)",
     "Return the floating-point value the given number of steps after x towards y; one step by "
     "default.",
     bind<nextafter>()},
    {"perm(n, k=None, /)",
     "Number of ways to choose k items from n items without repetition and with order.",
     bind<perm>()},
    {"pow(x, y, /)", "Return x**y (x to the power of y).", bind<pow>()},
    {"prod(iterable, /, *, start=1)",
     "Calculate the product of all the elements in the input iterable.", bind<prod>()},
    {"radians(x, /)", "Convert angle x from degrees to radians.", bind<radians>()},
    {"remainder(x, y, /)",
     "Difference between x and the closest integer multiple of y; a tie goes to the even one.",
     bind<remainder>()},
    UNARY(sin, "Return the sine of x (measured in radians)."),
    UNARY_RANGE(sinh, "Return the hyperbolic sine of x."),
    UNARY(sqrt, "Return the square root of x."),
    {"sumprod(p, q, /)",
     "Return the sum of products of values from two iterables p and q, of equal length.",
     bind<sumprod>()},
    UNARY(tan, "Return the tangent of x (measured in radians)."),
    UNARY(tanh, "Return the hyperbolic tangent of x."),
    {"trunc(x, /)", "Truncates the Real x to the nearest Integral toward 0, by its __trunc__.",
     bind<trunc>()},
    {"ulp(x, /)", "Return the value of the least significant bit of the float x.", bind<ulp>()},
};

Result<void> initialize(VM& vm, Module* module) {
  constexpr struct {
    const char* name;
    double value;
  } kConstants[] = {{"pi", kPi},
                    {"e", 2.718281828459045235360287471352662498},
                    {"tau", 2 * kPi},
                    {"inf", HUGE_VAL},
                    {"nan", __builtin_nan("")}};
  for (auto& constant : kConstants)
    TRY(module_set(vm, module, constant.name, TRY(make_float(vm, constant.value))));
  return {};
}

}  // namespace
}  // namespace math

extern const NativeModuleDef kMathModule = {
    "math", "This module provides access to the mathematical functions\ndefined by the C standard.",
    math::kFunctions, math::initialize};

}  // namespace apy
