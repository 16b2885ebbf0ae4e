#pragma once
// Complex arithmetic.
#include <complex>
#include <string>

#include "vm/objects/number.h"

namespace apy {

struct ComplexNumber {
  double real = 0, imaginary = 0;
};

Result<Value> make_complex(VM& vm, ComplexNumber z);
/// `v` as a complex if it is a number; OverflowError for an int that is too large.
Result<bool> complex_from_number(VM& vm, Value v, ComplexNumber* out);
/// Add, Subtract, Multiply, TrueDivide, Power; NotImplemented for others.
Result<Value> complex_binary(VM& vm, BinaryOp op, ComplexNumber a, ComplexNumber b);
int64_t complex_hash(const Complex* z);
std::string complex_repr(ComplexNumber z);
/// complex(v): through __complex__, __float__, __index__.
Result<ComplexNumber> to_complex(VM& vm, Value v);

}  // namespace apy
