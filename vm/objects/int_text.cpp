// Ints from text and back. GMP's conversions are subquadratic in both directions; the digit limit
// exists all the same, because scripts can tell.
#include <gmp.h>

#include <charconv>
#include <cmath>

#include "vm/objects/bigint.h"
#include "vm/objects/protocol.h"
#include "vm/objects/unicode.h"
#include "vm/objects/units.h"

namespace apy {

namespace {

constexpr int kDefaultDigitLimit = 4300;
constexpr uint64_t kUnlimitedDigits = 640;  // never refused
constexpr char kDigitLimitKey = 0;          // only its address counts

int digit_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'z') return c - 'a' + 10;
  if (c >= 'A' && c <= 'Z') return c - 'A' + 10;
  return 99;
}

/// What `[sign][prefix]digits` consists of.
struct Numeral {
  std::string_view digits;  // with underscores
  int base = 10;
  bool negative = false;
  uint64_t count = 0;  // digits without underscores
  bool valid = false;
};

int prefix_base(std::string_view text) {
  if (text.size() < 2 || text[0] != '0') return 0;
  switch (text[1] | 0x20) {
    case 'x':
      return 16;
    case 'o':
      return 8;
    case 'b':
      return 2;
  }
  return 0;
}

Numeral scan(std::string_view text, int base) {
  Numeral numeral;
  while (!text.empty() && is_ascii_space(static_cast<uint8_t>(text.front()))) text.remove_prefix(1);
  while (!text.empty() && is_ascii_space(static_cast<uint8_t>(text.back()))) text.remove_suffix(1);
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
    numeral.negative = text[0] == '-';
    text.remove_prefix(1);
  }
  int prefix = prefix_base(text);
  bool only_zeros = base == 0 && !prefix && !text.empty() && text[0] == '0';
  if (prefix && (base == 0 || base == prefix)) {
    base = prefix;
    text.remove_prefix(2);
    if (!text.empty() && text[0] == '_') text.remove_prefix(1);
  } else if (base == 0) {
    base = 10;
  }
  numeral.base = base;
  numeral.digits = text;
  bool after_digit = false;
  for (char c : text) {
    if (c == '_' && after_digit) {
      after_digit = false;
      continue;
    }
    int value = digit_value(c);
    if (value >= base || (only_zeros && value != 0)) return numeral;
    after_digit = true;
    ++numeral.count;
  }
  numeral.valid = after_digit;
  return numeral;
}

Result<Value> convert_long(VM& vm, const Numeral& numeral) {
  if (numeral.base == 10 && numeral.count <= 38) {
    unsigned __int128 value = 0;
    for (char c : numeral.digits)
      if (c != '_') value = value * 10 + static_cast<unsigned>(c - '0');
    uint64_t limbs[2] = {static_cast<uint64_t>(value), static_cast<uint64_t>(value >> 64)};
    return int_from_limbs(vm, limbs, 2, numeral.negative);
  }
  ByteStorage* values = TRY(make_byte_storage(vm, numeral.count));
  uint8_t* out = values->data();
  size_t count = 0;
  for (char c : numeral.digits)
    if (c != '_' && (c != '0' || count)) out[count++] = static_cast<uint8_t>(digit_value(c));
  if (count == 0) return Value::small_int(0);
  auto limbs = static_cast<uint64_t>(static_cast<double>(count) * std::log2(numeral.base) / 64) + 2;
  BigInt* result = TRY(make_big_int(vm, limbs));
  mp_size_t size = mpn_set_str(result->limbs(), out, count, numeral.base);
  vm.heap().free_storage(values);
  return finish_int(result, static_cast<uint64_t>(size), numeral.negative);
}

bool is_power_of_two(int base) { return (base & (base - 1)) == 0; }

Result<Value> convert(VM& vm, const Numeral& numeral) {
  auto base = static_cast<uint64_t>(numeral.base);
  if (numeral.count <= 12 || (base <= 10 && numeral.count <= 18)) {
    int64_t value = 0;
    for (char c : numeral.digits)
      if (c != '_') value = value * numeral.base + digit_value(c);
    return make_int(vm, numeral.negative ? -value : value);
  }
  if (!is_power_of_two(numeral.base) && numeral.count > kUnlimitedDigits) {
    auto limit = static_cast<uint64_t>(int_digit_limit(vm));
    if (limit && numeral.count > limit)
      return vm.raise(
          Exc::ValueError,
          "Exceeds the limit ({} digits) for integer string conversion: value has {} digits; use "
          "sys.set_int_max_str_digits() to increase the limit",
          limit, numeral.count);
  }
  return convert_long(vm, numeral);
}

/// Plain decimal text of a small int, which nearly all is; false for everything else.
bool parse_short(std::string_view text, int64_t* out) {
  size_t sign = !text.empty() && text[0] == '-';
  if (text.size() - sign - 1 >= 18) return false;  // also when there are no digits
  int64_t value = 0;
  for (size_t i = sign; i < text.size(); ++i) {
    auto digit = static_cast<uint8_t>(text[i] - '0');
    if (digit > 9) return false;
    value = value * 10 + digit;
  }
  *out = sign ? -value : value;
  return true;
}

