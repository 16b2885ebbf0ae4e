// The module `_socket`: the type socket and its life; what it sends and receives is in
// transfer.cpp.
//
// The object is a descriptor with its family, type, protocol and timeout, no more. `socket.apy`
// adds what is easier said in script: files over sockets, create_connection and the like.
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "stdlib/native_iterator.h"
#include "stdlib/socket/socket.h"
#include "vm/objects/text.h"

namespace apy {

namespace {

const char kDefaultTimeoutKey = 0;

/// For new sockets, in nanoseconds; stored with one added, so that the first state (0) is "none".
int64_t default_timeout(VM& vm) {
  return reinterpret_cast<int64_t>(vm.module_state(&kDefaultTimeoutKey));
}

void trace_socket(const Cell*, Visitor&) {}

/// Collected while open: the descriptor is closed.
void finalize_socket(VM&, Cell* cell) {
  auto* socket = static_cast<SocketObject*>(cell);
  if (socket->descriptor >= 0) ::close(std::exchange(socket->descriptor, -1));
}

Result<Value> socket_new(VM& vm, const Arguments& arguments) {
  Type* type = arguments.positional_count ? try_as<Type>(arguments.values[0]) : nullptr;
  if (!type) return vm.raise(Exc::TypeError, "socket.__new__(X): X is not a type object");
  auto* socket = TRY(make_native<SocketObject>(vm, type));
  socket->descriptor = -1;
  socket->timeout = -1;
  vm.heap().register_finalizer(socket);
  return socket;
}

Result<int> small_argument(VM& vm, const Optional<Value>& value, int fallback) {
  if (!value.present) return fallback;
  int64_t number = TRY(to_int64(vm, value.value));
  if (number < INT32_MIN || number > INT32_MAX)
    return vm.raise(Exc::OverflowError, "Python int too large to convert to C int");
  return static_cast<int>(number);
}

int socket_option(int descriptor, int option, int fallback) {
  int value = 0;
  socklen_t size = sizeof value;
  return getsockopt(descriptor, SOL_SOCKET, option, &value, &size) == 0 ? value : fallback;
}

/// What an existing descriptor is; OSError when it is no socket.
Result<void> adopt_descriptor(VM& vm, SocketObject* socket, Value fileno, int family, int type,
                              int protocol) {
  if (is_float(fileno))
    return vm.raise(Exc::TypeError, "'float' object cannot be interpreted as an integer");
  int64_t number = TRY(to_int64(vm, fileno));
  if (number < 0) return vm.raise(Exc::ValueError, "negative file descriptor");
  if (number > INT32_MAX) return raise_socket_error(vm, EBADF);
  int descriptor = static_cast<int>(number);
  SocketAddress address;
  address.size = sizeof address.storage;
  if (getsockname(descriptor, &address.generic, &address.size) != 0) {
    if (family == -1 || errno == EBADF || errno == ENOTSOCK) return raise_socket_error(vm, errno);
  } else if (family == -1) {
    family = address.storage.ss_family;
  }
  socket->family = family;
  socket->type = type == -1 ? socket_option(descriptor, SO_TYPE, SOCK_STREAM) : type;
  socket->protocol = protocol == -1 ? socket_option(descriptor, SO_PROTOCOL, 0) : protocol;
  socket->descriptor = descriptor;
  return {};
}

Result<void> apply_default_timeout(VM& vm, SocketObject* socket, bool nonblocking) {
  socket->timeout = nonblocking ? 0 : default_timeout(vm) - 1;
  if (socket->timeout >= 0 && !nonblocking && !set_descriptor_blocking(socket->descriptor, false))
    return raise_socket_error(vm, errno);
  return {};
}

Result<void> socket_init(VM& vm, SocketObject* self, Optional<Value> family_value,
                         Optional<Value> type_value, Optional<Value> protocol_value,
                         Optional<Value> fileno) {
  int family = TRY(small_argument(vm, family_value, -1));
  int type = TRY(small_argument(vm, type_value, -1));
  int protocol = TRY(small_argument(vm, protocol_value, -1));
  bool nonblocking = type != -1 && (type & SOCK_NONBLOCK);
  if (fileno.present && !fileno.value.is_none()) {
    TRY(adopt_descriptor(vm, self, fileno.value, family, type, protocol));
  } else {
    if (self->descriptor >= 0) ::close(std::exchange(self->descriptor, -1));
    self->family = family == -1 ? AF_INET : family;
    self->type = type == -1 ? SOCK_STREAM : type;
    self->protocol = protocol == -1 ? 0 : protocol;
    self->descriptor = ::socket(self->family, self->type | SOCK_CLOEXEC, self->protocol);
    if (self->descriptor < 0) return raise_socket_error(vm, errno);
  }
  self->type &= ~(SOCK_NONBLOCK | SOCK_CLOEXEC);
  return apply_default_timeout(vm, self, nonblocking);
}

// --- life ---

Result<int64_t> method_fileno(VM&, SocketObject* self) { return self->descriptor; }
Result<int64_t> method_detach(VM&, SocketObject* self) {
  return std::exchange(self->descriptor, -1);
}
Result<void> method_close(VM& vm, SocketObject* self) {
  int descriptor = std::exchange(self->descriptor, -1);
  // A connection that the peer has reset is closed all the same.
  if (descriptor >= 0 && ::close(descriptor) != 0 && errno != ECONNRESET)
    return raise_socket_error(vm, errno);
  return {};
}
Result<void> method_shutdown(VM& vm, SocketObject* self, int64_t how) {
  if (::shutdown(self->descriptor, static_cast<int>(how)) != 0)
    return raise_socket_error(vm, errno);
  return {};
}

Result<void> set_timeout(VM& vm, SocketObject* self, int64_t timeout) {
  self->timeout = timeout;
  if (!set_descriptor_blocking(self->descriptor, timeout < 0)) return raise_socket_error(vm, errno);
  return {};
}
Result<void> method_setblocking(VM& vm, SocketObject* self, bool blocking) {
  return set_timeout(vm, self, blocking ? -1 : 0);
}
Result<void> method_settimeout(VM& vm, SocketObject* self, Value seconds) {
  return set_timeout(vm, self, TRY(parse_timeout(vm, seconds)));
}
Result<Value> timeout_value(VM& vm, int64_t timeout) {
  if (timeout < 0) return Value::none();
  return make_float(vm, static_cast<double>(timeout) / 1e9);
}
Result<Value> method_gettimeout(VM& vm, SocketObject* self) {
  return timeout_value(vm, self->timeout);
}
Result<bool> method_getblocking(VM&, SocketObject* self) { return self->timeout != 0; }

// --- addresses ---

Result<void> method_bind(VM& vm, SocketObject* self, Value value) {
  SocketAddress address = TRY(parse_address(vm, self->family, value, "bind"));
  if (::bind(self->descriptor, &address.generic, address.size) != 0)
    return raise_socket_error(vm, errno);
  return {};
}
Result<void> method_listen(VM& vm, SocketObject* self, Optional<int64_t> backlog) {
  int64_t count = backlog.present ? backlog.value : std::min(SOMAXCONN, 128);
  if (count > INT32_MAX)
    return vm.raise(Exc::OverflowError, "Python int too large to convert to C int");
  if (::listen(self->descriptor, static_cast<int>(std::max<int64_t>(count, 0))) != 0)
    return raise_socket_error(vm, errno);
  return {};
}

template <int (*ask)(int, sockaddr*, socklen_t*)>
Result<Value> method_name(VM& vm, SocketObject* self) {
  SocketAddress address;
  address.size = sizeof address.storage;
  if (ask(self->descriptor, &address.generic, &address.size) != 0)
    return raise_socket_error(vm, errno);
  return address_value(vm, address);
}

/// (descriptor, address) of the next connection.
Result<Value> method_accept(VM& vm, SocketObject* self) {
  int64_t deadline = deadline_after(self->timeout);
  while (true) {
    if (self->timeout != 0) TRY(wait_for_descriptor(vm, self->descriptor, POLLIN, deadline));
    SocketAddress address;
    address.size = sizeof address.storage;
    int descriptor = accept4(self->descriptor, &address.generic, &address.size, SOCK_CLOEXEC);
    if (descriptor >= 0) {
      Value pair[2] = {Value::small_int(descriptor), Value()};
      auto peer = address_value(vm, address);
      pair[1] = peer.value();
      auto result = peer.is_ok() ? Result<Value>(make_tuple(vm, pair)) : Result<Value>(Error{});
      if (result.is_error()) ::close(descriptor);
      return result;
    }
    if (errno == EINTR || (errno == EAGAIN && self->timeout != 0)) {
      if (vm.poll_needed()) TRY(vm.poll());
      continue;
    }
    return raise_socket_error(vm, errno);
  }
}

/// Connects and waits as the timeout says; *error is the system's number, 0 for success.
Result<void> connect_to(VM& vm, SocketObject* self, const SocketAddress& address, int* error) {
  int descriptor = self->descriptor;
  // A wait in connect() could not be interrupted: a blocking socket waits in poll too.
  bool blocks = self->timeout < 0;
  if (blocks) set_descriptor_blocking(descriptor, false);
  *error = ::connect(descriptor, &address.generic, address.size) == 0 ? 0 : errno;
  Result<void> waited;
  if ((*error == EINPROGRESS || *error == EINTR) && self->timeout != 0) {
    waited = wait_for_descriptor(vm, descriptor, POLLOUT, deadline_after(self->timeout));
    if (waited.is_ok() && blocks) {
      // A second call tells the outcome and leaves the socket as a blocking connect() does.
      *error = ::connect(descriptor, &address.generic, address.size) == 0 ? 0 : errno;
      if (*error == EISCONN) *error = 0;
    } else if (waited.is_ok()) {
      *error = socket_option(descriptor, SO_ERROR, errno);
    }
  }
  if (blocks && self->descriptor == descriptor) set_descriptor_blocking(descriptor, true);
  return waited;
}
Result<void> method_connect(VM& vm, SocketObject* self, Value value) {
  SocketAddress address = TRY(parse_address(vm, self->family, value, "connect"));
  int error = 0;
  TRY(connect_to(vm, self, address, &error));
  if (error != 0) return raise_socket_error(vm, error);
  return {};
}
Result<int64_t> method_connect_ex(VM& vm, SocketObject* self, Value value) {
  SocketAddress address = TRY(parse_address(vm, self->family, value, "connect_ex"));
  int error = 0;
  if (connect_to(vm, self, address, &error).is_error()) {
    if (!vm.catch_pending(Exc::TimeoutError)) return Error{};
    error = EWOULDBLOCK;
  }
  return error;
}

// --- options ---

Result<void> method_setsockopt(VM& vm, SocketObject* self, int64_t level, int64_t option,
                               Value value, Optional<int64_t> length) {
  int failed;
  std::string_view bytes;
  int number;
  if (length.present) {
    if (!value.is_none())
      return vm.raise(Exc::TypeError, "socket option should be None when optlen is given");
    failed = ::setsockopt(self->descriptor, static_cast<int>(level), static_cast<int>(option),
                          nullptr, static_cast<socklen_t>(length.value));
  } else if (is_int(value)) {
    int64_t wide = TRY(to_int64(vm, value));
    if (wide < INT32_MIN || wide > INT32_MAX)
      return vm.raise(Exc::OverflowError, "signed integer is {} than {}",
                      wide < 0 ? "less" : "greater", wide < 0 ? "minimum" : "maximum");
    number = static_cast<int>(wide);
    failed = ::setsockopt(self->descriptor, static_cast<int>(level), static_cast<int>(option),
                          &number, sizeof number);
  } else if (get_bytes(value, &bytes)) {
    failed = ::setsockopt(self->descriptor, static_cast<int>(level), static_cast<int>(option),
                          bytes.data(), static_cast<socklen_t>(bytes.size()));
  } else {
    return vm.raise(Exc::TypeError, "a bytes-like object is required, not '{}'", vm.type_of(value));
  }
  if (failed != 0) return raise_socket_error(vm, errno);
  return {};
}

Result<Value> method_getsockopt(VM& vm, SocketObject* self, int64_t level, int64_t option,
                                Optional<int64_t> length) {
  char data[1024];
  int64_t wanted = length.value_or(0);
  if (length.present && wanted != 0 && (wanted < 0 || wanted > 1024))
    return vm.raise(Exc::OSError, "getsockopt buflen out of range");
  int number = 0;
  void* place = wanted ? static_cast<void*>(data) : &number;
  auto size = static_cast<socklen_t>(wanted ? wanted : static_cast<int64_t>(sizeof number));
  if (::getsockopt(self->descriptor, static_cast<int>(level), static_cast<int>(option), place,
                   &size) != 0)
    return raise_socket_error(vm, errno);
  if (wanted == 0) return Value::small_int(number);
  return make_bytes(vm, std::string_view(data, size));
}

// --- what it looks like ---

Result<Value> method_repr(VM& vm, SocketObject* self) {
  return make_str(vm, "<socket object, fd=" + std::to_string(self->descriptor) + ", family=" +
                          std::to_string(self->family) + ", type=" + std::to_string(self->type) +
                          ", proto=" + std::to_string(self->protocol) + ">");
}

template <int SocketObject::*field>
Result<Value> get_number(VM& vm, Value self) {
  SocketObject* socket = try_native<SocketObject>(self);
  if (!socket) return vm.raise(Exc::TypeError, "a socket is required, not '{}'", vm.type_of(self));
  return Value::small_int(socket->*field);
}
Result<Value> get_timeout(VM& vm, Value self) {
  SocketObject* socket = try_native<SocketObject>(self);
  if (!socket) return vm.raise(Exc::TypeError, "a socket is required, not '{}'", vm.type_of(self));
  return timeout_value(vm, socket->timeout);
}

constexpr NativeFunctionDef kMethods[] = {
    {"__new__(cls, *args, **kwargs)", nullptr, bind<socket_new>(), NativeFunctionDef::kStatic},
    {"__init__(self, family=-1, type=-1, proto=-1, fileno=None)", nullptr, bind<socket_init>()},
    {"__repr__(self, /)", "Return repr(self).", bind<method_repr>()},
    {"fileno(self, /)", "The descriptor's number, -1 once closed.", bind<method_fileno>()},
    {"detach(self, /)", "Close the object but not the descriptor, and return its number.",
     bind<method_detach>()},
    {"close(self, /)", "Close the socket.", bind<method_close>()},
    {"shutdown(self, how, /)", "Shut down reading (SHUT_RD), writing (SHUT_WR) or both.",
     bind<method_shutdown>()},
    {"setblocking(self, flag, /)", "Block without limit (True) or never (False).",
     bind<method_setblocking>()},
    {"settimeout(self, timeout, /)", "Limit blocking calls to a number of seconds; None: no limit.",
     bind<method_settimeout>()},
    {"gettimeout(self, /)", "The timeout in seconds, or None.", bind<method_gettimeout>()},
    {"getblocking(self, /)", "False if calls never block.", bind<method_getblocking>()},
    {"bind(self, address, /)", "Give the socket a local address.", bind<method_bind>()},
    {"listen(self, backlog=128, /)", "Begin to take connections.", bind<method_listen>()},
    {"_accept(self, /)", "Wait for a connection; its descriptor and the peer's address.",
     bind<method_accept>()},
    {"connect(self, address, /)", "Connect to a remote address.", bind<method_connect>()},
    {"connect_ex(self, address, /)", "Like connect(), but returns the number of an error.",
     bind<method_connect_ex>()},
    {"getsockname(self, /)", "The local address.", bind<method_name<::getsockname>>()},
    {"getpeername(self, /)", "The remote address.", bind<method_name<::getpeername>>()},
    {"setsockopt(self, level, option, value, optlen=None, /)", "Set an option: int, bytes or None.",
     bind<method_setsockopt>()},
    {"getsockopt(self, level, option, buflen=0, /)",
     "Get an option, as an int or as so many bytes.", bind<method_getsockopt>()},
};
constexpr NativeGetSetDef kAttributes[] = {
    {"family", "The address family.", get_number<&SocketObject::family>},
    {"type", "The socket's type.", get_number<&SocketObject::type>},
    {"proto", "The protocol.", get_number<&SocketObject::protocol>},
    {"timeout", "The timeout in seconds, or None.", get_timeout},
};

Result<void> extend_type(VM& vm, Type* type) {
  for (const NativeFunctionDef& method : kTransferMethods) {
    Value function = TRY(make_native_function(vm, method, type, Value(), Value()));
    TRY(dict_set_str(vm, type->dict, TRY(intern(vm, method.name())), function));
  }
  return {};
}

// --- functions of the module ---

Result<Value> getdefaulttimeout(VM& vm) { return timeout_value(vm, default_timeout(vm) - 1); }
Result<void> setdefaulttimeout(VM& vm, Value seconds) {
  int64_t timeout = TRY(parse_timeout(vm, seconds));
  vm.module_state(&kDefaultTimeoutKey) = reinterpret_cast<void*>(timeout + 1);
  return {};
}

Result<Value> socketpair(VM& vm, Optional<int64_t> family, Optional<int64_t> type,
                         Optional<int64_t> protocol) {
  int ends[2];
  int wanted = static_cast<int>(type.value_or(SOCK_STREAM));
  if (::socketpair(static_cast<int>(family.value_or(AF_UNIX)), wanted | SOCK_CLOEXEC,
                   static_cast<int>(protocol.value_or(0)), ends) != 0)
    return raise_socket_error(vm, errno);
  Value pair[2] = {Value::small_int(ends[0]), Value::small_int(ends[1])};
  return make_tuple(vm, pair);
}
Result<int64_t> duplicate(VM& vm, int64_t descriptor) {
  int copy = fcntl(static_cast<int>(descriptor), F_DUPFD_CLOEXEC, 0);
  if (copy < 0) return raise_socket_error(vm, errno);
  return copy;
}
Result<void> close_descriptor(VM& vm, int64_t descriptor) {
  if (::close(static_cast<int>(descriptor)) != 0) return raise_socket_error(vm, errno);
  return {};
}
Result<bool> get_inheritable(VM& vm, int64_t descriptor) {
  int flags = fcntl(static_cast<int>(descriptor), F_GETFD);
  if (flags < 0) return raise_socket_error(vm, errno);
  return !(flags & FD_CLOEXEC);
}
Result<void> set_inheritable(VM& vm, int64_t descriptor, bool inheritable) {
  int failed = ioctl(static_cast<int>(descriptor), inheritable ? FIONCLEX : FIOCLEX);
  if (failed != 0) return raise_socket_error(vm, errno);
  return {};
}

// Files of Unix sockets, which servers clear away.

Result<std::string> path_text(VM& vm, Value path) {
  SocketAddress address = TRY(parse_address(vm, AF_UNIX, path, "bind"));
  return std::string(address.unix_path.sun_path);
}
/// The number that tells this file from others; None when there is no socket of that name.
Result<Value> socket_file_number(VM& vm, Value path) {
  struct stat status;
  if (stat(TRY(path_text(vm, path)).c_str(), &status) != 0 || !S_ISSOCK(status.st_mode))
    return Value::none();
  return make_int_unsigned(vm, status.st_ino);
}
Result<void> remove_file(VM& vm, Value path) {
  if (unlink(TRY(path_text(vm, path)).c_str()) != 0) return raise_socket_error(vm, errno);
  return {};
}

constexpr NativeFunctionDef kFunctions[] = {
    {"_socket_file_number(path, /)", "The inode of a Unix socket's file, or None.",
     bind<socket_file_number>()},
    {"_remove_file(path, /)", "Remove a Unix socket's file.", bind<remove_file>()},
    {"getdefaulttimeout()", "The timeout of new sockets in seconds, or None.",
     bind<getdefaulttimeout>()},
    {"setdefaulttimeout(timeout, /)", "Set the timeout of new sockets.", bind<setdefaulttimeout>()},
    {"_socketpair(family=1, type=1, proto=0, /)", "The descriptors of two connected sockets.",
     bind<socketpair>()},
    {"dup(fd, /)", "A second descriptor for the same socket.", bind<duplicate>()},
    {"close(fd, /)", "Close a descriptor.", bind<close_descriptor>()},
    {"_get_inheritable(fd, /)", "Do programs that are started get the descriptor?",
     bind<get_inheritable>()},
    {"_set_inheritable(fd, inheritable, /)", nullptr, bind<set_inheritable>()},
};

Result<void> initialize(VM& vm, Module* module) {
  for (const NativeFunctionDef& function : kResolveFunctions) {
    Value made =
        TRY(make_native_function(vm, function, nullptr, Value(), TRY(make_str(vm, "_socket"))));
    TRY(module_set(vm, module, function.name(), made));
  }
  TRY(add_socket_errors(vm, module));
  TRY(add_native_type(vm, module, kSocketType, "socket"));
  TRY(add_socket_constants(vm, module));
  return module_set(vm, module, "has_ipv6", Value::boolean(true));
}

}  // namespace

const NativeClass SocketObject::kClass = {"socket", trace_socket, finalize_socket};
const NativeTypeDef kSocketType = {"_socket.socket",
                                   "A socket of the operating system.",
                                   kMethods,
                                   kAttributes,
                                   Type::kCanSubclass,
                                   sizeof(SocketObject),
                                   &SocketObject::kClass,
                                   extend_type};

extern const NativeModuleDef kSocketModule = {
    "_socket", "Sockets of the operating system; see the module socket.", kFunctions, initialize};

}  // namespace apy
