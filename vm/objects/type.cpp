// Types: lookup along the MRO, special methods, invalidation, native types, C3.
//
// Two caches make lookups cheap. `Type::special` holds the special methods by number; one per VM,
// indexed by (version, name), holds all others, misses included. A change in a namespace gives the
// type and everything below it new versions, so entries of the second go stale by themselves; the
// first is reset. Versions are never reused.
//
// Rejected: copying inherited entries into each type's own table, as slots are inherited elsewhere:
// a change in a base class would have to be told apart from an override in every subclass.
#include <algorithm>

#include "vm/objects/descriptor.h"
#include "vm/objects/internals.h"

namespace apy {

namespace {

MethodCacheEntry& cache_entry(VM& vm, uint32_t version, const Str* name) {
  size_t hash = (reinterpret_cast<uintptr_t>(name) >> 4) ^ (size_t{version} * 0x9E3779B1u);
  return vm.internals().method_cache[hash % VM::Internals::kMethodCacheSize];
}

Value search_mro(VM& vm, Type* type, Str* name) {
  const Tuple* mro = type->mro;
  for (uint64_t i = 0; i < mro->length; ++i) {
    Type* entry = as<Type>(mro->values()[i]);
    if (!(entry->flags & Type::kPopulated)) {
      if (type_populate(vm, entry).is_error()) (void)vm.take_pending();
    }
    Value found = dict_get_str(vm, entry->dict, name);
    if (!found.is_empty()) return found;
  }
  return Value();
}

bool is_special_name(const Str* name) {
  return name->width() == 1 && name->length > 4 && name->latin1().substr(0, 2) == "__";
}

template <class F>
void for_each_subclass(Type* type, F f) {
  List* list = try_as<List>(type->subclasses);
  if (!list) return;
  for (uint64_t i = 0; i < list->length; ++i) {
    Value target = as<WeakReference>(list->values()[i])->target;
    if (!target.is_empty()) f(as<Type>(target));
  }
}

}  // namespace

Value type_lookup(VM& vm, Type* type, Str* name) {
  MethodCacheEntry& entry = cache_entry(vm, type->version, name);
  if (entry.version == type->version && entry.name == name) return entry.value;
  Value found = search_mro(vm, type, name);
  // Populating may have run the collector, which clears the cache; the reference stays good.
  if (name->is_interned()) entry = {type->version, name, found};
  return found;
}

Value type_lookup_special_slow(VM& vm, Type* type, Special special) {
  Value found = search_mro(vm, type, vm.special_name(special));
  type->special[static_cast<int>(special)] = found.is_empty() ? Value::not_implemented() : found;
  return found;
}

void update_class_flags(VM& vm, Type* type) {
  if (!(type->flags & Type::kHeapType)) return;
  constexpr uint32_t kDerived = Type::kCustomGetAttribute | Type::kCustomSetAttr |
                                Type::kDataDescriptor | Type::kHasFinalizer;
  uint32_t flags = type->flags & ~kDerived;
  auto defines = [&](Special special) {
    return !dict_get_str(vm, type->dict, vm.special_name(special)).is_empty();
  };
  if (defines(Special::GetAttribute) || defines(Special::GetAttr))
    flags |= Type::kCustomGetAttribute;
  if (defines(Special::SetAttr) || defines(Special::DelAttr)) flags |= Type::kCustomSetAttr;
  if (defines(Special::Set) || defines(Special::Delete)) flags |= Type::kDataDescriptor;
  if (defines(Special::Del)) flags |= Type::kHasFinalizer;
  for (Value entry : type->mro->span().subspan(1)) {
    flags |= as<Type>(entry)->flags & kDerived;
    // For match patterns the nearest class that is one or the other decides.
    constexpr uint32_t kPatternKinds = Type::kSequence | Type::kMapping;
    if (!(flags & kPatternKinds)) flags |= as<Type>(entry)->flags & kPatternKinds;
  }
  type->flags = flags;
}

namespace {
/// What is read through a class can come from its metaclass: the classes of a metaclass that was
/// changed count as changed. Rare, and there is no list of them.
void renew_classes_of(VM& vm, const Type* metaclass, Type* type) {
  if (vm.type_of(type)->is_subtype_of(metaclass)) type->version = vm.next_version();
  for_each_subclass(type, [&](Type* subclass) { renew_classes_of(vm, metaclass, subclass); });
}
void renew_classes_of(VM& vm, const Type* type) {
  if ((type->flags & Type::kHeapType) && type->is_subtype_of(vm.type(BuiltinType::Type)))
    renew_classes_of(vm, type, vm.type(BuiltinType::Object));
}
}  // namespace

void type_modified(VM& vm, Type* type) {
  type->version = vm.next_version();
  std::fill(std::begin(type->special), std::end(type->special), Value());
  type->plain_init = Value();
  update_class_flags(vm, type);
  renew_classes_of(vm, type);
  for_each_subclass(type, [&](Type* subclass) { type_modified(vm, subclass); });
}

namespace {
void renew_versions(VM& vm, Type* type) {
  type->version = vm.next_version();
  renew_classes_of(vm, type);
  for_each_subclass(type, [&](Type* subclass) { renew_versions(vm, subclass); });
}
}  // namespace

void type_attribute_changed(VM& vm, Type* type, const Str* name) {
  uint32_t before = type->flags;
  Value value = dict_get_str(vm, type->dict, const_cast<Str*>(name));
  bool intercepts = value.is_cell() && is_data_descriptor(vm, value);
  if (is_special_name(name)) {
    type_modified(vm, type);
  } else {
    renew_versions(vm, type);
  }
  constexpr uint32_t kIntercepting =
      Type::kCustomGetAttribute | Type::kCustomSetAttr | Type::kDataDescriptor;
  if (intercepts || ((before ^ type->flags) & kIntercepting)) forget_slot_caches(vm);
}

// --- subclasses ---

namespace {
void drop_dead_references(VM& vm, List* list) {
  uint64_t kept = 0;
  for (uint64_t i = 0; i < list->length; ++i) {
    Value reference = list->values()[i];
    if (!as<WeakReference>(reference)->target.is_empty()) list->values()[kept++] = reference;
  }
  vm.barrier(list->storage);
  std::fill(list->values() + kept, list->values() + list->length, Value());
  list->length = kept;
}
}  // namespace

Result<void> add_subclass(VM& vm, Type* base, Type* type) {
  if (base->subclasses.is_empty()) {
    base->subclasses = TRY(make_list(vm, size_t{4}));
    vm.barrier(base);
  }
  WeakReference* reference = TRY(make_weak_reference(vm, type, Value::none()));
  List* list = as<List>(base->subclasses);
  // Before the list grows, the places of the dead are used.
  if (list->length == list->storage->capacity) drop_dead_references(vm, list);
  return list_append(vm, list, reference);
}

void remove_subclass(VM& vm, Type* base, const Type* type) {
  List* list = try_as<List>(base->subclasses);
  for (uint64_t i = 0; list && i < list->length; ++i) {
    if (as<WeakReference>(list->values()[i])->target.is(Value(type))) {
      list_erase(vm, list, i, i + 1);
      return;
    }
  }
}

Result<List*> list_subclasses(VM& vm, Type* type) {
  List* result = TRY(make_list(vm, size_t{0}));
  List* list = try_as<List>(type->subclasses);
  for (uint64_t i = 0; list && i < list->length; ++i) {
    Value target = as<WeakReference>(list->values()[i])->target;
    if (!target.is_empty()) TRY(list_append(vm, result, target));
  }
  return result;
}

// --- native types ---

namespace {

Result<void> add_native_method(VM& vm, Type* type, const NativeFunctionDef& definition) {
  Str* name = TRY(intern(vm, definition.name()));
  NativeFunction* function = TRY(make_native_function(vm, definition, type, Value(), Value()));
  return dict_set_str(vm, type->dict, name, function);
}

Result<void> add_native_attribute(VM& vm, Type* type, const NativeGetSetDef& definition) {
  Str* name = TRY(intern(vm, definition.name));
  bool is_member = definition.set == readonly_member;
  GetSet* getset = TRY(vm.allocate<GetSet>(is_member ? BuiltinType::MemberDescriptor
                                                     : BuiltinType::GetSetDescriptor));
  getset->definition = &definition;
  getset->owner = type;
  getset->name = name;
  return dict_set_str(vm, type->dict, name, getset);
}

}  // namespace

Result<void> type_populate(VM& vm, Type* type) {
  if (type->flags & Type::kPopulated) return {};
  type->flags |= Type::kPopulated;
  const NativeTypeDef* definition = type->definition;
  if (!definition) return {};
  TRY(dict_reserve(vm, type->dict, definition->methods.size() + definition->attributes.size() + 2));
  for (const NativeFunctionDef& method : definition->methods)
    TRY(add_native_method(vm, type, method));
  for (const NativeGetSetDef& attribute : definition->attributes)
    TRY(add_native_attribute(vm, type, attribute));
  // Equality without a hash makes instances unhashable.
  Str* hash = vm.special_name(Special::Hash);
  if (!dict_get_str(vm, type->dict, vm.special_name(Special::Equal)).is_empty() &&
      dict_get_str(vm, type->dict, hash).is_empty())
    TRY(dict_set_str(vm, type->dict, hash, Value::none()));
  Value doc = Value::none();
  if (definition->doc) doc = TRY(make_str(vm, definition->doc));
  if (dict_get_str(vm, type->dict, vm.names().doc).is_empty())
    TRY(dict_set_str(vm, type->dict, vm.names().doc, doc));
  if (definition->extend) TRY(definition->extend(vm, type));
  return {};
}

Result<Type*> make_native_type(VM& vm, const NativeTypeDef& definition, Type* base) {
  if (!base) base = vm.type(BuiltinType::Object);
  std::string_view full_name = definition.name;
  size_t dot = full_name.rfind('.');
  Type* type = TRY(vm.allocate<Type>(BuiltinType::Type));
  type->definition = &definition;
  type->version = vm.next_version();
  type->builtin = base->builtin;
  type->base = base;
  type->flags = definition.flags |
                (base->flags & (Type::kException | Type::kHasDict | Type::kHasWeakref |
                                Type::kCustomGetAttribute | Type::kCustomSetAttr |
                                Type::kDataDescriptor | Type::kSequence | Type::kMapping)) |
                Type::kImmutable;
  type->instance_kind = definition.native_class ? CellKind::NativeObject : base->instance_kind;
  type->instance_size = definition.instance_size ? definition.instance_size : base->instance_size;
  type->attributes_offset = base->attributes_offset;
  if (definition.native_class) type->attributes_offset = sizeof(Cell) + sizeof(const NativeClass*);
  type->inline_slots = base->inline_slots;
  type->members_offset =
      type->instance_kind == CellKind::Instance ? uint32_t{sizeof(Instance)} : type->instance_size;
  if (type->instance_kind == CellKind::Instance && (type->flags & Type::kHasDict))
    type->attributes_offset = sizeof(Cell);
  // A struct over a builtin one ends with the word.
  if ((type->flags & Type::kHasDict) && !type->attributes_offset)
    type->attributes_offset = type->instance_size - uint32_t{sizeof(Cell*)};
  type->await_step = base->await_step;
  type->name = type->qualname =
      TRY(intern(vm, full_name.substr(dot == full_name.npos ? 0 : dot + 1)));
  vm.barrier(type);
  type->dict = TRY(make_dict(vm));
  vm.barrier(type);
  if (dot != full_name.npos) {
    Str* module = TRY(intern(vm, full_name.substr(0, dot)));
    TRY(dict_set_str(vm, type->dict, vm.names().module_, module));
  }
  Value only = base;
  type->bases = TRY(make_tuple(vm, {&only, 1}));
  vm.barrier(type);
  RootVector line(vm.heap());
  line.values.push_back(type);
  for (Value entry : base->mro->span()) line.values.push_back(entry);
  type->mro = TRY(make_tuple(vm, std::span<const Value>(line.values)));
  vm.barrier(type);
  type->root_shape = TRY(make_root_shape(vm, type));
  vm.barrier(type);
  TRY(add_subclass(vm, base, type));
  vm.internals().native_types.push_back(type);
  return type;
}

// --- C3 ---

namespace {

/// Lists still to merge, each from its position on.
struct MergeList {
  std::span<const Value> types;
  size_t position = 0;
  bool is_done() const { return position >= types.size(); }
  bool has_in_tail(Value type) const {
    for (size_t i = position + 1; i < types.size(); ++i)
      if (types[i].is(type)) return true;
    return false;
  }
};

Error raise_inconsistent(VM& vm, std::span<const MergeList> lists) {
  std::string names;
  std::vector<Value> heads;  // of the lists, whose own bases keep them
  for (const MergeList& list : lists) {
    if (list.is_done()) continue;
    Value head = list.types[list.position];
    if (std::find(heads.begin(), heads.end(), head) != heads.end()) continue;
    heads.push_back(head);
    if (!names.empty()) names += ", ";
    append_utf8(names, as<Type>(head)->name);
  }
  return vm.raise(Exc::TypeError,
                  "Cannot create a consistent method resolution order (MRO) for bases {}", names);
}

}  // namespace

Result<Tuple*> compute_mro(VM& vm, Type* type, Tuple* bases) {
  std::vector<MergeList> lists;
  for (Value base : bases->span()) lists.push_back({as<Type>(base)->mro->span()});
  lists.push_back({bases->span()});
  for (size_t i = 0; i < bases->length; ++i) {
    for (size_t j = i + 1; j < bases->length; ++j) {
      if (bases->values()[i].is(bases->values()[j]))
        return vm.raise(Exc::TypeError, "duplicate base class {}",
                        as<Type>(bases->values()[i])->name);
    }
  }
  RootVector result(vm.heap());
  result.values.push_back(type);
  while (true) {
    Value next;
    bool left = false;
    for (const MergeList& list : lists) {
      if (list.is_done()) continue;
      left = true;
      Value candidate = list.types[list.position];
      bool blocked = std::any_of(lists.begin(), lists.end(), [&](const MergeList& other) {
        return other.has_in_tail(candidate);
      });
      if (!blocked) {
        next = candidate;
        break;
      }
    }
    if (!left) break;
    if (next.is_empty()) return raise_inconsistent(vm, lists);
    result.values.push_back(next);
    for (MergeList& list : lists)
      if (!list.is_done() && list.types[list.position].is(next)) ++list.position;
  }
  return make_tuple(vm, std::span<const Value>(result.values));
}

}  // namespace apy
