// The cycle: when a collection starts, how far a step goes, how a cycle ends.
//
// Pacing. A minor cycle starts when the nursery is used up, a full one instead when the old cells
// have grown enough since the last. Then each State::step_interval bytes of allocation pay for a
// step. A step of a full cycle marks several times what was allocated, so a cycle ends before the
// heap has grown much. A script that outruns the collector makes the steps longer, up to one
// without end: memory has to stay bounded. A step lasts about a millisecond; on a slow machine less
// is done in that time, and the next step follows the sooner.
#include <algorithm>
#include <chrono>
#include <ctime>

#include "vm/gc/block.h"

namespace apy {

namespace {

constexpr size_t kMegabyte = size_t{1} << 20;
constexpr size_t kMinimumNursery = kMegabyte;
constexpr size_t kMaximumNursery = 4 * kMegabyte;
constexpr size_t kSmallHeap = 64 * kMegabyte;
constexpr size_t kMinimumFullThreshold = 8 * kMegabyte;
constexpr size_t kMinimumInterval = 32 * 1024, kMaximumInterval = 512 * 1024;
constexpr size_t kMarkedPerAllocated = 8;
/// Of a step, in quarters of a millisecond.
constexpr size_t kStepTime = 4;
constexpr size_t kLongStepTime = 8;                    // when the script is ahead
constexpr size_t kEndTime = 2;                         // at least, for an attempt to end a cycle
constexpr size_t kSlowest = 1000, kFastest = 100'000;  // State::speed is between

uint64_t cpu_now_ns() {
  timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<uint64_t>(t.tv_sec) * 1'000'000'000u + static_cast<uint64_t>(t.tv_nsec);
}

}  // namespace

uint64_t now_ns() {
  return static_cast<uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
}

/// Makes room for `bytes` more: collects when due; false when the memory limit stands in the way.
bool Heap::prepare(size_t bytes) {
  State& s = *state_;
  if (s.collecting) return true;
  if (enabled_) {
    if (s.phase == State::Phase::Idle) {
      if (s.allocated_since + bytes > s.nursery) {
        // Small heaps are traced in no time; memory counts for more.
        size_t live = s.live_after_full;
        size_t grown = live + (live < kSmallHeap ? live / 8 * 3 : live / 2);
        start_cycle(s.live_bytes + s.allocated_since / 2 > std::max(kMinimumFullThreshold, grown));
        take_step();
      }
    } else if (s.allocated_since + bytes >= s.stepped_at + s.step_interval) {
      take_step();
    }
  }
  s.release_memory(kMegabyte);
  if (memory_limit_ && bytes_in_use() + bytes > memory_limit_) {
    collect_now(true);
    if (bytes_in_use() + bytes > memory_limit_) return false;
  }
  return true;
}

void Heap::start_cycle(bool full) {
  State& s = *state_;
  collecting_full_ = full;
  s.phase = full ? State::Phase::Clearing : State::Phase::Marking;
  s.clear_cursor = 0;
  s.marked_bytes = 0;
  s.finalizers_seen = !full;
  s.steps = 0;
  s.stepped_at = s.allocated_since;
}

void Heap::take_step() {
  State& s = *state_;
  s.collecting = true;
  uint64_t start = now_ns(), cpu_start = cpu_now_ns();
  size_t ahead = collecting_full_ ? s.live_bytes / 2 + 64 * kMegabyte : 8 * s.nursery;
  Budget budget;
  if (s.allocated_since < 2 * ahead) {
    size_t time = s.allocated_since < ahead ? kStepTime : kLongStepTime;
    budget = Budget(s.speed * time / 4, start + time * 500'000);
  }
  ++s.steps;
  size_t marked = s.marked_bytes;
  bool over = advance(budget);
  s.stepped_at = s.allocated_since;
  s.step_interval =
      std::clamp((s.marked_bytes - std::min(marked, s.marked_bytes)) / kMarkedPerAllocated,
                 kMinimumInterval, kMaximumInterval);
  uint64_t cpu = cpu_now_ns() - cpu_start;
  // Short steps, and those that ended a cycle, did other things for most of the time.
  if (!over && budget.spent >= s.speed / 2) {
    size_t measured =
        std::clamp(budget.spent * 1'000'000 / std::max<uint64_t>(cpu, 1), kSlowest, kFastest);
    s.speed = measured < s.speed ? (s.speed + measured) / 2 : (s.speed * 7 + measured) / 8;
  }
  record_pause(now_ns() - start, cpu, false);
  s.collecting = false;
}

/// Goes on with the cycle until it ends or the budget is used up. True when it ended.
bool Heap::advance(Budget& budget) {
  State& s = *state_;
  s.roots_current = false;
  if (s.phase == State::Phase::Clearing) {
    if (!s.clear_marks(budget)) return false;
    s.phase = State::Phase::Marking;
    std::fill(shape_seen_.begin(), shape_seen_.end(), 0);
    scan_roots(false);
  }
  Visitor visitor(*this, false);
  while (true) {
    if (!drain(visitor, budget)) return false;
    if (!s.roots_current) {
      scan_roots(true);
#if !APY_GC_STRESS
      if (!budget.is_unlimited() && budget.left < s.speed * kEndTime / 4)
        budget.extend(s.speed * kEndTime / 4, now_ns() + kEndTime * 500'000);
#endif
      continue;
    }
    if (!find_dead_finalizable()) break;
  }
  finish_cycle();
  return true;
}

/// Unreachable cells with a finalizer live on until it has run. True when there were new ones.
bool Heap::find_dead_finalizable() {
  State& s = *state_;
  size_t before = finalizable_.size();
  auto queue_dead = [&](std::vector<Cell*>& registered) {
    size_t kept = 0;
    for (size_t i = 0; i < registered.size(); ++i) {
      Cell* cell = registered[i];
      if (i + 16 < registered.size())
        __builtin_prefetch(
            &Block::of(registered[i + 16])->marks[Block::granule_of(registered[i + 16]) / 64]);
      if (!is_dead(cell)) {
        registered[kept++] = cell;
      } else if (client_.needs_finalizer(cell)) {
        finalizable_.push_back(cell);
      }
    }
    registered.resize(kept);
  };
  // Nothing is marked meanwhile, so that cells that die together are queued together.
  if (!s.finalizers_seen) queue_dead(finalizers_);
  s.finalizers_seen = true;
  queue_dead(young_finalizers_);
  for (size_t i = before; i < finalizable_.size(); ++i) mark(finalizable_[i]);
  return finalizable_.size() > before;
}

/// Everything reachable is marked.
void Heap::finish_cycle() {
  State& s = *state_;
  bool full = collecting_full_;
  s.statistics.bytes_peak = std::max<uint64_t>(s.statistics.bytes_peak, bytes_in_use());
  s.statistics.bytes_allocated_total += s.allocated_since;
#if APY_GC_STRESS
  verify();
#endif
  client_.process_weak(*this);
  finalizers_.insert(finalizers_.end(), young_finalizers_.begin(), young_finalizers_.end());
  young_finalizers_.clear();

  // What is left of the current runs is found again by the sweep.
  for (FreeRun& run : runs_) run.limit = run.cursor;
  s.begin_sweeping(full);
  std::vector<Block*> dead;
  auto look_at = [&](Block* block) {
    block->young = false;
    if (!block->is_marked(block->cells())) dead.push_back(block);
  };
  if (full) {
    for (auto& [address, block] : s.large_blocks) look_at(block);
  } else {
    for (Block* block : s.young_large) look_at(block);
  }
  s.young_large.clear();
  for (Block* block : dead) s.drop_large(block);

  s.live_bytes = s.marked_bytes + (full ? 0 : s.live_bytes);
  s.allocated_since = 0;
  if (full) {
    s.live_after_full = s.live_bytes;
    ++s.statistics.full_collections;
  } else {
    ++s.statistics.minor_collections;
  }
  s.nursery = std::clamp(s.live_bytes / 8, kMinimumNursery, kMaximumNursery);
  s.reserve_blocks = (s.nursery + s.nursery / 2 + s.live_bytes / 2) / kBlockSize;
  s.phase = State::Phase::Idle;
}

void Heap::collect_now(bool full) {
  State& s = *state_;
  if (s.collecting) return;
#if APY_GC_STRESS
  if (s.phase == State::Phase::Idle && is_check_paid()) check_barriers();
#endif
  s.collecting = true;
  uint64_t start = now_ns(), cpu_start = cpu_now_ns();
  Budget unlimited;
  // A cycle that is under way keeps what died since it began.
  if (s.phase != State::Phase::Idle) advance(unlimited);
  start_cycle(full);
  advance(unlimited);
  if (full) {
    s.find_empty_blocks(SIZE_MAX);
    s.release_memory(SIZE_MAX);
  }
  record_pause(now_ns() - start, cpu_now_ns() - cpu_start, true);
  s.collecting = false;
}

void Heap::collect_minor() { collect_now(false); }
void Heap::collect_full() { collect_now(true); }

void Heap::record_pause(uint64_t pause, uint64_t cpu, bool requested) {
  HeapStatistics& statistics = state_->statistics;
  if (requested) {
    statistics.longest_requested_ns = std::max(statistics.longest_requested_ns, pause);
    return;
  }
  ++statistics.steps;
  statistics.total_pause_ns += pause;
  statistics.longest_pause_ns = std::max(statistics.longest_pause_ns, pause);
  statistics.longest_pause_cpu_ns = std::max(statistics.longest_pause_cpu_ns, cpu);
  size_t i = 0;
  while (i < std::size(HeapStatistics::kPauseBounds) && pause >= HeapStatistics::kPauseBounds[i])
    ++i;
  ++statistics.pauses[i];
}

}  // namespace apy
