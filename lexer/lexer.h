#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lexer/diagnostic.h"
#include "lexer/token.h"

namespace apy {

class NameTable;
class Source;

/// Turns a source text into tokens. The first problem gives an Error token and ends the stream:
/// `next` then returns that Error token for ever. The last token of a good text is EndOfFile,
/// after the Newline and Dedents that close it.
class Lexer {
 public:
  /// Both must outlive the lexer and its tokens.
  Lexer(const Source& source, NameTable& names);

  Token next();

  /// What went wrong, once `next` has returned an Error token.
  const Diagnostic& error() const { return error_; }
  /// Warnings so far, in order of appearance.
  const std::vector<Diagnostic>& warnings() const { return warnings_; }

 private:
  const Source& source_;
  NameTable& names_;
  Diagnostic error_;
  std::vector<Diagnostic> warnings_;
};

}  // namespace apy
