#pragma once
// Parts of exception printing: source lines, frames, suggestions. The whole is format_exception
// (vm/objects/exception.h).
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "vm/objects/vm.h"

namespace apy {

class Source;

/// Texts of source files for one printing. Files are read again each time: they may have changed.
class SourceCache {
 public:
  explicit SourceCache(VM& vm);
  ~SourceCache();
  /// Line `number` (from 1) without its newline and trailing blanks; empty when there is none.
  std::string line(const std::string& filename, int32_t number);

 private:
  VM& vm_;
  std::unordered_map<std::string, std::unique_ptr<Source>> sources_;  // null: not to be had
};

/// Makes the text known under a name that is no file ("<string>", "<stdin>-0"), for tracebacks.
void remember_source(VM& vm, std::string_view filename, std::string_view text);

/// The entries of a traceback as CPython prints them (without the heading), repeated ones folded.
/// `traceback` may be none. sys.tracebacklimit counts.
std::string format_traceback(VM& vm, Value traceback);

/// Source lines (without newlines, all of one expression, at least one) as a traceback shows them:
/// without their common indentation, behind four blanks, with carets. The columns are byte offsets
/// into the first and the last line.
std::string source_excerpt(const std::vector<std::string>& lines, int32_t column,
                           int32_t end_column);

/// What is to be said after the message: ". Did you mean: 'x'?" and the like, or nothing.
std::string suggestion_for(VM& vm, Exception* exception);
/// Keeps what suggestion_for will need of the frame that raised `exception`, which is being
/// recorded for the first time.
void note_raising_frame(VM& vm, Exception* exception, Frame* frame);

}  // namespace apy
