// The parts of bytes and bytearray that need not know which of the two they serve.
#include "vm/objects/bytes_family.h"
#include "vm/objects/memoryview.h"
#include "vm/objects/special_call.h"

namespace apy {

Result<uint32_t> byte_value(VM& vm, Value v, const char* out_of_range) {
  int64_t value = -1;
  if (v.is_small_int()) {
    value = v.as_small_int();
  } else {
    Value integer = TRY(to_index(vm, v));
    if (!fits_int64(integer, &value)) value = -1;
  }
  if (value < 0 || value > 255) return vm.raise(Exc::ValueError, out_of_range);
  return static_cast<uint32_t>(value);
}

Result<std::string_view> bytes_like(VM& vm, Value v) {
  std::string_view data;
  if (get_bytes(v, &data)) return data;
  return vm.raise(Exc::TypeError, "a bytes-like object is required, not '{}'", vm.type_of(v));
}

int compare_bytes(std::string_view a, std::string_view b) {
  int order = a.compare(b);
  return order < 0 ? -1 : order > 0;
}

namespace {

Result<void> append_items(VM& vm, ByteBuilder& out, Value source, bool bytes) {
  const char* message = bytes ? "bytes must be in range(0, 256)" : "byte must be in range(0, 256)";
  return for_each(vm, source, [&](Value item) -> Result<bool> {
    out.append(TRY(byte_value(vm, item, message)));
    return true;
  });
}

}  // namespace

Result<void> append_bytes_from(VM& vm, ByteBuilder& out, Value source, bool bytes) {
  if (bytes) {
    bool found = false;
    Str* name = vm.names().bytes_;
    Value method = type_lookup(vm, vm.type_of(source), name);
    if (!method.is_empty() && !is_exact(source, BuiltinType::Bytes)) found = true;
    if (found) {
      Value result = TRY(call_special_method(vm, method, source, {}));
      Bytes* made = try_as<Bytes>(result);
      if (!made)
        return vm.raise(Exc::TypeError, "__bytes__ returned non-bytes (type {})",
                        vm.type_of(result));
      out.append(made->view());
      return {};
    }
  }
  std::string_view data;
  if (get_bytes(source, &data)) {
    out.append(data);
    return {};
  }
  if (MemoryView* view = try_native<MemoryView>(source); view && !view->is_released()) {
    out.append(TRY(memoryview_bytes(vm, view))->view());
    return {};
  }
  if (!type_lookup(vm, vm.type_of(source), TRY(intern(vm, "__buffer__"))).is_empty()) {
    Value memoryview =
        TRY(get_attribute(vm, TRY(vm.import_module("builtins")), TRY(intern(vm, "memoryview"))));
    Value view = TRY(vm.call(memoryview, {source}));
    if (MemoryView* shown = try_native<MemoryView>(view))
      out.append(TRY(memoryview_bytes(vm, shown))->view());
    return {};
  }
  if (is_int(source) || !type_special(vm, vm.type_of(source), Special::Index).is_empty()) {
    auto index = to_index(vm, source);
    if (index.is_ok()) {
      int64_t count;
      if (!fits_int64(index.value(), &count))
        return vm.raise(Exc::OverflowError, "cannot fit '{}' into an index-sized integer",
                        vm.type_of(source));
      if (count < 0) return vm.raise(Exc::ValueError, "negative count");
      out.append_repeated(0, static_cast<size_t>(count));
      return {};
    }
    if (!vm.catch_pending(Exc::TypeError)) return Error{};
  }
  Type* type = vm.type_of(source);
  if (type_special(vm, type, Special::Iter).is_empty() &&
      type_special(vm, type, Special::GetItem).is_empty())
    return vm.raise(Exc::TypeError, "cannot convert '{}' object to {}", type,
                    bytes ? "bytes" : "bytearray");
  return append_items(vm, out, source, bytes);
}

Result<Bytes*> encode_source(VM& vm, const Optional<Value>& source, const Optional<Value>& encoding,
                             const Optional<Value>& errors, const char* function) {
  const char* which = "encoding";
  for (const Optional<Value>* name : {&encoding, &errors}) {
    if (name->present && !try_as<Str>(name->value))
      return vm.raise(Exc::TypeError, "{}() argument '{}' must be str, not {}", function, which,
                      vm.type_of(name->value));
    which = "errors";
  }
  Str* text = source.present ? try_as<Str>(source.value) : nullptr;
  if (!text)
    return vm.raise(Exc::TypeError, encoding.present ? "encoding without a string argument"
                                                     : "errors without a string argument");
  if (!encoding.present) return vm.raise(Exc::TypeError, "string argument without an encoding");
  return encode_text(vm, text, to_utf8(as<Str>(encoding.value)),
                     errors.present ? to_utf8(as<Str>(errors.value)) : "strict");
}

Result<void> append_from_hex(VM& vm, ByteBuilder& out, Value argument) {
  Str* text = try_as<Str>(argument);
  if (!text)
    return vm.raise(Exc::TypeError, "fromhex() argument must be str, not {}", vm.type_of(argument));
  auto digit = [text](size_t i) -> int {
    uint32_t c = i < text->length ? text->at(i) : 0;
    if (c - '0' < 10) return static_cast<int>(c - '0');
    uint32_t letter = (c | 0x20) - 'a';
    return c < 0x80 && letter < 6 ? static_cast<int>(letter + 10) : -1;
  };
  // A character beyond ASCII is named before anything else is looked at.
  for (size_t i = 0; i < text->length; ++i)
    if (text->at(i) >= 0x80)
      return vm.raise(Exc::ValueError,
                      "non-hexadecimal number found in fromhex() arg at position {}", i);
  for (size_t i = 0; i < text->length;) {
    if (is_ascii_space(text->at(i))) {
      ++i;
      continue;
    }
    int high = digit(i), low = high < 0 ? -1 : digit(i + 1);
    if (low < 0)
      return vm.raise(Exc::ValueError,
                      "non-hexadecimal number found in fromhex() arg at position {}",
                      high < 0 ? i : i + 1);
    out.append(static_cast<uint32_t>(high * 16 + low));
    i += 2;
  }
  return {};
}

Result<Str*> bytes_hex(VM& vm, std::string_view data, const Optional<Value>& separator,
                       int64_t group) {
  uint32_t mark = 0;
  if (separator.present) {
    std::string_view bytes;
    Str* text = try_as<Str>(separator.value);
    bool is_bytes = !text && get_bytes(separator.value, &bytes);
    int64_t length = text       ? static_cast<int64_t>(text->length)
                     : is_bytes ? static_cast<int64_t>(bytes.size())
                                : TRY(length_of(vm, separator.value));
    if (length != 1) return vm.raise(Exc::ValueError, "sep must be length 1.");
    if (!text && !is_bytes) return vm.raise(Exc::TypeError, "sep must be str or bytes.");
    mark = text ? text->at(0) : static_cast<uint8_t>(bytes[0]);
    if (mark >= 0x80) return vm.raise(Exc::ValueError, "sep must be ASCII.");
  }
  if (group > INT32_MAX || group < INT32_MIN)
    return vm.raise(Exc::OverflowError, "Python int too large to convert to C int");
  constexpr char kDigits[] = "0123456789abcdef";
  size_t every = static_cast<size_t>(group < 0 ? -group : group);
  StrBuilder out(vm);
  out.expect(data.size() * 2);
  for (size_t i = 0; i < data.size(); ++i) {
    size_t before = group < 0 ? i : data.size() - i;
    if (separator.present && every && i && before % every == 0) out.append(mark);
    auto byte = static_cast<uint8_t>(data[i]);
    out.append(static_cast<uint32_t>(kDigits[byte >> 4]));
    out.append(static_cast<uint32_t>(kDigits[byte & 15]));
  }
  return out.finish();
}

Result<void> append_joined(VM& vm, ByteBuilder& out, std::string_view separator, Value iterable) {
  Value sequence = iterable;
  if (!is_kind(iterable, CellKind::List) && !is_kind(iterable, CellKind::Tuple)) {
    auto iterator = get_iterator(vm, iterable);
    if (iterator.is_error()) {
      if (!vm.catch_pending(Exc::TypeError)) return Error{};
      return vm.raise(Exc::TypeError, "can only join an iterable");
    }
    sequence = TRY(list_from(vm, iterator.value()));
  }
  List* list = try_as<List>(sequence);
  std::span<const Value> items = list ? list->span() : as<Tuple>(sequence)->span();
  for (size_t i = 0; i < items.size(); ++i) {
    std::string_view data;
    if (!get_bytes(items[i], &data))
      return vm.raise(Exc::TypeError, "sequence item {}: expected a bytes-like object, {} found", i,
                      vm.type_of(items[i]));
    if (i) out.append(separator);
    out.append(data);
  }
  return {};
}

Result<void> append_translated(VM& vm, ByteBuilder& out, std::string_view data, Value table,
                               Value remove) {
  std::string_view map;
  if (!table.is_none()) {
    map = TRY(bytes_like(vm, table));
    if (map.size() != 256)
      return vm.raise(Exc::ValueError, "translation table must be 256 characters long");
  }
  bool dropped[256] = {};
  if (!remove.is_empty())
    for (char byte : TRY(bytes_like(vm, remove))) dropped[static_cast<uint8_t>(byte)] = true;
  out.expect(data.size());
  for (char c : data) {
    auto byte = static_cast<uint8_t>(c);
    if (!dropped[byte]) out.append(map.empty() ? byte : static_cast<uint8_t>(map[byte]));
  }
  return {};
}

Result<Value> bytes_maketrans(VM& vm, Value from_argument, Value to_argument) {
  std::string_view from = TRY(bytes_like(vm, from_argument));
  std::string_view to = TRY(bytes_like(vm, to_argument));
  if (from.size() != to.size())
    return vm.raise(Exc::ValueError, "maketrans arguments must have same length");
  Bytes* table = TRY(make_bytes(vm, size_t{256}));
  for (unsigned i = 0; i < 256; ++i) table->data()[i] = static_cast<uint8_t>(i);
  for (size_t i = 0; i < from.size(); ++i)
    table->data()[static_cast<uint8_t>(from[i])] = static_cast<uint8_t>(to[i]);
  return table;
}

namespace {
constexpr bool is_upper_byte(uint32_t c) { return c - 'A' < 26; }
constexpr bool is_lower_byte(uint32_t c) { return c - 'a' < 26; }
constexpr bool is_alpha_byte(uint32_t c) { return (c | 0x20) - 'a' < 26; }
constexpr uint32_t lower_byte(uint32_t c) { return is_upper_byte(c) ? c + 32 : c; }
constexpr uint32_t upper_byte(uint32_t c) { return is_lower_byte(c) ? c - 32 : c; }
}  // namespace

void append_case(ByteBuilder& out, std::string_view data, ByteCase mapping) {
  bool in_word = false;
  for (size_t i = 0; i < data.size(); ++i) {
    uint32_t c = static_cast<uint8_t>(data[i]);
    switch (mapping) {
      case ByteCase::Lower:
        out.append(lower_byte(c));
        break;
      case ByteCase::Upper:
        out.append(upper_byte(c));
        break;
      case ByteCase::Swap:
        out.append(is_alpha_byte(c) ? c ^ 32 : c);
        break;
      case ByteCase::Title:
        out.append(in_word ? lower_byte(c) : upper_byte(c));
        break;
      case ByteCase::Capitalize:
        out.append(i ? lower_byte(c) : upper_byte(c));
        break;
    }
    in_word = is_alpha_byte(c);
  }
}

bool test_bytes(std::string_view data, ByteTest test) {
  if (test == ByteTest::Ascii) return is_ascii_text(data);
  bool any = false, in_word = false;
  for (char byte : data) {
    uint32_t c = static_cast<uint8_t>(byte);
    bool alpha = is_alpha_byte(c), digit = c - '0' < 10;
    bool fits = true, counts = true;
    switch (test) {
      case ByteTest::Alpha:
        fits = alpha;
        break;
      case ByteTest::Alnum:
        fits = alpha || digit;
        break;
      case ByteTest::Digit:
        fits = digit;
        break;
      case ByteTest::Space:
        fits = is_ascii_space(c);
        break;
      case ByteTest::Lower:
        fits = !is_upper_byte(c);
        counts = alpha;
        break;
      case ByteTest::Upper:
        fits = !is_lower_byte(c);
        counts = alpha;
        break;
      default:
        fits = !alpha || is_lower_byte(c) == in_word;
        counts = alpha;
        break;
    }
    if (!fits) return false;
    any |= counts;
    in_word = alpha;
  }
  return any;
}

}  // namespace apy
