#pragma once
// Context variables (PEP 567): contextvars.Context, ContextVar, Token.
//
// A context is a dict from variable to value. Copies share the dict until one of them changes it,
// so copying, which every task does, costs one small cell. What a fiber's code sees is
// Context::variables; empty stands for a context that was never touched, so that programs without
// context variables pay nothing. Whoever runs code in a context that may be empty (a task's step)
// takes Context::variables back afterwards: the code may have made one.
#include "vm/interpreter/context.h"

namespace apy {

struct NativeTypeDef;

/// contextvars.copy_context(): the copy, or None when nothing was ever set here.
Result<Value> copy_context_variables(VM& vm);
/// `given` if it is a context, else a copy as above.
inline Result<Value> context_or_copy(VM& vm, Value given) {
  if (!given.is_empty() && !given.is_none()) return given;
  return vm.context()->variables.is_cell() ? copy_context_variables(vm) : Value::none();
}
/// What a script sees of a context that is kept in `owner`: an object in any case, made if need be.
Result<Value> context_object(VM& vm, Value* place, Cell* owner);
/// The same, but always an object that a script can have.
Result<Value> copy_context_object(VM& vm);

/// Runs what follows in `variables` (a context, None or empty) until the end of the scope.
class ContextVariablesScope {
 public:
  ContextVariablesScope(VM& vm, Value variables) : place_(vm.context()->variables), saved_(place_) {
    place_ = variables;
  }
  ~ContextVariablesScope() { place_ = saved_; }
  ContextVariablesScope(const ContextVariablesScope&) = delete;
  /// What the code has made of it: to be kept in place of `variables`.
  Value current() const { return place_; }

 private:
  Value& place_;
  Value saved_;
};

/// Makes Context, ContextVar and Token in the module, once.
Result<void> add_context_variable_types(VM& vm, Module* module);

}  // namespace apy
