#include "vm/binding/bind.h"
#include "vm/objects/containers.h"
#include "vm/objects/indexing.h"
#include "vm/objects/protocol.h"

namespace apy {

Result<Value> make_slice(VM& vm, Value start, Value stop, Value step) {
  Slice* slice = TRY(vm.allocate<Slice>(BuiltinType::Slice));
  slice->start = start;
  slice->stop = stop;
  slice->step = step;
  return slice;
}

namespace {

/// A part of a slice as an int clamped into 64 bits.
Result<int64_t> slice_part(VM& vm, Value part) {
  if (part.is_small_int()) return part.as_small_int();
  if (!is_int(part) && type_special(vm, vm.type_of(part), Special::Index).is_empty())
    return vm.raise(Exc::TypeError,
                    "slice indices must be integers or None or have an __index__ method");
  return to_int64_clamped(vm, part);
}

}  // namespace

Result<Slice*> evaluate_slice(VM& vm, Slice* slice) {
  auto is_plain = [](Value v) { return v.is_small_int() || v.is_none(); };
  if (is_plain(slice->start) && is_plain(slice->stop) && is_plain(slice->step)) return slice;
  auto part = [&](Value v) -> Result<Value> {
    if (is_plain(v)) return v;
    return make_int(vm, TRY(slice_part(vm, v)));
  };
  Value step = TRY(part(slice->step));
  Value start = TRY(part(slice->start));
  Value stop = TRY(part(slice->stop));
  return as<Slice>(TRY(make_slice(vm, start, stop, step)));
}

Result<SliceIndices> resolve_slice(VM& vm, Slice* slice, const uint64_t& length_now) {
  slice = TRY(evaluate_slice(vm, slice));
  constexpr int64_t kMaximum = INT64_MAX;
  auto length = static_cast<int64_t>(length_now);
  int64_t step = slice->step.is_none() ? 1 : TRY(slice_part(vm, slice->step));
  if (step == 0) return vm.raise(Exc::ValueError, "slice step cannot be zero");
  if (step < -kMaximum) step = -kMaximum;
  bool down = step < 0;
  int64_t lowest = down ? -1 : 0, highest = down ? length - 1 : length;
  auto place = [&](Value part, int64_t fallback) -> Result<int64_t> {
    if (part.is_none()) return fallback;
    int64_t position = TRY(slice_part(vm, part));
    if (position < 0) position += length;
    return position < lowest ? lowest : position > highest ? highest : position;
  };
  int64_t start = TRY(place(slice->start, down ? highest : lowest));
  int64_t stop = TRY(place(slice->stop, down ? lowest : highest));
  int64_t count = 0;
  if (down ? stop < start : start < stop)
    count = down ? (start - stop - 1) / -step + 1 : (stop - start - 1) / step + 1;
  return SliceIndices{start, stop, step, count};
}

namespace {

Result<Value> slice_new(VM& vm, const Arguments& arguments) {
  auto values = arguments.positional().subspan(1);
  if (arguments.keyword_count() > 0)
    return vm.raise(Exc::TypeError, "slice() takes no keyword arguments");
  if (values.empty()) return vm.raise(Exc::TypeError, "slice expected at least 1 argument, got 0");
  if (values.size() > 3)
    return vm.raise(Exc::TypeError, "slice expected at most 3 arguments, got {}", values.size());
  Value none = Value::none();
  if (values.size() == 1) return make_slice(vm, none, values[0], none);
  return make_slice(vm, values[0], values[1], values.size() == 3 ? values[2] : none);
}

Result<Value> slice_repr(VM& vm, Slice* slice) {
  StrBuilder builder(vm);
  builder.append("slice(");
  builder.append(TRY(repr_of(vm, slice->start)));
  builder.append(", ");
  builder.append(TRY(repr_of(vm, slice->stop)));
  builder.append(", ");
  builder.append(TRY(repr_of(vm, slice->step)));
  builder.append(")");
  return builder.finish();
}

template <CompareOp op>
Result<Value> slice_compare(VM& vm, Slice* slice, Value other) {
  Slice* right = try_as<Slice>(other);
  if (!right) return Value::not_implemented();
  if (slice == right)
    return Value::boolean(op == CompareOp::Equal || op == CompareOp::LessEqual ||
                          op == CompareOp::GreaterEqual);
  Value a[3] = {slice->start, slice->stop, slice->step};
  Value b[3] = {right->start, right->stop, right->step};
  return compare_sequences(
      vm, op, [&a] { return std::span<const Value>(a); },
      [&b] { return std::span<const Value>(b); });
}

Result<Value> slice_hash(VM& vm, Slice* slice) {
  Value parts[3] = {slice->start, slice->stop, slice->step};
  Value tuple = TRY(make_tuple(vm, parts));
  return make_int(vm, TRY(hash_value(vm, tuple)));
}

/// indices() on ints of any size, in the arithmetic of ints.
Result<Value> big_slice_indices(VM& vm, Slice* slice, Value length) {
  Value zero = Value::small_int(0), one = Value::small_int(1);
  auto less = [&](Value a, Value b) { return compare_bool(vm, CompareOp::Less, a, b); };
  auto part = [&](Value v) -> Result<Value> {
    if (!is_int(v) && type_special(vm, vm.type_of(v), Special::Index).is_empty())
      return vm.raise(Exc::TypeError,
                      "slice indices must be integers or None or have an __index__ method");
    return to_index(vm, v);
  };
  Value step = slice->step.is_none() ? one : TRY(part(slice->step));
  if (TRY(values_equal(vm, step, zero)))
    return vm.raise(Exc::ValueError, "slice step cannot be zero");
  bool down = TRY(less(step, zero));
  Value lowest = down ? Value::small_int(-1) : zero;
  Value highest = down ? TRY(number_binary(vm, BinaryOp::Subtract, length, one)) : length;
  auto place = [&](Value v, Value fallback) -> Result<Value> {
    if (v.is_none()) return fallback;
    v = TRY(part(v));
    if (TRY(less(v, zero))) v = TRY(number_binary(vm, BinaryOp::Add, v, length));
    if (TRY(less(v, lowest))) return lowest;
    return TRY(less(highest, v)) ? highest : v;
  };
  Value start = TRY(place(slice->start, down ? highest : lowest));
  Value stop = TRY(place(slice->stop, down ? lowest : highest));
  Value parts[3] = {start, stop, step};
  return make_tuple(vm, parts);
}

Result<Value> slice_indices(VM& vm, Slice* slice, Value length) {
  length = TRY(to_index(vm, length));
  if (TRY(compare_bool(vm, CompareOp::Less, length, Value::small_int(0))))
    return vm.raise(Exc::ValueError, "length should not be negative");
  return big_slice_indices(vm, slice, length);
}

Result<Value> slice_reduce(VM& vm, Slice* slice) {
  Value parts[3] = {slice->start, slice->stop, slice->step};
  Value arguments = TRY(make_tuple(vm, parts));
  Value pair[2] = {vm.type(BuiltinType::Slice), arguments};
  return make_tuple(vm, pair);
}

Result<Value> slice_start(VM&, Value self) { return as<Slice>(self)->start; }
Result<Value> slice_stop(VM&, Value self) { return as<Slice>(self)->stop; }
Result<Value> slice_step(VM&, Value self) { return as<Slice>(self)->step; }

constexpr NativeFunctionDef kSliceMethods[] = {
    {"__new__(cls, *args, **kwargs)", "A new slice.", bind<slice_new>(),
     NativeFunctionDef::kStatic},
    {"__repr__(self, /)", "repr(self)", bind<slice_repr>()},
    {"__eq__(self, value, /)", "self==value", bind<slice_compare<CompareOp::Equal>>()},
    {"__ne__(self, value, /)", "self!=value", bind<slice_compare<CompareOp::NotEqual>>()},
    {"__lt__(self, value, /)", "self<value", bind<slice_compare<CompareOp::Less>>()},
    {"__le__(self, value, /)", "self<=value", bind<slice_compare<CompareOp::LessEqual>>()},
    {"__gt__(self, value, /)", "self>value", bind<slice_compare<CompareOp::Greater>>()},
    {"__ge__(self, value, /)", "self>=value", bind<slice_compare<CompareOp::GreaterEqual>>()},
    {"__hash__(self, /)", "hash(self)", bind<slice_hash>()},
    {"indices(self, length, /)", "(start, stop, step) as they apply to a sequence of that length.",
     bind<slice_indices>()},
    {"__reduce__(self, /)", "What to pickle.", bind<slice_reduce>()},
};
constexpr NativeGetSetDef kSliceAttributes[] = {{"start", "", slice_start, readonly_member},
                                                {"stop", "", slice_stop, readonly_member},
                                                {"step", "", slice_step, readonly_member}};

}  // namespace

extern const NativeTypeDef kSliceType = {
    "slice",
    "slice(stop)\nslice(start, stop[, step])\n\nWhat stands between the brackets of a[i:j:k].",
    kSliceMethods, kSliceAttributes};

}  // namespace apy
