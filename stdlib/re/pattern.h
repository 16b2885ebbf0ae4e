#pragma once
// The script types re.Pattern and re.Match, and what their methods share.
#include "stdlib/native_iterator.h"
#include "stdlib/re/program.h"
#include "vm/objects/dict.h"

namespace apy::re {

struct Pattern : NativeObject {
  static const NativeClass kClass;
  Value pattern;                          // str or bytes
  Dict* group_index;                      // name -> number
  Tuple* group_names;                     // by number, None without a name
  Value template_source, template_parts;  // the replacement parsed last
  Program* program;                       // malloc'd; freed by the finalizer
  uint32_t flags() const { return program->syntax.flags; }
  bool is_bytes() const { return program->syntax.is_bytes; }
};

struct Match : NativeObject {
  static const NativeClass kClass;
  static constexpr uint32_t kInlineGroups = 4;  // the whole match included
  Pattern* pattern;
  Value string;
  Value regs;         // made when asked for
  ByteStorage* more;  // positions when there are more groups
  int64_t pos, endpos;
  uint32_t group_count;  // without the whole match
  uint32_t last_group;
  size_t inline_positions[2 * kInlineGroups];
  size_t* positions() { return more ? reinterpret_cast<size_t*>(more->data()) : inline_positions; }
};

/// A string or buffer while it is being searched: a bytearray cannot be resized meanwhile.
class OpenSubject {
 public:
  OpenSubject() = default;
  OpenSubject(const OpenSubject&) = delete;
  ~OpenSubject() {
    if (exporter_) --exporter_->exports;
  }
  /// TypeError for what is no text, or text of the other kind than the pattern's.
  Result<void> open(VM& vm, Pattern* pattern, Value string);
  /// Cuts off what is behind `endpos` and clamps `pos`.
  void limit(int64_t* pos, int64_t* endpos);
  const Subject& subject() const { return subject_; }
  Value string() const { return string_; }
  /// The characters [begin, end) as str or bytes.
  Result<Value> piece(VM& vm, size_t begin, size_t end) const;

 private:
  Value string_;
  Subject subject_{};
  ByteArray* exporter_ = nullptr;
};

/// Goes from match to match: an empty match directly behind another match does not count.
class Walk {
 public:
  Walk(Pattern* pattern, MatchMode mode, size_t start)
      : pattern_(pattern), mode_(mode), start_(start) {}
  /// The next match's positions are then in pattern->program->positions(), until any other match is
  /// made.
  Result<bool> next(VM& vm, const Subject& subject) {
    if (start_ > subject.length) return false;
    if (!TRY(pattern_->program->run(vm, subject, start_, mode_, must_advance_))) return false;
    const size_t* positions = pattern_->program->positions();
    must_advance_ = positions[0] == positions[1];
    start_ = positions[1];
    return true;
  }
  size_t start() const { return start_; }
  bool must_advance() const { return must_advance_; }
  void resume(size_t start, bool must_advance) {
    start_ = start;
    must_advance_ = must_advance;
  }

 private:
  Pattern* pattern_;
  MatchMode mode_;
  size_t start_;
  bool must_advance_ = false;
};

/// The match that was just made.
Result<Match*> make_match(VM& vm, Pattern* pattern, Value string, int64_t pos, int64_t endpos);
/// A group of a match as str or bytes, `fallback` if it took no part.
Result<Value> match_group(VM& vm, Match* match, uint32_t group, Value fallback);

// --- substitute.cpp ---
/// The parts of a replacement: a Tuple of texts and (small int) group numbers.
Result<Tuple*> parse_template(VM& vm, Pattern* pattern, Value source);
/// The replacement with the groups of the match filled in.
Result<Value> expand_template(VM& vm, Match* match, Tuple* parts);
Result<Value> pattern_sub(VM& vm, Pattern* self, Value replacement, Value string,
                          Optional<int64_t> count);
Result<Value> pattern_subn(VM& vm, Pattern* self, Value replacement, Value string,
                           Optional<int64_t> count);

extern const NativeTypeDef kPatternType, kMatchType, kScannerType, kMatchIteratorType;

}  // namespace apy::re
