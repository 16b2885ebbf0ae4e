// Bytes and ByteArray: construction.
#include <cstring>

#include "vm/objects/text.h"
#include "vm/objects/vm.h"

namespace apy {

Result<Bytes*> make_bytes(VM& vm, size_t length) {
  if (length > kMaxTextBytes) return vm.out_of_memory();
  Bytes* bytes = TRY(vm.allocate<Bytes>(BuiltinType::Bytes, sizeof(Bytes) + length));
  bytes->length = length;
  return bytes;
}

Result<Bytes*> make_bytes(VM& vm, std::string_view data) {
  Bytes* bytes = TRY(make_bytes(vm, data.size()));
  if (!data.empty()) std::memcpy(bytes->data(), data.data(), data.size());
  return bytes;
}

Result<ByteStorage*> make_byte_storage(VM& vm, size_t capacity) {
  if (capacity > kMaxTextBytes) return vm.out_of_memory();
  auto* storage = TRY(vm.allocate<ByteStorage>(BuiltinType::Internal, sizeof(ByteStorage) + capacity));
  storage->capacity = capacity;
  return storage;
}

Result<ByteArray*> make_bytearray(VM& vm, std::string_view data) {
  ByteStorage* storage = nullptr;
  if (!data.empty()) {
    storage = TRY(make_byte_storage(vm, data.size()));
    std::memcpy(storage->data(), data.data(), data.size());
    storage->used = data.size();
  }
  ByteArray* array = TRY(vm.allocate<ByteArray>(BuiltinType::ByteArray));
  array->storage = storage;
  array->length = data.size();
  return array;
}

}  // namespace apy
