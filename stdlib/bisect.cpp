// _bisect: positions in sorted sequences, found by halving.
#include "vm/binding/bind.h"

namespace apy {

namespace {

/// Where `x` belongs in a[low:high]: behind the items equal to it, or before them.
template <bool right>
Result<int64_t> position_of(VM& vm, Value a, Value x, int64_t low, Value high_or_none, Value key) {
  if (low < 0) return vm.raise(Exc::ValueError, "lo must be non-negative");
  int64_t high = high_or_none.is_none() ? -1 : TRY(to_int64(vm, high_or_none));
  if (high == -1) high = TRY(length_of(vm, a));
  while (low < high) {
    int64_t middle = low + (high - low) / 2;
    Value item;
    if (is_exact(a, BuiltinType::List) && middle < static_cast<int64_t>(as<List>(a)->length)) {
      item = as<List>(a)->values()[middle];
    } else {
      item = TRY(get_item(vm, a, TRY(make_int(vm, middle))));
    }
    if (!key.is_none()) item = TRY(vm.call(key, {item}));
    bool before = TRY(right ? compare_bool(vm, CompareOp::Less, x, item)
                            : compare_bool(vm, CompareOp::Less, item, x));
    if (before == right)
      high = middle;
    else
      low = middle + 1;
  }
  return low;
}

template <bool right>
Result<int64_t> bisect(VM& vm, Value a, Value x, Optional<int64_t> low, Optional<Value> high,
                       Optional<Value> key) {
  return position_of<right>(vm, a, x, low.value_or(0), high.value_or(Value::none()),
                            key.value_or(Value::none()));
}

template <bool right>
Result<void> insort(VM& vm, Value a, Value x, Optional<int64_t> low, Optional<Value> high,
                    Optional<Value> key) {
  Value function = key.value_or(Value::none());
  Value compared = function.is_none() ? x : TRY(vm.call(function, {x}));
  int64_t position = TRY(
      position_of<right>(vm, a, compared, low.value_or(0), high.value_or(Value::none()), function));
  if (is_exact(a, BuiltinType::List)) {
    List* list = as<List>(a);
    auto index = std::min(static_cast<size_t>(position), static_cast<size_t>(list->length));
    return list_insert(vm, list, index, x);
  }
  TRY(vm.call_method(a, TRY(intern(vm, "insert")), {TRY(make_int(vm, position)), x}));
  return {};
}

constexpr NativeFunctionDef kFunctions[] = {
    {"bisect_right(a, x, lo=0, hi=None, *, key=None)",
     "Where to insert x in the sorted a, behind the items equal to it.", bind<bisect<true>>()},
    {"bisect_left(a, x, lo=0, hi=None, *, key=None)",
     "Where to insert x in the sorted a, before the items equal to it.", bind<bisect<false>>()},
    {"insort_right(a, x, lo=0, hi=None, *, key=None)",
     "Insert x into the sorted a, behind the items equal to it.", bind<insort<true>>()},
    {"insort_left(a, x, lo=0, hi=None, *, key=None)",
     "Insert x into the sorted a, before the items equal to it.", bind<insort<false>>()},
};

}  // namespace

extern const NativeModuleDef kBisectModule = {"_bisect", "Positions in sorted sequences.",
                                              kFunctions};

}  // namespace apy
