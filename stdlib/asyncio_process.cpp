// Programs that an event loop starts: the native part of asyncio's subprocesses.
#include "stdlib/asyncio_process.h"

#include "runtime/async/event_loop.h"
#include "runtime/io/system_error.h"
#include "runtime/loop/child_process.h"
#include "stdlib/native_iterator.h"
#include "vm/objects/codec.h"
#include "vm/objects/text.h"

namespace apy {

namespace {

/// Lives until the program has ended.
class RunningProcess final : public ChildProcess {
 public:
  RunningProcess(VM& vm, Value loop, Value callback)
      : vm_(vm), loop_(vm.heap(), loop), callback_(vm.heap(), callback), object(vm.heap()) {}

  void exited(int64_t status, int signal) noexcept override;

 private:
  VM& vm_;
  Root loop_, callback_;

 public:
  Root object;  // the ProcessObject
};

struct ProcessObject : NativeObject {
  static const NativeClass kClass;
  RunningProcess* running;  // null once it has ended
  int pid;
};

void RunningProcess::exited(int64_t status, int signal) noexcept {
  static_cast<ProcessObject*>(object.value.cell())->running = nullptr;
  EventLoop* loop = try_loop(loop_.value);
  if (loop && !loop->closed) {
    Value code = Value::small_int(signal ? -signal : status);
    if (loop_call_soon(vm_, loop, callback_.value, {&code, 1}, Value()).is_error())
      vm_.write_unraisable(object.value);
    loop->core->poller.note_ready();
  }
  delete this;
}

void trace_process(const Cell*, Visitor&) {}

Result<std::string> native_text(VM& vm, Value value) {
  std::string text;
  std::string_view bytes;
  if (Str* string = try_as<Str>(value)) {
    text = TRY(encode_text(vm, string, "utf-8", "surrogateescape"))->view();
  } else if (get_bytes(value, &bytes)) {
    text = bytes;
  } else {
    Value method = type_lookup(vm, vm.type_of(value), vm.names().fspath);
    if (method.is_empty())
      return vm.raise(Exc::TypeError, "expected str, bytes or os.PathLike object, not {}",
                      vm.type_of(value));
    return native_text(vm, TRY(vm.call_method(value, vm.names().fspath, {})));
  }
  if (text.find('\0') != std::string::npos) return vm.raise(Exc::ValueError, "embedded null byte");
  return text;
}

Result<void> native_texts(VM& vm, Value list, std::vector<std::string>* out) {
  List* items = TRY(list_from(vm, list));
  for (uint64_t i = 0; i < items->length; ++i)
    out->push_back(TRY(native_text(vm, items->values()[i])));
  return {};
}

Result<void> method_send_signal(VM& vm, ProcessObject* self, int64_t signal) {
  if (!self->running) return vm.raise_with(Exc::ProcessLookupError, {});
  int error = self->running->send_signal(static_cast<int>(signal));
  if (error != 0) return raise_system_error(vm, error);
  return {};
}
Result<Value> get_pid(VM&, Value self) {
  return Value::small_int(try_native<ProcessObject>(self)->pid);
}

constexpr NativeFunctionDef kMethods[] = {
    {"send_signal(self, signal, /)", "Send a signal; ProcessLookupError once it has ended.",
     bind<method_send_signal>()},
};
constexpr NativeGetSetDef kAttributes[] = {{"pid", "The number of the process.", get_pid}};

constexpr NativeTypeDef kProcessType = {.name = "_asyncio_net.Process",
                                        .doc = "A program that was started.",
                                        .methods = kMethods,
                                        .attributes = kAttributes,
                                        .flags = Type::kDisallowNew | Type::kHasWeakref,
                                        .instance_size = sizeof(ProcessObject),
                                        .native_class = &ProcessObject::kClass};

}  // namespace

const NativeClass ProcessObject::kClass = {"_asyncio_net.Process", trace_process, nullptr};

Result<void> add_process_type(VM& vm, Module* module) {
  return add_native_type(vm, module, kProcessType, "Process");
}

Result<Value> start_process(VM& vm, Value loop_value, Value file, Value arguments,
                            Value environment, Value directory, Tuple* streams, bool new_session,
                            Value callback) {
  EventLoop* loop = try_loop(loop_value);
  if (!loop) return vm.raise(Exc::TypeError, "an event loop is required");
  TRY(loop_check_closed(vm, loop));
  ChildProcess::Options options;
  options.file = TRY(native_text(vm, file));
  TRY(native_texts(vm, arguments, &options.arguments));
  options.has_environment = !environment.is_none();
  if (options.has_environment) TRY(native_texts(vm, environment, &options.environment));
  if (!directory.is_none()) options.directory = TRY(native_text(vm, directory));
  options.new_session = new_session;
  if (streams->length != 3) return vm.raise(Exc::ValueError, "three streams are expected");
  for (int i = 0; i < 3; ++i)
    options.streams[i] = static_cast<int>(TRY(to_int64(vm, streams->values()[i])));
  auto* object = TRY(make_native<ProcessObject>(vm, native_type<ProcessObject>(vm)));
  auto* running = new RunningProcess(vm, loop, callback);
  running->object.value = object;
  int error = running->start(loop->core->poller, options);
  if (error != 0) {
    delete running;
    Value details[3] = {Value::small_int(error), Value(), file};
    details[1] = TRY(make_str(vm, std::strerror(error)));
    return vm.raise_exception(TRY(vm.call(vm.type(BuiltinType::OSError), details)));
  }
  object->running = running;
  object->pid = running->pid();
  return object;
}

}  // namespace apy
