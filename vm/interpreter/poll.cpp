// Safe points: what was asked of the running script from outside is done here.
#include "vm/interpreter/interpreter.h"
#include "vm/interpreter/safe_point.h"

namespace apy {

Result<void> VM::poll() {
  interrupt_requested_.store(0, std::memory_order_relaxed);
  SafePointHooks& hooks = safe_point_hooks(*this);
  run_finalizers(*this);
  if (hooks.on_signals) TRY(hooks.on_signals(*this));
  if (hooks.on_poll) return hooks.on_poll(*this, hooks.data);
  return {};
}

SafePointHooks& safe_point_hooks(VM& vm) { return *vm.safe_point_hooks_for_host(); }

}  // namespace apy
