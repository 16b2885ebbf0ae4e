// The module _signal: script handlers for signals.
//
// A signal that has a script handler is watched (runtime/loop/signal_watch): the system's handler
// only notes it and asks the script to come to a safe point, where the script handler is called.
// SIGINT is the host's until a script takes it.
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "runtime/loop/signal_watch.h"
#include "stdlib/native_iterator.h"
#include "vm/interpreter/frame_object.h"
#include "vm/interpreter/safe_point.h"

namespace apy {

namespace {

constexpr int kSignals = 65;
constexpr int64_t kDefault = 0, kIgnore = 1;

struct SignalTable : NativeObject {
  static const NativeClass kClass;
  List* handlers;      // by number: None, 0 (SIG_DFL), 1 (SIG_IGN) or a callable
  Value default_int;   // default_int_handler
  Value replaced_int;  // True once SIGINT was set to SIG_DFL or SIG_IGN: the host's handler is gone
  SignalWatch* watch;
};

void trace_table(const Cell* self, Visitor& visitor) {
  auto* table = static_cast<const SignalTable*>(self);
  visitor.visit(table->handlers);
  visitor.visit(table->default_int);
}
void finalize_table(VM& vm, Cell* self) {
  auto* table = static_cast<SignalTable*>(self);
  delete table->watch;
  table->watch = nullptr;
  safe_point_hooks(vm).on_signals = nullptr;
}
const NativeClass SignalTable::kClass = {"_signal.table", trace_table, finalize_table};
constexpr NativeTypeDef kTableType = {.name = "_signal.table",
                                      .doc = nullptr,
                                      .methods = {},
                                      .flags = Type::kDisallowNew,
                                      .instance_size = sizeof(SignalTable),
                                      .native_class = &SignalTable::kClass};
const char kTableKey = 0;

SignalTable* table_of(VM& vm) { return static_cast<SignalTable*>(vm.module_state(&kTableKey)); }

/// In a signal handler.
void on_signal(void* argument, int) {
  VM& vm = *static_cast<VM*>(argument);
  vm.request_interrupt();
  SafePointHooks& hooks = safe_point_hooks(vm);
  if (hooks.wake) hooks.wake(hooks.data);
}

/// At a safe point: calls the handlers of the signals that came.
Result<void> run_handlers(VM& vm) {
  SignalTable* table = table_of(vm);
  if (!table || !table->watch) return {};
  uint64_t arrived = table->watch->take();
  for (int number = 1; arrived; ++number, arrived >>= 1) {
    if (!(arrived & 1)) continue;
    Value handler = table->handlers->values()[number];
    if (handler.is_none() || handler.is_small_int()) continue;
    Value frame = Value::none();
    if (Frame* current = vm.current_frame()) frame = TRY(frame_object(vm, current));
    if (vm.call(handler, {Value::small_int(number), frame}).is_error()) {
      // The others come at the next safe point.
      for (int rest = number + 1; (arrived >>= 1); ++rest)
        if (arrived & 1) table->watch->deliver(rest);
      return Error{};
    }
  }
  return {};
}

Result<void> check_number(VM& vm, int64_t number) {
  if (number >= 1 && number < kSignals) return {};
  return vm.raise(Exc::ValueError, "signal number out of range");
}

Error raise_system_error(VM& vm) {
  int code = errno;
  Value arguments[] = {Value::small_int(code), TRY(make_str(vm, std::strerror(code)))};
  return vm.raise_with(Exc::OSError, arguments);
}

Result<Value> signal_get(VM& vm, int64_t number) {
  TRY(check_number(vm, number));
  return table_of(vm)->handlers->values()[number];
}

Result<Value> signal_set(VM& vm, int64_t number, Value handler) {
  TRY(check_number(vm, number));
  SignalTable* table = table_of(vm);
  int signal_number = static_cast<int>(number);
  bool plain = is_int(handler);
  int64_t action = -1;
  if (plain) action = TRY(to_int64(vm, handler));
  if (plain ? action != kDefault && action != kIgnore : !TRY(is_callable(vm, handler))) {
    return vm.raise(Exc::TypeError,
                    "signal handler must be signal.SIG_IGN, signal.SIG_DFL, or a callable object");
  }
  Value old = table->handlers->values()[number];
  if (plain) {
    table->watch->unwatch(signal_number);
    if (::signal(signal_number, action == kDefault ? SIG_DFL : SIG_IGN) == SIG_ERR)
      return raise_system_error(vm);
    if (number == SIGINT) table->replaced_int = Value::boolean(true);
    handler = Value::small_int(action);
  } else if (number == SIGINT && handler.is(table->default_int) && !table->replaced_int.is_true()) {
    table->watch->unwatch(SIGINT);  // the host's handler is back
  } else if (!table->watch->watch(signal_number)) {
    errno = EINVAL;
    return raise_system_error(vm);
  }
  table->handlers->values()[number] = handler;
  vm.barrier(table->handlers->storage ? static_cast<Cell*>(table->handlers->storage)
                                      : table->handlers);
  vm.barrier(table->handlers);
  return old;
}

Result<Value> signal_default_int_handler(VM& vm, Value, Value) {
  return vm.raise_with(Exc::KeyboardInterrupt, {});
}

Result<void> signal_raise(VM& vm, int64_t number) {
  TRY(check_number(vm, number));
  if (::raise(static_cast<int>(number)) != 0) return raise_system_error(vm);
  return vm.poll();
}

Result<Value> signal_text(VM& vm, int64_t number) {
  TRY(check_number(vm, number));
  const char* text = strsignal(static_cast<int>(number));
  if (!text || std::strstr(text, "Unknown signal")) return Value::none();
  return make_str(vm, text);
}

Result<int64_t> signal_alarm(VM&, int64_t seconds) {
  return static_cast<int64_t>(::alarm(static_cast<unsigned>(std::max<int64_t>(seconds, 0))));
}

Result<void> signal_pause(VM& vm) {
  ::pause();
  return vm.poll();
}

constexpr NativeFunctionDef kFunctions[] = {
    {"signal(signalnum, handler, /)", "Set the action for a signal; return the former one.",
     bind<signal_set>()},
    {"getsignal(signalnum, /)", "Return the current action for a signal.", bind<signal_get>()},
    {"raise_signal(signalnum, /)", "Send a signal to this process.", bind<signal_raise>()},
    {"default_int_handler(signalnum, frame, /)", "The handler of SIGINT: raises KeyboardInterrupt.",
     bind<signal_default_int_handler>()},
    {"strsignal(signalnum, /)", "Return the system's description of a signal.",
     bind<signal_text>()},
    {"alarm(seconds, /)", "Have SIGALRM sent after some seconds.", bind<signal_alarm>()},
    {"pause()", "Wait until a signal arrives.", bind<signal_pause>()},
};

struct SignalName {
  const char* name;
  int number;
};
constexpr SignalName kNames[] = {
    {"SIGHUP", SIGHUP},   {"SIGINT", SIGINT},   {"SIGQUIT", SIGQUIT},     {"SIGILL", SIGILL},
    {"SIGTRAP", SIGTRAP}, {"SIGABRT", SIGABRT}, {"SIGBUS", SIGBUS},       {"SIGFPE", SIGFPE},
    {"SIGKILL", SIGKILL}, {"SIGUSR1", SIGUSR1}, {"SIGSEGV", SIGSEGV},     {"SIGUSR2", SIGUSR2},
    {"SIGPIPE", SIGPIPE}, {"SIGALRM", SIGALRM}, {"SIGTERM", SIGTERM},     {"SIGCHLD", SIGCHLD},
    {"SIGCONT", SIGCONT}, {"SIGSTOP", SIGSTOP}, {"SIGTSTP", SIGTSTP},     {"SIGTTIN", SIGTTIN},
    {"SIGTTOU", SIGTTOU}, {"SIGURG", SIGURG},   {"SIGXCPU", SIGXCPU},     {"SIGXFSZ", SIGXFSZ},
    {"SIGPROF", SIGPROF}, {"SIGIO", SIGIO},     {"SIGVTALRM", SIGVTALRM}, {"SIGWINCH", SIGWINCH},
    {"SIGSYS", SIGSYS},
};

/// What the process does with each signal now.
Result<List*> present_handlers(VM& vm, Value default_int) {
  List* handlers = TRY(make_list(vm, size_t{0}));
  for (int number = 0; number < kSignals; ++number) {
    struct sigaction present = {};
    Value handler = Value::none();
    if (number && sigaction(number, nullptr, &present) == 0) {
      if (present.sa_handler == SIG_DFL)
        handler = Value::small_int(kDefault);
      else if (present.sa_handler == SIG_IGN)
        handler = Value::small_int(kIgnore);
      else if (number == SIGINT)
        handler = default_int;
    }
    TRY(list_append(vm, handlers, handler));
  }
  return handlers;
}

Result<void> initialize(VM& vm, Module* module) {
  for (const SignalName& signal : kNames)
    TRY(module_set(vm, module, signal.name, Value::small_int(signal.number)));
  TRY(module_set(vm, module, "SIG_DFL", Value::small_int(kDefault)));
  TRY(module_set(vm, module, "SIG_IGN", Value::small_int(kIgnore)));
  TRY(module_set(vm, module, "NSIG", Value::small_int(kSignals)));
  Value default_int = dict_get_str(vm, module->dict, TRY(intern(vm, "default_int_handler")));
  SignalTable* table = TRY(make_native<SignalTable>(vm, TRY(make_native_type(vm, kTableType))));
  vm.module_state(&kTableKey) = table;
  table->default_int = default_int;
  table->handlers = TRY(present_handlers(vm, default_int));
  vm.barrier(table);
  table->watch = new SignalWatch(nullptr, on_signal, &vm);
  vm.heap().register_finalizer(table);
  safe_point_hooks(vm).on_signals = run_handlers;
  return {};
}

}  // namespace

extern const NativeModuleDef kSignalModule = {"_signal", "Signals of the system.", kFunctions,
                                              initialize};

}  // namespace apy
