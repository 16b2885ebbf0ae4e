#include "lexer/diagnostic.h"

namespace apy {

const char* diagnostic_kind_name(DiagnosticKind kind) {
  switch (kind) {
    case DiagnosticKind::SyntaxError:
      return "SyntaxError";
    case DiagnosticKind::IndentationError:
      return "IndentationError";
    case DiagnosticKind::TabError:
      return "TabError";
    case DiagnosticKind::RecursionError:
      return "RecursionError";
    case DiagnosticKind::SyntaxWarning:
      return "SyntaxWarning";
  }
  return "SyntaxError";
}

bool lexer_error_wins(const Diagnostic& lexer_error, uint32_t bracket_line, uint32_t parser_line) {
  if (lexer_error.yields_to_parser) {
    return false;
  }
  return !lexer_error.unclosed_bracket || parser_line > bracket_line;
}

}  // namespace apy
