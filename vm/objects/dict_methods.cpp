// The methods of dict.
#include "vm/binding/bind.h"
#include "vm/objects/dict.h"
#include "vm/objects/iterators.h"
#include "vm/objects/protocol.h"

namespace apy {

namespace {

/// Element `index` of the pairs given to update() as key and value.
Result<void> set_pair(VM& vm, Dict* dict, Value pair, int64_t index) {
  if (is_exact(pair, BuiltinType::Tuple) && as<Tuple>(pair)->length == 2)
    return dict_set(vm, dict, as<Tuple>(pair)->values()[0], as<Tuple>(pair)->values()[1]);
  auto items = tuple_from(vm, pair);
  if (items.is_error()) {
    if (vm.catch_pending(Exc::TypeError))
      return vm.raise(Exc::TypeError,
                      "cannot convert dictionary update sequence element #{} to a sequence", index);
    return Error{};
  }
  Tuple* tuple = items.value();
  if (tuple->length != 2)
    return vm.raise(Exc::ValueError,
                    "dictionary update sequence element #{} has length {}; 2 is required", index,
                    tuple->length);
  return dict_set(vm, dict, tuple->values()[0], tuple->values()[1]);
}

/// True when a dict's own table says all there is to say: no script class overrides its iteration.
bool is_plain_dict(VM& vm, Value v) {
  if (is_exact(v, BuiltinType::Dict)) return true;
  if (!is_kind(v, CellKind::Dict)) return false;
  Type* base = vm.type(BuiltinType::Dict);
  return type_special(vm, vm.type_of(v), Special::Iter).is(type_special(vm, base, Special::Iter));
}

Result<void> update_from_mapping(VM& vm, Dict* dict, Value mapping, Value keys_method) {
  Value keys = TRY(vm.call(keys_method, {}));
  return for_each(vm, keys, [&](Value key) -> Result<bool> {
    TRY(dict_set(vm, dict, key, TRY(get_item(vm, mapping, key))));
    return true;
  });
}

}  // namespace

Result<void> dict_update(VM& vm, Dict* dict, Value other) {
  if (is_plain_dict(vm, other)) return dict_merge(vm, dict, as<Dict>(other));
  Value keys;
  if (TRY(get_attribute_optional(vm, other, vm.names().keys, &keys)))
    return update_from_mapping(vm, dict, other, keys);
  int64_t index = 0;
  return for_each(vm, other, [&](Value pair) -> Result<bool> {
    TRY(set_pair(vm, dict, pair, index++));
    return true;
  });
}

Result<bool> dict_get_hashed(VM& vm, Dict* dict, Value key, uint64_t hash, Value* out);  // dict.cpp

Result<bool> dict_equal(VM& vm, Dict* a, Dict* b) {
  if (a == b) return true;
  if (a->length != b->length) return false;
  NativeDepth guard(vm);
  TRY(guard.check(" in comparison"));
  for (DictCursor cursor(a); cursor.next();) {
    Value value;
    uint64_t hash = a->table->entries()[cursor.position() - 1].hash;
    if (!TRY(dict_get_hashed(vm, b, cursor.key(), hash, &value))) return false;
    if (!TRY(values_equal(vm, cursor.value(), value))) return false;
  }
  return true;
}

namespace {

Result<Value> dict_new(VM& vm, const Arguments& arguments) {
  return make_dict_of(vm, as<Type>(arguments.values[0]));
}

/// update() and __init__: at most one positional argument, then keywords.
Result<void> update_from_arguments(VM& vm, const Arguments& arguments, const char* name) {
  Dict* dict = try_as<Dict>(arguments.values[0]);
  if (!dict)
    return vm.raise(Exc::TypeError,
                    "descriptor '{}' for 'dict' objects doesn't apply to a '{}' object", name,
                    vm.type_of(arguments.values[0]));
  if (arguments.positional_count > 2)
    return vm.raise(Exc::TypeError, "{} expected at most 1 argument, got {}", name,
                    arguments.positional_count - 1);
  if (arguments.positional_count == 2) TRY(dict_update(vm, dict, arguments.values[1]));
  for (uint32_t i = 0; i < arguments.keyword_count(); ++i)
    TRY(dict_set(vm, dict, arguments.keyword_names->values()[i], arguments.keyword_values()[i]));
  return {};
}
Result<void> dict_init(VM& vm, const Arguments& arguments) {
  return update_from_arguments(vm, arguments, "dict");
}
Result<void> dict_update_method(VM& vm, const Arguments& arguments) {
  return update_from_arguments(vm, arguments, "update");
}

Result<int64_t> dict_length(VM&, Dict* dict) { return int64_t{dict->length}; }

Result<Value> dict_iter(VM& vm, Dict* dict) {
  return make_dict_iterator(vm, BuiltinType::DictKeyIterator, dict);
}
Result<Value> dict_reversed(VM& vm, Dict* dict) {
  return make_dict_iterator(vm, BuiltinType::DictReverseKeyIterator, dict);
}

Result<bool> dict_contains(VM& vm, Dict* dict, Value key) {
  Value value;
  return dict_get(vm, dict, key, &value);
}

Result<void> dict_delitem(VM& vm, Dict* dict, Value key) {
  if (TRY(dict_remove(vm, dict, key, nullptr))) return {};
  return vm.raise_with(Exc::KeyError, {&key, 1});
}

Result<Value> dict_get_method(VM& vm, Dict* dict, Value key, Optional<Value> fallback) {
  Value value;
  if (TRY(dict_get(vm, dict, key, &value))) return value;
  return fallback.value_or(Value::none());
}

Result<Value> dict_setdefault(VM& vm, Dict* dict, Value key, Optional<Value> fallback) {
  return dict_set_default(vm, dict, key, fallback.value_or(Value::none()));
}

Result<Value> dict_pop(VM& vm, Dict* dict, Value key, Optional<Value> fallback) {
  Value value;
  if (dict->length > 0 && TRY(dict_remove(vm, dict, key, &value))) return value;
  if (fallback.present) return fallback.value;
  return vm.raise_with(Exc::KeyError, {&key, 1});
}

Result<Value> dict_popitem(VM& vm, Dict* dict) {
  if (dict->length == 0) {
    Value message = TRY(make_str(vm, "popitem(): dictionary is empty"));
    return vm.raise_with(Exc::KeyError, {&message, 1});
  }
  Tuple* pair = TRY(make_tuple(vm, 2));
  // `filled` never ends in a deleted entry.
  uint32_t index = dict->table->filled - 1;
  const DictEntry& entry = dict->table->entries()[index];
  pair->values()[0] = entry.key;
  pair->values()[1] = entry.value;
  dict_remove_entry(vm, dict, index);
  return pair;
}

Result<void> dict_clear_method(VM& vm, Dict* dict) {
  dict_clear(vm, dict);
  return {};
}

Result<Value> dict_copy_method(VM& vm, Dict* dict) { return dict_copy(vm, dict); }

Result<Value> dict_fromkeys(VM& vm, Type* cls, Value iterable, Optional<Value> value) {
  Value item = value.value_or(Value::none());
  Value result = TRY(vm.call(cls, {}));
  bool plain = is_exact(result, BuiltinType::Dict);
  TRY(for_each(vm, iterable, [&](Value key) -> Result<bool> {
    if (plain)
      TRY(dict_set(vm, as<Dict>(result), key, item));
    else
      TRY(set_item(vm, result, key, item));
    return true;
  }));
  return result;
}

Result<Value> dict_keys(VM& vm, Dict* dict) {
  return vm.make_record(BuiltinType::DictKeys, {dict});
}
Result<Value> dict_values(VM& vm, Dict* dict) {
  return vm.make_record(BuiltinType::DictValues, {dict});
}
Result<Value> dict_items(VM& vm, Dict* dict) {
  return vm.make_record(BuiltinType::DictItems, {dict});
}

Result<Value> dict_repr(VM& vm, Dict* dict) {
  if (dict->length == 0) return make_str(vm, "{}");
  NativeDepth depth(vm);
  TRY(depth.check(" while getting the repr of an object"));
  ReprGuard guard(vm, dict);
  if (!guard.entered()) return make_str(vm, "{...}");
  StrBuilder builder(vm);
  builder.append("{");
  bool first = true;
  for (DictCursor cursor(dict); cursor.next();) {
    Value value = cursor.value();
    if (!first) builder.append(", ");
    first = false;
    builder.append(TRY(repr_of(vm, cursor.key())));
    builder.append(": ");
    builder.append(TRY(repr_of(vm, value)));
  }
  builder.append("}");
  return builder.finish();
}

template <bool equal>
Result<Value> dict_equality(VM& vm, Dict* dict, Value other) {
  Dict* right = try_as<Dict>(other);
  if (!right) return Value::not_implemented();
  return Value::boolean(TRY(dict_equal(vm, dict, right)) == equal);
}

/// self | other as a plain dict, also for subclasses.
Result<Value> dict_or(VM& vm, Value self, Value other) {
  Dict* left = try_as<Dict>(self);
  Dict* right = try_as<Dict>(other);
  if (!left || !right) return Value::not_implemented();
  Dict* result = TRY(dict_copy(vm, left));
  TRY(dict_update(vm, result, right));
  return result;
}
Result<Value> dict_ror(VM& vm, Value self, Value other) { return dict_or(vm, other, self); }

Result<Value> dict_ior(VM& vm, Dict* dict, Value other) {
  TRY(dict_update(vm, dict, other));
  return dict;
}

Result<int64_t> dict_sizeof(VM&, Dict* dict) {
  return static_cast<int64_t>(64 + (dict->table ? Heap::slot_size(dict->table) : 0));
}

Result<Value> dict_class_getitem(VM& vm, Type* cls, Value item) {
  return make_generic_alias(vm, cls, item);
}

/// Dicts are unhashable: `__hash__` is None.
Result<void> dict_extend_type(VM& vm, Type* type) {
  return dict_set_str(vm, type->dict, vm.special_name(Special::Hash), Value::none());
}

/// Only equality is defined.
Result<Value> dict_unordered(VM&, Dict*, Value) { return Value::not_implemented(); }

constexpr NativeFunctionDef kDictMethods[] = {
    {"__new__(cls, *args, **kwargs)", "A new dict.", bind<dict_new>(), NativeFunctionDef::kStatic},
    {"__init__(self, /, *args, **kwargs)", "Fills the dict as update() does.", bind<dict_init>()},
    {"__len__(self, /)", "len(self)", bind<dict_length>()},
    {"__getitem__(self, key, /)", "self[key]", bind<dict_get_item>()},
    {"__setitem__(self, key, value, /)", "self[key] = value", bind<dict_set>()},
    {"__delitem__(self, key, /)", "del self[key]", bind<dict_delitem>()},
    {"__contains__(self, key, /)", "key in self", bind<dict_contains>()},
    {"__iter__(self, /)", "iter(self)", bind<dict_iter>()},
    {"__reversed__(self, /)", "The keys from last to first.", bind<dict_reversed>()},
    {"__repr__(self, /)", "repr(self)", bind<dict_repr>()},
    {"__lt__(self, value, /)", "Return self<value.", bind<dict_unordered>()},
    {"__le__(self, value, /)", "Return self<=value.", bind<dict_unordered>()},
    {"__gt__(self, value, /)", "Return self>value.", bind<dict_unordered>()},
    {"__ge__(self, value, /)", "Return self>=value.", bind<dict_unordered>()},
    {"__eq__(self, value, /)", "self==value", bind<dict_equality<true>>()},
    {"__ne__(self, value, /)", "self!=value", bind<dict_equality<false>>()},
    {"__or__(self, value, /)", "self|value", bind<dict_or>()},
    {"__ror__(self, value, /)", "value|self", bind<dict_ror>()},
    {"__ior__(self, value, /)", "self|=value", bind<dict_ior>()},
    {"get(self, key, default=None, /)", "The value for key, or default.", bind<dict_get_method>()},
    {"setdefault(self, key, default=None, /)",
     "The value for key; default, after storing it, when key is not there.",
     bind<dict_setdefault>()},
    {"pop(self, key, default=<unrepresentable>, /)",
     "Remove key and return its value; without it, default or KeyError.", bind<dict_pop>()},
    {"popitem(self, /)", "Remove and return the pair that was inserted last.",
     bind<dict_popitem>()},
    {"update(self, /, *args, **kwargs)",
     "Take over the entries of a mapping or of an iterable of pairs, then the keyword arguments.",
     bind<dict_update_method>()},
    {"clear(self, /)", "Remove all entries.", bind<dict_clear_method>()},
    {"copy(self, /)", "A new dict of the same entries.", bind<dict_copy_method>()},
    {"fromkeys(cls, iterable, value=None, /)", "A dict with keys from iterable, all with value.",
     bind<dict_fromkeys>(), NativeFunctionDef::kClassMethod},
    {"keys(self, /)", "A live view of the keys.", bind<dict_keys>()},
    {"values(self, /)", "A live view of the values.", bind<dict_values>()},
    {"items(self, /)", "A live view of the (key, value) pairs.", bind<dict_items>()},
    {"__sizeof__(self, /)", "Size in memory, in bytes.", bind<dict_sizeof>()},
    {"__class_getitem__(cls, item, /)", "The generic alias of the class and item.",
     bind<dict_class_getitem>(), NativeFunctionDef::kClassMethod},
};

}  // namespace

extern const NativeTypeDef kDictType = {
    "dict",
    "dict(mapping_or_pairs=(), /, **entries)\n\nA mapping that keeps the order of insertion.",
    kDictMethods,
    {},
    Type::kCanSubclass | Type::kMapping,
    0,
    nullptr,
    dict_extend_type};

}  // namespace apy
