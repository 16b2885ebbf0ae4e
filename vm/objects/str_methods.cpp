// The type str: its method table. Algorithms are in text_methods.h (shared with bytes),
// str_case.cpp, str_translate.cpp, codec.cpp, str_format.cpp and percent_format.cpp.
#include "vm/binding/bind.h"
#include "vm/objects/codec.h"
#include "vm/objects/exact.h"
#include "vm/objects/format.h"
#include "vm/objects/iterators.h"
#include "vm/objects/str_functions.h"
#include "vm/objects/text_methods.h"

namespace apy {
namespace {

struct StrFamily {
  using Self = Str;
  using Operand = Str*;
  using Builder = StrBuilder;
  static constexpr bool kMutable = false;
  static constexpr const char* kNotFound = "substring not found";

  static size_t length(const Str* self) { return self->length; }
  static size_t size(const Str* operand) { return operand->length; }
  static uint32_t at(const Str* operand, size_t i) { return operand->at(i); }
  static bool is_space(uint32_t c) {
    if (c < 0x80) return c <= ' ' && (kAsciiSpaces >> c & 1);
    return is_unicode_space(c);
  }
  static bool is_line_break(uint32_t c) {
    if (c < 0x80) return c < ' ' && (kAsciiLineBreaks >> c & 1);
    return is_unicode_line_break(c);
  }

  template <class F>
  static auto units(const Str* self, F f) {
    return with_units(self, f);
  }
  template <class R, class F>
  static R pair(const Str* self, const Str* operand, R absent, F f) {
    if (operand->width() > self->width()) return absent;
    return with_units(self, [&](const auto* s) -> R {
      using T = std::remove_cvref_t<decltype(*s)>;
      UnitsOf<T> other(operand);
      return f(s, other.data());
    });
  }

  static Result<Str*> slice(VM& vm, Str* self, size_t begin, size_t end) {
    size_t length = end - begin;
    if (self->is_ascii() && length > 1 && length < self->length) {
      Str* piece = TRY(vm.allocate<Str>(BuiltinType::Str, sizeof(Str) + length, 1 | Str::kAscii));
      auto* text = reinterpret_cast<uint8_t*>(piece + 1);
      piece->length = length;
      piece->data = text;
      copy_bytes(text, self->data + begin, length);
      return piece;
    }
    return str_slice(vm, self, begin, end);
  }
  static Result<Str*> stepped_slice(VM& vm, Str* self, const SliceIndices& s) {
    auto count = static_cast<size_t>(s.count);
    return with_units(self, [&](const auto* units) -> Result<Str*> {
      using T = std::remove_cvref_t<decltype(*units)>;
      // The units taken may all be narrower than the others.
      uint32_t seen = 0;
      if (!self->is_ascii())
        for (size_t i = 0; i < count; ++i)
          seen |= units[s.start + static_cast<int64_t>(i) * s.step];
      unsigned width = width_for(seen);
      Str* result = TRY(allocate_str(vm, count, width, seen < 0x80));
      if (width == 1)
        copy_stepped(units_of<uint8_t>(result), units + s.start, count, s.step);
      else if (width == 2)
        copy_stepped(units_of<uint16_t>(result), units + s.start, count, s.step);
      else
        copy_stepped(units_of<T>(result), units + s.start, count, s.step);
      return result;
    });
  }
  static void append(StrBuilder& builder, const Str* self, size_t begin, size_t end) {
    builder.append(self, begin, end);
  }
  static Result<Str*> make(VM&, StrBuilder& builder) { return builder.finish(); }
  static Result<Str*> repeat(VM& vm, Str* self, int64_t count) {
    return str_repeat(vm, self, count);
  }

