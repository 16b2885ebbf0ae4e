#pragma once
// Set: open-addressing hash table of values; also frozenset (same struct, other shape).
#include "vm/gc/heap.h"
#include "vm/objects/special.h"

namespace apy {

class VM;

struct SetEntry {
  uint64_t hash;
  Value key;  // empty: never used; Value::ellipsis-tagged deletions are the implementation's business
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
  uint64_t hash;  // frozenset: 0 until computed
  void trace(Visitor& visitor) const { visitor.visit(table); }
};
Result<Set*> make_set(VM& vm, BuiltinType type = BuiltinType::Set);
Result<bool> set_contains(VM& vm, Set* set, Value key);
/// True when it was not there before.
Result<bool> set_add(VM& vm, Set* set, Value key);
Result<bool> set_discard(VM& vm, Set* set, Value key);
/// Adds every item of an iterable.
Result<void> set_update(VM& vm, Set* set, Value iterable);
/// The live keys in table order, from C++: position starts at 0; false at the end.
bool set_next(const Set* set, size_t* position, Value* key);

}  // namespace apy
