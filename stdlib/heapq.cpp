// _heapq: heaps in lists. The comparisons may run script code, which may change the list: its
// length is checked after each of them.
#include "vm/binding/bind.h"

namespace apy {

namespace {

/// Should `a` be nearer to the top than `b`?
template <bool largest>
Result<bool> above(VM& vm, List* heap, Value a, Value b) {
  if (largest) std::swap(a, b);
  if (Value::both_small_int(a, b)) return a.as_small_int() < b.as_small_int();
  uint64_t length = heap->length;
  bool result = TRY(compare_bool(vm, CompareOp::Less, a, b));
  if (heap->length != length)
    return vm.raise(Exc::RuntimeError, "list changed size during iteration");
  return result;
}

/// Told to the collector: a long list is traced in parts.
void swap_items(VM& vm, List* heap, size_t i, size_t j) {
  Value* values = heap->values();
  std::swap(values[i], values[j]);
  vm.barrier(heap->storage, values + i);
  vm.barrier(heap->storage, values + j);
}

/// Moves the item at `position` up to its place below `top`.
template <bool largest>
Result<void> rise(VM& vm, List* heap, size_t top, size_t position) {
  while (position > top) {
    size_t parent = (position - 1) / 2;
    if (!TRY(above<largest>(vm, heap, heap->values()[position], heap->values()[parent]))) break;
    swap_items(vm, heap, position, parent);
    position = parent;
  }
  return {};
}

/// Moves the item at `position` down to the bottom along the better children, then up to its place:
/// items come from the bottom and mostly belong there, so this needs fewer comparisons.
template <bool largest>
Result<void> sink(VM& vm, List* heap, size_t position) {
  size_t top = position;
  for (size_t child; (child = 2 * position + 1) < heap->length; position = child) {
    const Value* values = heap->values();
    if (child + 1 < heap->length &&
        !TRY(above<largest>(vm, heap, values[child], values[child + 1])))
      ++child;
    swap_items(vm, heap, position, child);
  }
  return rise<largest>(vm, heap, top, position);
}

Result<void> heappush(VM& vm, List* heap, Value item) {
  TRY(list_append(vm, heap, item));
  return rise<false>(vm, heap, 0, heap->length - 1);
}

template <bool largest>
Result<Value> heappop(VM& vm, List* heap) {
  if (heap->length == 0) return vm.raise(Exc::IndexError, "index out of range");
  Value last = heap->values()[heap->length - 1];
  list_erase(vm, heap, heap->length - 1, heap->length);
  if (heap->length == 0) return last;
  Value result = heap->values()[0];
  heap->values()[0] = last;
  vm.barrier(heap->storage, heap->values());
  TRY(sink<largest>(vm, heap, 0));
  return result;
}

template <bool largest>
Result<Value> heapreplace(VM& vm, List* heap, Value item) {
  if (heap->length == 0) return vm.raise(Exc::IndexError, "index out of range");
  Value result = heap->values()[0];
  heap->values()[0] = item;
  vm.barrier(heap->storage, heap->values());
  TRY(sink<largest>(vm, heap, 0));
  return result;
}

Result<Value> heappushpop(VM& vm, List* heap, Value item) {
  if (heap->length == 0 || !TRY(compare_bool(vm, CompareOp::Less, heap->values()[0], item)))
    return item;
  if (heap->length == 0) return vm.raise(Exc::IndexError, "index out of range");
  return heapreplace<false>(vm, heap, item);
}

template <bool largest>
Result<void> heapify(VM& vm, List* heap) {
  for (size_t position = heap->length / 2; position-- > 0;) TRY(sink<largest>(vm, heap, position));
  return {};
}

constexpr NativeFunctionDef kFunctions[] = {
    {"heappush(heap, item, /)", "Add an item.", bind<heappush>()},
    {"heappop(heap, /)", "Remove and return the smallest item.", bind<heappop<false>>()},
    {"heapreplace(heap, item, /)", "Remove and return the smallest item, then add another one.",
     bind<heapreplace<false>>()},
    {"heappushpop(heap, item, /)", "Add an item, then remove and return the smallest one.",
     bind<heappushpop>()},
    {"heapify(heap, /)", "Turn a list into a heap, in place.", bind<heapify<false>>()},
    {"_heappop_max(heap, /)", "heappop for the largest item.", bind<heappop<true>>()},
    {"_heapreplace_max(heap, item, /)", "heapreplace for the largest item.",
     bind<heapreplace<true>>()},
    {"_heapify_max(heap, /)", "heapify with the largest item on top.", bind<heapify<true>>()},
};

}  // namespace

extern const NativeModuleDef kHeapqModule = {"_heapq", "Heaps in lists.", kFunctions};

}  // namespace apy
