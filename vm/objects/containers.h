#pragma once
// Tuple, List, Range, Slice and the arrays behind lists. Dict is in dict.h, Set in set.h.
#include <span>

#include "vm/gc/heap.h"
#include "vm/objects/special.h"

namespace apy {

class VM;
struct Type;

/// Values owned by one other cell.
struct ValueArray : Cell {
  static constexpr CellKind kKind = CellKind::ValueArray;
  uint64_t capacity;
  Value* values() { return reinterpret_cast<Value*>(this + 1); }
  const Value* values() const { return reinterpret_cast<const Value*>(this + 1); }
  void trace(Visitor& visitor) const { visitor.visit_range(values(), capacity); }
};
/// Zeroed; the capacity is rounded up to what the heap's size class holds.
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
/// `tuple[key]` for ints, slices and __index__.
Result<Value> tuple_get_item(VM& vm, Tuple* tuple, Value key);
/// A tuple of class `cls` (tuple or a subclass).
Result<Tuple*> make_tuple_of(VM& vm, Type* cls, std::span<const Value> values);

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
/// A new, empty list of class `cls` (list or a subclass).
Result<List*> make_list_of(VM& vm, Type* cls);
/// Appends; grows by about an eighth plus a constant, so that appending is amortised O(1).
Result<void> list_append_slow(VM& vm, List* list, Value value);
inline Result<void> list_append(VM& vm, List* list, Value value) {
  ValueArray* storage = list->storage;
  // A storage cell that still needs a barrier goes the slow way once; the barrier clears the flag.
  if (storage && list->length < storage->capacity && !(storage->gc & Cell::kNeedsBarrier))
      [[likely]] {
    storage->values()[list->length++] = value;
    return {};
  }
  return list_append_slow(vm, list, value);
}
/// Appends every item of any iterable.
Result<void> list_extend(VM& vm, List* list, Value iterable);
/// Room for `capacity` items altogether.
Result<void> list_reserve(VM& vm, List* list, size_t capacity);
/// Inserts before `index`, 0 <= index <= length.
Result<void> list_insert(VM& vm, List* list, size_t index, Value value);
/// Removes [begin, end), 0 <= begin <= end <= length.
void list_erase(VM& vm, List* list, size_t begin, size_t end);
/// The items [begin, end) as a new list.
Result<List*> list_copy(VM& vm, List* list, size_t begin, size_t end);
/// `list[key]`, `list[key] = value` and (value empty) `del list[key]` for ints, slices and
/// __index__.
Result<Value> list_get_item(VM& vm, List* list, Value key);
Result<void> list_set_item(VM& vm, List* list, Value key, Value value);
/// list.sort(): stable; `key` a callable or none. The list is empty while keys and comparisons run.
Result<void> list_sort(VM& vm, List* list, Value key, bool reverse);

struct Range : Cell {
  static constexpr CellKind kKind = CellKind::Range;
  Value start, stop, step;  // ints
  Value length;             // int
  void trace(Visitor& visitor) const {
    visitor.visit(start);
    visitor.visit(stop);
    visitor.visit(step);
    visitor.visit(length);
  }
};
/// range(start, stop, step) of ints; ValueError "range() arg 3 must not be zero".
Result<Range*> make_range(VM& vm, Value start, Value stop, Value step);
Result<bool> range_contains(VM& vm, Range* range, Value v);

struct Slice : Cell {
  static constexpr CellKind kKind = CellKind::Slice;
  Value start, stop, step;
  void trace(Visitor& visitor) const {
    visitor.visit(start);
    visitor.visit(stop);
    visitor.visit(step);
  }
};
Result<Value> make_slice(VM& vm, Value start, Value stop, Value step);
/// A slice resolved against a length: element i is start + i*step for i < count. `length` is read
/// after the parts'
/// `__index__` methods ran, which may change it.
struct SliceIndices {
  int64_t start, stop, step, count;
};
/// Errors: TypeError "slice indices must be integers or None or have an __index__ method",
/// ValueError "slice step cannot be zero".
Result<SliceIndices> resolve_slice(VM& vm, Slice* slice, const uint64_t& length);
/// The slice with all parts ints or None, so that resolving it runs no script code.
Result<Slice*> evaluate_slice(VM& vm, Slice* slice);

}  // namespace apy
