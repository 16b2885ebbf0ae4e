// Sums without rounding errors on the way: a sum is kept as several doubles that do not overlap.
#include <cfloat>
#include <cmath>
#include <vector>

#include "stdlib/math/functions.h"
#include "vm/objects/bigint.h"

namespace apy::math {

namespace {

/// high + low, exactly; |low| at most half a unit of high's last place.
struct DoubleLength {
  double high, low;
};

DoubleLength exact_sum(double a, double b) {
  double sum = a + b, b_part = sum - a;
  return {sum, (a - (sum - b_part)) + (b - b_part)};
}
DoubleLength exact_product(double a, double b) {
  double product = a * b;
  return {product, std::fma(a, b, -product)};
}

/// The partial sums of fsum: each is exact, they do not overlap, and grow.
class Partials {
 public:
  void add(double x) {
    size_t kept = 0;
    for (double y : parts_) {
      DoubleLength sum =
          exact_sum(std::fabs(x) < std::fabs(y) ? y : x, std::fabs(x) < std::fabs(y) ? x : y);
      if (sum.low != 0) parts_[kept++] = sum.low;
      x = sum.high;
    }
    parts_.resize(kept);
    if (x != 0) parts_.push_back(x);
    overflowed_ |= !std::isfinite(x);
  }
  bool overflowed() const { return overflowed_; }
  /// Correctly rounded.
  double total() const {
    if (parts_.empty()) return 0;
    size_t n = parts_.size();
    double high = parts_[--n], low = 0;
    while (n > 0) {
      DoubleLength sum = exact_sum(high, parts_[--n]);
      high = sum.high;
      low = sum.low;
      if (low != 0) break;
    }
    // A tie was rounded to even without looking at what is below it.
    if (n > 0 && ((low < 0 && parts_[n - 1] < 0) || (low > 0 && parts_[n - 1] > 0))) {
      double doubled = low * 2, other = high + doubled;
      if (doubled == other - high) high = other;
    }
    return high;
  }

 private:
  std::vector<double> parts_;
  bool overflowed_ = false;
};

}  // namespace

Result<double> fsum(VM& vm, Value iterable) {
  Partials partials;
  double special = 0;  // sum of the infinities and NaNs
  double infinities = 0;
  TRY(for_each(vm, iterable, [&](Value item) -> Result<bool> {
    double x = TRY(to_double(vm, item));
    if (std::isfinite(x)) {
      partials.add(x);
      if (partials.overflowed())
        return vm.raise(Exc::OverflowError, "intermediate overflow in fsum");
    } else {
      special += x;
      if (std::isinf(x)) infinities += x;
    }
    return true;
  }));
  if (special != 0 || std::isnan(special)) {
    if (std::isnan(infinities)) return vm.raise(Exc::ValueError, "-inf + inf in fsum");
    return special;
  }
  return partials.total();
}

Result<Value> prod(VM& vm, Value iterable, Optional<Value> start) {
  Value product = start.value_or(Value::small_int(1));
  TRY(for_each(vm, iterable, [&](Value item) -> Result<bool> {
    product = TRY(binary_operation(vm, BinaryOp::Multiply, product, item));
    return true;
  }));
  return product;
}

namespace {

/// A sum of products in three doubles.
struct TripleLength {
  double high = 0, low = 0, tiny = 0;
  void add_product(double a, double b) {
    DoubleLength product = exact_product(a, b);
    DoubleLength sum = exact_sum(high, product.high);
    DoubleLength first = exact_sum(low, product.low);
    DoubleLength second = exact_sum(first.high, sum.low);
    high = sum.high;
    low = second.high;
    tiny += first.low + second.low;
  }
  double total() const {
    DoubleLength last = exact_sum(low, tiny);
    DoubleLength sum = exact_sum(high, last.high);
    return sum.high + (sum.low + last.low);
  }
};

bool is_plain_float(Value v) { return v.is_inline_float() || is_exact(v, BuiltinType::Float); }
bool is_plain_int(Value v) {
  return v.is_small_int() || v.is_bool() || is_exact(v, BuiltinType::Int);
}

/// The running total of sumprod: a run of ints is summed exactly, a run of floats in extra
/// precision, and each run is added to what came before when it ends.
class ProductSum {
 public:
  explicit ProductSum(VM& vm) : vm_(vm) {}
  Result<void> add(Value p, Value q) {
    if (is_plain_int(p) && is_plain_int(q)) {
      if (!floats_in_use_) {
        Value product = TRY(number_binary(vm_, BinaryOp::Multiply, p, q));
        ints_ = TRY(number_binary(vm_, BinaryOp::Add, ints_, product));
        return {};
      }
    }
    double x, y;
    if (as_doubles(p, q, &x, &y)) {
      TripleLength next = floats_;
      next.add_product(x, y);
      if (std::isfinite(next.high)) {
        floats_ = next;
        floats_in_use_ = true;
        return {};
      }
    }
    TRY(flush());
    Value product = TRY(binary_operation(vm_, BinaryOp::Multiply, p, q));
    total_ = TRY(binary_operation(vm_, BinaryOp::Add, total_, product));
    return {};
  }
  Result<Value> finish() {
    TRY(flush());
    return total_;
  }

