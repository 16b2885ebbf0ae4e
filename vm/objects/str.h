#pragma once
// Str: immutable sequence of code points, each in 1, 2 or 4 bytes (the narrowest width that holds
// all of them).
//
// `data` points to the characters: right behind the struct, or into a ByteStorage shared with other
// strings. Sharing makes repeated `s += t` linear: when `s` ends exactly where its storage is used
// up and there is room, the result is a new Str over the same storage (strings never change, so
// prefixes can be shared). Every string is always flat. Rejected: ropes (each access would have to
// flatten).
#include <cstring>
#include <string>
#include <string_view>

#include "vm/gc/heap.h"
#include "vm/objects/special.h"

namespace apy {

class VM;

/// Raw bytes on the heap. `used` counts the bytes taken by the owner(s).
struct ByteStorage : Cell {
  static constexpr CellKind kKind = CellKind::ByteStorage;
  uint64_t capacity;  // from data() on
  uint64_t used;
  uint64_t dropped;  // bytes in front that a bytearray has given up
  uint8_t* data() { return reinterpret_cast<uint8_t*>(this + 1) + dropped; }
  const uint8_t* data() const { return reinterpret_cast<const uint8_t*>(this + 1) + dropped; }
  void drop_front(uint64_t count) {
    dropped += count;
    capacity -= count;
  }
  void trace(Visitor&) const {}
};

struct Str : Cell {
  static constexpr CellKind kKind = CellKind::Str;
  // Cell::aux: width in the low 3 bits (1, 2, 4) and flags.
  static constexpr uint16_t kWidthMask = 7;
  static constexpr uint16_t kAscii = 8;      // all below 128 (then width is 1)
  static constexpr uint16_t kInterned = 16;  // the one string with this text in the intern table
  static constexpr uint16_t kShared = 32;    // `data` points into the ByteStorage in `storage()`

  uint64_t hash;    // 0 until computed
  uint64_t length;  // in code points
  const uint8_t* data;

  unsigned width() const { return aux & kWidthMask; }
  bool is_ascii() const { return aux & kAscii; }
  bool is_interned() const { return aux & kInterned; }
  bool is_shared() const { return aux & kShared; }
  size_t byte_size() const { return length * width(); }
  uint32_t at(size_t index) const {
    switch (width()) {
      case 1:
        return data[index];
      case 2:
        return reinterpret_cast<const uint16_t*>(data)[index];
      default:
        return reinterpret_cast<const uint32_t*>(data)[index];
    }
  }
  /// The characters as Latin-1 bytes; width must be 1. For ASCII strings this is the text as UTF-8.
  std::string_view latin1() const { return {reinterpret_cast<const char*>(data), length}; }
  /// The cell that `data` points into: a ByteStorage, or (instances of str subclasses) another Str.
  Cell*& storage() { return *reinterpret_cast<Cell**>(this + 1); }
  Cell* const& storage() const { return *reinterpret_cast<Cell* const*>(this + 1); }
  void trace(Visitor& visitor) const {
    if (is_shared()) visitor.visit(storage());
  }
};

/// From UTF-8 (WTF-8: encoded lone surrogates are kept; other invalid bytes become U+FFFD).
Result<Str*> make_str(VM& vm, std::string_view utf8);
Result<Str*> make_str_latin1(VM& vm, std::string_view latin1);
/// `units` code points of the given width; narrows when possible.
Result<Str*> make_str_ucs2(VM& vm, const uint16_t* units, size_t length);
Result<Str*> make_str_ucs4(VM& vm, const uint32_t* units, size_t length);
Result<Str*> make_str_char(VM& vm, uint32_t code_point);
/// The interned string with this text.
Result<Str*> intern(VM& vm, std::string_view utf8);
Result<Str*> intern(VM& vm, Str* string);
/// UTF-8 (WTF-8) text of `string`, appended to `out` / returned.
void append_utf8(std::string& out, const Str* string);
std::string to_utf8(const Str* string);
/// Never errors: content comparison; `hash_of` computes and stores (keyed SipHash-1-3, never 0).
bool str_equal(const Str* a, const Str* b);
bool str_equal(const Str* a, std::string_view ascii);
int str_compare(const Str* a, const Str* b);
uint64_t str_hash(VM& vm, Str* string);
Result<Str*> str_concat(VM& vm, Str* a, Str* b);
/// [begin, end) with 0 <= begin <= end <= length.
Result<Str*> str_slice(VM& vm, Str* string, size_t begin, size_t end);
/// First position of `needle` in [begin, end) of `haystack`, or -1.
int64_t str_find(const Str* haystack, const Str* needle, size_t begin, size_t end);

/// Joins n strings in one allocation (f-strings). Every value is a Str.
Result<Str*> str_join_array(VM& vm, const Value* strings, size_t n);
/// `string` n times; n <= 0 gives the empty string.
Result<Str*> str_repeat(VM& vm, Str* string, int64_t n);
/// Decimal digits.
Result<Str*> str_from_int64(VM& vm, int64_t i);

/// Collects code points or pieces and makes one string; narrows the width by itself. A long text is
/// collected in a ByteStorage, so that memory limits hold: use only as a local, where the collector
/// sees it.
class StrBuilder {
 public:
  explicit StrBuilder(VM& vm) : vm_(vm) {}
  StrBuilder(const StrBuilder&) = delete;
  void append(uint32_t code_point) {
    unsigned needed = code_point < 0x100 ? 1 : code_point < 0x10000 ? 2 : 4;
    if (length_ == capacity_ || needed > width_) [[unlikely]] {
      if (!reserve(1, needed)) return;
    }
    seen_ |= code_point;
    put(code_point);
  }
  void append(const Str* string) { append(string, 0, string->length); }
  void append(const Str* string, size_t begin, size_t end) {
    size_t count = end - begin;
    if (string->is_ascii() && width_ == 1 && count <= capacity_ - length_) [[likely]] {
      if (count) std::memcpy(buffer_ + length_, string->data + begin, count);
      length_ += count;
      return;
    }
    append_slow(string, begin, end);
  }
  /// Plain ASCII text.
  void append(std::string_view ascii) {
    if (width_ == 1 && ascii.size() <= capacity_ - length_) [[likely]] {
      if (!ascii.empty()) std::memcpy(buffer_ + length_, ascii.data(), ascii.size());
      length_ += ascii.size();
      return;
    }
    append_ascii_slow(ascii);
  }
  /// Decimal digits.
  void append_int(int64_t number);
  void append_utf8(std::string_view utf8);
  void append_repeated(uint32_t code_point, size_t count) {
    if (count > 0) append_repeated_slow(code_point, count);
  }
  /// Makes room for so many code points in all, as a hint.
  void expect(size_t length) {
    if (length > capacity_) reserve(length - length_, 1);
  }
  /// In code points.
  size_t length() const { return length_; }
  /// MemoryError when growing failed.
  Result<Str*> finish();

