// Slow paths: attributes (filling the inline caches), items, calls with keywords or spread
// arguments.
#include <algorithm>

#include "vm/interpreter/inline_caches.h"
#include "vm/interpreter/interpreter.h"
#include "vm/interpreter/messages.h"
#include "vm/objects/descriptor.h"
#include "vm/objects/internals.h"
#include "vm/objects/protocol.h"
#include "vm/objects/tuple_getter.h"

namespace apy::slow {

namespace {

#define REGISTERS Value* r = frame->registers()
Str* name_constant(Frame* frame, uint16_t index) { return as<Str>(frame->code->constants[index]); }

/// Attribute access on this type follows object.__getattribute__ and has no __getattr__ in the way
/// of hits.
bool has_plain_lookup(const Type* type) { return !(type->flags & Type::kCustomGetAttribute); }

/// A class attribute that instances see as it is.
bool is_plain_value(VM& vm, Value v) {
  return !v.is_cell() || type_special(vm, vm.type_of(v), Special::Get).is_empty();
}

/// Functions and method descriptors: bind when found on the type.
bool is_method(Value v) {
  return is_kind(v, CellKind::Function) || is_exact(v, BuiltinType::MethodDescriptor);
}

/// Where slot `index` of `cell` lives.
void locate_slot(VM& vm, Cell* cell, uint32_t index, AttributeEntry* entry) {
  if (cell->kind == CellKind::Instance && index < cell->aux) {
    entry->kind = AttributeKind::Slot;
    entry->payload = sizeof(Instance) + index * sizeof(Value);
    return;
  }
  uint32_t inline_slots = cell->kind == CellKind::Instance ? cell->aux : 0;
  uint64_t pointer_offset = vm.type_of(cell)->attributes_offset;
  entry->kind = AttributeKind::Overflow;
  entry->payload =
      pointer_offset << 32 | (sizeof(ValueArray) + (index - inline_slots) * sizeof(Value));
}

/// The descriptors of which a load or store can be done without a call from C++.
void resolve_data_descriptor(VM& vm, Cell* cell, Value descriptor, AttributeEntry* entry) {
  if (descriptor.is(type_special(vm, vm.type(BuiltinType::Object), Special::Class))) {
    // `__class__`: one for all objects of the shape.
    entry->kind = AttributeKind::TypeValue;
    entry->payload = Value(vm.type_of(cell)).bits();
    return;
  }
  if (const GetSet* member = try_as<GetSet>(descriptor); member && !member->definition) {
    // The type's own layout has the slot only when the member comes along the MRO's layout bases.
    if (!vm.type_of(cell)->is_subtype_of(member->owner)) return;
    const Value* slot = slot_address(vm, cell, static_cast<uint32_t>(member->slot));
    if (!slot || (cell->kind == CellKind::Instance && member->slot >= cell->aux)) return;
    entry->kind = AttributeKind::Member;
    entry->payload =
        static_cast<uint64_t>(reinterpret_cast<const char*>(slot) - reinterpret_cast<char*>(cell));
    entry->writable = true;
  } else if (is_exact(descriptor, BuiltinType::Property)) {
    Value getter = as<Record>(descriptor)->fields()[kPropertyGet];
    if (!is_kind(getter, CellKind::Function)) return;
    entry->kind = AttributeKind::Property;
    entry->payload = getter.bits();
  }
}

/// What `name` means on objects with the shape of `cell`; kind None: look it up each time.
AttributeEntry resolve(VM& vm, Cell* cell, Str* name) {
  AttributeEntry entry{cell->shape, 0, name, 0, AttributeKind::None, false};
  Type* type = vm.type_of(cell);
  if (!has_plain_lookup(type) || cell->kind == CellKind::Type || cell->kind == CellKind::Module)
    return entry;
  entry.version = type->version;
  Value on_type = type_lookup(vm, type, name);
  if (is_data_descriptor(vm, on_type)) {
    resolve_data_descriptor(vm, cell, on_type, &entry);
    return entry;
  }
  Shape* shape = vm.shape(cell->shape);
  if (shape->is_dict_mode()) {
    entry.kind = type->attributes_offset ? AttributeKind::Dict : AttributeKind::None;
    entry.payload = type->attributes_offset;
    return entry;
  }
  int64_t slot = type->attributes_offset ? shape_find(vm, shape, name) : -1;
  if (slot >= 0) {
    const Value* address = slot_address(vm, cell, static_cast<uint32_t>(slot));
    if (address && !address->is_empty()) locate_slot(vm, cell, static_cast<uint32_t>(slot), &entry);
    entry.writable = entry.kind == AttributeKind::Slot && (type->flags & Type::kHasDict);
    return entry;
  }
  if (on_type.is_empty()) return entry;
  entry.payload = on_type.bits();
  if (is_method(on_type)) {
    entry.kind = AttributeKind::Method;
  } else if (is_plain_value(vm, on_type)) {
    entry.kind = AttributeKind::TypeValue;
  }
  return entry;
}

/// Gives the entry to the engine's attribute cache.
bool share_entry(VM& vm, const AttributeEntry& entry) {
  AttributeEntry*& entries = Interpreter::attribute_entries(vm);
  if (!entries) {
    auto& table = vm.internals().attribute_entries;
    table.resize(kAttributeEntries);
    entries = table.data();
  }
  entries[attribute_entry_index(entry.shape, Value(entry.name))] = entry;
  return true;
}

/// How many misses of filled inline caches it takes, on average, until a site is taken for one with
/// several shapes: once is nothing, since instances of a class change their shape while attributes
/// come.
constexpr uint32_t kMissesUntilMany = 4;

/// Fills the inline cache of an instruction, or makes it a `many` one.
void specialise(VM& vm, Instruction* i, const AttributeEntry& entry, Opcode generic, Opcode special,
                Opcode many) {
  AttributeCache* cache = attribute_cache(i);
  bool missed = i->opcode != generic && cache->shape != entry.shape;
  if (i->opcode == many ||
      (missed && ++Interpreter::attribute_misses(vm) % kMissesUntilMany == 0)) {
    share_entry(vm, entry);
    i->opcode = many;
    return;
  }
  *cache = {entry.shape, entry.version, entry.payload};
  i->opcode = special;
}

Opcode load_opcode(AttributeKind kind) {
  switch (kind) {
    case AttributeKind::Slot:
      return Opcode::LoadAttrSlot;
    case AttributeKind::Overflow:
      return Opcode::LoadAttrOverflow;
    case AttributeKind::Member:
      return Opcode::LoadAttrMember;
    case AttributeKind::TypeValue:
      return Opcode::LoadAttrType;
    case AttributeKind::Dict:
      return Opcode::LoadAttrDict;
    case AttributeKind::Property:
      return Opcode::LoadAttrProperty;
    default:
      return Opcode::LoadAttr;  // a method that is not called at once: needs an object
  }
}

bool specialise_module(VM& vm, Instruction* i, Value object, Str* name, Opcode opcode, Value* out) {
  if (!is_exact(object, BuiltinType::Module)) return false;
  Dict* dict = as<Module>(object)->dict;
  if (!dict->has_only_str_keys()) return false;
  if (!type_lookup(vm, vm.type_of(object), name).is_empty()) return false;
  int64_t index = dict_find_str(vm, dict, name);
  if (index < 0) return false;
  const Value* value = &dict->table->entries()[index].value;
  GlobalCache* cache = global_cache(i);
  cache->layout = dict->layout;
  cache->offset = static_cast<uint32_t>(reinterpret_cast<const char*>(value) -
                                        reinterpret_cast<const char*>(dict->table));
  i->opcode = opcode;
  *out = *value;
  return true;
}

/// What an attribute of a class is when it is read through the class. Empty: only its __get__
/// knows. *pass_class: it is to be called with the class as first argument.
Value read_through_class(VM& vm, Value found, bool method, bool* pass_class) {
  *pass_class = false;
  if (is_plain_value(vm, found) || is_kind(found, CellKind::Function)) return found;
  if (is_exact(found, BuiltinType::StaticMethod))
    return as<Record>(found)->fields()[kWrappedFunction];
  if (const NativeFunction* native = try_as<NativeFunction>(found)) {
    *pass_class = native->aux & NativeFunction::kClassMethod;
    return *pass_class && !method ? Value() : found;
  }
  if (method && is_exact(found, BuiltinType::ClassMethod)) {
    Value function = as<Record>(found)->fields()[kWrappedFunction];
    *pass_class = true;
    return is_kind(function, CellKind::Function) ? function : Value();
  }
  return Value();
}

/// The attribute of a class; false: the general way knows. *self becomes the class when it is to be
/// passed to the value; null: only what needs no such call will do.
bool class_attribute(VM& vm, Value object, Str* name, Value* out, Value* self) {
  Type* cls = try_as<Type>(object);
  if (!cls) return false;
  Type* metaclass = vm.type_of(cls);
  if (!has_plain_lookup(metaclass) || is_data_descriptor(vm, type_lookup(vm, metaclass, name)))
    return false;
  Value found = type_lookup(vm, cls, name);
  if (found.is_empty()) return false;
  bool pass_class;
  Value value = read_through_class(vm, found, self != nullptr, &pass_class);
  if (value.is_empty()) return false;
  *out = value;
  if (pass_class) *self = object;
  return true;
}

/// Fills the cache with an attribute of a class: the class is known by its version, which changes
/// with what its metaclass says as well (type_modified).
void specialise_class(Instruction* i, const Type* cls, Value value, Opcode opcode) {
  *attribute_cache(i) = {cls->shape, cls->version, value.bits()};
  i->opcode = opcode;
}

/// The attribute of an instance in dict mode, where there is no slot that a cache could name.
/// Empty: the general way knows. *self becomes the object when the value is a method of the class.
Value dict_mode_attribute(VM& vm, Cell* cell, Str* name, Value* self) {
  const Shape* shape = vm.shape(cell->shape);
  Type* type = shape->type;
  if (!shape->is_dict_mode() || !has_plain_lookup(type) || cell->kind == CellKind::Type)
    return Value();
  Value on_type = type_lookup(vm, type, name);
  if (is_data_descriptor(vm, on_type)) return Value();
  Dict* dict = existing_attributes_dict(vm, cell);
  Value own = dict ? dict_get_str(vm, dict, name) : Value();
  if (!own.is_empty()) return own;
  if (on_type.is_empty() || is_plain_value(vm, on_type)) return on_type;
  if (!is_method(on_type)) return Value();
  *self = cell;
  return on_type;
}

}  // namespace

namespace {
/// A namedtuple's field; empty for everything else.
Value tuple_field(VM& vm, const Tuple* tuple, Str* name) {
  Type* type = vm.type_of(tuple);
  if (!(type->flags & Type::kHeapType) || !has_plain_lookup(type)) return Value();
  const TupleGetter* getter = try_native<TupleGetter>(type_lookup(vm, type, name));
  return getter && getter->index < tuple->length ? tuple->values()[getter->index] : Value();
}
}  // namespace

bool LoadAttr(VM& vm, Frame* frame, Instruction* i) {
  REGISTERS;
  Value object = r[i->b];
  Str* name = name_constant(frame, i->c);
  if (object.is_cell()) {
    Value value;
    if (object.cell()->kind == CellKind::Tuple) {
      value = tuple_field(vm, as<Tuple>(object), name);
      if (!value.is_empty()) {
        r[i->a] = value;
        return true;
      }
    }
    if (specialise_module(vm, i, object, name, Opcode::LoadAttrModule, &value)) {
      r[i->a] = value;
      return true;
    }
    if (class_attribute(vm, object, name, &value, nullptr)) {
      if (i->opcode != Opcode::LoadAttrMany)
        specialise_class(i, as<Type>(object), value, Opcode::LoadAttrClass);
      r[i->a] = value;
      return true;
    }
    AttributeEntry entry = resolve(vm, object.cell(), name);
    Opcode special = load_opcode(entry.kind);
    if (special != Opcode::LoadAttr)
      specialise(vm, i, entry, Opcode::LoadAttr, special, Opcode::LoadAttrMany);
    if (entry.kind == AttributeKind::Property)
      return enter_script(vm, frame, Value::from_bits(entry.payload), i->a, 0, object);
  }
  auto result = get_attribute(vm, object, name);
  if (result.is_error()) return false;
  r[i->a] = result.value();
  return true;
}

namespace {

/// Fills the cache of a LoadMethod whose object is no module.
void specialise_method(VM& vm, Instruction* i, Cell* cell, Str* name) {
  AttributeEntry entry = resolve(vm, cell, name);
  if (entry.kind == AttributeKind::Method) {
    specialise(vm, i, entry, Opcode::LoadMethod, Opcode::LoadMethodType, Opcode::LoadMethodMany);
  } else if (entry.kind == AttributeKind::Slot) {
    share_entry(vm, entry);
    i->opcode = Opcode::LoadMethodMany;
  }
}

}  // namespace

bool LoadMethod(VM& vm, Frame* frame, Instruction* i) {
  REGISTERS;
  Value object = r[i->b];
  Str* name = name_constant(frame, i->c);
  Value value, self;
  if (object.is_cell()) {
    value = dict_mode_attribute(vm, object.cell(), name, &self);
    if (value.is_empty() &&
        !specialise_module(vm, i, object, name, Opcode::LoadMethodModule, &value)) {
      if (!class_attribute(vm, object, name, &value, &self)) {
        specialise_method(vm, i, object.cell(), name);
      } else if (i->opcode != Opcode::LoadMethodMany) {
        specialise_class(i, as<Type>(object), value,
                         self.is_empty() ? Opcode::LoadMethodStatic : Opcode::LoadMethodClass);
      }
    }
  }
  if (value.is_empty()) {
    auto result = get_method(vm, object, name, &self);
    if (result.is_error()) return false;
    value = result.value();
  }
  r[i->a + kFrameWords] = self;
  r[i->a] = value;
  return true;
}

bool StoreAttr(VM& vm, Frame* frame, Instruction* i) {
  REGISTERS;
  Value object = r[i->a];
  Str* name = name_constant(frame, i->b);
  if (!object.is_cell()) return set_attribute(vm, object, name, r[i->c]).is_ok();
  Cell* cell = object.cell();
  ShapeId before = cell->shape;
  if (set_attribute(vm, object, name, r[i->c]).is_error()) return false;
  if (vm.type_of(cell)->flags & Type::kCustomSetAttr) return true;
  if (vm.shape(before)->is_dict_mode()) return true;
  AttributeEntry entry = resolve(vm, cell, name);
  if (!entry.writable) return true;
  if (cell->shape != before) {
    // Added: the next instance of the old shape goes straight to the new one.
    const Shape* parent = vm.shape(cell->shape)->parent;
    if (entry.kind != AttributeKind::Slot || !parent || parent->id != before) return true;
    entry.kind = AttributeKind::Add;
    entry.shape = before;
    entry.version = cell->shape;
    specialise(vm, i, entry, Opcode::StoreAttr, Opcode::StoreAttrAdd, Opcode::StoreAttrMany);
    return true;
  }
  specialise(vm, i, entry, Opcode::StoreAttr,
             entry.kind == AttributeKind::Slot ? Opcode::StoreAttrSlot : Opcode::StoreAttrMember,
             Opcode::StoreAttrMany);
  return true;
}

bool DeleteAttr(VM& vm, Frame* frame, Instruction* i) {
  return delete_attribute(vm, frame->registers()[i->a], name_constant(frame, i->b)).is_ok();
}

// --- super ---

namespace {

/// The attribute after `cls` in the MRO of self's type. *self is cleared unless it is to be passed
/// to a plain function.
Result<Value> super_lookup(VM& vm, const Value* operands, Str* name, Value* self) {
  Value super_type = operands[0], cls = operands[1];
  *self = operands[2];
  bool is_builtin = super_type.is(vm.type(BuiltinType::Super));
  Type* start = try_as<Type>(cls);
  if (is_builtin && start) {
    Type* type = nullptr;
    Type* own = vm.type_of(*self);
    if (own->is_subtype_of(start)) {
      type = own;
    } else if (Type* as_class = try_as<Type>(*self); as_class && as_class->is_subtype_of(start)) {
      type = as_class;
    }
    if (type && type == own && name != vm.names().class_) {
      bool passed = false;
      for (Value entry : type->mro->span()) {
        if (entry.cell() == start) {
          passed = true;
          continue;
        }
        if (!passed) continue;
        Type* base = as<Type>(entry);
        TRY(type_populate(vm, base));
        Value found = dict_get_str(vm, base->dict, name);
        if (found.is_empty()) continue;
        if (is_method(found)) return found;
        if (is_plain_value(vm, found)) {
          *self = Value();
          return found;
        }
        break;  // another descriptor: the general way
      }
    }
  }
  Value object = TRY(is_builtin ? vm.call(super_type, {cls, *self}) : vm.call(super_type, {}));
  return get_method(vm, object, name, self);
}

}  // namespace

bool LoadSuperAttr(VM& vm, Frame* frame, Instruction* i) {
  REGISTERS;
  Value self;
  auto found = super_lookup(vm, r + i->b, name_constant(frame, i->c), &self);
  if (found.is_error()) return false;
  Value value = found.value();
  if (!self.is_empty()) {
    auto bound = bind_descriptor(vm, value, self, vm.type_of(self));
    if (bound.is_error()) return false;
    value = bound.value();
  }
  r[i->a] = value;
  return true;
}

bool LoadSuperMethod(VM& vm, Frame* frame, Instruction* i) {
  REGISTERS;
  Value self;
  Value super_type = r[i->b], cls = r[i->b + 1], receiver = r[i->b + 2];
  auto found = super_lookup(vm, r + i->b, name_constant(frame, i->c), &self);
  if (found.is_error()) return false;
  if (self.is_cell() && self.is(receiver) && super_type.is(vm.type(BuiltinType::Super)) &&
      is_method(found.value()) && self.cell()->kind != CellKind::Type) {
    *super_cache(i) = {self.cell()->shape, vm.type_of(self)->version, found.value(), cls};
    i->opcode = Opcode::LoadSuperMethodType;
  }
  r[i->a] = found.value();
  r[i->a + kFrameWords] = self;
  return true;
}

bool LoadSpecial(VM& vm, Frame* frame, Instruction* i) {
  REGISTERS;
  Value object = r[i->b];
  Special special = static_cast<Special>(i->c);
  Type* type = vm.type_of(object);
  Value method = type_special(vm, type, special);
  if (method.is_empty()) {
    bool async = special == Special::AsyncEnter || special == Special::AsyncExit;
    bool exit = special == Special::Exit || special == Special::AsyncExit;
    (void)vm.raise(
        Exc::TypeError, "'{}' object does not support the {}context manager protocol{}", type,
        async ? "asynchronous " : "",
        exit ? std::string(" (missed ") + (async ? "__aexit__" : "__exit__") + " method)" : "");
    return false;
  }
  if (is_method(method)) {
    auto bound = make_bound_method(vm, method, object);
    if (bound.is_error()) return false;
    r[i->a] = bound.value();
    return true;
  }
  Value get = type_special(vm, vm.type_of(method), Special::Get);
  if (!get.is_empty()) {
    auto bound = vm.call(get, {method, object, type});
    if (bound.is_error()) return false;
    method = bound.value();
  }
  r[i->a] = method;
  return true;
}

// --- items ---

bool LoadItem(VM& vm, Frame* frame, Instruction* i) {
  REGISTERS;
  Value object = r[i->b], key = r[i->c];
  if (object.is_cell()) {
    if (object.cell()->shape == shape_of(BuiltinType::Dict)) {
      Value value;
      DictOutcome outcome = dict_try_get(as<Dict>(object), key, &value);
      if (outcome == DictOutcome::Undecided) {
        auto found = dict_get(vm, as<Dict>(object), key, &value);
        if (found.is_error()) return false;
        if (!found.value()) {  // looking again would hash again
          (void)vm.raise_with(Exc::KeyError, {&key, 1});
          return false;
        }
        outcome = DictOutcome::Found;
      }
      if (outcome == DictOutcome::Found) [[likely]] {
        r[i->a] = value;
        return true;
      }
    } else if (object.cell()->shape == shape_of(BuiltinType::Str) && key.is_small_int()) {
      const Str* text = as<Str>(object);
      int64_t index = key.as_small_int();
      if (index < 0) index += static_cast<int64_t>(text->length);
      if (index >= 0 && static_cast<uint64_t>(index) < text->length) [[likely]] {
        auto character = make_str_char(vm, text->at(static_cast<size_t>(index)));
        if (character.is_error()) return false;
        r[i->a] = character.value();
        return true;
      }
    } else if (object.cell()->kind == CellKind::Instance) {
      Value method = type_special(vm, vm.type_of(object.cell()), Special::GetItem);
      if (is_kind(method, CellKind::Function))
        return enter_script(vm, frame, method, i->a, 0, object, key);
    }
  }
  auto result = get_item(vm, object, key);
  if (result.is_error()) return false;
  r[i->a] = result.value();
  return true;
}

bool LoadSlice(VM& vm, Frame* frame, Instruction* i) {
  REGISTERS;
  Value object = r[i->b];
  const Value* bounds = r + i->c;
  bool plain = (bounds[0].is_small_int() || bounds[0].is_none()) &&
               (bounds[1].is_small_int() || bounds[1].is_none());
  if (plain && object.is_cell()) {
    Value part;
    auto done = get_slice(vm, object.cell(), bounds[0], bounds[1], &part);
    if (done.is_error()) return false;
    if (done.value()) {
      r[i->a] = part;
      return true;
    }
  }
  auto slice = make_slice(vm, bounds[0], bounds[1], Value::none());
  if (slice.is_error()) return false;
  if (object.is_cell() && object.cell()->kind == CellKind::Instance) {
    Value method = type_special(vm, vm.type_of(object.cell()), Special::GetItem);
    if (is_kind(method, CellKind::Function))
      return enter_script(vm, frame, method, i->a, 0, object, slice.value());
  }
  auto result = get_item(vm, object, slice.value());
  if (result.is_error()) return false;
  r[i->a] = result.value();
  return true;
}

bool StoreItem(VM& vm, Frame* frame, Instruction* i) {
  REGISTERS;
  if (is_exact(r[i->a], BuiltinType::Dict))
    return dict_set(vm, as<Dict>(r[i->a]), r[i->b], r[i->c]).is_ok();
  return set_item(vm, r[i->a], r[i->b], r[i->c]).is_ok();
}

bool DeleteItem(VM& vm, Frame* frame, Instruction* i) {
  REGISTERS;
  return delete_item(vm, r[i->a], r[i->b]).is_ok();
}

bool BuildSlice(VM& vm, Frame* frame, Instruction* i) {
  REGISTERS;
  auto slice = make_slice(vm, r[i->b], r[i->b + 1], r[i->b + 2]);
  if (slice.is_error()) return false;
  r[i->a] = slice.value();
  return true;
}

// --- calls with keywords and spread arguments ---

namespace {

bool keyword_call(VM& vm, Frame* frame, Instruction* i, bool method) {
  Value* window = frame->registers() + i->b;
  uint32_t count = i->c;
  Tuple* names = as<Tuple>(frame->code->constants[i[1].word() & 0xFFFFFFFF]);
  if (method) {
    if (window[kFrameWords].is_empty()) {
      std::copy(window + kFrameWords + 1, window + kFrameWords + 1 + count, window + kFrameWords);
    } else {
      ++count;
    }
  }
  if ((frame->flags & Frame::kHeap) || !is_kind(window[0], CellKind::Function)) {
    window = move_window(vm, window, count);
    if (!window) return false;
  }
  return enter_call(vm, window, i->a, count, names) != CallOutcome::Error;
}

}  // namespace

bool CallKeyword(VM& vm, Frame* frame, Instruction* i) { return keyword_call(vm, frame, i, false); }
bool CallMethodKeyword(VM& vm, Frame* frame, Instruction* i) {
  return keyword_call(vm, frame, i, true);
}

bool CallSpread(VM& vm, Frame* frame, Instruction* i) {
  Value* base = frame->registers() + i->b;
  Value callee = base[0], spread = base[kFrameWords], keywords = base[kFrameWords + 1];
  if (!is_exact(spread, BuiltinType::Tuple) && !is_exact(spread, BuiltinType::List)) {
    auto tuple = tuple_from(vm, spread);
    if (tuple.is_error()) {
      bool iterable = !type_special(vm, vm.type_of(spread), Special::Iter).is_empty() ||
                      !type_special(vm, vm.type_of(spread), Special::GetItem).is_empty();
      if (!iterable && vm.catch_pending(Exc::TypeError))
        (void)vm.raise(Exc::TypeError, "{} argument after * must be an iterable, not {}",
                       callable_text(vm, callee), vm.type_of(spread));
      return false;
    }
    spread = tuple.value();
  }
  std::span<const Value> positional =
      is_kind(spread, CellKind::Tuple) ? as<Tuple>(spread)->span() : as<List>(spread)->span();
  Dict* dict = try_as<Dict>(keywords);
  uint32_t keyword_count = dict ? dict->length : 0;
  Value* window = stack_top(vm);
  size_t count = positional.size() + keyword_count;
  if (count > static_cast<size_t>(vm.context()->stack_limit - window) - 64) {
    (void)vm.raise(Exc::RecursionError, "too many arguments for the stack");
    return false;
  }
  window[0] = callee;
  std::copy(positional.begin(), positional.end(), window + kFrameWords);
  Tuple* names = nullptr;
  if (keyword_count) {
    FloorGuard guard(vm.context(), window + kFrameWords + positional.size());
    auto made = make_tuple(vm, keyword_count);
    if (made.is_error()) return false;
    names = made.value();
    Value* values = window + kFrameWords + positional.size();
    size_t index = 0;
    for (DictCursor cursor(dict); cursor.next(); ++index) {
      if (!is_kind(cursor.key(), CellKind::Str)) {
        auto callable = is_callable(vm, callee);
        if (callable.is_ok() && !callable.value())
          (void)vm.raise(Exc::TypeError, "'{}' object is not callable", vm.type_of(callee));
        else if (callable.is_ok())
          (void)vm.raise(Exc::TypeError, "keywords must be strings");
        return false;
      }
      names->values()[index] = cursor.key();
      values[index] = cursor.value();
    }
  }
  return enter_call(vm, window, i->a, static_cast<uint32_t>(count), names) != CallOutcome::Error;
}

}  // namespace apy::slow
