// Allocation, and the rest of the heap's interface. Memory is in blocks.cpp, marking in mark.cpp,
// the cycle in collect.cpp.
#include "vm/gc/heap.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "vm/gc/block.h"

namespace apy {

namespace {

/// Cell sizes between kMaxSmallSize and a block, chosen so that little of a block is left over.
constexpr uint32_t kMediumSizes[] = {1280, 1536, 1792, 2048, 2560,  3072, 3584,
                                     4016, 5376, 6448, 8064, 10752, 16128};
constexpr size_t kMaxMediumSize = 16128;

size_t cell_size_of_class(unsigned size_class) {
  return size_class < Heap::kSmallClasses ? Heap::rounded_size(size_class)
                                          : kMediumSizes[size_class - Heap::kSmallClasses];
}

unsigned class_for(size_t size) {
  if (size <= Heap::kMaxSmallSize) return Heap::size_class_of(size);
  unsigned i = 0;
  while (kMediumSizes[i] < size) ++i;
  return Heap::kSmallClasses + i;
}

}  // namespace

// --- construction ---

Heap::Heap(HeapClient& client) : client_(client), state_(new State) {
  state_->nursery = size_t{1} << 20;
  // Runs without cells, but with an address: adding to a null pointer is undefined.
  static char nowhere[1];
  for (FreeRun& run : runs_) run.cursor = run.limit = nowhere;
#if APY_GC_STRESS
  auto number = [](const char* name) {
    const char* text = std::getenv(name);
    return text ? std::strtoull(text, nullptr, 10) : 0;
  };
  state_->stress.step = static_cast<unsigned>(number("APY_GC_STRESS_STEP"));
  state_->stress.random += 2 * number("APY_GC_STRESS_SEED");
  state_->stress.fail_allocation = number("APY_FAIL_ALLOCATION");
#endif
}

Heap::~Heap() {
  for (auto& [address, block] : state_->large_blocks)
    munmap(static_cast<void*>(block), State::reserved_for(block->bytes));
  for (const State::Mapping& mapping : state_->unused)
    munmap(mapping.start, State::reserved_for(mapping.size));
  for (const State::Arena& arena : state_->arenas) munmap(arena.base, State::kArenaSize);
  delete state_;
}

RootBase::RootBase(Heap& heap) : heap_(heap), previous_(nullptr), next_(heap.roots_head_) {
  if (next_) next_->previous_ = this;
  heap.roots_head_ = this;
}

RootBase::~RootBase() {
  if (previous_) {
    previous_->next_ = next_;
  } else {
    heap_.roots_head_ = next_;
  }
  if (next_) next_->previous_ = previous_;
}

// --- allocation ---

bool Heap::refill(unsigned size_class) {
  State& s = *state_;
  FreeRun& run = runs_[size_class];
  Block*& current = s.classes[size_class].current;
  // The other runs of the block, then the pending blocks, then an empty one.
  if (!current || !current->runs) current = s.next_pending(size_class);
  if (current) {
    char* start = current->runs;
    FreeRunHeader* header = reinterpret_cast<FreeRunHeader*>(start);
    size_t length = header->length;
    current->runs = header->next;
    std::memset(start, 0, sizeof(FreeRunHeader));
    run.cursor = start;
    run.limit = start + length;
    s.allocated_since += length;
    return true;
  }
  size_t size = cell_size_of_class(size_class);
  Block* block = s.take_block(size_class, size);
  if (!block) return false;
  run.cursor = block->cells();
  run.limit = run.cursor + block->cell_count() * size;
  s.allocated_since += static_cast<size_t>(run.limit - run.cursor);
  return true;
}

char* Heap::allocate_large(size_t size) {
  Block* block = state_->map_large((size + kGranule - 1) & ~(kGranule - 1));
  if (!block) return nullptr;
  state_->allocated_since += block->bytes;
  return block->cells();
}

Cell* Heap::allocate_slow(size_t size, ShapeId shape, CellKind kind, uint16_t aux) {
  if (size > (size_t{1} << 46)) return nullptr;
#if APY_GC_STRESS
  stress();
  State::Stress& stress = state_->stress;
  if (enabled_ && stress.fail_allocation && ++stress.allocations == stress.fail_allocation)
    return nullptr;
#endif
  char* memory;
  if (size > kMaxMediumSize) {
    if (!prepare(size)) return nullptr;
    memory = allocate_large(size);
    if (!memory) return nullptr;
  } else {
    unsigned size_class = class_for(size);
    size_t rounded = cell_size_of_class(size_class);
    FreeRun& run = runs_[size_class];
    if (run.cursor + rounded > run.limit) {
      // Most runs are short: whether a collection is due is asked once for each block.
      Block* current = state_->classes[size_class].current;
#if APY_GC_STRESS
      current = nullptr;
#endif
      if ((!current || !current->runs) && !prepare(kBlockSize)) return nullptr;
      if (!refill(size_class)) return nullptr;
    }
    memory = run.cursor;
    run.cursor += rounded;
#if APY_GC_STRESS
    std::memset(memory, 0, rounded);  // it was poisoned
#endif
  }
  return initialize(memory, shape, kind, aux);
}

/// Is this large cell in `marked_bytes` of the cycle that is under way? (Sticky marks were counted
/// long ago, unless the cycle is full.)
bool Heap::is_counted(const Block* block) const {
  return state_->phase == State::Phase::Marking && block->marked_count > 0 &&
         (collecting_full_ || block->young);
}

void Heap::free_storage(Cell* cell) {
  State& s = *state_;
  Block* block = Block::of(cell);
  // Small cells are left to the collector: finding their run again would cost more than it saves.
  if (!block->large) return;
  if (block->remembered) std::erase(s.remembered_large, block);
  std::erase_if(s.large_stack, [&](const State::Slice& slice) { return slice.cell == cell; });
  if (block->young) {
    s.allocated_since -= std::min(s.allocated_since, block->bytes);
    std::erase(s.young_large, block);
  } else {
    s.live_bytes -= std::min(s.live_bytes, block->bytes);
  }
  if (is_counted(block)) s.marked_bytes -= std::min(s.marked_bytes, block->bytes);
  s.drop_large(block);
}

Cell* Heap::grow_storage(Cell* cell, size_t size) {
  State& s = *state_;
  Block* block = Block::of(cell);
  // To copy a little takes less time than to change the page table.
  if (!block->large || block->bytes < State::kRemapAtLeast || size > (size_t{1} << 46))
    return nullptr;
  size = (size + kGranule - 1) & ~(kGranule - 1);
  if (size <= block->bytes) return nullptr;
#if APY_GC_STRESS
  stress();
#endif
  if (!prepare(size - block->bytes)) return nullptr;
  size_t before = block->bytes;
  block = s.remap_large(block, size);
  if (!block) return nullptr;
  Cell* moved = reinterpret_cast<Cell*>(block->cells());
  size_t more = block->bytes - before;
  (block->young ? s.allocated_since : s.live_bytes) += more;
  if (is_counted(block)) s.marked_bytes += more;
  return moved;
}

size_t Heap::slot_size(const Cell* cell) {
  Block* block = Block::of(cell);
  if (!block->large) return block->cell_size;
  return static_cast<size_t>(reinterpret_cast<char*>(block->cards) - block->cells());
}

size_t Heap::bytes_in_use() const { return state_->live_bytes + state_->allocated_since; }

HeapStatistics Heap::statistics() const {
  HeapStatistics result = state_->statistics;
  result.bytes_in_use = bytes_in_use();
  result.bytes_live_after_full = state_->live_after_full;
  result.bytes_peak = std::max<uint64_t>(result.bytes_peak, result.bytes_in_use);
  result.bytes_allocated_total += state_->allocated_since;
  result.bytes_mapped = state_->mapped_bytes - state_->released.size() * kBlockSize;
  return result;
}

bool Heap::is_dead(const Cell* cell) const { return !Block::of(cell)->is_marked(cell); }

Cell* Heap::take_finalizable() {
  if (!has_finalizable()) return nullptr;
  Cell* cell = finalizable_[next_finalizable_++];
  if (next_finalizable_ == finalizable_.size()) {
    finalizable_.clear();
    next_finalizable_ = 0;
  }
  return cell;
}

void Heap::make_all_finalizable() {
  for (auto* registered : {&finalizers_, &young_finalizers_}) {
    for (Cell* cell : *registered)
      if (client_.needs_finalizer(cell)) finalizable_.push_back(cell);
    registered->clear();
  }
}

void Heap::for_each_cell(void (*visit)(Cell*, void*), void* data) const {
  for (const State::Arena& arena : state_->arenas) {
    for (size_t index = 0; index < State::kBlocksPerArena; ++index) {
      if (arena.classes[index] == State::kNoClass) continue;
      Block* block = arena.block(index);
      bool has_dead = state_->needs_sweep(block);
      for (size_t i = 0; i < block->cell_count(); ++i) {
        char* start = block->cells() + i * block->cell_size;
        Cell* cell = reinterpret_cast<Cell*>(start);
        if (cell->kind != CellKind::Free && !(has_dead && !block->is_marked(start)))
          visit(cell, data);
      }
    }
  }
  for (auto& [address, block] : state_->large_blocks)
    visit(reinterpret_cast<Cell*>(block->cells()), data);
}

}  // namespace apy
