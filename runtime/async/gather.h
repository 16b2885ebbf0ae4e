#pragma once
// gather(): a future that is done when its children are.
//
// It stands in its children's lines of waiters itself, so that a child costs no callback object and
// no context; each child's end is an entry of its own in the loop's ring, as its callback would be.
#include "runtime/async/future.h"

namespace apy {

struct Gathering : Future {
  Value children;  // Tuple of futures, in the order of the arguments
  uint32_t unfinished;
  bool return_exceptions;
  bool cancel_requested;
};

inline Gathering* try_gathering(Value v) {
  if (!is_kind(v, CellKind::NativeObject)) return nullptr;
  NativeObject* object = static_cast<NativeObject*>(v.cell());
  return object->native_class == &Future::kGatheringClass ? static_cast<Gathering*>(object)
                                                          : nullptr;
}

extern const NativeTypeDef kGatheringDefinition;

/// The future of gather() for arguments that are all coroutines, tasks or futures themselves;
/// empty when one is anything else or the loop is not a plain one: then the script's version works.
Result<void> gather_plain(VM& vm, std::span<const Value> awaitables, bool return_exceptions,
                          Value* out);
Result<void> gathering_child_done(VM& vm, Gathering* gathering, Future* child);
Result<bool> gathering_cancel(VM& vm, Gathering* gathering, Value message);
void trace_gathering(const Cell* cell, Visitor& visitor);

}  // namespace apy
