// Reading JSON. One recursive parser per width of text; nothing is copied but the strings it finds.
#include <charconv>
#include <cstring>

#include "stdlib/json/json.h"
#include "stdlib/native_iterator.h"
#include "vm/objects/dict.h"
#include "vm/objects/str_functions.h"
#include "vm/objects/text.h"

namespace apy::json {

namespace {

/// Keys seen lately: objects of one kind share their keys, and the strings that hold them.
class KeyCache {
 public:
  template <class T>
  Result<Str*> find(VM& vm, Str* text, const T* units, size_t begin, size_t end) {
    size_t length = end - begin;
    if (length == 0 || length > 64) return str_slice(vm, text, begin, end);
    uint32_t hash = static_cast<uint32_t>(length);
    for (size_t i = begin; i < end; ++i) hash = hash * 31 + units[i];
    Value& place = places_[(hash ^ hash >> 8) % kPlaces];
    if (Str* known = place.is_empty() ? nullptr : as<Str>(place);
        known && equal(known, units + begin, length))
      return known;
    Str* key = TRY(str_slice(vm, text, begin, end));
    if (sizeof(T) == 1) place = key;
    return key;
  }

 private:
  template <class T>
  static bool equal(const Str* known, const T* units, size_t length) {
    return sizeof(T) == 1 && known->width() == 1 && known->length == length &&
           std::memcmp(known->data, units, length) == 0;
  }
  static constexpr size_t kPlaces = 128;
  Value places_[kPlaces];  // on the native stack, where the collector sees it
};

/// Raises JSONDecodeError(message, text, position).
Error raise_error(VM& vm, const char* message, Value text, size_t position) {
  Value module = TRY(vm.import_module("json.decoder"));
  Value type = TRY(get_attribute(vm, module, TRY(intern(vm, "JSONDecodeError"))));
  Value name = TRY(make_str(vm, message));
  return vm.raise_exception(
      TRY(vm.call(type, {name, text, Value::small_int(static_cast<int64_t>(position))})));
}

int hex_value(uint32_t c) {
  if (c >= '0' && c <= '9') return static_cast<int>(c - '0');
  c |= 32;
  return c >= 'a' && c <= 'f' ? static_cast<int>(c - 'a' + 10) : -1;
}

template <class T>
class Parser {
 public:
  Parser(VM& vm, Str* text, const DecoderOptions& options)
      : vm_(vm),
        text_(text),
        units_(reinterpret_cast<const T*>(text->data)),
        size_(text->length),
        options_(options) {}
  Result<Value> parse(size_t at);
  Result<Str*> parse_string(size_t begin, bool is_key);
  size_t position() const { return at_; }

