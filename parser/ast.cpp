#include "parser/ast.h"

namespace apy::ast {

const char* node_kind_name(NodeKind kind) {
  static constexpr const char* kNames[] = {
#define APY_NODE(Base, Kind, spelling, fields) spelling,
#include "parser/ast.def"
  };
  return kNames[static_cast<size_t>(kind)];
}

const char* operator_name(BinaryOperator op) {
  static constexpr const char* kNames[] = {"Add",    "Sub",    "Mult",    "MatMult", "Div",
                                           "Mod",    "Pow",    "LShift",  "RShift",  "BitOr",
                                           "BitXor", "BitAnd", "FloorDiv"};
  return kNames[static_cast<size_t>(op)];
}

const char* operator_name(UnaryOperator op) {
  static constexpr const char* kNames[] = {"Invert", "Not", "UAdd", "USub"};
  return kNames[static_cast<size_t>(op)];
}

const char* operator_name(BooleanOperator op) { return op == BooleanOperator::And ? "And" : "Or"; }

const char* operator_name(CompareOperator op) {
  static constexpr const char* kNames[] = {"Eq",  "NotEq", "Lt",    "LtE", "Gt",
                                           "GtE", "Is",    "IsNot", "In",  "NotIn"};
  return kNames[static_cast<size_t>(op)];
}

const char* operator_name(ExpressionContext context) {
  static constexpr const char* kNames[] = {"Load", "Store", "Del"};
  return kNames[static_cast<size_t>(context)];
}

}  // namespace apy::ast
