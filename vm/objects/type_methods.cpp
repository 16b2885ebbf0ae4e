// The type `type`: making classes, calling them, what class objects have.
#include "vm/binding/bind.h"
#include "vm/objects/class_checks.h"
#include "vm/objects/descriptor.h"
#include "vm/objects/frame.h"
#include "vm/objects/internals.h"
#include "vm/objects/special_call.h"
#include "vm/objects/union_type.h"

namespace apy {

namespace {

Result<Value> make_from_arguments(VM& vm, Type* metaclass, const Arguments& arguments) {
  const Value* values = arguments.values;
  const char* kExpected[] = {"str", "tuple", "dict"};
  const CellKind kKinds[] = {CellKind::Str, CellKind::Tuple, CellKind::Dict};
  for (int i = 0; i < 3; ++i) {
    if (!is_kind(values[i + 1], kKinds[i]))
      return vm.raise(Exc::TypeError, "type.__new__() argument {} must be {}, not {}", i + 1,
                      kExpected[i], vm.type_of(values[i + 1]));
  }
  Tuple* bases = as<Tuple>(values[2]);
  for (Value base : bases->span()) {
    if (is_kind(base, CellKind::Type)) continue;
    if (!type_special(vm, vm.type_of(base), Special::MroEntries).is_empty())
      return vm.raise(Exc::TypeError,
                      "type() doesn't support MRO entry resolution; use types.new_class()");
  }
  Type* winner = TRY(calculate_metaclass(vm, metaclass, bases));
  if (winner != metaclass) {
    Value standard = type_special(vm, vm.type(BuiltinType::Type), Special::New);
    Value make = type_special(vm, winner, Special::New);
    if (!make.is(standard)) {
      RootVector forwarded(vm.heap());
      Value bound = TRY(bind_descriptor(vm, make, Value(), winner));
      forwarded.values.assign(values,
                              values + arguments.positional_count + arguments.keyword_count());
      forwarded.values[0] = winner;
      return vm.call_keywords(bound, forwarded.values, arguments.keyword_names);
    }
    metaclass = winner;
  }
  Str* name = TRY(intern(vm, as<Str>(values[1])));
  return TRY(make_class(vm, metaclass, name, bases, as<Dict>(values[3]), arguments.keyword_names,
                        arguments.keyword_values().data()));
}

}  // namespace

Result<Value> type_new(VM& vm, const Arguments& arguments) {
  Type* metaclass = arguments.positional_count ? try_as<Type>(arguments.values[0]) : nullptr;
  if (!metaclass) return vm.raise(Exc::TypeError, "type.__new__(): not enough arguments");
  size_t given = arguments.positional_count - 1;
  if (given != 3)
    return vm.raise(Exc::TypeError, "type.__new__() takes exactly 3 arguments ({} given)", given);
  return make_from_arguments(vm, metaclass, arguments);
}

Result<Value> type_call(VM& vm, Type* cls, std::span<const Value> arguments, Tuple* keyword_names) {
  size_t keyword_count = keyword_names ? keyword_names->length : 0;
  if (cls == vm.type(BuiltinType::Type)) {
    size_t given = arguments.size() - keyword_count;
    if (given == 1 && keyword_count == 0) return vm.type_of(arguments[0]);
    if (given == 1) return vm.raise(Exc::TypeError, "type() takes no keyword arguments");
    if (given != 3) return vm.raise(Exc::TypeError, "type() takes 1 or 3 arguments");
  }
  Value make = type_special(vm, cls, Special::New);
  if ((cls->flags & Type::kDisallowNew) && !(cls->flags & Type::kHeapType))
    return vm.raise(Exc::TypeError, "cannot create '{}' instances", cls);
  if (make.is_empty()) return vm.raise(Exc::TypeError, "cannot create '{}' instances", cls);
  make = TRY(bind_descriptor(vm, make, Value(), cls));
  Value buffer[12];
  RootVector big(vm.heap());
  Value* values = buffer;
  size_t count = arguments.size() + 1;
  if (count > std::size(buffer)) {
    big.values.resize(count);
    values = big.values.data();
  }
  values[0] = cls;
  std::copy(arguments.begin(), arguments.end(), values + 1);
  Value object = TRY(vm.call_keywords(make, {values, count}, keyword_names));
  values[0] = object;
  TRY(initialize_made(vm, cls, values, count, keyword_names));
  return object;
}

Result<void> initialize_made(VM& vm, Type* cls, const Value* values, size_t count,
                             Tuple* keyword_names) {
  Value object = values[0];
  // What a __str__ gave is not initialised again by str().
  if (cls == vm.type(BuiltinType::Str)) return {};
  Type* type = vm.type_of(object);
  if (type != cls && !type->is_subtype_of(cls)) return {};
  Value init = type_special(vm, type, Special::Init);
  if (init.is_empty()) return {};
  Value object_init = type_special(vm, vm.type(BuiltinType::Object), Special::Init);
  if (init.is(object_init) && count == 1) return {};
  bool takes_self =
      is_kind(init, CellKind::Function) || is_exact(init, BuiltinType::MethodDescriptor);
  if (!takes_self) init = TRY(bind_descriptor(vm, init, object, type));
  size_t skipped = takes_self ? 0 : 1;
  Value result = TRY(vm.call_keywords(init, {values + skipped, count - skipped}, keyword_names));
  if (!result.is_none())
    return vm.raise(Exc::TypeError, "__init__() should return None, not '{}'", vm.type_of(result));
  return {};
}

namespace {

Result<Value> call_method(VM& vm, const Arguments& arguments) {
  Type* cls = arguments.positional_count ? try_as<Type>(arguments.values[0]) : nullptr;
  if (!cls) return vm.raise(Exc::TypeError, "descriptor '__call__' requires a 'type' object");
  return type_call(
      vm, cls, {arguments.values + 1, arguments.positional_count - 1 + arguments.keyword_count()},
      arguments.keyword_names);
}

Result<Value> init_method(VM& vm, const Arguments& arguments) {
  size_t given = arguments.positional_count - 1;
  if (given != 1 && given != 3)
    return vm.raise(Exc::TypeError, "type.__init__() takes 1 or 3 arguments");
  if (given == 1 && arguments.keyword_count())
    return vm.raise(Exc::TypeError, "type.__init__() takes no keyword arguments");
  return Value::none();
}

Result<Value> prepare_method(VM& vm, const Arguments&) { return TRY(make_dict(vm)); }

Result<Value> repr_method(VM& vm, Type* type) {
  std::string text = "<class '";
  Value module;
  if (!(type->flags & Type::kHeapType) &&
      dict_get_str(vm, type->dict, vm.names().module_).is_empty()) {
    std::string_view name = message_name(type);
    text += name;
    return make_str(vm, text + "'>");
  }
  if (!TRY(get_attribute_optional(vm, type, vm.names().module_, &module))) module = Value();
  if (Str* name = try_as<Str>(module); name && !str_equal(name, "builtins"))
    text += to_utf8(name) + ".";
  append_utf8(text, type->qualname);
  return make_str(vm, text + "'>");
}

Result<Value> get_attribute_method(VM& vm, Type* type, Value name) {
  return type_get_attribute(vm, type, TRY(attribute_name(vm, name)));
}
Result<void> set_attribute_method(VM& vm, Type* type, Value name, Value value) {
  return type_set_attribute(vm, type, TRY(attribute_name(vm, name)), value);
}
Result<void> delete_attribute_method(VM& vm, Type* type, Value name) {
  return type_set_attribute(vm, type, TRY(attribute_name(vm, name)), Value());
}

Result<Value> mro_method(VM& vm, Type* type) {
  Tuple* order = TRY(compute_mro(vm, type, type->bases));
  return TRY(make_list(vm, order->span()));
}

Result<Value> subclasses_method(VM& vm, Type* type) {
  List* result = TRY(list_subclasses(vm, type));
  if (type->flags & Type::kHeapType) return result;
  // Builtin types do not register with their bases at start.
  List* all = TRY(make_list(vm, size_t{0}));
  for (int id = 1; id < static_cast<int>(BuiltinType::Count); ++id) {
    Type* candidate = vm.type(static_cast<BuiltinType>(id));
    if (candidate->base == type && candidate->builtin != BuiltinType::Internal)
      TRY(list_append(vm, all, candidate));
  }
  for (Value entry : result->span()) TRY(list_append(vm, all, entry));
  return all;
}

Result<bool> instance_check_method(VM& vm, Type* type, Value object) {
  return plain_instance_check(vm, object, type);
}

Result<bool> subclass_check_method(VM& vm, Type* type, Value sub) {
  return plain_subclass_check(vm, sub, type);
}

Result<Value> dir_method(VM& vm, Type* type) {
  Dict* names = TRY(make_dict(vm));
  for (Value entry : type->mro->span()) {
    TRY(type_populate(vm, as<Type>(entry)));
    TRY(dict_merge(vm, names, as<Type>(entry)->dict));
  }
  return list_from(vm, names);
}

Result<Value> or_method(VM& vm, Value left, Value right) { return make_union(vm, left, right); }
Result<Value> reflected_or_method(VM& vm, Value right, Value left) {
  return make_union(vm, left, right);
}

// --- attributes ---

Type* self_type(Value self) { return as<Type>(self); }

Error raise_immutable(VM& vm, Type* type, const char* name) {
  return vm.raise(Exc::TypeError, "cannot set '{}' attribute of immutable type '{}'", name, type);
}

Result<Value> get_name(VM&, Value self) { return self_type(self)->name; }
Result<void> set_name(VM& vm, Value self, Value value) {
  Type* type = self_type(self);
  if (type->flags & Type::kImmutable) return raise_immutable(vm, type, "__name__");
  if (value.is_empty())
    return vm.raise(Exc::TypeError, "cannot delete '__name__' attribute of immutable type '{}'",
                    type);
  if (!is_kind(value, CellKind::Str))
    return vm.raise(Exc::TypeError, "can only assign string to {}.__name__, not '{}'", type->name,
                    vm.type_of(value));
  Str* name = TRY(intern(vm, as<Str>(value)));
  type->name = name;
  vm.barrier(type);
  return {};
}

Result<Value> get_qualname(VM&, Value self) { return self_type(self)->qualname; }
Result<void> set_qualname(VM& vm, Value self, Value value) {
  Type* type = self_type(self);
  if (type->flags & Type::kImmutable) return raise_immutable(vm, type, "__qualname__");
  if (value.is_empty())
    return vm.raise(Exc::TypeError, "cannot delete '__qualname__' attribute of immutable type '{}'",
                    type);
  if (!is_kind(value, CellKind::Str))
    return vm.raise(Exc::TypeError, "can only assign string to {}.__qualname__, not '{}'",
                    type->name, vm.type_of(value));
  type->qualname = as<Str>(value);
  vm.barrier(type);
  return {};
}

Result<Value> get_module(VM& vm, Value self) {
  Type* type = self_type(self);
  TRY(type_populate(vm, type));
  Value module = dict_get_str(vm, type->dict, vm.names().module_);
  // `type` has this very attribute under the name.
  if (type == vm.type(BuiltinType::Type)) module = Value();
  if (!module.is_empty()) return module;
  if (type->flags & Type::kHeapType) return raise_no_attribute(vm, self, vm.names().module_);
  std::string_view name = message_name(type);
  size_t dot = name.rfind('.');
  if (dot != name.npos) return intern(vm, name.substr(0, dot));
  return vm.names().builtins;
}
Result<void> set_in_namespace(VM& vm, Value self, Str* name, Value value) {
  Type* type = self_type(self);
  if (type->flags & Type::kImmutable)
    return vm.raise(Exc::TypeError, "cannot set '{}' attribute of immutable type '{}'", name, type);
  if (value.is_empty())
    return vm.raise(Exc::TypeError, "cannot delete '{}' attribute of immutable type '{}'", name,
                    type);
  TRY(dict_set_str(vm, type->dict, name, value));
  type_attribute_changed(vm, type, name);
  return {};
}
Result<void> set_module(VM& vm, Value self, Value value) {
  return set_in_namespace(vm, self, vm.names().module_, value);
}

Result<Value> get_doc(VM& vm, Value self) {
  Type* type = self_type(self);
  if (type->definition)  // the namespace may have a descriptor for the docstrings of instances
    return type->definition->doc ? Result<Value>(make_str(vm, type->definition->doc))
                                 : Result<Value>(Value::none());
  Value doc = dict_get_str(vm, type->dict, vm.names().doc);
  if (doc.is_empty()) return Value::none();
  return bind_descriptor(vm, doc, Value(), type);
}
Result<void> set_doc(VM& vm, Value self, Value value) {
  return set_in_namespace(vm, self, vm.names().doc, value);
}

Result<Value> get_dict(VM& vm, Value self) {
  TRY(type_populate(vm, self_type(self)));
  return TRY(vm.make_record(BuiltinType::MappingProxy, {self_type(self)->dict}));
}
Result<Value> get_mro(VM&, Value self) { return self_type(self)->mro; }
Result<Value> get_base(VM&, Value self) {
  Type* base = self_type(self)->base;
  return base ? Value(base) : Value::none();
}
Result<Value> get_flags(VM& vm, Value self) {
  const Type* type = self_type(self);
  int64_t flags = (type->flags & Type::kHeapType ? 1 << 9 : 0) |
                  (type->flags & Type::kCanSubclass ? 1 << 10 : 0) |
                  (type->flags & Type::kAbstract ? 1 << 20 : 0) |
                  (type->flags & Type::kImmutable ? 1 << 8 : 0);
  return make_int(vm, flags);
}
Result<Value> get_basicsize(VM& vm, Value self) {
  return make_int(vm, self_type(self)->instance_size);
}
Result<Value> get_itemsize(VM&, Value) { return Value::small_int(0); }
Result<Value> get_dictoffset(VM& vm, Value self) {
  const Type* type = self_type(self);
  return make_int(vm, type->flags & Type::kHasDict ? int64_t{type->attributes_offset} : 0);
}
Result<Value> get_weakrefoffset(VM&, Value self) {
  return Value::small_int(self_type(self)->flags & Type::kHasWeakref ? 8 : 0);
}

Result<Value> get_bases(VM&, Value self) { return self_type(self)->bases; }

/// Gives the classes below new orders; on an error they are left as they were.
Result<void> renew_mro(VM& vm, Type* type) {
  Tuple* mro = TRY(compute_mro(vm, type, type->bases));
  Tuple* old = type->mro;
  type->mro = mro;
  vm.barrier(type);
  List* below = TRY(list_subclasses(vm, type));
  for (Value entry : below->span()) {
    if (renew_mro(vm, as<Type>(entry)).is_ok()) continue;
    type->mro = old;
    vm.barrier(type);
    return Error{};
  }
  return {};
}

Result<void> set_bases(VM& vm, Value self, Value value) {
  Type* type = self_type(self);
  if (type->flags & Type::kImmutable) return raise_immutable(vm, type, "__bases__");
  if (value.is_empty())
    return vm.raise(Exc::TypeError, "cannot delete '__bases__' attribute of immutable type '{}'",
                    type);
  Tuple* bases = try_as<Tuple>(value);
  if (!bases)
    return vm.raise(Exc::TypeError, "can only assign tuple to {}.__bases__, not {}", type->name,
                    vm.type_of(value));
  if (bases->length == 0)
    return vm.raise(Exc::TypeError, "can only assign non-empty tuple to {}.__bases__, not ()",
                    type->name);
  for (Value entry : bases->span()) {
    Type* base = try_as<Type>(entry);
    if (!base)
      return vm.raise(Exc::TypeError, "{}.__bases__ must be tuple of classes, not '{}'", type->name,
                      vm.type_of(entry));
    if (base->is_subtype_of(type))
      return vm.raise(Exc::TypeError, "a __bases__ item causes an inheritance cycle");
  }
  Type* best = TRY(best_base(vm, bases));
  if ((best->flags ^ type->base->flags) & Type::kHeapType)
    return vm.raise(Exc::TypeError, "__bases__ assignment: '{}' deallocator differs from '{}'",
                    best->name, type->base->name);
  if (!same_layout(best, type->base) && best->instance_kind != type->base->instance_kind)
    return vm.raise(Exc::TypeError, "__bases__ assignment: '{}' object layout differs from '{}'",
                    best->name, type->base->name);
  Tuple* old_bases = type->bases;
  type->bases = bases;
  vm.barrier(type);
  if (renew_mro(vm, type).is_error()) {
    type->bases = old_bases;
    vm.barrier(type);
    return Error{};
  }
  for (Value base : old_bases->span()) remove_subclass(vm, as<Type>(base), type);
  for (Value base : bases->span()) TRY(add_subclass(vm, as<Type>(base), type));
  type->base = best;
  vm.barrier(type);
  type_modified(vm, type);
  return {};
}

Result<Value> get_abstract(VM& vm, Value self) {
  Value names = dict_get_str(vm, self_type(self)->dict, vm.names().abstractmethods);
  if (names.is_empty() || self_type(self) == vm.type(BuiltinType::Type))
    return vm.raise(Exc::AttributeError, "__abstractmethods__");
  return names;
}
Result<void> set_abstract(VM& vm, Value self, Value value) {
  Type* type = self_type(self);
  if (value.is_empty()) {
    if (!TRY(dict_remove(vm, type->dict, vm.names().abstractmethods, nullptr)))
      return vm.raise(Exc::AttributeError, "__abstractmethods__");
    type->flags &= ~Type::kAbstract;
  } else {
    bool abstract = TRY(is_truthy(vm, value));
    TRY(dict_set_str(vm, type->dict, vm.names().abstractmethods, value));
    type->flags = abstract ? type->flags | Type::kAbstract : type->flags & ~Type::kAbstract;
  }
  type_modified(vm, type);
  return {};
}

Result<Value> get_annotations(VM& vm, Value self) {
  Type* type = self_type(self);
  if (!(type->flags & Type::kHeapType)) return raise_no_attribute(vm, self, vm.names().annotations);
  Value known = dict_get_str(vm, type->dict, vm.names().annotations);
  if (!known.is_empty()) return bind_descriptor(vm, known, Value(), type);
  Dict* made = TRY(make_dict(vm));
  TRY(dict_set_str(vm, type->dict, vm.names().annotations, made));
  return made;
}
Result<void> set_annotations(VM& vm, Value self, Value value) {
  Type* type = self_type(self);
  if (type->flags & Type::kImmutable) return raise_immutable(vm, type, "__annotations__");
  if (!value.is_empty()) return dict_set_str(vm, type->dict, vm.names().annotations, value);
  if (!TRY(dict_remove(vm, type->dict, vm.names().annotations, nullptr)))
    return raise_no_attribute(vm, self, vm.names().annotations);
  return {};
}

Result<Value> get_type_params(VM& vm, Value self) {
  Value known = dict_get_str(vm, self_type(self)->dict, vm.names().type_params);
  if (!known.is_empty() && self_type(self) != vm.type(BuiltinType::Type)) return known;
  return TRY(make_tuple(vm, size_t{0}));
}
Result<void> set_type_params(VM& vm, Value self, Value value) {
  return set_in_namespace(vm, self, vm.names().type_params, value);
}

/// The parameters, when a native type's text begins with them: "name(...)\n--\n\n".
Result<Value> get_text_signature(VM& vm, Value self) {
  const NativeTypeDef* definition = self_type(self)->definition;
  std::string_view doc = definition && definition->doc ? definition->doc : "";
  size_t open = doc.find('('), end = doc.find(")\n--\n\n");
  if (open == doc.npos || end == doc.npos || doc.find('\n') < end) return Value::none();
  return make_str(vm, doc.substr(open, end + 1 - open));
}

constexpr NativeFunctionDef kTypeMethods[] = {
    {"__new__(metacls, *args, **kwargs)", "Create and return a new object.", bind<type_new>(),
     NativeFunctionDef::kStatic},
    {"__init__(self, /, *args, **kwargs)", "Initialize self.", bind<init_method>()},
    {"__call__(self, /, *args, **kwargs)", "Call self as a function.", bind<call_method>()},
    {"__prepare__(cls, /, *args, **kwargs)", "Create the namespace for the class statement",
     bind<prepare_method>(), NativeFunctionDef::kClassMethod},
    {"__repr__(self, /)", "Return repr(self).", bind<repr_method>()},
    {"__getattribute__(self, name, /)", "Return getattr(self, name).",
     bind<get_attribute_method>()},
    {"__setattr__(self, name, value, /)", "Implement setattr(self, name, value).",
     bind<set_attribute_method>()},
    {"__delattr__(self, name, /)", "Implement delattr(self, name).",
     bind<delete_attribute_method>()},
    {"mro(self, /)", "Return a type's method resolution order.", bind<mro_method>()},
    {"__subclasses__(self, /)", "Return a list of immediate subclasses.",
     bind<subclasses_method>()},
    {"__instancecheck__(self, instance, /)", "Check if an object is an instance.",
     bind<instance_check_method>()},
    {"__subclasscheck__(self, subclass, /)", "Check if a class is a subclass.",
     bind<subclass_check_method>()},
    {"__dir__(self, /)", "Specialized __dir__ implementation for types.", bind<dir_method>()},
    {"__or__(self, value, /)", "Return self|value.", bind<or_method>()},
    {"__ror__(self, value, /)", "Return value|self.", bind<reflected_or_method>()},
};

constexpr NativeGetSetDef kTypeAttributes[] = {
    {"__name__", nullptr, get_name, set_name},
    {"__qualname__", nullptr, get_qualname, set_qualname},
    {"__module__", nullptr, get_module, set_module},
    {"__doc__", nullptr, get_doc, set_doc},
    {"__dict__", nullptr, get_dict},
    {"__mro__", nullptr, get_mro},
    {"__base__", nullptr, get_base},
    {"__bases__", nullptr, get_bases, set_bases},
    {"__flags__", nullptr, get_flags},
    {"__basicsize__", nullptr, get_basicsize},
    {"__itemsize__", nullptr, get_itemsize},
    {"__dictoffset__", nullptr, get_dictoffset},
    {"__weakrefoffset__", nullptr, get_weakrefoffset},
    {"__abstractmethods__", nullptr, get_abstract, set_abstract},
    {"__annotations__", nullptr, get_annotations, set_annotations},
    {"__type_params__", nullptr, get_type_params, set_type_params},
    {"__text_signature__", nullptr, get_text_signature},
};

}  // namespace

extern const NativeTypeDef kTypeType = {
    "type", "type(object) -> the object's type\ntype(name, bases, dict, **kwds) -> a new type",
    kTypeMethods, kTypeAttributes, Type::kCanSubclass | Type::kHasWeakref};

}  // namespace apy
