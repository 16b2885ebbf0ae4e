#include <string>

#include "parser/checker.h"

namespace apy {

using ast::ConstantKind;
using ast::Expression;
using ast::ExpressionContext;
using ast::NodeKind;
using ast::ScopeKind;

namespace {

/// The name of the type of a literal's value, or null if it is no literal.
const char* literal_type(const Expression* node) {
  switch (node->kind) {
    case NodeKind::Tuple:
      return "tuple";
    case NodeKind::List:
    case NodeKind::ListComp:
      return "list";
    case NodeKind::Dict:
    case NodeKind::DictComp:
      return "dict";
    case NodeKind::Set:
    case NodeKind::SetComp:
      return "set";
    case NodeKind::GeneratorExp:
      return "generator";
    case NodeKind::Lambda:
      return "function";
    case NodeKind::JoinedStr:
    case NodeKind::FormattedValue:
      return "str";
    case NodeKind::Constant:
      break;
    default:
      return nullptr;
  }
  switch (node->as<ast::Constant>()->value.kind) {
    case ConstantKind::None:
      return "NoneType";
    case ConstantKind::True:
    case ConstantKind::False:
      return "bool";
    case ConstantKind::Ellipsis:
      return "ellipsis";
    case ConstantKind::Int:
    case ConstantKind::BigInt:
      return "int";
    case ConstantKind::Float:
      return "float";
    case ConstantKind::Imaginary:
      return "complex";
    case ConstantKind::Str:
      return "str";
    case ConstantKind::Bytes:
      return "bytes";
  }
  return nullptr;
}

/// A sign before a number makes a literal, too.
const Expression* without_sign(const Expression* node) {
  const auto* unary = node->try_as<ast::UnaryOp>();
  if (!unary || unary->op == ast::UnaryOperator::Not) return node;
  const auto* operand = unary->operand->try_as<ast::Constant>();
  if (!operand) return node;
  switch (operand->value.kind) {
    case ConstantKind::Int:
    case ConstantKind::BigInt:
    case ConstantKind::Float:
    case ConstantKind::Imaginary:
      return operand;
    default:
      return node;
  }
}

/// Whether `is` makes sense with it: not with a literal whose identity is an accident.
bool has_identity(const Expression* node) {
  const auto* constant = without_sign(node)->try_as<ast::Constant>();
  if (!constant) {
    const auto* tuple = node->try_as<ast::Tuple>();
    if (!tuple) return true;
    for (const Expression* element : tuple->elts) {
      if (!element->is<ast::Constant>()) return true;
    }
    return false;
  }
  switch (constant->value.kind) {
    case ConstantKind::None:
    case ConstantKind::True:
    case ConstantKind::False:
    case ConstantKind::Ellipsis:
      return true;
    default:
      return false;
  }
}

}  // namespace

bool Checker::check_expression(Expression* node) {
  switch (node->kind) {
    case NodeKind::Constant:
      return true;
    case NodeKind::Name: {
      auto* name = node->as<ast::Name>();
      return check_name(name->id, name->ctx, name->span);
    }
    case NodeKind::Attribute: {
      auto* attribute = node->as<ast::Attribute>();
      return check(attribute->value) &&
             check_name(attribute->attr, attribute->ctx, attribute->span);
    }
    case NodeKind::Starred:
      return fail(node->span, node->as<ast::Starred>()->ctx == ExpressionContext::Store
                                  ? "starred assignment target must be in a list or tuple"
                                  : "can't use starred expression here");
    case NodeKind::BinOp: {
      ast::BinOpSpine spine(node->as<ast::BinOp>());
      if (!check(spine.first())) return false;
      while (ast::BinOp* op = spine.next()) {
        if (!check(op->right)) return false;
      }
      return true;
    }
    case NodeKind::Tuple: {
      auto* tuple = node->as<ast::Tuple>();
      return check_elements(tuple->elts, tuple->ctx, tuple->span);
    }
    case NodeKind::List: {
      auto* list = node->as<ast::List>();
      return check_elements(list->elts, list->ctx, list->span);
    }
    case NodeKind::Set:
      return check_elements(node->as<ast::Set>()->elts, ExpressionContext::Load, node->span);
    case NodeKind::Lambda: {
      auto* lambda = node->as<ast::Lambda>();
      return check_arguments(lambda->args) &&
             check_in_unit(
                 ScopeKind::Lambda, false, [&] { return check(lambda->body); }, lambda->scope);
    }
    case NodeKind::Compare:
      warn_about_comparison(node->as<ast::Compare>());
      break;
    case NodeKind::Call: {
      auto* call = node->as<ast::Call>();
      warn_about_call(call->func);
      return check(call->func) && check_call_arguments(call->args, call->keywords);
    }
    case NodeKind::Subscript:
      warn_about_subscript(node->as<ast::Subscript>());
      break;
    case NodeKind::ListComp: {
      auto* list = node->as<ast::ListComp>();
      return check_comprehension(node, list->scope, list->generators, list->elt, nullptr);
    }
    case NodeKind::SetComp: {
      auto* set = node->as<ast::SetComp>();
      return check_comprehension(node, set->scope, set->generators, set->elt, nullptr);
    }
    case NodeKind::DictComp: {
      auto* dict = node->as<ast::DictComp>();
      return check_comprehension(node, dict->scope, dict->generators, dict->key, dict->value);
    }
    case NodeKind::GeneratorExp: {
      auto* generator = node->as<ast::GeneratorExp>();
      return check_comprehension(node, generator->scope, generator->generators, generator->elt,
                                 nullptr);
    }
    case NodeKind::Yield:
      return check_yield(node, node->as<ast::Yield>()->value);
    case NodeKind::YieldFrom:
      return check_yield(node, node->as<ast::YieldFrom>()->value);
    case NodeKind::Await:
      if (!may_await()) {
        bool in_function = unit_.kind != ScopeKind::Module && unit_.kind != ScopeKind::Class;
        return fail(node->span,
                    in_function ? "'await' outside async function" : "'await' outside function");
      }
      break;
    default:
      break;
  }
  return check_parts(node);
}

bool Checker::check_yield(Expression* node, Expression* value) {
  bool in_function = unit_.kind != ScopeKind::Module && unit_.kind != ScopeKind::Class;
  bool is_from = node->is<ast::YieldFrom>();
  if (!in_function) {
    return fail(node->span, is_from ? "'yield from' outside function" : "'yield' outside function");
  }
  if (is_from && unit_.is_async) {
    return fail(node->span, "'yield from' inside async function");
  }
  return !value || check(value);
}

/// Elements of a display or a target: stars are welcome, as a target only one of them.
bool Checker::check_elements(ArenaSpan<Expression*> elements, ExpressionContext context,
                             Span span) {
  bool seen_star = false;
  for (uint32_t i = 0; i < elements.size(); ++i) {
    auto* starred = elements[i]->try_as<ast::Starred>();
    if (!starred || context != ExpressionContext::Store) continue;
    if (seen_star) return fail(span, "multiple starred expressions in assignment");
    if (i >= 256 || elements.size() - i - 1 >= 1 << 23) {
      return fail(span, "too many expressions in star-unpacking assignment");
    }
    seen_star = true;
  }
  for (Expression* element : elements) {
    auto* starred = element->try_as<ast::Starred>();
    if (!check(starred ? starred->value : element)) return false;
  }
  return true;
}

bool Checker::check_call_arguments(ArenaSpan<Expression*> args, ArenaSpan<ast::Keyword*> keywords) {
  for (uint32_t i = 0; i < keywords.size(); ++i) {
    ast::Identifier name = keywords[i]->arg;
    if (!name) continue;
    if (!check_name(name, ExpressionContext::Store, keywords[i]->span)) return false;
    for (uint32_t later = i + 1; later < keywords.size(); ++later) {
      if (keywords[later]->arg == name) {
        return fail(keywords[later]->span,
                    "keyword argument repeated: " + std::string(name.view()));
      }
    }
  }
  for (Expression* argument : args) {
    auto* starred = argument->try_as<ast::Starred>();
    if (!check(starred ? starred->value : argument)) return false;
  }
  for (ast::Keyword* keyword : keywords) {
    if (!check(keyword->value)) return false;
  }
  return true;
}

bool Checker::check_comprehension(Expression* node, const ast::Scope* scope,
                                  ArenaSpan<ast::Comprehension*> clauses, Expression* first,
                                  Expression* second) {
  bool is_generator = scope->kind == ScopeKind::Generator;
  if (!check(clauses[0]->iter)) return false;
  bool in_generator = unit_.kind == ScopeKind::Generator;
  if (scope->has_await && !is_generator && !in_generator && !may_await()) {
    return fail(node->span, "asynchronous comprehension outside of an asynchronous function");
  }
  auto body = [&] {
    for (ast::Comprehension* clause : clauses) {
      if (clause != clauses[0] && !check(clause->iter)) return false;
      if (!check(clause->target) || !check_all(clause->ifs)) return false;
    }
    return check(first) && (!second || check(second));
  };
  // A generator expression that awaits becomes an asynchronous generator by itself.
  if (is_generator) return check_in_unit(ScopeKind::Generator, true, body, scope);
  return body();
}

// --- warnings ------------------------------------------------------------------------------------

void Checker::warn_about_assertion(ast::Assert* node) {
  auto* tuple = node->test->try_as<ast::Tuple>();
  if (tuple && !tuple->elts.empty()) {
    warn(node->span, "assertion is always true, perhaps remove parentheses?");
  }
}

void Checker::warn_about_comparison(ast::Compare* node) {
  const Expression* left = node->left;
  for (uint32_t i = 0; i < node->ops.size(); ++i) {
    const Expression* right = node->comparators[i];
    bool is = node->ops[i] == ast::CompareOperator::Is;
    if ((is || node->ops[i] == ast::CompareOperator::IsNot) &&
        (!has_identity(left) || !has_identity(right))) {
      const Expression* literal = without_sign(has_identity(left) ? right : left);
      warn(node->span, std::string(is ? "\"is\"" : "\"is not\"") + " with '" +
                           literal_type(literal) + "' literal. Did you mean \"" +
                           (is ? "==" : "!=") + "\"?");
      return;
    }
    left = right;
  }
}

void Checker::warn_about_call(Expression* function) {
  if (function->is<ast::Lambda>()) return;
  if (const char* type = literal_type(function)) {
    warn(function->span,
         std::string("'") + type + "' object is not callable; perhaps you missed a comma?");
  }
}

void Checker::warn_about_subscript(ast::Subscript* node) {
  if (node->ctx != ExpressionContext::Load) return;
  const Expression* value = node->value;
  bool is_sequence = false, is_nothing = false;
  switch (value->kind) {
    case NodeKind::Constant: {
      ConstantKind kind = value->as<ast::Constant>()->value.kind;
      is_sequence = kind == ConstantKind::Str || kind == ConstantKind::Bytes;
      is_nothing = !is_sequence;
      break;
    }
    case NodeKind::Tuple:
    case NodeKind::List:
    case NodeKind::ListComp:
    case NodeKind::JoinedStr:
    case NodeKind::FormattedValue:
      is_sequence = true;
      break;
    case NodeKind::Set:
    case NodeKind::SetComp:
    case NodeKind::GeneratorExp:
    case NodeKind::Lambda:
      is_nothing = true;
      break;
    default:
      return;
  }
  if (is_nothing) {
    warn(value->span, std::string("'") + literal_type(value) +
                          "' object is not subscriptable; perhaps you missed a comma?");
  }
  const char* index = literal_type(without_sign(node->slice));
  if (!is_sequence || !index) return;
  std::string_view name = index;
  if (name == "int" || name == "bool") return;
  warn(value->span, std::string(literal_type(value)) + " indices must be integers or slices, not " +
                        index + "; perhaps you missed a comma?");
}

}  // namespace apy
