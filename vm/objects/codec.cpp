// The encodings behind str.encode and bytes.decode.
//
// Each codec is a loop over units that reports what it cannot handle as a range [start, end) with a
// reason; one class per direction applies the error handler to such a range. So a codec knows
// nothing of handlers, and a handler nothing of codecs except how to write (or recognise) a
// character in the encoding, which surrogatepass needs.
#include "vm/objects/codec.h"

#include <algorithm>

#include "vm/objects/character_names.h"
#include "vm/objects/protocol.h"
#include "vm/objects/text.h"
#include "vm/objects/utf8.h"
#include "vm/objects/vm.h"

namespace apy {
namespace {

enum class Kind { Utf8, Utf8Signature, Utf16, Utf32, Latin1, Ascii };

struct Encoding {
  const char* key;   // the name without case and punctuation
  const char* name;  // in messages
  Kind kind;
  enum Order { Native, Little, Big } order = Native;
};
constexpr Encoding kEncodings[] = {
    {"utf8", "utf-8", Kind::Utf8},
    {"u8", "utf-8", Kind::Utf8},
    {"utf", "utf-8", Kind::Utf8},
    {"cp65001", "utf-8", Kind::Utf8},
    {"utf8sig", "utf-8", Kind::Utf8Signature},
    {"ascii", "ascii", Kind::Ascii},
    {"usascii", "ascii", Kind::Ascii},
    {"646", "ascii", Kind::Ascii},
    {"ansix341968", "ascii", Kind::Ascii},
    {"latin1", "latin-1", Kind::Latin1},
    {"latin", "latin-1", Kind::Latin1},
    {"l1", "latin-1", Kind::Latin1},
    {"iso88591", "latin-1", Kind::Latin1},
    {"88591", "latin-1", Kind::Latin1},
    {"8859", "latin-1", Kind::Latin1},
    {"cp819", "latin-1", Kind::Latin1},
    {"utf16", "utf-16", Kind::Utf16},
    {"u16", "utf-16", Kind::Utf16},
    {"utf16le", "utf-16-le", Kind::Utf16, Encoding::Little},
    {"utf16be", "utf-16-be", Kind::Utf16, Encoding::Big},
    {"utf32", "utf-32", Kind::Utf32},
    {"u32", "utf-32", Kind::Utf32},
    {"utf32le", "utf-32-le", Kind::Utf32, Encoding::Little},
    {"utf32be", "utf-32-be", Kind::Utf32, Encoding::Big},
};

const Encoding* find_encoding(std::string_view name) {
  std::string key;
  for (char c : name) {
    if (c == '-' || c == '_' || c == ' ' || c == '.') continue;
    key += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  }
  for (const Encoding& encoding : kEncodings)
    if (key == encoding.key) return &encoding;
  return nullptr;
}

enum class Handler {
  Strict,
  Ignore,
  Replace,
  BackslashReplace,
  XmlCharRefReplace,
  NameReplace,
  SurrogateEscape,
  SurrogatePass,
  Unknown,
};
Handler find_handler(std::string_view name) {
  constexpr std::string_view kNames[] = {
      "strict",      "ignore",          "replace",      "backslashreplace", "xmlcharrefreplace",
      "namereplace", "surrogateescape", "surrogatepass"};
  auto* found = std::find(std::begin(kNames), std::end(kNames), name);
  return static_cast<Handler>(found - std::begin(kNames));
}

bool is_surrogate(uint32_t c) { return c >= 0xD800 && c <= 0xDFFF; }

/// \xNN, \uNNNN or \UNNNNNNNN.
std::string backslash_escape(uint32_t c) {
  constexpr char kDigits[] = "0123456789abcdef";
  int digits = c < 0x100 ? 2 : c < 0x10000 ? 4 : 8;
  std::string text = {'\\', digits == 2 ? 'x' : digits == 4 ? 'u' : 'U'};
  for (int i = digits; i-- > 0;) text += kDigits[c >> (4 * i) & 15];
  return text;
}

/// What the module codecs gives, which knows the encodings that the engine does not.
template <class T>
Result<T*> ask_registry(VM& vm, const char* function, Value data, std::string_view encoding,
                        std::string_view errors) {
  if (encoding.find('\0') != encoding.npos)
    return vm.raise(Exc::ValueError, "embedded null character");
  Value codecs = TRY(vm.import_module("codecs"));
  Value ask = TRY(get_attribute(vm, codecs, TRY(intern(vm, function))));
  Value result = TRY(vm.call(ask, {data, TRY(make_str(vm, encoding)), TRY(make_str(vm, errors))}));
  return as<T>(result);
}

/// Calls an error handler that a script registered, for the exception that is pending: what to put
/// there, and the position to go on at.
Result<Value> ask_handler(VM& vm, const char* function, std::string_view errors, size_t* next) {
  Value exception = vm.take_pending();
  Value codecs = TRY(vm.import_module("codecs"));
  Value ask = TRY(get_attribute(vm, codecs, TRY(intern(vm, function))));
  Value pair = TRY(vm.call(ask, {TRY(make_str(vm, errors)), exception}));
  *next = static_cast<size_t>(as<Tuple>(pair)->values()[1].as_small_int());
  return as<Tuple>(pair)->values()[0];
}

// --- encoding ---

void put_unit(ByteBuilder& out, uint32_t unit, int size, bool big) {
  for (int i = 0; i < size; ++i) out.append(unit >> (8 * (big ? size - 1 - i : i)) & 0xFF);
}

class Encoder {
 public:
  Encoder(VM& vm, Str* text, const Encoding& encoding, std::string_view errors)
      : vm_(vm), text_(text), encoding_(encoding), errors_(errors), out_(vm) {}

