#include "runtime/fiber/native_stack.h"

#include <pthread.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace apy {
namespace {

// The kernel keeps at least 128 MiB free below the first thread's stack whatever the limit said
// when the process started; a limit raised later is not to be trusted beyond that. More than this
// is of no use: recursion is to end in an error before long.
constexpr size_t kLargestTrustedStack = size_t{16} << 20;

// The first thread's stack ends with the name of the program file. pthread_getattr_np would parse
// /proc/self/maps for the same answer, which costs more than the rest of the start-up of an engine.
StackBounds first_thread_stack() {
  auto* name = reinterpret_cast<const char*>(getauxval(AT_EXECFN));
  rlimit limit{};
  if (name == nullptr || getrlimit(RLIMIT_STACK, &limit) != 0) return {};
  const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  const uintptr_t end = reinterpret_cast<uintptr_t>(name) + std::strlen(name) + 1;
  const uintptr_t high = (end + page - 1) / page * page;
  const size_t size = limit.rlim_cur == RLIM_INFINITY
                          ? kLargestTrustedStack
                          : std::min<size_t>(limit.rlim_cur, kLargestTrustedStack);
  return {reinterpret_cast<std::byte*>(high - size), reinterpret_cast<std::byte*>(high)};
}

StackBounds other_thread_stack() {
  pthread_attr_t attributes;
  if (pthread_getattr_np(pthread_self(), &attributes) != 0) return {};
  void* low = nullptr;
  size_t size = 0;
  size_t guard = 0;
  StackBounds bounds;
  if (pthread_attr_getstack(&attributes, &low, &size) == 0 &&
      pthread_attr_getguardsize(&attributes, &guard) == 0) {
    auto* bytes = static_cast<std::byte*>(low);
    // C libraries disagree whether the guard is part of the stack; leaving it out is safe.
    bounds = {bytes + std::min(guard, size), bytes + size};
  }
  pthread_attr_destroy(&attributes);
  return bounds;
}

}  // namespace

StackBounds current_thread_stack() {
  const auto* here = __builtin_frame_address(0);
  if (getpid() == gettid()) {
    const StackBounds bounds = first_thread_stack();
    // A loader other than the kernel's (valgrind) may put things elsewhere.
    if (bounds.contains(here)) return bounds;
  }
  return other_thread_stack();
}

const void* current_thread_mark() {
  thread_local char mark;
  return &mark;
}

// The array must lie on the real stack, below every caller's frame, hence no sanitizer.
__attribute__((noinline, no_sanitize_address)) void with_spilled_registers(
    void (*scan)(const void* stack_pointer, void* argument), void* argument) {
#if defined(__x86_64__)
  uintptr_t registers[6];
  asm volatile(
      "movq %%rbx, 0(%0)\n\t"
      "movq %%rbp, 8(%0)\n\t"
      "movq %%r12, 16(%0)\n\t"
      "movq %%r13, 24(%0)\n\t"
      "movq %%r14, 32(%0)\n\t"
      "movq %%r15, 40(%0)\n\t"
      :
      : "r"(registers)
      : "memory");
#elif defined(__aarch64__)
  uintptr_t registers[12];
  asm volatile(
      "stp x19, x20, [%0, #0]\n\t"
      "stp x21, x22, [%0, #16]\n\t"
      "stp x23, x24, [%0, #32]\n\t"
      "stp x25, x26, [%0, #48]\n\t"
      "stp x27, x28, [%0, #64]\n\t"
      "stp x29, x30, [%0, #80]\n\t"
      :
      : "r"(registers)
      : "memory");
#else
  uintptr_t registers[1] = {0};
  __builtin_unwind_init();
#endif
  scan(registers, argument);
  // Keeps the array alive across the call and the call out of tail position.
  asm volatile("" : : "r"(registers) : "memory");
}

}  // namespace apy
