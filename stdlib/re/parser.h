#pragma once
// The state of parsing one pattern (syntax.h). Private to parser.cpp, parser_groups.cpp and
// parser_sets.cpp.
#include <unordered_map>

#include "stdlib/re/syntax.h"

namespace apy::re {

class Parser {
 public:
  Parser(VM& vm, Value pattern, std::u32string text, uint32_t flags, Syntax* out)
      : vm_(vm),
        pattern_(pattern),
        source_(vm, pattern, std::move(text), out->is_bytes),
        out_(*out),
        flags_(flags) {}
  Result<void> parse();

 private:
  // --- parser.cpp ---
  Node* make(NodeKind kind);
  /// Alternatives up to the end or a closing parenthesis.
  Result<Node*> parse_alternatives(bool verbose, bool outermost);
  Result<Node*> parse_sequence(bool verbose, bool first);
  Result<void> skip_comment();
  Result<Node*> parse_escape(std::u32string_view escape);
  /// \x.. \u.... \U........ \N{...}, shared with sets; false when `escape` is none of these.
  Result<bool> parse_code_escape(std::u32string_view escape, uint32_t* code);
  Result<Node*> parse_number_escape(std::u32string_view escape);
  Result<void> parse_repeat(std::u32string_view sign, Node* sequence, bool* literal);
  Result<bool> parse_counts(uint32_t* minimum, uint32_t* maximum, size_t here);
  static void finish_sequence(Node* sequence);
  Result<void> check_lookbehinds();
  Result<void> fix_flags();
  Error bad_escape(std::u32string_view escape, size_t back);

  // --- parser_groups.cpp ---
  /// Behind "(". Null: nothing to add (a comment, global flags).
  Result<bool> parse_group(bool verbose, bool first, Node** out);
  Result<Node*> parse_look(size_t start, bool verbose, char32_t sign);
  Result<Node*> parse_conditional(size_t start, bool verbose);
  Result<Node*> parse_named_reference();
  Result<void> parse_flags(char32_t sign, bool* global, uint32_t* added, uint32_t* removed);
  Result<void> expect_close(size_t start);
  Result<void> check_lookbehind_group(uint32_t group);
  Result<Node*> reference_to(uint32_t group);

  // --- parser_sets.cpp ---
  Result<Node*> parse_set();
  Result<SetItem> parse_set_escape(std::u32string_view escape);
  Result<void> warn_of_set(const char* what, size_t position);

  VM& vm_;
  Value pattern_;
  Tokenizer source_;
  Syntax& out_;
  uint32_t flags_;  // in force here
  uint32_t open_group_ = 0;
  uint32_t nesting_ = 0;
  bool in_look_ = false;
  uint32_t lookbehind_groups_ =
      0;  // number of groups when the outermost look-behind began; 0: in none
  std::unordered_map<std::u32string, uint32_t> names_;
  std::vector<std::pair<uint32_t, size_t>> conditions_;  // groups asked for by number, and where
};

/// The category of \d \D \s \S \w \W, or None.
Category category_of(char32_t letter);

}  // namespace apy::re
