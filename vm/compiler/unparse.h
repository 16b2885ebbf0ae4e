#pragma once
#include <string>

#include "parser/ast.h"

namespace apy {

/// The expression as source text, as CPython writes annotations under `from __future__ import
/// annotations`.
std::string unparse(const ast::Expression* expression);

}  // namespace apy
