#include "parser/grammar.h"

namespace apy {

using ast::Expression;

// --- parentheses ---------------------------------------------------------------------------------

/// A tuple, a group, or a generator expression.
Expression* Parser::parenthesized() {
  if (too_deep()) return nullptr;
  if (diagnosing_) {
    if (Expression* tuple = tuple_display()) return tuple;
    if (Expression* inner = group()) return inner;
    return generator_expression();
  }
  uint32_t start = position_++;
  Expression* inner = nullptr;
  if (at(Kind::KwYield)) {
    inner = yield_expression();
    if (inner && accept(Kind::RightParen)) return inner;
  } else if (at(Kind::RightParen)) {
    rewind(start);
    return tuple_display();
  } else {
    inner = star_named_expression();
    if (inner && at(Kind::RightParen) && !inner->is<ast::Starred>()) {
      ++position_;
      return inner;
    }
    if (inner && at(Kind::Comma)) {
      Builder<Expression> elements(*this);
      elements.push(inner);
      while (accept(Kind::Comma)) {
        Expression* next = star_named_expression();
        if (!next) break;
        elements.push(next);
      }
      if (accept(Kind::RightParen)) {
        auto* node = make<ast::Tuple>(since(start));
        node->elts = elements.take();
        return finish(node);
      }
    } else if (inner && at(Kind::KwFor, Kind::KwAsync) && !inner->is<ast::Starred>()) {
      List<ast::Comprehension> clauses;
      if (comprehension_clauses(clauses) && accept(Kind::RightParen)) {
        auto* node = make<ast::GeneratorExp>(since(start));
        node->elt = inner;
        node->generators = clauses;
        return finish(node);
      }
    }
  }
  rewind(start);
  return nullptr;
}

Expression* Parser::tuple_display() {
  uint32_t start = position_++;
  Builder<Expression> elements(*this);
  if (!at(Kind::RightParen)) {
    Expression* first = star_named_expression();
    if (!first || !accept(Kind::Comma)) {
      rewind(start);
      return nullptr;
    }
    elements.push(first);
    star_named_expressions(elements);
  }
  if (!accept(Kind::RightParen)) {
    rewind(start);
    return nullptr;
  }
  auto* node = make<ast::Tuple>(since(start));
  node->elts = elements.take();
  return finish(node);
}

Expression* Parser::group() {
  uint32_t start = position_++;
  Expression* inner = at(Kind::KwYield) ? yield_expression() : named_expression();
  if (inner && accept(Kind::RightParen)) return inner;
  rewind(start);
  if (recognising_) diagnose_group();
  return nullptr;
}

/// `(element for ...)`, at the parenthesis.
Expression* Parser::generator_expression() {
  if (!at(Kind::LeftParen)) return nullptr;
  uint32_t start = position_++;
  Expression* element = argument_expression();
  List<ast::Comprehension> clauses;
  if (element && comprehension_clauses(clauses) && accept(Kind::RightParen)) {
    auto* node = make<ast::GeneratorExp>(since(start));
    node->elt = element;
    node->generators = clauses;
    return finish(node);
  }
  rewind(start);
  if (recognising_) diagnose_comprehension();
  return nullptr;
}

// --- brackets ------------------------------------------------------------------------------------

/// A list, or a list comprehension.
Expression* Parser::bracketed() {
  if (too_deep()) return nullptr;
  uint32_t start = position_++;
  {
    Builder<Expression> elements(*this);
    bool has_elements = !at(Kind::RightBracket) && star_named_expressions(elements);
    if (accept(Kind::RightBracket)) {
      auto* node = make<ast::List>(since(start));
      node->elts = elements.take();
      return finish(node);
    }
    bool may_be_comprehension = has_elements && elements.size() == 1 &&
                                previous().kind != Kind::Comma && !elements[0]->is<ast::Starred>();
    List<ast::Comprehension> clauses;
    if (may_be_comprehension && at(Kind::KwFor, Kind::KwAsync) && comprehension_clauses(clauses) &&
        accept(Kind::RightBracket)) {
      auto* node = make<ast::ListComp>(since(start));
      node->elt = elements[0];
      node->generators = clauses;
      return finish(node);
    }
  }
  rewind(start);
  if (recognising_) diagnose_comprehension();
  return nullptr;
}

// --- braces --------------------------------------------------------------------------------------

/// A dict, a set, or a comprehension of either.
Expression* Parser::braced() {
  if (too_deep()) return nullptr;
  if (diagnosing_) {
    if (Expression* dict = dict_display()) return dict;
    if (Expression* set = set_display()) return set;
    if (Expression* comprehension = dict_comprehension()) return comprehension;
    return set_comprehension();
  }
  // The first reading tells dicts and sets apart after the first element.
  uint32_t start = position_++;
  if (at(Kind::RightBrace) || at(Kind::DoubleStar)) {
    rewind(start);
    return dict_display();
  }
  if (at(Kind::Star)) {
    rewind(start);
    return set_display();
  }
  Expression* first = named_expression();
  Kind next = first ? kind() : Kind::Error;
  if (next == Kind::Colon &&
      !(first->is<ast::NamedExpr>() && tokens_[start + 1].kind != Kind::LeftParen)) {
    return dict_from(start, first);
  }
  if (next == Kind::Comma || next == Kind::RightBrace) return set_from(start, first);
  List<ast::Comprehension> clauses;
  if ((next == Kind::KwFor || next == Kind::KwAsync) && comprehension_clauses(clauses) &&
      accept(Kind::RightBrace)) {
    auto* node = make<ast::SetComp>(since(start));
    node->elt = first;
    node->generators = clauses;
    return finish(node);
  }
  rewind(start);
  return nullptr;
}

/// The rest of a set display after its first element.
Expression* Parser::set_from(uint32_t start, Expression* first) {
  Builder<Expression> elements(*this);
  elements.push(first);
  if (accept(Kind::Comma)) star_named_expressions(elements);
  if (!accept(Kind::RightBrace)) {
    rewind(start);
    return nullptr;
  }
  auto* node = make<ast::Set>(since(start));
  node->elts = elements.take();
  return finish(node);
}

/// The rest of a dict display or comprehension after its first key.
Expression* Parser::dict_from(uint32_t start, Expression* first_key) {
  ++position_;
  Expression* first_value = expression();
  if (first_value && at(Kind::KwFor, Kind::KwAsync)) {
    List<ast::Comprehension> clauses;
    if (comprehension_clauses(clauses) && accept(Kind::RightBrace)) {
      auto* node = make<ast::DictComp>(since(start));
      node->key = first_key;
      node->value = first_value;
      node->generators = clauses;
      return finish(node);
    }
  } else if (first_value) {
    // Keys and values alternate in one list; a key is null for `**value`.
    Builder<Expression> items(*this);
    items.push(first_key);
    items.push(first_value);
    if (ast::Dict* dict = rest_of_dict(start, items)) return dict;
  }
  return not_a_dict(start);
}

ast::Dict* Parser::rest_of_dict(uint32_t start, Builder<Expression>& items) {
  while (items.size() == 0 || accept(Kind::Comma)) {
    Expression *key, *value;
    if (at(Kind::RightBrace) || !dict_item(key, value)) break;
    items.push(key);
    items.push(value);
  }
  if (!accept(Kind::RightBrace)) return nullptr;
  auto* node = make<ast::Dict>(since(start));
  Builder<Expression> half(*this);
  for (size_t i = 0; i < items.size(); i += 2) half.push(items[i]);
  node->keys = half.take();
  Builder<Expression> other(*this);
  for (size_t i = 1; i < items.size(); i += 2) other.push(items[i]);
  node->values = other.take();
  return finish(node);
}

Expression* Parser::dict_display() {
  uint32_t start = position_++;
  {
    Builder<Expression> items(*this);
    if (ast::Dict* dict = rest_of_dict(start, items)) return dict;
  }
  rewind(start);
  return not_a_dict(start);
}

/// Tried in both readings: a dict with a bad item is an error at once.
Expression* Parser::not_a_dict(uint32_t start) {
  // The items are parsed again, and in bad dicts inside each other that would go on and on.
  remembering_ = true;
  rewind(start + 1);
  diagnose_dict_items();
  rewind(start);
  return nullptr;
}

/// `key: value` or `**value` (then `key` is null).
bool Parser::dict_item(Expression*& key, Expression*& value) {
  uint32_t start = position_;
  if (accept(Kind::DoubleStar)) {
    key = nullptr;
    value = bitwise_or();
  } else {
    key = expression();
    value = key && accept(Kind::Colon) ? expression() : nullptr;
  }
  if (!value) rewind(start);
  return value != nullptr;
}

Expression* Parser::set_display() {
  uint32_t start = position_++;
  Builder<Expression> elements(*this);
  if (!star_named_expressions(elements) || !accept(Kind::RightBrace)) {
    rewind(start);
    return nullptr;
  }
  auto* node = make<ast::Set>(since(start));
  node->elts = elements.take();
  return finish(node);
}

Expression* Parser::dict_comprehension() {
  uint32_t start = position_++;
  Expression* key = expression();
  Expression* value = key && accept(Kind::Colon) ? expression() : nullptr;
  List<ast::Comprehension> clauses;
  if (value && comprehension_clauses(clauses) && accept(Kind::RightBrace)) {
    auto* node = make<ast::DictComp>(since(start));
    node->key = key;
    node->value = value;
    node->generators = clauses;
    return finish(node);
  }
  rewind(start);
  if (recognising_) diagnose_dict_comprehension();
  return nullptr;
}

Expression* Parser::set_comprehension() {
  uint32_t start = position_++;
  Expression* element = named_expression();
  List<ast::Comprehension> clauses;
  if (element && comprehension_clauses(clauses) && accept(Kind::RightBrace)) {
    auto* node = make<ast::SetComp>(since(start));
    node->elt = element;
    node->generators = clauses;
    return finish(node);
  }
  rewind(start);
  if (recognising_) diagnose_comprehension();
  return nullptr;
}

// --- comprehensions ------------------------------------------------------------------------------

/// One or more `[async] for target in iterable [if condition]...`
bool Parser::comprehension_clauses(List<ast::Comprehension>& out) {
  Builder<ast::Comprehension> clauses(*this);
  while (ast::Comprehension* clause = comprehension_clause()) clauses.push(clause);
  out = clauses.take();
  return !out.empty();
}

ast::Comprehension* Parser::comprehension_clause() {
  uint32_t start = position_;
  bool is_async = accept(Kind::KwAsync);
  if (accept(Kind::KwFor)) {
    Expression* target = star_targets();
    if (target && accept(Kind::KwIn)) {
      Expression* iterable = disjunction();
      if (!iterable) {
        rewind(start);
        return nullptr;
      }
      Builder<Expression> conditions(*this);
      uint32_t before_if = position_;
      while (accept(Kind::KwIf)) {
        Expression* condition = disjunction();
        if (!condition) {
          rewind(before_if);
          break;
        }
        conditions.push(condition);
        before_if = position_;
      }
      auto* node = make<ast::Comprehension>(since(start));
      node->target = target;
      node->iter = iterable;
      node->ifs = conditions.take();
      node->is_async = is_async ? 1 : 0;
      return finish(node);
    }
  }
  rewind(start);
  diagnose_comprehension_target();
  if (recognising_) diagnose_for_target();
  return nullptr;
}

}  // namespace apy
