#pragma once

// What sanitizers and valgrind must be told about stacks and switches. Internal to runtime/fiber;
// every function here is empty in an ordinary build, apart from valgrind's no-op instructions.

#include <cstddef>

#if defined(__SANITIZE_ADDRESS__)
#define APY_FIBER_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define APY_FIBER_ASAN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define APY_FIBER_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define APY_FIBER_TSAN 1
#endif
#endif

#if defined(APY_FIBER_ASAN)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(APY_FIBER_TSAN)
#include <sanitizer/tsan_interface.h>
#endif
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#define APY_FIBER_VALGRIND 1
#endif

#include "runtime/fiber/native_stack.h"

namespace apy {

// One per fiber.
struct SanitizerState {
#if defined(APY_FIBER_ASAN)
  const void* bottom = nullptr;  // as AddressSanitizer itself reported it; null: use the bounds
  size_t size = 0;
  void* fake_stack = nullptr;
#endif
#if defined(APY_FIBER_TSAN)
  void* tsan_fiber = nullptr;
#endif
};

// A pooled stack was mapped and is about to be used for the first time.
inline void announce_stack([[maybe_unused]] const StackBounds& stack) {
#if defined(APY_FIBER_VALGRIND)
  // The identity is not kept: valgrind forgets the stack when the pool unmaps it.
  static_cast<void>(VALGRIND_STACK_REGISTER(stack.low, stack.high));
#endif
}

// A stack whose frames were abandoned will be used again from its upper end.
inline void forget_frames([[maybe_unused]] const StackBounds& stack) {
#if defined(APY_FIBER_ASAN)
  ASAN_UNPOISON_MEMORY_REGION(stack.low, stack.size());
#endif
}

inline void create_sanitizer_state([[maybe_unused]] SanitizerState& state) {
#if defined(APY_FIBER_TSAN)
  state.tsan_fiber = __tsan_create_fiber(0);
#endif
}

inline void adopt_sanitizer_state([[maybe_unused]] SanitizerState& state) {
#if defined(APY_FIBER_ASAN)
  state = SanitizerState{};
#endif
#if defined(APY_FIBER_TSAN)
  state.tsan_fiber = __tsan_get_current_fiber();
#endif
}

inline void destroy_sanitizer_state([[maybe_unused]] SanitizerState& state) {
#if defined(APY_FIBER_TSAN)
  __tsan_destroy_fiber(state.tsan_fiber);
#endif
}

// Just before the jump. `from` null: the fiber that is left will never come back to this frame.
inline void before_switch([[maybe_unused]] SanitizerState* from,
                          [[maybe_unused]] SanitizerState& to,
                          [[maybe_unused]] const StackBounds& to_stack) {
#if defined(APY_FIBER_ASAN)
  const void* bottom = to.bottom != nullptr ? to.bottom : to_stack.low;
  const size_t size = to.bottom != nullptr ? to.size : to_stack.size();
  __sanitizer_start_switch_fiber(from != nullptr ? &from->fake_stack : nullptr, bottom, size);
#endif
#if defined(APY_FIBER_TSAN)
  __tsan_switch_to_fiber(to.tsan_fiber, 0);
#endif
}

// First thing after the jump, on the stack of `self`.
inline void after_switch([[maybe_unused]] SanitizerState& self,
                         [[maybe_unused]] SanitizerState& previous) {
#if defined(APY_FIBER_ASAN)
  __sanitizer_finish_switch_fiber(self.fake_stack, &previous.bottom, &previous.size);
  self.fake_stack = nullptr;
#endif
}

}  // namespace apy
