// Modules as scripts see them.
#include "vm/binding/bind.h"
#include "vm/objects/descriptor.h"

namespace apy {

namespace {

Result<Value> module_new(VM& vm, const Arguments& arguments) {
  Type* cls = arguments.positional_count ? try_as<Type>(arguments.values[0]) : nullptr;
  if (!cls || !cls->is_subtype_of(vm.type(BuiltinType::Module)))
    return vm.raise(Exc::TypeError, "module.__new__(): not enough arguments");
  auto* module = static_cast<Module*>(TRY(allocate_instance(vm, cls)));
  module->dict = TRY(make_dict(vm));
  vm.barrier(module);
  return module;
}

Result<void> module_init(VM& vm, Module* self, Str* name, Optional<Value> doc) {
  const Names& names = vm.names();
  TRY(dict_set_str(vm, self->dict, names.name_, name));
  TRY(dict_set_str(vm, self->dict, names.doc, doc.value_or(Value::none())));
  for (Str* key : {names.package, names.loader, names.spec})
    TRY(dict_set_str(vm, self->dict, key, Value::none()));
  return {};
}

Result<Value> module_repr(VM& vm, Module* self) {
  Value name = dict_get_str(vm, self->dict, vm.names().name_);
  Value file = dict_get_str(vm, self->dict, vm.names().file);
  std::string text = "<module " + (name.is_empty() ? std::string("?") : TRY(repr_text(vm, name)));
  if (is_kind(file, CellKind::Str))
    return make_str(vm, text + " from " + TRY(repr_text(vm, file)) + ">");
  bool is_builtin = self->aux & Module::kBuiltin;
  return make_str(vm, text + (is_builtin ? " (built-in)>" : ">"));
}

Result<Value> module_getattribute(VM& vm, Module* self, Value name) {
  return module_get_attribute(vm, self, TRY(attribute_name(vm, name)));
}

Result<Value> module_dir(VM& vm, Module* self) {
  // A subclass may have a __dict__ of its own.
  Value found = TRY(get_attribute(vm, self, vm.names().dict_));
  Dict* dict = try_as<Dict>(found);
  if (!dict) return vm.raise(Exc::TypeError, "<module>.__dict__ is not a dictionary");
  Value hook = dict_get_str(vm, dict, vm.names().dir);
  if (!hook.is_empty()) return vm.call(hook, {});
  return list_from(vm, dict);
}

Result<Value> get_dict(VM&, Value self) { return as<Module>(self)->dict; }
Result<Value> get_annotations(VM& vm, Value self) {
  Dict* dict = as<Module>(self)->dict;
  Value known = dict_get_str(vm, dict, vm.names().annotations);
  if (!known.is_empty()) return known;
  Dict* made = TRY(make_dict(vm));
  TRY(dict_set_str(vm, dict, vm.names().annotations, made));
  return made;
}
Result<void> set_annotations(VM& vm, Value self, Value value) {
  Dict* dict = as<Module>(self)->dict;
  if (!value.is_empty()) return dict_set_str(vm, dict, vm.names().annotations, value);
  if (!TRY(dict_remove(vm, dict, vm.names().annotations, nullptr)))
    return raise_no_attribute(vm, self, vm.names().annotations);
  return {};
}

constexpr NativeFunctionDef kMethods[] = {
    {"__new__(cls, /, *args, **kwargs)", "Create and return a new object.", bind<module_new>(),
     NativeFunctionDef::kStatic},
    {"__init__(self, name, doc=None)", "Initialize self.", bind<module_init>()},
    {"__repr__(self, /)", "Return repr(self).", bind<module_repr>()},
    {"__getattribute__(self, name, /)", "Return getattr(self, name).", bind<module_getattribute>()},
    {"__dir__(self, /)", "__dir__() -> list", bind<module_dir>()},
};
constexpr NativeGetSetDef kAttributes[] = {
    {"__dict__", nullptr, get_dict, readonly_member},
    {"__annotations__", nullptr, get_annotations, set_annotations},
};

}  // namespace

extern const NativeTypeDef kModuleType = {"module", "Create a module object.", kMethods,
                                          kAttributes, Type::kCanSubclass | Type::kHasWeakref};

}  // namespace apy
