#include "parser/grammar.h"

namespace apy {

using ast::ConstantKind;
using ast::Expression;
using ast::Pattern;

/// What stands after `case`: a pattern, or several with commas between them.
Pattern* Parser::patterns() {
  uint32_t start = position_;
  Builder<Pattern> elements(*this);
  if (open_sequence(elements)) {
    auto* node = make<ast::MatchSequence>(since(start));
    node->patterns = elements.take();
    return finish(node);
  }
  return pattern();
}

/// `pattern [as name]`
Pattern* Parser::pattern() {
  if (too_deep()) return nullptr;
  uint32_t start = position_;
  Pattern* inner = or_pattern();
  if (inner && at(Kind::KwAs)) {
    uint32_t before = position_++;
    ast::Identifier name;
    if (capture_target(name)) {
      auto* node = make<ast::MatchAs>(since(start));
      node->pattern = inner;
      node->name = name;
      return finish(node);
    }
    rewind(before);
  }
  if (recognising_) {
    uint32_t after = position_;
    rewind(start);
    diagnose_as_pattern();
    rewind(after);
  }
  return failed_ ? nullptr : inner;
}

Pattern* Parser::or_pattern() {
  if (!remembering_) return or_pattern_now();
  return static_cast<Pattern*>(
      remember(Rule::Pattern, [this]() -> ast::Node* { return or_pattern_now(); }));
}

Pattern* Parser::or_pattern_now() {
  uint32_t start = position_;
  Pattern* first = closed_pattern();
  if (!first || !at(Kind::Pipe)) return first;
  Builder<Pattern> alternatives(*this);
  alternatives.push(first);
  uint32_t before = position_;
  while (accept(Kind::Pipe)) {
    Pattern* next = closed_pattern();
    if (!next) break;
    alternatives.push(next);
    before = position_;
  }
  rewind(before);
  if (alternatives.size() == 1) return first;
  auto* node = make<ast::MatchOr>(since(start));
  node->patterns = alternatives.take();
  return finish(node);
}

Pattern* Parser::closed_pattern() {
  uint32_t start = position_;
  switch (kind()) {
    case Kind::Number:
    case Kind::Minus:
    case Kind::String:
    case Kind::FStringStart:
    case Kind::KwNone:
    case Kind::KwTrue:
    case Kind::KwFalse:
      return literal_pattern();
    case Kind::LeftParen:
    case Kind::LeftBracket:
      return group_or_sequence_pattern();
    case Kind::LeftBrace:
      return mapping_pattern();
    case Kind::Name:
      break;
    default:
      return nullptr;
  }
  if (at_word(underscore_)) {
    ++position_;
    return finish(make<ast::MatchAs>(since(start)));
  }
  ast::Identifier name;
  if (capture_target(name)) {
    auto* node = make<ast::MatchAs>(since(start));
    node->name = name;
    return finish(node);
  }
  Expression* value = name_or_attribute();
  if (at(Kind::LeftParen)) return class_pattern(start, value);
  if (value && value->is<ast::Attribute>() && !at(Kind::Equal)) {
    auto* node = make<ast::MatchValue>(since(start));
    node->value = value;
    return finish(node);
  }
  rewind(start);
  return nullptr;
}

/// A name that a pattern binds.
bool Parser::capture_target(ast::Identifier& out) {
  if (!at(Kind::Name) || at_word(underscore_)) return false;
  Kind next = kind_ahead(1);
  if (next == Kind::Dot || next == Kind::LeftParen || next == Kind::Equal) return false;
  out = identifier_at(position_++);
  return true;
}

Expression* Parser::name_or_attribute() {
  uint32_t start = position_;
  Expression* value = atom();
  while (value && at(Kind::Dot)) {
    Expression* next = attribute_of(start, value);
    if (!next) break;
    value = next;
  }
  return value;
}

// --- literals ------------------------------------------------------------------------------------

Pattern* Parser::literal_pattern() {
  uint32_t start = position_;
  if (at(Kind::KwNone) || at(Kind::KwTrue, Kind::KwFalse)) {
    ConstantKind kind = at(Kind::KwNone)   ? ConstantKind::None
                        : at(Kind::KwTrue) ? ConstantKind::True
                                           : ConstantKind::False;
    auto* node = make<ast::MatchSingleton>(tokens_[position_++].span);
    node->value.kind = kind;
    return finish(node);
  }
  Expression* value = at(Kind::String, Kind::FStringStart) ? strings() : complex_or_number();
  if (!value) return nullptr;
  auto* node = make<ast::MatchValue>(since(start));
  node->value = value;
  return finish(node);
}

/// `NUMBER` or `-NUMBER`
Expression* Parser::signed_number() {
  if (at(Kind::Number)) return number();
  if (!at(Kind::Minus) || kind_ahead(1) != Kind::Number) return nullptr;
  uint32_t start = position_++;
  Expression* operand = number();
  if (!operand) return nullptr;
  auto* node = make<ast::UnaryOp>(since(start));
  node->op = ast::UnaryOperator::USub;
  node->operand = operand;
  return finish(node);
}

/// A signed number, or `real + imaginary`.
Expression* Parser::complex_or_number() {
  uint32_t start = position_;
  Expression* left = signed_number();
  if (!left || !at(Kind::Plus, Kind::Minus)) return left;
  auto is_imaginary = [](const Expression* value) {
    if (const auto* unary = value->try_as<ast::UnaryOp>()) value = unary->operand;
    return value->as<ast::Constant>()->value.kind == ConstantKind::Imaginary;
  };
  if (is_imaginary(left)) {
    const Expression* bare = left;
    if (const auto* unary = left->try_as<ast::UnaryOp>()) bare = unary->operand;
    return raise_at(bare->span, "real number required in complex literal");
  }
  bool is_sum = at(Kind::Plus);
  ++position_;
  Expression* right = at(Kind::Number) ? number() : nullptr;
  if (!right) {
    rewind(start);
    return nullptr;
  }
  if (!is_imaginary(right)) {
    return raise_at(right->span, "imaginary number required in complex literal");
  }
  return binary(start, left, is_sum ? ast::BinaryOperator::Add : ast::BinaryOperator::Sub, right);
}

// --- sequences -----------------------------------------------------------------------------------

Pattern* Parser::group_or_sequence_pattern() {
  uint32_t start = position_;
  Kind closer = at(Kind::LeftParen) ? Kind::RightParen : Kind::RightBracket;
  ++position_;
  Builder<Pattern> elements(*this);
  if (!at(closer)) {
    bool is_sequence = maybe_sequence(elements);
    bool is_group = closer == Kind::RightParen && is_sequence && elements.size() == 1 &&
                    previous().kind != Kind::Comma;
    if (is_group) {
      if (!elements[0]->is<ast::MatchStar>() && accept(closer)) return elements[0];
      is_sequence = false;
    }
    if (!is_sequence) {
      rewind(start);
      return nullptr;
    }
  }
  if (!accept(closer)) {
    rewind(start);
    return nullptr;
  }
  auto* node = make<ast::MatchSequence>(since(start));
  node->patterns = elements.take();
  return finish(node);
}

/// At least one comma: `a, b` or `a,`.
bool Parser::open_sequence(Builder<Pattern>& out) {
  uint32_t start = position_;
  Pattern* first = maybe_star_pattern();
  if (!first || !accept(Kind::Comma)) {
    rewind(start);
    return false;
  }
  out.push(first);
  maybe_sequence(out);
  return true;
}

/// Patterns separated by commas, with an optional comma at the end.
bool Parser::maybe_sequence(Builder<Pattern>& out) {
  Pattern* first = maybe_star_pattern();
  if (!first) return false;
  out.push(first);
  while (accept(Kind::Comma)) {
    Pattern* next = maybe_star_pattern();
    if (!next) break;
    out.push(next);
  }
  return true;
}

Pattern* Parser::maybe_star_pattern() { return at(Kind::Star) ? star_pattern() : pattern(); }

Pattern* Parser::star_pattern() {
  uint32_t start = position_++;
  ast::Identifier name;
  if (!capture_target(name)) {
    if (!at_word(underscore_)) {
      rewind(start);
      return nullptr;
    }
    ++position_;
  }
  auto* node = make<ast::MatchStar>(since(start));
  node->name = name;
  return finish(node);
}

// --- mappings and classes ------------------------------------------------------------------------

Pattern* Parser::mapping_pattern() {
  uint32_t start = position_++;
  Builder<Expression> keys(*this);
  std::vector<Pattern*> values;
  ast::Identifier rest;
  bool good = true;
  while (good && !at(Kind::RightBrace)) {
    if (accept(Kind::DoubleStar)) {
      good = capture_target(rest);
      accept(Kind::Comma);
      break;
    }
    Expression* key = mapping_key();
    Pattern* value = key && accept(Kind::Colon) ? pattern() : nullptr;
    good = value != nullptr;
    if (!good) break;
    keys.push(key);
    values.push_back(value);
    if (!accept(Kind::Comma)) break;
  }
  if (!good || !accept(Kind::RightBrace)) {
    rewind(start);
    return nullptr;
  }
  auto* node = make<ast::MatchMapping>(since(start));
  node->keys = keys.take();
  node->patterns = result_.arena.copy(values.data(), values.size());
  node->rest = rest;
  return finish(node);
}

/// A literal or a dotted name.
Expression* Parser::mapping_key() {
  switch (kind()) {
    case Kind::KwNone:
      return constant(ConstantKind::None);
    case Kind::KwTrue:
      return constant(ConstantKind::True);
    case Kind::KwFalse:
      return constant(ConstantKind::False);
    case Kind::String:
    case Kind::FStringStart:
      return strings();
    case Kind::Number:
    case Kind::Minus:
      return complex_or_number();
    case Kind::Name: {
      uint32_t start = position_;
      Expression* value = name_or_attribute();
      if (value && value->is<ast::Attribute>()) return value;
      rewind(start);
      return nullptr;
    }
    default:
      return nullptr;
  }
}

/// `cls(...)`, at the parenthesis.
Pattern* Parser::class_pattern(uint32_t start, Expression* cls) {
  uint32_t bracket = position_++;
  Builder<Pattern> positional(*this);
  std::vector<Pattern*> keyword_values;
  std::vector<ast::Identifier> keyword_names;
  bool good = true;
  while (!at(Kind::RightParen)) {
    if (at(Kind::Name) && kind_ahead(1) == Kind::Equal) {
      ast::Identifier name = identifier_at(position_);
      position_ += 2;
      Pattern* value = pattern();
      good = value != nullptr;
      keyword_names.push_back(name);
      keyword_values.push_back(value);
    } else {
      Pattern* value = keyword_names.empty() ? pattern() : nullptr;
      good = value != nullptr;
      if (good) positional.push(value);
    }
    if (!good || !accept(Kind::Comma)) break;
  }
  // A comma needs something before it.
  if (good && accept(Kind::RightParen)) {
    auto* node = make<ast::MatchClass>(since(start));
    node->cls = cls;
    node->patterns = positional.take();
    node->kwd_attrs = result_.arena.copy(keyword_names.data(), keyword_names.size());
    node->kwd_patterns = result_.arena.copy(keyword_values.data(), keyword_values.size());
    return finish(node);
  }
  rewind(bracket);
  if (recognising_) diagnose_class_pattern();
  rewind(start);
  return nullptr;
}

}  // namespace apy
