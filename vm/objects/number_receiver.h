#pragma once
// Receivers of the methods of int and float: their values are not all cells, so `T*` cannot be the
// parameter.
#include "vm/binding/bind.h"
#include "vm/objects/number.h"

namespace apy {

/// Any int: small int, bool, BigInt, instance of a subclass.
struct IntReceiver {
  Value value;
};
/// Any float.
struct FloatReceiver {
  double value;
  Value object;
};

template <>
struct Parameter<IntReceiver> {
  static constexpr bool kOptional = false;
  static bool convert(VM& vm, const NativeFunctionDef& d, unsigned, Value v, IntReceiver* out) {
    out->value = v;
    if (is_int(v)) [[likely]]
      return true;
    (void)wrong_receiver(vm, d, "int", v);
    return false;
  }
};
template <>
struct Parameter<FloatReceiver> {
  static constexpr bool kOptional = false;
  static bool convert(VM& vm, const NativeFunctionDef& d, unsigned, Value v, FloatReceiver* out) {
    if (is_float(v)) [[likely]] {
      *out = {as_float(v), v};
      return true;
    }
    (void)wrong_receiver(vm, d, "float", v);
    return false;
  }
};

/// The class that __new__ was called with; TypeError when it is not `base` or a subclass.
Result<Type*> new_receiver(VM& vm, const Arguments& arguments, BuiltinType base);
/// `v` if it is an int.
Result<Value> check_int(VM& vm, Value v);
/// int(d): OverflowError "cannot convert float infinity to integer", ValueError for NaN.
Result<Value> float_to_int(VM& vm, double d);

}  // namespace apy
