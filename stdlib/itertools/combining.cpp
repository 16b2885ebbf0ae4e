// Iterators that join, group or pair items: accumulate, batched, chain, groupby, pairwise,
// zip_longest.
#include "stdlib/itertools/itertools.h"
#include "stdlib/itertools/reduction.h"
#include "stdlib/native_iterator.h"

namespace apy::itertools {

namespace {

constexpr uint32_t kFlags = Type::kCanSubclass;

Result<Value> class_getitem(VM& vm, Type* cls, Value item) {
  return make_generic_alias(vm, cls, item);
}

struct Accumulate : NativeObject {
  static const NativeClass kClass;
  Value iterator, function, total, initial;  // total empty before the first item
  static Result<bool> step(VM& vm, Accumulate* self, Value* out) {
    if (!self->initial.is_empty()) {
      self->total = *out = self->initial;
      self->initial = Value();
      vm.barrier(self);
      return true;
    }
    Value item;
    if (!TRY(iterator_next(vm, self->iterator, &item))) return false;
    if (self->total.is_empty()) {
      self->total = item;
    } else if (self->function.is_none()) {
      self->total = TRY(binary_operation(vm, BinaryOp::Add, self->total, item));
    } else {
      self->total = TRY(vm.call(self->function, {self->total, item}));
    }
    vm.barrier(self);
    *out = self->total;
    return true;
  }
};
const NativeClass Accumulate::kClass = {"itertools.accumulate", trace_values<4>, nullptr,
                                        native_step<Accumulate>};

Result<Value> accumulate_new(VM& vm, Type* cls, Value iterable, Optional<Value> function,
                             Optional<Value> initial) {
  Value iterator = TRY(get_iterator(vm, iterable));
  Accumulate* self = TRY(make_native<Accumulate>(vm, cls));
  self->iterator = iterator;
  self->function = function.value_or(Value::none());
  if (initial.present && !initial.value.is_none()) self->initial = initial.value;
  return self;
}

struct Batched : NativeObject {
  static const NativeClass kClass;
  Value iterator;  // none once exhausted
  int64_t size;
  bool strict;
  static Result<bool> step(VM& vm, Batched* self, Value* out) {
    if (self->iterator.is_none()) return false;
    List* items = TRY(make_list(vm, size_t{0}));
    Value item;
    while (static_cast<int64_t>(items->length) < self->size &&
           TRY(iterator_next(vm, self->iterator, &item)))
      TRY(list_append(vm, items, item));
    if (static_cast<int64_t>(items->length) < self->size) {
      self->iterator = Value::none();
      if (items->length == 0) return false;
      if (self->strict) return vm.raise(Exc::ValueError, "batched(): incomplete batch");
    }
    *out = TRY(make_tuple(vm, items->span()));
    return true;
  }
};
const NativeClass Batched::kClass = {"itertools.batched", trace_values<1>, nullptr,
                                     native_step<Batched>};

Result<Value> batched_new(VM& vm, Type* cls, Value iterable, int64_t size, Optional<bool> strict) {
  if (size < 1) return vm.raise(Exc::ValueError, "n must be at least one");
  Value iterator = TRY(get_iterator(vm, iterable));
  Batched* self = TRY(make_native<Batched>(vm, cls));
  self->iterator = iterator;
  self->size = size;
  self->strict = strict.value_or(false);
  return self;
}

struct Chain : NativeObject {
  static const NativeClass kClass;
  Value source;  // iterator over the iterables; none once exhausted
  Value active;  // iterator over the current one, or empty
  static Result<bool> step(VM& vm, Chain* self, Value* out) {
    while (!self->source.is_none()) {
      if (self->active.is_empty()) {
        Value iterable;
        auto more = iterator_next(vm, self->source, &iterable);
        if (more.is_error() || !more.value()) {
          self->source = Value::none();
          if (more.is_error()) return Error{};
          return false;
        }
        auto iterator = get_iterator(vm, iterable);
        if (iterator.is_error()) {
          self->source = Value::none();
          return Error{};
        }
        self->active = iterator.value();
        vm.barrier(self);
      }
      if (TRY(iterator_next(vm, self->active, out))) return true;
      self->active = Value();
    }
    return false;
  }
};
const NativeClass Chain::kClass = {"itertools.chain", trace_values<2>, nullptr, native_step<Chain>};

Result<Value> chain_from(VM& vm, Type* cls, Value iterables) {
  Value source = TRY(get_iterator(vm, iterables));
  Chain* self = TRY(make_native<Chain>(vm, cls));
  self->source = source;
  return self;
}
Result<Value> chain_new(VM& vm, Type* cls, Rest iterables) {
  Value tuple = TRY(make_tuple(vm, iterables.values));
  return chain_from(vm, cls, tuple);
}

struct Groupby : NativeObject {
  static const NativeClass kClass;
  Value iterator, key_function;
  Value target_key;     // of the group given last
  Value current_key;    // of the item read last
  Value current_value;  // the item read last; empty once given
  Value grouper;        // the group that may still give items
  /// Reads one item.
  static Result<bool> read(VM& vm, Groupby* self) {
    Value item;
    if (!TRY(iterator_next(vm, self->iterator, &item))) return false;
    Value key = item;
    if (!self->key_function.is_none()) key = TRY(vm.call(self->key_function, {item}));
    self->current_value = item;
    self->current_key = key;
    vm.barrier(self);
    return true;
  }
  static Result<bool> step(VM& vm, Groupby* self, Value* out);
};
const NativeClass Groupby::kClass = {"itertools.groupby", trace_values<6>, nullptr,
                                     native_step<Groupby>};

struct Grouper : NativeObject {
  static const NativeClass kClass;
  Groupby* parent;
  Value target_key;
  static Result<bool> step(VM& vm, Grouper* self, Value* out) {
    Groupby* parent = self->parent;
    if (!parent->grouper.is(self)) return false;
    if (parent->current_value.is_empty() && !TRY(Groupby::read(vm, parent))) return false;
    if (!TRY(values_equal(vm, self->target_key, parent->current_key))) return false;
    *out = parent->current_value;
    parent->current_value = Value();
    return !out->is_empty();
  }
};
const NativeClass Grouper::kClass = {"itertools._grouper", trace_values<2>, nullptr,
                                     native_step<Grouper>};

Result<bool> Groupby::step(VM& vm, Groupby* self, Value* out) {
  self->grouper = Value();
  while (
      self->current_key.is_empty() ||
      (!self->target_key.is_empty() && TRY(values_equal(vm, self->target_key, self->current_key))))
    if (!TRY(read(vm, self))) return false;
  self->target_key = self->current_key;
  Grouper* group = TRY(make_native<Grouper>(vm, native_type<Grouper>(vm)));
  group->parent = self;
  group->target_key = self->target_key;
  self->grouper = group;
  vm.barrier(self);
  Value pair[2] = {self->current_key, group};
  *out = TRY(make_tuple(vm, pair));
  return true;
}

Result<Value> groupby_new(VM& vm, Type* cls, Value iterable, Optional<Value> key) {
  Value iterator = TRY(get_iterator(vm, iterable));
  Groupby* self = TRY(make_native<Groupby>(vm, cls));
  self->iterator = iterator;
  self->key_function = key.value_or(Value::none());
  return self;
}

struct Pairwise : NativeObject {
  static const NativeClass kClass;
  Value iterator, previous;  // previous empty at first
  static Result<bool> step(VM& vm, Pairwise* self, Value* out) {
    if (self->iterator.is_none()) return false;
    Value item;
    if (self->previous.is_empty()) {
      if (!TRY(iterator_next(vm, self->iterator, &item))) return end(self);
      self->previous = item;
      vm.barrier(self);
      if (self->iterator.is_none()) return end(self);  // it was asked for a pair meanwhile
    }
    Value first = self->previous;
    if (!TRY(iterator_next(vm, self->iterator, &item))) return end(self);
    Value pair[2] = {first, item};
    *out = TRY(make_tuple(vm, pair));
    self->previous = item;
    vm.barrier(self);
    return true;
  }
  static bool end(Pairwise* self) {
    self->iterator = Value::none();
    self->previous = Value();
    return false;
  }
};
const NativeClass Pairwise::kClass = {"itertools.pairwise", trace_values<2>, nullptr,
                                      native_step<Pairwise>};

Result<Value> pairwise_new(VM& vm, Type* cls, Value iterable) {
  Value iterator = TRY(get_iterator(vm, iterable));
  Pairwise* self = TRY(make_native<Pairwise>(vm, cls));
  self->iterator = iterator;
  return self;
}

struct ZipLongest : NativeObject {
  static const NativeClass kClass;
  Tuple* iterators;  // none: exhausted
  Value fill;
  uint64_t active;
  static Result<bool> step(VM& vm, ZipLongest* self, Value* out) {
    Tuple* iterators = self->iterators;
    if (self->active == 0) return false;
    Tuple* result = TRY(make_tuple(vm, iterators->length));
    for (size_t i = 0; i < iterators->length; ++i) {
      Value iterator = iterators->values()[i], item = self->fill;
      if (!iterator.is_none()) {
        auto more = iterator_next(vm, iterator, &item);
        if (more.is_error()) {
          self->active = 0;
          return Error{};
        }
        if (!more.value()) {
          iterators->values()[i] = Value::none();
          if (--self->active == 0) return false;
          item = self->fill;
        }
      }
      result->values()[i] = item;
      vm.barrier(result);
    }
    *out = result;
    return true;
  }
};
const NativeClass ZipLongest::kClass = {"itertools.zip_longest", trace_values<2>, nullptr,
                                        native_step<ZipLongest>};

Result<Value> zip_longest_new(VM& vm, const Arguments& arguments) {
  Type* cls = as<Type>(arguments.values[0]);
  auto values = arguments.positional().subspan(1);
  Value fill = Value::none();
  for (uint32_t i = 0; i < arguments.keyword_count(); ++i) {
    if (!str_equal(as<Str>(arguments.keyword_names->values()[i]), "fillvalue"))
      return vm.raise(Exc::TypeError, "zip_longest() got an unexpected keyword argument");
    fill = arguments.keyword_values()[i];
  }
  Tuple* iterators = TRY(make_tuple(vm, values.size()));
  for (size_t i = 0; i < values.size(); ++i) {
    iterators->values()[i] = TRY(get_iterator(vm, values[i]));
    vm.barrier(iterators);
  }
  ZipLongest* self = TRY(make_native<ZipLongest>(vm, cls));
  self->iterators = iterators;
  self->fill = fill;
  self->active = values.size();
  return self;
}

// --- copies ---

/// A total of None cannot be a state: the first item is put back and left out again.
Result<Value> accumulate_reduce(VM& vm, Accumulate* self) {
  bool restart = !self->initial.is_empty();
  if (!restart && !self->total.is_none()) {
    Value total = self->total.is_empty() ? Value::none() : self->total;
    return reduced(vm, self, {self->iterator, self->function}, total);
  }
  Value first = restart ? self->initial : self->total;
  Value head = TRY(make_tuple(vm, {&first, 1}));
  Value chain = TRY(vm.call(TRY(library(vm, "itertools", "chain")), {head, self->iterator}));
  if (restart) return reduced(vm, self, {chain, self->function}, Value::none());
  TRY(warn_of_copying(vm));
  Value again = TRY(vm.call(vm.type_of(Value(self)), {chain, self->function}));
  Value arguments[3] = {again, Value::small_int(1), Value::none()};
  Value pair[2] = {TRY(library(vm, "itertools", "islice")), TRY(make_tuple(vm, arguments))};
  return make_tuple(vm, pair);
}
Result<void> accumulate_set_state(VM& vm, Accumulate* self, Value state) {
  TRY(warn_of_copying(vm));
  self->total = state;
  vm.barrier(self);
  return {};
}

Result<Value> chain_reduce(VM& vm, Chain* self) {
  if (self->source.is_none()) return reduced(vm, self, {});
  Value state[2] = {self->source, self->active};
  size_t count = self->active.is_empty() ? 1 : 2;
  return reduced(vm, self, {}, TRY(make_tuple(vm, std::span<const Value>(state, count))));
}
Result<void> chain_set_state(VM& vm, Chain* self, Value state) {
  Tuple* tuple = TRY(state_tuple(vm, state, -1));
  if (tuple->length < 1 || tuple->length > 2)
    return vm.raise(Exc::TypeError, "function takes at least 1 argument ({} given)", tuple->length);
  for (Value v : tuple->span())
    if (type_special(vm, vm.type_of(v), Special::Next).is_empty())
      return vm.raise(Exc::TypeError, "Arguments must be iterators.");
  self->source = tuple->values()[0];
  self->active = tuple->length == 2 ? tuple->values()[1] : Value();
  vm.barrier(self);
  return {};
}

Result<Value> groupby_reduce(VM& vm, Groupby* self) {
  bool started = !self->target_key.is_empty() && !self->current_key.is_empty() &&
                 !self->current_value.is_empty();
  if (!started) return reduced(vm, self, {self->iterator, self->key_function});
  Value state[3] = {self->current_value, self->target_key, self->current_key};
  return reduced(vm, self, {self->iterator, self->key_function}, TRY(make_tuple(vm, state)));
}
Result<void> groupby_set_state(VM& vm, Groupby* self, Value state) {
  Tuple* parts = TRY(state_tuple(vm, state, -1));
  if (parts->length != 3)
    return vm.raise(Exc::TypeError, "function takes exactly 3 arguments ({} given)", parts->length);
  self->current_value = parts->values()[0];
  self->target_key = parts->values()[1];
  self->current_key = parts->values()[2];
  vm.barrier(self);
  return {};
}

Result<Value> grouper_new(VM& vm, Type* cls, Groupby* parent, Value target_key) {
  Grouper* self = TRY(make_native<Grouper>(vm, cls));
  self->parent = parent;
  self->target_key = target_key;
  parent->grouper = self;
  vm.barrier(parent);
  return self;
}
Result<Value> grouper_reduce(VM& vm, Grouper* self) {
  if (self->parent->grouper.is(self)) return reduced(vm, self, {self->parent, self->target_key});
  TRY(warn_of_copying(vm));
  Value nothing = TRY(make_tuple(vm, size_t{0}));
  Value pair[2] = {TRY(library(vm, "builtins", "iter")), TRY(make_tuple(vm, {&nothing, 1}))};
  return make_tuple(vm, pair);
}

/// Exhausted iterators are empty tuples.
Result<Value> zip_longest_reduce(VM& vm, ZipLongest* self) {
  Tuple* iterators = TRY(make_tuple(vm, self->iterators->span()));
  for (size_t i = 0; i < iterators->length; ++i)
    if (iterators->values()[i].is_none()) {
      iterators->values()[i] = TRY(make_tuple(vm, size_t{0}));
      vm.barrier(iterators);
    }
  return reduced(vm, self, iterators->span(), self->fill);
}
Result<void> zip_longest_set_state(VM& vm, ZipLongest* self, Value state) {
  TRY(warn_of_copying(vm));
  self->fill = state;
  vm.barrier(self);
  return {};
}

constexpr NativeFunctionDef kAccumulateMethods[] = {
    {"__new__(cls, iterable, func=None, *, initial=None)", "A new accumulate.",
     bind<accumulate_new>(), NativeFunctionDef::kStatic},
    NATIVE_ITERATOR_METHODS(Accumulate),
    {"__reduce__(self, /)", "What to pickle.", bind<accumulate_reduce>()},
    {"__setstate__(self, state, /)", "Set state information for unpickling.",
     bind<accumulate_set_state>()},
};
constexpr NativeFunctionDef kBatchedMethods[] = {
    {"__new__(cls, iterable, n, *, strict=False)", "A new batched.", bind<batched_new>(),
     NativeFunctionDef::kStatic},
    NATIVE_ITERATOR_METHODS(Batched),
};
constexpr NativeFunctionDef kChainMethods[] = {
    {"__new__(cls, *iterables)", "A new chain.", bind<chain_new>(), NativeFunctionDef::kStatic},
    NATIVE_ITERATOR_METHODS(Chain),
    {"__reduce__(self, /)", "What to pickle.", bind<chain_reduce>()},
    {"__setstate__(self, state, /)", "Set state information for unpickling.",
     bind<chain_set_state>()},
    {"from_iterable(cls, iterable, /)", "A chain of the iterables in an iterable.",
     bind<chain_from>(), NativeFunctionDef::kClassMethod},
    {"__class_getitem__(cls, item, /)", "The generic alias of the class and item.",
     bind<class_getitem>(), NativeFunctionDef::kClassMethod},
};
constexpr NativeFunctionDef kGroupbyMethods[] = {
    {"__new__(cls, iterable, key=None)", "A new groupby.", bind<groupby_new>(),
     NativeFunctionDef::kStatic},
    NATIVE_ITERATOR_METHODS(Groupby),
    {"__reduce__(self, /)", "What to pickle.", bind<groupby_reduce>()},
    {"__setstate__(self, state, /)", "Set state information for unpickling.",
     bind<groupby_set_state>()},
};
constexpr NativeFunctionDef kGrouperMethods[] = {
    {"__new__(cls, parent, tgtkey, /)", "A new group.", bind<grouper_new>(),
     NativeFunctionDef::kStatic},
    NATIVE_ITERATOR_METHODS(Grouper),
    {"__reduce__(self, /)", "What to pickle.", bind<grouper_reduce>()},
};
constexpr NativeFunctionDef kPairwiseMethods[] = {
    {"__new__(cls, iterable, /)", "A new pairwise.", bind<pairwise_new>(),
     NativeFunctionDef::kStatic},
    NATIVE_ITERATOR_METHODS(Pairwise),
};
constexpr NativeFunctionDef kZipLongestMethods[] = {
    {"__new__(cls, *args, **kwargs)", "A new zip_longest.", bind<zip_longest_new>(),
     NativeFunctionDef::kStatic},
    NATIVE_ITERATOR_METHODS(ZipLongest),
    {"__reduce__(self, /)", "What to pickle.", bind<zip_longest_reduce>()},
    {"__setstate__(self, state, /)", "Set state information for unpickling.",
     bind<zip_longest_set_state>()},
};

}  // namespace

const NativeTypeDef kAccumulateType = {
    "itertools.accumulate",
    "accumulate(iterable, func=None, *, initial=None)\n\nThe running totals, or results of func.",
    kAccumulateMethods,
    {},
    kFlags,
    sizeof(Accumulate),
    &Accumulate::kClass};
const NativeTypeDef kBatchedType = {
    "itertools.batched",
    "batched(iterable, n, *, strict=False)\n\nTuples of n items each; the last may be shorter.",
    kBatchedMethods,
    {},
    kFlags,
    sizeof(Batched),
    &Batched::kClass};
const NativeTypeDef kChainType = {"itertools.chain",
                                  "chain(*iterables)\n\nThe items of one iterable after the other.",
                                  kChainMethods,
                                  {},
                                  kFlags,
                                  sizeof(Chain),
                                  &Chain::kClass};
const NativeTypeDef kGroupbyType = {
    "itertools.groupby",
    "groupby(iterable, key=None)\n\nPairs of a key and the consecutive items that have it.",
    kGroupbyMethods,
    {},
    kFlags,
    sizeof(Groupby),
    &Groupby::kClass};
const NativeTypeDef kGrouperType = {
    "itertools._grouper", "", kGrouperMethods, {}, 0, sizeof(Grouper), &Grouper::kClass};
const NativeTypeDef kPairwiseType = {
    "itertools.pairwise",
    "pairwise(iterable)\n\nEach item together with the one after it.",
    kPairwiseMethods,
    {},
    kFlags,
    sizeof(Pairwise),
    &Pairwise::kClass};
const NativeTypeDef kZipLongestType = {
    "itertools.zip_longest",
    "zip_longest(*iterables, fillvalue=None)\n\n"
    "Tuples of one item of each iterable, until the longest ends.",
    kZipLongestMethods,
    {},
    kFlags,
    sizeof(ZipLongest),
    &ZipLongest::kClass};

}  // namespace apy::itertools
