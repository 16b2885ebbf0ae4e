// Sending and receiving.
#include <poll.h>
#include <sys/uio.h>

#include <cerrno>
#include <vector>

#include "stdlib/socket/socket.h"
#include "vm/binding/bind.h"
#include "vm/objects/bytes_family.h"
#include "vm/objects/memoryview.h"

namespace apy {

namespace {

/// Repeats a system call until it has an outcome: waits for `events` first unless the socket never
/// blocks, and again when the data was gone. Returns the call's count; -1 for EAGAIN of a socket
/// that never blocks is an error like any other.
template <class F>
Result<int64_t> transfer(VM& vm, SocketObject* socket, short events, int64_t deadline, F call) {
  while (true) {
    if (socket->timeout != 0) TRY(wait_for_descriptor(vm, socket->descriptor, events, deadline));
    ssize_t count = call();
    if (count >= 0) return count;
    int error = errno;
    if (vm.poll_needed()) TRY(vm.poll());
    if (error == EINTR || ((error == EAGAIN || error == EWOULDBLOCK) && socket->timeout != 0))
      continue;
    return raise_socket_error(vm, error);
  }
}

/// A flag for sending: what waits, waits in poll, and a peer that is gone is an error, not a
/// signal.
constexpr int kSendFlags = MSG_NOSIGNAL | MSG_DONTWAIT;

// --- receiving ---

Result<Value> receive_bytes(VM& vm, SocketObject* self, int64_t size, int64_t flags,
                            SocketAddress* from) {
  // Into a scratch first when little is likely to come of much that was asked for.
  constexpr int64_t kScratch = 64 * 1024;
  char scratch[kScratch];
  Bytes* large = size > kScratch ? TRY(make_bytes(vm, static_cast<size_t>(size))) : nullptr;
  char* place = large ? reinterpret_cast<char*>(large->data()) : scratch;
  int64_t count = TRY(transfer(vm, self, POLLIN, deadline_after(self->timeout), [&] {
    if (from) from->size = sizeof from->storage;
    return recvfrom(self->descriptor, place, static_cast<size_t>(size), static_cast<int>(flags),
                    from ? &from->generic : nullptr, from ? &from->size : nullptr);
  }));
  count = std::min(count, size);  // with MSG_TRUNC the system tells of more than it gave
  if (large && count == size) return large;
  return make_bytes(vm, std::string_view(place, static_cast<size_t>(count)));
}

Result<Value> method_recv(VM& vm, SocketObject* self, int64_t size, Optional<int64_t> flags) {
  if (size < 0) return vm.raise(Exc::ValueError, "negative buffersize in recv");
  return receive_bytes(vm, self, size, flags.value_or(0), nullptr);
}
Result<Value> method_recvfrom(VM& vm, SocketObject* self, int64_t size, Optional<int64_t> flags) {
  if (size < 0) return vm.raise(Exc::ValueError, "negative buffersize in recvfrom");
  SocketAddress from;
  Value pair[2] = {TRY(receive_bytes(vm, self, size, flags.value_or(0), &from)), Value()};
  pair[1] = TRY(address_value(vm, from));
  return make_tuple(vm, pair);
}

/// A buffer that stays where it is while script code may run: a bytearray cannot be resized then.
class PinnedBuffer {
 public:
  static Result<WritableBytes> check(VM& vm, Value buffer, const char* function) {
    WritableBytes bytes = writable_bytes(buffer);
    if (bytes.data) return bytes;
    return vm.raise(Exc::TypeError, "{}() argument 1 must be read-write bytes-like object, not {}",
                    function, vm.type_of(buffer));
  }
  explicit PinnedBuffer(Value buffer) : array_(try_as<ByteArray>(buffer)) {
    if (array_) ++array_->exports;
  }
  ~PinnedBuffer() {
    if (array_) --array_->exports;
  }
  PinnedBuffer(const PinnedBuffer&) = delete;

