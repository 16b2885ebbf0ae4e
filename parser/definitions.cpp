#include "parser/grammar.h"

// Functions, classes, and what may stand in front of them: decorators and type parameters.

namespace apy {

using ast::Expression;
using ast::Statement;

/// `@decorator` lines and the definition after them.
Statement* Parser::decorated() {
  uint32_t start = position_;
  Builder<Expression> decorators(*this);
  while (accept(Kind::At)) {
    Expression* decorator = named_expression();
    if (!decorator || !accept(Kind::Newline)) {
      rewind(start);
      return nullptr;
    }
    decorators.push(decorator);
  }
  List<Expression> list = decorators.take();
  uint32_t definition = position_;
  Statement* node = nullptr;
  if (at(Kind::KwDef)) {
    node = function_definition(definition, false, list);
  } else if (at(Kind::KwAsync)) {
    if (kind_ahead(1) == Kind::KwDef) node = function_definition(definition, true, list);
  } else if (at(Kind::KwClass)) {
    node = class_definition(list);
  }
  if (!node) rewind(start);
  return node;
}

namespace {

template <class T>
Statement* fill_function(T* node, ast::Identifier name, ast::Arguments* arguments,
                         Expression* returns, ArenaSpan<ast::TypeParam*> type_parameters) {
  node->name = name;
  node->args = arguments;
  node->returns = returns;
  node->type_params = type_parameters;
  return node;
}

}  // namespace

/// The position is at `async` or `def`, as `start` is.
Statement* Parser::function_definition(uint32_t start, bool is_async, List<Expression> decorators) {
  if (recognising_) diagnose_function();
  if (is_async) ++position_;
  ++position_;
  ast::Identifier name;
  List<ast::TypeParam> type_params;
  ast::Arguments* arguments = nullptr;
  Expression* returns = nullptr;
  List<Statement> body;
  bool good = at(Kind::Name);
  if (good) {
    name = identifier_at(position_++);
    good = type_parameters(type_params) && accept(Kind::LeftParen);
  }
  if (good) {
    arguments = parameters(false);
    good = arguments && accept(Kind::RightParen);
  }
  if (good) {
    uint32_t before_arrow = position_;
    if (accept(Kind::Arrow)) {
      returns = expression();
      if (!returns) rewind(before_arrow);
    }
    good = accept(Kind::Colon) && block(body);
  }
  if (!good) {
    rewind(start);
    return nullptr;
  }
  Span span = since(start);
  if (is_async) {
    auto* node = make<ast::AsyncFunctionDef>(span);
    node->body = body;
    node->decorator_list = decorators;
    return fill_function(node, name, arguments, returns, type_params);
  }
  auto* node = make<ast::FunctionDef>(span);
  node->body = body;
  node->decorator_list = decorators;
  return fill_function(node, name, arguments, returns, type_params);
}

Statement* Parser::class_definition(List<Expression> decorators) {
  uint32_t start = position_;
  if (recognising_) diagnose_class();
  ++position_;
  List<ast::TypeParam> type_params;
  List<Statement> body;
  ast::Call* bases = nullptr;
  bool good = at(Kind::Name);
  ast::Identifier name = identifier_at(position_);
  if (good) {
    ++position_;
    good = type_parameters(type_params);
  }
  if (good && accept(Kind::LeftParen)) {
    // A generator expression needs parentheses of its own here.
    if (!at(Kind::RightParen)) bases = diagnosing_ ? arguments() : fast_arguments(false);
    good = accept(Kind::RightParen);
  }
  if (!good || !accept(Kind::Colon) || !block(body)) {
    rewind(start);
    return nullptr;
  }
  auto* node = make<ast::ClassDef>(since(start));
  node->name = name;
  node->bases = bases ? bases->args : List<Expression>{};
  node->keywords = bases ? bases->keywords : List<ast::Keyword>{};
  node->body = body;
  node->decorator_list = decorators;
  node->type_params = type_params;
  return node;
}

/// `[T, *Ts, **P]` if it is there; false if it is there and wrong.
bool Parser::type_parameters(List<ast::TypeParam>& out) {
  if (!at(Kind::LeftBracket)) return true;
  uint32_t start = position_++;
  if (recognising_ && at(Kind::RightBracket)) {
    ++position_;
    raise_from(previous().span, "Type parameter list cannot be empty");
    return false;
  }
  Builder<ast::TypeParam> list(*this);
  while (ast::TypeParam* parameter = type_parameter()) {
    list.push(parameter);
    if (!accept(Kind::Comma)) break;
  }
  if (list.size() > 0 && accept(Kind::RightBracket)) {
    out = list.take();
    return true;
  }
  rewind(start);
  return false;
}

ast::TypeParam* Parser::type_parameter() {
  uint32_t start = position_;
  auto value_after = [this](Kind mark, bool may_be_starred) -> Expression* {
    uint32_t before = position_;
    if (!accept(mark)) return nullptr;
    Expression* value = may_be_starred ? star_expression() : expression();
    if (!value) rewind(before);
    return value;
  };
  if (at(Kind::Name)) {
    ast::Identifier name = identifier_at(position_++);
    Expression* bound = value_after(Kind::Colon, false);
    Expression* default_value = value_after(Kind::Equal, false);
    auto* node = make<ast::TypeVar>(since(start));
    node->name = name;
    node->bound = bound;
    node->default_value = default_value;
    return node;
  }
  if (recognising_) diagnose_type_parameter();
  bool is_tuple = at(Kind::Star);
  if (!is_tuple && !at(Kind::DoubleStar)) return nullptr;
  if (kind_ahead(1) != Kind::Name) return nullptr;
  ast::Identifier name = identifier_at(position_ + 1);
  position_ += 2;
  Expression* default_value = value_after(Kind::Equal, is_tuple);
  if (is_tuple) {
    auto* node = make<ast::TypeVarTuple>(since(start));
    node->name = name;
    node->default_value = default_value;
    return node;
  }
  auto* node = make<ast::ParamSpec>(since(start));
  node->name = name;
  node->default_value = default_value;
  return node;
}

}  // namespace apy
