#include "vm/interpreter/type_parameters.h"

#include <vector>

#include "vm/objects/protocol.h"
#include "vm/objects/union_type.h"

namespace apy {

namespace {

/// Type variables are objects of the module _typing. Bounds and defaults are functions, or None.
Result<Value> make_type_variable(VM& vm, const char* maker, std::span<const Value> operands) {
  Value typing = TRY(vm.import_module("_typing"));
  Value make = TRY(get_attribute(vm, typing, TRY(intern(vm, maker))));
  std::vector<Value> arguments(operands.begin(), operands.end());
  Value module = dict_get_str(vm, vm.current_frame()->function()->globals, vm.names().name_);
  arguments.push_back(module.is_empty() ? Value::none() : module);
  return vm.call(make, arguments);
}

}  // namespace

Result<Value> type_parameter_intrinsic(VM& vm, IntrinsicKind kind, const Value* operands) {
  switch (kind) {
    case IntrinsicKind::MakeTypeVar:
      return make_type_variable(vm, "_make_typevar", {operands, 4});
    case IntrinsicKind::MakeParamSpec: {
      Value named[2] = {operands[0], operands[2]};
      return make_type_variable(vm, "_make_paramspec", named);
    }
    case IntrinsicKind::MakeTypeVarTuple: {
      Value named[2] = {operands[0], operands[2]};
      return make_type_variable(vm, "_make_typevartuple", named);
    }
    case IntrinsicKind::MakeTypeAlias:
      return make_type_alias(vm, operands[0], operands[1], operands[2], true);
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
