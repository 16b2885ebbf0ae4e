#pragma once
// The compiler: from the syntax tree to CodeDrafts. One pass; each method appends code for a piece
// of tree to the current CodeUnit. The methods are spread over files by concept; statements.cpp and
// expressions.cpp are where to start.
//
// Values and registers. Code generation is driven by the destination:
//   into(e, dst)   evaluates `e` into `dst`. `dst` is a local, a reserved temporary, or the first
//   free temporary,
//                  which then is written by the last instruction and need not be reserved before
//   push(e)        evaluates into a new temporary at the top, for runs of registers and call
//   windows operand(e)     a register that holds the value: a local in place, else like push
// Invariants:
//  - a local that is a destination is written by the last instruction only, because an exception
//  half-way must leave the
//    old value in place, and `e` may read it. Where code has to write early, it does so in a
//    temporary.
//  - an operand that is a local in place stays valid while other operands are evaluated, because
//  only `:=` can
//    assign in an expression, and locals that it assigns anywhere are copied
//    (CodeUnit::rebindable).
//  - temporaries are given back by TemporaryScope; a method leaves `next` as it was, push and
//  operand apart.
//  - call windows start at the first free temporary, so all that is live lies below.
//
// Control leaves blocks through BlockExit (control_flow.cpp): it emits what each block owes on the
// way out (finally bodies are repeated, as CPython does), with the block's protected range
// interrupted meanwhile.
#include <memory>
#include <string_view>

#include "lexer/diagnostic.h"
#include "lexer/source.h"
#include "vm/compiler/compile.h"
#include "vm/compiler/facts.h"
#include "vm/compiler/function_parts.h"
#include "vm/compiler/unit.h"

namespace apy {

class Compiler {
 public:
  Compiler(const Source& source, const CompileOptions& options);

  /// The draft of the whole text, or null: then `error` says why.
  std::unique_ptr<CodeDraft> compile(ast::Node* root);
  std::optional<Diagnostic> error;

 private:
  friend class BlockExit;
  friend class UnitScope;
  using Statements = ArenaSpan<ast::Statement*>;
  using Expressions = ArenaSpan<ast::Expression*>;

  // --- compile.cpp: units, positions, errors ---
  void fail(Span span, std::string message);
  /// Whether the native stack is nearly used up; that is then the error. For methods that recurse.
  bool too_deep();
  Position position_of(Span span);
  void at(Span span) { unit_->builder.set_position(position_of(span)); }
  void at(const ast::Node* node) { at(node->span); }
  void emit(Opcode opcode, int64_t a = 0, int64_t b = 0, int64_t c = 0) {
    unit_->emit(opcode, a, b, c);
  }
  /// `node` gives the position.
  void emit_at(const ast::Node* node, Opcode opcode, int64_t a = 0, int64_t b = 0, int64_t c = 0) {
    at(node);
    unit_->emit(opcode, a, b, c);
  }
  /// A code unit that is done: its draft, and the registers of the unit around that it captures.
  struct FinishedUnit {
    std::unique_ptr<CodeDraft> draft;
    std::vector<Register> captured;
  };
  FinishedUnit finish_unit();
  void module_body(ast::Node* root);
  void return_none();
  void set_up_annotations(const BodyFacts& facts);

  // --- variables.cpp ---
  Register declare_parameter(std::string name);
  Register declare_cell(std::string name);
  /// A variable of the unit around that no symbol stands for; see CodeUnit::hidden_cells.
  void declare_free(std::string name);
  /// Gives registers to all names of the unit's scope and of the comprehensions compiled into it,
  /// and emits what a unit does before its first statement. Parameters without symbols were
  /// declared before.
  void declare_variables(const BodyFacts& facts);
  void declare_comprehensions(const ast::Scope* scope, std::vector<ast::Symbol*>& unnamed);
  void declare_symbols();
  void declare_free_variables();
  void prologue(Register locals);
  Register hidden_cell(std::string_view name);
  bool has_hidden_cell(std::string_view name) const;
  /// The symbol of a name that is not an ast::Name.
  ast::Symbol* symbol_of(ast::Identifier name) { return unit_->scope->find(name); }
  std::string mangled(ast::Identifier name) const {
    return std::string(unit_->scope->mangled(name).view());
  }
  uint32_t name_constant(ast::Identifier name) {
    return unit_->builder.name(unit_->scope->mangled(name).view());
  }
  uint32_t name_constant(const ast::Symbol* symbol) {
    return unit_->builder.name(symbol->name.view());
  }
  bool uses_namespace() const {
    return unit_->kind == CodeUnit::Kind::Class || options_.use_namespace;
  }
  void load(const ast::Symbol* symbol, Register dst);
  void load_from_class_namespace(const ast::Symbol* symbol, Register dst);
  /// In place when it is a local; else loaded into a new temporary.
  Register symbol_operand(const ast::Symbol* symbol);
  void check_bound(const ast::Symbol* symbol);
  void store(const ast::Symbol* symbol, Register value);
  void store_name(ast::Identifier name, Register value) { store(symbol_of(name), value); }
  void delete_symbol(const ast::Symbol* symbol);
  /// Unbinds the name of an `except ... as`: assigns None, then deletes.
  void unbind_name(ast::Identifier name);
  /// The local register that assigning to `target` writes, if it is a plain local.
  std::optional<Register> local_target(const ast::Expression* target);
  std::optional<Register> local_target(const ast::Symbol* symbol);
  /// To be called when a local got a value by other means than `store`.
  void mark_bound(Register local) { unit_->bound.insert(local); }

