#include "lexer/name_table.h"
#include "parser/resolver.h"

// The first walk: what each scope binds and uses. The order is CPython's, because it decides which
// of several errors is reported.

namespace apy {

using ast::Expression;
using ast::ExpressionContext;
using ast::NodeKind;
using ast::ScopeKind;

namespace {

ArenaSpan<ast::TypeParam*> type_parameters_of(const ast::Node* definition) {
  switch (definition->kind) {
    case NodeKind::FunctionDef:
      return definition->as<ast::FunctionDef>()->type_params;
    case NodeKind::AsyncFunctionDef:
      return definition->as<ast::AsyncFunctionDef>()->type_params;
    case NodeKind::ClassDef:
      return definition->as<ast::ClassDef>()->type_params;
    case NodeKind::TypeAlias:
      return definition->as<ast::TypeAlias>()->type_params;
    default:
      return {};
  }
}

/// What the value of a Lazy scope is, in the words of CPython.
const char* lazy_scope_name(const ast::Scope* scope) {
  if (scope->tables->is_annotation) return "an annotation";
  const ast::Scope* around = scope->parent;
  if (around->kind != ScopeKind::TypeParameters) return "a type alias";
  for (const ast::TypeParam* parameter : type_parameters_of(around->node)) {
    if (const auto* variable = parameter->try_as<ast::TypeVar>()) {
      if (variable->default_value == scope->node) return "a TypeVar default";
      if (variable->bound == scope->node) {
        return variable->bound->is<ast::Tuple>() ? "a TypeVar constraint" : "a TypeVar bound";
      }
    } else if (const auto* spec = parameter->try_as<ast::ParamSpec>()) {
      if (spec->default_value == scope->node) return "a ParamSpec default";
    } else if (parameter->as<ast::TypeVarTuple>()->default_value == scope->node) {
      return "a TypeVarTuple default";
    }
  }
  return "a type alias";
}

}  // namespace

template <class T>
bool Resolver::visit_children(T* node) {
  bool good = true;
  ast::for_each_child(node, [&](ast::Node* child) { good = good && visit(child); });
  return good;
}

bool Resolver::visit(ast::Node* node) {
  if (__builtin_expect(too_deep(), 0)) return false;
  if (node->is<ast::Expression>()) return visit_expression(static_cast<Expression*>(node));
  if (node->is<ast::Statement>()) return visit_statement(static_cast<ast::Statement*>(node));
  switch (node->kind) {
    case NodeKind::ExceptHandler: {
      auto* handler = node->as<ast::ExceptHandler>();
      if (!visit_maybe(handler->type)) return false;
      if (handler->name) bind(handler->name, handler->span);
      return visit_all(handler->body);
    }
    case NodeKind::MatchAs: {
      auto* pattern = node->as<ast::MatchAs>();
      if (!visit_maybe(pattern->pattern)) return false;
      if (pattern->name) bind(pattern->name, pattern->span);
      return true;
    }
    case NodeKind::MatchStar:
      if (auto* star = node->as<ast::MatchStar>(); star->name) bind(star->name, star->span);
      return true;
    case NodeKind::MatchMapping: {
      auto* mapping = node->as<ast::MatchMapping>();
      if (!visit_all(mapping->keys) || !visit_all(mapping->patterns)) return false;
      if (mapping->rest) bind(mapping->rest, mapping->span);
      return true;
    }
    case NodeKind::MatchClass:
      for (Identifier name : node->as<ast::MatchClass>()->kwd_attrs) mangle(name);
      return visit_children(node->as<ast::MatchClass>());
    case NodeKind::Keyword:
      if (auto* keyword = node->as<ast::Keyword>(); keyword->arg) mangle(keyword->arg);
      return visit(node->as<ast::Keyword>()->value);
    case NodeKind::TypeVar:
    case NodeKind::ParamSpec:
    case NodeKind::TypeVarTuple:
      return visit_type_parameter(static_cast<ast::TypeParam*>(node));
    default:
      return ast::visit(node, [this](auto* typed) { return visit_children(typed); });
  }
}

// --- statements ----------------------------------------------------------------------------------

bool Resolver::visit_statement(ast::Statement* node) {
  switch (node->kind) {
    case NodeKind::FunctionDef:
      return visit_function(node->as<ast::FunctionDef>(), false);
    case NodeKind::AsyncFunctionDef:
      return visit_function(node->as<ast::AsyncFunctionDef>(), true);
    case NodeKind::ClassDef:
      return visit_class(node->as<ast::ClassDef>());
    case NodeKind::TypeAlias:
      return visit_type_alias(node->as<ast::TypeAlias>());
    case NodeKind::Return:
      if (!node->as<ast::Return>()->value) return true;
      enclosing_frame()->has_return_value = true;
      return visit(node->as<ast::Return>()->value);
    case NodeKind::AnnAssign:
      return visit_annotated_assignment(node->as<ast::AnnAssign>());
    case NodeKind::If:
      return visit_if_chain(node->as<ast::If>());
    case NodeKind::Try:
      return visit_try(node->as<ast::Try>());
    case NodeKind::TryStar:
      return visit_try(node->as<ast::TryStar>());
    case NodeKind::Import:
      return visit_import(node->as<ast::Import>()->names);
    case NodeKind::ImportFrom:
      return visit_import(node->as<ast::ImportFrom>()->names);
    case NodeKind::Global:
      return visit_scope_statement(node, node->as<ast::Global>()->names, true);
    case NodeKind::Nonlocal:
      return visit_scope_statement(node, node->as<ast::Nonlocal>()->names, false);
    case NodeKind::AsyncFor:
    case NodeKind::AsyncWith:
      note_await();
      break;
    default:
      break;
  }
  return ast::visit(node, [this](auto* typed) { return visit_children(typed); });
}

bool Resolver::visit_if_chain(ast::If* node) {
  for (;;) {
    if (!visit(node->test) || !visit_all(node->body)) return false;
    bool has_elif = node->orelse.size() == 1 && node->orelse[0]->is<ast::If>();
    if (!has_elif) return visit_all(node->orelse);
    node = node->orelse[0]->as<ast::If>();
  }
}

template <class T>
bool Resolver::visit_try(T* node) {
  return visit_all(node->body) && visit_all(node->handlers) && visit_all(node->orelse) &&
         visit_all(node->finalbody);
}

bool Resolver::visit_annotated_assignment(ast::AnnAssign* node) {
  if (auto* name = node->target->try_as<ast::Name>()) {
    Identifier mangled = mangle(name->id);
    const Symbol* before = existing(current_, mangled);
    bool declared = before && (before->is_global_declared || before->is_nonlocal_declared);
    if (declared && node->simple && current_->kind != ScopeKind::Module) {
      return fail(node->span, "annotated name '" + std::string(mangled.view()) + "' can't be " +
                                  (before->is_global_declared ? "global" : "nonlocal"));
    }
    Symbol* symbol = symbol_in(current_, mangled, name->span);
    if (node->simple) {
      symbol->is_annotated = true;
      bind_in(current_, mangled, name->span);
    } else if (node->value) {
      bind_in(current_, mangled, name->span);
    }
    uses_.emplace_back(name, symbol);
  } else if (!visit(node->target)) {
    return false;
  }
  return visit_annotation(node->annotation) && visit_maybe(node->value);
}

bool Resolver::visit_annotation(Expression* annotation) {
  if (!annotation || !future_annotations_) return !annotation || visit(annotation);
  // As text it is never evaluated, so its names mean nothing.
  enter(ScopeKind::Lazy, annotation, {})->tables->is_annotation = true;
  if (!visit(annotation)) return false;
  leave();
  current_->children.pop_back();
  return true;
}

/// Marks the name as declared global or nonlocal.
static void declare(ast::Symbol* symbol, bool is_global) {
  if (is_global)
    symbol->is_global_declared = true;
  else
    symbol->is_nonlocal_declared = true;
}

bool Resolver::visit_scope_statement(ast::Node* node, ArenaSpan<Identifier> names, bool is_global) {
  for (Identifier name : names) {
    Identifier mangled = mangle(name);
    const char* declaration = is_global ? "global" : "nonlocal";
    Symbol* symbol = existing(current_, mangled);
    if (symbol) {
      std::string quoted = "'" + std::string(name.view()) + "'";
      if (symbol->is_parameter) {
        return fail(node->span, "name " + quoted + " is parameter and " + declaration);
      }
      if (symbol->is_used) {
        return fail(node->span,
                    "name " + quoted + " is used prior to " + declaration + " declaration");
      }
      if (symbol->is_annotated) {
        return fail(node->span, "annotated name " + quoted + " can't be " + declaration);
      }
      if (symbol->is_assigned) {
        return fail(node->span,
                    "name " + quoted + " is assigned to before " + declaration + " declaration");
      }
    }
    symbol = symbol_in(current_, mangled, node->span);
    declare(symbol, is_global);
    // The module's own code means its globals by the name as well, whatever exec() calls its
    // locals.
    if (is_global) symbol_in(result_.module, mangled, node->span)->is_global_declared = true;
    directives_.push_back({current_, mangled, node->span});
  }
  return true;
}

bool Resolver::visit_import(ArenaSpan<ast::Alias*> names) {
  for (const ast::Alias* alias : names) {
    if (alias->name.view() == "*") {
      if (current_->kind != ScopeKind::Module) {
        return fail(alias->span, "import * only allowed at module level");
      }
      current_->has_star_import = true;
      continue;
    }
    Identifier name = alias->asname;
    if (!name) {
      std::string_view whole = alias->name.view();
      size_t dot = whole.find('.');
      name = dot == std::string_view::npos ? alias->name
                                           : Identifier(names_.intern(whole.substr(0, dot)));
    }
    Symbol* symbol = symbol_in(current_, mangle(name), alias->span);
    symbol->is_bound = true;
    symbol->is_imported = true;
    mangle(alias->name);
  }
  return true;
}

// --- definitions ---------------------------------------------------------------------------------

void Resolver::enter_type_parameters(ast::Node* node, Identifier name) {
  Scope* around = current_;
  enter(ScopeKind::TypeParameters, node, name);
  if (around->kind == ScopeKind::Class) current_->visible_class = around;
}

template <class T>
bool Resolver::visit_function(T* node, bool is_async) {
  bind(node->name, node->span);
  if (!visit_all(node->args->defaults) || !visit_all(node->args->kw_defaults) ||
      !visit_all(node->decorator_list)) {
    return false;
  }
  bool is_generic = !node->type_params.empty();
  if (is_generic) {
    enter_type_parameters(node, node->name);
    node->type_scope = current_;
    if (!visit_all(node->type_params)) return false;
  }
  if (!visit_annotations(node->args, node->returns)) return false;
  node->scope = enter(ScopeKind::Function, node, node->name);
  current_->is_async = is_async;
  if (!visit_arguments(node->args) || !visit_all(node->body)) return false;
  leave();
  if (is_generic) leave();
  return true;
}

bool Resolver::visit_annotations(ast::Arguments* arguments, Expression* returns) {
  auto annotation = [this](ast::Arg* parameter) {
    return !parameter || visit_annotation(parameter->annotation);
  };
  for (ast::Arg* parameter : arguments->posonlyargs) {
    if (!annotation(parameter)) return false;
  }
  for (ast::Arg* parameter : arguments->args) {
    if (!annotation(parameter)) return false;
  }
  if (!annotation(arguments->vararg) || !annotation(arguments->kwarg)) return false;
  for (ast::Arg* parameter : arguments->kwonlyargs) {
    if (!annotation(parameter)) return false;
  }
  return visit_annotation(returns);
}

bool Resolver::visit_arguments(ast::Arguments* arguments) {
  auto parameter = [this](ast::Arg* argument) {
    Identifier mangled = mangle(argument->arg);
    if (existing(current_, mangled)) {
      return fail(argument->span, "duplicate argument '" + std::string(argument->arg.view()) +
                                      "' in function definition");
    }
    Symbol* symbol = symbol_in(current_, mangled, argument->span);
    symbol->is_bound = symbol->is_parameter = true;
    return true;
  };
  for (ast::Arg* argument : arguments->posonlyargs) {
    if (!parameter(argument)) return false;
  }
  for (ast::Arg* argument : arguments->args) {
    if (!parameter(argument)) return false;
  }
  for (ast::Arg* argument : arguments->kwonlyargs) {
    if (!parameter(argument)) return false;
  }
  if (arguments->vararg && !parameter(arguments->vararg)) return false;
  return !arguments->kwarg || parameter(arguments->kwarg);
}

bool Resolver::visit_class(ast::ClassDef* node) {
  bind(node->name, node->span);
  if (!visit_all(node->decorator_list)) return false;
  bool is_generic = !node->type_params.empty();
  // Private names in the parameters, the bases of a generic class and the body are the class's.
  Scope* scope = make_scope(ScopeKind::Class, node, node->name);
  if (is_generic) {
    enter_type_parameters(node, node->name);
    node->type_scope = current_;
    current_->private_class = scope;
    if (!visit_all(node->type_params)) return false;
  }
  if (!visit_all(node->bases) || !visit_all(node->keywords)) return false;
  scope->parent = current_;
  scope->private_class = scope;
  scope->is_nested = current_->is_nested || current_->is_function_like();
  scope->tables->iterable_depth = current_->tables->iterable_depth;
  current_->children.push_back(scope);
  node->scope = current_ = scope;
  if (!visit_all(node->body)) return false;
  leave();
  if (is_generic) leave();
  return true;
}

bool Resolver::visit_lambda(ast::Lambda* node) {
  if (!visit_all(node->args->defaults) || !visit_all(node->args->kw_defaults)) return false;
  node->scope = enter(ScopeKind::Lambda, node, {});
  if (!visit_arguments(node->args) || !visit(node->body)) return false;
  leave();
  return true;
}

bool Resolver::visit_type_alias(ast::TypeAlias* node) {
  if (!visit(node->name)) return false;
  Identifier name = node->name->as<ast::Name>()->id;
  bool is_generic = !node->type_params.empty();
  if (is_generic) {
    enter_type_parameters(node, name);
    node->type_scope = current_;
    if (!visit_all(node->type_params)) return false;
  }
  if (!visit_lazy(node->value, name, node->scope)) return false;
  if (is_generic) leave();
  return true;
}

/// A value that is evaluated later, in a scope of its own.
bool Resolver::visit_lazy(Expression* value, Identifier name, Scope*& out) {
  Scope* around = current_;
  out = enter(ScopeKind::Lazy, value, name);
  out->visible_class = around->kind == ScopeKind::Class ? around : around->visible_class;
  if (!visit(value)) return false;
  leave();
  return true;
}

bool Resolver::visit_type_parameter(ast::TypeParam* node) {
  auto define = [&](Identifier name) {
    Identifier mangled = mangle(name);
    const Symbol* before = existing(current_, mangled);
    if (before && before->is_type_parameter) {
      return fail(node->span, "duplicate type parameter '" + std::string(name.view()) + "'");
    }
    bind_in(current_, mangled, node->span)->is_type_parameter = true;
    return true;
  };
  auto lazy = [this](Expression* value, Identifier name, Scope*& out) {
    return !value || visit_lazy(value, name, out);
  };
  if (auto* variable = node->try_as<ast::TypeVar>()) {
    return define(variable->name) && lazy(variable->bound, variable->name, variable->bound_scope) &&
           lazy(variable->default_value, variable->name, variable->default_scope);
  }
  if (auto* spec = node->try_as<ast::ParamSpec>()) {
    return define(spec->name) && lazy(spec->default_value, spec->name, spec->default_scope);
  }
  auto* tuple = node->as<ast::TypeVarTuple>();
  return define(tuple->name) && lazy(tuple->default_value, tuple->name, tuple->default_scope);
}

// --- expressions ---------------------------------------------------------------------------------

bool Resolver::visit_expression(Expression* node) {
  switch (node->kind) {
    case NodeKind::Name:
      return visit_name(node->as<ast::Name>());
    case NodeKind::Constant:
      return true;
    case NodeKind::BinOp:
      return visit_chain(node->as<ast::BinOp>());
    case NodeKind::Attribute:
      mangle(node->as<ast::Attribute>()->attr);
      return visit(node->as<ast::Attribute>()->value);
    case NodeKind::NamedExpr:
      return visit_named_expression(node->as<ast::NamedExpr>());
    case NodeKind::Lambda:
      return visit_lambda(node->as<ast::Lambda>());
    case NodeKind::ListComp: {
      auto* list = node->as<ast::ListComp>();
      return visit_comprehension_expression(list, ScopeKind::Comprehension, list->elt, nullptr);
    }
    case NodeKind::SetComp: {
      auto* set = node->as<ast::SetComp>();
      return visit_comprehension_expression(set, ScopeKind::Comprehension, set->elt, nullptr);
    }
    case NodeKind::DictComp: {
      auto* dict = node->as<ast::DictComp>();
      return visit_comprehension_expression(dict, ScopeKind::Comprehension, dict->key, dict->value);
    }
    case NodeKind::GeneratorExp: {
      auto* generator = node->as<ast::GeneratorExp>();
      return visit_comprehension_expression(generator, ScopeKind::Generator, generator->elt,
                                            nullptr);
    }
    case NodeKind::Yield:
    case NodeKind::YieldFrom:
      return visit_yield(node);
    case NodeKind::Await:
      if (!reject_in_lazy_scope("await expression", node->span)) return false;
      if (!visit(node->as<ast::Await>()->value)) return false;
      note_await();
      return true;
    default:
      return ast::visit(static_cast<ast::Node*>(node),
                        [this](auto* typed) { return visit_children(typed); });
  }
}

bool Resolver::visit_chain(ast::BinOp* node) {
  ast::BinOpSpine spine(node);
  if (!visit(spine.first())) return false;
  while (ast::BinOp* op = spine.next()) {
    if (!visit(op->right)) return false;
  }
  return true;
}

bool Resolver::visit_name(ast::Name* node) {
  Symbol* symbol;
  if (node->ctx == ExpressionContext::Load) {
    symbol = use(node->id, node->span);
    // `super()` finds its class in the cell `__class__`.
    if (node->id == super_name_ && current_->is_function_like()) use(class_name_, node->span);
  } else {
    Identifier mangled = mangle(node->id);
    symbol = bind_in(current_, mangled, node->span);
    if (current_->tables->in_iteration_target) {
      if (symbol->is_global_declared || symbol->is_nonlocal_declared) {
        return fail(node->span,
                    "comprehension inner loop cannot rebind assignment expression target '" +
                        std::string(mangled.view()) + "'");
      }
      symbol->is_iteration_variable = true;
    }
  }
  uses_.emplace_back(node, symbol);
  return true;
}

bool Resolver::visit_named_expression(ast::NamedExpr* node) {
  if (!reject_in_lazy_scope("named expression", node->span)) return false;
  if (current_->tables->iterable_depth > 0) {
    return fail(node->span,
                "assignment expression cannot be used in a comprehension iterable expression");
  }
  bool in_comprehension =
      current_->kind == ScopeKind::Comprehension || current_->kind == ScopeKind::Generator;
  if (in_comprehension && !extend_to_enclosing_scope(node->target->as<ast::Name>())) return false;
  return visit(node->value) && visit(node->target);
}

/// A name assigned in a comprehension is a variable of the scope around all comprehensions.
bool Resolver::extend_to_enclosing_scope(ast::Name* target) {
  Identifier mangled = mangle(target->id);
  for (Scope* scope = current_;; scope = scope->parent) {
    switch (scope->kind) {
      case ScopeKind::Comprehension:
      case ScopeKind::Generator: {
        const Symbol* symbol = existing(scope, mangled);
        if (symbol && symbol->is_iteration_variable) {
          return fail(target->span,
                      "assignment expression cannot rebind comprehension iteration variable '" +
                          std::string(target->id.view()) + "'");
        }
        continue;
      }
      case ScopeKind::Function:
      case ScopeKind::Lambda: {
        const Symbol* outer = existing(scope, mangled);
        Symbol* symbol = symbol_in(current_, mangled, target->span);
        bool is_global = outer && outer->is_global_declared;
        declare(symbol, is_global);
        directives_.push_back({current_, mangled, target->span});
        bind_in(scope, mangled, target->span);
        return true;
      }
      case ScopeKind::Module: {
        symbol_in(current_, mangled, target->span)->is_global_declared = true;
        directives_.push_back({current_, mangled, target->span});
        bind_in(scope, mangled, target->span)->is_global_declared = true;
        return true;
      }
      case ScopeKind::Class:
        return fail(target->span,
                    "assignment expression within a comprehension cannot be used in a class body");
      case ScopeKind::TypeParameters:
        return fail(target->span,
                    "assignment expression within a comprehension cannot be used within the "
                    "definition of a generic");
      case ScopeKind::Lazy: {
        return fail(target->span,
                    std::string("assignment expression within a comprehension cannot be used in ") +
                        lazy_scope_name(scope));
      }
    }
  }
}

template <class T>
bool Resolver::visit_comprehension_expression(T* node, ScopeKind kind, Expression* element,
                                              Expression* value) {
  // The outermost iterable is evaluated in the scope around.
  ast::Comprehension* first = node->generators[0];
  ++current_->tables->iterable_depth;
  if (!visit(first->iter)) return false;
  --current_->tables->iterable_depth;
  node->scope = enter(kind, node, {});
  for (ast::Comprehension* clause : node->generators) {
    if (!visit_clause(clause, clause == first)) return false;
  }
  if (!visit_maybe(value) || !visit(element)) return false;
  if (kind == ScopeKind::Generator) current_->has_yield = true;
  leave();
  return true;
}

bool Resolver::visit_clause(ast::Comprehension* clause, bool is_first) {
  Scope::Tables* tables = current_->tables;
  if (clause->is_async) note_await();
  tables->in_iteration_target = true;
  if (!visit(clause->target)) return false;
  tables->in_iteration_target = false;
  if (!is_first) {
    ++tables->iterable_depth;
    if (!visit(clause->iter)) return false;
    --tables->iterable_depth;
  }
  return visit_all(clause->ifs);
}

/// The frame waits here, and so do the comprehensions in between.
void Resolver::note_await() {
  for (Scope* scope = current_;; scope = scope->parent) {
    scope->has_await = true;
    if (scope == scope->frame) return;
  }
}

bool Resolver::visit_yield(Expression* node) {
  if (!reject_in_lazy_scope("yield expression", node->span)) return false;
  auto* yield = node->try_as<ast::Yield>();
  if (!visit_maybe(yield ? yield->value : node->as<ast::YieldFrom>()->value)) return false;
  const char* inside = nullptr;
  switch (current_->node->kind) {
    case NodeKind::ListComp:
      inside = "list comprehension";
      break;
    case NodeKind::SetComp:
      inside = "set comprehension";
      break;
    case NodeKind::DictComp:
      inside = "dict comprehension";
      break;
    case NodeKind::GeneratorExp:
      inside = "generator expression";
      break;
    default:
      break;
  }
  if (inside) return fail(node->span, std::string("'yield' inside ") + inside);
  enclosing_frame()->has_yield = true;
  return true;
}

/// Values that are evaluated lazily cannot suspend or assign.
bool Resolver::reject_in_lazy_scope(const char* what, Span span) {
  const char* where;
  switch (current_->kind) {
    case ScopeKind::TypeParameters:
      where = "the definition of a generic";
      break;
    case ScopeKind::Lazy:
      where = lazy_scope_name(current_);
      break;
    default:
      return true;
  }
  return fail(span, std::string(what) + " cannot be used within " + where);
}

}  // namespace apy
