#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace apy {

/// Why a byte sequence is not UTF-8, in CPython's words.
enum class Utf8Fault : uint8_t { None, InvalidStart, InvalidContinuation, UnexpectedEnd };

/// One step of strict decoding. `size` is the number of bytes taken: of the code point, or of the
/// longest ill-formed prefix (at least 1).
struct Utf8Step {
  char32_t code_point;
  uint32_t size;
  Utf8Fault fault;
};

/// Decodes the code point at the start of a non-empty text. Surrogates are ill-formed.
Utf8Step decode_utf8(std::string_view text);

/// The offset of the first byte that is not UTF-8, or `text.size()`.
size_t find_invalid_utf8(std::string_view text);

/// Appends a code point. Surrogates are allowed and give their generalised (WTF-8) form.
void append_utf8(std::string& out, char32_t code_point);

/// How many code points a well-formed text has.
size_t count_code_points(std::string_view text);

/// "invalid start byte" and so on.
const char* utf8_fault_text(Utf8Fault fault);

}  // namespace apy
