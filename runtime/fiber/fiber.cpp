#include "runtime/fiber/fiber.h"

#include <cxxabi.h>

#include <boost/context/detail/fcontext.hpp>
#include <cstdlib>
#include <new>

#include "runtime/fiber/sanitizer.h"

#if defined(APY_FIBER_ASAN) || defined(APY_FIBER_TSAN)
#define APY_FIBER_SANITIZED 1
#endif

namespace apy {
namespace {

namespace context = boost::context::detail;

// The beginning of __cxa_eh_globals as the Itanium C++ ABI lays it down.
struct ExceptionGlobals {
  void* caught_exceptions;
  unsigned uncaught_exceptions;
};

void* thread_exception_globals() { return abi::__cxa_get_globals(); }

}  // namespace

Fiber::Fiber() {
#if defined(APY_FIBER_SANITIZED)
  sanitizer_ = new (std::nothrow) SanitizerState;
#endif
}

Fiber::~Fiber() { delete sanitizer_; }

// The two ends of a jump: what both a first entry and a return to an old frame do on arrival.
struct FiberSwitch {
  static void arrive(context::transfer_t from) {
    Fiber& previous = *static_cast<Fiber*>(from.data);
    FiberPool& pool = *previous.pool_;
    Fiber& self = *pool.current_;
#if defined(APY_FIBER_SANITIZED)
    after_switch(*self.sanitizer_, *previous.sanitizer_);
#endif
    self.saved_stack_pointer_ = nullptr;
    if (previous.state_ == FiberState::Free) [[unlikely]] {
      pool.put_free(previous);  // only now is nobody on its stack
    } else {
      previous.saved_stack_pointer_ = from.fctx;
    }
  }

