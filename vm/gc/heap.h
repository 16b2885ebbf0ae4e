#pragma once
// The heap: tracing, non-moving, generational by sticky mark bits, incremental.
//
// Small cells live in 32 KiB blocks of one size class each; mark bits are in the block's header,
// one per 16 bytes. Large cells have a mapping of their own. Sweeping is lazy: a block is swept
// when the allocator next needs it.
//
// A collection is a cycle of steps, each of which ends when its time is over; between steps the
// script goes on. A survivor keeps its mark bit until the next full cycle and so is old: a minor
// cycle marks from the roots and the remembered set only and frees what is unmarked. A full cycle
// first clears all mark bits (also in steps); minor ones wait until it is over. Nearly all minor
// cycles are one step.
//
// Marking is incremental-update (Steele): what was stored since a cell was traced is found by
// tracing the cell again. Chosen because one barrier, after the store, then serves both purposes: a
// store into a marked cell must be reported whether "marked" means old or traced, and a cell that
// is not marked costs nothing. A snapshot (Yuasa) needs the old value before each store, and keeps
// what dies during a cycle. Its advantage, no work at the end of a cycle, is small here: roots and
// registers have no barrier and must be looked at again in any case.
//
// Invariants, at every point where a collection can take a step (that is, in `allocate`):
// 1. A marked cell has been traced as it is now, or it is on the mark stacks, in the remembered
// set,
//    or a running frame (a root; it is reported when it stops running).
// 2. `kNeedsBarrier` is set exactly in the marked cells that are not in the remembered set. Between
//    the clearing of marks and the marking it may also be set in unmarked cells: a report of an
//    unmarked cell means nothing and is ignored.
// 3. New cells are not marked, whatever happens. What only roots hold is found when a cycle is
// about
//    to end: it scans the roots again, and ends when nothing is left to trace and nothing ran
//    since.
// 4. Only a cycle's end decides what is dead. Blocks that wait for their sweep hold no new cells.
// Roots that an earlier scan of the cycle (or, since marks are sticky, of the last one) has seen
// and that have not changed since may be left out of a scan: see Visitor::only_changes.
//
// Large arrays are traced in slices. A store into one marks a card of kCardSize bytes, and only the
// cards are traced again: so one store into a list of ten million items costs a minor cycle
// nothing.
//
// Roots: native stacks (conservatively, with interior pointers), the VM stacks (conservatively as
// well: a stale register can retain a cell, never dangle), Root/RootVector and other RootBase, and
// what the client reports. The one rule: no Value or cell pointer in malloc'd memory except through
// these.
//
// A cell names its shape by number; tracing a cell reports the number, so shapes (and through them
// types) live as long as their instances.
//
// A cell fresh from `allocate` is zero apart from its header, and zeroed fields can be traced; so
// no collection can see garbage, whenever it happens. After storing a value into a cell that may be
// old call `write_barrier`. Everything a cell owns is a cell too (ValueArray, ByteStorage,
// DictTable), so a byte count is exact and sweeping needs no destructors; the few kinds with
// outside resources register a finalizer.
//
// Rejected: reference counts (a cost on every register move), moving collection (handles
// everywhere, unstable ids), per-object destructors at sweep (they touch every dead cell), minor
// cycles during a full one (a second set of mark bits).
#include <cstddef>
#include <cstdint>
#include <vector>

#include "vm/gc/cell.h"
#include "vm/value/result.h"

namespace apy {

class Heap;
struct Block;

/// Passed to `trace`: report each field once. Zero words are ignored.
class Visitor {
 public:
  Visitor(Heap& heap, bool only_changes) : heap_(heap), only_changes_(only_changes) {}
  inline void visit(Value value);
  inline void visit(const Cell* cell);
  void visit_range(const Value* values, size_t count) {
    for (size_t i = 0; i < count; ++i) visit(values[i]);
  }
  /// For roots with very many entries: the cell is looked at later, in pieces.
  void visit_later(const Cell* cell);
  /// Any word that points to or into a live cell keeps it. [begin, end) is 8-byte aligned.
  void visit_conservatively(const void* begin, const void* end);
  /// `pointer` is inside a cell (for example a Frame inside a Generator) or null.
  void visit_interior(const void* pointer);
  /// The shape of a cell that is being traced.
  inline void visit_shape(ShapeId shape);
  /// For roots: what was reported when this was last false, or since, and has not changed, may be
  /// left out.
  bool only_changes() const { return only_changes_; }

 private:
  Heap& heap_;
  bool only_changes_;
};

/// Base of Root and RootVector: an intrusive list of places outside the heap that hold values.
class RootBase {
 public:
  explicit RootBase(Heap& heap);
  RootBase(const RootBase&) = delete;
  RootBase& operator=(const RootBase&) = delete;
  virtual ~RootBase();
  virtual void trace(Visitor& visitor) const = 0;

