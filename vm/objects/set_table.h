#pragma once
// The parts of set.cpp that set_methods.cpp builds on.
#include "vm/objects/set.h"

namespace apy {

/// Moves the live elements to a table with more than `minimum` places.
Result<void> set_resize(VM& vm, Set* set, size_t minimum);
/// The resize that follows from the number of elements.
Result<void> set_grow(VM& vm, Set* set);
/// Hash of a key to look up, and the key: an unhashable set stands for the frozenset with its
/// elements.
Result<Value> set_lookup_key(VM& vm, Value key, uint64_t* hash);
/// Adds all elements of another set.
Result<void> set_merge(VM& vm, Set* set, Set* other);

/// The live element from *position on, which moves behind it; false at the end. The set may be
/// changed between two calls.
inline bool next_entry(const Set* set, size_t* position, SetEntry* entry) {
  const SetTable* table = set->table;
  if (!table) return false;
  const SetEntry* entries = table->entries();
  for (size_t i = *position; i < table->capacity; ++i) {
    if (!entries[i].is_live()) continue;
    *entry = entries[i];
    *position = i + 1;
    return true;
  }
  *position = table->capacity;
  return false;
}

}  // namespace apy
