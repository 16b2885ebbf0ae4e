#include "parser/grammar.h"

// Known mistakes in the parameters of functions and lambdas. The functions named skip_* are the
// grammar's own pieces, taken one by one.

namespace apy {

/// One parameter with its comma (or the closer ahead); null, and no step, if it is not as wanted.
ast::Arg* Parser::skip_parameter(bool is_lambda, Default wanted) {
  uint32_t start = position_;
  ast::Arg* argument = parameter(is_lambda);
  bool good = argument != nullptr;
  if (good && wanted != Default::Without && (wanted == Default::With || at(Kind::Equal))) {
    good = at(Kind::Equal) && parameter_default() != nullptr;
  }
  if (good && end_of_parameter(is_lambda)) return argument;
  rewind(start);
  return nullptr;
}

void Parser::skip_parameters(bool is_lambda, Default wanted) {
  while (skip_parameter(is_lambda, wanted)) {
  }
}

/// `a, b, /,`: all without defaults, or some at the end with.
bool Parser::skip_positional_only(bool is_lambda, Default wanted) {
  uint32_t start = position_;
  skip_parameters(is_lambda, Default::Without);
  bool good = position_ != start;
  if (wanted == Default::With) {
    uint32_t before = position_;
    skip_parameters(is_lambda, Default::With);
    good = position_ != before;
  }
  if (good && accept(Kind::Slash) && end_of_parameter(is_lambda)) return true;
  rewind(start);
  return false;
}

void Parser::diagnose_parameters(bool is_lambda) {
  uint32_t start = position_;
  if (at(Kind::Slash) && kind_ahead(1) == Kind::Comma) {
    raise_at(token().span, "at least one argument must precede /");
  }
  auto positional_only = [&] {
    return skip_positional_only(is_lambda, Default::Without) ||
           skip_positional_only(is_lambda, Default::With);
  };
  if (positional_only()) {
    skip_parameters(is_lambda, Default::Maybe);
    if (at(Kind::Slash)) raise_at(token().span, "/ may appear only once");
  }
  rewind(start);
  diagnose_parameter_order(is_lambda);
  positional_only();
  skip_parameters(is_lambda, Default::Maybe);
  if (accept(Kind::Star) && (accept(Kind::Comma) || skip_parameter(is_lambda, Default::Without))) {
    skip_parameters(is_lambda, Default::Maybe);
    if (at(Kind::Slash)) raise_at(token().span, "/ must be ahead of *");
  }
  rewind(start);
  skip_parameters(is_lambda, Default::Maybe);
  if (position_ != start && accept(Kind::Slash) && at(Kind::Star)) {
    raise_at(token().span, "expected comma between / and *");
  }
  rewind(start);
}

/// A parameter without a default after one that has it, and parentheses around parameters.
void Parser::diagnose_parameter_order(bool is_lambda) {
  uint32_t start = position_;
  skip_positional_only(is_lambda, Default::Without);
  skip_parameters(is_lambda, Default::Without);
  bool has_default = skip_positional_only(is_lambda, Default::With);
  if (!has_default) {
    uint32_t before = position_;
    skip_parameters(is_lambda, Default::With);
    has_default = position_ != before;
  }
  if (has_default) {
    if (const ast::Arg* argument = skip_parameter(is_lambda, Default::Without)) {
      raise_at(argument->span, "parameter without a default follows parameter with a default");
    }
  }
  rewind(start);
  skip_parameters(is_lambda, Default::Without);
  Span open = token().span;
  if (accept(Kind::LeftParen)) {
    uint32_t inside = position_;
    if (is_lambda) {
      while (parameter(true) && at(Kind::Comma) && kind_ahead(1) == Kind::Name) ++position_;
    } else {
      skip_parameters(false, Default::Without);
    }
    bool has_parameters = position_ != inside;
    accept(Kind::Comma);
    if (has_parameters && accept(Kind::RightParen)) {
      raise_range(open, previous().span,
                  is_lambda ? "Lambda expression parameters cannot be parenthesized"
                            : "Function parameters cannot be parenthesized");
    }
  }
  rewind(start);
}

/// At `*`.
void Parser::diagnose_star_parameter(bool is_lambda) {
  Kind closer = is_lambda ? Kind::Colon : Kind::RightParen;
  uint32_t start = position_++;
  Span star = previous().span;
  bool is_bare = at(closer);
  if (!is_bare && accept(Kind::Comma)) is_bare = at(closer, Kind::DoubleStar);
  if (is_bare) {
    constexpr const char* kMessage = "named arguments must follow bare *";
    if (is_lambda) {
      raise_here(kMessage);
    } else {
      raise_at(star, kMessage);
    }
  }
  rewind(start + 1);
  if (parameter(is_lambda) && at(Kind::Equal)) {
    raise_at(token().span, "var-positional argument cannot have default value");
  }
  rewind(start + 1);
  if (skip_parameter(is_lambda, Default::Without) || accept(Kind::Comma)) {
    skip_parameters(is_lambda, Default::Maybe);
    Span second = token().span;
    if (accept(Kind::Star) &&
        (skip_parameter(is_lambda, Default::Without) || accept(Kind::Comma))) {
      raise_at(second, "* argument may appear only once");
    }
  }
  rewind(start);
}

/// At `**`.
void Parser::diagnose_keyword_parameter(bool is_lambda) {
  uint32_t start = position_++;
  if (parameter(is_lambda)) {
    if (at(Kind::Equal)) {
      raise_at(token().span, "var-keyword argument cannot have default value");
    }
    if (accept(Kind::Comma)) {
      constexpr const char* kMessage = "arguments cannot follow var-keyword argument";
      Span next = token().span;
      if (const ast::Arg* argument = parameter(is_lambda)) {
        raise_at(argument->span, kMessage);
      } else if (at(Kind::Star, Kind::DoubleStar) || at(Kind::Slash)) {
        raise_at(next, kMessage);
      }
    }
  }
  rewind(start);
}

}  // namespace apy