 private:
  friend class Heap;
  Heap& heap_;
  RootBase* previous_;
  RootBase* next_;
};

/// A value held from outside the heap and the stacks.
class Root final : public RootBase {
 public:
  explicit Root(Heap& heap, Value value = Value()) : RootBase(heap), value(value) {}
  void trace(Visitor& visitor) const override { visitor.visit(value); }
  Value value;
};

/// Values held from outside the heap and the stacks.
class RootVector final : public RootBase {
 public:
  explicit RootVector(Heap& heap) : RootBase(heap) {}
  void trace(Visitor& visitor) const override { visitor.visit_range(values.data(), values.size()); }
  std::vector<Value> values;
};

struct HeapStatistics {
  uint64_t minor_collections, full_collections, steps;
  uint64_t bytes_live_after_full, bytes_in_use, bytes_peak, bytes_allocated_total;
  uint64_t bytes_mapped;  // asked of the system
  /// Pauses are the steps that the heap took by itself, in wall time; the thread's own time is
  /// less when the system let others run in between.
  uint64_t longest_pause_ns, total_pause_ns, longest_pause_cpu_ns;
  uint64_t longest_requested_ns;  // collections that somebody asked for
  /// Number of pauses below kPauseBounds[i]; the last: all others.
  static constexpr uint64_t kPauseBounds[] = {100'000, 300'000, 1'000'000, 3'000'000, 10'000'000};
  uint64_t pauses[6];
};

/// What the heap asks its owner (the VM) for.
class HeapClient {
 public:
  virtual ~HeapClient() = default;
  virtual void trace_roots(Visitor& visitor) = 0;
  /// Called between marking and sweeping: drop weak entries whose cell `heap.is_dead`. Must not
  /// allocate and should take little time.
  virtual void process_weak(Heap& heap) = 0;
  /// Called while marking: has the finalizer of this dead cell anything left to do?
  virtual bool needs_finalizer(const Cell* cell) = 0;
  /// For checks: is this cell traced at each scan of the roots, so that its stores need no barrier?
  virtual bool is_running(const Cell*) { return false; }
};

class Heap {
 public:
  explicit Heap(HeapClient& client);
  ~Heap();
  Heap(const Heap&) = delete;

  /// A zeroed cell of `size` bytes with its header set, or null when the memory limit is reached
  /// even after a full collection (the caller raises MemoryError; see VM::allocate). May collect.
  Cell* allocate(size_t size, ShapeId shape, CellKind kind, uint16_t aux = 0) {
#if !APY_GC_STRESS
    if (size <= kMaxSmallSize) [[likely]] {
      FreeRun& run = runs_[size_class_of(size)];
      char* start = run.cursor;
      char* end = start + rounded_size(size_class_of(size));
      if (end <= run.limit) [[likely]] {
        run.cursor = end;
        return initialize(start, shape, kind, aux);
      }
    }
#endif
    return allocate_slow(size, shape, kind, aux);
  }

  /// Call after storing a value into a field of `owner`.
  void write_barrier(Cell* owner) {
    if (owner->gc & Cell::kNeedsBarrier) [[unlikely]]
      remember(owner);
  }
  /// The same for one field of an array that may be large: only the part around it is looked at.
  void write_barrier(Cell* owner, const void* field) {
    if (owner->gc & Cell::kNeedsBarrier) [[unlikely]]
      remember_field(owner, field);
  }

  /// Gives memory back at once. Only for storage cells that nothing else can point to (old list
  /// buffers).
  void free_storage(Cell* cell);
  /// A large storage cell made larger, without copying it: at another address, with its contents
  /// and zeroed room behind them; the old address is gone, as after free_storage. Null when that is
  /// not possible (then nothing has happened): allocate and copy.
  Cell* grow_storage(Cell* cell, size_t size);
  /// Usable bytes of the cell's slot (its size rounded up to the size class).
  static size_t slot_size(const Cell* cell);

  /// At once; a cycle that is under way is ended first.
  void collect_minor();
  /// At once, and gives unused memory back to the system.
  void collect_full();
  void set_enabled(bool enabled) { enabled_ = enabled; }
  bool enabled() const { return enabled_; }
  /// In bytes; 0 means none.
  void set_memory_limit(size_t bytes) { memory_limit_ = bytes; }
  HeapStatistics statistics() const;
  size_t bytes_in_use() const;

  /// During process_weak: is the running collection a full one? (A minor one frees only cells made
  /// since the last.)
  bool is_collecting_full() const { return collecting_full_; }
  /// During process_weak: will this cell be freed by the running collection?
  bool is_dead(const Cell* cell) const;
  /// `run` is queued by the collection that finds `cell` unreachable; the cell is kept alive until
  /// the queue, drained by the VM at a safe point (take_finalizable), lets go of it.
  void register_finalizer(Cell* cell) { young_finalizers_.push_back(cell); }
  bool has_finalizable() const { return next_finalizable_ < finalizable_.size(); }
  Cell* take_finalizable();
  /// At engine shutdown: moves every registered finalizer to the queue.
  void make_all_finalizable();

  /// The live cell that `address` points to or into, or null. For conservative scanning and
  /// debuggers.
  Cell* find_cell(const void* address) const;
  /// Calls `visit(cell)` for every cell that the last collection left or that was allocated since.
  void for_each_cell(void (*visit)(Cell* cell, void* data), void* data) const;

