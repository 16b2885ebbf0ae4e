// The iterators of the builtin containers, and those over __getitem__ and callables.
#include "vm/objects/iterators.h"

#include <algorithm>

#include "vm/binding/bind.h"
#include "vm/objects/protocol.h"
#include "vm/objects/set.h"

namespace apy {

Result<Record*> make_record_of(VM& vm, Type* cls, BuiltinType exact,
                               std::initializer_list<Value> fields) {
  if (cls == vm.type(exact)) return vm.make_record(exact, fields);
  auto* record = static_cast<Record*>(TRY(allocate_instance(vm, cls)));
  size_t i = 0;
  for (Value v : fields) record->fields()[i++] = v;
  return record;
}

Result<Value> make_list_iterator(VM& vm, List* list) {
  return vm.make_record(BuiltinType::ListIterator, {list, Value::small_int(0)});
}
Result<Value> make_list_reverse_iterator(VM& vm, List* list) {
  return vm.make_record(BuiltinType::ListReverseIterator,
                        {list, Value::small_int(static_cast<int64_t>(list->length) - 1)});
}
Result<Value> make_tuple_iterator(VM& vm, Tuple* tuple) {
  return vm.make_record(BuiltinType::TupleIterator, {tuple, Value::small_int(0)});
}
Result<Value> make_str_iterator(VM& vm, Value string) {
  BuiltinType type =
      as<Str>(string)->is_ascii() ? BuiltinType::StrAsciiIterator : BuiltinType::StrIterator;
  return vm.make_record(type, {string, Value::small_int(0)});
}
Result<Value> make_bytes_iterator(VM& vm, Value bytes_or_bytearray) {
  BuiltinType type = is_kind(bytes_or_bytearray, CellKind::Bytes) ? BuiltinType::BytesIterator
                                                                  : BuiltinType::ByteArrayIterator;
  return vm.make_record(type, {bytes_or_bytearray, Value::small_int(0)});
}
Result<Value> make_set_iterator(VM& vm, Set* set) {
  return vm.make_record(BuiltinType::SetIterator,
                        {set, Value::small_int(0), Value::small_int(set->length)});
}
Result<Value> make_callable_iterator(VM& vm, Value callable, Value sentinel) {
  return vm.make_record(BuiltinType::CallableIterator, {callable, sentinel});
}

Result<Value> make_dict_iterator(VM& vm, BuiltinType type, Dict* dict) {
  bool reverse = type >= BuiltinType::DictReverseKeyIterator;
  int64_t position = reverse && dict->table ? int64_t{dict->table->filled} - 1 : 0;
  Value length = Value::small_int(dict->length);
  return vm.make_record(type, {dict, Value::small_int(position), length, length});
}

Result<bool> str_iterator_next(VM& vm, Record* iterator, Value* out) {
  Value* f = iterator->fields();
  if (f[0].is_none()) return false;
  const Str* string = as<Str>(f[0]);
  auto index = static_cast<uint64_t>(f[1].as_small_int());
  if (index >= string->length) {
    f[0] = Value::none();
    return false;
  }
  uint32_t c = string->at(index);
  Str* known = c < 0x100 ? vm.latin1_character(static_cast<uint8_t>(c)) : nullptr;
  *out = known ? Value(known) : Value(TRY(make_str_char(vm, c)));
  f[1] = Value::small_int(static_cast<int64_t>(index + 1));
  return true;
}

Result<bool> bytes_iterator_next(VM&, Record* iterator, Value* out) {
  Value* f = iterator->fields();
  if (f[0].is_none()) return false;
  auto index = static_cast<uint64_t>(f[1].as_small_int());
  const Bytes* bytes = try_as<Bytes>(f[0]);
  uint64_t length = bytes ? bytes->length : as<ByteArray>(f[0])->length;
  if (index >= length) {
    f[0] = Value::none();
    return false;
  }
  const uint8_t* data = bytes ? bytes->data() : as<ByteArray>(f[0])->storage->data();
  *out = Value::small_int(data[index]);
  f[1] = Value::small_int(static_cast<int64_t>(index + 1));
  return true;
}

Result<bool> set_iterator_next(VM& vm, Record* iterator, Value* out) {
  Value* f = iterator->fields();
  if (f[0].is_none()) return false;
  const Set* set = as<Set>(f[0]);
  if (f[2].as_small_int() != set->length) {
    f[2] = Value::small_int(-1);  // stays broken
    return vm.raise(Exc::RuntimeError, "Set changed size during iteration");
  }
  auto position = static_cast<size_t>(f[1].as_small_int());
  if (set_next(set, &position, out)) {
    f[1] = Value::small_int(static_cast<int64_t>(position));
    return true;
  }
  f[0] = Value::none();
  return false;
}

Error dict_iterator_changed(VM& vm, Record* iterator) {
  Value* f = iterator->fields();
  const Dict* dict = as<Dict>(f[0]);
  if (f[2].as_small_int() != dict->length) {
    f[2] = Value::small_int(-1);  // stays broken
    return vm.raise(Exc::RuntimeError, "dictionary changed size during iteration");
  }
  f[0] = Value::none();
  return vm.raise(Exc::RuntimeError, "dictionary keys changed during iteration");
}

namespace {

/// What an iterator of that type gives for an entry.
Result<Value> item_of_entry(VM& vm, BuiltinType type, DictEntry entry) {
  switch (type) {
    case BuiltinType::DictKeyIterator:
    case BuiltinType::DictReverseKeyIterator:
      return entry.key;
    case BuiltinType::DictValueIterator:
    case BuiltinType::DictReverseValueIterator:
      return entry.value;
    default: {
      Value pair[2] = {entry.key, entry.value};
      return make_tuple(vm, pair);
    }
  }
}

}  // namespace

Result<bool> dict_iterator_step(VM& vm, Record* iterator, Value* out) {
  const DictEntry* entry;
  switch (dict_iterator_next(iterator, &entry)) {
    case IteratorStep::End:
      return false;
    case IteratorStep::Changed:
      return dict_iterator_changed(vm, iterator);
    case IteratorStep::Item:
      break;
  }
  *out = TRY(item_of_entry(vm, static_cast<BuiltinType>(iterator->shape), *entry));
  return true;
}

Result<bool> dict_reverse_iterator_step(VM& vm, Record* iterator, Value* out) {
  Value* f = iterator->fields();
  if (f[0].is_none()) return false;
  Dict* dict = as<Dict>(f[0]);
  if (f[2].as_small_int() != dict->length) return dict_iterator_changed(vm, iterator);
  if (const DictTable* table = dict->table) {
    int64_t position = std::min(f[1].as_small_int(), int64_t{table->filled} - 1);
    for (; position >= int64_t{table->first}; --position) {
      DictEntry entry = table->entries()[position];
      if (entry.key.is_empty()) continue;
      int64_t left = f[3].as_small_int();
      if (left == 0) return dict_iterator_changed(vm, iterator);
      f[1] = Value::small_int(position - 1);
      f[3] = Value::small_int(left - 1);
      *out = TRY(item_of_entry(vm, static_cast<BuiltinType>(iterator->shape), entry));
      return true;
    }
  }
  f[0] = Value::none();
  return false;
}

Result<bool> sequence_iterator_next(VM& vm, Record* iterator, Value* out) {
  Value* f = iterator->fields();
  if (f[0].is_none()) return false;
  auto item = get_item(vm, f[0], f[1]);
  if (item.is_error()) {
    if (!vm.catch_pending(Exc::IndexError) && !vm.catch_pending(Exc::StopIteration)) return Error{};
    f[0] = Value::none();
    return false;
  }
  if (f[1].is_small_int()) f[1] = Value::small_int(f[1].as_small_int() + 1);
  *out = item.value();
  return true;
}

Result<bool> callable_iterator_next(VM& vm, Record* iterator, Value* out) {
  Value* f = iterator->fields();
  if (f[0].is_none()) return false;
  auto item = vm.call(f[0], {});
  if (item.is_error()) {
    if (!vm.catch_pending(Exc::StopIteration)) return Error{};
    f[0] = f[1] = Value::none();
    return false;
  }
  // The call may have exhausted this very iterator.
  if (f[0].is_none()) return false;
  if (TRY(values_equal(vm, f[1], item.value()))) {
    f[0] = f[1] = Value::none();
    return false;
  }
  *out = item.value();
  return true;
}

namespace {

Result<Value> self_iter(VM&, Value self) { return self; }

/// The receiver as an iterator of one of the types [first, last]; TypeError otherwise.
template <BuiltinType first, BuiltinType last = first>
Result<Record*> receiver(VM& vm, Value self) {
  if (self.is_cell() && self.cell()->shape >= shape_of(first) &&
      self.cell()->shape <= shape_of(last))
    return as<Record>(self);
  return vm.raise(Exc::TypeError,
                  "descriptor '__next__' requires a '{}' object but received a '{}'",
                  vm.type(first), vm.type_of(self));
}

template <BuiltinType type, auto step>
Result<Value> next_method(VM& vm, Value self) {
  Record* iterator = TRY(receiver<type>(vm, self));
  Value item;
  if constexpr (std::is_same_v<decltype(step), bool (*)(Record*, Value*)>) {
    if (step(iterator, &item)) return item;
  } else {
    if (TRY(step(vm, iterator, &item))) return item;
  }
  return stop_iteration(vm);
}

/// Items left of an iterator that counts an index up to the length of a sequence.
template <BuiltinType type>
Result<Value> sequence_hint(VM& vm, Value self) {
  Record* iterator = TRY(receiver<type>(vm, self));
  const Value* f = iterator->fields();
  if (f[0].is_none()) return Value::small_int(0);
  int64_t index = f[1].as_small_int();
  if (type == BuiltinType::ListReverseIterator) {
    int64_t left = index + 1;
    return Value::small_int(left > static_cast<int64_t>(as<List>(f[0])->length) ? 0 : left);
  }
  int64_t length = TRY(length_of(vm, f[0]));
  return Value::small_int(std::max<int64_t>(length - index, 0));
}

Result<Value> set_hint(VM& vm, Value self) {
  Record* iterator = TRY(receiver<BuiltinType::SetIterator>(vm, self));
  const Value* f = iterator->fields();
  if (f[0].is_none() || f[2].as_small_int() != as<Set>(f[0])->length) return Value::small_int(0);
  int64_t left = 0;
  Value key;
  for (auto position = static_cast<size_t>(f[1].as_small_int());
       set_next(as<Set>(f[0]), &position, &key);)
    ++left;
  return Value::small_int(left);
}

template <BuiltinType type>
Result<Value> dict_hint(VM& vm, Value self) {
  const Value* f = TRY(receiver<type>(vm, self))->fields();
  if (f[0].is_none() || f[2].as_small_int() != as<Dict>(f[0])->length) return Value::small_int(0);
  return f[3];
}

/// (iter, (remaining items,)): what an iterator is pickled and copied as.
template <BuiltinType type>
Result<Value> reduce_method(VM& vm, Value self) {
  Record* iterator = TRY(receiver<type>(vm, self));
  Value iter = dict_get_str(vm, vm.builtins(), TRY(intern(vm, "iter")));
  const Value* f = iterator->fields();
  List* rest = TRY(make_list(vm, size_t{0}));
  if (!f[0].is_none()) {
    Record* copy = TRY(vm.allocate<Record>(
        iterator->shape, sizeof(Record) + iterator->aux * sizeof(Value), iterator->aux));
    for (unsigned i = 0; i < iterator->aux; ++i) copy->fields()[i] = f[i];
    Value item;
    while (TRY(iterator_next(vm, copy, &item))) TRY(list_append(vm, rest, item));
  }
  Value rest_value = rest;
  Value arguments = TRY(make_tuple(vm, {&rest_value, 1}));
  Value pair[2] = {iter, arguments};
  return make_tuple(vm, pair);
}

/// `builtins`' function or type that makes such an iterator again.
Result<Value> maker_of(VM& vm, BuiltinType type) {
  const char* name = type == BuiltinType::ListReverseIterator ? "reversed" : "iter";
  Value maker;
  if (TRY(dict_get(vm, vm.builtins(), TRY(intern(vm, name)), &maker))) return maker;
  return vm.raise(Exc::AttributeError, "module 'builtins' has no attribute '{}'", name);
}

/// (iter, (sequence,), index), or over something empty at the end.
template <BuiltinType type>
Result<Value> sequence_reduce(VM& vm, Value self) {
  Record* iterator = TRY(receiver<type>(vm, self));
  Value maker = TRY(maker_of(vm, type));
  const Value* f = iterator->fields();
  if (!f[0].is_none()) {
    Value parts[3] = {maker, TRY(make_tuple(vm, {f, 1})), f[1]};
    return make_tuple(vm, parts);
  }
  Value rest;
  if (type == BuiltinType::ListIterator || type == BuiltinType::ListReverseIterator)
    rest = TRY(make_list(vm, size_t{0}));
  else if (type == BuiltinType::StrIterator || type == BuiltinType::StrAsciiIterator)
    rest = vm.names().empty;
  else
    rest = TRY(make_tuple(vm, size_t{0}));
  Value pair[2] = {maker, TRY(make_tuple(vm, {&rest, 1}))};
  return make_tuple(vm, pair);
}

/// Sets the index, within the sequence.
template <BuiltinType type>
Result<void> sequence_set_state(VM& vm, Value self, int64_t index) {
  Record* iterator = TRY(receiver<type>(vm, self));
  Value* f = iterator->fields();
  if (f[0].is_none()) return {};
  constexpr bool kReverse = type == BuiltinType::ListReverseIterator;
  int64_t lowest = kReverse ? -1 : 0, highest = INT64_MAX >> 2;
  if constexpr (type != BuiltinType::SequenceIterator)
    highest = TRY(length_of(vm, f[0])) - (kReverse ? 1 : 0);
  f[1] = Value::small_int(std::clamp(index, lowest, std::max(lowest, highest)));
  return {};
}

Result<Value> callable_reduce(VM& vm, Value self) {
  Record* iterator = TRY(receiver<BuiltinType::CallableIterator>(vm, self));
  const Value* f = iterator->fields();
  Value rest = TRY(make_tuple(vm, size_t{0}));
  Value pair[2] = {TRY(maker_of(vm, BuiltinType::CallableIterator)),
                   f[0].is_none() ? TRY(make_tuple(vm, {&rest, 1})) : TRY(make_tuple(vm, {f, 2}))};
  return make_tuple(vm, pair);
}

template <BuiltinType type, auto step>
constexpr NativeFunctionDef kSequenceIteratorMethods[] = {
    {"__iter__(self, /)", "The iterator itself.", bind<self_iter>()},
    {"__next__(self, /)", "The next item.", bind<next_method<type, step>>()},
    {"__length_hint__(self, /)", "How many items are left, as far as known.",
     bind<sequence_hint<type>>()},
    {"__reduce__(self, /)", "What to pickle.", bind<sequence_reduce<type>>()},
    {"__setstate__(self, index, /)", "Go to an index.", bind<sequence_set_state<type>>()},
};

template <BuiltinType type, auto step, auto hint>
constexpr NativeFunctionDef kIteratorMethods[] = {
    {"__iter__(self, /)", "The iterator itself.", bind<self_iter>()},
    {"__next__(self, /)", "The next item.", bind<next_method<type, step>>()},
    {"__length_hint__(self, /)", "How many items are left, as far as known.", bind<hint>()},
    {"__reduce__(self, /)", "What to pickle.", bind<reduce_method<type>>()},
};

template <BuiltinType type, auto step>
constexpr NativeFunctionDef kPlainIteratorMethods[] = {
    {"__iter__(self, /)", "The iterator itself.", bind<self_iter>()},
    {"__next__(self, /)", "The next item.", bind<next_method<type, step>>()},
    {"__reduce__(self, /)", "What to pickle.", bind<callable_reduce>()},
};

using enum BuiltinType;

}  // namespace

#define SEQUENCE_ITERATOR(Id, name, step)    \
  extern const NativeTypeDef k##Id##Type = { \
      name, "", kSequenceIteratorMethods<Id, step>, {}, Type::kDisallowNew};
