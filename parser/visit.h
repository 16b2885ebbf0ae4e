#pragma once

#include "parser/ast.h"

namespace apy::ast {

/// Calls `visitor` with a pointer to the node's own type: a generic lambda, or an overload set.
template <class Visitor>
decltype(auto) visit(Node* node, Visitor&& visitor) {
  switch (node->kind) {
#define APY_NODE(Base, Kind, spelling, fields) \
  case NodeKind::Kind:                         \
    return visitor(static_cast<Kind*>(node));
#include "parser/ast.def"
  }
  __builtin_unreachable();
}

namespace detail {

template <class T, class Function>
void each(T* child, Function& function) {
  if (child) function(child);
}
template <class T, class Function>
void each(ArenaSpan<T*> children, Function& function) {
  for (T* child : children) {
    if (child) function(child);
  }
}

}  // namespace detail

// for_each_child(node, function): calls function(child) for each child of the node that is there,
// in the order of the fields, with the child's static type (Expression*, Arguments*, ...).
#define APY_NODE(Base, Kind, spelling, fields)                                             \
  template <class Function>                                                                \
  void for_each_child([[maybe_unused]] Kind* node, [[maybe_unused]] Function&& function) { \
    fields                                                                                 \
  }
#define APY_CHILD(Type, field) detail::each(node->field, function);
#define APY_MAYBE(Type, field) detail::each(node->field, function);
#define APY_LIST(Type, field) detail::each(node->field, function);
#define APY_LIST_MAYBE(Type, field) detail::each(node->field, function);
#define APY_NAME(field)
#define APY_MAYBE_NAME(field)
#define APY_NAMES(field)
#define APY_VALUE(Type, field)
#define APY_NOTE(Type, field)
#include "parser/ast.def"

}  // namespace apy::ast
