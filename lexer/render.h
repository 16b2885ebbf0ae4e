#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "lexer/diagnostic.h"

namespace apy {

class Source;

/// A diagnostic's place as the attributes of SyntaxError have it: lines from 1, offsets from 1 in
/// code points, 0 meaning none. `text` is the line with its newline.
struct SyntaxErrorPlace {
  bool has_line = false;  ///< filename and lineno are set
  bool has_text = false;
  uint32_t line = 0;
  uint32_t offset = 0;
  uint32_t end_line = 0;
  uint32_t end_offset = 0;
  std::string text;
};

SyntaxErrorPlace locate(const Source& source, const Diagnostic& diagnostic);

/// What CPython prints for such a place: the file and line, the line itself without its
/// indentation, carets. Usable for SyntaxError objects that scripts have made, too.
std::string render_place(std::string_view file_name, const SyntaxErrorPlace& place);

/// The whole text of an error as CPython prints it for an uncaught SyntaxError, but for the
/// traceback header.
std::string render_diagnostic(const Source& source, const Diagnostic& diagnostic);

/// The text of a warning: "FILE:LINE: SyntaxWarning: MESSAGE" and the line.
std::string render_warning(const Source& source, const Diagnostic& warning);

}  // namespace apy
