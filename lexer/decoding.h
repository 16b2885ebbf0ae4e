#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "lexer/diagnostic.h"
#include "lexer/source.h"

namespace apy {

/// UTF-8 text with "\n" newlines, up to the line that could not be decoded if there is an error.
struct DecodedSource {
  std::string text;
  std::optional<Diagnostic> error;
  std::string broken_line;  ///< what can be shown of the line with the error
};

/// Decodes the bytes of a file: byte order mark, PEP 263 declaration (UTF-8, Latin-1 and ASCII
/// under all their names), newlines. NUL bytes and ill-formed input are errors.
DecodedSource decode_source(std::string_view name, std::string_view bytes, SourceOrigin origin);

/// The same for text that claims to be UTF-8 already.
DecodedSource check_text(std::string_view text);

}  // namespace apy
