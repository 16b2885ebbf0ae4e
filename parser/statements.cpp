#include <string>

#include "parser/grammar.h"

namespace apy {

using ast::ExpressionContext;

bool Parser::statements(Statements& out) {
  size_t before = out.size();
  while (statement(out)) {
  }
  return out.size() > before;
}

bool Parser::statement(Statements& out) {
  if (too_deep()) return false;
  switch (kind()) {
    case Kind::KwDef:
    case Kind::At:
    case Kind::KwAsync:
    case Kind::KwIf:
    case Kind::KwClass:
    case Kind::KwWith:
    case Kind::KwFor:
    case Kind::KwTry:
    case Kind::KwWhile: {
      ast::Statement* compound = compound_statement();
      if (compound) out.push(compound);
      return compound != nullptr;
    }
    case Kind::Newline:
    case Kind::Indent:
    case Kind::Dedent:
    case Kind::EndOfFile:
    case Kind::Error:
      return false;
    default:
      break;
  }
  if (at_word(match_)) {
    if (ast::Statement* match = match_statement()) {
      out.push(match);
      return true;
    }
  }
  return simple_statements(out);
}

bool Parser::simple_statements(Statements& out) {
  uint32_t start = position_;
  while (ast::Statement* node = simple_statement()) {
    out.push(node);
    if (!accept(Kind::Semicolon)) break;
    if (at(Kind::Newline)) break;
  }
  if (position_ != start && accept(Kind::Newline)) return true;
  rewind(start);
  return false;
}

ast::Statement* Parser::simple_statement() {
  if (!diagnosing_) {
    uint32_t start = position_;
    ast::Statement* node = simple_statement_now();
    if (!node) rewind(start);
    return node;
  }
  return static_cast<ast::Statement*>(
      remember(Rule::SimpleStatement, [this] { return simple_statement_now(); }));
}

template <class T>
ast::Statement* Parser::keyword_statement() {
  return make<T>(tokens_[position_++].span);
}

ast::Statement* Parser::simple_statement_now() {
  switch (kind()) {
    case Kind::KwImport:
      return import_statement();
    case Kind::KwFrom:
      return import_from();
    case Kind::KwReturn:
      return return_statement();
    case Kind::KwRaise:
      return raise_statement();
    case Kind::KwPass:
      return keyword_statement<ast::Pass>();
    case Kind::KwBreak:
      return keyword_statement<ast::Break>();
    case Kind::KwContinue:
      return keyword_statement<ast::Continue>();
    case Kind::KwDel:
      return delete_statement();
    case Kind::KwAssert:
      return assert_statement();
    case Kind::KwGlobal:
    case Kind::KwNonlocal:
      return scope_statement();
    default:
      return expression_statement();
  }
}

ast::Statement* Parser::expression_statement() {
  uint32_t start = position_;
  if (diagnosing_) {
    if (ast::Statement* assignment = assignment_by_grammar()) return assignment;
  }
  if (at_word(type_) && kind_ahead(1) == Kind::Name) {
    if (ast::Statement* alias = type_alias()) return alias;
  }
  ast::Expression* value = at(Kind::KwYield) ? yield_expression() : star_expressions();
  if (!value) return nullptr;
  if (!diagnosing_) {
    ast::BinaryOperator op;
    switch (kind()) {
      case Kind::Equal:
        return assignment_from(start, value);
      case Kind::Colon: {
        bool simple = value->is<ast::Name>() && tokens_[start].kind == Kind::Name;
        return to_single_target(value) ? annotated_assignment(start, value, simple) : nullptr;
      }
      case Kind::Newline:
      case Kind::Semicolon:
        break;
      default:
        if (augmented_operator(op)) {
          return to_single_target(value) ? augmented_assignment(start, value) : nullptr;
        }
    }
  }
  auto* node = make<ast::Expr>(since(start));
  node->value = value;
  return node;
}

/// `first = ... = value`; at the first equals sign.
ast::Statement* Parser::assignment_from(uint32_t start, ast::Expression* first) {
  Builder<ast::Expression> targets(*this);
  ast::Expression* value = first;
  while (accept(Kind::Equal)) {
    if (!to_target(value, ExpressionContext::Store)) return nullptr;
    targets.push(value);
    value = annotated_value();
    if (!value) return nullptr;
  }
  auto* node = make<ast::Assign>(since(start));
  node->targets = targets.take();
  node->value = value;
  return node;
}

/// At the colon after the target.
ast::Statement* Parser::annotated_assignment(uint32_t start, ast::Expression* target, bool simple) {
  if (!accept(Kind::Colon)) return nullptr;
  ast::Expression* annotation = expression();
  if (!annotation) return nullptr;
  ast::Expression* value = nullptr;
  uint32_t before_value = position_;
  if (accept(Kind::Equal)) {
    value = annotated_value();
    if (!value) rewind(before_value);
  }
  auto* node = make<ast::AnnAssign>(since(start));
  node->target = target;
  node->annotation = annotation;
  node->value = value;
  node->simple = simple ? 1 : 0;
  return node;
}

/// At the operator after the target.
ast::Statement* Parser::augmented_assignment(uint32_t start, ast::Expression* target) {
  ast::BinaryOperator op;
  if (!augmented_operator(op)) return nullptr;
  ++position_;
  ast::Expression* value = annotated_value();
  if (!value) return nullptr;
  auto* node = make<ast::AugAssign>(since(start));
  node->target = target;
  node->op = op;
  node->value = value;
  return node;
}

ast::Expression* Parser::annotated_value() {
  return at(Kind::KwYield) ? yield_expression() : star_expressions();
}

bool Parser::augmented_operator(ast::BinaryOperator& op) {
  using enum ast::BinaryOperator;
  switch (kind()) {
    case Kind::PlusEqual:
      op = Add;
      return true;
    case Kind::MinusEqual:
      op = Sub;
      return true;
    case Kind::StarEqual:
      op = Mult;
      return true;
    case Kind::AtEqual:
      op = MatMult;
      return true;
    case Kind::SlashEqual:
      op = Div;
      return true;
    case Kind::PercentEqual:
      op = Mod;
      return true;
    case Kind::AmpersandEqual:
      op = BitAnd;
      return true;
    case Kind::PipeEqual:
      op = BitOr;
      return true;
    case Kind::CaretEqual:
      op = BitXor;
      return true;
    case Kind::LeftShiftEqual:
      op = LShift;
      return true;
    case Kind::RightShiftEqual:
      op = RShift;
      return true;
    case Kind::DoubleStarEqual:
      op = Pow;
      return true;
    case Kind::DoubleSlashEqual:
      op = FloorDiv;
      return true;
    default:
      return false;
  }
}

bool Parser::block(List<ast::Statement>& out) {
  if (!diagnosing_) return block_now(out);
  // The statements are of no use in the second reading, only whether they are there.
  return remember(Rule::Block, [&]() -> ast::Node* {
           return block_now(out) ? make<ast::Pass>({}) : nullptr;
         }) != nullptr;
}

bool Parser::block_now(List<ast::Statement>& out) {
  uint32_t start = position_;
  Statements body(*this);
  if (accept(Kind::Newline)) {
    if (accept(Kind::Indent) && statements(body) && accept(Kind::Dedent)) {
      out = body.take();
      return true;
    }
    rewind(start);
    if (recognising_ && missing_indent()) raise_indentation("expected an indented block");
    return false;
  }
  if (simple_statements(body)) {
    out = body.take();
    return true;
  }
  return false;
}

ast::Statement* Parser::return_statement() {
  uint32_t start = position_++;
  ast::Expression* value = star_expressions();
  auto* node = make<ast::Return>(since(start));
  node->value = value;
  return node;
}

ast::Statement* Parser::raise_statement() {
  uint32_t start = position_++;
  ast::Expression* exception = expression();
  ast::Expression* cause = nullptr;
  uint32_t before_cause = position_;
  if (exception && accept(Kind::KwFrom)) {
    cause = expression();
    if (!cause) rewind(before_cause);
  }
  auto* node = make<ast::Raise>(since(start));
  node->exc = exception;
  node->cause = cause;
  return node;
}

ast::Statement* Parser::delete_statement() {
  uint32_t start = position_++;
  Builder<ast::Expression> targets(*this);
  if (delete_targets(targets) && (at(Kind::Semicolon, Kind::Newline))) {
    auto* node = make<ast::Delete>(since(start));
    node->targets = targets.take();
    return node;
  }
  rewind(start);
  if (recognising_) diagnose_delete();
  return nullptr;
}

ast::Statement* Parser::assert_statement() {
  uint32_t start = position_++;
  ast::Expression* test = expression();
  if (!test) {
    rewind(start);
    return nullptr;
  }
  ast::Expression* message = nullptr;
  uint32_t before_message = position_;
  if (accept(Kind::Comma)) {
    message = expression();
    if (!message) rewind(before_message);
  }
  auto* node = make<ast::Assert>(since(start));
  node->test = test;
  node->msg = message;
  return node;
}

ast::Statement* Parser::scope_statement() {
  uint32_t start = position_;
  bool is_global = at(Kind::KwGlobal);
  ++position_;
  std::vector<ast::Identifier> names;
  uint32_t before_comma = position_;
  do {
    if (!at(Kind::Name)) {
      rewind(before_comma);
      break;
    }
    names.push_back(identifier_at(position_++));
    before_comma = position_;
  } while (accept(Kind::Comma));
  if (names.empty()) {
    rewind(start);
    return nullptr;
  }
  ArenaSpan<ast::Identifier> list = result_.arena.copy(names.data(), names.size());
  if (is_global) {
    auto* node = make<ast::Global>(since(start));
    node->names = list;
    return node;
  }
  auto* node = make<ast::Nonlocal>(since(start));
  node->names = list;
  return node;
}

/// `type NAME [parameters] = value`
ast::Statement* Parser::type_alias() {
  uint32_t start = position_++;
  if (at(Kind::Name)) {
    auto* name = make<ast::Name>(token().span);
    name->height = 1;
    name->id = identifier_at(position_++);
    name->ctx = ExpressionContext::Store;
    List<ast::TypeParam> parameters;
    if (type_parameters(parameters) && accept(Kind::Equal)) {
      if (ast::Expression* value = expression()) {
        auto* node = make<ast::TypeAlias>(since(start));
        node->name = name;
        node->type_params = parameters;
        node->value = value;
        return node;
      }
    }
  }
  rewind(start);
  return nullptr;
}

}  // namespace apy
