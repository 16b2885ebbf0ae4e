// The dict's table: lookup, insertion, deletion, growth.
//
// Entries are kept in insertion order in one array; the index in front of it maps hashes to entry
// numbers. A removed entry leaves a hole in the array and a Deleted mark in the index. `usable`
// counts the insertions left; it is not given back by a removal, so the free slots that end every
// probe cannot run out. When it reaches zero the live entries move to a new table of a size that
// fits them.
//
// A lookup with a key of a script class may run `__eq__`, which may do anything to the dict. So
// after every such call the lookup checks that table and entry are what they were, and starts again
// when not.
#include "vm/objects/dict.h"

#include <algorithm>
#include <cstring>

#include "vm/objects/equality.h"
#include "vm/objects/hash_table.h"
#include "vm/objects/protocol.h"

namespace apy {

namespace {

constexpr uint32_t kMinimumLog2 = 3;
constexpr uint32_t kMaximumLog2 = 30;

constexpr size_t usable_of(uint32_t log2_slots) { return (size_t{2} << log2_slots) / 3; }

size_t index_bytes(uint32_t log2_slots) {
  size_t slot_size = log2_slots <= 8 ? 1 : log2_slots <= 16 ? 2 : 4;
  return ((size_t{1} << log2_slots) * slot_size + 7) & ~size_t{7};
}

/// Smallest table that holds `count` entries.
uint32_t log2_for(size_t count) {
  uint32_t log2 = kMinimumLog2;
  while (log2 <= kMaximumLog2 && usable_of(log2) < count) ++log2;
  return log2;
}

Result<DictTable*> make_table(VM& vm, uint32_t log2_slots) {
  if (log2_slots > kMaximumLog2) return vm.out_of_memory();
  size_t usable = usable_of(log2_slots);
  size_t size = sizeof(DictTable) + index_bytes(log2_slots) + usable * sizeof(DictEntry);
  DictTable* table = TRY(vm.allocate<DictTable>(BuiltinType::Internal, size));
  table->log2_slots = log2_slots;
  table->usable = static_cast<uint32_t>(usable);
  return table;
}

/// Enters entry `index` into the index; its key is known to be absent.
void link_entry(DictTable* table, uint64_t hash, uint32_t index) {
  size_t mask = table->mask();
  size_t i = hash & mask;
  for (uint64_t perturb = hash;;) {
    uint32_t slot = table->slot(i);
    if (slot == DictTable::kFreeSlot || slot == DictTable::kDeletedSlot) break;
    perturb >>= 5;
    i = (i * 5 + perturb + 1) & mask;
  }
  table->set_slot(i, index + 1);
}

/// The slot that refers to entry `index`.
size_t slot_of_entry(const DictTable* table, uint32_t index) {
  uint64_t hash = table->entries()[index].hash;
  size_t mask = table->mask();
  size_t i = hash & mask;
  for (uint64_t perturb = hash; table->slot(i) != index + 1;) {
    perturb >>= 5;
    i = (i * 5 + perturb + 1) & mask;
  }
  return i;
}

/// Moves the live entries to a new table, behind `gap` free places.
Result<void> rebuild(VM& vm, Dict* dict, uint32_t log2_slots, uint32_t gap = 0) {
  DictTable* table = TRY(make_table(vm, log2_slots));
  DictTable* old = dict->table;
  if (old) {
    const DictEntry* from = old->entries();
    DictEntry* to = table->entries();
    uint32_t count = gap;
    for (uint32_t i = old->first; i < old->filled; ++i) {
      if (from[i].key.is_empty()) continue;
      to[count] = from[i];
      link_entry(table, from[i].hash, count);
      ++count;
    }
    table->first = gap;
    table->filled = count;
    table->usable -= count;
  }
  dict->table = table;
  dict->layout = Dict::kUnnumbered;
  vm.barrier(dict);
  if (old) vm.heap().free_storage(old);
  return {};
}

Result<void> grow(VM& vm, Dict* dict) {
  return rebuild(vm, dict, log2_for(size_t{dict->length} * 2));
}

/// The key is known to be absent.
Result<void> insert_new(VM& vm, Dict* dict, Value key, uint64_t hash, Value value) {
  if (!dict->table || dict->table->usable == 0) TRY(grow(vm, dict));
  DictTable* table = dict->table;
  uint32_t index = table->filled++;
  --table->usable;
  table->entries()[index] = {hash, key, value};
  link_entry(table, hash, index);
  ++dict->length;
  dict->layout = Dict::kUnnumbered;
  if (!is_exact(key, BuiltinType::Str)) dict->aux |= Dict::kHasNonStrKeys;
  vm.barrier(table, &table->entries()[index]);
  return {};
}

/// Entry index or -1. Starts again when script code changed what was compared. A table that was
/// rebuilt meanwhile but holds the same key in the same place will do: an `__eq__` that refills the
/// dict each time must come to an end.
Result<int64_t> find_slow(VM& vm, Dict* dict, Value key, uint64_t hash) {
restart:
  DictTable* table = dict->table;
  if (!table) return int64_t{-1};
  uint32_t log2_slots = table->log2_slots;
  size_t mask = table->mask();
  size_t i = hash & mask;
  for (uint64_t perturb = hash;;) {
    uint32_t slot = table->slot(i);
    if (slot == DictTable::kFreeSlot) return int64_t{-1};
    if (slot != DictTable::kDeletedSlot) {
      const DictEntry& entry = table->entries()[slot - 1];
      Value candidate = entry.key;
      if (candidate == key) return int64_t{slot} - 1;
      if (entry.hash == hash) {
        Equality equality = plain_equality(candidate, key);
        if (equality == Equality::Yes) return int64_t{slot} - 1;
        bool equal = equality == Equality::Undecided && TRY(values_equal(vm, candidate, key));
        table = dict->table;
        if (!table || table->log2_slots != log2_slots || table->slot(i) != slot ||
            slot > table->filled || !table->entries()[slot - 1].key.is(candidate))
          goto restart;
        if (equal) return int64_t{slot} - 1;
      }
    }
    perturb >>= 5;
    i = (i * 5 + perturb + 1) & mask;
  }
}

constexpr int64_t kUndecided = -2;

/// dict_probe for one size of slots: entry index, -1, or kUndecided.
template <class Slot>
int64_t probe_slots(const DictTable* table, Value key, uint64_t hash) {
  constexpr Slot kDeleted = std::numeric_limits<Slot>::max();
  auto* slots = reinterpret_cast<const Slot*>(table + 1);
  const DictEntry* entries = table->entries();
  size_t mask = table->mask();
  size_t i = hash & mask;
  for (uint64_t perturb = hash;;) {
    Slot slot = slots[i];
    if (slot == DictTable::kFreeSlot) return -1;
    if (slot != kDeleted) {
      const DictEntry& entry = entries[slot - 1];
      if (entry.key == key) [[likely]]
        return int64_t{slot} - 1;
      if (entry.hash == hash) {
        Equality equality = plain_equality(entry.key, key);
        if (equality == Equality::Undecided) return kUndecided;
        if (equality == Equality::Yes) return int64_t{slot} - 1;
      }
    }
    perturb >>= 5;
    i = (i * 5 + perturb + 1) & mask;
  }
}

Result<int64_t> find(VM& vm, Dict* dict, Value key, uint64_t hash) {
  const DictTable* table = dict->table;
  if (!table) return int64_t{-1};
  int64_t index = table->log2_slots <= 8    ? probe_slots<uint8_t>(table, key, hash)
                  : table->log2_slots <= 16 ? probe_slots<uint16_t>(table, key, hash)
                                            : probe_slots<uint32_t>(table, key, hash);
  return index == kUndecided ? find_slow(vm, dict, key, hash) : index;
}

/// set_hashed for keys that need no `__eq__`: one walk along the probe sequence finds the entry or
/// the place for a new one. False when another key, or a full table, needs more.
bool try_set_hashed(VM& vm, Dict* dict, Value key, uint64_t hash, Value value) {
  DictTable* table = dict->table;
  if (!table || table->usable == 0) return false;
  bool is_text = is_exact(key, BuiltinType::Str);
  DictEntry* entries = table->entries();
  size_t mask = table->mask();
  size_t i = hash & mask;
  for (uint64_t perturb = hash;;) {
    uint32_t slot = table->slot(i);
    if (slot == DictTable::kFreeSlot) break;
    if (slot == DictTable::kDeletedSlot) return false;
    DictEntry& entry = entries[slot - 1];
    bool same = entry.key == key;
    if (!same && entry.hash == hash) {
      Equality equality = plain_equality(entry.key, key);
      if (equality == Equality::Undecided) return false;
      same = equality == Equality::Yes;
    }
    if (same) {
      entry.value = value;
      vm.barrier(table, &entry);
      return true;
    }
    perturb >>= 5;
    i = (i * 5 + perturb + 1) & mask;
  }
  uint32_t index = table->filled++;
  --table->usable;
  entries[index] = {hash, key, value};
  table->set_slot(i, index + 1);
  ++dict->length;
  dict->layout = Dict::kUnnumbered;
  if (!is_text) dict->aux |= Dict::kHasNonStrKeys;
  vm.barrier(table, &entries[index]);
  return true;
}

Result<void> set_hashed(VM& vm, Dict* dict, Value key, uint64_t hash, Value value) {
  if (try_set_hashed(vm, dict, key, hash, value)) return {};
  int64_t index = TRY(find(vm, dict, key, hash));
  if (index < 0) return insert_new(vm, dict, key, hash, value);
  dict->table->entries()[index].value = value;
  vm.barrier(dict->table, &dict->table->entries()[index]);
  return {};
}

}  // namespace

void DictTable::trace(Visitor& visitor) const {
  const DictEntry* entry = entries();
  for (uint32_t i = first; i < filled; ++i) {
    visitor.visit(entry[i].key);
    visitor.visit(entry[i].value);
  }
}

Result<Dict*> make_dict(VM& vm, size_t expected) {
  Dict* dict = TRY(vm.allocate<Dict>(BuiltinType::Dict));
  dict->layout = Dict::kUnnumbered;
  if (expected > 0) TRY(dict_reserve(vm, dict, expected));
  return dict;
}

Result<Dict*> make_dict_of(VM& vm, Type* cls) {
  if (cls == vm.type(BuiltinType::Dict)) return make_dict(vm);
  auto* dict = static_cast<Dict*>(TRY(allocate_instance(vm, cls)));
  dict->layout = Dict::kUnnumbered;
  return dict;
}

Result<void> dict_reserve(VM& vm, Dict* dict, size_t count) {
  size_t there = dict->table ? dict->table->usable + size_t{dict->length} : 0;
  if (count <= there) return {};
  return rebuild(vm, dict, log2_for(count));
}

Value dict_get_str(VM& vm, Dict* dict, Str* key) {
  if (!dict->table) return Value();
  uint64_t hash = key->hash ? key->hash : str_hash(vm, key);
  uint32_t index = 0;
  switch (dict_probe(dict->table, key, hash, &index)) {
    case DictOutcome::Absent:
      return Value();
    case DictOutcome::Found:
      return dict->table->entries()[index].value;
    case DictOutcome::Undecided:
      break;
  }
  auto found = find_slow(vm, dict, key, hash);
  if (found.is_error()) {
    (void)vm.take_pending();
    return Value();
  }
  return found.value() < 0 ? Value() : dict->table->entries()[found.value()].value;
}

int64_t dict_find_str(VM& vm, Dict* dict, Str* key) {
  if (dict->layout == Dict::kUnnumbered) dict->layout = vm.next_layout();
  if (!dict->table) return -1;
  uint64_t hash = key->hash ? key->hash : str_hash(vm, key);
  uint32_t index = 0;
  return dict_probe(dict->table, key, hash, &index) == DictOutcome::Found ? int64_t{index} : -1;
}

/// dict_get with a hash that is known.
Result<bool> dict_get_hashed(VM& vm, Dict* dict, Value key, uint64_t hash, Value* out);

Result<bool> dict_get(VM& vm, Dict* dict, Value key, Value* out) {
  return dict_get_hashed(vm, dict, key, TRY(hash_key(vm, key)), out);
}

Result<bool> dict_get_hashed(VM& vm, Dict* dict, Value key, uint64_t hash, Value* out) {
  int64_t index = TRY(find(vm, dict, key, hash));
  if (index < 0) return false;
  *out = dict->table->entries()[index].value;
  return true;
}

Result<void> dict_set(VM& vm, Dict* dict, Value key, Value value) {
  uint64_t hash = TRY(hash_key(vm, key));
  return set_hashed(vm, dict, key, hash, value);
}

Result<void> dict_set_str(VM& vm, Dict* dict, Str* key, Value value) {
  uint64_t hash = key->hash ? key->hash : str_hash(vm, key);
  return set_hashed(vm, dict, key, hash, value);
}

Result<Value> dict_set_default(VM& vm, Dict* dict, Value key, Value value) {
  uint64_t hash = TRY(hash_key(vm, key));
  int64_t index = TRY(find(vm, dict, key, hash));
  if (index >= 0) return dict->table->entries()[index].value;
  TRY(insert_new(vm, dict, key, hash, value));
  return value;
}

void dict_remove_entry(VM& vm, Dict* dict, uint32_t index) {
  (void)vm;
  DictTable* table = dict->table;
  table->set_slot(slot_of_entry(table, index), DictTable::kDeletedSlot);
  DictEntry* entries = table->entries();
  entries[index].key = Value();
  entries[index].value = Value();
  --dict->length;
  dict->layout = Dict::kUnnumbered;
  if (dict->length == 0) {
    table->first = table->filled = 0;
    return;
  }
  while (entries[table->first].key.is_empty()) ++table->first;
  while (entries[table->filled - 1].key.is_empty()) --table->filled;
}

Result<bool> dict_move_to_end(VM& vm, Dict* dict, Value key, bool last) {
  uint64_t hash = TRY(hash_key(vm, key));
  int64_t found = TRY(find(vm, dict, key, hash));
  if (found < 0) return false;
  auto index = static_cast<uint32_t>(found);
  if (index == (last ? dict->table->filled - 1 : dict->table->first)) return true;
  DictEntry entry = dict->table->entries()[index];
  if (last) {
    dict_remove_entry(vm, dict, index);
    TRY(insert_new(vm, dict, entry.key, entry.hash, entry.value));
    return true;
  }
  if (dict->table->first == 0) {
    // Room for as many moves as there are entries, so that moving is amortised constant time.
    TRY(rebuild(vm, dict, log2_for(size_t{dict->length} * 2 + 2), dict->length));
    index = static_cast<uint32_t>(TRY(find(vm, dict, key, hash)));
  }
  uint32_t place = dict->table->first - 1;
  dict_remove_entry(vm, dict, index);
  DictTable* table = dict->table;
  table->entries()[place] = entry;
  link_entry(table, entry.hash, place);
  table->first = place;
  ++dict->length;
  vm.barrier(table, &table->entries()[place]);
  return true;
}

Result<bool> dict_remove(VM& vm, Dict* dict, Value key, Value* out) {
  uint64_t hash = TRY(hash_key(vm, key));
  int64_t index = TRY(find(vm, dict, key, hash));
  if (index < 0) return false;
  if (out) *out = dict->table->entries()[index].value;
  dict_remove_entry(vm, dict, static_cast<uint32_t>(index));
  return true;
}

void dict_clear(VM& vm, Dict* dict) {
  (void)vm;
  dict->table = nullptr;
  dict->length = 0;
  dict->aux &= static_cast<uint16_t>(~Dict::kHasNonStrKeys);
  dict->layout = Dict::kUnnumbered;
}

Result<Dict*> dict_copy(VM& vm, Dict* dict) {
  Dict* copy = TRY(make_dict(vm));
  TRY(dict_merge(vm, copy, dict));
  return copy;
}

Result<void> dict_merge(VM& vm, Dict* dict, Dict* other) {
  if (dict == other || other->length == 0) return {};
  if (dict->length == 0) {
    // Every key is new and comparisons are not needed.
    uint32_t log2_slots = log2_for(other->length);
    TRY(rebuild(vm, dict, log2_slots));
    DictTable* to = dict->table;
    const DictTable* from = other->table;
    if (from->log2_slots == log2_slots && from->first == 0 && from->filled == other->length) {
      // Without holes the copy is the same table, marks of removed entries included.
      std::memcpy(static_cast<void*>(to + 1), from + 1, index_bytes(log2_slots));
      std::copy_n(from->entries(), from->filled, to->entries());
      to->filled = from->filled;
      to->usable = from->usable;
      dict->length = other->length;
      dict->aux |= other->aux & Dict::kHasNonStrKeys;
      vm.barrier(to);
      return {};
    }
    uint32_t count = 0;
    for (uint32_t i = from->first; i < from->filled; ++i) {
      const DictEntry& entry = from->entries()[i];
      if (entry.key.is_empty()) continue;
      to->entries()[count] = entry;
      link_entry(to, entry.hash, count);
      ++count;
    }
    to->filled = count;
    to->usable -= count;
    dict->length = count;
    dict->aux |= other->aux & Dict::kHasNonStrKeys;
    return {};
  }
  TRY(dict_reserve(vm, dict, std::max<size_t>(dict->length, other->length)));
  uint32_t length = other->length;
  for (uint32_t i = 0; other->table && i < other->table->filled; ++i) {
    DictEntry entry = other->table->entries()[i];
    if (entry.key.is_empty()) continue;
    TRY(set_hashed(vm, dict, entry.key, entry.hash, entry.value));
    if (other->length != length) return vm.raise(Exc::RuntimeError, "dict mutated during update");
  }
  return {};
}

Result<Value> dict_get_item(VM& vm, Dict* dict, Value key) {
  Value value;
  if (TRY(dict_get(vm, dict, key, &value))) [[likely]]
    return value;
  if (dict->shape != shape_of(BuiltinType::Dict)) {
    bool found = false;
    auto result = vm.call_special(dict, Special::Missing, {key}, &found);
    if (result.is_error()) return Error{};
    if (found) return result;
  }
  return vm.raise_with(Exc::KeyError, {&key, 1});
}

}  // namespace apy
