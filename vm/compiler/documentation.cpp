#include "vm/compiler/documentation.h"

#include <algorithm>

namespace apy {
namespace {

std::string expand_tabs(std::string_view text) {
  std::string out;
  size_t column = 0;
  for (char c : text) {
    if (c == '\t') {
      size_t spaces = 8 - column % 8;
      out.append(spaces, ' ');
      column += spaces;
      continue;
    }
    out += c;
    bool continues_character = (static_cast<unsigned char>(c) & 0xC0) == 0x80;
    if (c == '\n' || c == '\r') {
      column = 0;
    } else if (!continues_character) {
      ++column;
    }
  }
  return out;
}

size_t line_end(std::string_view text, size_t begin) {
  size_t newline = text.find('\n', begin);
  return newline == std::string_view::npos ? text.size() : newline + 1;
}

}  // namespace

std::string clean_documentation(std::string_view original) {
  std::string text = expand_tabs(original);
  size_t first_end = line_end(text, 0);
  size_t margin = std::string::npos;
  for (size_t begin = first_end; begin < text.size(); begin = line_end(text, begin)) {
    size_t word = text.find_first_not_of(' ', begin);
    if (word != std::string::npos && text[word] != '\n') margin = std::min(margin, word - begin);
  }
  if (margin == std::string::npos) margin = 0;
  size_t start = std::min(text.find_first_not_of(' '), text.size());
  std::string out = text.substr(start, start < first_end ? first_end - start : 0);
  for (size_t begin = std::max(first_end, start); begin < text.size();) {
    size_t end = line_end(text, begin);
    size_t skipped = 0;
    while (skipped < margin && begin + skipped < end && text[begin + skipped] == ' ') ++skipped;
    out.append(text, begin + skipped, end - begin - skipped);
    begin = end;
  }
  return out;
}

}  // namespace apy
