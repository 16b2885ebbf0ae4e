#include "vm/objects/unicode_data.h"

#include <utf8proc.h>

#include <utility>
#include <vector>

#include "vm/objects/text.h"
#include "vm/objects/unicode.h"

namespace apy {
namespace {

const utf8proc_property_t* property(char32_t c) {
  return utf8proc_get_property(static_cast<utf8proc_int32_t>(c));
}

}  // namespace

const char* unicode_category_name(char32_t code_point) {
  constexpr const char* kNames[] = {"Cn", "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd",
                                    "Nl", "No", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Sm",
                                    "Sc", "Sk", "So", "Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Co"};
  return kNames[unicode_category(code_point)];
}

const char* unicode_bidirectional(char32_t code_point) {
  constexpr const char* kNames[] = {"",    "L",  "LRE", "LRO", "R",   "AL",  "RLE", "RLO",
                                    "PDF", "EN", "ES",  "ET",  "AN",  "CS",  "NSM", "BN",
                                    "B",   "S",  "WS",  "ON",  "LRI", "RLI", "FSI", "PDI"};
  return kNames[property(code_point)->bidi_class];
}

int unicode_combining(char32_t code_point) { return property(code_point)->combining_class; }
bool unicode_mirrored(char32_t code_point) { return property(code_point)->bidi_mirrored; }

Result<Str*> unicode_normalize(VM& vm, Str* text, bool compose, bool compatibility) {
  int options = UTF8PROC_STABLE | (compose ? UTF8PROC_COMPOSE : UTF8PROC_DECOMPOSE) |
                (compatibility ? UTF8PROC_COMPAT : 0);
  auto option = static_cast<utf8proc_option_t>(options);
  std::vector<utf8proc_int32_t> buffer;
  int boundary = 0;
  for (size_t i = 0; i < text->length; ++i) {
    utf8proc_int32_t parts[32];
    auto c = static_cast<utf8proc_int32_t>(text->at(i));
    utf8proc_ssize_t count =
        c >= 0xD800 && c <= 0xDFFF ? -1 : utf8proc_decompose_char(c, parts, 32, option, &boundary);
    if (count < 0 || count > 32) {
      buffer.push_back(c);
      continue;
    }
    buffer.insert(buffer.end(), parts, parts + count);
  }
  // Canonical order of marks.
  for (size_t i = 1; i < buffer.size();) {
    int here = property(static_cast<char32_t>(buffer[i]))->combining_class;
    int before = property(static_cast<char32_t>(buffer[i - 1]))->combining_class;
    if (before > here && here > 0) {
      std::swap(buffer[i], buffer[i - 1]);
      if (i > 1) {
        --i;
        continue;
      }
    }
    ++i;
  }
  utf8proc_ssize_t length = static_cast<utf8proc_ssize_t>(buffer.size());
  if (compose && length > 0) length = utf8proc_normalize_utf32(buffer.data(), length, option);
  StrBuilder builder(vm);
  for (utf8proc_ssize_t i = 0; i < length; ++i)
    builder.append(static_cast<uint32_t>(buffer[static_cast<size_t>(i)]));
  return builder.finish();
}

}  // namespace apy
