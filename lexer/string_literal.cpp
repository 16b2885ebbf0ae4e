#include "lexer/string_literal.h"

#include <algorithm>
#include <utility>

#include "lexer/utf8.h"

namespace apy {

namespace {

bool is_ascii(char c) { return static_cast<uint8_t>(c) < 0x80; }

bool is_octal_digit(char c) { return c >= '0' && c <= '7'; }

/// The value of a hexadecimal digit, or -1.
int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// What a single-letter escape stands for, or 0.
char simple_escape(char c) {
  switch (c) {
    case '\\':
    case '\'':
    case '"':
      return c;
    case 'a':
      return '\a';
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'v':
      return '\v';
    default:
      return 0;
  }
}

/// How far `offset` is into the text once each non-ASCII character is written as \UXXXXXXXX.
/// CPython decodes escapes in that form, and its messages count so.
size_t expanded_offset(std::string_view text, size_t offset) {
  size_t expanded = 0;
  for (size_t at = 0; at < offset;) {
    if (text[at] == '\\') {
      bool escapes_nothing = at + 1 == text.size() || !is_ascii(text[at + 1]);
      expanded += escapes_nothing ? 6 : 1;
      ++at;
      if (escapes_nothing || at >= offset) {
        continue;
      }
    }
    if (is_ascii(text[at])) {
      ++at;
      ++expanded;
    } else {
      at += decode_utf8(text.substr(at)).size;
      expanded += 10;
    }
  }
  return expanded;
}

class Decoder {
 public:
  Decoder(const Token& token, Span place, CharacterLookup lookup)
      : token_(token),
        place_(place),
        lookup_(lookup),
        text_(token.text),
        bytes_((token.flags & kStringBytes) != 0) {}

  StringLiteral run() {
    if (bytes_ && !std::all_of(text_.begin(), text_.end(), is_ascii)) {
      fail("bytes can only contain ASCII literal characters");
      return std::move(result_);
    }
    if ((token_.flags & kStringRaw) != 0) {
      result_.value = text_;
      return std::move(result_);
    }
    result_.value.reserve(text_.size());
    while (at_ < text_.size()) {
      size_t backslash = std::min(text_.find('\\', at_), text_.size());
      result_.value.append(text_.substr(at_, backslash - at_));
      at_ = backslash;
      if (at_ < text_.size() && !escape()) {
        break;
      }
    }
    return std::move(result_);
  }

 private:
  bool fail(std::string message) {
    result_.error = Diagnostic{.span = place_, .message = std::move(message)};
    return false;
  }

  /// An error in the escape from `begin` up to `end`.
  bool fail_codec(size_t begin, size_t end, const char* problem) {
    size_t first = expanded_offset(text_, begin);
    size_t last = expanded_offset(text_, end) - 1;
    return fail("(unicode error) 'unicodeescape' codec can't decode bytes in position " +
                std::to_string(first) + "-" + std::to_string(last) + ": " + problem);
  }

  void warn(size_t begin, size_t end, const char* kind) {
    if (result_.warning) {
      return;
    }
    result_.warning = Diagnostic{.kind = DiagnosticKind::SyntaxWarning,
                                 .span = place_,
                                 .message = std::string("invalid ") + kind + " sequence '" +
                                            std::string(text_.substr(begin, end - begin)) + "'"};
  }

  void append(char32_t code_point) {
    if (bytes_) {
      result_.value.push_back(static_cast<char>(code_point));
    } else {
      append_utf8(result_.value, code_point);
    }
  }

  /// Decodes the escape at the cursor. False after an error.
  bool escape() {
    size_t begin = at_++;
    if (at_ == text_.size() || !is_ascii(text_[at_])) {
      result_.value.push_back('\\');
      return true;
    }
    char c = text_[at_++];
    if (c == '\n') {
      return true;
    }
    if (char simple = simple_escape(c)) {
      result_.value.push_back(simple);
      return true;
    }
    if (is_octal_digit(c)) {
      octal_escape(begin);
      return true;
    }
    if (c == 'x') {
      return hex_escape(begin, 2, "truncated \\xXX escape");
    }
    if (c == 'u' && !bytes_) {
      return hex_escape(begin, 4, "truncated \\uXXXX escape");
    }
    if (c == 'U' && !bytes_) {
      return hex_escape(begin, 8, "truncated \\UXXXXXXXX escape");
    }
    if (c == 'N' && !bytes_) {
      return named_escape(begin);
    }
    // The lexer has warned of escaped braces in f-strings.
    if ((token_.flags & kStringFormatted) == 0 || (c != '{' && c != '}')) {
      warn(begin, at_, "escape");
    }
    result_.value.append(text_.substr(begin, 2));
    return true;
  }

  void octal_escape(size_t begin) {
    char32_t value = 0;
    for (at_ = begin + 1; at_ < text_.size() && at_ < begin + 4 && is_octal_digit(text_[at_]);) {
      value = value * 8 + static_cast<char32_t>(text_[at_++] - '0');
    }
    if (value > 0xFF) {
      warn(begin, at_, "octal escape");
    }
    append(value);
  }

  bool hex_escape(size_t begin, size_t digits, const char* problem) {
    char32_t value = 0;
    size_t taken = 0;
    for (; taken < digits && at_ < text_.size() && hex_digit(text_[at_]) >= 0; ++taken) {
      value = value << 4 | static_cast<char32_t>(hex_digit(text_[at_++]));
    }
    if (taken < digits) {
      return bytes_ ? fail("(value error) invalid \\x escape at position " + std::to_string(begin))
                    : fail_codec(begin, at_, problem);
    }
    if (value > 0x10FFFF) {
      return fail_codec(begin, at_, "illegal Unicode character");
    }
    append(value);
    return true;
  }

  bool named_escape(size_t begin) {
    if (at_ == text_.size() || text_[at_] != '{') {
      return fail_codec(begin, at_, "malformed \\N character escape");
    }
    size_t name_begin = ++at_;
    size_t name_end = std::min(text_.find('}', name_begin), text_.size());
    if (name_end == text_.size() || name_end == name_begin) {
      return fail_codec(begin, name_end, "malformed \\N character escape");
    }
    at_ = name_end + 1;
    std::string_view name = text_.substr(name_begin, name_end - name_begin);
    std::optional<char32_t> found = lookup_ == nullptr ? std::nullopt : lookup_(name);
    if (!found) {
      return fail_codec(begin, at_, "unknown Unicode character name");
    }
    append(*found);
    return true;
  }

  const Token& token_;
  Span place_;
  CharacterLookup lookup_;
  std::string_view text_;
  bool bytes_;
  size_t at_ = 0;
  StringLiteral result_;
};

}  // namespace

bool is_plain_literal(const Token& token) {
  bool raw = (token.flags & kStringRaw) != 0;
  bool bytes = (token.flags & kStringBytes) != 0;
  return (raw || token.text.find('\\') == std::string_view::npos) &&
         (!bytes || std::all_of(token.text.begin(), token.text.end(), is_ascii));
}

StringLiteral decode_string_literal(const Token& token, Span place, CharacterLookup lookup) {
  return Decoder(token, place, lookup).run();
}

}  // namespace apy
