#pragma once
// Types, shapes and instances.
//
// Type: name, bases, MRO, a namespace Dict, and `special`, the special methods by number as the MRO
// gives them (filled lazily, reset for the type and its subclasses when a namespace changes). There
// is one mechanism for operators on builtin and script types alike: the special method found on the
// type. Builtin types get their namespace from a static table (vm/binding) on first use.
//
// Shape: the hidden class of an instance: its type and the names of its attribute slots in order.
// Shapes form a tree by "add attribute"; instances that got the same attributes in the same order
// share one. Exact instances of builtin types have the fixed numbers of BuiltinType. A shape with
// kDictMode holds its attributes in a Dict.
//
// Attributes live in slots. Slot i of an Instance is inline, at `sizeof(Instance) + 8*i`, for i <
// Shape::inline_slots (also in Cell::aux), the others are in a ValueArray whose pointer is at
// `attributes_offset`, from its start on. Other structs with attributes (exceptions, list
// subclasses) have only members inline, at `members_offset`; slot i is at position i of the
// ValueArray. In dict mode the pointer at `attributes_offset` is the Dict and only the members are
// left in slots.
//
// `version` changes whenever a lookup on the type could change; it is never reused, so caches hold
// it as a guard.
#include <string_view>

#include "vm/gc/heap.h"
#include "vm/objects/containers.h"
#include "vm/objects/dict.h"
#include "vm/objects/special.h"
#include "vm/objects/str.h"

namespace apy {

struct NativeTypeDef;               // vm/binding/native.h
enum class AwaitOutcome : uint8_t;  // interpreter/suspend.h
struct Type;

struct Shape : Cell {
  static constexpr CellKind kKind = CellKind::Shape;
  static constexpr uint16_t kDictMode = 1;  // aux
  static constexpr uint32_t kMaxSlots = 512;
  ShapeId id;
  uint32_t slot_count;
  uint32_t inline_slots;  // every instance of this shape has that many slots inline
  Type* type;
  Shape* parent;
  Str* key;           // the attribute that this shape adds at slot_count - 1
  Dict* slots;        // name -> small int slot; built when first needed, null for a root
  Value transitions;  // empty, one Shape, or a Dict name -> Shape
  bool is_dict_mode() const { return aux & kDictMode; }
  void trace(Visitor& visitor) const;
};

struct Type : Cell {
  static constexpr CellKind kKind = CellKind::Type;
  // flags
  static constexpr uint32_t kHeapType = 1;  // made by a class statement or type()
  static constexpr uint32_t kCanSubclass = 2;
  static constexpr uint32_t kHasDict = 4;    // instances have attributes
  static constexpr uint32_t kPopulated = 8;  // native methods are in `dict`
  static constexpr uint32_t kCustomGetAttribute =
      16;  // __getattribute__ or __getattr__ is a script method: no caching
  static constexpr uint32_t kCustomSetAttr = 32;
  static constexpr uint32_t kDataDescriptor = 64;  // instances define __set__ or __delete__
  static constexpr uint32_t kException = 128;
  static constexpr uint32_t kAbstract = 256;
  static constexpr uint32_t kHasFinalizer = 512;                // defines __del__
  static constexpr uint32_t kSequence = 1024, kMapping = 2048;  // for match patterns
  static constexpr uint32_t kImmutable = 4096;     // setattr on the type is a TypeError
  static constexpr uint32_t kHasWeakref = 8192;    // instances can be weakly referenced
  static constexpr uint32_t kDisallowNew = 16384;  // cannot create 'X' instances

