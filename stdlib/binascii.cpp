// binascii: binary data as ASCII text, and checksums.
#include <array>
#include <cstring>

#include "stdlib/native_iterator.h"
#include "vm/objects/text.h"

namespace apy {

namespace {

constexpr char kErrorKey = 0;
constexpr char kBase64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

Error raise_error(VM& vm, const std::string& message) {
  Value type = static_cast<Cell*>(vm.module_state(&kErrorKey));
  return vm.raise_exception(TRY(vm.call(type, {TRY(make_str(vm, message))})));
}

Result<std::string_view> bytes_of(VM& vm, Value value) {
  std::string_view bytes;
  if (!get_bytes(value, &bytes))
    return vm.raise(Exc::TypeError, "a bytes-like object is required, not '{}'", vm.type_of(value));
  return bytes;
}
/// Bytes, or an ASCII str.
Result<std::string_view> ascii_of_argument(VM& vm, Value value) {
  if (Str* text = try_as<Str>(value)) {
    if (!text->is_ascii())
      return vm.raise(Exc::ValueError, "string argument should contain only ASCII characters");
    return text->latin1();
  }
  std::string_view bytes;
  if (!get_bytes(value, &bytes))
    return vm.raise(Exc::TypeError, "argument should be bytes, buffer or ASCII string, not '{}'",
                    vm.type_of(value));
  return bytes;
}

constexpr std::array<int8_t, 256> kBase64Values = [] {
  std::array<int8_t, 256> values{};
  for (auto& value : values) value = -1;
  for (int i = 0; i < 64; ++i) values[static_cast<uint8_t>(kBase64[i])] = static_cast<int8_t>(i);
  return values;
}();

Result<Value> to_base64(VM& vm, Value data, Optional<bool> newline) {
  std::string_view bytes = TRY(bytes_of(vm, data));
  if (bytes.size() > size_t{1} << 45)
    return vm.raise(Exc::ValueError, "Too much data for base64 line");
  bool add_newline = newline.value_or(true);
  Bytes* result = TRY(make_bytes(vm, (bytes.size() + 2) / 3 * 4 + add_newline));
  auto* in = reinterpret_cast<const uint8_t*>(bytes.data());
  uint8_t* out = result->data();
  size_t i = 0;
  for (; i + 3 <= bytes.size(); i += 3) {
    uint32_t word = in[i] << 16u | in[i + 1] << 8u | in[i + 2];
    for (int shift : {18, 12, 6, 0}) *out++ = static_cast<uint8_t>(kBase64[word >> shift & 63]);
  }
  if (size_t rest = bytes.size() - i) {
    uint32_t word = in[i] << 16u | (rest == 2 ? in[i + 1] << 8u : 0u);
    *out++ = static_cast<uint8_t>(kBase64[word >> 18 & 63]);
    *out++ = static_cast<uint8_t>(kBase64[word >> 12 & 63]);
    *out++ = rest == 2 ? static_cast<uint8_t>(kBase64[word >> 6 & 63]) : '=';
    *out++ = '=';
  }
  if (add_newline) *out = '\n';
  return result;
}

Result<Value> from_base64(VM& vm, Value data, Optional<bool> strict_given) {
  std::string_view text = TRY(ascii_of_argument(vm, data));
  bool strict = strict_given.value_or(false);
  if (strict && !text.empty() && text[0] == '=')
    return raise_error(vm, "Leading padding not allowed");
  ByteBuilder out(vm);
  out.expect((text.size() + 3) / 4 * 3);
  uint32_t left = 0;
  unsigned quad = 0, pads = 0;
  bool padding_seen = false;
  size_t digits = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    auto c = static_cast<uint8_t>(text[i]);
    if (c == '=') {
      padding_seen = true;
      if (strict && quad == 0)
        return raise_error(vm, digits && digits % 4 == 0 ? "Excess data after padding"
                                                         : "Discontinuous padding not allowed");
      if (quad >= 2 && quad + ++pads >= 4) {
        if (strict && i + 1 < text.size()) return raise_error(vm, "Excess data after padding");
        return out.finish();
      }
      continue;
    }
    int value = kBase64Values[c];
    if (value < 0) {
      if (strict) return raise_error(vm, "Only base64 data is allowed");
      continue;
    }
    if (strict && padding_seen) return raise_error(vm, "Discontinuous padding not allowed");
    pads = 0;
    ++digits;
    left = left << 6 | static_cast<uint32_t>(value);
    switch (quad) {
      case 0:
        quad = 1;
        break;
      case 1:
        out.append(left >> 4 & 0xFF);
        quad = 2;
        break;
      case 2:
        out.append(left >> 2 & 0xFF);
        quad = 3;
        break;
      default:
        out.append(left & 0xFF);
        quad = 0;
    }
  }
  if (quad == 1)
    return raise_error(vm, "Invalid base64-encoded string: number of data characters (" +
                               std::to_string(out.length() / 3 * 4 + 1) +
                               ") cannot be 1 more than a multiple of 4");
  if (quad != 0) return raise_error(vm, "Incorrect padding");
  return out.finish();
}

Result<Value> to_hex(VM& vm, Value data, Optional<Value> separator, Optional<int64_t> group) {
  if (separator.present) {
    TRY(bytes_of(vm, data));
    Value bytes = TRY(vm.call(vm.type(BuiltinType::Bytes), {data}));
    Value text = TRY(vm.call_method(bytes, TRY(intern(vm, "hex")),
                                    {separator.value, Value::small_int(group.value_or(1))}));
    return make_bytes(vm, as<Str>(text)->latin1());
  }
  std::string_view bytes = TRY(bytes_of(vm, data));
  Bytes* result = TRY(make_bytes(vm, bytes.size() * 2));
  const char* digits = "0123456789abcdef";
  for (size_t i = 0; i < bytes.size(); ++i) {
    auto c = static_cast<uint8_t>(bytes[i]);
    result->data()[2 * i] = static_cast<uint8_t>(digits[c >> 4]);
    result->data()[2 * i + 1] = static_cast<uint8_t>(digits[c & 15]);
  }
  return result;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = static_cast<char>(c | 32);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

Result<Value> from_hex(VM& vm, Value data) {
  std::string_view text = TRY(ascii_of_argument(vm, data));
  if (text.size() % 2) return raise_error(vm, "Odd-length string");
  Bytes* result = TRY(make_bytes(vm, text.size() / 2));
  for (size_t i = 0; i < text.size(); i += 2) {
    int high = hex_value(text[i]), low = hex_value(text[i + 1]);
    if (high < 0 || low < 0) return raise_error(vm, "Non-hexadecimal digit found");
    result->data()[i / 2] = static_cast<uint8_t>(high << 4 | low);
  }
  return result;
}

// --- uu ---

Result<Value> to_uu(VM& vm, Value data, Optional<bool> backtick) {
  std::string_view bytes = TRY(bytes_of(vm, data));
  if (bytes.size() > 45) return raise_error(vm, "At most 45 bytes at once");
  auto sign = [&](uint32_t value) {
    return backtick.value_or(false) && !value ? uint32_t{'`'} : value + ' ';
  };
  ByteBuilder out(vm);
  out.append(sign(static_cast<uint32_t>(bytes.size())));
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t word = 0;
    for (size_t j = i; j < i + 3; ++j)
      word = word << 8 | (j < bytes.size() ? static_cast<uint8_t>(bytes[j]) : 0u);
    for (int shift : {18, 12, 6, 0}) out.append(sign(word >> shift & 63));
  }
  out.append('\n');
  return out.finish();
}

Result<Value> from_uu(VM& vm, Value data) {
  std::string_view text = TRY(ascii_of_argument(vm, data));
  size_t at = 1;
  int64_t length = text.empty() ? 0 : (text[0] - ' ') & 63;
  ByteBuilder out(vm);
  uint32_t left = 0;
  unsigned bits = 0;
  while (length > 0) {
    char c = at < text.size() ? text[at] : '\n';
    ++at;
    uint32_t value = 0;  // of a short line, whose spaces got lost
    if (c != '\n' && c != '\r') {
      if (c < ' ' || c > ' ' + 64) return raise_error(vm, "Illegal char");
      value = static_cast<uint32_t>(c - ' ') & 63;
    }
    left = left << 6 | value;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out.append(left >> bits & 0xFF);
      --length;
    }
  }
  for (; at < text.size(); ++at)
    if (text[at] != ' ' && text[at] != '`' && text[at] != '\n' && text[at] != '\r')
      return raise_error(vm, "Trailing garbage");
  return out.finish();
}

