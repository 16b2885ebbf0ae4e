// tee: several iterators over one.
//
// What was read is a linked list of nodes (item, next node); each tee iterator stands at a node and
// reads the source when it is at the last one, which is still empty. Nodes that all iterators have
// left are garbage.
#include "stdlib/itertools/itertools.h"
#include "stdlib/native_iterator.h"

namespace apy::itertools {

namespace {

struct Tee : NativeObject {
  static const NativeClass kClass;
  ValueArray* source;  // [iterator, true while it is being read]; shared
  ValueArray* node;    // [item or empty, next node]
  static Result<bool> step(VM& vm, Tee* self, Value* out) {
    ValueArray* node = self->node;
    if (node->values()[0].is_empty()) {
      Value* source = self->source->values();
      if (source[1].is_true())
        return vm.raise(Exc::RuntimeError, "cannot re-enter the tee iterator");
      source[1] = Value::boolean(true);
      Value item;
      auto more = iterator_next(vm, source[0], &item);
      source[1] = Value::boolean(false);
      if (!TRY(more)) return false;
      Value next = TRY(make_value_array(vm, 2));
      node->values()[0] = item;
      node->values()[1] = next;
      vm.barrier(node);
    }
    *out = node->values()[0];
    self->node = as<ValueArray>(node->values()[1]);
    vm.barrier(self);
    return true;
  }
};
const NativeClass Tee::kClass = {"itertools._tee", trace_values<2>, nullptr, native_step<Tee>};

Result<Tee*> tee_over(VM& vm, Type* cls, Value iterable) {
  if (Tee* other = try_native<Tee>(iterable)) {
    Tee* self = TRY(make_native<Tee>(vm, cls));
    self->source = other->source;
    self->node = other->node;
    return self;
  }
  Value iterator = TRY(get_iterator(vm, iterable));
  ValueArray* source = TRY(make_value_array(vm, 2));
  source->values()[0] = iterator;
  ValueArray* node = TRY(make_value_array(vm, 2));
  Tee* self = TRY(make_native<Tee>(vm, cls));
  self->source = source;
  self->node = node;
  return self;
}

Result<Value> tee_new(VM& vm, Type* cls, Value iterable) { return tee_over(vm, cls, iterable); }
Result<Value> tee_copy(VM& vm, Tee* self) { return tee_over(vm, native_type<Tee>(vm), self); }

Result<Value> tee(VM& vm, Value iterable, Optional<int64_t> count) {
  int64_t n = count.present ? count.value : 2;
  if (n < 0) return vm.raise(Exc::ValueError, "n must be >= 0");
  Tuple* result = TRY(make_tuple(vm, static_cast<size_t>(n)));
  if (n == 0) return result;
  // One that can be copied is passed through.
  Value first =
      try_native<Tee>(iterable) ? iterable : TRY(tee_over(vm, native_type<Tee>(vm), iterable));
  for (int64_t i = 0; i < n; ++i) {
    result->values()[i] = i == 0 ? first : Value(TRY(tee_over(vm, native_type<Tee>(vm), first)));
    vm.barrier(result);
  }
  return result;
}

constexpr NativeFunctionDef kTeeMethods[] = {
    {"__new__(cls, iterable, /)", "A new tee iterator.", bind<tee_new>(),
     NativeFunctionDef::kStatic},
    NATIVE_ITERATOR_METHODS(Tee),
    {"__copy__(self, /)", "Another iterator at the same position.", bind<tee_copy>()},
};

}  // namespace

const NativeTypeDef kTeeType = {
    "itertools._tee", "An iterator made by tee().", kTeeMethods, {}, Type::kHasWeakref, sizeof(Tee),
    &Tee::kClass};

const NativeFunctionDef kTeeFunction = {
    "tee(iterable, n=2, /)", "A tuple of n independent iterators over the items of one iterable.",
    bind<tee>()};

}  // namespace apy::itertools