  /// Bounds of the native stack now running; scanned from the current stack pointer to `high`.
  void set_native_stack_high(const void* high) { stack_high_ = high; }
  const void* native_stack_high() const { return stack_high_; }

  /// Shape cells by number (moves when it grows): those from `first_dynamic` on live only as long
  /// as something refers to them; a new one at `index` was added.
  void set_shapes(Cell* const* shapes, ShapeId first_dynamic) {
    shapes_ = shapes;
    first_dynamic_shape_ = first_dynamic;
  }
  void shape_added(ShapeId shape);

  // --- the parts below are for Visitor, RootBase and the implementation ---
  void mark(Cell* cell);
  RootBase* roots_head_ = nullptr;

  static constexpr size_t kBlockSize = 32 * 1024;
  static constexpr size_t kMaxSmallSize = 1024;
  static constexpr size_t kGranule = 16;
  static constexpr int kSmallClasses = 28;
  static constexpr int kSizeClasses =
      kSmallClasses + 13;  // small and medium, see kMediumSizes in heap.cpp
  /// 16..256 in steps of 16 (classes 0..15), then 320..1024 in steps of 64 (classes 16..27).
  static constexpr unsigned size_class_of(size_t size) {
    return size <= 256 ? static_cast<unsigned>((size + 15) / 16 - (size != 0))
                       : static_cast<unsigned>(16 + (size - 257) / 64);
  }
  static constexpr size_t rounded_size(unsigned size_class) {
    return size_class < 16 ? (size_class + 1) * size_t{16} : 320 + (size_class - 16) * size_t{64};
  }

 private:
  friend class Visitor;
  struct FreeRun {
    char* cursor = nullptr;
    char* limit = nullptr;
  };

  static Cell* initialize(char* memory, ShapeId shape, CellKind kind, uint16_t aux) {
    Cell* cell = reinterpret_cast<Cell*>(memory);
    cell->shape = shape;
    cell->kind = kind;
    cell->gc = 0;
    cell->aux = aux;
    return cell;
  }
  struct Budget;
  struct State;

  Cell* allocate_slow(size_t size, ShapeId shape, CellKind kind, uint16_t aux);
  char* allocate_large(size_t size);
  bool is_counted(const Block* block) const;
  bool refill(unsigned size_class);
  bool prepare(size_t bytes);
  void remember(Cell* owner);
  void remember_field(Cell* owner, const void* field);
  // A cycle (collect.cpp)
  void start_cycle(bool full);
  void take_step();
  bool advance(Budget& budget);
  bool find_dead_finalizable();
  void finish_cycle();
  void collect_now(bool full);
  void record_pause(uint64_t pause, uint64_t cpu, bool requested);
  // Marking (mark.cpp)
  void mark_now(Cell* cell);
  void mark_shape(ShapeId shape);
  bool flush_delayed();
  bool drain(Visitor& visitor, Budget& budget);
  bool take_remembered();
  void scan_roots(bool only_changes);
  void scan_current_stack(Visitor& visitor);
  size_t trace_slice(Visitor& visitor);
#if APY_GC_STRESS
  // stress.cpp
  void stress();
  uint64_t native_call_chain() const;
  bool is_check_paid();
  void check_barriers();
  void verify();
  void check_cells(bool only_unreported, const char* complaint);
  void check_cell(Cell* cell, bool only_unreported);
  void check_reference(const Cell* cell);
  void check_shape(ShapeId shape) const;
#endif

  FreeRun runs_[kSizeClasses];
  HeapClient& client_;
  const void* stack_high_ = nullptr;
  bool enabled_ = true;
  bool collecting_full_ = false;
  size_t memory_limit_ = 0;
  Cell* const* shapes_ = nullptr;
  ShapeId first_dynamic_shape_ = 0;
  std::vector<uint8_t> shape_seen_;  // by number: its cell is marked
  std::vector<Cell*>
      finalizers_;  // of cells that survived a collection: only a full one can kill them
  std::vector<Cell*> young_finalizers_;  // registered since the last collection
  std::vector<Cell*> finalizable_;
  size_t next_finalizable_ = 0;
  State* state_;  // blocks, mark stacks, remembered set, statistics
};

inline void Visitor::visit(Value value) {
  if (value.is_cell()) heap_.mark(value.cell());
}
inline void Visitor::visit(const Cell* cell) {
  if (cell) heap_.mark(const_cast<Cell*>(cell));
}
inline void Visitor::visit_shape(ShapeId shape) {
  if (shape >= heap_.first_dynamic_shape_ && !heap_.shape_seen_[shape]) heap_.mark_shape(shape);
}

/// Implemented by vm/objects: reports the fields of `cell` according to its kind.
void trace_cell(Cell* cell, Visitor& visitor);
/// The same for those fields of an array that lie, at least in part, in [begin, end). False for
/// other kinds, of which nothing is reported.
bool trace_cell_part(Cell* cell, const char* begin, const char* end, Visitor& visitor);

}  // namespace apy
