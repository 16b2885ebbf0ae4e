#pragma once
// Descriptors and attribute errors: what attribute access, classes and the descriptor types share.
#include "vm/binding/native.h"
#include "vm/objects/protocol.h"

namespace apy {

// --- descriptors (attribute.cpp) ---
/// descriptor.__get__(object, type); `object` empty: looked up on the class itself. Values that are
/// no descriptors come back as they are. Fast for the builtin descriptors.
Result<Value> bind_descriptor(VM& vm, Value descriptor, Value object, Type* type);
/// A data descriptor's __set__ (value empty: __delete__).
Result<void> store_descriptor(VM& vm, Value descriptor, Value object, Value value);
inline bool is_data_descriptor(VM& vm, Value v) {
  return v.is_cell() && (vm.type_of(v.cell())->flags & Type::kDataDescriptor);
}
/// The value of a getset or member for an instance of its owner.
Result<Value> getset_get(VM& vm, GetSet* descriptor, Value object);
Result<void> getset_set(VM& vm, GetSet* descriptor, Value object, Value value);
/// Setter of attributes that CPython implements as read-only members: they have an error text of
/// their own.
Result<void> readonly_member(VM& vm, Value self, Value value);
Result<Value> property_get(VM& vm, Record* property, Value object);
/// value empty: delete.
Result<void> property_set(VM& vm, Record* property, Value object, Value value);

// Fields of the Records of the descriptor types.
enum PropertyField {
  kPropertyGet,
  kPropertySet,
  kPropertyDelete,
  kPropertyDoc,
  kPropertyName,
  kPropertyFieldCount
};
enum SuperField { kSuperClass, kSuperSelf, kSuperSelfClass, kSuperFieldCount };
constexpr int kWrappedFunction =
    0;  // of classmethod and staticmethod; field 1 is the attributes Dict

/// super(cls, object).name; *self as get_method has it when not null.
Result<Value> super_get_attribute(VM& vm, Record* super, Str* name);
Result<Value> module_get_attribute(VM& vm, Value module, Str* name);

// --- errors ---
/// AttributeError with `name` and `obj`, worded for objects, classes and modules.
Error raise_no_attribute(VM& vm, Value object, Str* name);
/// AttributeError with `name` and `obj` and that message.
Error raise_attribute_error(VM& vm, Value object, Str* name, std::string_view message);

// --- classes (type.cpp, class.cpp) ---
/// Derives the flags that depend on special methods from the namespaces along the MRO.
void update_class_flags(VM& vm, Type* type);
/// After a change of an attribute of that name: type_modified when it is a special one, else new
/// versions only.
void type_attribute_changed(VM& vm, Type* type, const Str* name);
/// Makes every inline cache that reads or writes a slot look again (interpreter/inline_caches.cpp).
void forget_slot_caches(VM& vm);
/// If the attribute is the last that a cell with slots got, it is gone and the cell has the shape
/// it had before; else false.
bool remove_newest_attribute(VM& vm, Cell* cell, const Str* name);
Result<void> add_subclass(VM& vm, Type* base, Type* type);
void remove_subclass(VM& vm, Type* base, const Type* type);
/// The living direct subclasses.
Result<List*> list_subclasses(VM& vm, Type* type);
/// The most derived metaclass of `metaclass` and the bases' types: TypeError on conflict.
Result<Type*> calculate_metaclass(VM& vm, Type* metaclass, Tuple* bases);
/// The base that gives the layout; TypeErrors "multiple bases have instance lay-out conflict" and
/// so on.
Result<Type*> best_base(VM& vm, Tuple* bases);
/// type(name, bases, namespace): the `__new__` of type.
Result<Value> type_new(VM& vm, const Arguments& arguments);
/// cls(*arguments): type.__call__.
Result<Value> type_call(VM& vm, Type* cls, std::span<const Value> arguments, Tuple* keyword_names);
/// New root shapes after a layout change of `type`.
Result<void> finish_layout(VM& vm, Type* type);
/// May objects of class `from` become instances of `to`?
bool same_layout(const Type* from, const Type* to);

/// Text of an object's type for messages as `type_of`, for use with vm.raise.
inline Type* type_named(VM& vm, Value v) { return vm.type_of(v); }

/// A script-visible attribute name: TypeError "attribute name must be string, not 'X'". Interned.
Result<Str*> attribute_name(VM& vm, Value name);

/// A WeakReference that was allocated elsewhere enters the tables.
void register_weak_reference(VM& vm, WeakReference* reference);

}  // namespace apy
