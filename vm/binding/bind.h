#pragma once
// bind<F>(): makes a NativeEntry for `Result<R> F(VM&, A, B, ...)` with the conversions deduced
// from the types:
//
//   Value                 anything; empty when an optional argument is absent (say so with
//   Optional<Value> instead) T* (List*, Str*, ...) an instance of that struct; the first parameter
//   is the receiver of a method int64_t, double, bool through __index__, __float__, truth
//   RecordOf<Id>          a Record of that builtin type
//   Optional<T>           may be absent; only at the end
//   Rest                  all remaining positional arguments
//   const Arguments&      everything as it is (then the only parameter)
//   Dict* for **keywords  the remaining keyword arguments (last)
//
// R: Value, a cell pointer, bool, int64_t, double or void (None).
#include <cstring>
#include <tuple>
#include <type_traits>
#include <utility>

#include "vm/binding/native.h"
#include "vm/objects/protocol.h"
#include "vm/objects/set.h"

namespace apy {

template <class T>
struct Optional {
  bool present = false;
  T value{};
  T value_or(T fallback) const { return present ? value : fallback; }
};
struct Rest {
  std::span<const Value> values;
};

/// How a C++ parameter type reads an argument. Specialise for native structs with NATIVE_PARAMETER.
template <class T>
struct Parameter;

template <>
struct Parameter<Value> {
  static constexpr bool kOptional = false;
  static bool convert(VM&, const NativeFunctionDef&, unsigned, Value v, Value* out) {
    *out = v;
    return true;
  }
};
template <>
struct Parameter<int64_t> {
  static constexpr bool kOptional = false;
  static bool convert(VM& vm, const NativeFunctionDef&, unsigned, Value v, int64_t* out) {
    if (v.is_small_int()) {
      *out = v.as_small_int();
      return true;
    }
    auto r = to_int64(vm, v);
    *out = r.value();
    return r.is_ok();
  }
};
template <>
struct Parameter<double> {
  static constexpr bool kOptional = false;
  static bool convert(VM& vm, const NativeFunctionDef&, unsigned, Value v, double* out) {
    if (v.is_inline_float()) {
      *out = v.as_inline_float();
      return true;
    }
    auto r = to_double(vm, v);
    *out = r.value();
    return r.is_ok();
  }
};
template <>
struct Parameter<bool> {
  static constexpr bool kOptional = false;
  static bool convert(VM& vm, const NativeFunctionDef&, unsigned, Value v, bool* out) {
    auto r = is_truthy(vm, v);
    *out = r.value();
    return r.is_ok();
  }
};
template <class T>
struct Parameter<Optional<T>> {
  static constexpr bool kOptional = true;
  static bool convert(VM& vm, const NativeFunctionDef& d, unsigned i, Value v, Optional<T>* out) {
    out->present = !v.is_empty();
    return v.is_empty() || Parameter<T>::convert(vm, d, i, v, &out->value);
  }
};
/// Script-visible name of a struct's type, for messages.
template <class T>
struct TypeNameOf;
#define TYPE_NAME_OF(Struct, text)             \
  template <>                                  \
  struct TypeNameOf<Struct> {                  \
    static constexpr const char* value = text; \
  };
TYPE_NAME_OF(Str, "str")
TYPE_NAME_OF(Bytes, "bytes")
TYPE_NAME_OF(ByteArray, "bytearray")
TYPE_NAME_OF(List, "list")
TYPE_NAME_OF(Tuple, "tuple")
TYPE_NAME_OF(Dict, "dict")
TYPE_NAME_OF(Set, "set")
TYPE_NAME_OF(Type, "type")
TYPE_NAME_OF(Range, "range")
TYPE_NAME_OF(Slice, "slice")
TYPE_NAME_OF(Module, "module")
TYPE_NAME_OF(Function, "function")
TYPE_NAME_OF(Exception, "BaseException")
TYPE_NAME_OF(Complex, "complex")
TYPE_NAME_OF(BoundMethod, "method")

template <class T>
requires std::is_base_of_v<Cell, T>
struct Parameter<T*> {
  static constexpr bool kOptional = false;
  static bool convert(VM& vm, const NativeFunctionDef& d, unsigned i, Value v, T** out) {
    if constexpr (std::is_base_of_v<NativeObject, T> && !std::is_same_v<NativeObject, T>) {
      *out = try_native<T>(v);
      if (*out) return true;
      i == 0 ? (void)wrong_receiver(vm, d, T::kClass.name, v)
             : (void)wrong_argument(vm, d, i, T::kClass.name, v);
    } else {
      *out = try_as<T>(v);
      if (*out) return true;
      i == 0 ? (void)wrong_receiver(vm, d, TypeNameOf<T>::value, v)
             : (void)wrong_argument(vm, d, i, TypeNameOf<T>::value, v);
    }
    return false;
  }
};

/// A Record of that builtin type (Records of all types are one struct, so Record* alone would not
/// do).
template <BuiltinType Id>
struct RecordOf {
  Record* record = nullptr;
  operator Record*() const { return record; }
  operator Value() const { return record; }
  Record* operator->() const { return record; }
};
template <BuiltinType Id>
struct Parameter<RecordOf<Id>> {
  static constexpr bool kOptional = false;
  static bool convert(VM& vm, const NativeFunctionDef& d, unsigned i, Value v, RecordOf<Id>* out) {
    if (is_exact(v, Id) || (is_kind(v, CellKind::Record) && vm.is_instance(v, Id))) {
      out->record = as<Record>(v);
      return true;
    }
    std::string name = to_utf8(vm.type(Id)->name);
    i == 0 ? (void)wrong_receiver(vm, d, name.c_str(), v)
           : (void)wrong_argument(vm, d, i, name.c_str(), v);
    return false;
  }
};

namespace binding {

inline Value to_value(VM&, Result<Value> r) { return r.value(); }
template <class T>
requires std::is_base_of_v<Cell, T> Value to_value(VM&, Result<T*> r) {
  return r.is_ok() ? Value(r.value()) : Value();
}
inline Value to_value(VM&, Result<bool> r) {
  return r.is_ok() ? Value::boolean(r.value()) : Value();
}
inline Value to_value(VM&, Result<void> r) { return r.is_ok() ? Value::none() : Value(); }
inline Value to_value(VM& vm, Result<int64_t> r) {
  return r.is_ok() ? make_int(vm, r.value()).value() : Value();
}
inline Value to_value(VM& vm, Result<double> r) {
  return r.is_ok() ? make_float(vm, r.value()).value() : Value();
}

template <class T>
constexpr bool kIsRest = std::is_same_v<T, Rest>;

template <class T>
constexpr bool is_optional() {
  if constexpr (kIsRest<T>)
    return true;
  else
    return Parameter<T>::kOptional;
}

template <auto F, class R, class... P>
struct Thunk {
  static constexpr unsigned kCount = sizeof...(P);
  static constexpr bool kHasRest = (kIsRest<P> || ... || false);
  static constexpr unsigned kRequired = ((is_optional<P>() ? 0u : 1u) + ... + 0u);
  static constexpr uint32_t rest_index() {
    uint32_t index = 0;
    bool found = false;
    ((found = found || kIsRest<P>, index += found ? 0 : 1), ...);
    return index;
  }
  static constexpr uint32_t kRestIndex = rest_index();
  template <size_t I, class T>
  static bool convert_one(VM& vm, const NativeFunctionDef& d, const Arguments& arguments,
                          [[maybe_unused]] const Value* slots, T* out) {
    if constexpr (kIsRest<T>) {
      uint32_t n = arguments.positional_count;
      out->values =
          n > I ? std::span<const Value>(arguments.values + I, n - I) : std::span<const Value>();
      return true;
    } else {
      return Parameter<T>::convert(vm, d, I, slots[I], out);
    }
  }

