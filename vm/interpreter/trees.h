#pragma once
// Syntax trees as scripts see them: objects of the classes in the module `ast`.
#include <memory>

#include "lexer/name_table.h"
#include "lexer/source.h"
#include "parser/parser.h"
#include "vm/interpreter/ast_bridge.h"

namespace apy {

/// The tree as objects.
Result<Value> tree_to_objects(VM& vm, const ast::Node* root, const Source& source);

/// A tree made from objects, and a source of blanks in which its positions are those that the
/// objects had. TypeError, ValueError for what is no valid tree.
struct ObjectTree {
  Arena arena;
  NameTable names;
  ast::Node* root = nullptr;
  std::unique_ptr<Source> source;
};
Result<void> objects_to_tree(VM& vm, Value root, std::string_view filename, ObjectTree* tree);
}  // namespace apy
