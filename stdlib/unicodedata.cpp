// The module unicodedata.
#include "vm/binding/bind.h"
#include "vm/objects/character_names.h"
#include "vm/objects/text.h"
#include "vm/objects/unicode_data.h"

namespace apy {

namespace {

Result<int64_t> character(VM& vm, Value v, const char* function, const char* position) {
  Str* text = try_as<Str>(v);
  if (!text)
    return vm.raise(Exc::TypeError, "{}() argument{} must be a unicode character, not {}", function,
                    position, vm.type_of(v));
  if (text->length != 1)
    return vm.raise(Exc::TypeError, "{}() argument{} must be a unicode character, not str",
                    function, position);
  return static_cast<int64_t>(text->at(0));
}
Result<char32_t> only(VM& vm, Value v, const char* function) {
  return static_cast<char32_t>(TRY(character(vm, v, function, "")));
}

Result<Value> lookup(VM& vm, Value name) {
  Str* text = try_as<Str>(name);
  if (!text)
    return vm.raise(Exc::TypeError, "lookup() argument must be str, not {}", vm.type_of(name));
  std::vector<char32_t> found = characters_by_name(to_utf8(text));
  if (found.empty()) {
    Value message = TRY(make_str(vm, "undefined character name '" + to_utf8(text) + "'"));
    return vm.raise_with(Exc::KeyError, {&message, 1});
  }
  StrBuilder builder(vm);
  for (char32_t c : found) builder.append(static_cast<uint32_t>(c));
  return builder.finish();
}

Result<Value> name(VM& vm, Value chr, Optional<Value> fallback) {
  auto c = static_cast<char32_t>(TRY(character(vm, chr, "name", " 1")));
  std::string found = character_name(c);
  if (!found.empty()) return make_str(vm, found);
  if (fallback.present) return fallback.value;
  return vm.raise(Exc::ValueError, "no such name");
}

Result<Value> number(VM& vm, Value chr, Optional<Value> fallback, const char* function, int kind,
                     const char* missing) {
  auto c = static_cast<char32_t>(TRY(character(vm, chr, function, " 1")));
  auto found = character_number(c);
  if (found && found->kind >= kind) {
    if (kind > 1) return make_int(vm, found->numerator);
    return make_float(
        vm, static_cast<double>(found->numerator) / static_cast<double>(found->denominator));
  }
  if (fallback.present) return fallback.value;
  return vm.raise(Exc::ValueError, missing);
}
Result<Value> decimal(VM& vm, Value chr, Optional<Value> fallback) {
  return number(vm, chr, fallback, "decimal", 3, "not a decimal");
}
Result<Value> digit(VM& vm, Value chr, Optional<Value> fallback) {
  return number(vm, chr, fallback, "digit", 2, "not a digit");
}
Result<Value> numeric(VM& vm, Value chr, Optional<Value> fallback) {
  return number(vm, chr, fallback, "numeric", 1, "not a numeric character");
}

Result<Value> category(VM& vm, Value chr) {
  return make_str(vm, unicode_category_name(TRY(only(vm, chr, "category"))));
}
Result<Value> bidirectional(VM& vm, Value chr) {
  return make_str(vm, unicode_bidirectional(TRY(only(vm, chr, "bidirectional"))));
}
Result<int64_t> combining(VM& vm, Value chr) {
  return int64_t{unicode_combining(TRY(only(vm, chr, "combining")))};
}
Result<int64_t> mirrored(VM& vm, Value chr) {
  return int64_t{unicode_mirrored(TRY(only(vm, chr, "mirrored")))};
}
Result<Value> east_asian_width(VM& vm, Value chr) {
  return make_str(vm, character_width(TRY(only(vm, chr, "east_asian_width"))));
}
Result<Value> decomposition(VM& vm, Value chr) {
  return make_str(vm, character_decomposition(TRY(only(vm, chr, "decomposition"))));
}

Result<Str*> normalized(VM& vm, Str* form, Str* text) {
  std::string name = to_utf8(form);
  if (name != "NFC" && name != "NFD" && name != "NFKC" && name != "NFKD")
    return vm.raise(Exc::ValueError, "invalid normalization form");
  if (text->is_ascii()) return text;
  return unicode_normalize(vm, text, name.back() == 'C', name.size() == 4);
}
Result<Value> normalize(VM& vm, Str* form, Str* text) { return normalized(vm, form, text); }
Result<bool> is_normalized(VM& vm, Str* form, Str* text) {
  return str_equal(TRY(normalized(vm, form, text)), text);
}

constexpr NativeFunctionDef kFunctions[] = {
    {"lookup(name, /)", "The character (or sequence) of that name.", bind<lookup>()},
    {"name(chr, default=<unrepresentable>, /)", "The name of a character.", bind<name>()},
    {"decimal(chr, default=<unrepresentable>, /)", "Its value as a decimal digit.",
     bind<decimal>()},
    {"digit(chr, default=<unrepresentable>, /)", "Its value as a digit.", bind<digit>()},
    {"numeric(chr, default=<unrepresentable>, /)", "Its numeric value.", bind<numeric>()},
    {"category(chr, /)", "Its general category.", bind<category>()},
    {"bidirectional(chr, /)", "Its bidirectional class.", bind<bidirectional>()},
    {"combining(chr, /)", "Its canonical combining class.", bind<combining>()},
    {"mirrored(chr, /)", "1 if it is mirrored in text from right to left, else 0.",
     bind<mirrored>()},
    {"east_asian_width(chr, /)", "Its East Asian width.", bind<east_asian_width>()},
    {"decomposition(chr, /)", "Its decomposition mapping, as text.", bind<decomposition>()},
    {"normalize(form, unistr, /)", "The text in NFC, NFKC, NFD or NFKD.", bind<normalize>()},
    {"is_normalized(form, unistr, /)", "Is the text in that form already?", bind<is_normalized>()},
};

Result<void> initialize(VM& vm, Module* module) {
  TRY(module_set(vm, module, "ucd_3_2_0", module));
  return module_set(vm, module, "unidata_version", TRY(make_str(vm, "15.1.0")));
}

}  // namespace

extern const NativeModuleDef kUnicodedataModule = {
    "unicodedata", "Properties of characters from the Unicode database.", kFunctions, initialize};

}  // namespace apy
