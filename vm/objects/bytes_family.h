#pragma once
// What bytes and bytearray share: BytesFamily for text_methods.h, and the methods that exist on
// both, as templates over the struct. bytes_common_methods lists them for the method tables.
#include <array>

#include "vm/binding/bind.h"
#include "vm/objects/codec.h"
#include "vm/objects/format.h"
#include "vm/objects/iterators.h"
#include "vm/objects/str_functions.h"
#include "vm/objects/text_methods.h"

namespace apy {

// --- bytes_functions.cpp: not templates ---
/// An integer in 0..255; ValueError with `out_of_range`.
Result<uint32_t> byte_value(VM& vm, Value v,
                            const char* out_of_range = "byte must be in range(0, 256)");
/// bytes or bytearray; TypeError "a bytes-like object is required, not 'X'".
Result<std::string_view> bytes_like(VM& vm, Value v);
/// The bytes that `bytes(source)` holds for a source other than str: buffer, count, iterable of
/// ints. `bytes`: __bytes__ counts.
Result<void> append_bytes_from(VM& vm, ByteBuilder& out, Value source, bool bytes);
/// Checks the encoding and errors arguments and encodes a str; *done is false when `source` is no
/// str.
Result<Bytes*> encode_source(VM& vm, const Optional<Value>& source, const Optional<Value>& encoding,
                             const Optional<Value>& errors, const char* function);
Result<void> append_from_hex(VM& vm, ByteBuilder& out, Value text);
Result<Str*> bytes_hex(VM& vm, std::string_view data, const Optional<Value>& separator,
                       int64_t group);
Result<void> append_joined(VM& vm, ByteBuilder& out, std::string_view separator, Value iterable);
Result<void> append_translated(VM& vm, ByteBuilder& out, std::string_view data, Value table,
                               Value remove);
Result<Value> bytes_maketrans(VM& vm, Value from, Value to);
int compare_bytes(std::string_view a, std::string_view b);
enum class ByteCase { Lower, Upper, Swap, Title, Capitalize };
void append_case(ByteBuilder& out, std::string_view data, ByteCase mapping);
enum class ByteTest { Alpha, Alnum, Digit, Space, Ascii, Lower, Upper, Title };
bool test_bytes(std::string_view data, ByteTest test);

template <class T>
struct BytesFamily {
  using Self = T;
  using Operand = std::string_view;
  using Builder = ByteBuilder;
  static constexpr bool kMutable = std::is_same_v<T, ByteArray>;
  static constexpr const char* kName = kMutable ? "bytearray" : "bytes";
  static constexpr const char* kNotFound = "subsection not found";

  static std::string_view view(T* self) {
    std::string_view data;
    get_bytes(self, &data);
    return data;
  }
  static size_t length(T* self) { return self->length; }
  static size_t size(Operand operand) { return operand.size(); }
  static uint32_t at(Operand operand, size_t i) { return static_cast<uint8_t>(operand[i]); }
  static bool is_space(uint32_t c) { return is_ascii_space(c); }
  static bool is_line_break(uint32_t c) { return c == '\n' || c == '\r'; }

  template <class F>
  static auto units(T* self, F f) {
    return f(reinterpret_cast<const uint8_t*>(view(self).data()));
  }
  template <class R, class F>
  static R pair(T* self, Operand operand, R, F f) {
    return f(reinterpret_cast<const uint8_t*>(view(self).data()),
             reinterpret_cast<const uint8_t*>(operand.data()));
  }

