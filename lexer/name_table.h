#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "lexer/token.h"

namespace apy {

/// Interned identifiers: one address per distinct text, stable for the table's life. Knows the
/// reserved words, so that one look-up both interns and classifies.
class NameTable {
 public:
  NameTable();
  NameTable(const NameTable&) = delete;
  NameTable& operator=(const NameTable&) = delete;

  /// The table's own copy of `text`. Two views from one table are equal exactly if their
  /// `data()` is.
  std::string_view intern(std::string_view text) { return find_or_add(text).text; }

  struct Entry {
    std::string_view text;
    TokenKind kind;  ///< Name, or the keyword's kind
  };
  Entry find_or_add(std::string_view text);

  size_t size() const { return count_; }

 private:
  struct Slot {
    const char* data = nullptr;
    uint32_t size = 0;
    uint32_t hash = 0;
    TokenKind kind = TokenKind::Name;
  };
  const char* store(std::string_view text);
  void grow();

  std::vector<Slot> slots_;
  size_t count_ = 0;
  std::vector<std::unique_ptr<char[]>> blocks_;
  char* free_ = nullptr;
  size_t free_size_ = 0;
};

}  // namespace apy
