#include "runtime/io/transport.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "runtime/async/event_loop.h"
#include "runtime/async/future.h"
#include "runtime/io/io_state.h"
#include "runtime/io/stream_protocol.h"
#include "runtime/io/system_error.h"
#include "vm/binding/bind.h"
#include "vm/interpreter/context_variables.h"
#include "vm/objects/memoryview.h"
#include "vm/objects/text.h"

namespace apy {

namespace {

constexpr uint64_t kDefaultHighWater = 64 * 1024;
/// After so many writes to a lost connection a warning is logged each time.
constexpr uint32_t kLostWritesLogged = 5;

void trace_transport(const Cell* cell, Visitor& visitor) {
  auto* transport = static_cast<const Transport*>(cell);
  for (Value v : {transport->loop, transport->protocol, transport->socket, transport->extra,
                  transport->server, transport->context})
    visitor.visit(v);
  transport->output.trace(visitor);
}

LoopCore* core_of(const Transport* transport) {
  EventLoop* loop = try_loop(transport->loop);
  return loop && !loop->closed ? loop->core : nullptr;
}

Result<void> watch(VM& vm, Transport* transport, IoEvent event) {
  LoopCore* core = core_of(transport);
  if (!core) return {};
  return core->descriptors.watch(vm, *core, transport->descriptor, event, transport);
}
void unwatch(VM& vm, Transport* transport, IoEvent event) {
  LoopCore* core = core_of(transport);
  // A script may have put a callback of its own in this place.
  if (core && core->descriptors.target(transport->descriptor, event).is(transport))
    core->descriptors.unwatch(vm, *core, transport->descriptor, event);
}
bool is_watched(const Transport* transport, IoEvent event) {
  LoopCore* core = core_of(transport);
  return core && core->descriptors.target(transport->descriptor, event).is(transport);
}

// --- the end ---

Result<void> connection_lost(VM& vm, Transport* self, Value exception);
constexpr NativeFunctionDef kConnectionLost = {"_call_connection_lost(self, exc, /)", nullptr,
                                               bind<connection_lost>()};

Result<void> schedule_lost(VM& vm, Transport* transport, Value exception) {
  ++transport->lost_count;
  EventLoop* loop = try_loop(transport->loop);
  if (!loop || loop->closed) return {};
  Value callback = TRY(make_native_function(vm, kConnectionLost, nullptr, transport, Value()));
  TRY(loop_call_soon(vm, loop, callback, {&exception, 1}, transport->context));
  return {};
}

/// Tells the protocol and lets go of everything.
Result<void> connection_lost(VM& vm, Transport* self, Value exception) {
  IoState& state = io_state(vm);
  Result<Value> told = Value::none();
  if (self->protocol_connected)
    told = vm.call_method(self->protocol, state.names.connection_lost, {exception});
  Value failure = told.is_error() ? vm.take_pending() : Value();
  unwatch(vm, self, IoEvent::Readable);
  unwatch(vm, self, IoEvent::Writable);
  Value socket = self->socket, server = self->server;
  self->socket = self->protocol = self->loop = self->server = Value::none();
  self->output.clear();
  if (!socket.is_none()) TRY(vm.call_method(socket, state.names.close, {}));
  if (!server.is_none()) TRY(vm.call_method(server, state.names._detach, {Value(self)}));
  if (!failure.is_empty()) return vm.reraise(failure);
  return {};
}

Result<void> force_close(VM& vm, Transport* transport, Value exception) {
  if (transport->lost_count) return {};
  if (!transport->output.empty()) {
    transport->output.clear();
    unwatch(vm, transport, IoEvent::Writable);
  }
  if (!transport->closing) {
    transport->closing = true;
    unwatch(vm, transport, IoEvent::Readable);
  }
  return schedule_lost(vm, transport, exception);
}

/// Ends the connection for `exception`. One of the system is the normal end of a connection; others
/// are reported to the loop.
Result<void> fatal_error(VM& vm, Transport* transport, Value exception, const char* message) {
  if (!vm.is_instance(exception, BuiltinType::OSError))
    TRY(report_io_error(vm, transport->loop, message, exception, transport, transport->protocol));
  return force_close(vm, transport, exception);
}
/// The pending exception of a call to the protocol. What ends the loop goes on.
Result<void> fatal_call(VM& vm, Transport* transport, const char* message) {
  if (pending_ends_loop(vm)) return Error{};
  return fatal_error(vm, transport, vm.take_pending(), message);
}
Result<void> fatal_system_error(VM& vm, Transport* transport, int error, const char* message) {
  return fatal_error(vm, transport, TRY(make_system_error(vm, error)), message);
}

// --- flow control ---

Result<void> tell_flow(VM& vm, Transport* transport, Str* method, const char* failure) {
  if (vm.call_method(transport->protocol, method, {}).is_ok()) return {};
  if (pending_ends_loop(vm)) return Error{};
  return report_io_error(vm, transport->loop, failure, Value(), transport, transport->protocol);
}
Result<void> pause_protocol_if_full(VM& vm, Transport* transport) {
  if (transport->output.size() <= transport->high_water || transport->protocol_paused) return {};
  transport->protocol_paused = true;
  return tell_flow(vm, transport, io_state(vm).names.pause_writing,
                   "protocol.pause_writing() failed");
}
Result<void> resume_protocol_if_low(VM& vm, Transport* transport) {
  if (!transport->protocol_paused || transport->output.size() > transport->low_water) return {};
  transport->protocol_paused = false;
  return tell_flow(vm, transport, io_state(vm).names.resume_writing,
                   "protocol.resume_writing() failed");
}

// --- reading ---

Result<void> read_end(VM& vm, Transport* transport) {
  Value method;
  Str* name = io_state(vm).names.eof_received;
  // A protocol that only sends may have none.
  if (!TRY(get_attribute_optional(vm, transport->protocol, name, &method)))
    return transport_close(vm, transport);
  Result<Value> kept = vm.call(method, {});
  Result<bool> keep_open = kept.is_ok() ? is_truthy(vm, kept.value()) : Result<bool>(Error{});
  if (keep_open.is_error())
    return fatal_call(vm, transport, "Fatal error: protocol.eof_received() call failed.");
  if (!keep_open.value()) return transport_close(vm, transport);
  unwatch(vm, transport, IoEvent::Readable);
  return {};
}

constexpr const char* kReadError = "Fatal read error on socket transport";

/// One receive; -1 when there is nothing now, or when it failed and that was dealt with.
Result<int64_t> receive(VM& vm, Transport* transport, void* place, size_t size) {
  ssize_t count = transport->is_socket ? recv(transport->descriptor, place, size, MSG_DONTWAIT)
                                       : read(transport->descriptor, place, size);
  if (count >= 0) return count;
  // The writing end of a pipe is "readable" when nobody reads from the other end any more.
  if (errno == EBADF && !transport->is_socket) return int64_t{0};
  if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
    TRY(fatal_system_error(vm, transport, errno, kReadError));
  return int64_t{-1};
}

Result<void> read_bytes(VM& vm, Transport* transport) {
  char* scratch = core_of(transport)->descriptors.scratch();
  if (!scratch) return vm.out_of_memory();
  int64_t count = TRY(receive(vm, transport, scratch, DescriptorTable::kScratchSize));
  if (count < 0) return {};
  if (count == 0) return read_end(vm, transport);
  std::string_view data(scratch, static_cast<size_t>(count));
  Result<void> taken = [&]() -> Result<void> {
    if (StreamReader* reader = stream_reader_behind(vm, transport->protocol))
      return reader_feed(vm, reader, data);
    Value bytes = TRY(make_bytes(vm, data));
    TRY(vm.call_method(transport->protocol, io_state(vm).names.data_received, {bytes}));
    return {};
  }();
  if (taken.is_ok()) return {};
  return fatal_call(vm, transport, "Fatal error: protocol.data_received() call failed.");
}

/// Into a buffer of the protocol's.
Result<void> read_into_buffer(VM& vm, Transport* transport) {
  constexpr const char* kBufferError = "Fatal error: protocol.get_buffer() call failed.";
  IoState& state = io_state(vm);
  auto given = vm.call_method(transport->protocol, state.names.get_buffer, {Value::small_int(-1)});
  if (given.is_error()) return fatal_call(vm, transport, kBufferError);
  WritableBytes buffer = writable_bytes(given.value());
  if (buffer.data && buffer.size == 0) {
    (void)vm.raise(Exc::RuntimeError, "get_buffer() returned an empty buffer");
    return fatal_call(vm, transport, kBufferError);
  }
  if (!buffer.data) {
    (void)vm.raise(Exc::TypeError,
                   "recv_into() argument 1 must be read-write bytes-like object, not {}",
                   vm.type_of(given.value()));
    return fatal_call(vm, transport, kReadError);
  }
  int64_t count = TRY(receive(vm, transport, buffer.data, buffer.size));
  if (count < 0) return {};
  if (count == 0) return read_end(vm, transport);
  if (vm.call_method(transport->protocol, state.names.buffer_updated, {Value::small_int(count)})
          .is_ok())
    return {};
  return fatal_call(vm, transport, "Fatal error: protocol.buffer_updated() call failed.");
}

Result<void> on_readable(VM& vm, Transport* transport) {
  // Paused, closed or lost since the event was noted.
  if (transport->lost_count || !is_watched(transport, IoEvent::Readable)) return {};
  return transport->protocol_is_buffered ? read_into_buffer(vm, transport)
                                         : read_bytes(vm, transport);
}

// --- writing ---

constexpr const char* kWriteError = "Fatal write error on socket transport";

/// Sends what the system takes; -1 when the connection failed, which was dealt with.
Result<int64_t> send_some(VM& vm, Transport* transport, std::string_view data) {
  ssize_t count = transport->is_socket ? send(transport->descriptor, data.data(), data.size(),
                                              MSG_DONTWAIT | MSG_NOSIGNAL)
                                       : write(transport->descriptor, data.data(), data.size());
  if (count >= 0) return count;
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return int64_t{0};
  int error = errno;
  transport->output.clear();
  unwatch(vm, transport, IoEvent::Writable);
  TRY(fatal_system_error(vm, transport, error, kWriteError));
  return int64_t{-1};
}

Result<void> end_output(VM& vm, Transport* transport) {
  if (!transport->is_socket) return transport_close(vm, transport);
  if (shutdown(transport->descriptor, SHUT_WR) != 0) return raise_system_error(vm, errno);
  return {};
}

/// Sends from the queue, and does what was put off until it is empty.
Result<void> flush_output(VM& vm, Transport* transport) {
  if (transport->lost_count) return {};
  int64_t count = TRY(send_some(vm, transport, transport->output.view()));
  if (count < 0) return {};
  transport->output.consume(static_cast<size_t>(count));
  TRY(resume_protocol_if_low(vm, transport));  // which may write more
  if (!transport->output.empty()) return {};
  unwatch(vm, transport, IoEvent::Writable);
  if (transport->closing) return connection_lost(vm, transport, Value::none());
  if (transport->write_ended) return end_output(vm, transport);
  return {};
}

Result<void> log_lost_write(VM& vm) {
  Value module = TRY(vm.import_module("asyncio.log"));
  Value logger = TRY(get_attribute(vm, module, TRY(intern(vm, "logger"))));
  TRY(vm.call_method(logger, TRY(intern(vm, "warning")),
                     {TRY(make_str(vm, "socket.send() raised exception."))}));
  return {};
}

Result<void> count_lost_write(VM& vm, Transport* transport) {
  if (transport->lost_count >= kLostWritesLogged) TRY(log_lost_write(vm));
  ++transport->lost_count;
  return {};
}

Result<std::string_view> writable_data(VM& vm, Value data) {
  std::string_view bytes;
  if (get_bytes(data, &bytes)) return bytes;
  return vm.raise(Exc::TypeError, "data argument must be a bytes-like object, not '{}'",
                  vm.type_of(data));
}

/// The protocol's callbacks run in the context in which the transport was made. What they raise
/// beyond what is dealt with is reported as that of any callback.
Result<void> on_ready(VM& vm, IoObject* object, IoEvent event) {
  auto* transport = static_cast<Transport*>(object);
  if (!core_of(transport)) return {};
  Value loop = transport->loop, protocol = transport->protocol;
  ContextVariablesScope scope(vm, transport->context);
  Result<void> done;
  if (event == IoEvent::Readable) {
    done = on_readable(vm, transport);
  } else if (is_watched(transport, IoEvent::Writable)) {
    done = flush_output(vm, transport);
  }
  if (done.is_ok() || pending_ends_loop(vm)) return done;
  std::string text = "Exception in callback " + to_utf8(vm.type_of(transport)->name) +
                     (event == IoEvent::Readable ? "._read_ready()" : "._write_ready()");
  return report_io_error(vm, loop, text, Value(), transport, protocol);
}

}  // namespace

const NativeClass Transport::kClass = {"_asyncio_net._SocketTransport", trace_transport, nullptr};

Result<void> transport_write(VM& vm, Transport* transport, Value data) {
  std::string_view bytes = TRY(writable_data(vm, data));
  if (transport->write_ended)
    return vm.raise(Exc::RuntimeError, "Cannot call write() after write_eof()");
  if (bytes.empty()) return {};
  if (transport->lost_count) return count_lost_write(vm, transport);
  if (transport->output.empty()) {
    int64_t count = TRY(send_some(vm, transport, bytes));
    if (count < 0) return {};
    bytes.remove_prefix(static_cast<size_t>(count));
    if (bytes.empty()) return {};
    TRY(watch(vm, transport, IoEvent::Writable));
  }
  TRY(transport->output.append(vm, transport, bytes));
  return pause_protocol_if_full(vm, transport);
}

Result<void> transport_close(VM& vm, Transport* transport) {
  if (transport->closing) return {};
  transport->closing = true;
  unwatch(vm, transport, IoEvent::Readable);
  if (!transport->output.empty()) return {};
  unwatch(vm, transport, IoEvent::Writable);
  return schedule_lost(vm, transport, Value::none());
}

Result<void> transport_pause_reading(VM& vm, Transport* transport) {
  if (transport->closing || transport->reading_paused) return {};
  transport->reading_paused = true;
  unwatch(vm, transport, IoEvent::Readable);
  return {};
}

Result<void> transport_resume_reading(VM& vm, Transport* transport) {
  if (transport->closing || !transport->reading_paused) return {};
  transport->reading_paused = false;
  return watch(vm, transport, IoEvent::Readable);
}

namespace {

// --- methods ---

Result<void> start_reading(VM& vm, Transport* self) {
  if (self->closing || self->reading_paused) return {};
  return watch(vm, self, IoEvent::Readable);
}
constexpr NativeFunctionDef kStartReading = {"_add_reader(self, /)", nullptr,
                                             bind<start_reading>()};

Result<void> set_result_unless_done(VM& vm, Value self) {
  Future* future = try_future(self);
  if (!future || future->done()) return {};
  return future_set_result(vm, future, Value::none());
}
constexpr NativeFunctionDef kSetResult = {"_set_result_unless_cancelled(fut, /)", nullptr,
                                          bind<set_result_unless_done>()};

Result<void> method_set_protocol(VM& vm, Transport* self, Value protocol) {
  Value module = TRY(vm.import_module("asyncio.protocols"));
  Value buffered = TRY(get_attribute(vm, module, TRY(intern(vm, "BufferedProtocol"))));
  self->protocol_is_buffered = TRY(is_instance_of(vm, protocol, buffered));
  self->protocol = protocol;
  self->protocol_connected = true;
  vm.barrier(self);
  return {};
}

Result<Value> transport_new(VM& vm, const Arguments& arguments) {
  Type* type = arguments.positional_count ? try_as<Type>(arguments.values[0]) : nullptr;
  if (!type) return vm.raise(Exc::TypeError, "Transport.__new__(X): X is not a type object");
  auto* transport = static_cast<Transport*>(TRY(allocate_instance(vm, type)));
  transport->native_class = &Transport::kClass;
  transport->on_ready = on_ready;
  transport->loop = transport->protocol = transport->socket = transport->server = Value::none();
  transport->descriptor = -1;
  return transport;
}

/// Then connection_made is called, reading begins, and the waiter is told, each as a callback.
Result<void> transport_init(VM& vm, Transport* self, Value loop_value, Value socket, Value protocol,
                            Optional<Value> waiter, Value extra, Optional<Value> server) {
  EventLoop* loop = try_loop(loop_value);
  Dict* extra_dict = try_as<Dict>(extra);
  if (!loop || !extra_dict)
    return vm.raise(Exc::TypeError, "an event loop and a dict are required");
  TRY(loop_check_closed(vm, loop));
  IoState& state = io_state(vm);
  self->descriptor =
      static_cast<int>(TRY(to_int64(vm, TRY(vm.call_method(socket, state.names.fileno, {})))));
  int kind = 0;
  socklen_t size = sizeof kind;
  self->is_socket = getsockopt(self->descriptor, SOL_SOCKET, SO_TYPE, &kind, &size) == 0;
  self->loop = loop;
  self->socket = socket;
  self->extra = extra_dict;
  self->server = server.present ? server.value : Value::none();
  self->context = TRY(copy_context_variables(vm));
  vm.barrier(self);
  self->high_water = kDefaultHighWater;
  self->low_water = kDefaultHighWater / 4;
  TRY(method_set_protocol(vm, self, protocol));
  if (!self->server.is_none())
    TRY(vm.call_method(self->server, state.names._attach, {Value(self)}));
  Value made = TRY(get_attribute(vm, protocol, state.names.connection_made));
  Value transport = self;
  TRY(loop_call_soon(vm, loop, made, {&transport, 1}, self->context));
  Value start = TRY(make_native_function(vm, kStartReading, nullptr, self, Value()));
  TRY(loop_call_soon(vm, loop, start, {}, self->context));
  if (waiter.present && !waiter.value.is_none()) {
    Value told = TRY(make_native_function(vm, kSetResult, nullptr, waiter.value, Value()));
    TRY(loop_call_soon(vm, loop, told, {}, Value()));
  }
  return {};
}

Result<void> method_write(VM& vm, Transport* self, Value data) {
  return transport_write(vm, self, data);
}
Result<void> method_writelines(VM& vm, Transport* self, Value pieces) {
  if (self->write_ended)
    return vm.raise(Exc::RuntimeError, "Cannot call writelines() after write_eof()");
  List* list = TRY(list_from(vm, pieces));
  if (list->length == 0) return {};
  for (Value piece : list->span()) TRY(writable_data(vm, piece));
  if (self->lost_count) return count_lost_write(vm, self);
  bool was_empty = self->output.empty();
  for (Value piece : list->span())
    TRY(self->output.append(vm, self, TRY(writable_data(vm, piece))));
  TRY(flush_output(vm, self));
  if (self->output.empty() || self->lost_count) return {};
  if (was_empty) TRY(watch(vm, self, IoEvent::Writable));
  return pause_protocol_if_full(vm, self);
}
Result<void> method_write_eof(VM& vm, Transport* self) {
  if (self->closing || self->write_ended) return {};
  self->write_ended = true;
  return self->output.empty() ? end_output(vm, self) : Result<void>();
}
Result<bool> method_can_write_eof(VM&, Transport*) { return true; }
Result<void> method_close(VM& vm, Transport* self) { return transport_close(vm, self); }
Result<void> method_abort(VM& vm, Transport* self) { return force_close(vm, self, Value::none()); }
Result<void> method_force_close(VM& vm, Transport* self, Value exception) {
  return force_close(vm, self, exception);
}
Result<void> method_fatal_error(VM& vm, Transport* self, Value exception, Optional<Value> message) {
  std::string text =
      message.present ? TRY(str_text(vm, message.value)) : "Fatal error on transport";
  return fatal_error(vm, self, exception, text.c_str());
}
Result<bool> method_is_closing(VM&, Transport* self) { return self->closing; }
Result<bool> method_is_reading(VM&, Transport* self) {
  return !self->closing && !self->reading_paused;
}
Result<void> method_pause_reading(VM& vm, Transport* self) {
  return transport_pause_reading(vm, self);
}
Result<void> method_resume_reading(VM& vm, Transport* self) {
  return transport_resume_reading(vm, self);
}
Result<Value> method_get_protocol(VM&, Transport* self) { return self->protocol; }
Result<int64_t> method_get_write_buffer_size(VM&, Transport* self) {
  return static_cast<int64_t>(self->output.size());
}
Result<Value> method_get_write_buffer_limits(VM& vm, Transport* self) {
  Value pair[2] = {TRY(make_int_unsigned(vm, self->low_water)),
                   TRY(make_int_unsigned(vm, self->high_water))};
  return make_tuple(vm, pair);
}
Result<void> method_set_write_buffer_limits(VM& vm, Transport* self, Optional<Value> high_value,
                                            Optional<Value> low_value) {
  bool has_high = high_value.present && !high_value.value.is_none();
  bool has_low = low_value.present && !low_value.value.is_none();
  int64_t low = has_low ? TRY(to_int64_clamped(vm, low_value.value)) : 0;
  int64_t high = kDefaultHighWater;
  if (has_high) {
    high = TRY(to_int64_clamped(vm, high_value.value));
  } else if (has_low && __builtin_mul_overflow(low, 4, &high)) {
    high = INT64_MAX;
  }
  if (!has_low) low = high / 4 - (high % 4 < 0);
  if (high < low || low < 0)
    return vm.raise(Exc::ValueError, "high ({}) must be >= low ({}) must be >= 0", high, low);
  self->high_water = static_cast<uint64_t>(high);
  self->low_water = static_cast<uint64_t>(low);
  return pause_protocol_if_full(vm, self);
}
Result<Value> method_get_extra_info(VM& vm, Transport* self, Value name, Optional<Value> fallback) {
  Value found;
  if (self->extra.is_empty()) return fallback.present ? fallback.value : Value::none();
  if (TRY(dict_get(vm, as<Dict>(self->extra), name, &found))) return found;
  return fallback.present ? fallback.value : Value::none();
}

Result<Value> method_repr(VM& vm, Transport* self) {
  std::string text = "<" + to_utf8(vm.type_of(self)->name);
  if (self->socket.is_none()) {
    text += " closed";
  } else if (self->closing) {
    text += " closing";
  }
  text += " fd=" + std::to_string(self->descriptor);
  if (core_of(self)) {
    text += is_watched(self, IoEvent::Readable) ? " read=polling" : " read=idle";
    text += is_watched(self, IoEvent::Writable) ? " write=<polling, bufsize="
                                                : " write=<idle, bufsize=";
    text += std::to_string(self->output.size()) + ">";
  }
  return make_str(vm, text + ">");
}

template <Value Transport::*field>
Result<Value> get_field(VM& vm, Value self) {
  Transport* transport = try_native<Transport>(self);
  if (!transport)
    return vm.raise(Exc::TypeError, "a transport is required, not '{}'", vm.type_of(self));
  Value value = transport->*field;
  return value.is_empty() ? Value::none() : value;
}

}  // namespace

Transport* plain_transport(VM& vm, Value value) {
  Transport* transport = try_native<Transport>(value);
  if (!transport) return nullptr;
  bool plain = transport->plain_write.check(vm, transport, &IoState::Names::write,
                                            bind<method_write>().entry);
  return plain ? transport : nullptr;
}

namespace {

constexpr NativeFunctionDef kMethods[] = {
    {"__new__(cls, *args, **kwargs)", nullptr, bind<transport_new>(), NativeFunctionDef::kStatic},
    {"__init__(self, loop, sock, protocol, waiter, extra, server)", nullptr,
     bind<transport_init>()},
    {"__repr__(self, /)", "Return repr(self).", bind<method_repr>()},
    {"write(self, data, /)", "Send bytes; what cannot be sent now is kept and sent later.",
     bind<method_write>()},
    {"writelines(self, list_of_data, /)", "Send several pieces.", bind<method_writelines>()},
    {"write_eof(self, /)", "End the sending side once everything is sent.",
     bind<method_write_eof>()},
    {"can_write_eof(self, /)", "True: write_eof() works.", bind<method_can_write_eof>()},
    {"close(self, /)", "Send what is kept, then end the connection.", bind<method_close>()},
    {"abort(self, /)", "End the connection now.", bind<method_abort>()},
    {"_force_close(self, exc, /)", nullptr, bind<method_force_close>()},
    {"_fatal_error(self, exc, message=None, /)", nullptr, bind<method_fatal_error>()},
    {"is_closing(self, /)", "Is it closed or about to be?", bind<method_is_closing>()},
    {"is_reading(self, /)", "Does it receive?", bind<method_is_reading>()},
    {"pause_reading(self, /)", "Receive nothing until resume_reading().",
     bind<method_pause_reading>()},
    {"resume_reading(self, /)", "Receive again.", bind<method_resume_reading>()},
    {"get_protocol(self, /)", "The protocol.", bind<method_get_protocol>()},
    {"set_protocol(self, protocol, /)", "Replace the protocol.", bind<method_set_protocol>()},
    {"get_write_buffer_size(self, /)", "The number of bytes kept.",
     bind<method_get_write_buffer_size>()},
    {"get_write_buffer_limits(self, /)", "(low, high) for flow control.",
     bind<method_get_write_buffer_limits>()},
    {"set_write_buffer_limits(self, high=None, low=None)",
     "Pause the protocol above `high` kept bytes, resume it at `low`.",
     bind<method_set_write_buffer_limits>()},
    {"get_extra_info(self, name, default=None)", "Information about the connection.",
     bind<method_get_extra_info>()},
};
constexpr NativeGetSetDef kAttributes[] = {
    {"_loop", nullptr, get_field<&Transport::loop>},
    {"_protocol", nullptr, get_field<&Transport::protocol>},
    {"_sock", nullptr, get_field<&Transport::socket>},
    {"_extra", nullptr, get_field<&Transport::extra>},
    {"_server", nullptr, get_field<&Transport::server>},
};

}  // namespace

const NativeTypeDef kTransportType = {"_asyncio_net._SocketTransport",
                                      "A stream socket that a loop reads and writes.",
                                      kMethods,
                                      kAttributes,
                                      Type::kCanSubclass | Type::kHasDict | Type::kHasWeakref,
                                      sizeof(Transport),
                                      &Transport::kClass};

}  // namespace apy
