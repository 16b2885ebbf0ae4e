#pragma once
// Constant folding: the value of an expression as far as it is certain before the program runs.
#include <optional>

#include "parser/ast.h"
#include "vm/bytecode/draft.h"

namespace apy {

/// The literal as a constant.
ConstantDraft literal(const ast::ConstantValue& value);

/// `left op right`, or nothing if it is an error, too large, or not worth it.
std::optional<ConstantDraft> fold_binary(ast::BinaryOperator op, const ConstantDraft& left,
                                         const ConstantDraft& right);
std::optional<ConstantDraft> fold_unary(ast::UnaryOperator op, const ConstantDraft& operand);

/// The value of `expression` if it consists of literals. `optimize`: the level, which decides
/// __debug__.
std::optional<ConstantDraft> fold(const ast::Expression* expression, int optimize);

/// Whether the constant counts as true.
bool is_true(const ConstantDraft& constant);

}  // namespace apy
