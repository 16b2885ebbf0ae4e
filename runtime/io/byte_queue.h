#pragma once
// ByteQueue: bytes that come in at one end and go out at the other, in one heap cell of the owner.
#include <cstring>
#include <string_view>

#include "vm/objects/vm.h"

namespace apy {

struct ByteQueue {
  ByteStorage* storage;  // null until something came in
  uint64_t start, end;

  size_t size() const { return end - start; }
  bool empty() const { return start == end; }
  std::string_view view() const {
    return storage
               ? std::string_view(reinterpret_cast<const char*>(storage->data()) + start, size())
               : std::string_view();
  }
  void trace(Visitor& visitor) const { visitor.visit(storage); }

  /// `owner` is the cell that this is part of. `bytes` may not lie in the queue itself.
  Result<void> append(VM& vm, Cell* owner, std::string_view bytes) {
    if (bytes.empty()) return {};
    uint64_t capacity = storage ? storage->capacity : 0;
    if (capacity - end < bytes.size()) {
      if (capacity - size() >= bytes.size() && start >= capacity / 2) {
        std::memmove(storage->data(), storage->data() + start, size());
      } else {
        ByteStorage* larger = TRY(make_byte_storage(vm, 2 * size() + bytes.size() + kLeast));
        if (storage) std::memcpy(larger->data(), storage->data() + start, size());
        storage = larger;
        vm.barrier(owner);
      }
      end = size();
      start = 0;
    }
    std::memcpy(storage->data() + end, bytes.data(), bytes.size());
    end += bytes.size();
    return {};
  }

  void consume(size_t count) {
    start += count;
    if (start == end) clear();
  }

  /// Empty; a storage that was made for an unusual amount is given up.
  void clear() {
    start = end = 0;
    if (storage && storage->capacity > kKept) storage = nullptr;
  }

 private:
  static constexpr size_t kLeast = 1024;
  static constexpr size_t kKept = 256 * 1024;
};

}  // namespace apy
