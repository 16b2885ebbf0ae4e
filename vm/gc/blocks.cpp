// Where the heap's memory comes from and goes to: arenas, blocks, mappings of large cells.
//
// Memory that is no longer used goes back to the system little by little, from the allocator's slow
// path: unmapping a gigabyte takes as long as tracing one.
#include <sys/mman.h>

#include <algorithm>
#include <cstring>

#include "vm/gc/block.h"

namespace apy {

namespace {

constexpr size_t kPage = 4096;
constexpr size_t kMegabyte = size_t{1} << 20;
/// Mappings of dead large cells up to this are kept for new ones: what a small heap gathers between
/// two full collections, since it will need as much again before the next.
constexpr size_t kKeepUnused = 16 * kMegabyte;
/// Never-used blocks that get their memory in one go: few at first, a quarter of what there is
/// later.
constexpr size_t kFewestPopulated = 2, kMostPopulated = 32;
/// A heap of more arenas has its next ones in huge pages: one of them costs as much to get as some
/// tens of small ones. What is asked for too early is then a small part of the heap.
constexpr size_t kArenasOfSmallPages = 4;
constexpr size_t kHugePage = 2 * kMegabyte;
/// Of a large cell: what is behind that may never be touched.
constexpr size_t kPopulatedOfLarge = 8 * kMegabyte;

/// Asks for the memory behind fresh pages that are about to be written to. In one call it costs a
/// fraction of the page faults that it stands for. Not a promise: a system that has no such call
/// (Linux has it since 5.14) or no memory leaves it to the faults.
void populate(void* start, size_t size) {
#ifdef MADV_POPULATE_WRITE
  madvise(start, size, MADV_POPULATE_WRITE);
#else
  (void)start, (void)size;
#endif
}

void ask_for_huge_pages(void* start, size_t size) {
#ifdef MADV_HUGEPAGE
  madvise(start, size, MADV_HUGEPAGE);
#else
  (void)start, (void)size;
#endif
}

void* map_aligned(size_t size, size_t alignment) {
  // Often the place next to the last mapping, which is in line.
  if (alignment == Heap::kBlockSize) {
    void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return nullptr;
    if (reinterpret_cast<uintptr_t>(memory) % alignment == 0) return memory;
    munmap(memory, size);
  }
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

#if APY_GC_STRESS
/// Dead cells: whoever follows a reference out of one gets an address that cannot be.
void poison(char* begin, char* end, size_t cell_size) {
  std::memset(begin, 0xD8, static_cast<size_t>(end - begin));
  for (char* cell = begin; cell < end; cell += cell_size) std::memset(cell, 0, sizeof(Cell));
}
#endif

}  // namespace

bool Heap::State::AddressMap::set(uintptr_t begin, uintptr_t end, uint32_t what) {
  for (uintptr_t at = begin & ~(kArenaSize - 1); at < end; at += kArenaSize) {
    auto& leaf = leaves_[at >> kTopShift & (kTop - 1)];
    if (!leaf) leaf.reset(static_cast<uint32_t*>(std::calloc(kLeaf, sizeof(uint32_t))));
    if (!leaf) return false;
    leaf.get()[at / kArenaSize & (kLeaf - 1)] = what;
  }
  return true;
}

Block* Heap::State::find_block(uintptr_t address) const {
  if (address < lowest || address >= highest) return nullptr;
  uint32_t what = address_map.at(address);
  if (what == 0) return nullptr;
  if (what != AddressMap::kLargeHere) {
    const Arena& arena = arenas[what - 1];
    size_t index = (address - reinterpret_cast<uintptr_t>(arena.base)) / kBlockSize;
    return arena.classes[index] == kNoClass ? nullptr : arena.block(index);
  }
  auto it = large_blocks.upper_bound(address);
  if (it == large_blocks.begin()) return nullptr;
  --it;
  return address < it->first + it->second->bytes ? it->second : nullptr;
}

// --- small cells ---

Block* Heap::State::take_block(unsigned size_class, size_t cell_size) {
  // A walk over what the last full collection left, for a block of another class that is empty.
  while (free_blocks.empty() && find_empty_blocks(64)) continue;
  Block* block;
  if (!free_blocks.empty()) {
    block = free_blocks.back();
    free_blocks.pop_back();
    std::memset(static_cast<void*>(block), 0, kBlockSize);
  } else if (!released.empty()) {
    block = released.back();
    released.pop_back();
    populate(block, kBlockSize);
  } else {
    if (arena_cursor == kBlocksPerArena) {
      void* memory = map_aligned(kArenaSize, kArenaSize);
      if (!memory) return nullptr;
      uintptr_t base = reinterpret_cast<uintptr_t>(memory);
      if (!address_map.set(base, base + 1, static_cast<uint32_t>(arenas.size() + 1))) {
        munmap(memory, kArenaSize);
        return nullptr;
      }
      Arena& arena = arenas.emplace_back();
      arena.base = static_cast<char*>(memory);
      std::memset(arena.classes, kNoClass, sizeof arena.classes);
      mapped_bytes += kArenaSize;
      if (arenas.size() > kArenasOfSmallPages) ask_for_huge_pages(memory, kArenaSize);
      arena_cursor = arena_populated = 0;
      lowest = std::min(lowest, base);
      highest = std::max(highest, base + kArenaSize);
    }
    if (arena_cursor == arena_populated) {
      size_t taken = (arenas.size() - 1) * kBlocksPerArena + arena_cursor;
      size_t most = arenas.size() > kArenasOfSmallPages ? kHugePage / kBlockSize : kMostPopulated;
      size_t count =
          std::min(std::clamp(taken / 4, kFewestPopulated, most), kBlocksPerArena - arena_cursor);
      populate(arenas.back().block(arena_cursor), count * kBlockSize);
      arena_populated += count;
    }
    block = arenas.back().block(arena_cursor++);
  }
  block->cell_size = static_cast<uint32_t>(cell_size);
  block->bytes = cell_size;
  block->size_class = static_cast<uint16_t>(size_class);
  block->epoch = epoch;
  arena_of(block).classes[Arena::index_of(block)] = static_cast<uint8_t>(size_class);
  block->used = true;
  classes[size_class].used.push_back(block);
  return block;
}

void Heap::State::free_block(Arena& arena, size_t index) {
#if APY_GC_STRESS
  sweep(arena.block(index));
#endif
  arena.classes[index] = kNoClass;
  arena.listed[index] = false;
  free_blocks.push_back(arena.block(index));
}

/// Zeroes the dead cells and links the runs of free ones.
void Heap::State::sweep(Block* block) {
  block->dirty = false;
  block->epoch = epoch;
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
#if APY_GC_STRESS
    poison(start, cell, size);
#else
    std::memset(start, 0, static_cast<size_t>(cell - start));
#endif
    FreeRunHeader* run = reinterpret_cast<FreeRunHeader*>(start);
    run->length = static_cast<uint32_t>(cell - start);
    run->next = nullptr;
    *link = start;
    link = &run->next;
  }
}

bool Heap::State::find_empty_blocks(size_t count) {
  size_t before = free_blocks.size();
  size_t end = arenas.size() * kBlocksPerArena;
  for (; count > 0 && empty_cursor < end; ++empty_cursor) {
    Arena& arena = arenas[empty_cursor / kBlocksPerArena];
    size_t index = empty_cursor % kBlocksPerArena;
    if (!arena.listed[index]) continue;
    --count;
    Block* block = arena.block(index);
    if (block->marked_count == 0 && needs_sweep(block)) free_block(arena, index);
  }
  return free_blocks.size() > before || empty_cursor < end;
}

Block* Heap::State::next_pending(unsigned size_class) {
  auto& pending = classes[size_class].pending;
  while (!pending.empty()) {
    Block* block = pending.back();
    pending.pop_back();
    Arena& arena = arena_of(block);
    size_t index = Arena::index_of(block);
    if (arena.classes[index] != size_class || !arena.listed[index]) continue;
    arena.listed[index] = false;
    if (needs_sweep(block)) {
      // Single free cells in a full block cost more than they give; it is swept when a full
      // collection begins.
      size_t count = block->cell_count();
      if (block->marked_count >= count - count / 16) continue;
      sweep(block);
    }
    if (!block->runs) continue;
    if (!block->used) {
      block->used = true;
      classes[size_class].used.push_back(block);
    }
    return block;
  }
  return nullptr;
}

void Heap::State::begin_sweeping(bool full) {
  for (auto& size_class : classes) {
    size_class.current = nullptr;
    for (Block* block : size_class.used) {
      block->used = false;
      block->dirty = true;
      if (full) continue;
      Arena& arena = arena_of(block);
      if (block->marked_count == 0) {
        free_block(arena, Arena::index_of(block));
      } else {
        arena.listed[Arena::index_of(block)] = true;
        size_class.pending.push_back(block);
#if APY_GC_STRESS
        sweep(block);  // at once, so that dead cells are poisoned
#endif
      }
    }
    size_class.used.clear();
    if (full) size_class.pending.clear();
  }
  if (!full) return;
  ++epoch;
  empty_cursor = 0;
  // Backwards, so that allocation goes on in address order.
  for (size_t i = arenas.size(); i-- > 0;) {
    Arena& arena = arenas[i];
    for (size_t j = kBlocksPerArena; j-- > 0;) {
      if (arena.classes[j] == kNoClass) continue;
#if APY_GC_STRESS
      if (arena.block(j)->marked_count == 0) {
        free_block(arena, j);
        continue;
      }
      sweep(arena.block(j));
#endif
      arena.listed[j] = true;
      classes[arena.classes[j]].pending.push_back(arena.block(j));
    }
  }
}

bool Heap::State::clear_marks(Budget& budget) {
  size_t end = arenas.size() * kBlocksPerArena;
  while (clear_cursor < end) {
    const Arena& arena = arenas[clear_cursor / kBlocksPerArena];
    size_t index = clear_cursor++ % kBlocksPerArena;
    if (arena.classes[index] == kNoClass) continue;
    Block* block = arena.block(index);
    size_t work = 4;
    if (needs_sweep(block)) {
      sweep(block);
      work = 40;
    }
    std::memset(block->marks, 0, sizeof block->marks);
    block->marked_count = 0;
    if (!budget.spend(work)) return false;
  }
  for (auto& [address, block] : large_blocks) {
    block->marks[Block::granule_of(block->cells()) / 64] = 0;
    block->marked_count = 0;
  }
  return true;
}

// --- large cells ---

Block* Heap::State::map_large(size_t size) {
  size_t cards = (size + Block::kHeaderSize) / Block::kCardSize + 1;
  size_t mapping = (size + Block::kHeaderSize + cards + kPage - 1) & ~(kPage - 1);
  char* memory = nullptr;
  for (size_t i = unused.size(); i-- > 0;) {
    Mapping candidate = unused[i];
    if (candidate.size < mapping || candidate.size > mapping + mapping / 4) continue;
    unused[i] = unused.back();
    unused.pop_back();
    unused_bytes -= candidate.size;
    memory = candidate.start;
    mapping = candidate.size;
    std::memset(memory, 0, size + Block::kHeaderSize + cards);
    break;
  }
  if (!memory) {
    memory = static_cast<char*>(map_aligned(reserved_for(mapping), kBlockSize));
    if (!memory) return nullptr;
    uintptr_t address = reinterpret_cast<uintptr_t>(memory);
    if (!address_map.set(address, address + mapping, AddressMap::kLargeHere)) {
      munmap(memory, reserved_for(mapping));
      return nullptr;
    }
    populate(memory, std::min(mapping, kPopulatedOfLarge));
    mapped_bytes += mapping;
    lowest = std::min(lowest, address);
    highest = std::max(highest, address + mapping);
  }
  Block* block = reinterpret_cast<Block*>(memory);
  block->cell_size = 0xFFFFFFFF;
  block->large = true;
  block->young = true;
  block->epoch = epoch;
  block->bytes = mapping;
  block->cards = reinterpret_cast<uint8_t*>(block->cells() + size);
  block->card_count = cards;
  large_blocks.emplace(reinterpret_cast<uintptr_t>(memory), block);
  young_large.push_back(block);
  return block;
}

void Heap::State::drop_large(Block* block) {
  large_blocks.erase(reinterpret_cast<uintptr_t>(block));
#if APY_GC_STRESS
  mapped_bytes -= block->bytes;
  munmap(static_cast<void*>(block), block->bytes);
  return;
#endif
  unused.push_back({block->start(), block->bytes});
  unused_bytes += block->bytes;
}

Block* Heap::State::remap_large(Block* block, size_t size) {
  size_t cards = (size + Block::kHeaderSize) / Block::kCardSize + 1;
  size_t mapping = (size + Block::kHeaderSize + cards + kPage - 1) & ~(kPage - 1);
  if (mapping <= block->bytes) return nullptr;
  void* place = map_aligned(reserved_for(mapping), kBlockSize);
  if (!place) return nullptr;
  uintptr_t address = reinterpret_cast<uintptr_t>(place);
  std::vector<uint8_t> stored_to(block->cards, block->cards + block->card_count);
  size_t old_bytes = block->bytes;
  if (!address_map.set(address, address + mapping, AddressMap::kLargeHere) ||
      mremap(block, reserved_for(old_bytes), reserved_for(mapping), MREMAP_MAYMOVE | MREMAP_FIXED,
             place) == MAP_FAILED) {
    munmap(place, reserved_for(mapping));
    return nullptr;
  }
  large_blocks.erase(reinterpret_cast<uintptr_t>(block));
  populate(static_cast<char*>(place) + old_bytes, std::min(mapping - old_bytes, kPopulatedOfLarge));
  Block* moved = static_cast<Block*>(place);
  large_blocks.emplace(address, moved);
  std::replace(young_large.begin(), young_large.end(), block, moved);
  std::replace(remembered_large.begin(), remembered_large.end(), block, moved);
  for (Slice& slice : large_stack)
    if (Block::of(slice.cell) == block) slice.cell = reinterpret_cast<Cell*>(moved->cells());
  // The cards go to the new end; what is in their old place becomes room.
  size_t old_size = static_cast<size_t>(reinterpret_cast<char*>(moved->cards) - block->cells());
  std::memset(moved->cells() + old_size, 0, old_bytes - Block::kHeaderSize - old_size);
  moved->cards = reinterpret_cast<uint8_t*>(moved->cells() + size);
  moved->card_count = cards;
  // Without the flag, stores are not reported, since all cards are set; so the new ones are, too.
  bool all = !(reinterpret_cast<Cell*>(moved->cells())->gc & Cell::kNeedsBarrier);
  std::memset(moved->cards, all, cards);
  std::memcpy(moved->cards, stored_to.data(), stored_to.size());
  moved->bytes = mapping;
  mapped_bytes += mapping - old_bytes;
  lowest = std::min(lowest, address);
  highest = std::max(highest, address + mapping);
  return moved;
}

void Heap::State::release_memory(size_t bytes) {
  size_t keep = std::max(kKeepUnused, reserve_blocks * kBlockSize);
  while (bytes > 0 && unused_bytes > keep) {
    Mapping& oldest = unused.front();
    size_t kept = (oldest.size - std::min(oldest.size, bytes)) & ~(kBlockSize - 1);
    size_t part = oldest.size - kept;
    munmap(oldest.start + kept, reserved_for(oldest.size) - kept);
    oldest.size = kept;
    unused_bytes -= part;
    mapped_bytes -= part;
    if (oldest.size == 0) unused.erase(unused.begin());
    bytes -= std::min(bytes, part);
  }
  while (bytes >= kBlockSize && free_blocks.size() > reserve_blocks) {
    // The oldest, which are the least likely to be in a cache.
    Block* block = free_blocks.front();
    std::swap(free_blocks.front(), free_blocks.back());
    free_blocks.pop_back();
    madvise(static_cast<void*>(block), kBlockSize, MADV_DONTNEED);
    released.push_back(block);
    bytes -= kBlockSize;
  }
}

}  // namespace apy
