// Ranges of ints of any size. Small ones (all parts small ints) have an iterator without arithmetic
// on objects.
#include "vm/binding/bind.h"
#include "vm/objects/containers.h"
#include "vm/objects/indexing.h"
#include "vm/objects/iterators.h"
#include "vm/objects/protocol.h"

namespace apy {

namespace {

Value small(int64_t i) { return Value::small_int(i); }

bool is_small(const Range* range) {
  return range->start.is_small_int() && range->stop.is_small_int() && range->step.is_small_int();
}

Result<Value> add(VM& vm, Value a, Value b) { return number_binary(vm, BinaryOp::Add, a, b); }
Result<Value> subtract(VM& vm, Value a, Value b) {
  return number_binary(vm, BinaryOp::Subtract, a, b);
}
Result<Value> multiply(VM& vm, Value a, Value b) {
  return number_binary(vm, BinaryOp::Multiply, a, b);
}
Result<bool> less(VM& vm, Value a, Value b) { return compare_bool(vm, CompareOp::Less, a, b); }

/// How many values from start in steps lie before stop.
Result<Value> compute_length(VM& vm, Value start, Value stop, Value step) {
  if (start.is_small_int() && stop.is_small_int() && step.is_small_int()) {
    int64_t first = start.as_small_int(), last = stop.as_small_int(), by = step.as_small_int();
    if (by > 0) return make_int(vm, first < last ? (last - first - 1) / by + 1 : 0);
    return make_int(vm, last < first ? (first - last - 1) / -by + 1 : 0);
  }
  bool down = TRY(less(vm, step, small(0)));
  Value low = down ? stop : start, high = down ? start : stop;
  if (!TRY(less(vm, low, high))) return small(0);
  Value size = down ? TRY(subtract(vm, small(0), step)) : step;
  Value span = TRY(subtract(vm, TRY(subtract(vm, high, low)), small(1)));
  return add(vm, TRY(number_binary(vm, BinaryOp::FloorDivide, span, size)), small(1));
}

/// start + index * step
Result<Value> item_at(VM& vm, Range* range, Value index) {
  return add(vm, range->start, TRY(multiply(vm, index, range->step)));
}

/// An int (or bool) as a plain int.
Result<Value> plain_int(VM& vm, Value v) {
  Value i = TRY(to_index(vm, v));
  return i.is_bool() ? small(i.as_bool()) : i;
}

}  // namespace

Result<Range*> make_range(VM& vm, Value start, Value stop, Value step) {
  if (step.is(small(0))) return vm.raise(Exc::ValueError, "range() arg 3 must not be zero");
  Value length = TRY(compute_length(vm, start, stop, step));
  Range* range = TRY(vm.allocate<Range>(BuiltinType::Range));
  range->start = start;
  range->stop = stop;
  range->step = step;
  range->length = length;
  return range;
}

Result<Value> make_range_iterator(VM& vm, Range* range) {
  if (is_small(range) && range->length.is_small_int())
    return vm.make_record(BuiltinType::RangeIterator, {range->start, range->step, range->length});
  return vm.make_record(BuiltinType::LongRangeIterator,
                        {range->start, range->step, Value::none(), range->length});
}

Result<Value> make_range_reverse_iterator(VM& vm, Range* range) {
  Value last_index = TRY(subtract(vm, range->length, small(1)));
  Value last = TRY(item_at(vm, range, last_index));
  Value step = TRY(subtract(vm, small(0), range->step));
  if (last.is_small_int() && step.is_small_int() && range->length.is_small_int())
    return vm.make_record(BuiltinType::RangeIterator, {last, step, range->length});
  return vm.make_record(BuiltinType::LongRangeIterator, {last, step, Value::none(), range->length});
}

Result<bool> range_iterator_next_slow(VM& vm, Record* iterator, Value* out) {
  Value* f = iterator->fields();
  if (!TRY(less(vm, small(0), f[3]))) return false;
  Value next = TRY(add(vm, f[0], f[1]));
  Value left = TRY(subtract(vm, f[3], small(1)));
  *out = f[0];
  f[0] = next;
  f[3] = left;
  vm.barrier(iterator);
  return true;
}

Result<bool> range_contains(VM& vm, Range* range, Value v) {
  if (v.is_bool()) v = small(v.as_bool());
  if (is_float(v) || !is_int(v) || (v.is_cell() && v.cell()->shape != shape_of(BuiltinType::Int))) {
    // Anything may be equal to an int: compare with each.
    Value iterator = TRY(make_range_iterator(vm, range)), item;
    while (TRY(iterator_next(vm, iterator, &item)))
      if (TRY(values_equal(vm, item, v))) return true;
    return false;
  }
  if (is_small(range) && v.is_small_int()) {
    int64_t i = v.as_small_int(), start = range->start.as_small_int(),
            stop = range->stop.as_small_int(), step = range->step.as_small_int();
    if (step > 0 ? i < start || i >= stop : i > start || i <= stop) return false;
    return (i - start) % step == 0;
  }
  bool down = TRY(less(vm, range->step, small(0)));
  if (down ? TRY(less(vm, range->start, v)) || !TRY(less(vm, range->stop, v))
           : TRY(less(vm, v, range->start)) || !TRY(less(vm, v, range->stop)))
    return false;
  Value rest =
      TRY(number_binary(vm, BinaryOp::Modulo, TRY(subtract(vm, v, range->start)), range->step));
  return rest.is(small(0));
}

namespace {

Result<Value> range_new(VM& vm, const Arguments& arguments) {
  auto values = arguments.positional().subspan(1);
  if (arguments.keyword_count() > 0)
    return vm.raise(Exc::TypeError, "range() takes no keyword arguments");
  if (values.empty()) return vm.raise(Exc::TypeError, "range expected at least 1 argument, got 0");
  if (values.size() > 3)
    return vm.raise(Exc::TypeError, "range expected at most 3 arguments, got {}", values.size());
  if (values.size() == 1) return make_range(vm, small(0), TRY(plain_int(vm, values[0])), small(1));
  Value start = TRY(plain_int(vm, values[0]));
  Value stop = TRY(plain_int(vm, values[1]));
  Value step = values.size() == 3 ? TRY(plain_int(vm, values[2])) : small(1);
  return make_range(vm, start, stop, step);
}

Result<int64_t> range_length(VM& vm, Range* range) {
  int64_t length;
  if (!fits_int64(range->length, &length))
    return vm.raise(Exc::OverflowError, "Python int too large to convert to C ssize_t");
  return length;
}

Result<bool> range_bool(VM&, Range* range) { return !range->length.is(small(0)); }

Result<Value> range_slice(VM& vm, Range* range, Slice* slice) {
  // slice.indices works for any length.
  Value parts = TRY(vm.call_method(slice, TRY(intern(vm, "indices")), {range->length}));
  const Value* part = as<Tuple>(parts)->values();
  Value start = TRY(item_at(vm, range, part[0]));
  Value stop = TRY(item_at(vm, range, part[1]));
  Value step = TRY(multiply(vm, range->step, part[2]));
  return make_range(vm, start, stop, step);
}

Result<Value> range_getitem(VM& vm, Range* range, Value key) {
  if (is_small(range) && range->length.is_small_int() && key.is_small_int()) {
    int64_t index = key.as_small_int(), length = range->length.as_small_int();
    if (index < 0) index += length;
    if (index < 0 || index >= length)
      return vm.raise(Exc::IndexError, "range object index out of range");
    return small(range->start.as_small_int() + index * range->step.as_small_int());
  }
  if (Slice* slice = try_as<Slice>(key)) return range_slice(vm, range, slice);
  if (!is_int(key) && type_special(vm, vm.type_of(key), Special::Index).is_empty())
    return vm.raise(Exc::TypeError, "range indices must be integers or slices, not {}",
                    vm.type_of(key));
  Value index = TRY(plain_int(vm, key));
  if (TRY(less(vm, index, small(0)))) index = TRY(add(vm, index, range->length));
  if (TRY(less(vm, index, small(0))) || !TRY(less(vm, index, range->length)))
    return vm.raise(Exc::IndexError, "range object index out of range");
  return item_at(vm, range, index);
}

Result<Value> range_iter(VM& vm, Range* range) { return make_range_iterator(vm, range); }
Result<Value> range_reversed(VM& vm, Range* range) {
  return make_range_reverse_iterator(vm, range);
}

Result<Value> range_repr(VM& vm, Range* range) {
  StrBuilder builder(vm);
  builder.append("range(");
  builder.append(TRY(repr_of(vm, range->start)));
  builder.append(", ");
  builder.append(TRY(repr_of(vm, range->stop)));
  if (!range->step.is(small(1))) {
    builder.append(", ");
    builder.append(TRY(repr_of(vm, range->step)));
  }
  builder.append(")");
  return builder.finish();
}

/// Equal when they list the same values.
Result<bool> same_values(VM& vm, Range* a, Range* b) {
  if (a == b) return true;
  if (!TRY(values_equal(vm, a->length, b->length))) return false;
  if (a->length.is(small(0))) return true;
  if (!TRY(values_equal(vm, a->start, b->start))) return false;
  return a->length.is(small(1)) || TRY(values_equal(vm, a->step, b->step));
}

template <bool equal>
Result<Value> range_equality(VM& vm, Range* range, Value other) {
  Range* right = try_as<Range>(other);
  if (!right) return Value::not_implemented();
  return Value::boolean(TRY(same_values(vm, range, right)) == equal);
}

Result<Value> range_hash(VM& vm, Range* range) {
  Value none = Value::none();
  Value parts[3] = {range->length, range->start, range->step};
  if (range->length.is(small(0)))
    parts[1] = parts[2] = none;
  else if (range->length.is(small(1)))
    parts[2] = none;
  Value tuple = TRY(make_tuple(vm, parts));
  return make_int(vm, TRY(hash_value(vm, tuple)));
}

Result<Value> range_count(VM& vm, Range* range, Value v) {
  bool plain = v.is_small_int() || v.is_bool() || is_exact(v, BuiltinType::Int);
  if (plain) return small(TRY(range_contains(vm, range, v)));
  int64_t count = 0;
  Value iterator = TRY(make_range_iterator(vm, range)), item;
  while (TRY(iterator_next(vm, iterator, &item))) count += TRY(values_equal(vm, item, v));
  return small(count);
}

Result<Value> range_index(VM& vm, Range* range, Value v) {
  if (v.is_small_int() || v.is_bool() || is_exact(v, BuiltinType::Int)) {
    if (TRY(range_contains(vm, range, v)))
      return number_binary(vm, BinaryOp::FloorDivide, TRY(subtract(vm, v, range->start)),
                           range->step);
    return vm.raise(Exc::ValueError, "{} is not in range", TRY(repr_of(vm, v)));
  }
  int64_t index = 0;
  Value iterator = TRY(make_range_iterator(vm, range)), item;
  for (; TRY(iterator_next(vm, iterator, &item)); ++index)
    if (TRY(values_equal(vm, item, v))) return small(index);
  return vm.raise(Exc::ValueError, "sequence.index(x): x not in sequence");
}

Result<Value> range_reduce(VM& vm, Range* range) {
  Value parts[3] = {range->start, range->stop, range->step};
  Value arguments = TRY(make_tuple(vm, parts));
  Value pair[2] = {vm.type(BuiltinType::Range), arguments};
  return make_tuple(vm, pair);
}

Result<Value> range_start(VM&, Value self) { return as<Range>(self)->start; }
Result<Value> range_stop(VM&, Value self) { return as<Range>(self)->stop; }
Result<Value> range_step(VM&, Value self) { return as<Range>(self)->step; }

/// Only equality is defined.
Result<Value> range_unordered(VM&, Range*, Value) { return Value::not_implemented(); }

constexpr NativeFunctionDef kRangeMethods[] = {
    {"__new__(cls, *args, **kwargs)", "A new range.", bind<range_new>(),
     NativeFunctionDef::kStatic},
    {"__len__(self, /)", "len(self)", bind<range_length>()},
    {"__bool__(self, /)", "True if not empty.", bind<range_bool>()},
    {"__getitem__(self, key, /)", "self[key]", bind<range_getitem>()},
    {"__iter__(self, /)", "iter(self)", bind<range_iter>()},
    {"__reversed__(self, /)", "reversed(self)", bind<range_reversed>()},
    {"__contains__(self, key, /)", "key in self", bind<range_contains>()},
    {"__repr__(self, /)", "repr(self)", bind<range_repr>()},
    {"__lt__(self, value, /)", "Return self<value.", bind<range_unordered>()},
    {"__le__(self, value, /)", "Return self<=value.", bind<range_unordered>()},
    {"__gt__(self, value, /)", "Return self>value.", bind<range_unordered>()},
    {"__ge__(self, value, /)", "Return self>=value.", bind<range_unordered>()},
    {"__eq__(self, value, /)", "self==value", bind<range_equality<true>>()},
    {"__ne__(self, value, /)", "self!=value", bind<range_equality<false>>()},
    {"__hash__(self, /)", "hash(self)", bind<range_hash>()},
    {"count(self, value, /)", "How often value occurs.", bind<range_count>()},
    {"index(self, value, /)", "The position of value; ValueError when it is not there.",
     bind<range_index>()},
    {"__reduce__(self, /)", "What to pickle.", bind<range_reduce>()},
};
constexpr NativeGetSetDef kRangeAttributes[] = {{"start", "", range_start, readonly_member},
                                                {"stop", "", range_stop, readonly_member},
                                                {"step", "", range_step, readonly_member}};

Result<Value> iterator_self(VM&, Value self) { return self; }

Result<Record*> iterator_receiver(VM& vm, Value self) {
  if (is_exact(self, BuiltinType::RangeIterator) || is_exact(self, BuiltinType::LongRangeIterator))
    return as<Record>(self);
  return vm.raise(Exc::TypeError,
                  "descriptor '__next__' requires a 'range_iterator' object but received a '{}'",
                  vm.type_of(self));
}
Result<Value> iterator_step(VM& vm, Value self) {
  Record* iterator = TRY(iterator_receiver(vm, self));
  Value item;
  if (range_iterator_is_small(iterator) ? range_iterator_next(iterator, &item)
                                        : TRY(range_iterator_next_slow(vm, iterator, &item)))
    return item;
  return stop_iteration(vm);
}
Result<Value> iterator_hint(VM& vm, Value self) {
  Record* iterator = TRY(iterator_receiver(vm, self));
  return iterator->fields()[range_iterator_is_small(iterator) ? 2 : 3];
}
Result<Value> iterator_reduce(VM& vm, Value self) {
  Record* iterator = TRY(iterator_receiver(vm, self));
  const Value* f = iterator->fields();
  Value left = f[range_iterator_is_small(iterator) ? 2 : 3];
  Value stop = TRY(add(vm, f[0], TRY(multiply(vm, left, f[1]))));
  Value range = TRY(make_range(vm, f[0], stop, f[1]));
  Value arguments = TRY(make_tuple(vm, {&range, 1}));
  Value parts[3] = {dict_get_str(vm, vm.builtins(), TRY(intern(vm, "iter"))), arguments,
                    Value::none()};
  return make_tuple(vm, parts);
}

/// Skips `count` values, as far as there are so many.
Result<void> iterator_set_state(VM& vm, Value self, Value count) {
  Record* iterator = TRY(iterator_receiver(vm, self));
  bool small_range = range_iterator_is_small(iterator);
  Value* f = iterator->fields();
  Value& left = f[small_range ? 2 : 3];
  count = TRY(to_index(vm, count));
  if (TRY(compare_bool(vm, CompareOp::Less, count, small(0)))) count = small(0);
  if (TRY(compare_bool(vm, CompareOp::Greater, count, left))) count = left;
  Value next = TRY(add(vm, f[0], TRY(multiply(vm, count, f[1]))));
  Value rest = TRY(binary_operation(vm, BinaryOp::Subtract, left, count));
  // At the end there is no next value, and the first one stays.
  if (!small_range || next.is_small_int()) f[0] = next;
  left = rest;
  vm.barrier(iterator);
  return {};
}

constexpr NativeFunctionDef kRangeIteratorMethods[] = {
    {"__iter__(self, /)", "The iterator itself.", bind<iterator_self>()},
    {"__next__(self, /)", "The next value.", bind<iterator_step>()},
    {"__length_hint__(self, /)", "How many values are left.", bind<iterator_hint>()},
    {"__reduce__(self, /)", "What to pickle.", bind<iterator_reduce>()},
    {"__setstate__(self, count, /)", "Skip so many values.", bind<iterator_set_state>()},
};

}  // namespace

extern const NativeTypeDef kRangeType = {"range",
                                         "range(stop)\nrange(start, stop[, step])\n\nThe ints from "
                                         "start (0) to before stop, by step (1).",
                                         kRangeMethods, kRangeAttributes, Type::kSequence};

extern const NativeTypeDef kRangeIteratorType = {
    "range_iterator", "", kRangeIteratorMethods, {}, Type::kDisallowNew};
extern const NativeTypeDef kLongRangeIteratorType = {
    "longrange_iterator", "", kRangeIteratorMethods, {}, Type::kDisallowNew};

}  // namespace apy
