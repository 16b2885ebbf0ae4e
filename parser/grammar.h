#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "lexer/lexer.h"
#include "lexer/name_table.h"
#include "lexer/source.h"
#include "lexer/token.h"
#include "parser/parser.h"
#include "parser/visit.h"

// The parser's inside, shared by the files that implement it. Read parser/parser.h first.

namespace apy {

/// Binding powers of operators, loosest first.
enum class Binding : uint8_t {
  None,
  Or,
  And,
  Not,
  Comparison,
  BitOr,
  BitXor,
  BitAnd,
  Shift,
  Sum,
  Term,
  Factor
};

/// What kind of targets an expression is checked for; decides the words of the error.
enum class TargetKind : uint8_t { Assignment, For, Delete };

/// How CPython's messages name a kind of expression: "function call", "literal", ...
const char* describe(const ast::Expression* expression);

class Parser {
 public:
  Parser(const Source& source, NameTable& names, const ParseOptions& options, ParseResult& result);

  /// Reads everything; fills the result.
  void run();
  /// Whether the text ended where more was expected, so that another line could repair it.
  bool stopped_at_end() const;
  bool has_open_block() const;

 private:
  using Kind = TokenKind;
  template <class T>
  using List = ArenaSpan<T*>;

  // --- tokens (parser.cpp) ---------------------------------------------------------------------
  void read_tokens();
  Kind kind() {
    if (position_ > furthest_) return look_further(position_);
    return tokens_[position_].kind;
  }
  /// The first look at a token. Looking at the lexer's error raises it.
  Kind look_further(uint32_t place);
  /// The kind of the token `distance` places ahead; counts as looked at.
  Kind kind_ahead(uint32_t distance);
  const Token& token() const { return tokens_[position_]; }
  const Token& previous() const { return tokens_[position_ - 1]; }
  bool at(Kind wanted) { return kind() == wanted; }
  bool at(Kind first, Kind second) { return at(first) || at(second); }
  bool accept(Kind wanted) {
    if (!at(wanted)) return false;
    ++position_;
    return true;
  }
  /// Whether the current token is the name `word`, one of the soft keywords.
  bool at_word(ast::Identifier word) {
    return at(Kind::Name) && token().text.data() == word.data();
  }
  /// Whether the current token is a soft keyword, or the beginning of one.
  bool at_soft_keyword();
  ast::Identifier identifier_at(uint32_t position) const {
    return ast::Identifier(tokens_[position].text);
  }
  void rewind(uint32_t position) { position_ = failed_ ? poison() : position; }
  /// The place of the first poison token; see read_tokens.
  uint32_t poison() const { return static_cast<uint32_t>(tokens_.size()) - kPoisonTokens; }
  static constexpr uint32_t kPoisonTokens = 8;
  const Token& last_token() const { return tokens_[poison() - 1]; }
  /// The end of the last token that is more than white space.
  uint32_t previous_end() const;
  Span since(uint32_t first_token) const {
    return {tokens_[first_token].span.begin, previous_end()};
  }

  // --- nodes -----------------------------------------------------------------------------------
  template <class T>
  T* make(Span span) {
    T* node = result_.arena.make<T>();
    node->kind = T::kKind;
    node->span = span;
    return node;
  }
  /// Sets the height of a node whose fields are complete; null if it is too high.
  template <class T>
  T* finish(T* node) {
    uint32_t height = 0;
    for_each_child(node, [&height]<class Child>(Child* child) {
      if (child->height > height) height = child->height;
    });
    return set_height(node, height + 1) ? node : nullptr;
  }
  bool set_height(ast::Node* node, uint32_t height) {
    node->height = static_cast<uint16_t>(height);
    if (height <= ast::kMaxExpressionHeight) return true;
    raise_too_deep();
    return false;
  }

