// Marking: what is reachable from the roots and the remembered set.
//
// A cell that was found goes through a short queue before its mark bit is looked at, so that the
// memory is in the cache by then; in a large heap nearly every cell is a cache miss. Large arrays
// are traced in slices; they are on a stack of their own.
#include <algorithm>
#include <csetjmp>
#include <cstdlib>
#include <cstring>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

#include "vm/gc/block.h"

namespace apy {

namespace {

constexpr size_t kSliceSize = 16 * 1024;

/// Without outgoing references there is nothing to visit. (Numbers and bytes may have attributes,
/// in script subclasses, whose shapes are dynamic.)
bool is_leaf(const Cell* cell, ShapeId first_dynamic) {
  switch (cell->kind) {
    case CellKind::ByteStorage:
      return true;
    case CellKind::FloatCell:
    case CellKind::BigInt:
    case CellKind::Bytes:
      return cell->shape < first_dynamic;
    default:
      return false;
  }
}

}  // namespace

// --- the barrier ---

void Heap::remember(Cell* owner) {
  owner->gc &= static_cast<uint8_t>(~Cell::kNeedsBarrier);
  Block* block = Block::of(owner);
  if (!block->large) {
    state_->remembered.push_back(owner);
    return;
  }
  std::memset(block->cards, 1, block->card_count);
  if (!block->remembered) {
    block->remembered = true;
    state_->remembered_large.push_back(block);
  }
}

void Heap::remember_field(Cell* owner, const void* field) {
  Block* block = Block::of(owner);
  if (!block->large) return remember(owner);
  block->cards[static_cast<size_t>(static_cast<const char*>(field) - block->start()) /
               Block::kCardSize] = 1;
  if (!block->remembered) {
    block->remembered = true;
    state_->remembered_large.push_back(block);
  }
}

/// Puts some remembered cells on the mark stacks, to be traced again; false when there are none.
bool Heap::take_remembered() {
  State& s = *state_;
  constexpr size_t kAtOnce = 16;
  auto& cells = s.remembered;
  for (size_t i = 0; i < kAtOnce && !cells.empty(); ++i) {
    Cell* cell = cells.back();
    cells.pop_back();
    if (cells.size() >= kAtOnce) __builtin_prefetch(cells[cells.size() - kAtOnce], 1);
    if (!Block::of(cell)->is_marked(cell)) continue;
    cell->gc |= Cell::kNeedsBarrier;
    s.mark_stack.push_back(cell);
  }
  if (!cells.empty() || !s.mark_stack.empty()) return true;
  if (s.remembered_large.empty()) return false;
  Block* block = s.remembered_large.back();
  s.remembered_large.pop_back();
  block->remembered = false;
  Cell* cell = reinterpret_cast<Cell*>(block->cells());
  if (!block->is_marked(cell)) return true;
  cell->gc |= Cell::kNeedsBarrier;
  s.large_stack.push_back({cell, 0, true});
  return true;
}

// --- marking ---

void Heap::mark(Cell* cell) {
  State& s = *state_;
#if APY_GC_STRESS
  if (s.stress.checking) return check_reference(cell);
#endif
  __builtin_prefetch(cell, 1);
  __builtin_prefetch(&Block::of(cell)->marks[Block::granule_of(cell) / 64], 1);
  Cell* oldest = s.delayed[s.delayed_at];
  s.delayed[s.delayed_at] = cell;
  s.delayed_at = (s.delayed_at + 1) % State::kDelay;
  if (oldest) mark_now(oldest);
}

void Heap::mark_now(Cell* cell) {
  Block* block = Block::of(cell);
  if (!block->mark(cell)) return;
  cell->gc |= Cell::kNeedsBarrier;
  state_->marked_bytes += block->bytes;
  if (is_leaf(cell, first_dynamic_shape_)) return;
  if (block->large) [[unlikely]] {
    state_->large_stack.push_back({cell, 0, false});
  } else {
    state_->mark_stack.push_back(cell);
  }
}

bool Heap::flush_delayed() {
  bool any = false;
  for (Cell*& entry : state_->delayed) {
    Cell* cell = entry;
    entry = nullptr;
    if (!cell) continue;
    mark_now(cell);
    any = true;
  }
  return any;
}

void Heap::mark_shape(ShapeId shape) {
#if APY_GC_STRESS
  if (state_->stress.checking) return check_shape(shape);
#endif
  shape_seen_[shape] = 1;
  mark(shapes_[shape]);
}

void Heap::shape_added(ShapeId shape) {
  if (shape_seen_.size() <= shape) shape_seen_.resize(shape + 1);
  shape_seen_[shape] = 0;
}

/// Traces the next part of the large cell on top of the stack; returns the work that was.
size_t Heap::trace_slice(Visitor& visitor) {
  State& s = *state_;
  State::Slice slice = s.large_stack.back();
  s.large_stack.pop_back();
  Block* block = Block::of(slice.cell);
  size_t end = block->card_count * Block::kCardSize;
  char* start = block->start();
  if (!slice.only_cards && slice.position == 0) visitor.visit_shape(slice.cell->shape);
  // Stored to as a whole meanwhile: it is remembered with all its cards, and further stores are not
  // reported. So the cards must stay set, and all will be traced again anyway.
  if (!(slice.cell->gc & Cell::kNeedsBarrier)) return 1;
  if (!slice.only_cards) {
    if (slice.position == 0) std::memset(block->cards, 0, block->card_count);
    size_t next = std::min(end, slice.position + kSliceSize);
    if (!trace_cell_part(slice.cell, start + slice.position, start + next, visitor)) {
      trace_cell(slice.cell, visitor);
      return block->bytes / 64;
    }
    if (next < end) s.large_stack.push_back({slice.cell, next, false});
    return kSliceSize / 64;
  }
  size_t card = slice.position / Block::kCardSize;
  size_t budget = kSliceSize;
  for (; card < block->card_count && budget > 0; ++card) {
    uint64_t eight;
    if (card % 8 == 0 && card + 8 <= block->card_count) {
      std::memcpy(&eight, block->cards + card, 8);
      if (eight == 0) {
        card += 7;
        budget -= 8;
        continue;
      }
    }
    if (!block->cards[card]) continue;
    block->cards[card] = 0;
    const char* begin = start + card * Block::kCardSize;
    if (!trace_cell_part(slice.cell, begin, begin + Block::kCardSize, visitor)) {
      std::memset(block->cards, 0, block->card_count);
      trace_cell(slice.cell, visitor);
      return block->bytes / 64;
    }
    budget -= std::min(budget, Block::kCardSize);
  }
  if (card < block->card_count)
    s.large_stack.push_back({slice.cell, card * Block::kCardSize, true});
  return (kSliceSize - budget) / 64 + 1;
}

/// Traces what was found; false when the budget is used up (then all that is left is on the
/// stacks).
bool Heap::drain(Visitor& visitor, Budget& budget) {
  State& s = *state_;
  bool goes_on = true;
  while (goes_on) {
    while (goes_on && !s.mark_stack.empty()) {
      Cell* cell = s.mark_stack.back();
      s.mark_stack.pop_back();
      trace_cell(cell, visitor);
      goes_on = budget.spend(1 + Block::of(cell)->bytes / 64);
    }
    if (flush_delayed() || !goes_on) continue;
    if (!s.found_later.empty()) {
      mark(s.found_later.back());
      s.found_later.pop_back();
      goes_on = budget.spend(1);
    } else if (!s.large_stack.empty()) {
      goes_on = budget.spend(trace_slice(visitor));
    } else if (!take_remembered()) {
      return true;
    } else {
      goes_on = budget.spend(4);
    }
  }
  return false;
}

// --- roots ---

Cell* Heap::find_cell(const void* pointer) const {
  uintptr_t address = reinterpret_cast<uintptr_t>(pointer);
  Block* block = state_->find_block(address);
  if (!block) return nullptr;
  char* start;
  if (block->large) {
    start = block->cells();
  } else {
    uintptr_t offset = address - reinterpret_cast<uintptr_t>(block);
    if (offset < Block::kHeaderSize) return nullptr;
    size_t index = (offset - Block::kHeaderSize) / block->cell_size;
    if (index >= block->cell_count()) return nullptr;
    start = block->cells() + index * block->cell_size;
    // In a block that waits for its sweep an unmarked cell is dead.
    if (state_->needs_sweep(block) && !block->is_marked(start)) return nullptr;
  }
  Cell* cell = reinterpret_cast<Cell*>(start);
  return cell->kind == CellKind::Free ? nullptr : cell;
}

void Visitor::visit_interior(const void* pointer) {
  if (Cell* cell = heap_.find_cell(pointer)) heap_.mark(cell);
}

void Visitor::visit_later(const Cell* cell) {
  if (cell) heap_.state_->found_later.push_back(const_cast<Cell*>(cell));
}

// The stack holds red zones and uninitialised slots that sanitizers would object to.
__attribute__((no_sanitize("address"), no_sanitize("undefined"))) void
Visitor::visit_conservatively(const void* begin, const void* end) {
  auto* word =
      reinterpret_cast<const uintptr_t*>((reinterpret_cast<uintptr_t>(begin) + 7) & ~uintptr_t{7});
  uintptr_t lowest = heap_.state_->lowest, highest = heap_.state_->highest;
  for (; word < static_cast<const uintptr_t*>(end); ++word) {
    uintptr_t address = *word;
    if (address < lowest || address >= highest) continue;
#if defined(__SANITIZE_ADDRESS__)
    // Between variables, or a variable whose scope has ended. There is much of that in the large
    // frames of this build, and what earlier calls left in it would keep dead cells alive.
    if (__asan_address_is_poisoned(word)) continue;
#endif
    visit_interior(reinterpret_cast<const void*>(address));
  }
}

__attribute__((noinline)) void Heap::scan_current_stack(Visitor& visitor) {
  jmp_buf registers;
  setjmp(registers);  // spills callee-saved registers into this frame
  visitor.visit_conservatively(&registers, reinterpret_cast<char*>(&registers) + sizeof registers);
  if (stack_high_) visitor.visit_conservatively(__builtin_frame_address(0), stack_high_);
}

void Heap::scan_roots(bool only_changes) {
  State& s = *state_;
  Visitor visitor(*this, only_changes && s.roots_known);
  for (RootBase* root = roots_head_; root; root = root->next_) root->trace(visitor);
  for (size_t i = next_finalizable_; i < finalizable_.size(); ++i) visitor.visit(finalizable_[i]);
  client_.trace_roots(visitor);
  scan_current_stack(visitor);
  s.roots_known = s.roots_current = true;
}

}  // namespace apy
