// Iterators that leave items out or change each: compress, dropwhile, takewhile, filterfalse,
// islice, starmap.
#include "stdlib/itertools/itertools.h"
#include "stdlib/itertools/reduction.h"
#include "stdlib/native_iterator.h"

namespace apy::itertools {

namespace {

constexpr uint32_t kFlags = Type::kCanSubclass;

struct Compress : NativeObject {
  static const NativeClass kClass;
  Value data, selectors;
  static Result<bool> step(VM& vm, Compress* self, Value* out) {
    Value item, selector;
    while (TRY(iterator_next(vm, self->data, &item))) {
      if (!TRY(iterator_next(vm, self->selectors, &selector))) return false;
      if (!TRY(is_truthy(vm, selector))) continue;
      *out = item;
      return true;
    }
    return false;
  }
};
const NativeClass Compress::kClass = {"itertools.compress", trace_values<2>, nullptr,
                                      native_step<Compress>};

Result<Value> compress_new(VM& vm, Type* cls, Value data, Value selectors) {
  Value items = TRY(get_iterator(vm, data));
  Value choices = TRY(get_iterator(vm, selectors));
  Compress* self = TRY(make_native<Compress>(vm, cls));
  self->data = items;
  self->selectors = choices;
  return self;
}

/// Base of the iterators with a function and an iterator.
struct WithFunction : NativeObject {
  Value function, iterator;
  bool flag;  // dropwhile: dropping is over; takewhile: has ended
};

template <class T>
Result<Value> with_function_new(VM& vm, Type* cls, Value function, Value iterable) {
  Value iterator = TRY(get_iterator(vm, iterable));
  T* self = TRY(make_native<T>(vm, cls));
  self->function = function;
  self->iterator = iterator;
  return self;
}

Result<bool> holds(VM& vm, WithFunction* self, Value item) {
  return is_truthy(vm, TRY(vm.call(self->function, {item})));
}

struct Dropwhile : WithFunction {
  static const NativeClass kClass;
  static Result<bool> step(VM& vm, Dropwhile* self, Value* out) {
    while (TRY(iterator_next(vm, self->iterator, out))) {
      if (self->flag) return true;
      if (TRY(holds(vm, self, *out))) continue;
      self->flag = true;
      return true;
    }
    return false;
  }
};
const NativeClass Dropwhile::kClass = {"itertools.dropwhile", trace_values<2>, nullptr,
                                       native_step<Dropwhile>};

struct Takewhile : WithFunction {
  static const NativeClass kClass;
  static Result<bool> step(VM& vm, Takewhile* self, Value* out) {
    if (self->flag || !TRY(iterator_next(vm, self->iterator, out))) return false;
    if (TRY(holds(vm, self, *out))) return true;
    self->flag = true;
    return false;
  }
};
const NativeClass Takewhile::kClass = {"itertools.takewhile", trace_values<2>, nullptr,
                                       native_step<Takewhile>};

struct Filterfalse : WithFunction {
  static const NativeClass kClass;
  static Result<bool> step(VM& vm, Filterfalse* self, Value* out) {
    bool truth = self->function.is_none() || self->function.is(vm.type(BuiltinType::Bool));
    while (TRY(iterator_next(vm, self->iterator, out)))
      if (!(truth ? TRY(is_truthy(vm, *out)) : TRY(holds(vm, self, *out)))) return true;
    return false;
  }
};
const NativeClass Filterfalse::kClass = {"itertools.filterfalse", trace_values<2>, nullptr,
                                         native_step<Filterfalse>};

struct Starmap : WithFunction {
  static const NativeClass kClass;
  static Result<bool> step(VM& vm, Starmap* self, Value* out) {
    Value arguments;
    if (!TRY(iterator_next(vm, self->iterator, &arguments))) return false;
    Tuple* tuple = TRY(tuple_from(vm, arguments));
    *out = TRY(vm.call(self->function, tuple->span()));
    return true;
  }
};
const NativeClass Starmap::kClass = {"itertools.starmap", trace_values<2>, nullptr,
                                     native_step<Starmap>};

struct Islice : NativeObject {
  static const NativeClass kClass;
  Value iterator;  // none once exhausted
  int64_t count;   // items taken so far
  int64_t next;    // position of the next item to give
  int64_t stop;    // -1: none
  int64_t step_by;
  static Result<bool> end(Islice* self) {
    self->iterator = Value::none();
    return false;
  }
  static Result<bool> step(VM& vm, Islice* self, Value* out) {
    if (self->iterator.is_none()) return false;
    Value iterator = self->iterator;
    while (self->count < self->next) {
      if (!TRY(iterator_next(vm, iterator, out))) return end(self);
      ++self->count;
    }
    if (self->stop >= 0 && self->count >= self->stop) return end(self);
    if (!TRY(iterator_next(vm, iterator, out))) return end(self);
    ++self->count;
    if (__builtin_add_overflow(self->next, self->step_by, &self->next) ||
        (self->stop >= 0 && self->next > self->stop))
      self->next = self->stop >= 0 ? self->stop : INT64_MAX;
    return true;
  }
};
const NativeClass Islice::kClass = {"itertools.islice", trace_values<1>, nullptr,
                                    native_step<Islice>};

/// A position argument: None gives `fallback`; -2 when it is none that islice accepts.
Result<int64_t> islice_position(VM& vm, Value v, int64_t fallback) {
  if (v.is_none()) return fallback;
  if (!v.is_small_int() && type_special(vm, vm.type_of(v), Special::Index).is_empty())
    return int64_t{-2};
  int64_t position;
  if (!fits_int64(TRY(to_index(vm, v)), &position) || position < 0) return int64_t{-2};
  return position;
}

Result<Value> islice_new(VM& vm, const Arguments& arguments) {
  Type* cls = as<Type>(arguments.values[0]);
  auto values = arguments.positional().subspan(1);
  if (arguments.keyword_count() > 0 && !(cls->flags & Type::kHeapType))
    return vm.raise(Exc::TypeError, "islice() takes no keyword arguments");
  if (values.size() < 2)
    return vm.raise(Exc::TypeError, "islice expected at least 2 arguments, got {}", values.size());
  if (values.size() > 4)
    return vm.raise(Exc::TypeError, "islice expected at most 4 arguments, got {}", values.size());
  bool only_stop = values.size() == 2;
  int64_t start = only_stop ? 0 : TRY(islice_position(vm, values[1], 0));
  int64_t stop = TRY(islice_position(vm, values[only_stop ? 1 : 2], -1));
  if (stop == -2)
    return vm.raise(
        Exc::ValueError,
        "Stop argument for islice() must be None or an integer: 0 <= x <= sys.maxsize.");
  if (start == -2)
    return vm.raise(Exc::ValueError,
                    "Indices for islice() must be None or an integer: 0 <= x <= sys.maxsize.");
  int64_t step = values.size() == 4 ? TRY(islice_position(vm, values[3], 1)) : 1;
  if (step < 1)
    return vm.raise(Exc::ValueError, "Step for islice() must be a positive integer or None.");
  Value iterator = TRY(get_iterator(vm, values[0]));
  Islice* self = TRY(make_native<Islice>(vm, cls));
  self->iterator = iterator;
  self->next = start;
  self->stop = stop;
  self->step_by = step;
  return self;
}

// --- copies ---

Result<Value> compress_reduce(VM& vm, Compress* self) {
  return reduced(vm, self, {self->data, self->selectors});
}
/// The flag of dropwhile and takewhile is their state.
template <class T, bool with_flag>
Result<Value> with_function_reduce(VM& vm, T* self) {
  Value state = with_flag ? Value::small_int(self->flag) : Value();
  return reduced(vm, self, {self->function, self->iterator}, state);
}
template <class T>
Result<void> with_function_set_state(VM& vm, T* self, Value state) {
  TRY(warn_of_copying(vm));
  self->flag = TRY(is_truthy(vm, state));
  return {};
}
Result<Value> islice_reduce(VM& vm, Islice* self) {
  Value zero = Value::small_int(0);
  if (self->iterator.is_none()) {
    Value nothing = TRY(get_iterator(vm, TRY(make_list(vm, size_t{0}))));
    return reduced(vm, self, {nothing, zero}, zero);
  }
  Value stop = self->stop < 0 ? Value::none() : TRY(make_int(vm, self->stop));
  Value next = TRY(make_int(vm, self->next)), step = TRY(make_int(vm, self->step_by));
  return reduced(vm, self, {self->iterator, next, stop, step}, TRY(make_int(vm, self->count)));
}
Result<void> islice_set_state(VM& vm, Islice* self, Value state) {
  TRY(warn_of_copying(vm));
  self->count = TRY(to_int64(vm, state));
  return {};
}

constexpr NativeFunctionDef kCompressMethods[] = {
    {"__new__(cls, data, selectors)", "A new compress.", bind<compress_new>(),
     NativeFunctionDef::kStatic},
    NATIVE_ITERATOR_METHODS(Compress),
    {"__reduce__(self, /)", "What to pickle.", bind<compress_reduce>()},
};
constexpr NativeFunctionDef kDropwhileMethods[] = {
    {"__new__(cls, predicate, iterable, /)", "A new dropwhile.",
     bind<with_function_new<Dropwhile>>(), NativeFunctionDef::kStatic},
    NATIVE_ITERATOR_METHODS(Dropwhile),
    {"__reduce__(self, /)", "What to pickle.", bind<with_function_reduce<Dropwhile, true>>()},
    {"__setstate__(self, state, /)", "Set state information for unpickling.",
     bind<with_function_set_state<Dropwhile>>()},
};
constexpr NativeFunctionDef kTakewhileMethods[] = {
    {"__new__(cls, predicate, iterable, /)", "A new takewhile.",
     bind<with_function_new<Takewhile>>(), NativeFunctionDef::kStatic},
    NATIVE_ITERATOR_METHODS(Takewhile),
    {"__reduce__(self, /)", "What to pickle.", bind<with_function_reduce<Takewhile, true>>()},
    {"__setstate__(self, state, /)", "Set state information for unpickling.",
     bind<with_function_set_state<Takewhile>>()},
};
constexpr NativeFunctionDef kFilterfalseMethods[] = {
    {"__new__(cls, function, iterable, /)", "A new filterfalse.",
     bind<with_function_new<Filterfalse>>(), NativeFunctionDef::kStatic},
    NATIVE_ITERATOR_METHODS(Filterfalse),
    {"__reduce__(self, /)", "What to pickle.", bind<with_function_reduce<Filterfalse, false>>()},
};
constexpr NativeFunctionDef kStarmapMethods[] = {
    {"__new__(cls, function, iterable, /)", "A new starmap.", bind<with_function_new<Starmap>>(),
     NativeFunctionDef::kStatic},
    NATIVE_ITERATOR_METHODS(Starmap),
    {"__reduce__(self, /)", "What to pickle.", bind<with_function_reduce<Starmap, false>>()},
};
constexpr NativeFunctionDef kIsliceMethods[] = {
    {"__new__(cls, *args, **kwargs)", "A new islice.", bind<islice_new>(),
     NativeFunctionDef::kStatic},
    NATIVE_ITERATOR_METHODS(Islice),
    {"__reduce__(self, /)", "What to pickle.", bind<islice_reduce>()},
    {"__setstate__(self, state, /)", "Set state information for unpickling.",
     bind<islice_set_state>()},
};

}  // namespace

const NativeTypeDef kCompressType = {
    "itertools.compress",
    "compress(data, selectors)\n\nThe items of data whose selector is true.",
    kCompressMethods,
    {},
    kFlags,
    sizeof(Compress),
    &Compress::kClass};
const NativeTypeDef kDropwhileType = {
    "itertools.dropwhile",
    "dropwhile(predicate, iterable)\n\nThe items from the first on for which predicate is false.",
    kDropwhileMethods,
    {},
    kFlags,
    sizeof(Dropwhile),
    &Dropwhile::kClass};
const NativeTypeDef kTakewhileType = {
    "itertools.takewhile",
    "takewhile(predicate, iterable)\n\nThe items before the first for which predicate is false.",
    kTakewhileMethods,
    {},
    kFlags,
    sizeof(Takewhile),
    &Takewhile::kClass};
const NativeTypeDef kFilterfalseType = {"itertools.filterfalse",
                                        "filterfalse(function, iterable)\n\nThe items for which "
                                        "function is false; with None, those that are.",
                                        kFilterfalseMethods,
                                        {},
                                        kFlags,
                                        sizeof(Filterfalse),
                                        &Filterfalse::kClass};
const NativeTypeDef kStarmapType = {"itertools.starmap",
                                    "starmap(function, iterable)\n\nfunction(*item) for each item.",
                                    kStarmapMethods,
                                    {},
                                    kFlags,
                                    sizeof(Starmap),
                                    &Starmap::kClass};
const NativeTypeDef kIsliceType = {"itertools.islice",
                                   "islice(iterable, stop)\nislice(iterable, start, stop[, "
                                   "step])\n\nThe items at those positions.",
                                   kIsliceMethods,
                                   {},
                                   kFlags,
                                   sizeof(Islice),
                                   &Islice::kClass};

}  // namespace apy::itertools
