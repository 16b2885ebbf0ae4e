#include "vm/objects/unicode.h"

#include <utf8proc.h>

#include <algorithm>
#include <iterator>

namespace apy {
namespace {

// utf8proc gives categories, simple case mappings and case folding; what it lacks is in the short
// tables here.
struct Range {
  uint32_t first, last;
};

// Numeric_Type=Digit.
constexpr Range kDigits[] = {
    {0xB2, 0xB3},       {0xB9, 0xB9},       {0x1369, 0x1371},   {0x19DA, 0x19DA},
    {0x2070, 0x2070},   {0x2074, 0x2079},   {0x2080, 0x2089},   {0x2460, 0x2468},
    {0x2474, 0x247C},   {0x2488, 0x2490},   {0x24EA, 0x24EA},   {0x24F5, 0x24FD},
    {0x24FF, 0x24FF},   {0x2776, 0x277E},   {0x2780, 0x2788},   {0x278A, 0x2792},
    {0x10A40, 0x10A43}, {0x10E60, 0x10E68}, {0x11052, 0x1105A}, {0x1F100, 0x1F10A}};
// Letters with a numeric value.
constexpr uint32_t kNumericIdeographs[] = {
    0x3405,  0x3483,  0x382A,  0x3B4D,  0x4E00,  0x4E03,  0x4E07,  0x4E09,  0x4E24,  0x4E5D,
    0x4E8C,  0x4E94,  0x4E96,  0x4EAC,  0x4EBF,  0x4EC0,  0x4EDF,  0x4EE8,  0x4F0D,  0x4F70,
    0x4FE9,  0x5006,  0x5104,  0x5146,  0x5169,  0x516B,  0x516D,  0x5341,  0x5343,  0x5344,
    0x5345,  0x534C,  0x53C1,  0x53C2,  0x53C3,  0x53C4,  0x56DB,  0x58F1,  0x58F9,  0x5E7A,
    0x5EFE,  0x5EFF,  0x5F0C,  0x5F0D,  0x5F0E,  0x5F10,  0x62D0,  0x62FE,  0x634C,  0x67D2,
    0x6D1E,  0x6F06,  0x7396,  0x767E,  0x7695,  0x79ED,  0x8086,  0x842C,  0x8CAE,  0x8CB3,
    0x8D30,  0x920E,  0x94A9,  0x9621,  0x9646,  0x964C,  0x9678,  0x96F6,  0xF96B,  0xF973,
    0xF978,  0xF9B2,  0xF9D1,  0xF9D3,  0xF9FD,  0x20001, 0x20064, 0x200E2, 0x20121, 0x2092A,
    0x20983, 0x2098C, 0x2099C, 0x20AEA, 0x20AFD, 0x20B19, 0x22390, 0x22998, 0x23B1B, 0x2626D,
    0x2F890};
// Other_Uppercase and Other_Lowercase.
constexpr Range kOtherUpper[] = {
    {0x2160, 0x216F}, {0x24B6, 0x24CF}, {0x1F130, 0x1F149}, {0x1F150, 0x1F169}, {0x1F170, 0x1F189}};
constexpr Range kOtherLower[] = {
    {0xAA, 0xAA},       {0xBA, 0xBA},       {0x2B0, 0x2B8},     {0x2C0, 0x2C1},
    {0x2E0, 0x2E4},     {0x345, 0x345},     {0x37A, 0x37A},     {0x10FC, 0x10FC},
    {0x1D2C, 0x1D6A},   {0x1D78, 0x1D78},   {0x1D9B, 0x1DBF},   {0x2071, 0x2071},
    {0x207F, 0x207F},   {0x2090, 0x209C},   {0x2170, 0x217F},   {0x24D0, 0x24E9},
    {0x2C7C, 0x2C7D},   {0xA69C, 0xA69D},   {0xA770, 0xA770},   {0xA7F2, 0xA7F4},
    {0xA7F8, 0xA7F9},   {0xAB5C, 0xAB5F},   {0xAB69, 0xAB69},   {0x10780, 0x10780},
    {0x10783, 0x10785}, {0x10787, 0x107B0}, {0x107B2, 0x107BA}, {0x1E030, 0x1E06D}};
// Word_Break=MidLetter, MidNumLet or Single_Quote.
constexpr uint32_t kMidLetters[] = {0x27,   0x2E,   0x3A,   0xB7,   0x387,  0x55F,
                                    0x5F4,  0x2018, 0x2019, 0x2024, 0x2027, 0xFE13,
                                    0xFE52, 0xFE55, 0xFF07, 0xFF0E, 0xFF1A};

template <size_t N>
bool contains(const Range (&ranges)[N], uint32_t code_point) {
  auto* range = std::lower_bound(std::begin(ranges), std::end(ranges), code_point,
                                 [](const Range& r, uint32_t c) { return r.last < c; });
  return range != std::end(ranges) && range->first <= code_point;
}
template <size_t N>
bool contains(const uint32_t (&sorted)[N], uint32_t code_point) {
  return std::binary_search(std::begin(sorted), std::end(sorted), code_point);
}

struct SpecialCasing {
  uint16_t character;
  uint16_t upper[3], title[3];
};
constexpr SpecialCasing kSpecialCasing[] = {
#define SPECIAL_CASING(character, u1, u2, u3, t1, t2, t3) {character, {u1, u2, u3}, {t1, t2, t3}},
#include "vm/objects/special_casing.def"
#undef SPECIAL_CASING
};

const SpecialCasing* special_casing(uint32_t code_point) {
  if (code_point > 0xFFFF) return nullptr;
  auto* row = std::lower_bound(std::begin(kSpecialCasing), std::end(kSpecialCasing), code_point,
                               [](const SpecialCasing& r, uint32_t c) { return r.character < c; });
  return row != std::end(kSpecialCasing) && row->character == code_point ? row : nullptr;
}

int copy_mapping(const uint16_t* mapping, uint32_t* out) {
  int count = 0;
  for (; count < 3 && mapping[count]; ++count) out[count] = mapping[count];
  return count;
}

constexpr uint32_t bit(int category) { return 1u << category; }
constexpr uint32_t kLetters = bit(UTF8PROC_CATEGORY_LU) | bit(UTF8PROC_CATEGORY_LL) |
                              bit(UTF8PROC_CATEGORY_LT) | bit(UTF8PROC_CATEGORY_LM) |
                              bit(UTF8PROC_CATEGORY_LO);
constexpr uint32_t kNumbers =
    bit(UTF8PROC_CATEGORY_ND) | bit(UTF8PROC_CATEGORY_NL) | bit(UTF8PROC_CATEGORY_NO);
constexpr uint32_t kIgnorable = bit(UTF8PROC_CATEGORY_MN) | bit(UTF8PROC_CATEGORY_ME) |
                                bit(UTF8PROC_CATEGORY_CF) | bit(UTF8PROC_CATEGORY_LM) |
                                bit(UTF8PROC_CATEGORY_SK);

utf8proc_int32_t signed_code(uint32_t code_point) {
  return static_cast<utf8proc_int32_t>(code_point);
}

}  // namespace

int unicode_category(uint32_t code_point) {
  // Assigned by Unicode 15.1, later than utf8proc 2.8 knows.
  if (code_point >= 0x2EBF0 && code_point <= 0x2EE5D) return UTF8PROC_CATEGORY_LO;
  if ((code_point >= 0x2FFC && code_point <= 0x2FFF) || code_point == 0x31EF)
    return UTF8PROC_CATEGORY_SO;
  return utf8proc_category(signed_code(code_point));
}

bool unicode_is_wide(uint32_t code_point) {
  return utf8proc_charwidth(static_cast<utf8proc_int32_t>(code_point)) == 2;
}

bool unicode_is_alpha(uint32_t code_point) { return bit(unicode_category(code_point)) & kLetters; }
bool unicode_is_decimal(uint32_t code_point) {
  return unicode_category(code_point) == UTF8PROC_CATEGORY_ND;
}
bool unicode_is_digit(uint32_t code_point) {
  return unicode_is_decimal(code_point) || contains(kDigits, code_point);
}
bool unicode_is_numeric(uint32_t code_point) {
  return (bit(unicode_category(code_point)) & kNumbers) || contains(kNumericIdeographs, code_point);
}
bool unicode_is_alnum(uint32_t code_point) {
  return unicode_is_alpha(code_point) || unicode_is_numeric(code_point) ||
         unicode_is_digit(code_point);
}
bool unicode_is_upper(uint32_t code_point) {
  return unicode_category(code_point) == UTF8PROC_CATEGORY_LU || contains(kOtherUpper, code_point);
}
bool unicode_is_lower(uint32_t code_point) {
  return unicode_category(code_point) == UTF8PROC_CATEGORY_LL || contains(kOtherLower, code_point);
}
bool unicode_is_title(uint32_t code_point) {
  return unicode_category(code_point) == UTF8PROC_CATEGORY_LT;
}
bool unicode_is_case_ignorable(uint32_t code_point) {
  return (bit(unicode_category(code_point)) & kIgnorable) || contains(kMidLetters, code_point);
}

int unicode_decimal_value(uint32_t code_point) {
  if (code_point < 0x80)
    return code_point >= '0' && code_point <= '9' ? static_cast<int>(code_point - '0') : -1;
  if (!unicode_is_decimal(code_point)) return -1;
  // Decimal digits come in runs of ten; the mathematical ones are five runs without a gap.
  uint32_t first = code_point;
  while (unicode_is_decimal(first - 1)) --first;
  return static_cast<int>((code_point - first) % 10);
}

int unicode_to_lower(uint32_t code_point, uint32_t* out) {
  if (code_point == 0x130) {  // capital I with dot above
    out[0] = 'i';
    out[1] = 0x307;
    return 2;
  }
  out[0] = static_cast<uint32_t>(utf8proc_tolower(signed_code(code_point)));
  return 1;
}
int unicode_to_upper(uint32_t code_point, uint32_t* out) {
  if (const SpecialCasing* special = special_casing(code_point))
    return copy_mapping(special->upper, out);
  out[0] = static_cast<uint32_t>(utf8proc_toupper(signed_code(code_point)));
  return 1;
}
int unicode_to_title(uint32_t code_point, uint32_t* out) {
  if (const SpecialCasing* special = special_casing(code_point))
    return copy_mapping(special->title, out);
  out[0] = static_cast<uint32_t>(utf8proc_totitle(signed_code(code_point)));
  return 1;
}
int unicode_fold_case(uint32_t code_point, uint32_t* out) {
  utf8proc_int32_t folded[4];
  int last_boundclass = 0;
  auto count = utf8proc_decompose_char(signed_code(code_point), folded, 4, UTF8PROC_CASEFOLD,
                                       &last_boundclass);
  if (count < 1 || count > 4) {  // surrogates
    out[0] = code_point;
    return 1;
  }
  std::copy(folded, folded + count, out);
  return static_cast<int>(count);
}

}  // namespace apy
