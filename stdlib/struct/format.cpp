#include "stdlib/struct/format.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "vm/objects/bigint.h"
#include "vm/objects/text.h"

namespace apy::structs {

Error raise_struct_error(VM& vm, const std::string& message) {
  Value module = TRY(vm.import_module("struct"));
  Value type = TRY(get_attribute(vm, module, TRY(intern(vm, "error"))));
  return vm.raise_exception(TRY(vm.call(type, {TRY(make_str(vm, message))})));
}

namespace {

/// Bytes of an item, 0 for a code that does not exist in that mode.
unsigned size_of_code(char code, bool native) {
  switch (code) {
    case 'x':
    case 'c':
    case 'b':
    case 'B':
    case '?':
    case 's':
    case 'p':
      return 1;
    case 'h':
    case 'H':
    case 'e':
      return 2;
    case 'i':
    case 'I':
    case 'f':
      return 4;
    case 'l':
    case 'L':
      return native ? 8 : 4;
    case 'q':
    case 'Q':
    case 'd':
      return 8;
    case 'n':
    case 'N':
    case 'P':
      return native ? 8 : 0;
  }
  return 0;
}

constexpr int64_t kMaxSize = std::numeric_limits<int64_t>::max();

bool is_space(char c) { return c == ' ' || (c >= 9 && c <= 13); }

}  // namespace

Result<void> parse_format(VM& vm, std::string_view text, Format* out) {
  if (text.find('\0') != std::string_view::npos)
    return raise_struct_error(vm, "embedded null character");
  bool aligned = true;
  size_t at = 0;
  if (!text.empty() && std::strchr("@=<>!", text[0])) {
    aligned = out->native = text[0] == '@';
    out->little_endian = text[0] != '>' && text[0] != '!';
    at = 1;
  }
  while (at < text.size()) {
    if (is_space(text[at])) {
      ++at;
      continue;
    }
    int64_t count = 1;
    if (text[at] >= '0' && text[at] <= '9') {
      for (count = 0; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) {
        if (count > (kMaxSize - 9) / 10)
          return raise_struct_error(vm, "total struct size too long");
        count = count * 10 + (text[at] - '0');
      }
      if (at == text.size())
        return raise_struct_error(vm, "repeat count given without format specifier");
    }
    char code = text[at++];
    unsigned size = size_of_code(code, out->native);
    if (!size) return raise_struct_error(vm, "bad char in struct format");
    if (aligned && size > 1) {
      if (out->size > kMaxSize - 8) return raise_struct_error(vm, "total struct size too long");
      out->size = (out->size + size - 1) / size * size;
    }
    if (count > (kMaxSize - out->size) / size)
      return raise_struct_error(vm, "total struct size too long");
    bool is_text = code == 's' || code == 'p';
    if (code != 'x' && (count || is_text)) {
      out->fields.push_back({code, static_cast<uint8_t>(size), count, out->size});
      out->items += is_text ? 1 : count;
    }
    out->size += count * size;
  }
  return {};
}

namespace {

constexpr bool is_signed(char code) {
  switch (code) {
    case 'b':
    case 'h':
    case 'i':
    case 'l':
    case 'q':
    case 'n':
      return true;
    default:
      return false;
  }
}

/// memcpy of 1, 2, 4 or 8 bytes without a call.
inline void copy_item(void* to, const void* from, size_t size) {
  switch (size) {
    case 1:
      std::memcpy(to, from, 1);
      return;
    case 2:
      std::memcpy(to, from, 2);
      return;
    case 4:
      std::memcpy(to, from, 4);
      return;
    default:
      std::memcpy(to, from, 8);
  }
}

Result<uint64_t> integer_bits(VM& vm, const Field& field, Value value) {
  if (value.is_small_int() && field.size < 8) {
    int64_t number = value.as_small_int(), limit = int64_t{1} << (8 * field.size);
    bool fits = is_signed(field.code) ? number >= -limit / 2 && number < limit / 2
                                      : number >= 0 && number < limit;
    if (fits) return static_cast<uint64_t>(number);
  }
  if (!is_int(value)) {
    auto index = to_index(vm, value);
    if (index.is_error()) {
      bool has_index = !type_special(vm, vm.type_of(value), Special::Index).is_empty();
      if (has_index || !vm.catch_pending(Exc::TypeError)) return Error{};
      return raise_struct_error(vm, "required argument is not an integer");
    }
    value = index.value();
  }
  unsigned bits = field.size * 8;
  IntParts parts(value);
  uint64_t magnitude = parts.size ? parts.limbs()[0] : 0;
  bool fits;
  if (field.code == 'P') {
    if (parts.size > 1) return raise_struct_error(vm, "int too large to convert");
    return parts.negative ? -magnitude : magnitude;
  }
  if (is_signed(field.code)) {
    uint64_t limit = uint64_t{1} << (bits - 1);
    fits = parts.size <= 1 && (parts.negative ? magnitude <= limit : magnitude < limit);
  } else {
    fits = parts.size <= 1 && (!parts.negative || magnitude == 0) &&
           (bits == 64 || magnitude >> bits == 0);
  }
  if (!fits) {
    std::string low = "0", high;
    if (is_signed(field.code)) {
      int64_t most = static_cast<int64_t>((uint64_t{1} << (bits - 1)) - 1);
      low = std::to_string(-most - 1);
      high = std::to_string(most);
    } else {
      high = std::to_string(bits == 64 ? UINT64_MAX : (uint64_t{1} << bits) - 1);
    }
    return raise_struct_error(
        vm, std::string("'") + field.code + "' format requires " + low + " <= number <= " + high);
  }
  return parts.negative ? -magnitude : magnitude;
}

/// IEEE 754 half precision, rounded to even; false on overflow.
bool half_bits(double value, uint16_t* out) {
  uint64_t bits = std::bit_cast<uint64_t>(value);
  auto sign = static_cast<uint16_t>(bits >> 48 & 0x8000);
  double magnitude = std::fabs(value);
  if (std::isnan(value)) {
    *out = sign | 0x7E00;
    return true;
  }
  if (std::isinf(value)) {
    *out = sign | 0x7C00;
    return true;
  }
  int exponent;
  std::frexp(magnitude, &exponent);
  --exponent;  // 1 <= magnitude / 2**exponent < 2
  if (magnitude == 0 || exponent < -25) {
    *out = sign;
    return true;
  }
  int scale = std::max(exponent, -14);
  double units = std::nearbyint(std::ldexp(magnitude, 10 - scale));  // in the last place
  auto mantissa = static_cast<uint32_t>(units);
  uint32_t result =
      exponent < -14 ? mantissa : (static_cast<uint32_t>(scale + 15) << 10) + mantissa - 0x400;
  if (result >= 0x7C00) return false;
  *out = static_cast<uint16_t>(sign | result);
  return true;
}

double half_value(uint16_t bits) {
  int exponent = bits >> 10 & 31;
  double mantissa = bits & 0x3FF;
  double value = exponent == 31
                     ? (mantissa != 0 ? std::numeric_limits<double>::quiet_NaN() : HUGE_VAL)
                 : exponent == 0 ? std::ldexp(mantissa, -24)
                                 : std::ldexp(mantissa + 1024, exponent - 25);
  return bits & 0x8000 ? -value : value;
}

Result<uint64_t> float_bits(VM& vm, const Format& format, const Field& field, Value value) {
  auto number = to_double(vm, value);
  if (number.is_error()) {
    if (!vm.catch_pending(Exc::TypeError) && !vm.catch_pending(Exc::OverflowError)) return Error{};
    return raise_struct_error(vm, "required argument is not a float");
  }
  double d = number.value();
  if (field.code == 'd') return std::bit_cast<uint64_t>(d);
  if (field.code == 'f') {
    auto f = static_cast<float>(d);
    if (!format.native && std::isinf(f) && !std::isinf(d))
      return vm.raise(Exc::OverflowError, "float too large to pack with f format");
    return uint64_t{std::bit_cast<uint32_t>(f)};
  }
  uint16_t half;
  if (!half_bits(d, &half))
    return vm.raise(Exc::OverflowError, "float too large to pack with e format");
  return uint64_t{half};
}

Result<void> pack_text(VM& vm, const Field& field, Value value, uint8_t* out) {
  std::string_view bytes;
  if (!(is_kind(value, CellKind::Bytes) || is_kind(value, CellKind::ByteArray)) ||
      !get_bytes(value, &bytes))
    return raise_struct_error(
        vm, std::string("argument for '") + field.code + "' must be a bytes object");
  auto room = static_cast<size_t>(field.repeat);
  std::memset(out, 0, room);
  if (field.code == 's') {
    std::memcpy(out, bytes.data(), std::min(room, bytes.size()));
  } else if (room) {
    size_t length = std::min(room - 1, bytes.size());
    std::memcpy(out + 1, bytes.data(), length);
    out[0] = static_cast<uint8_t>(std::min<size_t>(length, 255));
  }
  return {};
}

}  // namespace

Result<void> pack_item(VM& vm, const Format& format, const Field& field, Value value,
                       uint8_t* out) {
  uint64_t bits;
  switch (field.code) {
    case 's':
    case 'p':
      return pack_text(vm, field, value, out);
    case 'c': {
      Bytes* bytes = try_as<Bytes>(value);
      if (!bytes || bytes->length != 1)
        return raise_struct_error(vm, "char format requires a bytes object of length 1");
      *out = bytes->data()[0];
      return {};
    }
    case '?':
      bits = TRY(is_truthy(vm, value));
      break;
    case 'e':
    case 'f':
    case 'd':
      bits = TRY(float_bits(vm, format, field, value));
      break;
    default:
      bits = TRY(integer_bits(vm, field, value));
  }
  if (!format.little_endian) bits = __builtin_bswap64(bits) >> (64 - 8 * field.size);
  copy_item(out, &bits, field.size);
  return {};
}

Result<Value> unpack_item(VM& vm, const Format& format, const Field& field, const uint8_t* in) {
  auto* text = reinterpret_cast<const char*>(in);
  if (field.code == 's')
    return make_bytes(vm, std::string_view(text, static_cast<size_t>(field.repeat)));
  if (field.code == 'p') {
    if (field.repeat == 0) return make_bytes(vm, std::string_view());
    size_t length = std::min<size_t>(in[0], static_cast<size_t>(field.repeat) - 1);
    return make_bytes(vm, std::string_view(text + 1, length));
  }
  if (field.code == 'c') return make_bytes(vm, std::string_view(text, 1));
  uint64_t bits = 0;
  copy_item(&bits, in, field.size);
  unsigned unused = 64 - 8 * field.size;
  if (!format.little_endian) bits = __builtin_bswap64(bits) >> unused;
  switch (field.code) {
    case '?':
      return Value::boolean(bits != 0);
    case 'e':
      return make_float(vm, half_value(static_cast<uint16_t>(bits)));
    case 'f':
      return make_float(vm, std::bit_cast<float>(static_cast<uint32_t>(bits)));
    case 'd':
      return make_float(vm, std::bit_cast<double>(bits));
  }
  if (is_signed(field.code)) return make_int(vm, static_cast<int64_t>(bits << unused) >> unused);
  if (bits <= static_cast<uint64_t>(Value::kMaxSmallInt))
    return Value::small_int(static_cast<int64_t>(bits));
  return make_int_unsigned(vm, bits);
}

}  // namespace apy::structs
