#pragma once
// Algorithms on arrays of units (see text.h): searching, splitting, counting. They know nothing of
// the heap; those that yield pieces call `emit(begin, end)`, which returns Result<void>.
#include <algorithm>
#include <cstring>
#include <cwchar>
#include <vector>

#include "vm/objects/text.h"
#include "vm/value/result.h"

namespace apy {

/// to[i] = from[i * step]
template <class To, class From>
void copy_stepped(To* to, const From* from, size_t count, int64_t step) {
  if (step == -1) {
    for (size_t i = 0; i < count; ++i) to[i] = static_cast<To>(*(from - i));
  } else {
    for (size_t i = 0; i < count; ++i, from += step) to[i] = static_cast<To>(*from);
  }
}

/// How often `unit` occurs in s[0, n).
template <class T>
size_t count_unit(const T* s, size_t n, T unit) {
  size_t count = 0, i = 0;
  if constexpr (sizeof(T) == 1) {
    // Sixteen at a time; a lane's counter takes 255 rounds.
    using Lanes = uint8_t __attribute__((vector_size(16)));
    const Lanes wanted = Lanes{} + unit;
    while (n - i >= 16) {
      Lanes counts = {};
      for (int round = 0; round < 255 && n - i >= 16; ++round, i += 16) {
        Lanes lanes;
        std::memcpy(&lanes, s + i, 16);
        counts -= lanes == wanted;
      }
      for (int lane = 0; lane < 16; ++lane) count += counts[lane];
    }
  }
  for (; i < n; ++i) count += s[i] == unit;
  return count;
}

/// Position of the first `unit` in s[0, n), or n.
template <class T>
size_t find_unit(const T* s, size_t n, T unit) {
  if constexpr (sizeof(T) == 1) {
    if (n == 0) return 0;
    auto* hit = static_cast<const T*>(std::memchr(s, unit, n));
    return hit ? static_cast<size_t>(hit - s) : n;
  } else if constexpr (sizeof(T) == sizeof(wchar_t)) {
    auto* wide = reinterpret_cast<const wchar_t*>(s);
    auto* hit = n ? std::wmemchr(wide, static_cast<wchar_t>(unit), n) : nullptr;
    return hit ? static_cast<size_t>(hit - wide) : n;
  } else {
    return static_cast<size_t>(std::find(s, s + n, unit) - s);
  }
}

/// First occurrence of p[0, m) in s[0, n), or -1; linear in n + m.
template <class T>
int64_t find_units_linear(const T* s, size_t n, const T* p, size_t m) {
  auto* bytes = reinterpret_cast<const char*>(s);
  size_t size = n * sizeof(T), from = 0;
  while (auto* hit =
             static_cast<const char*>(memmem(bytes + from, size - from, p, m * sizeof(T)))) {
    size_t at = static_cast<size_t>(hit - bytes);
    if (at % sizeof(T) == 0) return static_cast<int64_t>(at / sizeof(T));
    from = at + 1;  // it lies across two units
  }
  return -1;
}

/// First occurrence of p[0, m) in s[0, n), or -1.
template <class T>
int64_t find_units(const T* s, size_t n, const T* p, size_t m) {
  if (m > n) return -1;
  if (m == 0) return 0;
  if (m == 1) {
    size_t at = find_unit(s, n, p[0]);
    return at == n ? -1 : static_cast<int64_t>(at);
  }
  // Most searches end at one of the first places where the first unit occurs; the others go on with
  // an algorithm that has no bad cases but costs more to set up.
  constexpr int kPatience = 16;
  size_t starts = n - m + 1, at = 0;
  for (int misses = 0; misses < kPatience; ++misses, ++at) {
    at += find_unit(s + at, starts - at, p[0]);
    if (at == starts) return -1;
    bool ends_alike = s[at + m - 1] == p[m - 1];
    if (ends_alike && std::memcmp(s + at, p, m * sizeof(T)) == 0) return static_cast<int64_t>(at);
  }
  int64_t found = find_units_linear(s + at, n - at, p, m);
  return found < 0 ? -1 : found + static_cast<int64_t>(at);
}

/// Last occurrence of p[0, m) in s[0, n), or -1.
template <class T>
int64_t rfind_units(const T* s, size_t n, const T* p, size_t m) {
  if (m > n) return -1;
  if (m == 0) return static_cast<int64_t>(n);
  for (size_t candidates = n - m + 1; candidates > 0;) {
    if constexpr (sizeof(T) == 1) {
      auto* hit = static_cast<const T*>(memrchr(s, p[0], candidates));
      if (!hit) return -1;
      candidates = static_cast<size_t>(hit - s);
    } else {
      if (s[--candidates] != p[0]) continue;
    }
    if (std::memcmp(s + candidates, p, m * sizeof(T)) == 0) return static_cast<int64_t>(candidates);
  }
  return -1;
}

/// Occurrences that do not overlap, at most `limit`; an empty p occurs n + 1 times.
template <class T>
size_t count_units(const T* s, size_t n, const T* p, size_t m, size_t limit) {
  if (m == 0) return std::min(n + 1, limit);
  if (m == 1) return std::min(count_unit(s, n, p[0]), limit);
  size_t count = 0, from = 0;
  while (count < limit) {
    int64_t at = find_units(s + from, n - from, p, m);
    if (at < 0) break;
    ++count;
    from += static_cast<size_t>(at) + m;
  }
  return count;
}

/// Position of the first `unit` in s[from, n), or n; it is expected to be near.
template <class T>
size_t find_near_unit(const T* s, size_t from, size_t n, T unit) {
  size_t near = std::min(n, from + 16);
  while (from < near && s[from] != unit) ++from;
  return from == near && near < n ? from + find_unit(s + from, n - from, unit) : from;
}

/// Pieces between occurrences of p (m > 0), left to right, at most `limit` cuts.
template <class T, class Emit>
Result<void> split_units(const T* s, size_t n, const T* p, size_t m, size_t limit, Emit emit) {
  size_t from = 0;
  if (m == 1) {
    for (; limit > 0; --limit) {
      size_t at = find_near_unit(s, from, n, p[0]);
      if (at == n) break;
      TRY(emit(from, at));
      from = at + 1;
    }
    return emit(from, n);
  }
  for (; limit > 0; --limit) {
    int64_t at = find_units(s + from, n - from, p, m);
    if (at < 0) break;
    TRY(emit(from, from + static_cast<size_t>(at)));
    from += static_cast<size_t>(at) + m;
  }
  return emit(from, n);
}

/// The same from the right: the last piece comes first.
template <class T, class Emit>
Result<void> rsplit_units(const T* s, size_t n, const T* p, size_t m, size_t limit, Emit emit) {
  size_t end = n;
  for (; limit > 0; --limit) {
    int64_t at = rfind_units(s, end, p, m);
    if (at < 0) break;
    TRY(emit(static_cast<size_t>(at) + m, end));
    end = static_cast<size_t>(at);
  }
  return emit(0, end);
}

/// Pieces between runs of units for which is_space; no empty pieces.
template <class T, class IsSpace, class Emit>
Result<void> split_space(const T* s, size_t n, size_t limit, IsSpace is_space, Emit emit) {
  size_t at = 0;
  while (true) {
    while (at < n && is_space(s[at])) ++at;
    if (at == n) return {};
    size_t begin = at;
    if (limit-- == 0) return emit(begin, n);
    while (at < n && !is_space(s[at])) ++at;
    TRY(emit(begin, at));
  }
}

template <class T, class IsSpace, class Emit>
Result<void> rsplit_space(const T* s, size_t n, size_t limit, IsSpace is_space, Emit emit) {
  size_t at = n;
  while (true) {
    while (at > 0 && is_space(s[at - 1])) --at;
    if (at == 0) return {};
    size_t end = at;
    if (limit-- == 0) return emit(0, end);
    while (at > 0 && !is_space(s[at - 1])) --at;
    TRY(emit(at, end));
  }
}

/// Lines; "\r\n" counts as one break.
template <class T, class IsBreak, class Emit>
Result<void> split_lines(const T* s, size_t n, bool keep_ends, IsBreak is_break, Emit emit) {
  for (size_t at = 0; at < n;) {
    size_t begin = at;
    while (at < n && !is_break(s[at])) ++at;
    size_t end = at;
    if (at < n) {
      at += s[at] == '\r' && at + 1 < n && s[at + 1] == '\n' ? 2 : 1;
      if (keep_ends) end = at;
    }
    TRY(emit(begin, end));
  }
  return {};
}

/// The units of a string as T, which is at least as wide; copied only when it is wider.
template <class T>
class UnitsOf {
 public:
  explicit UnitsOf(const Str* string) {
    if (string->width() == sizeof(T)) {
      data_ = reinterpret_cast<const T*>(string->data);
      return;
    }
    copy_.resize(string->length);
    copy_units(reinterpret_cast<uint8_t*>(copy_.data()), sizeof(T), string, 0, string->length);
    data_ = copy_.data();
  }
  const T* data() const { return data_; }

 private:
  const T* data_;
  std::vector<T> copy_;
};

constexpr bool is_ascii_space(uint32_t c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/// Tab to carriage return, the four separators, space: bits of a set.
constexpr uint64_t kAsciiSpaces = 0x3E00 | 0xF0000000 | uint64_t{1} << ' ';
/// Line feed to carriage return, and three of the separators.
constexpr uint32_t kAsciiLineBreaks = 0x3C00 | 0x70000000;

/// White space as str.isspace and str.split understand it.
constexpr bool is_unicode_space(uint32_t c) {
  if (c < 0x80) return c <= ' ' && (kAsciiSpaces >> c & 1);
  return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 ||
         c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}
constexpr bool is_unicode_line_break(uint32_t c) {
  if (c < 0x80) return c < ' ' && (kAsciiLineBreaks >> c & 1);
  return c == 0x85 || c == 0x2028 || c == 0x2029;
}

}  // namespace apy
