// if, loops, return, and how control leaves the blocks around it.
#include "vm/compiler/compiler.h"
#include "vm/compiler/fold.h"

namespace apy {

// --- blocks -------------------------------------------------------------------------------------

namespace {

constexpr size_t kMaxBlocks = 21;

}  // namespace

void Compiler::enter_block(ControlBlock block, Span span) {
  if (unit_->blocks.size() >= kMaxBlocks) fail(span, "too many statically nested blocks");
  unit_->push_block(block);
}

// What a block owes when control leaves it by return, break or continue.
void Compiler::leave_block_code(const ControlBlock& block) {
  TemporaryScope scope(*unit_);
  switch (block.kind) {
    case ControlBlock::Kind::Loop:
    case ControlBlock::Kind::Protected:
      break;
    case ControlBlock::Kind::Handler:
      if (block.restores_handled) emit(Opcode::PopHandled, block.saved_handled);
      if (block.bound_name) unbind_name(block.bound_name);
      break;
    case ControlBlock::Kind::Finally:
      statements(block.final_body);
      break;
    case ControlBlock::Kind::With:
    case ControlBlock::Kind::AsyncWith:
      call_exit_normally(block);
      break;
  }
}

BlockExit::BlockExit(Compiler& compiler, size_t depth) : compiler_(compiler) {
  CodeUnit& unit = *compiler.unit_;
  Position position = unit.builder.position();
  while (unit.blocks.size() > depth) {
    left_.push_back(unit.pop_block());
    compiler.leave_block_code(left_.back());
  }
  unit.builder.set_position(position);
}

BlockExit::~BlockExit() {
  CodeUnit& unit = *compiler_.unit_;
  for (; !left_.empty(); left_.pop_back()) {
    left_.back().range_begin = unit.builder.mark();
    unit.blocks.push_back(left_.back());
  }
}

void Compiler::return_statement(ast::Return* node) {
  TemporaryScope scope(*unit_);
  bool runs_code_on_exit = false;
  for (const ControlBlock& block : unit_->blocks) {
    if (block.kind != ControlBlock::Kind::Loop) runs_code_on_exit = true;
  }
  at(node);
  Register value;
  if (!node->value) {
    value = push_none();
  } else {
    value = runs_code_on_exit ? push(node->value) : operand(node->value);
  }
  at(node);
  BlockExit exit(*this, 0);
  emit(Opcode::Return, value);
}

void Compiler::break_statement(ast::Break* node) {
  size_t depth = unit_->blocks.size();
  while (depth > 0 && unit_->blocks[depth - 1].kind != ControlBlock::Kind::Loop) --depth;
  if (depth == 0) return fail(node->span, "'break' outside loop");
  Label target = unit_->blocks[depth - 1].break_label;
  at(node);
  BlockExit exit(*this, depth);
  unit_->jump(target);
}

void Compiler::continue_statement(ast::Continue* node) {
  size_t depth = unit_->blocks.size();
  while (depth > 0 && unit_->blocks[depth - 1].kind != ControlBlock::Kind::Loop) --depth;
  if (depth == 0) return fail(node->span, "'continue' not properly in loop");
  Label target = unit_->blocks[depth - 1].continue_label;
  at(node);
  BlockExit exit(*this, depth);
  unit_->jump_back(target);
}

// --- if and while -------------------------------------------------------------------------------

void Compiler::if_statement(ast::If* node) {
  Label end = unit_->label();
  while (true) {
    auto constant = folded(node->test);
    bool takes_body = !constant || is_true(*constant);
    bool takes_else = !constant || !is_true(*constant);
    Label otherwise = unit_->label();
    if (!constant) jump_if(node->test, false, otherwise);
    if (takes_body) statements(node->body);
    if (takes_body && takes_else && !node->orelse.empty()) {
      at(node);
      unit_->jump(end);
    }
    unit_->place(otherwise);
    if (!takes_else || node->orelse.empty()) break;
    ast::If* elif = node->orelse.size() == 1 ? node->orelse[0]->try_as<ast::If>() : nullptr;
    if (!elif) {
      statements(node->orelse);
      break;
    }
    node = elif;
  }
  unit_->place(end);
}

void Compiler::while_loop(ast::While* node) {
  auto constant = folded(node->test);
  if (constant && !is_true(*constant)) return statements(node->orelse);
  Label top = unit_->loop_top(), otherwise = unit_->label(), end = unit_->label();
  if (!constant) jump_if(node->test, false, otherwise);
  ControlBlock block(ControlBlock::Kind::Loop);
  block.break_label = end;
  block.continue_label = top;
  enter_block(block, node->span);
  statements(node->body);
  unit_->pop_block();
  at(node->test);
  unit_->jump_back(top);
  unit_->place(otherwise);
  statements(node->orelse);
  unit_->place(end);
}

// --- for ----------------------------------------------------------------------------------------

Register Compiler::push_iterator(ast::Expression* iterable, bool is_async) {
  Register iterator = unit_->next;
  Register value = operand(iterable);
  unit_->next = iterator;
  unit_->temporary();
  emit_at(iterable, is_async ? Opcode::GetAsyncIter : Opcode::GetIter, iterator, value);
  return iterator;
}

namespace {

/// `a, b` without a star: the item is unpacked at once, and nothing else sees it.
bool is_pair(ast::Expression* target) {
  const ArenaSpan<ast::Expression*>* items = nullptr;
  if (auto* tuple = target->try_as<ast::Tuple>()) items = &tuple->elts;
  if (auto* list = target->try_as<ast::List>()) items = &list->elts;
  if (!items || items->size() != 2) return false;
  for (ast::Expression* item : *items)
    if (item->try_as<ast::Starred>()) return false;
  return true;
}

}  // namespace

// The next item into the target, or on to `end`.
void Compiler::for_target(ast::Expression* target, Register iterator, Label end,
                          const ast::Node* iter) {
  TemporaryScope scope(*unit_);
  at(iter);
  if (auto local = local_target(target)) {
    unit_->jump(Opcode::ForIter, *local, iterator, end);
    mark_bound(*local);
    return;
  }
  Register item = unit_->temporary();
  unit_->jump(is_pair(target) ? Opcode::ForIterPair : Opcode::ForIter, item, iterator, end);
  store(target, item);
}

void Compiler::for_loop(ast::For* node) {
  TemporaryScope scope(*unit_);
  Register iterator = push_iterator(node->iter, false);
  Label otherwise = unit_->label(), end = unit_->label();
  Label top = unit_->loop_top();
  ControlBlock block(ControlBlock::Kind::Loop);
  block.break_label = end;
  block.continue_label = top;
  enter_block(block, node->span);
  for_target(node->target, iterator, otherwise, node->iter);
  statements(node->body);
  unit_->pop_block();
  at(node);
  unit_->jump_back(top);
  unit_->place(otherwise);
  statements(node->orelse);
  unit_->place(end);
}

// r[*value] = the next item of an asynchronous iterator; when it raises StopAsyncIteration, on to
// `end`. `end` is a handler: it is placed by the caller after the loop, followed by EndAsyncFor.
void Compiler::async_next(Register iterator, Label handler, Register* value,
                          const ast::Node* position) {
  at(position);
  *value = unit_->temporary();
  Register exception = *value;
  ControlBlock block(ControlBlock::Kind::Protected);
  block.handler = handler;
  block.exception_register = exception;
  unit_->push_block(block);
  emit(Opcode::GetAsyncNext, *value, iterator);
  drive(*value, *value);
  unit_->pop_block();
}

void Compiler::async_for(ast::AsyncFor* node) {
  TemporaryScope scope(*unit_);
  Register iterator = push_iterator(node->iter, true);
  Label finished = unit_->label(), otherwise = unit_->label(), end = unit_->label();
  Label top = unit_->loop_top();
  ControlBlock block(ControlBlock::Kind::Loop);
  block.break_label = end;
  block.continue_label = top;
  enter_block(block, node->span);
  Register item;
  async_next(iterator, finished, &item, node);
  store(node->target, item);
  statements(node->body);
  unit_->pop_block();
  at(node);
  unit_->jump_back(top);
  unit_->place(finished);
  at(node->iter);
  unit_->jump(Opcode::EndAsyncFor, item, 0, otherwise);
  unit_->place(otherwise);
  statements(node->orelse);
  unit_->place(end);
}

}  // namespace apy
