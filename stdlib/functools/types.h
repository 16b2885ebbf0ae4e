#pragma once
// The native types of functools, one file each.
#include "vm/binding/native.h"

namespace apy {

Result<void> add_partial_type(VM& vm, Module* module);
Result<void> add_lru_cache_type(VM& vm, Module* module);

/// A call's arguments with some put in front: collects positional and keyword ones, then calls.
class CallBuilder {
 public:
  explicit CallBuilder(VM& vm) : vm_(vm) {}
  CallBuilder(const CallBuilder&) = delete;
  /// Room for so many arguments in all; before the first add.
  Result<void> reserve(size_t count);
  void add(Value v) { values_[count_++] = v; }
  void add(std::span<const Value> values) {
    for (Value v : values) add(v);
  }
  Result<Value> call(Value callee, Tuple* keyword_names);

 private:
  static constexpr size_t kInline = 12;
  VM& vm_;
  size_t count_ = 0;
  Value inline_[kInline];
  Value* values_ = inline_;
  ValueArray* storage_ = nullptr;
};

}  // namespace apy
