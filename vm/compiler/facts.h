#pragma once
// What has to be known about a body before its first instruction: one walk over it, without the
// functions nested in it.
#include <vector>

#include "parser/ast.h"

namespace apy {

struct BodyFacts {
  bool has_annotations = false;                       // of simple names
  std::vector<ast::Symbol*> assigned_in_expressions;  // by `:=`
  std::vector<ast::Symbol*> deleted;                  // by `del`
  std::vector<ast::Identifier> handler_names;         // of `except ... as`, unbound at its end
};

BodyFacts facts_of(ArenaSpan<ast::Statement*> body);
BodyFacts facts_of(ast::Expression* expression);
/// Of the function that a generator expression is: without its outermost iterable.
BodyFacts facts_of(ast::GeneratorExp* generator);

}  // namespace apy
