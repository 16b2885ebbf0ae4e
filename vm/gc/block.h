#pragma once
// Block: 32 KiB of cells of one size, or the first part of a large cell's mapping; and Heap::State.
// Private to the heap.
//
// Blocks come from arenas of 4 MiB. A block belongs to a size class while it holds cells; an empty
// one goes back to the pool of all classes. Each class has a list of pending blocks, in which a
// sweep may find free cells. A collection puts the blocks that were allocated from since the last
// one on it, a full one all blocks; so the end of a minor collection costs nothing for the old
// ones.
#include <algorithm>
#include <cstdlib>
#include <map>
#include <memory>
#include <vector>

#include "vm/gc/heap.h"

namespace apy {

struct Block {
  static constexpr size_t kHeaderSize = 512;
  static constexpr size_t kMarkWords = Heap::kBlockSize / Heap::kGranule / 64;
  static constexpr size_t kCardSize = 512;

  uint32_t cell_size;     // 0: block is free; large blocks: 0xFFFFFFFF
  uint32_t marked_count;  // marked cells
  uint16_t size_class;
  bool dirty;       // unmarked cells are dead and not yet returned (see also Heap::State::epoch)
  bool used;        // in the list of blocks allocated from since the last collection
  bool large;       // the rest is for large blocks
  bool young;       // survived no collection
  bool remembered;  // in remembered_large
  uint32_t epoch;   // of the full collection that this block was last swept for
  size_t bytes;     // of one cell, as the accounts count it; large: of the whole mapping
  char* runs;       // head of the list of free runs found by the last sweep (see FreeRunHeader)
  uint8_t* cards;  // large: a byte for each kCardSize bytes from the block's start on; 1: stored to
  size_t card_count;
  uint64_t marks[kMarkWords];

  static Block* of(const void* address) {
    return reinterpret_cast<Block*>(reinterpret_cast<uintptr_t>(address) & ~(Heap::kBlockSize - 1));
  }
  char* start() { return reinterpret_cast<char*>(this); }
  char* cells() { return start() + kHeaderSize; }
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
    ++marked_count;
    return true;
  }
};
static_assert(sizeof(Block) <= Block::kHeaderSize);

/// At the start of a free run inside a block. Its first word reads as a Free cell header.
struct FreeRunHeader {
  uint32_t length;     // bytes
  uint32_t free_kind;  // overlays Cell::kind, gc, aux: 0
  char* next;
};

uint64_t now_ns();

/// What a step may do, in units of about the tracing of one small cell. Not just a time: a step
/// that is held up by other processes must still get on. How much work fits into a millisecond is
/// learned from the steps (State::speed). The clock ends those that take much longer than that.
struct Heap::Budget {
  static constexpr size_t kUnlimited = SIZE_MAX;
  size_t left = kUnlimited;
  size_t look_at = 0;  // the next time when so much is left
  uint64_t end = 0;    // by now_ns()
  size_t spent = 0;
  Budget() = default;
  Budget(size_t work, uint64_t end) : left(work), look_at(work - work / 4), end(end) {}
  bool is_unlimited() const { return left == kUnlimited; }
  void extend(size_t work, uint64_t until) {
    left = work;
    look_at = work - work / 4;
    end = until;
  }
  /// False when it is used up.
  bool spend(size_t work) {
    if (is_unlimited()) return true;
    left -= std::min(left, work);
    spent += work;
    if (left <= look_at && left > 0) [[unlikely]] {
      look_at = left - std::min<size_t>(left, 500);
      if (now_ns() >= end) left = 0;
    }
    return left > 0;
  }
};

struct Heap::State {
  static constexpr size_t kArenaSize = 4 * 1024 * 1024;
  static constexpr size_t kBlocksPerArena = kArenaSize / kBlockSize;
  static constexpr uint8_t kNoClass = 0xFF;  // the block is free or was never used

  /// What a walk over all blocks has to know is here, so that it touches none.
  struct Arena {
    char* base;
    uint8_t classes[kBlocksPerArena];
    bool listed[kBlocksPerArena];  // in the pending list of its class
    Block* block(size_t i) const { return reinterpret_cast<Block*>(base + i * kBlockSize); }
    static size_t index_of(const void* address) {
      return (reinterpret_cast<uintptr_t>(address) % kArenaSize) / kBlockSize;
    }
  };
  struct SizeClass {
    std::vector<Block*> pending;  // taken from the back; entries that are not `listed` are stale
    std::vector<Block*> used;
    Block* current = nullptr;  // has runs left
  };
  /// Which arena (index + 1) holds an address, by its upper bits; kLargeHere: perhaps a large cell.
  class AddressMap {
   public:
    static constexpr uint32_t kLargeHere = UINT32_MAX;
    uint32_t at(uintptr_t address) const {
      const uint32_t* leaf = leaves_[address >> kTopShift & (kTop - 1)].get();
      return leaf ? leaf[address / kArenaSize & (kLeaf - 1)] : 0;
    }
    /// False when memory is out.
    bool set(uintptr_t begin, uintptr_t end, uint32_t what);

