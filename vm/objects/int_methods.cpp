// The types int and bool.
#include <bit>

#include "vm/binding/bind.h"
#include "vm/objects/bigint.h"
#include "vm/objects/float.h"
#include "vm/objects/format.h"
#include "vm/objects/number_receiver.h"
#include "vm/objects/protocol.h"
#include "vm/objects/text.h"
#include "vm/objects/warning.h"

namespace apy {

Str* suggest_name(VM& vm, const Str* wrong,
                  std::span<const Value> names);  // vm/interpreter/messages.h

namespace {

// --- construction ---

Result<Value> integral_result(VM& vm, Value result, const char* method) {
  if (is_int(result)) {
    TRY(warn_strict_subclass(vm, method, BuiltinType::Int, result));
    return int_exact(vm, result);
  }
  return vm.raise(Exc::TypeError, "{} returned non-int (type {})", method, vm.type_of(result));
}

Result<Value> int_through_trunc(VM& vm, Value v) {
  TRY(issue_warning_here(vm, Exc::DeprecationWarning,
                         "The delegation of int() to __trunc__ is deprecated."));
  Value result = TRY(vm.call_method(v, vm.names().trunc, {}));
  if (is_int(result)) return int_exact(vm, result);
  if (type_special(vm, vm.type_of(result), Special::Index).is_empty())
    return vm.raise(Exc::TypeError, "__trunc__ returned non-Integral (type {})",
                    vm.type_of(result));
  return to_index(vm, result);
}

Result<Value> int_from_text(VM& vm, Value v, int base) {
  if (Str* string = try_as<Str>(v)) return int_from_str(vm, string, base, v);
  std::string_view bytes;
  if (!get_bytes(v, &bytes)) return Value();
  return int_from_bytes_text(vm, bytes, base, v);
}

/// int(v): an exact int.
Result<Value> int_from(VM& vm, Value v) {
  if (v.is_small_int() || is_exact(v, BuiltinType::Int)) return v;
  if (v.is_inline_float() || is_exact(v, BuiltinType::Float)) return float_to_int(vm, as_float(v));
  bool has_int = v.is_cell() && (vm.type_of(v)->flags & Type::kHeapType) &&
                 !type_special(vm, vm.type_of(v), Special::Int).is_empty();
  if (is_text(v) && !has_int) return int_from_text(vm, v, 10);
  bool found;
  Value result = TRY(vm.call_special(v, Special::Int, {}, &found));
  if (found) return integral_result(vm, result, "__int__");
  Type* type = vm.type_of(v);
  if (!type_special(vm, type, Special::Index).is_empty()) return to_index(vm, v);
  if (!type_lookup(vm, type, vm.names().trunc).is_empty()) return int_through_trunc(vm, v);
  std::string_view bytes;
  if (get_bytes(v, &bytes)) return int_from_text(vm, TRY(make_bytes(vm, bytes)), 10);
  return vm.raise(Exc::TypeError,
                  "int() argument must be a string, a bytes-like object or a real number, not '{}'",
                  type);
}

Result<Value> int_with_base(VM& vm, Value v, Value base_value) {
  int64_t base = TRY(to_int64_clamped(vm, base_value));
  if (base != 0 && (base < 2 || base > 36))
    return vm.raise(Exc::ValueError, "int() base must be >= 2 and <= 36, or 0");
  if (!is_text(v))
    return vm.raise(Exc::TypeError, "int() can't convert non-string with explicit base");
  return int_from_text(vm, v, static_cast<int>(base));
}

Result<Value> int_new(VM& vm, const Arguments& arguments) {
  Type* cls = TRY(new_receiver(vm, arguments, BuiltinType::Int));
  uint32_t count = arguments.positional_count - 1;
  Value base;
  if (count + arguments.keyword_count() > 2 && arguments.keyword_count())
    return vm.raise(Exc::TypeError, "int() takes at most 2 arguments ({} given)",
                    count + arguments.keyword_count());
  if (count == 2) base = arguments.values[2];
  if (Tuple* names = arguments.keyword_names) {
    for (uint32_t i = 0; i < names->length; ++i) {
      const Str* name = as<Str>(names->values()[i]);
      if (!str_equal(name, "base")) {
        Value known = TRY(intern(vm, "base"));
        if (suggest_name(vm, name, {&known, 1}))
          return vm.raise(Exc::TypeError,
                          "int() got an unexpected keyword argument '{}'. Did you mean 'base'?",
                          name);
        return vm.raise(Exc::TypeError, "int() got an unexpected keyword argument '{}'", name);
      }
      base = arguments.keyword_values()[i];
      ++count;
    }
  }
  if (count > 2) return vm.raise(Exc::TypeError, "int expected at most 2 arguments, got {}", count);
  Value result = Value::small_int(0);
  if (arguments.positional_count > 1) {
    Value v = arguments.values[1];
    result = TRY(base.is_empty() ? int_from(vm, v) : int_with_base(vm, v, base));
  } else if (!base.is_empty()) {
    return vm.raise(Exc::TypeError, "int() missing string argument");
  }
  return int_as_class(vm, cls, result);
}

// --- operators ---

template <BinaryOp op>
Result<Value> int_operator(VM& vm, IntReceiver self, Value other) {
  if (!is_int(other)) return Value::not_implemented();
  return number_binary(vm, op, self.value, other);
}
template <BinaryOp op>
Result<Value> int_reflected(VM& vm, IntReceiver self, Value other) {
  if (!is_int(other)) return Value::not_implemented();
  return number_binary(vm, op, other, self.value);
}
template <CompareOp op>
Result<Value> int_compare_method(VM& vm, IntReceiver self, Value other) {
  if (!is_int(other)) return Value::not_implemented();
  return number_compare(vm, op, self.value, other);
}

Result<Value> int_pow(VM& vm, IntReceiver self, Value exponent, Optional<Value> modulus) {
  Value m = modulus.value_or(Value::none());
  if (!is_int(exponent) || !(m.is_none() || is_int(m))) return Value::not_implemented();
  return number_power(vm, self.value, exponent, m);
}
Result<Value> int_rpow(VM& vm, IntReceiver self, Value base, Optional<Value> modulus) {
  Value m = modulus.value_or(Value::none());
  if (!is_int(base) || !(m.is_none() || is_int(m))) return Value::not_implemented();
  return number_power(vm, base, self.value, m);
}

Result<Value> int_neg(VM& vm, IntReceiver self) { return int_negate(vm, self.value); }
Result<Value> int_plus(VM& vm, IntReceiver self) { return int_exact(vm, self.value); }
Result<Value> int_abs(VM& vm, IntReceiver self) { return int_absolute(vm, self.value); }
Result<Value> int_inverted(VM& vm, IntReceiver self) { return int_invert(vm, self.value); }
Result<Value> bool_inverted(VM& vm, IntReceiver self) {
  TRY(issue_warning_here(
      vm, Exc::DeprecationWarning,
      "Bitwise inversion '~' on bool is deprecated and will be removed in Python 3.16. This "
      "returns "
      "the bitwise inversion of the underlying int object and is usually not what you expect from "
      "negating a bool. Use the 'not' operator for boolean negation or ~int(x) if you really want "
      "the bitwise inversion of the underlying int."));
  return int_invert(vm, self.value);
}
Result<bool> int_bool(VM&, IntReceiver self) { return int_sign(self.value) != 0; }
Result<Value> int_hash(VM& vm, IntReceiver self) { return make_int(vm, number_hash(self.value)); }
Result<double> int_float(VM& vm, IntReceiver self) { return int_to_double(vm, self.value); }

Result<Str*> int_repr(VM& vm, IntReceiver self) {
  return make_str_latin1(vm, TRY(int_to_string(vm, self.value)));
}

Result<Value> int_format(VM& vm, IntReceiver self, Str* spec) {
  if (spec->length == 0) return str_of(vm, self.value);
  return format_int(vm, self.value, spec);
}

// --- other methods ---

Result<int64_t> bit_length(VM&, IntReceiver self) {
  return static_cast<int64_t>(int_bit_length(self.value));
}

Result<int64_t> bit_count(VM&, IntReceiver self) {
  IntParts parts(self.value);
  int64_t count = 0;
  for (uint64_t i = 0; i < parts.size; ++i) count += std::popcount(parts.limbs()[i]);
  return count;
}

Result<Value> int_as_ratio(VM& vm, IntReceiver self) {
  Value pair[2] = {TRY(int_exact(vm, self.value)), Value::small_int(1)};
  return make_tuple(vm, pair);
}
Result<bool> int_is_integer(VM&, IntReceiver) { return true; }

Result<Value> int_getnewargs(VM& vm, IntReceiver self) {
  Value exact = TRY(int_exact(vm, self.value));
  return make_tuple(vm, {&exact, 1});
}
/// What CPython says: 30 bits in 4 bytes behind a header of 24.
Result<int64_t> int_sizeof(VM&, IntReceiver self) {
  auto digits = static_cast<int64_t>((int_bit_length(self.value) + 29) / 30);
  return 24 + 4 * std::max<int64_t>(digits, 1);
}

/// Half to even at 10**-places, places < 0.
Result<Value> round_to_power(VM& vm, Value v, int64_t places) {
  auto digits = static_cast<double>(int_bit_length(v)) * 0.30103;
  if (static_cast<double>(-places) > digits + 2) return Value::small_int(0);
  Value unit = TRY(int_power(vm, Value::small_int(10), Value::small_int(-places)));
  Value quotient, rest;
  TRY(int_divide(vm, v, unit, &quotient, &rest));
  int order = int_compare(TRY(int_add(vm, rest, rest)), unit);
  Value result = TRY(int_subtract(vm, v, rest));
  if (order > 0 || (order == 0 && int_is_odd(quotient))) return int_add(vm, result, unit);
  return result;
}

Result<Value> int_round(VM& vm, IntReceiver self, Optional<Value> digits) {
  if (!digits.present) return int_exact(vm, self.value);
  int64_t places = TRY(to_int64_clamped(vm, digits.value));
  if (places >= 0) return int_exact(vm, self.value);
  return round_to_power(vm, TRY(int_exact(vm, self.value)), std::max(places, -INT64_MAX));
}

// --- bytes ---

/// 1: big, 0: little.
Result<bool> is_big_endian(VM& vm, const Optional<Str*>& order) {
  if (!order.present || str_equal(order.value, "big")) return true;
  if (str_equal(order.value, "little")) return false;
  return vm.raise(Exc::ValueError, "byteorder must be either 'little' or 'big'");
}

/// Does the value fit into so many bytes of two's complement (or unsigned)?
bool fits_bytes(const IntParts& parts, uint64_t bits, uint64_t length, bool is_signed) {
  if (length > UINT64_MAX / 16) return true;
  if (!is_signed || bits < length * 8) return bits <= length * 8;
  // Only -2**(n-1) has that many bits in n bytes.
  if (!parts.negative) return bits == 0;
  if (bits > length * 8 || length == 0) return false;
  const uint64_t* p = parts.limbs();
  for (uint64_t i = 0; i + 1 < parts.size; ++i)
    if (p[i]) return false;
  return std::has_single_bit(p[parts.size - 1]);
}

Result<Bytes*> int_to_bytes(VM& vm, IntReceiver self, Optional<int64_t> length_given,
                            Optional<Str*> order, Optional<bool> is_signed) {
  bool big = TRY(is_big_endian(vm, order));
  int64_t length = length_given.present ? length_given.value : 1;
  if (length < 0) return vm.raise(Exc::ValueError, "length argument must be non-negative");
  IntParts parts(self.value);
  bool with_sign = is_signed.value_or(false);
  if (parts.negative && !with_sign)
    return vm.raise(Exc::OverflowError, "can't convert negative int to unsigned");
  auto size = static_cast<uint64_t>(length);
  if (!fits_bytes(parts, int_bit_length(self.value), size, with_sign))
    return vm.raise(Exc::OverflowError, "int too big to convert");
  Bytes* bytes = TRY(make_bytes(vm, size));
  uint64_t carry = 1;
  for (uint64_t i = 0; i < size; ++i) {
    uint64_t limb = i / 8 < parts.size ? parts.limbs()[i / 8] : 0;
    uint64_t byte = limb >> (i % 8 * 8) & 0xFF;
    if (parts.negative) {
      byte = (~byte & 0xFF) + carry;
      carry = byte >> 8;
    }
    bytes->data()[big ? size - 1 - i : i] = static_cast<uint8_t>(byte);
  }
  return bytes;
}

Result<Value> int_from_bytes(VM& vm, Type* cls, Value source, Optional<Str*> order,
                             Optional<bool> is_signed) {
  bool big = TRY(is_big_endian(vm, order));
  std::string_view view;
  if (!get_bytes(source, &view)) {
    if (is_kind(source, CellKind::Str))
      return vm.raise(Exc::TypeError, "cannot convert '{}' object to bytes", vm.type_of(source));
    bool is_index = is_int(source) || is_float(source);
    if (is_index)
      return vm.raise(Exc::TypeError, "cannot convert '{}' object to bytes", vm.type_of(source));
    source = TRY(vm.call(vm.type(BuiltinType::Bytes), {source}));
    if (!get_bytes(source, &view))
      return vm.raise(Exc::TypeError, "__bytes__ returned non-bytes (type {})", vm.type_of(source));
  }
  uint64_t size = view.size();
  bool negative = is_signed.value_or(false) && size > 0 && (view[big ? 0 : size - 1] & 0x80);
  if (size <= 7 && cls == vm.type(BuiltinType::Int)) {
    uint64_t number = 0;
    for (uint64_t i = 0; i < size; ++i)
      number |= uint64_t{static_cast<uint8_t>(view[big ? size - 1 - i : i])} << (i * 8);
    auto result = static_cast<int64_t>(number);
    if (negative) result -= int64_t{1} << (size * 8);
    return Value::small_int(result);
  }
  uint64_t limbs = size / 8 + 1;
  BigInt* cell = TRY(make_big_int(vm, limbs));
  uint64_t* out = cell->limbs();
  for (uint64_t i = 0; i < size; ++i) {
    auto byte = static_cast<uint8_t>(view[big ? size - 1 - i : i]);
    if (negative) byte = static_cast<uint8_t>(~byte);
    out[i / 8] |= uint64_t{byte} << (i % 8 * 8);
  }
  if (negative) {
    for (uint64_t i = 0; i < limbs && ++out[i] == 0; ++i) {
    }
  }
  Value result = finish_int(cell, limbs, negative);
  if (cls == vm.type(BuiltinType::Int)) return result;
  return vm.call(cls, {result});
}

// --- bool ---

Result<Value> bool_new(VM& vm, const Arguments& arguments) {
  TRY(new_receiver(vm, arguments, BuiltinType::Bool));
  if (arguments.keyword_count())
    return vm.raise(Exc::TypeError, "bool() takes no keyword arguments");
  uint32_t count = arguments.positional_count - 1;
  if (count > 1) return vm.raise(Exc::TypeError, "bool expected at most 1 argument, got {}", count);
  return Value::boolean(count == 1 && TRY(is_truthy(vm, arguments.values[1])));
}

Result<Str*> bool_repr(VM& vm, Value self) {
  if (self.is_bool()) return intern(vm, self.is_true() ? "True" : "False");
  return vm.raise(Exc::TypeError,
                  "descriptor '__repr__' requires a 'bool' object but received a '{}'",
                  vm.type_of(self));
}

Result<Value> get_exact(VM& vm, Value self) { return int_exact(vm, TRY(check_int(vm, self))); }
Result<Value> get_zero(VM&, Value) { return Value::small_int(0); }
Result<Value> get_one(VM&, Value) { return Value::small_int(1); }

#define OPERATOR(name, Op, symbol)                                  \
  {"__" name "__(self, value, /)", "Return self" symbol "value.",   \
   bind<int_operator<BinaryOp::Op>>()},                             \
  {                                                                 \
    "__r" name "__(self, value, /)", "Return value" symbol "self.", \
        bind<int_reflected<BinaryOp::Op>>()                         \
  }
#define COMPARISON(name, Op, symbol)                               \
  {                                                                \
    "__" name "__(self, value, /)", "Return self" symbol "value.", \
        bind<int_compare_method<CompareOp::Op>>()                  \
  }

constexpr NativeFunctionDef kIntMethods[] = {
    {"__new__(cls, *args, **kwargs)", "Create and return a new object.", bind<int_new>(),
     NativeFunctionDef::kStatic},
    {"__repr__(self, /)", "Return repr(self).", bind<int_repr>()},
    {"__format__(self, format_spec, /)", "Convert to a string according to format_spec.",
     bind<int_format>()},
    {"__hash__(self, /)", "Return hash(self).", bind<int_hash>()},
    {"__bool__(self, /)", "True if self else False", bind<int_bool>()},
    COMPARISON("lt", Less, "<"),
    COMPARISON("le", LessEqual, "<="),
    COMPARISON("eq", Equal, "=="),
    COMPARISON("ne", NotEqual, "!="),
    COMPARISON("gt", Greater, ">"),
    COMPARISON("ge", GreaterEqual, ">="),
    OPERATOR("add", Add, "+"),
    OPERATOR("sub", Subtract, "-"),
    OPERATOR("mul", Multiply, "*"),
    OPERATOR("truediv", TrueDivide, "/"),
    OPERATOR("floordiv", FloorDivide, "//"),
    OPERATOR("mod", Modulo, "%"),
    OPERATOR("divmod", DivMod, " divmod "),
    OPERATOR("lshift", LeftShift, "<<"),
    OPERATOR("rshift", RightShift, ">>"),
    OPERATOR("and", BitAnd, "&"),
    OPERATOR("or", BitOr, "|"),
    OPERATOR("xor", BitXor, "^"),
    {"__pow__(self, value, mod=None, /)", "Return pow(self, value, mod).", bind<int_pow>()},
    {"__rpow__(self, value, mod=None, /)", "Return pow(value, self, mod).", bind<int_rpow>()},
    {"__neg__(self, /)", "-self", bind<int_neg>()},
    {"__pos__(self, /)", "+self", bind<int_plus>()},
    {"__abs__(self, /)", "abs(self)", bind<int_abs>()},
    {"__invert__(self, /)", "~self", bind<int_inverted>()},
    {"__int__(self, /)", "int(self)", bind<int_plus>()},
    {"__index__(self, /)",
     "Return self converted to an integer, if self is suitable for use as an index into a list.",
     bind<int_plus>()},
    {"__float__(self, /)", "float(self)", bind<int_float>()},
    {"__trunc__(self, /)", "Truncating an Integral returns itself.", bind<int_plus>()},
    {"__floor__(self, /)", "Flooring an Integral returns itself.", bind<int_plus>()},
    {"__ceil__(self, /)", "Ceiling of an Integral returns itself.", bind<int_plus>()},
    {"__round__(self, ndigits=<unrepresentable>, /)",
     "Rounding an Integral returns itself.\n\nRounding with an ndigits argument also returns an "
     "integer.",
     bind<int_round>()},
    {"__getnewargs__(self, /)", "", bind<int_getnewargs>()},
    {"__sizeof__(self, /)", "Returns size in memory, in bytes.", bind<int_sizeof>()},
    {"conjugate(self, /)", "Returns self, the complex conjugate of any int.", bind<int_plus>()},
    {"bit_length(self, /)",
     "Number of bits necessary to represent self in binary.\n\n>>> bin(37)\n'0b100101'\n>>> "
     "(37).bit_length()\n6",
     bind<bit_length>()},
    {"bit_count(self, /)",
     "Number of ones in the binary representation of the absolute value of self.\n\n"
     "Also known as the population count.\n\n>>> bin(13)\n'0b1101'\n>>> (13).bit_count()\n3",
     bind<bit_count>()},
    {"to_bytes(self, /, length=1, byteorder='big', *, signed=False)",
     "Return an array of bytes representing an integer.", bind<int_to_bytes>()},
    {"from_bytes(cls, /, bytes, byteorder='big', *, signed=False)",
     "Return the integer represented by the given array of bytes.", bind<int_from_bytes>(),
     NativeFunctionDef::kClassMethod},
    {"as_integer_ratio(self, /)",
     "Return a pair of integers, whose ratio is equal to the original int.", bind<int_as_ratio>()},
    {"is_integer(self, /)",
     "Returns True. Exists for duck type compatibility with float.is_integer.",
     bind<int_is_integer>()},
};
constexpr NativeGetSetDef kIntAttributes[] = {
    {"real", "the real part of a complex number", get_exact},
    {"imag", "the imaginary part of a complex number", get_zero},
    {"numerator", "the numerator of a rational number in lowest terms", get_exact},
    {"denominator", "the denominator of a rational number in lowest terms", get_one},
};

constexpr NativeFunctionDef kBoolMethods[] = {
    {"__new__(cls, *args, **kwargs)", "Create and return a new object.", bind<bool_new>(),
     NativeFunctionDef::kStatic},
    {"__repr__(self, /)", "Return repr(self).", bind<bool_repr>()},
    {"__invert__(self, /)", "~self", bind<bool_inverted>()},
    OPERATOR("and", BitAnd, "&"),
    OPERATOR("or", BitOr, "|"),
    OPERATOR("xor", BitXor, "^"),
};

}  // namespace

extern const NativeTypeDef kIntType = {
    .name = "int",
    .doc =
        "int([x]) -> integer\nint(x, base=10) -> integer\n\n"
        "The integer that x stands for; 0 without arguments. A number goes through its __int__(), "
        "so that a float loses\n"
        "its fraction. A string, bytes or bytearray holds an integer literal in the given base, "
        "with an optional sign and\n"
        "white space around it. Bases are 2 to 36, and 0 to go by the literal's prefix:\n"
        ">>> int('0b100', base=0)\n4",
    .methods = kIntMethods,
    .attributes = kIntAttributes,
    .flags = Type::kCanSubclass,
};

extern const NativeTypeDef kBoolType = {
    .name = "bool",
    .doc =
        "bool(object=False, /)\n--\n\nTrue when the argument is true, else False; there are no "
        "other instances, and\n"
        "the class cannot be subclassed.",
    .methods = kBoolMethods,
};

}  // namespace apy
