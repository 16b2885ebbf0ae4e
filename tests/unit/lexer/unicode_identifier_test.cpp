#include "lexer/unicode_identifier.h"

#include <doctest/doctest.h>

#include <cstdint>

namespace {

struct Digest {
  uint32_t count;
  uint64_t hash;
  bool operator==(const Digest&) const = default;
};

/// Counts and hashes (FNV-1a over the code points) the characters that have a property.
Digest digest(bool (*has_property)(char32_t)) {
  Digest result{0, 1469598103934665603u};
  for (char32_t code_point = 0; code_point < 0x110000; ++code_point) {
    if (has_property(code_point)) {
      ++result.count;
      result.hash = (result.hash ^ code_point) * 1099511628211u;
    }
  }
  return result;
}

}  // namespace

// The figures are those of str.isidentifier and str.isprintable over all of Unicode in
// CPython 3.13.
TEST_CASE("character classes agree with CPython for every code point") {
  CHECK(digest(apy::is_identifier_start) == Digest{136945, 14518854600025115543u});
  CHECK(digest(apy::is_identifier_continue) == Digest{140089, 4161900802659384942u});
  CHECK(digest(apy::is_printable) == Digest{149625, 6900204206744392975u});
}
