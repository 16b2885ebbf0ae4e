// Bytes and ByteArray: construction.
#include <algorithm>
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
  auto* storage =
      TRY(vm.allocate<ByteStorage>(BuiltinType::Internal, sizeof(ByteStorage) + capacity));
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

// --- ByteBuilder ---

bool ByteBuilder::reserve(size_t more) {
  if (failed_) return false;
  size_t needed = length_ + more;
  if (needed < more || needed > kMaxTextBytes) {
    failed_ = true;
    return false;
  }
  if (needed <= capacity_) return true;
  size_t bytes = std::max(needed, length_ + length_ / 2 + 64);
  Cell* cell = vm_.heap().allocate(sizeof(ByteStorage) + bytes, shape_of(BuiltinType::Internal),
                                   CellKind::ByteStorage);
  if (!cell) {
    failed_ = true;
    return false;
  }
  auto* grown = static_cast<ByteStorage*>(cell);
  grown->capacity = capacity_ = bytes;
  std::memcpy(grown->data(), buffer_, length_);
  if (storage_) vm_.heap().free_storage(storage_);
  storage_ = grown;
  buffer_ = grown->data();
  return true;
}

uint8_t* ByteBuilder::extend(size_t count) {
  if (!reserve(count)) return nullptr;
  length_ += count;
  return buffer_ + length_ - count;
}

void ByteBuilder::append(std::string_view bytes) {
  if (uint8_t* to = extend(bytes.size()); to && !bytes.empty())
    std::memcpy(to, bytes.data(), bytes.size());
}

void ByteBuilder::append_repeated(uint32_t byte, size_t count) {
  if (uint8_t* to = extend(count)) std::memset(to, static_cast<int>(byte), count);
}

Result<Bytes*> ByteBuilder::finish() {
  if (failed_) return vm_.out_of_memory();
  Bytes* bytes = TRY(make_bytes(vm_, std::string_view(reinterpret_cast<char*>(buffer_), length_)));
  if (storage_) vm_.heap().free_storage(storage_);
  storage_ = nullptr;
  buffer_ = inline_;
  length_ = 0;
  capacity_ = kInlineBytes;
  return bytes;
}

Result<ByteArray*> ByteBuilder::finish_bytearray() {
  if (failed_) return vm_.out_of_memory();
  if (!storage_)
    return make_bytearray(vm_, std::string_view(reinterpret_cast<char*>(buffer_), length_));
  ByteArray* array = TRY(vm_.allocate<ByteArray>(BuiltinType::ByteArray));
  array->storage = storage_;
  array->length = storage_->used = length_;
  return array;
}

}  // namespace apy
