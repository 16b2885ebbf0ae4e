#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "lexer/diagnostic.h"
#include "lexer/string_literal.h"
#include "parser/arena.h"
#include "parser/ast.h"

// From tokens to a syntax tree.
//
// The parser reads a text at most twice. The first reading only wants to know what the program is:
// recursive descent for statements, one loop with a table of binding powers for operators (so that
// an expression costs a few stack frames, not one per level of precedence), and no thought for
// what an error should be called. Nearly all programs never see more than that.
//
// When the first reading fails, the statement at the top level that contains the failure is read
// again, `diagnosing`. The same functions run, but now they try alternatives in the order of
// Python's published grammar and, at each place where people are known to go wrong, look for that
// particular mistake (the diagnose_*.cpp files). The first mistake recognised becomes the message.
// If none is, the message is "invalid syntax" at the furthest token of the first reading. CPython
// works in two passes of the same kind, and its messages are defined by the order in which its
// rules are tried; so that order is kept here, including what each attempt looked at.
//
// Invariants.
//  - A function that parses returns null if what it looks for is not there, and then leaves the
//    position where it found it. It never reports an error by returning null: an error is raised
//    (`raise_*`), which fails everything that follows, because the position moves to a poison
//    token that nothing matches.
//  - `furthest_` is the last token anyone has looked at: errors without a place of their own point
//    there.
//  - Results of the second reading are remembered by place and rule, otherwise nested brackets
//    would be tried in exponentially many ways.
//  - Depth: each nested construct checks how much native stack is left and the height of what it
//    built, and raises a RecursionError. See parser/ast.h for what later passes may rely on.
//
// What is an error only because of what surrounds it ('return' outside function, nonlocal without
// a binding, `await` in a plain function) is found by later passes: parser/resolve.h (names) and
// parser/check.h (the rest).
//
// Rejected: a table-driven parser generator (messages depend on the order of alternatives, which
// is easier to keep in code than in a table, and reading bytes into a tree is then slower); a
// separate parser for diagnosis (two descriptions of one language drift apart).

namespace apy {

class NameTable;
class Source;

/// What a text is.
enum class ParseMode : uint8_t {
  File,         ///< a module: gives ast::Module
  Interactive,  ///< one statement typed at a prompt: gives ast::InteractiveModule
  Expression,   ///< the argument of `eval`: gives ast::ExpressionModule
};

struct ParseOptions {
  ParseMode mode = ParseMode::File;
  /// The lowest address the native stack may grow down to. Null: a fixed budget below the caller's
  /// frame that fits a fiber.
  const void* stack_limit = nullptr;
  /// Decimal integer literals may have so many digits; 0 means no limit.
  uint32_t max_integer_digits = 4300;
  /// `<>` instead of `!=` (from __future__ import barry_as_FLUFL).
  bool diamond_is_not_equal = false;
  /// For `\N{...}`; null: no name is known.
  CharacterLookup lookup_character = nullptr;
};

/// A tree and the memory it lives in, or an error. Strings in the tree may point into the Source
/// and the NameTable, which must outlive it.
struct ParseResult {
  Arena arena;
  ast::Node* root = nullptr;         ///< null if there was an error
  Diagnostic error;                  ///< meaningful if `root` is null
  std::vector<Diagnostic> warnings;  ///< in order of appearance

  explicit operator bool() const { return root != nullptr; }
};

/// Parses a whole source text.
ParseResult parse(const Source& source, NameTable& names, const ParseOptions& options = {});

/// What a prompt should do with the lines typed so far.
enum class Completeness : uint8_t {
  Complete,    ///< parse and run it, or report its error
  Incomplete,  ///< ask for another line
};

/// Whether `text` (the lines so far, each with its newline) is a whole statement. A compound
/// statement is complete once an empty line follows it, as at CPython's prompt.
Completeness completeness(std::string_view text, NameTable& names);

}  // namespace apy
