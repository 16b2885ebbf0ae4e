#pragma once
// TupleGetter: the descriptor of a namedtuple's field. It is here, beside tuples, because loads of
// attributes know it.
#include "vm/objects/type.h"

namespace apy {

struct TupleGetter : NativeObject {
  static const NativeClass kClass;
  Value doc;
  uint64_t index;
};

}  // namespace apy
