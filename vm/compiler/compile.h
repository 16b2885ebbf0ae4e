#pragma once
// From a resolved syntax tree to code.
#include <memory>
#include <vector>

#include "lexer/diagnostic.h"
#include "parser/ast.h"
#include "vm/bytecode/draft.h"

namespace apy {

class Source;

struct CompileOptions {
  /// As `python -O`: 1 drops assertions, 2 documentation strings too.
  int optimize = 0;
  /// Names at the top level go through the frame's namespace mapping (exec and eval with any
  /// locals). Otherwise they are globals.
  bool use_namespace = false;
  /// `await` at the top level makes the code a coroutine's.
  bool top_level_await = false;
  /// Annotations are kept as text, as after `from __future__ import annotations`.
  bool annotations_as_text = false;
  /// The lowest address the native stack may grow down to. Null: a fixed budget below the caller's
  /// frame that fits a fiber.
  const void* stack_limit = nullptr;
};

/// A draft, or null and an error.
struct CompileResult {
  std::unique_ptr<CodeDraft> draft;
  Diagnostic error;
};

/// Compiles a Module, InteractiveModule or ExpressionModule that went through `resolve` without
/// errors. Needs no VM.
CompileResult compile(ast::Node* root, const Source& source, const CompileOptions& options = {});

/// The same, as a code object. Errors: SyntaxError, MemoryError.
Result<Code*> compile_module(VM& vm, ast::Node* root, const Source& source,
                             const CompileOptions& options = {});

/// Makes a diagnostic the pending exception: SyntaxError (or a subclass) with the place in the
/// source.
Error raise_diagnostic(VM& vm, const Diagnostic& diagnostic, const Source& source);

}  // namespace apy
