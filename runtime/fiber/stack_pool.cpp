#include "runtime/fiber/stack_pool.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cstdlib>

namespace apy {
namespace {

// Linux 6.13; not in the headers of older C libraries.
constexpr int kAdviceGuardInstall = 102;

// The hot end of stack N is kStackColours[N % count] bytes below the end of its slot.
constexpr size_t kColourStep = 192;  // three cache lines: what a switch touches
constexpr size_t kColours = 16;

// A stack smaller than this could not take a signal.
constexpr size_t kLeastRoom = size_t{16} << 10;

// Leaf functions may use this much below the stack pointer.
constexpr size_t kRedZone = 128;

// Used when the kernel does not tell: its default, 65530.
constexpr size_t kUsualMappingLimit = 65530;

size_t round_up(size_t size, size_t unit) { return (size + unit - 1) / unit * unit; }

size_t mapping_limit() {
  const int file = open("/proc/sys/vm/max_map_count", O_RDONLY | O_CLOEXEC);
  if (file < 0) return kUsualMappingLimit;
  char text[32];
  const ssize_t length = read(file, text, sizeof text - 1);
  close(file);
  if (length <= 0) return kUsualMappingLimit;
  text[length] = '\0';
  const unsigned long limit = std::strtoul(text, nullptr, 10);
  return limit == 0 ? kUsualMappingLimit : limit;
}

}  // namespace

StackPool::StackPool(const StackPoolOptions& options)
    : page_size_(static_cast<size_t>(sysconf(_SC_PAGESIZE))),
      options_(options),
      markers_work_(options.guard == StackGuard::Automatic) {
  options_.guard_size = round_up(std::max(options.guard_size, page_size_), page_size_);
  const size_t least = options_.guard_size + kLeastRoom;
  options_.stack_size = round_up(std::max(options.stack_size, least), page_size_);
  next_region_size_ = std::max(options_.first_region, options_.stack_size);
}

StackPool::~StackPool() {
  for (const Region& region : regions_) munmap(region.low, region.size);
}

bool StackPool::allocate(StackBounds* stack) {
  if (statistics_.stacks >= options_.most_stacks) return false;
  if (next_slot_ == region_end_ && !add_region()) return false;
  std::byte* slot = next_slot_;
  if (!install_guard(slot)) return false;
  next_slot_ += options_.stack_size;
  const size_t colour = statistics_.stacks % kColours * kColourStep;
  *stack = {slot + options_.guard_size, slot + options_.stack_size - colour};
  ++statistics_.stacks;
  return true;
}

bool StackPool::add_region() {
  size_t size = next_region_size_ / options_.stack_size * options_.stack_size;
  void* low = MAP_FAILED;
  // Under a limit on address space a smaller region may still fit.
  for (; size >= options_.stack_size; size = size / 2 / options_.stack_size * options_.stack_size) {
    low = mmap(nullptr, size, PROT_READ | PROT_WRITE,
               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (low != MAP_FAILED) break;
  }
  if (low == MAP_FAILED) return false;
  madvise(low, size, MADV_NOHUGEPAGE);  // fails harmlessly where huge pages are not built in
  next_slot_ = static_cast<std::byte*>(low);
  region_end_ = next_slot_ + size;
  regions_.push_back({next_slot_, size});
  next_region_size_ = std::min(std::max(size, next_region_size_) * 2,
                               std::max(options_.last_region, options_.stack_size));
  ++statistics_.regions;
  statistics_.reserved_bytes += size;
  return true;
}

bool StackPool::install_guard(std::byte* low) {
  if (markers_work_) {
    if (madvise(low, options_.guard_size, kAdviceGuardInstall) == 0) {
      statistics_.guards_are_markers = true;
      return true;
    }
    if (statistics_.guards_are_markers) return false;  // out of memory for page tables
    markers_work_ = false;
  }
  return protect_guard(low);
}

bool StackPool::protect_guard(std::byte* low) {
  if (most_protected_guards_ == 0) {
    most_protected_guards_ = std::max<size_t>(mapping_limit() / 4, 1);
  }
  if (protected_guards_ >= most_protected_guards_) return false;
  if (mprotect(low, options_.guard_size, PROT_NONE) != 0) return false;
  ++protected_guards_;
  return true;
}

void StackPool::discard_all(const StackBounds& stack) {
  discard(reinterpret_cast<uintptr_t>(stack.low),
          round_up(reinterpret_cast<uintptr_t>(stack.high), page_size_));
}

void StackPool::discard_below(const StackBounds& stack, const void* stack_pointer) {
  const uintptr_t used = reinterpret_cast<uintptr_t>(stack_pointer) - kRedZone;
  discard(reinterpret_cast<uintptr_t>(stack.low), used / page_size_ * page_size_);
}

void StackPool::discard(uintptr_t first, uintptr_t end) {
  if (first >= end) return;
  // Not MADV_FREE: its pages still count as resident, so limits and figures would lie.
  [[maybe_unused]] const int failed =
      madvise(reinterpret_cast<void*>(first), end - first, MADV_DONTNEED);
  assert(failed == 0);
  ++statistics_.discards;
}

}  // namespace apy
