// The type float.
#include <cmath>

#include "vm/binding/bind.h"
#include "vm/objects/bigint.h"
#include "vm/objects/class_checks.h"
#include "vm/objects/codec.h"
#include "vm/objects/float.h"
#include "vm/objects/format.h"
#include "vm/objects/number_receiver.h"
#include "vm/objects/protocol.h"
#include "vm/objects/text.h"
#include "vm/objects/units.h"
#include "vm/objects/warning.h"

namespace apy {

Result<Type*> new_receiver(VM& vm, const Arguments& arguments, BuiltinType base) {
  Type* expected = vm.type(base);
  if (arguments.positional_count == 0)
    return vm.raise(Exc::TypeError, "{}.__new__(): not enough arguments", expected);
  Type* cls = try_as<Type>(arguments.values[0]);
  if (!cls)
    return vm.raise(Exc::TypeError, "{}.__new__(X): X is not a type object ({})", expected,
                    vm.type_of(arguments.values[0]));
  if (cls == expected) return cls;
  if (!cls->is_subtype_of(expected))
    return vm.raise(Exc::TypeError, "{}.__new__({}): {} is not a subtype of {}", expected, cls, cls,
                    expected);
  if (cls->builtin != base)
    return vm.raise(Exc::TypeError, "{}.__new__({}) is not safe, use {}.__new__()", expected, cls,
                    vm.type(cls->builtin));
  return cls;
}

Result<Value> check_int(VM& vm, Value v) {
  if (is_int(v)) return v;
  return vm.raise(Exc::TypeError, "descriptor requires a 'int' object but received a '{}'",
                  vm.type_of(v));
}

Result<Value> float_to_int(VM& vm, double d) {
  if (std::isnan(d)) return vm.raise(Exc::ValueError, "cannot convert float NaN to integer");
  if (std::isinf(d))
    return vm.raise(Exc::OverflowError, "cannot convert float infinity to integer");
  return int_from_double(vm, d);
}

namespace {

// --- construction ---

Result<Value> float_from(VM& vm, Value v) {
  if (v.is_inline_float() || is_exact(v, BuiltinType::Float)) return v;
  // A subclass of str may have a __float__.
  bool has_float = v.is_cell() && (vm.type_of(v)->flags & Type::kHeapType) &&
                   !type_special(vm, vm.type_of(v), Special::Float).is_empty();
  if (is_text(v) && !has_float) return make_float(vm, TRY(float_from_text(vm, v)));
  std::string_view bytes;
  if (get_bytes(v, &bytes))
    return make_float(vm, TRY(float_from_text(vm, TRY(make_bytes(vm, bytes)))));
  Type* type = vm.type_of(v);
  if (!is_float(v) && !is_int(v) && type_special(vm, type, Special::Float).is_empty() &&
      type_special(vm, type, Special::Index).is_empty())
    return vm.raise(Exc::TypeError, "float() argument must be a string or a real number, not '{}'",
                    type);
  if (type->flags & Type::kHeapType) {
    // A subclass may define __float__ itself.
    bool found;
    Value result = TRY(vm.call_special(v, Special::Float, {}, &found));
    if (found && is_float(result)) {
      TRY(warn_strict_subclass(vm, to_utf8(type->name) + ".__float__", BuiltinType::Float, result));
      return make_float(vm, as_float(result));
    }
    if (found)
      return vm.raise(Exc::TypeError, "{}.__float__ returned non-float (type {})", type,
                      vm.type_of(result));
  }
  return make_float(vm, TRY(to_double(vm, v)));
}

Result<Value> float_new(VM& vm, const Arguments& arguments) {
  Type* cls = TRY(new_receiver(vm, arguments, BuiltinType::Float));
  bool exact = cls == vm.type(BuiltinType::Float);
  TRY(check_no_keywords(vm, arguments, cls, BuiltinType::Float, Special::Init));
  uint32_t count = arguments.positional_count - 1;
  if (count > 1)
    return vm.raise(Exc::TypeError, "float expected at most 1 argument, got {}", count);
  Value result = count ? TRY(float_from(vm, arguments.values[1])) : TRY(make_float(vm, 0.0));
  if (exact) return result;
  auto* cell = static_cast<FloatCell*>(TRY(allocate_instance(vm, cls)));
  cell->value = as_float(result);
  return cell;
}

// --- operators ---

bool is_real_operand(Value v) { return is_float(v) || is_int(v); }

template <BinaryOp op>
Result<Value> float_operator(VM& vm, FloatReceiver self, Value other) {
  if (!is_real_operand(other)) return Value::not_implemented();
  return number_binary(vm, op, self.object, other);
}
template <BinaryOp op>
Result<Value> float_reflected(VM& vm, FloatReceiver self, Value other) {
  if (!is_real_operand(other)) return Value::not_implemented();
  return number_binary(vm, op, other, self.object);
}
template <CompareOp op>
Result<Value> float_compare(VM& vm, FloatReceiver self, Value other) {
  if (!is_real_operand(other)) return Value::not_implemented();
  return number_compare(vm, op, self.object, other);
}
Result<Value> float_pow(VM& vm, FloatReceiver self, Value exponent, Optional<Value> modulus) {
  if (modulus.present && !modulus.value.is_none())
    return vm.raise(Exc::TypeError,
                    "pow() 3rd argument not allowed unless all arguments are integers");
  return float_operator<BinaryOp::Power>(vm, self, exponent);
}
Result<Value> float_rpow(VM& vm, FloatReceiver self, Value base, Optional<Value> modulus) {
  if (modulus.present && !modulus.value.is_none())
    return vm.raise(Exc::TypeError,
                    "pow() 3rd argument not allowed unless all arguments are integers");
  return float_reflected<BinaryOp::Power>(vm, self, base);
}

Result<double> float_neg(VM&, FloatReceiver self) { return -self.value; }
Result<double> float_plus(VM&, FloatReceiver self) { return self.value; }
Result<double> float_abs(VM&, FloatReceiver self) { return std::fabs(self.value); }
Result<bool> float_bool(VM&, FloatReceiver self) { return self.value != 0; }
Result<Value> float_hash(VM& vm, FloatReceiver self) {
  return make_int(vm, number_hash(self.object));
}
Result<Str*> float_repr_method(VM& vm, FloatReceiver self) {
  return make_str_latin1(vm, float_repr(self.value));
}

Result<Value> float_format(VM& vm, FloatReceiver self, Str* spec) {
  if (spec->length == 0) return str_of(vm, self.object);
  return format_float(vm, self.object, spec);
}

// --- rounding ---

Result<Value> float_trunc(VM& vm, FloatReceiver self) { return float_to_int(vm, self.value); }
Result<Value> float_floor(VM& vm, FloatReceiver self) {
  return float_to_int(vm, std::floor(self.value));
}
Result<Value> float_ceil(VM& vm, FloatReceiver self) {
  return float_to_int(vm, std::ceil(self.value));
}

Result<Value> float_round_method(VM& vm, FloatReceiver self, Optional<Value> digits) {
  if (!digits.present || digits.value.is_none())
    return float_to_int(vm, std::nearbyint(self.value));
  int64_t places = TRY(to_int64_clamped(vm, digits.value));
  double rounded = float_round(self.value, places);
  if (std::isinf(rounded) && std::isfinite(self.value))
    return vm.raise(Exc::OverflowError, "rounded value too large to represent");
  return make_float(vm, rounded);
}

// --- other methods ---

Result<bool> float_is_integer(VM&, FloatReceiver self) {
  return std::isfinite(self.value) && std::floor(self.value) == self.value;
}

Result<Value> float_as_ratio(VM& vm, FloatReceiver self) {
  double d = self.value;
  if (std::isnan(d)) return vm.raise(Exc::ValueError, "cannot convert NaN to integer ratio");
  if (std::isinf(d))
    return vm.raise(Exc::OverflowError, "cannot convert Infinity to integer ratio");
  int exponent;
  auto mantissa = static_cast<int64_t>(std::ldexp(std::frexp(d, &exponent), 53));
  exponent -= 53;
  if (mantissa == 0) exponent = 0;
  int zeros = mantissa ? std::countr_zero(static_cast<uint64_t>(mantissa)) : 0;
  mantissa >>= zeros;
  exponent += zeros;
  Value one = Value::small_int(1);
  Value pair[2] = {Value::small_int(mantissa), one};
  if (exponent > 0)
    pair[0] = TRY(int_shift_left(vm, pair[0], Value::small_int(exponent)));
  else
    pair[1] = TRY(int_shift_left(vm, one, Value::small_int(-exponent)));
  return make_tuple(vm, pair);
}

Result<Value> float_getnewargs(VM& vm, FloatReceiver self) {
  Value value = TRY(make_float(vm, self.value));
  return make_tuple(vm, {&value, 1});
}

Result<Str*> float_getformat(VM& vm, Type*, Str* kind) {
  if (str_equal(kind, "double") || str_equal(kind, "float"))
    return make_str(vm, "IEEE, little-endian");
  return vm.raise(Exc::ValueError, "__getformat__() argument 1 must be 'double' or 'float'");
}

// --- hexadecimal text ---

Result<Str*> float_hex(VM& vm, FloatReceiver self) {
  double d = self.value;
  if (!std::isfinite(d)) return make_str_latin1(vm, float_repr(d));
  std::string text = std::signbit(d) ? "-0x" : "0x";
  d = std::fabs(d);
  if (d == 0) return make_str_latin1(vm, text + "0.0p+0");
  int exponent;
  double fraction = std::frexp(d, &exponent);
  // One digit before the point; denormals keep the smallest exponent.
  int shift = 1 - std::max(-1021 - exponent, 0);
  auto bits = static_cast<uint64_t>(std::ldexp(fraction, shift + 52));
  exponent -= shift;
  text += static_cast<char>('0' + (bits >> 52));
  text += '.';
  for (int i = 48; i >= 0; i -= 4) text += "0123456789abcdef"[bits >> i & 15];
  text += exponent < 0 ? "p-" : "p+";
  return make_str_latin1(vm, text + std::to_string(std::abs(exponent)));
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c |= 0x20;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

enum class HexOutcome { Good, Bad, TooLarge };

/// "p[+-]digits" at *at; the exponent clamped to what matters.
bool scan_hex_exponent(std::string_view text, size_t* at, int64_t* exponent) {
  ++*at;
  bool negative = false;
  if (*at < text.size() && (text[*at] == '+' || text[*at] == '-')) negative = text[(*at)++] == '-';
  size_t begin = *at;
  for (; *at < text.size() && text[*at] >= '0' && text[*at] <= '9'; ++*at)
    *exponent = std::min<int64_t>(*exponent * 10 + (text[*at] - '0'), int64_t{1} << 50);
  if (negative) *exponent = -*exponent;
  return *at > begin;
}

/// The number after sign and white space are gone.
HexOutcome scan_hex(std::string_view text, double* out) {
  if (text.size() >= 2 && text[0] == '0' && (text[1] | 0x20) == 'x') text.remove_prefix(2);
  uint64_t mantissa = 0;
  int64_t exponent = 0;  // of the mantissa's lowest bit
  size_t digits = 0, at = 0;
  bool point = false;
  for (; at < text.size(); ++at) {
    if (text[at] == '.' && !point) {
      point = true;
      continue;
    }
    int value = hex_value(text[at]);
    if (value < 0) break;
    ++digits;
    if (mantissa >> 59 == 0) {
      mantissa = mantissa << 4 | static_cast<uint64_t>(value);
    } else {
      mantissa |= value != 0;  // beyond the precision: only whether it is zero counts
      exponent += 4;
    }
    if (point) exponent -= 4;
  }
  if (digits == 0) return HexOutcome::Bad;
  int64_t power = 0;
  if (at < text.size() && (text[at] | 0x20) == 'p' && !scan_hex_exponent(text, &at, &power))
    return HexOutcome::Bad;
  if (at != text.size()) return HexOutcome::Bad;
  *out = round_to_double(mantissa, exponent + power);
  return std::isinf(*out) ? HexOutcome::TooLarge : HexOutcome::Good;
}

Result<Value> float_fromhex(VM& vm, Type* cls, Value argument) {
  Str* string = try_as<Str>(argument);
  if (!string) return vm.raise(Exc::TypeError, "bad argument type for built-in operation");
  if (!string->is_ascii()) {
    TRY(encode_text(vm, string, "utf-8", "strict"));  // a surrogate fails by itself
    return vm.raise(Exc::ValueError, "invalid hexadecimal floating-point string");
  }
  std::string storage = to_utf8(string);
  std::string_view text = storage;
  while (!text.empty() && is_ascii_space(static_cast<uint8_t>(text.front()))) text.remove_prefix(1);
  while (!text.empty() && is_ascii_space(static_cast<uint8_t>(text.back()))) text.remove_suffix(1);
  size_t sign = !text.empty() && (text[0] == '+' || text[0] == '-');
  double d = 0;
  std::string_view unsigned_text = text.substr(sign);
  bool is_word = !unsigned_text.empty() &&
                 ((unsigned_text[0] | 0x20) == 'i' || (unsigned_text[0] | 0x20) == 'n');
  HexOutcome outcome = HexOutcome::Bad;
  if (is_word) {
    size_t length;
    d = scan_float_prefix(unsigned_text, &length);
    if (length == unsigned_text.size()) outcome = HexOutcome::Good;
  } else {
    outcome = scan_hex(unsigned_text, &d);
  }
  if (outcome == HexOutcome::Bad)
    return vm.raise(Exc::ValueError, "invalid hexadecimal floating-point string");
  if (outcome == HexOutcome::TooLarge)
    return vm.raise(Exc::OverflowError, "hexadecimal value too large to represent as a float");
  Value result = TRY(make_float(vm, sign && text[0] == '-' ? -d : d));
  if (cls == vm.type(BuiltinType::Float)) return result;
  return vm.call(cls, {result});
}

Result<Value> get_real(VM& vm, Value self) { return make_float(vm, as_float(self)); }
Result<Value> get_imaginary(VM& vm, Value) { return make_float(vm, 0.0); }

#define OPERATOR(name, Op, symbol)                                  \
  {"__" name "__(self, value, /)", "Return self" symbol "value.",   \
   bind<float_operator<BinaryOp::Op>>()},                           \
  {                                                                 \
    "__r" name "__(self, value, /)", "Return value" symbol "self.", \
        bind<float_reflected<BinaryOp::Op>>()                       \
  }
#define COMPARISON(name, Op, symbol)                               \
  {                                                                \
    "__" name "__(self, value, /)", "Return self" symbol "value.", \
        bind<float_compare<CompareOp::Op>>()                       \
  }

constexpr NativeFunctionDef kFloatMethods[] = {
    {"__new__(cls, *args, **kwargs)", "Create and return a new object.", bind<float_new>(),
     NativeFunctionDef::kStatic},
    {"__repr__(self, /)", "Return repr(self).", bind<float_repr_method>()},
    {"__format__(self, format_spec, /)", "Formats the float according to format_spec.",
     bind<float_format>()},
    {"__hash__(self, /)", "Return hash(self).", bind<float_hash>()},
    {"__bool__(self, /)", "True if self else False", bind<float_bool>()},
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
    {"__pow__(self, value, mod=None, /)", "Return pow(self, value, mod).", bind<float_pow>()},
    {"__rpow__(self, value, mod=None, /)", "Return pow(value, self, mod).", bind<float_rpow>()},
    {"__neg__(self, /)", "-self", bind<float_neg>()},
    {"__pos__(self, /)", "+self", bind<float_plus>()},
    {"__abs__(self, /)", "abs(self)", bind<float_abs>()},
    {"__int__(self, /)", "int(self)", bind<float_trunc>()},
    {"__float__(self, /)", "float(self)", bind<float_plus>()},
    {"__trunc__(self, /)", "Return the Integral closest to x between 0 and x.",
     bind<float_trunc>()},
    {"__floor__(self, /)", "Return the floor as an Integral.", bind<float_floor>()},
    {"__ceil__(self, /)", "Return the ceiling as an Integral.", bind<float_ceil>()},
    {"__round__(self, ndigits=None, /)",
     "Return the Integral closest to x, rounding half toward even.\n\n"
     "When an argument is passed, work like built-in round(x, ndigits).",
     bind<float_round_method>()},
    {"__getnewargs__(self, /)", "", bind<float_getnewargs>()},
    {"__getformat__(cls, typestr, /)", "How a C type is stored on this machine.",
     bind<float_getformat>(), NativeFunctionDef::kClassMethod},
    {"conjugate(self, /)", "Return self, the complex conjugate of any float.", bind<float_plus>()},
    {"is_integer(self, /)", "Return True if the float is an integer.", bind<float_is_integer>()},
    {"as_integer_ratio(self, /)",
     "Return a pair of integers, whose ratio is exactly equal to the original float.",
     bind<float_as_ratio>()},
    {"hex(self, /)", "Return a hexadecimal representation of a floating-point number.",
     bind<float_hex>()},
    {"fromhex(cls, string, /)", "Create a floating-point number from a hexadecimal string.",
     bind<float_fromhex>(), NativeFunctionDef::kClassMethod},
};
constexpr NativeGetSetDef kFloatAttributes[] = {
    {"real", "the real part of a complex number", get_real},
    {"imag", "the imaginary part of a complex number", get_imaginary},
};

}  // namespace

extern const NativeTypeDef kFloatType = {
    .name = "float",
    .doc =
        "float(x=0, /)\n--\n\nConvert a string or number to a floating-point number, if possible.",
    .methods = kFloatMethods,
    .attributes = kFloatAttributes,
    .flags = Type::kCanSubclass,
};

}  // namespace apy