SEQUENCE_ITERATOR(ListIterator, "list_iterator", list_iterator_next)
SEQUENCE_ITERATOR(ListReverseIterator, "list_reverseiterator", list_reverse_iterator_next)
SEQUENCE_ITERATOR(TupleIterator, "tuple_iterator", tuple_iterator_next)
SEQUENCE_ITERATOR(StrIterator, "str_iterator", str_iterator_next)
SEQUENCE_ITERATOR(StrAsciiIterator, "str_ascii_iterator", str_iterator_next)
SEQUENCE_ITERATOR(BytesIterator, "bytes_iterator", bytes_iterator_next)
SEQUENCE_ITERATOR(ByteArrayIterator, "bytearray_iterator", bytes_iterator_next)
SEQUENCE_ITERATOR(SequenceIterator, "iterator", sequence_iterator_next)
#undef SEQUENCE_ITERATOR

#define DICT_ITERATOR(Id, name, step)        \
  extern const NativeTypeDef k##Id##Type = { \
      name, "", kIteratorMethods<Id, step, dict_hint<Id>>, {}, Type::kDisallowNew};
DICT_ITERATOR(DictKeyIterator, "dict_keyiterator", dict_iterator_step)
DICT_ITERATOR(DictValueIterator, "dict_valueiterator", dict_iterator_step)
DICT_ITERATOR(DictItemIterator, "dict_itemiterator", dict_iterator_step)
DICT_ITERATOR(DictReverseKeyIterator, "dict_reversekeyiterator", dict_reverse_iterator_step)
DICT_ITERATOR(DictReverseValueIterator, "dict_reversevalueiterator", dict_reverse_iterator_step)
DICT_ITERATOR(DictReverseItemIterator, "dict_reverseitemiterator", dict_reverse_iterator_step)
#undef DICT_ITERATOR

extern const NativeTypeDef kSetIteratorType = {
    "set_iterator",
    "",
    kIteratorMethods<SetIterator, set_iterator_next, set_hint>,
    {},
    Type::kDisallowNew};
extern const NativeTypeDef kCallableIteratorType = {
    "callable_iterator",
    "",
    kPlainIteratorMethods<CallableIterator, callable_iterator_next>,
    {},
    Type::kDisallowNew};

}  // namespace apy
