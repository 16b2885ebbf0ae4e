// Type aliases of PEP 695: `type X = ...`. What one stands for is computed when asked for. Type
// variables are objects of the module _typing.
#include "vm/binding/bind.h"
#include "vm/bytecode/code.h"
#include "vm/objects/descriptor.h"
#include "vm/objects/frame.h"
#include "vm/objects/union_type.h"

namespace apy {

namespace {

using AliasSelf = RecordOf<BuiltinType::TypeAlias>;
// kLazy: true while the value is a function that computes it.
enum AliasField { kName, kParameters, kValue, kLazy, kModule };

Result<Value> or_method(VM& vm, Value left, Value right) { return make_union(vm, left, right); }
Result<Value> reflected_or_method(VM& vm, Value right, Value left) {
  return make_union(vm, left, right);
}

Result<Value> alias_new(VM& vm, Type*, Value name, Value value, Optional<Value> parameters) {
  if (!is_kind(name, CellKind::Str))
    return vm.raise(Exc::TypeError, "typealias() argument 'name' must be str, not {}",
                    vm.type_of(name));
  if (parameters.present && !is_kind(parameters.value, CellKind::Tuple))
    return vm.raise(Exc::TypeError, "type_params must be a tuple");
  return make_type_alias(vm, name, parameters.value_or(Value::none()), value, false);
}

Result<Value> alias_repr(VM& vm, AliasSelf self) { return str_of(vm, self->fields()[kName]); }
Result<Value> alias_reduce(VM&, AliasSelf self) { return self->fields()[kName]; }

Result<Value> alias_get_item(VM& vm, AliasSelf self, Value args) {
  const Tuple* parameters = try_as<Tuple>(self->fields()[kParameters]);
  if (!parameters || parameters->length == 0)
    return vm.raise(Exc::TypeError, "Only generic type aliases are subscriptable");
  return make_generic_alias(vm, self.record, args);
}

Result<Value> get_name(VM&, Value self) { return as<Record>(self)->fields()[kName]; }
Result<Value> get_module(VM&, Value self) { return as<Record>(self)->fields()[kModule]; }
Result<Value> get_value(VM& vm, Value self) {
  Record* alias = as<Record>(self);
  if (!alias->fields()[kLazy].is_true()) return alias->fields()[kValue];
  Value computed = TRY(vm.call(alias->fields()[kValue], {}));
  alias->fields()[kValue] = computed;
  alias->fields()[kLazy] = Value::boolean(false);
  vm.barrier(alias);
  return computed;
}
Result<Value> get_type_params(VM& vm, Value self) {
  Value v = as<Record>(self)->fields()[kParameters];
  if (is_kind(v, CellKind::Tuple)) return v;
  return TRY(make_tuple(vm, size_t{0}));
}
/// Type variable tuples spread.
Result<Value> get_parameters(VM& vm, Value self) {
  Value parameters = TRY(get_type_params(vm, self));
  List* result = TRY(make_list(vm, size_t{0}));
  for (Value v : as<Tuple>(parameters)->span()) {
    if (type_special(vm, vm.type_of(v), Special::Iter).is_empty()) {
      TRY(list_append(vm, result, v));
      continue;
    }
    TRY(for_each(vm, v, [&](Value item) -> Result<bool> {
      TRY(list_append(vm, result, item));
      return true;
    }));
  }
  return make_tuple(vm, result->span());
}

constexpr NativeFunctionDef kMethods[] = {
    {"__new__(cls, name, value, *, type_params=())", "Create and return a new object.",
     bind<alias_new>(), NativeFunctionDef::kStatic},
    {"__repr__(self, /)", "Return repr(self).", bind<alias_repr>()},
    {"__reduce__(self, /)", nullptr, bind<alias_reduce>()},
    {"__getitem__(self, key, /)", "Return self[key].", bind<alias_get_item>()},
    {"__or__(self, value, /)", "Return self|value.", bind<or_method>()},
    {"__ror__(self, value, /)", "Return value|self.", bind<reflected_or_method>()},
};
constexpr NativeGetSetDef kAttributes[] = {
    {"__name__", nullptr, get_name, readonly_member},
    {"__value__", nullptr, get_value},
    {"__type_params__", nullptr, get_type_params},
    {"__parameters__", nullptr, get_parameters},
    {"__module__", nullptr, get_module},
};

}  // namespace

Result<Value> make_type_alias(VM& vm, Value name, Value parameters, Value value, bool is_lazy) {
  Value module = Value::none();
  if (Frame* frame = vm.current_frame()) {
    Value found = dict_get_str(vm, frame->function()->globals, vm.names().name_);
    if (!found.is_empty()) module = found;
  }
  return TRY(vm.make_record(BuiltinType::TypeAlias,
                            {name, parameters, value, Value::boolean(is_lazy), module}));
}

extern const NativeTypeDef kTypeVariableType = {
    "typing.TypeVar", nullptr, {}, {}, Type::kDisallowNew};
extern const NativeTypeDef kTypeAliasType = {"typing.TypeAliasType", "Type alias.", kMethods,
                                             kAttributes, Type::kHasWeakref};

}  // namespace apy
