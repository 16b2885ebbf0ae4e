// try statements. Protection costs nothing until something is raised: a table says which handler
// covers which instructions. A handler makes the exception the one being handled (PushHandled) and
// must restore the previous one on every way out, so its code is protected in turn by a cleanup
// that restores and raises again.
#include "vm/compiler/compiler.h"

namespace apy {

// --- what handlers have in common ---------------------------------------------------------------

Compiler::Handling Compiler::begin_handling(Label handler, Register exception) {
  unit_->place(handler);
  Handling handling{exception, unit_->temporary(), unit_->label(), unit_->temporary()};
  emit(Opcode::PushHandled, handling.saved, exception);
  ControlBlock block(ControlBlock::Kind::Handler);
  block.handler = handling.cleanup;
  block.exception_register = handling.second;
  block.saved_handled = handling.saved;
  block.restores_handled = true;
  unit_->push_block(block);
  return handling;
}

void Compiler::end_handling(const Handling& handling) {
  unit_->pop_block();
  emit(Opcode::PopHandled, handling.saved);
  emit(Opcode::Reraise, handling.exception);
  unit_->place(handling.cleanup);
  emit(Opcode::PopHandled, handling.saved);
  emit(Opcode::Reraise, handling.second);
}

// --- try ... finally ----------------------------------------------------------------------------

template <class Body>
void Compiler::with_finally(Statements final_body, Span position, Body body) {
  TemporaryScope scope(*unit_);
  Label handler = unit_->label(), end = unit_->label();
  ControlBlock block(ControlBlock::Kind::Finally);
  block.handler = handler;
  block.exception_register = unit_->temporary();
  block.final_body = final_body;
  enter_block(block, position);
  body();
  unit_->pop_block();
  statements(final_body);
  unit_->jump(end);
  Handling handling = begin_handling(handler, block.exception_register);
  statements(final_body);
  end_handling(handling);
  unit_->place(end);
}

void Compiler::try_statement(ast::Try* node) {
  auto body = [&] { try_except(node->body, node->handlers, node->orelse); };
  if (node->finalbody.empty()) return body();
  with_finally(node->finalbody, node->span, body);
}

// --- try ... except -----------------------------------------------------------------------------

void Compiler::try_except(Statements body, ArenaSpan<ast::ExceptHandler*> handlers,
                          Statements orelse) {
  if (handlers.empty()) return statements(body);
  TemporaryScope scope(*unit_);
  Label handler = unit_->label(), end = unit_->label();
  ControlBlock block(ControlBlock::Kind::Protected);
  block.handler = handler;
  block.exception_register = unit_->temporary();
  enter_block(block, handlers[0]->span);
  statements(body);
  unit_->pop_block();
  statements(orelse);
  unit_->jump(end);
  at(handlers[0]);
  Handling handling = begin_handling(handler, block.exception_register);
  for (uint32_t i = 0; i < handlers.size(); ++i) {
    if (!handlers[i]->type && i + 1 < handlers.size()) {
      fail(handlers[i]->span, "default 'except:' must be last");
    }
    except_handler(handlers[i], handling.exception, end);
  }
  end_handling(handling);
  unit_->place(end);
}

void Compiler::except_handler(ast::ExceptHandler* handler, Register exception, Label end) {
  Label next = unit_->label();
  if (handler->type) {
    TemporaryScope scope(*unit_);
    Register type = operand(handler->type);
    Register matches = unit_->temporary();
    emit_at(handler->type, Opcode::MatchException, matches, exception, type);
    unit_->jump(Opcode::JumpIfFalse, matches, 0, next);
  }
  size_t outside = unit_->blocks.size() - 1;
  if (handler->name) {
    named_handler_body(handler, exception);
  } else {
    statements(handler->body);
  }
  {
    BlockExit exit(*this, outside);
    unit_->jump(end);
  }
  unit_->place(next);
}

// The name is unbound at the end of the handler, however that is reached.
void Compiler::named_handler_body(ast::ExceptHandler* handler, Register exception) {
  TemporaryScope scope(*unit_);
  at(handler);
  store_name(handler->name, exception);
  ControlBlock block(ControlBlock::Kind::Handler);
  block.handler = unit_->label();
  block.exception_register = unit_->temporary();
  block.bound_name = handler->name;
  enter_block(block, handler->span);
  statements(handler->body);
  unit_->pop_block();
  Label end = unit_->label();
  unbind_name(handler->name);
  unit_->jump(end);
  unit_->place(block.handler);
  unbind_name(handler->name);
  emit(Opcode::Reraise, block.exception_register);
  unit_->place(end);
}

// --- try ... except* ----------------------------------------------------------------------------

void Compiler::try_star(ast::TryStar* node) {
  auto body = [&] { try_except_star(node); };
  if (node->finalbody.empty()) return body();
  with_finally(node->finalbody, node->span, body);
}

// Each handler takes its part out of what is left (`rest`). What handlers raise and what nobody
// took is gathered in a list and put together at the end.
void Compiler::try_except_star(ast::TryStar* node) {
  TemporaryScope scope(*unit_);
  Label handler = unit_->label(), end = unit_->label();
  ControlBlock block(ControlBlock::Kind::Protected);
  block.handler = handler;
  block.exception_register = unit_->temporary();
  enter_block(block, node->span);
  statements(node->body);
  unit_->pop_block();
  statements(node->orelse);
  unit_->jump(end);
  at(node->handlers[0]);
  Handling handling = begin_handling(handler, block.exception_register);
  Register rest = unit_->temporary(), raised = unit_->temporary();
  emit(Opcode::Move, rest, handling.exception);
  emit(Opcode::BuildList, raised, raised, 0);
  for (ast::ExceptHandler* part : node->handlers) {
    star_handler(part, rest, raised);
  }
  emit(Opcode::ListAppend, raised, rest);
  emit(Opcode::JoinGroups, raised, handling.exception, raised);
  Label handled = unit_->label();
  unit_->jump(Opcode::JumpIfNone, raised, 0, handled);
  emit(Opcode::Move, handling.exception, raised);
  end_handling(handling);
  unit_->place(handled);
  emit(Opcode::PopHandled, handling.saved);
  unit_->place(end);
}

void Compiler::star_handler(ast::ExceptHandler* handler, Register rest, Register raised) {
  TemporaryScope scope(*unit_);
  Label next = unit_->label();
  Register parts = unit_->run(2), saved = unit_->temporary();
  {
    TemporaryScope inner(*unit_);
    Register type = operand(handler->type);
    emit_at(handler->type, Opcode::SplitGroup, parts, rest, type);
  }
  Register match = parts;
  unit_->jump(Opcode::JumpIfNone, match, 0, next);
  emit(Opcode::Move, rest, parts + 1);
  emit(Opcode::PushHandled, saved, match);
  ControlBlock block(ControlBlock::Kind::Handler);
  block.handler = unit_->label();
  block.exception_register = unit_->temporary();
  enter_block(block, handler->span);
  if (handler->name) {
    named_handler_body(handler, match);
  } else {
    statements(handler->body);
  }
  unit_->pop_block();
  emit(Opcode::PopHandled, saved);
  unit_->jump(next);
  unit_->place(block.handler);
  emit(Opcode::PopHandled, saved);
  emit(Opcode::ListAppend, raised, block.exception_register);
  unit_->place(next);
}

}  // namespace apy
