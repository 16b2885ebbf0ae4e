#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <string_view>
#include <type_traits>
#include <utility>

namespace apy {

/// A fixed array that lives in an Arena: a pointer and a size.
template <class T>
class ArenaSpan {
 public:
  constexpr ArenaSpan() = default;
  constexpr ArenaSpan(T* data, uint32_t size) : data_(data), size_(size) {}

  T* begin() const { return data_; }
  T* end() const { return data_ + size_; }
  T& operator[](size_t index) const { return data_[index]; }
  T& front() const { return data_[0]; }
  T& back() const { return data_[size_ - 1]; }
  T* data() const { return data_; }
  uint32_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  /// The part from `first` on; `first` must not exceed `size()`.
  ArenaSpan from(uint32_t first) const { return {data_ + first, size_ - first}; }

 private:
  T* data_ = nullptr;
  uint32_t size_ = 0;
};

/// Memory that is given out piece by piece and freed all at once. Nothing in it is destroyed, so
/// only trivially destructible types may live here.
class Arena {
 public:
  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  Arena(Arena&& other) noexcept;
  Arena& operator=(Arena&& other) noexcept;
  ~Arena();

  /// `size` bytes, aligned for `alignment` (a power of two, at most 16), not initialised.
  void* allocate(size_t size, size_t alignment = alignof(std::max_align_t)) {
    auto address = (reinterpret_cast<uintptr_t>(free_) + alignment - 1) & ~(alignment - 1);
    if (address + size > reinterpret_cast<uintptr_t>(limit_)) return allocate_slow(size);
    free_ = reinterpret_cast<char*>(address + size);
    return reinterpret_cast<void*>(address);
  }

  /// A new T made from `arguments`.
  template <class T, class... Arguments>
  T* make(Arguments&&... arguments) {
    static_assert(std::is_trivially_destructible_v<T>);
    return new (allocate(sizeof(T), alignof(T))) T{std::forward<Arguments>(arguments)...};
  }

  /// A copy of `size` elements.
  template <class T>
  ArenaSpan<T> copy(const T* elements, size_t size) {
    static_assert(std::is_trivially_copyable_v<T>);
    if (size == 0) return {};
    T* data = static_cast<T*>(allocate(size * sizeof(T), alignof(T)));
    std::memcpy(static_cast<void*>(data), elements, size * sizeof(T));
    return {data, static_cast<uint32_t>(size)};
  }

  /// A copy of the bytes of `text`.
  std::string_view copy(std::string_view text) {
    ArenaSpan<char> bytes = copy(text.data(), text.size());
    return {bytes.data(), bytes.size()};
  }

  /// Bytes held from the system.
  size_t bytes_reserved() const { return reserved_; }

 private:
  struct Block {
    Block* previous;
  };
  void* allocate_slow(size_t size);
  void release();

  char* free_ = nullptr;
  char* limit_ = nullptr;
  Block* last_block_ = nullptr;
  size_t reserved_ = 0;
};

}  // namespace apy
