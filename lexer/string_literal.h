#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "lexer/diagnostic.h"
#include "lexer/token.h"

namespace apy {

/// Finds a character by the name that \N{...} gives: any letter case, aliases included, no named
/// sequences. Nothing if there is no such character.
using CharacterLookup = std::optional<char32_t> (*)(std::string_view name);

/// What a string or bytes literal stands for: UTF-8 in which lone surrogates are allowed (WTF-8),
/// or the bytes. With an error there is no value.
struct StringLiteral {
  std::string value;
  std::optional<Diagnostic> error;
  std::optional<Diagnostic> warning;  ///< about the first escape that is none
};

/// Whether the token's text already is its value: no escapes to decode, nothing to reject.
bool is_plain_literal(const Token& token);

/// Decodes a String or FStringMiddle token. `lookup` may be null, then no name is known.
/// `place` is where to report problems. As CPython has it, that is the token itself for a String
/// and for a format specification, and the FStringEnd for other f-string text.
StringLiteral decode_string_literal(const Token& token, Span place, CharacterLookup lookup);

}  // namespace apy