// --- quoted-printable ---

Result<Value> from_quoted(VM& vm, Value data, Optional<bool> header) {
  std::string_view text = TRY(ascii_of_argument(vm, data));
  ByteBuilder out(vm);
  size_t i = 0, n = text.size();
  while (i < n) {
    char c = text[i];
    if (c == '=') {
      if (++i >= n) break;
      if (text[i] == '\n' || text[i] == '\r') {  // a soft line break
        while (i < n && text[i] != '\n') ++i;
        if (i < n) ++i;
      } else if (text[i] == '=') {  // broken encoders write "=="
        out.append('=');
        ++i;
      } else if (i + 1 < n && hex_value(text[i]) >= 0 && hex_value(text[i + 1]) >= 0) {
        out.append(static_cast<uint32_t>(hex_value(text[i]) << 4 | hex_value(text[i + 1])));
        i += 2;
      } else {
        out.append('=');
      }
    } else {
      out.append(static_cast<uint8_t>(header.value_or(false) && c == '_' ? ' ' : c));
      ++i;
    }
  }
  return out.finish();
}

Result<Value> to_quoted(VM& vm, Value data, Optional<bool> quote_tabs, Optional<bool> is_text,
                        Optional<bool> header) {
  std::string_view in = TRY(bytes_of(vm, data));
  bool tabs = quote_tabs.value_or(false), text = is_text.value_or(true),
       head = header.value_or(false);
  ByteBuilder out(vm);
  size_t first_newline = in.find('\n');
  bool crlf =
      first_newline != std::string_view::npos && first_newline > 0 && in[first_newline - 1] == '\r';
  const char* digits = "0123456789ABCDEF";
  size_t n = in.size(), line = 0;
  uint8_t previous = 0;
  auto put = [&](uint32_t c) {
    out.append(c);
    previous = static_cast<uint8_t>(c);
  };
  auto put_quoted = [&](uint8_t c) {
    put('=');
    put(static_cast<uint8_t>(digits[c >> 4]));
    put(static_cast<uint8_t>(digits[c & 15]));
  };
  auto put_newline = [&] {
    if (crlf) put('\r');
    put('\n');
  };
  for (size_t i = 0; i < n;) {
    auto c = static_cast<uint8_t>(in[i]);
    bool at_line_end = i + 1 < n && in[i + 1] == '\n';
    bool quote = c > 126 || c == '=' || (head && c == '_') ||
                 (c == '.' && line == 0 &&
                  (i + 1 == n || in[i + 1] == '\n' || in[i + 1] == '\r' || in[i + 1] == 0)) ||
                 (!text && (c == '\r' || c == '\n')) || ((c == '\t' || c == ' ') && i + 1 == n) ||
                 (c < 33 && c != '\r' && c != '\n' && c != '\t' && c != ' ') ||
                 (c < 33 && c != '\r' && c != '\n' && (tabs || (!tabs && c != '\t' && c != ' ')));
    if (quote) {
      if (line + 3 >= 76) {
        put('=');
        put_newline();
        line = 0;
      }
      put_quoted(c);
      line += 3;
      ++i;
    } else if (text && (c == '\n' || (c == '\r' && at_line_end))) {
      line = 0;
      if (out.length() && (previous == ' ' || previous == '\t')) {
        uint8_t blank = previous;
        out.shrink(1);
        put_quoted(blank);
      }
      put_newline();
      i += c == '\r' ? 2 : 1;
    } else {
      if (i + 1 != n && in[i + 1] != '\n' && line + 1 >= 76) {
        put('=');
        put_newline();
        line = 0;
      }
      ++line;
      if (head && c == ' ')
        put('_');
      else
        put(c);
      ++i;
    }
  }
  return out.finish();
}

