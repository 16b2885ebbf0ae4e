// The module builtins: functions on values. Those that need the compiler or frames are in
// builtins_code.cpp, printing and reading in builtins_io.cpp.
#include <cmath>
#include <cstdio>

#include "stdlib/builtins.h"
#include "stdlib/native_iterator.h"
#include "vm/binding/bind.h"
#include "vm/interpreter/import.h"
#include "vm/objects/iterators.h"
#include "vm/objects/memoryview.h"
#include "vm/objects/set.h"

namespace apy {

namespace {

Result<Value> builtin_abs(VM& vm, Value x) {
  if (x.is_small_int()) return make_int(vm, std::abs(x.as_small_int()));
  if (is_float(x)) return make_float(vm, std::fabs(as_float(x)));
  bool found;
  auto result = vm.call_special(x, Special::Absolute, {}, &found);
  if (!found) return vm.raise(Exc::TypeError, "bad operand type for abs(): '{}'", vm.type_of(x));
  return result;
}

Result<bool> builtin_all(VM& vm, Value iterable) {
  bool all = true;
  TRY(for_each(vm, iterable,
               [&](Value item) -> Result<bool> { return all = TRY(is_truthy(vm, item)); }));
  return all;
}

Result<bool> builtin_any(VM& vm, Value iterable) {
  bool any = false;
  TRY(for_each(vm, iterable, [&](Value item) -> Result<bool> {
    any = TRY(is_truthy(vm, item));
    return !any;
  }));
  return any;
}

Result<Str*> builtin_ascii(VM& vm, Value object) { return ascii_of(vm, object); }

Result<Value> in_base(VM& vm, Value number, int base, const char* prefix) {
  Value integer = TRY(to_index(vm, number));
  std::string digits = TRY(int_to_string(vm, integer, base));
  bool negative = !digits.empty() && digits[0] == '-';
  return make_str(vm, (negative ? "-" : "") + std::string(prefix) + digits.substr(negative));
}
Result<Value> builtin_bin(VM& vm, Value number) { return in_base(vm, number, 2, "0b"); }
Result<Value> builtin_oct(VM& vm, Value number) { return in_base(vm, number, 8, "0o"); }
Result<Value> builtin_hex(VM& vm, Value number) { return in_base(vm, number, 16, "0x"); }

Result<bool> builtin_callable(VM& vm, Value object) { return is_callable(vm, object); }

Result<Value> builtin_chr(VM& vm, Value number) {
  Value integer = TRY(to_index(vm, number));
  int64_t code;
  if (!fits_int64(integer, &code) || code < 0 || code > 0x10FFFF)
    return vm.raise(Exc::ValueError, "chr() arg not in range(0x110000)");
  return make_str_char(vm, static_cast<uint32_t>(code));
}

Result<int64_t> builtin_ord(VM& vm, Value c) {
  uint64_t length;
  if (Str* text = try_as<Str>(c)) {
    if (text->length == 1) return text->at(0);
    length = text->length;
  } else if (Bytes* bytes = try_as<Bytes>(c)) {
    if (bytes->length == 1) return bytes->data()[0];
    length = bytes->length;
  } else if (ByteArray* array = try_as<ByteArray>(c)) {
    if (array->length == 1) return array->storage->data()[0];
    length = array->length;
  } else {
    return vm.raise(Exc::TypeError, "ord() expected string of length 1, but {} found",
                    vm.type_of(c));
  }
  return vm.raise(Exc::TypeError, "ord() expected a character, but string of length {} found",
                  length);
}

Result<Value> builtin_divmod(VM& vm, Value x, Value y) {
  return binary_operation(vm, BinaryOp::DivMod, x, y);
}

Result<Str*> attribute_name(VM& vm, Value name) {
  if (Str* text = try_as<Str>(name)) return intern(vm, text);
  return vm.raise(Exc::TypeError, "attribute name must be string, not '{}'", vm.type_of(name));
}

Result<Value> builtin_getattr(VM& vm, Value object, Value name, Optional<Value> fallback) {
  Str* text = TRY(attribute_name(vm, name));
  if (!fallback.present) return get_attribute(vm, object, text);
  Value value;
  return TRY(get_attribute_optional(vm, object, text, &value)) ? value : fallback.value;
}
Result<bool> builtin_hasattr(VM& vm, Value object, Value name) {
  Value value;
  return get_attribute_optional(vm, object, TRY(attribute_name(vm, name)), &value);
}
Result<void> builtin_setattr(VM& vm, Value object, Value name, Value value) {
  return set_attribute(vm, object, TRY(attribute_name(vm, name)), value);
}
Result<void> builtin_delattr(VM& vm, Value object, Value name) {
  return delete_attribute(vm, object, TRY(attribute_name(vm, name)));
}

Result<Value> builtin_format(VM& vm, Value value, Optional<Str*> spec) {
  return format_value(vm, value, spec.present ? Value(spec.value) : Value(vm.names().empty));
}
Result<int64_t> builtin_hash(VM& vm, Value object) { return hash_value(vm, object); }
Result<Value> builtin_id(VM& vm, Value object) { return make_int_unsigned(vm, object.bits()); }
Result<bool> builtin_isinstance(VM& vm, Value object, Value cls) {
  return is_instance_of(vm, object, cls);
}
Result<bool> builtin_issubclass(VM& vm, Value cls, Value base) {
  return is_subclass_of(vm, cls, base);
}

Result<Value> builtin_iter(VM& vm, Value object, Optional<Value> sentinel) {
  if (!sentinel.present) return get_iterator(vm, object);
  if (!TRY(is_callable(vm, object)))
    return vm.raise(Exc::TypeError, "iter(v, w): v must be callable");
  return vm.make_record(BuiltinType::CallableIterator, {object, sentinel.value});
}

/// Iterators whose end carries no value, of types that no script can derive from.
bool is_plain_iterator(Value iterator) {
  if (!iterator.is_cell()) return false;
  switch (iterator.cell()->shape) {
    case shape_of(BuiltinType::ListIterator):
    case shape_of(BuiltinType::TupleIterator):
    case shape_of(BuiltinType::RangeIterator):
    case shape_of(BuiltinType::DictKeyIterator):
    case shape_of(BuiltinType::DictValueIterator):
    case shape_of(BuiltinType::DictItemIterator):
    case shape_of(BuiltinType::SetIterator):
    case shape_of(BuiltinType::StrIterator):
    case shape_of(BuiltinType::StrAsciiIterator):
    case shape_of(BuiltinType::BytesIterator):
      return true;
    default:
      return false;
  }
}

Result<Value> builtin_next(VM& vm, Value iterator, Optional<Value> fallback) {
  if (is_plain_iterator(iterator)) {
    Value item;
    if (TRY(iterator_next(vm, iterator, &item))) return item;
    if (fallback.present) return fallback.value;
    return stop_iteration(vm);
  }
  bool found;
  auto next = vm.call_special(iterator, Special::Next, {}, &found);
  if (!found)
    return vm.raise(Exc::TypeError, "'{}' object is not an iterator", vm.type_of(iterator));
  if (next.is_error() && fallback.present && vm.catch_pending(Exc::StopIteration))
    return fallback.value;
  return next;
}

Result<int64_t> builtin_len(VM& vm, Value object) { return length_of(vm, object); }

/// min and max: `better` is the comparison that makes the new item win.
Result<Value> extreme(VM& vm, const Arguments& arguments, CompareOp better, const char* name) {
  if (arguments.positional_count == 0)
    return vm.raise(Exc::TypeError, "{} expected at least 1 argument, got 0", name);
  Value key = Value::none(), fallback;
  for (uint32_t i = 0; i < arguments.keyword_count(); ++i) {
    Str* keyword = as<Str>(arguments.keyword_names->values()[i]);
    if (keyword == vm.names().key) {
      key = arguments.keyword_values()[i];
    } else if (keyword == vm.names().default_) {
      fallback = arguments.keyword_values()[i];
    } else {
      return vm.raise(Exc::TypeError, "{}() got an unexpected keyword argument '{}'", name,
                      keyword);
    }
  }
  bool several = arguments.positional_count > 1;
  if (several && !fallback.is_empty()) {
    return vm.raise(Exc::TypeError,
                    "Cannot specify a default for {}() with multiple positional arguments", name);
  }
  Value best, best_key;
  auto consider = [&](Value item) -> Result<bool> {
    if (Value::both_small_int(item, best) && key.is_none()) {
      int64_t x = item.as_small_int(), y = best.as_small_int();
      if (better == CompareOp::Less ? x < y : x > y) best = best_key = item;
      return true;
    }
    Value item_key = key.is_none() ? item : TRY(vm.call(key, {item}));
    if (best.is_empty() || TRY(compare_bool(vm, better, item_key, best_key))) {
      best = item;
      best_key = item_key;
    }
    return true;
  };
  if (several) {
    for (Value item : arguments.positional()) TRY(consider(item));
  } else {
    TRY(for_each(vm, arguments.values[0], consider));
  }
  if (!best.is_empty()) return best;
  if (!fallback.is_empty()) return fallback;
  return vm.raise(Exc::ValueError, "{}() iterable argument is empty", name);
}
Result<Value> builtin_max(VM& vm, const Arguments& arguments) {
  return extreme(vm, arguments, CompareOp::Greater, "max");
}
Result<Value> builtin_min(VM& vm, const Arguments& arguments) {
  return extreme(vm, arguments, CompareOp::Less, "min");
}

Result<Value> builtin_pow(VM& vm, Value base, Value exponent, Optional<Value> modulus) {
  if (!modulus.present || modulus.value.is_none())
    return binary_operation(vm, BinaryOp::Power, base, exponent);
  auto is_own_int = [](Value v) {
    return v.is_small_int() || v.is_bool() || is_exact(v, BuiltinType::Int);
  };
  if (is_own_int(base) && is_int(exponent) && is_int(modulus.value))
    return number_power(vm, base, exponent, modulus.value);
  bool found;
  auto result = vm.call_special(base, Special::Power, {exponent, modulus.value}, &found);
  if (found && (result.is_error() || !result.value().is_not_implemented())) return result;
  // The other builtin numbers refuse a modulus in their own words.
  result = number_power(vm, base, exponent, modulus.value);
  if (result.is_error() || !result.value().is_not_implemented()) return result;
  return vm.raise(Exc::TypeError, "unsupported operand type(s) for ** or pow(): '{}', '{}', '{}'",
                  vm.type_of(base), vm.type_of(exponent), vm.type_of(modulus.value));
}

Result<Str*> builtin_repr(VM& vm, Value object) { return repr_of(vm, object); }

Result<Value> builtin_round(VM& vm, Value number, Optional<Value> digits) {
  bool found;
  auto result = digits.present && !digits.value.is_none()
                    ? vm.call_special(number, Special::Round, {digits.value}, &found)
                    : vm.call_special(number, Special::Round, {}, &found);
  if (!found)
    return vm.raise(Exc::TypeError, "type {} doesn't define __round__ method", vm.type_of(number));
  return result;
}

Result<Value> builtin_sorted(VM& vm, const Arguments& arguments) {
  if (arguments.positional_count != 1)
    return vm.raise(Exc::TypeError, "sorted expected 1 argument, got {}",
                    arguments.positional_count);
  Value list = TRY(list_from(vm, arguments.values[0]));
  Str* sort = TRY(intern(vm, "sort"));
  Value method = TRY(get_attribute(vm, list, sort));
  TRY(vm.call_keywords(method, arguments.keyword_values(), arguments.keyword_names));
  return list;
}

Result<Value> builtin_sum(VM& vm, Value iterable, Optional<Value> start) {
  Value total = start.present ? start.value : Value::small_int(0);
  if (is_kind(total, CellKind::Str))
    return vm.raise(Exc::TypeError, "sum() can't sum strings [use ''.join(seq) instead]");
  if (is_kind(total, CellKind::Bytes))
    return vm.raise(Exc::TypeError, "sum() can't sum bytes [use b''.join(seq) instead]");
  if (is_kind(total, CellKind::ByteArray))
    return vm.raise(Exc::TypeError, "sum() can't sum bytearray [use b''.join(seq) instead]");
  // Floats are summed with a running compensation (Neumaier), as CPython does since 3.12.
  bool compensated = false;
  double sum = 0, correction = 0;
  auto settle = [&]() -> Result<void> {
    if (!compensated) return {};
    compensated = false;
    if (correction != 0 && std::isfinite(correction)) sum += correction;
    total = TRY(make_float(vm, sum));
    return {};
  };
  TRY(for_each(vm, iterable, [&](Value item) -> Result<bool> {
    if (Value::both_small_int(total, item) && !compensated) {
      total = TRY(make_int(vm, total.as_small_int() + item.as_small_int()));
      return true;
    }
    if (compensated || (is_float(total) && (is_float(item) || item.is_small_int()))) {
      if (!compensated) {
        sum = as_float(total);
        correction = 0;
        compensated = true;
      }
      if (is_float(item) && !is_kind(item, CellKind::Instance)) {
        double x = as_float(item);
        double next = sum + x;
        correction += std::fabs(sum) >= std::fabs(x) ? (sum - next) + x : (x - next) + sum;
        sum = next;
        return true;
      }
      if (item.is_small_int()) {
        sum += static_cast<double>(item.as_small_int());
        return true;
      }
      TRY(settle());
    }
    total = TRY(binary_operation(vm, BinaryOp::Add, total, item));
    return true;
  }));
  TRY(settle());
  return total;
}

Result<Value> builtin_build_class(VM& vm, const Arguments& arguments) {
  return build_class(vm, arguments);
}

Result<Value> builtin_import(VM& vm, Value name, Optional<Value> globals, Optional<Value>,
                             Optional<Value> from_list, Optional<int64_t> level) {
  Str* text = try_as<Str>(name);
  if (!text) return vm.raise(Exc::TypeError, "module name must be a string");
  Dict* dict = globals.present ? try_as<Dict>(globals.value) : nullptr;
  if (level.value_or(0) > 0 && !dict) return vm.raise(Exc::KeyError, "'__name__' not in globals");
  return import_name(vm, text, dict, from_list.present ? from_list.value : Value::none(),
                     level.value_or(0));
}

/// CPython's `site` adds these two for the prompt, and many scripts use them.
Result<Value> builtin_exit(VM& vm, Optional<Value> code) {
  Value status = code.present ? code.value : Value::none();
  return vm.raise_with(Exc::SystemExit, {&status, 1});
}

Result<Value> builtin_breakpoint(VM& vm, const Arguments& arguments) {
  Value hook = dict_get_str(vm, vm.sys_module()->dict, TRY(intern(vm, "breakpointhook")));
  if (hook.is_empty()) return vm.raise(Exc::RuntimeError, "lost sys.breakpointhook");
  size_t count = arguments.positional_count + arguments.keyword_count();
  return vm.call_keywords(hook, {arguments.values, count}, arguments.keyword_names);
}

Result<Value> builtin_help(VM& vm, Optional<Value> request) {
  Value pydoc = TRY(vm.import_module("pydoc"));
  Value help = TRY(get_attribute(vm, pydoc, TRY(intern(vm, "help"))));
  if (!request.present) return vm.call(help, {});
  return vm.call(help, {request.value});
}

Result<void> show(VM& vm, const char* text) {
  Value out = dict_get_str(vm, vm.sys_module()->dict, vm.names().stdout_);
  if (out.is_empty() || out.is_none()) return {};
  TRY(vm.call_method(out, vm.names().write, {TRY(make_str(vm, text))}));
  return {};
}
Result<void> builtin_copyright(VM& vm) {
  return show(vm, "apy, an interpreter for Python syntax.\n");
}
Result<void> builtin_credits(VM& vm) {
  return show(vm, "apy follows the Python language and its reference implementation, CPython.\n");
}
Result<void> builtin_license(VM& vm) { return show(vm, "See the files that came with apy.\n"); }

constexpr NativeFunctionDef kFunctions[] = {
    {"exit(code=None)", "Exit the interpreter by raising SystemExit(code).", bind<builtin_exit>()},
    {"quit(code=None)", "Exit the interpreter by raising SystemExit(code).", bind<builtin_exit>()},
    {"abs(number, /)", "Return the absolute value of the argument.", bind<builtin_abs>()},
    {"all(iterable, /)", "Return True if bool(x) is True for all values x in the iterable.",
     bind<builtin_all>()},
    {"any(iterable, /)", "Return True if bool(x) is True for any x in the iterable.",
     bind<builtin_any>()},
    {"ascii(obj, /)", "Return an ASCII-only representation of an object.", bind<builtin_ascii>()},
    {"bin(number, /)", "Return the binary representation of an integer.", bind<builtin_bin>()},
    {"callable(obj, /)", "Return whether the object is callable.", bind<builtin_callable>()},
    {"chr(i, /)", "Return a Unicode string of one character with ordinal i.", bind<builtin_chr>()},
    {"delattr(obj, name, /)", "Deletes the named attribute from the given object.",
     bind<builtin_delattr>()},
    {"divmod(x, y, /)", "Return the tuple (x//y, x%y).", bind<builtin_divmod>()},
    {"format(value, format_spec='', /)", "Return type(value).__format__(value, format_spec).",
     bind<builtin_format>()},
    {"getattr(object, name, default=<unrepresentable>, /)", "Get a named attribute from an object.",
     bind<builtin_getattr>()},
    {"hasattr(obj, name, /)", "Return whether the object has an attribute with the given name.",
     bind<builtin_hasattr>()},
    {"hash(obj, /)", "Return the hash value for the given object.", bind<builtin_hash>()},
    {"hex(number, /)", "Return the hexadecimal representation of an integer.", bind<builtin_hex>()},
    {"id(obj, /)", "Return the identity of an object.", bind<builtin_id>()},
    {"isinstance(obj, class_or_tuple, /)", "Return whether an object is an instance of a class.",
     bind<builtin_isinstance>()},
    {"issubclass(cls, class_or_tuple, /)", "Return whether 'cls' is derived from another class.",
     bind<builtin_issubclass>()},
    {"iter(object, sentinel=<unrepresentable>, /)", "Get an iterator from an object.",
     bind<builtin_iter>()},
    {"len(obj, /)", "Return the number of items in a container.", bind<builtin_len>()},
    {"max(iterable, *args, key=None)", "Return the largest item.", bind<builtin_max>()},
    {"min(iterable, *args, key=None)", "Return the smallest item.", bind<builtin_min>()},
    {"next(iterator, default=<unrepresentable>, /)", "Return the next item from the iterator.",
     bind<builtin_next>()},
    {"oct(number, /)", "Return the octal representation of an integer.", bind<builtin_oct>()},
    {"ord(c, /)", "Return the Unicode code point for a one-character string.", bind<builtin_ord>()},
    {"pow(base, exp, mod=None)",
     "Equivalent to base**exp with 2 arguments or base**exp % mod with 3 arguments.",
     bind<builtin_pow>()},
    {"repr(obj, /)", "Return the canonical string representation of the object.",
     bind<builtin_repr>()},
    {"round(number, ndigits=None)", "Round a number to a given precision in decimal digits.",
     bind<builtin_round>()},
    {"setattr(obj, name, value, /)", "Sets the named attribute on the given object.",
     bind<builtin_setattr>()},
    {"sorted(iterable, /, *, key=None, reverse=False)",
     "Return a new list containing all items in ascending order.", bind<builtin_sorted>()},
    {"sum(iterable, /, start=0)",
     "Return the sum of a 'start' value (default: 0) plus an iterable of numbers.",
     bind<builtin_sum>()},
    {"breakpoint(*args, **kws)", "Call sys.breakpointhook(*args, **kws).",
     bind<builtin_breakpoint>()},
    {"help(request=<unrepresentable>)", "Show what an object is good for.", bind<builtin_help>()},
    {"copyright()", "Show the copyright notice.", bind<builtin_copyright>()},
    {"credits()", "Show who made apy.", bind<builtin_credits>()},
    {"license()", "Show the license.", bind<builtin_license>()},
    {"__build_class__(func, name, /, *bases, **kwds)",
     "Internal helper function used by the class statement.", bind<builtin_build_class>()},
    {"__import__(name, globals=None, locals=None, fromlist=(), level=0)", "Import a module.",
     bind<builtin_import>()},
};

Result<void> add_types(VM& vm, Module* module) {
  constexpr BuiltinType kPublic[] = {
      BuiltinType::Object,       BuiltinType::Type,      BuiltinType::Int,
      BuiltinType::Bool,         BuiltinType::Float,     BuiltinType::Complex,
      BuiltinType::Str,          BuiltinType::Bytes,     BuiltinType::ByteArray,
      BuiltinType::Tuple,        BuiltinType::List,      BuiltinType::Dict,
      BuiltinType::Set,          BuiltinType::FrozenSet, BuiltinType::Range,
      BuiltinType::Slice,        BuiltinType::Property,  BuiltinType::ClassMethod,
      BuiltinType::StaticMethod, BuiltinType::Super,     BuiltinType::Enumerate,
      BuiltinType::Zip,          BuiltinType::Map,       BuiltinType::Filter,
      BuiltinType::Reversed,
#define EXCEPTION(Id, base) BuiltinType::Id,
#include "vm/objects/exceptions.def"
#undef EXCEPTION
  };
  for (BuiltinType id : kPublic)
    TRY(dict_set_str(vm, module->dict, vm.type(id)->name, vm.type(id)));
  TRY(add_native_type(vm, module, kMemoryViewType, "memoryview"));
  TRY(module_set(vm, module, "EnvironmentError", vm.type(BuiltinType::OSError)));
  TRY(module_set(vm, module, "IOError", vm.type(BuiltinType::OSError)));
  TRY(module_set(vm, module, "NotImplemented", Value::not_implemented()));
  TRY(module_set(vm, module, "Ellipsis", Value::ellipsis()));
  TRY(module_set(vm, module, "None", Value::none()));
  TRY(module_set(vm, module, "True", Value::boolean(true)));
  TRY(module_set(vm, module, "False", Value::boolean(false)));
  return module_set(vm, module, "__debug__", Value::boolean(true));
}

Result<void> add_functions(VM& vm, Module* module, std::span<const NativeFunctionDef> functions) {
  for (const NativeFunctionDef& function : functions) {
    Str* name = TRY(intern(vm, function.name()));
    Value native = TRY(make_native_function(vm, function, nullptr, Value(), vm.names().builtins));
    TRY(dict_set_str(vm, module->dict, name, native));
  }
  return {};
}

Result<void> initialize(VM& vm, Module* module) {
  TRY(add_types(vm, module));
  TRY(add_functions(vm, module, builtins_async_functions()));
  TRY(add_functions(vm, module, builtins_code_functions()));
  TRY(add_functions(vm, module, builtins_open_functions()));
  return add_functions(vm, module, builtins_io_functions());
}

}  // namespace

extern const NativeModuleDef kBuiltinsModule = {
    "builtins", "Built-in functions, types, exceptions, and other objects.", kFunctions,
    initialize};

bool is_default_import(VM&, Value hook) {
  NativeFunction* native = try_as<NativeFunction>(hook);
  return native && native->definition->bound.entry == bind<builtin_import>().entry;
}

}  // namespace apy