  static Result<T*> make_from(VM& vm, std::string_view data) {
    if constexpr (kMutable)
      return make_bytearray(vm, data);
    else
      return make_bytes(vm, data);
  }
  static Result<T*> slice(VM& vm, T* self, size_t begin, size_t end) {
    if constexpr (!kMutable)
      if (begin == 0 && end == self->length && is_exact(self, BuiltinType::Bytes)) return self;
    return make_from(vm, view(self).substr(begin, end - begin));
  }
  static Result<T*> stepped_slice(VM& vm, T* self, const SliceIndices& s) {
    ByteBuilder builder(vm);
    auto count = static_cast<size_t>(s.count);
    uint8_t* to = builder.extend(count);
    if (!to) return vm.out_of_memory();
    copy_stepped(to, reinterpret_cast<const uint8_t*>(view(self).data()) + s.start, count, s.step);
    return make(vm, builder);
  }
  static void append(ByteBuilder& builder, T* self, size_t begin, size_t end) {
    builder.append(view(self).substr(begin, end - begin));
  }
  static Result<T*> make(VM&, ByteBuilder& builder) {
    if constexpr (kMutable)
      return builder.finish_bytearray();
    else
      return builder.finish();
  }
  static Result<Value> repeat(VM& vm, T* self, int64_t count) {
    if (!kMutable && count == 1) return slice(vm, self, 0, self->length);
    auto times = static_cast<size_t>(count);
    if (self->length && times > kMaxTextBytes / self->length) return vm.out_of_memory();
    ByteBuilder builder(vm);
    if (self->length == 1) {
      builder.append_repeated(at(view(self), 0), times);
    } else if (size_t total = self->length * times; total > 0) {
      uint8_t* to = builder.extend(total);
      if (!to) return vm.out_of_memory();
      size_t done = self->length;
      std::memcpy(to, view(self).data(), done);
      for (size_t step; done < total; done += step)
        std::memcpy(to + done, to, step = std::min(done, total - done));
    }
    return make(vm, builder);
  }

  /// A byte or a bytes-like object.
  static Result<std::string_view> needle(VM& vm, Value v, const char*) {
    std::string_view data;
    if (get_bytes(v, &data)) return data;
    if (!is_int(v) && type_special(vm, vm.type_of(v), Special::Index).is_empty())
      return vm.raise(Exc::TypeError, "argument should be integer or bytes-like object, not '{}'",
                      vm.type_of(v));
    uint32_t byte = TRY(byte_value(vm, v));
    return std::string_view(&kAllBytes[byte], 1);
  }
  static Result<std::string_view> operand(VM& vm, Value v, const char*) {
    return bytes_like(vm, v);
  }
  static Result<std::string_view> separator(VM& vm, Value v) { return bytes_like(vm, v); }
  static Result<std::string_view> strip_set(VM& vm, Value v, const char*) {
    return bytes_like(vm, v);
  }
  static Result<std::string_view> affix(VM& vm, Value v, const char* method) {
    std::string_view data;
    if (get_bytes(v, &data)) return data;
    return vm.raise(Exc::TypeError, "{} first arg must be bytes or a tuple of bytes, not {}",
                    method, vm.type_of(v));
  }
  static Result<std::string_view> affix_in_tuple(VM& vm, Value v, const char*) {
    return bytes_like(vm, v);
  }
  static Result<uint32_t> fill(VM& vm, const Optional<Value>& v, const char* method) {
    if (!v.present) return uint32_t{' '};
    std::string_view data;
    if (!get_bytes(v.value, &data) || data.size() != 1)
      return vm.raise(Exc::TypeError, "{}() argument 2 must be a byte string of length 1, not {}",
                      method, vm.type_of(v.value));
    return at(data, 0);
  }
  static Result<Value> item(VM& vm, T* self, Value key) {
    const char* kind = kMutable ? "bytearray" : "byte";
    const char* message = kMutable ? "bytearray index out of range" : "index out of range";
    int64_t index = TRY(index_in(vm, key, self->length, kind, message));
    return Value::small_int(at(view(self), static_cast<size_t>(index)));
  }

  struct AllBytes {
    char bytes[256];
    constexpr AllBytes() : bytes() {
      for (int i = 0; i < 256; ++i) bytes[i] = static_cast<char>(i);
    }
    constexpr const char& operator[](size_t i) const { return bytes[i]; }
  };
  static constexpr AllBytes kAllBytes{};
};

template <class T>
struct BytesMethods {
  using Family = BytesFamily<T>;
  using Text = TextMethods<Family>;
  static std::string_view view(T* self) { return Family::view(self); }

