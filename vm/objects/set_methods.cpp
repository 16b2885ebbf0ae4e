// The methods of set and frozenset.
//
// The order of a result's elements follows from the order in which the operands are visited; see
// set.cpp.
#include "vm/binding/bind.h"
#include "vm/objects/class_checks.h"
#include "vm/objects/hash_table.h"
#include "vm/objects/iterators.h"
#include "vm/objects/protocol.h"
#include "vm/objects/set.h"
#include "vm/objects/set_table.h"

namespace apy {

namespace {

bool is_frozen(VM& vm, Value v) { return vm.is_instance(v, BuiltinType::FrozenSet); }

/// What an operation on `set` gives: the builtin class of the first operand, also for subclasses.
Result<Set*> make_result(VM& vm, Set* set) {
  return make_set(vm, is_frozen(vm, set) ? BuiltinType::FrozenSet : BuiltinType::Set);
}

Result<Set*> copy_of(VM& vm, Set* set) {
  Set* result = TRY(make_result(vm, set));
  TRY(set_merge(vm, result, set));
  return result;
}

Result<Set*> set_from(VM& vm, Set* like, Value iterable) {
  Set* result = TRY(make_result(vm, like));
  TRY(set_update(vm, result, iterable));
  return result;
}

Result<Set*> intersection(VM& vm, Set* set, Value other) {
  if (set == try_as<Set>(other)) return copy_of(vm, set);
  Set* result = TRY(make_result(vm, set));
  if (Set* right = try_as<Set>(other)) {
    Set* visited = right->length > set->length ? set : right;
    Set* tested = visited == set ? right : set;
    SetEntry entry;
    for (size_t position = 0; next_entry(visited, &position, &entry);)
      if (TRY(set_contains_hashed(vm, tested, entry.key, entry.hash)))
        TRY(set_add_hashed(vm, result, entry.key, entry.hash));
    return result;
  }
  TRY(for_each(vm, other, [&](Value key) -> Result<bool> {
    uint64_t hash = TRY(hash_key(vm, key));
    if (TRY(set_contains_hashed(vm, set, key, hash))) TRY(set_add_hashed(vm, result, key, hash));
    return true;
  }));
  return result;
}

/// set -= other
Result<void> subtract(VM& vm, Set* set, Value other) {
  if (set == try_as<Set>(other)) {
    set_clear(vm, set);
    return {};
  }
  if (Set* right = try_as<Set>(other)) {
    if ((right->length >> 3) > set->length) right = TRY(intersection(vm, set, right));
    SetEntry entry;
    for (size_t position = 0; next_entry(right, &position, &entry);)
      TRY(set_discard_hashed(vm, set, entry.key, entry.hash));
  } else {
    TRY(for_each(vm, other, [&](Value key) -> Result<bool> {
      TRY(set_discard(vm, set, key));
      return true;
    }));
  }
  if (!set->table || set->filled - set->length <= (set->table->capacity - 1) / 4) return {};
  return set_grow(vm, set);
}

Result<Set*> difference(VM& vm, Set* set, Value other) {
  Set* right = try_as<Set>(other);
  Dict* dict = is_exact(other, BuiltinType::Dict) ? as<Dict>(other) : nullptr;
  uint32_t size = right ? right->length : dict ? dict->length : 0;
  if ((!right && !dict) || (set->length >> 2) > size) {
    Set* result = TRY(copy_of(vm, set));
    TRY(subtract(vm, result, other));
    return result;
  }
  Set* result = TRY(make_result(vm, set));
  SetEntry entry;
  for (size_t position = 0; next_entry(set, &position, &entry);) {
    Value ignored;
    bool there = right ? TRY(set_contains_hashed(vm, right, entry.key, entry.hash))
                       : TRY(dict_get(vm, dict, entry.key, &ignored));
    if (!there) TRY(set_add_hashed(vm, result, entry.key, entry.hash));
  }
  return result;
}

/// set ^= other, where other's elements are distinct.
Result<void> toggle(VM& vm, Set* set, Set* other) {
  SetEntry entry;
  for (size_t position = 0; next_entry(other, &position, &entry);)
    if (!TRY(set_discard_hashed(vm, set, entry.key, entry.hash)))
      TRY(set_add_hashed(vm, set, entry.key, entry.hash));
  return {};
}

Result<void> symmetric_update(VM& vm, Set* set, Value other) {
  Set* right = try_as<Set>(other);
  if (set == right) {
    set_clear(vm, set);
    return {};
  }
  if (!right) right = TRY(set_from(vm, set, other));
  return toggle(vm, set, right);
}

Result<bool> is_subset(VM& vm, Set* set, Set* other) {
  if (set->length > other->length) return false;
  SetEntry entry;
  for (size_t position = 0; next_entry(set, &position, &entry);)
    if (!TRY(set_contains_hashed(vm, other, entry.key, entry.hash))) return false;
  return true;
}

void swap_bodies(VM& vm, Set* a, Set* b) {
  std::swap(a->table, b->table);
  std::swap(a->length, b->length);
  std::swap(a->filled, b->filled);
  vm.barrier(a);
  vm.barrier(b);
}

}  // namespace

Result<bool> set_equal(VM& vm, Set* a, Set* b) {
  if (a == b) return true;
  if (a->length != b->length) return false;
  return is_subset(vm, a, b);
}

namespace {

Result<Value> set_new(VM& vm, const Arguments& arguments) {
  return make_set_of(vm, as<Type>(arguments.values[0]));
}

Result<void> set_init(VM& vm, const Arguments& arguments) {
  Set* set = try_as<Set>(arguments.values[0]);
  if (!set)
    return vm.raise(Exc::TypeError,
                    "descriptor '__init__' requires a 'set' object but received a '{}'",
                    vm.type_of(arguments.values[0]));
  auto values = arguments.positional().subspan(1);
  if (arguments.keyword_count() > 0)
    return vm.raise(Exc::TypeError, "set() takes no keyword arguments");
  if (values.size() > 1)
    return vm.raise(Exc::TypeError, "set expected at most 1 argument, got {}", values.size());
  set_clear(vm, set);
  if (!values.empty()) TRY(set_update(vm, set, values[0]));
  return {};
}

Result<Value> frozenset_new(VM& vm, const Arguments& arguments) {
  Type* cls = as<Type>(arguments.values[0]);
  bool exact = cls == vm.type(BuiltinType::FrozenSet);
  auto values = arguments.positional().subspan(1);
  TRY(check_no_keywords(vm, arguments, cls, BuiltinType::FrozenSet, Special::Init));
  if (values.size() > 1)
    return vm.raise(Exc::TypeError, "frozenset expected at most 1 argument, got {}", values.size());
  if (exact && !values.empty() && is_exact(values[0], BuiltinType::FrozenSet)) return values[0];
  Set* set = TRY(make_set_of(vm, cls));
  if (!values.empty()) TRY(set_update(vm, set, values[0]));
  return set;
}

Result<int64_t> set_length(VM&, Set* set) { return int64_t{set->length}; }
Result<Value> set_iter(VM& vm, Set* set) { return make_set_iterator(vm, set); }

Result<void> set_add_method(VM& vm, Set* set, Value key) {
  TRY(set_add(vm, set, key));
  return {};
}
Result<void> set_discard_method(VM& vm, Set* set, Value key) {
  uint64_t hash;
  key = TRY(set_lookup_key(vm, key, &hash));
  TRY(set_discard_hashed(vm, set, key, hash));
  return {};
}
Result<void> set_remove(VM& vm, Set* set, Value key) {
  uint64_t hash;
  Value looked_up = TRY(set_lookup_key(vm, key, &hash));
  if (TRY(set_discard_hashed(vm, set, looked_up, hash))) return {};
  return vm.raise_with(Exc::KeyError, {&key, 1});
}

Result<Value> set_pop(VM& vm, Set* set) {
  if (set->length == 0) {
    Value message = TRY(make_str(vm, "pop from an empty set"));
    return vm.raise_with(Exc::KeyError, {&message, 1});
  }
  // `hash` remembers where the last search ended, so that emptying a set is linear.
  SetTable* table = set->table;
  size_t i = set->hash & (table->capacity - 1);
  while (!table->entries()[i].is_live()) i = (i + 1) & (table->capacity - 1);
  SetEntry& entry = table->entries()[i];
  Value key = entry.key;
  entry.key = SetEntry::kDeleted;
  entry.hash = ~uint64_t{0};
  --set->length;
  set->hash = i + 1;
  return key;
}

Result<void> set_clear_method(VM& vm, Set* set) {
  set_clear(vm, set);
  return {};
}

Result<Value> set_copy_method(VM& vm, Set* set) {
  if (is_exact(set, BuiltinType::FrozenSet)) return set;
  return copy_of(vm, set);
}

Result<Value> set_union(VM& vm, Set* set, Rest others) {
  Set* result = TRY(copy_of(vm, set));
  for (Value other : others.values)
    if (!other.is(set)) TRY(set_update(vm, result, other));
  return result;
}
Result<void> set_update_method(VM& vm, Set* set, Rest others) {
  for (Value other : others.values) TRY(set_update(vm, set, other));
  return {};
}
Result<Set*> intersect_all(VM& vm, Set* set, Rest others) {
  if (others.values.empty()) return copy_of(vm, set);
  for (Value other : others.values) set = TRY(intersection(vm, set, other));
  return set;
}
Result<Value> set_intersection(VM& vm, Set* set, Rest others) {
  return intersect_all(vm, set, others);
}
Result<void> set_intersection_update(VM& vm, Set* set, Rest others) {
  Set* result = TRY(intersect_all(vm, set, others));
  swap_bodies(vm, set, result);
  return {};
}
Result<Value> set_difference(VM& vm, Set* set, Rest others) {
  if (others.values.empty()) return copy_of(vm, set);
  Set* result = TRY(difference(vm, set, others.values[0]));
  for (Value other : others.values.subspan(1)) TRY(subtract(vm, result, other));
  return result;
}
Result<void> set_difference_update(VM& vm, Set* set, Rest others) {
  for (Value other : others.values) TRY(subtract(vm, set, other));
  return {};
}
Result<Value> set_symmetric_difference(VM& vm, Set* set, Value other) {
  Set* result = TRY(set_from(vm, set, other));
  TRY(symmetric_update(vm, result, set));
  return result;
}
Result<void> set_symmetric_difference_update(VM& vm, Set* set, Value other) {
  return symmetric_update(vm, set, other);
}

Result<bool> set_issubset(VM& vm, Set* set, Value other) {
  if (Set* right = try_as<Set>(other)) return is_subset(vm, set, right);
  Set* common = TRY(intersection(vm, set, other));
  return common->length == set->length;
}
Result<bool> set_issuperset(VM& vm, Set* set, Value other) {
  if (Set* right = try_as<Set>(other)) return is_subset(vm, right, set);
  bool all = true;
  TRY(for_each(vm, other, [&](Value key) -> Result<bool> {
    all = TRY(set_contains(vm, set, key));
    return all;
  }));
  return all;
}
Result<bool> set_isdisjoint(VM& vm, Set* set, Value other) {
  if (Set* right = try_as<Set>(other)) {
    if (set == right) return set->length == 0;
    Set* visited = right->length > set->length ? set : right;
    Set* tested = visited == set ? right : set;
    SetEntry entry;
    for (size_t position = 0; next_entry(visited, &position, &entry);)
      if (TRY(set_contains_hashed(vm, tested, entry.key, entry.hash))) return false;
    return true;
  }
  bool disjoint = true;
  TRY(for_each(vm, other, [&](Value key) -> Result<bool> {
    disjoint = !TRY(set_contains(vm, set, key));
    return disjoint;
  }));
  return disjoint;
}

template <CompareOp op>
Result<Value> set_compare(VM& vm, Set* set, Value other) {
  Set* right = try_as<Set>(other);
  if (!right) return Value::not_implemented();
  switch (op) {
    case CompareOp::Equal:
      return Value::boolean(TRY(set_equal(vm, set, right)));
    case CompareOp::NotEqual:
      return Value::boolean(!TRY(set_equal(vm, set, right)));
    case CompareOp::LessEqual:
      return Value::boolean(TRY(is_subset(vm, set, right)));
    case CompareOp::GreaterEqual:
      return Value::boolean(TRY(is_subset(vm, right, set)));
    case CompareOp::Less:
      return Value::boolean(set->length < right->length && TRY(is_subset(vm, set, right)));
    case CompareOp::Greater:
      return Value::boolean(right->length < set->length && TRY(is_subset(vm, right, set)));
  }
  return Value::not_implemented();
}

enum class SetOp { Or, And, Subtract, Xor };

/// Binary operators: both operands must be sets.
template <SetOp op>
Result<Value> set_operator(VM& vm, Value self, Value other) {
  Set* left = try_as<Set>(self);
  Set* right = try_as<Set>(other);
  if (!left || !right) return Value::not_implemented();
  switch (op) {
    case SetOp::Or:
      return set_union(vm, left, {{&other, 1}});
    case SetOp::And:
      return intersection(vm, left, right);
    case SetOp::Subtract:
      return difference(vm, left, right);
    case SetOp::Xor:
      return set_symmetric_difference(vm, left, right);
  }
  return Value::not_implemented();
}
template <SetOp op>
Result<Value> set_reflected_operator(VM& vm, Value self, Value other) {
  return set_operator<op>(vm, other, self);
}
template <SetOp op>
Result<Value> set_in_place_operator(VM& vm, Set* set, Value other) {
  Set* right = try_as<Set>(other);
  if (!right) return Value::not_implemented();
  switch (op) {
    case SetOp::Or:
      TRY(set_merge(vm, set, right));
      break;
    case SetOp::And:
      TRY(set_intersection_update(vm, set, {{&other, 1}}));
      break;
    case SetOp::Subtract:
      TRY(subtract(vm, set, right));
      break;
    case SetOp::Xor:
      TRY(symmetric_update(vm, set, right));
      break;
  }
  return set;
}

uint64_t spread(uint64_t hash) {
  return ((hash ^ 89869747u) ^ (hash << 16)) * uint64_t{3644798167u};
}

/// Independent of the order of the elements; the same figures as the reference implementation,
/// since the order of sets of frozensets depends on them.
Result<int64_t> frozenset_hash(VM&, Set* set) {
  if (set->hash == 0) {
    uint64_t hash = 0;
    SetEntry entry;
    for (size_t position = 0; next_entry(set, &position, &entry);) hash ^= spread(entry.hash);
    hash ^= (uint64_t{set->length} + 1) * 1927868237u;
    hash ^= (hash >> 11) ^ (hash >> 25);
    hash = hash * 69069u + 907133923u;
    set->hash = hash == ~uint64_t{0} ? 590923713u : hash;
  }
  return static_cast<int64_t>(set->hash);
}

Result<Value> set_repr(VM& vm, Set* set) {
  Type* type = vm.type_of(set);
  StrBuilder builder(vm);
  ReprGuard guard(vm, set);
  bool plain = is_exact(set, BuiltinType::Set);
  if (!plain || set->length == 0 || !guard.entered()) {
    builder.append(type->name);
    builder.append("(");
  }
  if (!guard.entered()) {
    builder.append("...)");
    return builder.finish();
  }
  if (set->length == 0) {
    builder.append(")");
    return builder.finish();
  }
  NativeDepth depth(vm);
  TRY(depth.check(" while getting the repr of an object"));
  Value elements = TRY(list_from(vm, TRY(make_set_iterator(vm, set))));
  builder.append("{");
  bool first = true;
  for (Value element : as<List>(elements)->span()) {
    if (!first) builder.append(", ");
    first = false;
    builder.append(TRY(repr_of(vm, element)));
  }
  builder.append(plain ? "}" : "})");
  return builder.finish();
}

/// (class, ([elements],), attributes)
Result<Value> set_reduce(VM& vm, Set* set) {
  Value elements = TRY(list_from(vm, TRY(make_set_iterator(vm, set))));
  Value arguments = TRY(make_tuple(vm, {&elements, 1}));
  Value state = TRY(vm.call_method(set, vm.names().getstate, {}));
  Value parts[3] = {vm.type_of(set), arguments, state};
  return make_tuple(vm, parts);
}

Result<int64_t> set_sizeof(VM&, Set* set) {
  return static_cast<int64_t>(200 + (set->table ? Heap::slot_size(set->table) : 0));
}

Result<Value> set_class_getitem(VM& vm, Type* cls, Value item) {
  return make_generic_alias(vm, cls, item);
}

Result<void> set_extend_type(VM& vm, Type* type) {
  return dict_set_str(vm, type->dict, vm.special_name(Special::Hash), Value::none());
}

#define SHARED_SET_METHODS                                                                         \
  {"__len__(self, /)", "len(self)", bind<set_length>()},                                           \
      {"__iter__(self, /)", "iter(self)", bind<set_iter>()},                                       \
      {"__contains__(self, key, /)", "key in self", bind<set_contains>()},                         \
      {"__repr__(self, /)", "repr(self)", bind<set_repr>()},                                       \
      {"__eq__(self, value, /)", "self==value", bind<set_compare<CompareOp::Equal>>()},            \
      {"__ne__(self, value, /)", "self!=value", bind<set_compare<CompareOp::NotEqual>>()},         \
      {"__lt__(self, value, /)", "self<value", bind<set_compare<CompareOp::Less>>()},              \
      {"__le__(self, value, /)", "self<=value", bind<set_compare<CompareOp::LessEqual>>()},        \
      {"__gt__(self, value, /)", "self>value", bind<set_compare<CompareOp::Greater>>()},           \
      {"__ge__(self, value, /)", "self>=value", bind<set_compare<CompareOp::GreaterEqual>>()},     \
      {"__or__(self, value, /)", "self|value", bind<set_operator<SetOp::Or>>()},                   \
      {"__and__(self, value, /)", "self&value", bind<set_operator<SetOp::And>>()},                 \
      {"__sub__(self, value, /)", "self-value", bind<set_operator<SetOp::Subtract>>()},            \
      {"__xor__(self, value, /)", "self^value", bind<set_operator<SetOp::Xor>>()},                 \
      {"__ror__(self, value, /)", "value|self", bind<set_reflected_operator<SetOp::Or>>()},        \
      {"__rand__(self, value, /)", "value&self", bind<set_reflected_operator<SetOp::And>>()},      \
      {"__rsub__(self, value, /)", "value-self", bind<set_reflected_operator<SetOp::Subtract>>()}, \
      {"__rxor__(self, value, /)", "value^self", bind<set_reflected_operator<SetOp::Xor>>()},      \
      {"copy(self, /)", "A new set of the same elements.", bind<set_copy_method>()},               \
      {"union(self, /, *others)", "The elements of the set and all others.", bind<set_union>()},   \
      {"intersection(self, /, *others)", "The elements that are in all others, too.",              \
       bind<set_intersection>()},                                                                  \
      {"difference(self, /, *others)", "The elements that are in none of the others.",             \
       bind<set_difference>()},                                                                    \
      {"symmetric_difference(self, other, /)", "The elements that are in exactly one of the two.", \
       bind<set_symmetric_difference>()},                                                          \
      {"issubset(self, other, /)", "Are all elements in other?", bind<set_issubset>()},            \
      {"issuperset(self, other, /)", "Are all elements of other here?", bind<set_issuperset>()},   \
      {"isdisjoint(self, other, /)", "Have the two no element in common?",                         \
       bind<set_isdisjoint>()},                                                                    \
      {"__reduce__(self, /)", "What to pickle.", bind<set_reduce>()},                              \
      {"__sizeof__(self, /)", "Size in memory, in bytes.", bind<set_sizeof>()}, {                  \
    "__class_getitem__(cls, item, /)", "The generic alias of the class and item.",                 \
        bind<set_class_getitem>(), NativeFunctionDef::kClassMethod                                 \
  }

constexpr NativeFunctionDef kSetMethods[] = {
    {"__new__(cls, *args, **kwargs)", "A new set.", bind<set_new>(), NativeFunctionDef::kStatic},
    {"__init__(self, /, *args, **kwargs)", "Fills the set with the items of an iterable.",
     bind<set_init>()},
    SHARED_SET_METHODS,
    {"__ior__(self, value, /)", "self|=value", bind<set_in_place_operator<SetOp::Or>>()},
    {"__iand__(self, value, /)", "self&=value", bind<set_in_place_operator<SetOp::And>>()},
    {"__isub__(self, value, /)", "self-=value", bind<set_in_place_operator<SetOp::Subtract>>()},
    {"__ixor__(self, value, /)", "self^=value", bind<set_in_place_operator<SetOp::Xor>>()},
    {"add(self, object, /)", "Add an element.", bind<set_add_method>()},
    {"discard(self, object, /)", "Remove an element if it is there.", bind<set_discard_method>()},
    {"remove(self, object, /)", "Remove an element; KeyError when it is not there.",
     bind<set_remove>()},
    {"pop(self, /)", "Remove and return some element; KeyError when there is none.",
     bind<set_pop>()},
    {"clear(self, /)", "Remove all elements.", bind<set_clear_method>()},
    {"update(self, /, *others)", "Add the elements of all others.", bind<set_update_method>()},
    {"intersection_update(self, /, *others)", "Keep the elements that are in all others.",
     bind<set_intersection_update>()},
    {"difference_update(self, /, *others)", "Remove the elements of all others.",
     bind<set_difference_update>()},
    {"symmetric_difference_update(self, other, /)",
     "Keep the elements that are in exactly one of the two.",
     bind<set_symmetric_difference_update>()},
};

constexpr NativeFunctionDef kFrozenSetMethods[] = {
    {"__new__(cls, *args, **kwargs)", "A new frozenset.", bind<frozenset_new>(),
     NativeFunctionDef::kStatic},
    {"__hash__(self, /)", "hash(self)", bind<frozenset_hash>()},
    SHARED_SET_METHODS,
};
#undef SHARED_SET_METHODS

}  // namespace

extern const NativeTypeDef kSetType = {
    "set",
    "set(iterable=(), /)\n\nA mutable collection of distinct hashable elements.",
    kSetMethods,
    {},
    Type::kCanSubclass | Type::kHasWeakref,
    0,
    nullptr,
    set_extend_type};

extern const NativeTypeDef kFrozenSetType = {
    "frozenset",
    "frozenset(iterable=(), /)\n\nAn immutable, hashable set.",
    kFrozenSetMethods,
    {},
    Type::kCanSubclass | Type::kHasWeakref};

}  // namespace apy
