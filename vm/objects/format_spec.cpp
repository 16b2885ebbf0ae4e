// The format specification mini-language: parsing, layout of numbers, format() of int and str.
#include <algorithm>

#include "vm/objects/digits.h"
#include "vm/objects/format.h"
#include "vm/objects/protocol.h"
#include "vm/objects/text.h"
#include "vm/objects/unicode.h"

namespace apy {
namespace {

bool is_alignment(uint32_t c) { return c == '<' || c == '>' || c == '=' || c == '^'; }

/// "'c'" or "'\xNN'", as messages show a format code.
std::string quoted_code(uint32_t c) {
  if (c > 32 && c < 128) return {'\'', static_cast<char>(c), '\''};
  constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (; c; c >>= 4) hex.insert(hex.begin(), kDigits[c & 15]);
  return "'\\x" + (hex.empty() ? "0" : hex) + "'";
}

struct SpecReader {
  VM& vm;
  Str* text;
  size_t at = 0;

  const uint8_t* ascii = text->is_ascii() ? text->data : nullptr;

  size_t left() const { return text->length - at; }
  uint32_t peek(size_t offset = 0) const {
    if (left() <= offset) return 0;
    return ascii ? ascii[at + offset] : text->at(at + offset);
  }
  bool take(uint32_t c) {
    if (left() == 0 || peek() != c) return false;
    ++at;
    return true;
  }
  /// -1 when there are no digits.
  Result<int64_t> number() {
    int64_t value = -1;
    for (; left(); ++at) {
      uint32_t c = peek();
      int digit = c < 128 ? (c >= '0' && c <= '9' ? static_cast<int>(c - '0') : -1)
                          : unicode_decimal_value(c);
      if (digit < 0) break;
      if (value > (INT64_MAX - digit) / 10)
        return vm.raise(Exc::ValueError, "Too many decimal digits in format string");
      value = (value < 0 ? 0 : value * 10) + digit;
    }
    return value;
  }
};

Result<void> read_grouping(SpecReader& reader, FormatSpec* spec) {
  if (reader.take(',')) spec->grouping = ',';
  bool conflict = false;
  if (reader.left() && reader.peek() == '_') {
    conflict = spec->grouping != 0;
    spec->grouping = '_';
    ++reader.at;
  }
  if (conflict || (spec->grouping == '_' && reader.left() && reader.peek() == ','))
    return reader.vm.raise(Exc::ValueError, "Cannot specify both ',' and '_'.");
  return {};
}

Result<void> check_grouping(VM& vm, const FormatSpec& spec, uint32_t type) {
  constexpr std::string_view kDecimal = "defgEG%F";
  bool known = type < 128 && type != 0;
  if (type == 0 || (known && kDecimal.find(static_cast<char>(type)) != std::string_view::npos))
    return {};
  if (spec.grouping == '_' && known &&
      std::string_view("boxX").find(static_cast<char>(type)) != std::string_view::npos)
    return {};
  return vm.raise(Exc::ValueError, "Cannot specify '{}' with {}.",
                  std::string_view(&spec.grouping, 1), quoted_code(type));
}

/// Appends digits with a separator between groups, counted from the right, and zeros in front up to
/// `minimum` characters.
void append_grouped(StrBuilder& out, std::string_view digits, char separator, size_t group,
                    size_t minimum) {
  if (!separator) {
    if (minimum > digits.size()) out.append_repeated('0', minimum - digits.size());
    out.append(digits);
    return;
  }
  // How many digits in all, zeros included: as many as fill `minimum` characters with their
  // separators. A group is never left with a separator in front.
  size_t count = digits.size();
  auto total = [group](size_t n) { return n + (n - 1) / group; };
  if (total(count) < minimum) {
    count = std::max(count, minimum - minimum / (group + 1));
    while (total(count) < minimum) ++count;
  }
  for (size_t i = 0; i < count; ++i) {
    size_t left = count - i;
    if (i && left % group == 0) out.append(static_cast<uint32_t>(separator));
    out.append(left > digits.size() ? uint32_t{'0'}
                                    : static_cast<uint32_t>(digits[digits.size() - left]));
  }
}

size_t grouped_length(size_t digits, char separator, size_t group) {
  return separator && digits ? digits + (digits - 1) / group : digits;
}

Result<Value> format_int_character(VM& vm, Value value, const FormatSpec& spec) {
  if (spec.sign)
    return vm.raise(Exc::ValueError, "Sign not allowed with integer format specifier 'c'");
  if (spec.alternate)
    return vm.raise(Exc::ValueError,
                    "Alternate form (#) not allowed with integer format specifier 'c'");
  int64_t code;
  if (!fits_int64(value, &code))
    return vm.raise(Exc::OverflowError, "Python int too large to convert to C long");
  if (code < 0 || code > 0x10FFFF)
    return vm.raise(Exc::OverflowError, "%c arg not in range(0x110000)");
  Str* text = TRY(make_str_char(vm, static_cast<uint32_t>(code)));
  StrBuilder out(vm);
  FormatSpec padding = spec;
  if (padding.align == '=') padding.align = '>';
  append_padded(out, padding, text, 1, '>');
  return out.finish();
}

}  // namespace

Error unknown_format_code(VM& vm, uint32_t code, Value value) {
  return vm.raise(Exc::ValueError, "Unknown format code {} for object of type '{}'",
                  quoted_code(code), vm.type_of(value));
}

Result<FormatSpec> parse_format_spec(VM& vm, Str* text, Value value, uint32_t default_type,
                                     char default_align) {
  FormatSpec spec;
  SpecReader reader{vm, text};
  bool has_fill = false;
  if (reader.left() >= 2 && is_alignment(reader.peek(1))) {
    spec.fill = reader.peek();
    has_fill = true;
    ++reader.at;
  }
  if (reader.left() && is_alignment(reader.peek())) {
    spec.align = static_cast<char>(reader.peek());
    ++reader.at;
  }
  if (uint32_t c = reader.peek(); c == '+' || c == '-' || c == ' ') {
    spec.sign = static_cast<char>(c);
    ++reader.at;
  }
  spec.no_negative_zero = reader.take('z');
  spec.alternate = reader.take('#');
  if (!has_fill && reader.take('0')) {
    spec.fill = '0';
    if (!spec.align && default_align == '>') spec.align = '=';
  }
  spec.width = TRY(reader.number());
  TRY(read_grouping(reader, &spec));
  if (reader.take('.')) {
    spec.precision = TRY(reader.number());
    if (spec.precision < 0) return vm.raise(Exc::ValueError, "Format specifier missing precision");
  }
  if (reader.left() > 1)
    return vm.raise(Exc::ValueError, "Invalid format specifier '{}' for object of type '{}'", text,
                    vm.type_of(value));
  if (reader.left()) spec.type = reader.peek();
  bool may_be_none = is_float(value) || is_kind(value, CellKind::Complex);  // as CPython has it
  if (reader.left() && spec.type == 0 && !may_be_none) return unknown_format_code(vm, 0, value);
  if (spec.grouping) TRY(check_grouping(vm, spec, spec.type ? spec.type : default_type));
  return spec;
}

void append_padded(StrBuilder& out, const FormatSpec& spec, const Str* text, size_t length,
                   char default_align) {
  size_t pad =
      spec.width > static_cast<int64_t>(length) ? static_cast<size_t>(spec.width) - length : 0;
  char align = spec.align ? spec.align : default_align;
  size_t left = align == '<' ? 0 : align == '^' ? pad / 2 : pad;
  out.append_repeated(spec.fill, left);
  out.append(text, 0, length);
  out.append_repeated(spec.fill, pad - left);
}

void append_number(StrBuilder& out, const FormatSpec& spec, const NumberText& number) {
  char sign = number.negative ? '-' : spec.sign == '+' || spec.sign == ' ' ? spec.sign : 0;
  char align = spec.align ? spec.align : '>';
  bool by_fours = spec.type == 'b' || spec.type == 'o' || spec.type == 'x' || spec.type == 'X';
  size_t group = by_fours ? 4 : 3;
  size_t around = (sign ? 1 : 0) + number.prefix.size() + number.remainder.size();
  size_t width = spec.width > 0 ? static_cast<size_t>(spec.width) : 0;
  size_t minimum = spec.fill == '0' && align == '=' && width > around && !number.digits.empty()
                       ? width - around
                       : 0;
  size_t length =
      around + std::max(minimum, grouped_length(number.digits.size(), spec.grouping, group));
  size_t pad = width > length ? width - length : 0;
  size_t left = align == '>' ? pad : align == '^' ? pad / 2 : 0;
  out.append_repeated(spec.fill, left);
  if (sign) out.append(static_cast<uint32_t>(sign));
  out.append(number.prefix);
  if (align == '=') out.append_repeated(spec.fill, pad);
  if (!number.digits.empty()) append_grouped(out, number.digits, spec.grouping, group, minimum);
  out.append(number.remainder);
  if (align != '=') out.append_repeated(spec.fill, pad - left);
}

Result<Value> padded_number(VM& vm, const FormatSpec& spec, std::string_view head,
                            std::string_view body) {
  size_t length = head.size() + body.size();
  size_t pad =
      spec.width > static_cast<int64_t>(length) ? static_cast<size_t>(spec.width) - length : 0;
  char align = spec.align ? spec.align : '>';
  size_t left = align == '>' ? pad : align == '^' ? pad / 2 : 0;
  size_t middle = align == '=' ? pad : 0;
  if (spec.fill >= 0x80 || length + pad <= 1) {
    StrBuilder out(vm);
    out.append_repeated(spec.fill, left);
    out.append(head);
    out.append_repeated(spec.fill, middle);
    out.append(body);
    out.append_repeated(spec.fill, pad - left - middle);
    return out.finish();
  }
  Str* string = TRY(allocate_str(vm, length + pad, 1, true));
  uint8_t* to = units_of<uint8_t>(string);
  auto fill = [&](size_t count) {
    if (count > 0) std::memset(to, static_cast<int>(spec.fill), count);
    to += count;
  };
  auto copy = [&](std::string_view text) {
    copy_bytes(to, reinterpret_cast<const uint8_t*>(text.data()), text.size());
    to += text.size();
  };
  fill(left);
  copy(head);
  fill(middle);
  copy(body);
  fill(pad - left - middle);
  return string;
}

Result<Value> format_int(VM& vm, Value value, Str* spec_text) {
  if (spec_text->length == 0) return str_of(vm, value);
  FormatSpec spec = TRY(parse_format_spec(vm, spec_text, value, 'd', '>'));
  int base = 10;
  const char* prefix = "";
  switch (spec.type) {
    case 'b':
      base = 2;
      prefix = "0b";
      break;
    case 'o':
      base = 8;
      prefix = "0o";
      break;
    case 'x':
      base = 16;
      prefix = "0x";
      break;
    case 'X':
      base = 16;
      prefix = "0X";
      break;
    case 0:
    case 'd':
    case 'n':
    case 'c':
      break;
    case 'e':
    case 'E':
    case 'f':
    case 'F':
    case 'g':
    case 'G':
    case '%': {
      double number = TRY(to_double(vm, value));
      StrBuilder out(vm);
      append_number(out, spec, TRY(format_double_text(vm, number, spec, false)));
      return out.finish();
    }
    default:
      return unknown_format_code(vm, spec.type, value);
  }
  if (spec.precision >= 0)
    return vm.raise(Exc::ValueError, "Precision not allowed in integer format specifier");
  if (spec.no_negative_zero)
    return vm.raise(Exc::ValueError,
                    "Negative zero coercion (z) not allowed in integer format specifier");
  if (spec.type == 'c') return format_int_character(vm, value, spec);
  if (base == 10 && !spec.grouping && value.is_small_int()) {
    int64_t i = value.as_small_int();
    char digits[kMaxDigits];
    char* end = digits + sizeof digits;
    char* begin =
        write_digits(end, i < 0 ? 0 - static_cast<uint64_t>(i) : static_cast<uint64_t>(i));
    return padded_number(vm, spec, shown_sign(spec, i < 0),
                         {begin, static_cast<size_t>(end - begin)});
  }
  NumberText number;
  number.digits = TRY(int_to_string(vm, value, base));
  if (number.digits[0] == '-') {
    number.negative = true;
    number.digits.erase(0, 1);
  }
  if (spec.alternate) number.prefix = prefix;
  if (spec.type == 'X')
    for (char& c : number.digits)
      if (c >= 'a') c = static_cast<char>(c - 32);
  StrBuilder out(vm);
  append_number(out, spec, number);
  return out.finish();
}

Result<Value> format_string(VM& vm, Str* string, Str* spec_text) {
  if (spec_text->length == 0) return str_of(vm, string);
  FormatSpec spec = TRY(parse_format_spec(vm, spec_text, string, 's', '<'));
  if (spec.type && spec.type != 's') return unknown_format_code(vm, spec.type, string);
  if (spec.sign == ' ')
    return vm.raise(Exc::ValueError, "Space not allowed in string format specifier");
  if (spec.sign) return vm.raise(Exc::ValueError, "Sign not allowed in string format specifier");
  if (spec.no_negative_zero)
    return vm.raise(Exc::ValueError,
                    "Negative zero coercion (z) not allowed in string format specifier");
  if (spec.alternate)
    return vm.raise(Exc::ValueError, "Alternate form (#) not allowed in string format specifier");
  if (spec.align == '=')
    return vm.raise(Exc::ValueError, "'=' alignment not allowed in string format specifier");
  size_t length = string->length;
  if (spec.precision >= 0) length = std::min(length, static_cast<size_t>(spec.precision));
  StrBuilder out(vm);
  append_padded(out, spec, string, length, '<');
  return out.finish();
}

}  // namespace apy
