#include "lexer/utf8.h"

#include <cstring>

namespace apy {

namespace {

struct LeadByte {
  uint8_t size;        // 0 if no sequence starts so
  uint8_t second_min;  // range of the second byte; excludes overlong forms and surrogates
  uint8_t second_max;
};

LeadByte classify_lead(uint8_t byte) {
  if (byte >= 0xC2 && byte <= 0xDF) return {2, 0x80, 0xBF};
  if (byte == 0xE0) return {3, 0xA0, 0xBF};
  if (byte == 0xED) return {3, 0x80, 0x9F};
  if (byte >= 0xE1 && byte <= 0xEF) return {3, 0x80, 0xBF};
  if (byte == 0xF0) return {4, 0x90, 0xBF};
  if (byte >= 0xF1 && byte <= 0xF3) return {4, 0x80, 0xBF};
  if (byte == 0xF4) return {4, 0x80, 0x8F};
  return {0, 0, 0};
}

}  // namespace

Utf8Step decode_utf8(std::string_view text) {
  uint8_t first = static_cast<uint8_t>(text[0]);
  if (first < 0x80) {
    return {first, 1, Utf8Fault::None};
  }
  LeadByte lead = classify_lead(first);
  if (lead.size == 0) {
    return {0xFFFD, 1, Utf8Fault::InvalidStart};
  }
  char32_t code_point = first & (0x7Fu >> lead.size);
  for (uint32_t i = 1; i < lead.size; ++i) {
    if (i == text.size()) {
      return {0xFFFD, i, Utf8Fault::UnexpectedEnd};
    }
    uint8_t byte = static_cast<uint8_t>(text[i]);
    uint8_t low = i == 1 ? lead.second_min : 0x80;
    uint8_t high = i == 1 ? lead.second_max : 0xBF;
    if (byte < low || byte > high) {
      return {0xFFFD, i, Utf8Fault::InvalidContinuation};
    }
    code_point = code_point << 6 | (byte & 0x3Fu);
  }
  return {code_point, lead.size, Utf8Fault::None};
}

size_t find_invalid_utf8(std::string_view text) {
  size_t offset = 0;
  while (offset < text.size()) {
    if (text.size() - offset >= 8) {
      uint64_t word;
      std::memcpy(&word, text.data() + offset, 8);
      if ((word & 0x8080808080808080) == 0) {
        offset += 8;
        continue;
      }
    }
    Utf8Step step = decode_utf8(text.substr(offset));
    if (step.fault != Utf8Fault::None) {
      return offset;
    }
    offset += step.size;
  }
  return text.size();
}

void append_utf8(std::string& out, char32_t code_point) {
  auto byte = [&out](char32_t value) { out.push_back(static_cast<char>(value)); };
  if (code_point < 0x80) {
    byte(code_point);
  } else if (code_point < 0x800) {
    byte(0xC0 | code_point >> 6);
    byte(0x80 | (code_point & 0x3F));
  } else if (code_point < 0x10000) {
    byte(0xE0 | code_point >> 12);
    byte(0x80 | (code_point >> 6 & 0x3F));
    byte(0x80 | (code_point & 0x3F));
  } else {
    byte(0xF0 | code_point >> 18);
    byte(0x80 | (code_point >> 12 & 0x3F));
    byte(0x80 | (code_point >> 6 & 0x3F));
    byte(0x80 | (code_point & 0x3F));
  }
}

size_t count_code_points(std::string_view text) {
  size_t count = 0;
  for (char c : text) {
    count += (static_cast<uint8_t>(c) & 0xC0) != 0x80;
  }
  return count;
}

const char* utf8_fault_text(Utf8Fault fault) {
  switch (fault) {
    case Utf8Fault::None:
      return "";
    case Utf8Fault::InvalidStart:
      return "invalid start byte";
    case Utf8Fault::InvalidContinuation:
      return "invalid continuation byte";
    case Utf8Fault::UnexpectedEnd:
      return "unexpected end of data";
  }
  return "";
}

}  // namespace apy
