// Expressions: the dispatch over node kinds, constants and operators.
#include <algorithm>

#include "vm/compiler/compiler.h"
#include "vm/compiler/fold.h"
#include "vm/objects/special.h"

namespace apy {

using ast::NodeKind;

void Compiler::into(ast::Expression* node, Register dst) {
  if (too_deep()) return;
  switch (node->kind) {
    case NodeKind::BoolOp:
      return boolean_operation(node->as<ast::BoolOp>(), dst);
    case NodeKind::NamedExpr:
      return named_expression(node->as<ast::NamedExpr>(), dst);
    case NodeKind::BinOp:
      return binary_operation(node->as<ast::BinOp>(), dst);
    case NodeKind::UnaryOp:
      return unary_operation(node->as<ast::UnaryOp>(), dst);
    case NodeKind::Lambda:
      return lambda(node->as<ast::Lambda>(), dst);
    case NodeKind::IfExp:
      return conditional(node->as<ast::IfExp>(), dst);
    case NodeKind::Dict:
      return dict_display(node->as<ast::Dict>(), dst);
    case NodeKind::Set:
      return set_display(node->as<ast::Set>(), dst);
    case NodeKind::ListComp:
    case NodeKind::SetComp:
    case NodeKind::DictComp:
      return comprehension(node, dst);
    case NodeKind::GeneratorExp:
      return generator_expression(node->as<ast::GeneratorExp>(), dst);
    case NodeKind::Await:
      return await(node->as<ast::Await>(), dst);
    case NodeKind::Yield:
      return yield(node->as<ast::Yield>(), dst);
    case NodeKind::YieldFrom:
      return yield_from(node->as<ast::YieldFrom>(), dst);
    case NodeKind::Compare:
      return comparison(node->as<ast::Compare>(), dst);
    case NodeKind::Call:
      return call(node->as<ast::Call>(), dst);
    case NodeKind::FormattedValue:
      return formatted_value(node->as<ast::FormattedValue>(), dst);
    case NodeKind::JoinedStr:
      return joined_string(node->as<ast::JoinedStr>(), dst);
    case NodeKind::Constant:
      at(node);
      return load_constant(literal(node->as<ast::Constant>()->value), dst);
    case NodeKind::Attribute:
      return attribute(node->as<ast::Attribute>(), dst);
    case NodeKind::Subscript:
      return subscript(node->as<ast::Subscript>(), dst);
    case NodeKind::Name:
      at(node);
      return load(node->as<ast::Name>()->symbol, dst);
    case NodeKind::List:
      return list_display(node->as<ast::List>(), dst);
    case NodeKind::Tuple:
      return tuple_display(node->as<ast::Tuple>(), dst);
    case NodeKind::Slice:
      return slice(node->as<ast::Slice>(), dst);
    case NodeKind::Starred:
      return fail(node->span, "can't use starred expression here");
    default:
      __builtin_unreachable();
  }
}

Register Compiler::push(ast::Expression* node) {
  Register dst = unit_->next;
  into(node, dst);
  unit_->next = dst;
  return unit_->temporary();
}

Register Compiler::operand(ast::Expression* node) {
  if (auto* name = node->try_as<ast::Name>()) {
    at(node);
    return symbol_operand(name->symbol);
  }
  return push(node);
}

void Compiler::discard(ast::Expression* node) {
  TemporaryScope scope(*unit_);
  if (node->is<ast::Constant>()) return;
  operand(node);
}

// --- constants ----------------------------------------------------------------------------------

namespace {

bool looks_like_a_name(std::string_view text) {
  for (char c : text) {
    bool is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!is_word && c != '_') return false;
  }
  return true;
}

void intern_names(ConstantDraft& constant) {
  if (constant.kind == ConstantDraft::Kind::Str) {
    constant.interned = looks_like_a_name(constant.text);
  }
  for (ConstantDraft& item : constant.items) intern_names(item);
}

bool fits_immediate(const ConstantDraft& constant) {
  return constant.kind == ConstantDraft::Kind::Int && constant.integer >= INT16_MIN &&
         constant.integer <= INT16_MAX;
}

}  // namespace

uint32_t Compiler::constant_index(ConstantDraft constant) {
  intern_names(constant);
  return unit_->builder.constant(std::move(constant));
}

void Compiler::load_constant(ConstantDraft constant, Register dst) {
  unit_->touch(dst + 1);
  if (!unit_->is_reachable()) return;
  bool is_short_int = constant.kind == ConstantDraft::Kind::Int && constant.integer >= INT32_MIN &&
                      constant.integer <= INT32_MAX;
  if (is_short_int) {
    unit_->builder.emit_wide(Opcode::LoadInt, dst, static_cast<int32_t>(constant.integer));
  } else {
    emit(Opcode::LoadConst, dst, constant_index(std::move(constant)));
  }
}

Register Compiler::push_constant(ConstantDraft constant) {
  Register dst = unit_->temporary();
  load_constant(std::move(constant), dst);
  return dst;
}

Register Compiler::push_str(std::string text) {
  return push_constant(ConstantDraft::from_str(std::move(text)));
}

