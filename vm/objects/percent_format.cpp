// The % operator of str, bytes and bytearray. One formatter over two output alphabets: numbers are
// ASCII either way, and only %s, %r, %a, %b and %c ask the alphabet.
#include <algorithm>

#include "vm/objects/format.h"
#include "vm/objects/protocol.h"
#include "vm/objects/str_functions.h"
#include "vm/objects/text.h"
#include "vm/objects/text_methods.h"

namespace apy {
namespace {

/// One conversion: %(key)flags width.precision type.
struct Directive {
  bool left = false, plus = false, space = false, alternate = false, zero = false;
  int64_t width = -1, precision = -1;
  uint32_t type = 0;
  size_t index = 0;  // where the type character stands
};

struct StrAlphabet {
  using Text = Str*;
  using Builder = StrBuilder;
  static constexpr bool kBytes = false;
  Str* format;
  size_t length() const { return format->length; }
  uint32_t at(size_t i) const { return format->at(i); }
  void copy(StrBuilder& out, size_t begin, size_t end) const { out.append(format, begin, end); }
  Result<Value> key(VM& vm, size_t begin, size_t end) const {
    return str_slice(vm, format, begin, end);
  }
  /// The next % in [at, length), or length.
  size_t find_percent(size_t at) const {
    return with_units(format, [&](const auto* units) {
      while (at < format->length && units[at] != '%') ++at;
      return at;
    });
  }
  static size_t size(Str* text) { return text->length; }
  static void append(StrBuilder& out, Str* text, size_t length) { out.append(text, 0, length); }
};

struct BytesAlphabet {
  using Text = std::string_view;
  using Builder = ByteBuilder;
  static constexpr bool kBytes = true;
  std::string_view format;
  size_t length() const { return format.size(); }
  uint32_t at(size_t i) const { return static_cast<uint8_t>(format[i]); }
  void copy(ByteBuilder& out, size_t begin, size_t end) const {
    out.append(format.substr(begin, end - begin));
  }
  Result<Value> key(VM& vm, size_t begin, size_t end) const {
    return make_bytes(vm, format.substr(begin, end - begin));
  }
  size_t find_percent(size_t at) const { return std::min(format.find('%', at), format.size()); }
  static size_t size(std::string_view text) { return text.size(); }
  static void append(ByteBuilder& out, std::string_view text, size_t length) {
    out.append(text.substr(0, length));
  }
};

template <class Alphabet>
class PercentFormatter {
 public:
  using Builder = typename Alphabet::Builder;
  PercentFormatter(VM& vm, Alphabet format, Value args) : vm_(vm), format_(format), args_(args) {
    if (Tuple* tuple = try_as<Tuple>(args)) {
      count_ = static_cast<int64_t>(tuple->length);
    } else {
      // A single argument, which also may be a mapping; -2 and -1 let it be taken once.
      next_ = -2;
      count_ = -1;
      bool text = is_kind(args, CellKind::Str) ||
                  (Alphabet::kBytes &&
                   (is_kind(args, CellKind::Bytes) || is_kind(args, CellKind::ByteArray)));
      is_mapping_ = !text && !type_special(vm, vm.type_of(args), Special::GetItem).is_empty();
    }
    original_args_ = args;
  }

  Result<void> run(Builder& out) {
    size_t at = 0, n = format_.length();
    while (at < n) {
      size_t literal = at;
      at = format_.find_percent(at);
      format_.copy(out, literal, at);
      if (at == n) break;
      ++at;
      if (at < n && format_.at(at) == '%') {
        out.append(uint32_t{'%'});
        ++at;
        continue;
      }
      if (at < n && TRY(convert_plain(out, format_.at(at)))) {
        ++at;
        continue;
      }
      Directive directive = TRY(read(&at));
      TRY(convert(out, directive));
    }
    if (next_ < count_ && !is_mapping_)
      return vm_.raise(Exc::TypeError, "not all arguments converted during {} formatting",
                       Alphabet::kBytes ? "bytes" : "string");
    return {};
  }

