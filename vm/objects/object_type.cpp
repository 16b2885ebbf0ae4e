// The type `object`: what every value can do.
#include <algorithm>

#include "vm/binding/bind.h"
#include "vm/objects/descriptor.h"
#include "vm/objects/internals.h"
#include "vm/objects/reduction.h"
#include "vm/objects/special_call.h"

namespace apy {

namespace {

bool overrides(VM& vm, Type* cls, Special special) {
  return !type_special(vm, cls, special)
              .is(type_special(vm, vm.type(BuiltinType::Object), special));
}

Error raise_abstract(VM& vm, Type* cls) {
  Value names = dict_get_str(vm, cls->dict, vm.names().abstractmethods);
  if (names.is_empty())
    return vm.raise(Exc::TypeError, "Can't instantiate abstract class {}", cls->name);
  List* list = TRY(list_from(vm, names));
  TRY(list_sort(vm, list, Value::none(), false));
  std::string text;
  for (Value name : list->span()) {
    if (!text.empty()) text += ", ";
    text += "'" + TRY(str_text(vm, name)) + "'";
  }
  return vm.raise(
      Exc::TypeError,
      "Can't instantiate abstract class {} without an implementation for abstract method{} {}",
      cls->name, list->length > 1 ? "s" : "", text);
}

Result<Value> object_new(VM& vm, const Arguments& arguments) {
  if (arguments.positional_count == 0)
    return vm.raise(Exc::TypeError, "object.__new__(): not enough arguments");
  Type* cls = try_as<Type>(arguments.values[0]);
  if (!cls)
    return vm.raise(Exc::TypeError, "object.__new__(X): X is not a type object ({})",
                    vm.type_of(arguments.values[0]));
  if (arguments.positional_count > 1 || arguments.keyword_count() > 0) {
    if (overrides(vm, cls, Special::New))
      return vm.raise(Exc::TypeError,
                      "object.__new__() takes exactly one argument (the type to instantiate)");
    if (!overrides(vm, cls, Special::Init))
      return vm.raise(Exc::TypeError, "{}() takes no arguments", cls->name);
  }
  if (cls->flags & Type::kAbstract) return raise_abstract(vm, cls);
  if (cls->flags & Type::kDisallowNew)
    return vm.raise(Exc::TypeError, "cannot create '{}' instances", cls);
  if (cls->instance_kind != CellKind::Instance) {
    const Type* native = cls;
    while (!is_kind(type_special(vm, const_cast<Type*>(native), Special::New),
                    CellKind::NativeFunction))
      native = native->base;
    std::string_view name = message_name(native);
    return vm.raise(Exc::TypeError, "object.__new__({}) is not safe, use {}.__new__()", cls->name,
                    name);
  }
  return TRY(allocate_instance(vm, cls));
}

Result<Value> object_init(VM& vm, const Arguments& arguments) {
  if (arguments.positional_count > 1 || arguments.keyword_count() > 0) {
    Type* cls = vm.type_of(arguments.values[0]);
    if (overrides(vm, cls, Special::Init))
      return vm.raise(Exc::TypeError,
                      "object.__init__() takes exactly one argument (the instance to initialize)");
    if (!overrides(vm, cls, Special::New))
      return vm.raise(Exc::TypeError,
                      "{}.__init__() takes exactly one argument (the instance to initialize)",
                      cls->name);
  }
  return Value::none();
}

Result<Value> object_equal(VM&, Value self, Value other) {
  return self.is(other) ? Value::boolean(true) : Value::not_implemented();
}

Result<Value> object_not_equal(VM& vm, Value self, Value other) {
  Value method = type_special(vm, vm.type_of(self), Special::Equal);
  if (method.is_empty() || method.is_none()) return Value::not_implemented();
  Value equal = TRY(call_special_method(vm, method, self, {other}));
  if (equal.is_not_implemented()) return equal;
  return Value::boolean(!TRY(is_truthy(vm, equal)));
}

Result<Value> object_order(VM&, Value, Value) { return Value::not_implemented(); }

Result<int64_t> object_hash(VM&, Value self) {
  // Cells are aligned to 16 bytes; rotating keeps the low bits busy.
  return static_cast<int64_t>(std::rotr(self.bits(), 4) & 0x7FFFFFFFFFFFFFFF);
}

Result<Value> object_repr(VM& vm, Value self) {
  Type* type = vm.type_of(self);
  std::string text = "<";
  Value module = dict_get_str(vm, type->dict, vm.names().module_);
  if (Str* name = try_as<Str>(module); name && !str_equal(name, "builtins"))
    text += to_utf8(name) + ".";
  append_utf8(text, type->qualname);
  char address[32];
  std::snprintf(address, sizeof address, " object at 0x%012lx>",
                static_cast<unsigned long>(self.bits()));
  return make_str(vm, text + address);
}

Result<Value> object_str(VM& vm, Value self) { return repr_of(vm, self); }

Result<Value> object_format(VM& vm, Value self, Value spec) {
  Str* text = try_as<Str>(spec);
  if (!text)
    return vm.raise(Exc::TypeError, "__format__() argument must be str, not {}", vm.type_of(spec));
  if (text->length > 0)
    return vm.raise(Exc::TypeError, "unsupported format string passed to {}.__format__",
                    vm.type_of(self));
  return str_of(vm, self);
}

Result<Value> object_get_attribute(VM& vm, Value self, Value name) {
  return generic_get_attribute(vm, self, TRY(attribute_name(vm, name)));
}
Result<void> object_set_attribute(VM& vm, Value self, Value name, Value value) {
  Str* key = TRY(attribute_name(vm, name));
  if (is_kind(self, CellKind::Type))
    return vm.raise(Exc::TypeError, "can't apply this __setattr__ to {} object", vm.type_of(self));
  return generic_set_attribute(vm, self, key, value);
}
Result<void> object_delete_attribute(VM& vm, Value self, Value name) {
  Str* key = TRY(attribute_name(vm, name));
  if (is_kind(self, CellKind::Type))
    return vm.raise(Exc::TypeError, "can't apply this __delattr__ to {} object", vm.type_of(self));
  return generic_set_attribute(vm, self, key, Value());
}

/// Collects the names along the MRO and of the object itself, as keys.
Result<Value> object_dir(VM& vm, Value self) {
  Dict* names = TRY(make_dict(vm));
  Value own;
  if (TRY(get_attribute_optional(vm, self, vm.names().dict_, &own))) {
    if (Dict* dict = try_as<Dict>(own)) TRY(dict_merge(vm, names, dict));
  }
  Type* type = vm.type_of(self);
  for (Value entry : type->mro->span()) {
    TRY(type_populate(vm, as<Type>(entry)));
    TRY(dict_merge(vm, names, as<Type>(entry)->dict));
  }
  return list_from(vm, names);
}

Result<Value> object_class(VM& vm, Value self) { return vm.type_of(self); }

Result<void> object_set_class(VM& vm, Value self, Value value) {
  if (value.is_empty()) return vm.raise(Exc::TypeError, "can't delete __class__ attribute");
  Type* to = try_as<Type>(value);
  if (!to)
    return vm.raise(Exc::TypeError, "__class__ must be set to a class, not '{}' object",
                    vm.type_of(value));
  Type* from = vm.type_of(self);
  if (is_kind(self, CellKind::Module) && to->instance_kind == CellKind::Module) {
    self.cell()->shape = to->root_shape->id;
    vm.barrier(self.cell());
    return {};
  }
  if (!(from->flags & Type::kHeapType) || !(to->flags & Type::kHeapType))
    return vm.raise(
        Exc::TypeError,
        "__class__ assignment only supported for mutable types or ModuleType subclasses");
  if (!same_layout(from, to))
    return vm.raise(Exc::TypeError, "__class__ assignment: '{}' object layout differs from '{}'",
                    to->name, from->name);
  Cell* cell = self.cell();
  if (from->flags & Type::kHasDict) {
    TRY(attributes_dict(vm, cell));
    cell->shape = TRY(dict_mode_shape(vm, to))->id;
  } else {
    cell->shape = to->root_shape->id;
  }
  vm.barrier(cell);
  return {};
}

Result<Value> object_init_subclass(VM& vm, const Arguments& arguments) {
  size_t given = arguments.positional_count - 1;
  if (arguments.keyword_count() > 0)
    return vm.raise(Exc::TypeError, "{}.__init_subclass__() takes no keyword arguments",
                    as<Type>(arguments.values[0])->qualname);
  if (given > 0)
    return vm.raise(Exc::TypeError, "object.__init_subclass__() takes no arguments ({} given)",
                    given);
  return Value::none();
}

Result<Value> object_subclass_hook(VM&, const Arguments&) { return Value::not_implemented(); }

Result<int64_t> object_size(VM&, Value self) {
  return self.is_cell() ? static_cast<int64_t>(Heap::slot_size(self.cell())) : int64_t{8};
}

constexpr NativeFunctionDef kObjectMethods[] = {
    {"__new__(cls, /, *args, **kwargs)", "Create and return a new object.", bind<object_new>(),
     NativeFunctionDef::kStatic},
    {"__init__(self, /, *args, **kwargs)", "Initialize self.", bind<object_init>()},
    {"__repr__(self, /)", "Return repr(self).", bind<object_repr>()},
    {"__str__(self, /)", "Return str(self).", bind<object_str>()},
    {"__hash__(self, /)", "Return hash(self).", bind<object_hash>()},
    {"__eq__(self, value, /)", "Return self==value.", bind<object_equal>()},
    {"__ne__(self, value, /)", "Return self!=value.", bind<object_not_equal>()},
    {"__lt__(self, value, /)", "Return self<value.", bind<object_order>()},
    {"__le__(self, value, /)", "Return self<=value.", bind<object_order>()},
    {"__gt__(self, value, /)", "Return self>value.", bind<object_order>()},
    {"__ge__(self, value, /)", "Return self>=value.", bind<object_order>()},
    {"__getattribute__(self, name, /)", "Return getattr(self, name).",
     bind<object_get_attribute>()},
    {"__setattr__(self, name, value, /)", "Implement setattr(self, name, value).",
     bind<object_set_attribute>()},
    {"__delattr__(self, name, /)", "Implement delattr(self, name).",
     bind<object_delete_attribute>()},
    {"__dir__(self, /)", "Default dir() implementation.", bind<object_dir>()},
    {"__format__(self, format_spec, /)", "Default object formatter.", bind<object_format>()},
    {"__sizeof__(self, /)", "Size of object in memory, in bytes.", bind<object_size>()},
    {"__reduce__(self, /)", "Helper for pickle.", bind<object_reduce>()},
    {"__reduce_ex__(self, protocol, /)", "Helper for pickle.", bind<object_reduce_ex>()},
    {"__getstate__(self, /)", "Helper for pickle.", bind<object_get_state>()},
    {"__init_subclass__(cls, /)", "This method is called when a class is subclassed.",
     bind<object_init_subclass>(), NativeFunctionDef::kClassMethod},
    {"__subclasshook__(cls, object, /)",
     "Abstract classes can override this to customize issubclass().", bind<object_subclass_hook>(),
     NativeFunctionDef::kClassMethod},
};

constexpr NativeGetSetDef kObjectAttributes[] = {
    {"__class__", "the object's class", object_class, object_set_class},
};

}  // namespace

extern const NativeTypeDef kObjectType = {
    "object",
    "The base class of the class hierarchy.\n\nWhen called, it accepts no arguments and returns a "
    "new featureless\n"
    "instance that has no instance attributes and cannot be given any.\n",
    kObjectMethods, kObjectAttributes, Type::kCanSubclass};

}  // namespace apy