  template <size_t... I>
  static Value invoke(VM& vm, const NativeFunctionDef& d, const Arguments& arguments,
                      [[maybe_unused]] const Value* slots, std::index_sequence<I...>) {
    std::tuple<std::remove_cvref_t<P>...> converted;
    if (!(convert_one<I>(vm, d, arguments, slots, &std::get<I>(converted)) && ...)) return Value();
    return to_value(vm, F(vm, std::get<I>(converted)...));
  }

  static Value entry(VM& vm, const NativeFunctionDef& d, const Arguments& arguments) {
    constexpr auto kIndices = std::make_index_sequence<kCount>();
    uint32_t n = arguments.positional_count;
    // Optional parameters may be keyword-only.
    if (!arguments.keyword_names && n >= kRequired &&
        (kHasRest || n == kRequired || (n <= kCount && !d.has_star))) [[likely]] {
      if (n == kCount && !kHasRest) return invoke(vm, d, arguments, arguments.values, kIndices);
      Value slots[kCount + 1];
      constexpr uint32_t kTaken =
          kHasRest ? kRestIndex : kCount;  // what is behind *args comes by name only
      for (uint32_t i = 0; i < n && i < kTaken; ++i) slots[i] = arguments.values[i];
      return invoke(vm, d, arguments, slots, kIndices);
    }
    Value slots[kCount + 1];
    if (bind_arguments(vm, d, arguments, slots).is_error()) return Value();
    return invoke(vm, d, arguments, slots, kIndices);
  }
  static constexpr BoundEntry bound() {
    return {entry, static_cast<int16_t>(kRequired),
            static_cast<int16_t>(kHasRest ? -1 : int(kCount)), static_cast<uint16_t>(kCount)};
  }
};

template <auto F, class R>
struct Thunk<F, R, const Arguments&> {
  static Value entry(VM& vm, const NativeFunctionDef& d, const Arguments& arguments) {
    if (arguments.positional_count == 0 && require_receiver(vm, d).is_error()) return Value();
    return to_value(vm, F(vm, arguments));
  }
  static constexpr BoundEntry bound() { return {entry, 0, -1, 0}; }
};

template <auto F, class Signature>
struct Deduce;
template <auto F, class R, class... P>
struct Deduce<F, R (*)(VM&, P...)> : Thunk<F, R, P...> {};

}  // namespace binding

/// The table entry for F.
template <auto F>
constexpr BoundEntry bind() {
  return binding::Deduce<F, decltype(F)>::bound();
}

}  // namespace apy
