#pragma once

#include <cstddef>
#include <cstdint>

namespace apy {

// A native stack: usable bytes are [low, high); it grows from `high` towards `low`.
struct StackBounds {
  std::byte* low = nullptr;
  std::byte* high = nullptr;

  bool contains(const void* address) const {
    auto* byte = static_cast<const std::byte*>(address);
    return byte >= low && byte < high;
  }
  size_t size() const { return static_cast<size_t>(high - low); }
};

// Bounds of the calling thread's own stack, as the operating system made it. `low` is a safe lower
// limit: the kernel may allow more. Both are null when the system cannot tell. Costs about a
// microsecond, so callers keep the answer.
StackBounds current_thread_stack();

// The thread that calls, as an address no other living thread shares. One instruction or two.
const void* current_thread_mark();

// Address of the caller's frame, good enough to measure the room left on its stack.
inline std::byte* current_stack_pointer() {
  return static_cast<std::byte*>(__builtin_frame_address(0));
}

// Writes the callee-saved registers to the stack and calls `scan(stack_pointer, argument)`; every
// pointer a caller of this function holds in a register or in its frame lies in
// [stack_pointer, high of the running stack) meanwhile. For a conservative collector. Not setjmp:
// the C library scrambles some registers in a jmp_buf.
void with_spilled_registers(void (*scan)(const void* stack_pointer, void* argument),
                            void* argument);

}  // namespace apy
