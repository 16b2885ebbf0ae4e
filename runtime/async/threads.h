#pragma once
// Threads of scripts: fibers that take turns where they wait.
//
// One engine runs on one thread of the system; `_thread.start_new_thread` makes a fiber of its own
// for the function. A thread runs until it waits: for a lock, a time, a descriptor, the loop it
// turns. Then the next one that is ready goes on, in order. Nothing preempts: a
// thread that neither waits nor takes a lock keeps all others waiting. Taking a lock is where a
// turn ends that has lasted long.
//
// A wait is a ThreadWait on the stack of the thread that waits. When nobody is ready, whoever asked
// last polls the descriptors and deadlines of all waits at once; when nothing at all can end a
// wait, the main thread's wait ends with an error. What asyncio keeps per thread (the running loop,
// the current task, the fiber to return to from the loop) is changed at each switch.
//
// Rejected: threads of the system (every object would need locks, and an engine is one thread's);
// running the function at its start (a consumer would wait for its producer for ever).
#include <poll.h>

#include <deque>
#include <span>
#include <vector>

#include "runtime/async/state.h"

namespace apy {

/// One thread of a script; not a heap object: `_thread` knows it by number.
struct ScriptThread {
  class Threads* threads = nullptr;
  int64_t ident = 0;
  Fiber* fiber = nullptr;  // where it goes on
  // Until it starts: a callable, a Tuple of its arguments, the names of the last ones or empty.
  Value function, arguments, keyword_names;
  // Its part of AsyncState while others run:
  Value running_loop, current_task;
  Fiber* home = nullptr;
  struct ThreadWait* wait = nullptr;  // null: it runs or is ready
};

struct ThreadWait {
  enum class Outcome : uint8_t { Waiting, Woken, Due, Deadlocked, Abandoned };
  static constexpr int64_t kForever = INT64_MAX;
  int64_t deadline = kForever;  // monotonic nanoseconds
  std::span<pollfd> descriptors;
  /// Nothing but another thread can end the wait, whatever `descriptors` and `deadline` say.
  bool needs_others = false;
  Outcome outcome = Outcome::Waiting;
  ScriptThread* thread = nullptr;
};

class Threads final : public RootBase {
 public:
  static constexpr int64_t kMainIdent = 1;

  explicit Threads(AsyncState& state);
  void trace(Visitor& visitor) const override;

  /// Makes a thread ready that will call the function; its number. RuntimeError when stacks run
  /// out.
  Result<int64_t> start(Value function, Tuple* arguments, Tuple* keyword_names);
  /// Lets others run until `wait` is woken or due, or one of its descriptors is ready. RuntimeError
  /// "deadlock: ..." (with `what`) when nothing can end it.
  Result<void> wait(ThreadWait& wait, const char* what);
  void wake(ThreadWait& wait);
  /// Lets those that are ready run first.
  Result<void> yield();
  /// The same, once this turn has lasted a while. Called where a lock is taken, so that a thread
  /// that asks a queue again and again does not keep those from running that would fill it.
  Result<void> end_long_turn();

  bool has_others() const { return threads_.size() > 1; }
  size_t count() const { return threads_.size() - 1; }
  int64_t current() const { return current_->ident; }
  /// From the main thread at the end: ends the waits of all others with SystemExit.
  void abandon();

 private:
  static Fiber& run(Fiber& self, void* argument) noexcept;
  ScriptThread* next_ready();
  ScriptThread* wait_for_ready();
  void leave();
  void enter(ScriptThread& thread);
  void switch_to(ScriptThread& thread);
  /// Looks at descriptors and deadlines, for up to `timeout` nanoseconds; false: nothing can
  /// happen.
  bool poll(bool block);
  void break_deadlock();

  AsyncState& state_;
  VM& vm_;
  ScriptThread main_;
  ScriptThread* current_ = &main_;
  std::vector<ScriptThread*> threads_;  // the main one first
  std::deque<ScriptThread*> ready_;
  int64_t last_ident_ = kMainIdent;
  int64_t last_poll_ = 0;
  int64_t turn_began_ = 0;
  bool abandoning_ = false;
};

/// The threads of this engine, or null while none was ever started.
Threads* threads_of(VM& vm);
Result<Threads*> make_threads(VM& vm);
/// Others than the one that runs, if there are any: then a wait belongs to them.
inline Threads* other_threads(VM& vm) {
  if (!vm.suspender()) return nullptr;
  Threads* threads = threads_of(vm);
  return threads && threads->has_others() ? threads : nullptr;
}
/// Before a blocking system call: if there are other threads, lets them run until one of the
/// descriptors is ready or the deadline (monotonic nanoseconds, negative: none) has come.
Result<void> let_others_run(VM& vm, std::span<pollfd> descriptors, int64_t deadline);

}  // namespace apy
