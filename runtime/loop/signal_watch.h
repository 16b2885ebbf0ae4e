#pragma once

// Signals of the operating system, turned into something a loop and a running script can see.
//
// A handler may do next to nothing: it notes the signal in an atomic word, calls the owner's hook
// (which sets the flag that a busy script looks at) and wakes the poller. What the signal means is
// decided later on the loop's own thread, from `take`.
//
// Which handler a signal has is a property of the whole process; that is why this one file has
// state that is not an engine's: for each signal, the watch it goes to. A signal has one watch at a
// time. The handler that was installed before comes back with `unwatch`.

#include <atomic>
#include <cstdint>

namespace apy {

class Poller;

class SignalWatch {
 public:
  // Called in the signal handler, on any thread: only async-signal-safe work.
  using Hook = void (*)(void* argument, int signal_number);

  // `poller` is woken by each signal and may be null, as may `hook`.
  explicit SignalWatch(Poller* poller, Hook hook = nullptr, void* argument = nullptr)
      : poller_(poller), hook_(hook), argument_(argument) {}
  ~SignalWatch();  // unwatches everything
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

  // Begins to watch a signal, 1..64. False if there is no such signal, it cannot be caught, or
  // another watch of this process has it. Watching twice is watching once.
  [[nodiscard]] bool watch(int signal_number);

  // Restores the signal's former handler. No effect on a signal that is not watched here.
  void unwatch(int signal_number);

  bool is_watched(int signal_number) const;

  // The watched signals that have come since the last call: bit N-1 stands for signal N.
  uint64_t take() { return arrived_.exchange(0, std::memory_order_acq_rel); }
  bool any() const { return arrived_.load(std::memory_order_relaxed) != 0; }

  // As if the signal had come; also what the handler does.
  void deliver(int signal_number) noexcept;

 private:
  Poller* poller_;
  Hook hook_;
  void* argument_;
  uint64_t watched_ = 0;
  std::atomic<uint64_t> arrived_{0};
};

}  // namespace apy
