#include "lexer/number_check.h"

#include <string_view>
#include <utility>

namespace apy {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_hex_digit(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool is_name_char(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/// Whether a keyword that valid code can have right behind a number stands here. As in CPython, the
/// word must end with it, but for those in `i`: `1into` is left to the parser to object to.
bool starts_with_keyword(const char* at) {
  for (std::string_view keyword : {"and", "else", "for", "if", "in", "is", "or", "not"}) {
    size_t matched = 0;
    while (matched < keyword.size() && at[matched] == keyword[matched]) {
      ++matched;
    }
    bool ends = !is_name_char(at[matched]) && static_cast<unsigned char>(at[matched]) < 0x80;
    if (matched == keyword.size() && (ends || keyword[0] == 'i')) {
      return true;
    }
  }
  return false;
}

class Checker {
 public:
  explicit Checker(const char* begin) : begin_(begin), cursor_(begin) {}

  NumberCheck run() {
    if (*cursor_ == '0' && based()) {
      return std::move(result_);
    }
    if (*cursor_ == '0') {
      from_zero();
    } else if (*cursor_ == '.' || decimal_digits()) {
      after_integer();
    }
    return std::move(result_);
  }

 private:
  /// Fails with the caret on the character before the cursor.
  bool fail(std::string message) {
    result_.error = std::move(message);
    result_.error_begin = result_.error_end = cursor_ - 1;
    return false;
  }

  void finish(const char* kind) {
    if (starts_with_keyword(cursor_)) {
      result_.warning = kind;
    } else if (is_name_char(*cursor_)) {
      fail(std::string("invalid ") + kind + " literal");
      return;
    }
    result_.end = cursor_;
  }

  /// Takes digits with single underscores between them, the cursor being on a digit.
  bool decimal_digits() {
    while (true) {
      while (is_digit(*cursor_)) {
        ++cursor_;
      }
      if (*cursor_ != '_') {
        return true;
      }
      ++cursor_;
      if (!is_digit(*cursor_)) {
        return fail("invalid decimal literal");
      }
    }
  }

  /// Handles 0x, 0o and 0b; false if it is none of them.
  bool based() {
    switch (cursor_[1]) {
      case 'x':
      case 'X':
        based_digits("hexadecimal", is_hex_digit);
        return true;
      case 'o':
      case 'O':
        based_digits("octal", [](char c) { return c >= '0' && c <= '7'; });
        return true;
      case 'b':
      case 'B':
        based_digits("binary", [](char c) { return c == '0' || c == '1'; });
        return true;
      default:
        return false;
    }
  }

  void based_digits(const char* kind, bool (*is_valid)(char)) {
    cursor_ += 2;
    do {
      if (*cursor_ == '_') {
        ++cursor_;
      }
      if (!is_valid(*cursor_)) {
        if (!wrong_digit(kind)) {
          fail(std::string("invalid ") + kind + " literal");
        }
        return;
      }
      while (is_valid(*cursor_)) {
        ++cursor_;
      }
    } while (*cursor_ == '_');
    if (!wrong_digit(kind)) {
      finish(kind);
    }
  }

  /// Reports a decimal digit that the base does not have.
  bool wrong_digit(const char* kind) {
    if (!is_digit(*cursor_)) {
      return false;
    }
    std::string digit(1, *cursor_++);
    fail("invalid digit '" + digit + "' in " + kind + " literal");
    return true;
  }

  void from_zero() {
    while (*cursor_ == '0') {
      ++cursor_;
      if (*cursor_ == '_') {
        ++cursor_;
        if (!is_digit(*cursor_)) {
          fail("invalid decimal literal");
          return;
        }
      }
    }
    const char* zeros_end = cursor_;
    bool nonzero = is_digit(*cursor_);
    if (nonzero && !decimal_digits()) {
      return;
    }
    char c = *cursor_;
    bool goes_on = c == '.' || c == 'e' || c == 'E' || c == 'j' || c == 'J';
    if (nonzero && !goes_on) {
      result_.error =
          "leading zeros in decimal integer literals are not permitted; use an 0o prefix for octal "
          "integers";
      result_.error_begin = begin_;
      result_.error_end = zeros_end;
      return;
    }
    after_integer();
  }

  void after_integer() {
    if (*cursor_ == '.') {
      ++cursor_;
      if (is_digit(*cursor_) && !decimal_digits()) {
        return;
      }
    }
    if (*cursor_ == 'e' || *cursor_ == 'E') {
      const char* letter = cursor_++;
      if (*cursor_ == '+' || *cursor_ == '-') {
        ++cursor_;
        if (!is_digit(*cursor_)) {
          fail("invalid decimal literal");
          return;
        }
      } else if (!is_digit(*cursor_)) {
        cursor_ = letter;
        finish("decimal");
        return;
      }
      if (!decimal_digits()) {
        return;
      }
    }
    if (*cursor_ == 'j' || *cursor_ == 'J') {
      ++cursor_;
      finish("imaginary");
      return;
    }
    finish("decimal");
  }

  const char* begin_;
  const char* cursor_;
  NumberCheck result_;
};

}  // namespace

NumberCheck check_number(const char* begin) { return Checker(begin).run(); }

}  // namespace apy
