// The native half of functools, as module `_functools`: reduce, cmp_to_key, and the types in the
// other files here.
#include "stdlib/functools/types.h"
#include "stdlib/native_iterator.h"
#include "vm/objects/bigint.h"
#include "vm/objects/dict.h"

namespace apy {

namespace {

Result<Value> reduce(VM& vm, Value function, Value iterable, Optional<Value> initial) {
  auto iterator_or_error = get_iterator(vm, iterable);
  if (iterator_or_error.is_error()) {
    if (!vm.catch_pending(Exc::TypeError)) return Error{};
    return vm.raise(Exc::TypeError, "reduce() arg 2 must support iteration");
  }
  Value iterator = iterator_or_error.value();
  Value result = initial.present ? initial.value : Value();
  Value item;
  while (TRY(iterator_next(vm, iterator, &item))) {
    if (result.is_empty())
      result = item;
    else
      result = TRY(vm.call(function, {result, item}));
  }
  if (result.is_empty())
    return vm.raise(Exc::TypeError, "reduce() of empty iterable with no initial value");
  return result;
}

/// What cmp_to_key returns, and what that makes of each object.
struct KeyWrapper : NativeObject {
  static const NativeClass kClass;
  Value comparison;
  Value object;  // empty in the factory
};
const NativeClass KeyWrapper::kClass = {"functools.KeyWrapper", trace_values<2>, nullptr};

Result<Value> make_key_wrapper(VM& vm, Value comparison, Value object) {
  auto* wrapper = TRY(make_native<KeyWrapper>(vm, native_type<KeyWrapper>(vm)));
  wrapper->comparison = comparison;
  wrapper->object = object;
  return wrapper;
}

Result<Value> cmp_to_key(VM& vm, Value comparison) {
  return make_key_wrapper(vm, comparison, Value());
}

Result<Value> key_call(VM& vm, KeyWrapper* self, Value object) {
  return make_key_wrapper(vm, self->comparison, object);
}

template <CompareOp op>
Result<Value> key_compare(VM& vm, KeyWrapper* self, Value other_value) {
  KeyWrapper* other = try_native<KeyWrapper>(other_value);
  if (!other) return vm.raise(Exc::TypeError, "other argument must be K instance");
  if (self->object.is_empty() || other->object.is_empty())
    return vm.raise(Exc::AttributeError, "object");
  Value order = TRY(vm.call(self->comparison, {self->object, other->object}));
  return compare(vm, op, order, Value::small_int(0));
}

Result<Value> get_object(VM&, Value self) {
  Value object = static_cast<KeyWrapper*>(self.cell())->object;
  return object.is_empty() ? Value::none() : object;
}
Result<void> set_object(VM& vm, Value self, Value object) {
  static_cast<KeyWrapper*>(self.cell())->object = object;
  vm.barrier(self.cell());
  return {};
}

Result<void> make_unhashable(VM& vm, Type* type) {
  return dict_set_str(vm, type->dict, vm.special_name(Special::Hash), Value::none());
}

constexpr NativeFunctionDef kKeyMethods[] = {
    {"__call__(self, /, obj)", "Call self as a function.", bind<key_call>()},
    {"__lt__(self, value, /)", "Return self<value.", bind<key_compare<CompareOp::Less>>()},
    {"__le__(self, value, /)", "Return self<=value.", bind<key_compare<CompareOp::LessEqual>>()},
    {"__eq__(self, value, /)", "Return self==value.", bind<key_compare<CompareOp::Equal>>()},
    {"__ne__(self, value, /)", "Return self!=value.", bind<key_compare<CompareOp::NotEqual>>()},
    {"__gt__(self, value, /)", "Return self>value.", bind<key_compare<CompareOp::Greater>>()},
    {"__ge__(self, value, /)", "Return self>=value.", bind<key_compare<CompareOp::GreaterEqual>>()},
};
constexpr NativeGetSetDef kKeyAttributes[] = {
    {"obj", "Value wrapped by a key function.", get_object, set_object}};

const NativeTypeDef kKeyWrapperType = {.name = "functools.KeyWrapper",
                                       .doc = "",
                                       .methods = kKeyMethods,
                                       .attributes = kKeyAttributes,
                                       .flags = Type::kDisallowNew,
                                       .instance_size = sizeof(KeyWrapper),
                                       .native_class = &KeyWrapper::kClass,
                                       .extend = make_unhashable};

constexpr NativeFunctionDef kFunctions[] = {
    {"reduce(function, iterable, initial=<unrepresentable>, /)",
     "Apply a function of two arguments cumulatively to the items of an iterable, from left to "
     "right.",
     bind<reduce>()},
    {"cmp_to_key(mycmp)", "Convert a cmp= function into a key= function.", bind<cmp_to_key>()},
};

Result<void> initialize(VM& vm, Module* module) {
  TRY(add_partial_type(vm, module));
  TRY(add_lru_cache_type(vm, module));
  Type* type = TRY(make_native_type(vm, kKeyWrapperType, nullptr));
  vm.module_state(&KeyWrapper::kClass) = type;
  return {};
}

}  // namespace

extern const NativeModuleDef kFunctoolsModule = {"_functools", "Tools that operate on functions.",
                                                 kFunctions, initialize};

}  // namespace apy
