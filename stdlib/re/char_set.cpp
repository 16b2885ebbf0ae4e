// Case is ignored as CPython does it: a character c matches a member m when the simple lower case
// of c is that of m, or another lower-case letter with the same full upper case (s and long s, the
// Greek iotas ...).
#include "stdlib/re/char_set.h"

#include <algorithm>
#include <map>

#include "vm/objects/unicode.h"

namespace apy::re {

void CharSet::normalize(uint32_t highest) {
  std::sort(ranges_.begin(), ranges_.end());
  std::vector<std::pair<uint32_t, uint32_t>> merged;
  for (auto [low, high] : ranges_) {
    if (low > highest) break;
    high = std::min(high, highest);
    if (!merged.empty() && low <= merged.back().second + 1)
      merged.back().second = std::max(merged.back().second, high);
    else
      merged.emplace_back(low, high);
  }
  ranges_ = std::move(merged);
}

CharSet CharSet::complement(uint32_t highest) const {
  CharSet result;
  uint32_t next = 0;
  for (auto [low, high] : ranges_) {
    if (low > next) result.add(next, low - 1);
    next = high + 1;
  }
  if (next <= highest) result.add(next, highest);
  return result;
}

CharSet category_members(Category category, bool unicode, uint32_t highest) {
  CharSet result;
  switch (category) {
    case Category::Space:
      result.add(9, 13);
      result.add(' ', ' ');
      if (unicode)
        for (auto [low, high] : {std::pair(0x1C, 0x1F),
                                 {0x85, 0x85},
                                 {0xA0, 0xA0},
                                 {0x1680, 0x1680},
                                 {0x2000, 0x200A},
                                 {0x2028, 0x2029},
                                 {0x202F, 0x202F},
                                 {0x205F, 0x205F},
                                 {0x3000, 0x3000}})
          result.add(static_cast<uint32_t>(low), static_cast<uint32_t>(high));
      break;
    case Category::Word:
      result.add('a', 'z');
      result.add('A', 'Z');
      result.add('_', '_');
      result.add('0', '9');
      if (unicode)
        for (uint32_t c = 128; c <= highest && c < 256; ++c)
          if (unicode_is_alnum(c)) result.add(c, c);
      break;
    default:
      result.add('0', '9');
  }
  result.normalize(highest);
  return result;
}

namespace {

/// Where upper and lower case are known: no letter above has any.
constexpr uint32_t kLastCased = 0x1E943;

uint32_t simple_lower(uint32_t c) {
  uint32_t buffer[4];
  return unicode_to_lower(c, buffer) > 0 ? buffer[0] : c;
}

/// Every character that has case with its class: characters of one class match each other, as far
/// as `lower` of one is listed for the other.
struct CaseTable {
  /// lower case -> everything whose lower case it is.
  std::map<uint32_t, std::vector<uint32_t>> with_lower;
  /// lower case -> the other lower-case letters with the same upper case.
  std::map<uint32_t, std::vector<uint32_t>> relatives;
  std::vector<uint32_t> cased;  // sorted

  CaseTable() {
    std::map<std::vector<uint32_t>, std::vector<uint32_t>> by_upper;
    for (uint32_t c = 'A'; c <= kLastCased; ++c) {
      uint32_t buffer[4];
      uint32_t lower = simple_lower(c);
      int count = unicode_to_upper(c, buffer);
      bool has_upper = count != 1 || buffer[0] != c;
      if (lower == c && !has_upper) continue;
      cased.push_back(c);
      with_lower[lower].push_back(c);
      if (lower != c) with_lower[lower].push_back(lower);
      if (lower == c) by_upper[std::vector<uint32_t>(buffer, buffer + count)].push_back(c);
    }
    for (const auto& [upper, letters] : by_upper)
      for (uint32_t letter : letters)
        for (uint32_t other : letters)
          if (other != letter) relatives[letter].push_back(other);
  }
};

const CaseTable& case_table() {
  static const CaseTable table;  // constant once made
  return table;
}

void add_unicode_variants(uint32_t c, CharSet* out) {
  const CaseTable& table = case_table();
  uint32_t lower = simple_lower(c);
  auto add_with_lower = [&](uint32_t letter) {
    out->add(letter, letter);
    if (auto found = table.with_lower.find(letter); found != table.with_lower.end())
      for (uint32_t variant : found->second) out->add(variant, variant);
  };
  add_with_lower(lower);
  if (auto found = table.relatives.find(lower); found != table.relatives.end())
    for (uint32_t relative : found->second) add_with_lower(relative);
}

}  // namespace

void add_case_variants(uint32_t low, uint32_t high, bool unicode, CharSet* out) {
  if (!unicode || high < 128) {
    out->add(low, high);
    uint32_t first = std::max(low, uint32_t{'A'}), last = std::min(high, uint32_t{'Z'});
    if (first <= last) out->add(first + 32, last + 32);
    first = std::max(low, uint32_t{'a'});
    last = std::min(high, uint32_t{'z'});
    if (first <= last) out->add(first - 32, last - 32);
    if (!unicode) return;
    // What lies outside ASCII and matches ASCII letters.
    auto has = [&](uint32_t letter) {
      return (low <= letter && letter <= high) || (low <= letter - 32 && letter - 32 <= high);
    };
    if (has('i')) out->add(0x130, 0x131);
    if (has('s')) out->add(0x17F, 0x17F);
    if (has('k')) out->add(0x212A, 0x212A);
    return;
  }
  const std::vector<uint32_t>& cased = case_table().cased;
  auto it = std::lower_bound(cased.begin(), cased.end(), low);
  // Characters without case stand for themselves; those with case may only be reached through their
  // lower case.
  uint32_t next = low;
  for (; it != cased.end() && *it <= high; ++it) {
    if (*it > next) out->add(next, *it - 1);
    add_unicode_variants(*it, out);
    next = *it + 1;
  }
  if (next <= high) out->add(next, high);
}

}  // namespace apy::re
