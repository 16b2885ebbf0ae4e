// super().attribute without making a super object. What `super` stands for is checked at run time:
// the instructions take the value of the global as their first operand and fall back to an ordinary
// call.
#include "vm/compiler/compiler.h"
#include "vm/objects/frame.h"

namespace apy {

namespace {

const ast::Symbol* class_cell_of(const ast::Scope* scope) {
  for (const ast::Symbol* symbol : scope->free_variables) {
    if (symbol->name.view() == "__class__") return symbol;
  }
  return nullptr;
}

}  // namespace

bool Compiler::can_optimize_super(const ast::Attribute* node) {
  auto* call = node->value->try_as<ast::Call>();
  if (!call || !call->keywords.empty() || node->attr.view() == "__class__") return false;
  auto* callee = call->func->try_as<ast::Name>();
  if (!callee || callee->id.view() != "super") return false;
  if (callee->symbol->place != ast::SymbolPlace::Global || unit_->scope->visible_class) {
    return false;
  }
  if (has_spread(call->args, call->keywords)) return false;
  if (call->args.size() == 2) return true;
  bool is_method = unit_->kind == CodeUnit::Kind::Function && !unit_->scope->symbols.empty() &&
                   unit_->scope->symbols[0]->is_parameter;
  return call->args.empty() && is_method && class_cell_of(unit_->scope);
}

// super, the class and the instance, in three new temporaries.
Register Compiler::super_arguments(ast::Call* node) {
  Register base = unit_->temporary();
  emit_at(node->func, Opcode::LoadGlobal, base, unit_->builder.name("super"));
  if (node->args.size() == 2) {
    push(node->args[0]);
    push(node->args[1]);
    return base;
  }
  at(node);
  unit_->run(2);
  emit(Opcode::LoadCell, base + 1, class_cell_of(unit_->scope)->slot,
       unit_->builder.name("__class__"));
  load(unit_->scope->symbols[0], base + 2);
  return base;
}

void Compiler::super_attribute(ast::Attribute* node, Register dst) {
  TemporaryScope scope(*unit_);
  Register base = super_arguments(node->value->as<ast::Call>());
  unit_->touch(dst + 1);
  at(method_position(node, node));
  emit(Opcode::LoadSuperAttr, dst, base, name_constant(node->attr));
}

bool Compiler::super_call(ast::Call* node, Register dst) {
  auto* method = node->func->try_as<ast::Attribute>();
  if (!method || !can_optimize_super(method)) return false;
  if (has_spread(node->args, node->keywords)) return false;
  TemporaryScope scope(*unit_);
  Register base = super_arguments(method->value->as<ast::Call>());
  at(method_position(method, method));
  unit_->next = base + kFrameWords + 1;
  unit_->touch(unit_->next);
  emit(Opcode::LoadSuperMethod, base, base, name_constant(method->attr));
  call_arguments(node, node->args, node->keywords, base, true, 0, dst);
  return true;
}

}  // namespace apy
