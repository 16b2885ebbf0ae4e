#pragma once

// Which of the program's own descriptors (sockets, pipes) a loop watches: the kernel's epoll set.
//
// Sockets are watched here and read and written directly by whoever owns them, and not through
// libuv: a descriptor stays an ordinary one, which a script may also use by itself (`add_reader`,
// `sock_recv`), readiness comes in the order in which asyncio's selector reports it, and a wait is
// one system call for everything. Through uv_poll each wait took three (libuv has to be run before
// and after the one that may block), through uv_tcp a stream would belong to libuv, with callbacks
// in its order. libuv keeps what it is good at: threads, names, processes.
//
// The kernel forgets a descriptor that is closed without a word here; both ways to notice (an
// unknown one is changed, a known one is added) are repaired silently.

#include <sys/epoll.h>

#include <cstdint>
#include <vector>

namespace apy {

class DescriptorSet {
 public:
  enum Event : uint8_t { kReadable = 1, kWritable = 2 };

  DescriptorSet() = default;
  ~DescriptorSet();
  DescriptorSet(const DescriptorSet&) = delete;
  DescriptorSet& operator=(const DescriptorSet&) = delete;

  /// Watches `descriptor` for these events from now on (0: no more), `old_events` being what it was
  /// watched for. Returns 0 or the system's error number.
  int change(int descriptor, unsigned old_events, unsigned events);

  /// A descriptor of the engine's own that ends a wait; it is not reported.
  bool add_silent(int descriptor);

  /// Waits up to `timeout` nanoseconds (negative: without limit) until something is ready.
  /// Returns how many events there are; less than 0 when interrupted.
  int wait(int64_t timeout);

  /// Event `index` of the last wait. False for the engine's own descriptors.
  bool event(int index, int* descriptor, unsigned* events) const;

  /// Gives the kernel's set back; nothing is watched any more.
  void close();

  /// How many descriptors are watched.
  size_t size() const { return count_; }
  /// Of the set itself; -1 until something was added.
  int descriptor() const { return set_; }

 private:
  bool open();

  int set_ = -1;
  size_t count_ = 0;
  std::vector<epoll_event> ready_;
};

}  // namespace apy
