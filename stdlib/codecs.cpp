// The native half of codecs: the engine's own encodings, and the tables of the system's character
// sets of one byte.
#include <iconv.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "vm/binding/bind.h"
#include "vm/objects/codec.h"
#include "vm/objects/text.h"

namespace apy {

namespace {

Result<Value> encode(VM& vm, Value text, Value encoding, Value errors) {
  Str* string = try_as<Str>(text);
  if (!string)
    return vm.raise(Exc::TypeError, "encode() argument 1 must be str, not {}", vm.type_of(text));
  return encode_text(vm, string, TRY(str_text(vm, encoding)), TRY(str_text(vm, errors)));
}

Result<Value> decode(VM& vm, Bytes* data, Value encoding, Value errors) {
  return decode_text(vm, data->view(), data, TRY(str_text(vm, encoding)),
                     TRY(str_text(vm, errors)));
}

Result<Value> decode_utf8(VM& vm, Bytes* data, Value errors, bool final) {
  size_t consumed = 0;
  Value pair[2];
  pair[0] = TRY(decode_utf8_prefix(vm, data->view(), TRY(str_text(vm, errors)), final, &consumed));
  pair[1] = Value::small_int(static_cast<int64_t>(consumed));
  return make_tuple(vm, pair);
}

Result<Value> canonical(VM& vm, Str* name) {
  const char* found = canonical_encoding(to_utf8(name));
  return found ? Result<Value>(make_str(vm, found)) : Value::none();
}

/// The 256 characters of a character set, U+FFFE for bytes that mean nothing; None when the system
/// does not know it, or it takes more than one byte for a character.
Result<Value> charset_table(VM& vm, Str* name) {
  iconv_t converter = iconv_open("UTF-32LE", to_utf8(name).c_str());
  if (converter == iconv_t(-1)) return Value::none();
  StrBuilder table(vm);
  size_t unknown = 0;
  for (int byte = 0; byte < 256; ++byte) {
    iconv(converter, nullptr, nullptr, nullptr, nullptr);
    char source = static_cast<char>(byte);
    unsigned char target[16];
    char* in = &source;
    char* out = reinterpret_cast<char*>(target);
    size_t in_left = 1, out_left = sizeof target;
    size_t converted = iconv(converter, &in, &in_left, &out, &out_left);
    // A set that keeps a character back in case a mark follows gives it now.
    if (converted != size_t(-1)) iconv(converter, nullptr, nullptr, &out, &out_left);
    bool known = converted != size_t(-1) && out_left == sizeof target - 4;
    unknown += !known;
    table.append(known ? target[0] | target[1] << 8 | target[2] << 16 : 0xFFFEu);
  }
  iconv_close(converter);
  if (unknown > 128) return Value::none();
  return table.finish();
}

/// What a conversion of the system made: (result, how much of the source it took, 0: all of it, 1:
/// what follows is wrong, 2: what follows is not complete).
Result<Value> conversion_result(VM& vm, Value result, size_t taken, int status) {
  Value parts[3] = {result, Value::small_int(static_cast<int64_t>(taken)),
                    Value::small_int(status)};
  return make_tuple(vm, parts);
}

/// Converts `source`; -1: the system does not know one of the sets.
int convert(const char* to, const char* from, std::string_view source, bool finish,
            std::string* result, size_t* taken) {
  iconv_t converter = iconv_open(to, from);
  if (converter == iconv_t(-1)) return -1;
  char* in = const_cast<char*>(source.data());
  size_t in_left = source.size();
  int status = 0;
  for (bool at_end = false; !at_end;) {
    char buffer[4096];
    char* out = buffer;
    size_t out_left = sizeof buffer;
    // Without input a set with states goes back to its first one.
    bool flushing = in_left == 0;
    size_t done = flushing ? iconv(converter, nullptr, nullptr, &out, &out_left)
                           : iconv(converter, &in, &in_left, &out, &out_left);
    int error = errno;
    result->append(buffer, sizeof buffer - out_left);
    at_end = flushing || (in_left == 0 && !finish);
    if (done == size_t(-1) && error != E2BIG) {
      status = error == EINVAL ? 2 : 1;
      at_end = true;
    }
  }
  iconv_close(converter);
  *taken = source.size() - in_left;
  return status;
}

Result<Value> system_decode(VM& vm, Str* name, Value data) {
  std::string_view bytes;
  if (!get_bytes(data, &bytes))
    return vm.raise(Exc::TypeError, "a bytes-like object is required, not '{}'", vm.type_of(data));
  std::string units;
  size_t taken = 0;
  int status = convert("UTF-32LE", to_utf8(name).c_str(), bytes, true, &units, &taken);
  if (status < 0) return Value::none();
  Value text = TRY(make_str_ucs4(vm, reinterpret_cast<const uint32_t*>(units.data()),
                                 units.size() / sizeof(uint32_t)));
  return conversion_result(vm, text, taken, status);
}
Result<Value> system_encode(VM& vm, Str* name, Str* text, bool finish) {
  std::string units(text->length * sizeof(uint32_t), '\0');
  for (size_t i = 0; i < text->length; ++i) {
    uint32_t unit = text->at(i);
    std::memcpy(units.data() + i * sizeof unit, &unit, sizeof unit);
  }
  std::string bytes;
  size_t taken = 0;
  int status = convert(to_utf8(name).c_str(), "UTF-32LE", units, finish, &bytes, &taken);
  if (status < 0) return Value::none();
  return conversion_result(vm, TRY(make_bytes(vm, bytes)), taken / sizeof(uint32_t), status);
}

/// What CPython has in this module, and pickles name so.
Result<Value> codecs_attribute(VM& vm, Str* name) {
  constexpr std::string_view kNames[] = {"encode",     "decode",         "lookup",      "register",
                                         "unregister", "register_error", "lookup_error"};
  std::string text = to_utf8(name);
  for (std::string_view known : kNames)
    if (text == known) return get_attribute(vm, TRY(vm.import_module("codecs")), name);
  return vm.raise(Exc::AttributeError, "module '_codecs' has no attribute '{}'", name);
}

constexpr NativeFunctionDef kFunctions[] = {
    {"system_decode(name, data, /)",
     "Decode with a set of the system: (text, bytes used, status), or None if it has none.",
     bind<system_decode>()},
    {"system_encode(name, text, finish, /)",
     "Encode with a set of the system: (bytes, characters used, status), or None if it has none.",
     bind<system_encode>()},
    {"encode_text(text, encoding, errors, /)", "Encode with an encoding of the engine.",
     bind<encode>()},
    {"decode_text(data, encoding, errors, /)", "Decode with an encoding of the engine.",
     bind<decode>()},
    {"utf_8_decode(data, errors, final, /)", "Decode UTF-8: (text, bytes used).",
     bind<decode_utf8>()},
    {"__getattr__(name, /)", "Everything else is in codecs.", bind<codecs_attribute>()},
    {"canonical(name, /)", "The name of an encoding of the engine, or None.", bind<canonical>()},
    {"charset_table(name, /)", "The characters of a character set of one byte, or None.",
     bind<charset_table>()},
};

}  // namespace

extern const NativeModuleDef kCodecsModule = {"_codecs", "The native half of codecs.", kFunctions,
                                              nullptr};

}  // namespace apy
