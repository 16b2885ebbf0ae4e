#include <utf8proc.h>

#include <charconv>
#include <cmath>
#include <cstdio>
#include <vector>

#include "parser/dump.h"

// Constants as Python's `repr` shows them.

namespace apy {

namespace {

using ast::ConstantKind;

/// The shortest digits that read back as `value`, in Python's choice of notation.
std::string real_repr(double value, bool add_point) {
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  char buffer[40];
  auto [end, error] =
      std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific);
  std::string_view text(buffer, static_cast<size_t>(end - buffer));
  size_t e = text.find('e');
  int exponent = std::atoi(std::string(text.substr(e + 1)).c_str());
  if (exponent < -4 || exponent >= 16) return std::string(text);
  char fixed[64];
  auto [fixed_end, fixed_error] =
      std::to_chars(fixed, fixed + sizeof fixed, value, std::chars_format::fixed);
  std::string out(fixed, fixed_end);
  if (add_point && out.find('.') == std::string::npos) out += ".0";
  return out;
}

/// Digits with an optional 0x, 0o or 0b in front, as a decimal number.
std::string decimal(std::string_view digits) {
  unsigned radix = 10;
  if (digits.size() > 2 && digits[0] == '0') {
    char mark = digits[1] | 0x20;
    radix = mark == 'x' ? 16 : mark == 'o' ? 8 : mark == 'b' ? 2 : 10;
    if (radix != 10) digits.remove_prefix(2);
  }
  constexpr uint32_t kChunk = 1000000000;  // nine decimal digits to a word
  std::vector<uint32_t> words{0};
  for (char c : digits) {
    uint64_t carry = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
    for (uint32_t& word : words) {
      carry += uint64_t{word} * radix;
      word = static_cast<uint32_t>(carry % kChunk);
      carry /= kChunk;
    }
    if (carry) words.push_back(static_cast<uint32_t>(carry));
  }
  std::string out = std::to_string(words.back());
  for (size_t i = words.size() - 1; i-- > 0;) {
    char chunk[16];
    std::snprintf(chunk, sizeof chunk, "%09u", words[i]);
    out += chunk;
  }
  return out;
}

bool is_printable(int32_t c) {
  switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
      return false;
    default:
      return true;
  }
}

void append_escaped(std::string& out, const char* format, unsigned value) {
  char buffer[16];
  std::snprintf(buffer, sizeof buffer, format, value);
  out += buffer;
}

/// A character below 128; false if it is not special.
bool append_ascii_escape(std::string& out, unsigned char c, char quote) {
  switch (c) {
    case '\n':
      out += "\\n";
      return true;
    case '\r':
      out += "\\r";
      return true;
    case '\t':
      out += "\\t";
      return true;
    case '\\':
      out += "\\\\";
      return true;
    default:
      break;
  }
  if (c == static_cast<unsigned char>(quote)) {
    out += '\\';
    out += static_cast<char>(c);
    return true;
  }
  if (c >= 32 && c < 127) return false;
  append_escaped(out, "\\x%02x", c);
  return true;
}

char choose_quote(std::string_view text) {
  bool has_single = text.find('\'') != std::string_view::npos;
  bool has_double = text.find('"') != std::string_view::npos;
  return has_single && !has_double ? '"' : '\'';
}

std::string text_repr(std::string_view text) {
  char quote = choose_quote(text);
  std::string out(1, quote);
  for (size_t i = 0; i < text.size();) {
    unsigned char c = text[i];
    if (c < 0x80) {
      if (!append_ascii_escape(out, c, quote)) out += static_cast<char>(c);
      ++i;
      continue;
    }
    size_t length = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;
    int32_t point = c & (0x7F >> length);
    for (size_t n = 1; n < length; ++n) point = point << 6 | (text[i + n] & 0x3F);
    if (is_printable(point)) {
      out += text.substr(i, length);
    } else if (point < 0x100) {
      append_escaped(out, "\\x%02x", static_cast<unsigned>(point));
    } else if (point < 0x10000) {
      append_escaped(out, "\\u%04x", static_cast<unsigned>(point));
    } else {
      append_escaped(out, "\\U%08x", static_cast<unsigned>(point));
    }
    i += length;
  }
  return out + quote;
}

std::string bytes_repr(std::string_view bytes) {
  char quote = choose_quote(bytes);
  std::string out = std::string("b") + quote;
  for (char c : bytes) {
    if (!append_ascii_escape(out, static_cast<unsigned char>(c), quote)) out += c;
  }
  return out + quote;
}

}  // namespace

std::string constant_repr(const ast::ConstantValue& value) {
  switch (value.kind) {
    case ConstantKind::None:
      return "None";
    case ConstantKind::True:
      return "True";
    case ConstantKind::False:
      return "False";
    case ConstantKind::Ellipsis:
      return "Ellipsis";
    case ConstantKind::Int:
      return std::to_string(value.integer);
    case ConstantKind::BigInt:
      return decimal(value.text);
    case ConstantKind::Float:
      return real_repr(value.real, true);
    case ConstantKind::Imaginary:
      return real_repr(value.real, false) + "j";
    case ConstantKind::Str:
      return text_repr(value.text);
    case ConstantKind::Bytes:
      return bytes_repr(value.text);
  }
  return {};
}

}  // namespace apy
