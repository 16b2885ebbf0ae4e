#include "lexer/lexer.h"

#include <cstdio>
#include <cstring>
#include <utility>

#include "lexer/name_table.h"
#include "lexer/number_check.h"
#include "lexer/scanner.h"
#include "lexer/source.h"
#include "lexer/unicode_identifier.h"
#include "lexer/utf8.h"

// The lexer
// ---------
// Three layers. scanner.re, which re2c compiles, finds the extent of one lexeme and knows no
// context. Lexer turns lexemes into tokens and keeps the context: the indentation stack, the
// brackets, and the open f-strings. Decoding of literals (literal.h, number.h) is left to the
// parser, since CPython too reports its errors only when the literal is part of a parsed
// expression.
//
// Context works as in CPython, because its error messages and their places show it:
//   * Indentation is measured at the start of each logical line, twice: tabs to columns of eight,
//   and
//     tabs as one column. If two lines compare differently in the two, that is a TabError.
//   * Inside brackets newlines are blanks and indentation means nothing. The braces of a
//   replacement
//     field are brackets too.
//   * An f-string is a mode: text, then at a brace ordinary tokens, then text again. Modes stack,
//   since
//     a replacement field may hold another f-string, with the same quotes. A format specification
//     is text in a field, and may itself have fields.
//
// Invariants: `cursor_` is between tokens; `line_` is its line. The text ends with a newline and
// then NUL bytes and holds no other NUL, so that scanning needs no end pointer. After the
// first error the lexer stays where it is.
//
// Errors: most are raised at once. Those marked `yields_to_parser` are raised by CPython's parser
// when it asks for the token, so that an earlier error of the parser hides them.
//
// Rejected: re2c start conditions for f-strings (the stack would still be outside and each
// condition would repeat all operators); keyword rules in re2c (interning looks each name up
// anyway).

