// Pickling values that refer to no others: numbers, texts, bytes.
#include <charconv>

#include "stdlib/pickle/saver.h"
#include "vm/objects/bigint.h"
#include "vm/objects/codec.h"
#include "vm/objects/memoryview.h"
#include "vm/objects/text.h"
#include "vm/objects/utf8.h"

namespace apy::pickle {

namespace {

/// `bytes` low bytes of `value`, least significant first.
uint8_t* put_little(uint8_t* place, uint64_t value, unsigned bytes) {
  for (unsigned i = 0; i < bytes; ++i) *place++ = static_cast<uint8_t>(value >> (8 * i));
  return place;
}

}  // namespace

Result<bool> Saver::save_atom(Value v) {
  if (v.is_small_int()) {
    TRY(save_small_int(v.as_small_int()));
  } else if (v.is_none()) {
    TRY(put(Opcode::None));
  } else if (v.is_bool()) {
    TRY(save_bool(v.is_true()));
  } else if (v.is_inline_float()) {
    TRY(save_float(v.as_inline_float()));
  } else if (is_exact(v, BuiltinType::Float)) {
    TRY(save_float(as_float(v)));
  } else if (is_exact(v, BuiltinType::Int)) {
    TRY(save_big_int(v));
  } else {
    return false;
  }
  return true;
}

Result<void> Saver::save_bool(bool b) {
  if (protocol_ >= 2) return put(b ? Opcode::NewTrue : Opcode::NewFalse);
  return out_.append(b ? "I01\n" : "I00\n");
}

Result<void> Saver::save_small_int(int64_t i) {
  if (i < INT32_MIN || i > INT32_MAX) return save_big_int(Value::small_int(i));
  if (!binary()) {
    char text[16] = {'I'};
    char* end = std::to_chars(text + 1, text + 14, i).ptr;
    *end++ = '\n';
    return out_.append(std::string_view(text, static_cast<size_t>(end - text)));
  }
  auto word = static_cast<uint64_t>(i);
  unsigned width = i < 0 || i > 0xFFFF ? 4 : i > 0xFF ? 2 : 1;
  Opcode op = width == 4 ? Opcode::BinInt : width == 2 ? Opcode::BinInt2 : Opcode::BinInt1;
  uint8_t* place = TRY(out_.extend(1 + width));
  *place++ = static_cast<uint8_t>(op);
  put_little(place, word, width);
  return {};
}

Result<void> Saver::save_big_int(Value v) {
  if (protocol_ < 2) {
    std::string digits = TRY(int_to_string(vm_, v));
    return out_.append("L" + digits + "L\n");
  }
  IntParts parts(v);
  uint64_t bits = int_bit_length(v);
  uint64_t size = bits / 8 + 1;
  if (size > INT32_MAX) return vm_.raise(Exc::OverflowError, "int too large to pickle");
  // -2**(8n-1) needs no byte more.
  bool lowest = parts.negative && bits % 8 == 0;
  for (uint64_t i = 0; lowest && i < parts.size; ++i) {
    uint64_t expected = i + 1 < parts.size ? 0 : uint64_t{1} << ((bits - 1) % 64);
    lowest = parts.limbs()[i] == expected;
  }
  if (lowest) --size;
  bool is_short = size < 256;
  uint8_t* place = TRY(out_.extend((is_short ? 2 : 5) + size));
  *place++ = static_cast<uint8_t>(is_short ? Opcode::Long1 : Opcode::Long4);
  place = put_little(place, size, is_short ? 1 : 4);
  uint64_t carry = 1;
  for (uint64_t i = 0; i < size; ++i) {
    uint64_t limb = i / 8 < parts.size ? parts.limbs()[i / 8] : 0;
    uint64_t byte = limb >> (i % 8 * 8) & 0xFF;
    if (parts.negative) {
      byte = (~byte & 0xFF) + carry;
      carry = byte >> 8;
    }
    *place++ = static_cast<uint8_t>(byte);
  }
  return {};
}

Result<void> Saver::save_float(double d) {
  if (!binary()) return out_.append("F" + float_repr(d) + "\n");
  uint64_t word = __builtin_bswap64(std::bit_cast<uint64_t>(d));
  uint8_t* place = TRY(out_.extend(9));
  *place++ = static_cast<uint8_t>(Opcode::BinFloat);
  std::memcpy(place, &word, 8);
  return {};
}

Result<void> Saver::sized(uint8_t op, uint64_t size, unsigned width, std::string_view data,
                          Value whole) {
  char head[9];
  head[0] = static_cast<char>(op);
  put_little(reinterpret_cast<uint8_t*>(head) + 1, size, width);
  return out_.append_data(std::string_view(head, 1 + width), data, whole);
}

Result<void> Saver::write_bytes_data(Value object, std::string_view data, Value whole) {
  size_t size = data.size();
  if (size <= 0xFF) {
    TRY(sized(static_cast<uint8_t>(Opcode::ShortBinBytes), size, 1, data, whole));
  } else if (size <= 0xFFFFFFFF) {
    TRY(sized(static_cast<uint8_t>(Opcode::BinBytes), size, 4, data, whole));
  } else if (protocol_ >= 4) {
    TRY(sized(static_cast<uint8_t>(Opcode::BinBytes8), size, 8, data, whole));
  } else {
    return vm_.raise(Exc::OverflowError,
                     "serializing a bytes object larger than 4 GiB requires pickle protocol 4 or "
                     "higher");
  }
  return memoize(object);
}

Result<Value> Saver::bytes_as_text(std::string_view data) { return make_str_latin1(vm_, data); }

Result<void> Saver::save_bytes(Value v) {
  std::string_view data = as<Bytes>(v)->view();
  if (protocol_ >= 3) return write_bytes_data(v, data, v);
  // Python 2 has no such type: it calls something that exists there.
  if (data.empty()) return save_reduction(vm_.type(BuiltinType::Bytes), {}, v);
  Value encode =
      TRY(get_attribute(vm_, TRY(vm_.import_module("codecs")), TRY(intern(vm_, "encode"))));
  Value text = TRY(bytes_as_text(data));
  return save_reduction(encode, {text, TRY(intern(vm_, "latin1"))}, v);
}

Result<void> Saver::write_bytearray_data(Value object, std::string_view data) {
  TRY(sized(static_cast<uint8_t>(Opcode::ByteArray8), data.size(), 8, data, Value()));
  return memoize(object);
}

Result<void> Saver::save_bytearray(Value v) {
  std::string_view data;
  get_bytes(v, &data);
  if (protocol_ >= 5) return write_bytearray_data(v, data);
  Type* type = vm_.type(BuiltinType::ByteArray);
  if (data.empty()) return save_reduction(type, {}, v);
  return save_reduction(type, {TRY(make_bytes(vm_, data))}, v);
}

Result<void> Saver::save_buffer(Buffer* buffer) {
  if (protocol_ < 5) return error("PickleBuffer can only be pickled with protocol >= 5");
  auto* view = try_native<MemoryView>(buffer->view);
  if (!view || view->is_released())
    return vm_.raise(Exc::ValueError, "operation forbidden on released PickleBuffer object");
  if (!view->is_contiguous())
    return error("PickleBuffer can not be pickled when pointing to a non-contiguous buffer");
  bool in_band = true;
  if (!self_->buffer_callback.is_empty())
    in_band = TRY(is_truthy(vm_, TRY(vm_.call(self_->buffer_callback, {buffer}))));
  if (!in_band) {
    TRY(put(Opcode::NextBuffer));
    if (view->readonly) TRY(put(Opcode::ReadOnlyBuffer));
    return {};
  }
  // The callback may have released it.
  std::string_view data;
  if (!get_view_bytes(view, &data))
    return vm_.raise(Exc::ValueError, "operation forbidden on released PickleBuffer object");
  if (view->readonly) return write_bytes_data(buffer, data, Value());
  return write_bytearray_data(buffer, data);
}

Result<void> Saver::save_str_as_line(Str* text) {
  std::string line = "V";
  char escape[16];
  for (size_t i = 0; i < text->length; ++i) {
    uint32_t c = text->at(i);
    if (c >= 0x10000)
      line.append(escape, static_cast<size_t>(std::snprintf(escape, sizeof escape, "\\U%08x", c)));
    else if (c >= 0x100 || c == '\\' || c == 0 || c == '\n' || c == '\r' || c == 0x1A)
      line.append(escape, static_cast<size_t>(std::snprintf(escape, sizeof escape, "\\u%04x", c)));
    else
      line += static_cast<char>(c);
  }
  line += '\n';
  return out_.append_data("", line, Value());
}

Result<void> Saver::save_str(Str* text) {
  if (!binary()) {
    TRY(save_str_as_line(text));
    return memoize(text);
  }
  std::string utf8;
  std::string_view data;
  if (text->is_ascii()) {
    data = text->latin1();
  } else {
    append_utf8(utf8, text);
    data = utf8;
  }
  size_t size = data.size();
  if (size <= 0xFF && protocol_ >= 4) {
    TRY(sized(static_cast<uint8_t>(Opcode::ShortBinUnicode), size, 1, data, Value()));
  } else if (size <= 0xFFFFFFFF) {
    TRY(sized(static_cast<uint8_t>(Opcode::BinUnicode), size, 4, data, Value()));
  } else if (protocol_ >= 4) {
    TRY(sized(static_cast<uint8_t>(Opcode::BinUnicode8), size, 8, data, Value()));
  } else {
    return vm_.raise(Exc::OverflowError,
                     "serializing a string larger than 4 GiB requires pickle protocol 4 or higher");
  }
  return memoize(text);
}

}  // namespace apy::pickle
