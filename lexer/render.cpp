#include "lexer/render.h"

#include <algorithm>

#include "lexer/source.h"
#include "lexer/utf8.h"

// Columns are code points, and a caret is one column, whatever width the character is shown with:
// CPython does the same. Blanks other than spaces are repeated before the carets, so tabs line up.

namespace apy {

namespace {

constexpr std::string_view kMargin = "    ";

bool is_blank(char c) { return c == '\t' || c == '\f' || c == '\v' || c == '\r'; }

/// The text below the first `columns` characters of `line`: blanks of the same kind.
std::string blanks_below(std::string_view line, size_t columns) {
  std::string blanks;
  for (size_t at = 0; columns > 0; --columns) {
    if (at >= line.size()) {
      blanks.append(columns, ' ');
      break;
    }
    blanks.push_back(is_blank(line[at]) ? line[at] : ' ');
    at += decode_utf8(line.substr(at)).size;
  }
  return blanks;
}

/// The carets' line, with its newline; empty if they would start in the stripped indentation.
std::string render_carets(const SyntaxErrorPlace& place, std::string_view line, size_t stripped) {
  size_t length = stripped + count_code_points(line);
  size_t offset = std::min<size_t>(place.offset, length + 1);
  size_t end = length + 1;
  if (place.line == place.end_line) {
    end = std::min<size_t>(place.end_offset, length + 1);
  }
  if (end <= offset) {
    end = offset + 1;
  }
  if (offset < 1 + stripped) {
    return {};
  }
  return std::string(kMargin) + blanks_below(line, offset - 1 - stripped) +
         std::string(end - offset, '^') + '\n';
}

}  // namespace

SyntaxErrorPlace locate(const Source& source, const Diagnostic& diagnostic) {
  SyntaxErrorPlace place;
  if (diagnostic.excerpt == DiagnosticExcerpt::None) {
    return place;
  }
  place.has_line = true;
  if (diagnostic.excerpt == DiagnosticExcerpt::FileOnly) {
    return place;
  }
  SourcePosition begin = source.position_at(diagnostic.span.begin);
  place.line = begin.line;
  place.end_line = begin.line;
  if (diagnostic.excerpt == DiagnosticExcerpt::Position) {
    return place;
  }
  place.has_text = true;
  place.text = std::string(source.line_text(begin.line)) + '\n';
  if (diagnostic.excerpt == DiagnosticExcerpt::LineAndCarets) {
    SourcePosition end = source.position_at(diagnostic.span.end);
    place.offset = begin.column + 1;
    place.end_line = end.line;
    place.end_offset = end.column + 1;
  }
  return place;
}

std::string render_place(std::string_view file_name, const SyntaxErrorPlace& place) {
  if (!place.has_line) {
    return {};
  }
  std::string out =
      "  File \"" + std::string(file_name) + "\", line " + std::to_string(place.line) + '\n';
  if (!place.has_text) {
    return out;
  }
  std::string_view line = place.text;
  while (line.ends_with('\n')) {
    line.remove_suffix(1);
  }
  size_t stripped = std::min(line.find_first_not_of(" \n\f"), line.size());
  line.remove_prefix(stripped);
  out += kMargin;
  out += line;
  out += '\n';
  return out + render_carets(place, line, stripped);
}

std::string render_diagnostic(const Source& source, const Diagnostic& diagnostic) {
  return render_place(source.name(), locate(source, diagnostic)) +
         diagnostic_kind_name(diagnostic.kind) + ": " + diagnostic.message + '\n';
}

std::string render_warning(const Source& source, const Diagnostic& warning) {
  uint32_t line = source.line_at(warning.span.begin);
  std::string out = source.name() + ':' + std::to_string(line) + ": " +
                    diagnostic_kind_name(warning.kind) + ": " + warning.message + '\n';
  std::string_view text = source.line_text(line);
  size_t first = text.find_first_not_of(" \t\f\v\r");
  if (first == std::string_view::npos) {
    return out;
  }
  text = text.substr(first, text.find_last_not_of(" \t\f\v\r") - first + 1);
  return out + "  " + std::string(text) + '\n';
}

}  // namespace apy
