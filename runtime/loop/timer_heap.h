#pragma once

// Deadlines, earliest first.
//
// A binary heap of sixteen-byte keys; what a timer stands for sits in a table of slots beside them,
// and a timer is named by slot and generation. A name therefore stays safe to use after the timer
// is gone, and the payload of a cancelled timer is unreachable at once.
//
// Cancelling does not search: it empties the slot, and the key stays where it is until it comes to
// the top or until `prune` finds that more than half of more than a hundred keys are dead and
// rebuilds, which is asyncio's rule. Programs that arm a timeout for every operation and nearly
// always cancel it pay a constant for that.
//
// Timers for the same instant come out in the order in which CPython's heapq would give them, since
// programs see it: so the sifting follows that algorithm step by step (a binary heap, comparing
// deadlines alone).
//
// Rejected: storing in each timer its place in the heap, for removal without a search: every move
// inside the heap then writes to a random cache line, which makes a million timers twice as slow to
// drain. Four children per node: a fifth faster with a million timers, but another order. A
// hierarchical timer wheel: constant time, but not the exact order of deadlines.

#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace apy {

// Names one timer of one heap, also after it has fired or was cancelled.
struct TimerId {
  uint32_t slot = UINT32_MAX;
  uint32_t generation = 0;

  bool operator==(const TimerId&) const = default;
};

class TimerHeap {
 public:
  TimerHeap() = default;
  ~TimerHeap();
  TimerHeap(const TimerHeap&) = delete;
  TimerHeap& operator=(const TimerHeap&) = delete;

  // Adds a timer for the instant `when`, in seconds of the loop's clock; not-a-number counts as
  // long past. `payload` is not null. False when there is no memory.
  [[nodiscard]] bool add(double when, void* payload, TimerId* id);

  // Cancels a pending timer. False if it has fired or was cancelled before.
  bool cancel(TimerId id);

  bool is_pending(TimerId id) const;

  // Removes dead keys: those at the top, or all if they prevail. Once per loop iteration, before
  // asking for the next deadline.
  void prune();

  // The earliest deadline of a pending timer. False if there is none.
  bool next_deadline(double* when);

  // Removes the earliest timer whose deadline lies before `end` and returns its payload; null if
  // there is none.
  void* pop_due(double end);

  size_t pending() const { return count_ - dead_; }
  size_t keys() const { return count_; }  // pending and cancelled ones still in the heap
  size_t memory_bytes() const { return capacity_ * sizeof(Entry) + slots_capacity_ * sizeof(Slot); }

  // Drops all timers.
  void clear();

  // Calls visit(void*& payload) for every pending timer, in no order.
  template <typename Visit>
  void for_each(Visit&& visit) {
    for (size_t i = 0; i < count_; ++i) {
      Slot& slot = slots_[entries_[i].slot];
      if (slot.payload != nullptr) visit(slot.payload);
    }
  }

 private:
  struct Entry {
    double when;
    uint32_t slot;
  };
  struct Slot {
    void* payload;  // null: cancelled or unused
    uint32_t generation;
    uint32_t next_free;
  };

  static bool before(const Entry& a, const Entry& b) { return a.when < b.when; }

  bool grow_entries();
  bool grow_slots();
  void free_slot(uint32_t index);
  void sift_up(size_t hole, Entry entry);
  void sift_down(size_t hole, Entry entry);
  void remove_top();
  void rebuild();

  Entry* entries_ = nullptr;
  size_t count_ = 0;
  size_t capacity_ = 0;
  size_t dead_ = 0;
  Slot* slots_ = nullptr;
  size_t slots_capacity_ = 0;
  uint32_t free_slot_ = UINT32_MAX;
  void* allocation_ = nullptr;  // entries_ lies inside, placed so that siblings share a line
};

}  // namespace apy
