// Type parameters (PEP 695, 696) and type aliases. A definition with type parameters is wrapped in
// a function that makes them, so that they have a scope; bounds, constraints, defaults and alias
// values are functions that are called when somebody asks.
#include "vm/compiler/compiler.h"
#include "vm/objects/frame.h"

namespace apy {

void Compiler::start_type_parameters(std::string_view name, Span span, TypeParametersFor purpose) {
  unit_->name = "<generic parameters of " + std::string(name) + ">";
  unit_->qualname = qualified_name(unit_->parent, unit_->name);
  unit_->flags = Code::kOptimized | Code::kNewLocals | Code::kSimpleCall;
  unit_->first_line = position_of(span).line;
  at(span);
  if (purpose == TypeParametersFor::Function) {
    declare_parameter(".defaults");
    declare_parameter(".kwdefaults");
  }
  if (purpose == TypeParametersFor::Class) declare_cell(".type_params");
  declare_variables({});
}

Compiler::FinishedUnit Compiler::finish_type_parameters(Register value, TypeParametersFor purpose) {
  emit(Opcode::Return, value);
  FinishedUnit code = finish_unit();
  if (purpose == TypeParametersFor::Function) {
    code.draft->argument_count = code.draft->positional_only_count = 2;
  }
  return code;
}

// r[dst] = function() -> value, evaluated in `scope`.
void Compiler::lazy_function(const ast::Scope* scope, std::string_view name, ast::Expression* value,
                             Register dst) {
  FinishedUnit code;
  {
    CodeUnit unit(unit_, CodeUnit::Kind::Function, scope);
    unit.name = std::string(name);
    unit.qualname = qualified_name(unit_, name);
    unit.flags = Code::kOptimized | Code::kNewLocals | Code::kSimpleCall;
    unit.first_line = position_of(value->span).line;
    UnitScope unit_scope(*this, unit);
    at(value);
    declare_variables(facts_of(value));
    Register result = unit.temporary();
    if (auto* starred = value->try_as<ast::Starred>()) {
      emit_at(value, Opcode::UnpackSequence, result, operand(starred->value), 1);
    } else {
      into(value, result);
    }
    emit_at(value, Opcode::Return, result);
    code = finish_unit();
  }
  make_closure(std::move(code), dst);
}

void Compiler::lazy_function_or_none(const ast::Scope* scope, std::string_view name,
                                     ast::Expression* value, Register dst) {
  if (value) return lazy_function(scope, name, value, dst);
  load_constant({}, dst);
}

void Compiler::type_parameter(ast::TypeParam* parameter, Register dst) {
  TemporaryScope scope(*unit_);
  Register run = unit_->run(4);
  at(parameter);
  auto make = [&](ast::Identifier name, IntrinsicKind kind, ast::Expression* bound,
                  const ast::Scope* bound_scope, ast::Expression* default_value,
                  const ast::Scope* default_scope) {
    load_constant(ConstantDraft::from_str(std::string(name.view())), run);
    lazy_function_or_none(bound_scope, name.view(), bound, run + 1);
    lazy_function_or_none(default_scope, name.view(), default_value, run + 2);
    load_constant(ConstantDraft::boolean(bound && bound->is<ast::Tuple>()), run + 3);
    emit_at(parameter, Opcode::Intrinsic, dst, run, static_cast<int>(kind));
    store_name(name, dst);
  };
  if (auto* variable = parameter->try_as<ast::TypeVar>()) {
    make(variable->name, IntrinsicKind::MakeTypeVar, variable->bound, variable->bound_scope,
         variable->default_value, variable->default_scope);
  } else if (auto* spec = parameter->try_as<ast::ParamSpec>()) {
    make(spec->name, IntrinsicKind::MakeParamSpec, nullptr, nullptr, spec->default_value,
         spec->default_scope);
  } else {
    auto* tuple = parameter->as<ast::TypeVarTuple>();
    make(tuple->name, IntrinsicKind::MakeTypeVarTuple, nullptr, nullptr, tuple->default_value,
         tuple->default_scope);
  }
}

// r[dst] = tuple of the type parameters, which are bound to their names as well.
void Compiler::type_parameters(ArenaSpan<ast::TypeParam*> parameters, Register dst) {
  TemporaryScope scope(*unit_);
  Register base = unit_->next;
  for (ast::TypeParam* parameter : parameters) {
    Register place = unit_->temporary();
    type_parameter(parameter, place);
  }
  emit(Opcode::BuildTuple, dst, base, parameters.size());
}

void Compiler::type_alias(ast::TypeAlias* node) {
  TemporaryScope scope(*unit_);
  ast::Identifier name = node->name->as<ast::Name>()->id;
  auto make = [&](Register dst) {
    TemporaryScope inner(*unit_);
    Register run = unit_->run(3);
    at(node);
    load_constant(ConstantDraft::from_str(std::string(name.view())), run);
    if (node->type_params.empty()) {
      load_constant({}, run + 1);
    } else {
      type_parameters(node->type_params, run + 1);
    }
    lazy_function(node->scope, name.view(), node->value, run + 2);
    emit_at(node, Opcode::Intrinsic, dst, run, static_cast<int>(IntrinsicKind::MakeTypeAlias));
  };
  Register alias;
  if (node->type_params.empty()) {
    alias = unit_->temporary();
    make(alias);
  } else {
    FinishedUnit code = type_parameters_code(name.view(), node->type_scope, node->span,
                                             TypeParametersFor::Alias, make);
    alias = unit_->next;
    unit_->run(kFrameWords);
    at(node);
    make_closure(std::move(code), alias);
    call_window(alias, 0, false, alias);
    emit(Opcode::Call, alias, alias, 0);
  }
  at(node);
  store_name(name, alias);
}

}  // namespace apy
