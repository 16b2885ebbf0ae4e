#include "lexer/source.h"

#include <algorithm>
#include <cstring>

#include "lexer/decoding.h"
#include "lexer/utf8.h"

namespace apy {

namespace {

constexpr size_t kPadding = 16;

}  // namespace

Source Source::from_bytes(std::string name, std::string_view bytes, SourceOrigin origin) {
  Source source;
  source.name_ = std::move(name);
  DecodedSource decoded = decode_source(source.name_, bytes, origin);
  source.set_text(std::move(decoded.text));
  source.decode_error_ = std::move(decoded.error);
  source.broken_line_ = std::move(decoded.broken_line);
  return source;
}

Source Source::from_text(std::string name, std::string_view text) {
  Source source;
  source.name_ = std::move(name);
  DecodedSource decoded = check_text(text);
  source.set_text(std::move(decoded.text));
  source.decode_error_ = std::move(decoded.error);
  source.broken_line_ = std::move(decoded.broken_line);
  return source;
}

void Source::set_text(std::string text) {
  if (!text.empty() && text.back() != '\n') {
    text.push_back('\n');
    newline_was_added_ = true;
  }
  size_ = text.size();
  line_starts_.reserve(size_ / 32 + 2);
  const char* begin = text.data();
  for (const char* at = begin; at < begin + size_;) {
    line_starts_.push_back(static_cast<uint32_t>(at - begin));
    at = static_cast<const char*>(std::memchr(at, '\n', begin + size_ - at)) + 1;
  }
  line_starts_.push_back(static_cast<uint32_t>(size_));
  text.append(kPadding, '\0');
  text_ = std::move(text);
}

uint32_t Source::line_at(uint32_t offset) const {
  auto after = std::upper_bound(line_starts_.begin(), line_starts_.end(), offset);
  return static_cast<uint32_t>(after - line_starts_.begin());
}

SourcePosition Source::position_at(uint32_t offset) const {
  offset = std::min(offset, static_cast<uint32_t>(size_));
  uint32_t line = line_at(offset);
  uint32_t start = line_starts_[line - 1];
  size_t column = count_code_points(text({start, offset}));
  return {line, static_cast<uint32_t>(column), offset - start};
}

Span Source::line_span(uint32_t line) const {
  uint32_t end = static_cast<uint32_t>(size_);
  if (line == 0 || line > line_count()) {
    return {end, end};
  }
  return {line_starts_[line - 1], line_starts_[line] - 1};
}

std::string_view Source::line_text(uint32_t line) const {
  if (line == line_count() + 1) {
    return broken_line_;
  }
  return text(line_span(line));
}

}  // namespace apy
