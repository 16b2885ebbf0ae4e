#pragma once

#include <string>
#include <utility>
#include <vector>

#include "parser/resolver.h"

namespace apy {

/// The walk behind `check_tree`; see check.cpp.
class Checker {
 public:
  Checker(const ResolveOptions& options, Resolution& result);
  bool run(ast::Node* root);

 private:
  /// What a jump out of a statement may have to cross.
  enum class Block : uint8_t { Loop, ExceptStar, Other };
  /// The function, class or module whose code is being checked.
  struct Unit {
    ast::ScopeKind kind;
    bool is_async;
    std::vector<Block> blocks;
    const ast::Scope* scope = nullptr;
  };

  bool fail(Span span, std::string message);
  // Strings would make the frames of recursive functions large.
  bool fail(Span span, const char* message);
  void warn(Span span, std::string message);
  bool too_deep();
  bool may_await() const {
    if (unit_.kind == ast::ScopeKind::Module) return options_.allow_top_level_await;
    return unit_.is_async;
  }

  template <class T>
  bool check_all(ArenaSpan<T*> nodes) {
    for (T* node : nodes) {
      if (node && !check(node)) return false;
    }
    return true;
  }
  template <class T>
  bool check_children(T* node) {
    bool good = true;
    ast::for_each_child(node, [&](ast::Node* child) { good = good && check(child); });
    return good;
  }
  bool check(ast::Node* node);
  bool check_parts(ast::Node* node);

  // check.cpp: statements
  bool check_statement(ast::Statement* node);
  bool check_future_imports(ArenaSpan<ast::Statement*> body);
  bool check_imported_names(Span span, ArenaSpan<ast::Alias*> names);
  bool check_name(ast::Identifier name, ast::ExpressionContext context, Span span);
  bool check_if_chain(ast::If* node);
  bool push_block(Block block, Span span);
  template <class T>
  bool check_loop(T* node, ast::Expression* head, ast::Expression* target);
  bool check_with(ArenaSpan<ast::WithItem*> items, uint32_t first, ArenaSpan<ast::Statement*> body);
  template <class T>
  bool check_try(T* node, bool is_star);
  bool check_return(ast::Return* node);
  bool check_jump(ast::Statement* node);
  /// Runs `body` as the code of a unit inside the current one.
  template <class Body>
  [[gnu::noinline]] bool check_in_unit(ast::ScopeKind kind, bool is_async, Body body,
                                       const ast::Scope* scope = nullptr) {
    Unit outer = std::move(unit_);
    unit_ = {kind, is_async, {}, scope};
    bool good = body();
    unit_ = std::move(outer);
    return good;
  }
  template <class T>
  bool check_function(T* node, bool is_async);
  template <class T>
  bool check_body(T* node);
  bool check_annotated_assignment(ast::AnnAssign* node);
  bool check_arguments(ast::Arguments* arguments);
  bool check_annotations(ast::Arguments* arguments, ast::Expression* returns);
  bool check_class(ast::ClassDef* node);
  bool check_type_parameters(ArenaSpan<ast::TypeParam*> parameters);

  // check_expressions.cpp
  bool check_expression(ast::Expression* node);
  bool check_call_arguments(ArenaSpan<ast::Expression*> args, ArenaSpan<ast::Keyword*> keywords);
  bool check_elements(ArenaSpan<ast::Expression*> elements, ast::ExpressionContext context,
                      Span span);
  bool check_comprehension(ast::Expression* node, const ast::Scope* scope,
                           ArenaSpan<ast::Comprehension*> clauses, ast::Expression* first,
                           ast::Expression* second);
  bool check_yield(ast::Expression* node, ast::Expression* value);
  void warn_about_assertion(ast::Assert* node);
  void warn_about_comparison(ast::Compare* node);
  void warn_about_call(ast::Expression* function);
  void warn_about_subscript(ast::Subscript* node);

  // check_patterns.cpp
  struct PatternContext {
    std::vector<ast::Identifier> names;
    bool may_be_irrefutable = false;
  };
  bool check_match(ast::Match* node);
  bool check_pattern(ast::Pattern* pattern, PatternContext& context);
  bool check_sequence(ast::MatchSequence* pattern, PatternContext& context);
  bool check_mapping(ast::MatchMapping* pattern, PatternContext& context);
  bool check_class_pattern(ast::MatchClass* pattern, PatternContext& context);
  bool check_alternatives(ast::MatchOr* pattern, PatternContext& context);
  bool check_sub_pattern(ast::Pattern* pattern, PatternContext& context);
  bool bind_pattern_name(ast::Pattern* pattern, ast::Identifier name, PatternContext& context);

  ResolveOptions options_;
  Resolution& result_;
  Unit unit_ = {ast::ScopeKind::Module, false, {}, nullptr};
  char* stack_limit_ = nullptr;
  uint32_t future_imports_end_ = 0;  ///< `from __future__` must begin before this
};

}  // namespace apy
