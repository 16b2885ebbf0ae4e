#pragma once
// Text encodings that the engine itself knows: utf-8, utf-16, utf-32 (with -le, -be), latin-1,
// ascii.
//
// Error handlers: strict, ignore, replace, backslashreplace, xmlcharrefreplace, namereplace,
// surrogateescape, surrogatepass.
#include <string_view>

#include "vm/objects/str.h"

namespace apy {

/// LookupError for an unknown encoding or (when it is needed) handler, UnicodeEncodeError.
Result<Bytes*> encode_text(VM& vm, Str* text, std::string_view encoding = "utf-8",
                           std::string_view errors = "strict");
/// `object` is what UnicodeDecodeError.object shall be (bytes or bytearray; empty: made from
/// `data`).
Result<Str*> decode_text(VM& vm, std::string_view data, Value object,
                         std::string_view encoding = "utf-8", std::string_view errors = "strict");
/// Decodes as far as possible: a truncated sequence at the end of utf-8 is left over unless
/// `final`. *consumed counts the bytes used. For incremental decoding.
Result<Str*> decode_utf8_prefix(VM& vm, std::string_view data, std::string_view errors, bool final,
                                size_t* consumed);
/// Canonical name ("utf-8", "iso8859-1", ...) of an encoding that is known, or null.
const char* canonical_encoding(std::string_view name);

}  // namespace apy