  Result<Bytes*> run() {
    out_.expect(text_->length);
    if (is_wide() && encoding_.order == Encoding::Native) put(0xFEFF);
    if (encoding_.kind == Kind::Utf8Signature) put(0xFEFF);
    TRY(with_units(text_, [this](const auto* units) { return encode_units(units); }));
    return out_.finish();
  }

 private:
  template <class T>
  Result<void> encode_units(const T* units) {
    for (size_t i = 0; i < text_->length;) {
      if (encodable(units[i])) {
        put(units[i++]);
        continue;
      }
      size_t end = i + 1;
      while (!is_wide() && end < text_->length && !encodable(units[end])) ++end;
      i = TRY(handle(i, end));
    }
    return {};
  }

  bool is_wide() const { return encoding_.kind == Kind::Utf16 || encoding_.kind == Kind::Utf32; }
  bool encodable(uint32_t c) const {
    switch (encoding_.kind) {
      case Kind::Ascii:
        return c < 0x80;
      case Kind::Latin1:
        return c < 0x100;
      default:
        return !is_surrogate(c);
    }
  }

  void put(uint32_t c) {
    bool big = encoding_.order == Encoding::Big;
    switch (encoding_.kind) {
      case Kind::Ascii:
      case Kind::Latin1:
        out_.append(c);
        return;
      case Kind::Utf8:
      case Kind::Utf8Signature: {
        char bytes[4];
        char* end = utf8_encode(c, bytes);
        out_.append(std::string_view(bytes, static_cast<size_t>(end - bytes)));
        return;
      }
      case Kind::Utf16:
        if (c >= 0x10000) {
          put_unit(out_, 0xD800 + ((c - 0x10000) >> 10), 2, big);
          c = 0xDC00 + (c & 0x3FF);
        }
        put_unit(out_, c, 2, big);
        return;
      case Kind::Utf32:
        put_unit(out_, c, 4, big);
        return;
    }
  }

  Error fail(size_t start, size_t end) {
    const char* reason = encoding_.kind == Kind::Ascii    ? "ordinal not in range(128)"
                         : encoding_.kind == Kind::Latin1 ? "ordinal not in range(256)"
                                                          : "surrogates not allowed";
    Value args[] = {TRY(make_str(vm_, encoding_.name)), text_,
                    Value::small_int(static_cast<int64_t>(start)),
                    Value::small_int(static_cast<int64_t>(end)), TRY(make_str(vm_, reason))};
    return vm_.raise_with(Exc::UnicodeEncodeError, args);
  }