namespace apy {

namespace {

constexpr uint32_t kTabWidth = 8;
constexpr size_t kMaximumIndentations = 100;

bool is_name_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

uint32_t count_newlines(const char* begin, const char* end) {
  uint32_t count = 0;
  for (; begin < end; ++begin, ++count) {
    begin = static_cast<const char*>(std::memchr(begin, '\n', static_cast<size_t>(end - begin)));
    if (begin == nullptr) {
      break;
    }
  }
  return count;
}

std::string hex_name(char32_t code_point) {
  char buffer[16];
  std::snprintf(buffer, sizeof buffer, "U+%04X", static_cast<unsigned>(code_point));
  return buffer;
}

uint8_t prefix_flag(char c) {
  switch (c) {
    case 'b':
    case 'B':
      return kStringBytes;
    case 'r':
    case 'R':
      return kStringRaw;
    case 'f':
    case 'F':
      return kStringFormatted;
    default:
      return kStringUnicode;
  }
}

/// Whether a plain string that never ends had its own quote behind a backslash.
bool has_escaped_quote(const char* at, const char* end, char quote) {
  for (; at < end; ++at) {
    if (*at == '\\' && ++at < end && *at == quote) {
      return true;
    }
  }
  return false;
}

}  // namespace

Lexer::Lexer(const Source& source, NameTable& names)
    : source_(source),
      names_(names),
      begin_(source.text().data()),
      end_(begin_ + source.text().size()),
      cursor_(begin_),
      indentation_begin_(begin_),
      indentations_(1) {}

Token Lexer::next() {
  if (failed_) {
    return error_token_;
  }
  if (!fstrings_.empty() && fstrings_.back().in_text) {
    return fstring_token();
  }
  return regular_token();
}

Token Lexer::make(TokenKind kind, const char* begin, const char* end) {
  cursor_ = end;
  return {kind, 0, {offset(begin), offset(end)}, line_, {}};
}

Token Lexer::fail(Diagnostic diagnostic) {
  failed_ = true;
  error_ = std::move(diagnostic);
  // What CPython cannot decode it cannot read either: running into it comes before all else.
  if (source_.decode_error() && (error_.incomplete || cursor_ == end_)) {
    error_ = *source_.decode_error();
  }
  error_token_ = {TokenKind::Error, 0, error_.span, source_.line_at(error_.span.begin), {}};
  return error_token_;
}

Token Lexer::fail_at(const char* at, std::string message, bool incomplete) {
  uint32_t place = offset(at);
  return fail({.incomplete = incomplete, .span = {place, place}, .message = std::move(message)});
}

Token Lexer::fail_before(const char* cursor, std::string message) {
  do {
    --cursor;
  } while (cursor > begin_ && (static_cast<uint8_t>(*cursor) & 0xC0) == 0x80);
  return fail_at(cursor, std::move(message));
}

void Lexer::warn(const char* begin, const char* end, std::string message) {
  warnings_.push_back({.kind = DiagnosticKind::SyntaxWarning,
                       .span = {offset(begin), offset(end)},
                       .message = std::move(message)});
}

// --- lines -------------------------------------------------------------------------------------

/// Goes to the first token of the next line that has one and compares its indentation, which leaves
/// `pending_`. False after an error.
bool Lexer::start_line() {
  at_line_start_ = false;
  while (true) {
    const char* line_begin = cursor_;
    Indentation indentation{};
    Indentation before_backslash{};
    for (;; ++cursor_) {
      if (*cursor_ == ' ') {
        ++indentation.width;
        ++indentation.alternate;
      } else if (*cursor_ == '\t') {
        indentation.width = (indentation.width / kTabWidth + 1) * kTabWidth;
        ++indentation.alternate;
      } else if (*cursor_ == '\f') {
        indentation = {};
      } else if (*cursor_ == '\\') {
        // What precedes the first backslash decides for the joined line, if there is anything.
        if (before_backslash.width == 0) {
          before_backslash = {indentation.width, indentation.width};
        }
        if (!continue_line(cursor_, DiagnosticExcerpt::LineOnly)) {
          return false;
        }
        line_begin = cursor_--;
      } else {
        break;
      }
    }
    if (*cursor_ == '#') {
      cursor_ =
          static_cast<const char*>(std::memchr(cursor_, '\n', static_cast<size_t>(end_ - cursor_)));
    }
    if (*cursor_ == '\n') {
      ++cursor_;
      ++line_;
      continue;
    }
    if (cursor_ == end_ && source_.decode_error()) {
      fail(*source_.decode_error());
      return false;
    }
    indentation_begin_ = line_begin;
    return compare_indentation(before_backslash.width != 0 ? before_backslash : indentation,
                               line_begin);
  }
}

bool Lexer::compare_indentation(Indentation indentation, const char* line_begin) {
  auto inconsistent_tabs = [&] {
    fail({.kind = DiagnosticKind::TabError,
          .yields_to_parser = true,
          .span = {offset(line_begin), offset(line_begin)},
          .message = "inconsistent use of tabs and spaces in indentation"});
    return false;
  };
  if (indentation.width > indentations_.back().width) {
    if (indentations_.size() >= kMaximumIndentations) {
      fail({.kind = DiagnosticKind::IndentationError,
            .yields_to_parser = true,
            .span = {offset(line_begin), offset(line_begin)},
            .message = "too many levels of indentation"});
      return false;
    }
    if (indentation.alternate <= indentations_.back().alternate) {
      return inconsistent_tabs();
    }
    indentations_.push_back(indentation);
    pending_ = 1;
    return true;
  }
  while (indentation.width < indentations_.back().width) {
    indentations_.pop_back();
    --pending_;
  }
  if (indentation.width != indentations_.back().width) {
    const char* newline =
        static_cast<const char*>(std::memchr(cursor_, '\n', static_cast<size_t>(end_ - cursor_)));
    fail({.kind = DiagnosticKind::IndentationError,
          .yields_to_parser = true,
          .span = {offset(newline), offset(newline)},
          .message = "unindent does not match any outer indentation level"});
    return false;
  }
  return indentation.alternate == indentations_.back().alternate || inconsistent_tabs();
}

Token Lexer::indentation_token() {
  if (pending_ > 0) {
    --pending_;
    return make(TokenKind::Indent, indentation_begin_, cursor_);
  }
  ++pending_;
  return cursor_ == end_ ? token_at_end(TokenKind::Dedent)
                         : make(TokenKind::Dedent, indentation_begin_, cursor_);
}

/// Joins a line that ends in a backslash with the next. False after an error; `excerpt` is for the
/// one that there is no next line.
bool Lexer::continue_line(const char* backslash, DiagnosticExcerpt excerpt) {
  const char* after = backslash + 1;
  if (*after != '\n') {
    cursor_ = after;
    fail({.yields_to_parser = true,
          .span = {offset(after), offset(after)},
          .message = "unexpected character after line continuation character"});
    return false;
  }
  cursor_ = after + 1;
  ++line_;
  if (cursor_ != end_) {
    return true;
  }
  if (!brackets_.empty()) {
    end_token();
    return false;
  }
  fail({.excerpt = excerpt,
        .incomplete = true,
        .yields_to_parser = true,
        .span = {offset(after), offset(after)},
        .message = "unexpected EOF while parsing"});
  return false;
}

// --- tokens ------------------------------------------------------------------------------------

Token Lexer::regular_token() {
  if (at_line_start_ && !start_line()) {
    return error_token_;
  }
  if (pending_ != 0) {
    return indentation_token();
  }
  while (true) {
    ScannedLexeme scanned = scan_lexeme(cursor_);
    switch (scanned.lexeme) {
      case Lexeme::Name:
      case Lexeme::UnicodeName:
        return name_token(scanned);
      case Lexeme::Operator:
        return operator_token(scanned);
      case Lexeme::Newline:
        if (brackets_.empty()) {
          return newline_token(scanned);
        }
        cursor_ = scanned.end + 1;
        ++line_;
        break;
      case Lexeme::Number:
      case Lexeme::LeadingZeros:
        return number_token(scanned);
      case Lexeme::StringOpen:
        return string_token(scanned);
      case Lexeme::Continuation:
      case Lexeme::BadContinuation:
        if (!continue_line(scanned.begin, DiagnosticExcerpt::LineAndCarets)) {
          return error_token_;
        }
        break;
      case Lexeme::Unknown:
        return make(TokenKind::Unknown, scanned.begin, scanned.end);
      case Lexeme::Unprintable:
        return fail_at(scanned.begin, "invalid non-printable character " +
                                          hex_name(static_cast<uint8_t>(*scanned.begin)));
      case Lexeme::End:
        cursor_ = scanned.begin;
        return end_token();
    }
  }
}

Token Lexer::newline_token(const ScannedLexeme& scanned) {
  // The newline is not part of the span, but a comment before it is: errors point at the comment.
  Token token = make(TokenKind::Newline, scanned.begin, scanned.end);
  cursor_ = scanned.end + 1;
  ++line_;
  at_line_start_ = true;
  return token;
}

Token Lexer::name_token(const ScannedLexeme& scanned) {
  std::string_view text(scanned.begin, static_cast<size_t>(scanned.end - scanned.begin));
  if (scanned.lexeme == Lexeme::Name) {
    NameTable::Entry entry = names_.find_or_add(text);
    Token token = make(entry.kind, scanned.begin, scanned.end);
    token.text = entry.text;
    return token;
  }
  size_t invalid = find_invalid_in_identifier(text);
  if (invalid != text.size()) {
    Utf8Step step = decode_utf8(text.substr(invalid));
    std::string name = hex_name(step.code_point);
    std::string message = "invalid non-printable character " + name;
    if (is_printable(step.code_point)) {
      std::string character(text.substr(invalid, step.size));
      message = "invalid character '" + character + "' (" + name + ")";
    }
    return fail_at(scanned.begin + invalid, std::move(message));
  }
  // Only the spelling as written makes a keyword, not what normalisation gives.
  std::string_view name = names_.intern(normalize_nfkc(text));
  Token token = make(TokenKind::Name, scanned.begin, scanned.end);
  token.text = name;
  return token;
}

Token Lexer::number_token(const ScannedLexeme& scanned) {
  const char* end = scanned.end;
  if (scanned.lexeme == Lexeme::LeadingZeros || is_name_byte(*end)) {
    NumberCheck check = check_number(scanned.begin);
    if (check.end == nullptr) {
      return fail({.span = {offset(check.error_begin), offset(check.error_end)},
                   .message = std::move(check.error)});
    }
    end = check.end;
    if (check.warning != nullptr) {
      warn(scanned.begin, end, std::string("invalid ") + check.warning + " literal");
    }
  }
  Token token = make(TokenKind::Number, scanned.begin, end);
  token.text = {scanned.begin, static_cast<size_t>(end - scanned.begin)};
  return token;
}

Token Lexer::string_token(const ScannedLexeme& scanned) {
  uint8_t flags = 0;
  const char* quotes = scanned.begin;
  for (; *quotes != '\'' && *quotes != '"'; ++quotes) {
    flags |= prefix_flag(*quotes);
  }
  uint8_t quote_size = static_cast<uint8_t>(scanned.end - quotes);
  if (quote_size == 3) {
    flags |= kStringTriple;
  }
  if ((flags & kStringFormatted) != 0) {
    return begin_fstring(scanned, flags, quote_size);
  }
  const char* close = scan_string_body(scanned.end, *quotes, quote_size == 3);
  if (*close == '\n' || close == end_) {
    // A newline that a backslash hides, or the end itself, may be where the text gave out.
    bool at_end = close == end_;
    uint32_t last_line = source_.line_at(at_end ? offset(end_ - 1) : offset(close));
    std::string where = " (detected at line " + std::to_string(last_line) + ")";
    if (!fstrings_.empty() && fstrings_.back().quote == *quotes &&
        fstrings_.back().quote_size == quote_size) {
      return fail_at(scanned.begin, "f-string: expecting '}'");
    }
    if (quote_size == 3) {
      return fail_at(scanned.begin, "unterminated triple-quoted string literal" + where, true);
    }
    if (has_escaped_quote(scanned.end, close, *quotes)) {
      where += "; perhaps you escaped the end quote?";
    }
    return fail_at(scanned.begin, "unterminated string literal" + where, at_end);
  }
  Token token = make(TokenKind::String, scanned.begin, close + quote_size);
  token.flags = flags;
  token.text = {scanned.end, static_cast<size_t>(close - scanned.end)};
  line_ += count_newlines(scanned.end, close);
  return token;
}

/// A token behind the text, which CPython counts to the last line.
Token Lexer::token_at_end(TokenKind kind) {
  uint32_t last = begin_ == end_ ? 0 : offset(end_) - 1;
  return {kind, 0, {last, last}, source_.line_at(last), {}};
}

Token Lexer::end_token() {
  if (!brackets_.empty()) {
    const Bracket& open = brackets_.back();
    std::string message = std::string("'") + open.open + "' was never closed";
    return fail({.incomplete = true,
                 .unclosed_bracket = true,
                 .span = {open.offset, open.offset},
                 .message = std::move(message)});
  }
  return token_at_end(TokenKind::EndOfFile);
}

}  // namespace apy
