#pragma once
// Program: a pattern that can be run. Its forms (translate.h) are compiled by PCRE2 when a subject
// first needs them; each in three modes, since anchoring at match time would do without machine
// code.
//
// A match is one call into PCRE2 that runs no script code. It is bounded: PCRE2 counts its steps,
// and a pattern that backtracks without end stops with an error (kMatchLimit).
#include "stdlib/re/translate.h"

namespace apy::re {

/// What is searched: its characters as they lie in memory.
struct Subject {
  const uint8_t* data;
  size_t length;
  SubjectForm form;
};

enum class MatchMode : uint8_t { Search, Match, FullMatch, Count };

/// Steps that a single match may take: some seconds.
constexpr uint32_t kMatchLimit = 200'000'000;

class Program {
 public:
  Program() = default;
  Program(const Program&) = delete;
  ~Program();
  Syntax syntax;

  /// Finds a match in subject[start, length), whose positions are then in positions().
  /// `not_empty_at_start`: an empty match at `start` does not count.
  Result<bool> run(VM& vm, const Subject& subject, size_t start, MatchMode mode,
                   bool not_empty_at_start);
  /// Begin and end of each group of the last match, SIZE_MAX for a group that took no part.
  const size_t* positions() const { return positions_; }
  uint32_t group_count() const { return static_cast<uint32_t>(syntax.groups.size()) - 1; }
  /// The group that was closed last in the last match; 0: none.
  uint32_t last_group() const;

 private:
  static constexpr int kForms = static_cast<int>(SubjectForm::Count);
  static constexpr int kModes = static_cast<int>(MatchMode::Count);
  struct Compiled {
    void* code = nullptr;
    bool has_machine_code = false;
    uint32_t runs = 0;
  };
  template <int width>
  Result<void> compile(VM& vm, SubjectForm form, MatchMode mode, Compiled* out, bool* too_large);
  template <int width>
  Result<bool> run_form(VM& vm, const Subject& subject, size_t start, MatchMode mode,
                        bool not_empty_at_start);

  Compiled compiled_[kForms][kModes];
  void* match_data_[kForms] = {};
  const size_t* positions_ = nullptr;
  bool too_large_for_bytes_ = false;  // compiled for wide subjects only
};

}  // namespace apy::re