  /// A registered handler gives bytes, or text that must be encodable.
  Result<size_t> ask(size_t start, size_t end) {
    (void)fail(start, end);
    size_t next = end;
    Value replacement = TRY(ask_handler(vm_, "_call_encode_handler", errors_, &next));
    if (Bytes* bytes = try_as<Bytes>(replacement)) {
      out_.append(bytes->view());
      return next;
    }
    Str* text = as<Str>(replacement);
    for (size_t i = 0; i < text->length; ++i) {
      if (!encodable(text->at(i))) return fail(start, end);
      put(text->at(i));
    }
    return next;
  }

  /// Where to go on.
  Result<size_t> handle(size_t start, size_t end) {
    Handler handler = find_handler(errors_);
    if (handler == Handler::Strict) return fail(start, end);
    if (handler == Handler::Unknown) return ask(start, end);
    for (size_t i = start; i < end; ++i) {
      uint32_t c = text_->at(i);
      switch (handler) {
        case Handler::Replace:
          put('?');
          break;
        case Handler::XmlCharRefReplace:
          put_text("&#" + std::to_string(c) + ";");
          break;
        case Handler::NameReplace:
          if (std::string name = character_name(c); !name.empty()) {
            put_text("\\N{" + name + "}");
            break;
          }
          [[fallthrough]];
        case Handler::BackslashReplace:
          put_text(backslash_escape(c));
          break;
        case Handler::SurrogateEscape:
          // A lone byte is no unit of the wide encodings.
          if (c < 0xDC80 || c > 0xDCFF || is_wide()) return fail(start, end);
          out_.append(c - 0xDC00);
          break;
        case Handler::SurrogatePass:
          if (!is_surrogate(c) || encoding_.kind == Kind::Ascii || encoding_.kind == Kind::Latin1)
            return fail(start, end);
          put(c);
          break;
        default:
          break;  // ignore
      }
    }
    return end;
  }
  void put_text(const std::string& ascii) {
    for (char c : ascii) put(static_cast<uint32_t>(c));
  }

  VM& vm_;
  Str* text_;
  const Encoding& encoding_;
  std::string_view errors_;
  ByteBuilder out_;
};

// --- decoding ---

class Decoder {
 public:
  Decoder(VM& vm, std::string_view data, Value object, const Encoding& encoding,
          std::string_view errors)
      : vm_(vm),
        begin_(reinterpret_cast<const uint8_t*>(data.data())),
        end_(begin_ + data.size()),
        object_(object),
        encoding_(encoding),
        name_(encoding.name),
        errors_(errors),
        out_(vm) {}

  Result<Str*> run(bool final, size_t* consumed) {
    out_.expect(static_cast<size_t>(end_ - begin_));
    const uint8_t* p = begin_;
    big_ = encoding_.order == Encoding::Big;
    switch (encoding_.kind) {
      case Kind::Utf16:
        p = TRY(decode_utf16(skip_mark(p, 2)));
        break;
      case Kind::Utf32:
        p = TRY(decode_utf32(skip_mark(p, 4)));
        break;
      case Kind::Ascii:
        p = TRY(decode_ascii(p));
        break;
      case Kind::Utf8Signature:
        if (end_ - p >= 3 && p[0] == 0xEF && p[1] == 0xBB && p[2] == 0xBF) p += 3;
        [[fallthrough]];
      default:
        p = TRY(decode_utf8(p, final));
        break;
    }
    if (consumed) *consumed = static_cast<size_t>(p - begin_);
    return out_.finish();
  }

 private:
  uint32_t unit(const uint8_t* p, int size) const {
    uint32_t value = 0;
    for (int i = 0; i < size; ++i) value |= uint32_t{p[big_ ? size - 1 - i : i]} << (8 * i);
    return value;
  }
  /// Takes a byte order mark, for the encodings that leave the order open.
  const uint8_t* skip_mark(const uint8_t* p, int size) {
    bool open = encoding_.order == Encoding::Native;
    if (open && end_ - p >= size) {
      if (unit(p, size) == 0xFEFF) {
        p += size;
      } else {
        big_ = true;
        if (unit(p, size) == 0xFEFF)
          p += size;
        else
          big_ = false;
      }
    }
    name_ = size == 2 ? (big_ ? "utf-16-be" : "utf-16-le") : (big_ ? "utf-32-be" : "utf-32-le");
    return p;
  }

