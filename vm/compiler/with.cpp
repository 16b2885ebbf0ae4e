// with and async with.
#include "vm/compiler/compiler.h"
#include "vm/objects/frame.h"
#include "vm/objects/special.h"

namespace apy {

// exit(None, None, None), its result ignored.
void Compiler::call_exit_normally(const ControlBlock& block) {
  TemporaryScope scope(*unit_);
  at(block.position);
  Register base = unit_->next;
  unit_->run(kFrameWords);
  emit(Opcode::Move, base, block.exit_function);
  for (int i = 0; i < 3; ++i) push_none();
  call_window(base, 3, false, base);
  emit(Opcode::Call, base, base, 3);
  if (block.kind != ControlBlock::Kind::AsyncWith) return;
  unit_->next = base + 1;
  emit(Opcode::GetAwaitable, base, base, 2);
  drive(base, base);
}

void Compiler::with_statement(const ast::Node* node, ArenaSpan<ast::WithItem*> items,
                              Statements body, bool is_async) {
  if (items.empty()) return statements(body);
  ast::WithItem* item = items[0];
  TemporaryScope scope(*unit_);
  Register exit_function = unit_->temporary(), exception = unit_->temporary();
  Register value = unit_->temporary();
  {
    TemporaryScope enter(*unit_);
    Register manager = operand(item->context_expr);
    Register base = unit_->next;
    at(item->context_expr);
    call_window(base, 0, false, value);
    auto number = [](Special special) { return static_cast<int>(special); };
    emit(Opcode::LoadSpecial, base, manager,
         number(is_async ? Special::AsyncEnter : Special::Enter));
    emit(Opcode::LoadSpecial, exit_function, manager,
         number(is_async ? Special::AsyncExit : Special::Exit));
    emit(Opcode::Call, value, base, 0);
  }
  if (is_async) {
    emit(Opcode::GetAwaitable, value, value, 1);
    drive(value, value);
  }
  Label handler = unit_->label(), suppressed = unit_->label(), end = unit_->label();
  ControlBlock block(is_async ? ControlBlock::Kind::AsyncWith : ControlBlock::Kind::With);
  block.handler = handler;
  block.exception_register = exception;
  block.exit_function = exit_function;
  block.position = item->context_expr->span;
  enter_block(block, node->span);
  if (item->optional_vars) store(item->optional_vars, value);
  with_statement(node, items.from(1), body, is_async);
  unit_->pop_block();
  call_exit_normally(block);
  unit_->jump(end);

  at(item->context_expr);
  Handling handling = begin_handling(handler, exception);
  {
    TemporaryScope call(*unit_);
    Register base = unit_->next;
    unit_->run(kFrameWords + 3);
    emit(Opcode::Move, base, exit_function);
    emit(Opcode::ExceptionTriple, base + kFrameWords, exception);
    call_window(base, 3, false, base);
    emit(Opcode::Call, base, base, 3);
    unit_->next = base + 1;
    if (is_async) {
      emit(Opcode::GetAwaitable, base, base, 2);
      drive(base, base);
    }
    unit_->jump(Opcode::JumpIfTrue, base, 0, suppressed);
  }
  end_handling(handling);
  unit_->place(suppressed);
  emit(Opcode::PopHandled, handling.saved);
  unit_->place(end);
}

}  // namespace apy
