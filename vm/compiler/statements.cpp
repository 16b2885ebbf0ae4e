// Statements: the dispatch over node kinds, and the small ones.
#include <algorithm>

#include "vm/compiler/compiler.h"
#include "vm/compiler/documentation.h"
#include "vm/compiler/fold.h"

namespace apy {

using ast::NodeKind;

void Compiler::statements(Statements body) {
  for (ast::Statement* node : body) {
    TemporaryScope scope(*unit_);
    statement(node);
  }
}

void Compiler::statement(ast::Statement* node) {
  if (too_deep()) return;
  switch (node->kind) {
    case NodeKind::FunctionDef:
      return function_definition(node->as<ast::FunctionDef>());
    case NodeKind::AsyncFunctionDef:
      return function_definition(node->as<ast::AsyncFunctionDef>());
    case NodeKind::ClassDef:
      return class_definition(node->as<ast::ClassDef>());
    case NodeKind::Return:
      return return_statement(node->as<ast::Return>());
    case NodeKind::Delete:
      for (ast::Expression* target : node->as<ast::Delete>()->targets) delete_target(target);
      return;
    case NodeKind::Assign:
      return assign(node->as<ast::Assign>());
    case NodeKind::TypeAlias:
      return type_alias(node->as<ast::TypeAlias>());
    case NodeKind::AugAssign:
      return augmented(node->as<ast::AugAssign>());
    case NodeKind::AnnAssign:
      return annotated(node->as<ast::AnnAssign>());
    case NodeKind::For:
      return for_loop(node->as<ast::For>());
    case NodeKind::AsyncFor:
      return async_for(node->as<ast::AsyncFor>());
    case NodeKind::While:
      return while_loop(node->as<ast::While>());
    case NodeKind::If:
      return if_statement(node->as<ast::If>());
    case NodeKind::With: {
      auto* with = node->as<ast::With>();
      return with_statement(with, with->items, with->body, false);
    }
    case NodeKind::AsyncWith: {
      auto* with = node->as<ast::AsyncWith>();
      return with_statement(with, with->items, with->body, true);
    }
    case NodeKind::Match:
      return match_statement(node->as<ast::Match>());
    case NodeKind::Raise:
      return raise(node->as<ast::Raise>());
    case NodeKind::Try:
      return try_statement(node->as<ast::Try>());
    case NodeKind::TryStar:
      return try_star(node->as<ast::TryStar>());
    case NodeKind::Assert:
      return assertion(node->as<ast::Assert>());
    case NodeKind::Import:
      return import(node->as<ast::Import>());
    case NodeKind::ImportFrom:
      return import_from(node->as<ast::ImportFrom>());
    case NodeKind::Global:
    case NodeKind::Nonlocal:
    case NodeKind::Pass:
      return;
    case NodeKind::Expr:
      return expression_statement(node->as<ast::Expr>());
    case NodeKind::Break:
      return break_statement(node->as<ast::Break>());
    case NodeKind::Continue:
      return continue_statement(node->as<ast::Continue>());
    default:
      __builtin_unreachable();
  }
}

void Compiler::expression_statement(ast::Expr* node) {
  bool is_shown = is_interactive_ && unit_->kind == CodeUnit::Kind::Module;
  if (!is_shown) return discard(node->value);
  Register value = push(node->value);
  emit_at(node, Opcode::Intrinsic, value, value, static_cast<int>(IntrinsicKind::DisplayHook));
}

void Compiler::raise(ast::Raise* node) {
  if (!node->exc) return emit_at(node, Opcode::RaiseCurrent);
  Register exception = operand(node->exc);
  if (!node->cause) return emit_at(node, Opcode::Raise, exception);
  Register cause = operand(node->cause);
  emit_at(node, Opcode::RaiseFrom, exception, cause);
}

void Compiler::assertion(ast::Assert* node) {
  if (options_.optimize > 0) return;
  Label passed = unit_->label();
  jump_if(node->test, true, passed);
  Register base = unit_->next;
  at(node);
  unit_->touch(base + 1);
  emit(Opcode::Intrinsic, base, base, static_cast<int>(IntrinsicKind::LoadAssertionError));
  if (node->msg) {
    constexpr uint32_t kHeader = 6;
    unit_->next = base + kHeader;
    push(node->msg);
    call_window(base, 1, false, base);
    emit_at(node, Opcode::Call, base, base, 1);
  }
  // CPython's carets point at the condition.
  emit_at(node->test, Opcode::Raise, base);
  unit_->place(passed);
}

std::optional<ConstantDraft> Compiler::documentation(Statements& body) {
  if (body.empty()) return {};
  auto* statement = body[0]->try_as<ast::Expr>();
  auto* constant = statement ? statement->value->try_as<ast::Constant>() : nullptr;
  if (!constant || constant->value.kind != ast::ConstantKind::Str) return {};
  body = body.from(1);
  if (options_.optimize > 1) return {};
  return ConstantDraft::from_str(clean_documentation(constant->value.text));
}

}  // namespace apy
