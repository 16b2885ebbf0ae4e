#pragma once

#include <string>
#include <string_view>

#include "lexer/name_table.h"
#include "lexer/source.h"
#include "parser/parser.h"
#include "parser/resolve.h"

// Texts that are parsed, or parsed and resolved. Not movable: the trees point into them.

namespace apy::test {

struct Parsed {
  explicit Parsed(std::string_view text, const ParseOptions& options = {})
      : source(Source::from_text("x.py", text)), result(parse(source, names, options)) {}
  Parsed(const Parsed&) = delete;
  Parsed& operator=(const Parsed&) = delete;

  Source source;
  NameTable names;
  ParseResult result;
};

struct Compiled : Parsed {
  explicit Compiled(std::string_view text, const ResolveOptions& options = {}) : Parsed(text) {
    if (result) resolution = resolve(result.root, names, options);
  }

  const Diagnostic& diagnostic() const { return result ? resolution.error : result.error; }
  /// "SyntaxError: message", or empty.
  std::string error() const {
    if (result && resolution) return {};
    return std::string(diagnostic_kind_name(diagnostic().kind)) + ": " + diagnostic().message;
  }
  /// "line: message" of each warning.
  std::string warnings() const {
    std::string out;
    for (const auto* list : {&result.warnings, &resolution.warnings}) {
      for (const Diagnostic& warning : *list) {
        out += std::to_string(source.line_at(warning.span.begin)) + ": " + warning.message + "\n";
      }
    }
    return out;
  }

  Resolution resolution;
};

inline std::string repeat(std::string_view text, int count) {
  std::string out;
  while (count-- > 0) out += text;
  return out;
}

}  // namespace apy::test
