// The module _contextvars; the types are in vm/interpreter/context_variables.cpp.
#include "vm/binding/bind.h"
#include "vm/interpreter/context_variables.h"

namespace apy {

namespace {

Result<Value> copy_context(VM& vm) { return copy_context_object(vm); }

constexpr NativeFunctionDef kFunctions[] = {
    {"copy_context()", "Return a copy of the current context.", bind<copy_context>()},
};

}  // namespace

extern const NativeModuleDef kContextvarsModule = {"_contextvars", "Context variables.", kFunctions,
                                                   add_context_variable_types};

}  // namespace apy
