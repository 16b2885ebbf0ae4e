#include "runtime/loop/poller.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <new>

namespace apy {
namespace {

constexpr int64_t kNanosecondsPerMillisecond = 1000000;
constexpr int64_t kNanosecondsPerSecond = 1000000000;

// How often to look at the state when there is no descriptor to be woken by.
constexpr int64_t kBlindSlice = kNanosecondsPerMillisecond;

int64_t earlier(int64_t a, int64_t b) {
  if (a < 0) return b;
  return b < 0 ? a : std::min(a, b);
}

bool watch_for_input(int set, int descriptor) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = descriptor;
  return epoll_ctl(set, EPOLL_CTL_ADD, descriptor, &event) == 0;
}

}  // namespace

Poller::~Poller() {
  if (uv_ != nullptr) {
    uv_walk(
        uv_,
        [](uv_handle_t* handle, void*) {
          if (!uv_is_closing(handle)) uv_close(handle, nullptr);
        },
        nullptr);
    uv_run(uv_, UV_RUN_DEFAULT);
    [[maybe_unused]] const int failed = uv_loop_close(uv_);
    assert(failed == 0);
    delete uv_;
  }
  if (host_descriptor_ >= 0) close(host_descriptor_);
  if (wake_descriptor_ >= 0) close(wake_descriptor_);
}

uv_loop_s* Poller::uv_loop() {
  if (uv_ != nullptr) return uv_;
  auto* loop = new (std::nothrow) uv_loop_t;
  if (loop == nullptr) return nullptr;
  if (uv_loop_init(loop) != 0) {
    delete loop;
    return nullptr;
  }
  if (host_descriptor_ >= 0 && !watch_for_input(host_descriptor_, uv_backend_fd(loop))) {
    uv_loop_close(loop);
    delete loop;
    return nullptr;
  }
  uv_ = loop;
  return uv_;
}

bool Poller::has_uv_io() const { return uv_ != nullptr && uv_loop_alive(uv_) != 0; }

bool Poller::has_io() const { return is_watching() || has_uv_io(); }

int Poller::watch(int descriptor, unsigned old_events, unsigned events) {
  const bool first = descriptors_.descriptor() < 0;
  const int error = descriptors_.change(descriptor, old_events, events);
  if (first && host_descriptor_ >= 0 && descriptors_.descriptor() >= 0)
    watch_for_input(host_descriptor_, descriptors_.descriptor());
  return error;
}

void Poller::stop_watching() {
  descriptors_.close();
  set_has_wake_ = set_has_uv_ = false;
}

// Tells the listener what is ready, after up to `timeout` nanoseconds.
void Poller::collect(int64_t timeout) {
  const int count = descriptors_.wait(timeout);
  for (int i = 0; i < count; ++i) {
    int descriptor;
    unsigned events;
    if (!descriptors_.event(i, &descriptor, &events)) continue;
    ready_noted_ = true;
    if (listener_ != nullptr) listener_(listener_owner_, descriptor, events);
  }
}

bool Poller::open_wake_descriptor() {
  if (wake_descriptor_ < 0) wake_descriptor_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  return wake_descriptor_ >= 0;
}

void Poller::wake() noexcept {
  if (state_.exchange(Woken, std::memory_order_acq_rel) != Waiting) return;
  const int saved_errno = errno;  // a signal handler must not change it
  const uint64_t one = 1;
  while (write(wake_descriptor_, &one, sizeof one) < 0 && errno == EINTR) {
  }
  errno = saved_errno;
}

// Ends a wait, if there was one, and tells whether a wake-up has come since the last time.
bool Poller::take_wake_up() {
  const bool waited = armed_;
  armed_ = false;
  if (!waited && state_.load(std::memory_order_relaxed) == Idle) return false;
  const bool woken = state_.exchange(Idle, std::memory_order_acq_rel) == Woken;
  if (woken && waited) {
    // The waker may not have written yet; then the next wait ends early, and no harm is done.
    uint64_t count;
    while (read(wake_descriptor_, &count, sizeof count) < 0 && errno == EINTR) {
    }
  }
  return woken;
}

bool Poller::poll(int64_t timeout) {
  bool woken = take_wake_up();
  ready_noted_ = false;
  if (has_uv_io()) {
    // Also registers with the kernel what callbacks have begun to watch since the last time.
    run_io();
    const int limit = uv_backend_timeout(uv_);
    if (limit >= 0) timeout = earlier(timeout, limit * kNanosecondsPerMillisecond);
  }
  if (timeout == 0 || woken || ready_noted_) {
    if (is_watching()) collect(0);
    return woken;
  }
  wait(timeout);
  return take_wake_up();
}

void Poller::run_io() { uv_run(uv_, UV_RUN_NOWAIT); }

void Poller::wait(int64_t timeout) {
  const bool can_be_woken = open_wake_descriptor();
  if (can_be_woken) {
    uint32_t expected = Idle;
    if (!state_.compare_exchange_strong(expected, Waiting, std::memory_order_acq_rel)) return;
    armed_ = true;
  } else {
    if (state_.load(std::memory_order_acquire) == Woken) return;
    timeout = earlier(timeout, kBlindSlice);
  }
  const bool io = has_uv_io();
  if (is_watching()) {
    if (can_be_woken && !set_has_wake_) set_has_wake_ = descriptors_.add_silent(wake_descriptor_);
    if (io && !set_has_uv_) set_has_uv_ = descriptors_.add_silent(uv_backend_fd(uv_));
    collect(timeout);
    if (uv_ != nullptr) run_io();
    return;
  }
  pollfd descriptors[2] = {};
  descriptors[0].fd = wake_descriptor_;  // ppoll skips a negative one
  descriptors[0].events = POLLIN;
  descriptors[1].fd = io ? uv_backend_fd(uv_) : -1;
  descriptors[1].events = POLLIN;
  timespec limit{};
  limit.tv_sec = timeout / kNanosecondsPerSecond;
  limit.tv_nsec = timeout % kNanosecondsPerSecond;
  // Interrupted by a signal is as good as woken: the loop looks at its clock and comes back.
  ppoll(descriptors, 2, timeout < 0 ? nullptr : &limit, nullptr);
  if (io) run_io();
}

int Poller::host_descriptor() {
  if (host_descriptor_ >= 0) return host_descriptor_;
  if (!open_wake_descriptor()) return -1;
  const int set = epoll_create1(EPOLL_CLOEXEC);
  if (set < 0) return -1;
  if (!watch_for_input(set, wake_descriptor_) ||
      (uv_ != nullptr && !watch_for_input(set, uv_backend_fd(uv_))) ||
      (descriptors_.descriptor() >= 0 && !watch_for_input(set, descriptors_.descriptor()))) {
    close(set);
    return -1;
  }
  host_descriptor_ = set;
  return set;
}

bool Poller::arm() {
  if (!open_wake_descriptor()) return false;
  ready_noted_ = false;
  if (is_watching()) collect(0);
  if (ready_noted_) return false;
  if (has_uv_io()) {
    run_io();
    if (ready_noted_ || uv_backend_timeout(uv_) == 0) return false;
  }
  if (armed_) return state_.load(std::memory_order_acquire) == Waiting;
  uint32_t expected = Idle;
  armed_ = state_.compare_exchange_strong(expected, Waiting, std::memory_order_acq_rel);
  return armed_;
}

}  // namespace apy
