// int | str: union types.
#include "vm/objects/union_type.h"

#include <algorithm>

#include "vm/binding/bind.h"
#include "vm/objects/iterators.h"
#include "vm/objects/set.h"

namespace apy {

namespace {

Tuple* members(Value v) { return as<Tuple>(as<Record>(v)->fields()[0]); }

bool can_be_member(VM& vm, Value v) {
  return v.is_none() || is_kind(v, CellKind::Type) ||
         vm.is_instance(v, BuiltinType::GenericAlias) || is_exact(v, BuiltinType::UnionType) ||
         vm.is_instance(v, BuiltinType::TypeAlias);
}

Result<void> add(VM& vm, List* list, Value v) {
  if (v.is_none()) v = vm.type(BuiltinType::NoneType);
  if (is_exact(v, BuiltinType::UnionType)) {
    for (Value entry : members(v)->span()) TRY(add(vm, list, entry));
    return {};
  }
  for (Value known : list->span())
    if (TRY(values_equal(vm, known, v))) return {};
  return list_append(vm, list, v);
}

/// How a type shows up in the repr of a union or an alias.
Result<std::string> shown(VM& vm, Value v) {
  if (v.is_ellipsis()) return std::string("...");
  if (v.is(Value(vm.type(BuiltinType::NoneType)))) return std::string("None");
  if (Type* type = try_as<Type>(v)) {
    // As it prints itself, if its metaclass gives it a say.
    if (vm.type_of(v) != vm.type(BuiltinType::Type)) {
      Value origin, arguments;
      if (TRY(get_attribute_optional(vm, v, TRY(intern(vm, "__origin__")), &origin)) &&
          TRY(get_attribute_optional(vm, v, TRY(intern(vm, "__args__")), &arguments)))
        return repr_text(vm, v);
    }
    std::string text;
    Value module;
    if (TRY(get_attribute_optional(vm, type, vm.names().module_, &module)) &&
        is_kind(module, CellKind::Str) && !str_equal(as<Str>(module), "builtins"))
      text = to_utf8(as<Str>(module)) + ".";
    return text + to_utf8(type->qualname);
  }
  return repr_text(vm, v);
}

Result<Value> union_repr(VM& vm, RecordOf<BuiltinType::UnionType> self) {
  std::string text;
  for (Value entry : members(self)->span()) {
    if (!text.empty()) text += " | ";
    text += TRY(shown(vm, entry));
  }
  return make_str(vm, text);
}

Result<Value> union_equal(VM& vm, RecordOf<BuiltinType::UnionType> self, Value other) {
  if (!is_exact(other, BuiltinType::UnionType)) return Value::not_implemented();
  Set* left = TRY(make_set(vm, BuiltinType::FrozenSet));
  Set* right = TRY(make_set(vm, BuiltinType::FrozenSet));
  TRY(set_update(vm, left, members(self)));
  TRY(set_update(vm, right, members(other)));
  return Value::boolean(TRY(set_equal(vm, left, right)));
}

Result<int64_t> union_hash(VM& vm, RecordOf<BuiltinType::UnionType> self) {
  Set* set = TRY(make_set(vm, BuiltinType::FrozenSet));
  TRY(set_update(vm, set, members(self)));
  return hash_value(vm, set);
}

Result<Value> union_or(VM& vm, Value left, Value right) { return make_union(vm, left, right); }
Result<Value> union_reflected_or(VM& vm, Value right, Value left) {
  return make_union(vm, left, right);
}
Result<bool> union_instance_check(VM& vm, Value self, Value object) {
  return is_instance_of(vm, object, self);
}
Result<bool> union_subclass_check(VM& vm, Value self, Value cls) {
  return is_subclass_of(vm, cls, self);
}
Result<Value> get_args(VM&, Value self) { return members(self); }

/// A function of the module _typing, which knows how types are put in the place of variables.
Result<Value> typing_function(VM& vm, const char* name) {
  Value typing = TRY(vm.import_module("_typing"));
  return get_attribute(vm, typing, TRY(intern(vm, name)));
}

Result<Value> get_union_parameters(VM& vm, Value self) {
  return vm.call(TRY(typing_function(vm, "parameters_of")), {members(self)});
}
/// The union with types in the place of its variables.
Result<Value> union_get_item(VM& vm, RecordOf<BuiltinType::UnionType> self, Value item) {
  Value parameters = TRY(get_union_parameters(vm, self));
  Value args = TRY(vm.call(TRY(typing_function(vm, "substitute")),
                           {self.record, members(self), parameters, item}));
  Value result;
  TRY(for_each(vm, args, [&](Value v) -> Result<bool> {
    result = result.is_empty() ? v : TRY(binary_operation(vm, BinaryOp::BitOr, result, v));
    return true;
  }));
  return result;
}

constexpr NativeFunctionDef kMethods[] = {
    {"__repr__(self, /)", "Return repr(self).", bind<union_repr>()},
    {"__eq__(self, value, /)", "Return self==value.", bind<union_equal>()},
    {"__hash__(self, /)", "Return hash(self).", bind<union_hash>()},
    {"__or__(self, value, /)", "Return self|value.", bind<union_or>()},
    {"__ror__(self, value, /)", "Return value|self.", bind<union_reflected_or>()},
    {"__getitem__(self, key, /)", "Return self[key].", bind<union_get_item>()},
    {"__instancecheck__(self, instance, /)", nullptr, bind<union_instance_check>()},
    {"__subclasscheck__(self, cls, /)", nullptr, bind<union_subclass_check>()},
};
constexpr NativeGetSetDef kAttributes[] = {{"__args__", nullptr, get_args},
                                           {"__parameters__", nullptr, get_union_parameters}};

}  // namespace

Result<Value> make_union(VM& vm, Value left, Value right) {
  if (!can_be_member(vm, left) || !can_be_member(vm, right)) return Value::not_implemented();
  List* list = TRY(make_list(vm, size_t{2}));
  TRY(add(vm, list, left));
  TRY(add(vm, list, right));
  if (list->length == 1) return list->values()[0];
  return TRY(vm.make_record(BuiltinType::UnionType, {TRY(make_tuple(vm, list->span()))}));
}

extern const NativeTypeDef kUnionTypeType = {
    "types.UnionType", "Represent a PEP 604 union type\n\nE.g. for int | str", kMethods,
    kAttributes, Type::kDisallowNew | Type::kHasWeakref};

// --- list[int]: generic aliases. Fields: origin, args, is `*` unpacked ---

namespace {

enum AliasField { kOrigin, kArgs, kUnpacked };

Value origin_of(Record* self) { return self->fields()[kOrigin]; }
Tuple* args_of(Record* self) { return as<Tuple>(self->fields()[kArgs]); }

Result<std::string> shown_argument(VM& vm, Value v) {
  if (List* list = try_as<List>(v)) {
    std::string text = "[";
    for (uint64_t i = 0; i < list->length; ++i) {
      if (i > 0) text += ", ";
      text += TRY(shown_argument(vm, list->values()[i]));
    }
    return text + "]";
  }
  return shown(vm, v);
}

Result<Value> alias_new(VM& vm, Type* cls, Value origin, Value arguments) {
  if (!is_kind(arguments, CellKind::Tuple)) arguments = TRY(make_tuple(vm, {&arguments, 1}));
  return TRY(make_record_of(vm, cls, BuiltinType::GenericAlias,
                            {origin, arguments, Value::boolean(false)}));
}

Result<Value> alias_repr(VM& vm, RecordOf<BuiltinType::GenericAlias> self) {
  std::string text = self->fields()[kUnpacked].is_true() ? "*" : "";
  text += TRY(shown(vm, origin_of(self))) + "[";
  Tuple* args = args_of(self);
  for (uint64_t i = 0; i < args->length; ++i) {
    if (i > 0) text += ", ";
    text += TRY(shown_argument(vm, args->values()[i]));
  }
  if (args->length == 0) text += "()";
  return make_str(vm, text + "]");
}

Result<Value> alias_equal(VM& vm, RecordOf<BuiltinType::GenericAlias> self, Value other) {
  if (!vm.is_instance(other, BuiltinType::GenericAlias)) return Value::not_implemented();
  Record* right = as<Record>(other);
  if (!self->fields()[kUnpacked].is(right->fields()[kUnpacked])) return Value::boolean(false);
  if (!TRY(values_equal(vm, origin_of(self), origin_of(right)))) return Value::boolean(false);
  return Value::boolean(TRY(values_equal(vm, args_of(self), args_of(right))));
}

Result<int64_t> alias_hash(VM& vm, RecordOf<BuiltinType::GenericAlias> self) {
  int64_t origin = TRY(hash_value(vm, origin_of(self)));
  return origin ^ TRY(hash_value(vm, args_of(self)));
}

Result<Value> alias_call(VM& vm, const Arguments& arguments) {
  Value self = arguments.values[0];
  if (!is_kind(self, CellKind::Record) || !vm.is_instance(self, BuiltinType::GenericAlias))
    return vm.raise(Exc::TypeError, "expected a generic alias");
  size_t count = arguments.positional_count - 1 + arguments.keyword_count();
  Value made = TRY(vm.call_keywords(origin_of(as<Record>(self)), {arguments.values + 1, count},
                                    arguments.keyword_names));
  if (set_attribute(vm, made, vm.names().orig_class, self).is_error()) {
    if (!vm.catch_pending(Exc::AttributeError) && !vm.catch_pending(Exc::TypeError)) return Error{};
  }
  return made;
}

bool is_own_attribute(const Str* name) {
  constexpr std::string_view kOwn[] = {"__origin__",     "__args__",
                                       "__parameters__", "__mro_entries__",
                                       "__reduce_ex__",  "__reduce__",
                                       "__copy__",       "__deepcopy__",
                                       "__unpacked__",   "__typing_unpacked_tuple_args__",
                                       "__class__",      "__bases__"};
  if (name->width() != 1) return false;
  return std::find(std::begin(kOwn), std::end(kOwn), name->latin1()) != std::end(kOwn);
}

/// Other attributes than its own (and dunders) come from the origin.
Result<Value> alias_get_attribute(VM& vm, RecordOf<BuiltinType::GenericAlias> self, Value name) {
  if (!is_kind(name, CellKind::Str))
    return vm.raise(Exc::TypeError, "attribute name must be string, not '{}'", vm.type_of(name));
  Str* key = TRY(intern(vm, as<Str>(name)));
  if (is_own_attribute(key)) return generic_get_attribute(vm, self, key);
  return get_attribute(vm, origin_of(self), key);
}

Result<Value> alias_mro_entries(VM& vm, RecordOf<BuiltinType::GenericAlias> self, Value) {
  Value origin = origin_of(self);
  return make_tuple(vm, {&origin, 1});
}

/// Plain classes have no parameters; that saves the import for most aliases.
bool has_only_classes(Tuple* args) {
  return std::all_of(args->span().begin(), args->span().end(),
                     [](Value v) { return is_kind(v, CellKind::Type); });
}

Result<Value> get_parameters(VM& vm, Value self) {
  Tuple* args = args_of(as<Record>(self));
  if (has_only_classes(args)) return make_tuple(vm, size_t{0});
  return vm.call(TRY(typing_function(vm, "parameters_of")), {args});
}

Result<Value> alias_get_item(VM& vm, RecordOf<BuiltinType::GenericAlias> self, Value item) {
  Value parameters = TRY(get_parameters(vm, self.record));
  Value args = TRY(vm.call(TRY(typing_function(vm, "substitute")),
                           {self.record, args_of(self), parameters, item}));
  Value made = TRY(make_generic_alias(vm, origin_of(self), args));
  as<Record>(made)->fields()[kUnpacked] = self->fields()[kUnpacked];
  return made;
}

Result<Value> alias_reduce(VM& vm, RecordOf<BuiltinType::GenericAlias> self) {
  Value inner[2] = {origin_of(self), args_of(self)};
  if (!self->fields()[kUnpacked].is_true()) {
    Value pair[2] = {vm.type(BuiltinType::GenericAlias), TRY(make_tuple(vm, inner))};
    return make_tuple(vm, pair);
  }
  Value plain = TRY(make_generic_alias(vm, inner[0], inner[1]));
  Value iterator = TRY(get_iterator(vm, plain));
  Value next = dict_get_str(vm, vm.builtins(), TRY(intern(vm, "next")));
  Value pair[2] = {next, TRY(make_tuple(vm, {&iterator, 1}))};
  return make_tuple(vm, pair);
}

/// As of an instance of the class itself.
Result<Value> alias_dir(VM& vm, RecordOf<BuiltinType::GenericAlias> self) {
  Value dir = TRY(get_attribute(vm, TRY(vm.import_module("builtins")), TRY(intern(vm, "dir"))));
  List* list = TRY(list_from(vm, TRY(vm.call(dir, {origin_of(self)}))));
  for (const char* name : {"__origin__", "__args__", "__parameters__", "__mro_entries__",
                           "__reduce_ex__", "__reduce__", "__copy__", "__deepcopy__",
                           "__unpacked__", "__typing_unpacked_tuple_args__", "__class__"}) {
    Value text = TRY(make_str(vm, name));
    if (!TRY(contains(vm, list, text))) TRY(list_append(vm, list, text));
  }
  return list;
}

Result<Value> alias_iter(VM& vm, RecordOf<BuiltinType::GenericAlias> self) {
  Record* unpacked = TRY(vm.make_record(BuiltinType::GenericAlias,
                                        {origin_of(self), args_of(self), Value::boolean(true)}));
  Value only = unpacked;
  return make_tuple_iterator(vm, TRY(make_tuple(vm, {&only, 1})));
}

Result<bool> alias_instance_check(VM& vm, RecordOf<BuiltinType::GenericAlias>, Value) {
  return vm.raise(Exc::TypeError, "isinstance() argument 2 cannot be a parameterized generic");
}
Result<bool> alias_subclass_check(VM& vm, RecordOf<BuiltinType::GenericAlias>, Value) {
  return vm.raise(Exc::TypeError, "issubclass() argument 2 cannot be a parameterized generic");
}

Result<Value> get_origin(VM&, Value self) { return origin_of(as<Record>(self)); }
Result<Value> get_alias_args(VM&, Value self) { return args_of(as<Record>(self)); }
Result<Value> get_unpacked(VM&, Value self) { return as<Record>(self)->fields()[kUnpacked]; }

/// The items that `*tuple[int, str]` stands for; None for other aliases.
Result<Value> get_unpacked_args(VM& vm, Value self) {
  Record* alias = as<Record>(self);
  if (alias->fields()[kUnpacked].is_true() && origin_of(alias).is(vm.type(BuiltinType::Tuple)))
    return args_of(alias);
  return Value::none();
}

constexpr NativeFunctionDef kAliasMethods[] = {
    {"__new__(cls, origin, args, /)", nullptr, bind<alias_new>(), NativeFunctionDef::kStatic},
    {"__repr__(self, /)", "Return repr(self).", bind<alias_repr>()},
    {"__eq__(self, value, /)", "Return self==value.", bind<alias_equal>()},
    {"__hash__(self, /)", "Return hash(self).", bind<alias_hash>()},
    {"__call__(self, /, *args, **kwargs)", "Call self as a function.", bind<alias_call>()},
    {"__getattribute__(self, name, /)", "Return getattr(self, name).", bind<alias_get_attribute>()},
    {"__getitem__(self, key, /)", "Return self[key].", bind<alias_get_item>()},
    {"__iter__(self, /)", "Implement iter(self).", bind<alias_iter>()},
    {"__reduce__(self, /)", nullptr, bind<alias_reduce>()},
    {"__dir__(self, /)", "Default dir() implementation.", bind<alias_dir>()},
    {"__mro_entries__(self, bases, /)", nullptr, bind<alias_mro_entries>()},
    {"__instancecheck__(self, instance, /)", nullptr, bind<alias_instance_check>()},
    {"__subclasscheck__(self, cls, /)", nullptr, bind<alias_subclass_check>()},
    {"__or__(self, value, /)", "Return self|value.", bind<union_or>()},
    {"__ror__(self, value, /)", "Return value|self.", bind<union_reflected_or>()},
};
constexpr NativeGetSetDef kAliasAttributes[] = {
    {"__origin__", nullptr, get_origin},
    {"__args__", nullptr, get_alias_args},
    {"__parameters__", nullptr, get_parameters},
    {"__unpacked__", nullptr, get_unpacked},
    {"__typing_unpacked_tuple_args__", nullptr, get_unpacked_args},
};

}  // namespace

Result<Value> make_generic_alias(VM& vm, Value origin, Value args) {
  if (!is_kind(args, CellKind::Tuple)) args = TRY(make_tuple(vm, {&args, 1}));
  return TRY(vm.make_record(BuiltinType::GenericAlias, {origin, args, Value::boolean(false)}));
}

extern const NativeTypeDef kGenericAliasType = {
    "types.GenericAlias",
    "Represent a PEP 585 generic type",
    kAliasMethods,
    kAliasAttributes,
    Type::kCanSubclass | Type::kCustomGetAttribute | Type::kHasWeakref,
    uint32_t{sizeof(Record) + 3 * sizeof(Value)}};

}  // namespace apy
