#include "parser/grammar.h"

// Parameters of functions and lambdas. They differ in what closes them and in annotations.

namespace apy {

using ast::Expression;

struct Parser::ParameterLists {
  std::vector<ast::Arg*> positional_only, positional, keyword_only;
  std::vector<Expression*> defaults, keyword_defaults;
  ast::Arg* vararg = nullptr;
  ast::Arg* kwarg = nullptr;
};

/// Everything up to the closer (which stays); null if it is wrong.
ast::Arguments* Parser::parameters(bool is_lambda) {
  uint32_t start = position_;
  Kind closer = is_lambda ? Kind::Colon : Kind::RightParen;
  ParameterLists lists;
  if (!at(closer)) {
    if (recognising_) diagnose_parameters(is_lambda);
    if (!positional_parameters(lists, is_lambda) || !star_parameters(lists, is_lambda) ||
        !at(closer)) {
      rewind(start);
      return nullptr;
    }
  }
  auto* node = make<ast::Arguments>(
      position_ == start ? Span{token().span.begin, token().span.begin} : since(start));
  auto copy = [this](const auto& list) { return result_.arena.copy(list.data(), list.size()); };
  node->posonlyargs = copy(lists.positional_only);
  node->args = copy(lists.positional);
  node->vararg = lists.vararg;
  node->kwonlyargs = copy(lists.keyword_only);
  node->kw_defaults = copy(lists.keyword_defaults);
  node->kwarg = lists.kwarg;
  node->defaults = copy(lists.defaults);
  return finish(node);
}

/// `a, b, /, c, d=1,` up to a star or the closer.
bool Parser::positional_parameters(ParameterLists& lists, bool is_lambda) {
  for (;;) {
    if (at(Kind::Slash)) {
      if (lists.positional.empty() || !lists.positional_only.empty()) return false;
      ++position_;
      lists.positional_only.swap(lists.positional);
      if (!end_of_parameter(is_lambda)) return false;
      continue;
    }
    if (!at(Kind::Name)) return true;
    ast::Arg* argument = parameter(is_lambda);
    if (!argument) return false;
    if (at(Kind::Equal)) {
      Expression* value = parameter_default();
      if (!value) return false;
      lists.defaults.push_back(value);
    } else if (!lists.defaults.empty()) {
      end_of_parameter(is_lambda);
      return false;
    }
    if (!end_of_parameter(is_lambda)) return false;
    lists.positional.push_back(argument);
  }
}

/// `*args, a, b=1, **kwargs` or parts of it.
bool Parser::star_parameters(ParameterLists& lists, bool is_lambda) {
  if (at(Kind::Star)) {
    if (recognising_) diagnose_star_parameter(is_lambda);
    ++position_;
    if (!at(Kind::Comma)) {
      lists.vararg = parameter(is_lambda, true);
      if (!lists.vararg || !end_of_parameter(is_lambda)) return false;
    } else {
      ++position_;
      if (!at(Kind::Name)) return false;
    }
    while (at(Kind::Name)) {
      ast::Arg* argument = parameter(is_lambda);
      if (!argument) return false;
      Expression* value = nullptr;
      if (at(Kind::Equal)) {
        value = parameter_default();
        if (!value) return false;
      }
      if (!end_of_parameter(is_lambda)) return false;
      lists.keyword_only.push_back(argument);
      lists.keyword_defaults.push_back(value);
    }
  }
  if (at(Kind::DoubleStar)) {
    if (recognising_) diagnose_keyword_parameter(is_lambda);
    ++position_;
    lists.kwarg = parameter(is_lambda);
    return lists.kwarg && end_of_parameter(is_lambda);
  }
  return true;
}

/// A name and its annotation; the annotation of `*args` may be starred.
ast::Arg* Parser::parameter(bool is_lambda, bool star_annotation) {
  if (!at(Kind::Name)) return nullptr;
  uint32_t start = position_++;
  Expression* annotation = nullptr;
  if (!is_lambda && at(Kind::Colon)) {
    uint32_t before = position_++;
    annotation = star_annotation ? star_expression() : expression();
    if (!annotation) rewind(before);
  }
  auto* node = make<ast::Arg>(since(start));
  node->arg = identifier_at(start);
  node->annotation = annotation;
  return finish(node);
}

/// A comma, or the closer ahead.
bool Parser::end_of_parameter(bool is_lambda) {
  return accept(Kind::Comma) || at(is_lambda ? Kind::Colon : Kind::RightParen);
}

/// `= value`
Expression* Parser::parameter_default() {
  uint32_t start = position_++;
  if (Expression* value = expression()) return value;
  if (recognising_ && at(Kind::RightParen, Kind::Comma)) {
    raise_at(tokens_[start].span, "expected default value expression");
  }
  rewind(start);
  return nullptr;
}

}  // namespace apy
