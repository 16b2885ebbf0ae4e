// product, permutations, combinations and combinations_with_replacement.
//
// Each holds its pool and the indices of the next result, as small ints in a ValueArray.
#include <algorithm>

#include "stdlib/itertools/itertools.h"
#include "stdlib/itertools/reduction.h"
#include "stdlib/native_iterator.h"

namespace apy::itertools {

namespace {

constexpr uint32_t kFlags = Type::kCanSubclass;

struct Selection : NativeObject {
  Tuple* pool;
  ValueArray* indices;
  ValueArray* cycles;  // permutations only
  uint64_t size;       // items per result
  bool started, ended;

  int64_t index(size_t i) const { return indices->values()[i].as_small_int(); }
  void set_index(size_t i, int64_t value) { indices->values()[i] = Value::small_int(value); }
  static Result<bool> give(VM& vm, Selection* self, Value* out) {
    Tuple* result = TRY(make_tuple(vm, self->size));
    for (size_t i = 0; i < self->size; ++i)
      result->values()[i] = self->pool->values()[self->index(i)];
    *out = result;
    return true;
  }
};

/// A negative number of items: ValueError. Fills pool, size and `indices` places.
template <class T>
Result<T*> make_selection(VM& vm, Type* cls, Value iterable, Value size_or_none, bool with_cycles) {
  Tuple* pool = TRY(tuple_from(vm, iterable));
  auto size = static_cast<int64_t>(pool->length);
  if (!size_or_none.is_none()) {
    if (!is_int(size_or_none) && with_cycles) return vm.raise(Exc::TypeError, "Expected int as r");
    size = TRY(to_int64(vm, size_or_none));
    if (size < 0) return vm.raise(Exc::ValueError, "r must be non-negative");
  }
  auto count = static_cast<size_t>(size);
  bool possible = count <= pool->length;
  ValueArray* indices = TRY(make_value_array(vm, with_cycles                ? pool->length
                                                 : possible || pool->length ? count
                                                                            : 0));
  ValueArray* cycles = with_cycles ? TRY(make_value_array(vm, possible ? count : 0)) : nullptr;
  T* self = TRY(make_native<T>(vm, cls));
  self->pool = pool;
  self->indices = indices;
  self->cycles = cycles;
  self->size = count;
  return self;
}

struct Combinations : Selection {
  static const NativeClass kClass;
  static Result<bool> step(VM& vm, Combinations* self, Value* out) {
    if (self->ended) return false;
    size_t n = self->pool->length, r = self->size;
    if (self->started) {
      size_t i = r;
      while (i > 0 && self->index(i - 1) == static_cast<int64_t>(i - 1 + n - r)) --i;
      if (i == 0) {
        self->ended = true;
        return false;
      }
      --i;
      for (int64_t next = self->index(i) + 1; i < r; ++i, ++next) self->set_index(i, next);
    }
    self->started = true;
    return give(vm, self, out);
  }
};
const NativeClass Combinations::kClass = {"itertools.combinations", trace_values<3>, nullptr,
                                          native_step<Combinations>};

Result<Value> combinations_new(VM& vm, Type* cls, Value iterable, Value r) {
  Combinations* self = TRY(make_selection<Combinations>(vm, cls, iterable, r, false));
  self->ended = self->size > self->pool->length;
  for (size_t i = 0; !self->ended && i < self->size; ++i)
    self->set_index(i, static_cast<int64_t>(i));
  return self;
}

struct CombinationsWithReplacement : Selection {
  static const NativeClass kClass;
  static Result<bool> step(VM& vm, CombinationsWithReplacement* self, Value* out) {
    if (self->ended) return false;
    size_t n = self->pool->length, r = self->size;
    if (self->started) {
      size_t i = r;
      while (i > 0 && self->index(i - 1) == static_cast<int64_t>(n) - 1) --i;
      if (i == 0) {
        self->ended = true;
        return false;
      }
      --i;
      for (int64_t next = self->index(i) + 1; i < r; ++i) self->set_index(i, next);
    }
    self->started = true;
    return give(vm, self, out);
  }
};
const NativeClass CombinationsWithReplacement::kClass = {"itertools.combinations_with_replacement",
                                                         trace_values<3>, nullptr,
                                                         native_step<CombinationsWithReplacement>};

Result<Value> combinations_with_replacement_new(VM& vm, Type* cls, Value iterable, Value r) {
  auto* self = TRY(make_selection<CombinationsWithReplacement>(vm, cls, iterable, r, false));
  self->ended = self->pool->length == 0 && self->size > 0;
  for (size_t i = 0; !self->ended && i < self->size; ++i) self->set_index(i, 0);
  return self;
}

struct Permutations : Selection {
  static const NativeClass kClass;
  /// Advances to the next permutation: place i counts down in cycles[i]; at zero its item goes to
  /// the end.
  static bool advance(Permutations* self) {
    size_t n = self->pool->length;
    Value* cycles = self->cycles->values();
    Value* indices = self->indices->values();
    for (size_t i = self->size; i-- > 0;) {
      int64_t left = cycles[i].as_small_int() - 1;
      if (left > 0) {
        cycles[i] = Value::small_int(left);
        std::swap(indices[i], indices[n - static_cast<size_t>(left)]);
        return true;
      }
      std::rotate(indices + i, indices + i + 1, indices + n);
      cycles[i] = Value::small_int(static_cast<int64_t>(n - i));
    }
    return false;
  }
  static Result<bool> step(VM& vm, Permutations* self, Value* out) {
    if (self->ended) return false;
    if (self->started && !advance(self)) {
      self->ended = true;
      return false;
    }
    self->started = true;
    return give(vm, self, out);
  }
};
const NativeClass Permutations::kClass = {"itertools.permutations", trace_values<3>, nullptr,
                                          native_step<Permutations>};

Result<Value> permutations_new(VM& vm, Type* cls, Value iterable, Optional<Value> r) {
  Permutations* self =
      TRY(make_selection<Permutations>(vm, cls, iterable, r.value_or(Value::none()), true));
  size_t n = self->pool->length;
  self->ended = self->size > n;
  if (self->ended) return self;
  for (size_t i = 0; i < n; ++i) self->set_index(i, static_cast<int64_t>(i));
  for (size_t i = 0; i < self->size; ++i)
    self->cycles->values()[i] = Value::small_int(static_cast<int64_t>(n - i));
  return self;
}

struct Product : NativeObject {
  static const NativeClass kClass;
  Tuple* pools;
  ValueArray* indices;
  bool started, ended;
  static Result<bool> step(VM& vm, Product* self, Value* out) {
    if (self->ended) return false;
    size_t count = self->pools->length;
    Value* indices = self->indices->values();
    if (self->started) {
      size_t i = count;
      for (;; indices[i] = Value::small_int(0)) {
        if (i-- == 0) {
          self->ended = true;
          return false;
        }
        int64_t next = indices[i].as_small_int() + 1;
        indices[i] = Value::small_int(next);
        if (static_cast<size_t>(next) < as<Tuple>(self->pools->values()[i])->length) break;
      }
    }
    self->started = true;
    Tuple* result = TRY(make_tuple(vm, count));
    for (size_t i = 0; i < count; ++i)
      result->values()[i] =
          as<Tuple>(self->pools->values()[i])->values()[indices[i].as_small_int()];
    *out = result;
    return true;
  }
};
const NativeClass Product::kClass = {"itertools.product", trace_values<2>, nullptr,
                                     native_step<Product>};

Result<Value> product_new(VM& vm, const Arguments& arguments) {
  Type* cls = as<Type>(arguments.values[0]);
  auto values = arguments.positional().subspan(1);
  int64_t repeat = 1;
  for (uint32_t i = 0; i < arguments.keyword_count(); ++i) {
    Str* name = as<Str>(arguments.keyword_names->values()[i]);
    if (!str_equal(name, "repeat"))
      return vm.raise(Exc::TypeError, "product() got an unexpected keyword argument '{}'", name);
    repeat = TRY(to_int64(vm, arguments.keyword_values()[i]));
  }
  if (repeat < 0) return vm.raise(Exc::ValueError, "repeat argument cannot be negative");
  size_t count;
  if (__builtin_mul_overflow(values.size(), static_cast<size_t>(repeat), &count) ||
      count > (size_t{1} << 32))
    return vm.raise(Exc::OverflowError, "repeat argument too large");
  Tuple* pools = TRY(make_tuple(vm, count));
  bool empty = false;
  for (size_t i = 0; i < count; ++i) {
    pools->values()[i] = i < values.size() ? Value(TRY(tuple_from(vm, values[i])))
                                           : pools->values()[i - values.size()];
    vm.barrier(pools);
    empty |= as<Tuple>(pools->values()[i])->length == 0;
  }
  ValueArray* indices = TRY(make_value_array(vm, count));
  for (size_t i = 0; i < count; ++i) indices->values()[i] = Value::small_int(0);
  Product* self = TRY(make_native<Product>(vm, cls));
  self->pools = pools;
  self->indices = indices;
  self->ended = empty;
  return self;
}

// --- copies: the state is the indices of the result given last ---

Result<Tuple*> as_tuple(VM& vm, ValueArray* array, size_t count) {
  return make_tuple(vm, std::span<const Value>(array->values(), count));
}

template <class T>
Result<Value> selection_reduce(VM& vm, T* self) {
  Value size = Value::small_int(static_cast<int64_t>(self->size));
  if (self->ended) return reduced(vm, self, {TRY(make_tuple(vm, size_t{0})), size});
  if (!self->started) return reduced(vm, self, {self->pool, size});
  size_t count = self->cycles ? self->pool->length : self->size;
  Value state = TRY(as_tuple(vm, self->indices, count));
  if (self->cycles) {
    Value pair[2] = {state, TRY(as_tuple(vm, self->cycles, self->size))};
    state = TRY(make_tuple(vm, pair));
  }
  return reduced(vm, self, {self->pool, size}, state);
}

template <class T>
Result<void> selection_set_state(VM& vm, T* self, Value state) {
  Tuple* indices = TRY(state_tuple(vm, state, static_cast<int64_t>(self->size)));
  auto n = static_cast<int64_t>(self->pool->length), r = static_cast<int64_t>(self->size);
  if (self->ended) return {};
  for (int64_t i = 0; i < r; ++i) {
    int64_t highest = std::is_same_v<T, Combinations> ? i + n - r : n - 1;
    auto at = static_cast<size_t>(i);
    self->set_index(at, TRY(state_index(vm, indices->values()[at], 0, highest)));
  }
  self->started = true;
  return {};
}

Result<void> permutations_set_state(VM& vm, Permutations* self, Value state) {
  Tuple* pair = TRY(state_tuple(vm, state, -1));
  Tuple* indices = pair->length == 2 ? try_as<Tuple>(pair->values()[0]) : nullptr;
  Tuple* cycles = pair->length == 2 ? try_as<Tuple>(pair->values()[1]) : nullptr;
  if (!indices || !cycles) return vm.raise(Exc::TypeError, "state is not a pair of tuples");
  if (indices->length != self->pool->length || cycles->length != self->size)
    return vm.raise(Exc::ValueError, "invalid arguments");
  if (self->ended) return {};
  auto n = static_cast<int64_t>(self->pool->length);
  for (size_t i = 0; i < indices->length; ++i)
    self->set_index(i, TRY(state_index(vm, indices->values()[i], 0, n - 1)));
  for (size_t i = 0; i < cycles->length; ++i)
    self->cycles->values()[i] =
        Value::small_int(TRY(state_index(vm, cycles->values()[i], 1, n - static_cast<int64_t>(i))));
  self->started = true;
  return {};
}

Result<Value> product_reduce(VM& vm, Product* self) {
  if (self->ended) return reduced(vm, self, {TRY(make_tuple(vm, size_t{0}))});
  if (!self->started) return reduced(vm, self, self->pools->span());
  return reduced(vm, self, self->pools->span(),
                 TRY(as_tuple(vm, self->indices, self->pools->length)));
}
Result<void> product_set_state(VM& vm, Product* self, Value state) {
  size_t count = self->pools->length;
  Tuple* indices = TRY(state_tuple(vm, state, static_cast<int64_t>(count)));
  for (size_t i = 0; i < count; ++i) {
    auto size = static_cast<int64_t>(as<Tuple>(self->pools->values()[i])->length);
    if (size == 0) {
      self->ended = true;
      return {};
    }
    int64_t index = TRY(state_index(vm, indices->values()[i], 0, size - 1));
    self->indices->values()[i] = Value::small_int(index);
  }
  self->started = true;
  return {};
}

constexpr NativeFunctionDef kCombinationsMethods[] = {
    {"__new__(cls, iterable, r)", "A new combinations.", bind<combinations_new>(),
     NativeFunctionDef::kStatic},
    NATIVE_ITERATOR_METHODS(Combinations),
    {"__reduce__(self, /)", "What to pickle.", bind<selection_reduce<Combinations>>()},
    {"__setstate__(self, state, /)", "Set state information for unpickling.",
     bind<selection_set_state<Combinations>>()},
};
constexpr NativeFunctionDef kCombinationsWithReplacementMethods[] = {
    {"__new__(cls, iterable, r)", "A new combinations_with_replacement.",
     bind<combinations_with_replacement_new>(), NativeFunctionDef::kStatic},
    NATIVE_ITERATOR_METHODS(CombinationsWithReplacement),
    {"__reduce__(self, /)", "What to pickle.",
     bind<selection_reduce<CombinationsWithReplacement>>()},
    {"__setstate__(self, state, /)", "Set state information for unpickling.",
     bind<selection_set_state<CombinationsWithReplacement>>()},
};
constexpr NativeFunctionDef kPermutationsMethods[] = {
    {"__new__(cls, iterable, r=None)", "A new permutations.", bind<permutations_new>(),
     NativeFunctionDef::kStatic},
    NATIVE_ITERATOR_METHODS(Permutations),
    {"__reduce__(self, /)", "What to pickle.", bind<selection_reduce<Permutations>>()},
    {"__setstate__(self, state, /)", "Set state information for unpickling.",
     bind<permutations_set_state>()},
};
constexpr NativeFunctionDef kProductMethods[] = {
    {"__new__(cls, *args, **kwargs)", "A new product.", bind<product_new>(),
     NativeFunctionDef::kStatic},
    NATIVE_ITERATOR_METHODS(Product),
    {"__reduce__(self, /)", "What to pickle.", bind<product_reduce>()},
    {"__setstate__(self, state, /)", "Set state information for unpickling.",
     bind<product_set_state>()},
};

}  // namespace

const NativeTypeDef kCombinationsType = {
    "itertools.combinations",
    "combinations(iterable, r)\n\nAll ways to choose r items, in order.",
    kCombinationsMethods,
    {},
    kFlags,
    sizeof(Combinations),
    &Combinations::kClass};
const NativeTypeDef kCombinationsWithReplacementType = {
    "itertools.combinations_with_replacement",
    "combinations_with_replacement(iterable, r)\n\nAll ways to choose r items, each any number of "
    "times.",
    kCombinationsWithReplacementMethods,
    {},
    kFlags,
    sizeof(CombinationsWithReplacement),
    &CombinationsWithReplacement::kClass};
const NativeTypeDef kPermutationsType = {
    "itertools.permutations",
    "permutations(iterable, r=None)\n\nAll orders of r of the items; of all items without r.",
    kPermutationsMethods,
    {},
    kFlags,
    sizeof(Permutations),
    &Permutations::kClass};
const NativeTypeDef kProductType = {
    "itertools.product",
    "product(*iterables, repeat=1)\n\nAll tuples of one item of each iterable.",
    kProductMethods,
    {},
    kFlags,
    sizeof(Product),
    &Product::kClass};

}  // namespace apy::itertools
