#pragma once
// Conversions between C++ types and script values: the templates of apy.h. Not to be included by
// itself.
#include "apy/apy.h"

namespace apy {
inline namespace v1 {
namespace detail {

template <class T>
struct IsOutcome : std::false_type {};
template <class T>
struct IsOutcome<Outcome<T>> : std::true_type {};

/// Converts all of `values` or gives the first failure.
template <class... A>
Outcome<std::vector<Handle>> make_all(Engine& engine, const A&... values) {
  std::vector<Handle> handles;
  handles.reserve(sizeof...(A));
  std::optional<Failure> failure;
  [[maybe_unused]] auto add = [&](const auto& value) {
    auto made = engine.make(value);
    if (!made) return failure = made.failure(), false;
    handles.push_back(std::move(made).value());
    return true;
  };
  static_cast<void>((add(values) && ...));
  if (failure) return std::move(*failure);
  return handles;
}

/// How a host function is called with handles: from the types of its parameters.
template <class F>
struct Adapter : Adapter<decltype(&F::operator())> {};
template <class C, class R, class... P>
struct Adapter<R (C::*)(P...)> : Adapter<R (*)(P...)> {};
template <class C, class R, class... P>
struct Adapter<R (C::*)(P...) const> : Adapter<R (*)(P...)> {};
template <class C, class R, class... P>
struct Adapter<R (C::*)(P...) noexcept> : Adapter<R (*)(P...)> {};
template <class C, class R, class... P>
struct Adapter<R (C::*)(P...) const noexcept> : Adapter<R (*)(P...)> {};
template <class R, class... P>
struct Adapter<R (*)(P...) noexcept> : Adapter<R (*)(P...)> {};

/// `call` takes exactly the converted arguments.
template <class R, class... P, class Call>
Outcome<Handle> call_converted(Engine& engine, const std::string& name,
                               std::span<const Handle> arguments, Call&& call) {
  constexpr size_t kCount = sizeof...(P);
  if (arguments.size() != kCount) {
    return engine.fail("TypeError", name + " expected " + std::to_string(kCount) +
                                        (kCount == 1 ? " argument, got " : " arguments, got ") +
                                        std::to_string(arguments.size()));
  }
  return [&]<size_t... I>(std::index_sequence<I...>)->Outcome<Handle> {
    std::tuple<std::optional<P>...> converted;
    std::optional<Failure> failure;
    [[maybe_unused]] auto take = [&](auto& target, const Handle& value) {
      auto result = value.to<typename std::remove_reference_t<decltype(target)>::value_type>();
      if (!result) return failure = result.failure(), false;
      target = std::move(result).value();
      return true;
    };
    static_cast<void>((take(std::get<I>(converted), arguments[I]) && ...));
    if (failure) return std::move(*failure);
    if constexpr (std::is_void_v<R>) {
      call(std::move(*std::get<I>(converted))...);
      return engine.none();
    } else if constexpr (IsOutcome<R>::value) {
      R result = call(std::move(*std::get<I>(converted))...);
      if (!result) return result.failure();
      if constexpr (std::is_void_v<typename R::Type>)
        return engine.none();
      else
        return engine.make(result.value());
    } else {
      return engine.make(call(std::move(*std::get<I>(converted))...));
    }
  }
  (std::index_sequence_for<P...>());
}

template <class R, class... P>
struct Adapter<R (*)(P...)> {
  template <class F>
  static HostFunction adapt(std::string name, F function) {
    return [name = std::move(name), function = std::move(function)](
               Engine& engine, std::span<const Handle> arguments) mutable -> Outcome<Handle> {
      return call_converted<R, std::remove_cvref_t<P>...>(engine, name, arguments, function);
    };
  }
};
template <class R, class... P>
struct Adapter<R (*)(Engine&, P...)> {
  template <class F>
  static HostFunction adapt(std::string name, F function) {
    return [name = std::move(name), function = std::move(function)](
               Engine& engine, std::span<const Handle> arguments) mutable -> Outcome<Handle> {
      return call_converted<R, std::remove_cvref_t<P>...>(
          engine, name, arguments, [&](auto&&... converted) -> R {
            return function(engine, std::forward<decltype(converted)>(converted)...);
          });
    };
  }
};

template <class F>
HostFunction host_function(std::string_view name, F function) {
  if constexpr (std::is_invocable_r_v<Outcome<Handle>, F&, Engine&, std::span<const Handle>>) {
    return HostFunction(std::move(function));
  } else if constexpr (std::is_function_v<std::remove_pointer_t<F>>) {
    return Adapter<F>::adapt(std::string(name), function);
  } else {
    return Adapter<std::decay_t<F>>::adapt(std::string(name), std::move(function));
  }
}

}  // namespace detail

template <>
struct Convert<bool> {
  static Outcome<bool> from(const Handle& value) { return value.to_bool(); }
  static Outcome<Handle> make(Engine& engine, bool value) { return engine.make_bool(value); }
};
template <class T>
requires std::is_integral_v<T>
struct Convert<T> {
  static Outcome<T> from(const Handle& value) {
    auto wide = value.to_int64();
    if (!wide) return wide.failure();
    T narrow = static_cast<T>(*wide);
    if (static_cast<int64_t>(narrow) != *wide || (narrow < T{}) != (*wide < 0))
      return value.engine()->fail("OverflowError", "int does not fit the host's type");
    return narrow;
  }
  static Outcome<Handle> make(Engine& engine, T value) {
    if constexpr (std::is_unsigned_v<T>)
      return engine.make_unsigned(value);
    else
      return engine.make_int(value);
  }
};
template <class T>
requires std::is_floating_point_v<T>
struct Convert<T> {
  static Outcome<T> from(const Handle& value) {
    auto wide = value.to_double();
    if (!wide) return wide.failure();
    return static_cast<T>(*wide);
  }
  static Outcome<Handle> make(Engine& engine, T value) {
    return engine.make_float(static_cast<double>(value));
  }
};
template <>
struct Convert<std::string> {
  static Outcome<std::string> from(const Handle& value) { return value.to_string(); }
  static Outcome<Handle> make(Engine& engine, std::string_view value) {
    return engine.make_str(value);
  }
};
template <>
struct Convert<std::string_view> {
  static Outcome<Handle> make(Engine& engine, std::string_view value) {
    return engine.make_str(value);
  }
};
template <>
struct Convert<const char*> : Convert<std::string_view> {};
template <>
struct Convert<char*> : Convert<std::string_view> {};
template <>
struct Convert<std::nullptr_t> {
  static Outcome<Handle> make(Engine& engine, std::nullptr_t) { return engine.none(); }
};
template <>
struct Convert<Handle> {
  static Outcome<Handle> from(const Handle& value) { return value; }
  static Outcome<Handle> make(Engine&, const Handle& value) { return value; }
};
template <class T>
struct Convert<std::optional<T>> {
  static Outcome<std::optional<T>> from(const Handle& value) {
    if (value.is_none()) return std::optional<T>();
    auto inner = value.to<T>();
    if (!inner) return inner.failure();
    return std::optional<T>(std::move(inner).value());
  }
  static Outcome<Handle> make(Engine& engine, const std::optional<T>& value) {
    return value ? engine.make(*value) : Outcome<Handle>(engine.none());
  }
};
template <class T>
struct Convert<std::vector<T>> {
  static Outcome<std::vector<T>> from(const Handle& value) {
    auto items = value.to_vector();
    if (!items) return items.failure();
    std::vector<T> converted;
    converted.reserve(items->size());
    for (const Handle& item : *items) {
      auto one = item.to<T>();
      if (!one) return one.failure();
      converted.push_back(std::move(one).value());
    }
    return converted;
  }
  static Outcome<Handle> make(Engine& engine, const std::vector<T>& value) {
    std::vector<Handle> items;
    items.reserve(value.size());
    for (const T& item : value) {
      auto made = engine.make(item);
      if (!made) return made;
      items.push_back(std::move(made).value());
    }
    return engine.make_list(items);
  }
};

template <class T>
Outcome<T> Handle::to() const {
  return Convert<T>::from(*this);
}

template <class T>
Outcome<Handle> Engine::make(const T& value) {
  return Convert<std::decay_t<T>>::make(*this, value);
}

template <class... A>
Outcome<Handle> Handle::operator()(A&&... arguments) const {
  Engine* owner = engine();
  if (!owner) return call({});  // fails as it should
  auto handles = detail::make_all(*owner, arguments...);
  if (!handles) return handles.failure();
  return call(*handles);
}

template <class... A>
Outcome<Handle> Engine::call(std::string_view function, A&&... arguments) {
  auto callee = global(function);
  if (!callee) return callee;
  return (*callee)(std::forward<A>(arguments)...);
}

template <class F>
Outcome<Handle> Engine::make_function(std::string_view name, F function, std::string_view doc) {
  return make_host_function(name, detail::host_function(name, std::move(function)), doc);
}

template <class F>
Outcome<void> Engine::define(std::string_view name, F function, std::string_view doc) {
  auto made = make_function(name, std::move(function), doc);
  if (!made) return made.failure();
  return set_global(name, *made);
}

}  // namespace v1
}  // namespace apy
