#include <string>

#include "parser/grammar.h"

// Escape sequences of string and bytes literals.

namespace apy {

namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c |= 0x20;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

bool is_octal(char c) { return c >= '0' && c <= '7'; }

/// UTF-8; lone surrogates get the encoding that the scheme would give them.
void append_code_point(std::string& out, uint32_t c) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0 | c >> 6);
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    out += static_cast<char>(0xE0 | c >> 12);
    out += static_cast<char>(0x80 | (c >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | c >> 18);
    out += static_cast<char>(0x80 | (c >> 12 & 0x3F));
    out += static_cast<char>(0x80 | (c >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  }
}

/// The letter of a one-letter escape as the character it stands for, or -1.
int simple_escape(char c) {
  switch (c) {
    case '\\': case '\'': case '"': return c;
    case 'a': return '\a';
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'v': return '\v';
    default: return -1;
  }
}

/// Positions in CPython's messages count each character outside ASCII as the ten of `\U0001F600`.
size_t message_position(std::string_view body, size_t offset) {
  size_t position = 0;
  for (size_t i = 0; i < offset; ++i) {
    unsigned char c = body[i];
    if (c < 0x80) {
      ++position;
    } else if (c >= 0xC0) {
      position += 10;
    }
  }
  return position;
}

struct EscapeDecoder {
  std::string_view body;
  CharacterLookup lookup;
  std::string out = {};
  std::string error = {};
  std::string warning = {};  ///< the first doubtful escape

  void fail(size_t begin, size_t end, const char* reason) {
    error = "(unicode error) 'unicodeescape' codec can't decode bytes in position " +
            std::to_string(message_position(body, begin)) + "-" +
            std::to_string(message_position(body, end) - 1) + ": " + reason;
  }

  void warn(const char* what, std::string_view escape) {
    if (!warning.empty()) return;
    warning = std::string("invalid ") + what + " sequence '" + std::string(escape) + "'";
  }

  /// An octal escape at `i` (its first digit); returns the place after it.
  size_t octal(size_t i, uint32_t& value) {
    size_t begin = i;
    value = 0;
    while (i < body.size() && i < begin + 3 && is_octal(body[i])) value = value * 8 + body[i++] - '0';
    if (value > 0377) warn("octal escape", body.substr(begin - 1, i - begin + 1));
    return i;
  }

  /// `\x`, `\u` or `\U` with `count` digits at `i`; 0 on error.
  size_t fixed_hex(size_t i, int count, const char* truncated) {
    size_t escape = i - 2;
    uint32_t value = 0;
    for (int n = 0; n < count; ++n, ++i) {
      int digit = i < body.size() ? hex_digit(body[i]) : -1;
      if (digit < 0) {
        fail(escape, i, truncated);
        return 0;
      }
      value = value << 4 | static_cast<uint32_t>(digit);
    }
    if (value > 0x10FFFF) {
      fail(escape, i, "illegal Unicode character");
      return 0;
    }
    append_code_point(out, value);
    return i;
  }

  /// `\N{name}` with `i` after the N; 0 on error.
  size_t named(size_t i) {
    size_t escape = i - 2;
    if (i >= body.size() || body[i] != '{') {
      fail(escape, i, "malformed \\N character escape");
      return 0;
    }
    size_t close = body.find('}', i);
    if (close == std::string_view::npos || close == i + 1) {
      fail(escape, close == std::string_view::npos ? body.size() : close,
           "malformed \\N character escape");
      return 0;
    }
    int32_t found = lookup ? lookup(body.substr(i + 1, close - i - 1)) : -1;
    if (found < 0) {
      fail(escape, close + 1, "unknown Unicode character name");
      return 0;
    }
    append_code_point(out, static_cast<uint32_t>(found));
    return close + 1;
  }

  bool decode_text() {
    size_t i = 0;
    while (i < body.size()) {
      size_t backslash = body.find('\\', i);
      out.append(body, i, backslash == std::string_view::npos ? backslash : backslash - i);
      if (backslash == std::string_view::npos) break;
      i = backslash + 1;
      if (i == body.size()) {
        // Only text in front of a replacement field can end so.
        out += '\\';
        warn("escape", "\\{");
        break;
      }
      char c = body[i++];
      if (c == '\n') continue;
      if (int plain = simple_escape(c); plain >= 0) {
        out += static_cast<char>(plain);
      } else if (is_octal(c)) {
        uint32_t value;
        i = octal(i - 1, value);
        append_code_point(out, value);
      } else if (c == 'x' || c == 'u' || c == 'U') {
        i = c == 'x'   ? fixed_hex(i, 2, "truncated \\xXX escape")
            : c == 'u' ? fixed_hex(i, 4, "truncated \\uXXXX escape")
                       : fixed_hex(i, 8, "truncated \\UXXXXXXXX escape");
        if (i == 0) return false;
      } else if (c == 'N') {
        i = named(i);
        if (i == 0) return false;
      } else {
        if (static_cast<unsigned char>(c) < 0x80) warn("escape", body.substr(i - 2, 2));
        out += '\\';
        out += c;
      }
    }
    return true;
  }

  bool decode_bytes() {
    size_t i = 0;
    while (i < body.size()) {
      char c = body[i++];
      if (c != '\\' || i == body.size()) {
        out += c;
        continue;
      }
      c = body[i++];
      if (c == '\n') continue;
      if (int plain = simple_escape(c); plain >= 0) {
        out += static_cast<char>(plain);
      } else if (is_octal(c)) {
        uint32_t value;
        i = octal(i - 1, value);
        out += static_cast<char>(value);
      } else if (c == 'x') {
        int high = i < body.size() ? hex_digit(body[i]) : -1;
        int low = i + 1 < body.size() ? hex_digit(body[i + 1]) : -1;
        if (high < 0 || low < 0) {
          error = "(value error) invalid \\x escape at position " + std::to_string(i - 2);
          return false;
        }
        out += static_cast<char>(high << 4 | low);
        i += 2;
      } else {
        warn("escape", body.substr(i - 2, 2));
        out += '\\';
        out += c;
      }
    }
    return true;
  }
};

}  // namespace

/// The characters a String or FStringMiddle token stands for; raises and returns false on a bad
/// escape.
bool Parser::decode_text(const Token& token, std::string_view& out) {
  out = token.text;
  if ((token.flags & kStringRaw) || token.text.find('\\') == std::string_view::npos) return true;
  EscapeDecoder decoder{token.text, options_.lookup_character};
  if (!decoder.decode_text()) {
    raise_here(std::move(decoder.error));
    return false;
  }
  if (!decoder.warning.empty()) warn(token.span, std::move(decoder.warning));
  out = result_.arena.copy(std::string_view(decoder.out));
  return true;
}

bool Parser::decode_bytes(const Token& token, std::string_view& out) {
  out = token.text;
  for (char c : token.text) {
    if (static_cast<unsigned char>(c) >= 0x80) {
      raise_at(token.span, "bytes can only contain ASCII literal characters");
      return false;
    }
  }
  if ((token.flags & kStringRaw) || token.text.find('\\') == std::string_view::npos) return true;
  EscapeDecoder decoder{token.text, nullptr};
  if (!decoder.decode_bytes()) {
    raise_here(std::move(decoder.error));
    return false;
  }
  if (!decoder.warning.empty()) warn(token.span, std::move(decoder.warning));
  out = result_.arena.copy(std::string_view(decoder.out));
  return true;
}

}  // namespace apy
