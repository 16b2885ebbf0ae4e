#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lexer/lexer.h"
#include "lexer/name_table.h"
#include "lexer/render.h"
#include "lexer/source.h"

// Everything a lexer says about one text. Not movable: the tokens point into it.

namespace apy::test {

struct Lexed {
  explicit Lexed(std::string_view bytes) : source(Source::from_bytes("x.py", bytes)) {
    Lexer lexer(source, names);
    do {
      tokens.push_back(lexer.next());
    } while (tokens.back().kind != TokenKind::EndOfFile && tokens.back().kind != TokenKind::Error);
    failed = tokens.back().kind == TokenKind::Error;
    error = lexer.error();
    warnings = lexer.warnings();
  }
  Lexed(const Lexed&) = delete;
  Lexed& operator=(const Lexed&) = delete;

  /// The tokens in one line: spelling of operators and keywords, `kind(text)` of others.
  std::string summary() const {
    std::string out;
    for (const Token& token : tokens) {
      if (!out.empty()) out += ' ';
      switch (token.kind) {
        case TokenKind::Name:
          out += "N(" + std::string(token.text) + ")";
          break;
        case TokenKind::Number:
          out += "#(" + std::string(token.text) + ")";
          break;
        case TokenKind::String:
          out += "S(" + std::string(token.text) + ")";
          break;
        case TokenKind::FStringStart:
          out += "F<";
          break;
        case TokenKind::FStringMiddle:
          out += "M(" + std::string(token.text) + ")";
          break;
        case TokenKind::FStringEnd:
          out += ">F";
          break;
        case TokenKind::Newline:
          out += "NL";
          break;
        case TokenKind::Indent:
          out += "IN";
          break;
        case TokenKind::Dedent:
          out += "DE";
          break;
        case TokenKind::EndOfFile:
          out += "END";
          break;
        case TokenKind::Error:
          out += "ERROR";
          break;
        default:
          out += token_kind_spelling(token.kind);
      }
    }
    return out;
  }

  /// The rendered error, or "" if there is none.
  std::string rendered() const { return failed ? render_diagnostic(source, error) : std::string(); }

  Source source;
  NameTable names;
  std::vector<Token> tokens;
  bool failed = false;
  Diagnostic error;
  std::vector<Diagnostic> warnings;
};

inline std::string summary(std::string_view bytes) { return Lexed(bytes).summary(); }
inline std::string error_text(std::string_view bytes) { return Lexed(bytes).rendered(); }

}  // namespace apy::test