   private:
    static constexpr int kTopShift = 37;
    static constexpr size_t kLeaf = (size_t{1} << kTopShift) / kArenaSize;
    static constexpr size_t kTop = size_t{1} << (47 - kTopShift);
    struct Free {
      void operator()(uint32_t* leaf) const { std::free(leaf); }
    };
    std::unique_ptr<uint32_t, Free> leaves_[kTop];
  };
  static constexpr size_t kRemapAtLeast = size_t{1} << 20;
  /// Address space that a large cell's mapping of `bytes` takes: whole blocks, so that the next one
  /// that the system gives is in line.
  static constexpr size_t reserved_for(size_t bytes) {
    return (bytes + kBlockSize - 1) & ~(kBlockSize - 1);
  }
  /// A dead large cell's memory, to be given back or used again.
  struct Mapping {
    char* start;
    size_t size;
  };

  // --- memory (blocks.cpp) ---
  Block* take_block(unsigned size_class, size_t cell_size);
  bool needs_sweep(const Block* block) const { return block->dirty || block->epoch != epoch; }
  void sweep(Block* block);
  void free_block(Arena& arena, size_t index);
  /// Looks at some more blocks for empty ones, in address order; true when it freed one.
  bool find_empty_blocks(size_t count);
  /// A pending block of the class, swept, with free runs; or null.
  Block* next_pending(unsigned size_class);
  Block* map_large(size_t size);
  void drop_large(Block* block);
  /// The block moved to a mapping for a cell of `size` bytes; null when the system does not let it.
  Block* remap_large(Block* block, size_t size);
  /// Gives up to `bytes` of unused memory back to the system.
  void release_memory(size_t bytes);
  Block* find_block(uintptr_t address) const;
  Arena& arena_of(const Block* block) {
    return arenas[address_map.at(reinterpret_cast<uintptr_t>(block)) - 1];
  }
  /// After a collection decided what is dead.
  void begin_sweeping(bool full);
  /// The first half of a full cycle; false when time is over.
  bool clear_marks(Budget& budget);

  std::vector<Arena> arenas;
  AddressMap address_map;
  size_t arena_cursor = kBlocksPerArena;     // next never-used block of the newest arena
  size_t arena_populated = kBlocksPerArena;  // blocks before this one have memory behind them
  uintptr_t lowest = UINTPTR_MAX, highest = 0;
  uint32_t epoch = 0;               // of the last full collection
  std::vector<Block*> free_blocks;  // with memory behind them
  std::vector<Block*> released;     // without
  size_t empty_cursor = 0;          // find_empty_blocks
  size_t clear_cursor = 0;          // clear_marks
  size_t reserve_blocks = 0;        // free blocks worth keeping
  SizeClass classes[kSizeClasses];
  std::map<uintptr_t, Block*> large_blocks;
  std::vector<Block*> young_large;
  std::vector<Mapping> unused;  // mappings of dead large cells
  size_t unused_bytes = 0;

  // --- marking ---
  struct Slice {
    Cell* cell;
    size_t position;  // from the block's start
    bool only_cards;
  };
  static constexpr size_t kDelay = 16;
  std::vector<Cell*> mark_stack;
  std::vector<Cell*> found_later;  // by Visitor::visit_later
  std::vector<Slice> large_stack;  // large cells, traced in slices
  Cell* delayed[kDelay] = {};      // to be marked when their memory has come into the cache
  size_t delayed_at = 0;
  std::vector<Cell*> remembered;
  std::vector<Block*> remembered_large;

  // --- the cycle ---
  enum class Phase : uint8_t { Idle, Clearing, Marking } phase = Phase::Idle;
  bool collecting = false;       // inside a step
  bool roots_known = false;      // a scan of all roots has been made, ever
  bool roots_current = false;    // scanned in this step
  bool finalizers_seen = false;  // in this full cycle
  size_t steps = 0;              // of this cycle
  size_t stepped_at = 0;         // allocated_since at the last step
  size_t step_interval = 0;      // bytes to allocate until the next step
  size_t speed = 5000;           // work per millisecond
  size_t nursery;                // bytes to allocate until the next collection
  size_t live_bytes = 0;         // as of the last collection
  size_t marked_bytes = 0;       // by this cycle
  size_t allocated_since = 0;    // bytes handed out since the last collection
  size_t live_after_full = 0;
  size_t mapped_bytes = 0;
  HeapStatistics statistics{};

#if APY_GC_STRESS
  struct Stress {
    uint64_t allocations = 0;
    uint64_t fail_allocation = 0;  // this one, counted from 1
    unsigned step = 0;             // cells to trace at each allocation; 0: whole collections
    uint64_t collections = 0;
    uint64_t next_collection = 0;  // by number of allocation
    uint64_t random = 1;
    uint64_t credit = 0;   // cells that a check may look at
    uint64_t checked = 0;  // those that the last one looked at
    bool checking = false;
    const Cell* owner = nullptr;  // of the references that are being checked
    const char* complaint = nullptr;
    bool chains[1 << 16] = {};  // native call chains that have allocated
  } stress;
#endif
};

}  // namespace apy
