// The native half of codecs: the engine's own encodings, and the tables of the system's character
// sets of one byte.
#include <iconv.h>

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
