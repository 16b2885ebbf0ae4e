#include "runtime/io/stream_reader.h"

#include "runtime/async/event_loop.h"
#include "runtime/async/future.h"
#include "runtime/io/io_state.h"
#include "runtime/io/stream_operation.h"
#include "runtime/io/transport.h"
#include "vm/binding/bind.h"
#include "vm/objects/bytes_family.h"

namespace apy {

namespace {

constexpr uint64_t kDefaultLimit = 64 * 1024;

void trace_reader(const Cell* cell, Visitor& visitor) {
  auto* reader = static_cast<const StreamReader*>(cell);
  for (Value v : {reader->loop, reader->waiter, reader->exception, reader->transport,
                  reader->source_traceback})
    visitor.visit(v);
  reader->buffer.trace(visitor);
  visitor.visit(reader->state);
}

Result<void> wake_waiter(VM& vm, StreamReader* reader, Value exception = Value()) {
  Future* waiter = try_future(reader->waiter);
  reader->waiter = Value::none();
  if (!waiter || waiter->done()) return {};
  if (!exception.is_empty()) return future_set_exception(vm, waiter, exception);
  return future_set_result(vm, waiter, Value::none());
}

/// More than twice the limit is there: the transport shall stop. One that cannot is not asked
/// again.
Result<void> pause_transport(VM& vm, StreamReader* reader) {
  if (Transport* native = plain_transport(vm, reader->transport)) {
    TRY(transport_pause_reading(vm, native));
  } else if (vm.call_method(reader->transport, io_state(vm).names.pause_reading, {}).is_error()) {
    if (!vm.catch_pending(Exc::NotImplementedError)) return Error{};
    reader->transport = Value::none();
    return {};
  }
  reader->paused = true;
  return {};
}

}  // namespace

const NativeClass StreamReader::kClass = {"_asyncio_net.StreamReader", trace_reader, nullptr};

Result<void> reader_resume_transport(VM& vm, StreamReader* reader) {
  if (!reader->paused || reader->buffer.size() > reader->limit) return {};
  reader->paused = false;
  if (Transport* native = plain_transport(vm, reader->transport))
    return transport_resume_reading(vm, native);
  TRY(vm.call_method(reader->transport, io_state(vm).names.resume_reading, {}));
  return {};
}

Result<void> reader_feed(VM& vm, StreamReader* reader, std::string_view data) {
  if (reader->ended) return vm.raise(Exc::AssertionError, "feed_data after feed_eof");
  if (data.empty()) return {};
  TRY(reader->buffer.append(vm, reader, data));
  if (!reader->waiter.is_none()) TRY(wake_waiter(vm, reader));
  if (reader->transport.is_none() || reader->paused || reader->buffer.size() / 2 < reader->limit ||
      reader->buffer.size() == 2 * reader->limit)
    return {};
  return pause_transport(vm, reader);
}

namespace {

// --- methods ---

Result<Value> reader_new(VM& vm, const Arguments& arguments) {
  Type* type = arguments.positional_count ? try_as<Type>(arguments.values[0]) : nullptr;
  if (!type) return vm.raise(Exc::TypeError, "StreamReader.__new__(X): X is not a type object");
  auto* reader = static_cast<StreamReader*>(TRY(allocate_instance(vm, type)));
  reader->native_class = &StreamReader::kClass;
  reader->loop = reader->waiter = reader->exception = reader->transport = Value::none();
  reader->limit = kDefaultLimit;
  reader->state = &io_state(vm);
  return reader;
}

Result<void> reader_init(VM& vm, StreamReader* self, Optional<Value> limit, Optional<Value> loop) {
  if (limit.present) {
    if (TRY(compare_bool(vm, CompareOp::LessEqual, limit.value, Value::small_int(0))))
      return vm.raise(Exc::ValueError, "Limit cannot be <= 0");
    constexpr int64_t kMost = INT64_MAX / 4;
    self->limit = static_cast<uint64_t>(std::min(TRY(to_int64_clamped(vm, limit.value)), kMost));
  }
  self->loop = loop.present && !loop.value.is_none()
                   ? loop.value
                   : TRY(call_script(vm, "asyncio.events", "get_event_loop", {}));
  if (EventLoop* native = try_loop(self->loop); native && native->debug)
    self->source_traceback = TRY(source_traceback(vm));
  vm.barrier(self);
  return {};
}

Result<void> method_feed_data(VM& vm, StreamReader* self, Value data) {
  std::string_view bytes = TRY(bytes_like(vm, data));
  return reader_feed(vm, self, bytes);
}
Result<void> method_feed_eof(VM& vm, StreamReader* self) {
  self->ended = true;
  return wake_waiter(vm, self);
}
Result<bool> method_at_eof(VM&, StreamReader* self) { return self->ended && self->buffer.empty(); }
Result<Value> method_exception(VM&, StreamReader* self) { return self->exception; }
Result<void> method_set_exception(VM& vm, StreamReader* self, Value exception) {
  self->exception = exception;
  vm.barrier(self);
  return wake_waiter(vm, self, exception);
}
Result<void> method_set_transport(VM& vm, StreamReader* self, Value transport) {
  if (!self->transport.is_none()) return vm.raise(Exc::AssertionError, "Transport already set");
  self->transport = transport;
  vm.barrier(self);
  return {};
}

using Kind = StreamOperation::Kind;

Result<Value> method_read(VM& vm, StreamReader* self, Optional<int64_t> count) {
  int64_t wanted = count.value_or(-1);
  StreamOperation* operation =
      TRY(make_stream_operation(vm, self->state, wanted < 0 ? Kind::ReadAll : Kind::Read, self));
  operation->count = wanted;
  return operation;
}
Result<Value> method_readline(VM& vm, StreamReader* self) {
  return make_stream_operation(vm, self->state, Kind::ReadLine, self);
}
Result<Value> method_readexactly(VM& vm, StreamReader* self, int64_t count) {
  StreamOperation* operation = TRY(make_stream_operation(vm, self->state, Kind::ReadExactly, self));
  operation->count = count;
  return operation;
}
Result<Value> method_readuntil(VM& vm, StreamReader* self, Optional<Value> separator) {
  StreamOperation* operation = TRY(make_stream_operation(vm, self->state, Kind::ReadUntil, self));
  operation->separators = separator.present ? separator.value : Value(TRY(make_bytes(vm, "\n")));
  vm.barrier(operation);
  return operation;
}
Result<Value> method_anext(VM& vm, StreamReader* self) {
  return make_stream_operation(vm, self->state, Kind::Next, self);
}
Result<Value> method_aiter(VM&, StreamReader* self) { return self; }
Result<void> method_resume(VM& vm, StreamReader* self) { return reader_resume_transport(vm, self); }

template <Value StreamReader::*field>
Result<Value> get_field(VM& vm, Value self) {
  StreamReader* reader = try_native<StreamReader>(self);
  if (!reader)
    return vm.raise(Exc::TypeError, "a StreamReader is required, not '{}'", vm.type_of(self));
  Value value = reader->*field;
  return value.is_empty() ? Value::none() : value;
}
template <Value StreamReader::*field>
Result<void> set_field(VM& vm, Value self, Value value) {
  StreamReader* reader = try_native<StreamReader>(self);
  if (!reader)
    return vm.raise(Exc::TypeError, "a StreamReader is required, not '{}'", vm.type_of(self));
  reader->*field = value.is_empty() ? Value::none() : value;
  vm.barrier(reader);
  return {};
}
template <bool StreamReader::*field>
Result<Value> get_flag(VM&, Value self) {
  StreamReader* reader = try_native<StreamReader>(self);
  return Value::boolean(reader && reader->*field);
}
Result<Value> get_limit(VM& vm, Value self) {
  return make_int_unsigned(vm, try_native<StreamReader>(self)->limit);
}
/// A copy: the reader's bytes are its own.
Result<Value> get_buffer(VM& vm, Value self) {
  return make_bytearray(vm, try_native<StreamReader>(self)->buffer.view());
}

constexpr NativeFunctionDef kMethods[] = {
    {"__new__(cls, *args, **kwargs)", nullptr, bind<reader_new>(), NativeFunctionDef::kStatic},
    {"__init__(self, limit=65536, loop=None)", nullptr, bind<reader_init>()},
    {"feed_data(self, data, /)", "Append bytes and wake whoever waits for them.",
     bind<method_feed_data>()},
    {"feed_eof(self, /)", "No more bytes will come.", bind<method_feed_eof>()},
    {"at_eof(self, /)", "Is everything read, and nothing more will come?", bind<method_at_eof>()},
    {"exception(self, /)", "The exception that ended the stream, or None.",
     bind<method_exception>()},
    {"set_exception(self, exc, /)", "End the stream with an exception.",
     bind<method_set_exception>()},
    {"set_transport(self, transport, /)", "Where the bytes come from; paused if too many do.",
     bind<method_set_transport>()},
    {"read(self, n=-1)", "Read up to n bytes as soon as there are some, or everything.",
     bind<method_read>()},
    {"readline(self, /)", "Read up to a newline or the end.", bind<method_readline>()},
    {"readexactly(self, n)", "Read n bytes; IncompleteReadError if the end comes before.",
     bind<method_readexactly>()},
    {"readuntil(self, separator=b'\\n')",
     "Read up to a separator (or the first of a tuple of them), which is included.",
     bind<method_readuntil>()},
    {"__aiter__(self, /)", nullptr, bind<method_aiter>()},
    {"__anext__(self, /)", "The next line.", bind<method_anext>()},
    {"_maybe_resume_transport(self, /)", nullptr, bind<method_resume>()},
};
constexpr NativeGetSetDef kAttributes[] = {
    {"_loop", nullptr, get_field<&StreamReader::loop>},
    {"_waiter", nullptr, get_field<&StreamReader::waiter>, set_field<&StreamReader::waiter>},
    {"_exception", nullptr, get_field<&StreamReader::exception>},
    {"_transport", nullptr, get_field<&StreamReader::transport>,
     set_field<&StreamReader::transport>},
    {"_source_traceback", nullptr, get_field<&StreamReader::source_traceback>},
    {"_eof", nullptr, get_flag<&StreamReader::ended>},
    {"_paused", nullptr, get_flag<&StreamReader::paused>},
    {"_limit", nullptr, get_limit},
    {"_buffer", nullptr, get_buffer},
};

}  // namespace

bool reader_is_plain(VM& vm, StreamReader* reader) {
  return reader->plain_feed.check(vm, reader, &IoState::Names::feed_data,
                                  bind<method_feed_data>().entry);
}

const NativeTypeDef kStreamReaderType = {"_asyncio_net.StreamReader",
                                         "Bytes that come from a transport.",
                                         kMethods,
                                         kAttributes,
                                         Type::kCanSubclass | Type::kHasDict | Type::kHasWeakref,
                                         sizeof(StreamReader),
                                         &StreamReader::kClass};

}  // namespace apy