  template <CompareOp kOp>
  static Result<Value> rich_compare(VM&, T* self, Value other) {
    std::string_view data;
    // Between bytes and bytearray the latter decides.
    bool comparable = Family::kMutable ? get_bytes(other, &data) : is_kind(other, CellKind::Bytes);
    if (!comparable) return Value::not_implemented();
    get_bytes(other, &data);
    return compare_result(kOp, compare_bytes(view(self), data));
  }
  static Result<Value> add(VM& vm, T* self, Value other) {
    std::string_view data;
    if (!get_bytes(other, &data)) {
      Type* type = vm.type_of(other);
      if ((type->flags & Type::kHeapType) &&
          !type_special(vm, type, Special::ReflectedAdd).is_empty())
        return Value::not_implemented();
      return vm.raise(Exc::TypeError, "can't concat {} to {}", type, vm.type_of(Value(self)));
    }
    ByteBuilder builder(vm);
    builder.expect(self->length + data.size());
    builder.append(view(self));
    builder.append(data);
    return Family::make(vm, builder);
  }
  static Result<bool> contains(VM& vm, T* self, Value item) {
    std::string_view data;
    if (!is_int(item) && !get_bytes(item, &data) &&
        type_special(vm, vm.type_of(item), Special::Index).is_empty())
      return TRY(bytes_like(vm, item)).empty();
    data = TRY(Family::needle(vm, item, ""));
    return Text::search(self, data, {0, self->length, true}, false) >= 0;
  }
  static Result<Value> iter(VM& vm, T* self) { return make_bytes_iterator(vm, self); }
  static Result<Value> mod(VM& vm, T* self, Value args) {
    return percent_format_bytes(vm, view(self), args, Family::kMutable);
  }
  static Result<Value> reflected_mod(VM& vm, T*, Value) {
    (void)vm;
    return Value::not_implemented();
  }
  static Result<Str*> repr(VM& vm, T* self) {
    StrBuilder out(vm);
    if (Family::kMutable) {
      out.append(vm.type_of(self)->name);
      out.append("(");
    }
    append_bytes_repr(out, view(self), Family::kMutable);
    if (Family::kMutable) out.append(")");
    return out.finish();
  }
  static Result<Str*> decode(VM& vm, T* self, Optional<Str*> encoding, Optional<Str*> errors) {
    if (!encoding.present && !errors.present) return decode_text(vm, view(self), self);
    return decode_text(vm, view(self), self, encoding.present ? to_utf8(encoding.value) : "utf-8",
                       errors.present ? to_utf8(errors.value) : "strict");
  }
  static Result<Str*> hex(VM& vm, T* self, Optional<Value> separator, Optional<int64_t> group) {
    return bytes_hex(vm, view(self), separator, group.value_or(1));
  }
  static Result<Value> fromhex(VM& vm, Type* cls, Value text) {
    ByteBuilder out(vm);
    TRY(append_from_hex(vm, out, text));
    Value result = TRY(Family::make(vm, out));
    if (vm.type_of(result) == cls) return result;
    return vm.call(cls, {result});
  }
  static Result<T*> join(VM& vm, T* self, Value iterable) {
    ByteBuilder out(vm);
    TRY(append_joined(vm, out, view(self), iterable));
    return Family::make(vm, out);
  }
  static Result<Value> replace(VM& vm, T* self, Value old, Value replacement,
                               Optional<int64_t> count) {
    std::string_view from = TRY(bytes_like(vm, old));
    std::string_view to = TRY(bytes_like(vm, replacement));
    return Text::replace_all(vm, self, from, to, Text::limit_of(count));
  }
  static Result<T*> translate(VM& vm, T* self, Value table, Optional<Value> remove) {
    ByteBuilder out(vm);
    TRY(append_translated(vm, out, view(self), table, remove.value));
    return Family::make(vm, out);
  }
  template <ByteCase kMapping>
  static Result<T*> change_case(VM& vm, T* self) {
    ByteBuilder out(vm);
    append_case(out, view(self), kMapping);
    return Family::make(vm, out);
  }
  template <ByteTest kTest>
  static Result<bool> test(VM&, T* self) {
    return test_bytes(view(self), kTest);
  }
};

/// The rows that both method tables have.
template <class T>
constexpr auto bytes_common_methods() {
  using M = BytesMethods<T>;
  return std::to_array<NativeFunctionDef>({
      {"__repr__(self, /)", "Return repr(self).", bind<M::repr>()},
      {"__str__(self, /)", "Return str(self).", bind<M::repr>()},
      {"__len__(self, /)", "Return len(self).", bind<M::Text::length>()},
      {"__iter__(self, /)", "Implement iter(self).", bind<M::iter>()},
      {"__getitem__(self, key, /)", "Return self[key].", bind<M::Text::get_item>()},
      {"__contains__(self, key, /)", "Return bool(key in self).", bind<M::contains>()},
      {"__add__(self, value, /)", "Return self+value.", bind<M::add>()},
      {"__mul__(self, value, /)", "Return self*value.", bind<M::Text::multiply>()},
      {"__rmul__(self, value, /)", "Return value*self.", bind<M::Text::multiply>()},
      {"__mod__(self, value, /)", "Return self%value.", bind<M::mod>()},
      {"__rmod__(self, value, /)", "Return value%self.", bind<M::reflected_mod>()},
      {"__lt__(self, value, /)", "Return self<value.",
       bind<M::template rich_compare<CompareOp::Less>>()},
      {"__le__(self, value, /)", "Return self<=value.",
       bind<M::template rich_compare<CompareOp::LessEqual>>()},
      {"__eq__(self, value, /)", "Return self==value.",
       bind<M::template rich_compare<CompareOp::Equal>>()},
      {"__ne__(self, value, /)", "Return self!=value.",
       bind<M::template rich_compare<CompareOp::NotEqual>>()},
      {"__gt__(self, value, /)", "Return self>value.",
       bind<M::template rich_compare<CompareOp::Greater>>()},
      {"__ge__(self, value, /)", "Return self>=value.",
       bind<M::template rich_compare<CompareOp::GreaterEqual>>()},
      {"find(self, sub, start=None, end=None, /)",
       "Return the lowest index where sub is found, or -1.", bind<M::Text::find>()},
      {"rfind(self, sub, start=None, end=None, /)",
       "Return the highest index where sub is found, or -1.", bind<M::Text::rfind>()},
      {"index(self, sub, start=None, end=None, /)",
       "Like find, but raise ValueError when sub is not found.", bind<M::Text::index>()},
      {"rindex(self, sub, start=None, end=None, /)",
       "Like rfind, but raise ValueError when sub is not found.", bind<M::Text::rindex>()},
      {"count(self, sub, start=None, end=None, /)",
       "Return the number of non-overlapping occurrences of sub.", bind<M::Text::count>()},
      {"startswith(self, prefix, start=None, end=None, /)",
       "Return True if the bytes start with the specified prefix, False otherwise.",
       bind<M::Text::startswith>()},
      {"endswith(self, suffix, start=None, end=None, /)",
       "Return True if the bytes end with the specified suffix, False otherwise.",
       bind<M::Text::endswith>()},
      {"removeprefix(self, prefix, /)", "Return a copy without the given prefix if present.",
       bind<M::Text::removeprefix>()},
      {"removesuffix(self, suffix, /)", "Return a copy without the given suffix if present.",
       bind<M::Text::removesuffix>()},
      {"replace(self, old, new, count=-1, /)",
       "Return a copy with all occurrences of old replaced by new.", bind<M::replace>()},
      {"split(self, /, sep=None, maxsplit=-1)",
       "Return a list of the sections, using sep as the delimiter.", bind<M::Text::split>()},
      {"rsplit(self, /, sep=None, maxsplit=-1)", "Like split, but splitting starts at the end.",
       bind<M::Text::rsplit>()},
      {"splitlines(self, /, keepends=False)",
       "Return a list of the lines, breaking at line boundaries.", bind<M::Text::splitlines>()},
      {"partition(self, sep, /)", "Partition into three parts using the given separator.",
       bind<M::Text::partition>()},
      {"rpartition(self, sep, /)", "Partition into three parts at the last separator.",
       bind<M::Text::rpartition>()},
      {"join(self, iterable_of_bytes, /)", "Concatenate any number of bytes objects.",
       bind<M::join>()},
      {"strip(self, bytes=None, /)", "Strip leading and trailing bytes contained in the argument.",
       bind<M::Text::strip>()},
      {"lstrip(self, bytes=None, /)", "Strip leading bytes contained in the argument.",
       bind<M::Text::lstrip>()},
      {"rstrip(self, bytes=None, /)", "Strip trailing bytes contained in the argument.",
       bind<M::Text::rstrip>()},
      {"center(self, width, fillchar=b' ', /)", "Return a centered copy of length width.",
       bind<M::Text::center>()},
      {"ljust(self, width, fillchar=b' ', /)", "Return a left-justified copy of length width.",
       bind<M::Text::ljust>()},
      {"rjust(self, width, fillchar=b' ', /)", "Return a right-justified copy of length width.",
       bind<M::Text::rjust>()},
      {"zfill(self, width, /)",
       "Pad a numeric string with zeros on the left, to fill a field of the given width.",
       bind<M::Text::zfill>()},
      {"expandtabs(self, /, tabsize=8)",
       "Return a copy where all tab characters are expanded using spaces.",
       bind<M::Text::expandtabs>()},
      {"decode(self, /, encoding='utf-8', errors='strict')",
       "Decode the bytes using the codec registered for encoding.", bind<M::decode>()},
      {"hex(self, /, sep=None, bytes_per_sep=1)", "Create a string of hexadecimal numbers.",
       bind<M::hex>()},
      {"fromhex(cls, string, /)", "Create an object from a string of hexadecimal numbers.",
       bind<M::fromhex>(), NativeFunctionDef::kClassMethod},
      {"translate(self, table, /, delete=b'')",
       "Return a copy with each byte mapped by the given table.", bind<M::translate>()},
      {"maketrans(frm, to, /)", "Return a translation table usable for translate().",
       bind<bytes_maketrans>(), NativeFunctionDef::kStatic},
      {"lower(self, /)", "Return a copy with all ASCII letters lowercase.",
       bind<M::template change_case<ByteCase::Lower>>()},
      {"upper(self, /)", "Return a copy with all ASCII letters uppercase.",
       bind<M::template change_case<ByteCase::Upper>>()},
      {"swapcase(self, /)", "Return a copy with uppercase and lowercase exchanged.",
       bind<M::template change_case<ByteCase::Swap>>()},
      {"title(self, /)", "Return a titlecased copy.",
       bind<M::template change_case<ByteCase::Title>>()},
      {"capitalize(self, /)", "Return a copy with only the first byte capitalized.",
       bind<M::template change_case<ByteCase::Capitalize>>()},
      {"isalpha(self, /)", "True when all bytes are ASCII letters.",
       bind<M::template test<ByteTest::Alpha>>()},
      {"isalnum(self, /)", "True when all bytes are ASCII letters or digits.",
       bind<M::template test<ByteTest::Alnum>>()},
      {"isdigit(self, /)", "True when all bytes are ASCII digits.",
       bind<M::template test<ByteTest::Digit>>()},
      {"isspace(self, /)", "True when all bytes are ASCII whitespace.",
       bind<M::template test<ByteTest::Space>>()},
      {"isascii(self, /)", "True when all bytes are in the ASCII range.",
       bind<M::template test<ByteTest::Ascii>>()},
      {"islower(self, /)", "True when the cased bytes are lowercase.",
       bind<M::template test<ByteTest::Lower>>()},
      {"isupper(self, /)", "True when the cased bytes are uppercase.",
       bind<M::template test<ByteTest::Upper>>()},
      {"istitle(self, /)", "True when the bytes are titlecased.",
       bind<M::template test<ByteTest::Title>>()},
  });
}

/// Two tables in one.
template <size_t kFirst, size_t kSecond>
constexpr auto join_tables(const std::array<NativeFunctionDef, kFirst>& first,
                           const std::array<NativeFunctionDef, kSecond>& second) {
  std::array<NativeFunctionDef, kFirst + kSecond> all{};
  std::copy(first.begin(), first.end(), all.begin());
  std::copy(second.begin(), second.end(), all.begin() + kFirst);
  return all;
}

}  // namespace apy
