// Assignment in all its forms, and deletion.
#include <algorithm>

#include "vm/compiler/compiler.h"
#include "vm/compiler/fold.h"
#include "vm/compiler/unparse.h"
#include "vm/objects/special.h"

namespace apy {
namespace {

BinaryOp binary_op(ast::BinaryOperator op) {
  static constexpr BinaryOp kOps[] = {
      BinaryOp::Add,        BinaryOp::Subtract, BinaryOp::Multiply, BinaryOp::MatrixMultiply,
      BinaryOp::TrueDivide, BinaryOp::Modulo,   BinaryOp::Power,    BinaryOp::LeftShift,
      BinaryOp::RightShift, BinaryOp::BitOr,    BinaryOp::BitXor,   BinaryOp::BitAnd,
      BinaryOp::FloorDivide};
  return kOps[static_cast<size_t>(op)];
}

bool has_starred(ArenaSpan<ast::Expression*> elements) {
  return std::any_of(elements.begin(), elements.end(),
                     [](ast::Expression* element) { return element->is<ast::Starred>(); });
}

/// Too many for a pair of bytes, or two stars: what CPython says.
const char* star_fault(ArenaSpan<ast::Expression*> elements, uint32_t* star) {
  bool seen = false;
  for (uint32_t i = 0; i < elements.size(); ++i) {
    if (!elements[i]->is<ast::Starred>()) continue;
    if (seen) return "multiple starred expressions in assignment";
    seen = true;
    *star = i;
  }
  if (*star >= 256 || elements.size() - *star - 1 >= 256) {
    return "too many expressions in star-unpacking assignment";
  }
  return nullptr;
}

}  // namespace

void Compiler::assign(ast::Assign* node) {
  TemporaryScope scope(*unit_);
  if (node->targets.size() == 1) return assign_to(node->targets[0], node->value);
  Register value = push(node->value);
  for (ast::Expression* target : node->targets) store(target, value);
}

void Compiler::assign_to(ast::Expression* target, ast::Expression* value) {
  TemporaryScope scope(*unit_);
  if (auto local = local_target(target)) {
    into(value, *local);
    mark_bound(*local);
    return;
  }
  auto* targets = target->try_as<ast::Tuple>();
  if (targets && assign_parallel(targets, value)) return;
  store(target, operand(value));
}

// `a, b = b, a + b` without making a tuple: all values are computed, then stored from left to
// right. A value that is a local in place must be copied if an earlier target overwrites it.
bool Compiler::assign_parallel(ast::Tuple* targets, ast::Expression* value) {
  Expressions elements;
  if (auto* tuple = value->try_as<ast::Tuple>()) elements = tuple->elts;
  if (auto* list = value->try_as<ast::List>()) elements = list->elts;
  uint32_t count = targets->elts.size();
  if (elements.size() != count || count == 0 || count > 16) return false;
  if (has_starred(elements) || has_starred(targets->elts)) return false;
  std::vector<Register> values, written;
  for (uint32_t i = 0; i < count; ++i) {
    Register source = operand(elements[i]);
    bool is_overwritten = std::find(written.begin(), written.end(), source) != written.end();
    if (unit_->is_local(source) && is_overwritten) {
      Register copy = unit_->temporary();
      emit(Opcode::Move, copy, source);
      source = copy;
    }
    values.push_back(source);
    ast::Expression* target = targets->elts[i];
    if (auto local = local_target(target)) {
      written.push_back(*local);
    } else if (!target->is<ast::Name>()) {
      // Stores to anything else may assign nested names; then every later local is copied.
      for (Register r = 0; r < unit_->first_temporary; ++r) written.push_back(r);
    }
  }
  for (uint32_t i = 0; i < count; ++i) store(targets->elts[i], values[i]);
  return true;
}

void Compiler::store(ast::Expression* target, Register value) {
  TemporaryScope scope(*unit_);
  switch (target->kind) {
    case ast::NodeKind::Name:
      at(target);
      return store(target->as<ast::Name>()->symbol, value);
    case ast::NodeKind::Attribute: {
      auto* attribute = target->as<ast::Attribute>();
      note_static_attribute(attribute);
      Register object = operand(attribute->value);
      at(method_position(attribute, attribute));
      return emit(Opcode::StoreAttr, object, name_constant(attribute->attr), value);
    }
    case ast::NodeKind::Subscript: {
      auto* subscript = target->as<ast::Subscript>();
      Register object = operand(subscript->value);
      Register index = operand(subscript->slice);
      return emit_at(target, Opcode::StoreItem, object, index, value);
    }
    case ast::NodeKind::Tuple:
      return unpack(target, target->as<ast::Tuple>()->elts, value);
    case ast::NodeKind::List:
      return unpack(target, target->as<ast::List>()->elts, value);
    case ast::NodeKind::Starred:
      return fail(target->span, "starred assignment target must be in a list or tuple");
    default:
      return fail(target->span, "cannot assign to this expression");
  }
}

void Compiler::unpack(ast::Expression* target, Expressions elements, Register value) {
  uint32_t star = elements.size(), count = elements.size();
  if (has_starred(elements)) {
    if (const char* fault = star_fault(elements, &star)) return fail(target->span, fault);
  } else {
    // Locals that lie side by side in order are written at once; nothing is written unless all goes
    // well.
    auto first = count ? local_target(elements[0]) : std::nullopt;
    bool in_place = first.has_value();
    for (uint32_t i = 1; i < count && in_place; ++i) {
      in_place = local_target(elements[i]) == *first + i;
    }
    if (in_place) {
      emit_at(target, Opcode::UnpackSequence, *first, value, count);
      for (uint32_t i = 0; i < count; ++i) mark_bound(*first + i);
      return;
    }
  }
  Register base = unit_->run(count);
  at(target);
  if (star < count) {
    emit(Opcode::UnpackRest, base, value, star | (count - star - 1) << 8);
  } else {
    emit(Opcode::UnpackSequence, base, value, count);
  }
  for (uint32_t i = 0; i < count; ++i) {
    auto* starred = elements[i]->try_as<ast::Starred>();
    store(starred ? starred->value : elements[i], base + i);
  }
}

// --- augmented assignment -----------------------------------------------------------------------

// r[target] op= the statement's value.
void Compiler::augment(ast::AugAssign* node, Register target) {
  bool is_add = node->op == ast::BinaryOperator::Add;
  bool is_subtract = node->op == ast::BinaryOperator::Sub;
  if (is_add || is_subtract) {
    auto constant = folded(node->value);
    if (constant && constant->kind == ConstantDraft::Kind::Int && constant->integer >= INT16_MIN &&
        constant->integer <= INT16_MAX) {
      return emit_at(node, is_add ? Opcode::InPlaceAddInt : Opcode::InPlaceSubtractInt, target,
                     target, constant->integer);
    }
  }
  Register value = operand(node->value);
  at(node);
  if (is_add || is_subtract || node->op == ast::BinaryOperator::Mult)
    unit_->pass_number(target, value);
  if (is_add) {
    emit(Opcode::InPlaceAdd, target, target, value);
  } else if (is_subtract) {
    emit(Opcode::InPlaceSubtract, target, target, value);
  } else if (node->op == ast::BinaryOperator::Mult) {
    emit(Opcode::InPlaceMultiply, target, target, value);
  } else {
    emit(Opcode::InPlace, target, value, static_cast<int64_t>(binary_op(node->op)));
  }
}

void Compiler::augmented(ast::AugAssign* node) {
  TemporaryScope scope(*unit_);
  switch (node->target->kind) {
    case ast::NodeKind::Name: {
      const ast::Symbol* symbol = node->target->as<ast::Name>()->symbol;
      Register target = operand(node->target);
      augment(node, target);
      if (!unit_->is_local(target)) {
        at(node->target);
        store(symbol, target);
      }
      return;
    }
    case ast::NodeKind::Attribute: {
      auto* attribute = node->target->as<ast::Attribute>();
      note_static_attribute(attribute);
      Register object = operand(attribute->value);
      Register target = unit_->temporary();
      at(method_position(attribute, attribute));
      emit(Opcode::LoadAttr, target, object, name_constant(attribute->attr));
      augment(node, target);
      at(method_position(attribute, attribute));
      return emit(Opcode::StoreAttr, object, name_constant(attribute->attr), target);
    }
    case ast::NodeKind::Subscript: {
      auto* subscript = node->target->as<ast::Subscript>();
      Register object = operand(subscript->value);
      Register index = operand(subscript->slice);
      Register target = unit_->temporary();
      emit_at(subscript, Opcode::LoadItem, target, object, index);
      augment(node, target);
      return emit_at(subscript, Opcode::StoreItem, object, index, target);
    }
    default:
      return fail(node->span, "illegal expression for augmented assignment");
  }
}

// --- annotations --------------------------------------------------------------------------------

void Compiler::annotation_value(ast::Expression* annotation, Register dst) {
  if (annotations_are_text_) {
    at(annotation);
    return load_constant(ConstantDraft::from_str(unparse(annotation)), dst);
  }
  // `*args: *Ts` stands for the one item that Ts unpacks to.
  if (auto* starred = annotation->try_as<ast::Starred>()) {
    TemporaryScope scope(*unit_);
    Register value = operand(starred->value);
    unit_->touch(dst + 1);
    return emit_at(annotation, Opcode::UnpackSequence, dst, value, 1);
  }
  into(annotation, dst);
}

void Compiler::record_annotation(ast::AnnAssign* node) {
  TemporaryScope scope(*unit_);
  Register value = unit_->next;
  annotation_value(node->annotation, value);
  unit_->hold(value);
  at(node);
  Register dict = unit_->temporary();
  emit(uses_namespace() ? Opcode::LoadName : Opcode::LoadGlobal, dict,
       unit_->builder.name("__annotations__"));
  Register key = push_str(mangled(node->target->as<ast::Name>()->id));
  emit(Opcode::StoreItem, dict, key, value);
}

void Compiler::annotated(ast::AnnAssign* node) {
  TemporaryScope scope(*unit_);
  if (node->value) assign_to(node->target, node->value);
  bool is_recorded = unit_->kind == CodeUnit::Kind::Module || unit_->kind == CodeUnit::Kind::Class;
  if (node->simple && node->target->is<ast::Name>()) {
    if (is_recorded) record_annotation(node);
    return;
  }
  // What the target is made of is evaluated, as if something were assigned.
  if (!node->value) {
    if (auto* attribute = node->target->try_as<ast::Attribute>()) discard(attribute->value);
    if (auto* subscript = node->target->try_as<ast::Subscript>()) {
      Register object = operand(subscript->value);
      (void)object;
      discard(subscript->slice);
    }
  }
  if (is_recorded && !annotations_are_text_) discard(node->annotation);
}

// --- del ----------------------------------------------------------------------------------------

void Compiler::delete_target(ast::Expression* target) {
  TemporaryScope scope(*unit_);
  switch (target->kind) {
    case ast::NodeKind::Name:
      at(target);
      return delete_symbol(target->as<ast::Name>()->symbol);
    case ast::NodeKind::Attribute: {
      auto* attribute = target->as<ast::Attribute>();
      Register object = operand(attribute->value);
      at(method_position(attribute, attribute));
      return emit(Opcode::DeleteAttr, object, name_constant(attribute->attr));
    }
    case ast::NodeKind::Subscript: {
      auto* subscript = target->as<ast::Subscript>();
      Register object = operand(subscript->value);
      Register index = operand(subscript->slice);
      return emit_at(target, Opcode::DeleteItem, object, index);
    }
    case ast::NodeKind::Tuple:
      for (ast::Expression* element : target->as<ast::Tuple>()->elts) delete_target(element);
      return;
    case ast::NodeKind::List:
      for (ast::Expression* element : target->as<ast::List>()->elts) delete_target(element);
      return;
    default:
      return fail(target->span, "cannot delete this expression");
  }
}

}  // namespace apy
