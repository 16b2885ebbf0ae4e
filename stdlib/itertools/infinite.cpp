// count, cycle and repeat.
#include "stdlib/itertools/itertools.h"
#include "stdlib/itertools/reduction.h"
#include "stdlib/native_iterator.h"

namespace apy::itertools {

namespace {

constexpr uint32_t kFlags = Type::kCanSubclass;

struct Count : NativeObject {
  static const NativeClass kClass;
  Value next, step_by;
  static Result<bool> step(VM& vm, Count* self, Value* out) {
    Value current = self->next;
    int64_t sum;
    if (Value::both_small_int(current, self->step_by)) {
      sum = current.as_small_int() + self->step_by.as_small_int();
      self->next = TRY(make_int(vm, sum));
    } else {
      self->next = TRY(binary_operation(vm, BinaryOp::Add, current, self->step_by));
    }
    vm.barrier(self);
    *out = current;
    return true;
  }
};
const NativeClass Count::kClass = {"itertools.count", trace_values<2>, nullptr, native_step<Count>};

Result<bool> is_number(VM& vm, Value v) {
  if (is_int(v) || is_float(v) || is_kind(v, CellKind::Complex)) return true;
  Type* type = vm.type_of(v);
  return !type_special(vm, type, Special::Float).is_empty() ||
         !type_special(vm, type, Special::Index).is_empty() ||
         !type_special(vm, type, Special::Int).is_empty();
}

Result<Value> count_new(VM& vm, Type* cls, Optional<Value> start, Optional<Value> step) {
  Value first = start.value_or(Value::small_int(0)), by = step.value_or(Value::small_int(1));
  if (!TRY(is_number(vm, first)) || !TRY(is_number(vm, by)))
    return vm.raise(Exc::TypeError, "a number is required");
  Count* self = TRY(make_native<Count>(vm, cls));
  self->next = first;
  self->step_by = by;
  return self;
}

Result<Value> count_repr(VM& vm, Count* self) {
  StrBuilder builder(vm);
  builder.append(vm.type_of(self)->name);
  builder.append("(");
  builder.append(TRY(repr_of(vm, self->next)));
  if (!self->step_by.is(Value::small_int(1))) {
    builder.append(", ");
    builder.append(TRY(repr_of(vm, self->step_by)));
  }
  builder.append(")");
  return builder.finish();
}

struct Cycle : NativeObject {
  static const NativeClass kClass;
  Value iterator;  // none once exhausted
  List* saved;
  uint64_t index;
  bool is_saved;  // what the iterator still gives is in `saved` already
  static Result<bool> step(VM& vm, Cycle* self, Value* out) {
    if (!self->iterator.is_none()) {
      if (TRY(iterator_next(vm, self->iterator, out))) {
        if (!self->is_saved) TRY(list_append(vm, self->saved, *out));
        return true;
      }
      self->iterator = Value::none();
    }
    if (self->saved->length == 0) return false;
    if (self->index >= self->saved->length) self->index = 0;
    *out = self->saved->values()[self->index++];
    return true;
  }
};
const NativeClass Cycle::kClass = {"itertools.cycle", trace_values<2>, nullptr, native_step<Cycle>};

Result<Value> cycle_new(VM& vm, Type* cls, Value iterable) {
  Value iterator = TRY(get_iterator(vm, iterable));
  List* saved = TRY(make_list(vm, size_t{0}));
  Cycle* self = TRY(make_native<Cycle>(vm, cls));
  self->iterator = iterator;
  self->saved = saved;
  return self;
}

struct Repeat : NativeObject {
  static const NativeClass kClass;
  Value object;
  int64_t left;  // -1: forever
  static Result<bool> step(VM&, Repeat* self, Value* out) {
    if (self->left == 0) return false;
    if (self->left > 0) --self->left;
    *out = self->object;
    return true;
  }
};
const NativeClass Repeat::kClass = {"itertools.repeat", trace_values<1>, nullptr,
                                    native_step<Repeat>};

Result<Value> repeat_new(VM& vm, Type* cls, Value object, Optional<int64_t> times) {
  Repeat* self = TRY(make_native<Repeat>(vm, cls));
  self->object = object;
  self->left = times.present ? std::max<int64_t>(times.value, 0) : -1;
  return self;
}

Result<Value> repeat_repr(VM& vm, Repeat* self) {
  StrBuilder builder(vm);
  builder.append(vm.type_of(self)->name);
  builder.append("(");
  builder.append(TRY(repr_of(vm, self->object)));
  if (self->left >= 0) {
    builder.append(", ");
    builder.append(std::to_string(self->left));
  }
  builder.append(")");
  return builder.finish();
}

Result<int64_t> repeat_hint(VM& vm, Repeat* self) {
  if (self->left < 0) return vm.raise(Exc::TypeError, "len() of unsized object");
  return self->left;
}

// --- copies ---

Result<Value> count_reduce(VM& vm, Count* self) {
  if (self->step_by.is(Value::small_int(1))) return reduced(vm, self, {self->next});
  return reduced(vm, self, {self->next, self->step_by});
}
Result<Value> cycle_reduce(VM& vm, Cycle* self) {
  Value iterator = self->iterator;
  bool over = iterator.is_none();
  if (over) {
    iterator = TRY(get_iterator(vm, self->saved));
    TRY(vm.call_method(iterator, vm.names().setstate,
                       {Value::small_int(static_cast<int64_t>(self->index))}));
  }
  Value state[2] = {self->saved, Value::boolean(over || self->is_saved)};
  return reduced(vm, self, {iterator}, TRY(make_tuple(vm, state)));
}
Result<void> cycle_set_state(VM& vm, Cycle* self, Value state) {
  Tuple* pair = TRY(state_tuple(vm, state, -1));
  if (pair->length != 2)
    return vm.raise(Exc::TypeError, "function takes exactly 2 arguments ({} given)", pair->length);
  List* saved = try_as<List>(pair->values()[0]);
  if (!saved)
    return vm.raise(Exc::TypeError, "argument 1 must be list, not {}",
                    vm.type_of(pair->values()[0]));
  bool is_saved = TRY(to_int64(vm, pair->values()[1])) != 0;
  self->saved = saved;
  self->is_saved = is_saved;
  self->index = 0;
  vm.barrier(self);
  return {};
}
Result<Value> repeat_reduce(VM& vm, Repeat* self) {
  if (self->left < 0) return reduced(vm, self, {self->object});
  return reduced(vm, self, {self->object, TRY(make_int(vm, self->left))});
}

constexpr NativeFunctionDef kCountMethods[] = {
    {"__new__(cls, start=0, step=1)", "A new count.", bind<count_new>(),
     NativeFunctionDef::kStatic},
    NATIVE_ITERATOR_METHODS(Count),
    {"__reduce__(self, /)", "What to pickle.", bind<count_reduce>()},
    {"__repr__(self, /)", "repr(self)", bind<count_repr>()},
};
constexpr NativeFunctionDef kCycleMethods[] = {
    {"__new__(cls, iterable, /)", "A new cycle.", bind<cycle_new>(), NativeFunctionDef::kStatic},
    NATIVE_ITERATOR_METHODS(Cycle),
    {"__reduce__(self, /)", "What to pickle.", bind<cycle_reduce>()},
    {"__setstate__(self, state, /)", "Set state information for unpickling.",
     bind<cycle_set_state>()},
};
constexpr NativeFunctionDef kRepeatMethods[] = {
    {"__new__(cls, object, times=None)", "A new repeat.", bind<repeat_new>(),
     NativeFunctionDef::kStatic},
    NATIVE_ITERATOR_METHODS(Repeat),
    {"__reduce__(self, /)", "What to pickle.", bind<repeat_reduce>()},
    {"__repr__(self, /)", "repr(self)", bind<repeat_repr>()},
    {"__length_hint__(self, /)", "How many items are left.", bind<repeat_hint>()},
};

}  // namespace

const NativeTypeDef kCountType = {
    "itertools.count",
    "count(start=0, step=1)\n\nstart, start + step, start + 2 * step, ...",
    kCountMethods,
    {},
    kFlags,
    sizeof(Count),
    &Count::kClass};
const NativeTypeDef kCycleType = {"itertools.cycle",
                                  "cycle(iterable)\n\nThe items again and again.",
                                  kCycleMethods,
                                  {},
                                  kFlags,
                                  sizeof(Cycle),
                                  &Cycle::kClass};
const NativeTypeDef kRepeatType = {
    "itertools.repeat",
    "repeat(object[, times])\n\nThe same object forever, or that many times.",
    kRepeatMethods,
    {},
    kFlags,
    sizeof(Repeat),
    &Repeat::kClass};

}  // namespace apy::itertools
