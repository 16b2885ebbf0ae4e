// The module `_select`: waiting for several descriptors at once; `select.apy` makes objects of it.
//
// As in all of these calls, a wait is cut into slices, between which signals and the host are
// served.
#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <vector>

#include "runtime/async/threads.h"
#include "stdlib/socket/socket.h"
#include "vm/binding/bind.h"

namespace apy {

namespace {

constexpr int64_t kMillisecond = 1'000'000;
constexpr int kSliceMilliseconds = 50;

/// Calls `wait(milliseconds)` until it says that something is ready, fails, or the time is over.
/// Returns its last result. `entries`: what other threads may wait for in its place.
template <class F>
Result<int> wait_in_slices(VM& vm, std::span<pollfd> entries, int64_t timeout, F wait) {
  int64_t deadline = deadline_after(timeout);
  while (true) {
    TRY(let_others_run(vm, entries, deadline));
    int slice = kSliceMilliseconds;
    if (deadline >= 0) {
      int64_t left = std::max<int64_t>(time_until(deadline), 0);
      slice = static_cast<int>(std::min<int64_t>((left + kMillisecond - 1) / kMillisecond, slice));
    }
    int count = wait(slice);
    int error = errno;
    if (vm.poll_needed()) TRY(vm.poll());
    if (count > 0) return count;
    if (count < 0 && error != EINTR) return raise_socket_error(vm, error);
    if (deadline >= 0 && time_until(deadline) <= 0) return 0;
  }
}

/// poll([(fd, events), ...], nanoseconds): [(fd, events), ...]
Result<Value> poll_descriptors(VM& vm, List* wanted, int64_t timeout) {
  std::vector<pollfd> entries;
  for (uint64_t i = 0; i < wanted->length; ++i) {
    Tuple* pair = try_as<Tuple>(wanted->values()[i]);
    if (!pair || pair->length != 2) return vm.raise(Exc::TypeError, "pairs are expected");
    int64_t descriptor = TRY(to_int64(vm, pair->values()[0]));
    int64_t events = TRY(to_int64(vm, pair->values()[1]));
    entries.push_back({static_cast<int>(descriptor), static_cast<short>(events), 0});
  }
  TRY(wait_in_slices(vm, entries, timeout,
                     [&](int slice) { return ::poll(entries.data(), entries.size(), slice); }));
  List* ready = TRY(make_list(vm, size_t{0}));
  for (const pollfd& entry : entries) {
    if (!entry.revents) continue;
    Value pair[2] = {Value::small_int(entry.fd), Value::small_int(entry.revents & 0xffff)};
    TRY(list_append(vm, ready, TRY(make_tuple(vm, pair))));
  }
  return ready;
}

Result<int64_t> create_epoll(VM& vm, int64_t flags) {
  int descriptor = epoll_create1(static_cast<int>(flags) | EPOLL_CLOEXEC);
  if (descriptor < 0) return raise_socket_error(vm, errno);
  return descriptor;
}

Result<void> control_epoll(VM& vm, int64_t set, int64_t operation, int64_t descriptor,
                           int64_t events) {
  epoll_event event{};
  event.events = static_cast<uint32_t>(events);
  event.data.fd = static_cast<int>(descriptor);
  if (epoll_ctl(static_cast<int>(set), static_cast<int>(operation), static_cast<int>(descriptor),
                &event) != 0)
    return raise_socket_error(vm, errno);
  return {};
}

Result<Value> wait_epoll(VM& vm, int64_t set, int64_t timeout, int64_t most) {
  std::vector<epoll_event> events(static_cast<size_t>(std::clamp<int64_t>(most, 1, 1 << 16)));
  pollfd entry{static_cast<int>(set), POLLIN, 0};
  int count = TRY(wait_in_slices(vm, {&entry, 1}, timeout, [&](int slice) {
    return epoll_wait(static_cast<int>(set), events.data(), static_cast<int>(events.size()), slice);
  }));
  List* ready = TRY(make_list(vm, size_t{0}));
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<size_t>(i)];
    Value pair[2] = {Value::small_int(event.data.fd), Value::small_int(event.events)};
    TRY(list_append(vm, ready, TRY(make_tuple(vm, pair))));
  }
  return ready;
}

constexpr NativeFunctionDef kFunctions[] = {
    {"poll(wanted, nanoseconds, /)", "Wait for (fd, events) pairs; those that are ready.",
     bind<poll_descriptors>()},
    {"epoll_create(flags, /)", "The descriptor of a new epoll set.", bind<create_epoll>()},
    {"epoll_ctl(set, operation, fd, events, /)", "Change an epoll set.", bind<control_epoll>()},
    {"epoll_wait(set, nanoseconds, maxevents, /)", "Wait for an epoll set; (fd, events) pairs.",
     bind<wait_epoll>()},
};

struct Entry {
  const char* name;
  int64_t number;
};
#define ENTRY(name) \
  { #name, static_cast < int64_t>(name) }
constexpr Entry kEntries[] = {
    ENTRY(POLLIN),        ENTRY(POLLPRI),        ENTRY(POLLOUT),       ENTRY(POLLERR),
    ENTRY(POLLHUP),       ENTRY(POLLNVAL),       ENTRY(POLLRDNORM),    ENTRY(POLLRDBAND),
    ENTRY(POLLWRNORM),    ENTRY(POLLWRBAND),     ENTRY(POLLMSG),       ENTRY(POLLRDHUP),
    ENTRY(EPOLLIN),       ENTRY(EPOLLOUT),       ENTRY(EPOLLPRI),      ENTRY(EPOLLERR),
    ENTRY(EPOLLHUP),      ENTRY(EPOLLRDHUP),     ENTRY(EPOLLET),       ENTRY(EPOLLONESHOT),
    ENTRY(EPOLLMSG),      ENTRY(EPOLLRDNORM),    ENTRY(EPOLLRDBAND),   ENTRY(EPOLLWRNORM),
    ENTRY(EPOLLWRBAND),   ENTRY(EPOLLEXCLUSIVE), ENTRY(EPOLL_CLOEXEC), ENTRY(PIPE_BUF),
    ENTRY(EPOLL_CTL_ADD), ENTRY(EPOLL_CTL_MOD),  ENTRY(EPOLL_CTL_DEL)};
#undef ENTRY

Result<void> initialize(VM& vm, Module* module) {
  for (const Entry& entry : kEntries)
    TRY(module_set(vm, module, entry.name, Value::small_int(entry.number)));
  return {};
}

}  // namespace

extern const NativeModuleDef kSelectModule = {
    "_select", "Waiting for several descriptors; see the module select.", kFunctions, initialize};

}  // namespace apy
