#pragma once
// Functions, methods, descriptors, closures' cells.
#include "vm/objects/type.h"

namespace apy {

struct Code;               // vm/bytecode/code.h
struct NativeFunctionDef;  // vm/binding/native.h
struct NativeGetSetDef;

/// A script function.
struct Function : Cell {
  static constexpr CellKind kKind = CellKind::Function;
  Code* code;
  Dict* globals;
  Dict* builtins;
  Tuple* closure;          // of CellVariable; null when there are no free variables
  Value defaults;          // Tuple or none
  Value keyword_defaults;  // Dict or none
  Value name, qualname, module, doc;
  Value annotations;  // Dict, a Function computing it, or empty
  Value type_params;  // Tuple or empty
  Cell* attributes;   // own attributes (dict mode from the start: a Dict), null
  void trace(Visitor& visitor) const;
};

/// A variable shared between a function and the closures in it. Empty when unbound.
struct CellVariable : Cell {
  static constexpr CellKind kKind = CellKind::CellVariable;
  Value value;
  void trace(Visitor& visitor) const { visitor.visit(value); }
};

/// A function written in C++. Shape BuiltinFunction: called as it is (a module function, or a
/// builtin method bound to `self`); shape MethodDescriptor: found on a type, binds like a function.
struct NativeFunction : Cell {
  static constexpr CellKind kKind = CellKind::NativeFunction;
  static constexpr uint16_t kStatic =
      1;  // aux: static method of a type (e.g. __new__, str.maketrans)
  static constexpr uint16_t kClassMethod = 2;  // aux: binds to the class
  const NativeFunctionDef* definition;
  Value self;    // bound receiver, module for module functions, or empty
  Value module;  // name, or empty
  Type* owner;   // type it was defined on, or null
  void trace(Visitor& visitor) const {
    visitor.visit(self);
    visitor.visit(module);
    visitor.visit(owner);
  }
};

/// Native attribute with getter and setter, or a `__slots__` member (definition null: slot index).
struct GetSet : Cell {
  static constexpr CellKind kKind = CellKind::GetSet;
  const NativeGetSetDef* definition;
  Type* owner;
  Str* name;
  uint64_t slot;  // for members
  void trace(Visitor& visitor) const {
    visitor.visit(owner);
    visitor.visit(name);
  }
};

struct BoundMethod : Cell {
  static constexpr CellKind kKind = CellKind::BoundMethod;
  Value function, self;
  void trace(Visitor& visitor) const {
    visitor.visit(function);
    visitor.visit(self);
  }
};

// Record layouts of the descriptor types (fields in order).
struct Property : Record {
  Value fget, fset, fdel, doc, name;
  Cell* attributes;
};
struct ClassMethod : Record {
  Value function;
  Cell* attributes;
};  // also StaticMethod
struct Super : Record {
  Value this_class, self, self_class;
  Cell* attributes;
};

Result<Value> make_bound_method(VM& vm, Value function, Value self);
Result<CellVariable*> make_cell_variable(VM& vm, Value value);

}  // namespace apy
