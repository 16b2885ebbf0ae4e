// Instances: allocation, and where their own attributes are.
//
// How many attribute slots an Instance has inline is learned: when one runs over, later instances
// of its class get more. All instances of one shape agree (Shape::inline_slots), so growing gives
// the class a new root shape.
//
// Instances of script subclasses of variable-size structs (int, tuple, bytes) have the attributes
// word behind their last element, where inline caches cannot find it; they are in dict mode from
// the start.
#include <algorithm>

#include "vm/objects/indexing.h"
#include "vm/objects/internals.h"

namespace apy {

namespace {

constexpr uint32_t kMaximumInline = 64;

bool is_variable_size(CellKind kind) {
  return kind == CellKind::BigInt || kind == CellKind::Tuple || kind == CellKind::Bytes;
}

bool is_script_class(const Type* type) { return type->flags & Type::kHeapType; }

/// The word behind the native part of an instance of a script subclass of a variable-size struct.
Cell** word_behind(Cell* cell) {
  size_t size = 0;
  switch (cell->kind) {
    case CellKind::BigInt:
      size = sizeof(BigInt) + static_cast<BigInt*>(cell)->size * sizeof(uint64_t);
      break;
    case CellKind::Tuple:
      size = sizeof(Tuple) + static_cast<Tuple*>(cell)->length * sizeof(Value);
      break;
    case CellKind::Bytes:
      size = sizeof(Bytes) + static_cast<Bytes*>(cell)->length;
      break;
    default:
      return nullptr;
  }
  return reinterpret_cast<Cell**>(reinterpret_cast<char*>(cell) + ((size + 7) & ~size_t{7}));
}

/// Exact builtin structs that keep a plain Dict of attributes.
Cell** plain_dict_word(Cell* cell) {
  switch (cell->kind) {
    case CellKind::Function:
      return &static_cast<Function*>(cell)->attributes;
    case CellKind::Module:
      return reinterpret_cast<Cell**>(&static_cast<Module*>(cell)->dict);
    case CellKind::Record:
      if (cell->shape == shape_of(BuiltinType::ClassMethod) ||
          cell->shape == shape_of(BuiltinType::StaticMethod))
        return reinterpret_cast<Cell**>(static_cast<Record*>(cell)->fields() + 1);
      return nullptr;
    default:
      return nullptr;
  }
}

/// Lets later instances of the class have more slots inline.
Result<void> learn_slots(VM& vm, Type* type, uint32_t needed) {
  if (type->instance_kind != CellKind::Instance || needed <= type->inline_slots ||
      type->inline_slots >= kMaximumInline)
    return {};
  uint32_t slots = std::max<uint32_t>(needed, type->inline_slots * 2);
  type->inline_slots = static_cast<uint16_t>(std::min(slots, kMaximumInline));
  Shape* root = TRY(make_root_shape(vm, type));
  type->root_shape = root;
  vm.barrier(type);
  return {};
}

/// Room for slot `index` in the overflow array.
Result<Value*> grow_overflow(VM& vm, Cell* cell, Cell** word, uint32_t position) {
  auto* array = static_cast<ValueArray*>(*word);
  if (!array || array->capacity <= position) {
    ValueArray* grown =
        TRY(make_value_array(vm, std::max<size_t>(4, position * size_t{3} / 2 + 1)));
    if (array) std::copy(array->values(), array->values() + array->capacity, grown->values());
    *word = grown;
    vm.barrier(cell);
    array = grown;
  }
  return array->values() + position;
}

Result<void> enter_dict_mode(VM& vm, Cell* cell, Dict* dict) {
  Type* type = vm.type_of(cell);
  Shape* shape = TRY(dict_mode_shape(vm, type));
  Cell** word = attributes_location(vm, cell);
  if (!word)  // classes keep theirs elsewhere
    return vm.raise(Exc::TypeError, "this __dict__ descriptor does not support '{}' objects", type);
  if (cell->kind == CellKind::Instance) {
    Value* slots = static_cast<Instance*>(cell)->slots();
    for (uint32_t i = type->member_slots; i < cell->aux; ++i) slots[i] = Value();
  }
  cell->shape = shape->id;
  *word = dict;
  vm.barrier(cell);
  return {};
}

}  // namespace

Result<Cell*> allocate_instance(VM& vm, Type* type) {
  CellKind kind = type->instance_kind;
  if (kind == CellKind::Instance) [[likely]] {
    uint16_t slots = type->inline_slots;
    Cell* cell = vm.heap().allocate(sizeof(Instance) + slots * sizeof(Value), type->root_shape->id,
                                    CellKind::Instance, slots);
    if (!cell) [[unlikely]]
      return vm.out_of_memory();
    if (type->flags & Type::kHasFinalizer) [[unlikely]]
      vm.heap().register_finalizer(cell);
    return cell;
  }
  size_t size = type->instance_size;
  uint16_t aux = 0;
  if (is_variable_size(kind)) {
    return allocate_variable_instance(vm, type, size);
  } else if (is_script_class(type)) {
    size = type->members_offset + type->member_slots * sizeof(Value);
  }
  if (kind == CellKind::Record)
    aux = static_cast<uint16_t>((size - sizeof(Record)) / sizeof(Value));
  Cell* cell = vm.heap().allocate(size, type->root_shape->id, kind, aux);
  if (!cell) return vm.out_of_memory();
  if (kind == CellKind::Dict) static_cast<Dict*>(cell)->layout = Dict::kUnnumbered;
  if (type->flags & Type::kHasFinalizer) vm.heap().register_finalizer(cell);
  return cell;
}

Result<Cell*> allocate_variable_instance(VM& vm, Type* type, size_t size) {
  size = (size + 7) & ~size_t{7};
  if (is_script_class(type)) size += sizeof(Cell*);
  Cell* cell = vm.heap().allocate(size, type->root_shape->id, type->instance_kind, 0);
  if (!cell) return vm.out_of_memory();
  if (type->flags & Type::kHasFinalizer) vm.heap().register_finalizer(cell);
  return cell;
}

Cell** attributes_location(VM& vm, Cell* cell) {
  if (Cell** word = plain_dict_word(cell)) return word;
  Type* type = vm.type_of(cell);
  if (type->attributes_offset)
    return reinterpret_cast<Cell**>(reinterpret_cast<char*>(cell) + type->attributes_offset);
  return is_script_class(type) && is_variable_size(cell->kind) ? word_behind(cell) : nullptr;
}

bool has_attributes(VM& vm, Cell* cell) {
  return (vm.type_of(cell)->flags & Type::kHasDict) || plain_dict_word(cell);
}

Dict* existing_attributes_dict(VM& vm, Cell* cell) {
  if (Cell** word = plain_dict_word(cell)) return static_cast<Dict*>(*word);
  Shape* shape = vm.shape(cell->shape);
  if (!shape->is_dict_mode() || !(shape->type->flags & Type::kHasDict)) return nullptr;
  return static_cast<Dict*>(*attributes_location(vm, cell));
}

Value* slot_address(VM& vm, Cell* cell, uint32_t index) {
  Shape* shape = vm.shape(cell->shape);
  Type* type = shape->type;
  if (cell->kind == CellKind::Instance) {
    if (index < cell->aux) return static_cast<Instance*>(cell)->slots() + index;
    index -= cell->aux;
  } else if (index < type->member_slots) {
    return reinterpret_cast<Value*>(reinterpret_cast<char*>(cell) + type->members_offset) + index;
  }
  auto* array = static_cast<ValueArray*>(*attributes_location(vm, cell));
  return array && index < array->capacity ? array->values() + index : nullptr;
}

Value own_attribute(VM& vm, Cell* cell, Str* name) {
  if (Cell** word = plain_dict_word(cell))
    return *word ? dict_get_str(vm, static_cast<Dict*>(*word), name) : Value();
  Shape* shape = vm.shape(cell->shape);
  if (!(shape->type->flags & Type::kHasDict)) return Value();
  if (shape->is_dict_mode()) {
    auto* dict = static_cast<Dict*>(*attributes_location(vm, cell));
    return dict ? dict_get_str(vm, dict, name) : Value();
  }
  int64_t slot = shape_find(vm, shape, name);
  if (slot < 0) return Value();
  const Value* address = slot_address(vm, cell, static_cast<uint32_t>(slot));
  return address ? *address : Value();
}

Result<void> set_own_attribute(VM& vm, Cell* cell, Str* name, Value value) {
  Shape* shape = vm.shape(cell->shape);
  if (plain_dict_word(cell) || shape->is_dict_mode()) {
    Dict* dict = TRY(attributes_dict(vm, cell));
    return dict_set_str(vm, dict, name, value);
  }
  int64_t slot = shape_find(vm, shape, name);
  if (slot >= 0) {
    if (Value* address = slot_address(vm, cell, static_cast<uint32_t>(slot))) {
      *address = value;
      bool is_inline = cell->kind == CellKind::Instance && slot < cell->aux;
      vm.barrier(is_inline ? cell : *attributes_location(vm, cell));
      return {};
    }
  }
  if (shape->slot_count >= Shape::kMaxSlots) {
    Dict* dict = TRY(attributes_dict(vm, cell));
    return dict_set_str(vm, dict, name, value);
  }
  Shape* added = slot >= 0 ? shape : TRY(shape_add(vm, shape, name));
  uint32_t index = slot >= 0 ? static_cast<uint32_t>(slot) : shape->slot_count;
  if (cell->kind == CellKind::Instance && index < cell->aux) {
    static_cast<Instance*>(cell)->slots()[index] = value;
    vm.barrier(cell);
  } else {
    TRY(learn_slots(vm, shape->type, index + 1));
    uint32_t position = cell->kind == CellKind::Instance ? index - cell->aux : index;
    Cell** word = attributes_location(vm, cell);
    *TRY(grow_overflow(vm, cell, word, position)) = value;
    vm.barrier(*word);
  }
  cell->shape = added->id;
  vm.barrier(cell);
  return {};
}

bool remove_newest_attribute(VM& vm, Cell* cell, const Str* name) {
  Shape* shape = vm.shape(cell->shape);
  if (plain_dict_word(cell) || shape->is_dict_mode() || !shape->parent || shape->key != name)
    return false;
  Value* address = slot_address(vm, cell, shape->slot_count - 1);
  if (!address) return false;
  *address = Value();
  cell->shape = shape->parent->id;
  vm.barrier(cell);
  return true;
}

namespace {

/// The attributes of a cell that keeps them in slots.
Result<Dict*> slots_as_dict(VM& vm, Cell* cell) {
  Shape* shape = vm.shape(cell->shape);
  Dict* dict = TRY(make_dict(vm, shape->slot_count - shape->type->member_slots));
  RootVector path(vm.heap());
  for (Shape* at = shape; at->parent; at = at->parent) path.values.push_back(at);
  for (size_t i = path.values.size(); i > 0; --i) {
    Shape* at = as<Shape>(path.values[i - 1]);
    const Value* slot = slot_address(vm, cell, at->slot_count - 1);
    if (slot && !slot->is_empty()) TRY(dict_set_str(vm, dict, at->key, *slot));
  }
  return dict;
}

}  // namespace

Result<Dict*> copy_own_attributes(VM& vm, Cell* cell) {
  Shape* shape = vm.shape(cell->shape);
  if (!plain_dict_word(cell) && !shape->is_dict_mode()) return slots_as_dict(vm, cell);
  Dict* dict = existing_attributes_dict(vm, cell);
  return dict ? dict_copy(vm, dict) : make_dict(vm);
}

Result<Dict*> attributes_dict(VM& vm, Cell* cell) {
  if (Cell** word = plain_dict_word(cell)) {
    if (!*word) {
      Dict* made = TRY(make_dict(vm));
      *word = made;
      vm.barrier(cell);
    }
    return static_cast<Dict*>(*word);
  }
  Shape* shape = vm.shape(cell->shape);
  if (shape->is_dict_mode()) {
    Cell** word = attributes_location(vm, cell);
    if (!*word) {
      Dict* made = TRY(make_dict(vm));
      *word = made;
      vm.barrier(cell);
    }
    return static_cast<Dict*>(*word);
  }
  Dict* dict = TRY(slots_as_dict(vm, cell));
  TRY(enter_dict_mode(vm, cell, dict));
  return dict;
}

Result<void> set_attributes_dict(VM& vm, Cell* cell, Dict* dict) {
  if (cell->kind == CellKind::Module) return vm.raise(Exc::AttributeError, "readonly attribute");
  if (Cell** word = plain_dict_word(cell)) {
    *word = dict;
    vm.barrier(cell);
    return {};
  }
  return enter_dict_mode(vm, cell, dict);
}

}  // namespace apy
