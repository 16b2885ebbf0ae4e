#pragma once
// The syntax of regular expressions: pattern text to a tree.
//
// The parser is our own, so that errors have the positions and texts that Python programs know;
// what the matching engine gets is written anew from the tree (translate.h). Nodes lie in one deque
// and refer to each other by pointer, so that a tree of any depth is freed without recursion.
// Nothing here is on the script heap.
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "vm/objects/protocol.h"

namespace apy::re {

/// The flags of the module, with CPython's numbers.
enum Flag : uint32_t {
  kIgnoreCase = 2,
  kLocale = 4,
  kMultiline = 8,
  kDotAll = 16,
  kUnicode = 32,
  kVerbose = 64,
  kDebug = 128,
  kAscii = 256,
};
constexpr uint32_t kTypeFlags = kAscii | kLocale | kUnicode;
constexpr uint32_t kGlobalFlags = kDebug;
constexpr uint32_t kMaxRepeat = 0xFFFFFFFF;
/// What the matching engine can number.
constexpr uint32_t kMaxGroups = 65535;

enum class NodeKind : uint8_t {
  Sequence,      // items
  Alternatives,  // items
  Literal,       // value: the code point
  Any,
  Set,          // set, negated
  At,           // value: a Position
  Group,        // value: its number, or 0; items[0]
  Reference,    // value: the group
  Conditional,  // value: the group; items[0], and items[1] if there is an else
  Look,         // negated, behind; items[0]
  Atomic,       // items[0]
  Repeat,       // minimum, maximum, repeat; items[0]
  Fail,
};
enum class Position : uint8_t { Begin, BeginString, Boundary, NotBoundary, End, EndString };
enum class RepeatMode : uint8_t { Greedy, Lazy, Possessive };
enum class Category : uint8_t { None, Digit, NotDigit, Space, NotSpace, Word, NotWord };

/// A range of characters, or a category.
struct SetItem {
  uint32_t low, high;
  Category category = Category::None;
};

struct Node {
  NodeKind kind;
  uint32_t flags;  // in force at this place
  uint32_t value = 0;
  uint32_t minimum = 0, maximum = 0;
  RepeatMode repeat = RepeatMode::Greedy;
  bool negated = false, behind = false;
  uint64_t narrowest = 0, widest = 0;  // how many characters it can match; saturating
  std::vector<Node*> items = {};
  std::vector<SetItem> set = {};
};

struct GroupInfo {
  std::string name;        // empty: none
  uint32_t parent = 0;     // the capturing group around it, or 0
  bool in_look = false;    // inside a look-around assertion
  bool is_closed = false;  // while parsing
  uint64_t narrowest = 0, widest = 0;
};

struct Syntax {
  std::deque<Node> nodes;
  std::vector<GroupInfo> groups;  // [0] is the whole match
  Node* root = nullptr;
  uint32_t flags = 0;
  uint32_t nesting = 0;  // depth of the groups
  bool is_bytes = false;
  bool has_caseless_reference = false;
  bool uses_unicode = false;  // some part has Unicode semantics
};

/// The text of a pattern or template: code points, or bytes as code points.
std::u32string code_points_of(const Str* text);
std::u32string code_points_of(std::string_view bytes);

/// Raises re.PatternError(message, pattern, position); a negative position means None.
Error raise_pattern_error(VM& vm, const std::string& message, Value pattern, int64_t position);

/// Reads a text one character, or one backslash with its character, at a time.
class Tokenizer {
 public:
  /// `source` is the script's object, for errors.
  Tokenizer(VM& vm, Value source, std::u32string text, bool is_bytes)
      : vm_(vm), source_(source), text_(std::move(text)), is_bytes_(is_bytes) {}
  /// To be called once, before anything else.
  Result<void> start() { return advance(); }
  bool at_end() const { return length_ == 0; }
  /// The next token; empty at the end.
  std::u32string_view next() const { return std::u32string_view(text_).substr(begin_, length_); }
  bool next_is(char32_t c) const { return length_ == 1 && text_[begin_] == c; }
  bool next_is_digit(bool octal = false) const {
    return length_ == 1 && text_[begin_] >= '0' && text_[begin_] <= (octal ? '7' : '9');
  }
  Result<std::u32string_view> get();
  Result<bool> match(char32_t c);
  Result<std::u32string> get_while(size_t most, bool (*accepts)(char32_t));
  /// What is before `terminator`, which is consumed.
  Result<std::u32string> get_until(char32_t terminator, const char* what);
  size_t position() const { return begin_; }
  Result<void> seek(size_t position);
  Error error(const std::string& message, size_t back = 0);
  Result<void> check_group_name(const std::u32string& name, size_t back);
  bool is_bytes() const { return is_bytes_; }
  VM& vm() { return vm_; }

 private:
  Result<void> advance();
  VM& vm_;
  Value source_;
  std::u32string text_;
  bool is_bytes_;
  size_t begin_ = 0, length_ = 0;
};

/// UTF-8 for messages.
std::string text_of(std::u32string_view text);
/// repr() of it, for messages.
Result<std::string> quoted(VM& vm, std::u32string_view text);
/// Is it made of ASCII digits? Then *number is its value, saturating.
bool is_decimal(std::u32string_view text, uint64_t* number);
inline bool is_ascii_letter(char32_t c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
inline bool is_octal_digit(char32_t c) { return c >= '0' && c <= '7'; }
/// The character of \a \b \f \n \r \t \v \\, or 0.
uint32_t simple_escape(char32_t c);

/// Parses `pattern` (str or bytes); errors are raised.
Result<void> parse_pattern(VM& vm, Value pattern, std::u32string text, uint32_t flags, Syntax* out);

}  // namespace apy::re
