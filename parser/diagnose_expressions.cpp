#include <string>

#include "parser/grammar.h"

// Known mistakes in expressions. Each function starts and ends at the same position, unless it
// raises. Their order, and the order of the attempts inside them, decide which message wins.

namespace apy {

using ast::Expression;

namespace {

/// The last expression of the last `for` clause.
Expression* last_item(ArenaSpan<ast::Comprehension*> clauses) {
  const ast::Comprehension* clause = clauses.back();
  return clause->ifs.empty() ? clause->iter : clause->ifs.back();
}

constexpr const char* kMaybeEquality =
    "invalid syntax. Maybe you meant '==' or ':=' instead of '='?";
constexpr const char* kParenthesizeGenerator = "Generator expression must be parenthesized";

}  // namespace

/// How many brackets are open after the token.
uint16_t Parser::bracket_level(uint32_t position) {
  if (bracket_levels_.empty()) {
    uint16_t level = 0;
    for (const Token& token : tokens_) {
      switch (token.kind) {
        case Kind::LeftParen:
        case Kind::LeftBracket:
        case Kind::LeftBrace:
          ++level;
          break;
        case Kind::RightParen:
        case Kind::RightBracket:
        case Kind::RightBrace:
          if (level > 0) --level;
          break;
        default:
          break;
      }
      bracket_levels_.push_back(level);
    }
  }
  return bracket_levels_[position];
}

Expression* Parser::expression_without_diagnosis() {
  // What this remembers keeps mistakes from being recognised later, as in CPython.
  recognising_ = false;
  Expression* value = conditional_or_lambda();
  recognising_ = true;
  return value;
}

void Parser::diagnose_expression() {
  diagnose_missing_comma();
  diagnose_conditional();
  uint32_t start = position_;
  if (accept(Kind::KwLambda)) {
    uint32_t before_parameters = position_;
    if (!parameters(true)) rewind(before_parameters);
    if (accept(Kind::Colon) && at(Kind::FStringMiddle)) {
      raise_range(tokens_[start].span, previous().span,
                  "f-string: lambda expressions are not allowed without parentheses");
    }
  }
  rewind(start);
}

/// Two expressions side by side inside brackets.
void Parser::diagnose_missing_comma() {
  uint32_t start = position_;
  // Not after an unknown string prefix, nor where a soft keyword may begin a statement.
  if (at(Kind::Name) && kind_ahead(1) == Kind::String) return;
  if (at_soft_keyword()) return;
  if (Expression* first = disjunction()) {
    Expression* second = expression_without_diagnosis();
    if (second && bracket_level(position_ - 1) > 0) {
      const auto* name = first->try_as<ast::Name>();
      if (!name || (name->id != print_ && name->id != exec_)) {
        raise_range(first->span, second->span, "invalid syntax. Perhaps you forgot a comma?");
      }
    }
  }
  rewind(start);
}

void Parser::diagnose_conditional() {
  uint32_t start = position_;
  Expression* body = disjunction();
  if (body && accept(Kind::KwIf)) {
    Expression* test = disjunction();
    if (test && !at(Kind::KwElse, Kind::Colon)) {
      raise_range(body->span, test->span, "expected 'else' after 'if' expression");
    }
  }
  rewind(start);
}

/// `print x` and `exec x`
void Parser::diagnose_legacy_statement() {
  if (!at(Kind::Name)) return;
  uint32_t start = position_++;
  if (!at(Kind::LeftParen)) {
    if (Expression* rest = star_expressions()) {
      ast::Identifier name = identifier_at(start);
      if (name == print_ || name == exec_) {
        std::string word(name.view());
        raise_range(
            tokens_[start].span, rest->span,
            "Missing parentheses in call to '" + word + "'. Did you mean " + word + "(...)?");
      }
    }
  }
  rewind(start);
}

/// A single `=` where a comparison or `:=` was meant, and `:=` after what is no name.
void Parser::diagnose_named_expression() {
  remember(Rule::NamedExpressionMistake, [this]() -> ast::Node* {
    uint32_t start = position_;
    Expression* target = expression();
    if (target && accept(Kind::ColonEqual) && expression()) {
      return raise_at(target->span,
                      std::string("cannot use assignment expressions with ") + describe(target));
    }
    rewind(start);
    if (at(Kind::Name) && kind_ahead(1) == Kind::Equal) {
      position_ += 2;
      Expression* value = bitwise_or();
      if (value && !at(Kind::Equal, Kind::ColonEqual)) {
        return raise_range(tokens_[start].span, value->span, kMaybeEquality);
      }
      rewind(start);
    }
    if (at(Kind::KwTrue, Kind::KwFalse) || at(Kind::KwNone)) return nullptr;
    if (at(Kind::LeftBracket)) {
      Expression* display = bracketed();
      rewind(start);
      if (failed_ || (display && display->is<ast::List>())) return nullptr;
    } else if (at(Kind::LeftParen)) {
      bool is_display = tuple_display() || generator_expression();
      rewind(start);
      if (failed_ || is_display) return nullptr;
    }
    Expression* left = bitwise_or();
    if (left && accept(Kind::Equal) && bitwise_or() && !at(Kind::Equal, Kind::ColonEqual)) {
      return raise_at(left->span, std::string("cannot assign to ") + describe(left) +
                                      " here. Maybe you meant '==' instead of '='?");
    }
    rewind(start);
    return nullptr;
  });
}

/// `not` as an operand of arithmetic: `a + not b`, or after a sign.
void Parser::diagnose_not_operand(bool after_operator) {
  uint32_t start = position_;
  if (after_operator) {
    Expression* left = static_cast<Expression*>(
        remember(Rule::Sum, [this]() -> ast::Node* { return operation(Binding::Sum); }));
    if (!left) return;
    switch (kind()) {
      case Kind::Plus:
      case Kind::Minus:
      case Kind::Star:
      case Kind::Slash:
      case Kind::Percent:
      case Kind::DoubleSlash:
      case Kind::At:
        break;
      default:
        rewind(start);
        return;
    }
  }
  ++position_;
  if (at(Kind::KwNot)) {
    Span keyword = token().span;
    Expression* operand;
    if (after_operator) {
      ++position_;
      operand = operation(Binding::Not);
    } else {
      ++position_;
      operand = factor();
    }
    if (operand) {
      raise_range(keyword, operand->span, "'not' after an operator must be parenthesized");
    }
  }
  rewind(start);
}

// --- comprehensions and displays -----------------------------------------------------------------

/// At the opening bracket of what might have been a comprehension.
void Parser::diagnose_comprehension() {
  uint32_t start = position_;
  bool is_parenthesis = at(Kind::LeftParen);
  ++position_;
  List<ast::Comprehension> clauses;
  Expression* starred = at(Kind::Star) ? starred_expression() : nullptr;
  if (starred && comprehension_clauses(clauses)) {
    raise_at(starred->span, "iterable unpacking cannot be used in comprehension");
  }
  rewind(start + 1);
  constexpr const char* kForgotten = "did you forget parentheses around the comprehension target?";
  Expression* first = is_parenthesis ? nullptr : star_named_expression();
  if (first && accept(Kind::Comma)) {
    uint32_t after_comma = position_;
    Span comma = previous().span;
    Builder<Expression> rest(*this);
    if (star_named_expressions(rest) && comprehension_clauses(clauses)) {
      raise_range(first->span, rest.last()->span, kForgotten);
    }
    rewind(after_comma);
    if (comprehension_clauses(clauses)) raise_range(first->span, comma, kForgotten);
  }
  rewind(start);
}

void Parser::diagnose_dict_comprehension() {
  uint32_t start = position_++;
  List<ast::Comprehension> clauses;
  if (accept(Kind::DoubleStar)) {
    Span stars = previous().span;
    if (bitwise_or() && comprehension_clauses(clauses) && accept(Kind::RightBrace)) {
      raise_at(stars, "dict unpacking cannot be used in dict comprehension");
    }
  }
  rewind(start);
}

/// After the opening brace of what might have been a dict.
void Parser::diagnose_dict_items() {
  uint32_t start = position_;
  Expression *key, *value;
  if (dict_item(key, value)) {
    for (;;) {
      uint32_t before_comma = position_;
      if (!accept(Kind::Comma)) break;
      if (!dict_item(key, value)) {
        rewind(before_comma);
        break;
      }
    }
    if (accept(Kind::Comma)) {
      uint32_t item = position_;
      Expression* lone_key = expression();
      if (lone_key && !at(Kind::Colon)) {
        uint32_t last = lone_key->span.end - 1;
        raise_at({last, last}, "':' expected after dictionary key");
      }
      rewind(item);
      diagnose_dict_item();
    }
  }
  rewind(start);
  diagnose_dict_item();
}

/// A key whose value is starred or missing.
void Parser::diagnose_dict_item() {
  uint32_t start = position_;
  if (expression() && accept(Kind::Colon)) {
    Span colon = previous().span;
    if (at(Kind::RightBrace, Kind::Comma)) {
      raise_at(colon, "expression expected after dictionary key and ':'");
    }
    Span star = token().span;
    if (accept(Kind::Star) && bitwise_or()) {
      raise_from(star, "cannot use a starred expression in a dictionary value");
    }
  }
  rewind(start);
}

void Parser::diagnose_group() {
  uint32_t start = position_++;
  Span star = token().span;
  if (at(Kind::Star)) {
    Expression* starred = starred_expression();
    if (starred && accept(Kind::RightParen)) {
      raise_at(starred->span, "cannot use starred expression here");
    }
  } else if (accept(Kind::DoubleStar)) {
    if (expression() && accept(Kind::RightParen)) {
      raise_at(star, "cannot use double starred expression here");
    }
  }
  rewind(start);
}

// --- targets of loops ----------------------------------------------------------------------------

/// Tried in both readings.
void Parser::diagnose_comprehension_target() {
  uint32_t start = position_;
  accept(Kind::KwAsync);
  if (accept(Kind::KwFor) && bitwise_or()) {
    while (accept(Kind::Comma) && bitwise_or()) {
    }
    if (!at(Kind::KwIn)) raise_here("'in' expected after for-loop variables");
  }
  rewind(start);
}

void Parser::diagnose_for_target() {
  uint32_t start = position_;
  accept(Kind::KwAsync);
  if (accept(Kind::KwFor)) {
    if (Expression* target = star_expressions()) raise_invalid_target(TargetKind::For, target);
  }
  rewind(start);
}

// --- arguments -----------------------------------------------------------------------------------

void Parser::diagnose_arguments() {
  uint32_t start = position_;
  List<ast::Comprehension> clauses;
  diagnose_unpacking_order();
  if (Expression* element = expression()) {
    if (comprehension_clauses(clauses) && accept(Kind::Comma)) {
      uint32_t after_comma = position_;
      if (!argument_list()) {
        rewind(after_comma);
        if (expression()) comprehension_clauses(clauses);
      }
      raise_range(element->span, last_item(clauses)->span, kParenthesizeGenerator);
    }
  }
  rewind(start);
  if (at(Kind::Name) && kind_ahead(1) == Kind::Equal) {
    position_ += 2;
    if (expression() && comprehension_clauses(clauses)) {
      raise_range(tokens_[start].span, tokens_[start + 1].span, kMaybeEquality);
    }
    rewind(start);
  }
  if (!argument_list() || !accept(Kind::Comma)) rewind(start);
  if (at(Kind::Name) && kind_ahead(1) == Kind::Equal) {
    Kind next = kind_ahead(2);
    if (next == Kind::Comma || next == Kind::RightParen) {
      raise_range(token().span, tokens_[position_ + 1].span, "expected argument value expression");
    }
  }
  rewind(start);
  ast::Call* before = argument_list();
  if (before && !failed_) {
    uint32_t after = position_;
    if (comprehension_clauses(clauses) && before->args.size() > 1) {
      raise_range(before->args.back()->span, last_item(clauses)->span, kParenthesizeGenerator);
    }
    rewind(after);
    if (accept(Kind::Comma)) {
      uint32_t after_comma = position_;
      Expression* element = expression();
      if (element && comprehension_clauses(clauses)) {
        raise_range(element->span, last_item(clauses)->span, kParenthesizeGenerator);
      }
      rewind(after_comma);
      if (argument_list()) {
        bool unpacks = false;
        for (const ast::Keyword* keyword : before->keywords) unpacks |= !keyword->arg;
        raise_here(unpacks ? "positional argument follows keyword argument unpacking"
                           : "positional argument follows keyword argument");
      }
    }
  }
  rewind(start);
}

/// `f(**mapping, *iterable)`
void Parser::diagnose_unpacking_order() {
  uint32_t start = position_;
  bool has_keywords = false;
  {
    Builder<Expression> positional(*this);
    bool has_positional = positional_arguments(positional) && accept(Kind::Comma);
    if (!has_positional) rewind(start);
    Builder<ast::Node> keywords(*this);
    has_keywords = keyword_arguments(keywords);
    if (!has_keywords) {
      rewind(start);
      has_keywords = keyword_arguments(keywords);
    }
  }
  if (has_keywords && at(Kind::Comma)) {
    Span comma = tokens_[position_++].span;
    Expression* starred = starred_expression();
    if (starred && !at(Kind::Equal)) {
      for (;;) {
        uint32_t before = position_;
        if (accept(Kind::Comma) && starred_expression() && !at(Kind::Equal)) continue;
        rewind(before);
        break;
      }
      raise_from(comma, "iterable argument unpacking follows keyword argument unpacking");
    }
  }
  rewind(start);
}

/// Before an argument that may be `name=value`.
void Parser::diagnose_keyword_argument() {
  if (!recognising_) return;
  uint32_t start = position_;
  if (at(Kind::KwTrue, Kind::KwFalse) || at(Kind::KwNone)) {
    if (kind_ahead(1) == Kind::Equal) {
      raise_range(token().span, tokens_[position_ + 1].span,
                  "cannot assign to " + std::string(token().text));
    }
  }
  bool is_keyword = at(Kind::Name) && kind_ahead(1) == Kind::Equal;
  if (is_keyword) {
    position_ += 2;
    List<ast::Comprehension> clauses;
    if (expression() && comprehension_clauses(clauses)) {
      raise_range(tokens_[start].span, tokens_[start + 1].span, kMaybeEquality);
    }
  } else if (Expression* target = expression()) {
    if (accept(Kind::Equal)) {
      raise_range(target->span, previous().span,
                  "expression cannot contain assignment, perhaps you meant \"==\"?");
    }
  }
  rewind(start);
  if (accept(Kind::DoubleStar)) {
    if (expression() && accept(Kind::Equal)) {
      if (Expression* value = expression()) {
        raise_range(tokens_[start].span, value->span,
                    "cannot assign to keyword argument unpacking");
      }
    }
    rewind(start);
  }
}

// --- f-strings -----------------------------------------------------------------------------------

/// At the opening brace of a replacement field that went wrong.
void Parser::diagnose_replacement_field() {
  uint32_t start = position_++;
  switch (kind()) {
    case Kind::Equal:
    case Kind::Exclamation:
    case Kind::Colon:
    case Kind::RightBrace:
      raise_at(token().span, "f-string: valid expression required before '" +
                                 std::string(token_kind_spelling(kind())) + "'");
      return;
    default:
      break;
  }
  if (!annotated_value()) {
    raise_next("f-string: expecting a valid expression after '{'");
    rewind(start);
    return;
  }
  bool has_equal = at(Kind::Equal);
  if (!has_equal && !at(Kind::Exclamation) && !at(Kind::Colon, Kind::RightBrace)) {
    raise_next("f-string: expecting '=', or '!', or ':', or '}'");
  }
  if (has_equal) {
    ++position_;
    if (!at(Kind::Exclamation) && !at(Kind::Colon, Kind::RightBrace)) {
      raise_next("f-string: expecting '!', or ':', or '}'");
    }
  }
  if (at(Kind::Exclamation)) {
    Kind next = kind_ahead(1);
    ++position_;
    if (next == Kind::Colon || next == Kind::RightBrace) {
      raise_next("f-string: missing conversion character");
    } else if (next != Kind::Name) {
      raise_next("f-string: invalid conversion character");
    }
    ++position_;
  }
  if (!at(Kind::Colon, Kind::RightBrace)) raise_next("f-string: expecting ':' or '}'");
  if (accept(Kind::Colon)) {
    Builder<Expression> values(*this);
    while (accept(Kind::FStringMiddle) || replacement_field(values)) {
    }
    if (!at(Kind::RightBrace)) raise_next("f-string: expecting '}', or format specs");
  } else if (!at(Kind::RightBrace)) {
    raise_next("f-string: expecting '}'");
  }
  rewind(start);
}

}  // namespace apy