  /// A list under construction, on a stack shared by all of them: only the innermost may grow.
  template <class T>
  class Builder {
   public:
    explicit Builder(Parser& parser) : parser_(parser), start_(parser.scratch_.size()) {}
    Builder(const Builder&) = delete;
    Builder& operator=(const Builder&) = delete;
    ~Builder() { parser_.scratch_.resize(start_); }
    void push(T* item) {
      parser_.scratch_.push_back(item);
      ++size_;
    }
    size_t size() const { return size_; }
    T* operator[](size_t index) const { return static_cast<T*>(parser_.scratch_[start_ + index]); }
    T* last() const { return (*this)[size_ - 1]; }
    ArenaSpan<T*> take() {
      size_t count = size();
      if (count == 0) return {};
      auto* copy =
          static_cast<T**>(parser_.result_.arena.allocate(count * sizeof(T*), alignof(T*)));
      for (size_t i = 0; i < count; ++i) copy[i] = (*this)[i];
      return {copy, static_cast<uint32_t>(count)};
    }

   private:
    Parser& parser_;
    size_t start_;
    size_t size_ = 0;
  };

  // --- errors (errors.cpp) ---------------------------------------------------------------------
  // All return null, so that `return raise_...` reads well. The first error stays.
  std::nullptr_t raise(DiagnosticKind kind, Span span, std::string message);
  std::nullptr_t raise_at(Span span, std::string message) {
    return raise(DiagnosticKind::SyntaxError, span, std::move(message));
  }
  std::nullptr_t raise_range(Span first, Span last, std::string message) {
    return raise_at(join(first, last), std::move(message));
  }
  std::nullptr_t raise_token(const Token& token, std::string message, DiagnosticKind kind);
  /// From `start` to the end of the furthest token.
  std::nullptr_t raise_from(Span start, std::string message);
  /// At the furthest token.
  std::nullptr_t raise_here(std::string message);
  /// At the current token.
  std::nullptr_t raise_next(std::string message);
  std::nullptr_t raise_indentation(std::string message);
  std::nullptr_t raise_expected_block(std::string_view after, const Token& keyword);
  std::nullptr_t raise_invalid_target(TargetKind kind, ast::Expression* target);
  std::nullptr_t raise_too_deep();
  void raise_final(const Token& last_of_first_reading);
  void let_lexer_error_win();
  void let_open_bracket_win(uint32_t stopped_line);
  /// Whether the native stack is nearly used up; raises if so.
  bool too_deep() {
    if (__builtin_expect(static_cast<char*>(__builtin_frame_address(0)) > stack_limit_, 1)) {
      return false;
    }
    raise_too_deep();
    return true;
  }
  /// Takes a token that must be there, else raises "expected '...'" in either reading.
  bool force(Kind wanted, const char* spelling);
  void warn(Span span, std::string message);

  // --- remembering (second reading only) -------------------------------------------------------
  enum class Rule : uint8_t {
    Expression,
    Disjunction,
    BitwiseOr,
    Sum,
    Factor,
    Primary,
    TargetPrimary,
    StarTarget,
    NamedExpressionMistake,
    Arguments,
    Strings,
    Block,
    SimpleStatement,
    Pattern
  };
  struct Memory {
    ast::Node* node;
    uint32_t end;
  };
  template <class Function>
  ast::Node* remember(Rule rule, Function&& function) {
    if (!remembering_) return function();
    uint64_t key = uint64_t{position_} << 8 | static_cast<uint8_t>(rule);
    if (auto found = memory_.find(key); found != memory_.end()) {
      rewind(found->second.end);
      return found->second.node;
    }
    ast::Node* node = function();
    if (!failed_) memory_[key] = {node, position_};
    return node;
  }