  // --- expressions.cpp ---
  void into(ast::Expression* node, Register dst);
  Register push(ast::Expression* node);
  Register operand(ast::Expression* node);
  void discard(ast::Expression* node);
  void load_constant(ConstantDraft constant, Register dst);
  Register push_constant(ConstantDraft constant);
  Register push_str(std::string text);
  Register push_none() { return push_constant({}); }
  uint32_t constant_index(ConstantDraft constant);
  std::optional<ConstantDraft> folded(ast::Expression* node);
  /// Where to collect a value that is written more than once on the way to `dst`.
  Register early_destination(Register dst);
  void binary_operation(ast::BinOp* node, Register dst);
  void emit_binary(ast::BinOp* node, Register dst, Register left, Register right);
  static bool is_float_literal(const ast::Expression* node);
  bool emit_immediate(ast::BinOp* node, Register dst, Register left);
  void unary_operation(ast::UnaryOp* node, Register dst);
  void boolean_operation(ast::BoolOp* node, Register dst);
  void conditional(ast::IfExp* node, Register dst);
  void comparison(ast::Compare* node, Register dst);
  void compare_pair(ast::Compare* node, ast::CompareOperator op, Register dst, Register left,
                    Register right);
  Register comparator(ast::CompareOperator op, ast::Expression* node);
  void named_expression(ast::NamedExpr* node, Register dst);
  void attribute(ast::Attribute* node, Register dst);
  void subscript(ast::Subscript* node, Register dst);
  void slice(ast::Slice* node, Register dst);
  /// Start and stop in two registers side by side; the next one is free.
  Register slice_bounds(ast::Slice* node);

  // --- displays.cpp: lists, tuples, sets, dicts, f-strings ---
  void list_display(ast::List* node, Register dst);
  void tuple_display(ast::Tuple* node, Register dst);
  void set_display(ast::Set* node, Register dst);
  void dict_display(ast::Dict* node, Register dst);
  /// A new list of the elements; `dst` is a reserved temporary.
  void collect_list(Expressions elements, const ast::Node* node, Register dst);
  void joined_string(ast::JoinedStr* node, Register dst);
  void formatted_value(ast::FormattedValue* node, Register dst);

  // --- conditions.cpp ---
  /// Jumps to `target` if the truth of `node` is `sense`, else goes on.
  void jump_if(ast::Expression* node, bool sense, Label target);
  void jump_if_boolean(ast::BoolOp* node, bool sense, Label target);
  void jump_if_comparison(ast::Compare* node, bool sense, Label target);
  void jump_if_pair(ast::Compare* node, ast::CompareOperator op, Register left,
                    ast::Expression* right, bool sense, Label target);
  void jump_if_registers(ast::Compare* node, ast::CompareOperator op, Register left, Register right,
                         bool sense, Label target);

  // --- calls.cpp ---
  void call(ast::Call* node, Register dst);
  bool super_call(ast::Call* node, Register dst);
  bool can_optimize_super(const ast::Attribute* node);
  Register super_arguments(ast::Call* node);
  void super_attribute(ast::Attribute* node, Register dst);
  /// Evaluates the arguments into the window of a call that starts at `base` (the first at
  /// `first`), and calls.
  void call_arguments(const ast::Node* node, Expressions arguments,
                      ArenaSpan<ast::Keyword*> keywords, Register base, bool is_method,
                      uint32_t given, Register dst);
  void spread_call(const ast::Node* node, Expressions arguments, ArenaSpan<ast::Keyword*> keywords,
                   Register base, uint32_t given, Register dst);
  void spread_keywords(ArenaSpan<ast::Keyword*> keywords, const ast::Node* node, Register base);
  static bool has_spread(Expressions arguments, ArenaSpan<ast::Keyword*> keywords);
  /// After an attribute that starts a call on another line, CPython points at the attribute's name.
  Span method_position(const ast::Node* whole, const ast::Attribute* attribute);
  void call_window(Register base, uint32_t arguments, bool is_method, Register dst);

