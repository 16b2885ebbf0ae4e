#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "lexer/diagnostic.h"
#include "parser/ast.h"

// Which variable a name means. `resolve` makes a Scope for everything that has names of its own,
// hangs it on the tree (`node->scope`), and gives every ast::Name its Symbol.
//
// Frames. A scope is a frame, with registers and a closure of its own, except a list, set or dict
// comprehension: that is compiled into the frame around it (`Scope::frame`), and only its own
// variables are separate. So a name in a comprehension that means a variable of the same frame has
// that variable's symbol; no cell is involved.
//
// Closures. A variable that an inner frame uses is a Cell in the scope that binds it. Every frame
// between has a Free symbol for it in `free_variables`, and `Symbol::outer` leads from a Free
// symbol to the symbol in the frame just outside (Free again, or the Cell). To make a function,
// capture `symbol->outer` for each of its scope's `free_variables`, in order.
//
// Class bodies and modules keep their names in a namespace: their symbols are `Name`. Functions
// inside a class do not see them. `__class__` is a cell of a class that some method needs
// (`Scope::class_cell`); using the name `super` counts as using it.

namespace apy {
class NameTable;
class Source;
}  // namespace apy

namespace apy::ast {

enum class ScopeKind : uint8_t {
  Module,
  Class,
  Function,  ///< def and async def
  Lambda,
  Generator,       ///< a generator expression: a function whose only parameter is its iterator
  Comprehension,   ///< list, set or dict; part of the frame around it
  TypeParameters,  ///< around a generic function, class or alias; a function called at once
  Lazy,  ///< an alias's value, a type variable's bound or default; a function called later
};

/// Where a variable lives.
enum class SymbolPlace : uint8_t {
  Local,       ///< of the frame (or of a comprehension in it), used by nobody else
  Cell,        ///< of the frame, and captured by inner frames
  Free,        ///< captured from an outer frame; see `Symbol::outer`
  Global,      ///< the module's globals, then builtins
  Name,        ///< the namespace of the class or module body, then globals, then builtins
  NameOrCell,  ///< in a class body: the namespace, then the captured cell in `Symbol::outer`,
               ///< which is one of the class's `free_variables`
};

/// One name in one scope.
struct Symbol {
  Identifier name;  ///< mangled, if it is private to a class
  SymbolPlace place = SymbolPlace::Local;
  Scope* scope = nullptr;   ///< whose table this is in
  Symbol* outer = nullptr;  ///< of Free and NameOrCell: the symbol behind it
  Span span;                ///< where the name first appears
  bool is_parameter : 1 = false;
  bool is_bound : 1 = false;     ///< assigned, imported, defined, deleted, ... in this very scope
  bool is_assigned : 1 = false;  ///< bound by other means than an import or as a parameter
  bool is_used : 1 = false;
  bool is_annotated : 1 = false;
  bool is_imported : 1 = false;
  bool is_global_declared : 1 = false;     ///< by a `global` statement here
  bool is_nonlocal_declared : 1 = false;   ///< by a `nonlocal` statement here
  bool is_iteration_variable : 1 = false;  ///< target of a comprehension's `for`
  bool is_type_parameter : 1 = false;
  /// Free for the compiler: a register, an index.
  uint32_t slot = 0;
};

/// The names of one module, class, function, ...
class Scope {
 public:
  ScopeKind kind = ScopeKind::Module;
  Node* node = nullptr;
  Identifier name;                 ///< as written: "f", "C", or empty
  Scope* parent = nullptr;         ///< the scope around it in the source
  Scope* frame = nullptr;          ///< itself, or for a Comprehension the frame it is compiled into
  Scope* private_class = nullptr;  ///< the class whose name mangles private names here; may be null
  /// For scopes of type parameters and lazy values right inside a class: that class, whose
  /// namespace is looked at first for names that are not the scope's own.
  Scope* visible_class = nullptr;

  /// In order of first appearance; parameters come first, in the order of CPython's co_varnames:
  /// positional-only, positional, keyword-only, *args, **kwargs.
  std::vector<Symbol*> symbols;
  /// Captured from outside; each is Free. Of a frame.
  std::vector<Symbol*> free_variables;
  /// Scopes directly inside, in source order.
  std::vector<Scope*> children;
  /// Of a class: the symbol of `__class__`, a Cell, if a method needs it.
  Symbol* class_cell = nullptr;
  /// Of a class: an annotation scope inside looks names up in the class's namespace.
  bool needs_class_namespace = false;

  bool is_async = false;   ///< async def
  bool has_yield = false;  ///< yield in the frame itself
  bool has_await = false;  ///< await, async for, async with or an async comprehension
  bool has_return_value = false;
  bool has_star_import = false;
  bool is_nested = false;               ///< inside a function
  bool has_future_annotations = false;  ///< `from __future__ import annotations`; in every scope

  bool is_generator() const { return has_yield && !is_coroutine_like(); }
  bool is_coroutine() const { return is_coroutine_like() && !has_yield; }
  bool is_async_generator() const { return is_coroutine_like() && has_yield; }
  /// Function, lambda, generator expression, ...: what has registers for its variables.
  bool is_function_like() const { return kind != ScopeKind::Module && kind != ScopeKind::Class; }

  /// The symbol that a name, as written, means in this scope (for names outside ast::Name: of
  /// functions, imports, handlers, patterns, ...). Null only if the scope does not mention it.
  Symbol* find(Identifier name) const;
  /// The same for a name that has been mangled already.
  Symbol* find_mangled(Identifier name) const;
  /// The name as it is stored: `__x` in class C is `_C__x`. For attributes, keywords, and all
  /// names.
  Identifier mangled(Identifier name) const;

  /// Only for the resolver.
  struct Tables;
  Tables* tables = nullptr;

 private:
  bool is_coroutine_like() const {
    return is_async || (has_await && (kind == ScopeKind::Generator || kind == ScopeKind::Module));
  }
};

}  // namespace apy::ast

namespace apy {

struct ResolveOptions {
  /// `await` and its kin may stand at the top level of the module.
  bool allow_top_level_await = false;
  /// See ParseOptions.
  const void* stack_limit = nullptr;
};

/// Owns the scopes of a tree; must live as long as the tree is used.
class Resolution {
 public:
  Resolution();
  ~Resolution();
  Resolution(Resolution&&) noexcept;
  Resolution& operator=(Resolution&&) noexcept;

  bool ok = false;
  Diagnostic error;                  ///< meaningful if not `ok`
  std::vector<Diagnostic> warnings;  ///< in CPython's order
  ast::Scope* module = nullptr;

  explicit operator bool() const { return ok; }

 private:
  friend class Resolver;
  struct Storage;
  Storage* storage_ = nullptr;
};

/// Resolves all names of a tree and checks everything else that CPython's compiler refuses:
/// `return` outside a function, starred targets, patterns that can never be reached, ... .
/// Afterwards the tree can be compiled without errors. `root` comes from `parse`.
Resolution resolve(ast::Node* root, NameTable& names, const ResolveOptions& options = {});

}  // namespace apy
