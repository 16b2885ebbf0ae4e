// Entry points, and what all code units have in common: positions, errors, the end of a unit.
#include "vm/compiler/compile.h"

#include "vm/bytecode/future_flags.h"

#include <cassert>

#include "lexer/render.h"
#include "lexer/source.h"
#include "parser/stack_limit.h"
#include "vm/bytecode/verify.h"
#include "vm/compiler/compiler.h"
#include "vm/objects/vm.h"

namespace apy {

// --- errors and positions -----------------------------------------------------------------------

Compiler::Compiler(const Source& source, const CompileOptions& options)
    : source_(source),
      options_(options),
      stack_limit_(stack_limit_or_default(options.stack_limit)) {}

bool Compiler::too_deep() {
  if (static_cast<const char*>(__builtin_frame_address(0)) > stack_limit_) [[likely]]
    return false;
  fail({}, "maximum recursion depth exceeded during compilation");
  error->kind = DiagnosticKind::RecursionError;
  error->excerpt = DiagnosticExcerpt::None;
  return true;
}

void Compiler::fail(Span span, std::string message) {
  if (error) return;
  error.emplace();
  error->span = span;
  error->message = std::move(message);
}

Position Compiler::position_of(Span span) {
  auto find_line = [&](uint32_t offset) {
    if (offset >= line_begin_ && offset < line_end_) return;
    line_ = source_.line_at(offset);
    Span line = source_.line_span(line_);
    line_begin_ = line.begin;
    line_end_ = line.end + 1;
  };
  auto signed_of = [](uint32_t number) { return static_cast<int32_t>(number); };
  Position position;
  find_line(span.end);
  position.end_line = signed_of(line_);
  position.end_column = signed_of(span.end - line_begin_);
  find_line(span.begin);
  position.line = signed_of(line_);
  position.column = signed_of(span.begin - line_begin_);
  return position;
}

// --- units --------------------------------------------------------------------------------------

void Compiler::return_none() {
  if (!unit_->is_reachable()) return;
  TemporaryScope scope(*unit_);
  Register none = push_none();
  emit(Opcode::Return, none);
}

Compiler::FinishedUnit Compiler::finish_unit() {
  CodeUnit& unit = *unit_;
  assert(unit.blocks.empty());
  auto draft = std::make_unique<CodeDraft>();
  if (unit.is_reachable()) return_none();
  draft->name = unit.name;
  draft->qualname = unit.qualname;
  draft->flags = unit.flags | (annotations_are_text_ ? kFutureAnnotations : 0);
  draft->first_line = unit.first_line;
  draft->local_names = std::move(unit.local_names);
  draft->cell_names = std::move(unit.cell_names);
  draft->free_names = std::move(unit.free_names);
  unit.touch(static_cast<Register>(draft->local_names.size()));
  if (unit.register_count() >= CodeBuilder::kMaxRegisters) {
    unit.builder.fail("too many variables and temporaries");
  }
  draft->register_count = unit.register_count();
  unit.builder.finish(*draft);
  if (const char* failure = unit.builder.failure()) {
    fail({}, failure);
  } else if (!error) {
    assert(!verify(*draft).has_value());
  }
  return {std::move(draft), std::move(unit.captured)};
}

uint32_t Compiler::code_constant(std::unique_ptr<CodeDraft> draft) {
  ConstantDraft constant;
  constant.kind = ConstantDraft::Kind::Code;
  constant.code = std::move(draft);
  return unit_->builder.constant(std::move(constant));
}

// --- modules ------------------------------------------------------------------------------------

void Compiler::set_up_annotations(const BodyFacts& facts) {
  if (!facts.has_annotations) return;
  TemporaryScope scope(*unit_);
  Register place = unit_->temporary();
  emit(Opcode::Intrinsic, place, place, static_cast<int>(IntrinsicKind::SetupAnnotations));
}

void Compiler::module_body(ast::Node* root) {
  Statements body;
  if (auto* module = root->try_as<ast::Module>()) body = module->body;
  if (auto* interactive = root->try_as<ast::InteractiveModule>()) body = interactive->body;
  set_up_annotations(facts_of(body));
  std::optional<ConstantDraft> doc;
  ast::Node* first = body.empty() ? nullptr : body[0];
  if (!is_interactive_) doc = documentation(body);
  if (doc) {
    TemporaryScope scope(*unit_);
    at(first);
    Register value = push_constant(std::move(*doc));
    emit(uses_namespace() ? Opcode::StoreName : Opcode::StoreGlobal, value,
         unit_->builder.name("__doc__"));
  }
  statements(body);
  return_none();
}

std::unique_ptr<CodeDraft> Compiler::compile(ast::Node* root) {
  const ast::Scope* scope = nullptr;
  BodyFacts facts;
  if (auto* module = root->try_as<ast::Module>()) {
    scope = module->scope;
    facts = facts_of(module->body);
  } else if (auto* interactive = root->try_as<ast::InteractiveModule>()) {
    scope = interactive->scope;
    facts = facts_of(interactive->body);
    is_interactive_ = true;
  } else {
    scope = root->as<ast::ExpressionModule>()->scope;
    facts = facts_of(root->as<ast::ExpressionModule>()->body);
  }
  annotations_are_text_ = options_.annotations_as_text || scope->has_future_annotations;
  CodeUnit unit(nullptr, CodeUnit::Kind::Module, scope);
  unit.name = unit.qualname = "<module>";
  if (options_.top_level_await) unit.flags |= generator_flags(scope);
  UnitScope unit_scope(*this, unit);
  declare_variables(facts);
  if (auto* expression = root->try_as<ast::ExpressionModule>()) {
    Register value = operand(expression->body);
    emit_at(expression->body, Opcode::Return, value);
  } else {
    module_body(root);
  }
  FinishedUnit code = finish_unit();
  return error ? nullptr : std::move(code.draft);
}

CompileResult compile(ast::Node* root, const Source& source, const CompileOptions& options) {
  Compiler compiler(source, options);
  CompileResult result;
  result.draft = compiler.compile(root);
  if (compiler.error) result.error = std::move(*compiler.error);
  return result;
}

Result<Code*> compile_module(VM& vm, ast::Node* root, const Source& source,
                             const CompileOptions& options) {
  CompileResult result = compile(root, source, options);
  if (!result.draft) return raise_diagnostic(vm, result.error, source);
  Str* filename = TRY(intern(vm, source.name()));
  return materialize(vm, *result.draft, filename);
}

namespace {

Exc exception_of(DiagnosticKind kind) {
  switch (kind) {
    case DiagnosticKind::IndentationError:
      return Exc::IndentationError;
    case DiagnosticKind::TabError:
      return Exc::TabError;
    case DiagnosticKind::RecursionError:
      return Exc::RecursionError;
    default:
      return Exc::SyntaxError;
  }
}

}  // namespace

Error raise_diagnostic(VM& vm, const Diagnostic& diagnostic, const Source& source) {
  SyntaxErrorPlace place = locate(source, diagnostic);
  Str* message = TRY(make_str(vm, diagnostic.message));
  Exc type = exception_of(diagnostic.kind);
  if (!place.has_line) return vm.raise_with(type, std::initializer_list<Value>{Value(message)});
  Str* filename = TRY(make_str(vm, source.name()));
  Value text = Value::none();
  if (place.has_text) text = TRY(make_str(vm, place.text));
  auto number = [](uint32_t n) { return Value::small_int(n); };
  const Value details[] = {filename, number(place.line),     number(place.offset),
                           text,     number(place.end_line), number(place.end_offset)};
  Tuple* where = TRY(make_tuple(vm, details));
  return vm.raise_with(type, std::initializer_list<Value>{Value(message), Value(where)});
}

}  // namespace apy
