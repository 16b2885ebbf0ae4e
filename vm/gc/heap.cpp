#include "vm/gc/heap.h"

#include <sys/mman.h>

#include <algorithm>
#include <chrono>
#include <csetjmp>
#include <cstdlib>
#include <cstring>

#include "vm/gc/block.h"

namespace apy {

namespace {

constexpr size_t kMinimumNursery = 4 * 1024 * 1024;
constexpr size_t kMaximumNursery = 64 * 1024 * 1024;
constexpr size_t kMinimumFullThreshold = 16 * 1024 * 1024;

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

/// Without outgoing references there is nothing to visit. (Numbers and bytes may have attributes,
/// in script subclasses.)
bool is_leaf(const Cell* cell) { return cell->kind == CellKind::ByteStorage; }

uint64_t now_ns() {
  return static_cast<uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
}

void* map_aligned(size_t size, size_t alignment) {
  size_t reserve = size + alignment;
  // Accounted, so that the system refuses what it could never give: that is a MemoryError, not a
  // killed process.
  void* memory = mmap(nullptr, reserve, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return nullptr;
  uintptr_t start = reinterpret_cast<uintptr_t>(memory);
  uintptr_t aligned = (start + alignment - 1) & ~(alignment - 1);
  if (aligned != start) munmap(memory, aligned - start);
  uintptr_t end = start + reserve;
  if (end != aligned + size) munmap(reinterpret_cast<void*>(aligned + size), end - aligned - size);
  return reinterpret_cast<void*>(aligned);
}

}  // namespace

// --- blocks ---

Block* Heap::State::take_block(unsigned size_class, size_t cell_size) {
  Block* block;
  if (free_blocks) {
    block = free_blocks;
    free_blocks = block->next_free;
    --free_block_count;
    std::memset(static_cast<void*>(block), 0, kBlockSize);
  } else {
    if (arena_list.empty() || arena_cursor == kArenaSize) {
      void* memory = map_aligned(kArenaSize, kArenaSize);
      if (!memory) return nullptr;
      uintptr_t base = reinterpret_cast<uintptr_t>(memory);
      arenas.insert(base);
      arena_list.push_back(base);
      arena_cursor = 0;
      lowest = std::min(lowest, base);
      highest = std::max(highest, base + kArenaSize);
    }
    block = reinterpret_cast<Block*>(arena_list.back() + arena_cursor);
    arena_cursor += kBlockSize;
  }
  block->cell_size = static_cast<uint32_t>(cell_size);
  block->size_class = static_cast<uint16_t>(size_class);
  blocks[size_class].push_back(block);
  return block;
}

/// Zeroes the dead cells and links the runs of free ones.
void Heap::State::sweep(Block* block) {
  block->needs_sweep = false;
  block->runs = nullptr;
  size_t size = block->cell_size;
  char* end = block->cells() + block->cell_count() * size;
  char* cell = block->cells();
  char** link = &block->runs;
  while (cell < end) {
    if (block->is_marked(cell)) {
      cell += size;
      continue;
    }
    char* start = cell;
    while (cell < end && !block->is_marked(cell)) cell += size;
    std::memset(start, 0, static_cast<size_t>(cell - start));
    FreeRunHeader* run = reinterpret_cast<FreeRunHeader*>(start);
    run->length = static_cast<uint32_t>(cell - start);
    *link = start;
    link = &run->next;
  }
}

/// Blocks without a survivor go back to the pool of all size classes.
void Heap::State::release_empty_blocks(bool full) {
  // Between full collections the nursery goes round in the same blocks: giving their memory back
  // would only mean page faults.
  constexpr size_t kKeepResident = 128;
  for (auto& list : blocks) {
    size_t kept = 0;
    for (Block* block : list) {
      if (block->has_marks()) {
        block->needs_sweep = true;
        list[kept++] = block;
        continue;
      }
      if (full && free_block_count >= kKeepResident) {
        madvise(reinterpret_cast<char*>(block) + 4096, kBlockSize - 4096, MADV_DONTNEED);
      }
      block->cell_size = 0;
      block->next_free = free_blocks;
      free_blocks = block;
      ++free_block_count;
    }
    list.resize(kept);
  }
  std::fill(std::begin(sweep_position), std::end(sweep_position), size_t{0});
}

void Heap::State::sweep_large() {
  for (auto it = large_blocks.begin(); it != large_blocks.end();) {
    Block* block = it->second;
    if (block->is_marked(block->cells())) {
      ++it;
    } else {
      it = large_blocks.erase(it);
      munmap(static_cast<void*>(block), block->mapping_size);
    }
  }
}

void Heap::State::finish_sweeping() {
  for (auto& list : blocks)
    for (Block* block : list)
      if (block->needs_sweep) sweep(block);
}

Block* Heap::State::find_block(uintptr_t address) const {
  if (address < lowest || address >= highest) return nullptr;
  if (arenas.count(address & ~(kArenaSize - 1))) {
    if ((address & ~(kArenaSize - 1)) == arena_list.back() &&
        (address & (kArenaSize - 1)) >= arena_cursor) {
      return nullptr;
    }
    Block* block = Block::of(reinterpret_cast<void*>(address));
    return block->cell_size ? block : nullptr;
  }
  auto it = large_blocks.upper_bound(address);
  if (it == large_blocks.begin()) return nullptr;
  --it;
  return address < it->first + it->second->mapping_size ? it->second : nullptr;
}

// --- construction ---

Heap::Heap(HeapClient& client) : client_(client), state_(new State) {}

Heap::~Heap() {
  for (auto& [address, block] : state_->large_blocks)
    munmap(static_cast<void*>(block), block->mapping_size);
  for (uintptr_t arena : state_->arena_list)
    munmap(reinterpret_cast<void*>(arena), State::kArenaSize);
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

/// Makes room for `bytes` more: collects when due; false when the memory limit stands in the way.
bool Heap::prepare(size_t bytes) {
  State& s = *state_;
#if APY_GC_STRESS
  if (enabled_ && !s.collecting) {
    collect((s.statistics.minor_collections & 15) == 15);
    s.finish_sweeping();
  }
#endif
  if (enabled_ && !s.collecting) {
    size_t nursery = std::clamp(s.live_bytes / 2, kMinimumNursery, kMaximumNursery);
    if (s.allocated_since + bytes > nursery) {
      bool full = s.live_bytes > std::max(kMinimumFullThreshold, s.live_after_full * 2);
      collect(full);
    }
  }
  if (memory_limit_ && bytes_in_use() + bytes > memory_limit_ && !s.collecting) {
    collect(true);
    if (bytes_in_use() + bytes > memory_limit_) return false;
  }
  return true;
}

bool Heap::refill(unsigned size_class) {
  State& s = *state_;
  FreeRun& run = runs_[size_class];
  auto& list = s.blocks[size_class];
  size_t& position = s.sweep_position[size_class];
  while (true) {
    // Runs of the block at `position` first, then the next blocks, then a new one.
    while (position < list.size()) {
      Block* block = list[position];
      if (block->needs_sweep) s.sweep(block);
      if (char* start = block->runs) {
        FreeRunHeader* header = reinterpret_cast<FreeRunHeader*>(start);
        size_t length = header->length;
        block->runs = header->next;
        std::memset(start, 0, sizeof(FreeRunHeader));
        run.cursor = start;
        run.limit = start + length;
        s.allocated_since += length;
        return true;
      }
      ++position;
    }
    size_t size = cell_size_of_class(size_class);
    Block* block = s.take_block(size_class, size);
    if (!block) return false;
    position = list.size();
    run.cursor = block->cells();
    run.limit = run.cursor + block->cell_count() * size;
    s.allocated_since += static_cast<size_t>(run.limit - run.cursor);
    return true;
  }
}

char* Heap::allocate_large(size_t size) {
  State& s = *state_;
  size_t mapping = (size + Block::kHeaderSize + 4095) & ~size_t{4095};
  void* memory = map_aligned(mapping, kBlockSize);
  if (!memory) return nullptr;
  Block* block = static_cast<Block*>(memory);
  block->cell_size = 0xFFFFFFFF;
  block->large = true;
  block->mapping_size = mapping;
  uintptr_t address = reinterpret_cast<uintptr_t>(memory);
  s.large_blocks.emplace(address, block);
  s.lowest = std::min(s.lowest, address);
  s.highest = std::max(s.highest, address + mapping);
  s.allocated_since += mapping;
  return block->cells();
}

Cell* Heap::allocate_slow(size_t size, ShapeId shape, CellKind kind, uint16_t aux) {
  if (size > (size_t{1} << 46)) return nullptr;
  char* memory;
  if (size > kMaxMediumSize) {
    if (!prepare(size)) return nullptr;
    memory = allocate_large(size);
    if (!memory) return nullptr;
  } else {
    unsigned size_class = class_for(size);
    size_t rounded = cell_size_of_class(size_class);
    FreeRun& run = runs_[size_class];
#if APY_GC_STRESS
    if (!prepare(rounded)) return nullptr;
#endif
    if (run.cursor + rounded > run.limit || !run.cursor) {
      if (!prepare(kBlockSize)) return nullptr;
      if (!refill(size_class)) return nullptr;
    }
    memory = run.cursor;
    run.cursor += rounded;
  }
  return initialize(memory, shape, kind, aux);
}

void Heap::free_storage(Cell* cell) {
  State& s = *state_;
  Block* block = Block::of(cell);
  // Small cells are left to the collector: finding their run again would cost more than it saves.
  if (!block->large) return;
  if (cell->gc == 0 && !s.remembered.empty() && block->is_marked(cell)) {
    std::erase(s.remembered, cell);
  }
  if (block->is_marked(cell)) {
    s.live_bytes -= std::min(s.live_bytes, block->mapping_size);
  } else {
    s.allocated_since -= std::min(s.allocated_since, block->mapping_size);
  }
  s.large_blocks.erase(reinterpret_cast<uintptr_t>(block));
  munmap(static_cast<void*>(block), block->mapping_size);
}

size_t Heap::slot_size(const Cell* cell) {
  const Block* block = Block::of(cell);
  return block->large ? block->mapping_size - Block::kHeaderSize : block->cell_size;
}

size_t Heap::bytes_in_use() const { return state_->live_bytes + state_->allocated_since; }

HeapStatistics Heap::statistics() const {
  HeapStatistics result = state_->statistics;
  result.bytes_in_use = bytes_in_use();
  result.bytes_live_after_full = state_->live_after_full;
  result.bytes_peak = std::max<uint64_t>(result.bytes_peak, result.bytes_in_use);
  result.bytes_allocated_total += state_->allocated_since;
  return result;
}

// --- marking ---

void Heap::remember(Cell* owner) {
  owner->gc &= static_cast<uint8_t>(~Cell::kNeedsBarrier);
  state_->remembered.push_back(owner);
}

void Heap::mark(Cell* cell) {
  Block* block = Block::of(cell);
  if (!block->mark(cell)) return;
  cell->gc |= Cell::kNeedsBarrier;
  state_->live_bytes += block->large ? block->mapping_size : block->cell_size;
  if (!is_leaf(cell)) state_->mark_stack.push_back(cell);
}

void Heap::drain(Visitor& visitor) {
  auto& stack = state_->mark_stack;
  while (!stack.empty()) {
    Cell* cell = stack.back();
    stack.pop_back();
    trace_cell(cell, visitor);
  }
}

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
    if (block->needs_sweep && !block->is_marked(start)) return nullptr;
  }
  Cell* cell = reinterpret_cast<Cell*>(start);
  return cell->kind == CellKind::Free ? nullptr : cell;
}

void Visitor::visit_interior(const void* pointer) {
  if (Cell* cell = heap_.find_cell(pointer)) heap_.mark(cell);
}

// The stack holds red zones and uninitialised slots that sanitizers would object to.
__attribute__((no_sanitize("address"), no_sanitize("undefined"))) void
Visitor::visit_conservatively(const void* begin, const void* end) {
  auto* word =
      reinterpret_cast<const uintptr_t*>((reinterpret_cast<uintptr_t>(begin) + 7) & ~uintptr_t{7});
  for (; word < static_cast<const uintptr_t*>(end); ++word) {
    uintptr_t address = *word;
    if (address < heap_.state_->lowest || address >= heap_.state_->highest) continue;
    visit_interior(reinterpret_cast<const void*>(address));
  }
}

__attribute__((noinline)) void Heap::scan_current_stack(Visitor& visitor) {
  jmp_buf registers;
  setjmp(registers);  // spills callee-saved registers into this frame
  visitor.visit_conservatively(&registers, reinterpret_cast<char*>(&registers) + sizeof registers);
  if (stack_high_) visitor.visit_conservatively(__builtin_frame_address(0), stack_high_);
}

/// Unreachable cells with a finalizer live on until it has run.
void Heap::queue_dead_finalizers(std::vector<Cell*>& registered) {
  size_t kept = 0;
  for (Cell* cell : registered) {
    if (!is_dead(cell)) {
      registered[kept++] = cell;
    } else if (client_.needs_finalizer(cell)) {
      finalizable_.push_back(cell);
    }
  }
  registered.resize(kept);
}

void Heap::collect(bool full) {
  State& s = *state_;
  if (s.collecting) return;
  s.collecting = true;
  collecting_full_ = full;
  uint64_t start = now_ns();
  s.statistics.bytes_peak = std::max<uint64_t>(s.statistics.bytes_peak, bytes_in_use());
  s.statistics.bytes_allocated_total += s.allocated_since;

  // What is left of the current runs is found again by the sweep.
  for (FreeRun& run : runs_) run = FreeRun{};
  Visitor visitor(*this);
  if (full) {
    s.finish_sweeping();
    for (auto& list : s.blocks)
      for (Block* block : list) std::memset(block->marks, 0, sizeof block->marks);
    for (auto& [address, block] : s.large_blocks) std::memset(block->marks, 0, sizeof block->marks);
    s.live_bytes = 0;
  } else {
    for (Cell* cell : s.remembered) {
      cell->gc |= Cell::kNeedsBarrier;
      trace_cell(cell, visitor);
    }
  }
  s.remembered.clear();
  for (RootBase* root = roots_head_; root; root = root->next_) root->trace(visitor);
  for (size_t i = next_finalizable_; i < finalizable_.size(); ++i) visitor.visit(finalizable_[i]);
  client_.trace_roots(visitor);
  scan_current_stack(visitor);
  drain(visitor);
  // Nothing is marked meanwhile, so that cells that die together are queued together.
  if (full) queue_dead_finalizers(finalizers_);
  queue_dead_finalizers(young_finalizers_);
  finalizers_.insert(finalizers_.end(), young_finalizers_.begin(), young_finalizers_.end());
  young_finalizers_.clear();
  for (size_t i = next_finalizable_; i < finalizable_.size(); ++i) visitor.visit(finalizable_[i]);
  drain(visitor);
  client_.process_weak(*this);

  s.release_empty_blocks(full);
  s.sweep_large();
  s.allocated_since = 0;
  if (full) {
    s.live_after_full = s.live_bytes;
    ++s.statistics.full_collections;
  } else {
    ++s.statistics.minor_collections;
  }
  uint64_t pause = now_ns() - start;
  s.statistics.total_pause_ns += pause;
  s.statistics.longest_pause_ns = std::max(s.statistics.longest_pause_ns, pause);
  s.collecting = false;
}

void Heap::collect_minor() { collect(false); }
void Heap::collect_full() { collect(true); }

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
  for (auto& list : state_->blocks) {
    for (Block* block : list) {
      for (size_t i = 0; i < block->cell_count(); ++i) {
        char* start = block->cells() + i * block->cell_size;
        Cell* cell = reinterpret_cast<Cell*>(start);
        bool dead = block->needs_sweep && !block->is_marked(start);
        if (cell->kind != CellKind::Free && !dead) visit(cell, data);
      }
    }
  }
  for (auto& [address, block] : state_->large_blocks)
    visit(reinterpret_cast<Cell*>(block->cells()), data);
}

}  // namespace apy
