// product, permutations, combinations and combinations_with_replacement.
//
// Each holds its pool and the indices of the next result, as small ints in a ValueArray.
#include <algorithm>

#include "stdlib/itertools/itertools.h"
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

constexpr NativeFunctionDef kCombinationsMethods[] = {
    {"__new__(cls, iterable, r)", "A new combinations.", bind<combinations_new>(),
     NativeFunctionDef::kStatic},
    NATIVE_ITERATOR_METHODS(Combinations),
};
constexpr NativeFunctionDef kCombinationsWithReplacementMethods[] = {
    {"__new__(cls, iterable, r)", "A new combinations_with_replacement.",
     bind<combinations_with_replacement_new>(), NativeFunctionDef::kStatic},
    NATIVE_ITERATOR_METHODS(CombinationsWithReplacement),
};
constexpr NativeFunctionDef kPermutationsMethods[] = {
    {"__new__(cls, iterable, r=None)", "A new permutations.", bind<permutations_new>(),
     NativeFunctionDef::kStatic},
    NATIVE_ITERATOR_METHODS(Permutations),
};
constexpr NativeFunctionDef kProductMethods[] = {
    {"__new__(cls, *args, **kwargs)", "A new product.", bind<product_new>(),
     NativeFunctionDef::kStatic},
    NATIVE_ITERATOR_METHODS(Product),
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
