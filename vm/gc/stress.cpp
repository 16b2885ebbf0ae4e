// What the heap does beyond its work in stress builds: collections at nasty moments, poisoned dead
// cells (blocks.cpp), and checks of the invariants of heap.h.
//
// A collection at each allocation finds less than it seems to: a new value is still in a register
// or on the native stack when the next allocation comes, is marked from there, and so is old before
// a missing barrier could matter; and it costs minutes for scripts that take milliseconds. Instead:
// - A collection when an allocation is reached by a chain of native calls that is new, at any time.
// - Collections in between, at random distances that grow with the script's age: a script of a
//   million allocations has some ten thousand of them.
// - Before a collection, when allocations have paid for the tracing of the whole heap: no marked
//   cell that is not remembered may refer to an unmarked one. That finds each missing barrier whose
//   value is new, whatever the stacks hold.
// - One collection of 64 is full. After it, everything that marked cells refer to must be marked.
// APY_GC_STRESS_SEED gives other distances. With APY_GC_STRESS_STEP=n there are steps instead,
// which trace about n cells for each allocation.
#include "vm/gc/block.h"

#if APY_GC_STRESS

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace apy {

namespace {

constexpr int kChainLength = 5;
constexpr uint64_t kCollectionsPerFull = 64;
constexpr uint64_t kShortestGap = 2;
/// The mean distance of random collections is this part of the script's age.
constexpr uint64_t kAgePerGap = 2000;
/// Steps come at each allocation until the script is so old, then at each second, and so on.
constexpr uint64_t kAgePerInterval = 100'000;
/// Cells that an allocation pays for, as long as the script is young.
constexpr uint64_t kCheckedPerAllocation = 1000;
constexpr uint64_t kYoung = 20'000;

const char* name_of(const Cell* cell) {
  switch (cell->kind) {
#define CELL_KIND(Name) \
  case CellKind::Name:  \
    return #Name;
#include "vm/gc/cell_kinds.def"
#undef CELL_KIND
    default:
      return "a freed cell";
  }
}

[[noreturn]] void fail(const Cell* owner, const Cell* cell, const char* what) {
  std::fprintf(stderr, "gc stress: %s %p (shape %u) refers to %s %p (shape %u), %s\n",
               owner ? name_of(owner) : "a root", static_cast<const void*>(owner),
               owner ? owner->shape : 0, cell ? name_of(cell) : "the shape",
               static_cast<const void*>(cell), cell ? cell->shape : 0, what);
  std::abort();
}

}  // namespace

/// A number for the innermost native calls; the build keeps frame pointers.
__attribute__((noinline)) uint64_t Heap::native_call_chain() const {
  uint64_t hash = 0;
  auto* frame = static_cast<void* const*>(__builtin_frame_address(0));
  for (int i = 0; i < kChainLength; ++i) {
    hash = (hash ^ reinterpret_cast<uintptr_t>(frame[1])) * 0x9E3779B97F4A7C15u;
    auto* caller = static_cast<void* const*>(frame[0]);
    if (caller <= frame || !stack_high_ || caller + 2 > stack_high_) break;
    frame = caller;
  }
  return hash >> 48;
}

/// Before an allocation.
void Heap::stress() {
  State& s = *state_;
  State::Stress& stress = s.stress;
  if (!enabled_ || stress.fail_allocation || s.collecting) return;
  uint64_t age = ++stress.allocations;
  stress.credit += age < kYoung ? kCheckedPerAllocation : kCheckedPerAllocation * kYoung / age;
  if (stress.step) {
    uint64_t interval = 1 + age / kAgePerInterval;
    if (age % interval != 0) return;
    if (s.phase == State::Phase::Idle) {
      if (is_check_paid()) check_barriers();
      start_cycle(++stress.collections % 4 == 0);
    }
    s.collecting = true;
    Budget budget(stress.step * interval, UINT64_MAX);
    advance(budget);
    s.collecting = false;
    return;
  }
  bool& seen = stress.chains[native_call_chain()];
  if (seen && age < stress.next_collection) return;
  seen = true;
  uint64_t gap = kShortestGap + age / kAgePerGap;
  stress.random ^= stress.random << 13;
  stress.random ^= stress.random >> 7;
  stress.random ^= stress.random << 17;
  stress.next_collection = age + 1 + stress.random % (2 * gap);
  collect_now(++stress.collections % kCollectionsPerFull == 0);
}

/// The number of cells that the last check looked at is what the next one costs.
bool Heap::is_check_paid() {
  State::Stress& stress = state_->stress;
  if (stress.credit < stress.checked) return false;
  stress.credit = 0;
  stress.checked = 0;
  return true;
}

/// What a check found in the fields of `stress.owner`.
void Heap::check_reference(const Cell* cell) {
  const State::Stress& stress = state_->stress;
  if (find_cell(cell) != cell) fail(stress.owner, cell, "which is not a live cell");
  if (is_dead(cell)) fail(stress.owner, cell, stress.complaint);
}

void Heap::check_shape(ShapeId shape) const {
  if (!shape_seen_[shape]) fail(state_->stress.owner, nullptr, state_->stress.complaint);
}

/// Traces a cell as the collector would, but with check_reference for each reference.
void Heap::check_cell(Cell* cell, bool only_unreported) {
  State::Stress& stress = state_->stress;
  Block* block = Block::of(cell);
  if (!block->is_marked(cell)) return;
  ++stress.checked;
  Visitor visitor(*this, false);
  stress.owner = cell;
  if (!only_unreported || (cell->gc & Cell::kNeedsBarrier && !block->remembered)) {
    if (!only_unreported || !client_.is_running(cell)) trace_cell(cell, visitor);
    return;
  }
  if (!(cell->gc & Cell::kNeedsBarrier)) return;
  // A large array, of which some cards are set. An item may reach into the next card.
  auto is_set = [&](size_t card) { return card < block->card_count && block->cards[card]; };
  for (size_t card = 0; card < block->card_count; ++card) {
    if (is_set(card) || is_set(card + 1) || (card > 0 && is_set(card - 1))) continue;
    const char* begin = block->start() + card * Block::kCardSize;
    if (!trace_cell_part(cell, begin, begin + Block::kCardSize, visitor)) return;
  }
}

void Heap::check_cells(bool only_unreported, const char* complaint) {
  struct Check {
    Heap& heap;
    bool only_unreported;
  } check{*this, only_unreported};
  State::Stress& stress = state_->stress;
  stress.complaint = complaint;
  stress.checking = true;
  for_each_cell(
      [](Cell* cell, void* data) {
        auto* check = static_cast<Check*>(data);
        check->heap.check_cell(cell, check->only_unreported);
      },
      &check);
  stress.checking = false;
}

/// Between two cycles: a marked cell was traced, or a store into it was reported since.
void Heap::check_barriers() { check_cells(true, "and no barrier told of it"); }

/// At the end of a cycle: what marked cells refer to must be marked.
void Heap::verify() {
  if (state_->stress.step ? is_check_paid() : collecting_full_)
    check_cells(false, "which the collector has not marked");
}

}  // namespace apy

#endif