 private:
  /// %s and %d without flags, and of the usual values; false: nothing has happened.
  Result<bool> convert_plain(Builder& out, uint32_t type) {
    if constexpr (Alphabet::kBytes) {
      return false;
    } else {
      if ((type != 's' && type != 'd') || next_ >= count_) return false;
      Value v = count_ < 0 ? args_ : as<Tuple>(args_)->values()[next_];
      if (v.is_small_int()) {
        out.append_int(v.as_small_int());
      } else if (type == 's') {
        ++next_;
        out.append(TRY(str_of(vm_, v)));
        return true;
      } else {
        return false;
      }
      ++next_;
      return true;
    }
  }

  Error incomplete() { return vm_.raise(Exc::ValueError, "incomplete format"); }

  Result<Value> next_argument() {
    if (next_ >= count_) return vm_.raise(Exc::TypeError, "not enough arguments for format string");
    int64_t index = next_++;
    return count_ < 0 ? args_ : as<Tuple>(args_)->values()[index];
  }

  /// "(key)": the argument is then the mapping's value.
  Result<void> read_key(size_t* at) {
    if (!is_mapping_) return vm_.raise(Exc::TypeError, "format requires a mapping");
    size_t begin = ++*at;
    int open = 1;
    for (; *at < format_.length(); ++*at) {
      uint32_t c = format_.at(*at);
      if (c == '(') ++open;
      if (c == ')' && --open == 0) break;
    }
    if (*at >= format_.length()) return vm_.raise(Exc::ValueError, "incomplete format key");
    Value key = TRY(format_.key(vm_, begin, (*at)++));
    args_ = TRY(get_item(vm_, original_args_, key));
    next_ = -2;
    count_ = -1;
    return {};
  }

  /// A number or * at `at`; `fallback` when there is neither.
  Result<int64_t> read_number(size_t* at, int64_t fallback, bool is_width) {
    if (*at < format_.length() && format_.at(*at) == '*') {
      ++*at;
      Value v = TRY(next_argument());
      if (!is_int(v)) return vm_.raise(Exc::TypeError, "* wants int");
      int64_t number;
      bool fits = fits_int64(v, &number);
      if (is_width && (!fits || number == INT64_MIN))
        return vm_.raise(Exc::OverflowError, "Python int too large to convert to C ssize_t");
      if (!is_width && (!fits || number > INT32_MAX || number < INT32_MIN))
        return vm_.raise(Exc::OverflowError, "Python int too large to convert to C int");
      return number;
    }
    int64_t number = fallback;
    for (; *at < format_.length() && format_.at(*at) - '0' < 10; ++*at) {
      number = (number < 0 ? 0 : number * 10) + static_cast<int64_t>(format_.at(*at) - '0');
      if (number > INT32_MAX)
        return vm_.raise(Exc::ValueError, is_width ? "width too big" : "precision too big");
    }
    return number;
  }

  bool read_flag(uint32_t c, Directive* d) {
    switch (c) {
      case '-':
        return d->left = true;
      case '+':
        return d->plus = true;
      case ' ':
        return d->space = true;
      case '#':
        return d->alternate = true;
      case '0':
        return d->zero = true;
    }
    return false;
  }

  Result<Directive> read(size_t* at) {
    Directive d;
    size_t n = format_.length();
    if (*at < n && format_.at(*at) == '(') TRY(read_key(at));
    while (*at < n && read_flag(format_.at(*at), &d)) ++*at;
    d.width = TRY(read_number(at, -1, true));
    if (d.width < -1) {
      d.left = true;
      d.width = -d.width;
    }
    if (*at < n && format_.at(*at) == '.') {
      ++*at;
      d.precision = std::max<int64_t>(TRY(read_number(at, 0, false)), 0);
    }
    if (*at < n && (format_.at(*at) == 'h' || format_.at(*at) == 'l' || format_.at(*at) == 'L'))
      ++*at;
    if (*at >= n) return incomplete();
    d.index = *at;
    d.type = format_.at((*at)++);
    return d;
  }