 private:
  /// Floats, or a float and an int that a double holds; ints only after floats.
  bool as_doubles(Value p, Value q, double* x, double* y) {
    bool p_float = is_plain_float(p), q_float = is_plain_float(q);
    if (!p_float && !q_float) return false;
    return as_double(p, p_float, x) && as_double(q, q_float, y);
  }
  bool as_double(Value v, bool is_float_value, double* out) {
    if (is_float_value) {
      *out = as_float(v);
      return true;
    }
    if (!is_plain_int(v) || int_bit_length(v) > 1000) return false;
    *out = int_to_double(vm_, v).value();
    return true;
  }
  Result<void> flush() {
    if (!ints_.is(Value::small_int(0)))
      total_ = TRY(binary_operation(vm_, BinaryOp::Add, total_, ints_));
    ints_ = Value::small_int(0);
    if (floats_in_use_) {
      Value sum = TRY(make_float(vm_, floats_.total()));
      total_ = TRY(binary_operation(vm_, BinaryOp::Add, total_, sum));
    }
    floats_ = {};
    floats_in_use_ = false;
    return {};
  }

  VM& vm_;
  Value total_ = Value::small_int(0), ints_ = Value::small_int(0);
  TripleLength floats_;
  bool floats_in_use_ = false;
};

}  // namespace

Result<Value> sumprod(VM& vm, Value p, Value q) {
  Value left = TRY(get_iterator(vm, p)), right = TRY(get_iterator(vm, q));
  ProductSum sum(vm);
  while (true) {
    Value x, y;
    bool more_left = TRY(iterator_next(vm, left, &x));
    bool more_right = TRY(iterator_next(vm, right, &y));
    if (more_left != more_right) return vm.raise(Exc::ValueError, "Inputs are not the same length");
    if (!more_left) break;
    TRY(sum.add(x, y));
  }
  return sum.finish();
}

namespace {

/// sqrt of the sum of squares; correctly rounded except in the rarest cases, no overflow on the
/// way.
double euclidean_norm(std::vector<double>& values) {
  double largest = 0;
  bool found_nan = false;
  for (double& x : values) {
    x = std::fabs(x);
    found_nan |= std::isnan(x);
    if (x > largest) largest = x;
  }
  if (std::isinf(largest)) return largest;
  if (found_nan) return std::nan("");
  if (largest == 0 || values.size() <= 1) return largest;
  int exponent;
  std::frexp(largest, &exponent);
  if (exponent < -1023) {
    // 1/largest would overflow: scale denormals up first.
    for (double& x : values) x /= DBL_MIN;
    return DBL_MIN * euclidean_norm(values);
  }
  double scale = std::ldexp(1.0, -exponent);
  // The sum starts at 1 so that every addition has the larger operand first.
  double sum = 1.0, low = 0, lower = 0;
  auto accumulate = [&](double a, double b) {
    DoubleLength square = exact_product(a, b);
    DoubleLength next = exact_sum(sum, square.high);
    sum = next.high;
    lower += square.low;
    low += next.low;
  };
  for (double x : values) accumulate(x * scale, x * scale);
  double root = std::sqrt(sum - 1.0 + (low + lower));
  // One Newton step with the exact residue.
  accumulate(-root, root);
  double residue = sum - 1.0 + (low + lower);
  return (root + residue / (2.0 * root)) / scale;
}

Result<Tuple*> as_tuple(VM& vm, Value v) {
  if (Tuple* tuple = try_as<Tuple>(v)) return tuple;
  return tuple_from(vm, v);
}

}  // namespace

Result<double> hypot(VM& vm, Rest coordinates) {
  std::vector<double> values;
  for (Value v : coordinates.values) values.push_back(TRY(to_double(vm, v)));
  return euclidean_norm(values);
}

Result<double> dist(VM& vm, Value p, Value q) {
  Tuple* left = TRY(as_tuple(vm, p));
  Tuple* right = TRY(as_tuple(vm, q));
  if (left->length != right->length)
    return vm.raise(Exc::ValueError, "both points must have the same number of dimensions");
  std::vector<double> values;
  for (uint64_t i = 0; i < left->length; ++i) {
    double x = TRY(to_double(vm, left->values()[i]));
    values.push_back(x - TRY(to_double(vm, right->values()[i])));
  }
  return euclidean_norm(values);
}

}  // namespace apy::math
