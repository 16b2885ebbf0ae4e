#include "runtime/loop/descriptor_set.h"

#include <poll.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace apy {
namespace {

constexpr int64_t kNanosecondsPerSecond = 1000000000;
constexpr size_t kFewestEvents = 64;
constexpr size_t kMostEvents = 4096;
// In the upper half of epoll_event::data, beside the number of the descriptor.
constexpr uint64_t kSilent = uint64_t{1} << 32;

}  // namespace

DescriptorSet::~DescriptorSet() { close(); }

void DescriptorSet::close() {
  if (set_ >= 0) ::close(set_);
  set_ = -1;
  count_ = 0;
}

bool DescriptorSet::open() {
  if (set_ < 0) set_ = epoll_create1(EPOLL_CLOEXEC);
  if (ready_.empty()) ready_.resize(kFewestEvents);
  return set_ >= 0;
}

int DescriptorSet::change(int descriptor, unsigned old_events, unsigned events) {
  if (!open()) return errno;
  epoll_event wanted{};
  wanted.events = (events & kReadable ? EPOLLIN : 0u) | (events & kWritable ? EPOLLOUT : 0u);
  wanted.data.u64 = static_cast<uint32_t>(descriptor);
  int failed;
  if (events == 0) {
    failed = epoll_ctl(set_, EPOLL_CTL_DEL, descriptor, &wanted);
    if (failed != 0 && (errno == ENOENT || errno == EBADF || errno == EPERM)) failed = 0;
  } else {
    int operation = old_events == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    failed = epoll_ctl(set_, operation, descriptor, &wanted);
    if (failed != 0 && (errno == ENOENT || errno == EEXIST)) {
      operation = operation == EPOLL_CTL_ADD ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
      failed = epoll_ctl(set_, operation, descriptor, &wanted);
    }
  }
  if (failed != 0) return errno;
  if (old_events == 0 && events != 0) ++count_;
  if (old_events != 0 && events == 0) --count_;
  if (count_ > ready_.size() && ready_.size() < kMostEvents) ready_.resize(ready_.size() * 2);
  return 0;
}

bool DescriptorSet::add_silent(int descriptor) {
  if (!open()) return false;
  epoll_event wanted{};
  wanted.events = EPOLLIN;
  wanted.data.u64 = kSilent | static_cast<uint32_t>(descriptor);
  return epoll_ctl(set_, EPOLL_CTL_ADD, descriptor, &wanted) == 0;
}

int DescriptorSet::wait(int64_t timeout) {
  const int room = static_cast<int>(ready_.size());
  if (timeout == 0) return epoll_wait(set_, ready_.data(), room, 0);
  timespec limit{};
  limit.tv_sec = timeout / kNanosecondsPerSecond;
  limit.tv_nsec = timeout % kNanosecondsPerSecond;
  const timespec* given = timeout < 0 ? nullptr : &limit;
  const int count = epoll_pwait2(set_, ready_.data(), room, given, nullptr);
  if (count >= 0 || errno != ENOSYS) return count;
  // A kernel older than the call: wait for the set itself.
  pollfd entry{set_, POLLIN, 0};
  if (ppoll(&entry, 1, given, nullptr) < 0) return -1;
  return epoll_wait(set_, ready_.data(), room, 0);
}

bool DescriptorSet::event(int index, int* descriptor, unsigned* events) const {
  const epoll_event& event = ready_[static_cast<size_t>(index)];
  if (event.data.u64 & kSilent) return false;
  *descriptor = static_cast<int>(event.data.u64);
  // An error or a hang-up is told to whoever reads and to whoever writes.
  *events = 0;
  if (event.events & ~static_cast<uint32_t>(EPOLLIN)) *events |= kWritable;
  if (event.events & ~static_cast<uint32_t>(EPOLLOUT)) *events |= kReadable;
  return true;
}

}  // namespace apy
