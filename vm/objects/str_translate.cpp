// str.join, str.translate and str.maketrans.
#include "vm/objects/protocol.h"
#include "vm/objects/str_functions.h"
#include "vm/objects/text_methods.h"

namespace apy {
namespace {

/// A list or tuple as it is, anything else as a new list.
Result<Value> as_sequence(VM& vm, Value iterable) {
  if (is_kind(iterable, CellKind::List) || is_kind(iterable, CellKind::Tuple)) return iterable;
  auto iterator = get_iterator(vm, iterable);
  if (iterator.is_error()) {
    if (!vm.catch_pending(Exc::TypeError)) return Error{};
    return vm.raise(Exc::TypeError, "can only join an iterable");
  }
  return list_from(vm, iterator.value());
}

/// What `table` says about `c`: *replacement a string (perhaps empty), or null to keep the
/// character.
Result<void> translate_one(VM& vm, Value table, uint32_t c, Str** replacement) {
  Value mapped;
  if (is_exact(table, BuiltinType::Dict)) {
    *replacement = nullptr;
    if (!TRY(dict_get(vm, as<Dict>(table), Value::small_int(c), &mapped))) return {};
  } else {
    auto found = get_item(vm, table, Value::small_int(c));
    if (found.is_error()) {
      if (!vm.catch_pending(Exc::LookupError)) return Error{};
      *replacement = nullptr;
      return {};
    }
    mapped = found.value();
  }
  if (Str* text = try_as<Str>(mapped)) {
    *replacement = text;
  } else if (mapped.is_none()) {
    *replacement = vm.names().empty;
  } else if (is_int(mapped)) {
    int64_t code;
    if (!fits_int64(mapped, &code) || code < 0 || code > 0x10FFFF)
      return vm.raise(Exc::ValueError, "character mapping must be in range(0x110000)");
    *replacement = TRY(make_str_char(vm, static_cast<uint32_t>(code)));
  } else {
    return vm.raise(Exc::TypeError, "character mapping must return integer, None or str");
  }
  return {};
}

Result<Value> translation_from_dict(VM& vm, Value x) {
  Dict* source = try_as<Dict>(x);
  if (!source)
    return vm.raise(Exc::TypeError, "if you give only one argument to maketrans it must be a dict");
  Dict* table = TRY(make_dict(vm, source->length));
  for (DictCursor cursor(source); cursor.next();) {
    Value key = cursor.key();
    if (Str* text = try_as<Str>(key)) {
      if (text->length != 1)
        return vm.raise(Exc::ValueError, "string keys in translate table must be of length 1");
      key = Value::small_int(text->at(0));
    } else if (!is_int(key)) {
      return vm.raise(Exc::TypeError, "keys in translate table must be strings or integers");
    }
    TRY(dict_set(vm, table, key, cursor.value()));
  }
  return table;
}

}  // namespace

Result<Str*> str_join(VM& vm, Str* separator, Value iterable) {
  Value sequence = TRY(as_sequence(vm, iterable));
  List* list = try_as<List>(sequence);
  std::span<const Value> items = list ? list->span() : as<Tuple>(sequence)->span();
  size_t length = 0;
  unsigned flags = Str::kAscii, width = 1;
  for (size_t i = 0; i < items.size(); ++i) {
    Str* item = try_as<Str>(items[i]);
    if (!item)
      return vm.raise(Exc::TypeError, "sequence item {}: expected str instance, {} found", i,
                      vm.type_of(items[i]));
    length += item->length;
    flags &= item->aux;
    width = std::max(width, item->width());
    if (length > kMaxTextBytes) return vm.out_of_memory();
  }
  if (items.empty()) return vm.names().empty;
  if (items.size() == 1 && is_exact(items[0], BuiltinType::Str)) return as<Str>(items[0]);
  if (items.size() > 1 && separator->length) {
    if (separator->length > kMaxTextBytes / items.size()) return vm.out_of_memory();
    length += separator->length * (items.size() - 1);
    flags &= separator->aux;
    width = std::max(width, separator->width());
  }
  if (length == 0) return vm.names().empty;
  Str* result = TRY(allocate_str(vm, length, width, flags & Str::kAscii));
  uint8_t* to = units_of<uint8_t>(result);
  if (width == 1) {
    for (size_t i = 0; i < items.size(); ++i) {
      if (i && separator->length == 1) {
        *to++ = *separator->data;
      } else if (i) {
        copy_bytes(to, separator->data, separator->length);
        to += separator->length;
      }
      const Str* item = as<Str>(items[i]);
      copy_bytes(to, item->data, item->length);
      to += item->length;
    }
    return result;
  }
  for (size_t i = 0; i < items.size(); ++i) {
    if (i && separator->length) {
      copy_units(to, width, separator, 0, separator->length);
      to += separator->length * width;
    }
    Str* item = as<Str>(items[i]);
    copy_units(to, width, item, 0, item->length);
    to += item->length * width;
  }
  return result;
}

namespace {

/// What a table says about the ASCII characters, asked once for each.
class TranslationCache {
 public:
  static constexpr uint8_t kUnknown = 0xFF, kOther = 0xFE, kRemoved = 0xFD;
  TranslationCache() { std::memset(known_, kUnknown, sizeof known_); }
  uint8_t operator[](uint32_t c) const { return c < 128 ? known_[c] : kOther; }
  void learn(uint32_t c, const Str* replacement) {
    if (c >= 128) return;
    known_[c] = !replacement                                          ? static_cast<uint8_t>(c)
                : replacement->length == 0                            ? kRemoved
                : replacement->length == 1 && replacement->is_ascii() ? *replacement->data
                                                                      : kOther;
  }

