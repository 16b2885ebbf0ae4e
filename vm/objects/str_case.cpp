// Case mappings and character predicates of str. ASCII text never leaves the first branch of each
// function.
#include <utility>

#include "lexer/unicode_identifier.h"
#include "vm/objects/str_functions.h"
#include "vm/objects/unicode.h"
#include "vm/objects/units.h"
#include "vm/objects/vm.h"

namespace apy {
namespace {

constexpr bool is_ascii_upper(uint32_t c) { return c - 'A' < 26; }
constexpr bool is_ascii_lower(uint32_t c) { return c - 'a' < 26; }

template <class Map>
Result<Str*> map_ascii(VM& vm, Str* string, Map map) {
  Str* result = TRY(allocate_str(vm, string->length, 1, true));
  auto* out = units_of<uint8_t>(result);
  const uint8_t* in = string->data;
  for (size_t i = 0; i < string->length; ++i) out[i] = map(in[i]);
  return result;
}

/// The ASCII letters from `first` on get their other case, eight bytes at a time: in each byte the
/// high bit of `letters` says whether it is one.
template <uint8_t first>
Result<Str*> flip_ascii(VM& vm, Str* string) {
  constexpr uint64_t kOnes = 0x0101010101010101u;
  constexpr uint64_t kFrom = (0x80u - first) * kOnes, kBehind = (0x80u - first - 26) * kOnes;
  Str* result = TRY(allocate_str(vm, string->length, 1, true));
  auto* out = units_of<uint8_t>(result);
  const uint8_t* in = string->data;
  size_t i = 0;
  for (; i + 8 <= string->length; i += 8) {
    uint64_t word;
    std::memcpy(&word, in + i, 8);
    uint64_t letters = (word + kFrom) & ~(word + kBehind) & (0x80 * kOnes);
    word ^= letters >> 2;
    std::memcpy(out + i, &word, 8);
  }
  for (; i < string->length; ++i)
    out[i] = static_cast<uint8_t>(in[i] ^ ((in[i] - uint32_t{first} < 26) << 5));
  return result;
}

/// Is the sigma at `index` the last letter of a word? Then its lower case is a final sigma.
bool is_final_sigma(const Str* string, size_t index) {
  size_t before = index;
  while (before > 0 && unicode_is_case_ignorable(string->at(before - 1))) --before;
  if (before == 0 || !unicode_is_cased(string->at(before - 1))) return false;
  size_t after = index + 1;
  while (after < string->length && unicode_is_case_ignorable(string->at(after))) ++after;
  return after == string->length || !unicode_is_cased(string->at(after));
}

int lower_at(const Str* string, size_t index, uint32_t* out) {
  uint32_t c = string->at(index);
  if (c == 0x3A3) {  // capital sigma
    out[0] = is_final_sigma(string, index) ? 0x3C2 : 0x3C3;
    return 1;
  }
  return unicode_to_lower(c, out);
}

/// map(index, code point, out) -> count, for each character.
template <class Map>
Result<Str*> map_unicode(VM& vm, Str* string, Map map) {
  StrBuilder builder(vm);
  builder.expect(string->length);
  for (size_t i = 0; i < string->length; ++i) {
    uint32_t out[4];
    int count = map(i, string->at(i), out);
    for (int k = 0; k < count; ++k) builder.append(out[k]);
  }
  return builder.finish();
}

/// All of at least one character satisfy the test.
template <class Test>
bool all_units(const Str* string, Test test) {
  if (string->length == 0) return false;
  return with_units(string, [&](const auto* units) {
    for (size_t i = 0; i < string->length; ++i)
      if (!test(uint32_t{units[i]})) return false;
    return true;
  });
}
constexpr bool is_ascii_alpha(uint32_t c) { return (c | 0x20) - 'a' < 26; }
constexpr bool is_ascii_digit(uint32_t c) { return c - '0' < 10; }

}  // namespace

Result<Str*> str_lower(VM& vm, Str* string) {
  if (string->is_ascii()) return flip_ascii<'A'>(vm, string);
  return map_unicode(
      vm, string, [string](size_t i, uint32_t, uint32_t* out) { return lower_at(string, i, out); });
}

Result<Str*> str_upper(VM& vm, Str* string) {
  if (string->is_ascii()) return flip_ascii<'a'>(vm, string);
  return map_unicode(vm, string,
                     [](size_t, uint32_t c, uint32_t* out) { return unicode_to_upper(c, out); });
}

Result<Str*> str_casefold(VM& vm, Str* string) {
  if (string->is_ascii()) return str_lower(vm, string);
  return map_unicode(vm, string,
                     [](size_t, uint32_t c, uint32_t* out) { return unicode_fold_case(c, out); });
}

Result<Str*> str_swapcase(VM& vm, Str* string) {
  if (string->is_ascii())
    return map_ascii(vm, string,
                     [](uint8_t c) { return static_cast<uint8_t>(c ^ (is_ascii_alpha(c) << 5)); });
  return map_unicode(vm, string, [string](size_t i, uint32_t c, uint32_t* out) {
    if (unicode_is_upper(c)) return lower_at(string, i, out);
    if (unicode_is_lower(c)) return unicode_to_upper(c, out);
    out[0] = c;
    return 1;
  });
}

Result<Str*> str_capitalize(VM& vm, Str* string) {
  if (string->is_ascii()) {
    bool first = true;
    return map_ascii(vm, string, [&first](uint8_t c) {
      if (std::exchange(first, false)) return static_cast<uint8_t>(c & ~(is_ascii_lower(c) << 5));
      return static_cast<uint8_t>(c | (is_ascii_upper(c) << 5));
    });
  }
  return map_unicode(vm, string, [string](size_t i, uint32_t c, uint32_t* out) {
    return i == 0 ? unicode_to_title(c, out) : lower_at(string, i, out);
  });
}

Result<Str*> str_title(VM& vm, Str* string) {
  bool in_word = false;
  if (string->is_ascii()) {
    return map_ascii(vm, string, [&in_word](uint8_t c) {
      bool inside = std::exchange(in_word, is_ascii_alpha(c));
      if (!inside) return static_cast<uint8_t>(c & ~(is_ascii_lower(c) << 5));
      return static_cast<uint8_t>(c | (is_ascii_upper(c) << 5));
    });
  }
  return map_unicode(vm, string, [&in_word, string](size_t i, uint32_t c, uint32_t* out) {
    int count = in_word ? lower_at(string, i, out) : unicode_to_title(c, out);
    in_word = unicode_is_cased(c);
    return count;
  });
}

Result<bool> str_isalpha(VM&, Str* string) {
  return all_units(string,
                   [](uint32_t c) { return c < 0x80 ? is_ascii_alpha(c) : unicode_is_alpha(c); });
}
Result<bool> str_isalnum(VM&, Str* string) {
  return all_units(string, [](uint32_t c) {
    return c < 0x80 ? is_ascii_alpha(c) || is_ascii_digit(c) : unicode_is_alnum(c);
  });
}
Result<bool> str_isdecimal(VM&, Str* string) {
  return all_units(string,
                   [](uint32_t c) { return c < 0x80 ? is_ascii_digit(c) : unicode_is_decimal(c); });
}
Result<bool> str_isdigit(VM&, Str* string) {
  return all_units(string,
                   [](uint32_t c) { return c < 0x80 ? is_ascii_digit(c) : unicode_is_digit(c); });
}
Result<bool> str_isnumeric(VM&, Str* string) {
  return all_units(string,
                   [](uint32_t c) { return c < 0x80 ? is_ascii_digit(c) : unicode_is_numeric(c); });
}
Result<bool> str_isspace(VM&, Str* string) { return all_units(string, is_unicode_space); }
Result<bool> str_isascii(VM&, Str* string) { return string->is_ascii() || string->length == 0; }
Result<bool> str_isprintable(VM&, Str* string) {
  return string->length == 0 || all_units(string, [](uint32_t c) { return is_printable(c); });
}

Result<bool> str_isidentifier(VM&, Str* string) {
  return string->length > 0 && is_identifier_start(string->at(0)) &&
         all_units(string, [](uint32_t c) { return is_identifier_continue(c); });
}

Result<bool> str_islower(VM&, Str* string) {
  bool any = false;
  bool none_upper = all_units(string, [&any](uint32_t c) {
    if (c < 0x80) {
      any |= is_ascii_lower(c);
      return !is_ascii_upper(c);
    }
    any |= unicode_is_lower(c);
    return !unicode_is_upper(c) && !unicode_is_title(c);
  });
  return none_upper && any;
}

Result<bool> str_isupper(VM&, Str* string) {
  bool any = false;
  bool none_lower = all_units(string, [&any](uint32_t c) {
    if (c < 0x80) {
      any |= is_ascii_upper(c);
      return !is_ascii_lower(c);
    }
    any |= unicode_is_upper(c);
    return !unicode_is_lower(c) && !unicode_is_title(c);
  });
  return none_lower && any;
}

Result<bool> str_istitle(VM&, Str* string) {
  bool any = false, in_word = false;
  bool regular = all_units(string, [&](uint32_t c) {
    bool lower = unicode_is_lower(c);
    bool capital = !lower && (unicode_is_upper(c) || unicode_is_title(c));
    bool fits = !(lower && !in_word) && !(capital && in_word);
    in_word = lower || capital;
    any |= in_word;
    return fits;
  });
  return regular && any;
}

}  // namespace apy
