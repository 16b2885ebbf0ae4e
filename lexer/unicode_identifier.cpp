#include "lexer/unicode_identifier.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <iterator>

#include "lexer/utf8.h"

namespace apy {

// XID_Start and XID_Continue follow from general categories but for short lists: Other_ID_Start,
// Other_ID_Continue, Pattern_Syntax, and what NFKC would turn into a non-identifier.
namespace {

struct Range {
  char32_t first;
  char32_t last;
};

constexpr Range kExtraStart[] = {{0x1885, 0x1886}, {0x2118, 0x2118}, {0x212E, 0x212E}};
constexpr Range kNotStart[] = {
    {0x37A, 0x37A},   {0xE33, 0xE33},   {0xEB3, 0xEB3},   {0x2E2F, 0x2E2F}, {0xFC5E, 0xFC63},
    {0xFDFA, 0xFDFB}, {0xFE70, 0xFE70}, {0xFE72, 0xFE72}, {0xFE74, 0xFE74}, {0xFE76, 0xFE76},
    {0xFE78, 0xFE78}, {0xFE7A, 0xFE7A}, {0xFE7C, 0xFE7C}, {0xFE7E, 0xFE7E}, {0xFF9E, 0xFF9F}};
constexpr Range kExtraContinue[] = {{0xB7, 0xB7},     {0x387, 0x387},   {0x1369, 0x1371},
                                    {0x19DA, 0x19DA}, {0x200C, 0x200D}, {0x2118, 0x2118},
                                    {0x212E, 0x212E}, {0x30FB, 0x30FB}, {0xFF65, 0xFF65}};
constexpr Range kNotContinue[] = {{0x37A, 0x37A},   {0x2E2F, 0x2E2F}, {0xFC5E, 0xFC63},
                                  {0xFDFA, 0xFDFB}, {0xFE70, 0xFE70}, {0xFE72, 0xFE72},
                                  {0xFE74, 0xFE74}, {0xFE76, 0xFE76}, {0xFE78, 0xFE78},
                                  {0xFE7A, 0xFE7A}, {0xFE7C, 0xFE7C}, {0xFE7E, 0xFE7E}};
// Assigned by Unicode 15.1, which CPython 3.13 knows and utf8proc 2.8 does not.
constexpr Range kIdeographsExtensionI = {0x2EBF0, 0x2EE5D};
constexpr Range kNewSymbols[] = {{0x2FFC, 0x2FFF}, {0x31EF, 0x31EF}};

constexpr uint32_t bit(utf8proc_category_t category) { return 1u << category; }

constexpr uint32_t kStartCategories = bit(UTF8PROC_CATEGORY_LU) | bit(UTF8PROC_CATEGORY_LL) |
                                      bit(UTF8PROC_CATEGORY_LT) | bit(UTF8PROC_CATEGORY_LM) |
                                      bit(UTF8PROC_CATEGORY_LO) | bit(UTF8PROC_CATEGORY_NL);
constexpr uint32_t kContinueCategories = kStartCategories | bit(UTF8PROC_CATEGORY_MN) |
                                         bit(UTF8PROC_CATEGORY_MC) | bit(UTF8PROC_CATEGORY_ND) |
                                         bit(UTF8PROC_CATEGORY_PC);
constexpr uint32_t kUnprintableCategories = bit(UTF8PROC_CATEGORY_CN) | bit(UTF8PROC_CATEGORY_CC) |
                                            bit(UTF8PROC_CATEGORY_CF) | bit(UTF8PROC_CATEGORY_CS) |
                                            bit(UTF8PROC_CATEGORY_CO) | bit(UTF8PROC_CATEGORY_ZL) |
                                            bit(UTF8PROC_CATEGORY_ZP) | bit(UTF8PROC_CATEGORY_ZS);

bool within(Range range, char32_t code_point) {
  return code_point >= range.first && code_point <= range.last;
}

template <size_t N>
bool within_any(const Range (&ranges)[N], char32_t code_point) {
  return std::any_of(std::begin(ranges), std::end(ranges),
                     [code_point](Range range) { return within(range, code_point); });
}

bool has_category(char32_t code_point, uint32_t categories) {
  return (bit(utf8proc_category(static_cast<utf8proc_int32_t>(code_point))) & categories) != 0;
}

}  // namespace

bool is_identifier_start(char32_t code_point) {
  if (code_point < 0x80) {
    return (code_point >= 'a' && code_point <= 'z') || (code_point >= 'A' && code_point <= 'Z') ||
           code_point == '_';
  }
  if (has_category(code_point, kStartCategories)) {
    return !within_any(kNotStart, code_point);
  }
  return within(kIdeographsExtensionI, code_point) || within_any(kExtraStart, code_point);
}

bool is_identifier_continue(char32_t code_point) {
  if (code_point < 0x80) {
    return is_identifier_start(code_point) || (code_point >= '0' && code_point <= '9');
  }
  if (has_category(code_point, kContinueCategories)) {
    return !within_any(kNotContinue, code_point);
  }
  return within(kIdeographsExtensionI, code_point) || within_any(kExtraContinue, code_point);
}

bool is_printable(char32_t code_point) {
  if (code_point < 0x7F) {
    return code_point >= ' ';
  }
  return !has_category(code_point, kUnprintableCategories) ||
         within(kIdeographsExtensionI, code_point) || within_any(kNewSymbols, code_point);
}

size_t find_invalid_in_identifier(std::string_view text) {
  size_t offset = 0;
  while (offset < text.size()) {
    Utf8Step step = decode_utf8(text.substr(offset));
    bool valid = offset == 0 ? is_identifier_start(step.code_point)
                             : is_identifier_continue(step.code_point);
    if (!valid) {
      return offset;
    }
    offset += step.size;
  }
  return offset;
}

std::string normalize_nfkc(std::string_view text) {
  utf8proc_uint8_t* mapped = nullptr;
  utf8proc_ssize_t size = utf8proc_map(
      reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
      static_cast<utf8proc_ssize_t>(text.size()), &mapped,
      static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT));
  if (size < 0) {
    return std::string(text);
  }
  std::string normalized(reinterpret_cast<const char*>(mapped), static_cast<size_t>(size));
  std::free(mapped);
  return normalized;
}

}  // namespace apy
