#include "parser/grammar.h"

namespace apy {

using ast::BinaryOperator;
using ast::Expression;
using ast::UnaryOperator;

namespace {

/// What an operator between two operands means, by token kind.
struct Operator {
  Binding binding = Binding::None;
  BinaryOperator op = BinaryOperator::Add;
};

struct OperatorTable {
  Operator entries[256];
  constexpr OperatorTable() {
    auto set = [this](TokenKind kind, Binding binding, BinaryOperator op = BinaryOperator::Add) {
      entries[static_cast<size_t>(kind)] = {binding, op};
    };
    using enum BinaryOperator;
    set(TokenKind::KwOr, Binding::Or);
    set(TokenKind::KwAnd, Binding::And);
    for (TokenKind kind : {TokenKind::EqualEqual, TokenKind::NotEqual, TokenKind::Less,
                           TokenKind::LessEqual, TokenKind::Greater, TokenKind::GreaterEqual,
                           TokenKind::KwIn, TokenKind::KwIs, TokenKind::KwNot}) {
      set(kind, Binding::Comparison);
    }
    set(TokenKind::Pipe, Binding::BitOr, BitOr);
    set(TokenKind::Caret, Binding::BitXor, BitXor);
    set(TokenKind::Ampersand, Binding::BitAnd, BitAnd);
    set(TokenKind::LeftShift, Binding::Shift, LShift);
    set(TokenKind::RightShift, Binding::Shift, RShift);
    set(TokenKind::Plus, Binding::Sum, Add);
    set(TokenKind::Minus, Binding::Sum, Sub);
    set(TokenKind::Star, Binding::Term, Mult);
    set(TokenKind::Slash, Binding::Term, Div);
    set(TokenKind::DoubleSlash, Binding::Term, FloorDiv);
    set(TokenKind::Percent, Binding::Term, Mod);
    set(TokenKind::At, Binding::Term, MatMult);
  }
};

constexpr OperatorTable kOperators;

constexpr Binding tighter(Binding binding) {
  return static_cast<Binding>(static_cast<uint8_t>(binding) + 1);
}

}  // namespace

// --- expressions ---------------------------------------------------------------------------------

Expression* Parser::expression() {
  if (!remembering_) return expression_now();
  return static_cast<Expression*>(
      remember(Rule::Expression, [this]() -> ast::Node* { return expression_now(); }));
}

Expression* Parser::expression_now() {
  if (too_deep()) return nullptr;
  if (recognising_) {
    diagnose_expression();
    diagnose_legacy_statement();
  }
  return conditional_or_lambda();
}

Expression* Parser::conditional_or_lambda() {
  if (at(Kind::KwLambda)) return lambda();
  uint32_t start = position_;
  Expression* body = disjunction();
  if (!body || !at(Kind::KwIf)) return body;
  uint32_t before_if = position_++;
  Expression* test = disjunction();
  if (test && accept(Kind::KwElse)) {
    if (Expression* orelse = expression()) {
      auto* node = make<ast::IfExp>(since(start));
      node->test = test;
      node->body = body;
      node->orelse = orelse;
      return finish(node);
    }
  }
  rewind(before_if);
  return body;
}

Expression* Parser::disjunction() {
  if (!remembering_) return operation(Binding::Or);
  return static_cast<Expression*>(
      remember(Rule::Disjunction, [this]() -> ast::Node* { return operation(Binding::Or); }));
}

Expression* Parser::bitwise_or() {
  if (!remembering_) return operation(Binding::BitOr);
  return static_cast<Expression*>(
      remember(Rule::BitwiseOr, [this]() -> ast::Node* { return operation(Binding::BitOr); }));
}

/// Operands and operators that bind at least as tightly as `minimum`.
Expression* Parser::operation(Binding minimum) {
  uint32_t start = position_;
  Expression* left;
  if (minimum <= Binding::Not && at(Kind::KwNot)) {
    if (too_deep()) return nullptr;
    ++position_;
    Expression* operand = operation(Binding::Not);
    if (!operand) {
      rewind(start);
      return nullptr;
    }
    auto* node = make<ast::UnaryOp>(since(start));
    node->op = UnaryOperator::Not;
    node->operand = operand;
    left = finish(node);
  } else {
    if (recognising_ && minimum <= Binding::Shift) diagnose_not_operand(true);
    left = factor();
  }
  while (left) {
    Operator found = kOperators.entries[static_cast<size_t>(kind())];
    if (found.binding < minimum || found.binding == Binding::None) return left;
    if (found.binding >= Binding::BitOr) {
      uint32_t before = position_++;
      Expression* right = operation(tighter(found.binding));
      if (!right) {
        rewind(before);
        return left;
      }
      left = binary(start, left, found.op, right);
      continue;
    }
    uint32_t before = position_;
    left = found.binding == Binding::Comparison
               ? comparison_chain(left, start)
               : boolean_chain(left, start, found.binding == Binding::Or);
    if (position_ == before) return left;  // the operator had no right side
  }
  return left;
}

Expression* Parser::binary(uint32_t start, Expression* left, BinaryOperator op, Expression* right) {
  auto* node = make<ast::BinOp>(since(start));
  node->left = left;
  node->op = op;
  node->right = right;
  uint32_t spine = left->is<ast::BinOp>() ? left->height : left->height + 1u;
  return set_height(node, std::max<uint32_t>(spine, right->height + 1u)) ? node : nullptr;
}

/// `first and b and c`: one node for the whole chain.
Expression* Parser::boolean_chain(Expression* first, uint32_t start, bool is_or) {
  Kind keyword = is_or ? Kind::KwOr : Kind::KwAnd;
  Binding operand = tighter(is_or ? Binding::Or : Binding::And);
  Builder<Expression> values(*this);
  values.push(first);
  uint32_t before = position_;
  while (accept(keyword)) {
    Expression* value = operation(operand);
    if (!value) {
      rewind(before);
      break;
    }
    values.push(value);
    before = position_;
  }
  if (values.size() == 1) return first;
  auto* node = make<ast::BoolOp>(since(start));
  node->op = is_or ? ast::BooleanOperator::Or : ast::BooleanOperator::And;
  node->values = values.take();
  return finish(node);
}

/// Takes a comparison operator of one or two tokens, if there is one.
bool Parser::comparison_operator(ast::CompareOperator& op) {
  using enum ast::CompareOperator;
  switch (kind()) {
    case Kind::EqualEqual:
      op = Eq;
      break;
    case Kind::NotEqual:
      if ((source_.text()[token().span.begin] == '<') != options_.diamond_is_not_equal) {
        if (options_.diamond_is_not_equal)
          raise_at(token().span, "with Barry as BDFL, use '<>' instead of '!='");
        return false;
      }
      op = NotEq;
      break;
    case Kind::Less:
      op = Lt;
      break;
    case Kind::LessEqual:
      op = LtE;
      break;
    case Kind::Greater:
      op = Gt;
      break;
    case Kind::GreaterEqual:
      op = GtE;
      break;
    case Kind::KwIn:
      op = In;
      break;
    case Kind::KwIs:
      op = Is;
      break;
    case Kind::KwNot:
      if (kind_ahead(1) != Kind::KwIn) return false;
      ++position_;
      op = NotIn;
      break;
    default:
      return false;
  }
  ++position_;
  return true;
}

Expression* Parser::comparison_chain(Expression* first, uint32_t start) {
  Builder<Expression> operands(*this);
  ast::CompareOperator few[8];
  std::vector<ast::CompareOperator> many;
  size_t count = 0;
  uint32_t before = position_;
  ast::CompareOperator op;
  while (comparison_operator(op)) {
    Expression* operand = nullptr;
    if (op == ast::CompareOperator::Is && at(Kind::KwNot)) {
      uint32_t after_is = position_++;
      operand = bitwise_or();
      if (operand) {
        op = ast::CompareOperator::IsNot;
      } else {
        rewind(after_is);
      }
    }
    if (!operand) operand = bitwise_or();
    if (!operand) break;
    operands.push(operand);
    if (count < 8) {
      few[count] = op;
    } else {
      if (count == 8) many.assign(few, few + 8);
      many.push_back(op);
    }
    ++count;
    before = position_;
  }
  rewind(before);
  if (count == 0) return first;
  auto* node = make<ast::Compare>(since(start));
  node->left = first;
  node->ops = result_.arena.copy(count <= 8 ? few : many.data(), count);
  node->comparators = operands.take();
  return finish(node);
}

// --- operands ------------------------------------------------------------------------------------

Expression* Parser::factor() {
  if (!remembering_) return factor_now();
  return static_cast<Expression*>(
      remember(Rule::Factor, [this]() -> ast::Node* { return factor_now(); }));
}

Expression* Parser::factor_now() {
  switch (kind()) {
    case Kind::Plus:
      return unary(UnaryOperator::UAdd);
    case Kind::Minus:
      return unary(UnaryOperator::USub);
    case Kind::Tilde:
      return unary(UnaryOperator::Invert);
    default:
      return power();
  }
}

Expression* Parser::unary(UnaryOperator op) {
  if (too_deep()) return nullptr;
  uint32_t start = position_;
  if (recognising_) diagnose_not_operand(false);
  ++position_;
  Expression* operand = factor();
  if (!operand) {
    rewind(start);
    return nullptr;
  }
  auto* node = make<ast::UnaryOp>(since(start));
  node->op = op;
  node->operand = operand;
  return finish(node);
}

/// `[await] primary [** factor]`
Expression* Parser::power() {
  uint32_t start = position_;
  Expression* base;
  if (at(Kind::KwAwait)) {
    ++position_;
    Expression* value = primary();
    if (!value) {
      rewind(start);
      return nullptr;
    }
    auto* node = make<ast::Await>(since(start));
    node->value = value;
    base = finish(node);
  } else {
    base = primary();
  }
  if (!base || !at(Kind::DoubleStar)) return base;
  if (too_deep()) return nullptr;
  uint32_t before = position_++;
  Expression* exponent = factor();
  if (!exponent) {
    rewind(before);
    return base;
  }
  auto* node = make<ast::BinOp>(since(start));
  node->left = base;
  node->op = BinaryOperator::Pow;
  node->right = exponent;
  return finish(node);
}

Expression* Parser::lambda() {
  uint32_t start = position_++;
  ast::Arguments* arguments = parameters(true);
  if (arguments && accept(Kind::Colon)) {
    if (Expression* body = expression()) {
      auto* node = make<ast::Lambda>(since(start));
      node->args = arguments;
      node->body = body;
      return finish(node);
    }
  }
  rewind(start);
  return nullptr;
}

Expression* Parser::yield_expression() {
  if (!at(Kind::KwYield)) return nullptr;
  uint32_t start = position_++;
  if (at(Kind::KwFrom)) {
    uint32_t before_from = position_++;
    if (Expression* value = expression()) {
      auto* node = make<ast::YieldFrom>(since(start));
      node->value = value;
      return finish(node);
    }
    rewind(before_from);
  }
  Expression* value = star_expressions();
  auto* node = make<ast::Yield>(since(start));
  node->value = value;
  return finish(node);
}

// --- expressions with names, stars and commas ----------------------------------------------------

/// `NAME := value`, or null. What follows `:=` must be an expression.
Expression* Parser::assignment_expression() {
  if (!at(Kind::Name) || kind_ahead(1) != Kind::ColonEqual) return nullptr;
  uint32_t start = position_;
  position_ += 2;
  Expression* value = expression();
  if (!value) {
    rewind(start);
    return nullptr;
  }
  auto* target = make<ast::Name>(tokens_[start].span);
  target->height = 1;
  target->id = identifier_at(start);
  target->ctx = ast::ExpressionContext::Store;
  auto* node = make<ast::NamedExpr>(since(start));
  node->target = target;
  node->value = value;
  return finish(node);
}

Expression* Parser::named_expression() {
  if (at(Kind::Name) && kind_ahead(1) == Kind::ColonEqual) return assignment_expression();
  if (recognising_) diagnose_named_expression();
  uint32_t start = position_;
  Expression* value = expression();
  if (value && at(Kind::ColonEqual)) {
    rewind(start);
    return nullptr;
  }
  return value;
}

/// `*operand`, at the star; `start` is the star's place.
Expression* Parser::starred_operand(uint32_t start) {
  ++position_;
  Expression* value = bitwise_or();
  if (!value) {
    rewind(start);
    return nullptr;
  }
  auto* node = make<ast::Starred>(since(start));
  node->value = value;
  return finish(node);
}

Expression* Parser::star_expression() {
  if (!at(Kind::Star)) return expression();
  return starred_operand(position_);
}

Expression* Parser::star_named_expression() {
  if (!at(Kind::Star)) return named_expression();
  return starred_operand(position_);
}

/// One element, or several with commas between or after them: then a tuple.
template <class Element>
Expression* Parser::tuple_without_parentheses(Element element) {
  uint32_t start = position_;
  Expression* first = element();
  if (!first || !at(Kind::Comma)) return first;
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

Expression* Parser::star_expressions() {
  return tuple_without_parentheses([this] { return star_expression(); });
}

Expression* Parser::expressions() {
  return tuple_without_parentheses([this] { return expression(); });
}

/// One or more, with an optional comma at the end.
bool Parser::star_named_expressions(Builder<Expression>& out) {
  Expression* first = star_named_expression();
  if (!first) return false;
  out.push(first);
  while (accept(Kind::Comma)) {
    Expression* next = star_named_expression();
    if (!next) break;
    out.push(next);
  }
  return true;
}

}  // namespace apy
