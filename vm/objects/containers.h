#pragma once
// Tuple, List, Range, Slice and the arrays behind lists. Dict is in dict.h, Set in set.h.
#include <span>

#include "vm/gc/heap.h"
#include "vm/objects/special.h"

namespace apy {

class VM;

/// Values owned by one other cell.
struct ValueArray : Cell {
  static constexpr CellKind kKind = CellKind::ValueArray;
  uint64_t capacity;
  Value* values() { return reinterpret_cast<Value*>(this + 1); }
  const Value* values() const { return reinterpret_cast<const Value*>(this + 1); }
  void trace(Visitor& visitor) const { visitor.visit_range(values(), capacity); }
};
Result<ValueArray*> make_value_array(VM& vm, size_t capacity);

struct Tuple : Cell {
  static constexpr CellKind kKind = CellKind::Tuple;
  uint64_t length;
  Value* values() { return reinterpret_cast<Value*>(this + 1); }
  const Value* values() const { return reinterpret_cast<const Value*>(this + 1); }
  std::span<const Value> span() const { return {values(), length}; }
  void trace(Visitor& visitor) const { visitor.visit_range(values(), length); }
};
/// Zeroed; the caller fills values() before anything else can run.
Result<Tuple*> make_tuple(VM& vm, size_t length);
Result<Tuple*> make_tuple(VM& vm, std::span<const Value> values);

struct List : Cell {
  static constexpr CellKind kKind = CellKind::List;
  uint64_t length;
  ValueArray* storage;  // null when nothing was ever stored
  Value* values() { return storage->values(); }
  const Value* values() const { return storage->values(); }
  std::span<const Value> span() const {
    return storage ? std::span<const Value>{storage->values(), length} : std::span<const Value>{};
  }
  void trace(Visitor& visitor) const { visitor.visit(storage); }
};
Result<List*> make_list(VM& vm, size_t capacity);
Result<List*> make_list(VM& vm, std::span<const Value> values);
/// Appends; grows by about an eighth plus a constant... amortised O(1).
Result<void> list_append_slow(VM& vm, List* list, Value value);
inline Result<void> list_append(VM& vm, List* list, Value value);
/// Appends every item of any iterable.
Result<void> list_extend(VM& vm, List* list, Value iterable);

struct Range : Cell {
  static constexpr CellKind kKind = CellKind::Range;
  Value start, stop, step;  // ints
  Value length;             // int
  void trace(Visitor& visitor) const {
    visitor.visit(start); visitor.visit(stop); visitor.visit(step); visitor.visit(length);
  }
};
struct Slice : Cell {
  static constexpr CellKind kKind = CellKind::Slice;
  Value start, stop, step;
  void trace(Visitor& visitor) const {
    visitor.visit(start); visitor.visit(stop); visitor.visit(step);
  }
};
Result<Value> make_slice(VM& vm, Value start, Value stop, Value step);
/// A slice resolved against a length: element i is start + i*step for i < count.
struct SliceIndices {
  int64_t start, stop, step, count;
};
/// Errors: TypeError "slice indices must be integers or None or have an __index__ method", ValueError "slice step cannot be zero".
Result<SliceIndices> resolve_slice(VM& vm, Slice* slice, int64_t length);

}  // namespace apy
