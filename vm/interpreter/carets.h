#pragma once
// Which characters of a failing expression get `~` and which `^`, below the source lines of a
// traceback.
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace apy {

using SourceLines = std::vector<std::u32string>;  // without newlines

/// A character of a text of several lines, both from 0.
struct LinePosition {
  size_t line, column;
  bool operator==(const LinePosition&) const = default;
  bool operator<(const LinePosition& other) const {
    return line != other.line ? line < other.line : column < other.column;
  }
};

/// The part of an expression that failed: an operator, the arguments of a call, the index of a
/// subscript.
struct CaretAnchors {
  LinePosition begin, end;
};

/// Looks at the source of one expression. Nothing when it is none of those, or does not parse.
std::optional<CaretAnchors> find_caret_anchors(const SourceLines& segment);

/// Is the whole text one `name(...)` returned, or one call assigned, that lies exactly at [begin,
/// end)? Then carets would say nothing. Also when it has no statement at all.
bool carets_are_idle(const SourceLines& lines, LinePosition begin, LinePosition end);

/// The source lines as a traceback shows them, one per element, with carets below [begin, end)
/// where they help, and long texts cut in the middle.
std::vector<std::string> underline(const SourceLines& lines, LinePosition begin, LinePosition end);

bool is_blank(char32_t c);
/// Columns that the first `count` characters take on a terminal.
size_t display_width(const std::u32string& line, size_t count);
std::u32string decode_line(std::string_view utf8);
std::string encode_line(const std::u32string& line);

}  // namespace apy
