#include "runtime/io/stream_operation.h"

#include "runtime/async/event_loop.h"
#include "runtime/async/future.h"
#include "runtime/io/io_state.h"
#include "runtime/io/transport.h"
#include "vm/binding/bind.h"
#include "vm/interpreter/generator.h"
#include "vm/objects/bytes_family.h"

namespace apy {

namespace {

using Kind = StreamOperation::Kind;
using Stage = StreamOperation::Stage;

void trace_operation(const Cell* cell, Visitor& visitor) {
  auto* operation = static_cast<const StreamOperation*>(cell);
  for (Value v : {operation->subject, operation->separators, operation->future, operation->reader,
                  operation->transport})
    visitor.visit(v);
  operation->collected.trace(visitor);
}

const char* kind_name(Kind kind) {
  switch (kind) {
    case Kind::Read:
    case Kind::ReadAll:
      return "read";
    case Kind::ReadLine:
    case Kind::ReadUntil:
    case Kind::Next:
      return "readuntil";
    case Kind::ReadExactly:
      return "readexactly";
    case Kind::Drain:
      break;
  }
  return "drain";
}

// --- reading: each attempt sets *out, or says false: more data are needed ---

/// The first `count` bytes of the buffer.
Result<bool> take(VM& vm, StreamReader* reader, size_t count, Value* out) {
  *out = TRY(make_bytes(vm, reader->buffer.view().substr(0, count)));
  reader->buffer.consume(count);
  if (reader->paused) TRY(reader_resume_transport(vm, reader));
  return true;
}

Error raise_stream_error(VM& vm, const char* name, Value first, Value second) {
  return vm.raise_exception(TRY(call_script(vm, "asyncio.exceptions", name, {first, second})));
}
Error raise_incomplete(VM& vm, StreamReader* reader, Value expected) {
  Value partial = TRY(make_bytes(vm, reader->buffer.view()));
  reader->buffer.clear();
  return raise_stream_error(vm, "IncompleteReadError", partial, expected);
}

Result<bool> try_read(VM& vm, StreamOperation* operation, StreamReader* reader, bool woken,
                      Value* out) {
  if (operation->count != 0 && reader->buffer.empty() && !reader->ended && !woken) return false;
  size_t wanted = static_cast<size_t>(operation->count);
  return take(vm, reader, std::min(reader->buffer.size(), wanted), out);
}

Result<bool> try_read_all(VM& vm, StreamOperation* operation, StreamReader* reader, Value* out) {
  TRY(operation->collected.append(vm, operation, reader->buffer.view()));
  reader->buffer.clear();
  if (reader->paused) TRY(reader_resume_transport(vm, reader));
  if (!reader->ended) return false;
  *out = TRY(make_bytes(vm, operation->collected.view()));
  return true;
}

Result<bool> try_read_exactly(VM& vm, StreamOperation* operation, StreamReader* reader,
                              Value* out) {
  auto wanted = static_cast<size_t>(operation->count);
  if (reader->buffer.size() >= wanted) return take(vm, reader, wanted, out);
  if (reader->ended) return raise_incomplete(vm, reader, TRY(make_int(vm, operation->count)));
  return false;
}

struct Match {
  size_t start = std::string_view::npos, end = std::string_view::npos;
  bool found() const { return end != std::string_view::npos; }
};

/// The separator that ends first, of several at the same end the shortest. Their lengths go into
/// *shortest and *longest.
Result<void> find_separator(VM& vm, StreamOperation* operation, std::string_view buffer,
                            size_t* shortest, size_t* longest, Match* match) {
  *shortest = std::string_view::npos;
  *longest = 0;
  auto look_for = [&](Value separator) -> Result<void> {
    std::string_view text = TRY(bytes_like(vm, separator));
    *shortest = std::min(*shortest, text.size());
    *longest = std::max(*longest, text.size());
    size_t at = text.empty() ? std::string_view::npos : buffer.find(text, operation->searched);
    if (at == std::string_view::npos) return {};
    size_t end = at + text.size();
    if (!match->found() || end < match->end || (end == match->end && at > match->start))
      *match = {at, end};
    return {};
  };
  if (Tuple* several = try_as<Tuple>(operation->separators)) {
    if (several->length == 0)
      return vm.raise(Exc::ValueError, "Separator should contain at least one element");
    for (Value separator : several->span()) TRY(look_for(separator));
  } else {
    TRY(look_for(operation->separators));
  }
  if (*shortest == 0)
    return vm.raise(Exc::ValueError, "Separator should be at least one-byte string");
  return {};
}

Error raise_overrun(VM& vm, const char* text, size_t consumed) {
  return raise_stream_error(vm, "LimitOverrunError", TRY(make_str(vm, text)),
                            Value::small_int(static_cast<int64_t>(consumed)));
}
constexpr const char* kTooLong = "Separator is found, but chunk is longer than limit";
constexpr const char* kNotFound = "Separator is not found, and chunk exceed the limit";

Result<bool> try_read_until(VM& vm, StreamOperation* operation, StreamReader* reader, Value* out) {
  std::string_view buffer = reader->buffer.view();
  size_t shortest, longest;
  Match match;
  TRY(find_separator(vm, operation, buffer, &shortest, &longest, &match));
  if (match.found()) {
    if (match.start <= reader->limit) return take(vm, reader, match.end, out);
    return raise_overrun(vm, kTooLong, match.start);
  }
  if (buffer.size() >= shortest) {
    operation->searched = buffer.size() >= longest ? buffer.size() + 1 - longest : 0;
    if (operation->searched > reader->limit)
      return raise_overrun(vm, kNotFound, operation->searched);
  }
  if (reader->ended) return raise_incomplete(vm, reader, Value::none());
  return false;
}

/// Up to a newline or the end. A line beyond the limit is dropped as far as it is here: ValueError.
Result<bool> try_read_line(VM& vm, StreamOperation* operation, StreamReader* reader, Value* out) {
  std::string_view buffer = reader->buffer.view();
  size_t at = buffer.find('\n', operation->searched);
  bool found = at != std::string_view::npos;
  if (found && at <= reader->limit) return take(vm, reader, at + 1, out);
  if (found || buffer.size() > reader->limit) {
    found ? reader->buffer.consume(at + 1) : reader->buffer.clear();
    TRY(reader_resume_transport(vm, reader));
    return vm.raise(Exc::ValueError, found ? kTooLong : kNotFound);
  }
  operation->searched = buffer.size();
  if (reader->ended) return take(vm, reader, buffer.size(), out);
  return false;
}

Result<bool> try_next(VM& vm, StreamOperation* operation, StreamReader* reader, Value* out) {
  if (!TRY(try_read_line(vm, operation, reader, out))) return false;
  if (as<Bytes>(*out)->length == 0) return vm.raise_with(Exc::StopAsyncIteration, {});
  return true;
}

Result<bool> attempt(VM& vm, StreamOperation* operation, StreamReader* reader, bool woken,
                     Value* out) {
  switch (operation->kind) {
    case Kind::Read:
      return try_read(vm, operation, reader, woken, out);
    case Kind::ReadAll:
      return try_read_all(vm, operation, reader, out);
    case Kind::ReadExactly:
      return try_read_exactly(vm, operation, reader, out);
    case Kind::ReadUntil:
      return try_read_until(vm, operation, reader, out);
    case Kind::Next:
      return try_next(vm, operation, reader, out);
    default:
      return try_read_line(vm, operation, reader, out);
  }
}

// --- waiting ---

/// Hands the operation's future to whoever drives the coroutine.
Result<bool> wait_for(VM& vm, StreamOperation* operation, Future* future, Value* out) {
  operation->future = future;
  operation->stage = Stage::Waiting;
  vm.barrier(operation);
  return future_await_step(vm, future, out) == AwaitOutcome::Error ? Result<bool>(Error{})
                                                                   : Result<bool>(false);
}

/// The outcome of the future that was waited for: its exception is raised here.
Result<void> finish_wait(VM& vm, StreamOperation* operation) {
  Future* future = try_future(operation->future);
  operation->future = Value();
  operation->stage = Stage::New;
  if (StreamReader* reader = try_native<StreamReader>(operation->subject)) {
    if (reader->waiter.is(future)) reader->waiter = Value::none();
  } else if (StreamProtocol* protocol = try_native<StreamProtocol>(operation->subject)) {
    remove_drain_waiter(vm, protocol, future);
  }
  if (!future->done()) return vm.raise(Exc::RuntimeError, "await wasn't used with future");
  TRY(future_result(vm, future));
  return {};
}

Result<bool> wait_for_data(VM& vm, StreamOperation* operation, StreamReader* reader, Value* out) {
  Future* present = try_future(reader->waiter);
  if (!reader->waiter.is_none() && !(present && present->done())) {
    return vm.raise(Exc::RuntimeError,
                    "{}() called while another coroutine is already waiting for incoming data",
                    kind_name(operation->kind));
  }
  // Nothing would ever come from a transport that is paused.
  if (reader->paused) {
    reader->paused = false;
    if (Transport* native = plain_transport(vm, reader->transport)) {
      TRY(transport_resume_reading(vm, native));
    } else {
      TRY(vm.call_method(reader->transport, io_state(vm).names.resume_reading, {}));
    }
  }
  Future* future = TRY(make_future(vm, reader->loop));
  reader->waiter = future;
  vm.barrier(reader);
  return wait_for(vm, operation, future, out);
}

/// True: *out is the result. False: *out is for whoever drives the coroutine.
Result<bool> step_read(VM& vm, StreamOperation* operation, Value* out) {
  auto* reader = static_cast<StreamReader*>(operation->subject.cell());
  bool woken = operation->stage == Stage::Waiting;
  if (woken) {
    TRY(finish_wait(vm, operation));
  } else if (operation->kind == Kind::ReadExactly && operation->count < 0) {
    return vm.raise(Exc::ValueError, "readexactly size can not be less than zero");
  }
  if (!woken || operation->kind == Kind::ReadAll) {
    if (!reader->exception.is_none()) return vm.raise_exception(reader->exception);
  }
  if (TRY(attempt(vm, operation, reader, woken, out))) return true;
  return wait_for_data(vm, operation, reader, out);
}

Result<bool> is_closing(VM& vm, Value transport) {
  if (Transport* native = plain_transport(vm, transport)) return native->closing;
  if (transport.is_none()) return false;
  return is_truthy(vm, TRY(vm.call_method(transport, io_state(vm).names.is_closing, {})));
}

Result<bool> step_drain(VM& vm, StreamOperation* operation, Value* out) {
  auto* protocol = static_cast<StreamProtocol*>(operation->subject.cell());
  *out = Value::none();
  if (operation->stage == Stage::Waiting) {
    TRY(finish_wait(vm, operation));
    return true;
  }
  if (operation->stage == Stage::New) {
    if (StreamReader* reader = try_native<StreamReader>(operation->reader)) {
      if (!reader->exception.is_none()) return vm.raise_exception(reader->exception);
    }
    // The loop gets a turn to tell that the connection is lost, or a task that only writes would
    // never hear of it.
    if (TRY(is_closing(vm, operation->transport))) {
      operation->stage = Stage::Yielded;
      return false;
    }
  }
  if (protocol->connection_lost) return vm.raise(Exc::ConnectionResetError, "Connection lost");
  if (!protocol->writing_paused) return true;
  Future* future = TRY(make_future(vm, protocol->loop));
  TRY(add_drain_waiter(vm, protocol, future));
  return wait_for(vm, operation, future, out);
}

AwaitOutcome operation_await_step(VM& vm, Value self, Value* out) {
  auto* operation = static_cast<StreamOperation*>(self.cell());
  if (operation->stage == Stage::Done) {
    (void)vm.raise(Exc::RuntimeError, "cannot reuse already awaited coroutine");
    return AwaitOutcome::Error;
  }
  Result<bool> done = operation->kind == Kind::Drain ? step_drain(vm, operation, out)
                                                     : step_read(vm, operation, out);
  if (done.is_ok() && !done.value()) return AwaitOutcome::Pending;
  operation->stage = Stage::Done;
  return done.is_ok() ? AwaitOutcome::Ready : AwaitOutcome::Error;
}

// --- the methods of a coroutine ---

Result<Value> method_send(VM& vm, StreamOperation* self, Value) {
  Value result;
  switch (operation_await_step(vm, self, &result)) {
    case AwaitOutcome::Pending:
      return result;
    case AwaitOutcome::Ready:
      return stop_iteration(vm, result.is_none() ? Value() : result);
    case AwaitOutcome::Error:
      break;
  }
  return Error{};
}
Result<Value> method_next(VM& vm, StreamOperation* self) {
  return method_send(vm, self, Value::none());
}
/// Given up: the reader may be waited for by another.
Result<void> method_close(VM& vm, StreamOperation* self) {
  if (self->stage == Stage::Waiting && finish_wait(vm, self).is_error()) vm.take_pending();
  self->stage = Stage::Done;
  return {};
}
Result<Value> method_throw(VM& vm, StreamOperation* self, Value type, Optional<Value> value,
                           Optional<Value> traceback) {
  TRY(method_close(vm, self));
  return vm.raise_exception(TRY(exception_from_throw(vm, type, value.value, traceback.value)));
}
Result<Value> method_await(VM&, StreamOperation* self) { return self; }

const char* qualified_name(Kind kind) {
  switch (kind) {
    case Kind::ReadLine:
      return "StreamReader.readline";
    case Kind::ReadUntil:
      return "StreamReader.readuntil";
    case Kind::ReadExactly:
      return "StreamReader.readexactly";
    case Kind::Next:
      return "StreamReader.__anext__";
    case Kind::Drain:
      return "StreamWriter.drain";
    default:
      return "StreamReader.read";
  }
}
Result<Value> method_repr(VM& vm, StreamOperation* self) {
  char text[96];
  std::snprintf(text, sizeof text, "<coroutine object %s at %p>", qualified_name(self->kind),
                static_cast<void*>(self));
  return make_str(vm, text);
}
Result<Value> get_qualified_name(VM& vm, Value self) {
  return make_str(vm, qualified_name(try_native<StreamOperation>(self)->kind));
}
Result<Value> get_name(VM& vm, Value self) {
  std::string_view name = qualified_name(try_native<StreamOperation>(self)->kind);
  return make_str(vm, name.substr(name.find('.') + 1));
}

constexpr NativeFunctionDef kMethods[] = {
    {"__await__(self, /)", nullptr, bind<method_await>()},
    {"__iter__(self, /)", nullptr, bind<method_await>()},
    {"__next__(self, /)", nullptr, bind<method_next>()},
    {"__repr__(self, /)", nullptr, bind<method_repr>()},
    {"send(self, value, /)", nullptr, bind<method_send>()},
    {"throw(self, type, value=None, traceback=None, /)", nullptr, bind<method_throw>()},
    {"close(self, /)", nullptr, bind<method_close>()},
};
constexpr NativeGetSetDef kAttributes[] = {
    {"__name__", nullptr, get_name},
    {"__qualname__", nullptr, get_qualified_name},
};
constexpr NativeTypeDef kOperationType = {"coroutine",
                                          "What reading from a stream gives to await.",
                                          kMethods,
                                          kAttributes,
                                          Type::kDisallowNew | Type::kHasWeakref,
                                          sizeof(StreamOperation),
                                          &StreamOperation::kClass};

}  // namespace

Result<void> create_stream_operation_type(VM& vm) {
  Type* type = TRY(make_native_type(vm, kOperationType));
  type->await_step = operation_await_step;
  io_state(vm).operation_type = type;
  vm.barrier(&io_state(vm));
  return {};
}

Result<StreamOperation*> make_stream_operation(VM& vm, const IoState* state, Kind kind,
                                               Value subject) {
  auto* operation =
      static_cast<StreamOperation*>(TRY(allocate_instance(vm, state->operation_type)));
  operation->native_class = &StreamOperation::kClass;
  operation->kind = kind;
  operation->subject = subject;
  return operation;
}

const NativeClass StreamOperation::kClass = {"coroutine", trace_operation, nullptr};

}  // namespace apy
