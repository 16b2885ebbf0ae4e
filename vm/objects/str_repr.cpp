// repr() of str and bytes.
#include "lexer/unicode_identifier.h"
#include "vm/objects/str_functions.h"
#include "vm/objects/vm.h"

namespace apy {
namespace {

constexpr char kHexDigits[] = "0123456789abcdef";

void append_escape(StrBuilder& out, char letter, uint32_t code_point, int digits) {
  char text[10] = {'\\', letter};
  for (int i = 0; i < digits; ++i)
    text[2 + i] = kHexDigits[code_point >> (4 * (digits - 1 - i)) & 15];
  out.append(std::string_view(text, static_cast<size_t>(digits) + 2));
}

/// The escape of a backslash, quote or control character that has a short one.
bool append_short_escape(StrBuilder& out, uint32_t c, char quote) {
  char letter = c == '\n' ? 'n' : c == '\r' ? 'r' : c == '\t' ? 't' : 0;
  if (c == '\\' || c == static_cast<uint32_t>(quote)) letter = static_cast<char>(c);
  if (!letter) return false;
  const char text[] = {'\\', letter};
  out.append(std::string_view(text, 2));
  return true;
}

template <class T>
char choose_quote(const T* units, size_t length) {
  bool has_double = false, has_single = false;
  for (size_t i = 0; i < length; ++i) {
    has_single |= units[i] == '\'';
    has_double |= units[i] == '"';
  }
  return has_single && !has_double ? '"' : '\'';
}

/// ASCII text that goes between apostrophes as it is.
bool is_plain_text(const Str* string) {
  if (!string->is_ascii()) return false;
  const uint8_t* units = string->data;
  bool special = false;
  for (size_t i = 0; i < string->length; ++i)
    special |= units[i] < ' ' || units[i] == 0x7F || units[i] == '\\' || units[i] == '\'';
  return !special;
}

}  // namespace

Result<Str*> str_repr(VM& vm, Str* string) {
  if (is_plain_text(string)) {
    size_t length = string->length;
    Str* result = TRY(allocate_str(vm, length + 2, 1, true));
    uint8_t* to = units_of<uint8_t>(result);
    to[0] = to[length + 1] = '\'';
    copy_bytes(to + 1, string->data, length);
    return result;
  }
  StrBuilder out(vm);
  out.expect(string->length + 2);
  with_units(string, [&](const auto* units) {
    char quote = choose_quote(units, string->length);
    out.append(static_cast<uint32_t>(quote));
    size_t plain = 0;  // start of the run that needs no escape
    for (size_t i = 0; i < string->length; ++i) {
      uint32_t c = units[i];
      bool is_plain =
          c < 0x7F ? c >= ' ' && c != '\\' && c != static_cast<uint32_t>(quote) : is_printable(c);
      if (is_plain) continue;
      out.append(string, plain, i);
      plain = i + 1;
      if (append_short_escape(out, c, quote)) continue;
      if (c < 0x100)
        append_escape(out, 'x', c, 2);
      else if (c < 0x10000)
        append_escape(out, 'u', c, 4);
      else
        append_escape(out, 'U', c, 8);
    }
    out.append(string, plain, string->length);
    out.append(static_cast<uint32_t>(quote));
  });
  return out.finish();
}

void append_bytes_repr(StrBuilder& out, std::string_view bytes, bool escape_apostrophes) {
  char quote = choose_quote(bytes.data(), bytes.size());
  out.append("b");
  out.append(static_cast<uint32_t>(quote));
  for (char byte : bytes) {
    uint32_t c = static_cast<uint8_t>(byte);
    if (append_short_escape(out, c, escape_apostrophes && c == '\'' ? '\'' : quote)) continue;
    if (c < ' ' || c >= 0x7F)
      append_escape(out, 'x', c, 2);
    else
      out.append(c);
  }
  out.append(static_cast<uint32_t>(quote));
}

}  // namespace apy
