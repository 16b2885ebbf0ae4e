#include "lexer/name_table.h"
#include "parser/resolver.h"

// The second walk, over scopes: what each name means.

namespace apy {

using ast::ScopeKind;
using ast::SymbolPlace;

bool Resolver::decide(Scope* scope) {
  // Inner scopes add Free symbols to the table; `symbols` holds only what the source mentions.
  for (Symbol* symbol : scope->symbols) {
    if (!decide_symbol(scope, symbol)) return false;
  }
  for (Scope* child : scope->children) {
    if (!decide(child)) return false;
  }
  return true;
}

bool Resolver::decide_symbol(Scope* scope, Symbol* symbol) {
  auto directive = [&] {
    for (const Directive& entry : directives_) {
      if (entry.scope == scope && entry.mangled == symbol->name) return entry.span;
    }
    return symbol->span;
  };
  std::string quoted = "'";
  if (symbol->is_nonlocal_declared || symbol->is_global_declared) {
    quoted += std::string(symbol->name.view()) + "'";
  }
  if (symbol->is_global_declared) {
    if (symbol->is_nonlocal_declared) {
      return fail(directive(), "name " + quoted + " is nonlocal and global");
    }
    symbol->place = SymbolPlace::Global;
    return true;
  }
  if (symbol->is_nonlocal_declared) {
    if (scope->kind == ScopeKind::Module) {
      return fail(directive(), "nonlocal declaration not allowed at module level");
    }
    Symbol* definition = find_definition(scope, symbol->name);
    if (!definition) return fail(directive(), "no binding for nonlocal " + quoted + " found");
    if (definition->is_type_parameter) {
      return fail(directive(), "nonlocal binding not allowed for type parameter " + quoted);
    }
    capture(scope, symbol, definition);
    return true;
  }
  bool has_namespace = !scope->is_function_like();
  if (symbol->is_bound) {
    symbol->place = has_namespace ? SymbolPlace::Name : SymbolPlace::Local;
    return true;
  }
  if (Scope* around = scope->visible_class) {
    around->needs_class_namespace = true;
    // What the class binds is looked up there at run time, and then in the globals: never in the
    // functions around the class.
    const Symbol* in_class = existing(around, symbol->name);
    const Symbol* definition = find_definition(scope, symbol->name);
    bool is_nearer = definition && definition->scope->visible_class == around;
    if (in_class && !is_nearer && !in_class->is_nonlocal_declared &&
        (in_class->is_bound || in_class->is_global_declared)) {
      symbol->is_global_declared = in_class->is_global_declared;
      symbol->place = SymbolPlace::Global;
      return true;
    }
  }
  if (Symbol* definition = find_definition(scope, symbol->name)) {
    if (scope->kind == ScopeKind::Class) {
      symbol->place = SymbolPlace::NameOrCell;
      symbol->outer = free_symbol(scope, definition);
    } else {
      capture(scope, symbol, definition);
    }
    return true;
  }
  // A comprehension at the top of a module sees the module's namespace; in a class, it does not
  // see the class's.
  bool sees_namespace = has_namespace || scope->frame->kind == ScopeKind::Module;
  symbol->place = sees_namespace ? SymbolPlace::Name : SymbolPlace::Global;
  return true;
}

ast::Symbol* Resolver::find_definition(Scope* scope, Identifier mangled) {
  for (Scope* outer = scope->parent; outer; outer = outer->parent) {
    if (outer->kind == ScopeKind::Module) return nullptr;
    if (outer->kind == ScopeKind::Class) {
      if (mangled != class_name_) continue;
      if (!outer->class_cell) {
        outer->class_cell = &result_.storage_->symbols.emplace_back();
        outer->class_cell->name = mangled;
        outer->class_cell->scope = outer;
        outer->class_cell->place = SymbolPlace::Cell;
      }
      return outer->class_cell;
    }
    Symbol* symbol = existing(outer, mangled);
    if (!symbol || symbol->is_nonlocal_declared) continue;
    if (symbol->is_global_declared) return nullptr;
    if (symbol->is_bound) return symbol;
  }
  return nullptr;
}

/// Makes `symbol`, which a scope other than the definition's mentions, mean the definition.
void Resolver::capture(Scope* scope, Symbol* symbol, Symbol* definition) {
  if (scope->frame == definition->scope->frame) {
    same_as_[symbol] = definition;
  } else {
    if (Symbol* free = free_symbol(scope->frame, definition); free != symbol) {
      same_as_[symbol] = free;
    }
  }
}

/// The Free symbol for a definition in a frame inside the definition's; makes those of the frames
/// between as well.
ast::Symbol* Resolver::free_symbol(Scope* frame, Symbol* definition) {
  auto& table = frame->kind == ScopeKind::Class ? frame->tables->captured : frame->tables->by_name;
  Symbol*& entry = table[definition->name.data()];
  if (entry && entry->place == SymbolPlace::Free) return entry;
  if (!entry) {
    entry = &result_.storage_->symbols.emplace_back();
    entry->name = definition->name;
    entry->scope = frame;
  }
  Symbol* symbol = entry;  // the table may grow below
  symbol->place = SymbolPlace::Free;
  frame->free_variables.push_back(symbol);
  Scope* around = frame->parent->frame;
  if (around == definition->scope->frame) {
    symbol->outer = definition;
    definition->place = SymbolPlace::Cell;
  } else {
    symbol->outer = free_symbol(around, definition);
  }
  return symbol;
}

void Resolver::settle_uses() {
  auto settled = [this](Symbol* symbol) {
    auto found = same_as_.find(symbol);
    return found == same_as_.end() ? symbol : found->second;
  };
  for (auto& [name, symbol] : uses_) name->symbol = settled(symbol);
  for (auto& [symbol, meaning] : same_as_) {
    symbol->scope->tables->by_name[symbol->name.data()] = meaning;
    std::erase(symbol->scope->symbols, symbol);
  }
}

}  // namespace apy
