#include "stdlib/array/items.h"

#include <bit>
#include <cstring>

#include "stdlib/struct/format.h"
#include "vm/objects/bigint.h"

namespace apy::arrays {

namespace {

constexpr ItemKind kKinds[] = {
    {'b', 1, 1}, {'B', 1, 0},  {'u', 4, 20}, {'w', 4, 20}, {'h', 2, 4},  {'H', 2, 2},  {'i', 4, 8},
    {'I', 4, 6}, {'l', 8, 12}, {'L', 8, 10}, {'q', 8, 12}, {'Q', 8, 10}, {'f', 4, 14}, {'d', 8, 16},
};

/// The struct code of each pair (little-endian, big-endian) of machine formats from 2 on; 'w':
/// text.
constexpr struct {
  char code;
  uint8_t size;
} kMachineFormats[] = {{'H', 2}, {'h', 2}, {'I', 4}, {'i', 4}, {'Q', 8},
                       {'q', 8}, {'f', 4}, {'d', 8}, {'u', 2}, {'w', 4}};

struct Limits {
  int64_t low, high;
  const char* name;  // in messages
};

/// Kinds that go through a C long, with limits of their own.
Limits limits_of(char code) {
  switch (code) {
    case 'b':
      return {-128, 127, "signed char"};
    case 'B':
      return {0, 255, "unsigned byte integer"};
    case 'h':
      return {-32768, 32767, "signed short integer"};
    case 'i':
      return {INT32_MIN, INT32_MAX, "signed integer"};
    default:
      return {INT64_MIN, INT64_MAX, nullptr};
  }
}

Result<uint64_t> signed_bits(VM& vm, char code, Value integer) {
  if (code == 'b') TRY(signed_bits(vm, 'h', integer));  // as the C library's layers do
  int64_t number;
  if (!fits_int64(integer, &number))
    return vm.raise(Exc::OverflowError, code == 'q' ? "int too big to convert"
                                                    : "Python int too large to convert to C long");
  Limits limits = limits_of(code);
  if (number < limits.low)
    return vm.raise(Exc::OverflowError, "{} is less than minimum", limits.name);
  if (number > limits.high)
    return vm.raise(Exc::OverflowError, "{} is greater than maximum", limits.name);
  return static_cast<uint64_t>(number);
}

/// H goes through a C int.
Result<uint64_t> short_bits(VM& vm, Value integer) {
  int64_t number = static_cast<int64_t>(TRY(signed_bits(vm, 'i', integer)));
  if (number < 0) return vm.raise(Exc::OverflowError, "unsigned short is less than minimum");
  if (number > 0xFFFF)
    return vm.raise(Exc::OverflowError, "unsigned short is greater than maximum");
  return static_cast<uint64_t>(number);
}

Result<uint64_t> unsigned_bits(VM& vm, char code, Value integer) {
  IntParts parts(integer);
  if (parts.negative && parts.size)
    return vm.raise(Exc::OverflowError, code == 'Q'
                                            ? "can't convert negative int to unsigned"
                                            : "can't convert negative value to unsigned int");
  if (parts.size > 1)
    return vm.raise(Exc::OverflowError, code == 'Q'
                                            ? "int too big to convert"
                                            : "Python int too large to convert to C unsigned long");
  uint64_t number = parts.size ? parts.limbs()[0] : 0;
  if (code == 'I' && number > UINT32_MAX)
    return vm.raise(Exc::OverflowError, "unsigned int is greater than maximum");
  return number;
}

structs::Format plain_format(bool little_endian) {
  structs::Format format;
  format.little_endian = little_endian;
  return format;
}

}  // namespace

const ItemKind* find_kind(char32_t code) {
  for (const ItemKind& kind : kKinds)
    if (static_cast<char32_t>(kind.code) == code) return &kind;
  return nullptr;
}

Result<Value> read_item(VM& vm, const ItemKind& kind, const uint8_t* data) {
  if (kind.is_text()) {
    uint32_t character;
    std::memcpy(&character, data, sizeof character);
    if (character > 0x10FFFF) return vm.raise(Exc::ValueError, "chr() arg not in range(0x110000)");
    return make_str_char(vm, character);
  }
  return structs::unpack_item(vm, plain_format(true), {kind.code, kind.size, 1, 0}, data);
}

Result<uint64_t> pack_item(VM& vm, const ItemKind& kind, Value value) {
  switch (kind.code) {
    case 'u':
    case 'w': {
      Str* text = try_as<Str>(value);
      if (!text || text->length != 1)
        return vm.raise(Exc::TypeError, "array item must be unicode character");
      return uint64_t{text->at(0)};
    }
    case 'f':
      return uint64_t{std::bit_cast<uint32_t>(static_cast<float>(TRY(to_double(vm, value))))};
    case 'd':
      return std::bit_cast<uint64_t>(TRY(to_double(vm, value)));
    case 'H':
      return short_bits(vm, TRY(to_index(vm, value)));
    case 'I':
    case 'L':
    case 'Q':
      return unsigned_bits(vm, kind.code, TRY(to_index(vm, value)));
    default:
      return signed_bits(vm, kind.code, TRY(to_index(vm, value)));
  }
}

unsigned machine_format_size(int64_t format) {
  return format < 2 ? 1 : kMachineFormats[(format - 2) / 2].size;
}

Result<Value> read_machine_item(VM& vm, int64_t format, const uint8_t* data) {
  if (format < 2)
    return Value::small_int(format == 0 ? int64_t{*data} : int64_t{static_cast<int8_t>(*data)});
  auto [code, size] = kMachineFormats[(format - 2) / 2];
  bool little_endian = format % 2 == 0;
  if (code != 'u' && code != 'w')
    return structs::unpack_item(vm, plain_format(little_endian), {code, size, 1, 0}, data);
  uint32_t character = 0;
  for (unsigned i = 0; i < size; ++i)
    character |= uint32_t{data[little_endian ? i : size - 1 - i]} << (8 * i);
  if (character > 0x10FFFF) return vm.raise(Exc::ValueError, "character is not in range");
  return make_str_char(vm, character);
}

}  // namespace apy::arrays
