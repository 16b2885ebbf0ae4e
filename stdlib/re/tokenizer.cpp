// Tokens of patterns and replacement templates, and the errors in them.
#include <algorithm>

#include "stdlib/re/syntax.h"
#include "vm/objects/str_functions.h"
#include "vm/objects/text.h"
#include "vm/objects/utf8.h"

namespace apy::re {

std::u32string code_points_of(const Str* text) {
  std::u32string result(text->length, U'\0');
  with_units(text, [&](auto* units) {
    for (size_t i = 0; i < text->length; ++i) result[i] = units[i];
  });
  return result;
}
std::u32string code_points_of(std::string_view bytes) {
  std::u32string result(bytes.size(), U'\0');
  for (size_t i = 0; i < bytes.size(); ++i) result[i] = static_cast<uint8_t>(bytes[i]);
  return result;
}

std::string text_of(std::u32string_view text) {
  std::string result;
  for (char32_t c : text) {
    char buffer[4];
    result.append(buffer, utf8_encode(c, buffer));
  }
  return result;
}

Result<std::string> quoted(VM& vm, std::u32string_view text) {
  return repr_text(
      vm, TRY(make_str_ucs4(vm, reinterpret_cast<const uint32_t*>(text.data()), text.size())));
}

bool is_decimal(std::u32string_view text, uint64_t* number) {
  *number = 0;
  for (char32_t c : text) {
    if (c < '0' || c > '9') return false;
    if (*number < UINT64_MAX / 16) *number = *number * 10 + (c - '0');
  }
  return !text.empty();
}

uint32_t simple_escape(char32_t c) {
  switch (c) {
    case 'a':
      return 7;
    case 'b':
      return 8;
    case 'f':
      return 12;
    case 'n':
      return 10;
    case 'r':
      return 13;
    case 't':
      return 9;
    case 'v':
      return 11;
    case '\\':
      return '\\';
  }
  return 0;
}

Error raise_pattern_error(VM& vm, const std::string& message, Value pattern, int64_t position) {
  Value module = TRY(vm.import_module("re"));
  Value type = TRY(get_attribute(vm, module, TRY(intern(vm, "PatternError"))));
  Value text = TRY(make_str(vm, message));
  Value at = position < 0 ? Value::none() : Value::small_int(position);
  Value exception = TRY(position < 0 ? vm.call(type, {text}) : vm.call(type, {text, pattern, at}));
  return vm.raise_exception(exception);
}

Result<void> Tokenizer::advance() {
  begin_ += length_;
  length_ = begin_ < text_.size() ? 1 : 0;
  if (length_ && text_[begin_] == '\\') {
    if (begin_ + 1 == text_.size())
      return raise_pattern_error(vm_, "bad escape (end of pattern)", source_,
                                 static_cast<int64_t>(text_.size()) - 1);
    length_ = 2;
  }
  return {};
}

Result<void> Tokenizer::seek(size_t position) {
  begin_ = position;
  length_ = 0;
  return advance();
}

Result<std::u32string_view> Tokenizer::get() {
  std::u32string_view token = next();
  TRY(advance());
  return token;
}

Result<bool> Tokenizer::match(char32_t c) {
  if (!next_is(c)) return false;
  TRY(advance());
  return true;
}

Result<std::u32string> Tokenizer::get_while(size_t most, bool (*accepts)(char32_t)) {
  std::u32string result;
  while (result.size() < most && length_ == 1 && accepts(text_[begin_])) {
    result += text_[begin_];
    TRY(advance());
  }
  return result;
}

Result<std::u32string> Tokenizer::get_until(char32_t terminator, const char* what) {
  std::u32string result;
  for (;;) {
    if (at_end()) {
      if (result.empty()) return error(std::string("missing ") + what);
      return error("missing " + text_of({&terminator, 1}) + ", unterminated name", result.size());
    }
    std::u32string_view token = TRY(get());
    if (token.size() == 1 && token[0] == terminator) {
      if (result.empty()) return error(std::string("missing ") + what, 1);
      return result;
    }
    result += token;
  }
}

Error Tokenizer::error(const std::string& message, size_t back) {
  std::string text;
  if (!is_bytes_) {
    text = message;
  } else {
    for (size_t i = 0; i < message.size();) {  // two bytes of UTF-8 at most
      auto byte = static_cast<uint8_t>(message[i]);
      if (byte < 0x80) {
        text += message[i++];
        continue;
      }
      unsigned c = (byte & 0x1Fu) << 6 | (static_cast<uint8_t>(message[i + 1]) & 0x3Fu);
      const char* digits = "0123456789abcdef";
      text += {'\\', 'x', digits[c >> 4 & 15], digits[c & 15]};
      i += 2;
    }
  }
  return raise_pattern_error(vm_, text, source_,
                             static_cast<int64_t>(begin_) - static_cast<int64_t>(back));
}

Result<void> Tokenizer::check_group_name(const std::u32string& name, size_t back) {
  Str* text = TRY(make_str_ucs4(vm_, reinterpret_cast<const uint32_t*>(name.data()), name.size()));
  bool is_good = TRY(str_isidentifier(vm_, text)) && (!is_bytes_ || text->is_ascii());
  if (is_good) return {};
  std::string shown = to_utf8(TRY(is_bytes_ ? ascii_of(vm_, text) : repr_of(vm_, text)));
  return error("bad character in group name " + shown, name.size() + back);
}

}  // namespace apy::re
