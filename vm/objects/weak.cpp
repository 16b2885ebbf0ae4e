// Weak references: cleared by the collection that finds the target dead, callbacks run at the next
// safe point.
//
// A reference is made after its target, so once both survived a collection a minor one cannot kill
// the target: minor collections look only at the references made since the last one.
#include <algorithm>
#include <bit>

#include "vm/objects/internals.h"
#include "vm/objects/protocol.h"

namespace apy {

void WeakTable::place(const Cell* target, WeakReference* reference) {
  size_t i = place_of(target);
  while (slots_[i].reference) i = (i + 1) & (slots_.size() - 1);
  slots_[i] = {target, reference};
  ++used_;
}

void WeakTable::add(const Cell* target, WeakReference* reference) {
  if ((used_ + 1) * 4 > slots_.size() * 3) {
    std::vector<Slot> old;
    old.swap(slots_);
    size_t live = 0;
    for (const Slot& slot : old) live += slot.target != nullptr;
    size_t size = 64;
    while (size < live * 2 + 2) size *= 2;
    slots_.resize(size);
    shift_ = static_cast<unsigned>(64 - std::countr_zero(size));
    used_ = 0;
    for (const Slot& slot : old)
      if (slot.target) place(slot.target, slot.reference);
  }
  place(target, reference);
  young_.push_back(reference);
}

template <class F>
void WeakTable::drop_dead(const Heap& heap, F died) {
  auto look_at = [&](Slot& slot) {
    bool dead = heap.is_dead(slot.target);
    if (dead) died(slot.reference);
    if (dead || heap.is_dead(slot.reference)) slot.target = nullptr;
  };
  if (heap.is_collecting_full()) {
    for (Slot& slot : slots_)
      if (slot.target) look_at(slot);
  } else {
    for (const WeakReference* reference : young_) {
      if (reference->target.is_empty()) continue;
      const Cell* target = reference->target.cell();
      for (size_t i = place_of(target); slots_[i].reference; i = (i + 1) & (slots_.size() - 1)) {
        if (slots_[i].target != target || slots_[i].reference != reference) continue;
        look_at(slots_[i]);
        break;
      }
    }
  }
  young_.clear();
}

void process_weak_references(VM::Internals& internals, const Heap& heap) {
  auto& queue = internals.weak_callbacks.values;
  auto before = static_cast<ptrdiff_t>(queue.size());
  internals.weak.drop_dead(heap, [&](WeakReference* reference) {
    reference->target = Value();
    bool has_callback = !reference->callback.is_empty() && !reference->callback.is_none();
    if (has_callback && !heap.is_dead(reference)) queue.push_back(reference);
  });
  // The references to one object stand in the order in which they were made; the newest is told
  // first.
  std::reverse(queue.begin() + before, queue.end());
}

Result<WeakReference*> make_weak_reference(VM& vm, Value target, Value callback) {
  Type* type = vm.type_of(target);
  if (!target.is_cell() || !(type->flags & Type::kHasWeakref))
    return vm.raise(Exc::TypeError, "cannot create weak reference to '{}' object", type);
  WeakTable& table = vm.internals().weak;
  if (callback.is_none()) {
    WeakReference* known = nullptr;
    table.for_each(target.cell(), [&](WeakReference* reference) {
      if (reference->callback.is_none() && is_exact(reference, BuiltinType::WeakReference))
        known = reference;
      return known != nullptr;
    });
    if (known) return known;
  }
  WeakReference* reference = TRY(vm.allocate<WeakReference>(BuiltinType::WeakReference));
  reference->target = target;
  reference->callback = callback;
  table.add(target.cell(), reference);
  return reference;
}

void register_weak_reference(VM& vm, WeakReference* reference) {
  vm.internals().weak.add(reference->target.cell(), reference);
}

void run_weak_callbacks(VM& vm) {
  auto& queue = vm.internals().weak_callbacks.values;
  while (!queue.empty()) {
    RootVector taken(vm.heap());
    taken.values.swap(queue);
    for (size_t i = 0; i < taken.values.size(); ++i) {
      Value reference = taken.values[i];
      Value callback = as<WeakReference>(reference)->callback;
      as<WeakReference>(reference)->callback = Value::none();
      if (vm.call(callback, {reference}).is_error()) vm.write_unraisable(callback);
    }
  }
}

}  // namespace apy
