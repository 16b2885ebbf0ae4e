#include "vm/objects/character_names.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "vm/objects/unicode_names/format.h"

namespace apy {
namespace {

using namespace name_tables;

// Hangul syllables are named after their parts.
constexpr uint32_t kHangulFirst = 0xAC00, kHangulCount = 11172;
constexpr const char* kLeads[] = {"G",  "GG", "N", "D",  "DD", "R", "M", "B", "BB", "S",
                                  "SS", "",   "J", "JJ", "C",  "K", "T", "P", "H"};
constexpr const char* kVowels[] = {"A",   "AE", "YA", "YAE", "EO", "E",  "YEO",
                                   "YE",  "O",  "WA", "WAE", "OE", "YO", "U",
                                   "WEO", "WE", "WI", "YU",  "EU", "YI", "I"};
constexpr const char* kTails[] = {"",   "G",  "GG", "GS", "N",  "NJ", "NH", "D", "L",  "LG",
                                  "LM", "LB", "LS", "LT", "LP", "LH", "M",  "B", "BS", "S",
                                  "SS", "NG", "J",  "C",  "K",  "T",  "P",  "H"};
constexpr std::string_view kHangulPrefix = "HANGUL SYLLABLE ";

std::string hangul_name(uint32_t index) {
  return std::string(kHangulPrefix) + kLeads[index / 588] + kVowels[index / 28 % 21] +
         kTails[index % 28];
}

/// The index of the longest of `parts` that `text` starts with; taken off. Or -1.
template <size_t N>
int take_part(std::string_view& text, const char* const (&parts)[N]) {
  int best = -1;
  size_t best_size = 0;
  for (size_t i = 0; i < N; ++i) {
    size_t size = std::strlen(parts[i]);
    if (text.substr(0, size) == parts[i] && (best < 0 || size > best_size)) {
      best = static_cast<int>(i);
      best_size = size;
    }
  }
  if (best >= 0) text.remove_prefix(best_size);
  return best;
}

std::optional<char32_t> hangul_by_name(std::string_view name) {
  name.remove_prefix(kHangulPrefix.size());
  int lead = take_part(name, kLeads), vowel = take_part(name, kVowels);
  int tail = take_part(name, kTails);
  if (lead < 0 || vowel < 0 || tail < 0 || !name.empty()) return std::nullopt;
  return kHangulFirst + static_cast<char32_t>(lead * 588 + vowel * 28 + tail);
}

std::string rule_name(const Rule& rule, uint32_t code_point) {
  char digits[16];
  std::snprintf(digits, sizeof digits, "%04X", code_point);
  return rule.prefix + std::string(digits);
}

std::optional<char32_t> by_rule(std::string_view name) {
  if (name.substr(0, kHangulPrefix.size()) == kHangulPrefix) return hangul_by_name(name);
  size_t dash = name.rfind('-');
  if (dash == std::string_view::npos || name.size() - dash > 7) return std::nullopt;
  uint32_t code_point = 0;
  for (char c : name.substr(dash + 1)) {
    bool letter = c >= 'A' && c <= 'F';
    if (!letter && (c < '0' || c > '9')) return std::nullopt;
    code_point = code_point * 16 + static_cast<uint32_t>(letter ? c - 'A' + 10 : c - '0');
  }
  for (size_t i = 0; i < rule_count; ++i)
    if (rules[i].first <= code_point && code_point <= rules[i].last &&
        rule_name(rules[i], code_point) == name)
      return code_point;
  return std::nullopt;
}

std::string spell(uint32_t ordinal) {
  const auto* at = reinterpret_cast<const unsigned char*>(apy::name_tables::names) +
                   group_offsets[ordinal / kGroup];
  auto next_word = [&]() -> int {
    if (*at == kEnd) return ++at, -1;
    if (*at < kShortWords) return *at++;
    int number = static_cast<int>(kShortWords + ((at[0] - kShortWords) << 8) + at[1]);
    at += 2;
    return number;
  };
  for (uint32_t skip = ordinal % kGroup; skip > 0; --skip)
    while (next_word() >= 0) {
    }
  std::string name;
  for (int word; (word = next_word()) >= 0;) {
    if (!name.empty()) name += ' ';
    name.append(word_bytes + word_offsets[word], word_offsets[word + 1] - word_offsets[word]);
  }
  return name;
}

char32_t code_point_of(uint32_t ordinal) {
  const Run* run = std::upper_bound(runs, runs + run_count, ordinal,
                                    [](uint32_t o, const Run& r) { return o < r.ordinal; });
  --run;
  return run->first + (ordinal - run->ordinal);
}

}  // namespace

std::vector<char32_t> characters_by_name(std::string_view name) {
  std::string upper(name);
  for (char& c : upper)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  for (uint32_t slot = hash(upper.data(), upper.size()) % kHashSize; hash_slots[slot];
       slot = (slot + 1) % kHashSize) {
    uint32_t ordinal = hash_slots[slot] - 1u;
    if (spell(ordinal) != upper) continue;
    if (ordinal < character_count) return {code_point_of(ordinal)};
    uint32_t other = ordinal - character_count;
    return {sequences + sequence_offsets[other], sequences + sequence_offsets[other + 1]};
  }
  if (auto found = by_rule(upper)) return {*found};
  return {};
}

std::optional<char32_t> character_by_name(std::string_view name) {
  std::vector<char32_t> found = characters_by_name(name);
  return found.size() == 1 ? std::optional<char32_t>(found[0]) : std::nullopt;
}

std::string character_name(char32_t code_point) {
  if (code_point - kHangulFirst < kHangulCount) return hangul_name(code_point - kHangulFirst);
  for (size_t i = 0; i < rule_count; ++i)
    if (rules[i].first <= code_point && code_point <= rules[i].last)
      return rule_name(rules[i], code_point);
  const Run* end = runs + run_count;
  const Run* run =
      std::upper_bound(runs, end, code_point, [](uint32_t c, const Run& r) { return c < r.first; });
  if (run == runs) return "";
  uint32_t limit = run == end ? character_count : run->ordinal;
  --run;
  uint32_t ordinal = run->ordinal + (code_point - run->first);
  return ordinal < limit ? spell(ordinal) : "";
}

std::optional<NumericValue> character_number(char32_t code_point) {
  const Number* end = numbers + number_count;
  const Number* found = std::lower_bound(
      numbers, end, code_point, [](const Number& n, uint32_t c) { return n.code_point < c; });
  if (found == end || found->code_point != code_point) return std::nullopt;
  return NumericValue{found->kind, found->numerator, found->denominator};
}

const char* character_decomposition(char32_t code_point) {
  const Decomposition* end = decompositions + decomposition_count;
  const Decomposition* found =
      std::lower_bound(decompositions, end, code_point,
                       [](const Decomposition& d, uint32_t c) { return d.code_point < c; });
  return found != end && found->code_point == code_point ? decomposition_text + found->offset : "";
}

const char* character_width(char32_t code_point) {
  const Width* end = widths + width_count;
  const Width* found = std::lower_bound(widths, end, code_point,
                                        [](const Width& w, uint32_t c) { return w.last < c; });
  return found != end && found->first <= code_point ? found->width : "N";
}

}  // namespace apy