 private:
  bool reserve(size_t more, unsigned width);
  void append_slow(const Str* string, size_t begin, size_t end);
  void append_ascii_slow(std::string_view ascii);
  void append_repeated_slow(uint32_t code_point, size_t count);
  void put(uint32_t code_point) {
    switch (width_) {
      case 1:
        buffer_[length_] = static_cast<uint8_t>(code_point);
        break;
      case 2:
        reinterpret_cast<uint16_t*>(buffer_)[length_] = static_cast<uint16_t>(code_point);
        break;
      default:
        reinterpret_cast<uint32_t*>(buffer_)[length_] = code_point;
    }
    ++length_;
  }

  static constexpr size_t kInlineBytes = 256;
  VM& vm_;
  uint8_t* buffer_ = inline_;
  ByteStorage* storage_ = nullptr;               // null: `buffer_` is `inline_`
  size_t length_ = 0, capacity_ = kInlineBytes;  // in units
  unsigned width_ = 1;
  uint32_t seen_ = 0;  // OR of all code points while width_ is 1
  bool failed_ = false;
  alignas(8) uint8_t inline_[kInlineBytes];
};

struct Bytes : Cell {
  static constexpr CellKind kKind = CellKind::Bytes;
  uint64_t hash;  // 0 until computed
  uint64_t length;
  const uint8_t* data() const { return reinterpret_cast<const uint8_t*>(this + 1); }
  uint8_t* data() { return reinterpret_cast<uint8_t*>(this + 1); }  // only while being built
  std::string_view view() const { return {reinterpret_cast<const char*>(data()), length}; }
  void trace(Visitor&) const {}
};
/// Uninitialised (zero) bytes to be filled by the caller.
Result<Bytes*> make_bytes(VM& vm, size_t length);
Result<Bytes*> make_bytes(VM& vm, std::string_view data);
Result<ByteStorage*> make_byte_storage(VM& vm, size_t capacity);

struct ByteArray : Cell {
  static constexpr CellKind kKind = CellKind::ByteArray;
  uint64_t length;
  ByteStorage* storage;  // may be null when empty
  uint64_t exports;      // live buffer views; resizing is a BufferError while > 0
  void trace(Visitor& visitor) const { visitor.visit(storage); }
};
Result<ByteArray*> make_bytearray(VM& vm, std::string_view data);

/// Collects bytes; like StrBuilder.
class ByteBuilder {
 public:
  explicit ByteBuilder(VM& vm) : vm_(vm) {}
  ByteBuilder(const ByteBuilder&) = delete;
  void append(uint32_t byte) {
    if (length_ == capacity_ && !reserve(1)) [[unlikely]]
      return;
    buffer_[length_++] = static_cast<uint8_t>(byte);
  }
  void append(std::string_view bytes);
  void append_repeated(uint32_t byte, size_t count);
  void expect(size_t length) {
    if (length > capacity_) reserve(length - length_);
  }
  /// Room for `count` more bytes, counted as appended; null on failure.
  uint8_t* extend(size_t count);
  void shrink(size_t count) { length_ -= count; }
  size_t length() const { return length_; }
  Result<Bytes*> finish();
  Result<ByteArray*> finish_bytearray();

 private:
  bool reserve(size_t more);
  static constexpr size_t kInlineBytes = 256;
  VM& vm_;
  uint8_t* buffer_ = inline_;
  ByteStorage* storage_ = nullptr;  // null: `buffer_` is `inline_`
  size_t length_ = 0, capacity_ = kInlineBytes;
  bool failed_ = false;
  uint8_t inline_[kInlineBytes];
};

}  // namespace apy
