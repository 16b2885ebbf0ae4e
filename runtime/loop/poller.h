#pragma once

// Waiting: where a loop with nothing ready to run spends its time.
//
// Concepts. `poll(timeout)` returns when input or output has progressed, when another thread or a
// signal handler has called `wake`, or when the time is over. The loop calls it once per iteration,
// with timeout 0 if something is ready. Input and output are libuv's: its handles belong to
// runtime/io and call back into the loop from inside `poll`. Signals are `SignalWatch`'s.
//
// A wait is one ppoll on two descriptors: an eventfd that `wake` writes, and libuv's own; or, when
// sockets are watched, one epoll_pwait2 on the set that holds all of them. libuv itself never
// blocks: it counts milliseconds, and a sleep of 0.3 ms shall not take one.
//
// Everything is made when first needed: a script that never waits opens no descriptor, one that
// only sleeps never initialises libuv, and an iteration with something ready and no input or output
// in progress makes no system call at all.
//
// Wake-ups. The state is one atomic word: Idle, Waiting, Woken. A waker sets Woken and writes the
// eventfd only if it found Waiting, so waking a busy loop costs one exchange and any number of
// wake-ups before the next poll are one. A wake-up is never lost; a spurious one may happen.
//
// Rejected: uv_async for waking (needs the whole of libuv for `call_soon_threadsafe`); uv_timer
// (milliseconds, and a heap of its own beside ours); epoll_pwait2 on libuv's descriptor (it would
// take events that only uv_run knows how to handle).

#include <atomic>
#include <cstdint>

#include "runtime/loop/descriptor_set.h"

struct uv_loop_s;

namespace apy {

class Poller {
 public:
  // No limit on the time of a wait.
  static constexpr int64_t kForever = -1;

  Poller() = default;

  // Closes libuv. Handles still open are closed without their owners' knowledge, so runtime/io
  // closes its own before; outstanding work is waited for. No `wake` may be in progress: whoever
  // wakes from outside holds the lock under which the owner forgets its poller.
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  // Runs the callbacks of input and output that has progressed; if none was, waits up to
  // `timeout` nanoseconds (or kForever) for that or a wake-up. True if it was woken.
  bool poll(int64_t timeout);

  // Ends the current wait, or the next one at once. From any thread, and from signal handlers.
  void wake() noexcept;

  // For callbacks that run inside `poll`: something is ready now, do not wait any more.
  void note_ready() { ready_noted_ = true; }

  // libuv's loop for handles and requests; made by the first call. Null if the system refuses
  // (descriptors used up). Handles stay referenced (no uv_unref): a loop without referenced ones
  // is not polled.
  uv_loop_s* uv_loop();

  // Watches a descriptor of the program's own for these events (DescriptorSet::Event; 0: no more),
  // `old_events` being what it was watched for. 0 or the system's error number.
  int watch(int descriptor, unsigned old_events, unsigned events);

  // Watches nothing any more: the loop is closed.
  void stop_watching();

  // Whom to tell, from inside `poll` and `arm`, that such a descriptor is ready.
  using Listener = void (*)(void* owner, int descriptor, unsigned events);
  void set_listener(Listener listener, void* owner) {
    listener_ = listener;
    listener_owner_ = owner;
  }

  // Whether libuv has anything in progress, or a descriptor is watched: then a loop without tasks
  // to run is not deadlocked, and a virtual clock may not jump.
  bool has_io() const;
  // Nothing is watched, nobody waits and nobody has called `wake`: polling without waiting would do
  // nothing.
  bool is_quiet() const {
    return uv_ == nullptr && !is_watching() && !armed_ &&
           state_.load(std::memory_order_relaxed) == Idle;
  }

  // For a host with an event loop of its own. `host_descriptor` becomes readable when `poll(0)` has
  // something to do; -1 if the system refuses. Before the host waits on it, `arm` must be called;
  // false means do not wait, poll at once. Timers are not included: the host limits its wait by the
  // loop's next deadline.
  int host_descriptor();
  bool arm();

 private:
  enum State : uint32_t { Idle, Waiting, Woken };

  bool open_wake_descriptor();
  bool take_wake_up();
  void wait(int64_t timeout);
  void run_io();
  bool has_uv_io() const;
  bool is_watching() const { return descriptors_.size() > 0; }
  void collect(int64_t timeout);

  std::atomic<uint32_t> state_{Idle};
  // Written before the state becomes Waiting, so a waker that sees Waiting sees it.
  int wake_descriptor_ = -1;
  int host_descriptor_ = -1;
  bool ready_noted_ = false;
  bool armed_ = false;
  uv_loop_s* uv_ = nullptr;
  DescriptorSet descriptors_;
  bool set_has_wake_ = false;  // our own descriptors are in the set
  bool set_has_uv_ = false;
  Listener listener_ = nullptr;
  void* listener_owner_ = nullptr;
};

}  // namespace apy
