// Displays: lists, tuples, sets, dicts and f-strings.
#include "vm/compiler/compiler.h"
#include "vm/compiler/fold.h"

namespace apy {
namespace {

/// Longer displays are built piece by piece, so that they do not need a register for each element.
constexpr uint32_t kMaxRun = 32;

bool has_starred(ArenaSpan<ast::Expression*> elements) {
  for (ast::Expression* element : elements) {
    if (element->is<ast::Starred>()) return true;
  }
  return false;
}

}  // namespace

void Compiler::collect_list(Expressions elements, const ast::Node* node, Register dst) {
  uint32_t i = 0;
  {
    TemporaryScope scope(*unit_);
    Register base = unit_->next;
    while (i < elements.size() && i < kMaxRun && !elements[i]->is<ast::Starred>()) {
      push(elements[i++]);
    }
    emit_at(node, Opcode::BuildList, dst, base, i);
  }
  for (; i < elements.size(); ++i) {
    TemporaryScope scope(*unit_);
    auto* starred = elements[i]->try_as<ast::Starred>();
    Register value = operand(starred ? starred->value : elements[i]);
    emit_at(node, starred ? Opcode::ListExtend : Opcode::ListAppend, dst, value);
  }
}

void Compiler::list_display(ast::List* node, Register dst) {
  TemporaryScope scope(*unit_);
  if (node->elts.size() >= 3) {
    std::vector<ConstantDraft> items;
    for (ast::Expression* element : node->elts) {
      auto item = folded(element);
      if (!item) break;
      items.push_back(std::move(*item));
    }
    if (items.size() == node->elts.size()) {
      at(node);
      Register result = early_destination(dst);
      emit(Opcode::BuildList, result, result, 0);
      Register constants = push_constant(ConstantDraft::tuple(std::move(items)));
      emit(Opcode::ListExtend, result, constants);
      emit(Opcode::Move, dst, result);
      return;
    }
  }
  if (node->elts.size() <= kMaxRun && !has_starred(node->elts)) {
    Register base = unit_->next;
    for (ast::Expression* element : node->elts) push(element);
    unit_->touch(dst + 1);
    emit_at(node, Opcode::BuildList, dst, base, node->elts.size());
    return;
  }
  Register result = early_destination(dst);
  collect_list(node->elts, node, result);
  emit_at(node, Opcode::Move, dst, result);
}

void Compiler::tuple_display(ast::Tuple* node, Register dst) {
  if (auto constant = folded(node)) {
    at(node);
    return load_constant(std::move(*constant), dst);
  }
  TemporaryScope scope(*unit_);
  if (node->elts.size() <= kMaxRun && !has_starred(node->elts)) {
    Register base = unit_->next;
    for (ast::Expression* element : node->elts) push(element);
    unit_->touch(dst + 1);
    emit_at(node, Opcode::BuildTuple, dst, base, node->elts.size());
    return;
  }
  Register list = unit_->temporary();
  collect_list(node->elts, node, list);
  unit_->touch(dst + 1);
  emit_at(node, Opcode::ListToTuple, dst, list);
}

void Compiler::set_display(ast::Set* node, Register dst) {
  TemporaryScope scope(*unit_);
  Register result = early_destination(dst);
  uint32_t i = 0;
  {
    TemporaryScope run(*unit_);
    Register base = unit_->next;
    while (i < node->elts.size() && i < kMaxRun && !node->elts[i]->is<ast::Starred>()) {
      push(node->elts[i++]);
    }
    emit_at(node, Opcode::BuildSet, result, base, i);
  }
  for (; i < node->elts.size(); ++i) {
    TemporaryScope item(*unit_);
    auto* starred = node->elts[i]->try_as<ast::Starred>();
    Register value = operand(starred ? starred->value : node->elts[i]);
    emit_at(node, starred ? Opcode::SetUpdate : Opcode::SetAdd, result, value);
  }
  emit_at(node, Opcode::Move, dst, result);
}

void Compiler::dict_display(ast::Dict* node, Register dst) {
  TemporaryScope scope(*unit_);
  Register result = early_destination(dst);
  uint32_t i = 0;
  {
    TemporaryScope run(*unit_);
    Register base = unit_->next;
    while (i < node->values.size() && i < kMaxRun / 2 && node->keys[i]) {
      push(node->keys[i]);
      push(node->values[i++]);
    }
    emit_at(node, Opcode::BuildDict, result, base, i);
  }
  for (; i < node->values.size(); ++i) {
    TemporaryScope item(*unit_);
    if (!node->keys[i]) {
      Register mapping = operand(node->values[i]);
      emit_at(node, Opcode::DictUpdate, result, mapping);
      continue;
    }
    Register key = operand(node->keys[i]);
    Register value = operand(node->values[i]);
    emit_at(node, Opcode::DictSet, result, key, value);
  }
  emit_at(node, Opcode::Move, dst, result);
}

// --- f-strings ----------------------------------------------------------------------------------

void Compiler::formatted_value(ast::FormattedValue* node, Register dst) {
  TemporaryScope scope(*unit_);
  Register value = operand(node->value);
  if (node->conversion > 0) {
    Register converted = unit_->temporary();
    emit_at(node, Opcode::ConvertValue, converted, value, node->conversion);
    value = converted;
  }
  Register specification = CodeBuilder::kNoOperand;
  if (node->format_spec) specification = operand(node->format_spec);
  unit_->touch(dst + 1);
  emit_at(node, Opcode::FormatValue, dst, value, specification);
}

void Compiler::joined_string(ast::JoinedStr* node, Register dst) {
  TemporaryScope scope(*unit_);
  auto values = node->values;
  if (values.empty()) {
    at(node);
    return load_constant(ConstantDraft::from_str(""), dst);
  }
  if (values.size() == 1) return into(values[0], dst);
  if (values.size() <= kMaxRun) {
    Register base = unit_->next;
    for (ast::Expression* value : values) push(value);
    unit_->touch(dst + 1);
    emit_at(node, Opcode::BuildString, dst, base, values.size());
    return;
  }
  // Many parts: ''.join([...]) by hand, a run at a time.
  Register result = early_destination(dst);
  for (uint32_t i = 0; i < values.size();) {
    TemporaryScope run(*unit_);
    Register base = unit_->next;
    uint32_t count = 0;
    if (i > 0) {
      emit_at(node, Opcode::Move, unit_->temporary(), result);
      ++count;
    }
    for (; i < values.size() && count < kMaxRun; ++i, ++count) push(values[i]);
    emit_at(node, Opcode::BuildString, result, base, count);
  }
  emit_at(node, Opcode::Move, dst, result);
}

}  // namespace apy
