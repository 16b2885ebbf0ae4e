#include "parser/grammar.h"

namespace apy {

using ast::ConstantKind;
using ast::Expression;

Expression* Parser::primary() {
  if (!remembering_) return primary_now();
  return static_cast<Expression*>(
      remember(Rule::Primary, [this]() -> ast::Node* { return primary_now(); }));
}

Expression* Parser::primary_now() {
  uint32_t start = position_;
  Expression* value = atom();
  while (value) {
    Expression* next;
    // Here the grammar looks for a generator expression first, and for the mistakes in one.
    if (recognising_ && at(Kind::LeftBracket, Kind::LeftBrace)) diagnose_comprehension();
    switch (kind()) {
      case Kind::Dot:
        next = attribute_of(start, value);
        break;
      case Kind::LeftParen:
        next = call_of(start, value);
        break;
      case Kind::LeftBracket:
        next = subscript_of(start, value);
        break;
      default:
        return value;
    }
    if (!next) return failed_ ? nullptr : value;
    value = next;
  }
  return nullptr;
}

Expression* Parser::attribute_of(uint32_t start, Expression* value) {
  if (kind_ahead(1) != Kind::Name) return nullptr;
  auto* node = make<ast::Attribute>({});
  node->value = value;
  node->attr = identifier_at(position_ + 1);
  position_ += 2;
  node->span = since(start);
  return finish(node);
}

Expression* Parser::subscript_of(uint32_t start, Expression* value) {
  uint32_t bracket = position_++;
  Expression* index = slices();
  if (!index || !accept(Kind::RightBracket)) {
    rewind(bracket);
    return nullptr;
  }
  auto* node = make<ast::Subscript>(since(start));
  node->value = value;
  node->slice = index;
  return finish(node);
}

Expression* Parser::call_of(uint32_t start, Expression* function) {
  uint32_t bracket = position_;
  ast::Call* call = nullptr;
  if (diagnosing_) {
    if (Expression* generator = generator_expression()) {
      call = make<ast::Call>({});
      call->args = {result_.arena.copy(&generator, 1)};
    }
  }
  if (!call) {
    ++position_;
    if (at(Kind::RightParen)) {
      call = make<ast::Call>({});
    } else {
      call = arguments();
    }
    if (!call || !accept(Kind::RightParen)) {
      rewind(bracket);
      return nullptr;
    }
  }
  // Remembered arguments may serve several calls while diagnosing.
  if (diagnosing_) call = result_.arena.make<ast::Call>(*call);
  call->span = since(start);
  call->func = function;
  return finish(call);
}

/// One index, or several separated by commas: then a tuple.
Expression* Parser::slices() {
  uint32_t start = position_;
  auto element = [this] { return at(Kind::Star) ? starred_expression() : slice(); };
  Expression* first = element();
  if (!first) return nullptr;
  if (!at(Kind::Comma) && !first->is<ast::Starred>()) return first;
  Builder<Expression> elements(*this);
  elements.push(first);
  while (accept(Kind::Comma)) {
    Expression* next = element();
    if (!next) break;
    elements.push(next);
  }
  auto* node = make<ast::Tuple>(since(start));
  node->elts = elements.take();
  return finish(node);
}

Expression* Parser::slice() {
  uint32_t start = position_;
  Expression* lower = nullptr;
  if (!at(Kind::Colon)) {
    // In the first reading a name with `:=` is no bound, and one expression serves both forms.
    lower = diagnosing_ ? expression() : named_expression();
    if (!diagnosing_ && (!lower || !at(Kind::Colon))) return lower;
  }
  if (!diagnosing_ && lower && lower->is<ast::NamedExpr>() &&
      tokens_[start].kind != Kind::LeftParen) {
    rewind(start);
    return nullptr;
  }
  if (accept(Kind::Colon)) {
    Expression* upper = expression();
    Expression* step = nullptr;
    if (accept(Kind::Colon)) step = expression();
    auto* node = make<ast::Slice>(since(start));
    node->lower = lower;
    node->upper = upper;
    node->step = step;
    return finish(node);
  }
  rewind(start);
  return named_expression();
}

Expression* Parser::constant(ConstantKind kind) {
  auto* node = make<ast::Constant>(tokens_[position_++].span);
  node->value.kind = kind;
  node->height = 1;
  return node;
}

Expression* Parser::atom() {
  switch (kind()) {
    case Kind::Name: {
      auto* node = make<ast::Name>(token().span);
      node->id = identifier_at(position_++);
      node->height = 1;
      return node;
    }
    case Kind::KwTrue:
      return constant(ConstantKind::True);
    case Kind::KwFalse:
      return constant(ConstantKind::False);
    case Kind::KwNone:
      return constant(ConstantKind::None);
    case Kind::Ellipsis:
      return constant(ConstantKind::Ellipsis);
    case Kind::String:
    case Kind::FStringStart:
      return strings();
    case Kind::Number:
      return number();
    case Kind::LeftParen:
      return parenthesized();
    case Kind::LeftBracket:
      return bracketed();
    case Kind::LeftBrace:
      return braced();
    default:
      return nullptr;
  }
}

}  // namespace apy
