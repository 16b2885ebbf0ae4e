// The table of sets and frozensets.
//
// Open addressing with short runs of linear probing between jumps. The order in which a set lists
// its elements is visible to scripts, and for ints and tuples of ints it does not depend on hash
// randomisation; so table sizes, growth and probing follow the contract's reference implementation
// exactly, and so does the order in which set operations visit their operands (set_methods.cpp).
//
// A removed element leaves a Deleted mark; an insertion takes the last one that it passes. Lookups
// that ran `__eq__` check that the table is still the same, and start again when not.
#include "vm/objects/set.h"

#include "vm/objects/equality.h"
#include "vm/objects/hash_table.h"
#include "vm/objects/protocol.h"
#include "vm/objects/set_table.h"

namespace apy {

namespace {

constexpr size_t kLinearProbes = 9;
constexpr size_t kMinimumCapacity = 8;
constexpr uint64_t kDeletedHash = ~uint64_t{0};

Result<SetTable*> make_table(VM& vm, size_t capacity) {
  if (capacity > (size_t{1} << 31)) return vm.out_of_memory();
  size_t size = sizeof(SetTable) + capacity * sizeof(SetEntry);
  SetTable* table = TRY(vm.allocate<SetTable>(BuiltinType::Internal, size));
  table->capacity = capacity;
  return table;
}

/// Puts a key that is known to be absent into a table without deleted marks.
void insert_clean(SetTable* table, Value key, uint64_t hash) {
  size_t mask = table->capacity - 1;
  uint64_t perturb = hash;
  if (SetEntry* first = table->entries() + (hash & mask); first->key.is_empty()) {
    first->key = key;
    first->hash = hash;
    return;
  }
  for (size_t i = hash & mask;;) {
    SetEntry* entry = table->entries() + i;
    size_t probes = i + kLinearProbes <= mask ? kLinearProbes : 0;
    for (size_t p = 0; p <= probes; ++p, ++entry) {
      if (entry->key.is_empty()) {
        entry->key = key;
        entry->hash = hash;
        return;
      }
    }
    perturb >>= 5;
    i = (i * 5 + 1 + perturb) & mask;
  }
}

/// Equal keys? -1: error, 0: no, 1: yes, 2: the table was changed meanwhile. A table that was
/// rebuilt but holds the same key in the same place takes the old one's part: an `__eq__` that
/// refills the set each time must come to an end.
int same_key(VM& vm, Set* set, SetTable*& table, SetEntry*& entry, Value key) {
  Value candidate = entry->key;
  Equality equality = plain_equality(candidate, key);
  if (equality != Equality::Undecided) return equality == Equality::Yes;
  size_t capacity = table->capacity;
  size_t index = entry - table->entries();
  auto equal = values_equal(vm, candidate, key);
  if (equal.is_error()) return -1;
  table = set->table;
  if (!table || table->capacity != capacity) return 2;
  entry = table->entries() + index;
  if (!entry->key.is(candidate)) return 2;
  return equal.value();
}

enum class Probe { Error, Free, Found };

/// The entry with `key`, or the free one that ended the search; `deleted` (may be null) gets the
/// last deleted one passed, or null. The table is not null.
Probe probe(VM& vm, Set* set, Value key, uint64_t hash, SetEntry** result,
            SetEntry** deleted = nullptr) {
restart:
  if (deleted) *deleted = nullptr;
  SetTable* table = set->table;
  size_t mask = table->capacity - 1;
  uint64_t perturb = hash;
  for (size_t i = hash & mask;;) {
    SetEntry* entry = table->entries() + i;
    size_t probes = i + kLinearProbes <= mask ? kLinearProbes : 0;
    for (size_t p = 0; p <= probes; ++p, ++entry) {
      if (entry->hash != hash || entry->key.is_empty()) {
        if (entry->key.is_empty()) {
          *result = entry;
          return Probe::Free;
        }
        if (deleted && entry->key.is(SetEntry::kDeleted)) *deleted = entry;
        continue;
      }
      if (entry->key == key) {
        *result = entry;
        return Probe::Found;
      }
      const SetTable* before = table;
      int same = same_key(vm, set, table, entry, key);
      if (deleted && table != before) *deleted = nullptr;
      if (same < 0) return Probe::Error;
      if (same == 1) {
        *result = entry;
        return Probe::Found;
      }
      if (same == 2) {
        if (!set->table) {
          *result = nullptr;
          return Probe::Free;
        }
        goto restart;
      }
    }
    perturb >>= 5;
    i = (i * 5 + 1 + perturb) & mask;
  }
}

}  // namespace

void SetTable::trace(Visitor& visitor) const {
  for (size_t i = 0; i < capacity; ++i) visitor.visit(entries()[i].key);
}

Result<void> set_resize(VM& vm, Set* set, size_t minimum) {
  size_t capacity = kMinimumCapacity;
  while (capacity <= minimum) capacity <<= 1;
  SetTable* table = TRY(make_table(vm, capacity));
  SetTable* old = set->table;
  if (old) {
    for (size_t i = 0; i < old->capacity; ++i) {
      const SetEntry& entry = old->entries()[i];
      if (entry.is_live()) insert_clean(table, entry.key, entry.hash);
    }
  }
  set->table = table;
  set->filled = set->length;
  vm.barrier(set);
  if (old) vm.heap().free_storage(old);
  return {};
}

Result<void> set_grow(VM& vm, Set* set) {
  return set_resize(vm, set,
                    set->length > 50000 ? size_t{set->length} * 2 : size_t{set->length} * 4);
}

Result<Set*> make_set(VM& vm, BuiltinType type) { return vm.allocate<Set>(type); }

Result<Set*> make_set_of(VM& vm, Type* cls) {
  if (cls == vm.type(BuiltinType::Set)) return make_set(vm, BuiltinType::Set);
  if (cls == vm.type(BuiltinType::FrozenSet)) return make_set(vm, BuiltinType::FrozenSet);
  return static_cast<Set*>(TRY(allocate_instance(vm, cls)));
}

Result<Value> set_lookup_key(VM& vm, Value key, uint64_t* hash) {
  auto result = hash_key(vm, key);
  if (result.is_error()) {
    if (!is_kind(key, CellKind::Set) || !vm.catch_pending(Exc::TypeError)) return Error{};
    Set* frozen = TRY(make_set(vm, BuiltinType::FrozenSet));
    TRY(set_merge(vm, frozen, as<Set>(key)));
    key = frozen;
    *hash = TRY(hash_key(vm, key));
    return key;
  }
  *hash = result.value();
  return key;
}

Result<bool> set_contains_hashed(VM& vm, Set* set, Value key, uint64_t hash) {
  if (!set->table) return false;
  const SetEntry& first = set->table->entries()[hash & (set->table->capacity - 1)];
  if (first.key.is_empty()) return false;
  if (first.key == key) return true;
  SetEntry* entry;
  switch (probe(vm, set, key, hash, &entry)) {
    case Probe::Error:
      return Error{};
    case Probe::Free:
      return false;
    case Probe::Found:
      return true;
  }
  return false;
}

Result<bool> set_contains(VM& vm, Set* set, Value key) {
  uint64_t hash;
  key = TRY(set_lookup_key(vm, key, &hash));
  return set_contains_hashed(vm, set, key, hash);
}

Result<bool> set_add_hashed(VM& vm, Set* set, Value key, uint64_t hash) {
  SetEntry *entry = nullptr, *deleted = nullptr;
  if (!set->table) TRY(set_resize(vm, set, 0));
  SetEntry* first = set->table->entries() + (hash & (set->table->capacity - 1));
  if (first->key.is_empty())
    entry = first;
  else if (first->key == key)
    return false;
  while (!entry) {
    if (!set->table) TRY(set_resize(vm, set, 0));
    Probe outcome = probe(vm, set, key, hash, &entry, &deleted);
    if (outcome == Probe::Error) return Error{};
    if (outcome == Probe::Found) return false;
  }
  if (deleted && deleted->key.is(SetEntry::kDeleted)) {  // not if an `__eq__` has filled it since
    deleted->key = key;
    deleted->hash = hash;
    ++set->length;
    vm.barrier(set->table, deleted);
    return true;
  }
  entry->key = key;
  entry->hash = hash;
  ++set->length;
  ++set->filled;
  vm.barrier(set->table, entry);
  if (size_t{set->filled} * 5 >= (set->table->capacity - 1) * 3) TRY(set_grow(vm, set));
  return true;
}

Result<bool> set_add(VM& vm, Set* set, Value key) {
  if (key.is_small_int()) return set_add_hashed(vm, set, key, hash_small_int(key.as_small_int()));
  return set_add_hashed(vm, set, key, TRY(hash_key(vm, key)));
}

Result<bool> set_discard_hashed(VM& vm, Set* set, Value key, uint64_t hash) {
  if (!set->table) return false;
  SetEntry* entry;
  Probe outcome = probe(vm, set, key, hash, &entry);
  if (outcome == Probe::Error) return Error{};
  if (outcome == Probe::Free) return false;
  entry->key = SetEntry::kDeleted;
  entry->hash = kDeletedHash;
  --set->length;
  return true;
}

Result<bool> set_discard(VM& vm, Set* set, Value key) {
  return set_discard_hashed(vm, set, key, TRY(hash_key(vm, key)));
}

void set_clear(VM& vm, Set* set) {
  (void)vm;
  set->table = nullptr;
  set->length = set->filled = 0;
  set->hash = 0;
}

bool set_next_entry(const Set* set, size_t* position, SetEntry* entry) {
  return next_entry(set, position, entry);
}

bool set_next(const Set* set, size_t* position, Value* key) {
  SetEntry entry;
  if (!set_next_entry(set, position, &entry)) return false;
  *key = entry.key;
  return true;
}

Result<void> set_merge(VM& vm, Set* set, Set* other) {
  if (set == other || other->length == 0) return {};
  size_t mask = set->table ? set->table->capacity - 1 : kMinimumCapacity - 1;
  if ((size_t{set->filled} + other->length) * 5 >= mask * 3)
    TRY(set_resize(vm, set, (size_t{set->length} + other->length) * 2));
  else if (!set->table)
    TRY(set_resize(vm, set, 0));
  if (set->filled == 0) {
    SetTable* table = set->table;
    const SetTable* from = other->table;
    if (table->capacity == from->capacity && other->filled == other->length) {
      for (size_t i = 0; i < from->capacity; ++i) table->entries()[i] = from->entries()[i];
    } else {
      for (size_t i = 0; i < from->capacity; ++i) {
        const SetEntry& entry = from->entries()[i];
        if (entry.is_live()) insert_clean(table, entry.key, entry.hash);
      }
    }
    set->filled = set->length = other->length;
    vm.barrier(table);
    return {};
  }
  SetEntry entry;
  for (size_t position = 0; next_entry(other, &position, &entry);)
    TRY(set_add_hashed(vm, set, entry.key, entry.hash));
  return {};
}

Result<void> set_update(VM& vm, Set* set, Value iterable) {
  if (Set* other = try_as<Set>(iterable)) return set_merge(vm, set, other);
  if (is_exact(iterable, BuiltinType::Dict)) {
    Dict* dict = as<Dict>(iterable);
    size_t mask = set->table ? set->table->capacity - 1 : kMinimumCapacity - 1;
    if ((size_t{set->filled} + dict->length) * 5 >= mask * 3)
      TRY(set_resize(vm, set, (size_t{set->length} + dict->length) * 2));
    // The dict knows the hashes.
    for (uint32_t i = 0; dict->table && i < dict->table->filled; ++i) {
      DictEntry entry = dict->table->entries()[i];
      if (!entry.key.is_empty()) TRY(set_add_hashed(vm, set, entry.key, entry.hash));
    }
    return {};
  }
  return for_each(vm, iterable, [&](Value item) -> Result<bool> {
    TRY(set_add(vm, set, item));
    return true;
  });
}

}  // namespace apy
