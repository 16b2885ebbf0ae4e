// Opcodes that make values without looking at the stack: numbers, texts, bytes.
#include "stdlib/pickle/loader.h"
#include "vm/objects/bigint.h"
#include "vm/objects/codec.h"
#include "vm/objects/memoryview.h"
#include "vm/objects/text.h"

namespace apy::pickle {

template <int kind>
Result<void> Loader::load_constant() {
  return push(kind == 0 ? Value::none() : Value::boolean(kind == 2));
}

template <unsigned bytes>
Result<void> Loader::load_bin_int() {
  auto number = static_cast<int64_t>(TRY(take_number(bytes)));
  return push(Value::small_int(bytes == 4 ? static_cast<int32_t>(number) : number));
}

Result<void> Loader::load_int_line() {
  std::string_view line = TRY(take_line());
  if (line == "00" || line == "01") return push(Value::boolean(line == "01"));
  auto number = parse_int(vm_, line, 10);
  if (number.is_ok()) return push(number.value());
  // Old pickles also hold 0x10 and the like.
  if (!vm_.catch_pending(Exc::ValueError)) return Error{};
  number = parse_int(vm_, line, 0);
  if (number.is_ok()) return push(number.value());
  if (!vm_.catch_pending(Exc::ValueError)) return Error{};
  return vm_.raise(Exc::ValueError, "could not convert string to int");
}

Result<void> Loader::load_long_line() {
  std::string_view line = TRY(take_line());
  if (line.empty()) return truncated();
  if (line.back() == 'L') line.remove_suffix(1);
  return push(TRY(int_from_bytes_text(vm_, line, 0, TRY(make_str_latin1(vm_, line)))));
}

template <unsigned bytes>
Result<void> Loader::load_long_binary() {
  uint64_t size = TRY(take_number(bytes));
  if (bytes == 4 && size > INT32_MAX) return error("LONG pickle has negative byte count");
  const uint8_t* data = TRY(take(size));
  if (size == 0) return push(Value::small_int(0));
  bool negative = data[size - 1] & 0x80;
  uint64_t limbs = size / 8 + 1;
  BigInt* cell = TRY(make_big_int(vm_, limbs));
  uint64_t* out = cell->limbs();
  for (uint64_t i = 0; i < size; ++i) {
    auto byte = static_cast<uint8_t>(negative ? ~data[i] : data[i]);
    out[i / 8] |= uint64_t{byte} << (i % 8 * 8);
  }
  if (negative) {
    for (uint64_t i = 0; i < limbs && ++out[i] == 0; ++i) {
    }
  }
  return push(finish_int(cell, limbs, negative));
}

Result<void> Loader::load_float_line() {
  std::string_view line = TRY(take_line());
  return push(TRY(parse_float(vm_, line)));
}

Result<void> Loader::load_bin_float() {
  uint64_t word;
  std::memcpy(&word, TRY(take(8)), 8);
  return push(TRY(make_float(vm_, std::bit_cast<double>(__builtin_bswap64(word)))));
}

/// The strings of Python 2: text, or bytes when the caller asked for them.
Result<void> Loader::push_old_string(std::string_view data) {
  std::string encoding = to_utf8(as<Str>(self_->encoding));
  if (encoding == "bytes") return push(TRY(make_bytes(vm_, data)));
  Value bytes = TRY(make_bytes(vm_, data));
  Value text =
      TRY(vm_.call_method(bytes, TRY(intern(vm_, "decode")), {self_->encoding, self_->errors}));
  return push(text);
}

Result<void> Loader::load_string_line() {
  std::string_view line = TRY(take_line());
  bool quoted = line.size() >= 2 && line.front() == line.back() &&
                (line.front() == '"' || line.front() == '\'');
  if (!quoted) return error("the STRING opcode argument must be quoted");
  line = line.substr(1, line.size() - 2);
  Value codecs = TRY(vm_.import_module("codecs"));
  Value pair =
      TRY(vm_.call_method(codecs, TRY(intern(vm_, "escape_decode")), {TRY(make_bytes(vm_, line))}));
  Value bytes = TRY(get_item(vm_, pair, Value::small_int(0)));
  std::string_view data;
  if (!get_bytes(bytes, &data)) return vm_.raise(Exc::TypeError, "bytes expected");
  return push_old_string(data);
}

template <unsigned bytes>
Result<void> Loader::load_old_string() {
  uint64_t size = TRY(take_number(bytes));
  auto* data = reinterpret_cast<const char*>(TRY(take(size)));
  return push_old_string(std::string_view(data, size));
}

Result<void> Loader::load_unicode_line() {
  std::string_view line = TRY(take_line());
  if (line.find('\\') == std::string_view::npos) return push(TRY(make_str_latin1(vm_, line)));
  Value codecs = TRY(vm_.import_module("codecs"));
  Value pair = TRY(vm_.call_method(codecs, TRY(intern(vm_, "raw_unicode_escape_decode")),
                                   {TRY(make_bytes(vm_, line))}));
  return push(TRY(get_item(vm_, pair, Value::small_int(0))));
}

template <unsigned bytes>
Result<void> Loader::load_unicode() {
  uint64_t size = bytes == 8 ? TRY(take_length("BINUNICODE")) : TRY(take_number(bytes));
  std::string_view data(reinterpret_cast<const char*>(TRY(take(size))), size);
  if (is_ascii_text(data)) return push(TRY(make_str_latin1(vm_, data)));
  return push(TRY(decode_text(vm_, data, Value(), "utf-8", "surrogatepass")));
}

template <unsigned bytes>
Result<void> Loader::load_bytes() {
  uint64_t size = bytes == 8 ? TRY(take_length("BINBYTES8")) : TRY(take_number(bytes));
  auto* data = reinterpret_cast<const char*>(TRY(take(size)));
  return push(TRY(make_bytes(vm_, std::string_view(data, size))));
}

Result<void> Loader::load_bytearray() {
  uint64_t size = TRY(take_length("BYTEARRAY8"));
  auto* data = reinterpret_cast<const char*>(TRY(take(size)));
  return push(TRY(make_bytearray(vm_, std::string_view(data, size))));
}

// --- buffers that came beside the pickle ---

Result<void> Loader::load_next_buffer() {
  if (self_->buffers.is_empty())
    return error("pickle stream refers to out-of-band data but no *buffers* argument was given");
  Value buffer;
  if (!TRY(iterator_next(vm_, self_->buffers, &buffer)))
    return error("not enough out-of-band buffers");
  return push(buffer);
}

Result<void> Loader::load_readonly_buffer() {
  Value buffer = TRY(top());
  Value memoryview =
      TRY(get_attribute(vm_, TRY(vm_.import_module("builtins")), TRY(intern(vm_, "memoryview"))));
  Value view = TRY(vm_.call(memoryview, {buffer}));
  Value readonly = TRY(get_attribute(vm_, view, TRY(intern(vm_, "readonly"))));
  if (readonly.is_true()) return {};
  TRY(pop());
  return push(TRY(vm_.call_method(view, TRY(intern(vm_, "toreadonly")), {})));
}

template Result<void> Loader::load_constant<0>();
template Result<void> Loader::load_constant<1>();
template Result<void> Loader::load_constant<2>();
template Result<void> Loader::load_bin_int<1>();
template Result<void> Loader::load_bin_int<2>();
template Result<void> Loader::load_bin_int<4>();
template Result<void> Loader::load_long_binary<1>();
template Result<void> Loader::load_long_binary<4>();
template Result<void> Loader::load_old_string<1>();
template Result<void> Loader::load_old_string<4>();
template Result<void> Loader::load_unicode<1>();
template Result<void> Loader::load_unicode<4>();
template Result<void> Loader::load_unicode<8>();
template Result<void> Loader::load_bytes<1>();
template Result<void> Loader::load_bytes<4>();
template Result<void> Loader::load_bytes<8>();

}  // namespace apy::pickle
