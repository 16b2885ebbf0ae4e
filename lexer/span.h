#pragma once

#include <cstdint>

namespace apy {

/// A half-open range of byte offsets into a `Source`'s text. An empty span is a position.
struct Span {
  uint32_t begin = 0;
  uint32_t end = 0;

  constexpr uint32_t size() const { return end - begin; }
  constexpr bool empty() const { return begin == end; }
  constexpr bool operator==(const Span&) const = default;
};

/// The smallest span that holds both, `first` starting no later than `last` ends.
constexpr Span join(Span first, Span last) { return {first.begin, last.end}; }

}  // namespace apy