// --- checksums ---

constexpr std::array<uint32_t, 256> kCrc32 = [] {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t c = i;
    for (int k = 0; k < 8; ++k) c = c & 1 ? 0xEDB88320u ^ c >> 1 : c >> 1;
    table[i] = c;
  }
  return table;
}();

Result<int64_t> crc32(VM& vm, Value data, Optional<Value> start) {
  std::string_view bytes = TRY(bytes_of(vm, data));
  uint32_t crc = 0;
  if (start.present) {
    Value masked =
        TRY(binary_operation(vm, BinaryOp::BitAnd, start.value, Value::small_int(0xFFFFFFFF)));
    crc = static_cast<uint32_t>(TRY(to_int64(vm, masked)));
  }
  crc = ~crc;
  for (char c : bytes) crc = kCrc32[(crc ^ static_cast<uint8_t>(c)) & 0xFF] ^ crc >> 8;
  return static_cast<int64_t>(~crc & 0xFFFFFFFFu);
}

Result<int64_t> crc_hqx(VM& vm, Value data, int64_t start) {
  std::string_view bytes = TRY(bytes_of(vm, data));
  auto crc = static_cast<uint32_t>(start & 0xFFFF);
  for (char c : bytes) {
    crc ^= static_cast<uint32_t>(static_cast<uint8_t>(c)) << 8;
    for (int k = 0; k < 8; ++k)
      crc = crc & 0x8000 ? (crc << 1 ^ 0x1021) & 0xFFFF : crc << 1 & 0xFFFF;
  }
  return static_cast<int64_t>(crc);
}

