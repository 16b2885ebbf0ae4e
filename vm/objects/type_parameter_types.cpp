// Type variables and aliases of PEP 695: `def f[T]()`, `type X = ...`. What a bound, default or
// alias stands for is computed when asked for. Layouts: vm/interpreter/type_parameters.cpp.
#include "vm/binding/bind.h"
#include "vm/objects/union_type.h"

namespace apy {

namespace {

using VariableSelf = RecordOf<BuiltinType::TypeVariable>;
using AliasSelf = RecordOf<BuiltinType::TypeAlias>;
enum VariableField { kName, kBound, kConstraints, kDefault, kKind };
enum AliasField { kAliasName, kAliasParameters, kAliasValue };

/// A field that holds a function until it is asked for.
template <int N>
Result<Value> get_lazy(VM& vm, Value self) {
  Value v = as<Record>(self)->fields()[N];
  if (!is_kind(v, CellKind::Function)) return v;
  Value computed = TRY(vm.call(v, {}));
  as<Record>(self)->fields()[N] = computed;
  vm.barrier(self.cell());
  return computed;
}
template <int N>
Result<Value> get_field(VM&, Value self) {
  return as<Record>(self)->fields()[N];
}

Result<Value> variable_repr(VM& vm, VariableSelf self) {
  int64_t kind = self->fields()[kKind].as_small_int();
  (void)kind;
  return str_of(vm, self->fields()[kName]);
}
Result<Value> get_constraints(VM& vm, Value self) {
  Value v = TRY(get_lazy<kConstraints>(vm, self));
  if (v.is_none()) return TRY(make_tuple(vm, size_t{0}));
  return v;
}
Result<bool> variable_has_default(VM&, VariableSelf self) {
  return !self->fields()[kDefault].is_none();
}
Result<Value> get_false(VM&, Value) { return Value::boolean(false); }
Result<Value> get_true(VM&, Value) { return Value::boolean(true); }
Result<Value> or_method(VM& vm, Value left, Value right) { return make_union(vm, left, right); }
Result<Value> reflected_or_method(VM& vm, Value right, Value left) {
  return make_union(vm, left, right);
}
/// `*Ts` in an annotation: the one item typing.Unpack[Ts].
Result<Value> variable_iterate(VM& vm, VariableSelf self) {
  constexpr int64_t kTypeVarTuple = 2;
  if (self->fields()[kKind].as_small_int() != kTypeVarTuple)
    return vm.raise(Exc::TypeError, "'typing.TypeVar' object is not iterable");
  Value typing = TRY(vm.import_module("typing"));
  Value unpack = TRY(get_attribute(vm, typing, TRY(intern(vm, "Unpack"))));
  Value item = TRY(get_item(vm, unpack, self.record));
  Tuple* items = TRY(make_tuple(vm, {&item, 1}));
  return get_iterator(vm, items);
}
Result<Value> variable_substitute(VM&, VariableSelf, Value argument) { return argument; }

constexpr NativeFunctionDef kVariableMethods[] = {
    {"__repr__(self, /)", "Return repr(self).", bind<variable_repr>()},
    {"__or__(self, value, /)", "Return self|value.", bind<or_method>()},
    {"__ror__(self, value, /)", "Return value|self.", bind<reflected_or_method>()},
    {"__iter__(self, /)", "Implement iter(self).", bind<variable_iterate>()},
    {"has_default(self, /)", nullptr, bind<variable_has_default>()},
    {"__typing_subst__(self, arg, /)", nullptr, bind<variable_substitute>()},
};
constexpr NativeGetSetDef kVariableAttributes[] = {
    {"__name__", nullptr, get_field<kName>},       {"__bound__", nullptr, get_lazy<kBound>},
    {"__constraints__", nullptr, get_constraints}, {"__default__", nullptr, get_lazy<kDefault>},
    {"__covariant__", nullptr, get_false},         {"__contravariant__", nullptr, get_false},
    {"__infer_variance__", nullptr, get_true},
};

Result<Value> alias_repr(VM& vm, AliasSelf self) { return str_of(vm, self->fields()[kAliasName]); }
Result<Value> alias_get_item(VM& vm, AliasSelf self, Value args) {
  const Tuple* parameters = try_as<Tuple>(self->fields()[kAliasParameters]);
  if (!parameters || parameters->length == 0)
    return vm.raise(Exc::TypeError, "Only generic type aliases are subscriptable");
  return make_generic_alias(vm, self.record, args);
}
Result<Value> get_alias_parameters(VM& vm, Value self) {
  Value v = as<Record>(self)->fields()[kAliasParameters];
  if (is_kind(v, CellKind::Tuple)) return v;
  return TRY(make_tuple(vm, size_t{0}));
}

constexpr NativeFunctionDef kAliasMethods[] = {
    {"__repr__(self, /)", "Return repr(self).", bind<alias_repr>()},
    {"__getitem__(self, key, /)", "Return self[key].", bind<alias_get_item>()},
    {"__or__(self, value, /)", "Return self|value.", bind<or_method>()},
    {"__ror__(self, value, /)", "Return value|self.", bind<reflected_or_method>()},
};
constexpr NativeGetSetDef kAliasAttributes[] = {
    {"__name__", nullptr, get_field<kAliasName>},
    {"__value__", nullptr, get_lazy<kAliasValue>},
    {"__type_params__", nullptr, get_alias_parameters},
    {"__parameters__", nullptr, get_alias_parameters},
};

}  // namespace

extern const NativeTypeDef kTypeVariableType = {"typing.TypeVar", "Type variable.",
                                                kVariableMethods, kVariableAttributes,
                                                Type::kDisallowNew | Type::kHasWeakref};
extern const NativeTypeDef kTypeAliasType = {"typing.TypeAliasType", "Type alias.", kAliasMethods,
                                             kAliasAttributes,
                                             Type::kDisallowNew | Type::kHasWeakref};

}  // namespace apy
