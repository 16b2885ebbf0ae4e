// dict_keys, dict_values, dict_items and mappingproxy: live views, Records whose field 0 is the
// dict (for mappingproxy any mapping).
#include "vm/binding/bind.h"
#include "vm/objects/dict.h"
#include "vm/objects/iterators.h"
#include "vm/objects/protocol.h"
#include "vm/objects/set.h"

namespace apy {

namespace {

/// Views of OrderedDict are of native subclasses.
bool is_view(VM& vm, Value v, BuiltinType type) {
  return is_exact(v, type) || (is_kind(v, CellKind::Record) && vm.is_instance(v, type));
}
bool is_keys(VM& vm, Value v) { return is_view(vm, v, BuiltinType::DictKeys); }
bool is_set_view(VM& vm, Value v) {
  return is_keys(vm, v) || is_view(vm, v, BuiltinType::DictItems);
}

/// The dict behind a view of that type; TypeError for other receivers.
template <BuiltinType type>
Result<Dict*> dict_of(VM& vm, Value self) {
  if (is_view(vm, self, type)) return as<Dict>(as<Record>(self)->fields()[0]);
  return vm.raise(Exc::TypeError, "descriptor requires a '{}' object but received a '{}'",
                  vm.type(type), vm.type_of(self));
}
Dict* dict_behind(Value view) { return as<Dict>(as<Record>(view)->fields()[0]); }

template <BuiltinType type>
constexpr BuiltinType kForward = type == BuiltinType::DictKeys     ? BuiltinType::DictKeyIterator
                                 : type == BuiltinType::DictValues ? BuiltinType::DictValueIterator
                                                                   : BuiltinType::DictItemIterator;
template <BuiltinType type>
constexpr BuiltinType kBackward =
    type == BuiltinType::DictKeys     ? BuiltinType::DictReverseKeyIterator
    : type == BuiltinType::DictValues ? BuiltinType::DictReverseValueIterator
                                      : BuiltinType::DictReverseItemIterator;

template <BuiltinType type>
Result<int64_t> view_length(VM& vm, Value self) {
  return int64_t{TRY(dict_of<type>(vm, self))->length};
}
template <BuiltinType type>
Result<Value> view_iter(VM& vm, Value self) {
  return make_dict_iterator(vm, kForward<type>, TRY(dict_of<type>(vm, self)));
}
template <BuiltinType type>
Result<Value> view_reversed(VM& vm, Value self) {
  return make_dict_iterator(vm, kBackward<type>, TRY(dict_of<type>(vm, self)));
}

template <BuiltinType type>
Result<Value> view_repr(VM& vm, Value self) {
  Dict* dict = TRY(dict_of<type>(vm, self));
  NativeDepth depth(vm);
  TRY(depth.check(" while getting the repr of an object"));
  ReprGuard guard(vm, self);
  if (!guard.entered()) return make_str(vm, "...");
  Value iterator = TRY(make_dict_iterator(vm, kForward<type>, dict));
  Value items = TRY(list_from(vm, iterator));
  StrBuilder builder(vm);
  builder.append(vm.type_of(self)->name);
  builder.append("(");
  builder.append(TRY(repr_of(vm, items)));
  builder.append(")");
  return builder.finish();
}

template <BuiltinType type>
Result<Value> view_mapping(VM& vm, Value self) {
  Dict* dict = TRY(dict_of<type>(vm, self));
  return vm.make_record(BuiltinType::MappingProxy, {dict});
}

/// `item in view` for keys and items views.
Result<bool> view_contains(VM& vm, Value view, Value item) {
  Value value;
  if (is_keys(vm, view)) return dict_get(vm, dict_behind(view), item, &value);
  Tuple* pair = try_as<Tuple>(item);
  if (!pair || pair->length != 2) return false;
  if (!TRY(dict_get(vm, dict_behind(view), pair->values()[0], &value))) return false;
  return values_equal(vm, value, pair->values()[1]);
}

Result<Set*> set_of(VM& vm, Value iterable) {
  Set* set = TRY(make_set(vm));
  TRY(set_update(vm, set, iterable));
  return set;
}

Result<Value> view_or(VM& vm, Value self, Value other) {
  Set* result = TRY(set_of(vm, self));
  TRY(set_update(vm, result, other));
  return result;
}

/// Is `other` a set or a set-like view?
bool is_set_like(VM& vm, Value other) {
  return is_kind(other, CellKind::Set) || is_set_view(vm, other);
}

Result<Value> view_and(VM& vm, Value self, Value other) {
  // Visit the smaller side when both know their size; either operand may be the view.
  if (!is_set_view(vm, self)) std::swap(self, other);
  if (is_set_view(vm, other) && dict_behind(other)->length > dict_behind(self)->length)
    std::swap(self, other);
  Set* result = TRY(make_set(vm));
  bool visit_self =
      is_kind(other, CellKind::Set) && as<Set>(other)->length > dict_behind(self)->length;
  Value visited = visit_self ? self : other, tested = visit_self ? other : self;
  TRY(for_each(vm, visited, [&](Value item) -> Result<bool> {
    bool there = is_set_view(vm, tested) ? TRY(view_contains(vm, tested, item))
                                         : TRY(set_contains(vm, as<Set>(tested), item));
    if (there) TRY(set_add(vm, result, item));
    return true;
  }));
  return result;
}

Result<Value> view_subtract(VM& vm, Value self, Value other) {
  Set* result = TRY(set_of(vm, self));
  TRY(for_each(vm, other, [&](Value item) -> Result<bool> {
    TRY(set_discard(vm, result, item));
    return true;
  }));
  return result;
}

Result<Value> view_xor(VM& vm, Value self, Value other) {
  Set* left = TRY(set_of(vm, self));
  Set* right = TRY(set_of(vm, other));
  SetEntry entry;
  for (size_t position = 0; set_next_entry(right, &position, &entry);)
    if (!TRY(set_discard_hashed(vm, left, entry.key, entry.hash)))
      TRY(set_add_hashed(vm, left, entry.key, entry.hash));
  return left;
}

template <auto operation>
Result<Value> reflected(VM& vm, Value self, Value other) {
  return operation(vm, other, self);
}

/// Are all items of `part` in `whole`? Both set-like.
Result<bool> all_in(VM& vm, Value part, Value whole) {
  bool all = true;
  TRY(for_each(vm, part, [&](Value item) -> Result<bool> {
    all = is_set_view(vm, whole) ? TRY(view_contains(vm, whole, item))
                                 : TRY(set_contains(vm, as<Set>(whole), item));
    return all;
  }));
  return all;
}

template <CompareOp op>
Result<Value> view_compare(VM& vm, Value self, Value other) {
  if (!is_set_view(vm, self) || !is_set_like(vm, other)) return Value::not_implemented();
  int64_t a = dict_behind(self)->length, b = TRY(length_of(vm, other));
  switch (op) {
    case CompareOp::Equal:
      return Value::boolean(a == b && TRY(all_in(vm, self, other)));
    case CompareOp::NotEqual:
      return Value::boolean(a != b || !TRY(all_in(vm, self, other)));
    case CompareOp::Less:
      return Value::boolean(a < b && TRY(all_in(vm, self, other)));
    case CompareOp::LessEqual:
      return Value::boolean(a <= b && TRY(all_in(vm, self, other)));
    case CompareOp::Greater:
      return Value::boolean(a > b && TRY(all_in(vm, other, self)));
    case CompareOp::GreaterEqual:
      return Value::boolean(a >= b && TRY(all_in(vm, other, self)));
  }
  return Value::not_implemented();
}

Result<bool> view_isdisjoint(VM& vm, Value self, Value other) {
  bool disjoint = true;
  TRY(for_each(vm, other, [&](Value item) -> Result<bool> {
    disjoint = !TRY(view_contains(vm, self, item));
    return disjoint;
  }));
  return disjoint;
}

Result<Value> view_reduce(VM& vm, Value self) {
  return vm.raise(Exc::TypeError, "cannot pickle '{}' object", vm.type_of(self));
}

#define VIEW_METHODS(Id)                                                       \
  {"__len__(self, /)", "len(self)", bind<view_length<BuiltinType::Id>>()},     \
      {"__iter__(self, /)", "iter(self)", bind<view_iter<BuiltinType::Id>>()}, \
      {"__reversed__(self, /)", "The items from last to first.",               \
       bind<view_reversed<BuiltinType::Id>>()},                                \
      {"__reduce__(self, /)", "What to pickle.", bind<view_reduce>()}, {       \
    "__repr__(self, /)", "repr(self)", bind<view_repr<BuiltinType::Id>>()      \
  }
#define SET_VIEW_METHODS                                                                        \
  {"__contains__(self, key, /)", "key in self", bind<view_contains>()},                         \
      {"__eq__(self, value, /)", "self==value", bind<view_compare<CompareOp::Equal>>()},        \
      {"__ne__(self, value, /)", "self!=value", bind<view_compare<CompareOp::NotEqual>>()},     \
      {"__lt__(self, value, /)", "self<value", bind<view_compare<CompareOp::Less>>()},          \
      {"__le__(self, value, /)", "self<=value", bind<view_compare<CompareOp::LessEqual>>()},    \
      {"__gt__(self, value, /)", "self>value", bind<view_compare<CompareOp::Greater>>()},       \
      {"__ge__(self, value, /)", "self>=value", bind<view_compare<CompareOp::GreaterEqual>>()}, \
      {"__or__(self, value, /)", "self|value", bind<view_or>()},                                \
      {"__and__(self, value, /)", "self&value", bind<view_and>()},                              \
      {"__sub__(self, value, /)", "self-value", bind<view_subtract>()},                         \
      {"__xor__(self, value, /)", "self^value", bind<view_xor>()},                              \
      {"__ror__(self, value, /)", "value|self", bind<reflected<view_or>>()},                    \
      {"__rand__(self, value, /)", "value&self", bind<reflected<view_and>>()},                  \
      {"__rsub__(self, value, /)", "value-self", bind<reflected<view_subtract>>()},             \
      {"__rxor__(self, value, /)", "value^self", bind<reflected<view_xor>>()}, {                \
    "isdisjoint(self, other, /)", "Have the two no item in common?", bind<view_isdisjoint>()    \
  }

constexpr NativeFunctionDef kKeysMethods[] = {VIEW_METHODS(DictKeys), SET_VIEW_METHODS};
constexpr NativeFunctionDef kValuesMethods[] = {VIEW_METHODS(DictValues)};
constexpr NativeFunctionDef kItemsMethods[] = {VIEW_METHODS(DictItems), SET_VIEW_METHODS};
#undef VIEW_METHODS
#undef SET_VIEW_METHODS

constexpr NativeGetSetDef kKeysAttributes[] = {
    {"mapping", "The dict, read-only.", view_mapping<BuiltinType::DictKeys>}};
constexpr NativeGetSetDef kValuesAttributes[] = {
    {"mapping", "The dict, read-only.", view_mapping<BuiltinType::DictValues>}};
constexpr NativeGetSetDef kItemsAttributes[] = {
    {"mapping", "The dict, read-only.", view_mapping<BuiltinType::DictItems>}};

/// Keys and items views are unhashable: `__hash__` is None.
Result<void> make_unhashable(VM& vm, Type* type) {
  return dict_set_str(vm, type->dict, vm.special_name(Special::Hash), Value::none());
}

// --- mappingproxy ---

Result<Value> mapping_of(VM& vm, Value self) {
  NativeDepth guard(vm);  // proxies of proxies
  TRY(guard.check());
  if (is_exact(self, BuiltinType::MappingProxy)) return as<Record>(self)->fields()[0];
  return vm.raise(Exc::TypeError, "descriptor requires a 'mappingproxy' object but received a '{}'",
                  vm.type_of(self));
}

Result<Value> proxy_new(VM& vm, Type*, Value mapping) {
  Type* type = vm.type_of(mapping);
  if (is_kind(mapping, CellKind::List) || is_kind(mapping, CellKind::Tuple) ||
      type_special(vm, type, Special::GetItem).is_empty())
    return vm.raise(Exc::TypeError, "mappingproxy() argument must be a mapping, not {}", type);
  return vm.make_record(BuiltinType::MappingProxy, {mapping});
}

Result<int64_t> proxy_length(VM& vm, Value self) {
  return length_of(vm, TRY(mapping_of(vm, self)));
}
Result<Value> proxy_getitem(VM& vm, Value self, Value key) {
  return get_item(vm, TRY(mapping_of(vm, self)), key);
}
Result<bool> proxy_contains(VM& vm, Value self, Value key) {
  return contains(vm, TRY(mapping_of(vm, self)), key);
}
Result<Value> proxy_iter(VM& vm, Value self) { return get_iterator(vm, TRY(mapping_of(vm, self))); }
Result<Value> proxy_reversed(VM& vm, Value self) {
  return vm.call_method(TRY(mapping_of(vm, self)), vm.special_name(Special::Reversed), {});
}
Result<Value> proxy_repr(VM& vm, Value self) {
  StrBuilder builder(vm);
  builder.append("mappingproxy(");
  builder.append(TRY(repr_of(vm, TRY(mapping_of(vm, self)))));
  builder.append(")");
  return builder.finish();
}
Result<Value> proxy_str(VM& vm, Value self) { return str_of(vm, TRY(mapping_of(vm, self))); }

Result<int64_t> proxy_hash(VM& vm, Value self) { return hash_value(vm, TRY(mapping_of(vm, self))); }

template <CompareOp op>
Result<Value> proxy_compare(VM& vm, Value self, Value other) {
  Value mapping = TRY(mapping_of(vm, self));
  if (is_exact(other, BuiltinType::MappingProxy)) other = as<Record>(other)->fields()[0];
  return compare(vm, op, mapping, other);
}

Value unwrapped(Value v) {
  return is_exact(v, BuiltinType::MappingProxy) ? as<Record>(v)->fields()[0] : v;
}
Result<Value> proxy_or(VM& vm, Value self, Value other) {
  return binary_operation(vm, BinaryOp::BitOr, unwrapped(self), unwrapped(other));
}
Result<Value> proxy_ror(VM& vm, Value self, Value other) { return proxy_or(vm, other, self); }
Result<Value> proxy_ior(VM& vm, Value self, Value) {
  return vm.raise(Exc::TypeError, "'|=' is not supported by {}; use '|' instead", vm.type_of(self));
}

Result<Value> proxy_get(VM& vm, Value self, Value key, Optional<Value> fallback) {
  return vm.call_method(TRY(mapping_of(vm, self)), vm.names().get,
                        {key, fallback.value_or(Value::none())});
}
Result<Value> proxy_keys(VM& vm, Value self) {
  return vm.call_method(TRY(mapping_of(vm, self)), vm.names().keys, {});
}
Result<Value> proxy_values(VM& vm, Value self) {
  return vm.call_method(TRY(mapping_of(vm, self)), TRY(intern(vm, "values")), {});
}
Result<Value> proxy_items(VM& vm, Value self) {
  return vm.call_method(TRY(mapping_of(vm, self)), vm.names().items, {});
}
Result<Value> proxy_copy(VM& vm, Value self) {
  return vm.call_method(TRY(mapping_of(vm, self)), TRY(intern(vm, "copy")), {});
}
Result<Value> proxy_class_getitem(VM& vm, Type* cls, Value item) {
  return make_generic_alias(vm, cls, item);
}

constexpr NativeFunctionDef kProxyMethods[] = {
    {"__new__(cls, mapping)", "A read-only view of a mapping.", bind<proxy_new>(),
     NativeFunctionDef::kStatic},
    {"__len__(self, /)", "len(self)", bind<proxy_length>()},
    {"__getitem__(self, key, /)", "self[key]", bind<proxy_getitem>()},
    {"__contains__(self, key, /)", "key in self", bind<proxy_contains>()},
    {"__iter__(self, /)", "iter(self)", bind<proxy_iter>()},
    {"__reversed__(self, /)", "reversed(self)", bind<proxy_reversed>()},
    {"__repr__(self, /)", "repr(self)", bind<proxy_repr>()},
    {"__str__(self, /)", "str(self)", bind<proxy_str>()},
    {"__hash__(self, /)", "hash(self)", bind<proxy_hash>()},
    {"__eq__(self, value, /)", "self==value", bind<proxy_compare<CompareOp::Equal>>()},
    {"__ne__(self, value, /)", "self!=value", bind<proxy_compare<CompareOp::NotEqual>>()},
    {"__lt__(self, value, /)", "self<value", bind<proxy_compare<CompareOp::Less>>()},
    {"__le__(self, value, /)", "self<=value", bind<proxy_compare<CompareOp::LessEqual>>()},
    {"__gt__(self, value, /)", "self>value", bind<proxy_compare<CompareOp::Greater>>()},
    {"__ge__(self, value, /)", "self>=value", bind<proxy_compare<CompareOp::GreaterEqual>>()},
    {"__or__(self, value, /)", "self|value", bind<proxy_or>()},
    {"__ror__(self, value, /)", "value|self", bind<proxy_ror>()},
    {"__ior__(self, value, /)", "self|=value", bind<proxy_ior>()},
    {"get(self, key, default=None, /)", "The value for key, or default.", bind<proxy_get>()},
    {"keys(self, /)", "A live view of the keys.", bind<proxy_keys>()},
    {"values(self, /)", "A live view of the values.", bind<proxy_values>()},
    {"items(self, /)", "A live view of the (key, value) pairs.", bind<proxy_items>()},
    {"copy(self, /)", "A copy of the mapping.", bind<proxy_copy>()},
    {"__class_getitem__(cls, item, /)", "The generic alias of the class and item.",
     bind<proxy_class_getitem>(), NativeFunctionDef::kClassMethod},
};

constexpr uint32_t kOneField = sizeof(Record) + sizeof(Value);

}  // namespace

extern const NativeTypeDef kDictKeysType = {
    "dict_keys",        "",        kKeysMethods, kKeysAttributes,
    Type::kDisallowNew, kOneField, nullptr,      make_unhashable};
extern const NativeTypeDef kDictValuesType = {
    "dict_values", "", kValuesMethods, kValuesAttributes, Type::kDisallowNew, kOneField};
extern const NativeTypeDef kDictItemsType = {
    "dict_items",       "",        kItemsMethods, kItemsAttributes,
    Type::kDisallowNew, kOneField, nullptr,       make_unhashable};
extern const NativeTypeDef kMappingProxyType = {
    "mappingproxy",
    "mappingproxy(mapping)\n\nA read-only view of a mapping.",
    kProxyMethods,
    {},
    Type::kMapping};

}  // namespace apy
