#pragma once
// Dict: insertion-ordered, compact hash table (an index of small integers over an array of
// entries).
//
// `layout` identifies keys and their positions, for inline caches. dict_find_str draws a number
// from the VM's counter; adding, removing or moving a key puts the dict back to kUnnumbered,
// replacing a value does not. Two dicts never share a number. So a cache that called dict_find_str
// and then kept (layout, entry index) may read the value with one compare, and a miss is cacheable
// as well. A cache must never hold kUnnumbered: read `layout` after dict_find_str. (Numbers are
// drawn on demand so that filling tables does not use them up.)
//
// Lookups with Str keys compare pointers first and never run script code while all keys are exact
// strings.
//
// The index holds entry number + 1; 0 is a free slot and the largest number a deleted one, so that
// zeroed memory is an empty index. Probing is `i = 5 * i + perturb + 1` with the hash shifted in as
// perturbation.
#include <limits>

#include "vm/gc/heap.h"
#include "vm/objects/special.h"
#include "vm/objects/str.h"

namespace apy {

class VM;

struct Type;

struct DictEntry {
  uint64_t hash;
  Value key;  // empty: deleted
  Value value;
};

/// The table: `1 << log2_slots` index slots (1, 2 or 4 bytes each by capacity) followed by the
/// entries.
struct DictTable : Cell {
  static constexpr CellKind kKind = CellKind::DictTable;
  uint32_t log2_slots;
  uint32_t usable;  // insertions left before the table must be rebuilt
  uint32_t filled;  // entries used, deleted ones included
  uint32_t first;   // all entries before this one are deleted
  static constexpr uint32_t kFreeSlot = 0;
  static constexpr uint32_t kDeletedSlot = std::numeric_limits<uint32_t>::max();
  size_t mask() const { return (size_t{1} << log2_slots) - 1; }
  uint32_t slot(size_t i) const {
    if (log2_slots <= 8) [[likely]] {
      uint8_t s = reinterpret_cast<const uint8_t*>(this + 1)[i];
      return s == 0xFF ? kDeletedSlot : s;
    }
    if (log2_slots <= 16) {
      uint16_t s = reinterpret_cast<const uint16_t*>(this + 1)[i];
      return s == 0xFFFF ? kDeletedSlot : s;
    }
    return reinterpret_cast<const uint32_t*>(this + 1)[i];
  }
  void set_slot(size_t i, uint32_t s) {
    if (log2_slots <= 8)
      reinterpret_cast<uint8_t*>(this + 1)[i] = static_cast<uint8_t>(s);
    else if (log2_slots <= 16)
      reinterpret_cast<uint16_t*>(this + 1)[i] = static_cast<uint16_t>(s);
    else
      reinterpret_cast<uint32_t*>(this + 1)[i] = s;
  }
  DictEntry* entries();
  const DictEntry* entries() const { return const_cast<DictTable*>(this)->entries(); }
  void trace(Visitor& visitor) const;
};

struct Dict : Cell {
  static constexpr CellKind kKind = CellKind::Dict;
  static constexpr uint16_t kHasNonStrKeys = 1;  // aux
  static constexpr uint32_t kUnnumbered = std::numeric_limits<uint32_t>::max();
  uint32_t length;
  uint32_t layout;
  DictTable* table;  // null while empty
  bool has_only_str_keys() const { return !(aux & kHasNonStrKeys); }
  void trace(Visitor& visitor) const { visitor.visit(table); }
};

Result<Dict*> make_dict(VM& vm, size_t expected = 0);
/// A new dict of class `cls` (dict or a subclass).
Result<Dict*> make_dict_of(VM& vm, Type* cls);
/// Looks up a string key (no script code can run when all keys are exact strings; errors are
/// impossible then; otherwise a failing __eq__ counts as absent). Empty when absent.
Value dict_get_str(VM& vm, Dict* dict, Str* key);
/// Entry index of a string key or -1. Only for dicts with string keys. Numbers the layout.
int64_t dict_find_str(VM& vm, Dict* dict, Str* key);
/// True and *out set when present. Errors from __hash__/__eq__; TypeError "unhashable type: 'X'".
Result<bool> dict_get(VM& vm, Dict* dict, Value key, Value* out);
Result<void> dict_set(VM& vm, Dict* dict, Value key, Value value);
Result<void> dict_set_str(VM& vm, Dict* dict, Str* key, Value value);
/// Removes; *out (may be null) gets the value. False when absent.
Result<bool> dict_remove(VM& vm, Dict* dict, Value key, Value* out);
/// The existing value, or `value` after storing it.
Result<Value> dict_set_default(VM& vm, Dict* dict, Value key, Value value);
void dict_clear(VM& vm, Dict* dict);
Result<Dict*> dict_copy(VM& vm, Dict* dict);
/// d.update(mapping or iterable of pairs).
Result<void> dict_update(VM& vm, Dict* dict, Value other);
/// Copies all entries of a dict, looking only at its table.
Result<void> dict_merge(VM& vm, Dict* dict, Dict* other);
/// Removes the entry at `index` (below table->filled and not deleted).
void dict_remove_entry(VM& vm, Dict* dict, uint32_t index);
/// Makes `key` the last or the first entry; false when absent.
Result<bool> dict_move_to_end(VM& vm, Dict* dict, Value key, bool last);
/// `d[key]` with __missing__ of subclasses and KeyError.
Result<Value> dict_get_item(VM& vm, Dict* dict, Value key);
/// Room for `count` entries altogether.
Result<void> dict_reserve(VM& vm, Dict* dict, size_t count);
Result<bool> dict_equal(VM& vm, Dict* a, Dict* b);

/// Iteration from C++: for (DictCursor c(dict); c.next(); ) use c.key(), c.value(). The dict may be
/// changed meanwhile: the cursor re-reads the table and stays within bounds.
class DictCursor {
 public:
  explicit DictCursor(Dict* dict) : dict_(dict) {}
  bool next() {
    DictTable* table = dict_->table;
    while (table && position_ < table->filled) {
      const DictEntry& entry = table->entries()[position_++];
      if (!entry.key.is_empty()) {
        key_ = entry.key;
        value_ = entry.value;
        return true;
      }
    }
    return false;
  }
  Value key() const { return key_; }
  Value value() const { return value_; }
  size_t position() const { return position_; }

