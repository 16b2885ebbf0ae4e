#pragma once
// Dict: insertion-ordered, compact hash table (an index of small integers over an array of entries).
//
// `layout` identifies keys and their positions: it is drawn from the VM's counter and changes whenever a key is
// added, removed or moved, and not when a value is replaced. Two dicts never share a layout number. So an inline
// cache that saw (layout, entry index) may read the value with one compare, and a miss is cacheable as well.
// Lookups with Str keys compare pointers first and never run script code while all keys are exact strings.
#include "vm/gc/heap.h"
#include "vm/objects/special.h"

namespace apy {

class VM;
struct Str;

struct DictEntry {
  uint64_t hash;
  Value key;  // empty: deleted
  Value value;
};

/// The table: `1 << log2_slots` index slots (1, 2 or 4 bytes each by capacity) followed by the entries.
struct DictTable : Cell {
  static constexpr CellKind kKind = CellKind::DictTable;
  uint32_t log2_slots;
  uint32_t capacity;  // entries that fit
  uint32_t filled;    // entries used, deleted ones included
  uint32_t padding;
  DictEntry* entries();
  const DictEntry* entries() const { return const_cast<DictTable*>(this)->entries(); }
  void trace(Visitor& visitor) const;
};

struct Dict : Cell {
  static constexpr CellKind kKind = CellKind::Dict;
  static constexpr uint16_t kHasNonStrKeys = 1;  // aux
  uint32_t length;
  uint32_t layout;
  DictTable* table;  // null while empty
  bool has_only_str_keys() const { return !(aux & kHasNonStrKeys); }
  void trace(Visitor& visitor) const { visitor.visit(table); }
};

Result<Dict*> make_dict(VM& vm, size_t expected = 0);
/// Looks up a string key (no script code can run when all keys are exact strings; errors are impossible then;
/// otherwise a failing __eq__ counts as absent). Empty when absent.
Value dict_get_str(VM& vm, Dict* dict, Str* key);
/// Entry index of a string key or -1. Only for dicts with string keys.
int64_t dict_find_str(VM& vm, Dict* dict, Str* key);
/// True and *out set when present. Errors from __hash__/__eq__; TypeError "unhashable type: 'X'".
Result<bool> dict_get(VM& vm, Dict* dict, Value key, Value* out);
Result<void> dict_set(VM& vm, Dict* dict, Value key, Value value);
Result<void> dict_set_str(VM& vm, Dict* dict, Str* key, Value value);
/// Removes; *out (may be null) gets the value. False when absent.
Result<bool> dict_remove(VM& vm, Dict* dict, Value key, Value* out);
void dict_clear(VM& vm, Dict* dict);
Result<Dict*> dict_copy(VM& vm, Dict* dict);
/// d.update(mapping or iterable of pairs).
Result<void> dict_update(VM& vm, Dict* dict, Value other);

/// Iteration from C++: for (DictCursor c(dict); c.next(); ) use c.key(), c.value(). The dict may be changed meanwhile: the
/// cursor re-reads the table and stays within bounds.
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

}  // namespace apy
