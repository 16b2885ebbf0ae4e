#include "lexer/number_literal.h"
#include "lexer/string_literal.h"
#include "parser/grammar.h"

// Values of number and string tokens.

namespace apy {

using ast::ConstantKind;
using ast::Expression;

Expression* Parser::number() {
  const Token& token = tokens_[position_];
  auto* node = make<ast::Constant>(token.span);
  node->height = 1;
  NumberLiteral literal = parse_number_literal(token.text, options_.max_integer_digits);
  if (!literal.error.empty()) {
    result_.error.excerpt = DiagnosticExcerpt::LineOnly;
    return raise_at(token.span, std::move(literal.error));
  }
  switch (literal.kind) {
    case NumberKind::Integer:
      node->value.kind = ConstantKind::Int;
      node->value.integer = literal.integer;
      break;
    case NumberKind::BigInteger: {
      const char* prefix = literal.base == 16 ? "0x" : literal.base == 8 ? "0o" : "0b";
      node->value.kind = ConstantKind::BigInt;
      std::string text = (literal.base == 10 ? "" : prefix) + literal.digits;
      node->value.text = result_.arena.copy(std::string_view(text));
      break;
    }
    case NumberKind::Float:
      node->value.kind = ConstantKind::Float;
      node->value.real = literal.real;
      break;
    case NumberKind::Imaginary:
      node->value.kind = ConstantKind::Imaginary;
      node->value.real = literal.real;
      break;
  }
  ++position_;
  return node;
}

/// What a String or FStringMiddle token stands for; raises and returns false on a bad escape.
/// `place` is where CPython reports problems.
bool Parser::decode_string(const Token& token, Span place, std::string_view& out) {
  out = token.text;
  if (is_plain_literal(token)) return true;
  StringLiteral literal = decode_string_literal(token, place, options_.lookup_character);
  if (literal.error) {
    raise_at(literal.error->span, std::move(literal.error->message));
    return false;
  }
  if (literal.warning) result_.warnings.push_back(std::move(*literal.warning));
  out = result_.arena.copy(std::string_view(literal.value));
  return true;
}

}  // namespace apy