 private:
  uint8_t known_[128];
};

}  // namespace

namespace {

/// Translates ASCII text to as many ASCII characters, written to `out`, as far as that goes: up to
/// the first character that has none or several, or another kind of replacement.
Result<size_t> translate_ascii(VM& vm, const Str* string, Value table, TranslationCache& cache,
                               uint8_t* out) {
  const uint8_t* in = string->data;
  for (size_t i = 0; i < string->length; ++i) {
    uint8_t known = cache[in[i]];
    if (known == TranslationCache::kUnknown) {
      Str* replacement;
      TRY(translate_one(vm, table, in[i], &replacement));
      cache.learn(in[i], replacement);
      known = cache[in[i]];
    }
    if (known >= 128) return i;
    out[i] = known;
  }
  return string->length;
}

}  // namespace

Result<Str*> str_translate(VM& vm, Str* string, Value table) {
  TranslationCache cache;
  size_t done = 0;
  Str* same_length = nullptr;
  bool plain = is_exact(table, BuiltinType::Dict);  // other tables may have effects
  if (plain && string->is_ascii() && string->length > 0) {
    same_length = TRY(allocate_str(vm, string->length, 1, true));
    done = TRY(translate_ascii(vm, string, table, cache, units_of<uint8_t>(same_length)));
    if (done == string->length) return same_length;
  }
  StrBuilder out(vm);
  out.expect(string->length);
  if (same_length) out.append(same_length, 0, done);
  for (size_t i = done; i < string->length; ++i) {
    uint32_t c = string->at(i);
    uint8_t known = cache[c];
    if (known < 128) {
      out.append(known);
      continue;
    }
    if (known == TranslationCache::kRemoved) continue;
    Str* replacement;
    TRY(translate_one(vm, table, c, &replacement));
    if (plain) cache.learn(c, replacement);
    if (replacement)
      out.append(replacement);
    else
      out.append(c);
  }
  return out.finish();
}

Result<Value> str_make_translation(VM& vm, Value x, Value y, Value z) {
  if (y.is_empty()) return translation_from_dict(vm, x);
  if (!is_kind(y, CellKind::Str))
    return vm.raise(Exc::TypeError, "maketrans() argument 2 must be str, not {}", vm.type_of(y));
  Str* from = try_as<Str>(x);
  if (!from)
    return vm.raise(Exc::TypeError,
                    "first maketrans argument must be a string if there is a second argument");
  Str* to = try_as<Str>(y);
  if (!to)
    return vm.raise(Exc::TypeError, "maketrans() argument 2 must be str, not {}", vm.type_of(y));
  Str* remove = z.is_empty() ? vm.names().empty : try_as<Str>(z);
  if (!remove)
    return vm.raise(Exc::TypeError, "maketrans() argument 3 must be str, not {}", vm.type_of(z));
  if (from->length != to->length)
    return vm.raise(Exc::ValueError, "the first two maketrans arguments must have equal length");
  Dict* table = TRY(make_dict(vm, from->length));
  for (size_t i = 0; i < from->length; ++i)
    TRY(dict_set(vm, table, Value::small_int(from->at(i)), Value::small_int(to->at(i))));
  for (size_t i = 0; i < remove->length; ++i)
    TRY(dict_set(vm, table, Value::small_int(remove->at(i)), Value::none()));
  return table;
}

}  // namespace apy
