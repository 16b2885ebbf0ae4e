#pragma once
// Names and numeric values of characters, from tables made at build time (unicode_names/).
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace apy {

/// The code point of a character's name or alias, in any case; for \N{...}.
std::optional<char32_t> character_by_name(std::string_view name);
/// The same, and named sequences. Empty when there is no such name.
std::vector<char32_t> characters_by_name(std::string_view name);
/// The name, or an empty string.
std::string character_name(char32_t code_point);

/// Numeric value as a fraction. `kind`: 1 numeric, 2 digit, 3 decimal.
struct NumericValue {
  int kind;
  int64_t numerator, denominator;
};
std::optional<NumericValue> character_number(char32_t code_point);
/// "W", "F", "Na", "H", "A" or "N".
const char* character_width(char32_t code_point);

/// As the database spells it: "<compat> 0020 0308", or an empty string.
const char* character_decomposition(char32_t code_point);

}  // namespace apy
