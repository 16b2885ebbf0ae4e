// The native half of collections: deque (deque.cpp), defaultdict, OrderedDict and helpers for
// Counter and namedtuple.
//
// OrderedDict is a dict with methods for its order: dicts keep the order of insertion and can move
// an entry to either end in constant time, so no second structure is needed.
#include "stdlib/collections/deque.h"
#include "stdlib/native_iterator.h"
#include "vm/objects/dict.h"
#include "vm/objects/tuple_getter.h"

namespace apy {

namespace {

/// A dict with a factory for missing values; the words behind Dict are traced as those of all
/// extended dicts.
struct DefaultDict : Dict {
  Value factory;
  Cell* attributes;
};

extern const NativeTypeDef kDefaultDictType, kOrderedDictType, kOrderedKeysType, kOrderedValuesType,
    kOrderedItemsType;

Type* type_for(VM& vm, const NativeTypeDef& definition) {
  return static_cast<Type*>(vm.module_state(&definition));
}

Result<void> add_type(VM& vm, Module* module, const NativeTypeDef& definition,
                      std::string_view name, Type* base) {
  Type* type = TRY(make_native_type(vm, definition, base));
  vm.module_state(&definition) = type;
  return name.empty() ? Result<void>() : module_set(vm, module, name, type);
}

Result<Value> class_getitem(VM& vm, Type* cls, Value item) {
  return make_generic_alias(vm, cls, item);
}

// --- defaultdict ---

Result<DefaultDict*> as_default_dict(VM& vm, Value v) {
  if (is_kind(v, CellKind::Dict) && vm.type_of(v)->is_subtype_of(type_for(vm, kDefaultDictType)))
    return static_cast<DefaultDict*>(v.cell());
  return vm.raise(Exc::TypeError,
                  "descriptor requires a 'collections.defaultdict' object but received a '{}'",
                  vm.type_of(v));
}

Result<Value> default_dict_new(VM& vm, const Arguments& arguments) {
  return make_dict_of(vm, as<Type>(arguments.values[0]));
}

Result<void> default_dict_init(VM& vm, const Arguments& arguments) {
  DefaultDict* self = TRY(as_default_dict(vm, arguments.values[0]));
  auto values = arguments.positional().subspan(1);
  Value factory = values.empty() ? Value::none() : values[0];
  if (!factory.is_none() && !TRY(is_callable(vm, factory)))
    return vm.raise(Exc::TypeError, "first argument must be callable or None");
  if (values.size() > 2)
    return vm.raise(Exc::TypeError, "dict expected at most 1 argument, got {}", values.size() - 1);
  self->factory = factory;
  vm.barrier(self);
  if (values.size() == 2) TRY(dict_update(vm, self, values[1]));
  for (uint32_t i = 0; i < arguments.keyword_count(); ++i)
    TRY(dict_set(vm, self, arguments.keyword_names->values()[i], arguments.keyword_values()[i]));
  return {};
}

Result<Value> default_dict_missing(VM& vm, Value self, Value key) {
  DefaultDict* dict = TRY(as_default_dict(vm, self));
  if (dict->factory.is_empty() || dict->factory.is_none())
    return vm.raise_with(Exc::KeyError, {&key, 1});
  Value value = TRY(vm.call(dict->factory, {}));
  TRY(set_item(vm, self, key, value));
  return value;
}

Result<Value> default_dict_copy(VM& vm, Value self) {
  DefaultDict* dict = TRY(as_default_dict(vm, self));
  Value factory = dict->factory.is_empty() ? Value::none() : dict->factory;
  return vm.call(vm.type_of(self), {factory, self});
}

Result<Value> default_dict_repr(VM& vm, Value self) {
  DefaultDict* dict = TRY(as_default_dict(vm, self));
  Value factory = dict->factory.is_empty() ? Value::none() : dict->factory;
  StrBuilder builder(vm);
  builder.append(vm.type_of(self)->name);
  builder.append("(");
  {
    ReprGuard guard(vm, self);
    if (guard.entered())
      builder.append(TRY(repr_of(vm, factory)));
    else
      builder.append("...");
  }
  builder.append(", ");
  Value plain_repr = type_special(vm, vm.type(BuiltinType::Dict), Special::Repr);
  Value entries = TRY(vm.call(plain_repr, {self}));
  builder.append(as<Str>(entries));
  builder.append(")");
  return builder.finish();
}

/// self | other: of the class of the defaultdict operand, with its factory.
Result<Value> default_dict_merge(VM& vm, Value self, Value left, Value right) {
  if (!is_kind(left, CellKind::Dict) || !is_kind(right, CellKind::Dict))
    return Value::not_implemented();
  DefaultDict* dict = TRY(as_default_dict(vm, self));
  Value factory = dict->factory.is_empty() ? Value::none() : dict->factory;
  Value result = TRY(vm.call(vm.type_of(self), {factory, left}));
  TRY(dict_update(vm, as<Dict>(result), right));
  return result;
}
Result<Value> default_dict_or(VM& vm, Value self, Value other) {
  return default_dict_merge(vm, self, self, other);
}
Result<Value> default_dict_ror(VM& vm, Value self, Value other) {
  return default_dict_merge(vm, self, other, self);
}

/// (class, (factory,), None, None, iterator over the items)
Result<Value> default_dict_reduce(VM& vm, Value self) {
  DefaultDict* dict = TRY(as_default_dict(vm, self));
  bool plain = dict->factory.is_empty() || dict->factory.is_none();
  Value factory = dict->factory;
  Value arguments = TRY(make_tuple(vm, {&factory, plain ? size_t{0} : size_t{1}}));
  Value items = TRY(get_iterator(vm, TRY(vm.call_method(self, vm.names().items, {}))));
  Value parts[5] = {vm.type_of(self), arguments, Value::none(), Value::none(), items};
  return make_tuple(vm, parts);
}

Result<Value> get_factory(VM& vm, Value self) {
  Value factory = TRY(as_default_dict(vm, self))->factory;
  return factory.is_empty() ? Value::none() : factory;
}
Result<void> set_factory(VM& vm, Value self, Value factory) {
  DefaultDict* dict = TRY(as_default_dict(vm, self));
  dict->factory = factory;
  vm.barrier(dict);
  return {};
}

constexpr NativeFunctionDef kDefaultDictMethods[] = {
    {"__new__(cls, *args, **kwargs)", "A new defaultdict.", bind<default_dict_new>(),
     NativeFunctionDef::kStatic},
    {"__init__(self, /, *args, **kwargs)", "Sets the factory and fills the dict.",
     bind<default_dict_init>()},
    {"__missing__(self, key, /)", "Store and return default_factory(); KeyError without one.",
     bind<default_dict_missing>()},
    {"__repr__(self, /)", "repr(self)", bind<default_dict_repr>()},
    {"__or__(self, value, /)", "self|value", bind<default_dict_or>()},
    {"__ror__(self, value, /)", "value|self", bind<default_dict_ror>()},
    {"copy(self, /)", "A new defaultdict of the same entries.", bind<default_dict_copy>()},
    {"__copy__(self, /)", "A new defaultdict of the same entries.", bind<default_dict_copy>()},
    {"__reduce__(self, /)", "What to pickle.", bind<default_dict_reduce>()},
    {"__class_getitem__(cls, item, /)", "The generic alias of the class and item.",
     bind<class_getitem>(), NativeFunctionDef::kClassMethod},
};
constexpr NativeGetSetDef kDefaultDictAttributes[] = {
    {"default_factory", "What makes missing values, or None.", get_factory, set_factory}};

const NativeTypeDef kDefaultDictType = {
    "collections.defaultdict",
    "defaultdict(default_factory=None, /, [...])\n\n"
    "A dict that makes missing values by calling default_factory.",
    kDefaultDictMethods,
    kDefaultDictAttributes,
    Type::kCanSubclass,
    sizeof(DefaultDict)};

// --- OrderedDict ---

/// A dict that can have attributes.
struct OrderedDict : Dict {
  Cell* attributes;
};

/// Does the class keep dict's own `special`?
bool keeps(VM& vm, Value self, Special special) {
  return type_special(vm, vm.type_of(self), special)
      .is(type_special(vm, vm.type(BuiltinType::Dict), special));
}

Result<void> store(VM& vm, Dict* self, Value key, Value value) {
  if (keeps(vm, self, Special::SetItem)) return dict_set(vm, self, key, value);
  return set_item(vm, self, key, value);
}

Result<void> update_with(VM& vm, Dict* self, Value other) {
  if (keeps(vm, self, Special::SetItem)) return dict_update(vm, self, other);
  Dict* entries = TRY(make_dict(vm));
  TRY(dict_update(vm, entries, other));
  for (DictCursor cursor(entries); cursor.next();)
    TRY(set_item(vm, self, cursor.key(), cursor.value()));
  return {};
}

Result<void> ordered_update(VM& vm, const Arguments& arguments) {
  Dict* self = try_as<Dict>(arguments.values[0]);
  if (!self) return vm.raise(Exc::TypeError, "descriptor 'update' requires an 'OrderedDict'");
  if (arguments.positional_count > 2)
    return vm.raise(Exc::TypeError, "expected at most 1 arguments, got {}",
                    arguments.positional_count - 1);
  if (arguments.positional_count == 2) TRY(update_with(vm, self, arguments.values[1]));
  for (uint32_t i = 0; i < arguments.keyword_count(); ++i)
    TRY(store(vm, self, arguments.keyword_names->values()[i], arguments.keyword_values()[i]));
  return {};
}

/// KeyError as OrderedDict words it: None gives no arguments and a tuple all its items.
Error raise_missing(VM& vm, Value key) {
  if (key.is_none()) return vm.raise_with(Exc::KeyError, {});
  if (Tuple* items = try_as<Tuple>(key)) return vm.raise_with(Exc::KeyError, items->span());
  return vm.raise_with(Exc::KeyError, {&key, 1});
}

Result<void> ordered_move_to_end(VM& vm, Dict* self, Value key, Optional<bool> last) {
  if (TRY(dict_move_to_end(vm, self, key, last.value_or(true)))) return {};
  return raise_missing(vm, key);
}

Result<Value> ordered_popitem(VM& vm, Dict* self, Optional<bool> last) {
  if (self->length == 0) {
    Value message = TRY(make_str(vm, "dictionary is empty"));
    return vm.raise_with(Exc::KeyError, {&message, 1});
  }
  Tuple* pair = TRY(make_tuple(vm, 2));
  uint32_t index = last.value_or(true) ? self->table->filled - 1 : self->table->first;
  const DictEntry& entry = self->table->entries()[index];
  pair->values()[0] = entry.key;
  pair->values()[1] = entry.value;
  dict_remove_entry(vm, self, index);
  return pair;
}

Result<Value> ordered_pop(VM& vm, Dict* self, Value key, Optional<Value> fallback) {
  Value value;
  if (TRY(dict_remove(vm, self, key, &value))) return value;
  if (fallback.present) return fallback.value;
  return raise_missing(vm, key);
}

Result<Value> ordered_setdefault(VM& vm, Dict* self, Value key, Optional<Value> fallback) {
  Value value;
  if (TRY(dict_get(vm, self, key, &value))) return value;
  value = fallback.value_or(Value::none());
  TRY(store(vm, self, key, value));
  return value;
}

Result<Value> ordered_copy(VM& vm, Dict* self) {
  Value result = TRY(vm.call(vm.type_of(self), {}));
  for (DictCursor cursor(self); cursor.next();) {
    Value value = cursor.value();
    TRY(set_item(vm, result, cursor.key(), value));
  }
  return result;
}

Result<Value> ordered_fromkeys(VM& vm, Type* cls, Value iterable, Optional<Value> value) {
  Value result = TRY(vm.call(cls, {}));
  Value item = value.value_or(Value::none());
  TRY(for_each(vm, iterable, [&](Value key) -> Result<bool> {
    TRY(set_item(vm, result, key, item));
    return true;
  }));
  return result;
}

Result<Value> ordered_repr(VM& vm, Dict* self) {
  StrBuilder builder(vm);
  ReprGuard guard(vm, self);
  if (!guard.entered()) return make_str(vm, "...");
  NativeDepth depth(vm);
  TRY(depth.check(" while getting the repr of an object"));
  builder.append(vm.type_of(self)->name);
  builder.append("(");
  if (self->length > 0) {
    Dict* entries = TRY(make_dict(vm));
    TRY(dict_merge(vm, entries, self));
    builder.append(TRY(repr_of(vm, entries)));
  }
  builder.append(")");
  return builder.finish();
}

/// Two OrderedDicts are equal when their order is, too.
Result<bool> same_entries(VM& vm, Dict* self, Dict* other) {
  if (!TRY(dict_equal(vm, self, other))) return false;
  if (!vm.type_of(other)->is_subtype_of(type_for(vm, kOrderedDictType))) return true;
  DictCursor theirs(other);
  for (DictCursor ours(self); ours.next() && theirs.next();)
    if (!TRY(values_equal(vm, ours.key(), theirs.key()))) return false;
  return true;
}
template <bool equal>
Result<Value> ordered_equality(VM& vm, Dict* self, Value other) {
  Dict* right = try_as<Dict>(other);
  if (!right) return Value::not_implemented();
  return Value::boolean(TRY(same_entries(vm, self, right)) == equal);
}

/// left | right, of the class of the OrderedDict operand.
Result<Value> ordered_merge(VM& vm, Value self, Value left, Value right) {
  if (!is_kind(left, CellKind::Dict) || !is_kind(right, CellKind::Dict))
    return Value::not_implemented();
  Value result = TRY(vm.call(vm.type_of(self), {left}));
  TRY(update_with(vm, as<Dict>(result), right));
  return result;
}
Result<Value> ordered_or(VM& vm, Dict* self, Value other) {
  return ordered_merge(vm, self, self, other);
}
Result<Value> ordered_ror(VM& vm, Dict* self, Value other) {
  return ordered_merge(vm, self, other, self);
}
Result<Value> ordered_ior(VM& vm, Dict* self, Value other) {
  TRY(update_with(vm, self, other));
  return self;
}

Result<Value> make_view(VM& vm, const NativeTypeDef& definition, Dict* dict) {
  auto* view = static_cast<Record*>(TRY(allocate_instance(vm, type_for(vm, definition))));
  view->fields()[0] = dict;
  return view;
}
Result<Value> ordered_keys(VM& vm, Dict* self) { return make_view(vm, kOrderedKeysType, self); }
Result<Value> ordered_values(VM& vm, Dict* self) { return make_view(vm, kOrderedValuesType, self); }
Result<Value> ordered_items(VM& vm, Dict* self) { return make_view(vm, kOrderedItemsType, self); }

/// (class, (), attributes, None, iterator over the items)
Result<Value> ordered_reduce(VM& vm, Dict* self) {
  Value arguments = TRY(make_tuple(vm, size_t{0}));
  Value state = TRY(vm.call_method(self, vm.names().getstate, {}));
  Value items = TRY(get_iterator(vm, TRY(vm.call_method(self, vm.names().items, {}))));
  Value parts[5] = {vm.type_of(self), arguments, state, Value::none(), items};
  return make_tuple(vm, parts);
}

constexpr NativeFunctionDef kOrderedDictMethods[] = {
    {"__init__(self, /, *args, **kwargs)", "Fills the dict as update() does.",
     bind<ordered_update>()},
    {"update(self, /, *args, **kwargs)", "Take over entries, one by one.", bind<ordered_update>()},
    {"move_to_end(self, /, key, last=True)", "Make an existing key the last one, or the first.",
     bind<ordered_move_to_end>()},
    {"popitem(self, /, last=True)", "Remove and return the last pair, or the first.",
     bind<ordered_popitem>()},
    {"pop(self, /, key, default=<unrepresentable>)",
     "Remove key and return its value; without it, default or KeyError.", bind<ordered_pop>()},
    {"setdefault(self, /, key, default=None)",
     "The value for key; default, after storing it, when key is not there.",
     bind<ordered_setdefault>()},
    {"copy(self, /)", "A new dict of the same class with the same entries.", bind<ordered_copy>()},
    {"fromkeys(cls, /, iterable, value=None)", "A dict with keys from iterable, all with value.",
     bind<ordered_fromkeys>(), NativeFunctionDef::kClassMethod},
    {"keys(self, /)", "A live view of the keys.", bind<ordered_keys>()},
    {"values(self, /)", "A live view of the values.", bind<ordered_values>()},
    {"items(self, /)", "A live view of the (key, value) pairs.", bind<ordered_items>()},
    {"__repr__(self, /)", "repr(self)", bind<ordered_repr>()},
    {"__eq__(self, value, /)", "self==value", bind<ordered_equality<true>>()},
    {"__ne__(self, value, /)", "self!=value", bind<ordered_equality<false>>()},
    {"__or__(self, value, /)", "self|value", bind<ordered_or>()},
    {"__ror__(self, value, /)", "value|self", bind<ordered_ror>()},
    {"__ior__(self, value, /)", "self|=value", bind<ordered_ior>()},
    {"__reduce__(self, /)", "What to pickle.", bind<ordered_reduce>()},
};

constexpr NativeGetSetDef kOrderedDictAttributes[] = {NATIVE_DICT_ATTRIBUTE};

Result<void> make_unhashable(VM& vm, Type* type) {
  return dict_set_str(vm, type->dict, vm.special_name(Special::Hash), Value::none());
}

const NativeTypeDef kOrderedDictType = {"collections.OrderedDict",
                                        "A dict with operations on the order of its entries.",
                                        kOrderedDictMethods,
                                        kOrderedDictAttributes,
                                        Type::kCanSubclass | Type::kHasDict | Type::kHasWeakref,
                                        sizeof(OrderedDict),
                                        nullptr,
                                        make_unhashable};
const NativeTypeDef kOrderedKeysType = {"odict_keys", "", {}, {}, Type::kDisallowNew};
const NativeTypeDef kOrderedValuesType = {"odict_values", "", {}, {}, Type::kDisallowNew};
const NativeTypeDef kOrderedItemsType = {"odict_items", "", {}, {}, Type::kDisallowNew};

// --- helpers ---

/// mapping[item] = mapping.get(item, 0) + 1 for every item.
Result<void> count_elements(VM& vm, Value mapping, Value iterable) {
  Dict* dict = try_as<Dict>(mapping);
  if (dict && keeps(vm, mapping, Special::SetItem) && keeps(vm, mapping, Special::GetItem)) {
    return for_each(vm, iterable, [&](Value item) -> Result<bool> {
      Value count = Value::small_int(0);
      TRY(dict_get(vm, dict, item, &count));
      Value next = count.is_small_int() && count.as_small_int() < Value::kMaxSmallInt
                       ? Value::small_int(count.as_small_int() + 1)
                       : TRY(binary_operation(vm, BinaryOp::Add, count, Value::small_int(1)));
      TRY(dict_set(vm, dict, item, next));
      return true;
    });
  }
  return for_each(vm, iterable, [&](Value item) -> Result<bool> {
    Value count = TRY(vm.call_method(mapping, vm.names().get, {item, Value::small_int(0)}));
    Value next = TRY(binary_operation(vm, BinaryOp::Add, count, Value::small_int(1)));
    TRY(set_item(vm, mapping, item, next));
    return true;
  });
}

Result<Value> tuplegetter_new(VM& vm, Type* cls, int64_t index, Value doc) {
  TupleGetter* self = TRY(make_native<TupleGetter>(vm, cls));
  self->index = static_cast<uint64_t>(index);
  self->doc = doc;
  return self;
}
Result<Value> tuplegetter_get(VM& vm, TupleGetter* self, Value object, Optional<Value>) {
  if (object.is_none()) return self;
  Tuple* tuple = try_as<Tuple>(object);
  if (!tuple)
    return vm.raise(Exc::TypeError,
                    "descriptor for index '{}' for tuple subclasses doesn't apply to '{}' object",
                    self->index, vm.type_of(object));
  if (self->index >= tuple->length) return vm.raise(Exc::IndexError, "tuple index out of range");
  return tuple->values()[self->index];
}
Result<void> tuplegetter_set(VM& vm, TupleGetter*, Value, Value) {
  return vm.raise(Exc::AttributeError, "can't set attribute");
}
Result<void> tuplegetter_delete(VM& vm, TupleGetter*, Value) {
  return vm.raise(Exc::AttributeError, "can't delete attribute");
}
Result<Value> tuplegetter_repr(VM& vm, TupleGetter* self) {
  StrBuilder builder(vm);
  builder.append("_tuplegetter(");
  builder.append(std::to_string(self->index));
  builder.append(", ");
  builder.append(TRY(repr_of(vm, self->doc)));
  builder.append(")");
  return builder.finish();
}
Result<Value> tuplegetter_doc(VM&, Value self) { return try_native<TupleGetter>(self)->doc; }
Result<void> set_tuplegetter_doc(VM& vm, Value self, Value doc) {
  try_native<TupleGetter>(self)->doc = doc.is_empty() ? Value::none() : doc;
  vm.barrier(self.cell());
  return {};
}

constexpr NativeFunctionDef kTupleGetterMethods[] = {
    {"__new__(cls, index, doc, /)", "", bind<tuplegetter_new>(), NativeFunctionDef::kStatic},
    {"__get__(self, instance, owner=None, /)", "", bind<tuplegetter_get>()},
    {"__set__(self, instance, value, /)", "", bind<tuplegetter_set>()},
    {"__delete__(self, instance, /)", "", bind<tuplegetter_delete>()},
    {"__repr__(self, /)", "", bind<tuplegetter_repr>()},
};
constexpr NativeGetSetDef kTupleGetterAttributes[] = {
    {"__doc__", "", tuplegetter_doc, set_tuplegetter_doc}};
const NativeTypeDef kTupleGetterType = {"collections._tuplegetter", "",
                                        kTupleGetterMethods,        kTupleGetterAttributes,
                                        Type::kDataDescriptor,      sizeof(TupleGetter),
                                        &TupleGetter::kClass};

constexpr NativeFunctionDef kFunctions[] = {
    {"_count_elements(mapping, iterable, /)", "Count the items of an iterable in a mapping.",
     bind<count_elements>()},
};

Result<void> initialize(VM& vm, Module* module) {
  TRY(add_native_type(vm, module, kDequeType, "deque"));
  TRY(add_native_type(vm, module, kDequeIteratorType, "_deque_iterator"));
  TRY(add_native_type(vm, module, kDequeReverseIteratorType, "_deque_reverse_iterator"));
  TRY(add_native_type(vm, module, kTupleGetterType, "_tuplegetter"));
  TRY(add_type(vm, module, kDefaultDictType, "defaultdict", vm.type(BuiltinType::Dict)));
  TRY(add_type(vm, module, kOrderedDictType, "OrderedDict", vm.type(BuiltinType::Dict)));
  TRY(add_type(vm, module, kOrderedKeysType, "", vm.type(BuiltinType::DictKeys)));
  TRY(add_type(vm, module, kOrderedValuesType, "", vm.type(BuiltinType::DictValues)));
  return add_type(vm, module, kOrderedItemsType, "", vm.type(BuiltinType::DictItems));
}

}  // namespace

extern const NativeModuleDef kCollectionsModule = {
    "_collections", "The native half of collections.", kFunctions, initialize};

}  // namespace apy
