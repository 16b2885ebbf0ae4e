#pragma once
// Set: open-addressing hash table of values; also frozenset (same struct, other shape).
#include "vm/gc/heap.h"
#include "vm/objects/special.h"

namespace apy {

class VM;
struct Type;

struct SetEntry {
  uint64_t hash;
  Value key;                                                 // empty: never used; kDeleted: removed
  static constexpr Value kDeleted = Value::from_bits(0x3C);  // a constant that no script value has
  bool is_live() const { return !key.is_empty() && !key.is(kDeleted); }
};
struct SetTable : Cell {
  static constexpr CellKind kKind = CellKind::SetTable;
  uint64_t capacity;  // power of two
  SetEntry* entries() { return reinterpret_cast<SetEntry*>(this + 1); }
  const SetEntry* entries() const { return reinterpret_cast<const SetEntry*>(this + 1); }
  void trace(Visitor& visitor) const;
};
struct Set : Cell {
  static constexpr CellKind kKind = CellKind::Set;
  uint32_t length;
  uint32_t filled;  // used and deleted entries
  SetTable* table;
  uint64_t hash;  // frozenset: 0 until computed; set: where pop() looks next
  void trace(Visitor& visitor) const { visitor.visit(table); }
};
Result<Set*> make_set(VM& vm, BuiltinType type = BuiltinType::Set);
/// A new, empty set of class `cls` (set, frozenset or a subclass).
Result<Set*> make_set_of(VM& vm, Type* cls);
/// `key in set`: an unhashable set as key stands for its frozenset.
Result<bool> set_contains(VM& vm, Set* set, Value key);
/// True when it was not there before.
Result<bool> set_add(VM& vm, Set* set, Value key);
Result<bool> set_discard(VM& vm, Set* set, Value key);
/// Adds every item of an iterable.
Result<void> set_update(VM& vm, Set* set, Value iterable);
/// The live keys in table order, from C++: position starts at 0; false at the end.
bool set_next(const Set* set, size_t* position, Value* key);
bool set_next_entry(const Set* set, size_t* position, SetEntry* entry);
/// The same with the hash known.
Result<bool> set_contains_hashed(VM& vm, Set* set, Value key, uint64_t hash);
Result<bool> set_add_hashed(VM& vm, Set* set, Value key, uint64_t hash);
Result<bool> set_discard_hashed(VM& vm, Set* set, Value key, uint64_t hash);
void set_clear(VM& vm, Set* set);
Result<bool> set_equal(VM& vm, Set* a, Set* b);

}  // namespace apy