  static Result<Str*> needle(VM& vm, Value v, const char* method) {
    if (Str* string = try_as<Str>(v)) return string;
    return vm.raise(Exc::TypeError, "{}() argument 1 must be str, not {}", method, vm.type_of(v));
  }
  /// `what`: "removeprefix() argument", or null.
  static Result<Str*> operand(VM& vm, Value v, const char* what) {
    if (Str* string = try_as<Str>(v)) return string;
    return vm.raise(Exc::TypeError, "{}{}must be str, not {}", what ? what : "", what ? " " : "",
                    vm.type_of(v));
  }
  static Result<Str*> separator(VM& vm, Value v) {
    if (Str* string = try_as<Str>(v)) return string;
    return vm.raise(Exc::TypeError, "must be str or None, not {}", vm.type_of(v));
  }
  static Result<Str*> affix(VM& vm, Value v, const char* method) {
    if (Str* string = try_as<Str>(v)) return string;
    return vm.raise(Exc::TypeError, "{} first arg must be str or a tuple of str, not {}", method,
                    vm.type_of(v));
  }
  static Result<Str*> affix_in_tuple(VM& vm, Value v, const char* method) {
    if (Str* string = try_as<Str>(v)) return string;
    return vm.raise(Exc::TypeError, "tuple for {} must only contain str, not {}", method,
                    vm.type_of(v));
  }
  static Result<Str*> strip_set(VM& vm, Value v, const char* method) {
    if (Str* string = try_as<Str>(v)) return string;
    return vm.raise(Exc::TypeError, "{} arg must be None or str", method);
  }
  static Result<uint32_t> fill(VM& vm, const Optional<Value>& v, const char*) {
    if (!v.present) return uint32_t{' '};
    Str* string = try_as<Str>(v.value);
    if (!string)
      return vm.raise(Exc::TypeError, "The fill character must be a unicode character, not {}",
                      vm.type_of(v.value));
    if (string->length != 1)
      return vm.raise(Exc::TypeError, "The fill character must be exactly one character long");
    return string->at(0);
  }
  static Result<Value> item(VM& vm, Str* self, Value key) {
    if (!key.is_small_int() && !is_int(key) &&
        type_special(vm, vm.type_of(key), Special::Index).is_empty())
      return vm.raise(Exc::TypeError, "string indices must be integers, not '{}'", vm.type_of(key));
    int64_t index = TRY(index_in(vm, key, self->length, "string", "string index out of range"));
    return make_str_char(vm, self->at(static_cast<size_t>(index)));
  }
};
using Text = TextMethods<StrFamily>;

Result<Value> str_new(VM& vm, Type* cls, Optional<Value> object, Optional<Value> encoding,
                      Optional<Value> errors) {
  if (object.present && !encoding.present && !errors.present && cls == vm.type(BuiltinType::Str))
    return str_of(vm, object.value);
  const char* which = "encoding";
  for (const Optional<Value>* name : {&encoding, &errors}) {
    if (name->present && !try_as<Str>(name->value))
      return vm.raise(Exc::TypeError, "str() argument '{}' must be str, not {}", which,
                      vm.type_of(name->value));
    which = "errors";
  }
  Str* text;
  if (!object.present) {
    text = vm.names().empty;
  } else if (!encoding.present && !errors.present) {
    text = TRY(str_of(vm, object.value));
  } else {
    if (try_as<Str>(object.value)) return vm.raise(Exc::TypeError, "decoding str is not supported");
    std::string_view data;
    if (!get_bytes(object.value, &data))
      return vm.raise(Exc::TypeError, "decoding to str: need a bytes-like object, {} found",
                      vm.type_of(object.value));
    text = TRY(decode_text(vm, data, object.value,
                           encoding.present ? to_utf8(as<Str>(encoding.value)) : "utf-8",
                           errors.present ? to_utf8(as<Str>(errors.value)) : "strict"));
  }
  return str_as_class(vm, cls, text);
}

template <CompareOp kOp>
Result<Value> str_rich_compare(VM&, Str* self, Value other) {
  Str* string = try_as<Str>(other);
  if (!string) return Value::not_implemented();
  if constexpr (kOp == CompareOp::Equal) return Value::boolean(str_equal(self, string));
  if constexpr (kOp == CompareOp::NotEqual) return Value::boolean(!str_equal(self, string));
  return compare_result(kOp, str_compare(self, string));
}

Result<Value> str_add(VM& vm, Str* self, Value other) {
  if (Str* string = try_as<Str>(other)) return str_concat(vm, self, string);
  Type* type = vm.type_of(other);
  // A class may know how to add itself to a string; the builtin types do not.
  if ((type->flags & Type::kHeapType) && !type_special(vm, type, Special::ReflectedAdd).is_empty())
    return Value::not_implemented();
  return vm.raise(Exc::TypeError, "can only concatenate str (not \"{}\") to str", type);
}

Result<bool> str_contains(VM& vm, Str* self, Value item) {
  Str* needle = try_as<Str>(item);
  if (!needle)
    return vm.raise(Exc::TypeError, "'in <string>' requires string as left operand, not {}",
                    vm.type_of(item));
  return apy::str_contains(self, needle);
}

Result<Value> str_mod(VM& vm, Str* self, Value args) { return percent_format(vm, self, args); }
Result<Value> str_reflected_mod(VM& vm, Str* self, Value format) {
  Str* string = try_as<Str>(format);
  if (!string) return Value::not_implemented();
  return percent_format(vm, string, self);
}
Result<Value> str_hash_method(VM& vm, Str* self) {
  return make_int(vm, static_cast<int64_t>(str_hash(vm, self)));
}
Result<Str*> str_repr_method(VM& vm, Str* self) { return str_repr(vm, self); }
Result<Str*> str_str(VM& vm, Str* self) { return str_slice(vm, self, 0, self->length); }
Result<Value> str_iter(VM& vm, Str* self) { return make_str_iterator(vm, self); }
Result<Value> str_format_spec(VM& vm, Str* self, Str* spec) {
  return format_string(vm, self, spec);
}
Result<int64_t> str_sizeof(VM&, Str* self) {
  size_t header = self->is_ascii() ? 40 : 56;
  return static_cast<int64_t>(header + (self->length + 1) * self->width());
}
Result<Tuple*> str_getnewargs(VM& vm, Str* self) {
  Value text = TRY(str_str(vm, self));
  return make_tuple(vm, std::span<const Value>(&text, 1));
}

Result<Bytes*> str_encode(VM& vm, Str* self, Optional<Str*> encoding, Optional<Str*> errors) {
  if (!encoding.present && !errors.present) return encode_text(vm, self);
  return encode_text(vm, self, encoding.present ? to_utf8(encoding.value) : "utf-8",
                     errors.present ? to_utf8(errors.value) : "strict");
}

/// Text::replace_all when everything is ASCII and so the result's size is known.
Result<Str*> replace_ascii(VM& vm, Str* self, Str* old, Str* replacement, size_t limit) {
  size_t n = self->length, m = old->length, added = replacement->length;
  // Where the first ones are, so that most are searched for once.
  constexpr size_t kRemembered = 16;
  size_t places[kRemembered];
  size_t count = 0;
  if (m > 1) {
    for (size_t from = 0; count < limit; ++count) {
      int64_t at = find_units(self->data + from, n - from, old->data, m);
      if (at < 0) break;
      from += static_cast<size_t>(at);
      if (count < kRemembered) places[count] = from;
      from += m;
    }
  } else {
    count = count_units(self->data, n, old->data, m, limit);
  }
  if (count == 0) return str_slice(vm, self, 0, n);
  if (added > 0 && count > kMaxTextBytes / added) return vm.out_of_memory();
  size_t length = n - m * count + added * count;
  if (length == 0) return vm.names().empty;
  Str* result = TRY(allocate_str(vm, length, 1, true));
  const uint8_t *from = self->data, *end = from + n;
  uint8_t* to = units_of<uint8_t>(result);
  if (m == added && m == 1) {
    std::memcpy(to, from, n);
    for (uint8_t* last = to + n; count > 0; --count) {
      to += find_unit(to, static_cast<size_t>(last - to), *old->data);
      *to++ = *replacement->data;
    }
    return result;
  }
  for (size_t i = 0; i < count; ++i) {
    size_t skipped = i != 0;
    if (m > 1 && i < kRemembered)
      skipped = static_cast<size_t>(self->data + places[i] - from);
    else if (m == 1)
      skipped = find_near_unit(from, 0, static_cast<size_t>(end - from), *old->data);
    else if (m > 1)
      skipped =
          static_cast<size_t>(find_units(from, static_cast<size_t>(end - from), old->data, m));
    copy_bytes(to, from, skipped);
    copy_bytes(to + skipped, replacement->data, added);
    to += skipped + added;
    from += skipped + m;
  }
  copy_bytes(to, from, static_cast<size_t>(end - from));
  return result;
}

Result<Value> str_replace(VM& vm, Str* self, Value old, Value replacement,
                          Optional<int64_t> count) {
  Str* from = TRY(StrFamily::needle(vm, old, "replace"));
  Str* to = try_as<Str>(replacement);
  if (!to)
    return vm.raise(Exc::TypeError, "replace() argument 2 must be str, not {}",
                    vm.type_of(replacement));
  size_t limit = Text::limit_of(count);
  if (self->aux & from->aux & to->aux & Str::kAscii)
    return replace_ascii(vm, self, from, to, limit);
  return Text::replace_all(vm, self, from, to, limit);
}

Result<Value> str_maketrans(VM& vm, Value x, Optional<Value> y, Optional<Value> z) {
  return str_make_translation(vm, x, y.value, z.value);
}

Result<Value> str_format_method(VM& vm, const Arguments& arguments) {
  Str* self = arguments.positional_count ? try_as<Str>(arguments.values[0]) : nullptr;
  if (arguments.positional_count == 0)
    return vm.raise(Exc::TypeError, "unbound method str.format() needs an argument");
  if (!self)
    return vm.raise(Exc::TypeError,
                    "descriptor 'format' for 'str' objects doesn't apply to a '{}' object",
                    vm.type_of(arguments.values[0]));
  Value names;
  if (arguments.keyword_names) {
    Dict* dict = TRY(make_dict(vm, arguments.keyword_count()));
    for (uint32_t i = 0; i < arguments.keyword_count(); ++i)
      TRY(dict_set(vm, dict, arguments.keyword_names->values()[i], arguments.keyword_values()[i]));
    names = dict;
  }
  return str_format(vm, self, arguments.values + 1, arguments.positional_count - 1, names, true);
}
Result<Value> str_format_map(VM& vm, Str* self, Value mapping) {
  return str_format(vm, self, nullptr, 0, mapping, false);
}

constexpr uint16_t kStatic = NativeFunctionDef::kStatic;
constexpr NativeFunctionDef kMethods[] = {
    {"__new__(cls, object='', encoding='utf-8', errors='strict')",
     "Create and return a new object.", bind<str_new>(), kStatic},
    {"__repr__(self, /)", "Return repr(self).", bind<str_repr_method>()},
    {"__str__(self, /)", "Return str(self).", bind<str_str>()},
    {"__hash__(self, /)", "Return hash(self).", bind<str_hash_method>()},
    {"__len__(self, /)", "Return len(self).", bind<Text::length>()},
    {"__iter__(self, /)", "Implement iter(self).", bind<str_iter>()},
    {"__getitem__(self, key, /)", "Return self[key].", bind<Text::get_item>()},
    {"__contains__(self, key, /)", "Return bool(key in self).", bind<str_contains>()},
    {"__add__(self, value, /)", "Return self+value.", bind<str_add>()},
    {"__mul__(self, value, /)", "Return self*value.", bind<Text::multiply>()},
    {"__rmul__(self, value, /)", "Return value*self.", bind<Text::multiply>()},
    {"__mod__(self, value, /)", "Return self%value.", bind<str_mod>()},
    {"__rmod__(self, value, /)", "Return value%self.", bind<str_reflected_mod>()},
    {"__lt__(self, value, /)", "Return self<value.", bind<str_rich_compare<CompareOp::Less>>()},
    {"__le__(self, value, /)", "Return self<=value.",
     bind<str_rich_compare<CompareOp::LessEqual>>()},
    {"__eq__(self, value, /)", "Return self==value.", bind<str_rich_compare<CompareOp::Equal>>()},
    {"__ne__(self, value, /)", "Return self!=value.",
     bind<str_rich_compare<CompareOp::NotEqual>>()},
    {"__gt__(self, value, /)", "Return self>value.", bind<str_rich_compare<CompareOp::Greater>>()},
    {"__ge__(self, value, /)", "Return self>=value.",
     bind<str_rich_compare<CompareOp::GreaterEqual>>()},
    {"__format__(self, format_spec, /)",
     "Return a formatted version of the string as described by format_spec.",
     bind<str_format_spec>()},
    {"__sizeof__(self, /)", "Return the size of the string in memory, in bytes.",
     bind<str_sizeof>()},
    {"__getnewargs__(self, /)", "Return the arguments to make a copy with.",
     bind<str_getnewargs>()},

    {"find(self, sub, start=None, end=None, /)",
     "Return the lowest index in S where substring sub is found, such that sub is contained within "
     "S[start:end].",
     bind<Text::find>()},
    {"rfind(self, sub, start=None, end=None, /)",
     "Return the highest index in S where substring sub is found, such that sub is contained "
     "within S[start:end].",
     bind<Text::rfind>()},
    {"index(self, sub, start=None, end=None, /)",
     "Like find, but raise ValueError when the substring is not found.", bind<Text::index>()},
    {"rindex(self, sub, start=None, end=None, /)",
     "Like rfind, but raise ValueError when the substring is not found.", bind<Text::rindex>()},
    {"count(self, sub, start=None, end=None, /)",
     "Return the number of non-overlapping occurrences of substring sub in string S[start:end].",
     bind<Text::count>()},
    {"startswith(self, prefix, start=None, end=None, /)",
     "Return True if the string starts with the specified prefix, False otherwise.",
     bind<Text::startswith>()},
    {"endswith(self, suffix, start=None, end=None, /)",
     "Return True if the string ends with the specified suffix, False otherwise.",
     bind<Text::endswith>()},
    {"removeprefix(self, prefix, /)",
     "Return a str with the given prefix string removed if present.", bind<Text::removeprefix>()},
    {"removesuffix(self, suffix, /)",
     "Return a str with the given suffix string removed if present.", bind<Text::removesuffix>()},
    {"replace(self, old, new, /, count=-1)",
     "Return a copy with all occurrences of substring old replaced by new.", bind<str_replace>()},
    {"split(self, /, sep=None, maxsplit=-1)",
     "Return a list of the substrings in the string, using sep as the separator string.",
     bind<Text::split>()},
    {"rsplit(self, /, sep=None, maxsplit=-1)",
     "Like split, but splitting starts at the end of the string.", bind<Text::rsplit>()},
    {"splitlines(self, /, keepends=False)",
     "Return a list of the lines in the string, breaking at line boundaries.",
     bind<Text::splitlines>()},
    {"partition(self, sep, /)", "Partition the string into three parts using the given separator.",
     bind<Text::partition>()},
    {"rpartition(self, sep, /)", "Partition the string into three parts at the last separator.",
     bind<Text::rpartition>()},
    {"join(self, iterable, /)", "Concatenate any number of strings.", bind<str_join>()},
    {"strip(self, chars=None, /)",
     "Return a copy of the string with leading and trailing whitespace removed.",
     bind<Text::strip>()},
    {"lstrip(self, chars=None, /)", "Return a copy of the string with leading whitespace removed.",
     bind<Text::lstrip>()},
    {"rstrip(self, chars=None, /)", "Return a copy of the string with trailing whitespace removed.",
     bind<Text::rstrip>()},
    {"center(self, width, fillchar=' ', /)", "Return a centered string of length width.",
     bind<Text::center>()},
    {"ljust(self, width, fillchar=' ', /)", "Return a left-justified string of length width.",
     bind<Text::ljust>()},
    {"rjust(self, width, fillchar=' ', /)", "Return a right-justified string of length width.",
     bind<Text::rjust>()},
    {"zfill(self, width, /)",
     "Pad a numeric string with zeros on the left, to fill a field of the given width.",
     bind<Text::zfill>()},
    {"expandtabs(self, /, tabsize=8)",
     "Return a copy where all tab characters are expanded using spaces.", bind<Text::expandtabs>()},

    {"encode(self, /, encoding='utf-8', errors='strict')",
     "Encode the string using the codec registered for encoding.", bind<str_encode>()},
    {"format(self, /, *args, **kwargs)",
     "Return a formatted version of the string, using substitutions from args and kwargs.",
     bind<str_format_method>()},
    {"format_map(self, mapping, /)",
     "Return a formatted version of the string, using substitutions from mapping.",
     bind<str_format_map>()},
    {"translate(self, table, /)",
     "Replace each character in the string using the given translation table.",
     bind<str_translate>()},
    {"maketrans(x, y=None, z=None, /)", "Return a translation table usable for str.translate().",
     bind<str_maketrans>(), kStatic},

    {"lower(self, /)", "Return a copy of the string converted to lowercase.", bind<str_lower>()},
    {"upper(self, /)", "Return a copy of the string converted to uppercase.", bind<str_upper>()},
    {"title(self, /)", "Return a version of the string where each word is titlecased.",
     bind<str_title>()},
    {"swapcase(self, /)",
     "Convert uppercase characters to lowercase and lowercase characters to uppercase.",
     bind<str_swapcase>()},
    {"capitalize(self, /)", "Return a capitalized version of the string.", bind<str_capitalize>()},
    {"casefold(self, /)", "Return a version of the string suitable for caseless comparisons.",
     bind<str_casefold>()},
    {"isalpha(self, /)", "Return True if the string is an alphabetic string, False otherwise.",
     bind<str_isalpha>()},
    {"isalnum(self, /)", "Return True if the string is an alpha-numeric string, False otherwise.",
     bind<str_isalnum>()},
    {"isdecimal(self, /)", "Return True if the string is a decimal string, False otherwise.",
     bind<str_isdecimal>()},
    {"isdigit(self, /)", "Return True if the string is a digit string, False otherwise.",
     bind<str_isdigit>()},
    {"isnumeric(self, /)", "Return True if the string is a numeric string, False otherwise.",
     bind<str_isnumeric>()},
    {"isspace(self, /)", "Return True if the string is a whitespace string, False otherwise.",
     bind<str_isspace>()},
    {"isascii(self, /)", "Return True if all characters in the string are ASCII, False otherwise.",
     bind<str_isascii>()},
    {"isprintable(self, /)", "Return True if the string is printable, False otherwise.",
     bind<str_isprintable>()},
    {"isidentifier(self, /)",
     "Return True if the string is a valid Python identifier, False otherwise.",
     bind<str_isidentifier>()},
    {"islower(self, /)", "Return True if the string is a lowercase string, False otherwise.",
     bind<str_islower>()},
    {"isupper(self, /)", "Return True if the string is an uppercase string, False otherwise.",
     bind<str_isupper>()},
    {"istitle(self, /)", "Return True if the string is a title-cased string, False otherwise.",
     bind<str_istitle>()},
};

}  // namespace

extern const NativeTypeDef kStrType = {
    .name = "str",
    .doc =
        "str(object='') -> str\n"
        "str(bytes_or_buffer[, encoding[, errors]]) -> str\n\n"
        "Create a new string object from the given object. If encoding or errors is given, the "
        "object must expose\n"
        "bytes, which are decoded; else the result is that of object.__str__().",
    .methods = kMethods,
    .flags = Type::kCanSubclass,
};

int64_t str_find(const Str* haystack, const Str* needle, size_t begin, size_t end) {
  return Text::search(const_cast<Str*>(haystack), const_cast<Str*>(needle),
                      {begin, end, begin <= end}, false);
}

bool str_contains(const Str* haystack, const Str* needle) {
  // One character is found by one scan.
  if (needle->length == 1 && (needle->aux & haystack->aux & 1)) {
    return haystack->length && std::memchr(haystack->data, *needle->data, haystack->length);
  }
  if (needle->aux & haystack->aux & 1)
    return find_units(haystack->data, haystack->length, needle->data, needle->length) >= 0;
  return str_find(haystack, needle, 0, haystack->length) >= 0;
}
Result<Value> str_get_item(VM& vm, Str* string, Value key) {
  return Text::get_item(vm, string, key);
}

Result<Value> str_as_class(VM& vm, Type* cls, Str* string) {
  if (cls == vm.type(BuiltinType::Str)) return string;
  Cell* cell = TRY(allocate_instance(vm, cls));
  Str* instance = static_cast<Str*>(cell);
  Str* text = TRY(str_slice(vm, string, 0, string->length));
  instance->aux =
      static_cast<uint16_t>((text->aux & (Str::kWidthMask | Str::kAscii)) | Str::kShared);
  instance->length = text->length;
  instance->data = text->data;
  instance->storage() = text;
  vm.barrier(instance);
  return instance;
}

}  // namespace apy
