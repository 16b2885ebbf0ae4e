#include "runtime/loop/timer_heap.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstring>
#include <limits>

namespace apy {
namespace {

constexpr size_t kChildren = 2;
constexpr size_t kCacheLine = 64;
constexpr size_t kLeastCapacity = 64;
constexpr uint32_t kNoSlot = UINT32_MAX;

// asyncio's rule for rebuilding.
constexpr size_t kFewKeys = 100;
constexpr size_t kDeadShare = 2;  // one in

}  // namespace

TimerHeap::~TimerHeap() {
  std::free(allocation_);
  std::free(slots_);
}

bool TimerHeap::grow_entries() {
  const size_t capacity = capacity_ == 0 ? kLeastCapacity : capacity_ * 2;
  if (capacity >= kNoSlot) return false;
  // Entry 1, the first of the first two siblings, begins a cache line, so that siblings share one.
  const size_t lead = kCacheLine - sizeof(Entry);
  const size_t size = (lead + capacity * sizeof(Entry) + kCacheLine) / kCacheLine * kCacheLine;
  auto* allocation = static_cast<std::byte*>(std::aligned_alloc(kCacheLine, size));
  if (allocation == nullptr) return false;
  auto* entries = reinterpret_cast<Entry*>(allocation + lead);
  if (count_ != 0) std::memcpy(entries, entries_, count_ * sizeof(Entry));
  std::free(allocation_);
  allocation_ = allocation;
  entries_ = entries;
  capacity_ = capacity;
  return true;
}

bool TimerHeap::grow_slots() {
  const size_t capacity = slots_capacity_ == 0 ? kLeastCapacity : slots_capacity_ * 2;
  if (capacity >= kNoSlot) return false;
  auto* slots = static_cast<Slot*>(std::realloc(slots_, capacity * sizeof(Slot)));
  if (slots == nullptr) return false;
  for (size_t i = capacity; i-- > slots_capacity_;) {
    slots[i] = {nullptr, 0, free_slot_};
    free_slot_ = static_cast<uint32_t>(i);
  }
  slots_ = slots;
  slots_capacity_ = capacity;
  return true;
}

void TimerHeap::free_slot(uint32_t index) {
  slots_[index] = {nullptr, slots_[index].generation + 1, free_slot_};
  free_slot_ = index;
}

bool TimerHeap::add(double when, void* payload, TimerId* id) {
  assert(payload != nullptr);
  if (count_ == capacity_ && !grow_entries()) return false;
  if (free_slot_ == kNoSlot && !grow_slots()) return false;
  // A NaN would compare false with everything and spoil the order of the others.
  if (std::isnan(when)) when = -std::numeric_limits<double>::infinity();
  const uint32_t index = free_slot_;
  Slot& slot = slots_[index];
  free_slot_ = slot.next_free;
  slot.payload = payload;
  *id = {index, slot.generation};
  sift_up(count_++, {when, index});
  return true;
}

bool TimerHeap::is_pending(TimerId id) const {
  return id.slot < slots_capacity_ && slots_[id.slot].generation == id.generation &&
         slots_[id.slot].payload != nullptr;
}

bool TimerHeap::cancel(TimerId id) {
  if (!is_pending(id)) return false;
  slots_[id.slot].payload = nullptr;
  ++dead_;
  return true;
}

void TimerHeap::prune() {
  if (count_ > kFewKeys && dead_ * kDeadShare > count_) {
    rebuild();
    return;
  }
  while (count_ != 0 && slots_[entries_[0].slot].payload == nullptr) {
    --dead_;
    remove_top();
  }
}

bool TimerHeap::next_deadline(double* when) {
  while (count_ != 0 && slots_[entries_[0].slot].payload == nullptr) {
    --dead_;
    remove_top();
  }
  if (count_ == 0) return false;
  *when = entries_[0].when;
  return true;
}

void* TimerHeap::pop_due(double end) {
  while (count_ != 0 && entries_[0].when < end) {
    void* payload = slots_[entries_[0].slot].payload;
    if (payload == nullptr) --dead_;
    remove_top();
    if (payload != nullptr) return payload;
  }
  return nullptr;
}

void TimerHeap::remove_top() {
  free_slot(entries_[0].slot);
  const Entry last = entries_[--count_];
  if (count_ != 0) sift_down(0, last);
}

void TimerHeap::sift_up(size_t hole, Entry entry) {
  while (hole != 0) {
    const size_t parent = (hole - 1) / kChildren;
    if (!before(entry, entries_[parent])) break;
    entries_[hole] = entries_[parent];
    hole = parent;
  }
  entries_[hole] = entry;
}

// The entry comes from the bottom and nearly always returns there: move the hole down without
// looking at it, then let it rise.
void TimerHeap::sift_down(size_t hole, Entry entry) {
  const size_t top = hole;
  for (;;) {
    const size_t first = hole * kChildren + 1;
    if (first >= count_) break;
    // Of equal children the right one rises, as in heapq.
    const size_t second = first + 1;
    const size_t least =
        second < count_ && !before(entries_[first], entries_[second]) ? second : first;
    entries_[hole] = entries_[least];
    hole = least;
  }
  while (hole != top) {
    const size_t parent = (hole - 1) / kChildren;
    if (!before(entry, entries_[parent])) break;
    entries_[hole] = entries_[parent];
    hole = parent;
  }
  entries_[hole] = entry;
}

void TimerHeap::rebuild() {
  size_t kept = 0;
  for (size_t i = 0; i < count_; ++i) {
    const Entry entry = entries_[i];
    if (slots_[entry.slot].payload == nullptr) {
      free_slot(entry.slot);
    } else {
      entries_[kept++] = entry;
    }
  }
  count_ = kept;
  dead_ = 0;
  if (count_ < 2) return;
  for (size_t parent = count_ / kChildren; parent-- > 0;) {
    sift_down(parent, entries_[parent]);
  }
}

void TimerHeap::clear() {
  for (size_t i = 0; i < count_; ++i) free_slot(entries_[i].slot);
  count_ = dead_ = 0;
}

}  // namespace apy
