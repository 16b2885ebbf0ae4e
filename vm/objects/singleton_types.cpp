// None, Ellipsis, NotImplemented, cells of closures, and weak references.
#include "vm/binding/bind.h"
#include "vm/objects/descriptor.h"
#include "vm/objects/internals.h"

namespace apy {

namespace {

Error takes_no_arguments(VM& vm, const char* name) {
  return vm.raise(Exc::TypeError, "{} takes no arguments", name);
}

bool has_arguments(const Arguments& arguments) {
  return arguments.positional_count > 1 || arguments.keyword_count() > 0;
}

// --- None ---
Result<Value> none_new(VM& vm, const Arguments& arguments) {
  if (has_arguments(arguments)) return takes_no_arguments(vm, "NoneType");
  return Value::none();
}
Result<Value> none_repr(VM& vm, Value) { return intern(vm, "None"); }
Result<bool> none_bool(VM&, Value) { return false; }
Result<int64_t> none_hash(VM& vm, Value self) { return hash_value(vm, self); }

constexpr NativeFunctionDef kNoneMethods[] = {
    {"__new__(cls, /, *args, **kwargs)", "Create and return a new object.", bind<none_new>(),
     NativeFunctionDef::kStatic},
    {"__repr__(self, /)", "Return repr(self).", bind<none_repr>()},
    {"__bool__(self, /)", "True if self else False", bind<none_bool>()},
    {"__hash__(self, /)", "Return hash(self).", bind<none_hash>()},
};

// --- Ellipsis ---
Result<Value> ellipsis_new(VM& vm, const Arguments& arguments) {
  if (has_arguments(arguments)) return takes_no_arguments(vm, "EllipsisType");
  return Value::ellipsis();
}
Result<Value> ellipsis_repr(VM& vm, Value) { return intern(vm, "Ellipsis"); }

constexpr NativeFunctionDef kEllipsisMethods[] = {
    {"__new__(cls, /, *args, **kwargs)", "Create and return a new object.", bind<ellipsis_new>(),
     NativeFunctionDef::kStatic},
    {"__repr__(self, /)", "Return repr(self).", bind<ellipsis_repr>()},
    {"__reduce__(self, /)", nullptr, bind<ellipsis_repr>()},
};

// --- NotImplemented ---
Result<Value> not_implemented_new(VM& vm, const Arguments& arguments) {
  if (has_arguments(arguments)) return takes_no_arguments(vm, "NotImplementedType");
  return Value::not_implemented();
}
Result<Value> not_implemented_repr(VM& vm, Value) { return intern(vm, "NotImplemented"); }
Result<bool> not_implemented_bool(VM&, Value) { return true; }

constexpr NativeFunctionDef kNotImplementedMethods[] = {
    {"__new__(cls, /, *args, **kwargs)", "Create and return a new object.",
     bind<not_implemented_new>(), NativeFunctionDef::kStatic},
    {"__repr__(self, /)", "Return repr(self).", bind<not_implemented_repr>()},
    {"__bool__(self, /)", "True if self else False", bind<not_implemented_bool>()},
    {"__reduce__(self, /)", nullptr, bind<not_implemented_repr>()},
};

// --- cell ---
Result<Value> cell_new(VM& vm, Value cls, Optional<Value> contents) {
  (void)cls;
  return TRY(make_cell_variable(vm, contents.value_or(Value())));
}
Result<CellVariable*> cell_self(VM& vm, Value self) {
  if (CellVariable* cell = try_as<CellVariable>(self)) return cell;
  return vm.raise(Exc::TypeError, "descriptor requires a 'cell' object but received a '{}'",
                  vm.type_of(self));
}
Result<Value> cell_repr(VM& vm, Value self) {
  CellVariable* cell = TRY(cell_self(vm, self));
  char text[160];
  if (cell->value.is_empty()) {
    std::snprintf(text, sizeof text, "<cell at 0x%012lx: empty>",
                  static_cast<unsigned long>(self.bits()));
  } else {
    std::snprintf(text, sizeof text, "<cell at 0x%012lx: %.60s object at 0x%012lx>",
                  static_cast<unsigned long>(self.bits()),
                  to_utf8(vm.type_of(cell->value)->name).c_str(),
                  static_cast<unsigned long>(cell->value.bits()));
  }
  return make_str(vm, text);
}
Result<Value> cell_equal(VM& vm, Value self, Value other) {
  const CellVariable *a = try_as<CellVariable>(self), *b = try_as<CellVariable>(other);
  if (!a || !b) return Value::not_implemented();
  if (a->value.is_empty() || b->value.is_empty())
    return Value::boolean(a->value.is_empty() && b->value.is_empty());
  return compare(vm, CompareOp::Equal, a->value, b->value);
}
Result<Value> get_cell_contents(VM& vm, Value self) {
  Value v = as<CellVariable>(self)->value;
  if (v.is_empty()) return vm.raise(Exc::ValueError, "Cell is empty");
  return v;
}
Result<void> set_cell_contents(VM& vm, Value self, Value value) {
  as<CellVariable>(self)->value = value;
  vm.barrier(self.cell());
  return {};
}

constexpr NativeFunctionDef kCellMethods[] = {
    {"__new__(cls, contents=None, /)", "Create and return a new object.", bind<cell_new>(),
     NativeFunctionDef::kStatic},
    {"__repr__(self, /)", "Return repr(self).", bind<cell_repr>()},
    {"__eq__(self, value, /)", "Return self==value.", bind<cell_equal>()},
};
constexpr NativeGetSetDef kCellAttributes[] = {
    {"cell_contents", nullptr, get_cell_contents, set_cell_contents}};

// --- weak references ---
Result<WeakReference*> weak_self(VM& vm, Value self) {
  if (WeakReference* reference = try_as<WeakReference>(self)) return reference;
  return vm.raise(Exc::TypeError,
                  "descriptor requires a 'weakref.ReferenceType' object but received a '{}'",
                  vm.type_of(self));
}

Result<Value> weak_new(VM& vm, const Arguments& arguments) {
  Type* cls = arguments.positional_count ? try_as<Type>(arguments.values[0]) : nullptr;
  if (!cls || !cls->is_subtype_of(vm.type(BuiltinType::WeakReference)))
    return vm.raise(Exc::TypeError, "ReferenceType.__new__(): not enough arguments");
  size_t given = arguments.positional_count - 1;
  if (given < 1) return vm.raise(Exc::TypeError, "__new__ expected at least 1 argument, got 0");
  bool exact = cls == vm.type(BuiltinType::WeakReference);
  if (given > 2 && exact)
    return vm.raise(Exc::TypeError, "__new__ expected at most 2 arguments, got {}", given);
  if (arguments.keyword_count() && exact)
    return vm.raise(Exc::TypeError, "ref() takes no keyword arguments");
  Value callback = given >= 2 ? arguments.values[2] : Value::none();
  if (exact) return TRY(make_weak_reference(vm, arguments.values[1], callback));
  Value target = arguments.values[1];
  if (!target.is_cell() || !(vm.type_of(target)->flags & Type::kHasWeakref))
    return vm.raise(Exc::TypeError, "cannot create weak reference to '{}' object",
                    vm.type_of(target));
  auto* reference = static_cast<WeakReference*>(TRY(allocate_instance(vm, cls)));
  reference->target = target;
  reference->callback = callback;
  register_weak_reference(vm, reference);
  return reference;
}
Result<Value> weak_init(VM& vm, const Arguments& arguments) {
  if (arguments.positional_count > 3)
    return vm.raise(Exc::TypeError, "__init__ expected at most 2 arguments, got {}",
                    arguments.positional_count - 1);
  return Value::none();
}
Result<Value> weak_call(VM& vm, Value self) {
  Value target = TRY(weak_self(vm, self))->target;
  return target.is_empty() ? Value::none() : target;
}
Result<Value> weak_repr(VM& vm, Value self) {
  WeakReference* reference = TRY(weak_self(vm, self));
  char address[64];
  std::snprintf(address, sizeof address, "<weakref at 0x%012lx; ",
                static_cast<unsigned long>(self.bits()));
  if (reference->target.is_empty()) return make_str(vm, std::string(address) + "dead>");
  Value target = reference->target;
  std::string text = std::string(address) + "to '" + std::string(message_name(vm.type_of(target)));
  if (message_name(vm.type_of(target)).empty()) text += to_utf8(vm.type_of(target)->name);
  std::snprintf(address, sizeof address, "' at 0x%012lx",
                static_cast<unsigned long>(target.bits()));
  text += address;
  Value name;
  // Of kinds of objects that have names; the object's own hooks are not asked.
  bool has_name = !type_lookup(vm, vm.type_of(target), vm.names().name_).is_empty();
  if (has_name && TRY(get_attribute_optional(vm, target, vm.names().name_, &name)) &&
      is_kind(name, CellKind::Str))
    text += " (" + to_utf8(as<Str>(name)) + ")";
  return make_str(vm, text + ">");
}
Result<int64_t> weak_hash(VM& vm, Value self) {
  WeakReference* reference = TRY(weak_self(vm, self));
  if (!reference->hash.is_empty()) return to_int64(vm, reference->hash);
  if (reference->target.is_empty()) return vm.raise(Exc::TypeError, "weak object has gone away");
  int64_t hash = TRY(hash_value(vm, reference->target));
  reference->hash = TRY(make_int(vm, hash));
  vm.barrier(reference);
  return hash;
}
Result<Value> weak_equal(VM& vm, Value self, Value other) {
  const WeakReference *a = try_as<WeakReference>(self), *b = try_as<WeakReference>(other);
  if (!a || !b) return Value::not_implemented();
  if (a->target.is_empty() || b->target.is_empty()) return Value::boolean(a == b);
  return compare(vm, CompareOp::Equal, a->target, b->target);
}
Result<Value> weak_class_get_item(VM& vm, Type* cls, Value item) {
  return make_generic_alias(vm, cls, item);
}
Result<Value> get_callback(VM&, Value self) {
  Value callback = as<WeakReference>(self)->callback;
  bool dead = as<WeakReference>(self)->target.is_empty();
  return callback.is_empty() || dead ? Value::none() : callback;
}

constexpr NativeFunctionDef kWeakMethods[] = {
    {"__new__(cls, /, *args, **kwargs)", "Create and return a new object.", bind<weak_new>(),
     NativeFunctionDef::kStatic},
    {"__init__(self, /, *args, **kwargs)", "Initialize self.", bind<weak_init>()},
    {"__call__(self, /)", "Call self as a function.", bind<weak_call>()},
    {"__repr__(self, /)", "Return repr(self).", bind<weak_repr>()},
    {"__hash__(self, /)", "Return hash(self).", bind<weak_hash>()},
    {"__eq__(self, value, /)", "Return self==value.", bind<weak_equal>()},
    {"__class_getitem__(cls, item, /)", "See PEP 585", bind<weak_class_get_item>(),
     NativeFunctionDef::kClassMethod},
};
constexpr NativeGetSetDef kWeakAttributes[] = {{"__callback__", nullptr, get_callback}};

}  // namespace

extern const NativeTypeDef kNoneTypeType = {"NoneType", "The type of the None singleton.",
                                            kNoneMethods};
extern const NativeTypeDef kEllipsisType = {"ellipsis", "The type of the Ellipsis singleton.",
                                            kEllipsisMethods};
extern const NativeTypeDef kNotImplementedTypeType = {
    "NotImplementedType", "The type of the NotImplemented singleton.", kNotImplementedMethods};
extern const NativeTypeDef kCellType = {"cell", "Create a new cell object.", kCellMethods,
                                        kCellAttributes};
extern const NativeTypeDef kWeakReferenceType = {"weakref.ReferenceType", nullptr, kWeakMethods,
                                                 kWeakAttributes, Type::kCanSubclass};

}  // namespace apy
