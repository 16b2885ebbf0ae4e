#pragma once
// The functions of `math` that are more than a call of the C library, shared by the files of this
// folder.
#include "vm/binding/bind.h"

namespace apy::math {

Error domain_error(VM& vm);
Error range_error(VM& vm);

// integers.cpp
Result<Value> factorial(VM& vm, Value n);
Result<Value> comb(VM& vm, Value n, Value k);
Result<Value> perm(VM& vm, Value n, Optional<Value> k);
Result<Value> isqrt(VM& vm, Value n);
Result<Value> gcd(VM& vm, Rest integers);
Result<Value> lcm(VM& vm, Rest integers);

// sums.cpp
Result<double> fsum(VM& vm, Value iterable);
Result<Value> prod(VM& vm, Value iterable, Optional<Value> start);
Result<Value> sumprod(VM& vm, Value p, Value q);
Result<double> hypot(VM& vm, Rest coordinates);
Result<double> dist(VM& vm, Value p, Value q);

// gamma.cpp
Result<double> gamma(VM& vm, double x);
Result<double> lgamma(VM& vm, double x);

}  // namespace apy::math