  Result<void> convert(Builder& out, const Directive& d) {
    Value v = TRY(next_argument());
    switch (d.type) {
      case 'c':
        return convert_character(out, d, v);
      case 'r':
      case 'a':
      case 's':
        return convert_text(out, d, v);
      case 'b':
        if (Alphabet::kBytes) return convert_text(out, d, v);
        break;
      case 'd':
      case 'i':
      case 'u':
      case 'o':
      case 'x':
      case 'X':
        return convert_int(out, d, v);
      case 'e':
      case 'E':
      case 'f':
      case 'F':
      case 'g':
      case 'G':
        return convert_float(out, d, v);
    }
    char letter = d.type >= 31 && d.type <= 126 ? static_cast<char>(d.type) : '?';
    char hex[16];
    std::snprintf(hex, sizeof hex, "0x%x", d.type);
    return vm_.raise(Exc::ValueError, "unsupported format character '{}' ({}) at index {}",
                     std::string_view(&letter, 1), hex, d.index);
  }

  void pad(Builder& out, const Directive& d, size_t length, bool before) {
    if (d.left == before || d.width <= static_cast<int64_t>(length)) return;
    out.append_repeated(' ', static_cast<size_t>(d.width) - length);
  }

  Result<typename Alphabet::Text> text_of(const Directive& d, Value v) {
    if constexpr (!Alphabet::kBytes) {
      return d.type == 's' ? str_of(vm_, v) : d.type == 'r' ? repr_of(vm_, v) : ascii_of(vm_, v);
    } else {
      if (d.type == 'r' || d.type == 'a') return TRY(ascii_of(vm_, v))->latin1();
      std::string_view data;
      if (get_bytes(v, &data)) return data;
      if (type_lookup(vm_, vm_.type_of(v), vm_.names().bytes_).is_empty())
        return vm_.raise(
            Exc::TypeError,
            "%b requires a bytes-like object, or an object that implements __bytes__, not '{}'",
            vm_.type_of(v));
      Value made = TRY(vm_.call_method(v, vm_.names().bytes_, {}));
      Bytes* bytes = try_as<Bytes>(made);
      if (!bytes)
        return vm_.raise(Exc::TypeError, "__bytes__ returned non-bytes (type {})",
                         vm_.type_of(made));
      return bytes->view();
    }
  }
  Result<void> convert_text(Builder& out, const Directive& d, Value v) {
    auto text = TRY(text_of(d, v));
    size_t length = Alphabet::size(text);
    if (d.precision >= 0) length = std::min(length, static_cast<size_t>(d.precision));
    pad(out, d, length, true);
    Alphabet::append(out, text, length);
    pad(out, d, length, false);
    return {};
  }

  Result<uint32_t> character_of(Value v) {
    if constexpr (Alphabet::kBytes) {
      std::string_view data;
      if (get_bytes(v, &data) && data.size() == 1) return uint32_t{static_cast<uint8_t>(data[0])};
    } else {
      if (Str* text = try_as<Str>(v); text && text->length == 1) return text->at(0);
    }
    bool integral = is_int(v) || !type_special(vm_, vm_.type_of(v), Special::Index).is_empty();
    if (!integral)
      return vm_.raise(Exc::TypeError, Alphabet::kBytes
                                           ? "%c requires an integer in range(256) or a single byte"
                                           : "%c requires int or char");
    Value integer = TRY(to_index(vm_, v));
    int64_t code, limit = Alphabet::kBytes ? 256 : 0x110000;
    if (!fits_int64(integer, &code) || code < 0 || code >= limit)
      return vm_.raise(Exc::OverflowError, Alphabet::kBytes ? "%c arg not in range(256)"
                                                            : "%c arg not in range(0x110000)");
    return static_cast<uint32_t>(code);
  }
  Result<void> convert_character(Builder& out, const Directive& d, Value v) {
    uint32_t c = TRY(character_of(v));
    pad(out, d, 1, true);
    out.append(c);
    pad(out, d, 1, false);
    return {};
  }

  /// Sign, prefix, zeros, digits with padding.
  void put_number(Builder& out, const Directive& d, const std::string& sign,
                  const std::string& digits) {
    size_t length = sign.size() + digits.size();
    size_t missing =
        d.width > static_cast<int64_t>(length) ? static_cast<size_t>(d.width) - length : 0;
    size_t zeros = d.zero && !d.left ? missing : 0;
    if (!zeros) pad(out, d, length, true);
    out.append(std::string_view(sign));
    out.append_repeated('0', zeros);
    out.append(std::string_view(digits));
    if (!zeros) pad(out, d, length, false);
  }
  std::string sign_of(const Directive& d, std::string& text) {
    if (text[0] == '-') {
      text.erase(0, 1);
      return "-";
    }
    return d.plus ? "+" : d.space ? " " : "";
  }

