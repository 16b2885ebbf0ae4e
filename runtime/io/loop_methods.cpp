// Loop methods for input and output.
//
// Native are those that watch descriptors. The others open connections, servers and pipes, which
// happens rarely: they are functions of asyncio.selector_events, loaded when one is first called,
// and get the loop as their first argument.
#include "runtime/io/loop_methods.h"

#include "runtime/async/event_loop.h"
#include "runtime/io/transport.h"
#include "vm/binding/bind.h"

namespace apy {

namespace {

template <bool unix_method>
Value forward_to_script(VM& vm, const NativeFunctionDef& definition, const Arguments& arguments) {
  if (arguments.positional_count == 0 && require_receiver(vm, definition).is_error())
    return Value();
  auto forward = [&]() -> Result<Value> {
    Value module =
        TRY(vm.import_module(unix_method ? "asyncio.unix_events" : "asyncio.selector_events"));
    Value function = TRY(get_attribute(vm, module, TRY(intern(vm, definition.name()))));
    std::span<const Value> all(arguments.values,
                               arguments.positional_count + arguments.keyword_count());
    if (!arguments.keyword_names) return vm.call(function, all);
    return vm.call_keywords(function, all, arguments.keyword_names);
  };
  return forward().value();
}
constexpr BoundEntry kForward = {forward_to_script<false>, 0, -1, 0};
constexpr BoundEntry kForwardToUnix = {forward_to_script<true>, 0, -1, 0};

Result<EventLoop*> open_loop(VM& vm, Value self) {
  EventLoop* loop = try_loop(self);
  if (!loop)
    return vm.raise(Exc::TypeError, "an event loop is required, not '{}'", vm.type_of(self));
  TRY(loop_check_closed(vm, loop));
  return loop;
}

/// A number, or an object with fileno().
Result<int> descriptor_of(VM& vm, Value file) {
  Value number = file;
  if (!is_int(file)) {
    auto asked = vm.call_method(file, TRY(intern(vm, "fileno")), {});
    if (asked.is_ok() && is_int(asked.value())) {
      number = asked.value();
    } else {
      if (asked.is_error() && !vm.catch_pending(Exc::AttributeError) &&
          !vm.catch_pending(Exc::TypeError) && !vm.catch_pending(Exc::ValueError))
        return Error{};
      return vm.raise(Exc::ValueError, "Invalid file object: {}", TRY(repr_text(vm, file)));
    }
  }
  int64_t descriptor;
  if (!fits_int64(number, &descriptor) || descriptor < 0 || descriptor > INT32_MAX)
    return vm.raise(Exc::ValueError, "Invalid file descriptor: {}", TRY(str_text(vm, number)));
  return static_cast<int>(descriptor);
}

/// What a transport uses is not for others.
Result<void> check_not_used(VM& vm, EventLoop* loop, int descriptor, Value file) {
  for (IoEvent event : {IoEvent::Readable, IoEvent::Writable}) {
    Value target = loop->core->descriptors.target(descriptor, event);
    if (try_native<Transport>(target))
      return vm.raise(Exc::RuntimeError, "File descriptor {} is used by transport {}",
                      TRY(repr_text(vm, file)), TRY(repr_text(vm, target)));
  }
  return {};
}

/// add_reader(fd, callback, *args) and add_writer: the handle.
template <IoEvent event, bool check>
Result<Value> add_watch(VM& vm, Value self, Value file, Value callback, Rest rest) {
  EventLoop* loop = TRY(open_loop(vm, self));
  int descriptor = TRY(descriptor_of(vm, file));
  if (check) TRY(check_not_used(vm, loop, descriptor, file));
  Handle* handle = TRY(loop_make_handle(vm, loop, callback, rest.values, Value()));
  TRY(loop->core->descriptors.watch(vm, *loop->core, descriptor, event, handle));
  return check ? Value::none() : Value(handle);
}

template <IoEvent event, bool check>
Result<bool> remove_watch(VM& vm, Value self, Value file) {
  EventLoop* loop = try_loop(self);
  if (!loop || !loop->core || loop->closed) return false;
  int descriptor = TRY(descriptor_of(vm, file));
  if (check) TRY(check_not_used(vm, loop, descriptor, file));
  return loop->core->descriptors.unwatch(vm, *loop->core, descriptor, event);
}

Result<void> ensure_no_transport(VM& vm, Value self, Value file) {
  return check_not_used(vm, TRY(open_loop(vm, self)), TRY(descriptor_of(vm, file)), file);
}

#define SCRIPT_METHOD(name, doc) \
  { #name "(self, /, *args, **kwargs)", doc, kForward }
#define UNIX_METHOD(name, doc) \
  { #name "(self, /, *args, **kwargs)", doc, kForwardToUnix }

constexpr NativeFunctionDef kMethods[] = {
    {"add_reader(self, fd, callback, /, *args)", "Call back whenever the descriptor is readable.",
     bind<add_watch<IoEvent::Readable, true>>()},
    {"add_writer(self, fd, callback, /, *args)", "Call back whenever the descriptor is writable.",
     bind<add_watch<IoEvent::Writable, true>>()},
    {"remove_reader(self, fd, /)", "Call back no more; False if nothing was called.",
     bind<remove_watch<IoEvent::Readable, true>>()},
    {"remove_writer(self, fd, /)", "Call back no more; False if nothing was called.",
     bind<remove_watch<IoEvent::Writable, true>>()},
    {"_add_reader(self, fd, callback, /, *args)", nullptr,
     bind<add_watch<IoEvent::Readable, false>>()},
    {"_add_writer(self, fd, callback, /, *args)", nullptr,
     bind<add_watch<IoEvent::Writable, false>>()},
    {"_remove_reader(self, fd, /)", nullptr, bind<remove_watch<IoEvent::Readable, false>>()},
    {"_remove_writer(self, fd, /)", nullptr, bind<remove_watch<IoEvent::Writable, false>>()},
    {"_ensure_fd_no_transport(self, fd, /)", nullptr, bind<ensure_no_transport>()},
    SCRIPT_METHOD(create_connection, "Connect a stream socket; (transport, protocol)."),
    SCRIPT_METHOD(create_server, "Serve a TCP address; a Server."),
    SCRIPT_METHOD(create_unix_connection, "Connect to a Unix socket; (transport, protocol)."),
    SCRIPT_METHOD(create_unix_server, "Serve a Unix socket; a Server."),
    SCRIPT_METHOD(connect_accepted_socket, "Take over a connected socket; (transport, protocol)."),
    SCRIPT_METHOD(create_datagram_endpoint, "Open a datagram socket; (transport, protocol)."),
    SCRIPT_METHOD(connect_read_pipe, "Read from a pipe; (transport, protocol)."),
    SCRIPT_METHOD(connect_write_pipe, "Write to a pipe; (transport, protocol)."),
    SCRIPT_METHOD(subprocess_exec, "Start a program; (transport, protocol)."),
    SCRIPT_METHOD(subprocess_shell, "Start a shell command; (transport, protocol)."),
    UNIX_METHOD(_make_subprocess_transport, nullptr),
    UNIX_METHOD(_child_watcher_callback, nullptr),
    UNIX_METHOD(add_signal_handler, "Call back when a signal comes."),
    UNIX_METHOD(remove_signal_handler, "Call back no more; False if nothing was called."),
    UNIX_METHOD(_check_signal, nullptr),
    UNIX_METHOD(_handle_signal, nullptr),
    UNIX_METHOD(_add_callback_signalsafe, nullptr),
    SCRIPT_METHOD(start_tls, "Not supported: there is no ssl."),
    SCRIPT_METHOD(sendfile, "Send a file over a transport."),
    SCRIPT_METHOD(sock_recv, "Receive up to so many bytes from a socket."),
    SCRIPT_METHOD(sock_recv_into, "Receive from a socket into a buffer."),
    SCRIPT_METHOD(sock_recvfrom, "Receive a datagram and its sender."),
    SCRIPT_METHOD(sock_recvfrom_into, "Receive a datagram into a buffer, and its sender."),
    SCRIPT_METHOD(sock_sendall, "Send everything through a socket."),
    SCRIPT_METHOD(sock_sendto, "Send a datagram to an address."),
    SCRIPT_METHOD(sock_connect, "Connect a socket to an address."),
    SCRIPT_METHOD(sock_accept, "Wait for a connection; (socket, address)."),
    SCRIPT_METHOD(sock_sendfile, "Send a file through a socket."),
    SCRIPT_METHOD(getaddrinfo, "Resolve a host and service without blocking the loop."),
    SCRIPT_METHOD(getnameinfo, "The host and service of an address."),
};

}  // namespace

std::span<const NativeFunctionDef> loop_io_methods() { return kMethods; }

}  // namespace apy
