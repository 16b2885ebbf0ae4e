#pragma once
// Sets of code points as sorted ranges, and which characters count as equal when case is ignored.
#include <cstdint>
#include <utility>
#include <vector>

#include "stdlib/re/syntax.h"

namespace apy::re {

/// [low, high] pairs.
class CharSet {
 public:
  void add(uint32_t low, uint32_t high) { ranges_.emplace_back(low, high); }
  void add(const CharSet& other) {
    ranges_.insert(ranges_.end(), other.ranges_.begin(), other.ranges_.end());
  }
  /// Sorts, merges, and cuts off what is above `highest`.
  void normalize(uint32_t highest);
  /// All of [0, highest] that is not in the (normalized) set.
  CharSet complement(uint32_t highest) const;
  const std::vector<std::pair<uint32_t, uint32_t>>& ranges() const { return ranges_; }
  bool is_empty() const { return ranges_.empty(); }

 private:
  std::vector<std::pair<uint32_t, uint32_t>> ranges_;
};

/// The members of a positive category (Digit, Space, Word) up to `highest`, which is below 256 for
/// the Unicode forms of Digit and Word.
CharSet category_members(Category category, bool unicode, uint32_t highest);

/// All characters that match some character of [low, high] when case is ignored.
void add_case_variants(uint32_t low, uint32_t high, bool unicode, CharSet* out);

}  // namespace apy::re