  Error wrong_number(const Directive& d, Value v, bool wants_index) {
    char letter = Alphabet::kBytes && d.type == 'i' ? 'd' : static_cast<char>(d.type);
    std::string_view type(&letter, 1);
    if (wants_index)
      return vm_.raise(Exc::TypeError, "%{} format: an integer is required, not {}", type,
                       vm_.type_of(v));
    return vm_.raise(Exc::TypeError, "%{} format: a real number is required, not {}", type,
                     vm_.type_of(v));
  }
  Result<Value> integer_of(const Directive& d, Value v) {
    if (is_int(v)) return v;
    bool wants_index = d.type == 'o' || d.type == 'x' || d.type == 'X';
    Type* type = vm_.type_of(v);
    bool convertible =
        !type_special(vm_, type, Special::Index).is_empty() ||
        (!wants_index && (is_float(v) || !type_special(vm_, type, Special::Int).is_empty()));
    if (!convertible) return wrong_number(d, v, wants_index);
    auto result = wants_index ? to_index(vm_, v) : vm_.call(vm_.type(BuiltinType::Int), {v});
    if (result.is_error() && vm_.catch_pending(Exc::TypeError))
      return wrong_number(d, v, wants_index);
    return result;
  }

  Result<void> convert_int(Builder& out, const Directive& d, Value v) {
    Value integer = TRY(integer_of(d, v));
    int base = d.type == 'o' ? 8 : d.type == 'x' || d.type == 'X' ? 16 : 10;
    std::string digits = TRY(int_to_string(vm_, integer, base));
    std::string sign = sign_of(d, digits);
    if (d.precision > kMaxPrecision) return vm_.out_of_memory();
    if (d.precision > static_cast<int64_t>(digits.size()))
      digits.insert(0, static_cast<size_t>(d.precision) - digits.size(), '0');
    if (d.type == 'X')
      for (char& c : digits)
        if (c >= 'a') c = static_cast<char>(c - 32);
    if (d.alternate && base == 8) sign += "0o";
    if (d.alternate && base == 16) sign += d.type == 'X' ? "0X" : "0x";
    put_number(out, d, sign, digits);
    return {};
  }

  Result<void> convert_float(Builder& out, const Directive& d, Value v) {
    auto number = to_double(vm_, v);
    if (number.is_error()) {
      if (!Alphabet::kBytes) return Error{};
      if (!vm_.catch_pending(Exc::TypeError) && !vm_.catch_pending(Exc::OverflowError))
        return Error{};
      return vm_.raise(Exc::TypeError, "float argument required, not {}", vm_.type_of(v));
    }
    int64_t precision = d.precision < 0 ? 6 : d.precision;
    if (precision > kMaxPrecision) return vm_.out_of_memory();
    std::string text =
        format_double(number.value(), static_cast<char>(d.type), precision, d.alternate);
    std::string sign = sign_of(d, text);
    put_number(out, d, sign, text);
    return {};
  }

  VM& vm_;
  Alphabet format_;
  Value args_;           // what the next argument comes from: a tuple or the one argument
  Value original_args_;  // the right operand, for keys
  int64_t next_ = 0, count_ = 0;
  bool is_mapping_ = false;
};

}  // namespace

Result<Value> percent_format(VM& vm, Str* format, Value args) {
  StrBuilder out(vm);
  TRY(PercentFormatter<StrAlphabet>(vm, {format}, args).run(out));
  return out.finish();
}

Result<Value> percent_format_bytes(VM& vm, std::string_view format, Value args,
                                   bool want_bytearray) {
  ByteBuilder out(vm);
  TRY(PercentFormatter<BytesAlphabet>(vm, {format}, args).run(out));
  if (want_bytearray) return out.finish_bytearray();
  return out.finish();
}

}  // namespace apy
