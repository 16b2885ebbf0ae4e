#pragma once
// compile() with syntax trees as objects on one side.
#include "vm/interpreter/setup.h"

namespace apy {

/// The tree of a source text as objects of the module `ast`.
Result<Value> parse_to_objects(VM& vm, std::string_view text, std::string_view filename,
                               const SourceOptions& options);
/// Code of a tree that is made of such objects.
Result<Code*> compile_objects(VM& vm, Value root, std::string_view filename,
                              const SourceOptions& options);
/// Is it an instance of ast.AST?
Result<bool> is_tree_object(VM& vm, Value v);

}  // namespace apy
