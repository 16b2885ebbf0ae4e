#pragma once

#include <string>

#include "parser/ast.h"

namespace apy {

/// The tree as text, exactly as CPython 3.13's `ast.dump(tree, indent=2)` prints it.
std::string dump(const ast::Node* root);

/// A constant as Python's `repr` shows it.
std::string constant_repr(const ast::ConstantValue& value);

}  // namespace apy
