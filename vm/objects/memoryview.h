#pragma once
// MemoryView: a one-dimensional window on the bytes of a bytes or bytearray object, or of a native
// object that keeps its items in one (BufferObject).
//
// The address is computed from the object at every access, so nothing dangles. While a view of a
// bytearray is alive and not released it counts in ByteArray::exports, and the length of the array
// is fixed.
#include "vm/objects/type.h"

namespace apy {

struct MemoryView : NativeObject {
  static const NativeClass kClass;
  Value object;     // the Bytes or ByteArray; empty once released
  Value owner;      // what the view was made of: the same, or the native object it belongs to
  uint64_t offset;  // of item 0, in bytes
  uint64_t length;  // in items
  int64_t stride;   // in bytes
  uint32_t item_size;
  char format;  // as in the struct module
  bool readonly;
  bool has_hash;  // `hash` is known; it outlives a release
  int64_t hash;
  bool is_released() const { return object.is_empty(); }
  bool is_contiguous() const { return length <= 1 || stride == static_cast<int64_t>(item_size); }
  uint8_t* item(uint64_t index) const;
};

extern const NativeTypeDef kMemoryViewType;

/// Base of native objects that are bytes-like: their memory is that of a bytearray, or of a bytes
/// object when it is read-only. They are known by their NativeClass: its trace is
/// trace_buffer_object.
struct BufferObject : NativeObject {
  Value storage;
  uint32_t item_size;  // in bytes
  char format;         // of an item, as in the struct module
};
void trace_buffer_object(const Cell* self, Visitor& visitor);
/// Null for other values.
BufferObject* try_buffer_object(Value v);

/// Sets the length of a bytearray; new bytes are zero. BufferError while a view is alive.
Result<void> bytearray_resize(VM& vm, ByteArray* array, size_t length);
/// Puts `data`, which must not be a part of the array, in the place of the bytes [begin, end).
Result<void> bytearray_splice(VM& vm, ByteArray* array, size_t begin, size_t end,
                              std::string_view data);

/// The bytes of a native object with a buffer, such as a view whose items lie one behind the other;
/// false for other values and views.
bool get_view_bytes(Value v, std::string_view* out);
/// The items of any view one behind the other.
Result<Bytes*> memoryview_bytes(VM& vm, MemoryView* view);
/// Bytes that native code may write to: a bytearray or a writable contiguous view. TypeError
/// "read-write bytes-like object expected" worded by the caller: null data then.
struct WritableBytes {
  uint8_t* data;
  size_t size;
};
WritableBytes writable_bytes(Value v);

}  // namespace apy
