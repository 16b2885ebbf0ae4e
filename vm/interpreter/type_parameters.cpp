#include "vm/interpreter/type_parameters.h"

#include "vm/objects/protocol.h"

namespace apy {

namespace {

// Fields of a TypeVariable record: name, bound function or None, constraints function or None,
// default function or None, kind (0 TypeVar, 1 ParamSpec, 2 TypeVarTuple). Of a TypeAlias record:
// name, type parameters, value function.
Result<Value> make_type_variable(VM& vm, const Value* operands, int kind) {
  bool constraints = kind == 0 && operands[3].is_true();
  Value bound = kind == 0 ? operands[1] : Value::none();
  return vm.make_record(BuiltinType::TypeVariable,
                        {operands[0], constraints ? Value::none() : bound,
                         constraints ? bound : Value::none(), operands[2], Value::small_int(kind)});
}

}  // namespace

Result<Value> type_parameter_intrinsic(VM& vm, IntrinsicKind kind, const Value* operands) {
  switch (kind) {
    case IntrinsicKind::MakeTypeVar:
      return make_type_variable(vm, operands, 0);
    case IntrinsicKind::MakeParamSpec:
      return make_type_variable(vm, operands, 1);
    case IntrinsicKind::MakeTypeVarTuple:
      return make_type_variable(vm, operands, 2);
    case IntrinsicKind::MakeTypeAlias:
      return vm.make_record(BuiltinType::TypeAlias, {operands[0], operands[1], operands[2]});
    case IntrinsicKind::SubscriptGeneric: {
      Value typing = TRY(vm.import_module("typing"));
      Value generic = TRY(get_attribute(vm, typing, TRY(intern(vm, "Generic"))));
      return get_item(vm, generic, operands[0]);
    }
    default:
      return vm.raise(Exc::SystemError, "unknown intrinsic {}", static_cast<int>(kind));
  }
}

}  // namespace apy
