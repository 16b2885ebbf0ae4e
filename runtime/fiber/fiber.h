#pragma once

// Fibers: native stacks that take turns on one thread.
//
// Concepts. A `Fiber` is a native stack and the place where it stopped. A `FiberPool` belongs to
// one engine; it makes fibers, knows which one runs, and is the only way from one to another. The
// stack of the thread that entered the engine is a fiber too, the *host fiber*, so a switch needs
// no special case. A pooled fiber runs its entry function once per acquisition; the entry returns
// the fiber that goes on, and the stack returns to the pool at that moment.
//
//   acquire -> Ready -> switch_to -> Running <-> Parked -> entry returns -> Free -> acquire ...
//
// Invariants.
//  - Exactly one fiber of a pool is Running, and `current()` is it. Switching is explicit; nothing
//    preempts.
//  - A stack that was entered is left only by its entry's return. Nobody destroys a live fiber:
//    the frames on it own things. Who wants to be rid of one must make its code return.
//  - No C++ exception crosses an entry (it is noexcept). But a switch may happen anywhere, also
//    inside a host's catch block, so the C++ runtime's record of exceptions in flight, one per
//    thread, is kept per fiber here.
//  - While a fiber is not running, all its callee-saved registers are on its stack, and
//    [saved_stack_pointer, stack().high) holds every pointer its frames know. A conservative
//    collector scans that; for the running fiber there is `with_spilled_registers`.
//  - A fiber whose frames are native code of a thread stays on that thread (thread-locals, errno
//    and locks are the thread's). `bind_host_stack` refuses a change of thread while any is live.
//  - Nothing here is shared between pools; two engines on two threads never meet.
//
// Memory. A new stack costs its touched pages, usually one, and its part of a page table. Returned
// stacks are reused, the last one first because its pages are in the cache; beyond `warm_stacks` of
// them the memory of further ones goes back to the system, while the address space and the fiber
// stay. `trim_parked` does the same for the unused depth of stacks that wait.
//
// Measured (2.6 GHz EPYC, release): a switch 12 ns, 32 cycles; acquire, run and return 22 ns; a
// parked fiber 4.2 KiB of memory and 0.5 KiB of page table, 100,000 of them made in under a second.
//
// Rejected: ucontext (a system call for the signal mask on every switch); boost::context::fiber
// (unwinds a stack by force in its destructor with an exception, and hides the saved stack pointer
// the collector needs); one mapping per stack (the kernel's limit on mappings, and a system call
// for each); segmented or copied stacks (addresses of locals must stay valid for native code);
// threads (cost, and they would need locks around every object).

#include <cassert>
#include <cstddef>
#include <cstdint>

#include "runtime/fiber/native_stack.h"
#include "runtime/fiber/stack_pool.h"

namespace apy {

class Fiber;
class FiberPool;
struct SanitizerState;

// Identifies one acquisition of a fiber; never reused within a pool. The host fiber is 0.
using FiberId = uint64_t;

// Runs on the fiber's own stack. Returns the fiber of the same pool, parked or ready, that runs
// next; `self` is back in the pool then.
using FiberEntry = Fiber& (*)(Fiber& self, void* argument) noexcept;

enum class FiberState : uint8_t {
  Free,     // in the pool, no frames
  Ready,    // acquired, not entered yet: no frames, but an argument
  Running,  // the current one
  Parked,   // switched away from, will go on
};

class Fiber {
 public:
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  FiberId id() const { return id_; }
  FiberState state() const { return state_; }
  bool is_host() const { return is_host_; }

  // Usable bytes. Those of the host fiber are as last given to `bind_host_stack`.
  const StackBounds& stack() const { return stack_; }

  // Where a Ready or Parked fiber's live bytes begin; null for a running or free one.
  const void* saved_stack_pointer() const { return saved_stack_pointer_; }

  // What `acquire` was given. A collector must treat it as a root while the fiber is Ready; later
  // it lives on the stack if it is still needed.
  void* argument() const { return argument_; }

  // The owner's: an execution context, say. Survives reuse of the fiber; the pool never reads it.
  void* user = nullptr;

 private:
  friend class FiberPool;
  friend struct FiberSwitch;
  Fiber();
  ~Fiber();

