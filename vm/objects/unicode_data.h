#pragma once
// Properties of characters beyond those of str's methods: for the module unicodedata.
#include "vm/objects/str.h"

namespace apy {

/// "Lu", "Nd", ...
const char* unicode_category_name(char32_t code_point);
/// "L", "AL", ... or an empty string.
const char* unicode_bidirectional(char32_t code_point);
int unicode_combining(char32_t code_point);
bool unicode_mirrored(char32_t code_point);
/// NFC, NFD, NFKC or NFKD. Lone surrogates stay as they are.
Result<Str*> unicode_normalize(VM& vm, Str* text, bool compose, bool compatibility);

}  // namespace apy
