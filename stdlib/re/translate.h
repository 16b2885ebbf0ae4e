#pragma once
// The tree of a pattern as text for PCRE2.
//
// One pattern is compiled separately for each form of subject it meets, so that a subject is never
// converted: strings have 1, 2 or 4 bytes per character, and PCRE2 has a library for each. For
// subjects of single bytes every set is written out as ranges; the wide forms use PCRE2's Unicode
// properties (PCRE2_UCP), never its UTF mode.
#include <string>

#include "stdlib/re/syntax.h"

namespace apy::re {

enum class SubjectForm : uint8_t { Ascii, Latin1, Ucs2, Ucs4, Count };

inline uint32_t highest_code(SubjectForm form, bool is_bytes) {
  switch (form) {
    case SubjectForm::Ascii:
      return is_bytes ? 0xFF : 0x7F;
    case SubjectForm::Latin1:
      return 0xFF;
    case SubjectForm::Ucs2:
      return 0xFFFF;
    default:
      return 0x10FFFF;
  }
}

/// The pattern in PCRE2's syntax, in ASCII, to be compiled with DOTALL, MULTILINE, ALT_CIRCUMFLEX,
/// newline LF, and with UCP if uses_properties().
Result<std::string> translate(VM& vm, const Syntax& syntax, SubjectForm form);
inline bool uses_properties(const Syntax& syntax, SubjectForm form) {
  return syntax.uses_unicode && form != SubjectForm::Ascii;
}

}  // namespace apy::re
