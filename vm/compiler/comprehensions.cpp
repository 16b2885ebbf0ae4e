// Comprehensions. List, set and dict comprehensions are compiled into the code around them: their
// names have registers of their own, so nothing needs to be saved. A generator expression is a
// function whose only argument, `.0`, is the iterator over its outermost iterable.
#include "vm/compiler/compiler.h"
#include "vm/objects/frame.h"

namespace apy {

struct Compiler::ComprehensionParts {
  enum class Kind : uint8_t { List, Set, Dict, Generator };
  Kind kind;
  ast::Expression* node;
  ast::Expression* element;  // a dict's value
  ast::Expression* key = nullptr;
  ArenaSpan<ast::Comprehension*> generators;
  const ast::Scope* scope;
  Register collection = 0;
};

void Compiler::comprehension_element(const ComprehensionParts& parts) {
  TemporaryScope scope(*unit_);
  using Kind = ComprehensionParts::Kind;
  switch (parts.kind) {
    case Kind::List:
    case Kind::Set: {
      Register value = operand(parts.element);
      return emit_at(parts.element, parts.kind == Kind::List ? Opcode::ListAppend : Opcode::SetAdd,
                     parts.collection, value);
    }
    case Kind::Dict: {
      Register key = operand(parts.key);
      Register value = operand(parts.element);
      at({parts.key->span.begin, parts.element->span.end});
      return emit(Opcode::DictSet, parts.collection, key, value);
    }
    case Kind::Generator: {
      Register value = operand(parts.element);
      bool is_async = unit_->flags & Code::kAsyncGenerator;
      Register sent = unit_->temporary();
      return emit_at(parts.element, is_async ? Opcode::YieldAsync : Opcode::Yield, sent, value);
    }
  }
}

// One `for` clause and what is in it. `outermost` is the iterator of the first.
void Compiler::comprehension_loop(const ComprehensionParts& parts, uint32_t depth,
                                  Register outermost) {
  if (depth == parts.generators.size()) return comprehension_element(parts);
  TemporaryScope scope(*unit_);
  ast::Comprehension* clause = parts.generators[depth];
  Register iterator = outermost;
  if (depth > 0) {
    iterator = push_iterator(clause->iter, clause->is_async);
  }
  Label skip = unit_->label(), end = unit_->label();
  Label top = unit_->loop_top();
  Register item = 0;
  if (clause->is_async) {
    async_next(iterator, end, &item, parts.node);
    store(clause->target, item);
  } else {
    for_target(clause->target, iterator, end, clause->iter);
  }
  for (ast::Expression* test : clause->ifs) jump_if(test, false, skip);
  comprehension_loop(parts, depth + 1, 0);
  unit_->place(skip);
  at(parts.element);
  unit_->jump_back(top);
  unit_->place(end);
  if (!clause->is_async) return;
  Label finished = unit_->label();
  at(clause->iter);
  unit_->jump(Opcode::EndAsyncFor, item, 0, finished);
  unit_->place(finished);
}

// Each run of a comprehension has cells of its own.
void Compiler::make_comprehension_cells(const ast::Scope* scope) {
  for (const ast::Symbol* symbol : scope->symbols) {
    if (symbol->scope != scope || symbol->place != ast::SymbolPlace::Cell) continue;
    emit(Opcode::Clear, symbol->slot);
    emit(Opcode::MakeCell, symbol->slot);
  }
}

void Compiler::clear_comprehension_locals(const ast::Scope* scope) {
  if (!unit_->shows_locals) return;
  for (const ast::Symbol* symbol : scope->symbols) {
    bool is_local =
        symbol->place == ast::SymbolPlace::Local || symbol->place == ast::SymbolPlace::Cell;
    if (symbol->scope == scope && is_local) emit(Opcode::Clear, symbol->slot);
  }
}

void Compiler::comprehension(ast::Expression* node, Register dst) {
  using Kind = ComprehensionParts::Kind;
  ComprehensionParts parts{};
  parts.node = node;
  if (auto* list = node->try_as<ast::ListComp>()) {
    parts = {Kind::List, node, list->elt, nullptr, list->generators, list->scope};
  } else if (auto* set = node->try_as<ast::SetComp>()) {
    parts = {Kind::Set, node, set->elt, nullptr, set->generators, set->scope};
  } else {
    auto* dict = node->as<ast::DictComp>();
    parts = {Kind::Dict, node, dict->value, dict->key, dict->generators, dict->scope};
  }
  TemporaryScope scope(*unit_);
  parts.collection = early_destination(dst);
  // The outermost iterable belongs to the scope around.
  ast::Comprehension* first = parts.generators[0];
  Register iterator = push_iterator(first->iter, first->is_async);
  at(node);
  static constexpr Opcode kBuild[] = {Opcode::BuildList, Opcode::BuildSet, Opcode::BuildDict};
  emit(kBuild[static_cast<int>(parts.kind)], parts.collection, parts.collection, 0);
  make_comprehension_cells(parts.scope);
  comprehension_loop(parts, 0, iterator);
  clear_comprehension_locals(parts.scope);
  emit_at(node, Opcode::Move, dst, parts.collection);
}

void Compiler::generator_expression(ast::GeneratorExp* node, Register dst) {
  TemporaryScope scope(*unit_);
  auto code = generator_code(node);
  ast::Comprehension* first = node->generators[0];
  at(node);
  Register base = unit_->next;
  unit_->run(kFrameWords);
  make_closure(std::move(code), base);
  push_iterator(first->iter, first->is_async);
  call_window(base, 1, false, dst);
  emit_at(node, Opcode::Call, dst, base, 1);
}

Compiler::FinishedUnit Compiler::generator_code(ast::GeneratorExp* node) {
  CodeUnit unit(unit_, CodeUnit::Kind::Generator, node->scope);
  unit.name = "<genexpr>";
  unit.qualname = qualified_name(unit_, unit.name);
  unit.flags = Code::kOptimized | Code::kNewLocals | (node->scope->is_nested ? Code::kNested : 0);
  UnitScope unit_scope(*this, unit);
  unit.flags |= Code::kSimpleCall | generator_flags(node->scope);
  unit.first_line = position_of(node->span).line;
  declare_parameter(".0");
  at(node);
  declare_variables(facts_of(node));
  ComprehensionParts parts{
      ComprehensionParts::Kind::Generator, node, node->elt, nullptr, node->generators, node->scope};
  comprehension_loop(parts, 0, 0);
  at(node);
  return_none();
  FinishedUnit code = finish_unit();
  code.draft->argument_count = code.draft->positional_only_count = 1;
  return code;
}

}  // namespace apy