  // --- comprehensions.cpp ---
  struct ComprehensionParts;
  void comprehension(ast::Expression* node, Register dst);
  void generator_expression(ast::GeneratorExp* node, Register dst);
  FinishedUnit generator_code(ast::GeneratorExp* node);
  void comprehension_loop(const ComprehensionParts& parts, uint32_t depth, Register outermost);
  void make_comprehension_cells(const ast::Scope* scope);
  void clear_comprehension_locals(const ast::Scope* scope);
  void comprehension_element(const ComprehensionParts& parts);

  // --- generators.cpp: yield, await, lambda is in functions.cpp ---
  void yield(ast::Yield* node, Register dst);
  void yield_from(ast::YieldFrom* node, Register dst);
  void await(ast::Await* node, Register dst);
  /// r[dst] = result of awaiting the awaitable in register `awaitable`.
  void drive(Register awaitable, Register dst);

  // --- targets.cpp: assignment ---
  void assign(ast::Assign* node);
  bool assign_parallel(ast::Tuple* targets, ast::Expression* value);
  void assign_to(ast::Expression* target, ast::Expression* value);
  void store(ast::Expression* target, Register value);
  void unpack(ast::Expression* target, Expressions elements, Register value);
  void augmented(ast::AugAssign* node);
  void augment(ast::AugAssign* node, Register target);
  void annotated(ast::AnnAssign* node);
  void record_annotation(ast::AnnAssign* node);
  void annotation_value(ast::Expression* annotation, Register dst);
  void delete_target(ast::Expression* target);

  // --- statements.cpp ---
  void statements(Statements body);
  void statement(ast::Statement* node);
  void expression_statement(ast::Expr* node);
  void assertion(ast::Assert* node);
  void raise(ast::Raise* node);
  /// The documentation string that `body` starts with, cleaned; its statement is then skipped.
  std::optional<ConstantDraft> documentation(Statements& body);

  // --- control_flow.cpp ---
  void if_statement(ast::If* node);
  void while_loop(ast::While* node);
  void for_loop(ast::For* node);
  void async_for(ast::AsyncFor* node);
  /// iter(iterable) in a new temporary.
  Register push_iterator(ast::Expression* iterable, bool is_async);
  void for_target(ast::Expression* target, Register iterator, Label end, const ast::Node* iter);
  void async_next(Register iterator, Label end, Register* value, const ast::Node* position);
  void return_statement(ast::Return* node);
  void break_statement(ast::Break* node);
  void continue_statement(ast::Continue* node);
  void enter_block(ControlBlock block, Span span);
  void leave_block_code(const ControlBlock& block);

  // --- exceptions.cpp ---
  void try_statement(ast::Try* node);
  void try_except(Statements body, ArenaSpan<ast::ExceptHandler*> handlers, Statements orelse);
  void except_handler(ast::ExceptHandler* handler, Register exception, Label end);
  void named_handler_body(ast::ExceptHandler* handler, Register exception);
  void try_star(ast::TryStar* node);
  void try_except_star(ast::TryStar* node);
  void star_handler(ast::ExceptHandler* handler, Register rest, Register raised);
  template <class Body>
  void with_finally(Statements final_body, Span position, Body body);
  /// Starts a handler at `handler`: handles the exception until the matching end_handling.
  struct Handling {
    Register exception, saved;
    Label cleanup;
    Register second;
  };
  Handling begin_handling(Label handler, Register exception);
  /// Ends it on the way that raises again.
  void end_handling(const Handling& handling);

  // --- with.cpp ---
  void with_statement(const ast::Node* node, ArenaSpan<ast::WithItem*> items, Statements body,
                      bool is_async);
  void call_exit_normally(const ControlBlock& block);

  // --- match.cpp ---
  struct PatternState;
  void match_statement(ast::Match* node);
  void pattern(ast::Pattern* node, Register subject, Label fail, PatternState& state);
  void value_pattern(ast::MatchValue* node, Register subject, Label fail);
  void singleton_pattern(ast::MatchSingleton* node, Register subject, Label fail);
  void sequence_pattern(ast::MatchSequence* node, Register subject, Label fail,
                        PatternState& state);
  void sequence_items(ast::MatchSequence* node, Register subject, Label fail, PatternState& state);
  void mapping_pattern(ast::MatchMapping* node, Register subject, Label fail, PatternState& state);
  void class_pattern(ast::MatchClass* node, Register subject, Label fail, PatternState& state);
  void or_pattern(ast::MatchOr* node, Register subject, Label fail, PatternState& state);
  void capture(ast::Identifier name, Register value, const ast::Node* node, PatternState& state);