  // Types are objects with attributes in `dict`, not in slots.
  uint32_t flags;
  uint32_t version;
  CellKind instance_kind;
  BuiltinType builtin;    // nearest builtin base that fixes the layout ("solid base"); itself for a
                          // builtin type
  uint16_t inline_slots;  // learned: how many attribute slots new instances get inline
  uint32_t instance_size;      // bytes of the native part (header included), without attributes
  uint32_t attributes_offset;  // of the attributes word; 0: there is none (or its place varies, see
                               // instance.cpp)
  uint32_t member_slots;    // the first slots of instances are the members that __slots__ declared,
                            // always inline
  uint32_t members_offset;  // where slot 0 is inline
  Str* name;                // __name__
  Str* qualname;
  Tuple* bases;
  Tuple* mro;  // starts with the type itself
  Type* base;  // the "best base" that gives the layout
  Dict* dict;
  Value subclasses;                 // List of WeakReference, or empty
  Shape* root_shape;                // of new instances
  Shape* dict_shape;                // of instances in dict mode; made when first needed
  const NativeTypeDef* definition;  // null for script types
  AwaitOutcome (*await_step)(
      VM&, Value self, Value* result);  // see interpreter/suspend.h; null: not natively awaitable
  // The script __init__ of a class whose instances are plain (made by object.__new__ of type's
  // __call__); empty: not looked at yet; not_implemented: calls go the general way. Reset with
  // `special`.
  Value plain_init;
  Value special[static_cast<int>(
      Special::Count)];  // empty bits: not looked up yet; not_implemented: absent

