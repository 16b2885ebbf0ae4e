#pragma once
#include "parser/ast.h"

namespace apy {

/// What def, async def and lambda have in common.
struct FunctionParts {
  std::string_view name;
  ast::Identifier identifier;  // the same, or empty
  const ast::Arguments* arguments = nullptr;
  ArenaSpan<ast::Statement*> body;        // of def
  ast::Expression* expression = nullptr;  // of lambda
  ast::Expression* returns = nullptr;
  const ast::Scope* scope = nullptr;
  bool is_lambda = false;
  bool defaults_are_arguments = false;  // registers 0 and 1 of the unit around hold them
  Span span;
  Span first_line_span;  // the first decorator's, if there is one
};

}  // namespace apy
