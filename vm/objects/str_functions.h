#pragma once
// What the files behind kStrType share: one function per method of str.
#include "vm/objects/str.h"
#include "vm/objects/text.h"

namespace apy {

// --- str_case.cpp ---
Result<Str*> str_lower(VM& vm, Str* string);
Result<Str*> str_upper(VM& vm, Str* string);
Result<Str*> str_title(VM& vm, Str* string);
Result<Str*> str_swapcase(VM& vm, Str* string);
Result<Str*> str_capitalize(VM& vm, Str* string);
Result<Str*> str_casefold(VM& vm, Str* string);
Result<bool> str_isalpha(VM& vm, Str* string);
Result<bool> str_isalnum(VM& vm, Str* string);
Result<bool> str_isdecimal(VM& vm, Str* string);
Result<bool> str_isdigit(VM& vm, Str* string);
Result<bool> str_isnumeric(VM& vm, Str* string);
Result<bool> str_isspace(VM& vm, Str* string);
Result<bool> str_isascii(VM& vm, Str* string);
Result<bool> str_isprintable(VM& vm, Str* string);
Result<bool> str_isidentifier(VM& vm, Str* string);
Result<bool> str_islower(VM& vm, Str* string);
Result<bool> str_isupper(VM& vm, Str* string);
Result<bool> str_istitle(VM& vm, Str* string);

// --- str_repr.cpp ---
/// repr() with CPython's choice of quotes and escapes.
Result<Str*> str_repr(VM& vm, Str* string);
/// b'...' of bytes, appended. A bytearray escapes apostrophes even between double quotes.
void append_bytes_repr(StrBuilder& out, std::string_view bytes, bool escape_apostrophes);

// --- str_translate.cpp ---
Result<Str*> str_translate(VM& vm, Str* string, Value table);
/// str.maketrans; `y` and `z` may be empty.
Result<Value> str_make_translation(VM& vm, Value x, Value y, Value z);
/// separator.join(iterable)
Result<Str*> str_join(VM& vm, Str* separator, Value iterable);

}  // namespace apy