  // --- modules and blocks (parser.cpp, statements.cpp) -----------------------------------------
  ast::Node* module();
  ast::Node* interactive();
  ast::Node* expression_module();
  using Statements = Builder<ast::Statement>;
  bool statements(Statements& out);
  bool statement(Statements& out);
  bool simple_statements(Statements& out);
  ast::Statement* simple_statement();
  ast::Statement* simple_statement_now();
  ast::Statement* expression_statement();
  ast::Statement* assignment_from(uint32_t start, ast::Expression* first);
  ast::Statement* annotated_assignment(uint32_t start, ast::Expression* target, bool simple);
  ast::Statement* augmented_assignment(uint32_t start, ast::Expression* target);
  ast::Expression* annotated_value();
  bool block(List<ast::Statement>& out);
  bool block_now(List<ast::Statement>& out);
  bool augmented_operator(ast::BinaryOperator& op);
  ast::Statement* return_statement();
  ast::Statement* raise_statement();
  ast::Statement* delete_statement();
  ast::Statement* assert_statement();
  ast::Statement* import_statement();
  ast::Statement* import_from();
  bool import_from_targets(List<ast::Alias>& out);
  bool import_from_names(List<ast::Alias>& out);
  bool dotted_name(ast::Identifier& out);
  ast::Statement* scope_statement();
  ast::Statement* type_alias();
  template <class T>
  ast::Statement* keyword_statement();

  // --- compound statements (compound.cpp, definitions.cpp) -------------------------------------
  ast::Statement* compound_statement();
  ast::Statement* if_statement();
  bool else_block(List<ast::Statement>& out);
  ast::Statement* while_statement();
  ast::Statement* for_statement(uint32_t start, bool is_async);
  ast::Statement* with_statement(uint32_t start, bool is_async);
  bool parenthesized_with_items(List<ast::WithItem>& out);
  bool with_items(List<ast::WithItem>& out);
  ast::WithItem* with_item();
  ast::Statement* try_statement();
  bool except_clauses(List<ast::ExceptHandler>& out, bool is_star);
  ast::ExceptHandler* except_clause(bool is_star);
  ast::Statement* async_statement(uint32_t start);
  ast::Statement* decorated();
  ast::Statement* function_definition(uint32_t start, bool is_async,
                                      List<ast::Expression> decorators);
  ast::Statement* class_definition(List<ast::Expression> decorators);
  bool type_parameters(List<ast::TypeParam>& out);
  ast::TypeParam* type_parameter();
  ast::Statement* match_statement();
  ast::Expression* match_subject();
  ast::MatchCase* match_case();

  // --- parameters (parameters.cpp, diagnose_parameters.cpp) ------------------------------------
  /// Parameters up to `closer`: a parenthesis, or a colon for lambda.
  ast::Arguments* parameters(bool is_lambda);
  struct ParameterLists;
  bool positional_parameters(ParameterLists& lists, bool is_lambda);
  bool star_parameters(ParameterLists& lists, bool is_lambda);
  ast::Arg* parameter(bool is_lambda, bool star_annotation = false);
  bool end_of_parameter(bool is_lambda);
  ast::Expression* parameter_default();
  enum class Default : uint8_t { Without, With, Maybe };
  ast::Arg* skip_parameter(bool is_lambda, Default wanted);
  void skip_parameters(bool is_lambda, Default wanted);
  bool skip_positional_only(bool is_lambda, Default wanted);
  void diagnose_parameters(bool is_lambda);
  void diagnose_parameter_order(bool is_lambda);
  void diagnose_star_parameter(bool is_lambda);
  void diagnose_keyword_parameter(bool is_lambda);

  // --- expressions (expressions.cpp) -----------------------------------------------------------
  ast::Expression* expression();
  ast::Expression* expression_now();
  ast::Expression* conditional_or_lambda();
  ast::Expression* disjunction();
  ast::Expression* bitwise_or();
  ast::Expression* operation(Binding minimum);
  ast::Expression* operation_now(Binding minimum);
  ast::Expression* boolean_chain(ast::Expression* first, uint32_t start, bool is_or);
  ast::Expression* comparison_chain(ast::Expression* first, uint32_t start);
  bool comparison_operator(ast::CompareOperator& op);
  ast::Expression* binary(uint32_t start, ast::Expression* left, ast::BinaryOperator op,
                          ast::Expression* right);
  ast::Expression* factor();
  ast::Expression* factor_now();
  ast::Expression* unary(ast::UnaryOperator op);
  ast::Expression* power();
  ast::Expression* lambda();
  ast::Expression* yield_expression();
  ast::Expression* named_expression();
  ast::Expression* assignment_expression();
  ast::Expression* star_expressions();
  ast::Expression* star_expression();
  ast::Expression* star_named_expression();
  ast::Expression* starred_operand(uint32_t start);
  bool star_named_expressions(Builder<ast::Expression>& out);
  ast::Expression* expressions();
  template <class Element>
  ast::Expression* tuple_without_parentheses(Element element);

