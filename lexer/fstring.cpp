#include <algorithm>
#include <string>

#include "lexer/lexer.h"
#include "lexer/scanner.h"
#include "lexer/source.h"

// The text mode of f-strings (PEP 701). A lone brace hands over to the ordinary tokens;
// brackets.cpp hands back, at the brace that closes the field or the colon that starts its
// specification.

namespace apy {

namespace {

constexpr size_t kMaximumOpenFStrings = 149;
constexpr int32_t kMaximumFields = 3;

}  // namespace

Token Lexer::begin_fstring(const ScannedLexeme& scanned, uint8_t flags, uint8_t quote_size) {
  if (fstrings_.size() >= kMaximumOpenFStrings) {
    return fail_before(scanned.end, "too many nested f-strings");
  }
  fstrings_.push_back({.quote = scanned.end[-1],
                       .quote_size = quote_size,
                       .flags = flags,
                       .in_text = true,
                       .in_format_spec = false,
                       .depth = 0,
                       .fields = 0,
                       .begin = offset(scanned.begin)});
  Token token = make(TokenKind::FStringStart, scanned.begin, scanned.end);
  token.flags = flags;
  return token;
}

Token Lexer::fstring_token() {
  FString& fstring = fstrings_.back();
  if (*cursor_ == '{' && cursor_[1] != '{') {
    if (++fstring.fields > kMaximumFields) {
      return fail_before(cursor_, "f-string: expressions nested too deeply");
    }
    fstring.in_text = false;
    return regular_token();
  }
  const char* quotes_end = cursor_ + fstring.quote_size;
  auto is_quote = [&fstring](char c) { return c == fstring.quote; };
  if (std::find_if_not(cursor_, quotes_end, is_quote) == quotes_end) {
    Token token = make(TokenKind::FStringEnd, cursor_, quotes_end);
    token.flags = fstring.flags;
    fstrings_.pop_back();
    return token;
  }
  return fstring_text(fstring);
}

/// Scans text up to a brace or the closing quotes.
Token Lexer::fstring_text(FString& fstring) {
  const char* begin = cursor_;
  const char* at = cursor_;
  bool in_spec = fstring.in_format_spec && fstring.fields > 0;
  bool named = false;  // in \N{...}, whose braces are not ours
  uint8_t quotes = 0;
  while (true) {
    const char* plain_end = scan_fstring_text(at);
    if (plain_end != at || *at != fstring.quote) {
      quotes = 0;
    }
    at = plain_end;
    if (at == end_ || (*at == '\n' && fstring.quote_size == 1)) {
      if (!in_spec || at == end_) {
        return unterminated_fstring(fstring, at);
      }
      // A specification ends with its line; the parser will miss the brace.
      fstring.in_text = false;
      Token token = middle_token(fstring, begin, at);
      fstring.in_format_spec = false;
      return token;
    }
    switch (*at) {
      case '{':
        if (at[1] == '{' && !in_spec) {
          Token token = middle_token(fstring, begin, at + 1);
          cursor_ = at + 2;
          token.span.end += 1;
          return token;
        }
        if (++fstring.fields > kMaximumFields) {
          return fail_before(at, "f-string: expressions nested too deeply");
        }
        fstring.in_text = false;
        return middle_token(fstring, begin, at);
      case '}':
        if (named) {
          return middle_token(fstring, begin, at + 1);
        }
        if (at[1] == '}' && !in_spec && fstring.depth == 0) {
          Token token = middle_token(fstring, begin, at + 1);
          cursor_ = at + 2;
          token.span.end += 1;
          return token;
        }
        fstring.in_text = false;
        return middle_token(fstring, begin, at);
      case '\\':
        at = skip_fstring_escape(fstring, at, named);
        break;
      default:
        if (*at == fstring.quote && ++quotes == fstring.quote_size) {
          return middle_token(fstring, begin, at + 1 - quotes);
        }
        ++at;
        break;
    }
  }
}

const char* Lexer::skip_fstring_escape(const FString& fstring, const char* at, bool& named) {
  bool raw = (fstring.flags & kStringRaw) != 0;
  char escaped = at[1];
  if (escaped == '{' || escaped == '}') {
    // The backslash stands for itself and the brace keeps its meaning.
    if (!raw) {
      warn(at, at + 2, std::string("invalid escape sequence '\\") + escaped + "'");
    }
    return at + 1;
  }
  if (!raw && escaped == 'N' && at[2] == '{') {
    named = true;
    return at + 3;
  }
  return escaped == '\0' ? at + 1 : at + 2;
}

Token Lexer::middle_token(const FString& fstring, const char* begin, const char* text_end) {
  Token token = make(TokenKind::FStringMiddle, begin, text_end);
  token.flags = fstring.flags;
  if (fstring.in_format_spec) {
    token.flags |= kStringFormatSpec;
  }
  token.text = {begin, static_cast<size_t>(text_end - begin)};
  line_ += static_cast<uint32_t>(std::count(begin, text_end, '\n'));
  return token;
}

Token Lexer::unterminated_fstring(const FString& fstring, const char* at) {
  uint32_t last_line = source_.line_at(at == end_ ? offset(at) - 1 : offset(at));
  bool triple = fstring.quote_size == 3;
  std::string message =
      triple ? "unterminated triple-quoted f-string literal" : "unterminated f-string literal";
  message += " (detected at line " + std::to_string(last_line) + ")";
  return fail_at(begin_ + fstring.begin, std::move(message), at == end_);
}

}  // namespace apy
