#include <algorithm>
#include <string>

#include "parser/checker.h"
#include "parser/dump.h"

namespace apy {

using ast::NodeKind;

namespace {

/// A literal key as `repr` shows its value; empty if it is none. Sums are complex numbers.
std::string key_repr(const ast::Expression* key) {
  if (const auto* constant = key->try_as<ast::Constant>()) return constant_repr(constant->value);
  if (const auto* sign = key->try_as<ast::UnaryOp>()) {
    std::string text = key_repr(sign->operand);
    return text == "0" ? text : "-" + text;
  }
  if (const auto* sum = key->try_as<ast::BinOp>()) {
    const char* sign = sum->op == ast::BinaryOperator::Add ? "+" : "-";
    return "(" + key_repr(sum->left) + sign + key_repr(sum->right) + ")";
  }
  return {};
}

/// The same text for keys that are equal: 0, 0.0, 0j and False are.
std::string comparable_key(const ast::Expression* key, const std::string& text) {
  const auto* constant = key->try_as<ast::Constant>();
  if (!constant) return text;
  switch (constant->value.kind) {
    case ast::ConstantKind::True:
      return "1";
    case ast::ConstantKind::False:
      return "0";
    case ast::ConstantKind::Float:
      return text.ends_with(".0") ? text.substr(0, text.size() - 2) : text;
    case ast::ConstantKind::Imaginary:
      return text == "0j" ? "0" : text;
    default:
      return text;
  }
}

}  // namespace

bool Checker::check_match(ast::Match* node) {
  if (!check(node->subject)) return false;
  for (ast::MatchCase* clause : node->cases) {
    PatternContext context;
    context.may_be_irrefutable = clause->guard || clause == node->cases.back();
    if (!check_pattern(clause->pattern, context)) return false;
    if (clause->guard && !check(clause->guard)) return false;
    if (!check_all(clause->body)) return false;
  }
  return true;
}

bool Checker::check_pattern(ast::Pattern* pattern, PatternContext& context) {
  if (too_deep()) return false;
  switch (pattern->kind) {
    case NodeKind::MatchValue: {
      ast::Expression* value = pattern->as<ast::MatchValue>()->value;
      if (value->is<ast::JoinedStr>()) {
        return fail(pattern->span, "patterns may only match literals and attribute lookups");
      }
      return check(value);
    }
    case NodeKind::MatchSequence:
      return check_sequence(pattern->as<ast::MatchSequence>(), context);
    case NodeKind::MatchMapping:
      return check_mapping(pattern->as<ast::MatchMapping>(), context);
    case NodeKind::MatchClass:
      return check_class_pattern(pattern->as<ast::MatchClass>(), context);
    case NodeKind::MatchStar:
      return bind_pattern_name(pattern, pattern->as<ast::MatchStar>()->name, context);
    case NodeKind::MatchOr:
      return check_alternatives(pattern->as<ast::MatchOr>(), context);
    case NodeKind::MatchAs: {
      auto* as = pattern->as<ast::MatchAs>();
      if (!as->pattern && !context.may_be_irrefutable) {
        if (!as->name) return fail(as->span, "wildcard makes remaining patterns unreachable");
        return fail(as->span, "name capture '" + std::string(as->name.view()) +
                                  "' makes remaining patterns unreachable");
      }
      if (as->pattern && !check_pattern(as->pattern, context)) return false;
      return bind_pattern_name(as, as->name, context);
    }
    default:
      return true;
  }
}

bool Checker::bind_pattern_name(ast::Pattern* pattern, ast::Identifier name,
                                PatternContext& context) {
  if (!name) return true;
  if (!check_name(name, ast::ExpressionContext::Store, pattern->span)) return false;
  if (std::find(context.names.begin(), context.names.end(), name) != context.names.end()) {
    return fail(pattern->span,
                "multiple assignments to name '" + std::string(name.view()) + "' in pattern");
  }
  context.names.push_back(name);
  return true;
}

/// Inside another pattern, one that always matches does no harm.
bool Checker::check_sub_pattern(ast::Pattern* pattern, PatternContext& context) {
  bool outer = context.may_be_irrefutable;
  context.may_be_irrefutable = true;
  bool good = check_pattern(pattern, context);
  context.may_be_irrefutable = outer;
  return good;
}

bool Checker::check_sequence(ast::MatchSequence* pattern, PatternContext& context) {
  bool seen_star = false;
  for (ast::Pattern* element : pattern->patterns) {
    if (!element->is<ast::MatchStar>()) continue;
    if (seen_star) {
      return fail(pattern->span, "multiple starred names in sequence pattern");
    }
    seen_star = true;
  }
  for (ast::Pattern* element : pattern->patterns) {
    if (!check_sub_pattern(element, context)) return false;
  }
  return true;
}

bool Checker::check_mapping(ast::MatchMapping* pattern, PatternContext& context) {
  std::vector<std::string> seen;
  for (ast::Expression* key : pattern->keys) {
    if (std::string text = key_repr(key); !text.empty()) {
      std::string same = comparable_key(key, text);
      if (std::find(seen.begin(), seen.end(), same) != seen.end()) {
        return fail(pattern->span, "mapping pattern checks duplicate key (" + text + ")");
      }
      seen.push_back(std::move(same));
    } else if (key->is<ast::JoinedStr>()) {
      return fail(pattern->span,
                  "mapping pattern keys may only match literals and attribute lookups");
    } else if (!check(key)) {
      return false;
    }
  }
  for (ast::Pattern* value : pattern->patterns) {
    if (!check_sub_pattern(value, context)) return false;
  }
  return bind_pattern_name(pattern, pattern->rest, context);
}

bool Checker::check_class_pattern(ast::MatchClass* pattern, PatternContext& context) {
  ArenaSpan<ast::Identifier> names = pattern->kwd_attrs;
  for (uint32_t i = 0; i < names.size(); ++i) {
    ast::Pattern* value = pattern->kwd_patterns[i];
    if (!check_name(names[i], ast::ExpressionContext::Store, value->span)) return false;
    for (uint32_t later = i + 1; later < names.size(); ++later) {
      if (names[later] == names[i]) {
        return fail(pattern->kwd_patterns[later]->span,
                    "attribute name repeated in class pattern: " + std::string(names[i].view()));
      }
    }
  }
  if (!check(pattern->cls)) return false;
  for (ast::Pattern* value : pattern->patterns) {
    if (!check_sub_pattern(value, context)) return false;
  }
  for (ast::Pattern* value : pattern->kwd_patterns) {
    if (!check_sub_pattern(value, context)) return false;
  }
  return true;
}

bool Checker::check_alternatives(ast::MatchOr* pattern, PatternContext& context) {
  std::vector<ast::Identifier> before = context.names;
  std::vector<ast::Identifier> bound;
  for (ast::Pattern* alternative : pattern->patterns) {
    PatternContext own;
    own.may_be_irrefutable = context.may_be_irrefutable && alternative == pattern->patterns.back();
    if (!check_pattern(alternative, own)) return false;
    std::sort(own.names.begin(), own.names.end(),
              [](ast::Identifier a, ast::Identifier b) { return a.data() < b.data(); });
    if (alternative == pattern->patterns.front()) {
      bound = std::move(own.names);
    } else if (own.names != bound) {
      return fail(pattern->span, "alternative patterns bind different names");
    }
  }
  for (ast::Identifier name : bound) {
    if (!bind_pattern_name(pattern, name, context)) return false;
  }
  return true;
}

}  // namespace apy
