// Writing JSON: a walk over the value into one string.
#include <algorithm>
#include <charconv>
#include <cmath>

#include "stdlib/json/json.h"
#include "vm/objects/containers.h"
#include "vm/objects/dict.h"
#include "vm/objects/text.h"

namespace apy::json {

namespace {

class Encoder {
 public:
  explicit Encoder(VM& vm) : vm_(vm), out_(vm) {}
  Value default_function;
  Str* indent = nullptr;  // null: all in one line
  Str* key_separator = nullptr;
  Str* item_separator = nullptr;
  bool ensure_ascii = true, check_circular = true, allow_nan = true, sort_keys = false,
       skip_keys = false;

  Result<void> write(Value value, int64_t level);
  void write_quoted(const Str* text);
  Result<Str*> finish() { return out_.finish(); }

 private:
  template <class T>
  void write_units(const Str* text, const T* units);
  void write_escape(uint32_t c);
  void write_code(uint32_t unit);
  Result<void> write_number(Value value);
  Result<std::string> number_text(Value value);
  Result<void> write_list(Value list, int64_t level);
  Result<void> write_dict(Value dict, int64_t level);
  /// False: the key is to be left out.
  Result<bool> write_key(Value key);
  Result<void> write_item(Value key, Value value, int64_t level, bool* first);
  Result<void> write_default(Value value, int64_t level);
  void new_line(int64_t level) {
    if (!indent) return;
    out_.append("\n");
    for (int64_t i = 0; i < level; ++i) out_.append(indent);
  }
  Result<void> enter(Value container) {
    if (!check_circular) return {};
    if (std::find(open_.begin(), open_.end(), container.bits()) != open_.end())
      return vm_.raise(Exc::ValueError, "Circular reference detected");
    open_.push_back(container.bits());
    return {};
  }
  void leave() {
    if (check_circular) open_.pop_back();
  }

