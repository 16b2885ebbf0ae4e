// str.format and str.format_map: "{field!conversion:spec}" templates.
//
// A template is read once from left to right. A field name is looked up first in the arguments,
// then through attributes and indices; a spec that contains fields is itself a template, one level
// deep at most. Automatic numbers are counted across both levels.
#include "vm/objects/format.h"
#include "vm/objects/protocol.h"
#include "vm/objects/str_functions.h"
#include "vm/objects/text.h"
#include "vm/objects/unicode.h"

namespace apy {
namespace {

/// Part of a template: units [begin, end) of `text`.
struct Piece {
  size_t begin, end;
  bool empty() const { return begin == end; }
};

class Formatter {
 public:
  Formatter(VM& vm, const Value* args, size_t arg_count, Value names, bool has_args)
      : vm_(vm), args_(args), arg_count_(arg_count), names_(names), has_args_(has_args) {}

  /// Renders the template text[piece].
  Result<void> render(StrBuilder& out, Str* text, Piece piece, int depth) {
    if (depth < 0) return vm_.raise(Exc::ValueError, "Max string recursion exceeded");
    size_t at = piece.begin;
    while (at < piece.end) {
      size_t literal = at;
      at = skip_literal(text, at, piece.end);
      out.append(text, literal, at);
      if (at == piece.end) break;
      uint32_t brace = text->at(at++);
      bool at_end = at == piece.end;
      if (!at_end && text->at(at) == brace) {
        out.append(brace);
        ++at;
        continue;
      }
      if (brace == '}')
        return vm_.raise(Exc::ValueError, "Single '}' encountered in format string");
      if (at_end) return vm_.raise(Exc::ValueError, "Single '{' encountered in format string");
      if (text->at(at) == '}') {
        ++at;
        TRY(append_plain(out, TRY(first_value(text, {at, at}))));
        continue;
      }
      Field field = TRY(read_field(text, &at, piece.end));
      TRY(render_field(out, text, field, depth));
    }
    return {};
  }

 private:
  static size_t skip_literal(const Str* text, size_t at, size_t end) {
    return with_units(text, [&](const auto* units) {
      while (at < end && units[at] != '{' && units[at] != '}') ++at;
      return at;
    });
  }

  /// A value without a format specification.
  Result<void> append_plain(StrBuilder& out, Value value) {
    if (is_exact(value, BuiltinType::Str)) {
      out.append(as<Str>(value));
    } else if (value.is_small_int()) {
      out.append_int(value.as_small_int());
    } else {
      out.append(as<Str>(TRY(format_value(vm_, value, vm_.names().empty))));
    }
    return {};
  }

  struct Field {
    Piece name{}, spec{};
    uint32_t conversion = 0;
    bool nested = false;  // the spec contains fields
  };
  enum class Numbering { Unknown, Automatic, Manual };

  /// Reads from behind "{" to behind the closing "}".
  Result<Field> read_field(Str* text, size_t* at, size_t end) {
    Field field;
    field.name.begin = *at;
    uint32_t c = 0;
    while (*at < end) {
      c = text->at((*at)++);
      if (c == '{') return vm_.raise(Exc::ValueError, "unexpected '{' in field name");
      if (c == '}' || c == ':' || c == '!') break;
      if (c == '[')
        while (*at < end && text->at(*at) != ']') ++*at;
      c = 0;
    }
    if (c == 0) return vm_.raise(Exc::ValueError, "expected '}' before end of string");
    field.name.end = *at - 1;
    if (c == '}') return field;
    if (c == '!') {
      if (*at >= end)
        return vm_.raise(Exc::ValueError, "end of string while looking for conversion specifier");
      field.conversion = text->at((*at)++);
      if (*at < end) {
        c = text->at((*at)++);
        if (c == '}') return field;
        if (c != ':') return vm_.raise(Exc::ValueError, "expected ':' after conversion specifier");
      }
    }
    field.spec.begin = *at;
    for (int open = 1; *at < end;) {
      c = text->at((*at)++);
      if (c == '{') {
        field.nested = true;
        ++open;
      } else if (c == '}' && --open == 0) {
        field.spec.end = *at - 1;
        return field;
      }
    }
    return vm_.raise(Exc::ValueError, "unmatched '{' in format spec");
  }

  Result<void> render_field(StrBuilder& out, Str* text, const Field& field, int depth) {
    Value value = TRY(look_up(text, field.name));
    if (field.conversion) value = TRY(convert(value, field.conversion));
    Str* spec = vm_.names().empty;
    if (field.nested) {
      StrBuilder expanded(vm_);
      TRY(render(expanded, text, field.spec, depth - 1));
      spec = TRY(expanded.finish());
    } else if (!field.spec.empty()) {
      spec = TRY(str_slice(vm_, text, field.spec.begin, field.spec.end));
    }
    if (spec->length == 0) return append_plain(out, value);
    out.append(as<Str>(TRY(format_value(vm_, value, spec))));
    return {};
  }

