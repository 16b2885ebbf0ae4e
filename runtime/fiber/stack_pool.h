#pragma once

// Native stacks for fibers, cut from few large mappings.
//
// A region is one anonymous mapping, reserved but not committed, divided into equal slots. A slot
// is, from low to high address: guard pages, the stack, and at its upper end a few hundred bytes
// left out so that the hot ends of neighbouring stacks do not all fall into the same cache sets
// ("colour"). Slots are handed out once and in order; reuse is the business of FiberPool, which
// keeps a stack together with its fiber.
//
// Guards are markers in the page table where the kernel has them (Linux 6.13), which cost neither a
// mapping nor memory. Otherwise they are protected pages: each then splits the region into two more
// mappings, of which the kernel allows a process some 65000, so the pool stops at a quarter of that
// limit and reports exhaustion instead of running without guards or starving the host's malloc.
//
// Regions never use huge pages: one touched byte would commit the stacks of eight fibers.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "runtime/fiber/native_stack.h"

namespace apy {

enum class StackGuard : uint8_t {
  Automatic,  // page-table markers, or protected pages on older kernels
  Protected,  // always protected pages
};

// Frames are larger in sanitized builds.
#if defined(__SANITIZE_ADDRESS__)
constexpr size_t kDefaultStackSize = size_t{2} << 20;
#else
constexpr size_t kDefaultStackSize = size_t{256} << 10;
#endif

struct StackPoolOptions {
  size_t stack_size = kDefaultStackSize;   // bytes per slot, guard included; rounded up to pages
  size_t guard_size = size_t{16} << 10;    // bytes; larger than any frame that is not probed
  size_t first_region = size_t{64} << 20;  // bytes reserved first; each further region doubles
  size_t last_region = size_t{4} << 30;    // bytes, upper limit of that doubling
  size_t most_stacks = SIZE_MAX;           // allocate() fails beyond this
  StackGuard guard = StackGuard::Automatic;
};

struct StackPoolStatistics {
  size_t stacks = 0;          // slots handed out
  size_t regions = 0;         // mappings made
  size_t reserved_bytes = 0;  // address space, not memory
  size_t discards = 0;        // times memory was given back
  bool guards_are_markers = false;
};

class StackPool {
 public:
  explicit StackPool(const StackPoolOptions& options = {});
  ~StackPool();  // unmaps everything; no stack may be in use
  StackPool(const StackPool&) = delete;
  StackPool& operator=(const StackPool&) = delete;

  // Hands out a fresh stack with its guard in place. False when memory, address space, mappings or
  // `most_stacks` are exhausted.
  [[nodiscard]] bool allocate(StackBounds* stack);

  // Gives the memory of an unused stack back to the system. The content is lost, the addresses stay
  // usable. Takes about a microsecond, as does the next one.
  void discard_all(const StackBounds& stack);

  // The same for the pages of a parked stack that lie wholly below its saved stack pointer.
  void discard_below(const StackBounds& stack, const void* stack_pointer);

  size_t page_size() const { return page_size_; }
  const StackPoolStatistics& statistics() const { return statistics_; }

 private:
  struct Region {
    std::byte* low;
    size_t size;
  };

  bool add_region();
  bool install_guard(std::byte* low);
  bool protect_guard(std::byte* low);
  void discard(uintptr_t first, uintptr_t end);

  const size_t page_size_;
  StackPoolOptions options_;
  std::vector<Region> regions_;
  std::byte* next_slot_ = nullptr;
  std::byte* region_end_ = nullptr;
  size_t next_region_size_;
  size_t protected_guards_ = 0;
  size_t most_protected_guards_ = 0;  // 0: not asked yet
  bool markers_work_;
  StackPoolStatistics statistics_;
};

}  // namespace apy