  // --- primaries (primaries.cpp, displays.cpp, calls.cpp) --------------------------------------
  ast::Expression* primary();
  ast::Expression* primary_now();
  ast::Expression* attribute_of(uint32_t start, ast::Expression* value);
  ast::Expression* subscript_of(uint32_t start, ast::Expression* value);
  ast::Expression* call_of(uint32_t start, ast::Expression* function);
  ast::Expression* slices();
  ast::Expression* slice();
  ast::Expression* atom();
  ast::Expression* constant(ast::ConstantKind kind);
  ast::Expression* parenthesized();
  ast::Expression* generator_expression();
  ast::Expression* tuple_display();
  ast::Expression* group();
  ast::Expression* bracketed();
  ast::Expression* braced();
  ast::Expression* dict_display();
  ast::Expression* set_display();
  ast::Expression* set_from(uint32_t start, ast::Expression* first);
  ast::Expression* dict_from(uint32_t start, ast::Expression* first_key);
  ast::Expression* not_a_dict(uint32_t start);
  ast::Dict* rest_of_dict(uint32_t start, Builder<ast::Expression>& items);
  ast::Expression* dict_comprehension();
  ast::Expression* set_comprehension();
  bool dict_item(ast::Expression*& key, ast::Expression*& value);
  bool comprehension_clauses(List<ast::Comprehension>& out);
  ast::Comprehension* comprehension_clause();
  /// A call without a function: its `args` and `keywords` are what the brackets hold.
  ast::Call* arguments();
  ast::Call* arguments_now();
  ast::Call* argument_list();
  ast::Call* fast_arguments(bool may_be_generator);
  ast::Expression* argument_expression();
  ast::Expression* starred_expression();
  bool positional_arguments(Builder<ast::Expression>& out);
  bool keyword_arguments(Builder<ast::Node>& out);
  bool keyword_argument(Builder<ast::Node>& out, bool double_star);
  ast::Keyword* keyword_now();
  ast::Call* sole_generator(uint32_t start, ast::Expression* element);

  // --- literals (literals.cpp, strings.cpp, fstrings.cpp) --------------------------------------
  ast::Expression* number();
  ast::Expression* strings();
  ast::Expression* strings_now();
  ast::Expression* plain_string();
  ast::Expression* concatenate(Builder<ast::Expression>& parts, Span span);
  ast::Constant* merge_constants(Builder<ast::Expression>& parts, size_t first, size_t last);
  ast::JoinedStr* joined_string();
  bool replacement_field(Builder<ast::Expression>& out);
  bool conversion_character(int& out);
  bool format_spec(ast::JoinedStr*& out);
  ast::JoinedStr* join_values(Builder<ast::Expression>& values, Span span);
  ast::Constant* string_constant(Span span, std::string_view text, ast::ConstantKind kind);
  bool decode_string(const Token& token, Span place, std::string_view& out);
  std::string_view debug_text(Span span);

  // --- targets (targets.cpp) -------------------------------------------------------------------
  /// Marks an expression as a target in place; false if it cannot be one.
  bool to_target(ast::Expression* expression, ast::ExpressionContext context);
  bool to_single_target(ast::Expression* expression);
  /// The first part of `expression` that cannot be a target, or null.
  ast::Expression* invalid_target(ast::Expression* expression, TargetKind kind);
  ast::Expression* star_targets();
  ast::Expression* star_target();
  ast::Expression* star_target_by_grammar();
  ast::Expression* star_atom();
  ast::Expression* single_target();
  ast::Expression* subscript_or_attribute_target();
  ast::Expression* target_primary();
  ast::Expression* delete_target();
  bool delete_targets(Builder<ast::Expression>& out);
  bool at_trailer() { return at(Kind::LeftParen, Kind::LeftBracket) || at(Kind::Dot); }

