#pragma once
// Indices, repeat counts and comparisons that the sequence types share.
#include <span>

#include "vm/binding/bind.h"
#include "vm/objects/containers.h"
#include "vm/objects/protocol.h"

namespace apy {

/// No container is longer; sizes in bytes cannot overflow below it.
constexpr size_t kMaximumLength = size_t{1} << 59;

/// A class's instances are of variable size (tuple subclasses): `size` bytes without attributes.
Result<Cell*> allocate_variable_instance(VM& vm, Type* type, size_t size);

/// `key` as an index into `length` items, negative ones counted from the end. TypeError
/// "KIND indices must be integers or slices, not X", IndexError with `out_of_range`. `length` is
/// read after `__index__` ran, which may change it.
inline Result<int64_t> index_in(VM& vm, Value key, const uint64_t& length, const char* kind,
                                const char* out_of_range) {
  int64_t index;
  if (key.is_small_int()) {
    index = key.as_small_int();
  } else {
    if (!key.is_bool() && !is_kind(key, CellKind::BigInt) &&
        type_special(vm, vm.type_of(key), Special::Index).is_empty())
      return vm.raise(Exc::TypeError, "{} indices must be integers or slices, not {}", kind,
                      vm.type_of(key));
    Value integer = TRY(to_index(vm, key));
    if (!fits_int64(integer, &index))
      return vm.raise(Exc::IndexError, "cannot fit '{}' into an index-sized integer",
                      vm.type_of(key));
  }
  if (index < 0) index += static_cast<int64_t>(length);
  if (index < 0 || static_cast<size_t>(index) >= length) [[unlikely]]
    return vm.raise(Exc::IndexError, out_of_range);
  return index;
}

constexpr int64_t kNotACount = -1;
/// The right operand of `sequence * n`, at least 0; kNotACount when it is no integer.
inline Result<int64_t> repeat_count(VM& vm, Value times) {
  int64_t count;
  if (times.is_small_int()) {
    count = times.as_small_int();
  } else {
    if (!is_int(times) && type_special(vm, vm.type_of(times), Special::Index).is_empty())
      return kNotACount;
    Value integer = TRY(to_index(vm, times));
    if (!fits_int64(integer, &count))
      return vm.raise(Exc::OverflowError, "cannot fit '{}' into an index-sized integer",
                      vm.type_of(times));
  }
  return count < 0 ? 0 : count;
}

/// A start or stop argument of index(): clamped into 0..length, negative ones counted from the end.
inline Result<size_t> position_argument(VM& vm, const Optional<Value>& argument, size_t fallback,
                                        size_t length) {
  if (!argument.present) return fallback;
  int64_t position;
  if (argument.value.is_small_int()) {
    position = argument.value.as_small_int();
  } else {
    if (!is_int(argument.value) &&
        type_special(vm, vm.type_of(argument.value), Special::Index).is_empty())
      return vm.raise(Exc::TypeError, "slice indices must be integers or have an __index__ method");
    position = TRY(to_int64_clamped(vm, argument.value));
  }
  if (position < 0) position += static_cast<int64_t>(length);
  if (position < 0) return size_t{0};
  return static_cast<size_t>(position) > length ? length : static_cast<size_t>(position);
}

/// resolve_slice without a call for slices without a step whose bounds are small ints or None.
inline Result<SliceIndices> slice_indices_of(VM& vm, Slice* slice, const uint64_t& length_now) {
  bool plain = slice->step.is_none() && (slice->start.is_small_int() || slice->start.is_none()) &&
               (slice->stop.is_small_int() || slice->stop.is_none());
  if (!plain) [[unlikely]]
    return resolve_slice(vm, slice, length_now);
  auto length = static_cast<int64_t>(length_now);
  auto place = [length](Value part) {
    int64_t position = part.as_small_int();
    if (position < 0) position += length;
    return position < 0 ? 0 : position > length ? length : position;
  };
  int64_t start = slice->start.is_none() ? 0 : place(slice->start);
  int64_t stop = slice->stop.is_none() ? length : place(slice->stop);
  return SliceIndices{start, stop, 1, stop > start ? stop - start : 0};
}

/// Setter of attributes that are plain members of a struct.
inline Result<void> readonly_member(VM& vm, Value, Value) {
  return vm.raise(Exc::AttributeError, "readonly attribute");
}

/// Lexicographic comparison. `left` and `right` give the items anew each time: comparing may change
/// a list.
template <class Left, class Right>
Result<Value> compare_sequences(VM& vm, CompareOp op, Left left, Right right) {
  bool equality = op == CompareOp::Equal || op == CompareOp::NotEqual;
  if (equality && left().size() != right().size()) return Value::boolean(op == CompareOp::NotEqual);
  NativeDepth guard(vm);
  TRY(guard.check(" in comparison"));
  for (size_t i = 0;; ++i) {
    std::span<const Value> a = left(), b = right();
    if (i >= a.size() || i >= b.size()) break;
    Value x = a[i], y = b[i];
    if (x == y) continue;
    if (!Value::both_small_int(x, y) && TRY(values_equal(vm, x, y))) continue;
    if (equality) return Value::boolean(op == CompareOp::NotEqual);
    if (i >= left().size() || i >= right().size()) break;  // comparing changed one
    return compare(vm, op, x, y);
  }
  size_t a = left().size(), b = right().size();
  switch (op) {
    case CompareOp::Less:
      return Value::boolean(a < b);
    case CompareOp::LessEqual:
      return Value::boolean(a <= b);
    case CompareOp::Equal:
      return Value::boolean(a == b);
    case CompareOp::NotEqual:
      return Value::boolean(a != b);
    case CompareOp::Greater:
      return Value::boolean(a > b);
    case CompareOp::GreaterEqual:
      return Value::boolean(a >= b);
  }
  return Value::none();
}

}  // namespace apy
