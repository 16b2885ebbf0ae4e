// The type complex.
#include <cmath>

#include "vm/binding/bind.h"
#include "vm/objects/bigint.h"
#include "vm/objects/complex.h"
#include "vm/objects/float.h"
#include "vm/objects/format.h"
#include "vm/objects/indexing.h"
#include "vm/objects/number_receiver.h"
#include "vm/objects/protocol.h"
#include "vm/objects/units.h"

namespace apy {

namespace {

// --- construction ---

/// "[real][+-imaginary j]" without white space or parentheses.
std::optional<ComplexNumber> scan_parts(std::string_view text) {
  ComplexNumber z;
  size_t length;
  double first = scan_float_prefix(text, &length);
  auto is_j = [](std::string_view s) { return s == "j" || s == "J"; };
  if (length == 0) {
    // A lone j, perhaps with a sign.
    size_t sign = !text.empty() && (text[0] == '+' || text[0] == '-');
    if (!is_j(text.substr(sign))) return std::nullopt;
    z.imaginary = sign && text[0] == '-' ? -1 : 1;
    return z;
  }
  std::string_view rest = text.substr(length);
  if (rest.empty()) {
    z.real = first;
    return z;
  }
  if (is_j(rest)) {
    z.imaginary = first;
    return z;
  }
  if (rest[0] != '+' && rest[0] != '-') return std::nullopt;
  z.real = first;
  z.imaginary = scan_float_prefix(rest, &length);
  if (length == 0) {
    z.imaginary = rest[0] == '-' ? -1 : 1;
    length = 1;
  }
  if (!is_j(rest.substr(length))) return std::nullopt;
  return z;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Takes the underscores out; false when one is not between digits.
bool remove_underscores(std::string* text) {
  std::string plain;
  for (size_t i = 0; i < text->size(); ++i) {
    if ((*text)[i] != '_')
      plain += (*text)[i];
    else if (i == 0 || i + 1 == text->size() || !is_digit((*text)[i - 1]) ||
             !is_digit((*text)[i + 1]))
      return false;
  }
  *text = plain;
  return true;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_ascii_space(static_cast<uint8_t>(text.front()))) text.remove_prefix(1);
  while (!text.empty() && is_ascii_space(static_cast<uint8_t>(text.back()))) text.remove_suffix(1);
  return text;
}

Result<ComplexNumber> complex_from_text(VM& vm, Str* string) {
  std::string storage = ascii_numeral(string);
  if (remove_underscores(&storage)) {
    std::string_view text = trimmed(storage);
    bool closed = true;
    if (!text.empty() && text[0] == '(') {
      closed = text.size() > 1 && text.back() == ')';
      text = closed ? trimmed(text.substr(1, text.size() - 2)) : text;
    }
    if (closed)
      if (auto z = scan_parts(text)) return *z;
  }
  return vm.raise(Exc::ValueError, "complex() arg is a malformed string");
}

/// One argument of complex(): TypeErrors name its place.
Result<ComplexNumber> component(VM& vm, Value v, bool second) {
  ComplexNumber z;
  Type* type = vm.type_of(v);
  if (!second && is_kind(v, CellKind::Complex) && (type->flags & Type::kHeapType)) {
    // A subclass may have a __complex__ of its own.
    bool found;
    Value made = TRY(vm.call_special(v, Special::Complex, {}, &found));
    if (found && !is_kind(made, CellKind::Complex))
      return vm.raise(Exc::TypeError, "__complex__ returned non-complex (type {})",
                      vm.type_of(made));
    if (found) v = made;
  }
  if (TRY(complex_from_number(vm, v, &z))) return z;
  bool convertible = !type_special(vm, type, Special::Float).is_empty() ||
                     !type_special(vm, type, Special::Index).is_empty() ||
                     (!second && !type_special(vm, type, Special::Complex).is_empty());
  if (!convertible)
    return second
               ? vm.raise(Exc::TypeError, "complex() second argument must be a number, not '{}'",
                          type)
               : vm.raise(Exc::TypeError,
                          "complex() first argument must be a string or a number, not '{}'", type);
  if (!second) return to_complex(vm, v);
  return ComplexNumber{TRY(to_double(vm, v)), 0};
}

Result<Value> complex_of_class(VM& vm, Type* cls, ComplexNumber z) {
  if (cls == vm.type(BuiltinType::Complex)) return make_complex(vm, z);
  auto* cell = static_cast<Complex*>(TRY(allocate_instance(vm, cls)));
  cell->real = z.real;
  cell->imaginary = z.imaginary;
  return cell;
}

/// real= and imag= by position or keyword.
Result<void> complex_arguments(VM& vm, const Arguments& arguments, Value* real, Value* imaginary) {
  uint32_t count = arguments.positional_count - 1;
  if (count + arguments.keyword_count() > 2)
    return vm.raise(Exc::TypeError, "complex() takes at most 2 arguments ({} given)",
                    count + arguments.keyword_count());
  if (count > 0) *real = arguments.values[1];
  if (count > 1) *imaginary = arguments.values[2];
  for (uint32_t i = 0; i < arguments.keyword_count(); ++i) {
    const Str* name = as<Str>(arguments.keyword_names->values()[i]);
    bool is_real = str_equal(name, "real");
    if (!is_real && !str_equal(name, "imag"))
      return vm.raise(Exc::TypeError, "complex() got an unexpected keyword argument '{}'", name);
    Value* slot = is_real ? real : imaginary;
    if (!slot->is_empty())
      return vm.raise(Exc::TypeError,
                      "argument for complex() given by name ('{}') and position ({})", name,
                      is_real ? 1 : 2);
    *slot = arguments.keyword_values()[i];
  }
  return {};
}

Result<Value> complex_new(VM& vm, const Arguments& arguments) {
  Type* cls = TRY(new_receiver(vm, arguments, BuiltinType::Complex));
  Value real, imaginary;
  TRY(complex_arguments(vm, arguments, &real, &imaginary));
  bool exact = cls == vm.type(BuiltinType::Complex);
  if (exact && imaginary.is_empty() && !real.is_empty() && is_exact(real, BuiltinType::Complex))
    return real;
  if (!real.is_empty()) {
    if (Str* text = try_as<Str>(real)) {
      if (!imaginary.is_empty())
        return vm.raise(Exc::TypeError, "complex() can't take second arg if first is a string");
      return complex_of_class(vm, cls, TRY(complex_from_text(vm, text)));
    }
  }
  if (!imaginary.is_empty() && is_kind(imaginary, CellKind::Str))
    return vm.raise(Exc::TypeError, "complex() second arg can't be a string");
  ComplexNumber z;
  if (!real.is_empty()) z = TRY(component(vm, real, false));
  if (imaginary.is_empty()) return complex_of_class(vm, cls, z);
  // Two complex arguments a, b mean a + b*1j.
  ComplexNumber second = TRY(component(vm, imaginary, true));
  if (is_kind(imaginary, CellKind::Complex)) z.real -= second.imaginary;
  bool real_is_complex =
      !real.is_empty() && (is_kind(real, CellKind::Complex) ||
                           !type_special(vm, vm.type_of(real), Special::Complex).is_empty());
  z.imaginary = real_is_complex ? z.imaginary + second.real : second.real;
  return complex_of_class(vm, cls, z);
}

// --- operators ---

bool is_operand(Value v) { return is_kind(v, CellKind::Complex) || is_float(v) || is_int(v); }

template <BinaryOp op>
Result<Value> complex_operator(VM& vm, Complex* self, Value other) {
  if (!is_operand(other)) return Value::not_implemented();
  return number_binary(vm, op, self, other);
}
template <BinaryOp op>
Result<Value> complex_reflected(VM& vm, Complex* self, Value other) {
  if (!is_operand(other)) return Value::not_implemented();
  return number_binary(vm, op, other, self);
}
Result<Value> complex_pow(VM& vm, Complex* self, Value other, Optional<Value> modulus) {
  if (modulus.present && !modulus.value.is_none())
    return vm.raise(Exc::ValueError, "complex modulo");
  return complex_operator<BinaryOp::Power>(vm, self, other);
}
Result<Value> complex_rpow(VM& vm, Complex* self, Value other, Optional<Value> modulus) {
  if (modulus.present && !modulus.value.is_none())
    return vm.raise(Exc::ValueError, "complex modulo");
  return complex_reflected<BinaryOp::Power>(vm, self, other);
}
template <CompareOp op>
Result<Value> complex_compare(VM& vm, Complex* self, Value other) {
  return number_compare(vm, op, self, other);
}

Result<Value> complex_neg(VM& vm, Complex* self) {
  return make_complex(vm, {-self->real, -self->imaginary});
}
Result<Value> complex_plus(VM& vm, Complex* self) {
  return make_complex(vm, {self->real, self->imaginary});
}
Result<Value> complex_conjugate(VM& vm, Complex* self) {
  return make_complex(vm, {self->real, -self->imaginary});
}
Result<double> complex_abs(VM& vm, Complex* self) {
  double length = std::hypot(self->real, self->imaginary);
  if (std::isinf(length) && std::isfinite(self->real) && std::isfinite(self->imaginary))
    return vm.raise(Exc::OverflowError, "absolute value too large");
  return length;
}
Result<bool> complex_bool(VM&, Complex* self) { return self->real != 0 || self->imaginary != 0; }
Result<Value> complex_hash_method(VM& vm, Complex* self) {
  return make_int(vm, complex_hash(self));
}
Result<Str*> complex_repr_method(VM& vm, Complex* self) {
  return make_str_latin1(vm, complex_repr({self->real, self->imaginary}));
}
Result<Value> complex_format(VM& vm, Complex* self, Str* spec) {
  if (spec->length == 0) return str_of(vm, self);
  return format_complex(vm, self, spec);
}
Result<Value> complex_getnewargs(VM& vm, Complex* self) {
  Value pair[2] = {TRY(make_float(vm, self->real)), TRY(make_float(vm, self->imaginary))};
  return make_tuple(vm, pair);
}

Result<Value> get_real(VM& vm, Value self) { return make_float(vm, as<Complex>(self)->real); }
Result<Value> get_imaginary(VM& vm, Value self) {
  return make_float(vm, as<Complex>(self)->imaginary);
}

#define OPERATOR(name, Op, symbol)                                  \
  {"__" name "__(self, value, /)", "Return self" symbol "value.",   \
   bind<complex_operator<BinaryOp::Op>>()},                         \
  {                                                                 \
    "__r" name "__(self, value, /)", "Return value" symbol "self.", \
        bind<complex_reflected<BinaryOp::Op>>()                     \
  }
#define COMPARISON(name, Op, symbol)                               \
  {                                                                \
    "__" name "__(self, value, /)", "Return self" symbol "value.", \
        bind<complex_compare<CompareOp::Op>>()                     \
  }

constexpr NativeFunctionDef kComplexMethods[] = {
    {"__new__(cls, *args, **kwargs)", "Create and return a new object.", bind<complex_new>(),
     NativeFunctionDef::kStatic},
    {"__repr__(self, /)", "Return repr(self).", bind<complex_repr_method>()},
    {"__format__(self, format_spec, /)", "Convert to a string according to format_spec.",
     bind<complex_format>()},
    {"__hash__(self, /)", "Return hash(self).", bind<complex_hash_method>()},
    {"__bool__(self, /)", "True if self else False", bind<complex_bool>()},
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
    {"__pow__(self, value, mod=None, /)", "Return pow(self, value, mod).", bind<complex_pow>()},
    {"__rpow__(self, value, mod=None, /)", "Return pow(value, self, mod).", bind<complex_rpow>()},
    {"__neg__(self, /)", "-self", bind<complex_neg>()},
    {"__pos__(self, /)", "+self", bind<complex_plus>()},
    {"__abs__(self, /)", "abs(self)", bind<complex_abs>()},
    {"__complex__(self, /)", "Convert this value to exact type complex.", bind<complex_plus>()},
    {"__getnewargs__(self, /)", "", bind<complex_getnewargs>()},
    {"conjugate(self, /)",
     "Return the complex conjugate of its argument. (3-4j).conjugate() == 3+4j.",
     bind<complex_conjugate>()},
};
constexpr NativeGetSetDef kComplexAttributes[] = {
    {"real", "the real part of a complex number", get_real, readonly_member},
    {"imag", "the imaginary part of a complex number", get_imaginary, readonly_member},
};

}  // namespace

extern const NativeTypeDef kComplexType = {
    .name = "complex",
    .doc =
        "complex(real=0, imag=0)\n--\n\nMake a complex number from a string or from its real and "
        "imaginary parts.",
    .methods = kComplexMethods,
    .attributes = kComplexAttributes,
    .flags = Type::kCanSubclass,
};

}  // namespace apy
