// def, lambda: code objects for functions and the objects around them.
#include "vm/compiler/compiler.h"
#include "vm/compiler/function_parts.h"
#include "vm/objects/frame.h"

namespace apy {

std::string Compiler::qualified_name(const CodeUnit* around, std::string_view name,
                                     ast::Identifier identifier) {
  if (around && around->kind == CodeUnit::Kind::TypeParameters) around = around->parent;
  if (!around || around->kind == CodeUnit::Kind::Module) return std::string(name);
  const ast::Symbol* symbol = identifier ? around->scope->find(identifier) : nullptr;
  if (symbol && symbol->is_global_declared) return std::string(name);
  // CPython leaves "<locals>" out after classes and generator expressions.
  bool is_class =
      around->kind == CodeUnit::Kind::Class || around->kind == CodeUnit::Kind::Generator;
  return around->qualname + (is_class ? "." : ".<locals>.") + std::string(name);
}

// --- decorators ---------------------------------------------------------------------------------

// The windows of the decorators' calls are nested: each takes the result of the next as its
// argument, in place.
Register Compiler::push_decorators(Expressions decorators) {
  Register first = unit_->next;
  for (ast::Expression* decorator : decorators) {
    into(decorator, unit_->next);
    unit_->run(kFrameWords);
  }
  return first;
}

void Compiler::apply_decorators(Expressions decorators, Register first, Register dst) {
  for (uint32_t i = decorators.size(); i-- > 0;) {
    Register base = first + i * kFrameWords;
    Register result = i == 0 ? dst : base;
    call_window(base, 1, false, result);
    emit_at(decorators[i], Opcode::Call, result, base, 1);
  }
}

// --- what a function is made with ---------------------------------------------------------------

bool Compiler::push_defaults(const ast::Arguments* arguments, Register dst) {
  if (arguments->defaults.empty()) return false;
  std::vector<ConstantDraft> constants;
  for (ast::Expression* value : arguments->defaults) {
    auto constant = folded(value);
    if (!constant) break;
    constants.push_back(std::move(*constant));
  }
  if (constants.size() == arguments->defaults.size()) {
    load_constant(ConstantDraft::tuple(std::move(constants)), dst);
    return true;
  }
  TemporaryScope scope(*unit_);
  Register base = unit_->next;
  for (ast::Expression* value : arguments->defaults) push(value);
  emit(Opcode::BuildTuple, dst, base, arguments->defaults.size());
  return true;
}

bool Compiler::push_keyword_defaults(const ast::Arguments* arguments, Register dst) {
  TemporaryScope scope(*unit_);
  Register base = unit_->next;
  uint32_t count = 0;
  for (uint32_t i = 0; i < arguments->kwonlyargs.size(); ++i) {
    if (!arguments->kw_defaults[i]) continue;
    push_str(mangled(arguments->kwonlyargs[i]->arg));
    push(arguments->kw_defaults[i]);
    ++count;
  }
  if (count > 0) emit(Opcode::BuildDict, dst, base, count);
  return count > 0;
}

// In CPython's order, in which positional-only parameters come after the others.
bool Compiler::push_annotations(const ast::Arguments* arguments, ast::Expression* returns,
                                Register dst) {
  TemporaryScope scope(*unit_);
  Register base = unit_->next;
  uint32_t count = 0;
  auto add = [&](std::string name, ast::Expression* annotation) {
    if (!annotation) return;
    push_str(std::move(name));
    Register value = unit_->next;
    annotation_value(annotation, value);
    unit_->next = value;
    unit_->temporary();
    ++count;
  };
  auto add_parameter = [&](const ast::Arg* parameter) {
    if (parameter) add(mangled(parameter->arg), parameter->annotation);
  };
  for (const ast::Arg* parameter : arguments->args) add_parameter(parameter);
  for (const ast::Arg* parameter : arguments->posonlyargs) add_parameter(parameter);
  add_parameter(arguments->vararg);
  for (const ast::Arg* parameter : arguments->kwonlyargs) add_parameter(parameter);
  add_parameter(arguments->kwarg);
  add("return", returns);
  if (count > 0) emit(Opcode::BuildDict, dst, base, count);
  return count > 0;
}

bool Compiler::push_closure(const std::vector<Register>& captured, Register dst) {
  if (captured.empty()) return false;
  TemporaryScope scope(*unit_);
  if (captured.size() == 1) {
    emit(Opcode::BuildTuple, dst, captured[0], 1);
    return true;
  }
  Register base = unit_->next;
  for (Register cell : captured) {
    Register place = unit_->temporary();
    emit(Opcode::Move, place, cell);
  }
  emit(Opcode::BuildTuple, dst, base, captured.size());
  return true;
}

void Compiler::make_closure(FinishedUnit code, Register dst) {
  TemporaryScope scope(*unit_);
  unit_->touch(dst + 1);
  Register extras = CodeBuilder::kNoOperand;
  if (!code.captured.empty()) {
    extras = unit_->run(4);
    for (Register i = 0; i < 3; ++i) load_constant({}, extras + i);
    push_closure(code.captured, extras + 3);
  }
  emit(Opcode::MakeFunction, dst, code_constant(std::move(code.draft)), extras);
}

// --- def and lambda -----------------------------------------------------------------------------

void Compiler::make_function(const FunctionParts& parts, Register dst) {
  TemporaryScope scope(*unit_);
  Register extras = unit_->run(4);
  bool given[4] = {};
  at(parts.span);
  if (parts.defaults_are_arguments) {
    // In the scope of type parameters: the defaults were evaluated outside.
    emit(Opcode::Move, extras, 0);
    emit(Opcode::Move, extras + 1, 1);
    given[0] = given[1] = true;
  } else {
    given[0] = push_defaults(parts.arguments, extras);
    at(parts.span);
    given[1] = push_keyword_defaults(parts.arguments, extras + 1);
  }
  given[2] = push_annotations(parts.arguments, parts.returns, extras + 2);
  FinishedUnit code = function_code(parts);
  at(parts.span);
  given[3] = push_closure(code.captured, extras + 3);
  bool has_extras = given[0] || given[1] || given[2] || given[3];
  for (int i = 0; i < 4 && has_extras; ++i) {
    if (!given[i]) load_constant({}, extras + static_cast<Register>(i));
  }
  unit_->touch(dst + 1);
  emit(Opcode::MakeFunction, dst, code_constant(std::move(code.draft)),
       has_extras ? extras : CodeBuilder::kNoOperand);
}

Compiler::FinishedUnit Compiler::function_code(const FunctionParts& parts) {
  auto kind = parts.is_lambda ? CodeUnit::Kind::Lambda : CodeUnit::Kind::Function;
  CodeUnit unit(unit_, kind, parts.scope);
  unit.name = std::string(parts.name);
  unit.qualname = qualified_name(unit_, parts.name, parts.identifier);
  unit.flags = Code::kOptimized | Code::kNewLocals;
  if (parts.scope->is_nested) unit.flags |= Code::kNested;
  unit.flags |= generator_flags(parts.scope);
  const ast::Arguments* arguments = parts.arguments;
  if (arguments->vararg) unit.flags |= Code::kVarArgs;
  if (arguments->kwarg) unit.flags |= Code::kVarKeywords;
  bool is_simple = !arguments->vararg && !arguments->kwarg && arguments->kwonlyargs.empty();
  if (is_simple) unit.flags |= Code::kSimpleCall;
  unit.first_line = position_of(parts.first_line_span).line;
  UnitScope unit_scope(*this, unit);
  at(parts.span);

  Statements body = parts.body;
  std::optional<ConstantDraft> doc;
  if (!parts.is_lambda) doc = documentation(body);
  // The documentation must be constant 0, see CodeDraft::has_doc.
  if (doc) constant_index(std::move(*doc));
  declare_variables(parts.is_lambda ? facts_of(parts.expression) : facts_of(parts.body));
  if (parts.is_lambda) {
    TemporaryScope scope(*unit_);
    Register value = operand(parts.expression);
    emit_at(parts.expression, Opcode::Return, value);
  } else {
    statements(body);
    return_none();
  }
  FinishedUnit code = finish_unit();
  code.draft->has_doc = doc.has_value();
  code.draft->argument_count = arguments->posonlyargs.size() + arguments->args.size();
  code.draft->positional_only_count = arguments->posonlyargs.size();
  code.draft->keyword_only_count = arguments->kwonlyargs.size();
  return code;
}

uint32_t Compiler::generator_flags(const ast::Scope* scope) {
  if (scope->is_async_generator()) return Code::kAsyncGenerator;
  if (scope->is_coroutine()) return Code::kCoroutine;
  return scope->is_generator() ? Code::kGenerator : 0;
}

void Compiler::lambda(ast::Lambda* node, Register dst) {
  FunctionParts parts;
  parts.name = "<lambda>";
  parts.arguments = node->args;
  parts.expression = node->body;
  parts.scope = node->scope;
  parts.is_lambda = true;
  parts.span = parts.first_line_span = node->span;
  make_function(parts, dst);
}

// def f[T](...): a function that makes the type parameters and then the function, called at once.
void Compiler::make_generic_function(const FunctionParts& parts, const ast::Scope* type_scope,
                                     ArenaSpan<ast::TypeParam*> type_params, Register dst) {
  TemporaryScope scope(*unit_);
  Register base = unit_->next;
  unit_->run(kFrameWords + 2);
  at(parts.span);
  Register defaults = base + kFrameWords;
  if (!push_defaults(parts.arguments, defaults)) load_constant({}, defaults);
  if (!push_keyword_defaults(parts.arguments, defaults + 1)) load_constant({}, defaults + 1);
  FinishedUnit code = type_parameters_code(parts.name, type_scope, parts.first_line_span,
                                           TypeParametersFor::Function, [&](Register value) {
                                             Register pair = unit_->run(2);
                                             FunctionParts inner = parts;
                                             inner.defaults_are_arguments = true;
                                             type_parameters(type_params, pair + 1);
                                             make_function(inner, pair);
                                             at(parts.span);
                                             emit(Opcode::Intrinsic, value, pair,
                                                  static_cast<int>(IntrinsicKind::SetTypeParams));
                                           });
  make_closure(std::move(code), base);
  call_window(base, 2, false, dst);
  at(parts.span);
  emit(Opcode::Call, dst, base, 2);
}

void Compiler::function_definition(const FunctionParts& parts, Expressions decorators,
                                   const ast::Scope* type_scope,
                                   ArenaSpan<ast::TypeParam*> type_params, ast::Identifier name) {
  TemporaryScope scope(*unit_);
  auto local = local_target(symbol_of(name));
  Register first = push_decorators(decorators);
  Register dst = local && decorators.empty() ? *local : unit_->next;
  if (type_params.empty()) {
    make_function(parts, dst);
  } else {
    make_generic_function(parts, type_scope, type_params, dst);
  }
  unit_->hold(dst);
  if (!decorators.empty()) {
    apply_decorators(decorators, first, local ? *local : first);
    dst = local ? *local : first;
  }
  at(parts.span);
  if (local) {
    mark_bound(*local);
  } else {
    store_name(name, dst);
  }
}

namespace {

template <class Node>
FunctionParts parts_of(const Node* node) {
  FunctionParts parts;
  parts.name = node->name.view();
  parts.identifier = node->name;
  parts.arguments = node->args;
  parts.body = node->body;
  parts.returns = node->returns;
  parts.scope = node->scope;
  parts.span = parts.first_line_span = node->span;
  if (!node->decorator_list.empty()) parts.first_line_span = node->decorator_list[0]->span;
  return parts;
}

}  // namespace

void Compiler::function_definition(ast::FunctionDef* node) {
  function_definition(parts_of(node), node->decorator_list, node->type_scope, node->type_params,
                      node->name);
}

void Compiler::function_definition(ast::AsyncFunctionDef* node) {
  function_definition(parts_of(node), node->decorator_list, node->type_scope, node->type_params,
                      node->name);
}

}  // namespace apy
