#pragma once
// The form of the tables that generate.cpp writes and character_names.cpp reads. Not for others.
#include <cstddef>
#include <cstdint>

namespace apy::name_tables {

/// Words with smaller numbers take one byte in a name.
constexpr uint32_t kShortWords = 190;
/// The byte that ends a name.
constexpr uint32_t kEnd = 255;
/// Every so many names there is an offset.
constexpr uint32_t kGroup = 32;
constexpr uint32_t kHashSize = 49157;

/// FNV-1a.
constexpr uint32_t hash(const char* text, size_t size) {
  uint32_t h = 2166136261u;
  for (size_t i = 0; i < size; ++i) h = (h ^ static_cast<unsigned char>(text[i])) * 16777619u;
  return h;
}

struct Run {
  uint32_t first, ordinal;
};
struct Rule {
  const char* prefix;
  uint32_t first, last;
};
struct Number {
  uint32_t code_point;
  uint16_t kind, denominator;
  int64_t numerator;
};
struct Width {
  uint32_t first, last;
  char width[3];
};

/// The decomposition as the database spells it starts at `offset` of decomposition_text.
struct Decomposition {
  uint32_t code_point, offset;
};

extern const char word_bytes[];
extern const uint32_t word_offsets[];
extern const char names[];
extern const uint32_t group_offsets[];
extern const uint16_t hash_slots[];
extern const Run runs[];
extern const size_t run_count;
extern const uint32_t character_count;
/// Ordinals from character_count on are aliases and named sequences.
extern const uint32_t sequence_offsets[];
extern const uint32_t sequences[];
extern const Rule rules[];
extern const size_t rule_count;
extern const Number numbers[];
extern const size_t number_count;
extern const Width widths[];
extern const size_t width_count;
extern const Decomposition decompositions[];
extern const size_t decomposition_count;
extern const char decomposition_text[];

}  // namespace apy::name_tables
