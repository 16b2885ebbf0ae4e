#include "vm/objects/containers.h"

#include <algorithm>
#include <bit>

#include "vm/binding/bind.h"
#include "vm/objects/equality.h"
#include "vm/objects/exact.h"
#include "vm/objects/indexing.h"
#include "vm/objects/internals.h"
#include "vm/objects/iterators.h"
#include "vm/objects/protocol.h"
#include "vm/objects/tuple_getter.h"

namespace apy {

namespace {
void trace_getter(const Cell* cell, Visitor& visitor) {
  visitor.visit(static_cast<const TupleGetter*>(cell)->doc);
}
}  // namespace

const NativeClass TupleGetter::kClass = {"collections._tuplegetter", trace_getter, nullptr};

Result<Tuple*> make_tuple(VM& vm, size_t length) {
  if (length > kMaximumLength) return vm.out_of_memory();
  if (length == 0 && vm.internals().empty_tuple) return vm.internals().empty_tuple;
  Tuple* tuple =
      TRY(vm.allocate<Tuple>(BuiltinType::Tuple, sizeof(Tuple) + length * sizeof(Value)));
  tuple->length = length;
  if (length == 0) vm.internals().empty_tuple = tuple;
  return tuple;
}

Result<Tuple*> make_tuple(VM& vm, std::span<const Value> values) {
  Tuple* tuple = TRY(make_tuple(vm, values.size()));
  std::copy(values.begin(), values.end(), tuple->values());
  return tuple;
}

Result<Tuple*> make_tuple_of(VM& vm, Type* cls, std::span<const Value> values) {
  if (cls == vm.type(BuiltinType::Tuple)) return make_tuple(vm, values);
  if (values.size() > kMaximumLength) return vm.out_of_memory();
  auto* tuple = static_cast<Tuple*>(
      TRY(allocate_variable_instance(vm, cls, sizeof(Tuple) + values.size() * sizeof(Value))));
  tuple->length = values.size();
  std::copy(values.begin(), values.end(), tuple->values());
  return tuple;
}

Result<Value> tuple_get_item(VM& vm, Tuple* tuple, Value key) {
  if (Slice* slice = try_as<Slice>(key)) {
    auto length = static_cast<int64_t>(tuple->length);
    SliceIndices indices = TRY(slice_indices_of(vm, slice, tuple->length));
    if (indices.count == length && indices.step == 1 && is_exact(tuple, BuiltinType::Tuple))
      return tuple;
    Tuple* result = TRY(make_tuple(vm, static_cast<size_t>(indices.count)));
    for (int64_t i = 0; i < indices.count; ++i)
      result->values()[i] = tuple->values()[indices.start + i * indices.step];
    return result;
  }
  int64_t index = TRY(index_in(vm, key, tuple->length, "tuple", "tuple index out of range"));
  return tuple->values()[index];
}

Result<bool> tuple_contains(VM& vm, Tuple* tuple, Value item) {
  for (Value v : tuple->span()) {
    switch (plain_equality(v, item)) {
      case Equality::Yes:
        return true;
      case Equality::No:
        break;
      case Equality::Undecided:
        if (TRY(values_equal(vm, v, item))) return true;
    }
  }
  return false;
}

namespace {

Result<Value> tuple_new(VM& vm, Type* cls, Optional<Value> iterable) {
  bool exact = cls == vm.type(BuiltinType::Tuple);
  if (!iterable.present) return make_tuple_of(vm, cls, {});
  if (exact) return tuple_from(vm, iterable.value);
  Tuple* items = TRY(tuple_from(vm, iterable.value));
  return make_tuple_of(vm, cls, items->span());
}

Result<int64_t> tuple_length(VM&, Tuple* tuple) { return static_cast<int64_t>(tuple->length); }

Result<Value> tuple_iter(VM& vm, Tuple* tuple) { return make_tuple_iterator(vm, tuple); }

Result<Value> tuple_concatenate(VM& vm, Tuple* tuple, Value other) {
  Tuple* right = try_as<Tuple>(other);
  if (!right)
    return vm.raise(Exc::TypeError, "can only concatenate tuple (not \"{}\") to tuple",
                    vm.type_of(other));
  if (right->length == 0 && is_exact(tuple, BuiltinType::Tuple)) return tuple;
  if (tuple->length == 0 && is_exact(right, BuiltinType::Tuple)) return right;
  Tuple* result = TRY(make_tuple(vm, tuple->length + right->length));
  std::copy_n(tuple->values(), tuple->length, result->values());
  std::copy_n(right->values(), right->length, result->values() + tuple->length);
  return result;
}

Result<Value> tuple_repeat(VM& vm, Tuple* tuple, Value times) {
  int64_t count = TRY(repeat_count(vm, times));
  if (count == kNotACount) return Value::not_implemented();
  if (count == 1 && is_exact(tuple, BuiltinType::Tuple)) return tuple;
  size_t length;
  if (__builtin_mul_overflow(tuple->length, static_cast<size_t>(count), &length) ||
      length > kMaximumLength)
    return vm.out_of_memory();
  Tuple* result = TRY(make_tuple(vm, length));
  for (size_t i = 0; i < length; i += tuple->length)
    std::copy_n(tuple->values(), tuple->length, result->values() + i);
  return result;
}

Result<Value> tuple_compare(VM& vm, CompareOp op, Tuple* tuple, Value other) {
  Tuple* right = try_as<Tuple>(other);
  if (!right) return Value::not_implemented();
  return compare_sequences(
      vm, op, [tuple] { return tuple->span(); }, [right] { return right->span(); });
}
template <CompareOp op>
Result<Value> tuple_compare_with(VM& vm, Tuple* tuple, Value other) {
  return tuple_compare(vm, op, tuple, other);
}

}  // namespace

/// The xxHash round over the items' hashes, as the reference implementation does it: the order of
/// sets of tuples depends on it.
Result<int64_t> tuple_hash(VM& vm, Tuple* tuple) {
  NativeDepth guard(vm);
  TRY(guard.check(" while hashing a tuple"));
  constexpr uint64_t kPrime1 = 11400714785074694791u, kPrime2 = 14029467366897019727u,
                     kPrime5 = 2870177450012600261u;
  uint64_t hash = kPrime5;
  for (Value item : tuple->span()) {
    hash += static_cast<uint64_t>(TRY(hash_value(vm, item))) * kPrime2;
    hash = std::rotl(hash, 31) * kPrime1;
  }
  hash += tuple->length ^ (kPrime5 ^ 3527539u);
  return hash == ~uint64_t{0} ? int64_t{1546275796} : static_cast<int64_t>(hash);
}

namespace {

Result<Value> tuple_repr(VM& vm, Tuple* tuple) {
  if (tuple->length == 0) return make_str(vm, "()");
  NativeDepth depth(vm);
  TRY(depth.check(" while getting the repr of an object"));
  ReprGuard guard(vm, tuple);
  if (!guard.entered()) return make_str(vm, "(...)");
  StrBuilder builder(vm);
  builder.append("(");
  for (size_t i = 0; i < tuple->length; ++i) {
    if (i > 0) builder.append(", ");
    builder.append(TRY(repr_of(vm, tuple->values()[i])));
  }
  builder.append(tuple->length == 1 ? ",)" : ")");
  return builder.finish();
}

Result<Value> tuple_count(VM& vm, Tuple* tuple, Value item) {
  int64_t count = 0;
  for (Value v : tuple->span()) count += TRY(values_equal(vm, v, item));
  return Value::small_int(count);
}

Result<Value> tuple_index(VM& vm, Tuple* tuple, Value item, Optional<Value> start,
                          Optional<Value> stop) {
  size_t begin = TRY(position_argument(vm, start, 0, tuple->length));
  size_t end = TRY(position_argument(vm, stop, tuple->length, tuple->length));
  for (size_t i = begin; i < end; ++i)
    if (TRY(values_equal(vm, tuple->values()[i], item)))
      return Value::small_int(static_cast<int64_t>(i));
  return vm.raise(Exc::ValueError, "tuple.index(x): x not in tuple");
}

Result<Value> tuple_getnewargs(VM& vm, Tuple* tuple) {
  Value items = TRY(make_tuple(vm, tuple->span()));
  return make_tuple(vm, {&items, 1});
}

Result<Value> tuple_sizeof(VM& vm, Tuple* tuple) {
  return make_int(vm, static_cast<int64_t>(40 + tuple->length * sizeof(Value)));
}

Result<Value> tuple_class_getitem(VM& vm, Type* cls, Value item) {
  return make_generic_alias(vm, cls, item);
}

constexpr NativeFunctionDef kTupleMethods[] = {
    {"__new__(cls, iterable=(), /)", "A new tuple of the iterable's items.", bind<tuple_new>(),
     NativeFunctionDef::kStatic},
    {"__len__(self, /)", "len(self)", bind<tuple_length>()},
    {"__getitem__(self, key, /)", "self[key]", bind<tuple_get_item>()},
    {"__iter__(self, /)", "iter(self)", bind<tuple_iter>()},
    {"__contains__(self, key, /)", "bool(key in self)", bind<tuple_contains>()},
    {"__add__(self, value, /)", "self+value", bind<tuple_concatenate>()},
    {"__mul__(self, value, /)", "self*value", bind<tuple_repeat>()},
    {"__rmul__(self, value, /)", "value*self", bind<tuple_repeat>()},
    {"__lt__(self, value, /)", "self<value", bind<tuple_compare_with<CompareOp::Less>>()},
    {"__le__(self, value, /)", "self<=value", bind<tuple_compare_with<CompareOp::LessEqual>>()},
    {"__eq__(self, value, /)", "self==value", bind<tuple_compare_with<CompareOp::Equal>>()},
    {"__ne__(self, value, /)", "self!=value", bind<tuple_compare_with<CompareOp::NotEqual>>()},
    {"__gt__(self, value, /)", "self>value", bind<tuple_compare_with<CompareOp::Greater>>()},
    {"__ge__(self, value, /)", "self>=value", bind<tuple_compare_with<CompareOp::GreaterEqual>>()},
    {"__hash__(self, /)", "hash(self)", bind<tuple_hash>()},
    {"__repr__(self, /)", "repr(self)", bind<tuple_repr>()},
    {"count(self, value, /)", "How often value occurs.", bind<tuple_count>()},
    {"index(self, value, start=0, stop=9223372036854775807, /)",
     "The first position of value in [start, stop); ValueError when there is none.",
     bind<tuple_index>()},
    {"__getnewargs__(self, /)", "", bind<tuple_getnewargs>()},
    {"__sizeof__(self, /)", "Size in memory, in bytes.", bind<tuple_sizeof>()},
    {"__class_getitem__(cls, item, /)", "The generic alias of the class and item.",
     bind<tuple_class_getitem>(), NativeFunctionDef::kClassMethod},
};

}  // namespace

extern const NativeTypeDef kTupleType = {"tuple",
                                         "An immutable sequence.\n\nWith an iterable: a tuple of "
                                         "its items; an exact tuple is returned as it is.",
                                         kTupleMethods,
                                         {},
                                         Type::kCanSubclass | Type::kSequence};

}  // namespace apy