 private:
  void skip_space() {
    while (at_ < size_ && is_space(units_[at_])) ++at_;
  }
  static bool is_space(uint32_t c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
  Error error(const char* message, size_t at) { return raise_error(vm_, message, text_, at); }
  /// StopIteration(at), which raw_decode() makes "Expecting value" of.
  Error no_value(size_t at) {
    return stop_iteration(vm_, Value::small_int(static_cast<int64_t>(at)));
  }
  bool has_word(const char* word, size_t length) const {
    if (size_ - at_ < length) return false;
    for (size_t i = 0; i < length; ++i)
      if (units_[at_ + i] != static_cast<T>(word[i])) return false;
    return true;
  }
  Result<Value> constant(const char* word, size_t length) {
    at_ += length;
    return vm_.call(options_.parse_constant, {TRY(make_str(vm_, std::string_view(word, length)))});
  }
  Result<Value> parse_object();
  Result<Value> parse_array();
  Result<Value> parse_number();
  Result<Str*> parse_escaped(size_t begin, size_t first_escape);
  Result<uint32_t> parse_hex(size_t at);
  Result<Value> finish_object(Value pairs, Dict* dict);

  VM& vm_;
  Str* text_;
  const T* units_;
  size_t size_;
  const DecoderOptions& options_;
  size_t at_ = 0;
  uint32_t depth_ = 0;
  KeyCache keys_;
};

template <class T>
Result<uint32_t> Parser<T>::parse_hex(size_t at) {
  uint32_t value = 0;
  if (at + 4 >= size_) return error("Invalid \\uXXXX escape", at - 1);
  for (size_t i = at; i < at + 4; ++i) {
    int digit = hex_value(units_[i]);
    if (digit < 0) return error("Invalid \\uXXXX escape", at - 1);
    value = value << 4 | static_cast<uint32_t>(digit);
  }
  return value;
}

/// The string that starts at `begin`, with the first backslash at `first_escape`.
template <class T>
Result<Str*> Parser<T>::parse_escaped(size_t begin, size_t first_escape) {
  StrBuilder out(vm_);
  size_t start = begin, at = first_escape;
  for (;;) {
    while (at < size_ && units_[at] != '"' && units_[at] != '\\') {
      if (units_[at] < 0x20 && options_.strict) return error("Invalid control character at", at);
      ++at;
    }
    if (at >= size_) return error("Unterminated string starting at", begin - 1);
    out.append(text_, start, at);
    if (units_[at] == '"') break;
    if (at + 1 >= size_) return error("Unterminated string starting at", begin - 1);
    uint32_t c = units_[at + 1];
    if (c == 'u') {
      uint32_t code = TRY(parse_hex(at + 2));
      at += 6;
      if (code >= 0xD800 && code < 0xDC00 && at + 6 < size_ && units_[at] == '\\' &&
          units_[at + 1] == 'u') {
        uint32_t low = TRY(parse_hex(at + 2));
        if (low >= 0xDC00 && low < 0xE000) {
          code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
          at += 6;
        }
      }
      out.append(code);
    } else {
      static constexpr char kFrom[] = "\"\\/bfnrt", kTo[] = "\"\\/\b\f\n\r\t";
      const char* found = c < 128 && c ? std::strchr(kFrom, static_cast<char>(c)) : nullptr;
      if (!found) return error("Invalid \\escape", at);
      out.append(static_cast<uint32_t>(kTo[found - kFrom]));
      at += 2;
    }
    start = at;
  }
  at_ = at + 1;
  return out.finish();
}

template <class T>
Result<Str*> Parser<T>::parse_string(size_t begin, bool is_key) {
  size_t at = begin;
  while (at < size_) {
    uint32_t c = units_[at];
    if (c == '"') {
      at_ = at + 1;
      return is_key ? keys_.find(vm_, text_, units_, begin, at) : str_slice(vm_, text_, begin, at);
    }
    if (c == '\\') return parse_escaped(begin, at);
    if (c < 0x20 && options_.strict) return error("Invalid control character at", at);
    ++at;
  }
  return error("Unterminated string starting at", begin - 1);
}

template <class T>
Result<Value> Parser<T>::parse_number() {
  size_t begin = at_, at = at_;
  bool negative = units_[at] == '-';
  at += negative;
  auto is_digit = [&](size_t i) { return i < size_ && units_[i] >= '0' && units_[i] <= '9'; };
  if (!is_digit(at)) return no_value(begin);
  uint64_t value = 0;
  size_t first_digit = at;
  if (units_[at] == '0') {
    ++at;
  } else {
    for (; is_digit(at); ++at) value = value * 10 + (units_[at] - '0');
  }
  bool is_float = false;
  size_t digits = at - first_digit;
  if (at < size_ && units_[at] == '.' && is_digit(at + 1)) {
    is_float = true;
    for (++at; is_digit(at); ++at) {
    }
  }
  if (at < size_ && (units_[at] | 32) == 'e') {
    size_t exponent = at + 1;
    if (exponent < size_ && (units_[exponent] == '+' || units_[exponent] == '-')) ++exponent;
    if (is_digit(exponent)) {
      is_float = true;
      for (at = exponent; is_digit(at); ++at) {
      }
    }
  }
  at_ = at;
  Value custom = is_float ? options_.parse_float : options_.parse_int;
  if (!custom.is_empty()) return vm_.call(custom, {TRY(str_slice(vm_, text_, begin, at))});
  if (!is_float && digits <= 18) {
    auto number = static_cast<int64_t>(value);
    return make_int(vm_, negative ? -number : number);
  }
  char inline_text[64];
  std::string long_text;
  char* text = inline_text;
  if (at - begin > sizeof inline_text) {
    long_text.resize(at - begin);
    text = long_text.data();
  }
  for (size_t i = begin; i < at; ++i) text[i - begin] = static_cast<char>(units_[i]);
  std::string_view view(text, at - begin);
  if (!is_float) return apy::parse_int(vm_, view, 10);
  double number;
  auto [end, status] = std::from_chars(view.data(), view.data() + view.size(), number);
  if (status == std::errc()) return make_float(vm_, number);
  return apy::parse_float(vm_, view);
}

template <class T>
Result<Value> Parser<T>::finish_object(Value pairs, Dict* dict) {
  if (!options_.object_pairs_hook.is_none()) return vm_.call(options_.object_pairs_hook, {pairs});
  if (!options_.object_hook.is_none()) return vm_.call(options_.object_hook, {dict});
  return dict;
}

template <class T>
Result<Value> Parser<T>::parse_object() {
  Nesting nesting(&depth_);
  if (depth_ > kMaxDepth || vm_.native_stack_exhausted())
    return vm_.recursion_error(" while decoding a JSON object from a unicode string");
  List* pairs = options_.object_pairs_hook.is_none() ? nullptr : TRY(make_list(vm_, size_t{0}));
  Dict* dict = pairs ? nullptr : TRY(make_dict(vm_));
  ++at_;
  skip_space();
  if (at_ < size_ && units_[at_] == '}') {
    ++at_;
    return finish_object(pairs, dict);
  }
  for (;;) {
    if (at_ >= size_ || units_[at_] != '"')
      return error("Expecting property name enclosed in double quotes", at_);
    Str* key = TRY(parse_string(at_ + 1, true));
    skip_space();
    if (at_ >= size_ || units_[at_] != ':') return error("Expecting ':' delimiter", at_);
    ++at_;
    skip_space();
    Value value = TRY(parse(at_));
    if (pairs) {
      Value pair[2] = {key, value};
      TRY(list_append(vm_, pairs, TRY(make_tuple(vm_, pair))));
    } else {
      TRY(dict_set_str(vm_, dict, key, value));
    }
    skip_space();
    if (at_ < size_ && units_[at_] == '}') break;
    if (at_ >= size_ || units_[at_] != ',') return error("Expecting ',' delimiter", at_);
    size_t comma = at_++;
    skip_space();
    if (at_ < size_ && units_[at_] == '}')
      return error("Illegal trailing comma before end of object", comma);
  }
  ++at_;
  return finish_object(pairs, dict);
}

template <class T>
Result<Value> Parser<T>::parse_array() {
  Nesting nesting(&depth_);
  if (depth_ > kMaxDepth || vm_.native_stack_exhausted())
    return vm_.recursion_error(" while decoding a JSON array from a unicode string");
  List* list = TRY(make_list(vm_, size_t{0}));
  ++at_;
  skip_space();
  if (at_ < size_ && units_[at_] == ']') {
    ++at_;
    return list;
  }
  for (;;) {
    TRY(list_append(vm_, list, TRY(parse(at_))));
    skip_space();
    if (at_ < size_ && units_[at_] == ']') break;
    if (at_ >= size_ || units_[at_] != ',') return error("Expecting ',' delimiter", at_);
    size_t comma = at_++;
    skip_space();
    if (at_ < size_ && units_[at_] == ']')
      return error("Illegal trailing comma before end of array", comma);
  }
  ++at_;
  return list;
}

template <class T>
Result<Value> Parser<T>::parse(size_t at) {
  at_ = at;
  if (at >= size_) return no_value(at);
  switch (units_[at]) {
    case '"':
      return TRY(parse_string(at + 1, false));
    case '{':
      return parse_object();
    case '[':
      return parse_array();
    case 'n':
      if (!has_word("null", 4)) break;
      at_ += 4;
      return Value::none();
    case 't':
      if (!has_word("true", 4)) break;
      at_ += 4;
      return Value::boolean(true);
    case 'f':
      if (!has_word("false", 5)) break;
      at_ += 5;
      return Value::boolean(false);
    case 'N':
      if (has_word("NaN", 3)) return constant("NaN", 3);
      break;
    case 'I':
      if (has_word("Infinity", 8)) return constant("Infinity", 8);
      break;
    case '-':
      if (has_word("-Infinity", 9)) return constant("-Infinity", 9);
      return parse_number();
    default:
      if (units_[at] >= '0' && units_[at] <= '9') return parse_number();
  }
  return no_value(at);
}

template <class F>
Result<Value> with_parser(VM& vm, Str* text, const DecoderOptions& options, F f) {
  return with_units(text, [&]<class T>(const T*) -> Result<Value> {
    Parser<T> parser(vm, text, options);
    Value value = TRY(f(parser));
    Value pair[2] = {value, Value::small_int(static_cast<int64_t>(parser.position()))};
    return make_tuple(vm, pair);
  });
}

/// A JSONDecoder's settings, ready for use.
struct Scanner : NativeObject {
  static const NativeClass kClass;
  Value object_hook, object_pairs_hook, parse_float, parse_int, parse_constant;
  bool strict;
};
const NativeClass Scanner::kClass = {"_json.Scanner", trace_values<5>, nullptr};

Result<Value> scanner_new(VM& vm, Type* cls, Value context) {
  Scanner* self = TRY(make_native<Scanner>(vm, cls));
  auto get = [&](const char* name, Value* out) -> Result<void> {
    *out = TRY(get_attribute(vm, context, TRY(intern(vm, name))));
    vm.barrier(self);
    return {};
  };
  Value strict;
  TRY(get("strict", &strict));
  self->strict = TRY(is_truthy(vm, strict));
  TRY(get("object_hook", &self->object_hook));
  TRY(get("object_pairs_hook", &self->object_pairs_hook));
  TRY(get("parse_float", &self->parse_float));
  TRY(get("parse_int", &self->parse_int));
  TRY(get("parse_constant", &self->parse_constant));
  return self;
}

Result<Value> scanner_call(VM& vm, Scanner* self, Value string, int64_t index) {
  Str* text = try_as<Str>(string);
  if (!text)
    return vm.raise(Exc::TypeError, "first argument must be a string, not {}", vm.type_of(string));
  if (index < 0) return vm.raise(Exc::ValueError, "idx cannot be negative");
  DecoderOptions options{
      .strict = self->strict,
      .object_hook = self->object_hook,
      .object_pairs_hook = self->object_pairs_hook,
      .parse_float =
          self->parse_float.is(vm.type(BuiltinType::Float)) ? Value() : self->parse_float,
      .parse_int = self->parse_int.is(vm.type(BuiltinType::Int)) ? Value() : self->parse_int,
      .parse_constant = self->parse_constant};
  return with_parser(vm, text, options,
                     [&](auto& parser) { return parser.parse(static_cast<size_t>(index)); });
}

constexpr NativeFunctionDef kMethods[] = {
    {"__new__(cls, context, /)", "A scanner with the settings of a JSONDecoder.",
     bind<scanner_new>(), NativeFunctionDef::kStatic},
    {"__call__(self, /, string, idx)", "(the value that begins at string[idx], where it ends)",
     bind<scanner_call>()},
};

}  // namespace

Result<Value> scan_string(VM& vm, Value string, int64_t end, Optional<bool> strict) {
  Str* text = try_as<Str>(string);
  if (!text)
    return vm.raise(Exc::TypeError, "first argument must be a string, not {}", vm.type_of(string));
  if (end < 0 || static_cast<uint64_t>(end) > text->length)
    return vm.raise(Exc::ValueError, "end is out of bounds");
  DecoderOptions options{.strict = strict.value_or(true)};
  return with_parser(vm, text, options, [&](auto& parser) -> Result<Value> {
    return TRY(parser.parse_string(static_cast<size_t>(end), false));
  });
}

Result<int64_t> skip_space(VM&, Str* text, int64_t index) {
  auto at = static_cast<size_t>(index < 0 ? 0 : index);
  while (at < text->length) {
    uint32_t c = text->at(at);
    if (c != ' ' && c != '\t' && c != '\n' && c != '\r') break;
    ++at;
  }
  return static_cast<int64_t>(at);
}

const NativeTypeDef kScannerType = {.name = "_json.Scanner",
                                    .doc = "JSON scanner object",
                                    .methods = kMethods,
                                    .instance_size = sizeof(Scanner),
                                    .native_class = &Scanner::kClass};

}  // namespace apy::json
