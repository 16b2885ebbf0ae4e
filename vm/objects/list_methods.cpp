// The methods of list.
#include <algorithm>
#include <utility>

#include "vm/binding/bind.h"
#include "vm/objects/class_checks.h"
#include "vm/objects/containers.h"
#include "vm/objects/equality.h"
#include "vm/objects/exact.h"
#include "vm/objects/indexing.h"
#include "vm/objects/iterators.h"
#include "vm/objects/protocol.h"

namespace apy {

namespace {

Result<Value> list_new(VM& vm, const Arguments& arguments) {
  return make_list_of(vm, as<Type>(arguments.values[0]));
}

Result<void> list_init(VM& vm, const Arguments& arguments) {
  List* list = try_as<List>(arguments.values[0]);
  if (!list)
    return vm.raise(Exc::TypeError,
                    "descriptor '__init__' requires a 'list' object but received a '{}'",
                    vm.type_of(arguments.values[0]));
  auto values = arguments.positional().subspan(1);
  TRY(check_no_keywords(vm, arguments, vm.type_of(list), BuiltinType::List, Special::New));
  if (values.size() > 1)
    return vm.raise(Exc::TypeError, "list expected at most 1 argument, got {}", values.size());
  list_erase(vm, list, 0, list->length);
  if (!values.empty()) TRY(list_extend(vm, list, values[0]));
  return {};
}

Result<int64_t> list_length(VM&, List* list) { return static_cast<int64_t>(list->length); }
Result<Value> list_iter(VM& vm, List* list) { return make_list_iterator(vm, list); }
Result<Value> list_reversed(VM& vm, List* list) { return make_list_reverse_iterator(vm, list); }
Result<void> list_delitem(VM& vm, List* list, Value key) {
  return list_set_item(vm, list, key, Value());
}

/// values_equal, without a call where identity or a look at the texts decides.
inline Result<bool> equal_items(VM& vm, Value candidate, Value item) {
  Equality equality = plain_equality(candidate, item);
  if (equality != Equality::Undecided) [[likely]]
    return equality == Equality::Yes;
  return values_equal(vm, candidate, item);
}

/// Position of the first item equal to `item` in [begin, end), or -1. Comparing may change the
/// list.
Result<int64_t> find_item(VM& vm, List* list, Value item, size_t begin, size_t end) {
  for (size_t i = begin; i < end && i < list->length; ++i)
    if (TRY(equal_items(vm, list->values()[i], item))) return static_cast<int64_t>(i);
  return int64_t{-1};
}

}  // namespace

Result<bool> list_contains(VM& vm, List* list, Value item) {
  return TRY(find_item(vm, list, item, 0, SIZE_MAX)) >= 0;
}

namespace {

Result<void> list_append_method(VM& vm, List* list, Value item) {
  return list_append(vm, list, item);
}

Result<void> list_insert_method(VM& vm, List* list, Value index, Value item) {
  int64_t length = static_cast<int64_t>(list->length), position;
  if (!fits_int64(TRY(to_index(vm, index)), &position))
    return vm.raise(Exc::OverflowError, "Python int too large to convert to C ssize_t");
  length = static_cast<int64_t>(list->length);
  if (position < 0) position = std::max<int64_t>(position + length, 0);
  return list_insert(vm, list, static_cast<size_t>(std::min(position, length)), item);
}

Result<Value> list_pop(VM& vm, List* list, Optional<Value> index) {
  if (!index.present && list->length > 1 && list->length - 1 >= list->storage->capacity / 4) {
    // The last item of a storage that need not shrink.
    Value& last = list->values()[--list->length];
    return std::exchange(last, Value());
  }
  int64_t position = -1;
  if (index.present) {
    if (!fits_int64(TRY(to_index(vm, index.value)), &position))
      return vm.raise(Exc::OverflowError, "Python int too large to convert to C ssize_t");
  }
  auto length = static_cast<int64_t>(list->length);
  if (length == 0) return vm.raise(Exc::IndexError, "pop from empty list");
  if (position < 0) position += length;
  if (position < 0 || position >= length)
    return vm.raise(Exc::IndexError, "pop index out of range");
  Value item = list->values()[position];
  list_erase(vm, list, static_cast<size_t>(position), static_cast<size_t>(position) + 1);
  return item;
}

Result<void> list_remove(VM& vm, List* list, Value item) {
  int64_t position = TRY(find_item(vm, list, item, 0, SIZE_MAX));
  if (position < 0) return vm.raise(Exc::ValueError, "list.remove(x): x not in list");
  auto index = static_cast<size_t>(position);
  if (index < list->length) list_erase(vm, list, index, index + 1);
  return {};
}

Result<Value> list_index(VM& vm, List* list, Value item, Optional<Value> start,
                         Optional<Value> stop) {
  size_t begin = TRY(position_argument(vm, start, 0, list->length));
  size_t end = TRY(position_argument(vm, stop, SIZE_MAX, list->length));
  int64_t position = TRY(find_item(vm, list, item, begin, end));
  if (position < 0) return vm.raise(Exc::ValueError, "{} is not in list", TRY(repr_of(vm, item)));
  return Value::small_int(position);
}

Result<int64_t> list_count(VM& vm, List* list, Value item) {
  int64_t count = 0;
  for (size_t i = 0; i < list->length; ++i)
    if (TRY(equal_items(vm, list->values()[i], item))) ++count;
  return count;
}

Result<void> list_clear(VM& vm, List* list) {
  list_erase(vm, list, 0, list->length);
  return {};
}

Result<Value> list_copy_method(VM& vm, List* list) { return list_copy(vm, list, 0, list->length); }

Result<void> list_reverse(VM& vm, List* list) {
  if (list->length < 2) return {};
  std::reverse(list->values(), list->values() + list->length);
  vm.barrier(list->storage);
  return {};
}

Result<void> list_sort_method(VM& vm, const Arguments& arguments) {
  List* list = try_as<List>(arguments.values[0]);
  if (!list)
    return vm.raise(Exc::TypeError,
                    "descriptor 'sort' for 'list' objects doesn't apply to a '{}' object",
                    vm.type_of(arguments.values[0]));
  if (arguments.positional_count > 1)
    return vm.raise(Exc::TypeError, "sort() takes no positional arguments");
  Value key = Value::none();
  bool reverse = false;
  for (uint32_t i = 0; i < arguments.keyword_count(); ++i) {
    Str* name = as<Str>(arguments.keyword_names->values()[i]);
    Value value = arguments.keyword_values()[i];
    if (str_equal(name, "key"))
      key = value;
    else if (str_equal(name, "reverse"))
      reverse = TRY(is_truthy(vm, value));
    else
      return vm.raise(Exc::TypeError, "sort() got an unexpected keyword argument '{}'", name);
  }
  return list_sort(vm, list, key, reverse);
}

Result<Value> list_concatenate(VM& vm, List* list, Value other) {
  List* right = try_as<List>(other);
  if (!right)
    return vm.raise(Exc::TypeError, "can only concatenate list (not \"{}\") to list",
                    vm.type_of(other));
  List* result = TRY(make_list(vm, list->length + right->length));
  if (list->length > 0) std::copy_n(list->values(), list->length, result->values());
  if (right->length > 0)
    std::copy_n(right->values(), right->length, result->values() + list->length);
  result->length = list->length + right->length;
  return result;
}

Result<Value> list_in_place_concatenate(VM& vm, List* list, Value other) {
  TRY(list_extend(vm, list, other));
  return list;
}

/// `list * count` written to `result`, which may be the list itself.
Result<void> repeat_into(VM& vm, List* result, List* list, int64_t count) {
  size_t unit = list->length, length;
  if (__builtin_mul_overflow(unit, static_cast<size_t>(count), &length) || length > kMaximumLength)
    return vm.out_of_memory();
  TRY(list_reserve(vm, result, length));
  if (length == 0) return {};
  Value* to = result->values();
  const Value* from = list->values();
  if (unit == 1) {
    std::fill_n(to, length, from[0]);
  } else {
    for (size_t i = result == list ? unit : 0; i < length; i += unit)
      std::copy_n(from, unit, to + i);
  }
  result->length = length;
  vm.barrier(result->storage);
  return {};
}

Result<Value> list_repeat(VM& vm, List* list, Value times) {
  int64_t count = TRY(repeat_count(vm, times));
  if (count == kNotACount) return Value::not_implemented();
  List* result = TRY(make_list(vm, size_t{0}));
  TRY(repeat_into(vm, result, list, count));
  return result;
}

Result<Value> list_in_place_repeat(VM& vm, List* list, Value times) {
  int64_t count = TRY(repeat_count(vm, times));
  if (count == kNotACount) return Value::not_implemented();
  if (count == 0)
    list_erase(vm, list, 0, list->length);
  else
    TRY(repeat_into(vm, list, list, count));
  return list;
}

template <CompareOp op>
Result<Value> list_compare(VM& vm, List* list, Value other) {
  List* right = try_as<List>(other);
  if (!right) return Value::not_implemented();
  return compare_sequences(
      vm, op, [list] { return list->span(); }, [right] { return right->span(); });
}

Result<Value> list_repr(VM& vm, List* list) {
  if (list->length == 0) return make_str(vm, "[]");
  NativeDepth depth(vm);
  TRY(depth.check(" while getting the repr of an object"));
  ReprGuard guard(vm, list);
  if (!guard.entered()) return make_str(vm, "[...]");
  StrBuilder builder(vm);
  builder.append("[");
  for (size_t i = 0; i < list->length; ++i) {
    if (i > 0) builder.append(", ");
    builder.append(TRY(repr_of(vm, list->values()[i])));
  }
  builder.append("]");
  return builder.finish();
}

Result<int64_t> list_sizeof(VM&, List* list) {
  return static_cast<int64_t>(56 + (list->storage ? list->storage->capacity * sizeof(Value) : 0));
}

Result<Value> list_class_getitem(VM& vm, Type* cls, Value item) {
  return make_generic_alias(vm, cls, item);
}

/// Lists are unhashable: `__hash__` is None.
Result<void> list_extend_type(VM& vm, Type* type) {
  return dict_set_str(vm, type->dict, vm.special_name(Special::Hash), Value::none());
}

constexpr NativeFunctionDef kListMethods[] = {
    {"__new__(cls, *args, **kwargs)", "A new list.", bind<list_new>(), NativeFunctionDef::kStatic},
    {"__init__(self, /, *args, **kwargs)", "Fills the list with the items of an iterable.",
     bind<list_init>()},
    {"__len__(self, /)", "len(self)", bind<list_length>()},
    {"__getitem__(self, key, /)", "self[key]", bind<list_get_item>()},
    {"__setitem__(self, key, value, /)", "self[key] = value", bind<list_set_item>()},
    {"__delitem__(self, key, /)", "del self[key]", bind<list_delitem>()},
    {"__iter__(self, /)", "iter(self)", bind<list_iter>()},
    {"__reversed__(self, /)", "reversed(self)", bind<list_reversed>()},
    {"__contains__(self, key, /)", "key in self", bind<list_contains>()},
    {"__add__(self, value, /)", "self+value", bind<list_concatenate>()},
    {"__iadd__(self, value, /)", "self+=value", bind<list_in_place_concatenate>()},
    {"__mul__(self, value, /)", "self*value", bind<list_repeat>()},
    {"__rmul__(self, value, /)", "value*self", bind<list_repeat>()},
    {"__imul__(self, value, /)", "self*=value", bind<list_in_place_repeat>()},
    {"__lt__(self, value, /)", "self<value", bind<list_compare<CompareOp::Less>>()},
    {"__le__(self, value, /)", "self<=value", bind<list_compare<CompareOp::LessEqual>>()},
    {"__eq__(self, value, /)", "self==value", bind<list_compare<CompareOp::Equal>>()},
    {"__ne__(self, value, /)", "self!=value", bind<list_compare<CompareOp::NotEqual>>()},
    {"__gt__(self, value, /)", "self>value", bind<list_compare<CompareOp::Greater>>()},
    {"__ge__(self, value, /)", "self>=value", bind<list_compare<CompareOp::GreaterEqual>>()},
    {"__repr__(self, /)", "repr(self)", bind<list_repr>()},
    {"append(self, object, /)", "Add object at the end.", bind<list_append_method>()},
    {"extend(self, iterable, /)", "Add the items of an iterable at the end.", bind<list_extend>()},
    {"insert(self, index, object, /)", "Put object before the item at index.",
     bind<list_insert_method>()},
    {"pop(self, index=-1, /)", "Remove the item at index and return it.", bind<list_pop>()},
    {"remove(self, value, /)", "Remove the first item equal to value; ValueError without one.",
     bind<list_remove>()},
    {"index(self, value, start=0, stop=9223372036854775807, /)",
     "The first position of value in [start, stop); ValueError when there is none.",
     bind<list_index>()},
    {"count(self, value, /)", "How often value occurs.", bind<list_count>()},
    {"clear(self, /)", "Remove all items.", bind<list_clear>()},
    {"copy(self, /)", "A new list of the same items.", bind<list_copy_method>()},
    {"reverse(self, /)", "Turn the order of the items around.", bind<list_reverse>()},
    {"sort(self, /, *, key=None, reverse=False)",
     "Sort in place by `<` of the items or of key(item); equal items keep their order.",
     bind<list_sort_method>()},
    {"__sizeof__(self, /)", "Size in memory, in bytes.", bind<list_sizeof>()},
    {"__class_getitem__(cls, item, /)", "The generic alias of the class and item.",
     bind<list_class_getitem>(), NativeFunctionDef::kClassMethod},
};

}  // namespace

extern const NativeTypeDef kListType = {
    "list",
    "A mutable sequence.\n\nWith an iterable: a list of its items.",
    kListMethods,
    {},
    Type::kCanSubclass | Type::kSequence,
    0,
    nullptr,
    list_extend_type};

}  // namespace apy
