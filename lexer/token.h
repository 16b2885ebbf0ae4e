#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "lexer/diagnostic.h"
#include "lexer/span.h"

namespace apy {

/// Kinds of tokens; keywords are prefixed `Kw`, so `TokenKind::KwIf`.
enum class TokenKind : uint8_t {
#define APY_TOKEN(kind, description) kind,
#define APY_OPERATOR(kind, spelling) kind,
#define APY_KEYWORD(kind, spelling) Kw##kind,
#include "lexer/token.def"
};

/// What the prefix and quotes of a string literal say. Combined with `|` in `Token::flags`.
enum StringFlag : uint8_t {
  kStringBytes = 1,        ///< b prefix
  kStringRaw = 2,          ///< r prefix
  kStringFormatted = 4,    ///< f prefix
  kStringUnicode = 8,      ///< u prefix
  kStringTriple = 16,      ///< three quotes
  kStringFormatSpec = 32,  ///< FStringMiddle that lies in a format specification
};

/// One token. `text` means, by kind:
///   Name, keywords   the NFKC-normalised identifier, interned: equal names share one address
///   Number           the digits as written, underscores included
///   String           the raw body between the quotes, escapes not decoded
///   FStringMiddle    the raw text; of a doubled brace it holds one (the span holds both)
///   others           empty
/// Unknown is a character outside the grammar ($ ? ` or the operator <>): invalid syntax wherever
/// it stands, but not a lexical error.
/// Spans: a Newline's is the comment before it, or empty; Indent and Dedent have the indentation;
/// EndOfFile, and Dedents there, are at the last newline.
/// Views point into the `Source` or the `NameTable`, which must outlive the token.
struct Token {
  TokenKind kind = TokenKind::EndOfFile;
  uint8_t flags = 0;  ///< StringFlag bits of String and FString tokens
  Span span;
  uint32_t line = 0;  ///< line number of span.begin, counted from 1
  std::string_view text;
};

/// The spelling of an operator or keyword, else a description such as "end of file".
std::string_view token_kind_spelling(TokenKind kind);

/// An error at a token as CPython's parser places it: tokens without text of their own (Indent,
/// Dedent, EndOfFile) show their line, mostly without carets.
Diagnostic error_at(const Token& token, std::string message,
                    DiagnosticKind kind = DiagnosticKind::SyntaxError);

/// Whether the kind is a reserved word.
constexpr bool is_keyword(TokenKind kind) { return kind >= TokenKind::KwFalse; }

}  // namespace apy
