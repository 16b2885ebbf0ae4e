#pragma once
// Units: what str, bytes and bytearray share. A text is an array of units of 1, 2 or 4 bytes; the
// algorithms here and in units.h are templates over the unit type, so that the three types have one
// implementation.
#include <bit>
#include <cstring>

#include "vm/objects/str.h"

namespace apy {

struct Type;

/// No text may take more bytes than this; a longer one is a MemoryError.
constexpr size_t kMaxTextBytes = size_t{1} << 46;

/// Calls f with `string`'s units as const uint8_t*, const uint16_t* or const uint32_t*.
template <class F>
decltype(auto) with_units(const Str* string, F f) {
  switch (string->width()) {
    case 1:
      return f(string->data);
    case 2:
      return f(reinterpret_cast<const uint16_t*>(string->data));
    default:
      return f(reinterpret_cast<const uint32_t*>(string->data));
  }
}

/// A string whose units the caller fills before anything else can run: write to units_of<T>(str).
/// `ascii`: all units will be below 128. Some unit must need the width (below 0x100 only with width
/// 1, and so on).
Result<Str*> allocate_str(VM& vm, size_t length, unsigned width, bool ascii);
template <class T>
T* units_of(Str* string) {
  return reinterpret_cast<T*>(const_cast<uint8_t*>(string->data));
}

/// memcpy without a call for short texts, which most are.
inline void copy_bytes(uint8_t* to, const uint8_t* from, size_t size) {
  auto both_ends = [&]<class Word>(Word) {
    Word first, last;
    std::memcpy(&first, from, sizeof first);
    std::memcpy(&last, from + size - sizeof last, sizeof last);
    std::memcpy(to, &first, sizeof first);
    std::memcpy(to + size - sizeof last, &last, sizeof last);
  };
  if (size >= 8) {
    if (size <= 16) return both_ends(uint64_t{});
    if (size <= 32) return both_ends(static_cast<unsigned __int128>(0));
    std::memcpy(to, from, size);
  } else if (size >= 4) {
    both_ends(uint32_t{});
  } else if (size > 0) {
    to[0] = from[0];
    to[size / 2] = from[size / 2];
    to[size - 1] = from[size - 1];
  }
}

/// memcmp() == 0, likewise.
inline bool equal_bytes(const uint8_t* a, const uint8_t* b, size_t size) {
  auto both_ends = [&]<class Word>(Word) {
    Word a1, a2, b1, b2;
    std::memcpy(&a1, a, sizeof a1);
    std::memcpy(&b1, b, sizeof b1);
    std::memcpy(&a2, a + size - sizeof a2, sizeof a2);
    std::memcpy(&b2, b + size - sizeof b2, sizeof b2);
    return ((a1 ^ b1) | (a2 ^ b2)) == 0;
  };
  if (size >= 8) return size <= 16 ? both_ends(uint64_t{}) : std::memcmp(a, b, size) == 0;
  if (size >= 4) return both_ends(uint32_t{});
  return size == 0 || (a[0] == b[0] && a[size / 2] == b[size / 2] && a[size - 1] == b[size - 1]);
}

/// The OR of all units: below a power of two exactly when each unit is.
template <class T>
uint32_t or_of_units(const T* units, size_t length) {
  uint32_t seen = 0;
  size_t i = 0;
  if constexpr (sizeof(T) == 1) {
    uint64_t wide = 0;
    for (; i + 8 <= length; i += 8) {
      uint64_t word;
      std::memcpy(&word, units + i, 8);
      wide |= word;
    }
    wide |= wide >> 32;
    wide |= wide >> 16;
    seen = static_cast<uint32_t>((wide | wide >> 8) & 0xFF);
  }
  for (; i < length; ++i) seen |= units[i];
  return seen;
}
inline bool is_ascii_text(std::string_view text) {
  return or_of_units(reinterpret_cast<const uint8_t*>(text.data()), text.size()) < 0x80;
}
/// Narrowest width for units whose OR is `seen`.
constexpr unsigned width_for(uint32_t seen) { return seen < 0x100 ? 1 : seen < 0x10000 ? 2 : 4; }

template <class To, class From>
void convert_units(To* to, const From* from, size_t length) {
  if constexpr (sizeof(To) == sizeof(From)) {
    if (length) std::memcpy(to, from, length * sizeof(To));
  } else {
    for (size_t i = 0; i < length; ++i) to[i] = static_cast<To>(from[i]);
  }
}
/// Copies `length` units of `string` from `begin` to `to`, which has units of `width` bytes, wide
/// enough.
void copy_units(uint8_t* to, unsigned width, const Str* string, size_t begin, size_t length);

/// A string of these units, narrowed when possible.
template <class T>
Result<Str*> make_str_units(VM& vm, const T* units, size_t length);

/// Instance of `cls` (str or a subclass of it) with the text of `string`.
Result<Value> str_as_class(VM& vm, Type* cls, Str* string);

/// The bytes of a contiguous memoryview (memoryview.cpp); false for other values.
bool get_view_bytes(Value v, std::string_view* out);
/// The bytes of a bytes, bytearray or contiguous memoryview object; false for other values.
inline bool get_bytes(Value v, std::string_view* out) {
  if (Bytes* bytes = try_as<Bytes>(v)) {
    *out = bytes->view();
    return true;
  }
  if (ByteArray* array = try_as<ByteArray>(v)) {
    const char* data = array->storage ? reinterpret_cast<const char*>(array->storage->data()) : "";
    *out = {data, array->length};
    return true;
  }
  return is_kind(v, CellKind::NativeObject) && get_view_bytes(v, out);
}

}  // namespace apy
