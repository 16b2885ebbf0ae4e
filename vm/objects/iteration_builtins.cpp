// enumerate, zip, map, filter and reversed.
#include "vm/binding/bind.h"
#include "vm/objects/class_checks.h"
#include "vm/objects/iterators.h"
#include "vm/objects/protocol.h"

namespace apy {

namespace {

/// iterator_next, without a call for the iterators that are most frequent.
inline Result<bool> next_of(VM& vm, Value iterator, Value* out) {
  if (is_exact(iterator, BuiltinType::ListIterator))
    return list_iterator_next(as<Record>(iterator), out);
  if (is_exact(iterator, BuiltinType::RangeIterator))
    return range_iterator_next(as<Record>(iterator), out);
  return iterator_next(vm, iterator, out);
}

}  // namespace

Result<bool> enumerate_next(VM& vm, Record* iterator, Value* out) {
  Value* f = iterator->fields();
  Value item;
  if (!TRY(next_of(vm, f[0], &item))) return false;
  Value pair[2] = {f[1], item};
  if (f[1].is_small_int() && f[1].as_small_int() < Value::kMaxSmallInt) {
    f[1] = Value::small_int(f[1].as_small_int() + 1);
  } else {
    f[1] = TRY(number_binary(vm, BinaryOp::Add, f[1], Value::small_int(1)));
    vm.barrier(iterator);
  }
  *out = TRY(make_tuple(vm, pair));
  return true;
}

namespace {

/// zip(strict=True) found iterator `index` exhausted: an error unless all are.
Result<bool> zip_ended(VM& vm, Tuple* iterators, size_t index) {
  if (index > 0) {
    return index == 1
               ? vm.raise(Exc::ValueError, "zip() argument 2 is shorter than argument 1")
               : vm.raise(Exc::ValueError, "zip() argument {} is shorter than arguments 1-{}",
                          index + 1, index);
  }
  for (size_t i = 1; i < iterators->length; ++i) {
    Value item;
    if (!TRY(next_of(vm, iterators->values()[i], &item))) continue;
    return i == 1 ? vm.raise(Exc::ValueError, "zip() argument 2 is longer than argument 1")
                  : vm.raise(Exc::ValueError, "zip() argument {} is longer than arguments 1-{}",
                             i + 1, i);
  }
  return false;
}

}  // namespace

Result<bool> zip_next(VM& vm, Record* iterator, Value* out) {
  Tuple* iterators = as<Tuple>(iterator->fields()[0]);
  size_t count = iterators->length;
  if (count == 0) return false;
  Tuple* result = TRY(make_tuple(vm, count));
  for (size_t i = 0; i < count; ++i) {
    Value item;
    if (!TRY(next_of(vm, iterators->values()[i], &item))) {
      if (iterator->fields()[1].is_true()) return zip_ended(vm, iterators, i);
      return false;
    }
    result->values()[i] = item;
    vm.barrier(result);
  }
  *out = result;
  return true;
}

Result<bool> map_next(VM& vm, Record* iterator, Value* out) {
  Value function = iterator->fields()[0];
  Tuple* iterators = as<Tuple>(iterator->fields()[1]);
  size_t count = iterators->length;
  if (count == 1) {
    Value item;
    if (!TRY(next_of(vm, iterators->values()[0], &item))) return false;
    *out = TRY(vm.call(function, {item}));
    return true;
  }
  Tuple* arguments = TRY(make_tuple(vm, count));
  for (size_t i = 0; i < count; ++i) {
    if (!TRY(next_of(vm, iterators->values()[i], &arguments->values()[i]))) return false;
    vm.barrier(arguments);
  }
  *out = TRY(vm.call(function, arguments->span()));
  return true;
}

Result<bool> filter_next(VM& vm, Record* iterator, Value* out) {
  Value function = iterator->fields()[0];
  bool truth = function.is_none() || function.is(vm.type(BuiltinType::Bool));
  Value item;
  while (TRY(next_of(vm, iterator->fields()[1], &item))) {
    Value verdict = truth ? item : TRY(vm.call(function, {item}));
    if (!TRY(is_truthy(vm, verdict))) continue;
    *out = item;
    return true;
  }
  return false;
}

Result<bool> reversed_next(VM& vm, Record* iterator, Value* out) {
  Value* f = iterator->fields();
  if (f[0].is_none()) return false;
  int64_t index = f[1].as_small_int();
  if (index >= 0) {
    auto item = get_item(vm, f[0], Value::small_int(index));
    if (item.is_ok()) {
      f[1] = Value::small_int(index - 1);
      *out = item.value();
      return true;
    }
    if (!vm.catch_pending(Exc::IndexError) && !vm.catch_pending(Exc::StopIteration)) return Error{};
  }
  f[0] = Value::none();
  f[1] = Value::small_int(-1);
  return false;
}

namespace {

Result<Value> self_iter(VM&, Value self) { return self; }

template <BuiltinType type, auto step>
Result<Value> next_method(VM& vm, Value self) {
  if (!is_kind(self, CellKind::Record) || !vm.is_instance(self, type))
    return vm.raise(Exc::TypeError,
                    "descriptor '__next__' requires a '{}' object but received a '{}'",
                    vm.type(type), vm.type_of(self));
  Value item;
  if (TRY(step(vm, as<Record>(self), &item))) return item;
  return stop_iteration(vm);
}

Result<Value> class_getitem(VM& vm, Type* cls, Value item) {
  return make_generic_alias(vm, cls, item);
}

/// The iterators over each of `iterables`, as a tuple.
Result<Tuple*> iterators_of(VM& vm, std::span<const Value> iterables) {
  Tuple* iterators = TRY(make_tuple(vm, iterables.size()));
  for (size_t i = 0; i < iterables.size(); ++i) {
    iterators->values()[i] = TRY(get_iterator(vm, iterables[i]));
    vm.barrier(iterators);
  }
  return iterators;
}

Result<Value> enumerate_new(VM& vm, const Arguments& arguments) {
  Type* cls = as<Type>(arguments.values[0]);
  auto values = arguments.positional().subspan(1);
  if (values.size() + arguments.keyword_count() > 2)
    return vm.raise(Exc::TypeError, "enumerate() takes at most 2 arguments ({} given)",
                    values.size() + arguments.keyword_count());
  Value iterable = values.empty() ? Value() : values[0];
  Value start = values.size() > 1 ? values[1] : Value();
  for (uint32_t i = 0; i < arguments.keyword_count(); ++i) {
    Str* keyword = as<Str>(arguments.keyword_names->values()[i]);
    Value* slot = str_equal(keyword, "iterable") ? &iterable
                  : str_equal(keyword, "start")  ? &start
                                                 : nullptr;
    // In CPython, `start` alone, or an argument given twice, is as wrong as an unknown name.
    if (!slot || !slot->is_empty() ||
        (arguments.keyword_count() == 1 && values.empty() && slot == &start))
      return vm.raise(Exc::TypeError, "'{}' is an invalid keyword argument for enumerate()",
                      keyword);
    *slot = arguments.keyword_values()[i];
  }
  if (iterable.is_empty())
    return vm.raise(Exc::TypeError, "enumerate() missing required argument 'iterable'");
  Value number = Value::small_int(0);
  if (!start.is_empty()) number = TRY(to_index(vm, start));
  if (number.is_bool()) number = Value::small_int(number.as_bool());
  Value iterator = TRY(get_iterator(vm, iterable));
  return make_record_of(vm, cls, BuiltinType::Enumerate, {iterator, number});
}

/// The keyword argument `name`, the only one allowed; empty when absent.
Result<Value> only_keyword(VM& vm, const Arguments& arguments, std::string_view name,
                           const char* function) {
  Value value;
  for (uint32_t i = 0; i < arguments.keyword_count(); ++i) {
    Str* keyword = as<Str>(arguments.keyword_names->values()[i]);
    if (!str_equal(keyword, name))
      return vm.raise(Exc::TypeError, "{}() got an unexpected keyword argument '{}'", function,
                      keyword);
    value = arguments.keyword_values()[i];
  }
  return value.is_empty() ? Value::boolean(false) : value;
}

Result<Value> zip_new(VM& vm, const Arguments& arguments) {
  Type* cls = as<Type>(arguments.values[0]);
  bool exact = cls == vm.type(BuiltinType::Zip);
  Value strict = Value::boolean(false);
  if (exact || arguments.keyword_count() > 0)
    strict = TRY(only_keyword(vm, arguments, "strict", "zip"));
  strict = Value::boolean(TRY(is_truthy(vm, strict)));
  Value iterators = TRY(iterators_of(vm, arguments.positional().subspan(1)));
  return make_record_of(vm, cls, BuiltinType::Zip, {iterators, strict});
}

Result<Value> map_new(VM& vm, const Arguments& arguments) {
  Type* cls = as<Type>(arguments.values[0]);
  auto values = arguments.positional().subspan(1);
  TRY(check_no_keywords(vm, arguments, cls, BuiltinType::Map, Special::Init));
  if (values.size() < 2) return vm.raise(Exc::TypeError, "map() must have at least two arguments.");
  Value iterators = TRY(iterators_of(vm, values.subspan(1)));
  return make_record_of(vm, cls, BuiltinType::Map, {values[0], iterators});
}

Result<Value> filter_new(VM& vm, const Arguments& arguments) {
  Type* cls = as<Type>(arguments.values[0]);
  auto values = arguments.positional().subspan(1);
  TRY(check_no_keywords(vm, arguments, cls, BuiltinType::Filter, Special::Init));
  if (values.size() != 2)
    return vm.raise(Exc::TypeError, "filter expected 2 arguments, got {}", values.size());
  Value iterator = TRY(get_iterator(vm, values[1]));
  return make_record_of(vm, cls, BuiltinType::Filter, {values[0], iterator});
}

Result<Value> reversed_new(VM& vm, const Arguments& arguments) {
  Type* cls = as<Type>(arguments.values[0]);
  auto values = arguments.positional().subspan(1);
  TRY(check_no_keywords(vm, arguments, cls, BuiltinType::Reversed, Special::Init));
  if (values.size() != 1)
    return vm.raise(Exc::TypeError, "reversed expected 1 argument, got {}", values.size());
  Value sequence = values[0];
  Type* type = vm.type_of(sequence);
  Value method = type_special(vm, type, Special::Reversed);
  if (method.is_none()) return vm.raise(Exc::TypeError, "'{}' object is not reversible", type);
  if (!method.is_empty()) {
    bool found = false;
    return vm.call_special(sequence, Special::Reversed, {}, &found);
  }
  bool mapping = vm.is_instance(sequence, BuiltinType::Dict) ||
                 vm.is_instance(sequence, BuiltinType::MappingProxy);
  if (mapping || type_special(vm, type, Special::GetItem).is_empty() ||
      type_special(vm, type, Special::Length).is_empty())
    return vm.raise(Exc::TypeError, "'{}' object is not reversible", type);
  int64_t length = TRY(length_of(vm, sequence));
  return make_record_of(vm, cls, BuiltinType::Reversed, {sequence, Value::small_int(length - 1)});
}

Result<Value> reversed_hint(VM& vm, Value self) {
  const Value* f = as<Record>(self)->fields();
  if (f[0].is_none()) return Value::small_int(0);
  int64_t left = f[1].as_small_int() + 1;
  int64_t length = TRY(length_of(vm, f[0]));
  return Value::small_int(length < left ? 0 : left);
}

// --- what they are pickled as: their class, what it was called with as it is now, their state ---

template <BuiltinType type>
Result<Record*> receiver_of(VM& vm, Value self) {
  if (is_kind(self, CellKind::Record) && vm.is_instance(self, type)) return as<Record>(self);
  return vm.raise(Exc::TypeError,
                  "descriptor '__reduce__' requires a '{}' object but received a '{}'",
                  vm.type(type), vm.type_of(self));
}

Result<Value> reduced(VM& vm, Value self, Value arguments, Value state = Value()) {
  Value parts[3] = {vm.type_of(self), arguments, state};
  return make_tuple(vm, std::span<const Value>(parts, state.is_empty() ? 2 : 3));
}

/// enumerate and filter: both fields are arguments.
template <BuiltinType type>
Result<Value> pair_reduce(VM& vm, Value self) {
  const Value* f = TRY(receiver_of<type>(vm, self))->fields();
  return reduced(vm, self, TRY(make_tuple(vm, {f, 2})));
}

Result<Value> zip_reduce(VM& vm, Value self) {
  const Value* f = TRY(receiver_of<BuiltinType::Zip>(vm, self))->fields();
  Value iterators = is_kind(f[0], CellKind::Tuple) ? f[0] : Value(TRY(make_tuple(vm, size_t{0})));
  return reduced(vm, self, iterators, f[1].is_true() ? f[1] : Value());
}
Result<void> zip_set_state(VM& vm, Value self, Value state) {
  Value* f = TRY(receiver_of<BuiltinType::Zip>(vm, self))->fields();
  f[1] = Value::boolean(TRY(is_truthy(vm, state)));
  return {};
}

Result<Value> map_reduce(VM& vm, Value self) {
  const Value* f = TRY(receiver_of<BuiltinType::Map>(vm, self))->fields();
  auto iterators = as<Tuple>(f[1])->span();
  Tuple* arguments = TRY(make_tuple(vm, iterators.size() + 1));
  arguments->values()[0] = f[0];
  for (size_t i = 0; i < iterators.size(); ++i) arguments->values()[i + 1] = iterators[i];
  return reduced(vm, self, arguments);
}

Result<Value> reversed_reduce(VM& vm, Value self) {
  const Value* f = TRY(receiver_of<BuiltinType::Reversed>(vm, self))->fields();
  if (!f[0].is_none()) return reduced(vm, self, TRY(make_tuple(vm, {f, 1})), f[1]);
  Value nothing = TRY(make_tuple(vm, size_t{0}));
  return reduced(vm, self, TRY(make_tuple(vm, {&nothing, 1})));
}
Result<void> reversed_set_state(VM& vm, Value self, int64_t index) {
  Value* f = TRY(receiver_of<BuiltinType::Reversed>(vm, self))->fields();
  if (f[0].is_none()) return {};
  int64_t length = TRY(length_of(vm, f[0]));
  if (!f[0].is_none()) f[1] = Value::small_int(std::max(int64_t{-1}, std::min(index, length - 1)));
  return {};
}

#define REDUCE(function) \
  { "__reduce__(self, /)", "What to pickle.", bind<function>() }

#define ITERATOR_METHODS(Id, step)                                                    \
  {"__iter__(self, /)", "The iterator itself.", bind<self_iter>()}, {                 \
    "__next__(self, /)", "The next item.", bind<next_method<BuiltinType::Id, step>>() \
  }

constexpr NativeFunctionDef kEnumerateMethods[] = {
    {"__new__(cls, iterable, start=0)", "A new enumerate.", bind<enumerate_new>(),
     NativeFunctionDef::kStatic},
    ITERATOR_METHODS(Enumerate, enumerate_next),
    {"__class_getitem__(cls, item, /)", "The generic alias of the class and item.",
     bind<class_getitem>(), NativeFunctionDef::kClassMethod},
    REDUCE(pair_reduce<BuiltinType::Enumerate>),
};
constexpr NativeFunctionDef kZipMethods[] = {
    {"__new__(cls, *args, **kwargs)", "A new zip.", bind<zip_new>(), NativeFunctionDef::kStatic},
    ITERATOR_METHODS(Zip, zip_next),
    REDUCE(zip_reduce),
    {"__setstate__(self, state, /)", "Set strict.", bind<zip_set_state>()},
};
constexpr NativeFunctionDef kMapMethods[] = {
    {"__new__(cls, *args, **kwargs)", "A new map.", bind<map_new>(), NativeFunctionDef::kStatic},
    ITERATOR_METHODS(Map, map_next),
    REDUCE(map_reduce),
};
constexpr NativeFunctionDef kFilterMethods[] = {
    {"__new__(cls, *args, **kwargs)", "A new filter.", bind<filter_new>(),
     NativeFunctionDef::kStatic},
    ITERATOR_METHODS(Filter, filter_next),
    REDUCE(pair_reduce<BuiltinType::Filter>),
};
constexpr NativeFunctionDef kReversedMethods[] = {
    {"__new__(cls, *args, **kwargs)", "A new reversed.", bind<reversed_new>(),
     NativeFunctionDef::kStatic},
    ITERATOR_METHODS(Reversed, reversed_next),
    REDUCE(reversed_reduce),
    {"__setstate__(self, index, /)", "Go to an index.", bind<reversed_set_state>()},
    {"__length_hint__(self, /)", "How many items are left.", bind<reversed_hint>()},
};
#undef ITERATOR_METHODS
#undef REDUCE

constexpr uint32_t kTwoFields = sizeof(Record) + 2 * sizeof(Value);

}  // namespace

extern const NativeTypeDef kEnumerateType = {
    "enumerate",
    "enumerate(iterable, start=0)\n\nPairs of a number, counted from start, and an item.",
    kEnumerateMethods,
    {},
    Type::kCanSubclass,
    kTwoFields};
extern const NativeTypeDef kZipType = {"zip",
                                       "zip(*iterables, strict=False)\n\nTuples of one item of "
                                       "each iterable, until the shortest ends.\n"
                                       "With strict, ValueError when they are not equally long.",
                                       kZipMethods,
                                       {},
                                       Type::kCanSubclass,
                                       kTwoFields};
extern const NativeTypeDef kMapType = {
    "map",
    "map(function, iterable, *iterables)\n\nThe function's results for the items.",
    kMapMethods,
    {},
    Type::kCanSubclass,
    kTwoFields};
extern const NativeTypeDef kFilterType = {"filter",
                                          "filter(function, iterable)\n\nThe items for which the "
                                          "function is true; with None, those that are true.",
                                          kFilterMethods,
                                          {},
                                          Type::kCanSubclass,
                                          kTwoFields};
extern const NativeTypeDef kReversedType = {
    "reversed",         "reversed(sequence)\n\nThe items from last to first.",
    kReversedMethods,   {},
    Type::kCanSubclass, kTwoFields};

}  // namespace apy
