#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <type_traits>

namespace apy {

// A queue of small plain entries in one circular buffer: what is ready to run, in order.
//
// Pushing allocates only while the buffer grows; a loop that has reached its working size never
// does. Entries are opaque here; an owner whose entries refer to heap cells traces them through
// `for_each`.
template <typename T>
class ReadyRing {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

 public:
  ReadyRing() = default;
  ~ReadyRing() { std::free(entries_); }
  ReadyRing(const ReadyRing&) = delete;
  ReadyRing& operator=(const ReadyRing&) = delete;

  bool empty() const { return head_ == tail_; }
  size_t size() const { return tail_ - head_; }
  size_t capacity() const { return capacity_; }
  size_t capacity_bytes() const { return capacity_ * sizeof(T); }

  // Appends an entry. False when the buffer had to grow and there is no memory.
  [[nodiscard]] bool push(const T& entry) {
    if (size() == capacity_) [[unlikely]] {
      if (!set_capacity(capacity_ == 0 ? kLeastCapacity : capacity_ * 2)) return false;
    }
    entries_[tail_++ & (capacity_ - 1)] = entry;
    return true;
  }

  // Removes and returns the oldest entry of a ring that is not empty.
  T pop() {
    assert(!empty());
    return entries_[head_++ & (capacity_ - 1)];
  }

  // The entry `index` places behind the oldest; for owners that shuffle or look ahead.
  T& at(size_t index) {
    assert(index < size());
    return entries_[(head_ + index) & (capacity_ - 1)];
  }

  // Makes room for `count` entries in all, so that pushing up to there cannot fail.
  [[nodiscard]] bool reserve(size_t count) {
    size_t wanted = capacity_ == 0 ? kLeastCapacity : capacity_;
    while (wanted < count) {
      if (wanted > SIZE_MAX / 2 / sizeof(T)) return false;
      wanted *= 2;
    }
    return wanted == capacity_ || set_capacity(wanted);
  }

  // Drops all entries and keeps the buffer.
  void clear() { head_ = tail_ = 0; }

  // Gives most of the buffer back when the ring once held far more than it does now. Growing again
  // copies every entry at most once more.
  void shrink_if_sparse() {
    if (capacity_ <= kUsualCapacity || size() >= capacity_ / kSparse) return;
    (void)set_capacity(capacity_ / (kSparse / 2) > kUsualCapacity ? capacity_ / (kSparse / 2)
                                                                  : kUsualCapacity);
  }

  // Calls visit(T&) for every entry, oldest first.
  template <typename Visit>
  void for_each(Visit&& visit) {
    for (size_t at = head_; at != tail_; ++at) visit(entries_[at & (capacity_ - 1)]);
  }

 private:
  static constexpr size_t kLeastCapacity = 32;
  static constexpr size_t kUsualCapacity = 4096;
  static constexpr size_t kSparse = 16;  // one in

  // `capacity` is a power of two and holds all present entries.
  bool set_capacity(size_t capacity) {
    if (capacity > SIZE_MAX / 2 / sizeof(T)) return false;
    auto* entries = static_cast<T*>(std::malloc(capacity * sizeof(T)));
    if (entries == nullptr) return false;
    const size_t count = size();
    const size_t first = head_ & (capacity_ - 1);
    const size_t until_end = capacity_ - first < count ? capacity_ - first : count;
    if (count != 0) {
      std::memcpy(static_cast<void*>(entries), entries_ + first, until_end * sizeof(T));
      std::memcpy(static_cast<void*>(entries + until_end), entries_,
                  (count - until_end) * sizeof(T));
    }
    std::free(entries_);
    entries_ = entries;
    capacity_ = capacity;
    head_ = 0;
    tail_ = count;
    return true;
  }

  T* entries_ = nullptr;
  size_t capacity_ = 0;  // 0 or a power of two
  size_t head_ = 0;      // both run on and are reduced at each access, so full and empty differ
  size_t tail_ = 0;
};

}  // namespace apy
