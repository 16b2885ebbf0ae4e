// property, classmethod, staticmethod, and the descriptors of native attributes and __slots__
// members.
#include "vm/binding/bind.h"
#include "vm/objects/descriptor.h"
#include "vm/objects/internals.h"
#include "vm/objects/iterators.h"

namespace apy {

namespace {

// --- property ---

using PropertySelf = RecordOf<BuiltinType::Property>;
// Behind the fields that others use: true when __doc__ was taken from the getter.
constexpr int kPropertyDocOfGetter = kPropertyFieldCount;

Result<Value> property_new(VM& vm, const Arguments& arguments) {
  Type* cls = arguments.positional_count ? try_as<Type>(arguments.values[0]) : nullptr;
  if (!cls || !cls->is_subtype_of(vm.type(BuiltinType::Property)))
    return vm.raise(Exc::TypeError, "property.__new__(): not enough arguments");
  Value none = Value::none();
  return TRY(
      make_record_of(vm, cls, BuiltinType::Property, {none, none, none, none, Value(), Value()}));
}

/// The getter's docstring serves when none is given. Instances of subclasses would find the class's
/// `__doc__` first; there it has to be an attribute of their own.
Result<void> set_initial_doc(VM& vm, Record* self, Value doc) {
  bool of_getter = false;
  Value getter = self->fields()[kPropertyGet];
  if (doc.is_none() && !getter.is_none()) {
    Value found;
    if (TRY(get_attribute_optional(vm, getter, vm.names().doc, &found))) doc = found;
    of_getter = !doc.is_none();
  }
  self->fields()[kPropertyDocOfGetter] = Value::boolean(of_getter);
  if (is_exact(self, BuiltinType::Property)) {
    self->fields()[kPropertyDoc] = doc;
    vm.barrier(self);
    return {};
  }
  auto stored = set_attribute(vm, self, vm.names().doc, doc);
  if (stored.is_error() && (of_getter || !vm.catch_pending(Exc::AttributeError))) return Error{};
  return {};
}

Result<void> property_init(VM& vm, PropertySelf self, Optional<Value> fget, Optional<Value> fset,
                           Optional<Value> fdel, Optional<Value> doc) {
  Value none = Value::none();
  Value* fields = self->fields();
  fields[kPropertyGet] = fget.value_or(none);
  fields[kPropertySet] = fset.value_or(none);
  fields[kPropertyDelete] = fdel.value_or(none);
  fields[kPropertyDoc] = none;
  fields[kPropertyName] = Value();
  vm.barrier(self.record);
  return set_initial_doc(vm, self.record, doc.value_or(none));
}

Result<Value> property_get_method(VM& vm, PropertySelf self, Value object, Optional<Value>) {
  if (object.is_none()) return self.record;
  return property_get(vm, self, object);
}
Result<void> property_set_method(VM& vm, PropertySelf self, Value object, Value value) {
  return property_set(vm, self, object, value);
}
Result<void> property_delete_method(VM& vm, PropertySelf self, Value object) {
  return property_set(vm, self, object, Value());
}

/// A copy with one function replaced.
template <int Field>
Result<Value> property_copy(VM& vm, PropertySelf self, Value function) {
  Value parts[4];
  for (int i = 0; i < 4; ++i) parts[i] = self->fields()[i];
  parts[Field] = function;
  bool doc_of_getter = self->fields()[kPropertyDocOfGetter].is(Value::boolean(true));
  if (doc_of_getter && !parts[kPropertyGet].is_none()) parts[kPropertyDoc] = Value::none();
  Value copy =
      TRY(vm.call(vm.type_of(Value(self.record)), {parts[0], parts[1], parts[2], parts[3]}));
  if (is_kind(copy, CellKind::Record) && vm.is_instance(copy, BuiltinType::Property)) {
    as<Record>(copy)->fields()[kPropertyName] = self->fields()[kPropertyName];
    vm.barrier(copy.cell());
  }
  return copy;
}

Result<void> property_set_name(VM& vm, PropertySelf self, Value, Value name) {
  self->fields()[kPropertyName] = name;
  vm.barrier(self.record);
  return {};
}

template <int Field>
Result<Value> get_property_field(VM&, Value self) {
  return as<Record>(self)->fields()[Field];
}
Result<void> set_property_doc(VM& vm, Value self, Value value) {
  as<Record>(self)->fields()[kPropertyDoc] = value.is_empty() ? Value::none() : value;
  vm.barrier(self.cell());
  return {};
}
Result<Value> get_property_name(VM& vm, Value self) {
  Value name = as<Record>(self)->fields()[kPropertyName];
  if (!name.is_empty()) return name;
  Value getter = as<Record>(self)->fields()[kPropertyGet];
  if (!getter.is_none() && TRY(get_attribute_optional(vm, getter, vm.names().name_, &name)))
    return name;
  return raise_no_attribute(vm, self, vm.names().name_);
}
Result<void> set_property_name(VM& vm, Value self, Value value) {
  as<Record>(self)->fields()[kPropertyName] = value;
  vm.barrier(self.cell());
  return {};
}
Result<Value> get_property_abstract(VM& vm, Value self) {
  for (int i = 0; i < 3; ++i) {
    Value function = as<Record>(self)->fields()[i], abstract;
    if (function.is_none() ||
        !TRY(get_attribute_optional(vm, function, vm.names().isabstractmethod, &abstract)))
      continue;
    if (TRY(is_truthy(vm, abstract))) return Value::boolean(true);
  }
  return Value::boolean(false);
}

constexpr NativeFunctionDef kPropertyMethods[] = {
    {"__new__(cls, /, *args, **kwargs)", "Create and return a new object.", bind<property_new>(),
     NativeFunctionDef::kStatic},
    {"__init__(self, /, fget=None, fset=None, fdel=None, doc=None)", "Initialize self.",
     bind<property_init>()},
    {"__get__(self, instance, owner=None, /)",
     "Return an attribute of instance, which is of type owner.", bind<property_get_method>()},
    {"__set__(self, instance, value, /)", "Set an attribute of instance to value.",
     bind<property_set_method>()},
    {"__delete__(self, instance, /)", "Delete an attribute of instance.",
     bind<property_delete_method>()},
    {"getter(self, function, /)",
     "Descriptor to obtain a copy of the property with a different getter.",
     bind<property_copy<kPropertyGet>>()},
    {"setter(self, function, /)",
     "Descriptor to obtain a copy of the property with a different setter.",
     bind<property_copy<kPropertySet>>()},
    {"deleter(self, function, /)",
     "Descriptor to obtain a copy of the property with a different deleter.",
     bind<property_copy<kPropertyDelete>>()},
    {"__set_name__(self, owner, name, /)", "Method to set name of a property.",
     bind<property_set_name>()},
};
constexpr NativeGetSetDef kPropertyAttributes[] = {
    {"fget", nullptr, get_property_field<kPropertyGet>, readonly_member},
    {"fset", nullptr, get_property_field<kPropertySet>, readonly_member},
    {"fdel", nullptr, get_property_field<kPropertyDelete>, readonly_member},
    {"__doc__", nullptr, get_property_field<kPropertyDoc>, set_property_doc},
    {"__name__", nullptr, get_property_name, set_property_name},
    {"__isabstractmethod__", nullptr, get_property_abstract},
};

}  // namespace

extern const NativeTypeDef kPropertyType = {
    "property",
    "Property attribute.\n\n  fget\n    function to be used for getting an attribute value\n  "
    "fset\n    function to be used "
    "for setting an attribute value\n  fdel\n    function to be used for del'ing an attribute\n  "
    "doc\n    docstring",
    kPropertyMethods,
    kPropertyAttributes,
    Type::kCanSubclass | Type::kDataDescriptor,
    sizeof(Record) + (kPropertyFieldCount + 1) * sizeof(Value)};

// --- classmethod and staticmethod ---

namespace {

Result<Value> wrapper_new(VM& vm, Type* cls, BuiltinType exact) {
  if (!cls->is_subtype_of(vm.type(exact)))
    return vm.raise(Exc::TypeError, "{}.__new__({}): {} is not a subtype of {}",
                    vm.type(exact)->name, cls->name, cls->name, vm.type(exact)->name);
  return TRY(make_record_of(vm, cls, exact, {Value::none(), Value()}));
}

/// The wrapper takes over the function's names and attributes, as functools.wraps does.
Result<void> copy_names(VM& vm, Record* self, Value function) {
  const Names& n = vm.names();
  for (Str* name : {n.module_, n.name_, n.qualname, n.doc, n.annotations}) {
    Value value;
    if (TRY(get_attribute_optional(vm, function, name, &value)))
      TRY(set_own_attribute(vm, self, name, value));
  }
  if (Function* plain = try_as<Function>(function)) {
    if (plain->attributes) {
      Dict* own = TRY(attributes_dict(vm, self));
      TRY(dict_merge(vm, own, static_cast<Dict*>(plain->attributes)));
    }
  }
  return {};
}

template <BuiltinType Id>
Result<Value> make_wrapper(VM& vm, const Arguments& arguments) {
  Type* cls = arguments.positional_count ? try_as<Type>(arguments.values[0]) : nullptr;
  if (!cls) return vm.raise(Exc::TypeError, "__new__(): not enough arguments");
  return wrapper_new(vm, cls, Id);
}
template <BuiltinType Id>
Result<void> init_wrapper(VM& vm, RecordOf<Id> self, Value function) {
  self->fields()[kWrappedFunction] = function;
  vm.barrier(self.record);
  return copy_names(vm, self, function);
}

Result<Value> classmethod_get(VM& vm, RecordOf<BuiltinType::ClassMethod> self, Value object,
                              Optional<Value> owner) {
  Value cls = owner.present && !owner.value.is_none() ? owner.value : Value(vm.type_of(object));
  return make_bound_method(vm, self->fields()[kWrappedFunction], cls);
}
Result<Value> staticmethod_get(VM&, RecordOf<BuiltinType::StaticMethod> self, Value,
                               Optional<Value>) {
  return self->fields()[kWrappedFunction];
}
Result<Value> staticmethod_call(VM& vm, const Arguments& arguments) {
  Value self = arguments.positional_count ? arguments.values[0] : Value();
  if (!is_kind(self, CellKind::Record) || !vm.is_instance(self, BuiltinType::StaticMethod))
    return vm.raise(Exc::TypeError, "descriptor '__call__' requires a 'staticmethod' object");
  size_t count = arguments.positional_count - 1 + arguments.keyword_count();
  return vm.call_keywords(as<Record>(self)->fields()[kWrappedFunction],
                          {arguments.values + 1, count}, arguments.keyword_names);
}
template <BuiltinType Id>
Result<Value> wrapper_repr(VM& vm, RecordOf<Id> self) {
  std::string inner = TRY(repr_text(vm, self->fields()[kWrappedFunction]));
  return make_str(vm, "<" + to_utf8(vm.type(Id)->name) + "(" + inner + ")>");
}
Result<Value> get_wrapped(VM&, Value self) { return as<Record>(self)->fields()[kWrappedFunction]; }
Result<Value> get_wrapper_dict(VM& vm, Value self) { return TRY(attributes_dict(vm, self.cell())); }
Result<Value> get_wrapper_abstract(VM& vm, Value self) {
  Value abstract;
  Value function = as<Record>(self)->fields()[kWrappedFunction];
  if (!TRY(get_attribute_optional(vm, function, vm.names().isabstractmethod, &abstract)))
    return Value::boolean(false);
  return Value::boolean(TRY(is_truthy(vm, abstract)));
}

#define WRAPPER_METHODS(Id)                                                                       \
  {"__new__(cls, /, *args, **kwargs)", "Create and return a new object.",                         \
   bind<make_wrapper<BuiltinType::Id>>(), NativeFunctionDef::kStatic},                            \
      {"__init__(self, function, /)", "Initialize self.", bind<init_wrapper<BuiltinType::Id>>()}, \
      {"__repr__(self, /)", "Return repr(self).", bind<wrapper_repr<BuiltinType::Id>>()},

constexpr NativeFunctionDef kClassMethodMethods[] = {
    WRAPPER_METHODS(ClassMethod){"__get__(self, instance, owner=None, /)",
                                 "Return an attribute of instance, which is of type owner.",
                                 bind<classmethod_get>()},
};
constexpr NativeFunctionDef kStaticMethodMethods[] = {
    WRAPPER_METHODS(StaticMethod){"__get__(self, instance, owner=None, /)",
                                  "Return an attribute of instance, which is of type owner.",
                                  bind<staticmethod_get>()},
    {"__call__(self, /, *args, **kwargs)", "Call self as a function.", bind<staticmethod_call>()},
};
constexpr NativeGetSetDef kWrapperAttributes[] = {
    {"__func__", nullptr, get_wrapped},
    {"__wrapped__", nullptr, get_wrapped},
    {"__isabstractmethod__", nullptr, get_wrapper_abstract},
    {"__dict__", nullptr, get_wrapper_dict},
};

}  // namespace

constexpr uint32_t kWrapperSize = sizeof(Record) + 2 * sizeof(Value);
extern const NativeTypeDef kClassMethodType = {
    "classmethod",
    "classmethod(function) -> method\n\nConvert a function to be a class method.",
    kClassMethodMethods,
    kWrapperAttributes,
    Type::kCanSubclass,
    kWrapperSize};
extern const NativeTypeDef kStaticMethodType = {
    "staticmethod",
    "staticmethod(function) -> method\n\nConvert a function to be a static method.",
    kStaticMethodMethods,
    kWrapperAttributes,
    Type::kCanSubclass,
    kWrapperSize};

// --- getset_descriptor and member_descriptor ---

namespace {

Result<void> check_owner(VM& vm, const GetSet* self, Value object) {
  if (vm.type_of(object)->is_subtype_of(self->owner)) return {};
  return vm.raise(Exc::TypeError, "descriptor '{}' for '{}' objects doesn't apply to a '{}' object",
                  self->name, self->owner, vm.type_of(object));
}

Result<GetSet*> getset_self(VM& vm, Value self) {
  if (GetSet* getset = try_as<GetSet>(self)) return getset;
  return vm.raise(Exc::TypeError, "expected a descriptor, not '{}'", vm.type_of(self));
}

Result<Value> getset_get_method(VM& vm, Value self, Value object, Optional<Value>) {
  GetSet* getset = TRY(getset_self(vm, self));
  if (object.is_none() && getset->owner != vm.type(BuiltinType::NoneType)) return self;
  TRY(check_owner(vm, getset, object));
  return getset_get(vm, getset, object);
}
Result<void> getset_set_method(VM& vm, Value self, Value object, Value value) {
  GetSet* getset = TRY(getset_self(vm, self));
  TRY(check_owner(vm, getset, object));
  return getset_set(vm, getset, object, value);
}
Result<void> getset_delete_method(VM& vm, Value self, Value object) {
  GetSet* getset = TRY(getset_self(vm, self));
  TRY(check_owner(vm, getset, object));
  return getset_set(vm, getset, object, Value());
}
Result<Value> getset_repr(VM& vm, Value self) {
  GetSet* getset = TRY(getset_self(vm, self));
  std::string text = getset->definition ? "<attribute '" : "<member '";
  return make_str(
      vm, text + to_utf8(getset->name) + "' of '" + to_utf8(getset->owner->name) + "' objects>");
}
Result<Value> get_getset_name(VM&, Value self) { return as<GetSet>(self)->name; }
Result<Value> get_getset_qualname(VM& vm, Value self) {
  GetSet* getset = as<GetSet>(self);
  return make_str(vm, to_utf8(getset->owner->qualname) + "." + to_utf8(getset->name));
}
Result<Value> get_getset_owner(VM&, Value self) { return as<GetSet>(self)->owner; }
Result<Value> get_getset_doc(VM& vm, Value self) {
  GetSet* getset = as<GetSet>(self);
  if (!getset->definition || !getset->definition->doc) return Value::none();
  return make_str(vm, getset->definition->doc);
}

constexpr NativeFunctionDef kGetSetMethods[] = {
    {"__get__(self, instance, owner=None, /)",
     "Return an attribute of instance, which is of type owner.", bind<getset_get_method>()},
    {"__set__(self, instance, value, /)", "Set an attribute of instance to value.",
     bind<getset_set_method>()},
    {"__delete__(self, instance, /)", "Delete an attribute of instance.",
     bind<getset_delete_method>()},
    {"__repr__(self, /)", "Return repr(self).", bind<getset_repr>()},
};
constexpr NativeGetSetDef kGetSetAttributes[] = {
    {"__name__", nullptr, get_getset_name},
    {"__qualname__", nullptr, get_getset_qualname},
    {"__objclass__", nullptr, get_getset_owner},
    {"__doc__", nullptr, get_getset_doc},
};

}  // namespace

extern const NativeTypeDef kGetSetDescriptorType = {"getset_descriptor", nullptr, kGetSetMethods,
                                                    kGetSetAttributes,
                                                    Type::kDataDescriptor | Type::kDisallowNew};
extern const NativeTypeDef kMemberDescriptorType = {"member_descriptor", nullptr, kGetSetMethods,
                                                    kGetSetAttributes,
                                                    Type::kDataDescriptor | Type::kDisallowNew};

}  // namespace apy