  VM& vm_;
  uint32_t depth_ = 0;
  StrBuilder out_;
  std::vector<uint64_t> open_;  // what is being written; alive by the native stack
};

void Encoder::write_code(uint32_t unit) {
  const char* digits = "0123456789abcdef";
  const char text[6] = {'\\',
                        'u',
                        digits[unit >> 12 & 15],
                        digits[unit >> 8 & 15],
                        digits[unit >> 4 & 15],
                        digits[unit & 15]};
  out_.append(std::string_view(text, 6));
}

void Encoder::write_escape(uint32_t c) {
  switch (c) {
    case '"':
      out_.append("\\\"");
      break;
    case '\\':
      out_.append("\\\\");
      break;
    case '\n':
      out_.append("\\n");
      break;
    case '\r':
      out_.append("\\r");
      break;
    case '\t':
      out_.append("\\t");
      break;
    case '\b':
      out_.append("\\b");
      break;
    case '\f':
      out_.append("\\f");
      break;
    default:
      if (c >= 0x10000) {
        write_code(0xD800 + ((c - 0x10000) >> 10));
        write_code(0xDC00 + ((c - 0x10000) & 0x3FF));
      } else {
        write_code(c);
      }
  }
}

template <class T>
void Encoder::write_units(const Str* text, const T* units) {
  size_t start = 0;
  for (size_t i = 0; i < text->length; ++i) {
    uint32_t c = units[i];
    if (c >= 0x20 && c != '"' && c != '\\' && (c < 0x7F || !ensure_ascii)) continue;
    out_.append(text, start, i);
    write_escape(c);
    start = i + 1;
  }
  out_.append(text, start, text->length);
}

void Encoder::write_quoted(const Str* text) {
  out_.append("\"");
  with_units(text, [&](auto* units) { write_units(text, units); });
  out_.append("\"");
}

/// Ints and floats, of subclasses too, as the builtin types write them.
Result<std::string> Encoder::number_text(Value value) {
  if (!is_float(value)) return int_to_string(vm_, value);
  double number = as_float(value);
  if (std::isfinite(number)) return float_repr(number);
  if (!allow_nan)
    return vm_.raise(Exc::ValueError, "Out of range float values are not JSON compliant: {}",
                     TRY(repr_of(vm_, value)));
  return std::string(std::isnan(number) ? "NaN" : number > 0 ? "Infinity" : "-Infinity");
}

Result<void> Encoder::write_number(Value value) {
  if (value.is_small_int()) {
    char buffer[24];
    auto result = std::to_chars(buffer, buffer + sizeof buffer, value.as_small_int());
    out_.append(std::string_view(buffer, static_cast<size_t>(result.ptr - buffer)));
    return {};
  }
  out_.append(TRY(number_text(value)));
  return {};
}

Result<void> Encoder::write_list(Value list, int64_t level) {
  Nesting nesting(&depth_);
  if (depth_ > kMaxDepth || vm_.native_stack_exhausted())
    return vm_.recursion_error(" while encoding a JSON object");
  auto items = [&] {
    List* as_list = try_as<List>(list);
    return as_list ? as_list->span() : as<Tuple>(list)->span();
  };
  if (items().empty()) {
    out_.append("[]");
    return {};
  }
  TRY(enter(list));
  out_.append("[");
  for (size_t i = 0; i < items().size(); ++i) {  // default() may change the list
    if (i) out_.append(item_separator);
    new_line(level + 1);
    TRY(write(items()[i], level + 1));
  }
  new_line(level);
  out_.append("]");
  leave();
  return {};
}

Result<bool> Encoder::write_key(Value key) {
  if (Str* text = try_as<Str>(key)) {
    write_quoted(text);
    return true;
  }
  if (key.is_bool() || key.is_none()) {
    out_.append(key.is_none() ? "\"null\"" : key.is_true() ? "\"true\"" : "\"false\"");
    return true;
  }
  if (is_int(key) || is_float(key)) {
    std::string text = TRY(number_text(key));
    out_.append("\"");
    out_.append(text);
    out_.append("\"");
    return true;
  }
  if (skip_keys) return false;
  return vm_.raise(Exc::TypeError, "keys must be str, int, float, bool or None, not {}",
                   vm_.type_of(key));
}

Result<void> Encoder::write_item(Value key, Value value, int64_t level, bool* first) {
  bool skipped =
      skip_keys && !is_kind(key, CellKind::Str) && !is_int(key) && !is_float(key) && !key.is_none();
  if (skipped) return {};
  if (!*first) out_.append(item_separator);
  *first = false;
  new_line(level + 1);
  TRY(write_key(key));
  out_.append(key_separator);
  return write(value, level + 1);
}

Result<void> Encoder::write_dict(Value value, int64_t level) {
  Nesting nesting(&depth_);
  if (depth_ > kMaxDepth || vm_.native_stack_exhausted())
    return vm_.recursion_error(" while encoding a JSON object");
  Dict* dict = as<Dict>(value);
  bool exact = is_exact(value, BuiltinType::Dict);
  if (exact ? dict->length == 0 : TRY(length_of(vm_, value)) == 0) {
    out_.append("{}");
    return {};
  }
  TRY(enter(value));
  out_.append("{");
  bool first = true;
  if (exact && !sort_keys) {
    for (DictCursor cursor(dict); cursor.next();)
      TRY(write_item(cursor.key(), cursor.value(), level, &first));
  } else {
    List* items = TRY(list_from(vm_, TRY(vm_.call_method(value, vm_.names().items, {}))));
    if (sort_keys) TRY(list_sort(vm_, items, Value::none(), false));
    for (size_t i = 0; i < items->length; ++i) {
      Tuple* pair = try_as<Tuple>(items->values()[i]);
      if (!pair || pair->length != 2)
        return vm_.raise(Exc::ValueError, "items must return 2-tuples");
      TRY(write_item(pair->values()[0], pair->values()[1], level, &first));
    }
  }
  if (!first) new_line(level);
  out_.append("}");
  leave();
  return {};
}

Result<void> Encoder::write_default(Value value, int64_t level) {
  Nesting nesting(&depth_);
  if (depth_ > kMaxDepth || vm_.native_stack_exhausted())
    return vm_.recursion_error(" while encoding a JSON object");
  TRY(enter(value));
  Value replacement = TRY(vm_.call(default_function, {value}));
  TRY(write(replacement, level));
  leave();
  return {};
}

Result<void> Encoder::write(Value value, int64_t level) {
  if (Str* text = try_as<Str>(value)) {
    write_quoted(text);
    return {};
  }
  if (value.is_none() || value.is_bool()) {
    out_.append(value.is_none() ? "null" : value.is_true() ? "true" : "false");
    return {};
  }
  if (is_int(value) || is_float(value)) return write_number(value);
  if (is_kind(value, CellKind::List) || is_kind(value, CellKind::Tuple))
    return write_list(value, level);
  if (is_kind(value, CellKind::Dict)) return write_dict(value, level);
  return write_default(value, level);
}

Result<Value> quote_text(VM& vm, Value text, bool ascii) {
  Str* string = try_as<Str>(text);
  if (!string)
    return vm.raise(Exc::TypeError, "first argument must be a string, not {}", vm.type_of(text));
  Encoder encoder(vm);
  encoder.ensure_ascii = ascii;
  encoder.write_quoted(string);
  return encoder.finish();
}

}  // namespace

Result<Value> quote(VM& vm, Value text) { return quote_text(vm, text, false); }
Result<Value> quote_ascii(VM& vm, Value text) { return quote_text(vm, text, true); }

Result<Value> encode(VM& vm, const Arguments& arguments) {
  std::span<const Value> a = arguments.positional();
  if (a.size() != 10)
    return vm.raise(Exc::TypeError, "encode expected 10 arguments, got {}", a.size());
  Encoder encoder(vm);
  encoder.default_function = a[1];
  encoder.indent = try_as<Str>(a[2]);
  encoder.key_separator = try_as<Str>(a[3]);
  encoder.item_separator = try_as<Str>(a[4]);
  if (!encoder.key_separator || !encoder.item_separator)
    return vm.raise(Exc::TypeError, "make_encoder() argument {} must be str, not {}",
                    encoder.key_separator ? 6 : 5, vm.type_of(encoder.key_separator ? a[4] : a[3]));
  encoder.ensure_ascii = TRY(is_truthy(vm, a[5]));
  encoder.check_circular = TRY(is_truthy(vm, a[6]));
  encoder.allow_nan = TRY(is_truthy(vm, a[7]));
  encoder.sort_keys = TRY(is_truthy(vm, a[8]));
  encoder.skip_keys = TRY(is_truthy(vm, a[9]));
  TRY(encoder.write(a[0], 0));
  return encoder.finish();
}

}  // namespace apy::json
