#include "lexer/token.h"

#include <cstddef>
#include <utility>

namespace apy {

std::string_view token_kind_spelling(TokenKind kind) {
  static constexpr std::string_view kSpellings[] = {
#define APY_TOKEN(kind, description) description,
#define APY_OPERATOR(kind, spelling) spelling,
#define APY_KEYWORD(kind, spelling) spelling,
#include "lexer/token.def"
  };
  return kSpellings[static_cast<size_t>(kind)];
}

Diagnostic error_at(const Token& token, std::string message, DiagnosticKind kind) {
  Diagnostic diagnostic{.kind = kind, .span = token.span, .message = std::move(message)};
  if (token.kind == TokenKind::Indent || token.kind == TokenKind::Dedent ||
      token.kind == TokenKind::EndOfFile) {
    uint32_t last_blank = token.span.empty() ? token.span.begin : token.span.end - 1;
    diagnostic.span = {last_blank, last_blank};
    if (token.span.empty()) {
      diagnostic.excerpt = DiagnosticExcerpt::LineOnly;
    }
  }
  return diagnostic;
}

}  // namespace apy
