// Lists: storage, growth, slices.
//
// The items live in a ValueArray that is replaced when it is full. Whoever runs script code
// (comparisons, iteration,
// __index__) must read `length` and `storage` again afterwards. Slots beyond `length` are empty, so
// that nothing is kept alive by them.
#include <algorithm>

#include "vm/objects/containers.h"
#include "vm/objects/dict.h"
#include "vm/objects/indexing.h"
#include "vm/objects/iterators.h"
#include "vm/objects/protocol.h"
#include "vm/objects/set.h"

namespace apy {

Result<ValueArray*> make_value_array(VM& vm, size_t capacity) {
  if (capacity > kMaximumLength) return vm.out_of_memory();
  size_t size = sizeof(ValueArray) + capacity * sizeof(Value);
  size = size <= Heap::kMaxSmallSize ? Heap::rounded_size(Heap::size_class_of(size))
                                     : (size + Heap::kGranule - 1) & ~(Heap::kGranule - 1);
  ValueArray* array = TRY(vm.allocate<ValueArray>(BuiltinType::Internal, size));
  array->capacity = (size - sizeof(ValueArray)) / sizeof(Value);
  return array;
}

Result<List*> make_list(VM& vm, size_t capacity) {
  if (capacity == 0) return vm.allocate<List>(BuiltinType::List);
  ValueArray* storage = TRY(make_value_array(vm, capacity));
  List* list = TRY(vm.allocate<List>(BuiltinType::List));
  list->storage = storage;
  return list;
}

Result<List*> make_list(VM& vm, std::span<const Value> values) {
  List* list = TRY(make_list(vm, values.size()));
  if (!values.empty()) std::copy(values.begin(), values.end(), list->values());
  list->length = values.size();
  return list;
}

Result<List*> make_list_of(VM& vm, Type* cls) {
  if (cls == vm.type(BuiltinType::List)) return make_list(vm, size_t{0});
  return static_cast<List*>(TRY(allocate_instance(vm, cls)));
}

Result<void> list_reserve(VM& vm, List* list, size_t capacity) {
  ValueArray* old = list->storage;
  if (old ? capacity <= old->capacity : capacity == 0) return {};
  if (old && capacity <= kMaximumLength) {
    // A long one is moved as a whole, by the system.
    size_t size = (sizeof(ValueArray) + capacity * sizeof(Value) + 15) & ~size_t{15};
    if (Cell* moved = vm.heap().grow_storage(old, size)) {
      list->storage = static_cast<ValueArray*>(moved);
      list->storage->capacity = (size - sizeof(ValueArray)) / sizeof(Value);
      vm.barrier(list);
      return {};
    }
  }
  ValueArray* storage = TRY(make_value_array(vm, capacity));
  if (old) std::copy_n(old->values(), list->length, storage->values());
  list->storage = storage;
  vm.barrier(list);
  if (old) vm.heap().free_storage(old);
  return {};
}

namespace {

/// Room for `more` items beyond the length, with room to spare.
Result<void> grow(VM& vm, List* list, size_t more) {
  size_t needed = list->length + more;
  if (list->storage && needed <= list->storage->capacity) return {};
  // What a short list leaves behind when it moves is garbage for the collector, n / (factor - 1)
  // items of it in all; what a long one leaves is used again at once.
  return list_reserve(vm, list, needed + (needed >> (needed < 2048 ? 1 : 2)) + 4);
}

/// After a store into items [begin, end).
void barrier_range(VM& vm, List* list, const Value* begin, const Value* end) {
  constexpr size_t kApart = 256 / sizeof(Value);  // at least one in each part that is looked at
  for (const Value* item = begin; item < end; item += kApart) vm.barrier(list->storage, item);
  if (begin < end) vm.barrier(list->storage, end - 1);
}

}  // namespace

Result<void> list_append_slow(VM& vm, List* list, Value value) {
  if (!list->storage || list->length == list->storage->capacity) TRY(grow(vm, list, 1));
  Value* place = list->values() + list->length++;
  *place = value;
  vm.barrier(list->storage, place);
  return {};
}

Result<void> list_insert(VM& vm, List* list, size_t index, Value value) {
  TRY(grow(vm, list, 1));
  Value* values = list->values();
  std::move_backward(values + index, values + list->length, values + list->length + 1);
  values[index] = value;
  ++list->length;
  vm.barrier(list->storage);
  return {};
}

void list_erase(VM& vm, List* list, size_t begin, size_t end) {
  if (begin == end) return;
  Value* values = list->values();
  std::move(values + end, values + list->length, values + begin);
  if (end < list->length) vm.barrier(list->storage);
  size_t length = list->length - (end - begin);
  std::fill(values + length, values + list->length, Value());
  list->length = length;
  // A much too large storage goes back to the heap.
  ValueArray* old = list->storage;
  if (length == 0 && old->capacity > 16) {
    list->storage = nullptr;
    vm.heap().free_storage(old);
  } else if (old->capacity > 64 && length < old->capacity / 4) {
    auto smaller = make_value_array(vm, length + (length >> 3) + 6);
    if (smaller.is_error()) {
      (void)vm.take_pending();
      return;
    }
    std::copy_n(old->values(), length, smaller.value()->values());
    list->storage = smaller.value();
    vm.barrier(list);
    vm.heap().free_storage(old);
  }
}

Result<List*> list_copy(VM& vm, List* list, size_t begin, size_t end) {
  List* copy = TRY(make_list(vm, end - begin));
  if (end > begin) std::copy(list->values() + begin, list->values() + end, copy->values());
  copy->length = end - begin;
  return copy;
}

namespace {

/// Appends what `next(&item)` gives, of which there are `count`; nothing else can run meanwhile.
template <class Next>
Result<bool> append_counted(VM& vm, List* list, size_t count, Next next) {
  if (count == 0) return true;
  if (count > kMaximumLength) return vm.out_of_memory();
  TRY(grow(vm, list, count));
  Value* to = list->values() + list->length;
  for (size_t i = 0; i < count; ++i) to[i] = next();
  list->length += count;
  vm.barrier(list->storage);
  return true;
}

Result<bool> append_dict(VM& vm, List* list, Dict* dict, bool values) {
  DictCursor cursor(dict);
  return append_counted(vm, list, dict->length, [&] {
    cursor.next();
    return values ? cursor.value() : cursor.key();
  });
}

/// Containers that can be read without an iterator; false for others.
Result<bool> extend_directly(VM& vm, List* list, Value iterable) {
  if (!iterable.is_cell()) return false;
  switch (iterable.cell()->shape) {
    case shape_of(BuiltinType::Dict):
      return append_dict(vm, list, as<Dict>(iterable), false);
    case shape_of(BuiltinType::DictKeys):
    case shape_of(BuiltinType::DictValues):
      return append_dict(vm, list, as<Dict>(as<Record>(iterable)->fields()[0]),
                         is_exact(iterable, BuiltinType::DictValues));
    case shape_of(BuiltinType::Set):
    case shape_of(BuiltinType::FrozenSet): {
      size_t position = 0;
      return append_counted(vm, list, as<Set>(iterable)->length, [&] {
        Value key;
        set_next(as<Set>(iterable), &position, &key);
        return key;
      });
    }
    case shape_of(BuiltinType::Range): {
      Range* range = as<Range>(iterable);
      bool small = range->start.is_small_int() && range->step.is_small_int() &&
                   range->stop.is_small_int() && range->length.is_small_int();
      if (!small) return false;
      int64_t next = range->start.as_small_int(), step = range->step.as_small_int();
      return append_counted(vm, list, static_cast<size_t>(range->length.as_small_int()), [&] {
        Value item = Value::small_int(next);
        next += step;
        return item;
      });
    }
    default:
      return false;
  }
}

}  // namespace

Result<void> list_extend(VM& vm, List* list, Value iterable) {
  if (is_exact(iterable, BuiltinType::List) || is_exact(iterable, BuiltinType::Tuple)) {
    List* other = try_as<List>(iterable);
    size_t count = other ? other->length : as<Tuple>(iterable)->length;
    if (count == 0) return {};
    TRY(grow(vm, list, count));
    const Value* from = other ? other->values() : as<Tuple>(iterable)->values();
    Value* to = list->values() + list->length;
    std::copy_n(from, count, to);
    list->length += count;
    barrier_range(vm, list, to, to + count);
    return {};
  }
  if (TRY(extend_directly(vm, list, iterable))) return {};
  Value iterator = TRY(get_iterator(vm, iterable));
  // Asked for even when not used: __length_hint__ and __len__ are visible to scripts.
  int64_t hint = TRY(length_hint(vm, iterable, 8));
  if (hint > 0 && static_cast<size_t>(hint) < kMaximumLength / 2 && !list->storage)
    TRY(list_reserve(vm, list, static_cast<size_t>(hint)));
  Value item;
  while (TRY(iterator_next(vm, iterator, &item))) TRY(list_append(vm, list, item));
  return {};
}

Result<Value> list_get_item(VM& vm, List* list, Value key) {
  if (Slice* slice = try_as<Slice>(key)) {
    SliceIndices indices = TRY(slice_indices_of(vm, slice, list->length));
    auto count = static_cast<size_t>(indices.count);
    List* result = TRY(make_list(vm, count));
    if (count == 0) return result;
    const Value* from = list->values() + indices.start;
    if (indices.step == 1) {
      std::copy_n(from, count, result->values());
    } else {
      // Not by moving `from`: behind the last item a large step leads anywhere.
      for (int64_t i = 0; i < indices.count; ++i) result->values()[i] = from[i * indices.step];
    }
    result->length = count;
    return result;
  }
  int64_t index = TRY(index_in(vm, key, list->length, "list", "list index out of range"));
  return list->values()[index];
}

namespace {

/// list[begin:end] = items
Result<void> replace_range(VM& vm, List* list, size_t begin, size_t end,
                           std::span<const Value> items) {
  size_t removed = end - begin;
  if (items.size() > removed) {
    size_t more = items.size() - removed;
    TRY(grow(vm, list, more));
    Value* values = list->values();
    std::move_backward(values + end, values + list->length, values + list->length + more);
    list->length += more;
  }
  if (!items.empty()) {
    std::copy(items.begin(), items.end(), list->values() + begin);
    vm.barrier(list->storage);
  }
  if (items.size() < removed) list_erase(vm, list, begin + items.size(), end);
  return {};
}

Result<void> assign_slice(VM& vm, List* list, Slice* slice, Value value) {
  slice = TRY(evaluate_slice(vm, slice));
  if (type_special(vm, vm.type_of(value), Special::Iter).is_empty() &&
      type_special(vm, vm.type_of(value), Special::GetItem).is_empty())
    return vm.raise(Exc::TypeError, "must assign iterable to extended slice");
  // A copy: the items may come from this very list.
  Tuple* items = TRY(tuple_from(vm, value));
  // Only now: iterating may have changed the list.
  SliceIndices indices = TRY(slice_indices_of(vm, slice, list->length));
  auto count = static_cast<size_t>(indices.count);
  if (indices.step == 1) {
    auto begin = static_cast<size_t>(indices.start);
    return replace_range(vm, list, begin, begin + count, items->span());
  }
  if (items->length != count)
    return vm.raise(Exc::ValueError,
                    "attempt to assign sequence of size {} to extended slice of size {}",
                    items->length, count);
  if (count == 0) return {};
  Value* to = list->values() + indices.start;
  for (size_t i = 0; i < count; ++i, to += indices.step) *to = items->values()[i];
  vm.barrier(list->storage);
  return {};
}

Result<void> delete_slice(VM& vm, List* list, Slice* slice) {
  SliceIndices indices = TRY(slice_indices_of(vm, slice, list->length));
  if (indices.count == 0) return {};
  int64_t start = indices.start, step = indices.step;
  if (step < 0) {
    start += (indices.count - 1) * step;
    step = -step;
  }
  auto begin = static_cast<size_t>(start);
  auto count = static_cast<size_t>(indices.count);
  if (step == 1) {
    list_erase(vm, list, begin, begin + count);
    return {};
  }
  Value* values = list->values();
  size_t to = begin, removed = 0;
  for (size_t from = begin; from < list->length; ++from) {
    if (removed < count && (from - begin) % static_cast<size_t>(step) == 0)
      ++removed;
    else
      values[to++] = values[from];
  }
  vm.barrier(list->storage);
  list_erase(vm, list, to, list->length);
  return {};
}

}  // namespace

Result<void> list_set_item(VM& vm, List* list, Value key, Value value) {
  if (Slice* slice = try_as<Slice>(key))
    return value.is_empty() ? delete_slice(vm, list, slice) : assign_slice(vm, list, slice, value);
  int64_t index =
      TRY(index_in(vm, key, list->length, "list", "list assignment index out of range"));
  if (value.is_empty()) {
    list_erase(vm, list, static_cast<size_t>(index), static_cast<size_t>(index) + 1);
    return {};
  }
  list->values()[index] = value;
  vm.barrier(list->storage, list->values() + index);
  return {};
}

}  // namespace apy
