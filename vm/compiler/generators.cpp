// yield and await. Whether a function is a generator or a coroutine is written on its code; the
// instructions here are the same in all of them, apart from YieldAsync.
#include "vm/compiler/compiler.h"

namespace apy {

void Compiler::yield(ast::Yield* node, Register dst) {
  TemporaryScope scope(*unit_);
  at(node);
  Register value = node->value ? operand(node->value) : push_none();
  unit_->touch(dst + 1);
  bool is_async = unit_->flags & Code::kAsyncGenerator;
  emit_at(node, is_async ? Opcode::YieldAsync : Opcode::Yield, dst, value);
}

void Compiler::drive(Register awaitable, Register dst) {
  TemporaryScope scope(*unit_);
  Register sent = push_none();
  unit_->touch(dst + 1);
  emit(Opcode::Send, dst, awaitable, sent);
}

void Compiler::yield_from(ast::YieldFrom* node, Register dst) {
  TemporaryScope scope(*unit_);
  Register iterator = push(node->value);
  emit_at(node, Opcode::GetYieldFrom, iterator, iterator);
  drive(iterator, dst);
}

void Compiler::await(ast::Await* node, Register dst) {
  TemporaryScope scope(*unit_);
  Register awaitable = push(node->value);
  emit_at(node, Opcode::GetAwaitable, awaitable, awaitable, 0);
  drive(awaitable, dst);
}

}  // namespace apy
