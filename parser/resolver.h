#pragma once

#include <deque>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "parser/resolve.h"
#include "parser/visit.h"

// The resolver's inside, shared by the files that implement it. Read parser/resolve.h first.

namespace apy {

/// A scope's symbols by mangled name.
struct ast::Scope::Tables {
  std::unordered_map<const char*, Symbol*> by_name;
  /// Of a class: Free symbols, which methods need, apart from the names of the body.
  std::unordered_map<const char*, Symbol*> captured;
  /// Of a class: private names as written, and mangled.
  std::unordered_map<const char*, Identifier> mangled;
  /// Targets of the comprehension clause being visited are iteration variables.
  bool in_iteration_target = false;
  /// An annotation that is kept as text; the scope is only there to look at it.
  bool is_annotation = false;
  /// Inside so many iterables of comprehensions.
  int iterable_depth = 0;
};

struct Resolution::Storage {
  std::deque<ast::Scope> scopes;
  std::deque<ast::Scope::Tables> tables;
  std::deque<ast::Symbol> symbols;
};

/// First it visits the tree and notes what each scope binds and uses (resolve_build.cpp), then it
/// decides what each name means (resolve_names.cpp).
class Resolver {
 public:
  Resolver(NameTable& names, const ResolveOptions& options, Resolution& result);

  bool run(ast::Node* root);

 private:
  using Scope = ast::Scope;
  using Symbol = ast::Symbol;
  using Identifier = ast::Identifier;

  // --- scopes and symbols ----------------------------------------------------------------------
  Scope* make_scope(ast::ScopeKind kind, ast::Node* node, Identifier name);
  /// Makes a scope inside the current one and goes into it.
  Scope* enter(ast::ScopeKind kind, ast::Node* node, Identifier name);
  void leave() { current_ = current_->parent; }
  Identifier mangle(Identifier name);
  Symbol* symbol_in(Scope* scope, Identifier mangled, Span span);
  Symbol* existing(Scope* scope, Identifier mangled) const;
  Symbol* bind(Identifier name, Span span) { return bind_in(current_, mangle(name), span); }
  Symbol* bind_in(Scope* scope, Identifier mangled, Span span);
  Symbol* use(Identifier name, Span span);
  bool fail(Span span, std::string message);
  bool too_deep();

  // --- visiting (resolve_build.cpp); false after an error --------------------------------------
  template <class T>
  bool visit_all(ArenaSpan<T*> nodes) {
    for (T* node : nodes) {
      if (node && !visit(node)) return false;
    }
    return true;
  }
  bool visit(ast::Node* node);
  bool visit_maybe(ast::Node* node) { return !node || visit(node); }
  template <class T>
  bool visit_children(T* node);
  bool visit_statement(ast::Statement* node);
  bool visit_expression(ast::Expression* node);
  bool visit_if_chain(ast::If* node);
  bool visit_chain(ast::BinOp* node);
  template <class T>
  bool visit_function(T* node, bool is_async);
  template <class T>
  bool visit_try(T* node);
  bool visit_arguments(ast::Arguments* arguments);
  bool visit_annotations(ast::Arguments* arguments, ast::Expression* returns);
  bool visit_annotation(ast::Expression* annotation);
  bool visit_class(ast::ClassDef* node);
  bool visit_lambda(ast::Lambda* node);
  bool visit_type_alias(ast::TypeAlias* node);
  bool visit_type_parameter(ast::TypeParam* node);
  bool visit_lazy(ast::Expression* value, Identifier name, Scope*& out);
  bool visit_annotated_assignment(ast::AnnAssign* node);
  bool visit_scope_statement(ast::Node* node, ArenaSpan<Identifier> names, bool is_global);
  bool visit_import(ArenaSpan<ast::Alias*> names);
  bool visit_name(ast::Name* node);
  bool visit_named_expression(ast::NamedExpr* node);
  bool extend_to_enclosing_scope(ast::Name* target);
  template <class T>
  bool visit_comprehension_expression(T* node, ast::ScopeKind kind, ast::Expression* element,
                                      ast::Expression* value);
  bool visit_clause(ast::Comprehension* clause, bool is_first);
  bool visit_yield(ast::Expression* node);
  void note_await();
  static bool has_future_annotations(ArenaSpan<ast::Statement*> body);
  bool reject_in_lazy_scope(const char* what, Span span);
  void enter_type_parameters(ast::Node* node, Identifier name);
  bool is_mangled_here(const Scope* owner, Identifier name) const;
  Scope* enclosing_frame() { return current_->frame; }

  // --- deciding (resolve_names.cpp) ------------------------------------------------------------
  bool decide(Scope* scope);
  bool decide_symbol(Scope* scope, Symbol* symbol);
  /// The symbol that binds the name in a function around `scope`, or null.
  Symbol* find_definition(Scope* scope, Identifier mangled);
  void capture(Scope* scope, Symbol* symbol, Symbol* definition);
  Symbol* free_symbol(Scope* frame, Symbol* definition);
  void settle_uses();

  NameTable& names_;
  ResolveOptions options_;
  Resolution& result_;
  Scope* current_ = nullptr;
  bool future_annotations_ = false;
  Identifier class_name_, super_name_;
  char* stack_limit_ = nullptr;
  std::vector<std::pair<ast::Name*, Symbol*>> uses_;
  /// What stands for a symbol of a comprehension that is another scope's.
  std::unordered_map<Symbol*, Symbol*> same_as_;
  struct Directive {
    Scope* scope;
    Identifier mangled;
    Span span;
  };
  std::vector<Directive> directives_;  ///< `global` and `nonlocal`, for the places of errors
};

/// What is wrong only because of what surrounds it; see parser/check.cpp.
bool check_tree(ast::Node* root, const ResolveOptions& options, Resolution& result);

}  // namespace apy
