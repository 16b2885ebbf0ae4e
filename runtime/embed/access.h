#pragma once
// Between the public API and the engine: how handles hold values, and how results become outcomes.
//
// The values of all handles of an engine are in one table, which is a root of its heap. A handle is
// a place in that table plus a pointer to what engine and handles share; when the engine goes, the
// table goes, and handles left over find that out there. Nothing of this is thread-safe: handles
// belong to the thread that uses their engine.
#include <deque>
#include <optional>

#include "apy/apy.h"
#include "runtime/embed/engine_core.h"
#include "vm/binding/native.h"

namespace apy {

class HandleTable final : public RootBase {
 public:
  explicit HandleTable(Heap& heap) : RootBase(heap) {}
  void trace(Visitor& visitor) const override {
    visitor.visit_range(values_.data(), values_.size());
  }
  uint32_t add(Value value);
  void remove(uint32_t slot) {
    values_[slot] = Value();
    free_.push_back(slot);
  }
  Value get(uint32_t slot) const { return values_[slot]; }

 private:
  std::vector<Value> values_;
  std::vector<uint32_t> free_;
};

inline namespace v1 {
namespace detail {

/// What an engine and its handles share; counted.
struct Shared {
  Engine* engine = nullptr;  // null: it is gone
  EngineCore* core = nullptr;
  HandleTable* table = nullptr;
  size_t references = 1;  // of handles, and one of the engine
};

/// A function of the host, as the table entry of a native function.
struct HostFunctionRecord : NativeFunctionDef {
  Shared* shared;
  std::string name_text, signature_text, doc_text;
  HostFunction function;

  HostFunctionRecord(Shared* shared, std::string_view name, HostFunction function,
                     std::string_view doc);
};

struct Access {
  static Handle make(Shared* shared, Value value) {
    Handle handle;
    handle.shared_ = shared;
    ++shared->references;
    handle.slot_ = shared->table->add(value);
    return handle;
  }
  static Shared* shared(const Handle& handle) { return handle.shared_; }
  static Shared* shared(const Engine& engine);
  static void release(Shared* shared) {
    if (--shared->references == 0) delete shared;
  }
  /// Empty when the handle is, or its engine is gone.
  static Value value(const Handle& handle) {
    return handle.shared_ && handle.shared_->table ? handle.shared_->table->get(handle.slot_)
                                                   : Value();
  }
  static VM& vm(const Handle& handle) { return handle.shared_->core->vm(); }
};

/// The pending exception as a failure.
Failure take_failure(Shared* shared);
/// With the module unless it is a builtin. Allocates nothing in the heap.
std::string type_name(VM& vm, Type* type);
/// For handles that hold nothing.
Failure nothing_held();
/// A failure raised again; an exception is pending afterwards.
Error raise_failure(VM& vm, const Failure& failure);

inline Outcome<Handle> to_outcome(Shared* shared, Result<Value> result) {
  if (result.is_error()) return take_failure(shared);
  return Access::make(shared, result.value());
}
inline Outcome<void> to_outcome(Shared* shared, Result<void> result) {
  if (result.is_error()) return take_failure(shared);
  return {};
}
template <class T>
Outcome<T> to_outcome(Shared* shared, Result<T> result) {
  if (result.is_error()) return take_failure(shared);
  return result.value();
}
template <class T>
Outcome<Handle> to_outcome(Shared* shared, Result<T*> result) {
  return to_outcome(shared, Result<Value>(result));
}

/// The outcome that a body's result becomes.
template <class R>
using OutcomeOf = decltype(to_outcome(nullptr, std::declval<R>()));

/// Runs `body(vm)` as an entry from the host.
template <class Body>
OutcomeOf<std::invoke_result_t<Body, VM&>> enter(Shared* shared, Body body) {
  EngineCore::Entry entry(*shared->core);
  return to_outcome(shared, body(shared->core->vm()));
}
/// Runs `body(vm, value)` on a handle's value.
template <class Body>
OutcomeOf<std::invoke_result_t<Body, VM&, Value>> enter(const Handle& handle, Body body) {
  Value value = Access::value(handle);
  if (value.is_empty()) return nothing_held();
  return enter(Access::shared(handle), [&](VM& vm) { return body(vm, value); });
}

}  // namespace detail
}  // namespace v1

struct v1::Engine::Implementation {
  std::unique_ptr<EngineCore> core = std::make_unique<EngineCore>();
  detail::Shared* shared = new detail::Shared;
  std::deque<detail::HostFunctionRecord> functions;
  std::optional<Failure> unusable;  // the start failed, or the engine has finished
};

}  // namespace apy
