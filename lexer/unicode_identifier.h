#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace apy {

/// Whether a code point may begin an identifier: XID_Start or an underscore.
bool is_identifier_start(char32_t code_point);

/// Whether a code point may follow in an identifier: XID_Continue.
bool is_identifier_continue(char32_t code_point);

/// Whether `str.isprintable` holds for a code point.
bool is_printable(char32_t code_point);

/// The offset of the first byte of `text` (well-formed UTF-8) that keeps it from being an
/// identifier, or `text.size()`.
size_t find_invalid_in_identifier(std::string_view text);

/// The NFKC form of a well-formed UTF-8 text.
std::string normalize_nfkc(std::string_view text);

}  // namespace apy
