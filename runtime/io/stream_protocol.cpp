#include "runtime/io/stream_protocol.h"

#include "runtime/async/event_loop.h"
#include "runtime/async/future.h"
#include "runtime/io/io_state.h"
#include "runtime/io/stream_operation.h"
#include "vm/binding/bind.h"
#include "vm/objects/bytes_family.h"

namespace apy {

namespace {

void trace_protocol(const Cell* cell, Visitor& visitor) {
  auto* protocol = static_cast<const StreamProtocol*>(cell);
  visitor.visit(protocol->loop);
  visitor.visit(protocol->reader);
  visitor.visit(protocol->drain_waiters);
  visitor.visit(protocol->state);
}

Result<Value> protocol_new(VM& vm, const Arguments& arguments) {
  Type* type = arguments.positional_count ? try_as<Type>(arguments.values[0]) : nullptr;
  if (!type) return vm.raise(Exc::TypeError, "FlowControl.__new__(X): X is not a type object");
  auto* protocol = static_cast<StreamProtocol*>(TRY(allocate_instance(vm, type)));
  protocol->native_class = &StreamProtocol::kClass;
  protocol->loop = protocol->reader = Value::none();
  protocol->state = &io_state(vm);
  return protocol;
}
Result<void> protocol_init(VM& vm, StreamProtocol* self, Optional<Value> loop) {
  self->loop = loop.present && !loop.value.is_none()
                   ? loop.value
                   : TRY(call_script(vm, "asyncio.events", "get_event_loop", {}));
  vm.barrier(self);
  return {};
}

/// Every drain() that waits goes on, or fails.
Result<void> wake_drainers(VM& vm, StreamProtocol* protocol, Value exception) {
  if (!protocol->drain_waiters) return {};
  List* waiters = TRY(list_copy(vm, protocol->drain_waiters, 0, protocol->drain_waiters->length));
  for (Value v : waiters->span()) {
    Future* waiter = try_future(v);
    if (!waiter || waiter->done()) continue;
    TRY(exception.is_none() ? future_set_result(vm, waiter, Value::none())
                            : future_set_exception(vm, waiter, exception));
  }
  return {};
}

Result<void> method_pause_writing(VM& vm, StreamProtocol* self) {
  if (self->writing_paused) return vm.raise(Exc::AssertionError, "");
  self->writing_paused = true;
  return {};
}
Result<void> method_resume_writing(VM& vm, StreamProtocol* self) {
  if (!self->writing_paused) return vm.raise(Exc::AssertionError, "");
  self->writing_paused = false;
  return wake_drainers(vm, self, Value::none());
}
Result<void> method_connection_lost(VM& vm, StreamProtocol* self, Value exception) {
  self->connection_lost = true;
  if (!self->writing_paused) return {};
  return wake_drainers(vm, self, exception);
}
Result<Value> method_drain_helper(VM& vm, StreamProtocol* self) {
  StreamOperation* operation =
      TRY(make_stream_operation(vm, self->state, StreamOperation::Kind::Drain, self));
  operation->reader = operation->transport = Value::none();
  return operation;
}
Result<void> method_data_received(VM& vm, StreamProtocol* self, Value data) {
  StreamReader* reader = try_native<StreamReader>(self->reader);
  if (reader && reader_is_plain(vm, reader))
    return reader_feed(vm, reader, TRY(bytes_like(vm, data)));
  if (!self->reader.is_none())
    TRY(vm.call_method(self->reader, io_state(vm).names.feed_data, {data}));
  return {};
}

StreamProtocol* receiver(Value self) { return try_native<StreamProtocol>(self); }
Result<Value> get_loop(VM&, Value self) { return receiver(self)->loop; }
Result<Value> get_reader(VM&, Value self) { return receiver(self)->reader; }
Result<void> set_reader(VM& vm, Value self, Value value) {
  receiver(self)->reader = value.is_empty() ? Value::none() : value;
  vm.barrier(receiver(self));
  return {};
}
Result<Value> get_paused(VM&, Value self) { return Value::boolean(receiver(self)->writing_paused); }
Result<void> set_paused(VM& vm, Value self, Value value) {
  receiver(self)->writing_paused = !value.is_empty() && TRY(is_truthy(vm, value));
  return {};
}
Result<Value> get_lost(VM&, Value self) { return Value::boolean(receiver(self)->connection_lost); }
Result<void> set_lost(VM& vm, Value self, Value value) {
  receiver(self)->connection_lost = !value.is_empty() && TRY(is_truthy(vm, value));
  return {};
}
Result<Value> get_waiters(VM& vm, Value self) {
  if (List* waiters = receiver(self)->drain_waiters) return waiters;
  return make_list(vm, size_t{0});
}

constexpr NativeFunctionDef kMethods[] = {
    {"__new__(cls, *args, **kwargs)", nullptr, bind<protocol_new>(), NativeFunctionDef::kStatic},
    {"__init__(self, loop=None)", nullptr, bind<protocol_init>()},
    {"pause_writing(self, /)", "The transport keeps too much: drain() waits.",
     bind<method_pause_writing>()},
    {"resume_writing(self, /)", "The transport has room again.", bind<method_resume_writing>()},
    {"connection_lost(self, exc, /)", "The end: drain() waits no more.",
     bind<method_connection_lost>()},
    {"_drain_helper(self, /)", nullptr, bind<method_drain_helper>()},
    {"_data_received(self, data, /)", "Feed the reader.", bind<method_data_received>()},
};
constexpr NativeGetSetDef kAttributes[] = {
    {"_loop", nullptr, get_loop},
    {"_stream_reader", nullptr, get_reader, set_reader},
    {"_paused", nullptr, get_paused, set_paused},
    {"_connection_lost", nullptr, get_lost, set_lost},
    {"_drain_waiters", nullptr, get_waiters},
};

}  // namespace

const NativeClass StreamProtocol::kClass = {"_asyncio_net.FlowControl", trace_protocol, nullptr};

StreamReader* stream_reader_behind(VM& vm, Value value) {
  StreamProtocol* protocol = try_native<StreamProtocol>(value);
  if (!protocol) return nullptr;
  StreamReader* reader = try_native<StreamReader>(protocol->reader);
  if (!reader || !reader_is_plain(vm, reader)) return nullptr;
  bool plain = protocol->plain_received.check(vm, protocol, &IoState::Names::data_received,
                                              bind<method_data_received>().entry);
  return plain ? reader : nullptr;
}

Result<void> add_drain_waiter(VM& vm, StreamProtocol* protocol, Value future) {
  if (!protocol->drain_waiters) {
    protocol->drain_waiters = TRY(make_list(vm, size_t{1}));
    vm.barrier(protocol);
  }
  return list_append(vm, protocol->drain_waiters, future);
}

void remove_drain_waiter(VM& vm, StreamProtocol* protocol, Value future) {
  List* waiters = protocol->drain_waiters;
  if (!waiters) return;
  for (uint64_t i = 0; i < waiters->length; ++i) {
    if (!waiters->values()[i].is(future)) continue;
    return list_erase(vm, waiters, i, i + 1);
  }
}

const NativeTypeDef kStreamProtocolType = {"_asyncio_net.FlowControl",
                                           "Flow control between a transport and who writes to it.",
                                           kMethods,
                                           kAttributes,
                                           Type::kCanSubclass | Type::kHasDict | Type::kHasWeakref,
                                           sizeof(StreamProtocol),
                                           &StreamProtocol::kClass};

}  // namespace apy
