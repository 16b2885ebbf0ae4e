#include "runtime/fiber/fiber.h"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace apy {
namespace {

FiberPoolOptions small_options() {
  FiberPoolOptions options;
  options.stacks.stack_size = size_t{64} << 10;
  options.stacks.first_region = size_t{1} << 20;
  return options;
}

struct Counter {
  FiberPool* pool;
  Fiber* back;
  std::string trace;
};

Fiber& count_to_three(Fiber& self, void* argument) noexcept {
  auto* counter = static_cast<Counter*>(argument);
  for (char digit = '1'; digit <= '3'; ++digit) {
    counter->trace += digit;
    counter->pool->switch_to(*counter->back);
  }
  counter->trace += self.state() == FiberState::Running ? 'r' : '?';
  return *counter->back;
}

TEST_CASE("fiber: runs, parks, goes on and returns to the pool") {
  FiberPool pool(small_options());
  Counter counter{&pool, &pool.host(), ""};
  Fiber* fiber = pool.acquire(count_to_three, &counter);
  REQUIRE(fiber != nullptr);
  CHECK(fiber->state() == FiberState::Ready);
  CHECK(fiber->argument() == &counter);
  for (int turn = 0; turn < 3; ++turn) {
    pool.switch_to(*fiber);
    counter.trace += '-';
    CHECK(&pool.current() == &pool.host());
    CHECK(fiber->state() == FiberState::Parked);
    CHECK(pool.statistics().parked == 1);
  }
  pool.switch_to(*fiber);
  CHECK(fiber->state() == FiberState::Free);
  CHECK(counter.trace == "1-2-3-r");
  const FiberStatistics statistics = pool.statistics();
  CHECK(statistics.live == 0);
  CHECK(statistics.created == 1);
  CHECK(statistics.warm == 1);
  CHECK(statistics.switches == 8);
}

TEST_CASE("fiber: switching to the current fiber does nothing") {
  FiberPool pool(small_options());
  pool.switch_to(pool.host());
  CHECK(pool.statistics().switches == 0);
  CHECK(pool.host().state() == FiberState::Running);
}

TEST_CASE("fiber: a returned one is used again, with a new identity and the same user slot") {
  FiberPool pool(small_options());
  Counter counter{&pool, &pool.host(), ""};
  Fiber* first = pool.acquire(count_to_three, &counter);
  REQUIRE(first != nullptr);
  const FiberId first_id = first->id();
  first->user = &counter;
  pool.release(*first);
  Fiber* second = pool.acquire(count_to_three, &counter);
  CHECK(second == first);
  CHECK(second->id() != first_id);
  CHECK(second->user == &counter);
  CHECK(pool.statistics().created == 1);
  pool.release(*second);
}

struct Ring {
  FiberPool* pool;
  std::vector<Fiber*> fibers;
  size_t done = 0;
};

// Each hands over to its successor directly; the last one ends at the host.
Fiber& pass_on(Fiber& self, void* argument) noexcept {
  auto* ring = static_cast<Ring*>(argument);
  const auto index = static_cast<size_t>(self.id() - 1) % ring->fibers.size();
  volatile size_t local[64];
  for (size_t i = 0; i < 64; ++i) local[i] = index * i;
  for (int round = 0; round < 10; ++round) {
    ring->pool->switch_to(*ring->fibers[(index + 1) % ring->fibers.size()]);
  }
  bool intact = true;
  for (size_t i = 0; i < 64; ++i) intact = intact && local[i] == index * i;
  ring->done += intact;
  const size_t next = index + 1;
  return next < ring->fibers.size() ? *ring->fibers[next] : ring->pool->host();
}

TEST_CASE("fiber: many hand over to each other and end in a chain") {
  FiberPoolOptions options = small_options();
  options.warm_stacks = 16;
  FiberPool pool(options);
  for (int repeat = 0; repeat < 2; ++repeat) {
    Ring ring{&pool, {}, 0};
    for (int i = 0; i < 200; ++i) {
      ring.fibers.push_back(pool.acquire(pass_on, &ring));
      REQUIRE(ring.fibers.back() != nullptr);
    }
    pool.switch_to(*ring.fibers[0]);
    CHECK(ring.done == 200);
    CHECK(pool.statistics().live == 0);
    CHECK(pool.statistics().warm == 16);
    CHECK(pool.statistics().created == 200);
  }
  CHECK(pool.stack_statistics().discards == 2 * (200 - 16));
  CHECK(pool.stack_statistics().regions > 1);
}

struct StackReport {
  FiberPool* pool;
  const void* local = nullptr;
  uintptr_t secret = 0;
};

Fiber& hide_a_pointer(Fiber&, void* argument) noexcept {
  auto* report = static_cast<StackReport*>(argument);
  volatile uintptr_t hidden = report->secret;
  report->local = const_cast<uintptr_t*>(&hidden);
  report->pool->switch_to(report->pool->host());
  report->secret = hidden;
  return report->pool->host();
}

bool holds_word(const void* low, const void* high, uintptr_t word) {
  auto* at = reinterpret_cast<const uintptr_t*>(reinterpret_cast<uintptr_t>(low) & ~uintptr_t{7});
  for (; at < high; ++at) {
    if (*at == word) return true;
  }
  return false;
}

#if defined(__SANITIZE_ADDRESS__)
__attribute__((no_sanitize_address))
#endif
bool fiber_holds_word(const Fiber& fiber, uintptr_t word) {
  auto* at = static_cast<const uintptr_t*>(fiber.saved_stack_pointer());
  auto* high = reinterpret_cast<const uintptr_t*>(fiber.stack().high);
  for (; at < high; ++at) {
    if (*at == word) return true;
  }
  return false;
}

TEST_CASE("fiber: a parked stack can be scanned from its saved stack pointer") {
  FiberPool pool(small_options());
  StackReport report{&pool, nullptr, 0x1234567890abcdef};
  Fiber* fiber = pool.acquire(hide_a_pointer, &report);
  REQUIRE(fiber != nullptr);
  CHECK(fiber->stack().contains(fiber->saved_stack_pointer()));
  CHECK_FALSE(fiber_holds_word(*fiber, 0x1234567890abcdef));
  pool.switch_to(*fiber);
  CHECK(fiber->stack().contains(report.local));
  CHECK(fiber->saved_stack_pointer() <= report.local);
  CHECK(fiber_holds_word(*fiber, 0x1234567890abcdef));
  CHECK(pool.host().saved_stack_pointer() == nullptr);
  size_t live = 0;
  size_t hosts = 0;
  pool.for_each_live([&](Fiber& each) {
    ++live;
    hosts += each.is_host();
  });
  CHECK(live == 2);
  CHECK(hosts == 1);
  pool.trim_parked();
  report.secret = 0;
  pool.switch_to(*fiber);
  CHECK(report.secret == 0x1234567890abcdef);
}

struct SpillReport {
  bool found = false;
  const void* stack_pointer = nullptr;
};

#if defined(__x86_64__)
// The word lives in a callee-saved register and nowhere in memory.
__attribute__((noinline)) void call_with_word_in_register(SpillReport* report) {
  asm volatile(
      "movabsq $0x5EEDFACE12345678, %%r12\n\t"
      "call *%1\n\t"
      :
      : "D"(report), "r"(+[](SpillReport* inner) {
          with_spilled_registers(
              [](const void* stack_pointer, void* argument) {
                auto* result = static_cast<SpillReport*>(argument);
                result->stack_pointer = stack_pointer;
                result->found =
                    holds_word(stack_pointer, static_cast<const char*>(stack_pointer) + 48,
                               0x5EEDFACE12345678);
              },
              inner);
        })
      : "r12", "rax", "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "memory", "cc");
}

TEST_CASE("fiber: registers of the running fiber are spilled for a scan") {
  SpillReport report;
  call_with_word_in_register(&report);
  CHECK(report.found);
  CHECK(current_thread_stack().contains(report.stack_pointer));
}
#endif

struct ExceptionReport {
  FiberPool* pool;
  Fiber* other = nullptr;
  std::string trace;
};

Fiber& catch_and_wait(Fiber& self, void* argument) noexcept {
  auto* report = static_cast<ExceptionReport*>(argument);
  const std::string name = "exception " + std::to_string(self.id());
  try {
    throw std::runtime_error(name);
  } catch (const std::exception&) {
    report->pool->switch_to(report->pool->host());  // waits in the middle of a handler
    try {
      throw;
    } catch (const std::exception& again) {
      report->trace += again.what() == name ? "same " : "other ";
    }
  }
  report->trace += std::to_string(std::uncaught_exceptions());
  return report->pool->host();
}

TEST_CASE("fiber: switching inside catch blocks keeps exceptions apart") {
  FiberPool pool(small_options());
  ExceptionReport report{&pool, nullptr, ""};
  Fiber* first = pool.acquire(catch_and_wait, &report);
  Fiber* second = pool.acquire(catch_and_wait, &report);
  REQUIRE(first != nullptr);
  REQUIRE(second != nullptr);
  pool.switch_to(*first);
  pool.switch_to(*second);
  CHECK(std::current_exception() == nullptr);
  pool.switch_to(*first);  // not the order in which they were caught
  pool.switch_to(*second);
  CHECK(report.trace == "same 0same 0");
}

struct Hooks final : FiberHooks {
  void fiber_created(Fiber& fiber) override {
    ++created;
    fiber.user = this;
  }
  void fiber_destroyed(Fiber& fiber) override {
    ++destroyed;
    CHECK(fiber.user == this);
  }
  int created = 0;
  int destroyed = 0;
};

TEST_CASE("fiber: hooks see each fiber come and go once") {
  Hooks hooks;
  {
    FiberPool pool(small_options(), &hooks);
    CHECK(hooks.created == 0);
    Ring ring{&pool, {}, 0};
    for (int i = 0; i < 5; ++i) ring.fibers.push_back(pool.acquire(pass_on, &ring));
    pool.switch_to(*ring.fibers[0]);
    pool.release(*pool.acquire(pass_on, &ring));
    CHECK(hooks.created == 5);
    CHECK(hooks.destroyed == 0);
  }
  CHECK(hooks.destroyed == 5);
}

TEST_CASE("fiber: a limit on stacks is reported, not exceeded") {
  FiberPoolOptions options = small_options();
  options.stacks.most_stacks = 3;
  FiberPool pool(options);
  Counter counter{&pool, &pool.host(), ""};
  std::vector<Fiber*> fibers;
  for (int i = 0; i < 3; ++i) fibers.push_back(pool.acquire(count_to_three, &counter));
  CHECK(pool.acquire(count_to_three, &counter) == nullptr);
  pool.release(*fibers[1]);
  CHECK(pool.acquire(count_to_three, &counter) == fibers[1]);
  for (Fiber* fiber : fibers) pool.release(*fiber);
}

TEST_CASE("fiber: the pool stays on its thread while a stack is in use") {
  FiberPool pool(small_options());
  Counter counter{&pool, &pool.host(), ""};
  CHECK(pool.bind_host_stack());
  CHECK(pool.host().stack().contains(__builtin_frame_address(0)));
  Fiber* fiber = pool.acquire(count_to_three, &counter);
  pool.switch_to(*fiber);
  bool bound = true;
  std::thread([&] { bound = pool.bind_host_stack(); }).join();
  CHECK_FALSE(bound);
  for (int turn = 0; turn < 3; ++turn) pool.switch_to(*fiber);
  std::thread([&] {
    bound = pool.bind_host_stack() && pool.host().stack().contains(__builtin_frame_address(0));
    pool.switch_to(*pool.acquire(count_to_three, &counter));
    for (int turn = 0; turn < 3; ++turn) {
      pool.for_each_live([&](Fiber& each) {
        if (!each.is_host()) fiber = &each;
      });
      pool.switch_to(*fiber);
    }
  }).join();
  CHECK(bound);
  CHECK(counter.trace == "123r123r");
  CHECK(pool.bind_host_stack());
}

// Recursion that a compiler cannot turn into a loop.
__attribute__((noinline)) int dig(volatile char* above, const FiberPool& pool, ptrdiff_t leave) {
  volatile char here[512];
  here[0] = above == nullptr ? '\0' : above[0];
  if (pool.stack_room() < leave) return here[0];
  return dig(here, pool, leave) + here[0];
}

struct Depth {
  FiberPool* pool;
  ptrdiff_t leave;
};

Fiber& dig_deep(Fiber&, void* argument) noexcept {
  auto* depth = static_cast<Depth*>(argument);
  dig(nullptr, *depth->pool, depth->leave);
  return depth->pool->host();
}

TEST_CASE("fiber: the room on a stack is known, and all of it can be used") {
  FiberPool pool(small_options());
  Depth depth{&pool, 8 << 10};
  Fiber* fiber = pool.acquire(dig_deep, &depth);
  CHECK(fiber->stack().size() >= (size_t{64} - 16 - 4) << 10);
  pool.switch_to(*fiber);
  CHECK(pool.statistics().live == 0);
}

// Lets a child process overrun a stack; it must die of the access.
bool overrun_is_caught(StackGuard guard) {
  const pid_t child = fork();
  if (child == 0) {
    signal(SIGSEGV, SIG_DFL);  // neither doctest nor a sanitizer shall report it
    const rlimit no_core{0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    FiberPoolOptions options = small_options();
    options.stacks.guard = guard;
    FiberPool pool(options);
    Depth depth{&pool, -(1 << 20)};
    pool.switch_to(*pool.acquire(dig_deep, &depth));
    _exit(0);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child) return false;
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV;
}

TEST_CASE("fiber: overrunning a stack hits a guard of either kind") {
  CHECK(overrun_is_caught(StackGuard::Automatic));
  CHECK(overrun_is_caught(StackGuard::Protected));
}

TEST_CASE("stack pool: protected guards stop before the mapping limit") {
  StackPoolOptions options;
  options.stack_size = size_t{32} << 10;
  options.guard = StackGuard::Protected;
  StackPool pool(options);
  StackBounds stack;
  size_t count = 0;
  while (count < 1000000 && pool.allocate(&stack)) ++count;
  CHECK(count >= 1000);
  CHECK(count < 1000000);
  CHECK_FALSE(pool.statistics().guards_are_markers);
}

TEST_CASE("stack pool: discarded memory reads as zero and can be used again") {
  StackPool pool;
  StackBounds stack;
  REQUIRE(pool.allocate(&stack));
  std::memset(stack.low, 0x5a, stack.size());
  std::byte* middle = stack.low + stack.size() / 2;
  pool.discard_below(stack, middle);
  CHECK(static_cast<int>(stack.low[0]) == 0);
  CHECK(static_cast<int>(middle[0]) == 0x5a);
  CHECK(static_cast<int>(middle[-128]) == 0x5a);
  pool.discard_all(stack);
  CHECK(static_cast<int>(stack.high[-1]) == 0);
  std::memset(stack.low, 1, stack.size());
}

TEST_CASE("native stack: other threads know theirs") {
  StackBounds mine = current_thread_stack();
  CHECK(mine.contains(__builtin_frame_address(0)));
  CHECK(mine.size() > (size_t{64} << 10));
  StackBounds other;
  const void* mark = nullptr;
  bool inside = false;
  std::thread([&] {
    other = current_thread_stack();
    mark = current_thread_mark();
    inside = other.contains(__builtin_frame_address(0));
  }).join();
  CHECK(inside);
  CHECK(mark != current_thread_mark());
  CHECK_FALSE(other.contains(__builtin_frame_address(0)));
}

}  // namespace
}  // namespace apy