  void trace(Visitor& visitor) const;
  bool is_subtype_of(const Type* other) const {
    for (Value entry : mro->span())
      if (entry.cell() == other) return true;
    return false;
  }
};

struct Instance : Cell {
  static constexpr CellKind kKind = CellKind::Instance;
  // Cell::aux: number of inline slots
  Cell* attributes;  // ValueArray of overflow slots, or the Dict in dict mode, or null
  Value* slots() { return reinterpret_cast<Value*>(this + 1); }
  const Value* slots() const { return reinterpret_cast<const Value*>(this + 1); }
  void trace(Visitor& visitor) const {
    visitor.visit(attributes);
    visitor.visit_range(slots(), aux);
  }
};

/// A struct of `aux` values whose meaning the type gives: iterators, views, property, super, ...
struct Record : Cell {
  static constexpr CellKind kKind = CellKind::Record;
  Value* fields() { return reinterpret_cast<Value*>(this + 1); }
  const Value* fields() const { return reinterpret_cast<const Value*>(this + 1); }
  void trace(Visitor& visitor) const { visitor.visit_range(fields(), aux); }
};

struct Module : Cell {
  static constexpr CellKind kKind = CellKind::Module;
  static constexpr uint16_t kBuiltin =
      1;  // aux: made by the engine rather than by types.ModuleType
  Dict* dict;
  Cell* attributes;  // for module subclasses
  void trace(Visitor& visitor) const {
    visitor.visit(dict);
    visitor.visit(attributes);
  }
};

struct WeakReference : Cell {
  static constexpr CellKind kKind = CellKind::WeakReference;
  Value target;  // not traced; empty once dead
  Value callback;
  Value hash;  // cached, empty until computed
  Cell* attributes;
  void trace(Visitor& visitor) const {
    visitor.visit(callback);
    visitor.visit(hash);
    visitor.visit(attributes);
  }
};

/// Static description of a native struct outside vm/objects (deque, Task, ...): trace and finalise
/// callbacks.
struct NativeClass {
  const char* name;  // "collections.deque"
  void (*trace)(const Cell* self, Visitor& visitor);
  void (*finalize)(VM& vm, Cell* self);  // may be null; else register_finalizer at creation
  /// Iterators: the step of iterator_next for exact instances (true and *out set, or false when
  /// exhausted).
  Result<bool> (*next)(VM& vm, Cell* self, Value* out) = nullptr;
};
/// Base of native structs of modules and runtime: `struct Deque : NativeObject { ... }`. Attributes
/// of script subclasses hang off `attributes`.
struct NativeObject : Cell {
  static constexpr CellKind kKind = CellKind::NativeObject;
  const NativeClass* native_class;
  Cell* attributes;
  void trace(Visitor& visitor) const {
    visitor.visit(attributes);
    native_class->trace(this, visitor);
  }
};
/// `v` as a T (`static const NativeClass kClass` in T), or of a subclass, else null.
template <class T>
T* try_native(Value v) {
  return is_kind(v, CellKind::NativeObject) &&
                 static_cast<NativeObject*>(v.cell())->native_class == &T::kClass
             ? static_cast<T*>(v.cell())
             : nullptr;
}

// --- types (type.cpp, class.cpp) ---
/// The attribute as the MRO gives it, without descriptors; empty when absent. Never runs script
/// code.
Value type_lookup(VM& vm, Type* type, Str* name);
Value type_lookup_special_slow(VM& vm, Type* type, Special special);
/// The special method, or empty when the type has none.
inline Value type_special(VM& vm, Type* type, Special special) {
  Value v = type->special[static_cast<int>(special)];
  if (v.is_empty()) [[unlikely]]
    return type_lookup_special_slow(vm, type, special);
  return v.is_not_implemented() ? Value() : v;
}
/// To be called after `type->dict` changed: new versions, special[] reset, for subclasses too.
void type_modified(VM& vm, Type* type);
/// Fills the namespace of a builtin type from its definition if that has not happened yet.
Result<void> type_populate(VM& vm, Type* type);
/// type(name, bases, namespace, **keywords) with everything that class creation does after the
/// metaclass is known: MRO, layout, __slots__, __set_name__, __init_subclass__, __classcell__.
Result<Type*> make_class(VM& vm, Type* metaclass, Str* name, Tuple* bases, Dict* dict,
                         Tuple* keyword_names, const Value* keyword_values);
/// Creates a native type (of a module): `base` null means object. See NativeTypeDef.
Result<Type*> make_native_type(VM& vm, const NativeTypeDef& definition, Type* base = nullptr);
/// A new, zeroed instance of `type` (its instance_size, inline slots, root shape); for __new__
/// implementations.
Result<Cell*> allocate_instance(VM& vm, Type* type);
/// C3 linearisation; TypeError on conflict.
Result<Tuple*> compute_mro(VM& vm, Type* type, Tuple* bases);

// --- shapes (shape.cpp) ---
Result<Shape*> make_root_shape(VM& vm, Type* type);
/// Slot of `name`, or -1.
int64_t shape_find(VM& vm, Shape* shape, Str* name);
Result<Shape*> shape_add(VM& vm, Shape* shape, Str* name);
/// The address of slot `index` of `cell`; null when that slot would be in an overflow array that is
/// missing or too short.
Value* slot_address(VM& vm, Cell* cell, uint32_t index);
/// The shape of instances of `type` in dict mode.
Result<Shape*> dict_mode_shape(VM& vm, Type* type);

// --- instances (instance.cpp) ---
/// Where `cell` keeps its attributes word (see above), or null when it has none.
Cell** attributes_location(VM& vm, Cell* cell);
/// The Dict in which `cell` keeps its own attributes; null when it keeps them in slots, or has none
/// (yet).
Dict* existing_attributes_dict(VM& vm, Cell* cell);
/// May `cell` have attributes of its own?
bool has_attributes(VM& vm, Cell* cell);

// --- attributes (attribute.cpp) ---
/// getattr(object, name): AttributeError when missing.
Result<Value> get_attribute(VM& vm, Value object, Str* name);
/// False and no error when the attribute does not exist (AttributeError raised by script hooks is
/// swallowed).
Result<bool> get_attribute_optional(VM& vm, Value object, Str* name, Value* out);
Result<void> set_attribute(VM& vm, Value object, Str* name, Value value);
Result<void> delete_attribute(VM& vm, Value object, Str* name);
/// object.__getattribute__/__setattr__ (value empty: delete) proper.
Result<Value> generic_get_attribute(VM& vm, Value object, Str* name);
Result<void> generic_set_attribute(VM& vm, Value object, Str* name, Value value);
/// type.__getattribute__: attribute of a class object.
Result<Value> type_get_attribute(VM& vm, Type* type, Str* name);
Result<void> type_set_attribute(VM& vm, Type* type, Str* name, Value value);
/// The object's own attribute (instance dict) without descriptors, or empty.
Value own_attribute(VM& vm, Cell* cell, Str* name);
Result<void> set_own_attribute(VM& vm, Cell* cell, Str* name, Value value);
/// The live `__dict__`: switches the object to dict mode.
Result<Dict*> attributes_dict(VM& vm, Cell* cell);
Result<void> set_attributes_dict(VM& vm, Cell* cell, Dict* dict);
/// For method calls: the attribute unbound when it is a plain function or method descriptor found
/// on the type
/// (*self = object), else the ordinary attribute (*self = empty).
Result<Value> get_method(VM& vm, Value object, Str* name, Value* self);

}  // namespace apy
