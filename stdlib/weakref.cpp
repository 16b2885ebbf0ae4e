// The native half of weakref.
#include "vm/binding/bind.h"
#include "vm/objects/internals.h"

namespace apy {

namespace {

Result<Value> references_to(VM& vm, Value object) {
  List* references = TRY(make_list(vm, size_t{0}));
  if (!object.is_cell()) return references;
  RootVector found(vm.heap());
  vm.internals().weak.for_each(object.cell(), [&](WeakReference* reference) {
    found.values.push_back(reference);
    return false;
  });
  for (Value reference : found.values) TRY(list_append(vm, references, reference));
  return references;
}

Result<int64_t> getweakrefcount(VM& vm, Value object) {
  return static_cast<int64_t>(as<List>(TRY(references_to(vm, object)))->length);
}
Result<Value> getweakrefs(VM& vm, Value object) { return references_to(vm, object); }

constexpr NativeFunctionDef kFunctions[] = {
    {"getweakrefcount(object, /)", "Return the number of weak references to 'object'.",
     bind<getweakrefcount>()},
    {"getweakrefs(object, /)", "Return a list of all weak reference objects pointing to 'object'.",
     bind<getweakrefs>()},
};

Result<void> initialize(VM& vm, Module* module) {
  TRY(module_set(vm, module, "ref", vm.type(BuiltinType::WeakReference)));
  return module_set(vm, module, "ReferenceType", vm.type(BuiltinType::WeakReference));
}

}  // namespace

extern const NativeModuleDef kWeakrefModule = {"_weakref", "The native half of weakref.",
                                               kFunctions, initialize};

}  // namespace apy