/// `original` empty: make a str of `text` for the message.
Result<Value> parse(VM& vm, std::string_view text, int base, Value original) {
  int64_t small;
  if (base == 10 && parse_short(text, &small)) [[likely]]
    return Value::small_int(small);
  Numeral numeral = scan(text, base);
  if (numeral.valid) return convert(vm, numeral);
  if (original.is_empty()) original = TRY(make_str(vm, text));
  if (std::string_view bytes; is_kind(original, CellKind::ByteArray) && get_bytes(original, &bytes))
    original = TRY(make_bytes(vm, bytes));  // as which CPython shows it
  Str* shown = TRY(repr_of(vm, original));
  if (shown->length > 200) shown = TRY(str_slice(vm, shown, 0, 200));
  return vm.raise(Exc::ValueError, "invalid literal for int() with base {}: {}", base, shown);
}

}  // namespace

int int_digit_limit(VM& vm) {
  // Stored plus one, so that a fresh engine has the default.
  auto stored = reinterpret_cast<intptr_t>(vm.module_state(&kDigitLimitKey));
  return stored == 0 ? kDefaultDigitLimit : static_cast<int>(stored - 1);
}

void set_int_digit_limit(VM& vm, int limit) {
  vm.module_state(&kDigitLimitKey) = reinterpret_cast<void*>(static_cast<intptr_t>(limit) + 1);
}

Result<Value> parse_int(VM& vm, std::string_view text, int base) {
  return parse(vm, text, base, Value());
}

Result<Value> int_from_bytes_text(VM& vm, std::string_view text, int base, Value original) {
  return parse(vm, text, base, original);
}

Result<Value> int_from_str(VM& vm, Str* text, int base, Value original) {
  if (text->is_ascii()) return parse(vm, text->latin1(), base, original);
  return parse(vm, ascii_numeral(text), base, original);
}

std::string ascii_numeral(const Str* text) {
  std::string ascii;
  ascii.reserve(text->length);
  for (size_t i = 0; i < text->length; ++i) {
    uint32_t c = text->at(i);
    int decimal = c < 0x80 ? -1 : unicode_decimal_value(c);
    if (c < 0x80)
      ascii += static_cast<char>(c);
    else if (decimal >= 0)
      ascii += static_cast<char>('0' + decimal);
    else
      ascii += is_unicode_space(c) ? ' ' : '?';
  }
  return ascii;
}

namespace {

/// Decimal text of an int of at most two limbs.
std::string short_to_string(const IntParts& parts) {
  constexpr uint64_t kPower = 10'000'000'000'000'000'000u;  // 19 digits at a time
  constexpr int kDigits = 19;
  uint64_t high = parts.size == 2 ? parts.limbs()[1] : 0;
  auto rest = static_cast<unsigned __int128>(high) << 64 | parts.limbs()[0];
  char buffer[48];
  char* begin = buffer + sizeof buffer;
  while (rest >= kPower) {
    auto part = static_cast<uint64_t>(rest % kPower);
    rest /= kPower;
    for (int i = 0; i < kDigits; ++i, part /= 10) *--begin = static_cast<char>('0' + part % 10);
  }
  for (auto part = static_cast<uint64_t>(rest); part; part /= 10)
    *--begin = static_cast<char>('0' + part % 10);
  if (parts.negative) *--begin = '-';
  return std::string(begin, buffer + sizeof buffer);
}

Result<std::string> long_to_string(VM& vm, const IntParts& parts, uint64_t bits, int base) {
  auto estimate = static_cast<uint64_t>(static_cast<double>(bits) / std::log2(base)) + 2;
  auto limit = base == 10 ? static_cast<uint64_t>(int_digit_limit(vm)) : 0;
  bool too_long = limit && estimate > kUnlimitedDigits && estimate > limit + 3;
  std::string text;
  if (!too_long) {
    // mpn_get_str overwrites its input.
    LimbScratch scratch(vm);
    uint64_t* limbs = TRY(scratch.allocate(parts.size + 1));
    std::copy_n(parts.limbs(), parts.size, limbs);
    text.resize(estimate + 2);
    auto* digits = reinterpret_cast<unsigned char*>(text.data());
    text.resize(mpn_get_str(digits, base, limbs, static_cast<mp_size_t>(parts.size)));
    text.erase(0, std::min(text.find_first_not_of('\0'), text.size()));
    too_long = limit && text.size() > kUnlimitedDigits && text.size() > limit;
  }
  if (too_long)
    return vm.raise(Exc::ValueError,
                    "Exceeds the limit ({} digits) for integer string conversion; use "
                    "sys.set_int_max_str_digits() to increase the limit",
                    limit);
  for (char& c : text) c = "0123456789abcdefghijklmnopqrstuvwxyz"[static_cast<uint8_t>(c)];
  if (parts.negative) text.insert(0, 1, '-');
  return text;
}

}  // namespace

Result<std::string> int_to_string(VM& vm, Value integer, int base) {
  int64_t small;
  if (fits_int64(integer, &small)) {
    char buffer[72];
    auto end = std::to_chars(buffer, buffer + sizeof buffer, small, base).ptr;
    return std::string(buffer, end);
  }
  IntParts parts(integer);
  if (base == 10 && parts.size <= 2) return short_to_string(parts);
  uint64_t bits = int_bit_length(integer);
  if (bits > (uint64_t{1} << 33)) return vm.out_of_memory();
  return long_to_string(vm, parts, bits, base);
}

}  // namespace apy
