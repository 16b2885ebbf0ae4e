#pragma once
// Enumerations of the object model: builtin types, exception types, special methods, operators.
#include "vm/gc/cell.h"

namespace apy {

enum class BuiltinType : uint16_t {
  None_ = 0,  // shape 0 is never used
#define BUILTIN_TYPE(Id, name, base, kind) Id,
#include "vm/objects/builtin_types.def"
#undef BUILTIN_TYPE
#define EXCEPTION(Id, base) Id,
#include "vm/objects/exceptions.def"
#undef EXCEPTION
  Count,
};
constexpr ShapeId shape_of(BuiltinType type) { return static_cast<ShapeId>(type); }

/// Names an exception type where one is raised from C++: `vm.raise(Exc::TypeError, ...)`.
using Exc = BuiltinType;

enum class Special : uint8_t {
#define SPECIAL(Id, name) Id,
#include "vm/objects/special_names.def"
#undef SPECIAL
  Count,
};

enum class CompareOp : uint8_t { Less, LessEqual, Equal, NotEqual, Greater, GreaterEqual };
enum class BinaryOp : uint8_t {
  Add,
  Subtract,
  Multiply,
  MatrixMultiply,
  TrueDivide,
  FloorDivide,
  Modulo,
  Power,
  LeftShift,
  RightShift,
  BitAnd,
  BitOr,
  BitXor,
  DivMod,
};
enum class UnaryOp : uint8_t { Negative, Positive, Invert, Not };
constexpr int kBinaryOpCount = 14;

constexpr Special special_of(CompareOp op) {
  return static_cast<Special>(static_cast<int>(Special::Less) + static_cast<int>(op));
}
constexpr Special special_of(BinaryOp op) {
  return static_cast<Special>(static_cast<int>(Special::Add) + static_cast<int>(op));
}
constexpr Special reflected_of(BinaryOp op) {
  return static_cast<Special>(static_cast<int>(Special::ReflectedAdd) + static_cast<int>(op));
}
constexpr Special in_place_of(BinaryOp op) {
  return static_cast<Special>(static_cast<int>(Special::InPlaceAdd) + static_cast<int>(op));
}
constexpr CompareOp swapped(CompareOp op) {
  constexpr CompareOp kSwapped[] = {CompareOp::Greater, CompareOp::GreaterEqual,
                                    CompareOp::Equal,   CompareOp::NotEqual,
                                    CompareOp::Less,    CompareOp::LessEqual};
  return kSwapped[static_cast<int>(op)];
}
/// "+", "<=" and so on, for messages.
const char* spelling(BinaryOp op);
const char* spelling(CompareOp op);

/// True when `v` is an instance of exactly that builtin type, not of a subclass. Cells only.
inline bool is_exact(Value v, BuiltinType type) {
  return v.is_cell() && v.cell()->shape == shape_of(type);
}

}  // namespace apy
