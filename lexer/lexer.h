#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lexer/diagnostic.h"
#include "lexer/token.h"

namespace apy {

class NameTable;
class Source;
struct ScannedLexeme;

/// Turns a source text into tokens. The first problem gives an Error token and ends the stream:
/// `next` then returns that Error token for ever. The last token of a good text is EndOfFile,
/// after the Newline and Dedents that close it.
class Lexer {
 public:
  /// Both must outlive the lexer and its tokens.
  Lexer(const Source& source, NameTable& names);

  Token next();

  /// What went wrong, once `next` has returned an Error token.
  const Diagnostic& error() const { return error_; }
  /// Warnings so far, in order of appearance.
  const std::vector<Diagnostic>& warnings() const { return warnings_; }

 private:
  struct Bracket {
    char open;
    uint32_t line;
    uint32_t offset;
  };

  /// The width of a line's indentation, with tabs going to multiples of eight and with tabs
  /// counting one. Two lines must compare the same way in both.
  struct Indentation {
    uint32_t width;
    uint32_t alternate;
  };

  /// An f-string that is open. Depths count the brackets opened inside this f-string.
  struct FString {
    char quote;
    uint8_t quote_size;
    uint8_t flags;
    bool in_text;         ///< scanning text, not the tokens of a replacement field
    bool in_format_spec;  ///< the text is a format specification
    int32_t depth;        ///< open brackets, those of replacement fields included
    int32_t fields;       ///< replacement fields we are in: 0 is none, 2 is one inside a spec
    uint32_t begin;
  };

  // lexer.cpp
  bool start_line();
  bool compare_indentation(Indentation indentation, const char* line_begin);
  Token indentation_token();
  Token regular_token();
  Token newline_token(const ScannedLexeme& scanned);
  Token name_token(const ScannedLexeme& scanned);
  Token number_token(const ScannedLexeme& scanned);
  Token string_token(const ScannedLexeme& scanned);
  Token end_token();
  Token token_at_end(TokenKind kind);
  bool continue_line(const char* backslash, DiagnosticExcerpt excerpt);

  // brackets.cpp
  Token operator_token(const ScannedLexeme& scanned);
  bool open_bracket(const ScannedLexeme& scanned);
  bool close_bracket(const ScannedLexeme& scanned);
  std::string mismatch(char close) const;

  // fstring.cpp
  Token begin_fstring(const ScannedLexeme& scanned, uint8_t flags, uint8_t quote_size);
  Token fstring_token();
  Token fstring_text(FString& fstring);
  Token middle_token(const FString& fstring, const char* begin, const char* text_end);
  Token unterminated_fstring(const FString& fstring, const char* at);
  const char* skip_fstring_escape(const FString& fstring, const char* at, bool& named);

  uint32_t offset(const char* at) const { return static_cast<uint32_t>(at - begin_); }
  Token make(TokenKind kind, const char* begin, const char* end);
  Token fail(Diagnostic diagnostic);
  /// A SyntaxError with a single caret on the character before `cursor`.
  Token fail_before(const char* cursor, std::string message);
  /// The same with the caret on the character at `at`.
  Token fail_at(const char* at, std::string message, bool incomplete = false);
  void warn(const char* begin, const char* end, std::string message);

  const Source& source_;
  NameTable& names_;
  const char* begin_;
  const char* end_;
  const char* cursor_;
  uint32_t line_ = 1;
  bool at_line_start_ = true;
  bool failed_ = false;
  int32_t pending_ = 0;  // Indent (1) or Dedents (below 0) to hand out
  const char* indentation_begin_ = nullptr;
  std::vector<Indentation> indentations_;
  std::vector<Bracket> brackets_;
  std::vector<FString> fstrings_;
  Token error_token_;
  Diagnostic error_;
  std::vector<Diagnostic> warnings_;
};

}  // namespace apy