std::optional<ConstantDraft> Compiler::folded(ast::Expression* node) {
  return fold(node, options_.optimize);
}

Register Compiler::early_destination(Register dst) {
  if (unit_->is_local(dst)) return unit_->temporary();
  unit_->hold(dst);
  return dst;
}

// --- arithmetic ---------------------------------------------------------------------------------

namespace {

Opcode opcode_of(ast::BinaryOperator op) {
  static constexpr Opcode kOpcodes[] = {
      Opcode::Add,        Opcode::Subtract, Opcode::Multiply, Opcode::MatrixMultiply,
      Opcode::TrueDivide, Opcode::Modulo,   Opcode::Power,    Opcode::LeftShift,
      Opcode::RightShift, Opcode::BitOr,    Opcode::BitXor,   Opcode::BitAnd,
      Opcode::FloorDivide};
  return kOpcodes[static_cast<size_t>(op)];
}

}  // namespace

bool Compiler::emit_immediate(ast::BinOp* node, Register dst, Register left) {
  bool is_add = node->op == ast::BinaryOperator::Add;
  if (!is_add && node->op != ast::BinaryOperator::Sub) return false;
  auto constant = folded(node->right);
  if (!constant || !fits_immediate(*constant)) return false;
  unit_->touch(dst + 1);
  unit_->pass_number(left);
  emit_at(node, is_add ? Opcode::AddInt : Opcode::SubtractInt, dst, left, constant->integer);
  return true;
}

void Compiler::emit_binary(ast::BinOp* node, Register dst, Register left, Register right) {
  unit_->touch(dst + 1);
  if (passing_form(opcode_of(node->op), true) != Opcode::Count) unit_->pass_number(left, right);
  emit_at(node, opcode_of(node->op), dst, left, right);
}

bool Compiler::is_float_literal(const ast::Expression* node) {
  auto* constant = node->try_as<ast::Constant>();
  return constant && constant->value.kind == ast::ConstantKind::Float;
}

// A chain of operators is walked in a loop, its constant beginning folded on the way. Its float
// literals are loaded first, so that nothing stands between the operators and values can go from
// one to the next (CodeBuilder::pass_number).
void Compiler::binary_operation(ast::BinOp* node, Register dst) {
  TemporaryScope scope(*unit_);
  constexpr size_t kMostLiterals = 8;  // each holds a register; a chain can have thousands
  std::vector<std::pair<const ast::BinOp*, Register>> literals;
  if (node->left->is<ast::BinOp>()) {
    ast::BinOpSpine spine(node);
    while (ast::BinOp* op = spine.next())
      if (literals.size() < kMostLiterals && is_float_literal(op->right) &&
          !op->left->is<ast::Constant>())
        literals.emplace_back(op, push(op->right));
  }
  Register base = unit_->next;
  ast::BinOpSpine spine(node);
  std::optional<ConstantDraft> constant = folded(spine.first());
  Register left = constant ? 0 : operand(spine.first());
  while (ast::BinOp* op = spine.next()) {
    bool is_last = op == node;
    if (constant) {
      auto right = folded(op->right);
      auto result = right ? fold_binary(op->op, *constant, *right) : std::nullopt;
      if (result) {
        constant = std::move(result);
        continue;
      }
      at(op->left);
      left = push_constant(std::move(*constant));
      constant.reset();
    }
    Register target = is_last ? dst : base;
    if (!emit_immediate(op, target, left)) {
      auto literal = std::find_if(literals.begin(), literals.end(),
                                  [op](const auto& loaded) { return loaded.first == op; });
      Register right = literal != literals.end() ? literal->second : operand(op->right);
      emit_binary(op, target, left, right);
    }
    left = target;
    unit_->next = base + 1;
    unit_->touch(unit_->next);
  }
  if (constant) {
    at(node);
    load_constant(std::move(*constant), dst);
  }
}

void Compiler::unary_operation(ast::UnaryOp* node, Register dst) {
  if (auto constant = folded(node)) {
    at(node);
    return load_constant(std::move(*constant), dst);
  }
  TemporaryScope scope(*unit_);
  Register value = operand(node->operand);
  static constexpr Opcode kOpcodes[] = {Opcode::Invert, Opcode::Not, Opcode::Positive,
                                        Opcode::Negative};
  unit_->touch(dst + 1);
  emit_at(node, kOpcodes[static_cast<size_t>(node->op)], dst, value);
}

// --- truth --------------------------------------------------------------------------------------

void Compiler::boolean_operation(ast::BoolOp* node, Register dst) {
  TemporaryScope scope(*unit_);
  Register result = early_destination(dst);
  Label end = unit_->label();
  Opcode skip = node->op == ast::BooleanOperator::And ? Opcode::JumpIfFalse : Opcode::JumpIfTrue;
  for (uint32_t i = 0; i + 1 < node->values.size(); ++i) {
    bool decides = node->op == ast::BooleanOperator::Or;
    if (auto constant = folded(node->values[i])) {
      if (is_true(*constant) != decides) continue;
      into(node->values[i], result);
      unit_->jump(end);
      break;
    }
    into(node->values[i], result);
    at(node);
    unit_->jump(skip, result, 0, end);
  }
  into(node->values.back(), result);
  unit_->place(end);
  emit_at(node, Opcode::Move, dst, result);
}

