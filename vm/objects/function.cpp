// Small constructors of function-like objects.
#include "vm/objects/function.h"

#include "vm/objects/vm.h"

namespace apy {

Result<Value> make_bound_method(VM& vm, Value function, Value self) {
  BoundMethod* method = TRY(vm.allocate<BoundMethod>(BuiltinType::Method));
  method->function = function;
  method->self = self;
  return method;
}

Result<CellVariable*> make_cell_variable(VM& vm, Value value) {
  CellVariable* cell = TRY(vm.allocate<CellVariable>(BuiltinType::Cell));
  cell->value = value;
  return cell;
}

}  // namespace apy
