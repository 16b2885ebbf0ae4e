#include "parser/resolve.h"

#include "lexer/name_table.h"
#include "parser/resolver.h"
#include "parser/stack_limit.h"

namespace apy {

using ast::Identifier;
using ast::Scope;
using ast::Symbol;

Resolution::Resolution() : storage_(new Storage) {}
Resolution::~Resolution() { delete storage_; }

Resolution::Resolution(Resolution&& other) noexcept
    : ok(other.ok),
      error(std::move(other.error)),
      warnings(std::move(other.warnings)),
      module(other.module),
      storage_(std::exchange(other.storage_, nullptr)) {}

Resolution& Resolution::operator=(Resolution&& other) noexcept {
  ok = other.ok;
  error = std::move(other.error);
  warnings = std::move(other.warnings);
  module = other.module;
  std::swap(storage_, other.storage_);
  return *this;
}

Resolution resolve(ast::Node* root, NameTable& names, const ResolveOptions& options) {
  Resolution result;
  Resolver resolver(names, options, result);
  result.ok = resolver.run(root) && check_tree(root, options, result);
  return result;
}

// --- scopes --------------------------------------------------------------------------------------

Symbol* Scope::find_mangled(Identifier name) const {
  auto found = tables->by_name.find(name.data());
  return found == tables->by_name.end() ? nullptr : found->second;
}

Symbol* Scope::find(Identifier name) const { return find_mangled(mangled(name)); }

Identifier Scope::mangled(Identifier name) const {
  if (!private_class || !name.view().starts_with("__")) return name;
  const auto& known = private_class->tables->mangled;
  auto found = known.find(name.data());
  return found == known.end() ? name : found->second;
}

// --- building ------------------------------------------------------------------------------------

Resolver::Resolver(NameTable& names, const ResolveOptions& options, Resolution& result)
    : names_(names),
      options_(options),
      result_(result),
      class_name_(names.intern("__class__")),
      super_name_(names.intern("super")) {
  stack_limit_ = stack_limit_or_default(options.stack_limit);
}

bool Resolver::fail(Span span, std::string message) {
  result_.error.kind = DiagnosticKind::SyntaxError;
  result_.error.span = span;
  result_.error.message = std::move(message);
  return false;
}

bool Resolver::too_deep() {
  if (static_cast<char*>(__builtin_frame_address(0)) > stack_limit_) return false;
  result_.error.kind = DiagnosticKind::RecursionError;
  result_.error.excerpt = DiagnosticExcerpt::None;
  result_.error.message = "maximum recursion depth exceeded during compilation";
  return true;
}

Scope* Resolver::make_scope(ast::ScopeKind kind, ast::Node* node, Identifier name) {
  Scope* scope = &result_.storage_->scopes.emplace_back();
  scope->tables = &result_.storage_->tables.emplace_back();
  scope->kind = kind;
  scope->node = node;
  scope->name = name;
  scope->frame = scope;
  scope->has_future_annotations = future_annotations_;
  return scope;
}

Scope* Resolver::enter(ast::ScopeKind kind, ast::Node* node, Identifier name) {
  Scope* scope = make_scope(kind, node, name);
  scope->parent = current_;
  if (kind == ast::ScopeKind::Comprehension) scope->frame = current_->frame;
  scope->private_class = kind == ast::ScopeKind::Class ? scope : current_->private_class;
  scope->is_nested = current_->is_nested || current_->is_function_like();
  scope->tables->iterable_depth = current_->tables->iterable_depth;
  current_->children.push_back(scope);
  current_ = scope;
  return scope;
}

/// Around a generic class only its type parameters belong to the class.
bool Resolver::is_mangled_here(const Scope* owner, Identifier name) const {
  for (const Scope* scope = current_; scope && scope != owner; scope = scope->parent) {
    if (scope->kind != ast::ScopeKind::TypeParameters || scope->node != owner->node) continue;
    for (const ast::TypeParam* parameter : owner->node->as<ast::ClassDef>()->type_params) {
      Identifier declared;
      if (auto* variable = parameter->try_as<ast::TypeVar>()) {
        declared = variable->name;
      } else if (auto* spec = parameter->try_as<ast::ParamSpec>()) {
        declared = spec->name;
      } else {
        declared = parameter->as<ast::TypeVarTuple>()->name;
      }
      if (declared == name) return true;
    }
    return false;
  }
  return true;
}

/// `__x` as it is stored in the current class: `_Class__x`.
Identifier Resolver::mangle(Identifier name) {
  std::string_view text = name.view();
  const Scope* owner = current_->private_class;
  if (!owner || !text.starts_with("__") || text.ends_with("__") ||
      text.find('.') != std::string_view::npos) {
    return name;
  }
  if (!is_mangled_here(owner, name)) return name;
  std::string_view class_name = owner->name.view();
  size_t first = class_name.find_first_not_of('_');
  if (first == std::string_view::npos) return name;
  Identifier& mangled = owner->tables->mangled[name.data()];
  if (!mangled) {
    std::string joined = "_" + std::string(class_name.substr(first)) + std::string(text);
    mangled = Identifier(names_.intern(joined));
  }
  return mangled;
}

Symbol* Resolver::existing(Scope* scope, Identifier mangled) const {
  return scope->find_mangled(mangled);
}

Symbol* Resolver::symbol_in(Scope* scope, Identifier mangled, Span span) {
  Symbol*& entry = scope->tables->by_name[mangled.data()];
  if (!entry) {
    entry = &result_.storage_->symbols.emplace_back();
    entry->name = mangled;
    entry->scope = scope;
    entry->span = span;
    scope->symbols.push_back(entry);
  }
  return entry;
}

Symbol* Resolver::bind_in(Scope* scope, Identifier mangled, Span span) {
  Symbol* symbol = symbol_in(scope, mangled, span);
  symbol->is_bound = true;
  symbol->is_assigned = true;
  return symbol;
}

Symbol* Resolver::use(Identifier name, Span span) {
  Symbol* symbol = symbol_in(current_, mangle(name), span);
  symbol->is_used = true;
  return symbol;
}

bool Resolver::run(ast::Node* root) {
  current_ = result_.module = make_scope(ast::ScopeKind::Module, root, {});
  bool good;
  if (auto* module = root->try_as<ast::Module>()) {
    module->scope = current_;
    future_annotations_ = has_future_annotations(module->body);
    current_->has_future_annotations = future_annotations_;
    good = visit_all(module->body);
  } else if (auto* interactive = root->try_as<ast::InteractiveModule>()) {
    interactive->scope = current_;
    future_annotations_ = has_future_annotations(interactive->body);
    current_->has_future_annotations = future_annotations_;
    good = visit_all(interactive->body);
  } else {
    auto* expression = root->as<ast::ExpressionModule>();
    expression->scope = current_;
    good = visit(expression->body);
  }
  if (!good || !decide(result_.module)) return false;
  settle_uses();
  return true;
}

/// Whether the imports at the head of the module say so.
bool Resolver::has_future_annotations(ArenaSpan<ast::Statement*> body) {
  bool at_docstring = true;
  for (ast::Statement* statement : body) {
    if (auto* expression = statement->try_as<ast::Expr>(); expression && at_docstring) {
      auto* text = expression->value->try_as<ast::Constant>();
      if (!text || text->value.kind != ast::ConstantKind::Str) return false;
      at_docstring = false;
      continue;
    }
    at_docstring = false;
    auto* import = statement->try_as<ast::ImportFrom>();
    if (!import || import->module.view() != "__future__") return false;
    for (const ast::Alias* alias : import->names) {
      if (alias->name.view() == "annotations") return true;
    }
  }
  return false;
}

}  // namespace apy
