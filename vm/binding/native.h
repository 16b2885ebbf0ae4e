#pragma once
// Tables that describe native functions, types and modules. One line per function:
//
//   {"append(self, object, /)", "Append object to the end of the list.",
//   bind<list_append_method>()}
//
// The signature string is the function's real signature (as inspect and help() show it); the C++
// parameter types give the conversions (binding/bind.h). Everything in a table is static and
// immutable; heap objects are made from it lazily.
#include <cstdint>
#include <span>

#include "vm/objects/vm.h"

namespace apy {

/// Arguments as the interpreter passes them: positional ones, then the values of keyword_names.
struct Arguments {
  const Value* values;
  uint32_t positional_count;
  Tuple* keyword_names;  // null when there are no keyword arguments
  uint32_t keyword_count() const {
    return keyword_names ? static_cast<uint32_t>(keyword_names->length) : 0;
  }
  std::span<const Value> positional() const { return {values, positional_count}; }
  std::span<const Value> keyword_values() const {
    return {values + positional_count, keyword_count()};
  }
};

struct NativeFunctionDef;
/// `definition` gives names for messages. Returns empty on error.
using NativeEntry = Value (*)(VM& vm, const NativeFunctionDef& definition,
                              const Arguments& arguments);

/// Made by bind<F>() in bind.h.
struct BoundEntry {
  NativeEntry entry;
  int16_t minimum, maximum;  // positional arguments accepted on the fast path; -1: any number
  uint16_t parameter_count;  // C++ parameters beside VM&
};

struct NativeFunctionDef {
  enum Flags : uint16_t { kMethod = 0, kStatic = 1, kClassMethod = 2 };
  const char* signature;  // "name(self, a, b=1, /, *, c=None)"; defaults are for display, absent
                          // arguments arrive empty
  const char* doc;
  BoundEntry bound;
  uint16_t flags = kMethod;
  /// Has it parameters that are given by keyword only, or *args?
  bool has_star = contains_star(signature);
  std::string_view name() const;

  static constexpr bool contains_star(const char* text) {
    while (text && *text)
      if (*text++ == '*') return true;
    return false;
  }
};

struct NativeGetSetDef {
  const char* name;
  const char* doc;
  Result<Value> (*get)(VM& vm, Value self);
  /// `value` empty: delete. Null: read-only.
  Result<void> (*set)(VM& vm, Value self, Value value) = nullptr;
};

struct NativeTypeDef {
  const char* name;  // as in BuiltinType, or "module.Name" for types of modules
  const char* doc;
  std::span<const NativeFunctionDef> methods;  // special methods included ("__len__(self, /)")
  std::span<const NativeGetSetDef> attributes = {};
  uint32_t flags = 0;          // Type::k...
  uint32_t instance_size = 0;  // module types: sizeof the struct (NativeObject first)
  const NativeClass* native_class = nullptr;  // module types
  /// Anything more to do when the namespace is filled (class constants, aliases).
  Result<void> (*extend)(VM& vm, Type* type) = nullptr;
};

struct NativeModuleDef {
  const char* name;  // dotted
  const char* doc;
  std::span<const NativeFunctionDef> functions;
  /// Constants, types. May be null.
  Result<void> (*initialize)(VM& vm, Module* module) = nullptr;
};

/// Definitions of the builtin types, one per file of vm/objects (null: an internal type without
/// methods).
const NativeTypeDef* builtin_type_definition(BuiltinType type);

Result<NativeFunction*> make_native_function(VM& vm, const NativeFunctionDef& definition,
                                             Type* owner, Value self, Value module_name);
Result<Module*> make_module(VM& vm, std::string_view name);
Result<void> module_set(VM& vm, Module* module, std::string_view name, Value value);
/// Slow path of bound calls: arguments with keywords or a wrong count are matched with the
/// signature; the result in `slots` (parameter_count of them, absent ones empty). Errors as CPython
/// words them.
Result<void> bind_arguments(VM& vm, const NativeFunctionDef& definition, const Arguments& arguments,
                            Value* slots);
/// Before a static native function is called: the first argument of a `__new__` must be a class
/// whose instances it can make, or the instance would have another layout than its class. TypeError
/// otherwise.
Result<void> check_new_arguments(VM& vm, const NativeFunction* function,
                                 const Arguments& arguments);
/// For calls without any positional argument: an error if the function is a method, which needs a
/// receiver.
Result<void> require_receiver(VM& vm, const NativeFunctionDef& definition);
/// TypeError unless the first argument of a native method is an instance of its class.
Result<void> check_receiver(VM& vm, const NativeFunction* function, const Arguments& arguments);
/// "f() argument 'x' must be int, not str" and the like.
Error wrong_argument(VM& vm, const NativeFunctionDef& definition, unsigned index,
                     const char* expected, Value got);
/// "descriptor 'append' for 'list' objects doesn't apply to a 'int' object"
Error wrong_receiver(VM& vm, const NativeFunctionDef& definition, const char* type_name, Value got);

}  // namespace apy