void Compiler::conditional(ast::IfExp* node, Register dst) {
  TemporaryScope scope(*unit_);
  if (auto constant = folded(node->test)) {
    return into(is_true(*constant) ? node->body : node->orelse, dst);
  }
  Label otherwise = unit_->label(), end = unit_->label();
  jump_if(node->test, false, otherwise);
  into(node->body, dst);
  unit_->jump(end);
  unit_->place(otherwise);
  into(node->orelse, dst);
  unit_->place(end);
}

// --- comparisons --------------------------------------------------------------------------------

namespace {

Opcode opcode_of(ast::CompareOperator op) {
  static constexpr Opcode kOpcodes[] = {
      Opcode::Equal,        Opcode::NotEqual, Opcode::Less,  Opcode::LessEqual, Opcode::Greater,
      Opcode::GreaterEqual, Opcode::Is,       Opcode::IsNot, Opcode::In,        Opcode::NotIn};
  return kOpcodes[static_cast<size_t>(op)];
}

}  // namespace

/// The right side of `in` may be a display of constants, which becomes one constant.
Register Compiler::comparator(ast::CompareOperator op, ast::Expression* node) {
  if (op != ast::CompareOperator::In && op != ast::CompareOperator::NotIn) return operand(node);
  auto* list = node->try_as<ast::List>();
  auto* set = node->try_as<ast::Set>();
  if (!list && !set) return operand(node);
  ConstantDraft constant = ConstantDraft::tuple({});
  if (set) constant.kind = ConstantDraft::Kind::FrozenSet;
  for (ast::Expression* element : list ? list->elts : set->elts) {
    auto item = folded(element);
    if (!item) return operand(node);
    constant.items.push_back(std::move(*item));
  }
  at(node);
  return push_constant(std::move(constant));
}

void Compiler::compare_pair(ast::Compare* node, ast::CompareOperator op, Register dst,
                            Register left, Register right) {
  unit_->touch(dst + 1);
  emit_at(node, opcode_of(op), dst, left, right);
}

void Compiler::comparison(ast::Compare* node, Register dst) {
  TemporaryScope scope(*unit_);
  bool is_chain = node->ops.size() > 1;
  Register result = is_chain ? early_destination(dst) : dst;
  Label end = unit_->label();
  Register left = operand(node->left);
  for (uint32_t i = 0; i + 1 < node->ops.size(); ++i) {
    Register right = comparator(node->ops[i], node->comparators[i]);
    compare_pair(node, node->ops[i], result, left, right);
    unit_->jump(Opcode::JumpIfFalse, result, 0, end);
    left = right;
  }
  Register right = comparator(node->ops.back(), node->comparators.back());
  compare_pair(node, node->ops.back(), result, left, right);
  unit_->place(end);
  emit_at(node, Opcode::Move, dst, result);
}

// --- the rest -----------------------------------------------------------------------------------

void Compiler::named_expression(ast::NamedExpr* node, Register dst) {
  TemporaryScope scope(*unit_);
  auto* target = node->target->as<ast::Name>();
  Register value = operand(node->value);
  at(node);
  store(target->symbol, value);
  unit_->touch(dst + 1);
  emit(Opcode::Move, dst, value);
}

void Compiler::attribute(ast::Attribute* node, Register dst) {
  if (can_optimize_super(node)) return super_attribute(node, dst);
  TemporaryScope scope(*unit_);
  Register object = operand(node->value);
  unit_->touch(dst + 1);
  at(method_position(node, node));
  emit(Opcode::LoadAttr, dst, object, name_constant(node->attr));
}

void Compiler::subscript(ast::Subscript* node, Register dst) {
  TemporaryScope scope(*unit_);
  Register object = operand(node->value);
  auto* slice = node->slice->try_as<ast::Slice>();
  if (slice && !slice->step) {
    Register bounds = slice_bounds(slice);
    unit_->touch(dst + 1);
    emit_at(node, Opcode::LoadSlice, dst, object, bounds);
    return;
  }
  Register index = operand(node->slice);
  unit_->touch(dst + 1);
  emit_at(node, Opcode::LoadItem, dst, object, index);
}

Register Compiler::slice_bounds(ast::Slice* node) {
  auto part = [&](ast::Expression* bound) {
    at(node);
    return bound ? push(bound) : push_none();
  };
  Register base = part(node->lower);
  part(node->upper);
  return base;
}

void Compiler::slice(ast::Slice* node, Register dst) {
  TemporaryScope scope(*unit_);
  Register base = slice_bounds(node);
  at(node);
  if (node->step) {
    push(node->step);
  } else {
    push_none();
  }
  unit_->touch(dst + 1);
  emit_at(node, Opcode::BuildSlice, dst, base);
}

}  // namespace apy
