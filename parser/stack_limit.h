#pragma once

#include <cstddef>

namespace apy {

// What a pass may use of the native stack when its caller sets no limit: most of a fiber's.
// Frames are larger in checked builds.
#if defined(__SANITIZE_ADDRESS__)
inline constexpr size_t kDefaultStackBudget = 1536 * 1024;
#elif !defined(NDEBUG)
inline constexpr size_t kDefaultStackBudget = 352 * 1024;
#else
inline constexpr size_t kDefaultStackBudget = 176 * 1024;
#endif

/// The address below which a pass must not let the stack grow. `limit` is the caller's, or null.
inline char* stack_limit_or_default(const void* limit) {
  if (limit) return static_cast<char*>(const_cast<void*>(limit));
  return static_cast<char*>(__builtin_frame_address(0)) - kDefaultStackBudget;
}

}  // namespace apy
