#pragma once
// Keyword arguments by hand, for calls that make tasks: matching a signature costs more than a
// task.
#include "vm/binding/native.h"
#include "vm/objects/str.h"

namespace apy {

/// Stores the keyword arguments by name, absent ones stay as they are; false for a name that is
/// none of `names`.
template <size_t count>
bool take_keywords(const Arguments& arguments, const std::string_view (&names)[count],
                   Value (&values)[count]) {
  for (uint32_t i = 0; i < arguments.keyword_count(); ++i) {
    Str* given = as<Str>(arguments.keyword_names->values()[i]);
    size_t at = 0;
    while (at < count && !str_equal(given, names[at])) ++at;
    if (at == count) return false;
    values[at] = arguments.keyword_values()[i];
  }
  return true;
}

}  // namespace apy