  Result<const uint8_t*> decode_utf8(const uint8_t* p, bool final) {
    while (p < end_) {
      Utf8Decoded step = utf8_step(p, end_, false);
      if (!step.error) {
        out_.append(step.code_point);
        p += step.length;
        continue;
      }
      if (!final && p + step.length == end_ && is_truncated(p)) break;
      p = TRY(handle(p, p + step.length, step.error));
    }
    return p;
  }
  bool is_truncated(const uint8_t* p) const {
    Utf8Decoded step = utf8_step(p, end_, false);
    return step.error && step.error[0] == 'u';  // "unexpected end of data"
  }

  Result<const uint8_t*> decode_utf16(const uint8_t* p) {
    while (p < end_) {
      if (end_ - p < 2) {
        p = TRY(handle(p, end_, "truncated data"));
        continue;
      }
      uint32_t c = unit(p, 2);
      if (!is_surrogate(c)) {
        out_.append(c);
        p += 2;
      } else if (c >= 0xDC00) {
        p = TRY(handle(p, p + 2, "illegal encoding"));
      } else if (end_ - p < 4) {
        p = TRY(handle(p, end_, "unexpected end of data"));
      } else if (uint32_t low = unit(p + 2, 2); low >= 0xDC00 && low <= 0xDFFF) {
        out_.append(0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00));
        p += 4;
      } else {
        p = TRY(handle(p, p + 2, "illegal UTF-16 surrogate"));
      }
    }
    return p;
  }

  Result<const uint8_t*> decode_utf32(const uint8_t* p) {
    while (p < end_) {
      if (end_ - p < 4) {
        p = TRY(handle(p, end_, "truncated data"));
        continue;
      }
      uint32_t c = unit(p, 4);
      if (is_surrogate(c)) {
        p = TRY(handle(p, p + 4, "code point in surrogate code point range(0xd800, 0xe000)"));
      } else if (c > 0x10FFFF) {
        p = TRY(handle(p, p + 4, "code point not in range(0x110000)"));
      } else {
        out_.append(c);
        p += 4;
      }
    }
    return p;
  }

  Result<const uint8_t*> decode_ascii(const uint8_t* p) {
    while (p < end_) {
      if (*p < 0x80)
        out_.append(*p++);
      else
        p = TRY(handle(p, p + 1, "ordinal not in range(128)"));
    }
    return p;
  }

  Error fail(const uint8_t* start, const uint8_t* end, const char* reason) {
    std::string_view data(reinterpret_cast<const char*>(begin_),
                          static_cast<size_t>(end_ - begin_));
    Bytes* whole = try_as<Bytes>(object_);
    if (!whole || whole->length != data.size()) object_ = TRY(make_bytes(vm_, data));
    Value args[] = {TRY(make_str(vm_, name_)), object_, Value::small_int(start - begin_),
                    Value::small_int(end - begin_), TRY(make_str(vm_, reason))};
    return vm_.raise_with(Exc::UnicodeDecodeError, args);
  }

