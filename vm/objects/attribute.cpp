// Attribute access: object.__getattribute__ and friends, as C++.
//
// The order for instances: a data descriptor on the type, the object's own attribute, anything else
// on the type. The builtin descriptors (functions, getsets, members, property, classmethod,
// staticmethod) are bound here directly; only others go through a call of their `__get__`. Names
// are interned before anything looks at them.
#include "vm/objects/descriptor.h"
#include "vm/objects/internals.h"
#include "vm/objects/special_call.h"

namespace apy {

// --- errors ---

Error raise_attribute_error(VM& vm, Value object, Str* name, std::string_view message) {
  auto exception = make_exception(vm, Exc::AttributeError, message);
  if (exception.is_error()) return Error{};
  exception.value()->fields[0] = name;
  exception.value()->fields[1] = object;
  vm.barrier(exception.value());
  return vm.raise_exception(exception.value());
}

Error raise_no_attribute(VM& vm, Value object, Str* name) {
  std::string text;
  if (is_kind(object, CellKind::Type)) {
    text = "type object '";
    append_utf8(text, as<Type>(object)->name);
    text += "' has no attribute '";
  } else if (Module* module = try_as<Module>(object)) {
    const Str* module_name = nullptr;
    if (module->dict) module_name = try_as<Str>(dict_get_str(vm, module->dict, vm.names().name_));
    if (module_name) {
      text = "module '";
      append_utf8(text, module_name);
      text += "' has no attribute '";
    } else {
      text = "module has no attribute '";
    }
  } else {
    text = "'";
    std::string_view type_name = message_name(vm.type_of(object));
    if (type_name.empty())
      append_utf8(text, vm.type_of(object)->name);
    else
      text += type_name;
    text += "' object has no attribute '";
  }
  append_utf8(text, name);
  text += "'";
  return raise_attribute_error(vm, object, name, text);
}

namespace {

std::string type_text(const Type* type) {
  std::string_view name = message_name(type);
  return name.empty() ? to_utf8(type->name) : std::string(name);
}

/// "'C' object attribute 'x' is read-only" and the like.
Error raise_worded(VM& vm, Value object, Str* name, std::string_view before,
                   std::string_view between, std::string_view after) {
  std::string text(before);
  text += type_text(vm.type_of(object));
  text += between;
  append_utf8(text, name);
  text += after;
  return raise_attribute_error(vm, object, name, text);
}

/// "property 'x' of 'C' object has no setter".
Error raise_property(VM& vm, Record* property, Value object, std::string_view what) {
  Value name = property->fields()[kPropertyName];
  if (name.is_empty() && is_kind(property->fields()[kPropertyGet], CellKind::Function))
    name = as<Function>(property->fields()[kPropertyGet])->name;
  std::string text = "property ";
  if (is_kind(name, CellKind::Str)) {
    text += TRY(repr_text(vm, name));
    text += " of '";
  } else {
    text += "of '";
  }
  append_utf8(text, vm.type_of(object)->qualname);
  text += "' object has no ";
  text += what;
  return vm.raise(Exc::AttributeError, "{}", text);
}

}  // namespace

// --- builtin descriptors ---

Result<Value> getset_get(VM& vm, GetSet* descriptor, Value object) {
  if (descriptor->definition) return descriptor->definition->get(vm, object);
  const Value* slot = slot_address(vm, object.cell(), static_cast<uint32_t>(descriptor->slot));
  if (!slot || slot->is_empty()) return raise_no_attribute(vm, object, descriptor->name);
  return *slot;
}

Result<void> getset_set(VM& vm, GetSet* descriptor, Value object, Value value) {
  if (descriptor->definition) {
    if (!descriptor->definition->set)
      return vm.raise(Exc::AttributeError, "attribute '{}' of '{}' objects is not writable",
                      descriptor->name, message_name(descriptor->owner));
    return descriptor->definition->set(vm, object, value);
  }
  Value* slot = slot_address(vm, object.cell(), static_cast<uint32_t>(descriptor->slot));
  if (value.is_empty() && slot->is_empty())
    return vm.raise(Exc::AttributeError, "{}", descriptor->name);
  *slot = value;
  vm.barrier(object.cell());
  return {};
}

Result<void> readonly_member(VM& vm, Value, Value) {
  return vm.raise(Exc::AttributeError, "readonly attribute");
}

Result<Value> property_get(VM& vm, Record* property, Value object) {
  Value getter = property->fields()[kPropertyGet];
  if (getter.is_none()) return raise_property(vm, property, object, "getter");
  return vm.call(getter, {object});
}

Result<void> property_set(VM& vm, Record* property, Value object, Value value) {
  Value function = property->fields()[value.is_empty() ? kPropertyDelete : kPropertySet];
  if (function.is_none())
    return raise_property(vm, property, object, value.is_empty() ? "deleter" : "setter");
  if (value.is_empty()) {
    TRY(vm.call(function, {object}));
  } else {
    TRY(vm.call(function, {object, value}));
  }
  return {};
}

namespace {

/// Binds what a classmethod wraps to the class.
Result<Value> bind_to_class(VM& vm, Value function, Type* type) {
  if (is_kind(function, CellKind::Function) || is_kind(function, CellKind::NativeFunction) ||
      type_special(vm, vm.type_of(function), Special::Get).is_empty())
    return make_bound_method(vm, function, type);
  return make_bound_method(vm, function, type);
}

Result<Value> bind_native(VM& vm, NativeFunction* function, Value object, Type* type) {
  if (function->shape != shape_of(BuiltinType::MethodDescriptor)) return function;
  if (function->aux & NativeFunction::kClassMethod) {
    object = type;
  } else if (object.is_empty()) {
    return function;
  }
  NativeFunction* bound = TRY(vm.allocate<NativeFunction>(BuiltinType::BuiltinFunction));
  bound->definition = function->definition;
  bound->self = object;
  bound->module = function->module;
  bound->owner = function->owner;
  return bound;
}

Result<Value> call_get(VM& vm, Value get, Value descriptor, Value object, Type* type) {
  return vm.call(get, {descriptor, object.is_empty() ? Value::none() : object, type});
}

}  // namespace

Result<Value> bind_descriptor(VM& vm, Value descriptor, Value object, Type* type) {
  if (!descriptor.is_cell()) return descriptor;
  Cell* cell = descriptor.cell();
  switch (cell->kind) {
    case CellKind::Function:
      if (object.is_empty()) return descriptor;
      return make_bound_method(vm, descriptor, object);
    case CellKind::NativeFunction:
      return bind_native(vm, static_cast<NativeFunction*>(cell), object, type);
    case CellKind::GetSet:
      if (object.is_empty()) return descriptor;
      return getset_get(vm, static_cast<GetSet*>(cell), object);
    case CellKind::BigInt:
    case CellKind::Str:
    case CellKind::Tuple:
    case CellKind::List:
    case CellKind::Dict:
    case CellKind::FloatCell:
    case CellKind::BoundMethod:
      if (cell->shape < static_cast<ShapeId>(BuiltinType::Count)) return descriptor;
      break;
    case CellKind::Record:
      switch (cell->shape) {
        case shape_of(BuiltinType::Property):
          if (object.is_empty()) return descriptor;
          return property_get(vm, static_cast<Record*>(cell), object);
        case shape_of(BuiltinType::ClassMethod):
          return bind_to_class(vm, static_cast<Record*>(cell)->fields()[kWrappedFunction], type);
        case shape_of(BuiltinType::StaticMethod):
          return static_cast<Record*>(cell)->fields()[kWrappedFunction];
        default:
          break;
      }
      break;
    default:
      break;
  }
  Value get = type_special(vm, vm.type_of(cell), Special::Get);
  if (get.is_empty()) return descriptor;
  return call_get(vm, get, descriptor, object, type);
}

Result<void> store_descriptor(VM& vm, Value descriptor, Value object, Value value) {
  if (GetSet* getset = try_as<GetSet>(descriptor)) return getset_set(vm, getset, object, value);
  if (is_exact(descriptor, BuiltinType::Property))
    return property_set(vm, as<Record>(descriptor), object, value);
  Special special = value.is_empty() ? Special::Delete : Special::Set;
  Value method = type_special(vm, vm.type_of(descriptor), special);
  if (method.is_empty()) return vm.raise(Exc::AttributeError, "{}", vm.special_name(special));
  if (value.is_empty()) {
    TRY(vm.call(method, {descriptor, object}));
  } else {
    TRY(vm.call(method, {descriptor, object, value}));
  }
  return {};
}

// --- get ---

namespace {

/// The attribute, or empty when it does not exist.
Result<Value> find_generic(VM& vm, Value object, Str* name) {
  Type* type = vm.type_of(object);
  Value on_type = type_lookup(vm, type, name);
  bool is_data = !on_type.is_empty() && is_data_descriptor(vm, on_type);
  // One that can only be written does not hide the object's own attribute.
  if (is_data && !type_special(vm, vm.type_of(on_type), Special::Get).is_empty())
    return bind_descriptor(vm, on_type, object, type);
  if (object.is_cell()) {
    Value own = own_attribute(vm, object.cell(), name);
    if (!own.is_empty()) return own;
  }
  if (!on_type.is_empty()) return bind_descriptor(vm, on_type, object, type);
  return Value();
}

/// Result<Value> cannot tell "absent" from an error: whether an exception is pending does.
bool is_absent(VM& vm, const Result<Value>& found) { return found.is_error() && !vm.has_pending(); }

Result<Value> find_on_class(VM& vm, Type* cls, Str* name) {
  Type* metaclass = vm.type_of(cls);
  Value on_meta = type_lookup(vm, metaclass, name);
  if (!on_meta.is_empty() && is_data_descriptor(vm, on_meta) &&
      !type_special(vm, vm.type_of(on_meta), Special::Get).is_empty())
    return bind_descriptor(vm, on_meta, cls, metaclass);
  Value on_class = type_lookup(vm, cls, name);
  if (!on_class.is_empty()) return bind_descriptor(vm, on_class, Value(), cls);
  if (!on_meta.is_empty()) return bind_descriptor(vm, on_meta, cls, metaclass);
  return Value();
}

Result<Value> find_plain(VM& vm, Value object, Str* name) {
  if (is_kind(object, CellKind::Type)) return find_on_class(vm, as<Type>(object), name);
  if (is_kind(object, CellKind::Module)) {
    auto found = find_generic(vm, object, name);
    if (!is_absent(vm, found)) return found;
    Value hook = own_attribute(vm, object.cell(), vm.special_name(Special::GetAttr));
    if (hook.is_empty()) return Value();
    return vm.call(hook, {name});
  }
  return find_generic(vm, object, name);
}

/// For types with __getattribute__ or __getattr__ of their own.
Result<Value> find_custom(VM& vm, Value object, Str* name) {
  Type* type = vm.type_of(object);
  Value getattribute = type_special(vm, type, Special::GetAttribute);
  Value fallback = type_special(vm, type, Special::GetAttr);
  Value standard = type_special(vm, vm.type(BuiltinType::Object), Special::GetAttribute);
  auto found = getattribute.is(standard) ? find_generic(vm, object, name)
                                         : call_special_method(vm, getattribute, object, {name});
  if (found.is_ok() || fallback.is_empty()) return found;
  if (vm.has_pending() && !vm.catch_pending(Exc::AttributeError)) return Error{};
  return call_special_method(vm, fallback, object, {name});
}

Result<Value> find(VM& vm, Value object, Str* name) {
  if (vm.type_of(object)->flags & Type::kCustomGetAttribute) [[unlikely]] {
    NativeDepth guard(vm);
    TRY(guard.check());
    return find_custom(vm, object, name);
  }
  return find_plain(vm, object, name);
}

}  // namespace

namespace {

/// An AttributeError that script code raised learns which attribute of what was asked for.
void name_attribute_error(VM& vm, Value object, Str* name) {
  if (!is_exact(vm.pending(), Exc::AttributeError)) return;
  Exception* error = as<Exception>(vm.pending());
  auto is_unset = [](Value v) { return v.is_empty() || v.is_none(); };
  if (!is_unset(error->fields[0]) || !is_unset(error->fields[1])) return;
  error->fields[0] = name;
  error->fields[1] = object;
  vm.barrier(error);
}

}  // namespace

Result<Str*> attribute_name(VM& vm, Value name) {
  if (!is_kind(name, CellKind::Str))
    return vm.raise(Exc::TypeError, "attribute name must be string, not '{}'", vm.type_of(name));
  return intern(vm, as<Str>(name));
}

Result<Value> get_attribute(VM& vm, Value object, Str* name) {
  if (!name->is_interned()) name = TRY(intern(vm, name));
  auto found = find(vm, object, name);
  if (found.is_error()) [[unlikely]] {
    if (!vm.has_pending()) return raise_no_attribute(vm, object, name);
    name_attribute_error(vm, object, name);
  }
  return found;
}

Result<bool> get_attribute_optional(VM& vm, Value object, Str* name, Value* out) {
  if (!name->is_interned()) name = TRY(intern(vm, name));
  auto found = find(vm, object, name);
  if (found.is_ok()) {
    *out = found.value();
    return true;
  }
  if (!vm.has_pending() || vm.catch_pending(Exc::AttributeError)) return false;
  return Error{};
}

Result<Value> generic_get_attribute(VM& vm, Value object, Str* name) {
  if (!name->is_interned()) name = TRY(intern(vm, name));
  auto found = find_generic(vm, object, name);
  if (is_absent(vm, found)) return raise_no_attribute(vm, object, name);
  return found;
}

Result<Value> type_get_attribute(VM& vm, Type* type, Str* name) {
  if (!name->is_interned()) name = TRY(intern(vm, name));
  auto found = find_on_class(vm, type, name);
  if (is_absent(vm, found)) return raise_no_attribute(vm, type, name);
  return found;
}

Result<Value> module_get_attribute(VM& vm, Value module, Str* name) {
  if (!name->is_interned()) name = TRY(intern(vm, name));
  auto found = find_plain(vm, module, name);
  if (is_absent(vm, found)) return raise_no_attribute(vm, module, name);
  return found;
}

namespace {

bool is_method(Value v) {
  return is_kind(v, CellKind::Function) || is_exact(v, BuiltinType::MethodDescriptor);
}

/// A method found on a class object: class methods bind to the class without an object in between.
bool find_class_method(VM& vm, Type* cls, Str* name, Value* function, Value* self) {
  if (!type_lookup(vm, vm.type_of(cls), name).is_empty()) return false;
  Value found = type_lookup(vm, cls, name);
  if (is_exact(found, BuiltinType::ClassMethod)) {
    *function = as<Record>(found)->fields()[kWrappedFunction];
    *self = cls;
    return true;
  }
  if (is_exact(found, BuiltinType::MethodDescriptor) &&
      (as<NativeFunction>(found)->aux & NativeFunction::kClassMethod)) {
    *function = found;
    *self = cls;
    return true;
  }
  return false;
}

}  // namespace

Result<Value> get_method(VM& vm, Value object, Str* name, Value* self) {
  *self = Value();
  if (!name->is_interned()) name = TRY(intern(vm, name));
  Type* type = vm.type_of(object);
  if (type->flags & Type::kCustomGetAttribute) return get_attribute(vm, object, name);
  if (Type* cls = try_as<Type>(object)) {
    Value function;
    if (find_class_method(vm, cls, name, &function, self)) return function;
    return get_attribute(vm, object, name);
  }
  Value on_type = type_lookup(vm, type, name);
  if (is_method(on_type)) {
    Value own = object.is_cell() ? own_attribute(vm, object.cell(), name) : Value();
    if (!own.is_empty()) return own;
    bool to_class = is_kind(on_type, CellKind::NativeFunction) &&
                    (as<NativeFunction>(on_type)->aux & NativeFunction::kClassMethod);
    *self = to_class ? Value(type) : object;
    return on_type;
  }
  return get_attribute(vm, object, name);
}

// --- set and delete ---

Result<void> generic_set_attribute(VM& vm, Value object, Str* name, Value value) {
  if (!name->is_interned()) name = TRY(intern(vm, name));
  Type* type = vm.type_of(object);
  Value on_type = type_lookup(vm, type, name);
  if (!on_type.is_empty() && is_data_descriptor(vm, on_type))
    return store_descriptor(vm, on_type, object, value);
  if (!object.is_cell() || !has_attributes(vm, object.cell())) {
    if (!on_type.is_empty())
      return raise_worded(vm, object, name, "'", "' object attribute '", "' is read-only");
    return raise_worded(vm, object, name, "'", "' object has no attribute '",
                        "' and no __dict__ for setting new attributes");
  }
  Cell* cell = object.cell();
  if (!value.is_empty()) return set_own_attribute(vm, cell, name, value);
  if (own_attribute(vm, cell, name)
          .is_empty())  // without the fields for suggestions, as CPython has it
    return vm.raise(Exc::AttributeError, "'{}' object has no attribute '{}'", type, name);
  if (remove_newest_attribute(vm, cell, name)) return {};
  Dict* dict = TRY(attributes_dict(vm, cell));
  TRY(dict_remove(vm, dict, name, nullptr));
  return {};
}

Result<void> type_set_attribute(VM& vm, Type* type, Str* name, Value value) {
  if (!name->is_interned()) name = TRY(intern(vm, name));
  if (type->flags & Type::kImmutable)
    return vm.raise(Exc::TypeError, "cannot set '{}' attribute of immutable type '{}'", name, type);
  Type* metaclass = vm.type_of(type);
  Value on_meta = type_lookup(vm, metaclass, name);
  if (!on_meta.is_empty() && is_data_descriptor(vm, on_meta))
    return store_descriptor(vm, on_meta, type, value);
  if (value.is_empty()) {
    if (!TRY(dict_remove(vm, type->dict, name, nullptr))) return raise_no_attribute(vm, type, name);
  } else {
    TRY(dict_set_str(vm, type->dict, name, value));
  }
  type_attribute_changed(vm, type, name);
  return {};
}

Result<void> set_attribute(VM& vm, Value object, Str* name, Value value) {
  if (!name->is_interned()) name = TRY(intern(vm, name));
  Type* type = vm.type_of(object);
  if (type->flags & Type::kCustomSetAttr) [[unlikely]] {
    Special special = value.is_empty() ? Special::DelAttr : Special::SetAttr;
    Value method = type_special(vm, type, special);
    if (!method.is(type_special(vm, vm.type(BuiltinType::Object), special))) {
      NativeDepth guard(vm);
      TRY(guard.check());
      if (value.is_empty()) {
        TRY(vm.call(method, {object, name}));
      } else {
        TRY(vm.call(method, {object, name, value}));
      }
      return {};
    }
  }
  if (is_kind(object, CellKind::Type)) return type_set_attribute(vm, as<Type>(object), name, value);
  return generic_set_attribute(vm, object, name, value);
}

Result<void> delete_attribute(VM& vm, Value object, Str* name) {
  return set_attribute(vm, object, name, Value());
}

}  // namespace apy
