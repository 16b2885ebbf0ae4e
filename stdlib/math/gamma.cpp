// The gamma function by Lanczos' approximation with g = 6.02468..., N = 13 (the "lanczos13m53" set,
// made for doubles): the C library's tgamma is as good, but not the same in the last bit.
#include <cfloat>
#include <cmath>

#include "stdlib/math/functions.h"

namespace apy::math {

namespace {

constexpr double kPi = 3.141592653589793238462643383279502884;
constexpr double kG = 6.024680040776729583740234375;
constexpr double kGMinusHalf = 5.524680040776729583740234375;
constexpr int kTerms = 13;
constexpr double kNumerator[kTerms] = {23531376880.410759688572007674451636754734846804940,
                                       42919803642.649098768957899047001988850926355848959,
                                       35711959237.355668049440185451547166705960488635843,
                                       17921034426.037209699919755754458931112671403265390,
                                       6039542586.3520280050642916443072979210699388420708,
                                       1439720407.3117216736632230727949123939715485786372,
                                       248874557.86205415651146038641322942321632125127801,
                                       31426415.585400194380614231628318205362874684987640,
                                       2876370.6289353724412254090516208496135991145378768,
                                       186056.26539522349504029498971604569928220784236328,
                                       8071.6720023658162106380029022722506138218516325024,
                                       210.82427775157934587250973392071336271166969580291,
                                       2.5066282746310002701649081771338373386264310793408};
constexpr double kDenominator[kTerms] = {0,        39916800, 120543840, 150917976, 105258076,
                                         45995730, 13339535, 2637558,   357423,    32670,
                                         1925,     66,       1};
/// n! for n = 0..22: exact doubles.
constexpr double kFactorials[] = {1,
                                  1,
                                  2,
                                  6,
                                  24,
                                  120,
                                  720,
                                  5040,
                                  40320,
                                  362880,
                                  3628800,
                                  39916800,
                                  479001600,
                                  6227020800,
                                  87178291200,
                                  1307674368000,
                                  20922789888000,
                                  355687428096000,
                                  6402373705728000,
                                  121645100408832000,
                                  2432902008176640000,
                                  51090942171709440000.0,
                                  1124000727777607680000.0};

double lanczos_sum(double x) {
  double numerator = 0, denominator = 0;
  if (x < 5) {
    for (int i = kTerms; --i >= 0;) {
      numerator = numerator * x + kNumerator[i];
      denominator = denominator * x + kDenominator[i];
    }
  } else {  // in 1/x, so that nothing overflows
    for (int i = 0; i < kTerms; ++i) {
      numerator = numerator / x + kNumerator[i];
      denominator = denominator / x + kDenominator[i];
    }
  }
  return numerator / denominator;
}

/// sin(pi * x), accurate for all finite x.
double sine_of_pi_times(double x) {
  double y = std::fmod(std::fabs(x), 2.0);
  double result = 0;
  switch (static_cast<int>(std::round(2.0 * y))) {
    case 0:
      result = std::sin(kPi * y);
      break;
    case 1:
      result = std::cos(kPi * (y - 0.5));
      break;
    case 2:
      result = std::sin(kPi * (1.0 - y));
      break;
    case 3:
      result = -std::cos(kPi * (y - 1.5));
      break;
    case 4:
      result = std::sin(kPi * (y - 2.0));
      break;
  }
  return std::copysign(1.0, x) * result;
}

/// For finite x that is no integer up to 23, 1e-20 <= |x| <= 200.
double gamma_of(double x) {
  double size = std::fabs(x);
  double y = size + kGMinusHalf;
  // What rounding took from y, which exp() would magnify.
  double lost = size > kGMinusHalf ? (y - size) - kGMinusHalf : (y - kGMinusHalf) - size;
  double correction = lost * kG / y;
  if (x < 0) {
    double r = -kPi / sine_of_pi_times(size) / size * std::exp(y) / lanczos_sum(size);
    r -= correction * r;
    if (size < 140.0) return r / std::pow(y, size - 0.5);
    double root = std::pow(y, size / 2.0 - 0.25);
    return r / root / root;
  }
  double r = lanczos_sum(size) / std::exp(y);
  r += correction * r;
  if (size < 140.0) return r * std::pow(y, size - 0.5);
  double root = std::pow(y, size / 2.0 - 0.25);
  return r * root * root;
}

}  // namespace

Result<double> gamma(VM& vm, double x) {
  if (!std::isfinite(x)) {
    if (std::isnan(x) || x > 0) return x;
    return domain_error(vm);
  }
  if (x == 0) return domain_error(vm);
  if (x == std::floor(x)) {
    if (x < 0) return domain_error(vm);
    if (x <= 23) return kFactorials[static_cast<int>(x) - 1];
  }
  double size = std::fabs(x);
  if (size < 1e-20) {
    double result = 1.0 / x;
    if (std::isinf(result)) return range_error(vm);
    return result;
  }
  if (size > 200.0) {
    if (x < 0) return 0.0 / sine_of_pi_times(x);
    return range_error(vm);
  }
  double result = gamma_of(x);
  if (std::isinf(result)) return range_error(vm);
  return result;
}

Result<double> lgamma(VM& vm, double x) {
  if (std::isnan(x)) return x;
  if (std::isinf(x)) return HUGE_VAL;
  if (x == std::floor(x) && x <= 2.0) {
    if (x <= 0) return domain_error(vm);
    return 0.0;
  }
  double size = std::fabs(x);
  if (size < 1e-20) return -std::log(size);
  double r = std::log(lanczos_sum(size)) - kG;
  r += (size - 0.5) * (std::log(size + kG - 0.5) - 1);
  if (x < 0) {
    constexpr double kLogPi = 1.144729885849400174143427351353058711647;
    r = kLogPi - std::log(std::fabs(sine_of_pi_times(size))) - std::log(size) - r;
  }
  if (std::isinf(r)) return range_error(vm);
  return r;
}

}  // namespace apy::math
