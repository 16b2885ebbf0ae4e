#include "runtime/loop/signal_watch.h"

#include <sched.h>
#include <signal.h>

#include <cerrno>

#include "runtime/loop/poller.h"

namespace apy {
namespace {

constexpr int kLastSignal = 64;

struct Route {
  std::atomic<SignalWatch*> watch{nullptr};
  struct sigaction former {};  // written by the watch that holds the route
};

constinit Route routes[kLastSignal + 1];
// A watch goes away only when no handler that may have seen it is still running.
constinit std::atomic<int> handlers_running{0};

static_assert(std::atomic<SignalWatch*>::is_always_lock_free);

uint64_t bit_of(int signal_number) { return uint64_t{1} << (signal_number - 1); }

void handle(int signal_number) {
  const int saved_errno = errno;
  handlers_running.fetch_add(1);
  if (SignalWatch* watch = routes[signal_number].watch.load()) watch->deliver(signal_number);
  handlers_running.fetch_sub(1);
  errno = saved_errno;
}

}  // namespace

SignalWatch::~SignalWatch() {
  for (int number = 1; number <= kLastSignal; ++number) unwatch(number);
}

bool SignalWatch::is_watched(int signal_number) const {
  return signal_number >= 1 && signal_number <= kLastSignal &&
         (watched_ & bit_of(signal_number)) != 0;
}

bool SignalWatch::watch(int signal_number) {
  if (signal_number < 1 || signal_number > kLastSignal) return false;
  if (is_watched(signal_number)) return true;
  Route& route = routes[signal_number];
  SignalWatch* nobody = nullptr;
  if (!route.watch.compare_exchange_strong(nobody, this)) return false;
  struct sigaction action {};
  action.sa_handler = handle;
  // No SA_RESTART: a blocking read must end, so that the script learns of the signal.
  action.sa_flags = SA_ONSTACK;
  sigfillset(&action.sa_mask);
  if (sigaction(signal_number, &action, &route.former) != 0) {
    route.watch.store(nullptr);
    return false;
  }
  watched_ |= bit_of(signal_number);
  return true;
}

void SignalWatch::unwatch(int signal_number) {
  if (!is_watched(signal_number)) return;
  watched_ &= ~bit_of(signal_number);
  Route& route = routes[signal_number];
  sigaction(signal_number, &route.former, nullptr);
  route.watch.store(nullptr);
  while (handlers_running.load() != 0) sched_yield();
}

void SignalWatch::deliver(int signal_number) noexcept {
  arrived_.fetch_or(bit_of(signal_number), std::memory_order_acq_rel);
  if (hook_ != nullptr) hook_(argument_, signal_number);
  if (poller_ != nullptr) poller_->wake();
}

}  // namespace apy
