#include "stdlib/collections/deque.h"

#include <algorithm>
#include <bit>

#include "stdlib/native_iterator.h"
#include "vm/objects/indexing.h"

namespace apy {

const NativeClass Deque::kClass = {"collections.deque", trace_values<1>, nullptr};

namespace {

struct DequeIterator : NativeObject {
  static const NativeClass kClass;
  Deque* deque;
  uint64_t index;    // of the next item, counted from the end the iterator started at
  uint64_t version;  // of the deque at the start
  bool reverse;
  static Result<bool> step(VM& vm, DequeIterator* self, Value* out) {
    Deque* deque = self->deque;
    if (self->version != deque->version) {
      self->index = UINT64_MAX;
      return vm.raise(Exc::RuntimeError, "deque mutated during iteration");
    }
    if (self->index >= deque->length) return false;
    *out = deque->at(self->reverse ? deque->length - 1 - self->index : self->index);
    ++self->index;
    return true;
  }
};
const NativeClass DequeIterator::kClass = {"_collections._deque_iterator", trace_values<1>, nullptr,
                                           native_step<DequeIterator>};
/// The same struct under the type for reversed().
struct DequeReverseIterator : DequeIterator {
  static const NativeClass kClass;
  static Result<bool> step(VM& vm, DequeReverseIterator* self, Value* out) {
    return DequeIterator::step(vm, self, out);
  }
};
const NativeClass DequeReverseIterator::kClass = {"_collections._deque_reverse_iterator",
                                                  trace_values<1>, nullptr,
                                                  native_step<DequeReverseIterator>};

Result<void> grow(VM& vm, Deque* deque) {
  size_t places = deque->storage ? (deque->mask + 1) * 2 : 8;
  ValueArray* storage = TRY(make_value_array(vm, places));
  for (uint64_t i = 0; i < deque->length; ++i) storage->values()[i] = deque->at(i);
  ValueArray* old = deque->storage;
  deque->storage = storage;
  deque->head = 0;
  deque->mask = places - 1;
  vm.barrier(deque);
  if (old) vm.heap().free_storage(old);
  return {};
}

void clear(Deque* deque) {
  deque->storage = nullptr;
  deque->head = deque->length = deque->mask = 0;
  ++deque->version;
}

}  // namespace

Result<void> deque_append(VM& vm, Deque* deque, Value item) {
  if (!deque->storage || deque->length > deque->mask) TRY(grow(vm, deque));
  Value& place = deque->at(deque->length++);
  place = item;
  ++deque->version;
  vm.barrier(deque->storage, &place);
  if (deque->limit >= 0 && deque->length > static_cast<uint64_t>(deque->limit))
    deque_take_left(vm, deque);
  return {};
}

Result<void> deque_append_left(VM& vm, Deque* deque, Value item) {
  if (!deque->storage || deque->length > deque->mask) TRY(grow(vm, deque));
  deque->head = (deque->head - 1) & deque->mask;
  ++deque->length;
  deque->at(0) = item;
  ++deque->version;
  vm.barrier(deque->storage, &deque->at(0));
  if (deque->limit >= 0 && deque->length > static_cast<uint64_t>(deque->limit))
    deque_take(vm, deque);
  return {};
}

Value deque_take(VM&, Deque* deque) {
  Value& place = deque->at(--deque->length);
  Value item = place;
  place = Value();
  ++deque->version;
  return item;
}

Value deque_take_left(VM&, Deque* deque) {
  Value& place = deque->at(0);
  Value item = place;
  place = Value();
  deque->head = (deque->head + 1) & deque->mask;
  --deque->length;
  ++deque->version;
  return item;
}

namespace {

Result<Value> deque_new(VM& vm, const Arguments& arguments) {
  Deque* deque = TRY(make_native<Deque>(vm, as<Type>(arguments.values[0])));
  deque->limit = -1;
  return deque;
}

/// Items of `iterable`, safe to append to the deque even when it is the deque itself.
Result<Value> iterable_for(VM& vm, Deque* deque, Value iterable) {
  if (try_native<Deque>(iterable) == deque) return list_from(vm, iterable);
  return iterable;
}

Result<void> deque_extend(VM& vm, Deque* deque, Value iterable) {
  iterable = TRY(iterable_for(vm, deque, iterable));
  return for_each(vm, iterable, [&](Value item) -> Result<bool> {
    TRY(deque_append(vm, deque, item));
    return true;
  });
}
Result<void> deque_extend_left(VM& vm, Deque* deque, Value iterable) {
  iterable = TRY(iterable_for(vm, deque, iterable));
  return for_each(vm, iterable, [&](Value item) -> Result<bool> {
    TRY(deque_append_left(vm, deque, item));
    return true;
  });
}

Result<void> deque_init(VM& vm, Deque* deque, Optional<Value> iterable, Optional<Value> maximum) {
  int64_t limit = -1;
  if (maximum.present && !maximum.value.is_none()) {
    if (!is_int(maximum.value)) return vm.raise(Exc::TypeError, "an integer is required");
    limit = TRY(to_int64(vm, maximum.value));
    if (limit < 0) return vm.raise(Exc::ValueError, "maxlen must be non-negative");
  }
  deque->limit = limit;
  clear(deque);
  if (iterable.present) TRY(deque_extend(vm, deque, iterable.value));
  return {};
}

Result<Value> deque_pop(VM& vm, Deque* deque) {
  if (deque->length == 0) return vm.raise(Exc::IndexError, "pop from an empty deque");
  return deque_take(vm, deque);
}
Result<Value> deque_pop_left(VM& vm, Deque* deque) {
  if (deque->length == 0) return vm.raise(Exc::IndexError, "pop from an empty deque");
  return deque_take_left(vm, deque);
}
Result<void> deque_clear(VM&, Deque* deque) {
  clear(deque);
  return {};
}

Result<int64_t> deque_length(VM&, Deque* deque) { return static_cast<int64_t>(deque->length); }

Result<Value> deque_iter(VM& vm, Deque* deque) {
  auto* iterator = TRY(make_native<DequeIterator>(vm, native_type<DequeIterator>(vm)));
  iterator->deque = deque;
  iterator->version = deque->version;
  return iterator;
}
Result<Value> deque_reversed(VM& vm, Deque* deque) {
  auto* iterator =
      TRY(make_native<DequeReverseIterator>(vm, native_type<DequeReverseIterator>(vm)));
  iterator->deque = deque;
  iterator->version = deque->version;
  iterator->reverse = true;
  return iterator;
}
template <class T>
Result<int64_t> iterator_hint(VM&, T* self) {
  uint64_t length = self->deque->length;
  return static_cast<int64_t>(self->index < length ? length - self->index : 0);
}

/// An empty deque of the class of `like`, with its maxlen.
Result<Deque*> empty_like(VM& vm, Deque* like) {
  Type* type = vm.type_of(like);
  if (type == native_type<Deque>(vm)) {
    Deque* deque = TRY(make_native<Deque>(vm, type));
    deque->limit = like->limit;
    return deque;
  }
  Value limit = like->limit < 0 ? Value::none() : Value::small_int(like->limit);
  Value empty = TRY(make_tuple(vm, size_t{0}));
  Value made = like->limit < 0 ? TRY(vm.call(type, {})) : TRY(vm.call(type, {empty, limit}));
  Deque* deque = try_native<Deque>(made);
  if (!deque)
    return vm.raise(Exc::TypeError, "deque() must return a deque, not {}", vm.type_of(made));
  return deque;
}

Result<Value> deque_copy(VM& vm, Deque* deque) {
  Deque* copy = TRY(empty_like(vm, deque));
  TRY(deque_extend(vm, copy, TRY(deque_iter(vm, deque))));
  return copy;
}

Result<int64_t> deque_index_of(VM& vm, Deque* deque, Value key) {
  int64_t index = TRY(to_int64(vm, key));
  auto length = static_cast<int64_t>(deque->length);
  if (index < 0) index += length;
  if (index < 0 || index >= length) return vm.raise(Exc::IndexError, "deque index out of range");
  return index;
}

/// Only ints select an item.
Result<int64_t> checked_index(VM& vm, Deque* deque, Value key) {
  if (!is_int(key) && type_special(vm, vm.type_of(key), Special::Index).is_empty())
    return vm.raise(Exc::TypeError, "sequence index must be integer, not '{}'", vm.type_of(key));
  return deque_index_of(vm, deque, key);
}

Result<Value> deque_getitem(VM& vm, Deque* deque, Value key) {
  return deque->at(static_cast<uint64_t>(TRY(checked_index(vm, deque, key))));
}
Result<void> deque_setitem(VM& vm, Deque* deque, Value key, Value item) {
  Value& place = deque->at(static_cast<uint64_t>(TRY(checked_index(vm, deque, key))));
  place = item;
  vm.barrier(deque->storage, &place);
  return {};
}

// Items that move are reported, as if they were new: a long storage is traced in parts.

void remove_at(VM& vm, Deque* deque, uint64_t index) {
  vm.barrier(deque->storage);
  if (index < deque->length / 2) {
    for (uint64_t i = index; i > 0; --i) deque->at(i) = deque->at(i - 1);
    deque_take_left(vm, deque);
  } else {
    for (uint64_t i = index; i + 1 < deque->length; ++i) deque->at(i) = deque->at(i + 1);
    deque_take(vm, deque);
  }
}

Result<void> deque_delitem(VM& vm, Deque* deque, Value key) {
  remove_at(vm, deque, static_cast<uint64_t>(TRY(checked_index(vm, deque, key))));
  return {};
}

/// Position of an item equal to `item` in [begin, end), or -1. `mutated`: the error when comparing
/// changes the deque.
Result<int64_t> find(VM& vm, Deque* deque, Value item, uint64_t begin, uint64_t end,
                     Exc mutated = Exc::RuntimeError) {
  uint64_t version = deque->version;
  for (uint64_t i = begin; i < end && i < deque->length; ++i) {
    bool equal = TRY(values_equal(vm, deque->at(i), item));
    if (version != deque->version) return vm.raise(mutated, "deque mutated during iteration");
    if (equal) return static_cast<int64_t>(i);
  }
  return int64_t{-1};
}

Result<bool> deque_contains(VM& vm, Deque* deque, Value item) {
  return TRY(find(vm, deque, item, 0, UINT64_MAX)) >= 0;
}

Result<Value> deque_index(VM& vm, Deque* deque, Value item, Optional<Value> start,
                          Optional<Value> stop) {
  size_t begin = TRY(position_argument(vm, start, 0, deque->length));
  size_t end = TRY(position_argument(vm, stop, deque->length, deque->length));
  int64_t index = TRY(find(vm, deque, item, begin, end));
  if (index < 0) return vm.raise(Exc::ValueError, "{} is not in deque", TRY(repr_of(vm, item)));
  return Value::small_int(index);
}

Result<void> deque_remove(VM& vm, Deque* deque, Value item) {
  int64_t index = TRY(find(vm, deque, item, 0, UINT64_MAX, Exc::IndexError));
  if (index < 0) return vm.raise(Exc::ValueError, "{} is not in deque", TRY(repr_of(vm, item)));
  remove_at(vm, deque, static_cast<uint64_t>(index));
  return {};
}

Result<int64_t> deque_count(VM& vm, Deque* deque, Value item) {
  uint64_t version = deque->version;
  int64_t count = 0;
  for (uint64_t i = 0; i < deque->length; ++i) {
    count += TRY(values_equal(vm, deque->at(i), item));
    if (version != deque->version)
      return vm.raise(Exc::RuntimeError, "deque mutated during iteration");
  }
  return count;
}

Result<void> deque_insert(VM& vm, Deque* deque, int64_t index, Value item) {
  if (deque->limit >= 0 && deque->length >= static_cast<uint64_t>(deque->limit))
    return vm.raise(Exc::IndexError, "deque already at its maximum size");
  auto length = static_cast<int64_t>(deque->length);
  if (index < 0) index = std::max<int64_t>(index + length, 0);
  auto position = static_cast<uint64_t>(std::min(index, length));
  if (position < deque->length / 2) {
    TRY(deque_append_left(vm, deque, item));
    for (uint64_t i = 0; i < position; ++i) deque->at(i) = deque->at(i + 1);
  } else {
    TRY(deque_append(vm, deque, item));
    for (uint64_t i = deque->length - 1; i > position; --i) deque->at(i) = deque->at(i - 1);
  }
  deque->at(position) = item;
  vm.barrier(deque->storage);
  return {};
}

Result<void> deque_rotate(VM& vm, Deque* deque, Optional<int64_t> steps) {
  if (deque->length <= 1) return {};
  int64_t n = steps.value_or(1) % static_cast<int64_t>(deque->length);
  if (n < 0) n += static_cast<int64_t>(deque->length);
  auto by = static_cast<uint64_t>(n);
  ++deque->version;
  bool right = by <= deque->length / 2;
  uint64_t moves = right ? by : deque->length - by;
  for (uint64_t i = 0; i < moves; ++i) {
    if (right) {
      Value item = std::exchange(deque->at(deque->length - 1), Value());
      deque->head = (deque->head - 1) & deque->mask;
      deque->at(0) = item;
      vm.barrier(deque->storage, &deque->at(0));
    } else {
      Value item = std::exchange(deque->at(0), Value());
      deque->head = (deque->head + 1) & deque->mask;
      deque->at(deque->length - 1) = item;
      vm.barrier(deque->storage, &deque->at(deque->length - 1));
    }
  }
  return {};
}

Result<void> deque_reverse(VM& vm, Deque* deque) {
  if (deque->storage) vm.barrier(deque->storage);
  for (uint64_t i = 0, j = deque->length; i + 1 < j; ++i) std::swap(deque->at(i), deque->at(--j));
  ++deque->version;
  return {};
}

Result<Value> deque_concatenate(VM& vm, Deque* deque, Value other) {
  Deque* right = try_native<Deque>(other);
  if (!right)
    return vm.raise(Exc::TypeError, "can only concatenate deque (not \"{}\") to deque",
                    vm.type_of(other));
  Value result = TRY(deque_copy(vm, deque));
  TRY(deque_extend(vm, try_native<Deque>(result), other));
  return result;
}
Result<Value> deque_in_place_concatenate(VM& vm, Deque* deque, Value other) {
  TRY(deque_extend(vm, deque, other));
  return deque;
}

Result<Value> deque_in_place_repeat(VM& vm, Deque* deque, Value times) {
  int64_t count = TRY(repeat_count(vm, times));
  if (count == kNotACount) return Value::not_implemented();
  if (count == 0) clear(deque);
  if (count <= 1 || deque->length == 0) return deque;
  size_t length;
  if (deque->limit < 0 &&
      (__builtin_mul_overflow(deque->length, static_cast<size_t>(count), &length) ||
       length > kMaximumLength))
    return vm.out_of_memory();
  List* items = TRY(list_from(vm, deque));
  // With a limit, only the last items stay: whole rounds before them change nothing.
  if (deque->limit >= 0)
    count = std::min<int64_t>(count, deque->limit / static_cast<int64_t>(items->length) + 2);
  for (int64_t i = 1; i < count; ++i)
    for (Value item : items->span()) TRY(deque_append(vm, deque, item));
  return deque;
}
Result<Value> deque_repeat(VM& vm, Deque* deque, Value times) {
  Value copy = TRY(deque_copy(vm, deque));
  return deque_in_place_repeat(vm, try_native<Deque>(copy), times);
}

template <CompareOp op>
Result<Value> deque_compare(VM& vm, Deque* deque, Value other) {
  Deque* right = try_native<Deque>(other);
  if (!right) return Value::not_implemented();
  if ((op == CompareOp::Equal || op == CompareOp::NotEqual) && deque->length != right->length)
    return Value::boolean(op == CompareOp::NotEqual);
  Value a = TRY(list_from(vm, deque)), b = TRY(list_from(vm, right));
  return compare(vm, op, a, b);
}

Result<Value> deque_repr(VM& vm, Deque* deque) {
  ReprGuard guard(vm, deque);
  if (!guard.entered()) return make_str(vm, "[...]");
  NativeDepth depth(vm);
  TRY(depth.check(" while getting the repr of an object"));
  Value items = TRY(list_from(vm, deque));
  StrBuilder builder(vm);
  builder.append(vm.type_of(deque)->name);
  builder.append("(");
  builder.append(TRY(repr_of(vm, items)));
  if (deque->limit >= 0) {
    builder.append(", maxlen=");
    builder.append(std::to_string(deque->limit));
  }
  builder.append(")");
  return builder.finish();
}

/// (class, ([], maxlen) or (), attributes, iterator over the items)
Result<Value> deque_reduce(VM& vm, Deque* deque) {
  Value arguments = TRY(make_tuple(vm, size_t{0}));
  if (deque->limit >= 0) {
    Value pair[2] = {arguments, Value::small_int(deque->limit)};
    arguments = TRY(make_tuple(vm, pair));
  }
  Value state = TRY(vm.call_method(deque, vm.names().getstate, {}));
  // That of a subclass, when it has one.
  Value parts[4] = {vm.type_of(deque), arguments, state, TRY(get_iterator(vm, deque))};
  return make_tuple(vm, parts);
}

Result<Value> deque_class_getitem(VM& vm, Type* cls, Value item) {
  return make_generic_alias(vm, cls, item);
}

Result<Value> deque_maximum(VM& vm, Value self) {
  Deque* deque = try_native<Deque>(self);
  if (!deque) return vm.raise(Exc::TypeError, "a deque is required");
  return deque->limit < 0 ? Value::none() : Value::small_int(deque->limit);
}

Result<int64_t> deque_sizeof(VM&, Deque* deque) {
  return static_cast<int64_t>(sizeof(Deque) +
                              (deque->storage ? Heap::slot_size(deque->storage) : 0));
}

Result<void> extend_type(VM& vm, Type* type) {
  return dict_set_str(vm, type->dict, vm.special_name(Special::Hash), Value::none());
}

constexpr NativeFunctionDef kDequeMethods[] = {
    {"__new__(cls, *args, **kwargs)", "A new deque.", bind<deque_new>(),
     NativeFunctionDef::kStatic},
    {"__init__(self, iterable=(), maxlen=None)", "Fills the deque with the items of an iterable.",
     bind<deque_init>()},
    {"__len__(self, /)", "len(self)", bind<deque_length>()},
    {"__getitem__(self, key, /)", "self[key]", bind<deque_getitem>()},
    {"__setitem__(self, key, value, /)", "self[key] = value", bind<deque_setitem>()},
    {"__delitem__(self, key, /)", "del self[key]", bind<deque_delitem>()},
    {"__contains__(self, key, /)", "key in self", bind<deque_contains>()},
    {"__iter__(self, /)", "iter(self)", bind<deque_iter>()},
    {"__reversed__(self, /)", "reversed(self)", bind<deque_reversed>()},
    {"__repr__(self, /)", "repr(self)", bind<deque_repr>()},
    {"__add__(self, value, /)", "self+value", bind<deque_concatenate>()},
    {"__iadd__(self, value, /)", "self+=value", bind<deque_in_place_concatenate>()},
    {"__mul__(self, value, /)", "self*value", bind<deque_repeat>()},
    {"__rmul__(self, value, /)", "value*self", bind<deque_repeat>()},
    {"__imul__(self, value, /)", "self*=value", bind<deque_in_place_repeat>()},
    {"__eq__(self, value, /)", "self==value", bind<deque_compare<CompareOp::Equal>>()},
    {"__ne__(self, value, /)", "self!=value", bind<deque_compare<CompareOp::NotEqual>>()},
    {"__lt__(self, value, /)", "self<value", bind<deque_compare<CompareOp::Less>>()},
    {"__le__(self, value, /)", "self<=value", bind<deque_compare<CompareOp::LessEqual>>()},
    {"__gt__(self, value, /)", "self>value", bind<deque_compare<CompareOp::Greater>>()},
    {"__ge__(self, value, /)", "self>=value", bind<deque_compare<CompareOp::GreaterEqual>>()},
    {"append(self, item, /)", "Add an item at the right end.", bind<deque_append>()},
    {"appendleft(self, item, /)", "Add an item at the left end.", bind<deque_append_left>()},
    {"extend(self, iterable, /)", "Add the items of an iterable at the right end.",
     bind<deque_extend>()},
    {"extendleft(self, iterable, /)", "Add the items of an iterable at the left end, one by one.",
     bind<deque_extend_left>()},
    {"pop(self, /)", "Remove and return the rightmost item.", bind<deque_pop>()},
    {"popleft(self, /)", "Remove and return the leftmost item.", bind<deque_pop_left>()},
    {"clear(self, /)", "Remove all items.", bind<deque_clear>()},
    {"copy(self, /)", "A new deque of the same items.", bind<deque_copy>()},
    {"__copy__(self, /)", "A new deque of the same items.", bind<deque_copy>()},
    {"count(self, value, /)", "How often value occurs.", bind<deque_count>()},
    {"index(self, value, start=0, stop=9223372036854775807, /)",
     "The first position of value in [start, stop); ValueError when there is none.",
     bind<deque_index>()},
    {"insert(self, index, value, /)", "Put value before the item at index.", bind<deque_insert>()},
    {"remove(self, value, /)", "Remove the first item equal to value; ValueError without one.",
     bind<deque_remove>()},
    {"reverse(self, /)", "Turn the order of the items around.", bind<deque_reverse>()},
    {"rotate(self, n=1, /)", "Move n items from the right end to the left end.",
     bind<deque_rotate>()},
    {"__reduce__(self, /)", "What to pickle.", bind<deque_reduce>()},
    {"__sizeof__(self, /)", "Size in memory, in bytes.", bind<deque_sizeof>()},
    {"__class_getitem__(cls, item, /)", "The generic alias of the class and item.",
     bind<deque_class_getitem>(), NativeFunctionDef::kClassMethod},
};
constexpr NativeGetSetDef kDequeAttributes[] = {
    {"maxlen", "The largest length, or None.", deque_maximum}};

/// An iterator that has made `index` steps: what pickles and copies come back through.
template <class T>
Result<Value> iterator_new(VM& vm, Type* cls, Deque* deque, Optional<int64_t> index) {
  T* iterator = TRY(make_native<T>(vm, cls));
  iterator->deque = deque;
  iterator->version = deque->version;
  iterator->reverse = std::is_same_v<T, DequeReverseIterator>;
  int64_t steps = std::clamp(index.value_or(0), int64_t{0}, static_cast<int64_t>(deque->length));
  iterator->index = static_cast<uint64_t>(steps);
  vm.barrier(iterator);
  return iterator;
}
template <class T>
Result<Value> iterator_reduce(VM& vm, T* self) {
  uint64_t index = std::min(self->index, self->deque->length);
  Value arguments[2] = {self->deque, Value::small_int(static_cast<int64_t>(index))};
  Value pair[2] = {vm.type_of(Value(self)), TRY(make_tuple(vm, arguments))};
  return make_tuple(vm, pair);
}

#define DEQUE_ITERATOR_COPIES(T)                                                                  \
  {"__new__(cls, deque, index=0, /)", "Create and return a new object.", bind<iterator_new<T>>(), \
   NativeFunctionDef::kStatic},                                                                   \
  {                                                                                               \
    "__reduce__(self, /)", "What to pickle.", bind<iterator_reduce<T>>()                          \
  }

constexpr NativeFunctionDef kDequeIteratorMethods[] = {
    NATIVE_ITERATOR_METHODS(DequeIterator),
    DEQUE_ITERATOR_COPIES(DequeIterator),
    {"__length_hint__(self, /)", "How many items are left.", bind<iterator_hint<DequeIterator>>()},
};
constexpr NativeFunctionDef kDequeReverseIteratorMethods[] = {
    NATIVE_ITERATOR_METHODS(DequeReverseIterator),
    DEQUE_ITERATOR_COPIES(DequeReverseIterator),
    {"__length_hint__(self, /)", "How many items are left.",
     bind<iterator_hint<DequeReverseIterator>>()},
};

}  // namespace

const NativeTypeDef kDequeType = {
    "collections.deque",
    "deque(iterable=(), maxlen=None)\n\nA list with fast operations at both ends.",
    kDequeMethods,
    kDequeAttributes,
    Type::kCanSubclass | Type::kSequence | Type::kHasWeakref,
    sizeof(Deque),
    &Deque::kClass,
    extend_type};
const NativeTypeDef kDequeIteratorType = {
    "_collections._deque_iterator", "", kDequeIteratorMethods, {}, 0, sizeof(DequeIterator),
    &DequeIterator::kClass};
const NativeTypeDef kDequeReverseIteratorType = {"_collections._deque_reverse_iterator",
                                                 "",
                                                 kDequeReverseIteratorMethods,
                                                 {},
                                                 0,
                                                 sizeof(DequeReverseIterator),
                                                 &DequeReverseIterator::kClass};

}  // namespace apy
