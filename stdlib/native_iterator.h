#pragma once
// What native iterators and containers of the standard library share. A struct T : NativeObject
// starts with its Values, names its `static const NativeClass kClass`, and an iterator has `static
// Result<bool> step(VM&, T*, Value* out)`.
#include "vm/binding/bind.h"

namespace apy {

/// Visits the first `count` words behind the NativeObject header, which are Values or cell
/// pointers.
template <size_t count>
void trace_values(const Cell* self, Visitor& visitor) {
  auto* values = reinterpret_cast<const Value*>(static_cast<const NativeObject*>(self) + 1);
  visitor.visit_range(values, count);
}

/// A new, zeroed T of class `cls` (T's type or a subclass).
template <class T>
Result<T*> make_native(VM& vm, Type* cls) {
  auto* object = static_cast<T*>(TRY(allocate_instance(vm, cls)));
  object->native_class = &T::kClass;
  return object;
}

/// The type of T in this VM; its module has been initialised.
template <class T>
Type* native_type(VM& vm) {
  return static_cast<Type*>(vm.module_state(&T::kClass));
}

/// Makes the type and binds it in the module as `name`.
inline Result<void> add_native_type(VM& vm, Module* module, const NativeTypeDef& definition,
                                    std::string_view name, Type* base = nullptr) {
  Type* type = TRY(make_native_type(vm, definition, base));
  if (definition.native_class) vm.module_state(definition.native_class) = type;
  return module_set(vm, module, name, type);
}

template <class T>
Result<bool> native_step(VM& vm, Cell* self, Value* out) {
  return T::step(vm, static_cast<T*>(self), out);
}
/// __next__
template <class T>
Result<Value> native_next(VM& vm, T* self) {
  Value item;
  if (TRY(T::step(vm, self, &item))) return item;
  return stop_iteration(vm);
}
/// __iter__
template <class T>
Result<Value> native_self(VM&, T* self) {
  return self;
}

/// `__dict__` of native types whose instances have attributes (Type::kHasDict).
inline Result<Value> native_get_dict(VM& vm, Value self) {
  return attributes_dict(vm, self.cell());
}
inline Result<void> native_set_dict(VM& vm, Value self, Value value) {
  if (value.is_empty()) return vm.raise(Exc::TypeError, "cannot delete __dict__");
  if (Dict* dict = try_as<Dict>(value)) return set_attributes_dict(vm, self.cell(), dict);
  return vm.raise(Exc::TypeError, "__dict__ must be set to a dictionary, not a '{}'",
                  vm.type_of(value));
}
#define NATIVE_DICT_ATTRIBUTE \
  { "__dict__", nullptr, native_get_dict, native_set_dict }

#define NATIVE_ITERATOR_METHODS(T)                                         \
  {"__iter__(self, /)", "The iterator itself.", bind<native_self<T>>()}, { \
    "__next__(self, /)", "The next item.", bind<native_next<T>>()          \
  }

}  // namespace apy
