// Operators on any values: numbers and strings at once, everything else through the special methods
// of the types.
#include "vm/objects/descriptor.h"
#include "vm/objects/equality.h"
#include "vm/objects/exact.h"
#include "vm/objects/indexing.h"
#include "vm/objects/internals.h"
#include "vm/objects/special_call.h"
#include "vm/objects/warning.h"

namespace apy {

const char* spelling(BinaryOp op) {
  constexpr const char* kText[] = {"+",           "-",  "*",  "@", "/", "//", "%",
                                   "** or pow()", "<<", ">>", "&", "|", "^",  "divmod()"};
  return kText[static_cast<int>(op)];
}

const char* spelling(CompareOp op) {
  constexpr const char* kText[] = {"<", "<=", "==", "!=", ">", ">="};
  return kText[static_cast<int>(op)];
}

Result<Value> call_special_method(VM& vm, Value method, Value self,
                                  std::initializer_list<Value> arguments) {
  bool takes_self =
      is_kind(method, CellKind::Function) || is_exact(method, BuiltinType::MethodDescriptor);
  if (takes_self) {
    Value values[4] = {self};
    size_t count = 1;
    for (Value v : arguments) values[count++] = v;
    if (is_kind(method, CellKind::NativeFunction)) {
      auto* native = as<NativeFunction>(method);
      return native->definition->bound.entry(
          vm, *native->definition, Arguments{values, static_cast<uint32_t>(count), nullptr});
    }
    return vm.call(method, std::span<const Value>(values, count));
  }
  Value bound = TRY(bind_descriptor(vm, method, self, vm.type_of(self)));
  return vm.call(bound, arguments);
}

namespace {

bool is_builtin_number(Value v) {
  return v.is_small_int() || v.is_inline_float() || is_exact(v, BuiltinType::Int) ||
         is_exact(v, BuiltinType::Float) || v.is_bool();
}

/// str, bytes, tuple, list and the like: their `+` and `*` come after the other operand's reflected
/// method.
bool is_builtin_sequence_method(Value method) {
  if (!is_exact(method, BuiltinType::MethodDescriptor)) return false;
  const Type* owner = as<NativeFunction>(method)->owner;
  switch (owner->builtin) {
    case BuiltinType::Str:
    case BuiltinType::Bytes:
    case BuiltinType::ByteArray:
    case BuiltinType::Tuple:
    case BuiltinType::List:
      return true;
    default:
      return owner->flags & Type::kSequence;
  }
}

bool can_repeat(VM& vm, Value v) {
  Value method = type_special(vm, vm.type_of(v), Special::Multiply);
  return is_builtin_sequence_method(method);
}

/// The result, NotImplemented, or an error.
Result<Value> try_binary(VM& vm, BinaryOp op, Value a, Value b) {
  Type* left_type = vm.type_of(a);
  Type* right_type = vm.type_of(b);
  Value left = type_special(vm, left_type, special_of(op));
  Value right;
  if (left_type != right_type) {
    right = type_special(vm, right_type, reflected_of(op));
    if (!right.is_empty() && !left.is_empty()) {
      bool is_override = right_type->is_subtype_of(left_type) &&
                         !right.is(type_special(vm, left_type, reflected_of(op)));
      bool comes_first = is_override || (op == BinaryOp::Add && is_builtin_sequence_method(left) &&
                                         !is_builtin_sequence_method(right));
      if (comes_first) {
        Value result = TRY(call_special_method(vm, right, b, {a}));
        if (!result.is_not_implemented()) return result;
        right = Value();
      }
    }
  }
  if (!left.is_empty()) {
    Value result = TRY(call_special_method(vm, left, a, {b}));
    if (!result.is_not_implemented()) return result;
  }
  if (!right.is_empty()) return call_special_method(vm, right, b, {a});
  return Value::not_implemented();
}

Error raise_unsupported(VM& vm, BinaryOp op, bool in_place, Value a, Value b) {
  if (op == BinaryOp::Multiply) {
    if (can_repeat(vm, a))
      return vm.raise(Exc::TypeError, "can't multiply sequence by non-int of type '{}'",
                      vm.type_of(b));
    if (can_repeat(vm, b) && !in_place)
      return vm.raise(Exc::TypeError, "can't multiply sequence by non-int of type '{}'",
                      vm.type_of(a));
  }
  if (op == BinaryOp::RightShift && !in_place && is_exact(a, BuiltinType::BuiltinFunction) &&
      as<NativeFunction>(a)->definition->name() == "print") {
    return vm.raise(Exc::TypeError,
                    "unsupported operand type(s) for {}: '{}' and '{}'. Did you mean "
                    "\"print(<message>, file=<output_stream>)\"?",
                    spelling(op), vm.type_of(a), vm.type_of(b));
  }
  std::string symbol =
      in_place ? (op == BinaryOp::Power ? "**=" : std::string(spelling(op)) + "=") : spelling(op);
  return vm.raise(Exc::TypeError, "unsupported operand type(s) for {}: '{}' and '{}'", symbol,
                  vm.type_of(a), vm.type_of(b));
}

/// Sum, difference or product of two small ints that is one too; empty otherwise.
Value small_int_result(BinaryOp op, Value a, Value b) {
  int64_t x = a.as_small_int(), y = b.as_small_int(), result;
  bool overflow;
  switch (op) {
    case BinaryOp::Add:
      overflow = __builtin_add_overflow(x, y, &result);
      break;
    case BinaryOp::Subtract:
      overflow = __builtin_sub_overflow(x, y, &result);
      break;
    case BinaryOp::Multiply:
      overflow = __builtin_mul_overflow(x, y, &result);
      break;
    default:
      return Value();
  }
  bool fits = !overflow && result <= Value::kMaxSmallInt && result >= -Value::kMaxSmallInt;
  return fits ? Value::small_int(result) : Value();
}

/// Operations on exact builtin values that need no lookup. Empty: not one of them.
Result<Value> quick_binary(VM& vm, BinaryOp op, Value a, Value b, bool* handled) {
  *handled = true;
  if (op == BinaryOp::Add && is_exact(a, BuiltinType::Str) && is_exact(b, BuiltinType::Str))
    return str_concat(vm, as<Str>(a), as<Str>(b));
  if (op == BinaryOp::Add && is_exact(a, BuiltinType::Bytes) && is_exact(b, BuiltinType::Bytes))
    return bytes_concat(vm, as<Bytes>(a), as<Bytes>(b));
  if (is_builtin_number(a) && is_builtin_number(b)) {
    if (op == BinaryOp::Power) return number_power(vm, a, b, Value::none());
    return number_binary(vm, op, a, b);
  }
  *handled = false;
  return Value();
}

}  // namespace

Result<Value> binary_declined(VM& vm, BinaryOp op, bool in_place, Value a, Value b) {
  if (vm.type_of(a) != vm.type_of(b)) {
    Value right = type_special(vm, vm.type_of(b), reflected_of(op));
    if (!right.is_empty()) {
      Value result = TRY(call_special_method(vm, right, b, {a}));
      if (!result.is_not_implemented()) return result;
    }
  }
  return raise_unsupported(vm, op, in_place, a, b);
}

Result<Value> binary_operation(VM& vm, BinaryOp op, Value a, Value b) {
  if (Value::both_small_int(a, b))
    if (Value result = small_int_result(op, a, b); !result.is_empty()) return result;
  bool handled;
  auto quick = quick_binary(vm, op, a, b, &handled);
  if (handled && (quick.is_error() || !quick.value().is_not_implemented())) return quick;
  Value result = TRY(try_binary(vm, op, a, b));
  if (result.is_not_implemented()) return raise_unsupported(vm, op, false, a, b);
  return result;
}

Result<Value> in_place_operation(VM& vm, BinaryOp op, Value a, Value b) {
  bool handled;
  auto quick = quick_binary(vm, op, a, b, &handled);
  if (handled && (quick.is_error() || !quick.value().is_not_implemented())) return quick;
  Value method = type_special(vm, vm.type_of(a), in_place_of(op));
  if (!method.is_empty()) {
    Value result = TRY(call_special_method(vm, method, a, {b}));
    if (!result.is_not_implemented()) return result;
  }
  Value result = TRY(try_binary(vm, op, a, b));
  if (result.is_not_implemented()) return raise_unsupported(vm, op, true, a, b);
  return result;
}

Result<Value> unary_operation(VM& vm, UnaryOp op, Value v) {
  if (op == UnaryOp::Not) return Value::boolean(!TRY(is_truthy(vm, v)));
  constexpr Special kSpecial[] = {Special::Negative, Special::Positive, Special::Invert};
  constexpr const char* kSymbol[] = {"-", "+", "~"};
  int index = static_cast<int>(op);
  if (op == UnaryOp::Negative) {
    if (v.is_small_int()) return make_int(vm, -v.as_small_int());
    if (v.is_inline_float()) return make_float(vm, -v.as_inline_float());
  }
  if (op == UnaryOp::Invert && v.is_small_int()) return Value::small_int(~v.as_small_int());
  Value method = type_special(vm, vm.type_of(v), kSpecial[index]);
  if (method.is_empty() || method.is_none())
    return vm.raise(Exc::TypeError, "bad operand type for unary {}: '{}'", kSymbol[index],
                    vm.type_of(v));
  return call_special_method(vm, method, v, {});
}

// --- comparison ---

namespace {

bool holds(CompareOp op, int order) {
  switch (op) {
    case CompareOp::Less:
      return order < 0;
    case CompareOp::LessEqual:
      return order <= 0;
    case CompareOp::Equal:
      return order == 0;
    case CompareOp::NotEqual:
      return order != 0;
    case CompareOp::Greater:
      return order > 0;
    case CompareOp::GreaterEqual:
      return order >= 0;
  }
  return false;
}

/// After the left operand's own method declined.
Result<Value> compare_without_left(VM& vm, CompareOp op, Value a, Value b, bool tried_right) {
  if (!tried_right) {
    Value right = type_special(vm, vm.type_of(b), special_of(swapped(op)));
    if (!right.is_empty()) {  // None is called like any other and so refuses
      Value result = TRY(call_special_method(vm, right, b, {a}));
      if (!result.is_not_implemented()) return result;
    }
  }
  if (op == CompareOp::Equal) return Value::boolean(a.is(b));
  if (op == CompareOp::NotEqual) return Value::boolean(!a.is(b));
  return vm.raise(Exc::TypeError, "'{}' not supported between instances of '{}' and '{}'",
                  spelling(op), vm.type_of(a), vm.type_of(b));
}

Result<Value> compare_slow(VM& vm, CompareOp op, Value a, Value b) {
  Type* left_type = vm.type_of(a);
  Type* right_type = vm.type_of(b);
  bool tried_right = false;
  if (left_type != right_type && right_type->is_subtype_of(left_type)) {
    Value right = type_special(vm, right_type, special_of(swapped(op)));
    if (!right.is_empty()) {
      tried_right = true;
      Value result = TRY(call_special_method(vm, right, b, {a}));
      if (!result.is_not_implemented()) return result;
    }
  }
  Value left = type_special(vm, left_type, special_of(op));
  if (!left.is_empty()) {
    Value result = TRY(call_special_method(vm, left, a, {b}));
    if (!result.is_not_implemented()) return result;
  }
  return compare_without_left(vm, op, a, b, tried_right);
}

}  // namespace

Result<Value> compare_declined(VM& vm, CompareOp op, Value a, Value b) {
  return compare_without_left(vm, op, a, b, false);
}

Result<Value> compare(VM& vm, CompareOp op, Value a, Value b) {
  if (Value::both_small_int(a, b)) {
    int64_t x = a.as_small_int(), y = b.as_small_int();
    return Value::boolean(holds(op, x < y ? -1 : x > y));
  }
  if (is_exact(a, BuiltinType::Str) && is_exact(b, BuiltinType::Str)) {
    const Str *x = as<Str>(a), *y = as<Str>(b);
    if (op == CompareOp::Equal) return Value::boolean(str_equal(x, y));
    if (op == CompareOp::NotEqual) return Value::boolean(!str_equal(x, y));
    return Value::boolean(holds(op, str_compare(x, y)));
  }
  if (is_exact(a, BuiltinType::Bytes) && is_exact(b, BuiltinType::Bytes)) {
    std::string_view x = as<Bytes>(a)->view(), y = as<Bytes>(b)->view();
    if (op == CompareOp::Equal) return Value::boolean(x == y);
    return Value::boolean(holds(op, x.compare(y)));
  }
  bool sequences = a.is_cell() && b.is_cell() && a.cell()->shape == b.cell()->shape &&
                   (is_exact(a, BuiltinType::Tuple) || is_exact(a, BuiltinType::List));
  if (sequences && (op == CompareOp::Equal || op == CompareOp::NotEqual)) {
    Equality equality = plain_equality(a, b);
    if (equality != Equality::Undecided)
      return Value::boolean((equality == Equality::Yes) == (op == CompareOp::Equal));
  }
  if (!sequences && is_builtin_number(a) && is_builtin_number(b))
    return number_compare(vm, op, a, b);
  if (is_exact(a, BuiltinType::Tuple) && is_exact(b, BuiltinType::Tuple))
    return compare_sequences(
        vm, op, [a] { return as<Tuple>(a)->span(); }, [b] { return as<Tuple>(b)->span(); });
  if (is_exact(a, BuiltinType::List) && is_exact(b, BuiltinType::List))
    return compare_sequences(
        vm, op, [a] { return as<List>(a)->span(); }, [b] { return as<List>(b)->span(); });
  return compare_slow(vm, op, a, b);
}

Result<bool> compare_bool(VM& vm, CompareOp op, Value a, Value b) {
  Value result = TRY(compare(vm, op, a, b));
  if (result.is_bool()) return result.is_true();
  return is_truthy(vm, result);
}

Result<bool> values_equal(VM& vm, Value a, Value b) {
  Equality equality = plain_equality(a, b);
  if (equality != Equality::Undecided) [[likely]]
    return equality == Equality::Yes;
  return compare_bool(vm, CompareOp::Equal, a, b);
}

// --- truth and hash ---

Result<bool> is_truthy(VM& vm, Value v) {
  if (v.is_bool()) return v.is_true();
  if (v.is_none()) return false;
  if (v.is_small_int()) return v.as_small_int() != 0;
  if (v.is_inline_float()) return true;  // zero is not among them
  if (!v.is_cell()) {
    if (v.is_not_implemented())
      TRY(issue_warning_here(vm, Exc::DeprecationWarning,
                             "NotImplemented should not be used in a boolean context"));
    return true;
  }
  switch (v.cell()->shape) {
    case shape_of(BuiltinType::Str):
      return as<Str>(v)->length != 0;
    case shape_of(BuiltinType::List):
      return as<List>(v)->length != 0;
    case shape_of(BuiltinType::Tuple):
      return as<Tuple>(v)->length != 0;
    case shape_of(BuiltinType::Dict):
      return as<Dict>(v)->length != 0;
    case shape_of(BuiltinType::Set):
    case shape_of(BuiltinType::FrozenSet):
      return as<Set>(v)->length != 0;
    case shape_of(BuiltinType::Bytes):
      return as<Bytes>(v)->length != 0;
    case shape_of(BuiltinType::ByteArray):
      return as<ByteArray>(v)->length != 0;
    case shape_of(BuiltinType::Int):
      return true;
    case shape_of(BuiltinType::Float):
      return as<FloatCell>(v)->value != 0;
    default:
      break;
  }
  Type* type = vm.type_of(v.cell());
  Value method = type_special(vm, type, Special::Bool);
  if (!method.is_empty()) {
    Value result = TRY(call_special_method(vm, method, v, {}));
    if (!result.is_bool())
      return vm.raise(Exc::TypeError, "__bool__ should return bool, returned {}",
                      vm.type_of(result));
    return result.is_true();
  }
  if (type_special(vm, type, Special::Length).is_empty()) return true;
  return TRY(length_of(vm, v)) != 0;
}

Result<int64_t> hash_value(VM& vm, Value v) {
  if (v.is_small_int()) return static_cast<int64_t>(hash_small_int(v.as_small_int()));
  if (is_exact(v, BuiltinType::Str)) {
    auto hash = static_cast<int64_t>(str_hash(vm, as<Str>(v)));
    return hash == -1 ? -2 : hash;
  }
  if (is_float(v) || v.is_bool()) return number_hash(v);
  if (is_exact(v, BuiltinType::Tuple)) return tuple_hash(vm, as<Tuple>(v));
  if (is_exact(v, BuiltinType::Bytes)) return bytes_hash(vm, as<Bytes>(v));
  if (!v.is_cell()) return static_cast<int64_t>(0xFCA86420u + v.bits() - Value::none().bits());
  Type* type = vm.type_of(v.cell());
  Value method = type_special(vm, type, Special::Hash);
  if (method.is_empty() || method.is_none())
    return vm.raise(Exc::TypeError, "unhashable type: '{}'", type);
  Value result = TRY(call_special_method(vm, method, v, {}));
  if (!is_int(result)) return vm.raise(Exc::TypeError, "__hash__ method should return an integer");
  int64_t hash;
  if (!fits_int64(result, &hash)) return number_hash(result);
  return hash == -1 ? -2 : hash;
}

}  // namespace apy
