// The module `operator`: the operators as functions.
#include "stdlib/operator/getters.h"
#include "vm/binding/bind.h"
#include "vm/objects/bigint.h"
#include "vm/objects/dict.h"

namespace apy {

namespace {

template <BinaryOp op>
Result<Value> binary(VM& vm, Value a, Value b) {
  return binary_operation(vm, op, a, b);
}
template <BinaryOp op>
Result<Value> in_place(VM& vm, Value a, Value b) {
  return in_place_operation(vm, op, a, b);
}
template <CompareOp op>
Result<Value> comparison(VM& vm, Value a, Value b) {
  return compare(vm, op, a, b);
}
template <UnaryOp op>
Result<Value> unary(VM& vm, Value v) {
  return unary_operation(vm, op, v);
}

Result<Value> absolute(VM& vm, Value v) {
  bool found;
  Value result = TRY(vm.call_special(v, Special::Absolute, {}, &found));
  if (!found) return vm.raise(Exc::TypeError, "bad operand type for abs(): '{}'", vm.type_of(v));
  return result;
}

Result<bool> is_true(VM& vm, Value v) { return is_truthy(vm, v); }
Result<bool> is_same(VM&, Value a, Value b) { return a.is(b); }
Result<bool> is_other(VM&, Value a, Value b) { return !a.is(b); }
Result<Value> index(VM& vm, Value v) { return to_index(vm, v); }
Result<Value> get(VM& vm, Value object, Value key) { return get_item(vm, object, key); }
Result<void> set(VM& vm, Value object, Value key, Value value) {
  return set_item(vm, object, key, value);
}
Result<void> remove(VM& vm, Value object, Value key) { return delete_item(vm, object, key); }
Result<bool> contains_item(VM& vm, Value container, Value item) {
  return contains(vm, container, item);
}

bool is_sequence(VM& vm, Value v) {
  return !type_special(vm, vm.type_of(v), Special::GetItem).is_empty();
}

template <bool in_place_form>
Result<Value> concat(VM& vm, Value a, Value b) {
  if (!is_sequence(vm, a))
    return vm.raise(Exc::TypeError, "'{}' object can't be concatenated", vm.type_of(a));
  return in_place_form ? in_place_operation(vm, BinaryOp::Add, a, b)
                       : binary_operation(vm, BinaryOp::Add, a, b);
}

Result<void> check_iterable(VM& vm, Value v) {
  if (is_sequence(vm, v) || !type_special(vm, vm.type_of(v), Special::Iter).is_empty()) return {};
  return vm.raise(Exc::TypeError, "argument of type '{}' is not iterable", vm.type_of(v));
}

Result<int64_t> count_of(VM& vm, Value iterable, Value item) {
  TRY(check_iterable(vm, iterable));
  int64_t count = 0;
  TRY(for_each(vm, iterable, [&](Value v) -> Result<bool> {
    count += TRY(values_equal(vm, v, item));
    return true;
  }));
  return count;
}

Result<int64_t> index_of(VM& vm, Value iterable, Value item) {
  TRY(check_iterable(vm, iterable));
  int64_t position = 0;
  bool found = false;
  TRY(for_each(vm, iterable, [&](Value v) -> Result<bool> {
    found = TRY(values_equal(vm, v, item));
    position += !found;
    return !found;
  }));
  if (!found) return vm.raise(Exc::ValueError, "sequence.index(x): x not in sequence");
  return position;
}

Result<int64_t> length_hint_method(VM& vm, Value object, Optional<Value> fallback) {
  int64_t value = 0;
  if (fallback.present) {
    if (!is_int(fallback.value))
      return vm.raise(Exc::TypeError, "'{}' object cannot be interpreted as an integer",
                      vm.type_of(fallback.value));
    value = TRY(to_int64(vm, fallback.value));
  }
  return length_hint(vm, object, value);
}

Result<Value> call(VM& vm, const Arguments& arguments) {
  if (arguments.positional_count == 0)
    return vm.raise(Exc::TypeError, "call expected at least 1 argument, got 0");
  std::span<const Value> rest(arguments.values + 1,
                              arguments.positional_count - 1 + arguments.keyword_count());
  if (!arguments.keyword_count()) return vm.call(arguments.values[0], rest);
  return vm.call_keywords(arguments.values[0], rest, arguments.keyword_names);
}

#define BINARY(name, Op, symbol) \
  { name "(a, b, /)", "Same as a " symbol " b.", bind<binary<BinaryOp::Op>>() }
#define IN_PLACE(name, Op, symbol) \
  { name "(a, b, /)", "Same as a " symbol "= b.", bind<in_place<BinaryOp::Op>>() }
#define COMPARE(name, Op, symbol) \
  { name "(a, b, /)", "Same as a " symbol " b.", bind<comparison<CompareOp::Op>>() }

constexpr NativeFunctionDef kFunctions[] = {
    {"abs(a, /)", "Same as abs(a).", bind<absolute>()},
    BINARY("add", Add, "+"),
    BINARY("and_", BitAnd, "&"),
    {"call(obj, /, *args, **kwargs)", "Same as obj(*args, **kwargs).", bind<call>()},
    {"concat(a, b, /)", "Same as a + b, for a and b sequences.", bind<concat<false>>()},
    {"contains(a, b, /)", "Same as b in a (note reversed operands).", bind<contains_item>()},
    {"countOf(a, b, /)", "Return the number of items in a which are, or which equal, b.",
     bind<count_of>()},
    {"delitem(a, b, /)", "Same as del a[b].", bind<remove>()},
    COMPARE("eq", Equal, "=="),
    BINARY("floordiv", FloorDivide, "//"),
    COMPARE("ge", GreaterEqual, ">="),
    {"getitem(a, b, /)", "Same as a[b].", bind<get>()},
    COMPARE("gt", Greater, ">"),
    IN_PLACE("iadd", Add, "+"),
    IN_PLACE("iand", BitAnd, "&"),
    {"iconcat(a, b, /)", "Same as a += b, for a and b sequences.", bind<concat<true>>()},
    IN_PLACE("ifloordiv", FloorDivide, "//"),
    IN_PLACE("ilshift", LeftShift, "<<"),
    IN_PLACE("imatmul", MatrixMultiply, "@"),
    IN_PLACE("imod", Modulo, "%"),
    IN_PLACE("imul", Multiply, "*"),
    {"index(a, /)", "Same as a.__index__()", bind<index>()},
    {"indexOf(a, b, /)", "Return the first index of b in a.", bind<index_of>()},
    {"inv(a, /)", "Same as ~a.", bind<unary<UnaryOp::Invert>>()},
    {"invert(a, /)", "Same as ~a.", bind<unary<UnaryOp::Invert>>()},
    IN_PLACE("ior", BitOr, "|"),
    IN_PLACE("ipow", Power, "**"),
    IN_PLACE("irshift", RightShift, ">>"),
    {"is_(a, b, /)", "Same as a is b.", bind<is_same>()},
    {"is_not(a, b, /)", "Same as a is not b.", bind<is_other>()},
    IN_PLACE("isub", Subtract, "-"),
    IN_PLACE("itruediv", TrueDivide, "/"),
    IN_PLACE("ixor", BitXor, "^"),
    COMPARE("le", LessEqual, "<="),
    {"length_hint(obj, default=0, /)",
     "An estimate of the number of items in obj, or default when there is none.",
     bind<length_hint_method>()},
    BINARY("lshift", LeftShift, "<<"),
    COMPARE("lt", Less, "<"),
    BINARY("matmul", MatrixMultiply, "@"),
    BINARY("mod", Modulo, "%"),
    BINARY("mul", Multiply, "*"),
    COMPARE("ne", NotEqual, "!="),
    {"neg(a, /)", "Same as -a.", bind<unary<UnaryOp::Negative>>()},
    {"not_(a, /)", "Same as not a.", bind<unary<UnaryOp::Not>>()},
    BINARY("or_", BitOr, "|"),
    {"pos(a, /)", "Same as +a.", bind<unary<UnaryOp::Positive>>()},
    BINARY("pow", Power, "**"),
    BINARY("rshift", RightShift, ">>"),
    {"setitem(a, b, c, /)", "Same as a[b] = c.", bind<set>()},
    BINARY("sub", Subtract, "-"),
    BINARY("truediv", TrueDivide, "/"),
    {"truth(a, /)", "Return True if a is true, False otherwise.", bind<is_true>()},
    BINARY("xor", BitXor, "^"),
};

/// Functions that have no name with underscores around.
bool has_special_alias(std::string_view name) {
  for (std::string_view other : {"countOf", "indexOf", "is_", "is_not", "length_hint", "truth"})
    if (name == other) return false;
  return true;
}

Result<void> initialize(VM& vm, Module* module) {
  TRY(add_getter_types(vm, module));
  List* all = TRY(make_list(vm, size_t{0}));
  for (const NativeFunctionDef& definition : kFunctions) {
    std::string_view name = definition.name();
    Str* text = TRY(intern(vm, name));
    TRY(list_append(vm, all, text));
    if (!has_special_alias(name)) continue;
    std::string_view stem = name.ends_with('_') ? name.substr(0, name.size() - 1) : name;
    std::string alias = "__" + std::string(stem) + "__";
    TRY(module_set(vm, module, alias, dict_get_str(vm, module->dict, text)));
  }
  for (const char* name : {"attrgetter", "itemgetter", "methodcaller"})
    TRY(list_append(vm, all, TRY(intern(vm, name))));
  TRY(list_sort(vm, all, Value::none(), false));
  TRY(module_set(vm, module, "__all__", all));
  return {};
}

}  // namespace

extern const NativeModuleDef kOperatorModule = {
    "operator",
    "Operator interface.\n\nThis module exports a set of functions corresponding to the intrinsic "
    "operators of Python.\n"
    "For example, operator.add(x, y) is equivalent to the expression x+y.",
    kFunctions, initialize};

}  // namespace apy
