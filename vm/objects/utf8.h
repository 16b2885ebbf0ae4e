#pragma once
// One step of UTF-8 decoding, with the error positions and reasons that UnicodeDecodeError reports.
#include <cstddef>
#include <cstdint>
#include <string>

namespace apy {

/// `error` null: `code_point` took `length` bytes. Else `length` bytes are wrong for that reason.
struct Utf8Decoded {
  uint32_t code_point;
  unsigned length;
  const char* error;
};

/// Decodes at `p` < `end`. Encoded surrogates count as valid only with `allow_surrogates`.
inline Utf8Decoded utf8_step(const uint8_t* p, const uint8_t* end, bool allow_surrogates) {
  constexpr const char* kTruncated = "unexpected end of data";
  constexpr const char* kBadStart = "invalid start byte";
  constexpr const char* kBadContinuation = "invalid continuation byte";
  uint32_t first = p[0];
  if (first < 0x80) return {first, 1, nullptr};
  if (first < 0xC2 || first > 0xF4) return {0, 1, kBadStart};
  unsigned length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  uint8_t lowest = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
  uint8_t highest = first == 0xED && !allow_surrogates ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
  uint32_t code_point = first & (0xFF >> (length + 1));
  for (unsigned i = 1; i < length; ++i) {
    if (p + i >= end) return {0, i, kTruncated};
    if (p[i] < lowest || p[i] > highest) return {0, i, kBadContinuation};
    code_point = (code_point << 6) | (p[i] & 0x3F);
    lowest = 0x80;
    highest = 0xBF;
  }
  return {code_point, length, nullptr};
}

/// Bytes that `code_point` takes in UTF-8 (surrogates: three, as in WTF-8).
inline unsigned utf8_length(uint32_t code_point) {
  return code_point < 0x80 ? 1 : code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;
}

/// Writes `code_point` to `out` (room for four bytes); returns the position behind it.
template <class Byte>
Byte* utf8_encode(uint32_t code_point, Byte* out) {
  auto put = [&out](uint32_t byte) { *out++ = static_cast<Byte>(byte); };
  if (code_point < 0x80) {
    put(code_point);
  } else if (code_point < 0x800) {
    put(0xC0 | code_point >> 6);
    put(0x80 | (code_point & 0x3F));
  } else if (code_point < 0x10000) {
    put(0xE0 | code_point >> 12);
    put(0x80 | (code_point >> 6 & 0x3F));
    put(0x80 | (code_point & 0x3F));
  } else {
    put(0xF0 | code_point >> 18);
    put(0x80 | (code_point >> 12 & 0x3F));
    put(0x80 | (code_point >> 6 & 0x3F));
    put(0x80 | (code_point & 0x3F));
  }
  return out;
}

}  // namespace apy
