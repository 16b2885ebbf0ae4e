#include <string>

#include "parser/grammar.h"

// Known mistakes in statements. See diagnose_expressions.cpp for the manner.

namespace apy {

using ast::Expression;
using ast::Statement;

// --- assignment ----------------------------------------------------------------------------------

/// Every form of assignment, tried in the grammar's order; null if it is none.
Statement* Parser::assignment_by_grammar() {
  uint32_t start = position_;
  if (at(Kind::Name) && kind_ahead(1) == Kind::Colon) {
    Expression* target = atom();
    if (Statement* node = annotated_assignment(start, target, true)) return node;
    rewind(start);
  }
  Expression* target = nullptr;
  if (accept(Kind::LeftParen)) {
    target = single_target();
    if (!target || !accept(Kind::RightParen)) target = nullptr;
  }
  if (!target) {
    rewind(start);
    target = subscript_or_attribute_target();
  }
  if (target && at(Kind::Colon)) {
    if (Statement* node = annotated_assignment(start, target, false)) return node;
  }
  rewind(start);
  if (skip_assignment_targets()) {
    Expression* value = annotated_value();
    if (value && !at(Kind::Equal)) {
      auto* node = make<ast::Assign>(since(start));
      node->value = value;
      return node;
    }
  }
  rewind(start);
  ast::BinaryOperator op;
  target = single_target();
  if (target && augmented_operator(op)) {
    // An augmented assignment is nothing else, however it goes on.
    Statement* node = augmented_assignment(start, target);
    if (!node) rewind(start);
    return node;
  }
  rewind(start);
  diagnose_assignment();
  return nullptr;
}

/// `target = target =`, any number of them; false if there is none.
bool Parser::skip_assignment_targets() {
  bool any = false;
  for (;;) {
    uint32_t before = position_;
    if (!star_targets() || !accept(Kind::Equal)) {
      rewind(before);
      return any;
    }
    any = true;
  }
}

void Parser::diagnose_assignment() {
  uint32_t start = position_;
  Expression* target = annotation_target_mistake();
  if (target && accept(Kind::Colon) && expression()) {
    raise_at(target->span,
             std::string("only single target (not ") + describe(target) + ") can be annotated");
  }
  rewind(start);
  Expression* first = star_named_expression();
  if (first && accept(Kind::Comma)) {
    Builder<Expression> rest(*this);
    while (star_named_expressions(rest)) {
    }
    if (accept(Kind::Colon) && expression()) {
      raise_at(first->span, "only single target (not tuple) can be annotated");
    }
  }
  rewind(start);
  target = expression();
  if (target && accept(Kind::Colon) && expression()) {
    raise_at(target->span, "illegal target for annotation");
  }
  rewind(start);
  skip_assignment_targets();
  target = star_expressions();
  if (target && at(Kind::Equal)) raise_invalid_target(TargetKind::Assignment, target);
  rewind(start);
  skip_assignment_targets();
  target = yield_expression();
  if (target && at(Kind::Equal)) {
    raise_at(target->span, "assignment to yield expression not possible");
  }
  rewind(start);
  ast::BinaryOperator op;
  target = star_expressions();
  if (target && augmented_operator(op)) {
    ++position_;
    if (annotated_value()) {
      raise_at(target->span, std::string("'") + describe(target) +
                                 "' is an illegal expression for augmented assignment");
    }
  }
  rewind(start);
}

/// A list or tuple, perhaps in parentheses.
Expression* Parser::annotation_target_mistake() {
  uint32_t start = position_;
  if (at(Kind::LeftBracket)) {
    Expression* display = bracketed();
    if (display && display->is<ast::List>()) return display;
  } else if (at(Kind::LeftParen)) {
    if (Expression* tuple = tuple_display()) return tuple;
    if (failed_) return nullptr;
    ++position_;
    Expression* inner = annotation_target_mistake();
    if (inner && accept(Kind::RightParen)) return inner;
  }
  rewind(start);
  return nullptr;
}

// --- del, import ---------------------------------------------------------------------------------

void Parser::diagnose_delete() {
  uint32_t start = position_++;
  if (Expression* target = star_expressions()) raise_invalid_target(TargetKind::Delete, target);
  rewind(start);
}

void Parser::diagnose_import() {
  uint32_t start = position_++;
  ast::Identifier name;
  if (at(Kind::Newline)) {
    raise_from(token().span, "Expected one or more names after 'import'");
  }
  bool good = dotted_name(name);
  while (good && accept(Kind::Comma)) good = dotted_name(name);
  if (good && accept(Kind::KwFrom) && dotted_name(name)) {
    raise_from(tokens_[start].span, "Did you mean to use 'from ... import ...' instead?");
  }
  rewind(start);
}

void Parser::diagnose_import_targets() {
  uint32_t start = position_;
  List<ast::Alias> names;
  if (import_from_names(names) && accept(Kind::Comma) && at(Kind::Newline)) {
    raise_here("trailing comma not allowed without surrounding parentheses");
  }
  rewind(start);
  if (at(Kind::Newline)) {
    raise_from(token().span, "Expected one or more names after 'import'");
  }
}

// --- blocks --------------------------------------------------------------------------------------

/// A newline that no indented block follows; steps over it.
bool Parser::missing_indent() { return accept(Kind::Newline) && !at(Kind::Indent); }

/// `keyword test:` with the colon or the block missing.
void Parser::diagnose_header(Kind keyword, const char* name) {
  uint32_t start = position_;
  if (!accept(keyword)) return;
  if (named_expression()) {
    if (at(Kind::Newline)) {
      raise_here("expected ':'");
    } else if (accept(Kind::Colon) && missing_indent()) {
      raise_expected_block(name, tokens_[start]);
    }
  }
  rewind(start);
}

/// `keyword:` without a block.
void Parser::diagnose_block_after(Kind keyword, const char* name) {
  uint32_t start = position_;
  if (accept(keyword) && accept(Kind::Colon) && missing_indent()) {
    raise_expected_block(name, tokens_[start]);
  }
  rewind(start);
}

void Parser::diagnose_for() {
  uint32_t start = position_;
  accept(Kind::KwAsync);
  uint32_t keyword = position_;
  if (accept(Kind::KwFor) && star_targets() && accept(Kind::KwIn) && star_expressions()) {
    if (at(Kind::Newline)) {
      raise_here("expected ':'");
    } else if (accept(Kind::Colon) && missing_indent()) {
      raise_expected_block("'for' statement", tokens_[keyword]);
    }
  }
  rewind(start);
}

// --- with ----------------------------------------------------------------------------------------

void Parser::diagnose_with_item() {
  uint32_t start = position_;
  if (expression() && accept(Kind::KwAs)) {
    Expression* target = expression();
    if (target && (at(Kind::Comma, Kind::RightParen) || at(Kind::Colon))) {
      raise_invalid_target(TargetKind::Assignment, target);
    }
  }
  rewind(start);
}

/// The items of a `with`, more loosely than `with_items`.
bool Parser::skip_with_items(bool parenthesized) {
  if (parenthesized && !accept(Kind::LeftParen)) return false;
  bool any = false;
  for (;;) {
    uint32_t before_comma = position_;
    if (any && !accept(Kind::Comma)) break;
    if (!(parenthesized ? expressions() : expression())) {
      rewind(before_comma);
      break;
    }
    any = true;
    uint32_t before_as = position_;
    if (accept(Kind::KwAs) && !star_target()) rewind(before_as);
  }
  if (!any || !parenthesized) return any;
  accept(Kind::Comma);
  return accept(Kind::RightParen);
}

/// A missing block, or else a missing colon.
void Parser::diagnose_with(bool for_indentation) {
  uint32_t start = position_;
  for (bool parenthesized : {false, true}) {
    accept(Kind::KwAsync);
    uint32_t keyword = position_;
    if (accept(Kind::KwWith) && skip_with_items(parenthesized)) {
      if (for_indentation) {
        if (accept(Kind::Colon) && missing_indent()) {
          raise_expected_block("'with' statement", tokens_[keyword]);
        }
      } else if (at(Kind::Newline)) {
        raise_here("expected ':'");
      }
    }
    rewind(start);
  }
}

// --- try -----------------------------------------------------------------------------------------

void Parser::diagnose_try() {
  uint32_t start = position_;
  diagnose_block_after(Kind::KwTry, "'try' statement");
  constexpr const char* kBoth = "cannot have both 'except' and 'except*' on the same 'try'";
  List<Statement> body;
  ++position_;
  if (!accept(Kind::Colon)) {
    rewind(start);
    return;
  }
  uint32_t after_colon = position_;
  if (block(body) && !at(Kind::KwExcept, Kind::KwFinally)) {
    raise_here("expected 'except' or 'finally' block");
  }
  for (bool is_star : {false, true}) {
    rewind(after_colon);
    while (block(body)) {
    }
    List<ast::ExceptHandler> handlers;
    // Plain clauses must not take those with a star for their own, nor the other way round.
    if (!except_clauses(handlers, is_star) || !at(Kind::KwExcept)) continue;
    Span keyword = tokens_[position_++].span;
    Span star = token().span;
    if (!is_star && !accept(Kind::Star)) continue;
    bool has_type = expression() != nullptr;
    if (!is_star && !has_type) continue;
    if (has_type && at(Kind::KwAs) && kind_ahead(1) == Kind::Name) position_ += 2;
    if (!accept(Kind::Colon)) continue;
    if (is_star) {
      raise_at(keyword, kBoth);
    } else {
      raise_range(keyword, star, kBoth);
    }
  }
  rewind(start);
}

void Parser::diagnose_except_indentation(bool is_star) {
  uint32_t start = position_++;
  bool good = !is_star || accept(Kind::Star);
  if (good && (is_star || !at(Kind::Colon))) {
    good = expression() != nullptr;
    if (good && at(Kind::KwAs) && kind_ahead(1) == Kind::Name) position_ += 2;
  }
  if (good && accept(Kind::Colon) && missing_indent()) {
    raise_expected_block(is_star ? "'except*' statement" : "'except' statement", tokens_[start]);
  }
  rewind(start);
}

void Parser::diagnose_except() {
  uint32_t start = position_++;
  bool has_star = accept(Kind::Star);
  Expression* type = expression();
  if (type) {
    uint32_t after_type = position_;
    auto skip_name = [this] {
      if (at(Kind::KwAs) && kind_ahead(1) == Kind::Name) position_ += 2;
    };
    if (accept(Kind::Comma) && expressions()) {
      skip_name();
      if (accept(Kind::Colon)) {
        raise_from(type->span, "multiple exception types must be parenthesized");
      }
    }
    rewind(after_type);
    skip_name();
    if (at(Kind::Newline)) raise_here("expected ':'");
  } else if (at(Kind::Newline)) {
    raise_here(has_star ? "expected one or more exception types" : "expected ':'");
  } else if (has_star && at(Kind::Colon)) {
    raise_here("expected one or more exception types");
  }
  rewind(start);
}

// --- definitions ---------------------------------------------------------------------------------

/// A function without a block, or else without its parenthesis or its colon.
void Parser::diagnose_function() {
  uint32_t start = position_;
  for (bool forced : {false, true}) {
    accept(Kind::KwAsync);
    const Token& keyword = token();
    if (accept(Kind::KwDef) && accept(Kind::Name) && skip_signature(forced)) {
      if (forced) {
        List<Statement> body;
        block(body);
      } else if (missing_indent()) {
        raise_expected_block("function definition", keyword);
      }
    }
    rewind(start);
  }
}

/// From the type parameters to the colon. If `forced`, the parenthesis and the colon must be there.
bool Parser::skip_signature(bool forced) {
  List<ast::TypeParam> type_params;
  type_parameters(type_params);
  if (!(forced ? force(Kind::LeftParen, "(") : accept(Kind::LeftParen))) return false;
  uint32_t inside = position_;
  if (!parameters(false)) rewind(inside);
  if (!accept(Kind::RightParen)) return false;
  uint32_t before_arrow = position_;
  if (accept(Kind::Arrow) && !expression()) rewind(before_arrow);
  return forced ? force(Kind::Colon, ":") : accept(Kind::Colon);
}

void Parser::diagnose_class() {
  uint32_t start = position_++;
  List<ast::TypeParam> type_params;
  if (accept(Kind::Name) && type_parameters(type_params)) {
    uint32_t before_bases = position_;
    if (accept(Kind::LeftParen)) {
      arguments();
      if (!accept(Kind::RightParen)) rewind(before_bases);
    }
    if (at(Kind::Newline)) {
      raise_here("expected ':'");
    } else if (accept(Kind::Colon) && missing_indent()) {
      raise_expected_block("class definition", tokens_[start]);
    }
  }
  rewind(start);
}

void Parser::diagnose_type_parameter() {
  uint32_t start = position_;
  bool is_tuple = at(Kind::Star);
  if (!is_tuple && !at(Kind::DoubleStar)) return;
  ++position_;
  if (accept(Kind::Name) && accept(Kind::Colon)) {
    Span colon = previous().span;
    if (const Expression* bound = expression()) {
      std::string what = bound->is<ast::Tuple>() ? "constraints" : "bound";
      raise_from(colon,
                 "cannot use " + what + " with " + (is_tuple ? "TypeVarTuple" : "ParamSpec"));
    }
  }
  rewind(start);
}

// --- match ---------------------------------------------------------------------------------------

/// At the name `match`.
void Parser::diagnose_match() {
  uint32_t start = position_++;
  if (match_subject()) {
    if (at(Kind::Newline)) {
      raise_here("expected ':'");
    } else if (accept(Kind::Colon) && missing_indent()) {
      raise_expected_block("'match' statement", tokens_[start]);
    }
  }
  rewind(start);
}

/// At what may be the name `case`.
void Parser::diagnose_case() {
  if (!at_word(case_)) return;
  uint32_t start = position_++;
  if (patterns()) {
    uint32_t before_guard = position_;
    if (accept(Kind::KwIf) && !named_expression()) rewind(before_guard);
    if (at(Kind::Newline)) {
      raise_here("expected ':'");
    } else if (accept(Kind::Colon) && missing_indent()) {
      raise_expected_block("'case' statement", tokens_[start]);
    }
  }
  rewind(start);
}

void Parser::diagnose_as_pattern() {
  uint32_t start = position_;
  if (or_pattern() && accept(Kind::KwAs)) {
    if (at_word(underscore_)) {
      raise_at(token().span, "cannot use '_' as a target");
    } else if (!at(Kind::Name)) {
      if (const Expression* target = expression()) {
        raise_at(target->span, "invalid pattern target");
      }
    }
  }
  rewind(start);
}

/// At the parenthesis of a class pattern: positional patterns after keywords.
void Parser::diagnose_class_pattern() {
  uint32_t start = position_++;
  bool has_keywords = false;
  for (;;) {
    if (at(Kind::Name) && kind_ahead(1) == Kind::Equal) {
      position_ += 2;
      if (!pattern()) break;
      has_keywords = true;
    } else if (has_keywords) {
      const ast::Pattern* first = pattern();
      const ast::Pattern* last = first;
      while (first) {
        uint32_t before = position_;
        if (!accept(Kind::Comma)) break;
        if (at(Kind::Name) && kind_ahead(1) == Kind::Equal) break;
        const ast::Pattern* next = pattern();
        if (!next) {
          rewind(before);
          break;
        }
        last = next;
      }
      if (first) {
        raise_range(first->span, last->span, "positional patterns follow keyword patterns");
      }
      break;
    } else if (!pattern()) {
      break;
    }
    if (!accept(Kind::Comma)) break;
  }
  rewind(start);
}

}  // namespace apy