  void* saved_stack_pointer_ = nullptr;
  // The C++ runtime's per-thread record: exceptions being handled, exceptions being thrown.
  void* caught_exceptions_ = nullptr;
  unsigned uncaught_exceptions_ = 0;
  FiberState state_ = FiberState::Free;
  bool is_host_ = false;
  FiberPool* pool_ = nullptr;
  FiberEntry entry_ = nullptr;
  void* argument_ = nullptr;
  StackBounds stack_;
  FiberId id_ = 0;
  Fiber* next_ = nullptr;      // in the live list, or in one of the free lists
  Fiber* previous_ = nullptr;  // in the live list
  Fiber* next_made_ = nullptr;
  SanitizerState* sanitizer_ = nullptr;  // null unless a sanitizer is compiled in
};

// Told when a fiber with its stack comes into being and when it goes, not at each reuse: the place
// to create and free what hangs on `Fiber::user`. The host fiber is not announced.
class FiberHooks {
 public:
  virtual void fiber_created(Fiber& fiber) = 0;
  virtual void fiber_destroyed(Fiber& fiber) = 0;

 protected:
  ~FiberHooks() = default;
};

struct FiberPoolOptions {
  StackPoolOptions stacks;
  size_t warm_stacks = 256;  // free stacks that keep their memory
};

struct FiberStatistics {
  size_t created = 0;     // fibers with stacks, live or free
  size_t live = 0;        // acquired and not returned; without the host fiber
  size_t most_live = 0;   // highest `live` so far
  size_t parked = 0;      // live and neither running nor still to be entered
  size_t warm = 0;        // free, with memory
  uint64_t acquired = 0;  // acquisitions so far
  uint64_t switches = 0;  // switches so far
};

class FiberPool {
 public:
  // Binds to the calling thread. Maps nothing until the first `acquire`. `hooks` may be null and
  // must outlive the pool.
  explicit FiberPool(const FiberPoolOptions& options = {}, FiberHooks* hooks = nullptr);

  // Every fiber must be free, except never entered ones, which are dropped.
  ~FiberPool();
  FiberPool(const FiberPool&) = delete;
  FiberPool& operator=(const FiberPool&) = delete;

  // To be called at every entry from the host: makes the calling thread's stack the host fiber's.
  // Costs a few instructions if nothing changed. A host that runs the engine on a stack of its own
  // making passes its bounds; `bounds.high` may also be lowered to spare a collector the host's
  // frames. A nested entry from a pooled fiber changes nothing. False, with nothing changed, if the
  // thread differs while a fiber has frames of the old one.
  [[nodiscard]] bool bind_host_stack();
  [[nodiscard]] bool bind_host_stack(const StackBounds& bounds);

  Fiber& current() { return *current_; }
  Fiber& host() { return host_; }

  // Bytes left between the caller's frame and the end of the current stack; at most the stack size,
  // and 0 or less never happens before the guard is hit. Signal handlers need some 16 KiB of it.
  ptrdiff_t stack_room() const { return current_stack_pointer() - current_->stack_.low; }

  // A Ready fiber that will run `entry(fiber, argument)` when first switched to. Null when no
  // stack can be had. No system call and no allocation while free fibers exist.
  [[nodiscard]] Fiber* acquire(FiberEntry entry, void* argument);

  // Returns a Ready fiber that shall never be entered.
  void release(Fiber& fiber);

  // Parks the current fiber and goes on with `target`, which must be Ready or Parked; to the
  // current fiber itself it does nothing. Returns when somebody switches back.
  void switch_to(Fiber& target);

  // Gives back memory: of all free stacks, or of the unused depth of all parked ones. One system
  // call for each, so for idle moments.
  void trim_free();
  void trim_parked();

  FiberStatistics statistics() const;
  const StackPoolStatistics& stack_statistics() const { return stacks_.statistics(); }

  // Calls visit(Fiber&) for the host fiber and every live one, the current one included. The
  // visitor must not acquire, release or switch.
  template <typename Visit>
  void for_each_live(Visit&& visit) {
    visit(host_);
    for (Fiber* fiber = live_; fiber != nullptr; fiber = fiber->next_) visit(*fiber);
  }

 private:
  friend struct FiberSwitch;

  Fiber* make_fiber();
  void link_live(Fiber& fiber);
  void unlink_live(Fiber& fiber);
  void put_free(Fiber& fiber);
  void leave(Fiber& from, Fiber& target);
  [[noreturn]] void finish(Fiber& from, Fiber& target);
  bool has_native_frames() const;

  Fiber* current_;
  void* exception_globals_;  // of the bound thread
  uint64_t switches_ = 0;
  Fiber host_;
  Fiber* live_ = nullptr;  // acquired fibers, the latest first
  Fiber* warm_ = nullptr;  // free fibers whose stacks have memory
  Fiber* cold_ = nullptr;  // free fibers whose stacks have none
  Fiber* made_ = nullptr;  // all fibers
  const void* thread_mark_;
  FiberHooks* hooks_;
  FiberPoolOptions options_;
  FiberStatistics statistics_;
  StackPool stacks_;
};

}  // namespace apy
