#pragma once
// Decimal digits of numbers, written into a buffer of the caller's.
#include <cstdint>
#include <cstring>

namespace apy {

/// "00" to "99".
struct DigitPairs {
  char text[200];
  constexpr DigitPairs() : text() {
    for (int i = 0; i < 100; ++i) {
      text[2 * i] = static_cast<char>('0' + i / 10);
      text[2 * i + 1] = static_cast<char>('0' + i % 10);
    }
  }
};
inline constexpr DigitPairs kDigitPairs;

/// More than a 64-bit number with its sign takes.
constexpr int kMaxDigits = 24;

/// Writes the digits so that they end at `end`; returns where they begin.
inline char* write_digits(char* end, uint64_t number) {
  for (; number >= 100; number /= 100)
    std::memcpy(end -= 2, kDigitPairs.text + number % 100 * 2, 2);
  if (number >= 10)
    std::memcpy(end -= 2, kDigitPairs.text + number * 2, 2);
  else
    *--end = static_cast<char>('0' + number);
  return end;
}
/// With a sign if it is negative.
inline char* write_signed_digits(char* end, int64_t number) {
  auto magnitude = number < 0 ? 0 - static_cast<uint64_t>(number) : static_cast<uint64_t>(number);
  end = write_digits(end, magnitude);
  if (number < 0) *--end = '-';
  return end;
}

}  // namespace apy
