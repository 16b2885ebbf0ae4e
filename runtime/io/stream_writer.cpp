#include "runtime/io/stream_writer.h"

#include "runtime/async/event_loop.h"
#include "runtime/io/io_state.h"
#include "runtime/io/stream_operation.h"
#include "runtime/io/transport.h"
#include "vm/binding/bind.h"

namespace apy {

namespace {

void trace_writer(const Cell* cell, Visitor& visitor) {
  auto* writer = static_cast<const StreamWriter*>(cell);
  for (Value v : {writer->transport, writer->protocol, writer->reader, writer->loop})
    visitor.visit(v);
}

/// Nobody can write any more: the connection is closed.
void finalize_writer(VM& vm, Cell* cell) {
  auto* writer = static_cast<StreamWriter*>(cell);
  Transport* transport = try_native<Transport>(writer->transport);
  EventLoop* loop = transport ? try_loop(transport->loop) : nullptr;
  if (!loop || loop->closed || transport->closing) return;
  if (transport_close(vm, transport).is_error()) vm.write_unraisable(writer);
}

Result<Value> writer_new(VM& vm, const Arguments& arguments) {
  Type* type = arguments.positional_count ? try_as<Type>(arguments.values[0]) : nullptr;
  if (!type) return vm.raise(Exc::TypeError, "StreamWriter.__new__(X): X is not a type object");
  auto* writer = static_cast<StreamWriter*>(TRY(allocate_instance(vm, type)));
  writer->native_class = &StreamWriter::kClass;
  writer->transport = writer->protocol = writer->reader = writer->loop = Value::none();
  vm.heap().register_finalizer(writer);
  return writer;
}
Result<void> writer_init(VM& vm, StreamWriter* self, Value transport, Value protocol, Value reader,
                         Value loop) {
  self->transport = transport;
  self->protocol = protocol;
  self->reader = reader;
  self->loop = loop;
  vm.barrier(self);
  return {};
}

Result<void> method_write(VM& vm, StreamWriter* self, Value data) {
  if (Transport* native = plain_transport(vm, self->transport))
    return transport_write(vm, native, data);
  TRY(vm.call_method(self->transport, io_state(vm).names.write, {data}));
  return {};
}

/// drain(): waits until the transport has room. A stream of foreign parts does so in script.
Result<Value> method_drain(VM& vm, StreamWriter* self) {
  StreamProtocol* protocol = try_native<StreamProtocol>(self->protocol);
  bool native = protocol && (self->reader.is_none() || try_native<StreamReader>(self->reader));
  if (!native) return vm.call_method(self, io_state(vm).names._drain, {});
  StreamOperation* operation =
      TRY(make_stream_operation(vm, protocol->state, StreamOperation::Kind::Drain, protocol));
  operation->reader = self->reader;
  operation->transport = self->transport;
  return operation;
}

template <Str* IoState::Names::*name>
Result<Value> forward(VM& vm, StreamWriter* self) {
  return vm.call_method(self->transport, io_state(vm).names.*name, {});
}
Result<Value> method_writelines(VM& vm, StreamWriter* self, Value pieces) {
  return vm.call_method(self->transport, io_state(vm).names.writelines, {pieces});
}
Result<Value> method_get_extra_info(VM& vm, StreamWriter* self, Value name,
                                    Optional<Value> fallback) {
  return vm.call_method(self->transport, io_state(vm).names.get_extra_info,
                        {name, fallback.present ? fallback.value : Value::none()});
}

template <Value StreamWriter::*field>
Result<Value> get_field(VM& vm, Value self) {
  StreamWriter* writer = try_native<StreamWriter>(self);
  if (!writer)
    return vm.raise(Exc::TypeError, "a StreamWriter is required, not '{}'", vm.type_of(self));
  return writer->*field;
}
Result<void> set_transport(VM& vm, Value self, Value value) {
  StreamWriter* writer = try_native<StreamWriter>(self);
  writer->transport = value.is_empty() ? Value::none() : value;
  vm.barrier(writer);
  return {};
}

constexpr NativeFunctionDef kMethods[] = {
    {"__new__(cls, *args, **kwargs)", nullptr, bind<writer_new>(), NativeFunctionDef::kStatic},
    {"__init__(self, transport, protocol, reader, loop)", nullptr, bind<writer_init>()},
    {"write(self, data)", "Send bytes; what cannot be sent now is sent later: see drain().",
     bind<method_write>()},
    {"writelines(self, data)", "Send several pieces.", bind<method_writelines>()},
    {"drain(self, /)", "Wait until it makes sense to write more.", bind<method_drain>()},
    {"write_eof(self, /)", "End the sending side.", bind<forward<&IoState::Names::write_eof>>()},
    {"can_write_eof(self, /)", "Does write_eof() work?",
     bind<forward<&IoState::Names::can_write_eof>>()},
    {"close(self, /)", "Close the stream.", bind<forward<&IoState::Names::close>>()},
    {"is_closing(self, /)", "Is it closed or about to be?",
     bind<forward<&IoState::Names::is_closing>>()},
    {"get_extra_info(self, name, default=None)", "Information about the connection.",
     bind<method_get_extra_info>()},
};
constexpr NativeGetSetDef kAttributes[] = {
    {"transport", "The transport.", get_field<&StreamWriter::transport>},
    {"_transport", nullptr, get_field<&StreamWriter::transport>, set_transport},
    {"_protocol", nullptr, get_field<&StreamWriter::protocol>},
    {"_reader", nullptr, get_field<&StreamWriter::reader>},
    {"_loop", nullptr, get_field<&StreamWriter::loop>},
};

}  // namespace

const NativeClass StreamWriter::kClass = {"_asyncio_net.StreamWriter", trace_writer,
                                          finalize_writer};

const NativeTypeDef kStreamWriterType = {"_asyncio_net.StreamWriter",
                                         "The writing side of a stream.",
                                         kMethods,
                                         kAttributes,
                                         Type::kCanSubclass | Type::kHasDict | Type::kHasWeakref,
                                         sizeof(StreamWriter),
                                         &StreamWriter::kClass};

}  // namespace apy