  static void run(context::transfer_t from) noexcept {
    FiberPool& pool = *static_cast<Fiber*>(from.data)->pool_;
    arrive(from);
    Fiber& self = *pool.current_;
    Fiber& next = self.entry_(self, self.argument_);
    pool.finish(self, next);
  }
};

FiberPool::FiberPool(const FiberPoolOptions& options, FiberHooks* hooks)
    : current_(&host_),
      exception_globals_(thread_exception_globals()),
      thread_mark_(current_thread_mark()),
      hooks_(hooks),
      options_(options),
      stacks_(options.stacks) {
  host_.pool_ = this;
  host_.is_host_ = true;
  host_.state_ = FiberState::Running;
  host_.stack_ = current_thread_stack();
#if defined(APY_FIBER_SANITIZED)
  adopt_sanitizer_state(*host_.sanitizer_);
#endif
}

FiberPool::~FiberPool() {
  assert(current_ == &host_ && !has_native_frames());
  while (made_ != nullptr) {
    Fiber* fiber = made_;
    made_ = fiber->next_made_;
    if (hooks_ != nullptr) hooks_->fiber_destroyed(*fiber);
#if defined(APY_FIBER_SANITIZED)
    forget_frames(fiber->stack_);
    destroy_sanitizer_state(*fiber->sanitizer_);
#endif
    delete fiber;
  }
}

bool FiberPool::has_native_frames() const {
  for (const Fiber* fiber = live_; fiber != nullptr; fiber = fiber->next_) {
    if (fiber->state_ != FiberState::Ready) return true;
  }
  return false;
}

bool FiberPool::bind_host_stack() {
  const bool same_thread = thread_mark_ == current_thread_mark();
  if (same_thread && (current_ != &host_ || host_.stack_.contains(__builtin_frame_address(0))))
      [[likely]] {
    return true;
  }
  return bind_host_stack(current_thread_stack());
}

bool FiberPool::bind_host_stack(const StackBounds& bounds) {
  const void* mark = current_thread_mark();
  if (mark != thread_mark_ && (current_ != &host_ || has_native_frames())) return false;
  if (current_ != &host_) return true;
  thread_mark_ = mark;
  exception_globals_ = thread_exception_globals();
  host_.stack_ = bounds;
#if defined(APY_FIBER_SANITIZED)
  adopt_sanitizer_state(*host_.sanitizer_);
#endif
  return true;
}

Fiber* FiberPool::make_fiber() {
  auto* fiber = new (std::nothrow) Fiber;
  if (fiber == nullptr) return nullptr;
  if (!stacks_.allocate(&fiber->stack_)) {
    delete fiber;
    return nullptr;
  }
  announce_stack(fiber->stack_);
#if defined(APY_FIBER_SANITIZED)
  create_sanitizer_state(*fiber->sanitizer_);
#endif
  fiber->pool_ = this;
  fiber->next_made_ = made_;
  made_ = fiber;
  ++statistics_.created;
  if (hooks_ != nullptr) hooks_->fiber_created(*fiber);
  return fiber;
}

Fiber* FiberPool::acquire(FiberEntry entry, void* argument) {
  Fiber* fiber = warm_;
  if (fiber != nullptr) {
    warm_ = fiber->next_;
    --statistics_.warm;
  } else if (cold_ != nullptr) {
    fiber = cold_;
    cold_ = fiber->next_;
  } else {
    fiber = make_fiber();
    if (fiber == nullptr) return nullptr;
  }
  fiber->id_ = ++statistics_.acquired;
  fiber->entry_ = entry;
  fiber->argument_ = argument;
  fiber->state_ = FiberState::Ready;
  fiber->caught_exceptions_ = nullptr;
  fiber->uncaught_exceptions_ = 0;
  fiber->saved_stack_pointer_ =
      context::make_fcontext(fiber->stack_.high, fiber->stack_.size(), &FiberSwitch::run);
  link_live(*fiber);
  return fiber;
}

void FiberPool::release(Fiber& fiber) {
  assert(fiber.pool_ == this && fiber.state_ == FiberState::Ready);
  fiber.state_ = FiberState::Free;
  unlink_live(fiber);
  put_free(fiber);
}

void FiberPool::link_live(Fiber& fiber) {
  fiber.previous_ = nullptr;
  fiber.next_ = live_;
  if (live_ != nullptr) live_->previous_ = &fiber;
  live_ = &fiber;
  if (++statistics_.live > statistics_.most_live) statistics_.most_live = statistics_.live;
}

void FiberPool::unlink_live(Fiber& fiber) {
  (fiber.previous_ != nullptr ? fiber.previous_->next_ : live_) = fiber.next_;
  if (fiber.next_ != nullptr) fiber.next_->previous_ = fiber.previous_;
  --statistics_.live;
}

void FiberPool::put_free(Fiber& fiber) {
  fiber.saved_stack_pointer_ = nullptr;
  fiber.argument_ = nullptr;
#if defined(APY_FIBER_SANITIZED)
  forget_frames(fiber.stack_);
#endif
  if (statistics_.warm < options_.warm_stacks) {
    fiber.next_ = warm_;
    warm_ = &fiber;
    ++statistics_.warm;
  } else {
    stacks_.discard_all(fiber.stack_);
    fiber.next_ = cold_;
    cold_ = &fiber;
  }
}

// The bookkeeping of every switch, done on the stack that is left.
inline void FiberPool::leave(Fiber& from, Fiber& target) {
  assert(target.pool_ == this && &from != &target);
  assert(target.state_ == FiberState::Ready || target.state_ == FiberState::Parked);
  target.state_ = FiberState::Running;
  current_ = &target;
  ++switches_;
  auto* exceptions = static_cast<ExceptionGlobals*>(exception_globals_);
  from.caught_exceptions_ = exceptions->caught_exceptions;
  from.uncaught_exceptions_ = exceptions->uncaught_exceptions;
  exceptions->caught_exceptions = target.caught_exceptions_;
  exceptions->uncaught_exceptions = target.uncaught_exceptions_;
}

void FiberPool::switch_to(Fiber& target) {
  Fiber& from = *current_;
  if (&from == &target) return;
  from.state_ = FiberState::Parked;
  leave(from, target);
#if defined(APY_FIBER_SANITIZED)
  before_switch(from.sanitizer_, *target.sanitizer_, target.stack_);
#endif
  FiberSwitch::arrive(context::jump_fcontext(target.saved_stack_pointer_, &from));
}

void FiberPool::finish(Fiber& from, Fiber& target) {
  unlink_live(from);
  from.state_ = FiberState::Free;
  leave(from, target);
#if defined(APY_FIBER_SANITIZED)
  before_switch(nullptr, *target.sanitizer_, target.stack_);
#endif
  context::jump_fcontext(target.saved_stack_pointer_, &from);
  std::abort();  // a free fiber was switched to
}

void FiberPool::trim_free() {
  while (warm_ != nullptr) {
    Fiber* fiber = warm_;
    warm_ = fiber->next_;
    stacks_.discard_all(fiber->stack_);
    fiber->next_ = cold_;
    cold_ = fiber;
  }
  statistics_.warm = 0;
}

void FiberPool::trim_parked() {
  for (Fiber* fiber = live_; fiber != nullptr; fiber = fiber->next_) {
    if (fiber->state_ == FiberState::Parked) {
      stacks_.discard_below(fiber->stack_, fiber->saved_stack_pointer_);
    }
  }
}

FiberStatistics FiberPool::statistics() const {
  FiberStatistics result = statistics_;
  result.switches = switches_;
  for (const Fiber* fiber = live_; fiber != nullptr; fiber = fiber->next_) {
    if (fiber->state_ == FiberState::Parked) ++result.parked;
  }
  return result;
}

}  // namespace apy
