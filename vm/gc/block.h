#pragma once
// Block: 32 KiB of cells of one size, or the first part of a large cell's mapping. Private to the
// heap.
#include <cstdint>
#include <map>
#include <unordered_set>
#include <vector>

#include "vm/gc/heap.h"

namespace apy {

struct Block {
  static constexpr size_t kHeaderSize = 512;
  static constexpr size_t kMarkWords = Heap::kBlockSize / Heap::kGranule / 64;

  uint32_t cell_size;  // 0: block is free; large blocks: 0xFFFFFFFF
  uint16_t size_class;
  bool needs_sweep;  // unmarked cells are dead and not yet returned
  bool large;
  Block* next_free;     // while the block is free
  size_t mapping_size;  // large: bytes of the whole mapping
  char* runs;           // head of the list of free runs found by the last sweep (see FreeRunHeader)
  uint64_t marks[kMarkWords];

  static Block* of(const void* address) {
    return reinterpret_cast<Block*>(reinterpret_cast<uintptr_t>(address) & ~(Heap::kBlockSize - 1));
  }
  char* cells() { return reinterpret_cast<char*>(this) + kHeaderSize; }
  size_t cell_count() const { return (Heap::kBlockSize - kHeaderSize) / cell_size; }
  static size_t granule_of(const void* address) {
    return (reinterpret_cast<uintptr_t>(address) & (Heap::kBlockSize - 1)) / Heap::kGranule;
  }
  bool is_marked(const void* address) const {
    size_t granule = granule_of(address);
    return marks[granule / 64] >> (granule % 64) & 1;
  }
  /// Returns false when it was marked already.
  bool mark(const void* address) {
    size_t granule = granule_of(address);
    uint64_t bit = uint64_t{1} << (granule % 64);
    if (marks[granule / 64] & bit) return false;
    marks[granule / 64] |= bit;
    return true;
  }
  bool has_marks() const {
    uint64_t any = 0;
    for (uint64_t word : marks) any |= word;
    return any != 0;
  }
};
static_assert(sizeof(Block) <= Block::kHeaderSize);

/// At the start of a free run inside a block. Its first word reads as a Free cell header.
struct FreeRunHeader {
  uint32_t length;     // bytes
  uint32_t free_kind;  // overlays Cell::kind, gc, aux: 0
  char* next;
};

struct Heap::State {
  static constexpr size_t kArenaSize = 4 * 1024 * 1024;

  std::unordered_set<uintptr_t> arenas;  // base addresses, kArenaSize aligned
  std::vector<uintptr_t> arena_list;
  size_t arena_cursor = 0;  // next never-used block of the newest arena, in bytes
  uintptr_t lowest = UINTPTR_MAX, highest = 0;
  Block* free_blocks = nullptr;
  size_t free_block_count = 0;
  std::vector<Block*> blocks[kSizeClasses];
  size_t sweep_position[kSizeClasses] = {};
  std::map<uintptr_t, Block*> large_blocks;

  std::vector<Cell*> mark_stack;
  std::vector<Cell*> remembered;
  bool collecting = false;
  size_t live_bytes = 0;       // marked, as of the last collection
  size_t allocated_since = 0;  // bytes handed out since then
  size_t live_after_full = 0;
  HeapStatistics statistics{};

  Block* take_block(unsigned size_class, size_t cell_size);
  void sweep(Block* block);
  void release_empty_blocks(bool full);
  void sweep_large();
  void finish_sweeping();
  Block* find_block(uintptr_t address) const;
};

}  // namespace apy
