#pragma once
// array.array: items of one machine type, one behind the other in a bytearray, which also carries
// the buffer protocol: a view of the array is a view of those bytes.
#include "stdlib/array/items.h"
#include "stdlib/native_iterator.h"
#include "vm/objects/memoryview.h"

namespace apy::arrays {

struct Array : BufferObject {
  static const NativeClass kClass;
  const ItemKind* kind;
  ByteArray* bytes() const { return static_cast<ByteArray*>(storage.cell()); }
  uint64_t length() const { return bytes()->length / kind->size; }
  uint8_t* data() const { return bytes()->storage ? bytes()->storage->data() : nullptr; }
  uint8_t* item(uint64_t index) const { return data() + index * kind->size; }
  std::string_view view() const { return {reinterpret_cast<const char*>(data()), bytes()->length}; }
};

Result<Array*> make_array(VM& vm, Type* type, const ItemKind& kind, std::string_view bytes);
/// Puts `bytes` in the place of the items [begin, end). BufferError while a view is alive and the
/// length would change.
Result<void> splice(VM& vm, Array* array, uint64_t begin, uint64_t end, std::string_view bytes);
Result<void> append(VM& vm, Array* array, Value item);
Result<void> extend(VM& vm, Array* array, Value iterable);
Result<void> from_bytes(VM& vm, Array* array, std::string_view bytes);
Result<void> from_text(VM& vm, Array* array, Str* text);
Result<Str*> to_text(VM& vm, Array* array);

/// self[key], self[key] = value, del self[key] (slices.cpp).
Result<Value> get_item_or_slice(VM& vm, Array* self, Value key);
Result<void> set_item_or_slice(VM& vm, Array* self, Value key, Value value);
Result<void> delete_item_or_slice(VM& vm, Array* self, Value key);

}  // namespace apy::arrays
