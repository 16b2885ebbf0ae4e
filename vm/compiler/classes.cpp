// class statements: __build_class__(body, name, *bases, **keywords).
#include <algorithm>

#include "vm/compiler/compiler.h"
#include "vm/objects/frame.h"

namespace apy {

namespace {

/// Decorators belong to the definition when it comes to its first line.
Span first_line_span(const ast::ClassDef* node) {
  return node->decorator_list.empty() ? node->span : node->decorator_list[0]->span;
}

}  // namespace

// `self.x = ...` in a method: the class lists such names in __static_attributes__.
void Compiler::note_static_attribute(const ast::Attribute* target) {
  auto* object = target->value->try_as<ast::Name>();
  if (!object || object->id.view() != "self") return;
  CodeUnit* around = unit_;
  while (around && around->kind != CodeUnit::Kind::Class) around = around->parent;
  if (!around || around == unit_) return;
  std::string name(target->attr.view());
  auto& names = around->static_attributes;
  if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(std::move(name));
}

void Compiler::class_prelude(ast::ClassDef* node) {
  auto store_constant = [&](const char* name, ConstantDraft value) {
    TemporaryScope scope(*unit_);
    Register constant = push_constant(std::move(value));
    emit(Opcode::StoreName, constant, unit_->builder.name(name));
  };
  Register value = unit_->next;
  {
    TemporaryScope scope(*unit_);
    unit_->temporary();
    emit(Opcode::LoadName, value, unit_->builder.name("__name__"));
    emit(Opcode::StoreName, value, unit_->builder.name("__module__"));
  }
  store_constant("__qualname__", ConstantDraft::from_str(unit_->qualname));
  store_constant("__firstlineno__", ConstantDraft::from_int(unit_->first_line));
  if (!node->type_params.empty()) {
    TemporaryScope scope(*unit_);
    unit_->temporary();
    uint32_t name = unit_->builder.name(".type_params");
    emit(Opcode::LoadCell, value, hidden_cell(".type_params"), name);
    emit(Opcode::StoreName, value, unit_->builder.name("__type_params__"));
  }
  if (has_hidden_cell("__classdict__")) {
    TemporaryScope scope(*unit_);
    unit_->temporary();
    emit(Opcode::LoadNamespace, value);
    Register cell = hidden_cell("__classdict__");
    emit(Opcode::StoreCell, cell, value);
    // type.__new__ puts the finished class's namespace into the cell.
    emit(Opcode::StoreName, cell, unit_->builder.name("__classdictcell__"));
  }
}

void Compiler::class_epilogue() {
  std::vector<ConstantDraft> names;
  for (std::string& name : unit_->static_attributes) {
    names.push_back(ConstantDraft::from_str(std::move(name)));
  }
  TemporaryScope scope(*unit_);
  Register attributes = push_constant(ConstantDraft::tuple(std::move(names)));
  emit(Opcode::StoreName, attributes, unit_->builder.name("__static_attributes__"));
  if (const ast::Symbol* symbol = unit_->scope->class_cell) {
    Register cell = symbol->slot;
    emit(Opcode::StoreName, cell, unit_->builder.name("__classcell__"));
    emit(Opcode::Return, cell);
  } else {
    return_none();
  }
}

Compiler::FinishedUnit Compiler::class_code(ast::ClassDef* node) {
  CodeUnit unit(unit_, CodeUnit::Kind::Class, node->scope);
  unit.name = std::string(node->name.view());
  unit.qualname = qualified_name(unit_, node->name.view(), node->name);
  unit.flags = Code::kClassBody;
  unit.first_line = position_of(first_line_span(node)).line;
  UnitScope unit_scope(*this, unit);
  Position first{unit.first_line, unit.first_line, 0, 0};
  unit.builder.set_position(first);
  if (!node->type_params.empty()) declare_free(".type_params");
  BodyFacts facts = facts_of(node->body);
  declare_variables(facts);
  class_prelude(node);
  set_up_annotations(facts);
  Statements body = node->body;
  if (auto doc = documentation(body)) {
    TemporaryScope scope(*unit_);
    at(node->body[0]);
    Register value = push_constant(std::move(*doc));
    emit(Opcode::StoreName, value, unit_->builder.name("__doc__"));
  }
  statements(body);
  unit.builder.set_position(first);
  class_epilogue();
  return finish_unit();
}

// `generic_base` is the register of Generic[T, ...], to be added to the bases, or none.
void Compiler::build_class(ast::ClassDef* node, std::optional<Register> generic_base,
                           Register dst) {
  TemporaryScope scope(*unit_);
  Register base = unit_->next;
  at(node);
  unit_->touch(base + 1);
  emit(Opcode::LoadBuildClass, base);
  unit_->run(kFrameWords);
  Register body = unit_->temporary();
  make_closure(class_code(node), body);
  at(node);
  push_str(std::string(node->name.view()));
  if (!generic_base) {
    return call_arguments(node, node->bases, node->keywords, base, false, 2, dst);
  }
  generic_class_call(node, base, *generic_base, dst);
}

// The bases and keywords of a generic class, with the implicit base after the bases.
void Compiler::generic_class_call(ast::ClassDef* node, Register base, Register generic,
                                  Register dst) {
  Register positional = base + kFrameWords;
  Register list = unit_->temporary();
  emit_at(node, Opcode::BuildList, list, positional, 2);
  for (ast::Expression* argument : node->bases) {
    TemporaryScope item(*unit_);
    auto* starred = argument->try_as<ast::Starred>();
    Register value = operand(starred ? starred->value : argument);
    emit_at(node, starred ? Opcode::ListExtend : Opcode::ListAppend, list, value);
  }
  emit_at(node, Opcode::ListAppend, list, generic);
  emit(Opcode::ListToTuple, positional, list);
  spread_keywords(node->keywords, node, base);
  call_window(base, 2, false, dst);
  emit_at(node, Opcode::CallSpread, dst, base);
}

void Compiler::class_definition(ast::ClassDef* node) {
  TemporaryScope scope(*unit_);
  auto local = local_target(symbol_of(node->name));
  Register first = push_decorators(node->decorator_list);
  bool is_decorated = !node->decorator_list.empty();
  Register dst = local && !is_decorated ? *local : unit_->next;
  if (node->type_params.empty()) {
    build_class(node, std::nullopt, dst);
  } else {
    generic_class(node, dst);
  }
  unit_->hold(dst);
  if (is_decorated) {
    dst = local ? *local : first;
    apply_decorators(node->decorator_list, first, dst);
  }
  at(node);
  if (local) {
    mark_bound(*local);
  } else {
    store_name(node->name, dst);
  }
}

void Compiler::generic_class(ast::ClassDef* node, Register dst) {
  TemporaryScope scope(*unit_);
  FinishedUnit code =
      type_parameters_code(node->name.view(), node->type_scope, first_line_span(node),
                           TypeParametersFor::Class, [&](Register value) {
                             Register params = unit_->temporary();
                             type_parameters(node->type_params, params);
                             emit(Opcode::StoreCell, hidden_cell(".type_params"), params);
                             Register generic_base = unit_->temporary();
                             emit(Opcode::Intrinsic, generic_base, params,
                                  static_cast<int>(IntrinsicKind::SubscriptGeneric));
                             build_class(node, generic_base, value);
                           });
  Register base = unit_->next;
  unit_->run(kFrameWords);
  make_closure(std::move(code), base);
  call_window(base, 0, false, dst);
  emit_at(node, Opcode::Call, dst, base, 0);
}

}  // namespace apy
