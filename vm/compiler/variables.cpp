// Names: which register or namespace each variable of a unit lives in, and loading, storing and
// deleting it. The resolver has decided where a variable lives (ast::Symbol::place); Symbol::slot
// is the register given to it here.
#include <algorithm>
#include <cassert>
#include <vector>

#include "vm/compiler/compiler.h"

namespace apy {

using ast::Symbol;
using ast::SymbolPlace;

// --- declarations -------------------------------------------------------------------------------

Register Compiler::declare_parameter(std::string name) {
  ++unit_->parameter_count;
  return unit_->new_local(std::move(name));
}

Register Compiler::declare_cell(std::string name) {
  unit_->cell_names.push_back(name);
  Register place = unit_->new_local(name);
  unit_->hidden_cells.emplace_back(std::move(name), place);
  return place;
}

Register Compiler::hidden_cell(std::string_view name) {
  for (const auto& [known, place] : unit_->hidden_cells) {
    if (known == name) return place;
  }
  assert(false);
  return 0;
}

bool Compiler::has_hidden_cell(std::string_view name) const {
  for (const auto& entry : unit_->hidden_cells) {
    if (entry.first == name) return true;
  }
  return false;
}

// The register follows once all locals have one; see declare_free_variables.
void Compiler::declare_free(std::string name) {
  unit_->hidden_cells.emplace_back(name, UINT32_MAX);
}

// The variables of comprehensions can be seen by locals() and so have names, unless the name is
// taken.
void Compiler::declare_comprehensions(const ast::Scope* scope, std::vector<Symbol*>& unnamed) {
  bool may_have_names = unit_->scope->is_function_like();
  for (const ast::Scope* child : scope->children) {
    if (child->kind != ast::ScopeKind::Comprehension) continue;
    for (Symbol* symbol : child->symbols) {
      if (symbol->scope != child) continue;
      if (symbol->place != SymbolPlace::Local && symbol->place != SymbolPlace::Cell) continue;
      if (may_have_names && !unit_->scope->find_mangled(symbol->name)) {
        symbol->slot = unit_->new_local(std::string(symbol->name.view()));
      } else {
        unnamed.push_back(symbol);
      }
    }
    declare_comprehensions(child, unnamed);
  }
}

void Compiler::declare_symbols() {
  const ast::Scope* scope = unit_->scope;
  if (scope->visible_class && scope->visible_class->needs_class_namespace) {
    declare_free("__classdict__");
  }
  if (scope->kind == ast::ScopeKind::Class && scope->needs_class_namespace) {
    declare_cell("__classdict__");
  }
  auto declare = [&](Symbol* symbol) {
    symbol->slot = unit_->new_local(std::string(symbol->name.view()));
    if (symbol->place == SymbolPlace::Cell) unit_->cell_names.emplace_back(symbol->name.view());
  };
  for (Symbol* symbol : scope->symbols) {
    if (symbol->place == SymbolPlace::Local || symbol->place == SymbolPlace::Cell) {
      if (symbol != scope->class_cell) declare(symbol);
    }
  }
  if (scope->class_cell) declare(scope->class_cell);
}

void Compiler::declare_free_variables() {
  auto add = [&](std::string_view name, Register outer) {
    unit_->free_names.emplace_back(name);
    unit_->captured.push_back(outer);
    return unit_->temporary();
  };
  // In the order of their names, as co_freevars, __closure__ and locals() show them.
  std::vector<Symbol*> symbols(unit_->scope->free_variables.begin(),
                               unit_->scope->free_variables.end());
  std::sort(symbols.begin(), symbols.end(), [](const Symbol* left, const Symbol* right) {
    return left->name.view() < right->name.view();
  });
  for (Symbol* symbol : symbols) {
    symbol->slot = add(symbol->name.view(), symbol->outer->slot);
  }
  CodeUnit* inner = unit_;
  for (auto& [name, place] : inner->hidden_cells) {
    if (place != UINT32_MAX) continue;
    Register outer;
    {
      UnitScope around(*this, *inner->parent);
      outer = hidden_cell(name);
    }
    place = add(name, outer);
  }
}

namespace {

/// Does the code mention a function that shows its caller's local variables?
bool mentions_locals(const ast::Scope* scope) {
  for (const Symbol* symbol : scope->symbols) {
    for (const char* name : {"locals", "vars", "dir", "eval", "exec"}) {
      if (symbol->name.view() == name) return true;
    }
  }
  return false;
}

}  // namespace

void Compiler::declare_variables(const BodyFacts& facts) {
  declare_symbols();
  unit_->shows_locals = mentions_locals(unit_->scope);
  for (const Symbol* symbol : unit_->scope->symbols) {
    if (symbol->is_parameter) ++unit_->parameter_count;
  }
  std::vector<Symbol*> unnamed;
  declare_comprehensions(unit_->scope, unnamed);
  auto locals = static_cast<Register>(unit_->local_names.size());
  for (Symbol* symbol : unnamed) symbol->slot = locals++;
  unit_->next = locals;
  unit_->touch(locals);
  declare_free_variables();
  unit_->first_temporary = unit_->next;
  for (const Symbol* symbol : facts.assigned_in_expressions) {
    if (symbol->place == SymbolPlace::Local) unit_->rebindable.insert(symbol->slot);
  }
  for (const Symbol* symbol : facts.deleted) {
    if (symbol->place == SymbolPlace::Local) unit_->unbindable.insert(symbol->slot);
  }
  for (ast::Identifier name : facts.handler_names) {
    const Symbol* symbol = symbol_of(name);
    if (symbol->place == SymbolPlace::Local) unit_->unbindable.insert(symbol->slot);
  }
  prologue(locals);
}

// Locals start out empty; those that are cells get their cell; captured cells are fetched from the
// closure.
void Compiler::prologue(Register locals) {
  Register parameters = unit_->parameter_count, frees = locals;
  for (Register r = 0; r < parameters; ++r) mark_bound(r);
  if (locals > parameters && !unit_->is_generator()) {
    emit(Opcode::ClearRange, parameters, locals - parameters);
  }
  std::vector<Register> cells;
  for (const Symbol* symbol : unit_->scope->symbols) {
    if (symbol->place == SymbolPlace::Cell) cells.push_back(symbol->slot);
  }
  if (const Symbol* symbol = unit_->scope->class_cell) {
    bool is_listed = false;
    for (const Symbol* other : unit_->scope->symbols) is_listed = is_listed || other == symbol;
    if (!is_listed) cells.push_back(symbol->slot);
  }
  for (const auto& [name, place] : unit_->hidden_cells) {
    if (place < locals) cells.push_back(place);
  }
  for (Register cell : cells) emit(Opcode::MakeCell, cell);
  if (!unit_->free_names.empty()) {
    emit(Opcode::CopyFree, frees, unit_->free_names.size());
  }
}

// --- loads --------------------------------------------------------------------------------------

void Compiler::check_bound(const Symbol* symbol) {
  if (unit_->bound.contains(symbol->slot)) return;
  emit(Opcode::CheckBound, symbol->slot, name_constant(symbol));
  mark_bound(symbol->slot);
}

// In an annotation scope inside a class: the class's namespace first, then what the name means
// outside.
void Compiler::load_from_class_namespace(const Symbol* symbol, Register dst) {
  TemporaryScope scope(*unit_);
  Register result = early_destination(dst);
  Label end = unit_->label();
  Register run = unit_->run(2);
  emit(Opcode::LoadCell, run, hidden_cell("__classdict__"), unit_->builder.name("__classdict__"));
  load_constant(ConstantDraft::from_str(std::string(symbol->name.view())), run + 1);
  emit(Opcode::Intrinsic, run, run, static_cast<int>(IntrinsicKind::LookupNamespace));
  Label outside = unit_->label();
  unit_->jump(Opcode::JumpIfEmpty, run, 0, outside);
  emit(Opcode::Move, result, run);
  unit_->jump(end);
  unit_->place(outside);
  if (symbol->place == SymbolPlace::Free) {
    emit(Opcode::LoadCell, result, symbol->slot, name_constant(symbol));
  } else {
    emit(Opcode::LoadGlobal, result, name_constant(symbol));
  }
  unit_->place(end);
  emit(Opcode::Move, dst, result);
}

void Compiler::load(const Symbol* symbol, Register dst) {
  unit_->touch(dst + 1);
  bool is_outside = symbol->place == SymbolPlace::Global || symbol->place == SymbolPlace::Free;
  if (is_outside && has_hidden_cell("__classdict__") && unit_->scope->visible_class &&
      !symbol->is_global_declared) {
    return load_from_class_namespace(symbol, dst);
  }
  switch (symbol->place) {
    case SymbolPlace::Local:
      check_bound(symbol);
      return emit(Opcode::Move, dst, symbol->slot);
    case SymbolPlace::Cell:
    case SymbolPlace::Free:
      return emit(Opcode::LoadCell, dst, symbol->slot, name_constant(symbol));
    case SymbolPlace::Global:
      return emit(Opcode::LoadGlobal, dst, name_constant(symbol));
    case SymbolPlace::Name:
      return emit(uses_namespace() ? Opcode::LoadName : Opcode::LoadGlobal, dst,
                  name_constant(symbol));
    case SymbolPlace::NameOrCell:
      return emit(Opcode::LoadNameOrCell, dst, symbol->outer->slot, name_constant(symbol));
  }
}

Register Compiler::symbol_operand(const Symbol* symbol) {
  if (symbol->place == SymbolPlace::Local && !unit_->rebindable.contains(symbol->slot)) {
    check_bound(symbol);
    return symbol->slot;
  }
  Register dst = unit_->next;
  load(symbol, dst);
  unit_->next = dst;
  return unit_->temporary();
}

// --- stores -------------------------------------------------------------------------------------

std::optional<Register> Compiler::local_target(const Symbol* symbol) {
  if (symbol->place != SymbolPlace::Local) return {};
  return symbol->slot;
}

std::optional<Register> Compiler::local_target(const ast::Expression* target) {
  auto* name = target->try_as<ast::Name>();
  return name ? local_target(name->symbol) : std::nullopt;
}

void Compiler::store(const Symbol* symbol, Register value) {
  switch (symbol->place) {
    case SymbolPlace::Local:
      emit(Opcode::Move, symbol->slot, value);
      return mark_bound(symbol->slot);
    case SymbolPlace::Cell:
    case SymbolPlace::Free:
      return emit(Opcode::StoreCell, symbol->slot, value);
    case SymbolPlace::Global:
      return emit(Opcode::StoreGlobal, value, name_constant(symbol));
    case SymbolPlace::Name:
    case SymbolPlace::NameOrCell:
      return emit(uses_namespace() ? Opcode::StoreName : Opcode::StoreGlobal, value,
                  name_constant(symbol));
  }
}

void Compiler::delete_symbol(const Symbol* symbol) {
  switch (symbol->place) {
    case SymbolPlace::Local:
      check_bound(symbol);
      emit(Opcode::Clear, symbol->slot);
      unit_->bound.remove(symbol->slot);
      return;
    case SymbolPlace::Cell:
    case SymbolPlace::Free:
      return emit(Opcode::ClearCell, symbol->slot, name_constant(symbol));
    case SymbolPlace::Global:
      return emit(Opcode::DeleteGlobal, name_constant(symbol));
    case SymbolPlace::Name:
    case SymbolPlace::NameOrCell:
      return emit(uses_namespace() ? Opcode::DeleteName : Opcode::DeleteGlobal,
                  name_constant(symbol));
  }
}

void Compiler::unbind_name(ast::Identifier name) {
  const Symbol* symbol = symbol_of(name);
  if (symbol->place == SymbolPlace::Local) {
    emit(Opcode::Clear, symbol->slot);
    unit_->bound.remove(symbol->slot);
    return;
  }
  TemporaryScope scope(*unit_);
  store(symbol, push_none());
  delete_symbol(symbol);
}

}  // namespace apy
