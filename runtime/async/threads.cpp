#include "runtime/async/threads.h"

#include <algorithm>
#include <cerrno>
#include <new>
#include <utility>

#include "runtime/loop/clock.h"
#include "vm/interpreter/context.h"
#include "vm/objects/protocol.h"

namespace apy {

namespace {
/// How long a poll goes without looking whether the engine asks a script to stop.
constexpr int64_t kSlice = 50'000'000;
/// How often descriptors are looked at while threads are ready all the time.
constexpr int64_t kPollInterval = 1'000'000;
/// As sys.getswitchinterval() of CPython.
constexpr int64_t kLongestTurn = 5'000'000;
/// After so many tries a thread that catches SystemExit is given up.
constexpr int kAbandonRounds = 1000;
}  // namespace

Threads::Threads(AsyncState& state) : RootBase(state.vm.heap()), state_(state), vm_(state.vm) {
  main_.ident = kMainIdent;
  threads_.push_back(&main_);
}

void Threads::trace(Visitor& visitor) const {
  for (const ScriptThread* thread : threads_) {
    visitor.visit(thread->function);
    visitor.visit(thread->arguments);
    visitor.visit(thread->keyword_names);
    visitor.visit(thread->running_loop);
    visitor.visit(thread->current_task);
  }
}

Result<int64_t> Threads::start(Value function, Tuple* arguments, Tuple* keyword_names) {
  if (abandoning_)
    return vm_.raise(Exc::RuntimeError, "can't create new thread at interpreter shutdown");
  if (!state_.fibers.bind_host_stack())
    return vm_.raise(Exc::RuntimeError, "the engine is in use on another thread");
  auto* thread = new (std::nothrow) ScriptThread;
  Fiber* fiber = thread ? state_.fibers.acquire(run, thread) : nullptr;
  if (fiber && !fiber->user) {
    state_.fibers.release(*fiber);
    fiber = nullptr;
  }
  if (!fiber) {
    delete thread;
    return vm_.raise(Exc::RuntimeError, "can't start new thread");
  }
  thread->threads = this;
  thread->ident = ++last_ident_;
  thread->fiber = fiber;
  thread->function = function;
  thread->arguments = arguments;
  thread->keyword_names = keyword_names ? Value(keyword_names) : Value();
  threads_.push_back(thread);
  ready_.push_back(thread);
  return thread->ident;
}

Fiber& Threads::run(Fiber& self, void* argument) noexcept {
  auto* thread = static_cast<ScriptThread*>(argument);
  Threads& threads = *thread->threads;
  AsyncState& state = threads.state_;
  VM& vm = threads.vm_;
  auto* context = static_cast<Context*>(self.user);
  state.arrived(self);
  context->variables = Value();
  {
    Value function = std::exchange(thread->function, Value());
    Tuple* arguments = as<Tuple>(std::exchange(thread->arguments, Value()));
    Tuple* names = try_as<Tuple>(std::exchange(thread->keyword_names, Value()));
    auto result = names ? vm.call_keywords(function, arguments->span(), names)
                        : vm.call(function, arguments->span());
    if (result.is_error()) {
      if (vm.is_instance(vm.pending(), BuiltinType::SystemExit))
        vm.take_pending();
      else
        vm.write_unraisable(function);
    }
  }
  context->variables = Value();
  std::erase(threads.threads_, thread);
  delete thread;
  threads.current_ = nullptr;
  ScriptThread* next = threads.wait_for_ready();
  threads.enter(*next);
  vm.switch_context(static_cast<Context*>(next->fiber->user));
  state.left = &self;
  return *next->fiber;
}

// --- switching ---

void Threads::leave() {
  current_->fiber = &state_.fibers.current();
  current_->running_loop = state_.running_loop;
  current_->current_task = state_.current_task;
  current_->home = state_.home;
}

void Threads::enter(ScriptThread& thread) {
  current_ = &thread;
  turn_began_ = monotonic_nanoseconds();
  state_.running_loop = thread.running_loop;
  state_.current_task = thread.current_task;
  state_.home = thread.home;
}

void Threads::switch_to(ScriptThread& thread) {
  leave();
  if (state_.fibers.current().is_host()) state_.fibers.host().user = vm_.context();
  enter(thread);
  state_.switch_to(*thread.fiber);
}

ScriptThread* Threads::next_ready() {
  if (ready_.empty()) return nullptr;
  ScriptThread* thread = ready_.front();
  ready_.pop_front();
  return thread;
}

/// The next thread to run; waits for the outside if need be.
ScriptThread* Threads::wait_for_ready() {
  if (!ready_.empty() && monotonic_nanoseconds() - last_poll_ > kPollInterval) poll(false);
  while (ready_.empty())
    if (!poll(true)) break_deadlock();
  return next_ready();
}

Result<void> Threads::wait(ThreadWait& wait, const char* what) {
  if (abandoning_ && current_ != &main_) return vm_.raise_with(Exc::SystemExit, {});
  if (!state_.fibers.bind_host_stack())
    return vm_.raise(Exc::RuntimeError, "the engine is in use on another thread");
  wait.thread = current_;
  wait.outcome = ThreadWait::Outcome::Waiting;
  current_->wait = &wait;
  while (wait.outcome == ThreadWait::Outcome::Waiting) {
    ScriptThread* next = wait_for_ready();
    if (next != current_) switch_to(*next);
  }
  if (vm_.poll_needed() && current_ == &main_) TRY(vm_.poll());
  if (wait.outcome == ThreadWait::Outcome::Deadlocked)
    return vm_.raise(Exc::RuntimeError, "deadlock: waiting for {}, and no other thread can end it",
                     what);
  if (wait.outcome == ThreadWait::Outcome::Abandoned) return vm_.raise_with(Exc::SystemExit, {});
  return {};
}

void Threads::wake(ThreadWait& wait) {
  if (wait.outcome != ThreadWait::Outcome::Waiting) return;
  wait.outcome = ThreadWait::Outcome::Woken;
  wait.thread->wait = nullptr;
  ready_.push_back(wait.thread);
}

Result<void> Threads::yield() {
  if (abandoning_ && current_ != &main_) return vm_.raise_with(Exc::SystemExit, {});
  if (monotonic_nanoseconds() - last_poll_ > kPollInterval) poll(false);
  if (ready_.empty() || !state_.fibers.bind_host_stack()) return {};
  ready_.push_back(current_);
  ScriptThread* next = next_ready();
  if (next != current_) switch_to(*next);
  return {};
}

Result<void> Threads::end_long_turn() {
  return monotonic_nanoseconds() - turn_began_ > kLongestTurn ? yield() : Result<void>();
}

// --- waiting for the outside ---

bool Threads::poll(bool block) {
  int64_t now = monotonic_nanoseconds(), deadline = ThreadWait::kForever;
  std::vector<pollfd> entries;
  bool hopeful = false;
  for (ScriptThread* thread : threads_) {
    if (!thread->wait) continue;
    deadline = std::min(deadline, thread->wait->deadline);
    for (pollfd& entry : thread->wait->descriptors) entries.push_back(entry);
    hopeful |= !thread->wait->needs_others && (!thread->wait->descriptors.empty() ||
                                               thread->wait->deadline != ThreadWait::kForever);
  }
  int64_t timeout = block && hopeful ? std::clamp<int64_t>(deadline - now, 0, kSlice) : 0;
  timespec limit{0, timeout};
  int count = 0;
  if (!entries.empty() || timeout > 0)
    count = ppoll(entries.data(), entries.size(), &limit, nullptr);
  last_poll_ = now = monotonic_nanoseconds();
  size_t at = 0;
  for (ScriptThread* thread : threads_) {
    ThreadWait* wait = thread->wait;
    if (!wait) continue;
    bool ready = false;
    for (pollfd& entry : wait->descriptors) {
      entry.revents = count > 0 ? entries[at].revents : short{0};
      ready |= entry.revents != 0;
      ++at;
    }
    bool due = wait->deadline <= now;
    if (!ready && !due && !(thread == &main_ && vm_.poll_needed())) continue;
    wake(*wait);
    if (!ready && due) wait->outcome = ThreadWait::Outcome::Due;
  }
  return hopeful || !ready_.empty();
}

/// Nobody is ready and nothing outside can change that.
void Threads::break_deadlock() {
  ScriptThread* victim = main_.wait ? &main_ : threads_.back();
  ThreadWait* wait = victim->wait;
  wake(*wait);
  wait->outcome = ThreadWait::Outcome::Deadlocked;
}

void Threads::abandon() {
  if (current_ != &main_) return;
  abandoning_ = true;
  for (int round = 0; round < kAbandonRounds && has_others(); ++round) {
    for (size_t i = threads_.size(); i-- > 1;) {
      ScriptThread* thread = threads_[i];
      if (thread->fiber->state() == FiberState::Ready) {
        std::erase(ready_, thread);
        state_.fibers.release(*thread->fiber);
        threads_.erase(threads_.begin() + static_cast<ptrdiff_t>(i));
        delete thread;
      } else if (ThreadWait* wait = thread->wait) {
        wake(*wait);
        wait->outcome = ThreadWait::Outcome::Abandoned;
      }
    }
    if (!yield().is_ok()) vm_.take_pending();
  }
}

// --- access ---

Threads* threads_of(VM& vm) { return async_state(vm).threads.get(); }

Result<Threads*> make_threads(VM& vm) {
  AsyncState& state = async_state(vm);
  if (!state.threads) state.threads = std::make_unique<Threads>(state);
  return state.threads.get();
}

Result<void> let_others_run(VM& vm, std::span<pollfd> descriptors, int64_t deadline) {
  Threads* threads = other_threads(vm);
  if (!threads) return {};
  ThreadWait wait;
  wait.descriptors = descriptors;
  if (deadline >= 0) wait.deadline = deadline;
  return threads->wait(wait, "the outside");
}

}  // namespace apy
