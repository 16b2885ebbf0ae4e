// Weak references: cleared by the collection that finds the target dead, callbacks run at the next
// safe point.
//
// A reference is made after its target, so once both survived a collection a minor one cannot kill
// the target: minor collections look only at the references made since the last one.
#include <algorithm>

#include "vm/objects/internals.h"
#include "vm/objects/protocol.h"

namespace apy {

namespace {

void forget(WeakTable& table, const Cell* target, const WeakReference* reference) {
  auto [begin, end] = table.by_target.equal_range(target);
  for (auto it = begin; it != end; ++it) {
    if (it->second == reference) {
      table.by_target.erase(it);
      return;
    }
  }
}

/// The target is dead: clears the reference and, if it has a callback and lives, queues it.
void clear(VM::Internals& internals, const Heap& heap, WeakReference* reference) {
  reference->target = Value();
  bool has_callback = !reference->callback.is_empty() && !reference->callback.is_none();
  if (has_callback && !heap.is_dead(reference))
    internals.weak_callbacks.values.push_back(reference);
}

}  // namespace

void process_weak_references(VM::Internals& internals, const Heap& heap) {
  WeakTable& table = internals.weak;
  if (!heap.is_collecting_full()) {
    for (WeakReference* reference : table.young) {
      if (reference->target.is_empty()) continue;
      const Cell* target = reference->target.cell();
      bool dead = heap.is_dead(target);
      if (dead || heap.is_dead(reference)) forget(table, target, reference);
      if (dead) clear(internals, heap, reference);
    }
  } else {
    for (auto it = table.by_target.begin(); it != table.by_target.end();) {
      WeakReference* reference = it->second;
      bool dead = heap.is_dead(it->first);
      if (dead) clear(internals, heap, reference);
      it = dead || heap.is_dead(reference) ? table.by_target.erase(it) : std::next(it);
    }
  }
  table.young.clear();
}

Result<WeakReference*> make_weak_reference(VM& vm, Value target, Value callback) {
  Type* type = vm.type_of(target);
  if (!target.is_cell() || !(type->flags & Type::kHasWeakref))
    return vm.raise(Exc::TypeError, "cannot create weak reference to '{}' object", type);
  WeakTable& table = vm.internals().weak;
  if (callback.is_none()) {
    auto [begin, end] = table.by_target.equal_range(target.cell());
    for (auto it = begin; it != end; ++it) {
      WeakReference* known = it->second;
      if (known->callback.is_none() && is_exact(known, BuiltinType::WeakReference)) return known;
    }
  }
  WeakReference* reference = TRY(vm.allocate<WeakReference>(BuiltinType::WeakReference));
  reference->target = target;
  reference->callback = callback;
  table.by_target.emplace(target.cell(), reference);
  table.young.push_back(reference);
  return reference;
}

void register_weak_reference(VM& vm, WeakReference* reference) {
  WeakTable& table = vm.internals().weak;
  table.by_target.emplace(reference->target.cell(), reference);
  table.young.push_back(reference);
}

void run_weak_callbacks(VM& vm) {
  auto& queue = vm.internals().weak_callbacks.values;
  while (!queue.empty()) {
    Value reference = queue.front();
    queue.erase(queue.begin());
    Value callback = as<WeakReference>(reference)->callback;
    as<WeakReference>(reference)->callback = Value::none();
    if (vm.call(callback, {reference}).is_error()) vm.write_unraisable(callback);
  }
}

}  // namespace apy