  // --- patterns (patterns.cpp) -----------------------------------------------------------------
  ast::Pattern* patterns();
  ast::Pattern* pattern();
  ast::Pattern* or_pattern();
  ast::Pattern* or_pattern_now();
  ast::Pattern* closed_pattern();
  ast::Pattern* literal_pattern();
  ast::Expression* signed_number();
  ast::Expression* complex_or_number();
  ast::Expression* mapping_key();
  ast::Expression* name_or_attribute();
  bool capture_target(ast::Identifier& out);
  ast::Pattern* group_or_sequence_pattern();
  bool open_sequence(Builder<ast::Pattern>& out);
  bool maybe_sequence(Builder<ast::Pattern>& out);
  ast::Pattern* maybe_star_pattern();
  ast::Pattern* star_pattern();
  ast::Pattern* mapping_pattern();
  ast::Pattern* class_pattern(uint32_t start, ast::Expression* cls);

  // --- known mistakes (diagnose_*.cpp); each raises if it recognises one -----------------------
  void diagnose_expression();
  void diagnose_missing_comma();
  void diagnose_conditional();
  void diagnose_legacy_statement();
  void diagnose_named_expression();
  void diagnose_comprehension();
  void diagnose_dict_comprehension();
  void diagnose_dict_items();
  void diagnose_dict_item();
  void diagnose_group();
  void diagnose_arguments();
  void diagnose_unpacking_order();
  void diagnose_keyword_argument();
  void diagnose_for_target();
  void diagnose_comprehension_target();
  void diagnose_not_operand(bool after_operator);
  void diagnose_replacement_field();
  ast::Statement* assignment_by_grammar();
  bool skip_assignment_targets();
  void diagnose_assignment();
  ast::Expression* annotation_target_mistake();
  void diagnose_delete();
  void diagnose_import();
  void diagnose_import_targets();
  void diagnose_with_item();
  bool skip_with_items(bool parenthesized);
  void diagnose_with(bool for_indentation);
  void diagnose_header(Kind keyword, const char* name);
  void diagnose_for();
  void diagnose_try();
  void diagnose_except();
  void diagnose_except_indentation(bool is_star);
  void diagnose_block_after(Kind keyword, const char* name);
  void diagnose_function();
  bool skip_signature(bool forced);
  void diagnose_class();
  void diagnose_type_parameter();
  void diagnose_match();
  void diagnose_case();
  void diagnose_as_pattern();
  void diagnose_class_pattern();
  bool missing_indent();
  ast::Expression* expression_without_diagnosis();
  uint16_t bracket_level(uint32_t position);

  const Source& source_;
  NameTable& names_;
  const ParseOptions& options_;
  ParseResult& result_;
  Lexer lexer_;
  std::vector<Token> tokens_;
  uint32_t position_ = 0;
  uint32_t furthest_ = 0;
  uint32_t stopped_at_ = 0;       ///< `furthest_` when the error was raised
  uint32_t first_stop_ = 0;       ///< where the first reading stopped
  uint32_t top_level_start_ = 0;  ///< where the current statement of the module begins
  bool diagnosing_ = false;       ///< in the second reading: the grammar's own order
  bool remembering_ = false;      ///< keeping results: in the second reading, or after trouble
  bool recognising_ = false;      ///< looking for known mistakes, too
  bool failed_ = false;
  bool lexer_failed_ = false;  ///< the error is the lexer's
  char* stack_limit_ = nullptr;
  std::vector<void*> scratch_;
  std::unordered_map<uint64_t, Memory> memory_;
  std::vector<uint16_t> bracket_levels_;
  ast::Identifier match_, case_, type_, underscore_, print_, exec_;
};

}  // namespace apy