 private:
  Dict* dict_;
  uint32_t position_ = 0;
  Value key_, value_;
};

inline DictEntry* DictTable::entries() {
  size_t slot_size = log2_slots <= 8 ? 1 : log2_slots <= 16 ? 2 : 4;
  size_t index_bytes = ((size_t{1} << log2_slots) * slot_size + 7) & ~size_t{7};
  return reinterpret_cast<DictEntry*>(reinterpret_cast<char*>(this + 1) + index_bytes);
}

/// Hash of a small int: modulo 2**61 - 1, and never -1, as for all numbers.
constexpr uint64_t hash_small_int(int64_t i) {
  constexpr int64_t kModulus = (int64_t{1} << 61) - 1;
  int64_t hash = i % kModulus;
  return static_cast<uint64_t>(hash == -1 ? -2 : hash);
}

/// What a lookup that may not run script code found.
enum class DictOutcome { Absent, Found, Undecided };

/// Looks for `key` with its hash among the entries, comparing identity and exact strings only;
/// Undecided when an equal hash needs `__eq__`. *index is set when found.
inline DictOutcome dict_probe(const DictTable* table, Value key, uint64_t hash, uint32_t* index) {
  size_t mask = table->mask();
  size_t i = hash & mask;
  const DictEntry* entries = table->entries();
  for (uint64_t perturb = hash;;) {
    uint32_t slot = table->slot(i);
    if (slot == DictTable::kFreeSlot) return DictOutcome::Absent;
    if (slot != DictTable::kDeletedSlot) {
      const DictEntry& entry = entries[slot - 1];
      if (entry.key == key) [[likely]] {
        *index = slot - 1;
        return DictOutcome::Found;
      }
      if (entry.hash == hash) {
        if (!is_exact(entry.key, BuiltinType::Str) || !is_exact(key, BuiltinType::Str))
          return DictOutcome::Undecided;
        if (str_equal(as<Str>(entry.key), as<Str>(key))) {
          *index = slot - 1;
          return DictOutcome::Found;
        }
      }
    }
    perturb >>= 5;
    i = (i * 5 + perturb + 1) & mask;
  }
}

/// The entry of a small int or string that stands where the search for it begins and is this very
/// object; null: search. Short enough for the interpreter's loop.
inline const DictEntry* dict_first_probe(const Dict* dict, Value key) {
  const DictTable* table = dict->table;
  uint64_t hash;
  if (is_exact(key, BuiltinType::Str)) {
    hash = as<Str>(key)->hash;
  } else if (key.is_small_int()) {
    hash = static_cast<uint64_t>(key.as_small_int());  // in a small table no other bits matter
  } else {
    return nullptr;
  }
  if (!table || table->log2_slots > 16) return nullptr;
  uint32_t slot = table->slot(hash & table->mask());
  // A deleted slot's number is beyond all entries.
  if (slot - 1 >= table->filled) return nullptr;
  const DictEntry* entry = table->entries() + (slot - 1);
  return entry->key == key ? entry : nullptr;
}

/// Lookup of strings with a known hash and of small ints, without calls. Undecided: use dict_get.
inline DictOutcome dict_try_get(const Dict* dict, Value key, Value* out) {
  uint64_t hash;
  if (key.is_small_int()) {
    hash = hash_small_int(key.as_small_int());
  } else if (is_exact(key, BuiltinType::Str)) {
    hash = as<Str>(key)->hash;
    if (hash == 0) return DictOutcome::Undecided;
  } else {
    return DictOutcome::Undecided;
  }
  const DictTable* table = dict->table;
  if (!table) return DictOutcome::Absent;
  uint32_t index;
  DictOutcome outcome = dict_probe(table, key, hash, &index);
  if (outcome == DictOutcome::Found) *out = table->entries()[index].value;
  return outcome;
}

}  // namespace apy
