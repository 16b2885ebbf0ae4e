#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lexer/diagnostic.h"
#include "lexer/span.h"

namespace apy {

/// A place in a source text. Lines count from 1, columns from 0.
struct SourcePosition {
  uint32_t line;
  uint32_t column;       ///< in code points
  uint32_t byte_column;  ///< in bytes of UTF-8
};

/// Where bytes come from; it decides how CPython words the problem when they cannot be decoded.
enum class SourceOrigin : uint8_t { Script, Module };

/// A program text: decoded to UTF-8, newlines turned into "\n", always ending in a newline, with
/// NUL bytes behind it as a sentinel for the scanner. Immutable once made.
class Source {
 public:
  /// Decodes a file's bytes: byte order mark, encoding declaration, newlines. A file that cannot be
  /// decoded still gives a Source: its text stops before the offending line and `decode_error`
  /// says why; the lexer reports that when it gets there.
  static Source from_bytes(std::string name, std::string_view bytes,
                           SourceOrigin origin = SourceOrigin::Script);

  /// Takes a text that is UTF-8 already (a prompt, `-c`, `exec`); an encoding declaration in it
  /// means nothing. Ill-formed UTF-8 is a `decode_error`.
  static Source from_text(std::string name, std::string_view text);

  /// The name shown in diagnostics and tracebacks, usually a path.
  const std::string& name() const { return name_; }
  /// The decoded text; `text().data()[text().size()]` and the few bytes after it are NUL.
  std::string_view text() const { return {text_.data(), size_}; }
  std::string_view text(Span span) const { return {text_.data() + span.begin, span.size()}; }
  /// The end of the text had no newline, so that the last one was added here.
  bool newline_was_added() const { return newline_was_added_; }
  const std::optional<Diagnostic>& decode_error() const { return decode_error_; }

  /// Lines in the text; the empty rest after the last newline is not one.
  uint32_t line_count() const { return static_cast<uint32_t>(line_starts_.size()) - 1; }
  /// The line number (from 1) of a byte offset. The end of the text is on line `line_count() + 1`.
  uint32_t line_at(uint32_t offset) const;
  SourcePosition position_at(uint32_t offset) const;
  /// The span of a line (numbered from 1) without its newline; empty if there is no such line.
  Span line_span(uint32_t line) const;
  /// The line as a diagnostic shows it: also what is readable of the one that ended the
  /// decoding and is not in the text.
  std::string_view line_text(uint32_t line) const;

 private:
  Source() = default;
  void set_text(std::string text);

  std::string name_;
  std::string text_;
  size_t size_ = 0;
  bool newline_was_added_ = false;
  std::vector<uint32_t> line_starts_;  // one per line, then the end of the text
  std::optional<Diagnostic> decode_error_;
  std::string broken_line_;
};

}  // namespace apy