constexpr NativeFunctionDef kFunctions[] = {
    {"b2a_base64(data, /, *, newline=True)", "The data as a line in base 64.", bind<to_base64>()},
    {"a2b_base64(data, /, *, strict_mode=False)", "The data of a line in base 64.",
     bind<from_base64>()},
    {"b2a_hex(data, sep=<unrepresentable>, bytes_per_sep=1)", "The data as hexadecimal digits.",
     bind<to_hex>()},
    {"hexlify(data, sep=<unrepresentable>, bytes_per_sep=1)", "The data as hexadecimal digits.",
     bind<to_hex>()},
    {"a2b_hex(hexstr, /)", "The data of hexadecimal digits.", bind<from_hex>()},
    {"unhexlify(hexstr, /)", "The data of hexadecimal digits.", bind<from_hex>()},
    {"b2a_uu(data, /, *, backtick=False)", "The data as a uuencoded line.", bind<to_uu>()},
    {"a2b_uu(data, /)", "The data of a uuencoded line.", bind<from_uu>()},
    {"a2b_qp(data, header=False)", "The data of quoted-printable text.", bind<from_quoted>()},
    {"b2a_qp(data, quotetabs=False, istext=True, header=False)",
     "The data as quoted-printable text.", bind<to_quoted>()},
    {"crc32(data, crc=0, /)", "The CRC-32 checksum.", bind<crc32>()},
    {"crc_hqx(data, crc, /)", "The CRC-CCITT checksum.", bind<crc_hqx>()},
};

Result<Value> make_error(VM& vm, Module* module, const char* name, BuiltinType base) {
  Value bases[1] = {vm.type(base)};
  Dict* dict = TRY(make_dict(vm));
  TRY(dict_set_str(vm, dict, vm.names().module_, TRY(intern(vm, "binascii"))));
  Value type = TRY(vm.call(vm.type(BuiltinType::Type),
                           {TRY(intern(vm, name)), TRY(apy::make_tuple(vm, bases)), dict}));
  TRY(module_set(vm, module, name, type));
  return type;
}

Result<void> initialize(VM& vm, Module* module) {
  vm.module_state(&kErrorKey) =
      TRY(make_error(vm, module, "Error", BuiltinType::ValueError)).cell();
  TRY(make_error(vm, module, "Incomplete", BuiltinType::Exception));
  return {};
}

}  // namespace

extern const NativeModuleDef kBinasciiModule = {"binascii", "Binary data as ASCII text.",
                                                kFunctions, initialize};

}  // namespace apy
