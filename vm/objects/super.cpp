// super: attribute lookup behind a class in the MRO of an object's type.
#include "vm/binding/bind.h"
#include "vm/bytecode/code.h"
#include "vm/objects/descriptor.h"
#include "vm/objects/frame.h"
#include "vm/objects/iterators.h"

namespace apy {

namespace {

/// The type in whose MRO the lookup goes on; TypeError when `object` is no instance or subclass of
/// `cls`.
Result<Type*> check_super(VM& vm, Type* cls, Value object) {
  if (Type* type = try_as<Type>(object); type && type->is_subtype_of(cls)) return type;
  Type* type = vm.type_of(object);
  if (type->is_subtype_of(cls)) return type;
  Value claimed;
  if (TRY(get_attribute_optional(vm, object, vm.names().class_, &claimed)) &&
      is_kind(claimed, CellKind::Type) && !claimed.is(Value(type)) &&
      as<Type>(claimed)->is_subtype_of(cls))
    return as<Type>(claimed);
  bool is_class = is_kind(object, CellKind::Type);
  return vm.raise(
      Exc::TypeError, "super(type, obj): obj ({} {}) is not an instance or subtype of type ({}).",
      is_class ? "type" : "instance of", is_class ? as<Type>(object)->name : type->name, cls->name);
}

/// Class and first argument of the running method, for super() without arguments.
Result<void> find_implicit(VM& vm, Value* cls, Value* object) {
  Frame* frame = vm.current_frame();
  if (!frame) return vm.raise(Exc::RuntimeError, "super(): no current frame");
  Code* code = frame->code;
  if (code->argument_count == 0) return vm.raise(Exc::RuntimeError, "super(): no arguments");
  *object = frame->registers()[0];
  // The parameter may have been made a variable of closures; a cell may also be what was passed.
  const Tuple* cells = code->cell_names;
  bool is_shared = false;
  for (uint64_t i = 0; cells && i < cells->length; ++i)
    is_shared = is_shared || cells->values()[i].is(code->local_names->values()[0]);
  if (CellVariable* cell = try_as<CellVariable>(*object); cell && is_shared) *object = cell->value;
  if (object->is_empty()) return vm.raise(Exc::RuntimeError, "super(): arg[0] deleted");
  const Tuple* names = code->free_names;
  const Tuple* closure = frame->function()->closure;
  for (uint64_t i = 0; names && closure && i < names->length; ++i) {
    if (!str_equal(as<Str>(names->values()[i]), "__class__")) continue;
    *cls = as<CellVariable>(closure->values()[i])->value;
    if (cls->is_empty()) return vm.raise(Exc::RuntimeError, "super(): empty __class__ cell");
    return {};
  }
  return vm.raise(Exc::RuntimeError, "super(): __class__ cell not found");
}

Result<Value> super_new(VM& vm, const Arguments& arguments) {
  Type* cls = arguments.positional_count ? try_as<Type>(arguments.values[0]) : nullptr;
  if (!cls || !cls->is_subtype_of(vm.type(BuiltinType::Super)))
    return vm.raise(Exc::TypeError, "super.__new__(): not enough arguments");
  return TRY(
      make_record_of(vm, cls, BuiltinType::Super, {Value::none(), Value::none(), Value::none()}));
}

Result<Value> super_init(VM& vm, const Arguments& arguments) {
  if (arguments.keyword_count())
    return vm.raise(Exc::TypeError, "super() takes no keyword arguments");
  if (!arguments.positional_count || !is_kind(arguments.values[0], CellKind::Record) ||
      !vm.is_instance(arguments.values[0], BuiltinType::Super))
    return vm.raise(Exc::TypeError, "descriptor '__init__' requires a 'super' object");
  Record* self = as<Record>(arguments.values[0]);
  size_t given = arguments.positional_count - 1;
  if (given > 2)
    return vm.raise(Exc::TypeError, "super() expected at most 2 arguments, got {}", given);
  Value cls, object = Value::none();
  if (given == 0) {
    TRY(find_implicit(vm, &cls, &object));
  } else {
    cls = arguments.values[1];
    if (given == 2) object = arguments.values[2];
  }
  if (!is_kind(cls, CellKind::Type))
    return vm.raise(Exc::TypeError, "super() argument 1 must be {}type, not {}",
                    vm.type_of(self) == vm.type(BuiltinType::Super) ? "a " : "", vm.type_of(cls));
  Value self_class = Value::none();
  if (!object.is_none()) self_class = TRY(check_super(vm, as<Type>(cls), object));
  self->fields()[kSuperClass] = cls;
  self->fields()[kSuperSelf] = object;
  self->fields()[kSuperSelfClass] = self_class;
  vm.barrier(self);
  return Value::none();
}

}  // namespace

Result<Value> super_get_attribute(VM& vm, Record* super, Str* name) {
  Type* type = try_as<Type>(super->fields()[kSuperSelfClass]);
  if (type && name != vm.names().class_) {
    Value cls = super->fields()[kSuperClass], object = super->fields()[kSuperSelf];
    bool passed = false;
    for (Value entry : type->mro->span()) {
      if (entry.is(cls)) {
        passed = true;
        continue;
      }
      if (!passed) continue;
      TRY(type_populate(vm, as<Type>(entry)));
      Value found = dict_get_str(vm, as<Type>(entry)->dict, name);
      if (found.is_empty()) continue;
      // super(C, cls): the object is the class itself, looked up as on a class.
      return bind_descriptor(vm, found, object.is(Value(type)) ? Value() : object, type);
    }
  }
  return generic_get_attribute(vm, super, name);
}

namespace {

Result<Value> super_getattribute(VM& vm, RecordOf<BuiltinType::Super> self, Value name) {
  return super_get_attribute(vm, self, TRY(attribute_name(vm, name)));
}

Result<Value> super_repr(VM& vm, RecordOf<BuiltinType::Super> self) {
  Type* cls = try_as<Type>(self->fields()[kSuperClass]);
  Type* type = try_as<Type>(self->fields()[kSuperSelfClass]);
  std::string text = "<super: <class '" + (cls ? to_utf8(cls->name) : std::string("NULL")) + "'>, ";
  text += type ? "<" + to_utf8(type->name) + " object>>" : std::string("NULL>");
  return make_str(vm, text);
}

/// An unbound super binds when it is found on a class.
Result<Value> super_get(VM& vm, RecordOf<BuiltinType::Super> self, Value object, Optional<Value>) {
  if (object.is_none() || !self->fields()[kSuperSelf].is_none()) return self.record;
  return vm.call(vm.type_of(self.record), {self->fields()[kSuperClass], object});
}

template <int N>
Result<Value> get_field(VM&, Value self) {
  return as<Record>(self)->fields()[N];
}

constexpr NativeFunctionDef kMethods[] = {
    {"__new__(cls, /, *args, **kwargs)", "Create and return a new object.", bind<super_new>(),
     NativeFunctionDef::kStatic},
    {"__init__(self, /, *args, **kwargs)", "Initialize self.", bind<super_init>()},
    {"__getattribute__(self, name, /)", "Return getattr(self, name).", bind<super_getattribute>()},
    {"__get__(self, instance, owner=None, /)",
     "Return an attribute of instance, which is of type owner.", bind<super_get>()},
    {"__repr__(self, /)", "Return repr(self).", bind<super_repr>()},
};
constexpr NativeGetSetDef kAttributes[] = {
    {"__thisclass__", "the class invoking super()", get_field<kSuperClass>},
    {"__self__", "the instance invoking super(); may be None", get_field<kSuperSelf>},
    {"__self_class__", "the type of the instance invoking super(); may be None",
     get_field<kSuperSelfClass>},
};

}  // namespace

extern const NativeTypeDef kSuperType = {"super",
                                         "super() -> same as super(__class__, <first argument>)",
                                         kMethods,
                                         kAttributes,
                                         Type::kCanSubclass | Type::kCustomGetAttribute,
                                         sizeof(Record) + kSuperFieldCount * sizeof(Value)};

}  // namespace apy