 private:
  ByteArray* array_;
};

Result<int64_t> receive_into(VM& vm, SocketObject* self, Value buffer, int64_t wanted,
                             int64_t flags, SocketAddress* from, const char* function,
                             const char* too_small) {
  WritableBytes bytes = TRY(PinnedBuffer::check(vm, buffer, function));
  if (wanted < 0) return vm.raise(Exc::ValueError, "negative buffersize in {}", function);
  if (static_cast<uint64_t>(wanted) > bytes.size) return vm.raise(Exc::ValueError, too_small);
  size_t size = wanted ? static_cast<size_t>(wanted) : bytes.size;
  PinnedBuffer pin(buffer);
  int64_t count = TRY(transfer(vm, self, POLLIN, deadline_after(self->timeout), [&] {
    if (from) from->size = sizeof from->storage;
    return recvfrom(self->descriptor, bytes.data, size, static_cast<int>(flags),
                    from ? &from->generic : nullptr, from ? &from->size : nullptr);
  }));
  return std::min(count, static_cast<int64_t>(size));
}
Result<int64_t> method_recv_into(VM& vm, SocketObject* self, Value buffer, Optional<int64_t> wanted,
                                 Optional<int64_t> flags) {
  return receive_into(vm, self, buffer, wanted.value_or(0), flags.value_or(0), nullptr, "recv_into",
                      "buffer too small for requested bytes");
}
Result<Value> method_recvfrom_into(VM& vm, SocketObject* self, Value buffer,
                                   Optional<int64_t> wanted, Optional<int64_t> flags) {
  SocketAddress from;
  int64_t count =
      TRY(receive_into(vm, self, buffer, wanted.value_or(0), flags.value_or(0), &from,
                       "recvfrom_into", "nbytes is greater than the length of the buffer"));
  Value pair[2] = {Value::small_int(count), TRY(address_value(vm, from))};
  return make_tuple(vm, pair);
}

// --- sending ---

/// Sends from `data` on until `size` bytes are gone, or (not `all`) what the system takes. A
/// blocking send() takes everything, as the system's own does. The value is looked at again before
/// each call, since script code may run in between.
Result<int64_t> send_bytes(VM& vm, SocketObject* self, Value data, int64_t flags, bool all) {
  std::string_view bytes = TRY(bytes_like(vm, data));
  PinnedBuffer pin(data);
  int64_t deadline = deadline_after(self->timeout);
  size_t sent = 0;
  bool whole = all || self->timeout < 0;
  do {
    sent += static_cast<size_t>(TRY(transfer(vm, self, POLLOUT, deadline, [&] {
      return ::send(self->descriptor, bytes.data() + sent, bytes.size() - sent,
                    static_cast<int>(flags) | kSendFlags);
    })));
  } while (whole && sent < bytes.size());
  return static_cast<int64_t>(sent);
}
Result<int64_t> method_send(VM& vm, SocketObject* self, Value data, Optional<int64_t> flags) {
  return send_bytes(vm, self, data, flags.value_or(0), false);
}
Result<void> method_sendall(VM& vm, SocketObject* self, Value data, Optional<int64_t> flags) {
  TRY(send_bytes(vm, self, data, flags.value_or(0), true));
  return {};
}

/// sendto(data, address) or sendto(data, flags, address)
Result<int64_t> method_sendto(VM& vm, SocketObject* self, Value data, Rest rest) {
  if (rest.values.empty() || rest.values.size() > 2)
    return vm.raise(Exc::TypeError, "sendto() takes 2 or 3 arguments ({} given)",
                    rest.values.size() + 1);
  int64_t flags = rest.values.size() == 2 ? TRY(to_int64(vm, rest.values[0])) : 0;
  TRY(bytes_like(vm, data));
  SocketAddress address = TRY(parse_address(vm, self->family, rest.values.back(), "sendto"));
  std::string_view bytes = TRY(bytes_like(vm, data));
  PinnedBuffer pin(data);
  return transfer(vm, self, POLLOUT, deadline_after(self->timeout), [&] {
    return ::sendto(self->descriptor, bytes.data(), bytes.size(),
                    static_cast<int>(flags) | kSendFlags, &address.generic, address.size);
  });
}

/// sendmsg(buffers, ancdata, flags, address); ancillary data are not supported.
Result<int64_t> method_sendmsg(VM& vm, SocketObject* self, Value buffers, Optional<Value> ancillary,
                               Optional<int64_t> flags, Optional<Value> address_value) {
  if (ancillary.present && !ancillary.value.is_none() &&
      TRY(list_from(vm, ancillary.value))->length != 0)
    return vm.raise(Exc::NotImplementedError, "ancillary data");
  List* list = TRY(list_from(vm, buffers));
  std::vector<iovec> pieces;
  for (Value v : list->span()) {
    std::string_view bytes = TRY(bytes_like(vm, v));
    pieces.push_back({const_cast<char*>(bytes.data()), bytes.size()});
  }
  SocketAddress address;
  bool addressed = address_value.present && !address_value.value.is_none();
  if (addressed) address = TRY(parse_address(vm, self->family, address_value.value, "sendmsg"));
  for (size_t i = 0; i < pieces.size(); ++i) {
    std::string_view bytes = TRY(bytes_like(vm, list->values()[i]));
    pieces[i] = {const_cast<char*>(bytes.data()), bytes.size()};
  }
  msghdr message{};
  message.msg_iov = pieces.data();
  message.msg_iovlen = pieces.size();
  if (addressed) {
    message.msg_name = &address.generic;
    message.msg_namelen = address.size;
  }
  // One attempt: script code that ran during a wait could move what the pieces point to.
  if (self->timeout != 0)
    TRY(wait_for_descriptor(vm, self->descriptor, POLLOUT, deadline_after(self->timeout)));
  for (size_t i = 0; i < pieces.size(); ++i) {
    std::string_view bytes = TRY(bytes_like(vm, list->values()[i]));
    pieces[i] = {const_cast<char*>(bytes.data()), bytes.size()};
  }
  ssize_t count =
      ::sendmsg(self->descriptor, &message, static_cast<int>(flags.value_or(0)) | kSendFlags);
  if (count < 0) return raise_socket_error(vm, errno);
  return count;
}

constexpr NativeFunctionDef kMethods[] = {
    {"recv(self, bufsize, flags=0, /)", "Receive up to bufsize bytes; empty at the end.",
     bind<method_recv>()},
    {"recv_into(self, buffer, nbytes=0, flags=0)", "Receive into a buffer; the number of bytes.",
     bind<method_recv_into>()},
    {"recvfrom(self, bufsize, flags=0, /)", "Receive (bytes, address of the sender).",
     bind<method_recvfrom>()},
    {"recvfrom_into(self, buffer, nbytes=0, flags=0)",
     "Receive into a buffer: (number of bytes, address of the sender).",
     bind<method_recvfrom_into>()},
    {"send(self, data, flags=0, /)", "Send; the number of bytes that were taken.",
     bind<method_send>()},
    {"sendall(self, data, flags=0, /)", "Send everything.", bind<method_sendall>()},
    {"sendto(self, data, /, *flags_and_address)", "Send to an address.", bind<method_sendto>()},
    {"sendmsg(self, buffers, ancdata=None, flags=0, address=None, /)",
     "Send several buffers as one.", bind<method_sendmsg>()},
};

}  // namespace

extern const std::span<const NativeFunctionDef> kTransferMethods = kMethods;

}  // namespace apy
