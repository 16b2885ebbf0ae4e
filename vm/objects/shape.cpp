// Shapes: the tree of attribute layouts.
//
// A root has no names, only the members that __slots__ declared. Each "add attribute" transition is
// made once, so that instances that got the same attributes in the same order share a shape.
// Finding a slot walks the parents of short shapes and uses a name -> slot dict for longer ones; a
// cache per VM is in front of both.
#include <algorithm>

#include "vm/objects/internals.h"

namespace apy {

namespace {

constexpr uint32_t kWalkLimit = 12;
/// So many numbers of dead shapes are not worth a purge.
constexpr size_t kFewDeadShapes = 10'000;

Result<Shape*> make_shape(VM& vm, Type* type, uint32_t inline_slots, uint16_t aux) {
  Shape* shape = TRY(vm.allocate<Shape>(BuiltinType::Internal, sizeof(Shape), aux));
  shape->type = type;
  shape->inline_slots = inline_slots;
  shape->id = vm.add_shape(shape);
  return shape;
}

int64_t walk(const Shape* shape, const Str* name) {
  for (; shape->parent; shape = shape->parent)
    if (shape->key == name) return int64_t{shape->slot_count} - 1;
  return -1;
}

int64_t find_in_dict(VM& vm, Shape* shape, Str* name) {
  if (!shape->slots) {
    auto dict = make_dict(vm, shape->slot_count);
    bool complete = dict.is_ok();
    for (const Shape* at = shape; complete && at->parent; at = at->parent)
      complete =
          dict_set_str(vm, dict.value(), at->key, Value::small_int(at->slot_count - 1)).is_ok();
    if (!complete) {  // memory is out; the slow way works without
      (void)vm.take_pending();
      return walk(shape, name);
    }
    shape->slots = dict.value();
    vm.barrier(shape);
  }
  Value slot = dict_get_str(vm, shape->slots, name);
  return slot.is_empty() ? -1 : slot.as_small_int();
}

}  // namespace

Result<Shape*> make_root_shape(VM& vm, Type* type) {
  Shape* shape = TRY(make_shape(vm, type, type->inline_slots, 0));
  shape->slot_count = type->member_slots;
  return shape;
}

Result<Shape*> dict_mode_shape(VM& vm, Type* type) {
  if (!type->dict_shape) {
    Shape* shape = TRY(make_shape(vm, type, type->member_slots, Shape::kDictMode));
    shape->slot_count = type->member_slots;
    type->dict_shape = shape;
    vm.barrier(type);
  }
  return type->dict_shape;
}

int64_t shape_find(VM& vm, Shape* shape, Str* name) {
  if (!shape->parent) return -1;
  size_t hash = (reinterpret_cast<uintptr_t>(name) >> 4) ^ (size_t{shape->id} * 0x9E3779B1u);
  if (!name->is_interned()) return -1;
  SlotCacheEntry& entry = vm.internals().slot_cache[hash % VM::Internals::kSlotCacheSize];
  if (entry.shape == shape->id && entry.name == name) return entry.slot;
  int64_t slot =
      shape->slot_count <= kWalkLimit ? walk(shape, name) : find_in_dict(vm, shape, name);
  entry = {shape->id, static_cast<int32_t>(slot), name};
  return slot;
}

Result<Shape*> shape_add(VM& vm, Shape* shape, Str* name) {
  if (is_kind(shape->transitions, CellKind::Shape)) {
    Shape* only = as<Shape>(shape->transitions);
    if (only->key == name) return only;
  } else if (Dict* dict = try_as<Dict>(shape->transitions)) {
    Value known = dict_get_str(vm, dict, name);
    if (!known.is_empty()) return as<Shape>(known);
  }
  Shape* added = TRY(make_shape(vm, shape->type, shape->inline_slots, 0));
  added->parent = shape;
  added->key = name;
  added->slot_count = shape->slot_count + 1;
  if (shape->transitions.is_empty()) {
    shape->transitions = added;
    vm.barrier(shape);
  } else {
    Dict* dict = try_as<Dict>(shape->transitions);
    if (!dict) {
      dict = TRY(make_dict(vm, 4));
      Shape* first = as<Shape>(shape->transitions);
      TRY(dict_set_str(vm, dict, first->key, first));
      shape->transitions = dict;
      vm.barrier(shape);
    }
    TRY(dict_set_str(vm, dict, name, added));
  }
  return added;
}

void process_shapes(VM& vm, const Heap& heap) {
  ShapeNumbers& numbers = vm.internals().shape_numbers;
  auto& shapes = VMAccess::shapes(vm);
  auto look_at = [&](ShapeId id) {
    if (!shapes[id] || !heap.is_dead(shapes[id])) return;
    shapes[id] = nullptr;
    numbers.dead.push_back(id);
  };
  if (!heap.is_collecting_full()) {
    for (ShapeId id : numbers.young) look_at(id);
    numbers.young.clear();
    return;
  }
  for (size_t id = shape_of(BuiltinType::Count); id < shapes.size(); ++id)
    look_at(static_cast<ShapeId>(id));
  numbers.young.clear();
  if (numbers.dead.size() < std::max(kFewDeadShapes, shapes.size() / 4)) return;
  forget_dead_shapes(vm);
  vm.internals().clear_caches();
  numbers.free.insert(numbers.free.end(), numbers.dead.begin(), numbers.dead.end());
  numbers.dead.clear();
}

}  // namespace apy