  // --- functions.cpp ---
  void function_definition(ast::FunctionDef* node);
  void function_definition(ast::AsyncFunctionDef* node);
  void function_definition(const FunctionParts& parts, Expressions decorators,
                           const ast::Scope* type_scope, ArenaSpan<ast::TypeParam*> type_params,
                           ast::Identifier name);
  void make_function(const FunctionParts& parts, Register dst);
  void make_generic_function(const FunctionParts& parts, const ast::Scope* type_scope,
                             ArenaSpan<ast::TypeParam*> type_params, Register dst);
  void lambda(ast::Lambda* node, Register dst);
  FinishedUnit function_code(const FunctionParts& parts);
  static uint32_t generator_flags(const ast::Scope* scope);
  /// These write `dst` and return true if there is something to write.
  bool push_defaults(const ast::Arguments* arguments, Register dst);
  bool push_keyword_defaults(const ast::Arguments* arguments, Register dst);
  bool push_annotations(const ast::Arguments* arguments, ast::Expression* returns, Register dst);
  bool push_closure(const std::vector<Register>& captured, Register dst);
  /// A function without defaults and annotations.
  void make_closure(FinishedUnit code, Register dst);
  uint32_t code_constant(std::unique_ptr<CodeDraft> draft);
  Register push_decorators(Expressions decorators);
  void apply_decorators(Expressions decorators, Register first, Register dst);
  /// `name` as written; `identifier` is empty for names that nobody can declare global.
  static std::string qualified_name(const CodeUnit* around, std::string_view name,
                                    ast::Identifier identifier = {});

  // --- classes.cpp ---
  void class_definition(ast::ClassDef* node);
  void generic_class(ast::ClassDef* node, Register dst);
  void build_class(ast::ClassDef* node, std::optional<Register> generic_base, Register dst);
  void generic_class_call(ast::ClassDef* node, Register base, Register generic, Register dst);
  FinishedUnit class_code(ast::ClassDef* node);
  void class_prelude(ast::ClassDef* node);
  void class_epilogue();
  void note_static_attribute(const ast::Attribute* target);

  // --- type_params.cpp ---
  enum class TypeParametersFor : uint8_t { Function, Class, Alias };
  void start_type_parameters(std::string_view name, Span span, TypeParametersFor purpose);
  FinishedUnit finish_type_parameters(Register value, TypeParametersFor purpose);
  /// The function around a definition with type parameters; body(register) makes what it returns.
  template <class Body>
  FinishedUnit type_parameters_code(std::string_view name, const ast::Scope* scope, Span span,
                                    TypeParametersFor purpose, Body body);
  void type_alias(ast::TypeAlias* node);
  void type_parameters(ArenaSpan<ast::TypeParam*> parameters, Register dst);
  void type_parameter(ast::TypeParam* parameter, Register dst);
  void lazy_function(const ast::Scope* scope, std::string_view name, ast::Expression* value,
                     Register dst);
  void lazy_function_or_none(const ast::Scope* scope, std::string_view name, ast::Expression* value,
                             Register dst);

  // --- imports.cpp ---
  void import(ast::Import* node);
  void import_as(ast::Alias* alias, const ast::Node* node);
  void import_from(ast::ImportFrom* node);
  const ast::Symbol* first_part_symbol(std::string_view part);

  const Source& source_;
  const CompileOptions options_;
  CodeUnit* unit_ = nullptr;
  const char* stack_limit_;
  bool annotations_are_text_ = false;
  bool is_interactive_ = false;
  uint32_t line_ = 0;  // the last line that was looked up, and its bounds
  uint32_t line_begin_ = 1, line_end_ = 0;
};

/// Makes a unit the current one for a scope.
class UnitScope {
 public:
  UnitScope(Compiler& compiler, CodeUnit& unit) : compiler_(compiler), previous_(compiler.unit_) {
    compiler.unit_ = &unit;
  }
  UnitScope(const UnitScope&) = delete;
  ~UnitScope() { compiler_.unit_ = previous_; }

 private:
  Compiler& compiler_;
  CodeUnit* previous_;
};

template <class Body>
Compiler::FinishedUnit Compiler::type_parameters_code(std::string_view name,
                                                      const ast::Scope* scope, Span span,
                                                      TypeParametersFor purpose, Body body) {
  CodeUnit unit(unit_, CodeUnit::Kind::TypeParameters, scope);
  UnitScope unit_scope(*this, unit);
  start_type_parameters(name, span, purpose);
  Register value = unit.temporary();
  body(value);
  return finish_type_parameters(value, purpose);
}

/// Leaves the blocks above `depth` for the code emitted during its life: a return or a jump out.
class BlockExit {
 public:
  BlockExit(Compiler& compiler, size_t depth);
  BlockExit(const BlockExit&) = delete;
  ~BlockExit();

 private:
  Compiler& compiler_;
  std::vector<ControlBlock> left_;
};

}  // namespace apy
