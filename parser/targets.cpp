#include "parser/grammar.h"

// Targets of assignments, loops and `del`. The first reading parses an expression and then turns it
// into a target. While diagnosing, targets are parsed by the grammar's own rules, because which
// mistake is recognised first depends on what those rules look at.

namespace apy {

using ast::Expression;
using ast::ExpressionContext;

bool Parser::to_target(Expression* expression, ExpressionContext context) {
  switch (expression->kind) {
    case ast::NodeKind::Name:
      expression->as<ast::Name>()->ctx = context;
      return true;
    case ast::NodeKind::Attribute:
      expression->as<ast::Attribute>()->ctx = context;
      return true;
    case ast::NodeKind::Subscript:
      expression->as<ast::Subscript>()->ctx = context;
      return true;
    case ast::NodeKind::Starred: {
      auto* starred = expression->as<ast::Starred>();
      if (context == ExpressionContext::Del || starred->value->is<ast::Starred>()) return false;
      starred->ctx = context;
      return to_target(starred->value, context);
    }
    case ast::NodeKind::Tuple: {
      auto* tuple = expression->as<ast::Tuple>();
      tuple->ctx = context;
      for (Expression* element : tuple->elts) {
        if (!to_target(element, context)) return false;
      }
      return true;
    }
    case ast::NodeKind::List: {
      auto* list = expression->as<ast::List>();
      list->ctx = context;
      for (Expression* element : list->elts) {
        if (!to_target(element, context)) return false;
      }
      return true;
    }
    default:
      return false;
  }
}

/// A target that is no sequence: for augmented and annotated assignment.
bool Parser::to_single_target(Expression* expression) {
  return (expression->is<ast::Name>() || expression->is<ast::Attribute>() ||
          expression->is<ast::Subscript>()) &&
         to_target(expression, ExpressionContext::Store);
}

Expression* Parser::invalid_target(Expression* expression, TargetKind kind) {
  ArenaSpan<Expression*> elements;
  switch (expression->kind) {
    case ast::NodeKind::List:
      elements = expression->as<ast::List>()->elts;
      break;
    case ast::NodeKind::Tuple:
      elements = expression->as<ast::Tuple>()->elts;
      break;
    case ast::NodeKind::Starred:
      if (kind == TargetKind::Delete) return expression;
      return invalid_target(expression->as<ast::Starred>()->value, kind);
    case ast::NodeKind::Compare: {
      // `for x in y` reads as a comparison when its head is parsed as an expression.
      if (kind != TargetKind::For) return expression;
      auto* compare = expression->as<ast::Compare>();
      if (compare->ops[0] != ast::CompareOperator::In) return nullptr;
      return invalid_target(compare->left, kind);
    }
    case ast::NodeKind::Name:
    case ast::NodeKind::Subscript:
    case ast::NodeKind::Attribute:
      return nullptr;
    default:
      return expression;
  }
  for (Expression* element : elements) {
    if (Expression* culprit = invalid_target(element, kind)) return culprit;
  }
  return nullptr;
}

/// Targets of a loop: one, or several separated by commas.
Expression* Parser::star_targets() {
  uint32_t start = position_;
  Expression* first = star_target();
  if (!first || !at(Kind::Comma)) return first;
  Builder<Expression> elements(*this);
  elements.push(first);
  while (accept(Kind::Comma)) {
    Expression* next = star_target();
    if (!next) break;
    elements.push(next);
  }
  auto* node = make<ast::Tuple>(since(start));
  node->elts = elements.take();
  node->ctx = ExpressionContext::Store;
  return finish(node);
}

Expression* Parser::star_target() {
  if (diagnosing_) {
    return static_cast<Expression*>(
        remember(Rule::StarTarget, [this]() -> ast::Node* { return star_target_by_grammar(); }));
  }
  uint32_t start = position_;
  Expression* target;
  if (accept(Kind::Star)) {
    Expression* value = at(Kind::Star) ? nullptr : star_target();
    if (!value) {
      rewind(start);
      return nullptr;
    }
    auto* node = make<ast::Starred>(since(start));
    node->value = value;
    target = finish(node);
  } else {
    target = primary();
  }
  if (target && to_target(target, ExpressionContext::Store)) return target;
  rewind(start);
  return nullptr;
}

// --- by the grammar's rules, for the second reading ----------------------------------------------

Expression* Parser::star_target_by_grammar() {
  uint32_t start = position_;
  if (accept(Kind::Star)) {
    Expression* value = at(Kind::Star) ? nullptr : star_target();
    if (!value) {
      rewind(start);
      return nullptr;
    }
    auto* node = make<ast::Starred>(since(start));
    node->value = value;
    node->ctx = ExpressionContext::Store;
    return finish(node);
  }
  if (Expression* target = subscript_or_attribute_target()) return target;
  return star_atom();
}

Expression* Parser::star_atom() {
  uint32_t start = position_;
  if (at(Kind::Name)) return atom();
  if (accept(Kind::LeftParen)) {
    uint32_t inside = position_;
    if (!at(Kind::Star)) {
      Expression* inner = star_target_by_grammar();
      if (inner && accept(Kind::RightParen)) return inner;
      rewind(inside);
    }
    Builder<Expression> elements(*this);
    while (Expression* element = star_target()) {
      elements.push(element);
      if (!accept(Kind::Comma)) break;
    }
    bool is_tuple = elements.size() != 1 || previous().kind == Kind::Comma;
    if (is_tuple && accept(Kind::RightParen)) {
      auto* node = make<ast::Tuple>(since(start));
      node->elts = elements.take();
      return finish(node);
    }
  } else if (accept(Kind::LeftBracket)) {
    Builder<Expression> elements(*this);
    while (Expression* element = star_target()) {
      elements.push(element);
      if (!accept(Kind::Comma)) break;
    }
    if (accept(Kind::RightBracket)) {
      auto* node = make<ast::List>(since(start));
      node->elts = elements.take();
      return finish(node);
    }
  }
  rewind(start);
  return nullptr;
}

Expression* Parser::single_target() {
  if (Expression* target = subscript_or_attribute_target()) return target;
  if (at(Kind::Name)) return atom();
  uint32_t start = position_;
  if (accept(Kind::LeftParen)) {
    Expression* inner = single_target();
    if (inner && accept(Kind::RightParen)) return inner;
  }
  rewind(start);
  return nullptr;
}

/// `primary.name` or `primary[index]` that no further trailer follows.
Expression* Parser::subscript_or_attribute_target() {
  uint32_t start = position_;
  Expression* value = target_primary();
  if (value) {
    Expression* target = at(Kind::Dot)           ? attribute_of(start, value)
                         : at(Kind::LeftBracket) ? subscript_of(start, value)
                                                 : nullptr;
    if (target && !at_trailer()) return target;
  }
  rewind(start);
  return nullptr;
}

/// A primary up to, but without, its last trailer.
Expression* Parser::target_primary() {
  return static_cast<Expression*>(remember(Rule::TargetPrimary, [this]() -> ast::Node* {
    uint32_t start = position_;
    Expression* value = atom();
    if (!value || !at_trailer()) {
      rewind(start);
      return nullptr;
    }
    for (;;) {
      uint32_t before = position_;
      Expression* next = at(Kind::Dot)           ? attribute_of(start, value)
                         : at(Kind::LeftBracket) ? subscript_of(start, value)
                                                 : call_of(start, value);
      if (!next || !at_trailer()) {
        rewind(before);
        return failed_ ? nullptr : value;
      }
      value = next;
    }
  }));
}

// --- del -----------------------------------------------------------------------------------------

bool Parser::delete_targets(Builder<Expression>& out) {
  while (Expression* target = delete_target()) {
    out.push(target);
    if (!accept(Kind::Comma)) break;
  }
  return out.size() > 0;
}

Expression* Parser::delete_target() {
  uint32_t start = position_;
  if (!diagnosing_) {
    Expression* target = primary();
    if (target && to_target(target, ExpressionContext::Del)) return target;
    rewind(start);
    return nullptr;
  }
  if (Expression* target = subscript_or_attribute_target()) return target;
  if (at(Kind::Name)) return atom();
  Kind closer = at(Kind::LeftParen) ? Kind::RightParen : Kind::RightBracket;
  if (accept(Kind::LeftParen) || accept(Kind::LeftBracket)) {
    Builder<Expression> elements(*this);
    delete_targets(elements);
    if (accept(closer)) {
      auto* node = make<ast::Tuple>(since(start));
      node->elts = elements.take();
      return finish(node);
    }
  }
  rewind(start);
  return nullptr;
}

}  // namespace apy
