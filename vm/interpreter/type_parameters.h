#pragma once
// PEP 695/696: type variables and type aliases made by the compiler's intrinsics.
#include "vm/interpreter/interpreter.h"

namespace apy {

Result<Value> type_parameter_intrinsic(VM& vm, IntrinsicKind kind, const Value* operands);

}  // namespace apy
