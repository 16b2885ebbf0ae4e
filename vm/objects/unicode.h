#pragma once
// Properties of code points as str's predicates and case methods define them (Unicode 15.1).
// See lexer/unicode_identifier.h for identifiers and printability.
#include <cstdint>

namespace apy {

/// General category: a utf8proc_category_t.
int unicode_category(uint32_t code_point);
bool unicode_is_alpha(uint32_t code_point);
bool unicode_is_decimal(uint32_t code_point);
/// Decimals, superscripts, circled digits...
bool unicode_is_digit(uint32_t code_point);
/// Digits, fractions, Roman and ideographic numbers.
bool unicode_is_numeric(uint32_t code_point);
bool unicode_is_alnum(uint32_t code_point);
bool unicode_is_upper(uint32_t code_point);
bool unicode_is_lower(uint32_t code_point);
bool unicode_is_title(uint32_t code_point);
inline bool unicode_is_cased(uint32_t code_point) {
  return unicode_is_lower(code_point) || unicode_is_upper(code_point) ||
         unicode_is_title(code_point);
}
/// Characters that do not break the "word" around a final sigma: apostrophes, marks, ...
bool unicode_is_case_ignorable(uint32_t code_point);
/// 0..9 for decimal digits of any script, else -1.
int unicode_decimal_value(uint32_t code_point);

/// Shown two columns wide on a terminal.
bool unicode_is_wide(uint32_t code_point);

/// Full case mappings: write up to 3 (folding: up to 4) code points to `out`, return how many.
int unicode_to_lower(uint32_t code_point, uint32_t* out);
int unicode_to_upper(uint32_t code_point, uint32_t* out);
int unicode_to_title(uint32_t code_point, uint32_t* out);
int unicode_fold_case(uint32_t code_point, uint32_t* out);

}  // namespace apy
