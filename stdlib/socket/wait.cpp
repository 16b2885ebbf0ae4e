// Waiting in a blocking socket call.
//
// Every call that may block waits in ppoll first and in slices, so that a signal's handler, a limit
// of the host or an interrupt from another thread is served however long the peer is silent.
#include <fcntl.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <ctime>

#include "runtime/async/threads.h"
#include "stdlib/socket/socket.h"
#include "vm/objects/protocol.h"

namespace apy {

namespace {

constexpr int64_t kNanoseconds = 1'000'000'000;
/// How long a wait goes without looking whether the engine asks it to stop.
constexpr int64_t kSlice = 50'000'000;

int64_t monotonic_now() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * kNanoseconds + t.tv_nsec;
}

}  // namespace

Error raise_socket_error(VM& vm, int error_number) {
  Value arguments[2] = {Value::small_int(error_number),
                        TRY(make_str(vm, std::strerror(error_number)))};
  return vm.raise_exception(TRY(vm.call(vm.type(BuiltinType::OSError), arguments)));
}

Result<int64_t> parse_timeout(VM& vm, Value seconds) {
  if (seconds.is_none()) return int64_t{-1};
  double number;
  if (is_float(seconds)) {
    number = as_float(seconds);
  } else {
    int64_t whole;
    if (!fits_int64(TRY(to_index(vm, seconds)), &whole))
      return vm.raise(Exc::OverflowError, "timestamp out of range for platform time_t");
    number = static_cast<double>(whole);
  }
  if (std::isnan(number)) return vm.raise(Exc::ValueError, "Invalid value NaN (not a number)");
  if (number < 0) return vm.raise(Exc::ValueError, "Timeout value out of range");
  if (number >= 9e9) return vm.raise(Exc::OverflowError, "timeout doesn't fit into C timeval");
  return static_cast<int64_t>(std::ceil(number * 1e9));
}

int64_t deadline_after(int64_t timeout) { return timeout < 0 ? -1 : monotonic_now() + timeout; }

int64_t time_until(int64_t deadline) { return deadline - monotonic_now(); }

bool set_descriptor_blocking(int descriptor, bool blocking) {
  int flags = fcntl(descriptor, F_GETFL);
  if (flags < 0) return false;
  int wanted = blocking ? flags & ~O_NONBLOCK : flags | O_NONBLOCK;
  return wanted == flags || fcntl(descriptor, F_SETFL, wanted) == 0;
}

Result<void> wait_for_descriptor(VM& vm, int descriptor, short events, int64_t deadline) {
  if (descriptor < 0) return raise_socket_error(vm, EBADF);  // ppoll would skip it
  pollfd entry{descriptor, events, 0};
  while (true) {
    int64_t slice = kSlice;
    TRY(let_others_run(vm, {&entry, 1}, deadline));
    if (deadline >= 0) slice = std::clamp<int64_t>(deadline - monotonic_now(), 0, kSlice);
    timespec limit{0, slice};
    int count = ppoll(&entry, 1, &limit, nullptr);
    int error = errno;
    if (vm.poll_needed()) TRY(vm.poll());
    if (count > 0) return {};
    if (count < 0 && error != EINTR) return raise_socket_error(vm, error);
    if (deadline >= 0 && monotonic_now() >= deadline)
      return vm.raise(Exc::TimeoutError, "timed out");
  }
}

}  // namespace apy
