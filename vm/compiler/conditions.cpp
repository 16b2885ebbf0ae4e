// Conditions: code that goes one way or the other, without making a bool where compare-and-jump
// does.
#include "vm/compiler/compiler.h"
#include "vm/compiler/fold.h"

namespace apy {

using ast::CompareOperator;

namespace {

struct FusedJumps {
  Opcode if_true, if_false, if_true_int, if_false_int;
};

FusedJumps fused_jumps(CompareOperator op) {
#define FUSED(Name)                                                            \
  {                                                                            \
    Opcode::JumpIf##Name, Opcode::JumpUnless##Name, Opcode::JumpIf##Name##Int, \
        Opcode::JumpUnless##Name##Int                                          \
  }
  static constexpr FusedJumps kJumps[] = {
      FUSED(Equal),
      FUSED(NotEqual),
      FUSED(Less),
      FUSED(LessEqual),
      FUSED(Greater),
      FUSED(GreaterEqual),
      {Opcode::JumpIfIs, Opcode::JumpIfIsNot, Opcode::Count, Opcode::Count},
      {Opcode::JumpIfIsNot, Opcode::JumpIfIs, Opcode::Count, Opcode::Count},
      {Opcode::JumpIfIn, Opcode::JumpIfNotIn, Opcode::Count, Opcode::Count},
      {Opcode::JumpIfNotIn, Opcode::JumpIfIn, Opcode::Count, Opcode::Count},
  };
#undef FUSED
  return kJumps[static_cast<size_t>(op)];
}

bool is_none(const ast::Expression* node) {
  auto* constant = node->try_as<ast::Constant>();
  return constant && constant->value.kind == ast::ConstantKind::None;
}

}  // namespace

void Compiler::jump_if(ast::Expression* node, bool sense, Label target) {
  if (too_deep()) return;
  TemporaryScope scope(*unit_);
  if (auto constant = folded(node)) {
    if (is_true(*constant) == sense) {
      at(node);
      unit_->jump(target);
    }
    return;
  }
  switch (node->kind) {
    case ast::NodeKind::UnaryOp: {
      auto* unary = node->as<ast::UnaryOp>();
      if (unary->op == ast::UnaryOperator::Not) return jump_if(unary->operand, !sense, target);
      break;
    }
    case ast::NodeKind::BoolOp:
      return jump_if_boolean(node->as<ast::BoolOp>(), sense, target);
    case ast::NodeKind::Compare:
      return jump_if_comparison(node->as<ast::Compare>(), sense, target);
    case ast::NodeKind::IfExp: {
      auto* choice = node->as<ast::IfExp>();
      Label otherwise = unit_->label(), end = unit_->label();
      jump_if(choice->test, false, otherwise);
      jump_if(choice->body, sense, target);
      unit_->jump(end);
      unit_->place(otherwise);
      jump_if(choice->orelse, sense, target);
      unit_->place(end);
      return;
    }
    default:
      break;
  }
  Register value = operand(node);
  at(node);
  unit_->jump(sense ? Opcode::JumpIfTrue : Opcode::JumpIfFalse, value, 0, target);
}

// `and` is decided by the first false value, `or` by the first true one.
void Compiler::jump_if_boolean(ast::BoolOp* node, bool sense, Label target) {
  bool deciding = node->op == ast::BooleanOperator::Or;
  if (sense == deciding) {
    for (ast::Expression* value : node->values) jump_if(value, sense, target);
    return;
  }
  Label end = unit_->label();
  for (uint32_t i = 0; i + 1 < node->values.size(); ++i) {
    jump_if(node->values[i], deciding, end);
  }
  jump_if(node->values.back(), sense, target);
  unit_->place(end);
}

void Compiler::jump_if_comparison(ast::Compare* node, bool sense, Label target) {
  if (node->ops.size() == 1 && is_float_literal(node->comparators[0])) {
    // First, so that the left operand's value can go straight into the comparison.
    Register right = push(node->comparators[0]);
    Register left = operand(node->left);
    if (fused_jumps(node->ops[0]).if_true_int != Opcode::Count) unit_->pass_number(left, right);
    return jump_if_registers(node, node->ops[0], left, right, sense, target);
  }
  Register left = operand(node->left);
  if (node->ops.size() == 1) {
    return jump_if_pair(node, node->ops[0], left, node->comparators[0], sense, target);
  }
  Label not_all = sense ? unit_->label() : target;
  for (uint32_t i = 0; i + 1 < node->ops.size(); ++i) {
    Register right = comparator(node->ops[i], node->comparators[i]);
    jump_if_registers(node, node->ops[i], left, right, false, not_all);
    left = right;
  }
  jump_if_pair(node, node->ops.back(), left, node->comparators.back(), sense, target);
  if (sense) unit_->place(not_all);
}

void Compiler::jump_if_registers(ast::Compare* node, CompareOperator op, Register left,
                                 Register right, bool sense, Label target) {
  FusedJumps jumps = fused_jumps(op);
  at(node);
  unit_->jump(sense ? jumps.if_true : jumps.if_false, left, right, target);
}

void Compiler::jump_if_pair(ast::Compare* node, CompareOperator op, Register left,
                            ast::Expression* right, bool sense, Label target) {
  FusedJumps jumps = fused_jumps(op);
  if (is_none(right) && (op == CompareOperator::Is || op == CompareOperator::IsNot)) {
    at(node);
    bool when_none = (op == CompareOperator::Is) == sense;
    unit_->jump(when_none ? Opcode::JumpIfNone : Opcode::JumpIfNotNone, left, 0, target);
    return;
  }
  if (jumps.if_true_int != Opcode::Count) {
    auto constant = folded(right);
    if (constant && constant->kind == ConstantDraft::Kind::Int && constant->integer >= INT16_MIN &&
        constant->integer <= INT16_MAX) {
      at(node);
      unit_->pass_number(left);
      unit_->jump(sense ? jumps.if_true_int : jumps.if_false_int, left, constant->integer, target);
      return;
    }
  }
  Register compared = comparator(op, right);
  if (jumps.if_true_int != Opcode::Count) unit_->pass_number(left, compared);
  jump_if_registers(node, op, left, compared, sense, target);
}

}  // namespace apy
