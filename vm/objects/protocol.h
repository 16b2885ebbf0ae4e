#pragma once
// The operations of the language on any values, as C++ functions: what the interpreter's slow paths
// and native modules use.
#include <string>

#include "vm/objects/vm.h"

namespace apy {

// --- operators (operators.cpp) ---
Result<Value> binary_operation(VM& vm, BinaryOp op, Value a, Value b);
/// The rest of `a op b` (or `a op= b`) after a's own method returned NotImplemented.
Result<Value> binary_declined(VM& vm, BinaryOp op, bool in_place, Value a, Value b);
Result<Value> in_place_operation(VM& vm, BinaryOp op, Value a, Value b);
Result<Value> unary_operation(VM& vm, UnaryOp op, Value v);
/// Rich comparison; for == and != identity is the last resort, for others TypeError
/// "'<' not supported between instances of 'X' and 'Y'".
Result<Value> compare(VM& vm, CompareOp op, Value a, Value b);
Result<bool> compare_bool(VM& vm, CompareOp op, Value a, Value b);
/// a is b or a == b, as containers compare.
Result<bool> values_equal(VM& vm, Value a, Value b);
Result<bool> is_truthy(VM& vm, Value v);
Result<int64_t> hash_value(VM& vm, Value v);  // TypeError: unhashable type: 'X'
Result<bool> contains(VM& vm, Value container, Value item);

// --- items ---
Result<Value> get_item(VM& vm, Value object, Value key);
/// object[start:stop] of exact lists, tuples, strings and bytes; the bounds are small ints or None.
/// False for other objects.
Result<bool> get_slice(VM& vm, Cell* object, Value start, Value stop, Value* out);
Result<void> set_item(VM& vm, Value object, Value key, Value value);
Result<void> delete_item(VM& vm, Value object, Value key);
Result<int64_t> length_of(VM& vm, Value object);  // TypeError: object of type 'X' has no len()
/// __length_hint__ or len, or `fallback`.
Result<int64_t> length_hint(VM& vm, Value object, int64_t fallback);

// --- text ---
Result<Str*> repr_of(VM& vm, Value v);
Result<Str*> str_of(VM& vm, Value v);
Result<Str*> ascii_of(VM& vm, Value v);
/// format(v, spec); spec a Str or empty.
Result<Value> format_value(VM& vm, Value v, Value spec);
/// UTF-8 of repr/str, for C++ callers.
Result<std::string> repr_text(VM& vm, Value v);
Result<std::string> str_text(VM& vm, Value v);
/// Guards recursive reprs: *entered is false when `v` is already being printed ("[...]").
class ReprGuard {
 public:
  ReprGuard(VM& vm, Value v);
  ~ReprGuard();
  bool entered() const { return entered_; }

 private:
  VM& vm_;
  bool entered_;
};
/// Bounds native recursion: `NativeDepth guard(vm); TRY(guard.check(" in comparison"));`
class NativeDepth {
 public:
  explicit NativeDepth(VM& vm) : vm_(vm) {}
  Result<void> check(std::string_view where = "") {
    if (vm_.native_stack_exhausted()) [[unlikely]]
      return vm_.recursion_error(where);
    return {};
  }

 private:
  VM& vm_;
};

// --- iteration (iteration.cpp) ---
Result<Value> get_iterator(VM& vm, Value iterable);  // TypeError: 'X' object is not iterable
/// True and *out set, or false when exhausted. StopIteration from script iterators is absorbed.
/// Fast for the builtin iterators and generators.
Result<bool> iterator_next(VM& vm, Value iterator, Value* out);
/// Calls f(value) -> Result<bool> for each item until it returns false. Fast for list and tuple.
template <class F>
Result<void> for_each(VM& vm, Value iterable, F f) {
  if (is_exact(iterable, BuiltinType::List)) {
    List* list = as<List>(iterable);
    for (uint64_t i = 0; i < list->length; ++i)
      if (!TRY(f(list->values()[i]))) break;
    return {};
  }
  Value iterator = TRY(get_iterator(vm, iterable));
  Value item;
  while (TRY(iterator_next(vm, iterator, &item)))
    if (!TRY(f(item))) break;
  return {};
}
/// list(iterable), tuple(iterable).
Result<List*> list_from(VM& vm, Value iterable);
Result<Tuple*> tuple_from(VM& vm, Value iterable);
/// A native __next__ that is exhausted returns this (a Result that carries StopIteration lazily):
/// see native.h.
Error stop_iteration(VM& vm, Value value = Value());

// --- classes ---
Result<bool> is_instance_of(VM& vm, Value object, Value class_or_tuple);
Result<bool> is_subclass_of(VM& vm, Value cls, Value class_or_tuple);
Result<bool> is_callable(VM& vm, Value v);
/// origin[args] of a generic class: a GenericAlias.
Result<Value> make_generic_alias(VM& vm, Value origin, Value args);

}  // namespace apy
