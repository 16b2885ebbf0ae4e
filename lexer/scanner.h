#pragma once

#include <cstdint>

#include "lexer/token.h"

// The part that re2c generates: from a place in the text, the extent and class of what stands
// there. It knows nothing of lines, brackets or f-strings. Texts end in a NUL byte and hold no
// other.

namespace apy {

enum class Lexeme : uint8_t {
  End,              ///< the NUL behind the text
  Newline,          ///< an optional comment; `end` is at the "\n"
  Continuation,     ///< backslash and newline
  BadContinuation,  ///< a backslash before anything else
  Name,             ///< ASCII identifier or keyword
  UnicodeName,      ///< identifier bytes with some beyond ASCII, not validated
  Number,           ///< a well-formed number, unless followed by a letter, digit or underscore
  LeadingZeros,     ///< decimal digits after a zero, in want of a fraction or exponent
  StringOpen,       ///< prefix and opening quotes
  Operator,         ///< `kind` says which
  Unknown,          ///< a printable character, or "<>", that no token starts with
  Unprintable,      ///< an ASCII control character
};

struct ScannedLexeme {
  Lexeme lexeme;
  TokenKind kind;     ///< of an Operator
  const char* begin;  ///< after leading blanks
  const char* end;
};

/// Skips blanks and scans one lexeme.
ScannedLexeme scan_lexeme(const char* cursor);

/// Where the body of a plain string starts at `cursor`: the first closing quote, or the newline or
/// NUL that cuts the string off.
const char* scan_string_body(const char* cursor, char quote, bool triple);

/// Skips what cannot matter in f-string text: stops at quotes, braces, backslashes, newlines, NUL.
const char* scan_fstring_text(const char* cursor);

}  // namespace apy
