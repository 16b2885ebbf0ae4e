#include <string>
#include <vector>

#include "parser/checker.h"
#include "parser/stack_limit.h"

// What CPython's code generator refuses: statements in the wrong place, impossible targets, ... .
// One walk in the order of code generation, so that the same error comes first.

namespace apy {

using ast::Expression;
using ast::ExpressionContext;
using ast::NodeKind;
using ast::ScopeKind;

namespace {

/// CPython's limit on loops, `with` and `try` inside each other.
constexpr size_t kMaxBlocks = 21;

constexpr const char* kFeatures[] = {
    "nested_scopes",  "generators",       "division",       "absolute_import", "with_statement",
    "print_function", "unicode_literals", "barry_as_FLUFL", "generator_stop",  "annotations"};

}  // namespace

bool check_tree(ast::Node* root, const ResolveOptions& options, Resolution& result) {
  return Checker(options, result).run(root);
}

Checker::Checker(const ResolveOptions& options, Resolution& result)
    : options_(options), result_(result) {
  stack_limit_ = stack_limit_or_default(options.stack_limit);
}

bool Checker::run(ast::Node* root) {
  unit_ = {ScopeKind::Module, false, {}, result_.module};
  if (auto* module = root->try_as<ast::Module>()) {
    return check_future_imports(module->body) && check_all(module->body);
  }
  if (auto* interactive = root->try_as<ast::InteractiveModule>()) {
    return check_future_imports(interactive->body) && check_all(interactive->body);
  }
  return check(root->as<ast::ExpressionModule>()->body);
}

bool Checker::fail(Span span, std::string message) {
  result_.error.kind = DiagnosticKind::SyntaxError;
  result_.error.span = span;
  result_.error.message = std::move(message);
  return false;
}

bool Checker::fail(Span span, const char* message) { return fail(span, std::string(message)); }

void Checker::warn(Span span, std::string message) {
  Diagnostic warning;
  warning.kind = DiagnosticKind::SyntaxWarning;
  warning.span = span;
  warning.message = std::move(message);
  result_.warnings.push_back(std::move(warning));
}

bool Checker::too_deep() {
  if (static_cast<char*>(__builtin_frame_address(0)) > stack_limit_) return false;
  result_.error.kind = DiagnosticKind::RecursionError;
  result_.error.excerpt = DiagnosticExcerpt::None;
  result_.error.message = "maximum recursion depth exceeded during compilation";
  return true;
}

bool Checker::check(ast::Node* node) {
  if (__builtin_expect(too_deep(), 0)) return false;
  if (node->is<Expression>()) return check_expression(static_cast<Expression*>(node));
  if (node->is<ast::Statement>()) return check_statement(static_cast<ast::Statement*>(node));
  return check_parts(node);
}

/// All children, by the node's own type.
[[gnu::noinline]] bool Checker::check_parts(ast::Node* node) {
  return ast::visit(node, [this](auto* typed) { return check_children(typed); });
}

// --- statements ----------------------------------------------------------------------------------

bool Checker::check_statement(ast::Statement* node) {
  switch (node->kind) {
    case NodeKind::FunctionDef: {
      auto* function = node->as<ast::FunctionDef>();
      return check_function(function, false);
    }
    case NodeKind::AsyncFunctionDef:
      return check_function(node->as<ast::AsyncFunctionDef>(), true);
    case NodeKind::ClassDef:
      return check_class(node->as<ast::ClassDef>());
    case NodeKind::TypeAlias: {
      auto* alias = node->as<ast::TypeAlias>();
      return check(alias->name) && check_type_parameters(alias->type_params) &&
             check_in_unit(ScopeKind::Lazy, false, [&] { return check(alias->value); });
    }
    case NodeKind::Return:
      return check_return(node->as<ast::Return>());
    case NodeKind::Break:
    case NodeKind::Continue:
      return check_jump(node);
    case NodeKind::If:
      return check_if_chain(node->as<ast::If>());
    case NodeKind::For: {
      auto* loop = node->as<ast::For>();
      return check_loop(loop, loop->iter, loop->target);
    }
    case NodeKind::AsyncFor: {
      auto* loop = node->as<ast::AsyncFor>();
      if (!may_await()) return fail(node->span, "'async for' outside async function");
      return check_loop(loop, loop->iter, loop->target);
    }
    case NodeKind::While: {
      auto* loop = node->as<ast::While>();
      return check_loop(loop, loop->test, nullptr);
    }
    case NodeKind::With: {
      auto* with = node->as<ast::With>();
      return check_with(with->items, 0, with->body);
    }
    case NodeKind::AsyncWith: {
      auto* with = node->as<ast::AsyncWith>();
      if (!may_await()) return fail(node->span, "'async with' outside async function");
      return check_with(with->items, 0, with->body);
    }
    case NodeKind::Try:
      return check_try(node->as<ast::Try>(), false);
    case NodeKind::TryStar:
      return check_try(node->as<ast::TryStar>(), true);
    case NodeKind::Match:
      return check_match(node->as<ast::Match>());
    case NodeKind::Assign: {
      auto* assign = node->as<ast::Assign>();
      return check(assign->value) && check_all(assign->targets);
    }
    case NodeKind::AnnAssign:
      return check_annotated_assignment(node->as<ast::AnnAssign>());
    case NodeKind::Assert:
      warn_about_assertion(node->as<ast::Assert>());
      return check_parts(node);
    case NodeKind::Import:
      return check_imported_names(node->span, node->as<ast::Import>()->names);
    case NodeKind::ImportFrom: {
      auto* import = node->as<ast::ImportFrom>();
      if (import->level == 0 && import->module.view() == "__future__" &&
          node->span.begin >= future_imports_end_) {
        return fail(node->span, "from __future__ imports must occur at the beginning of the file");
      }
      return check_imported_names(node->span, import->names);
    }
    default:
      return check_parts(node);
  }
}

bool Checker::check_annotated_assignment(ast::AnnAssign* node) {
  if (node->value) {
    if (!check(node->value) || !check(node->target)) return false;
  } else if (auto* name = node->target->try_as<ast::Name>()) {
    if (!check_name(name->id, ExpressionContext::Store, node->span)) return false;
  } else if (auto* attribute = node->target->try_as<ast::Attribute>()) {
    if (!check_name(attribute->attr, ExpressionContext::Store, node->span)) return false;
    if (!check(attribute->value)) return false;
  } else if (!check(node->target)) {
    return false;
  }
  // Functions do not evaluate the annotations of their variables.
  bool is_evaluated = !result_.module->has_future_annotations &&
                      (unit_.kind == ScopeKind::Module || unit_.kind == ScopeKind::Class);
  return !is_evaluated || check(node->annotation);
}

/// The imports at the head of a module name features that exist.
bool Checker::check_future_imports(ArenaSpan<ast::Statement*> body) {
  bool may_be_docstring = true;
  for (ast::Statement* statement : body) {
    auto* import = statement->try_as<ast::ImportFrom>();
    if (import && import->level == 0 && import->module.view() == "__future__") {
      Span start{import->span.begin, import->span.begin};
      for (const ast::Alias* alias : import->names) {
        std::string_view name = alias->name.view();
        if (name == "braces") return fail(start, "not a chance");
        bool known = false;
        for (std::string_view feature : kFeatures) known |= feature == name;
        if (!known) {
          return fail(start, "future feature " + std::string(name) + " is not defined");
        }
      }
      future_imports_end_ = import->span.end;
    } else {
      auto* expression = statement->try_as<ast::Expr>();
      auto* text = expression ? expression->value->try_as<ast::Constant>() : nullptr;
      if (!may_be_docstring || !text || text->value.kind != ast::ConstantKind::Str) break;
    }
    may_be_docstring = false;
  }
  return true;
}

bool Checker::check_imported_names(Span span, ArenaSpan<ast::Alias*> names) {
  for (const ast::Alias* alias : names) {
    ast::Identifier name = alias->asname ? alias->asname : alias->name;
    if (!check_name(name, ExpressionContext::Store, span)) return false;
  }
  return true;
}

/// `__debug__` is a constant, wherever a name can be bound.
bool Checker::check_name(ast::Identifier name, ExpressionContext context, Span span) {
  if (context == ExpressionContext::Load || name.view() != "__debug__") return true;
  return fail(span, context == ExpressionContext::Store ? "cannot assign to __debug__"
                                                        : "cannot delete __debug__");
}

bool Checker::check_if_chain(ast::If* node) {
  for (;;) {
    if (!check(node->test) || !check_all(node->body)) return false;
    bool has_elif = node->orelse.size() == 1 && node->orelse[0]->is<ast::If>();
    if (!has_elif) return check_all(node->orelse);
    node = node->orelse[0]->as<ast::If>();
  }
}

bool Checker::push_block(Block block, Span span) {
  if (unit_.blocks.size() >= kMaxBlocks) {
    return fail(span, "too many statically nested blocks");
  }
  unit_.blocks.push_back(block);
  return true;
}

template <class T>
bool Checker::check_loop(T* node, Expression* head, Expression* target) {
  if (target && !check(head)) return false;
  if (!push_block(Block::Loop, node->span)) return false;
  if (target ? !check(target) : !check(head)) return false;
  if (!check_all(node->body)) return false;
  unit_.blocks.pop_back();
  return check_all(node->orelse);
}

bool Checker::check_with(ArenaSpan<ast::WithItem*> items, uint32_t first,
                         ArenaSpan<ast::Statement*> body) {
  size_t before = unit_.blocks.size();
  for (uint32_t i = first; i < items.size(); ++i) {
    if (!check(items[i]->context_expr)) return false;
    if (!push_block(Block::Other, items[i]->context_expr->span)) return false;
    if (items[i]->optional_vars && !check(items[i]->optional_vars)) return false;
  }
  if (!check_all(body)) return false;
  unit_.blocks.resize(before);
  return true;
}

template <class T>
bool Checker::check_try(T* node, bool is_star) {
  size_t before = unit_.blocks.size();
  if (!node->finalbody.empty() && !push_block(Block::Other, node->span)) return false;
  if (!node->handlers.empty()) {
    if (!push_block(Block::Other, node->span) || !check_all(node->body)) return false;
    unit_.blocks.pop_back();
    if (!is_star && !check_all(node->orelse)) return false;
    if (!push_block(is_star ? Block::ExceptStar : Block::Other, node->span)) return false;
    for (ast::ExceptHandler* handler : node->handlers) {
      if (!handler->type && handler != node->handlers.back()) {
        return fail(handler->span, "default 'except:' must be last");
      }
      if (handler->type && !check(handler->type)) return false;
      if (handler->name && !check_name(handler->name, ExpressionContext::Store, handler->span)) {
        return false;
      }
      if (!push_block(Block::Other, handler->span) || !check_all(handler->body)) return false;
      unit_.blocks.pop_back();
    }
    unit_.blocks.pop_back();
    if (is_star && !check_all(node->orelse)) return false;
  } else if (!check_all(node->body)) {
    return false;
  }
  unit_.blocks.resize(before);
  if (node->finalbody.empty()) return true;
  if (!push_block(Block::Other, node->span) || !check_all(node->finalbody)) return false;
  unit_.blocks.resize(before);
  return true;
}

namespace {
constexpr const char* kLeavesExceptStar =
    "'break', 'continue' and 'return' cannot appear in an except* block";
}

bool Checker::check_return(ast::Return* node) {
  bool in_function = unit_.kind == ScopeKind::Function || unit_.kind == ScopeKind::Lambda;
  if (!in_function) return fail(node->span, "'return' outside function");
  if (node->value && unit_.is_async && unit_.scope->has_yield) {
    return fail(node->span, "'return' with value in async generator");
  }
  if (node->value && !check(node->value)) return false;
  bool is_constant = node->value && node->value->is<ast::Constant>();
  for (Block block : unit_.blocks) {
    if (block == Block::ExceptStar) {
      return fail(is_constant ? node->value->span : node->span, kLeavesExceptStar);
    }
  }
  return true;
}

bool Checker::check_jump(ast::Statement* node) {
  for (size_t i = unit_.blocks.size(); i-- > 0;) {
    if (unit_.blocks[i] == Block::ExceptStar) return fail(node->span, kLeavesExceptStar);
    if (unit_.blocks[i] == Block::Loop) return true;
  }
  return fail(node->span,
              node->is<ast::Break>() ? "'break' outside loop" : "'continue' not properly in loop");
}

// --- definitions ---------------------------------------------------------------------------------

template <class T>
bool Checker::check_body(T* node) {
  // What ends a generator or coroutine when it finishes counts as a block.
  if (node->scope->is_async || node->scope->has_yield) unit_.blocks.push_back(Block::Other);
  return check_all(node->body);
}

template <class T>
bool Checker::check_function(T* node, bool is_async) {
  if (!check_all(node->decorator_list) || !check_arguments(node->args) ||
      !check_type_parameters(node->type_params) || !check_annotations(node->args, node->returns)) {
    return false;
  }
  bool good = check_in_unit(
      ScopeKind::Function, is_async, [&] { return check_body(node); }, node->scope);
  return good && check_name(node->name, ExpressionContext::Store, node->span);
}

/// The names of the parameters and their defaults.
bool Checker::check_arguments(ast::Arguments* arguments) {
  auto parameter = [this](ast::Arg* argument) {
    return !argument || check_name(argument->arg, ExpressionContext::Store, argument->span);
  };
  for (ast::Arg* argument : arguments->posonlyargs) {
    if (!parameter(argument)) return false;
  }
  for (ast::Arg* argument : arguments->args) {
    if (!parameter(argument)) return false;
  }
  if (!parameter(arguments->vararg)) return false;
  for (ast::Arg* argument : arguments->kwonlyargs) {
    if (!parameter(argument)) return false;
  }
  return parameter(arguments->kwarg) && check_all(arguments->defaults) &&
         check_all(arguments->kw_defaults);
}

bool Checker::check_annotations(ast::Arguments* arguments, Expression* returns) {
  if (result_.module->has_future_annotations) return true;
  auto annotation = [this](ast::Arg* argument, bool may_be_starred) {
    if (!argument || !argument->annotation) return true;
    Expression* value = argument->annotation;
    if (auto* starred = value->try_as<ast::Starred>(); starred && may_be_starred) {
      value = starred->value;
    }
    return check(value);
  };
  for (ast::Arg* argument : arguments->args) {
    if (!annotation(argument, false)) return false;
  }
  for (ast::Arg* argument : arguments->posonlyargs) {
    if (!annotation(argument, false)) return false;
  }
  if (!annotation(arguments->vararg, true)) return false;
  for (ast::Arg* argument : arguments->kwonlyargs) {
    if (!annotation(argument, false)) return false;
  }
  return annotation(arguments->kwarg, false) && (!returns || check(returns));
}

bool Checker::check_class(ast::ClassDef* node) {
  if (!check_all(node->decorator_list) || !check_type_parameters(node->type_params)) return false;
  bool good = check_in_unit(
      ScopeKind::Class, false, [&] { return check_all(node->body); }, node->scope);
  return good && check_call_arguments(node->bases, node->keywords) &&
         check_name(node->name, ExpressionContext::Store, node->span);
}

bool Checker::check_type_parameters(ArenaSpan<ast::TypeParam*> parameters) {
  bool seen_default = false;
  auto order = [&](const ast::TypeParam* node, ast::Identifier name, bool has_default) {
    if (!has_default && seen_default) {
      return fail(node->span, "non-default type parameter '" + std::string(name.view()) +
                                  "' follows default type parameter");
    }
    seen_default |= has_default;
    return true;
  };
  for (ast::TypeParam* node : parameters) {
    bool good = true;
    check_in_unit(ScopeKind::Lazy, false, [&] {
      if (auto* variable = node->try_as<ast::TypeVar>()) {
        good = (!variable->bound || check(variable->bound)) &&
               order(node, variable->name, variable->default_value) &&
               (!variable->default_value || check(variable->default_value));
      } else if (auto* spec = node->try_as<ast::ParamSpec>()) {
        good = order(node, spec->name, spec->default_value) &&
               (!spec->default_value || check(spec->default_value));
      } else {
        auto* tuple = node->as<ast::TypeVarTuple>();
        Expression* value = tuple->default_value;
        if (value && value->is<ast::Starred>()) value = value->as<ast::Starred>()->value;
        good = order(node, tuple->name, value != nullptr) && (!value || check(value));
      }
      return good;
    });
    if (!good) return false;
  }
  return true;
}

}  // namespace apy