  /// Where to go on.
  Result<const uint8_t*> handle(const uint8_t* start, const uint8_t* end, const char* reason) {
    switch (find_handler(errors_)) {
      case Handler::Strict:
        return fail(start, end, reason);
      case Handler::Ignore:
        return end;
      case Handler::Replace:
        out_.append(0xFFFD);
        return end;
      case Handler::BackslashReplace:
        for (auto* p = start; p < end; ++p) out_.append(backslash_escape(*p));
        return end;
      case Handler::SurrogateEscape: {
        const uint8_t* p = start;
        for (; p < end && *p >= 0x80; ++p) out_.append(0xDC00u + *p);
        if (p == start) return fail(start, end, reason);
        return p;
      }
      case Handler::SurrogatePass: {
        const uint8_t* next = pass_surrogate(start);
        if (!next) return fail(start, end, reason);
        return next;
      }
      case Handler::XmlCharRefReplace:
      case Handler::NameReplace:
        return vm_.raise(Exc::TypeError,
                         "don't know how to handle UnicodeDecodeError in error callback");
      default: {
        (void)fail(start, end, reason);
        size_t next = 0;
        Value replacement = TRY(ask_handler(vm_, "_call_decode_handler", errors_, &next));
        out_.append(as<Str>(replacement));
        return begin_ + std::min(next, static_cast<size_t>(end_ - begin_));
      }
    }
  }
  const uint8_t* pass_surrogate(const uint8_t* p) {
    uint32_t c = 0;
    int size = encoding_.kind == Kind::Utf16 ? 2 : encoding_.kind == Kind::Utf32 ? 4 : 3;
    if (end_ - p < size || encoding_.kind == Kind::Ascii) return nullptr;
    if (size != 3)
      c = unit(p, size);
    else if (Utf8Decoded step = utf8_step(p, end_, true); !step.error)
      c = step.code_point;
    if (!is_surrogate(c)) return nullptr;
    out_.append(c);
    return p + size;
  }

  VM& vm_;
  const uint8_t* begin_;
  const uint8_t* end_;
  Value object_;
  const Encoding& encoding_;
  const char* name_;
  std::string_view errors_;
  bool big_ = false;
  StrBuilder out_;
};

/// Well-formed UTF-8 without surrogates?
bool is_strict_utf8(std::string_view data) {
  auto* p = reinterpret_cast<const uint8_t*>(data.data());
  for (auto* end = p + data.size(); p < end;) {
    Utf8Decoded step = utf8_step(p, end, false);
    if (step.error) return false;
    p += step.length;
  }
  return true;
}

}  // namespace

Result<Bytes*> encode_text(VM& vm, Str* text, std::string_view encoding, std::string_view errors) {
  if (text->is_ascii() && encoding == "utf-8") return make_bytes(vm, text->latin1());
  const Encoding* found = find_encoding(encoding);
  if (!found) return ask_registry<Bytes>(vm, "_encode_text", text, encoding, errors);
  bool narrow = found->kind != Kind::Utf16 && found->kind != Kind::Utf32 &&
                found->kind != Kind::Utf8Signature;
  if (narrow && (text->is_ascii() || (found->kind == Kind::Latin1 && text->width() == 1)))
    return make_bytes(vm, text->latin1());
  return Encoder(vm, text, *found, errors).run();
}

Result<Str*> decode_text(VM& vm, std::string_view data, Value object, std::string_view encoding,
                         std::string_view errors) {
  if (encoding == "utf-8" && is_ascii_text(data)) return make_str_latin1(vm, data);
  const Encoding* found = find_encoding(encoding);
  if (!found) {
    if (!is_kind(object, CellKind::Bytes)) object = TRY(make_bytes(vm, data));
    return ask_registry<Str>(vm, "_decode_text", object, encoding, errors);
  }
  if (found->kind == Kind::Latin1) return make_str_latin1(vm, data);
  if (found->kind == Kind::Utf8 && is_strict_utf8(data)) return make_str(vm, data);
  return Decoder(vm, data, object, *found, errors).run(true, nullptr);
}

Result<Str*> decode_utf8_prefix(VM& vm, std::string_view data, std::string_view errors, bool final,
                                size_t* consumed) {
  if (is_strict_utf8(data)) {
    *consumed = data.size();
    return make_str(vm, data);
  }
  return Decoder(vm, data, Value(), *find_encoding("utf8"), errors).run(final, consumed);
}

const char* canonical_encoding(std::string_view name) {
  const Encoding* found = find_encoding(name);
  if (!found) return nullptr;
  if (found->kind == Kind::Utf8Signature) return "utf-8-sig";
  return found->kind == Kind::Latin1 ? "iso8859-1" : found->name;
}

}  // namespace apy
