#pragma once
// Result<T>: a value or "an exception is pending on the VM". For Value and pointers it is one word
// (empty or null means error). `TRY(expr)` yields the value or returns Error from the enclosing
// function.
#include <utility>

#include "vm/value/value.h"

namespace apy {

/// Converts to any failed Result. The exception itself is pending on the VM.
struct [[nodiscard]] Error {};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)), ok_(true) {}
  Result(Error) : value_(), ok_(false) {}
  bool is_error() const { return !ok_; }
  bool is_ok() const { return ok_; }
  T value() const { return value_; }

 private:
  T value_;
  bool ok_;
};

template <class T>
class [[nodiscard]] Result<T*> {
 public:
  Result(T* value) : value_(value) {}
  Result(Error) : value_(nullptr) {}
  bool is_error() const { return value_ == nullptr; }
  bool is_ok() const { return value_ != nullptr; }
  T* value() const { return value_; }

 private:
  T* value_;
};

template <>
class [[nodiscard]] Result<Value> {
 public:
  Result(Value value) : value_(value) {}
  template <class T>
  requires std::is_base_of_v<Cell, T> Result(T* cell) : value_(cell) {}
  template <class T>
  requires std::is_base_of_v<Cell, T> Result(Result<T*> cell)
      : value_(cell.is_ok() ? Value(cell.value()) : Value()) {}
  Result(Error) : value_() {}
  bool is_error() const { return value_.is_empty(); }
  bool is_ok() const { return !value_.is_empty(); }
  Value value() const { return value_; }

 private:
  Value value_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() : ok_(true) {}
  Result(Error) : ok_(false) {}
  bool is_error() const { return !ok_; }
  bool is_ok() const { return ok_; }
  void value() const {}

 private:
  bool ok_;
};

}  // namespace apy

#define TRY(expression)                      \
  ({                                         \
    auto try_result_ = (expression);         \
    if (try_result_.is_error()) [[unlikely]] \
      return ::apy::Error{};                 \
    try_result_.value();                     \
  })
