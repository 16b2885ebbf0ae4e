#include "parser/grammar.h"

namespace apy {

using ast::Expression;

ast::Call* Parser::arguments() {
  if (!diagnosing_) return fast_arguments(true);
  return static_cast<ast::Call*>(
      remember(Rule::Arguments, [this]() -> ast::Node* { return arguments_now(); }));
}

/// The first reading: one pass over the arguments, which must end at the closing parenthesis.
ast::Call* Parser::fast_arguments(bool may_be_generator) {
  uint32_t start = position_;
  Builder<Expression> positional(*this);
  std::vector<ast::Keyword*> keywords;
  bool unpacked_mapping = false;
  do {
    if (at(Kind::RightParen) && position_ != start) break;
    bool is_keyword = at(Kind::Name) && kind_ahead(1) == Kind::Equal;
    if (is_keyword || at(Kind::DoubleStar)) {
      unpacked_mapping |= at(Kind::DoubleStar);
      ast::Keyword* keyword = keyword_now();
      if (!keyword) break;
      keywords.push_back(keyword);
      continue;
    }
    bool is_starred = at(Kind::Star);
    if (is_starred ? unpacked_mapping : !keywords.empty()) break;
    uint32_t first_token = position_;
    Expression* value = is_starred ? starred_expression() : argument_expression();
    if (!value) break;
    if (may_be_generator && !is_starred && first_token == start && at(Kind::KwFor, Kind::KwAsync)) {
      return sole_generator(start, value);
    }
    positional.push(value);
  } while (accept(Kind::Comma));
  if (!at(Kind::RightParen)) {
    rewind(start);
    return nullptr;
  }
  auto* call = make<ast::Call>({});
  call->args = positional.take();
  call->keywords = result_.arena.copy(keywords.data(), keywords.size());
  return call;
}

/// `element for ...` as the only argument, whose parentheses are the call's.
ast::Call* Parser::sole_generator(uint32_t start, Expression* element) {
  List<ast::Comprehension> clauses;
  if (!comprehension_clauses(clauses) || !at(Kind::RightParen)) {
    rewind(start);
    return nullptr;
  }
  auto* generator = make<ast::GeneratorExp>({tokens_[start - 1].span.begin, token().span.end});
  generator->elt = element;
  generator->generators = clauses;
  Expression* argument = finish(generator);
  if (!argument) return nullptr;
  auto* call = make<ast::Call>({});
  call->args = {result_.arena.copy(&argument, 1)};
  return call;
}

/// `name=value` or `**value`
ast::Keyword* Parser::keyword_now() {
  uint32_t start = position_;
  ast::Identifier name;
  if (accept(Kind::DoubleStar)) {
  } else if (at(Kind::Name) && kind_ahead(1) == Kind::Equal) {
    name = identifier_at(position_);
    position_ += 2;
  } else {
    return nullptr;
  }
  Expression* value = expression();
  if (!value) {
    rewind(start);
    return nullptr;
  }
  auto* node = make<ast::Keyword>(since(start));
  node->arg = name;
  node->value = value;
  return finish(node);
}

ast::Call* Parser::arguments_now() {
  uint32_t start = position_;
  if (ast::Call* call = argument_list()) {
    accept(Kind::Comma);
    if (at(Kind::RightParen)) return call;
  }
  rewind(start);
  if (recognising_) diagnose_arguments();
  return nullptr;
}

/// Positional arguments, then keyword arguments; in the order of the grammar.
ast::Call* Parser::argument_list() {
  uint32_t start = position_;
  Builder<Expression> positional(*this);
  bool has_positional = positional_arguments(positional);
  Builder<ast::Node> rest(*this);
  if (has_positional) {
    uint32_t before_comma = position_;
    if (accept(Kind::Comma) && !keyword_arguments(rest)) rewind(before_comma);
  } else if (!keyword_arguments(rest)) {
    rewind(start);
    return nullptr;
  }
  auto* call = make<ast::Call>(since(start));
  std::vector<Expression*> values;
  std::vector<ast::Keyword*> keywords;
  for (size_t i = 0; i < positional.size(); ++i) values.push_back(positional[i]);
  for (size_t i = 0; i < rest.size(); ++i) {
    if (ast::Keyword* keyword = rest[i]->try_as<ast::Keyword>()) {
      keywords.push_back(keyword);
    } else {
      values.push_back(static_cast<Expression*>(rest[i]));
    }
  }
  call->args = result_.arena.copy(values.data(), values.size());
  call->keywords = result_.arena.copy(keywords.data(), keywords.size());
  return call;
}

/// `name := value` or an expression that `:=` does not follow.
Expression* Parser::argument_expression() {
  if (at(Kind::Name) && kind_ahead(1) == Kind::ColonEqual) return assignment_expression();
  uint32_t start = position_;
  Expression* value = expression();
  if (value && at(Kind::ColonEqual)) {
    rewind(start);
    return nullptr;
  }
  return value;
}

/// `*value`
Expression* Parser::starred_expression() {
  if (!at(Kind::Star)) return nullptr;
  uint32_t start = position_++;
  Expression* value = expression();
  if (recognising_) {
    if (value && at(Kind::Equal)) {
      uint32_t after = position_++;
      if (Expression* assigned = expression()) {
        return raise_range(tokens_[start].span, assigned->span,
                           "cannot assign to iterable argument unpacking");
      }
      rewind(after);
    }
  }
  if (!value) {
    // Not a known mistake but a forced one: it is raised in the first reading, too.
    raise_here("Invalid star expression");
    rewind(start);
    return nullptr;
  }
  auto* node = make<ast::Starred>(since(start));
  node->value = value;
  return finish(node);
}

bool Parser::positional_arguments(Builder<Expression>& out) {
  uint32_t before_comma = position_;
  do {
    uint32_t start = position_;
    Expression* value = at(Kind::Star) ? starred_expression() : argument_expression();
    if (!value || (!value->is<ast::Starred>() && at(Kind::Equal))) {
      rewind(start);
      rewind(before_comma);
      break;
    }
    out.push(value);
    before_comma = position_;
  } while (accept(Kind::Comma));
  return out.size() > 0;
}

/// Keywords mixed with `*value`, then keywords mixed with `**value`.
bool Parser::keyword_arguments(Builder<ast::Node>& out) {
  for (bool double_star : {false, true}) {
    uint32_t before_comma = position_;
    if (out.size() > 0 && !accept(Kind::Comma)) return true;
    while (keyword_argument(out, double_star)) {
      before_comma = position_;
      if (!accept(Kind::Comma)) break;
    }
    rewind(before_comma);
  }
  return out.size() > 0;
}

bool Parser::keyword_argument(Builder<ast::Node>& out, bool double_star) {
  diagnose_keyword_argument();
  ast::Node* item = nullptr;
  if (at(Kind::Name) || (double_star && at(Kind::DoubleStar))) {
    item = keyword_now();
  } else if (!double_star) {
    item = starred_expression();
  }
  if (!item) return false;
  out.push(item);
  return true;
}

}  // namespace apy
