// The module cmath. The C library has C99's special values, which are the ones wanted; what is
// added here is which of them are errors: an infinite imaginary part where only its sine and cosine
// count, poles, and results that overflow.
#include <cmath>
#include <complex>

#include "stdlib/native_iterator.h"
#include "vm/objects/complex.h"

namespace apy {

namespace {

using Number = std::complex<double>;

Error domain_error(VM& vm) { return vm.raise(Exc::ValueError, "math domain error"); }
Error range_error(VM& vm) { return vm.raise(Exc::OverflowError, "math range error"); }

Result<Number> argument(VM& vm, Value v) {
  ComplexNumber z = TRY(to_complex(vm, v));
  return Number(z.real, z.imaginary);
}
Result<Value> make(VM& vm, Number z) { return make_complex(vm, {z.real(), z.imag()}); }

bool is_finite(Number z) { return std::isfinite(z.real()) && std::isfinite(z.imag()); }
bool overflows(Number z, Number result) {
  return is_finite(z) && (std::isinf(result.real()) || std::isinf(result.imag()));
}
Number turned(Number z) { return {-z.imag(), z.real()}; }  // i z

/// Is the periodic part of exp, cosh and sinh infinite, and the value undefined for that?
bool undefined_exp(Number z) {
  return std::isinf(z.imag()) && !std::isnan(z.real()) && !(std::isinf(z.real()) && z.real() < 0);
}
bool undefined_cosh(Number z) { return std::isinf(z.imag()) && !std::isnan(z.real()); }
bool undefined_tanh(Number z) { return std::isinf(z.imag()) && std::isfinite(z.real()); }
bool undefined_cos(Number z) { return undefined_cosh(turned(z)); }
bool undefined_tan(Number z) { return undefined_tanh(turned(z)); }
bool undefined_log(Number z) { return z == Number(0, 0); }
bool undefined_atanh(Number z) { return z.imag() == 0 && std::fabs(z.real()) == 1; }
bool undefined_atan(Number z) { return undefined_atanh(turned(z)); }
bool never_undefined(Number) { return false; }

template <Number (*function)(const Number&), bool (*undefined)(Number)>
Result<Value> unary(VM& vm, Value v) {
  Number z = TRY(argument(vm, v));
  if (undefined(z)) return domain_error(vm);
  Number result = function(z);
  if (overflows(z, result)) return range_error(vm);
  return make(vm, result);
}

// Newer C standards say more of these values than is wanted.
Number plain_tanh(const Number& z) {
  return z.real() == 0 && std::isnan(z.imag()) ? Number(NAN, NAN) : std::tanh(z);
}
Number plain_tan(const Number& z) {
  return z.imag() == 0 && std::isnan(z.real()) ? Number(NAN, NAN) : std::tan(z);
}
Number plain_acosh(const Number& z) {
  return z.real() == 0 && std::isnan(z.imag()) ? Number(NAN, NAN) : std::acosh(z);
}

/// The C library's exp gives up where only a part of the result overflows.
Number scaled_exp(const Number& z) {
  if (!is_finite(z) || z.real() < 700) return std::exp(z);
  double length = std::exp(z.real() - 1), e = std::exp(1.0);
  return {length * std::cos(z.imag()) * e, length * std::sin(z.imag()) * e};
}

Result<Number> logarithm(VM& vm, Value v) {
  Number z = TRY(argument(vm, v));
  if (undefined_log(z)) return domain_error(vm);
  return std::log(z);
}
Result<Value> log(VM& vm, Value v, Optional<Value> base) {
  if (!base.present) return make(vm, TRY(logarithm(vm, v)));
  Number result = std::log(TRY(argument(vm, v)));  // -inf of zero is no error here
  Number divisor = TRY(logarithm(vm, base.value));
  if (divisor == Number(0, 0)) return domain_error(vm);
  Value a = TRY(make(vm, result)), b = TRY(make(vm, divisor));
  return binary_operation(vm, BinaryOp::TrueDivide, a, b);
}
Result<Value> log10(VM& vm, Value v) {
  Number result = TRY(logarithm(vm, v));
  double ten = std::log(10.0);
  return make(vm, {result.real() / ten, result.imag() / ten});
}

Result<double> phase(VM& vm, Value v) {
  Number z = TRY(argument(vm, v));
  return std::atan2(z.imag(), z.real());
}
Result<Value> polar(VM& vm, Value v) {
  Number z = TRY(argument(vm, v));
  double length = std::hypot(z.real(), z.imag());
  if (is_finite(z) && std::isinf(length)) return range_error(vm);
  Value parts[2] = {TRY(make_float(vm, length)),
                    TRY(make_float(vm, std::atan2(z.imag(), z.real())))};
  return make_tuple(vm, parts);
}
Result<Value> rect(VM& vm, double r, double phi) {
  if (std::isinf(phi) && !std::isnan(r) && r != 0) return domain_error(vm);
  if (std::isinf(r) && std::isfinite(phi) && phi != 0) {
    double x = std::copysign(INFINITY, std::cos(phi)), y = std::copysign(INFINITY, std::sin(phi));
    return r > 0 ? make(vm, {x, y}) : make(vm, {-x, -y});
  }
  if (r == 0 && !std::isfinite(phi)) return make(vm, {0, 0});
  // A plain real number when there is no angle: infinity times zero would be no number.
  if (phi == 0)
    return make(vm, {r, std::isnan(r) ? 0 : std::copysign(0.0, phi) * (std::signbit(r) ? -1 : 1)});
  if (std::isinf(r) && std::isnan(phi)) return make(vm, {INFINITY, NAN});
  return make(vm, {r * std::cos(phi), r * std::sin(phi)});
}

template <bool (*test)(double), bool all>
Result<bool> classify(VM& vm, Value v) {
  Number z = TRY(argument(vm, v));
  return all ? test(z.real()) && test(z.imag()) : test(z.real()) || test(z.imag());
}
bool finite_part(double x) { return std::isfinite(x); }
bool infinite_part(double x) { return std::isinf(x); }
bool nan_part(double x) { return std::isnan(x); }

Result<bool> is_close(VM& vm, Value a, Value b, Optional<double> relative,
                      Optional<double> absolute) {
  Number x = TRY(argument(vm, a)), y = TRY(argument(vm, b));
  double rel = relative.value_or(1e-9), abs = absolute.value_or(0);
  if (rel < 0 || abs < 0) return vm.raise(Exc::ValueError, "tolerances must be non-negative");
  if (x == y) return true;
  auto infinite = [](Number z) { return std::isinf(z.real()) || std::isinf(z.imag()); };
  if (infinite(x) || infinite(y)) return false;
  double difference = std::abs(x - y);
  return difference <= rel * std::abs(y) || difference <= rel * std::abs(x) || difference <= abs;
}

#define UNARY(name, function, undefined, doc) \
  { #name "(z, /)", doc, bind < unary < function, undefined>>() }

constexpr NativeFunctionDef kFunctions[] = {
    UNARY(acos, std::acos<double>, never_undefined, "The arc cosine of z."),
    UNARY(acosh, plain_acosh, never_undefined, "The inverse hyperbolic cosine of z."),
    UNARY(asin, std::asin<double>, never_undefined, "The arc sine of z."),
    UNARY(asinh, std::asinh<double>, never_undefined, "The inverse hyperbolic sine of z."),
    UNARY(atan, std::atan<double>, undefined_atan, "The arc tangent of z."),
    UNARY(atanh, std::atanh<double>, undefined_atanh, "The inverse hyperbolic tangent of z."),
    UNARY(cos, std::cos<double>, undefined_cos, "The cosine of z."),
    UNARY(cosh, std::cosh<double>, undefined_cosh, "The hyperbolic cosine of z."),
    UNARY(exp, scaled_exp, undefined_exp, "e raised to the power z."),
    UNARY(sin, std::sin<double>, undefined_cos, "The sine of z."),
    UNARY(sinh, std::sinh<double>, undefined_cosh, "The hyperbolic sine of z."),
    UNARY(sqrt, std::sqrt<double>, never_undefined, "The square root of z."),
    UNARY(tan, plain_tan, undefined_tan, "The tangent of z."),
    UNARY(tanh, plain_tanh, undefined_tanh, "The hyperbolic tangent of z."),
    {"log(z, base=<unrepresentable>, /)", "The logarithm of z to a base, e if there is none.",
     bind<log>()},
    {"log10(z, /)", "The logarithm of z to base 10.", bind<log10>()},
    {"phase(z, /)", "The angle of z, from -pi to pi.", bind<phase>()},
    {"polar(z, /)", "(length, angle) of z.", bind<polar>()},
    {"rect(r, phi, /)", "The number with that length and angle.", bind<rect>()},
    {"isfinite(z, /)", "Are both parts finite?", bind<classify<finite_part, true>>()},
    {"isinf(z, /)", "Is a part infinite?", bind<classify<infinite_part, false>>()},
    {"isnan(z, /)", "Is a part not a number?", bind<classify<nan_part, false>>()},
    {"isclose(a, b, *, rel_tol=1e-09, abs_tol=0.0)", "Are two numbers close to each other?",
     bind<is_close>()},
};

Result<void> initialize(VM& vm, Module* module) {
  constexpr double kPi = 3.141592653589793238462643383279502884;
  TRY(module_set(vm, module, "pi", TRY(make_float(vm, kPi))));
  TRY(module_set(vm, module, "e", TRY(make_float(vm, 2.718281828459045235360287471352662498))));
  TRY(module_set(vm, module, "tau", TRY(make_float(vm, 2 * kPi))));
  TRY(module_set(vm, module, "inf", TRY(make_float(vm, INFINITY))));
  TRY(module_set(vm, module, "nan", TRY(make_float(vm, NAN))));
  TRY(module_set(vm, module, "infj", TRY(make(vm, {0, INFINITY}))));
  return module_set(vm, module, "nanj", TRY(make(vm, {0, NAN})));
}

}  // namespace

extern const NativeModuleDef kCmathModule = {"cmath", "Mathematics of complex numbers.", kFunctions,
                                             initialize};

}  // namespace apy
