#pragma once
// What runs at safe points (backward jumps, and between callbacks of the event loop).
#include "vm/objects/vm.h"

namespace apy {

/// Set by the host or the runtime: signals, budgets.
struct SafePointHooks {
  Result<void> (*on_poll)(VM& vm, void* data) = nullptr;
  /// Told what may wait in the system from now on, and how to end its wait from any thread or
  /// signal handler; null: nothing.
  void (*on_waiter)(void* data, void (*wake)(void* waiter), void* waiter) = nullptr;
  void* data = nullptr;
  /// Ends what waits in the system, so that the script comes to a safe point; from any thread or
  /// signal handler.
  void (*wake)(void* data) = nullptr;
  /// Set by the module of signals: calls the script's handlers of those that came.
  Result<void> (*on_signals)(VM& vm) = nullptr;
};
SafePointHooks& safe_point_hooks(VM& vm);

/// Runs the finalizers (__del__, closing of abandoned generators) that collections have queued.
void run_finalizers(VM& vm);

}  // namespace apy