  Result<Value> convert(Value value, uint32_t conversion) {
    switch (conversion) {
      case 'r':
        return repr_of(vm_, value);
      case 's':
        return str_of(vm_, value);
      case 'a':
        return ascii_of(vm_, value);
    }
    if (conversion > 32 && conversion < 127) {
      char letter = static_cast<char>(conversion);
      return vm_.raise(Exc::ValueError, "Unknown conversion specifier {}",
                       std::string_view(&letter, 1));
    }
    constexpr char kDigits[] = "0123456789abcdef";
    std::string hex;
    for (; conversion; conversion >>= 4) hex.insert(hex.begin(), kDigits[conversion & 15]);
    return vm_.raise(Exc::ValueError, "Unknown conversion specifier \\x{}", hex);
  }

  /// The decimal number that is all of the piece, or -1.
  Result<int64_t> number(Str* text, Piece piece) {
    if (piece.empty()) return int64_t{-1};
    int64_t value = 0;
    for (size_t i = piece.begin; i < piece.end; ++i) {
      int digit = unicode_decimal_value(text->at(i));
      if (digit < 0) return int64_t{-1};
      if (value > (INT64_MAX - digit) / 10)
        return vm_.raise(Exc::ValueError, "Too many decimal digits in format string");
      value = value * 10 + digit;
    }
    return value;
  }

  Result<void> set_numbering(Numbering numbering) {
    if (numbering_ == Numbering::Unknown) numbering_ = numbering;
    if (numbering_ == numbering) return {};
    return vm_.raise(
        Exc::ValueError,
        numbering == Numbering::Manual
            ? "cannot switch from automatic field numbering to manual field specification"
            : "cannot switch from manual field specification to automatic field numbering");
  }

  Result<Value> first_value(Str* text, Piece first) {
    int64_t index = TRY(number(text, first));
    if (index >= 0 || first.empty())
      TRY(set_numbering(first.empty() ? Numbering::Automatic : Numbering::Manual));
    if (first.empty()) index = next_index_++;
    if (index >= 0) {
      if (!has_args_) return vm_.raise(Exc::ValueError, "Format string contains positional fields");
      if (static_cast<size_t>(index) >= arg_count_)
        return vm_.raise(Exc::IndexError,
                         "Replacement index {} out of range for positional args tuple", index);
      return args_[index];
    }
    Value key = TRY(str_slice(vm_, text, first.begin, first.end));
    if (names_.is_empty()) return vm_.raise_with(Exc::KeyError, std::span<const Value>(&key, 1));
    return get_item(vm_, names_, key);
  }

  Result<Value> look_up(Str* text, Piece name) {
    size_t at = name.begin;
    while (at < name.end && text->at(at) != '.' && text->at(at) != '[') ++at;
    Value value = TRY(first_value(text, {name.begin, at}));
    while (at < name.end) {
      uint32_t c = text->at(at++);
      size_t begin = at;
      if (c == '.') {
        while (at < name.end && text->at(at) != '.' && text->at(at) != '[') ++at;
        if (begin == at) return vm_.raise(Exc::ValueError, "Empty attribute in format string");
        Str* attribute = TRY(intern(vm_, TRY(str_slice(vm_, text, begin, at))));
        value = TRY(get_attribute(vm_, value, attribute));
      } else if (c == '[') {
        while (at < name.end && text->at(at) != ']') ++at;
        if (at == name.end) return vm_.raise(Exc::ValueError, "Missing ']' in format string");
        Piece piece{begin, at++};
        if (piece.empty()) return vm_.raise(Exc::ValueError, "Empty attribute in format string");
        int64_t index = TRY(number(text, piece));
        Value key = index >= 0 ? TRY(make_int(vm_, index))
                               : Value(TRY(str_slice(vm_, text, piece.begin, piece.end)));
        value = TRY(get_item(vm_, value, key));
      } else {
        return vm_.raise(Exc::ValueError,
                         "Only '.' or '[' may follow ']' in format field specifier");
      }
    }
    return value;
  }

  VM& vm_;
  const Value* args_;
  size_t arg_count_;
  Value names_;
  bool has_args_;
  Numbering numbering_ = Numbering::Unknown;
  int64_t next_index_ = 0;
};

}  // namespace

Result<Value> str_format(VM& vm, Str* format, const Value* args, size_t arg_count, Value names,
                         bool has_args) {
  StrBuilder out(vm);
  Formatter formatter(vm, args, arg_count, names, has_args);
  TRY(formatter.render(out, format, {0, format->length}, 1));
  return out.finish();
}

}  // namespace apy
