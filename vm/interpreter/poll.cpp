// Safe points: what was asked of the running script from outside is done here.
#include "vm/interpreter/interpreter.h"
#include "vm/interpreter/safe_point.h"

namespace apy {

Result<void> VM::poll() {
  interrupt_requested_.store(0, std::memory_order_relaxed);
  SafePointHooks& hooks = safe_point_hooks(*this);
  if (heap_.has_finalizable()) run_finalizers(*this);
  if (hooks.on_poll) return hooks.on_poll(*this, hooks.data);
  return {};
}

SafePointHooks& safe_point_hooks(VM& vm) { return *vm.safe_point_hooks_for_host(); }

void run_finalizers(VM& vm) {
  Value pending = vm.take_pending();
  while (Cell* cell = vm.heap().take_finalizable()) {
    if (NativeObject* object = cell->kind == CellKind::NativeObject ? static_cast<NativeObject*>(cell) : nullptr;
        object && object->native_class->finalize) {
      object->native_class->finalize(vm, object);
      continue;
    }
    bool found;
    auto called = vm.call_special(cell, Special::Del, {}, &found);
    if (called.is_error()) vm.write_unraisable(cell);
  }
  if (!pending.is_empty()) (void)vm.reraise(pending);
}

}  // namespace apy
