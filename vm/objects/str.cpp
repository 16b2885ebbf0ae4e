// Strings: construction, narrowing, equality, order, hash, concatenation, slicing, StrBuilder.
//
// Invariant: a string has the narrowest width that holds all its code points, and kAscii is set
// exactly when all are below 128. So equal strings have equal bytes: equality and hash work on
// memory, and a needle wider than its haystack cannot occur in it.
//
// Concatenation: a result that is still short is a new flat string. A longer one gets a ByteStorage
// of its own, and when such a string is appended to, the storage is extended in place if the string
// ends where the storage is used up, else copied into one with as much room again. So `s += t` in a
// loop costs amortised O(len(t)), while a single concatenation wastes nothing. The price: every
// such string keeps the whole storage alive.
#include "vm/objects/str.h"

#include <algorithm>

#include "vm/objects/digits.h"
#include "vm/objects/text.h"
#include "vm/objects/utf8.h"
#include "vm/objects/vm.h"

namespace apy {
namespace {

constexpr size_t kShareThreshold = 160;  // bytes; below it copying is as cheap as sharing

uint16_t flags_for(unsigned width, bool ascii) {
  return static_cast<uint16_t>(width | (ascii ? Str::kAscii : 0));
}

uint8_t* inline_text(Str* s) { return reinterpret_cast<uint8_t*>(s + 1); }

/// An ASCII string of at most kShortText characters, for the caller to fill.
constexpr size_t kShortText = 4096;
Result<Str*> allocate_ascii(VM& vm, size_t length) {
  Str* s = TRY(vm.allocate<Str>(BuiltinType::Str, sizeof(Str) + length, 1 | Str::kAscii));
  s->length = length;
  s->data = inline_text(s);
  return s;
}
/// A string over [text, text + length units) inside `storage`.
Result<Str*> make_shared(VM& vm, ByteStorage* storage, const uint8_t* text, size_t length,
                         uint16_t flags) {
  Str* s = TRY(vm.allocate<Str>(BuiltinType::Str, sizeof(Str) + sizeof(Cell*),
                                static_cast<uint16_t>(flags | Str::kShared)));
  s->length = length;
  s->data = text;
  s->storage() = storage;
  return s;
}

/// The storage of `s` if text may be appended behind `s` in place.
ByteStorage* extendable_storage(Str* s) {
  if (!s->is_shared() || s->storage()->kind != CellKind::ByteStorage) return nullptr;
  auto* storage = static_cast<ByteStorage*>(s->storage());
  return s->data + s->byte_size() == storage->data() + storage->used ? storage : nullptr;
}

size_t count_utf8(const uint8_t* p, const uint8_t* end, uint32_t* seen) {
  size_t count = 0;
  for (; p < end; ++count) {
    Utf8Decoded step = utf8_step(p, end, true);
    *seen |= step.error ? 0xFFFD : step.code_point;
    p += step.length;
  }
  return count;
}

template <class T>
void decode_utf8(const uint8_t* p, const uint8_t* end, T* out) {
  while (p < end) {
    Utf8Decoded step = utf8_step(p, end, true);
    *out++ = static_cast<T>(step.error ? 0xFFFD : step.code_point);
    p += step.length;
  }
}

template <class A, class B>
int compare_units(const A* a, const B* b, size_t length) {
  for (size_t i = 0; i < length; ++i)
    if (a[i] != b[i]) return uint32_t{a[i]} < uint32_t{b[i]} ? -1 : 1;
  return 0;
}

}  // namespace

Result<Str*> allocate_str(VM& vm, size_t length, unsigned width, bool ascii) {
  if (length > kMaxTextBytes || length * width > kMaxTextBytes) return vm.out_of_memory();
  Str* s = TRY(
      vm.allocate<Str>(BuiltinType::Str, sizeof(Str) + length * width, flags_for(width, ascii)));
  s->length = length;
  s->data = inline_text(s);
  return s;
}

void copy_units(uint8_t* to, unsigned width, const Str* string, size_t begin, size_t length) {
  if (string->width() == width) {
    if (length) std::memcpy(to, string->data + begin * width, length * width);
    return;
  }
  with_units(string, [&](const auto* units) {
    switch (width) {
      case 1:
        convert_units(to, units + begin, length);
        break;
      case 2:
        convert_units(reinterpret_cast<uint16_t*>(to), units + begin, length);
        break;
      default:
        convert_units(reinterpret_cast<uint32_t*>(to), units + begin, length);
    }
  });
}

template <class T>
Result<Str*> make_str_units(VM& vm, const T* units, size_t length) {
  if (length == 0) return vm.names().empty;
  if (length == 1) return make_str_char(vm, units[0]);
  uint32_t seen = or_of_units(units, length);
  unsigned width = width_for(seen);
  Str* s = TRY(allocate_str(vm, length, width, seen < 0x80));
  switch (width) {
    case 1:
      convert_units(units_of<uint8_t>(s), units, length);
      break;
    case 2:
      convert_units(units_of<uint16_t>(s), units, length);
      break;
    default:
      convert_units(units_of<uint32_t>(s), units, length);
  }
  return s;
}
template Result<Str*> make_str_units(VM&, const uint8_t*, size_t);
template Result<Str*> make_str_units(VM&, const uint16_t*, size_t);
template Result<Str*> make_str_units(VM&, const uint32_t*, size_t);

Result<Str*> make_str(VM& vm, std::string_view utf8) {
  if (is_ascii_text(utf8)) return make_str_latin1(vm, utf8);
  auto* p = reinterpret_cast<const uint8_t*>(utf8.data());
  auto* end = p + utf8.size();
  uint32_t seen = 0;
  size_t length = count_utf8(p, end, &seen);
  unsigned width = width_for(seen);
  if (length == 1 && width == 1) return make_str_char(vm, utf8_step(p, end, true).code_point);
  Str* s = TRY(allocate_str(vm, length, width, false));
  switch (width) {
    case 1:
      decode_utf8(p, end, units_of<uint8_t>(s));
      break;
    case 2:
      decode_utf8(p, end, units_of<uint16_t>(s));
      break;
    default:
      decode_utf8(p, end, units_of<uint32_t>(s));
  }
  return s;
}

Result<Str*> make_str_latin1(VM& vm, std::string_view latin1) {
  auto* units = reinterpret_cast<const uint8_t*>(latin1.data());
  if (latin1.size() <= 1 && vm.names().empty) return make_str_units(vm, units, latin1.size());
  Str* s = TRY(allocate_str(vm, latin1.size(), 1, or_of_units(units, latin1.size()) < 0x80));
  convert_units(units_of<uint8_t>(s), units, latin1.size());
  return s;
}
Result<Str*> make_str_ucs2(VM& vm, const uint16_t* units, size_t length) {
  return make_str_units(vm, units, length);
}
Result<Str*> make_str_ucs4(VM& vm, const uint32_t* units, size_t length) {
  return make_str_units(vm, units, length);
}

Result<Str*> make_str_char(VM& vm, uint32_t code_point) {
  if (code_point < 0x100) {
    Str*& cached = vm.latin1_character(static_cast<uint8_t>(code_point));
    if (!cached) {
      Str* s = TRY(allocate_str(vm, 1, 1, code_point < 0x80));
      *units_of<uint8_t>(s) = static_cast<uint8_t>(code_point);
      // Interned, so that a one-letter name and the character are the same object.
      cached = TRY(intern(vm, s));
    }
    return cached;
  }
  unsigned width = width_for(code_point);
  Str* s = TRY(allocate_str(vm, 1, width, false));
  if (width == 2)
    *units_of<uint16_t>(s) = static_cast<uint16_t>(code_point);
  else
    *units_of<uint32_t>(s) = code_point;
  return s;
}

Result<Str*> str_from_int64(VM& vm, int64_t i) {
  if (i >= 0 && i < 10) return make_str_char(vm, static_cast<uint32_t>('0' + i));
  // Written from the back, so that the length is known before the cell is made.
  char digits[kMaxDigits];
  char* begin = write_signed_digits(digits + sizeof digits, i);
  auto length = static_cast<size_t>(digits + sizeof digits - begin);
  Str* s = TRY(allocate_ascii(vm, length));
  copy_bytes(inline_text(s), reinterpret_cast<const uint8_t*>(begin), length);
  return s;
}

void append_utf8(std::string& out, const Str* string) {
  if (string->is_ascii()) {
    out.append(string->latin1());
    return;
  }
  char buffer[4];
  for (size_t i = 0; i < string->length; ++i)
    out.append(buffer, utf8_encode(string->at(i), buffer));
}

std::string to_utf8(const Str* string) {
  std::string out;
  append_utf8(out, string);
  return out;
}

bool str_equal(const Str* a, const Str* b) {
  if (a == b) return true;
  if (a->length != b->length || a->width() != b->width()) return false;
  if (a->aux & b->aux & Str::kInterned) return false;
  if (a->hash != b->hash && a->hash && b->hash) return false;
  return equal_bytes(a->data, b->data, a->byte_size());
}

bool str_equal(const Str* a, std::string_view ascii) {
  return a->width() == 1 && a->latin1() == ascii;
}

int str_compare(const Str* a, const Str* b) {
  size_t common = std::min(a->length, b->length);
  int order;
  if (a->width() == 1 && b->width() == 1) {
    order = common ? std::memcmp(a->data, b->data, common) : 0;
  } else {
    order = with_units(a, [&](const auto* left) {
      return with_units(b, [&](const auto* right) { return compare_units(left, right, common); });
    });
  }
  if (order != 0) return order < 0 ? -1 : 1;
  return a->length < b->length ? -1 : a->length > b->length;
}

uint64_t str_hash(VM& vm, Str* string) {
  if (string->hash == 0) {
    uint64_t hash = vm.hash_bytes(string->data, string->byte_size());
    string->hash = hash ? hash : 1;
  }
  return string->hash;
}

namespace {

/// `a` + `b` in a new, flat string.
Result<Str*> concat_flat(VM& vm, Str* a, Str* b, unsigned width, bool ascii) {
  Str* s = TRY(allocate_str(vm, a->length + b->length, width, ascii));
  copy_units(inline_text(s), width, a, 0, a->length);
  copy_units(inline_text(s) + a->length * width, width, b, 0, b->length);
  return s;
}

/// Behind `a`'s own text if there is room; else in a storage of its own.
Result<Str*> concat_shared(VM& vm, Str* a, Str* b, unsigned width, bool ascii) {
  size_t length = a->length + b->length, size = length * width, added = b->length * width;
  uint16_t flags = flags_for(width, ascii);
  ByteStorage* storage = width == a->width() ? extendable_storage(a) : nullptr;
  if (storage && storage->capacity - storage->used >= added) {
    // The string first: allocating it may fail, and then the room must not be taken.
    Str* s = TRY(make_shared(vm, storage, a->data, length, flags));
    uint8_t* end = storage->data() + storage->used;
    if (width == 1)
      copy_bytes(end, b->data, added);
    else
      copy_units(end, width, b, 0, b->length);
    storage->used += added;
    return s;
  }
  storage = TRY(make_byte_storage(vm, a->is_shared() ? size + size / 2 : size));
  copy_units(storage->data(), width, a, 0, a->length);
  copy_units(storage->data() + a->length * width, width, b, 0, b->length);
  storage->used = size;
  return make_shared(vm, storage, storage->data(), length, flags);
}

}  // namespace

Result<Str*> str_concat(VM& vm, Str* a, Str* b) {
  if (a->length == 0 && is_exact(b, BuiltinType::Str)) return b;
  if (b->length == 0 && is_exact(a, BuiltinType::Str)) return a;
  size_t length = a->length + b->length;
  bool ascii = a->aux & b->aux & Str::kAscii;
  if (ascii && length < kShareThreshold) [[likely]] {
    Str* s = TRY(allocate_ascii(vm, length));
    copy_bytes(inline_text(s), a->data, a->length);
    copy_bytes(inline_text(s) + a->length, b->data, b->length);
    return s;
  }
  unsigned width = std::max(a->width(), b->width());
  if (length > kMaxTextBytes || length * width > kMaxTextBytes) return vm.out_of_memory();
  bool flat = length * width < kShareThreshold || a->length < b->length;
  return flat ? concat_flat(vm, a, b, width, ascii) : concat_shared(vm, a, b, width, ascii);
}

Result<Str*> str_slice(VM& vm, Str* string, size_t begin, size_t end) {
  if (begin == 0 && end == string->length && is_exact(string, BuiltinType::Str)) return string;
  size_t length = end - begin;
  if (length == 1) return make_str_char(vm, string->at(begin));
  if (string->is_ascii() && length > 0) {
    Str* s =
        TRY(length <= kShortText ? allocate_ascii(vm, length) : allocate_str(vm, length, 1, true));
    copy_bytes(inline_text(s), string->data + begin, length);
    return s;
  }
  return with_units(string,
                    [&](const auto* units) { return make_str_units(vm, units + begin, length); });
}

Result<Str*> str_join_array(VM& vm, const Value* strings, size_t n) {
  size_t length = 0;
  unsigned flags = Str::kAscii, width = 1;
  for (size_t i = 0; i < n; ++i) {
    Str* piece = as<Str>(strings[i]);
    length += piece->length;
    flags &= piece->aux;
    width = std::max(width, piece->width());
  }
  if (n == 1 && is_exact(strings[0], BuiltinType::Str)) return as<Str>(strings[0]);
  if (length == 0) return vm.names().empty;
  Str* s = TRY(allocate_str(vm, length, width, flags & Str::kAscii));
  uint8_t* to = inline_text(s);
  for (size_t i = 0; i < n; ++i) {
    const Str* piece = as<Str>(strings[i]);
    if (width == 1) {
      copy_bytes(to, piece->data, piece->length);
      to += piece->length;
      continue;
    }
    copy_units(to, width, piece, 0, piece->length);
    to += piece->length * width;
  }
  return s;
}

Result<Str*> str_repeat(VM& vm, Str* string, int64_t n) {
  if (n <= 0 || string->length == 0) return vm.names().empty;
  if (n == 1 && is_exact(string, BuiltinType::Str)) return string;
  size_t count = static_cast<size_t>(n), piece = string->byte_size();
  if (count > kMaxTextBytes / piece) return vm.out_of_memory();
  Str* s = TRY(allocate_str(vm, string->length * count, string->width(), string->is_ascii()));
  uint8_t* to = units_of<uint8_t>(s);
  if (piece == 1) {
    std::memset(to, string->data[0], count);
    return s;
  }
  std::memcpy(to, string->data, piece);
  size_t total = piece * count;
  for (size_t done = piece; done < total;) {
    size_t step = std::min(done, total - done);
    std::memcpy(to + done, to, step);
    done += step;
  }
  return s;
}

// --- StrBuilder ---

bool StrBuilder::reserve(size_t more, unsigned width) {
  if (failed_) return false;
  if (width < width_) width = width_;
  size_t needed = length_ + more;
  if (needed < more || needed > kMaxTextBytes / width) {
    failed_ = true;
    return false;
  }
  if (needed <= capacity_ && width == width_) return true;
  ByteStorage* old = storage_;
  uint8_t* from = buffer_;
  uint8_t* to = buffer_;
  if (old || needed * width > kInlineBytes) {
    size_t bytes = std::max(needed * width, (length_ + length_ / 2) * width + 64);
    Cell* cell = vm_.heap().allocate(sizeof(ByteStorage) + bytes, shape_of(BuiltinType::Internal),
                                     CellKind::ByteStorage);
    if (!cell) {
      failed_ = true;
      return false;
    }
    storage_ = static_cast<ByteStorage*>(cell);
    storage_->capacity = bytes;
    to = storage_->data();
    capacity_ = bytes / width;
  } else {
    capacity_ = kInlineBytes / width;
  }
  // Backwards, because widening may be in place.
  auto widen = [&](auto* target, auto* source) {
    for (size_t i = length_; i-- > 0;)
      target[i] = static_cast<std::remove_reference_t<decltype(target[i])>>(source[i]);
  };
  auto* from2 = reinterpret_cast<uint16_t*>(from);
  if (width == width_)
    std::memcpy(to, from, length_ * width);
  else if (width == 2)
    widen(reinterpret_cast<uint16_t*>(to), from);
  else if (width_ == 1)
    widen(reinterpret_cast<uint32_t*>(to), from);
  else
    widen(reinterpret_cast<uint32_t*>(to), from2);
  if (old) vm_.heap().free_storage(old);
  buffer_ = to;
  width_ = width;
  return true;
}

void StrBuilder::append_slow(const Str* string, size_t begin, size_t end) {
  uint32_t seen = 0;
  if (!string->is_ascii())
    seen = with_units(string,
                      [&](const auto* units) { return or_of_units(units + begin, end - begin); });
  if (!reserve(end - begin, width_for(seen))) return;
  seen_ |= seen;
  copy_units(buffer_ + length_ * width_, width_, string, begin, end - begin);
  length_ += end - begin;
}

void StrBuilder::append_int(int64_t number) {
  char digits[kMaxDigits];
  char* end = digits + sizeof digits;
  char* begin = write_signed_digits(end, number);
  append(std::string_view(begin, static_cast<size_t>(end - begin)));
}

void StrBuilder::append_ascii_slow(std::string_view ascii) {
  if (!reserve(ascii.size(), 1)) return;
  auto* units = reinterpret_cast<const uint8_t*>(ascii.data());
  switch (width_) {
    case 1:
      convert_units(buffer_ + length_, units, ascii.size());
      break;
    case 2:
      convert_units(reinterpret_cast<uint16_t*>(buffer_) + length_, units, ascii.size());
      break;
    default:
      convert_units(reinterpret_cast<uint32_t*>(buffer_) + length_, units, ascii.size());
  }
  length_ += ascii.size();
}

void StrBuilder::append_utf8(std::string_view utf8) {
  if (is_ascii_text(utf8)) {
    append(utf8);
    return;
  }
  auto* p = reinterpret_cast<const uint8_t*>(utf8.data());
  for (auto* end = p + utf8.size(); p < end;) {
    Utf8Decoded step = utf8_step(p, end, true);
    append(step.error ? 0xFFFD : step.code_point);
    p += step.length;
  }
}

void StrBuilder::append_repeated_slow(uint32_t code_point, size_t count) {
  if (!reserve(count, width_for(code_point))) return;
  seen_ |= code_point;
  switch (width_) {
    case 1:
      std::memset(buffer_ + length_, static_cast<int>(code_point), count);
      break;
    case 2:
      std::fill_n(reinterpret_cast<uint16_t*>(buffer_) + length_, count,
                  static_cast<uint16_t>(code_point));
      break;
    default:
      std::fill_n(reinterpret_cast<uint32_t*>(buffer_) + length_, count, code_point);
  }
  length_ += count;
}

Result<Str*> StrBuilder::finish() {
  if (failed_) return vm_.out_of_memory();
  if (length_ == 0) return vm_.names().empty;
  bool ascii = width_ == 1 && seen_ < 0x80;
  size_t size = length_ * width_;
  if (storage_ && size >= 4096 && size >= storage_->capacity - storage_->capacity / 8) {
    storage_->used = size;
    return make_shared(vm_, storage_, buffer_, length_, flags_for(width_, ascii));
  }
  if (length_ == 1 && width_ == 1) return make_str_char(vm_, buffer_[0]);
  Str* s = TRY(allocate_str(vm_, length_, width_, ascii));
  copy_bytes(inline_text(s), buffer_, size);
  if (storage_) vm_.heap().free_storage(storage_);
  storage_ = nullptr;
  buffer_ = inline_;
  length_ = 0;
  capacity_ = kInlineBytes / width_;
  return s;
}

}  // namespace apy
