#include "parser/grammar.h"

namespace apy {

using ast::Expression;
using ast::Statement;

Statement* Parser::compound_statement() {
  uint32_t start = position_;
  switch (kind()) {
    case Kind::KwIf:
      return if_statement();
    case Kind::KwWhile:
      return while_statement();
    case Kind::KwFor:
      return for_statement(start, false);
    case Kind::KwWith:
      return with_statement(start, false);
    case Kind::KwTry:
      return try_statement();
    case Kind::KwDef:
      return function_definition(start, false, {});
    case Kind::KwClass:
      return class_definition({});
    case Kind::At:
      return decorated();
    case Kind::KwAsync:
      return async_statement(start);
    default:
      return nullptr;
  }
}

Statement* Parser::async_statement(uint32_t start) {
  Statement* node = nullptr;
  switch (kind_ahead(1)) {
    case Kind::KwDef:
      node = function_definition(start, true, {});
      break;
    case Kind::KwFor:
      node = for_statement(start, true);
      break;
    case Kind::KwWith:
      node = with_statement(start, true);
      break;
    default:
      break;
  }
  if (!node) rewind(start);
  return node;
}

// --- if, while, for ------------------------------------------------------------------------------

/// The whole chain of `elif`s in a loop: programs have long ones.
Statement* Parser::if_statement() {
  uint32_t start = position_;
  Builder<ast::If> chain(*this);
  for (Kind keyword = Kind::KwIf; at(keyword); keyword = Kind::KwElif) {
    uint32_t part = position_;
    if (recognising_) {
      diagnose_header(keyword, keyword == Kind::KwIf ? "'if' statement" : "'elif' statement");
    }
    ++position_;
    Expression* test = named_expression();
    List<Statement> body;
    if (!test || !accept(Kind::Colon) || !block(body)) {
      rewind(part);
      break;
    }
    auto* node = make<ast::If>(since(part));
    node->test = test;
    node->body = body;
    chain.push(node);
  }
  if (chain.size() == 0) {
    rewind(start);
    return nullptr;
  }
  else_block(chain.last()->orelse);
  uint32_t end = previous_end();
  for (size_t i = chain.size(); i-- > 0;) {
    chain[i]->span.end = end;
    if (i == 0) break;
    Statement* inner = chain[i];
    chain[i - 1]->orelse = result_.arena.copy(&inner, 1);
  }
  return chain[0];
}

/// `else: block` if it is there; false only if it is there and wrong.
bool Parser::else_block(List<Statement>& out) {
  if (!at(Kind::KwElse)) return true;
  uint32_t start = position_;
  if (recognising_) diagnose_block_after(Kind::KwElse, "'else' statement");
  ++position_;
  if (force(Kind::Colon, ":") && block(out)) return true;
  rewind(start);
  return false;
}

Statement* Parser::while_statement() {
  uint32_t start = position_;
  if (recognising_) diagnose_header(Kind::KwWhile, "'while' statement");
  ++position_;
  Expression* test = named_expression();
  List<Statement> body, orelse;
  if (!test || !accept(Kind::Colon) || !block(body)) {
    rewind(start);
    return nullptr;
  }
  else_block(orelse);
  auto* node = make<ast::While>(since(start));
  node->test = test;
  node->body = body;
  node->orelse = orelse;
  return node;
}

namespace {

template <class T>
Statement* fill_loop(T* node, Expression* target, Expression* iterable, ArenaSpan<Statement*> body,
                     ArenaSpan<Statement*> orelse) {
  node->target = target;
  node->iter = iterable;
  node->body = body;
  node->orelse = orelse;
  return node;
}

template <class T>
Statement* fill_with(T* node, ArenaSpan<ast::WithItem*> items, ArenaSpan<Statement*> body) {
  node->items = items;
  node->body = body;
  return node;
}

template <class T>
Statement* fill_try(T* node, ArenaSpan<Statement*> body, ArenaSpan<ast::ExceptHandler*> handlers,
                    ArenaSpan<Statement*> orelse, ArenaSpan<Statement*> finalbody) {
  node->body = body;
  node->handlers = handlers;
  node->orelse = orelse;
  node->finalbody = finalbody;
  return node;
}

}  // namespace

/// `start` is the place of `async` or `for`, and so is the position.
Statement* Parser::for_statement(uint32_t start, bool is_async) {
  if (recognising_) diagnose_for();
  if (is_async) ++position_;
  ++position_;
  Expression* target = star_targets();
  if (!target || !accept(Kind::KwIn)) {
    rewind(start);
    if (recognising_) diagnose_for_target();
    return nullptr;
  }
  Expression* iterable = star_expressions();
  List<Statement> body, orelse;
  if (!iterable || !accept(Kind::Colon) || !block(body)) {
    rewind(start);
    return nullptr;
  }
  else_block(orelse);
  Span span = since(start);
  if (is_async) return fill_loop(make<ast::AsyncFor>(span), target, iterable, body, orelse);
  return fill_loop(make<ast::For>(span), target, iterable, body, orelse);
}

// --- with ----------------------------------------------------------------------------------------

Statement* Parser::with_statement(uint32_t start, bool is_async) {
  if (recognising_) diagnose_with(true);
  if (is_async) ++position_;
  uint32_t after_with = ++position_;
  List<ast::WithItem> items;
  List<Statement> body;
  bool good = at(Kind::LeftParen) && parenthesized_with_items(items) && accept(Kind::Colon);
  if (good) good = block(body);
  if (!good) {
    rewind(after_with);
    good = with_items(items) && accept(Kind::Colon) && block(body);
  }
  if (!good) {
    rewind(start);
    if (recognising_) diagnose_with(false);
    return nullptr;
  }
  Span span = since(start);
  if (is_async) return fill_with(make<ast::AsyncWith>(span), items, body);
  return fill_with(make<ast::With>(span), items, body);
}

bool Parser::parenthesized_with_items(List<ast::WithItem>& out) {
  if (!accept(Kind::LeftParen) || !with_items(out)) return false;
  accept(Kind::Comma);
  return accept(Kind::RightParen);
}

bool Parser::with_items(List<ast::WithItem>& out) {
  Builder<ast::WithItem> items(*this);
  uint32_t before_comma = position_;
  while (ast::WithItem* item = with_item()) {
    items.push(item);
    before_comma = position_;
    if (!accept(Kind::Comma)) break;
  }
  rewind(before_comma);
  out = items.take();
  return !out.empty();
}

ast::WithItem* Parser::with_item() {
  uint32_t start = position_;
  Expression* context = expression();
  if (!context) return nullptr;
  uint32_t before_as = position_;
  Expression* target = nullptr;
  if (accept(Kind::KwAs)) {
    target = star_target();
    if (!target || !(at(Kind::Comma, Kind::RightParen) || at(Kind::Colon))) {
      target = nullptr;
      rewind(start);
      if (recognising_) diagnose_with_item();
      rewind(before_as);
    }
  }
  auto* node = make<ast::WithItem>(since(start));
  node->context_expr = context;
  node->optional_vars = target;
  return node;
}

// --- try -----------------------------------------------------------------------------------------

Statement* Parser::try_statement() {
  uint32_t start = position_;
  if (recognising_) diagnose_try();
  ++position_;
  List<Statement> body, orelse, finalbody;
  List<ast::ExceptHandler> handlers;
  bool is_star = false;
  bool good = force(Kind::Colon, ":") && block(body);
  if (good && at(Kind::KwExcept)) {
    is_star = kind_ahead(1) == Kind::Star;
    good = except_clauses(handlers, is_star);
    if (good) else_block(orelse);
  } else if (good) {
    good = at(Kind::KwFinally);
  }
  if (good && at(Kind::KwFinally)) {
    if (recognising_) diagnose_block_after(Kind::KwFinally, "'finally' statement");
    uint32_t before = position_++;
    if (!force(Kind::Colon, ":") || !block(finalbody)) {
      rewind(before);
      good = !handlers.empty();
    }
  }
  if (!good || failed_) {
    rewind(start);
    return nullptr;
  }
  Span span = since(start);
  if (is_star) return fill_try(make<ast::TryStar>(span), body, handlers, orelse, finalbody);
  return fill_try(make<ast::Try>(span), body, handlers, orelse, finalbody);
}

bool Parser::except_clauses(List<ast::ExceptHandler>& out, bool is_star) {
  Builder<ast::ExceptHandler> handlers(*this);
  while (at(Kind::KwExcept)) {
    ast::ExceptHandler* handler = except_clause(is_star);
    if (!handler) break;
    handlers.push(handler);
  }
  out = handlers.take();
  return !out.empty();
}

ast::ExceptHandler* Parser::except_clause(bool is_star) {
  uint32_t start = position_;
  if (recognising_) diagnose_except_indentation(is_star);
  ++position_;
  bool good = !is_star || accept(Kind::Star);
  Expression* type = nullptr;
  ast::Identifier name;
  List<Statement> body;
  if (good && (is_star || !at(Kind::Colon))) {
    type = expression();
    good = type != nullptr;
    if (good && at(Kind::KwAs) && kind_ahead(1) == Kind::Name) {
      name = identifier_at(position_ + 1);
      position_ += 2;
    }
  }
  if (good && accept(Kind::Colon) && block(body)) {
    auto* node = make<ast::ExceptHandler>(since(start));
    node->type = type;
    node->name = name;
    node->body = body;
    return node;
  }
  rewind(start);
  if (recognising_) diagnose_except();
  return nullptr;
}

// --- match ---------------------------------------------------------------------------------------

/// At the name `match`, which need not be a keyword here.
Statement* Parser::match_statement() {
  uint32_t start = position_++;
  Expression* subject = match_subject();
  if (subject && accept(Kind::Colon) && accept(Kind::Newline) && accept(Kind::Indent)) {
    Builder<ast::MatchCase> cases(*this);
    while (ast::MatchCase* clause = match_case()) cases.push(clause);
    if (cases.size() > 0 && accept(Kind::Dedent)) {
      auto* node = make<ast::Match>(since(start));
      node->subject = subject;
      node->cases = cases.take();
      return node;
    }
  }
  rewind(start);
  if (recognising_) diagnose_match();
  return nullptr;
}

Expression* Parser::match_subject() {
  uint32_t start = position_;
  Expression* first = star_named_expression();
  if (first && accept(Kind::Comma)) {
    Builder<Expression> elements(*this);
    elements.push(first);
    star_named_expressions(elements);
    auto* node = make<ast::Tuple>(since(start));
    node->elts = elements.take();
    return finish(node);
  }
  if (first && !first->is<ast::Starred>()) return first;
  rewind(start);
  return diagnosing_ ? named_expression() : nullptr;
}

ast::MatchCase* Parser::match_case() {
  if (recognising_) diagnose_case();
  if (!at_word(case_)) return nullptr;
  uint32_t start = position_++;
  ast::Pattern* pattern = patterns();
  Expression* guard = nullptr;
  List<Statement> body;
  if (pattern) {
    uint32_t before_guard = position_;
    if (accept(Kind::KwIf)) {
      guard = named_expression();
      if (!guard) rewind(before_guard);
    }
    if (accept(Kind::Colon) && block(body)) {
      auto* node = make<ast::MatchCase>(since(start));
      node->pattern = pattern;
      node->guard = guard;
      node->body = body;
      return node;
    }
  }
  rewind(start);
  return nullptr;
}

}  // namespace apy
