#pragma once

#include <cstdint>
#include <string>

#include "lexer/span.h"

namespace apy {

/// The exception (or warning) class a diagnostic becomes.
enum class DiagnosticKind : uint8_t {
  SyntaxError,
  IndentationError,
  TabError,
  SyntaxWarning,
  RecursionError,  ///< nested too deeply for the stack
};

/// How much of the source a rendered diagnostic shows.
enum class DiagnosticExcerpt : uint8_t {
  LineAndCarets,  ///< file, line number, the line, carets under the span
  LineOnly,       ///< file, line number, the line; no carets
  Position,       ///< file and line number, no source line
  FileOnly,       ///< file and line number 0: the file could not be read as text
  None,           ///< the message alone
};

/// A problem in a source text. `span` follows CPython's offset and end_offset: an empty span is
/// a single caret at that place.
struct Diagnostic {
  DiagnosticKind kind = DiagnosticKind::SyntaxError;
  DiagnosticExcerpt excerpt = DiagnosticExcerpt::LineAndCarets;
  /// More input could repair it: an open bracket, an open triple-quoted string, a trailing
  /// backslash. A prompt asks for another line when it sees this.
  bool incomplete = false;
  /// The text ended inside the bracket at `span`. The parser's own error wins over this one when
  /// it lies on the bracket's line; see `lexer_error_wins`.
  bool unclosed_bracket = false;
  /// Matters only if the parser got this far: an error of the parser's own wins.
  bool yields_to_parser = false;
  Span span = {};
  std::string message = {};
};

/// The name of the class a diagnostic becomes, such as "IndentationError".
const char* diagnostic_kind_name(DiagnosticKind kind);

/// Whether the lexer's error replaces one that the parser found earlier in the text, as it does in
/// CPython: always, except for those marked `yields_to_parser`, and that an unclosed bracket must
/// be on an earlier line than the token at which the parser stopped. Not to be asked about an
/// unexpected indent or unindent, which always stays. `bracket_line` is the line of the lexer
/// error's span, `parser_line` that of the token.
bool lexer_error_wins(const Diagnostic& lexer_error, uint32_t bracket_line, uint32_t parser_line);

}  // namespace apy
