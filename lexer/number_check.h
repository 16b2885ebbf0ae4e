#pragma once

#include <string>

namespace apy {

/// What a number that the scanner cannot settle by itself turns out to be.
struct NumberCheck {
  const char* end = nullptr;          ///< behind the number, if it is one
  std::string error = {};             ///< else what is wrong with it
  const char* error_begin = nullptr;  ///< where; equal ends mean a single caret
  const char* error_end = nullptr;
  const char* warning = nullptr;  ///< kind of literal that a keyword directly follows, or null
};

/// Decides a number that is followed by a letter, digit or underscore, or has leading zeros. A
/// number may be followed directly by a keyword, as in `1if x else y`; that deserves a warning.
/// `begin` is its first character.
NumberCheck check_number(const char* begin);

}  // namespace apy
