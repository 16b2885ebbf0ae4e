// apy::Engine: the public face of EngineCore.
#include <cstdio>
#include <cstdlib>

#include "runtime/embed/access.h"
#include "vm/interpreter/safe_point.h"
#include "vm/objects/bytes_family.h"
#include "vm/objects/protocol.h"

namespace apy {
inline namespace v1 {

using detail::Access;
using detail::enter;
using detail::Shared;

namespace detail {

Shared* Access::shared(const Engine& engine) { return engine.implementation_->shared; }

void no_value(const Failure& failure) {
  std::fprintf(stderr, "apy: Outcome::value() of a failure\n%s", failure.traceback.c_str());
  std::abort();
}

std::string type_name(VM& vm, Type* type) {
  std::string name = to_utf8(type->qualname);
  const Str* module = try_as<Str>(type_lookup(vm, type, vm.names().module_));
  return !module || str_equal(module, "builtins") ? name : to_utf8(module) + "." + name;
}

Failure nothing_held() {
  Failure failure;
  failure.type = "RuntimeError";
  failure.message = "the handle is empty, or its engine is gone or another one";
  failure.traceback = failure.type + ": " + failure.message + "\n";
  return failure;
}

namespace {

/// How a process ends after this SystemExit.
int exit_status_of(const Exception* exception) {
  Value code = exception->fields[0];
  if (code.is_empty() || code.is_none()) return 0;
  int64_t status = 1;
  if (is_int(code) && !fits_int64(code, &status)) status = -1;
  return static_cast<int>(status & 0xFF);
}

}  // namespace

Failure take_failure(Shared* shared) {
  VM& vm = shared->core->vm();
  Value value = vm.take_pending();
  Failure failure;
  if (!is_exception(value)) return nothing_held();
  // A report shall be possible when the script has used up all its memory.
  EngineCore::Slack slack(*shared->core);
  failure.exception = Access::make(shared, value);
  failure.type = type_name(vm, vm.type_of(value));
  auto message = str_text(vm, value);
  if (message.is_ok())
    failure.message = message.value();
  else
    vm.take_pending();
  auto traceback = format_exception(vm, value);
  if (traceback.is_ok())
    failure.traceback = traceback.value();
  else
    vm.take_pending();
  if (failure.traceback.empty()) failure.traceback = failure.type + ": " + failure.message + "\n";
  failure.is_system_exit = vm.is_instance(value, Exc::SystemExit);
  if (failure.is_system_exit) failure.exit_status = exit_status_of(as<Exception>(value));
  return failure;
}

Error raise_failure(VM& vm, const Failure& failure) {
  Value exception = Access::value(failure.exception);
  // An exception that came out of the script goes on with its traceback; a made one begins here.
  if (is_exception(exception)) {
    bool has_history = is_kind(as<Exception>(exception)->traceback, CellKind::Traceback);
    return has_history ? vm.reraise(exception) : vm.raise_exception(exception);
  }
  return vm.raise(Exc::RuntimeError, failure.message);
}

}  // namespace detail

Engine::Engine(const Options& options) : implementation_(std::make_unique<Implementation>()) {
  EngineCore& core = *implementation_->core;
  Shared& shared = *implementation_->shared;
  shared.engine = this;
  shared.core = &core;
  shared.table = new HandleTable(core.vm().heap());
  EngineSettings settings;
  settings.arguments = options.arguments;
  settings.path = options.path;
  settings.executable = options.executable;
  settings.memory_limit = options.memory_limit;
  settings.recursion_limit = options.recursion_limit;
  if (core.start(settings).is_error()) implementation_->unusable = detail::take_failure(&shared);
}

Engine::~Engine() {
  // Host functions may still be called by finalizers, so the engine ends before what they need.
  finish();
  Shared* shared = implementation_->shared;
  implementation_->unusable.reset();
  shared->engine = nullptr;
  shared->core = nullptr;
  implementation_->core.reset();
  Access::release(shared);
}

#define RETURN_IF_UNUSABLE \
  if (implementation_->unusable) return *implementation_->unusable

// --- running ---

Outcome<Handle> Engine::run_file(const std::string& path) {
  RETURN_IF_UNUSABLE;
  return enter(implementation_->shared, [&](VM&) { return implementation_->core->run_file(path); });
}

Outcome<Handle> Engine::run_source(std::string_view text, std::string_view name) {
  RETURN_IF_UNUSABLE;
  SourceOptions options;
  options.is_file = false;
  return enter(implementation_->shared,
               [&](VM&) { return implementation_->core->run_text(text, name, options); });
}

Outcome<Handle> Engine::run_module(std::string_view name) {
  RETURN_IF_UNUSABLE;
  return enter(implementation_->shared,
               [&](VM&) { return implementation_->core->run_module(std::string(name)); });
}

Outcome<Handle> Engine::run_statement(std::string_view text, std::string_view name) {
  RETURN_IF_UNUSABLE;
  SourceOptions options;
  options.mode = SourceOptions::Mode::Single;
  options.is_file = false;
  return enter(implementation_->shared,
               [&](VM&) { return implementation_->core->run_text(text, name, options); });
}

Outcome<Handle> Engine::evaluate(std::string_view expression) {
  RETURN_IF_UNUSABLE;
  SourceOptions options;
  options.mode = SourceOptions::Mode::Eval;
  options.is_file = false;
  return enter(implementation_->shared, [&](VM&) {
    return implementation_->core->run_text(expression, "<expression>", options);
  });
}

Outcome<Handle> Engine::import_module(std::string_view dotted_name) {
  RETURN_IF_UNUSABLE;
  return enter(implementation_->shared, [&](VM& vm) { return vm.import_module(dotted_name); });
}

// --- names of the main module ---

Outcome<Handle> Engine::global(std::string_view name) {
  RETURN_IF_UNUSABLE;
  return enter(implementation_->shared, [&](VM& vm) -> Result<Value> {
    Str* key = TRY(intern(vm, name));
    Value value = dict_get_str(vm, implementation_->core->main_module()->dict, key);
    if (!value.is_empty()) return value;
    Value argument = key;
    return vm.raise_with(Exc::KeyError, {&argument, 1});
  });
}

Outcome<void> Engine::set_global(std::string_view name, const Handle& value) {
  RETURN_IF_UNUSABLE;
  if (!value) return detail::nothing_held();
  return enter(implementation_->shared, [&](VM& vm) -> Result<void> {
    return dict_set_str(vm, implementation_->core->main_module()->dict, TRY(intern(vm, name)),
                        Access::value(value));
  });
}

// --- values ---

Handle Engine::none() {
  return implementation_->unusable ? Handle()
                                   : Access::make(implementation_->shared, Value::none());
}
Outcome<Handle> Engine::make_bool(bool value) {
  RETURN_IF_UNUSABLE;
  return Access::make(implementation_->shared, Value::boolean(value));
}
Outcome<Handle> Engine::make_int(int64_t value) {
  RETURN_IF_UNUSABLE;
  return enter(implementation_->shared, [&](VM& vm) { return apy::make_int(vm, value); });
}
Outcome<Handle> Engine::make_unsigned(uint64_t value) {
  RETURN_IF_UNUSABLE;
  return enter(implementation_->shared, [&](VM& vm) { return make_int_unsigned(vm, value); });
}
Outcome<Handle> Engine::make_float(double value) {
  RETURN_IF_UNUSABLE;
  return enter(implementation_->shared, [&](VM& vm) { return apy::make_float(vm, value); });
}
Outcome<Handle> Engine::make_str(std::string_view utf8) {
  RETURN_IF_UNUSABLE;
  return enter(implementation_->shared, [&](VM& vm) { return apy::make_str(vm, utf8); });
}
Outcome<Handle> Engine::make_bytes(std::string_view bytes) {
  RETURN_IF_UNUSABLE;
  return enter(implementation_->shared, [&](VM& vm) { return apy::make_bytes(vm, bytes); });
}

namespace {

/// The values of handles that must all be there and belong to this engine.
Result<void> collect_values(VM& vm, Shared* shared, std::span<const Handle> handles,
                            std::vector<Value>* values) {
  values->reserve(handles.size());
  for (const Handle& handle : handles) {
    Value value = Access::value(handle);
    if (value.is_empty() || Access::shared(handle) != shared)
      return vm.raise(Exc::RuntimeError, "a handle is empty or belongs to another engine");
    values->push_back(value);
  }
  return {};
}

}  // namespace

Outcome<Handle> Engine::make_list(std::span<const Handle> items) {
  RETURN_IF_UNUSABLE;
  return enter(implementation_->shared, [&](VM& vm) -> Result<Value> {
    std::vector<Value> values;
    TRY(collect_values(vm, implementation_->shared, items, &values));
    return apy::make_list(vm, std::span<const Value>(values));
  });
}

Outcome<Handle> Engine::make_tuple(std::span<const Handle> items) {
  RETURN_IF_UNUSABLE;
  return enter(implementation_->shared, [&](VM& vm) -> Result<Value> {
    std::vector<Value> values;
    TRY(collect_values(vm, implementation_->shared, items, &values));
    return apy::make_tuple(vm, std::span<const Value>(values));
  });
}

Outcome<Handle> Engine::make_dict(std::span<const std::pair<Handle, Handle>> items) {
  RETURN_IF_UNUSABLE;
  return enter(implementation_->shared, [&](VM& vm) -> Result<Value> {
    Dict* dict = TRY(apy::make_dict(vm, items.size()));
    for (const auto& [key, value] : items) {
      std::vector<Value> pair;
      const Handle both[] = {key, value};
      TRY(collect_values(vm, implementation_->shared, both, &pair));
      TRY(dict_set(vm, dict, pair[0], pair[1]));
    }
    return dict;
  });
}

// --- functions and modules of the host ---

namespace {

Value call_host_function(VM& vm, const NativeFunctionDef& definition, const Arguments& arguments) {
  const auto& record = static_cast<const detail::HostFunctionRecord&>(definition);
  if (arguments.keyword_count() > 0) {
    (void)vm.raise(Exc::TypeError, "{}() takes no keyword arguments", record.name_text);
    return Value();
  }
  std::vector<Handle> handles;
  handles.reserve(arguments.positional_count);
  for (Value value : arguments.positional()) handles.push_back(Access::make(record.shared, value));
  const char* thrown = nullptr;
  std::string what;
  try {
    Outcome<Handle> outcome = record.function(*record.shared->engine, handles);
    if (!outcome) {
      (void)detail::raise_failure(vm, outcome.failure());
      return Value();
    }
    Value value = Access::value(*outcome);
    return value.is_empty() ? Value::none() : value;
  } catch (const std::exception& exception) {
    what = exception.what();
    thrown = what.c_str();
  } catch (...) {
    thrown = "unknown exception";
  }
  (void)vm.raise(Exc::RuntimeError, "host function {}() has thrown: {}", record.name_text, thrown);
  return Value();
}

}  // namespace

detail::HostFunctionRecord::HostFunctionRecord(Shared* shared, std::string_view name,
                                               HostFunction function, std::string_view doc)
    : NativeFunctionDef{nullptr, nullptr, {call_host_function, 0, -1, 0}},
      shared(shared),
      name_text(name),
      signature_text(name_text + "(*args)"),
      doc_text(doc),
      function(std::move(function)) {
  signature = signature_text.c_str();
  this->doc = doc.empty() ? nullptr : doc_text.c_str();
  has_star = true;
}

Outcome<Handle> Engine::make_host_function(std::string_view name, HostFunction function,
                                           std::string_view doc) {
  RETURN_IF_UNUSABLE;
  const NativeFunctionDef& record = implementation_->functions.emplace_back(
      implementation_->shared, name, std::move(function), doc);
  return enter(implementation_->shared, [&](VM& vm) -> Result<Value> {
    return make_native_function(vm, record, nullptr, Value(), vm.names().main);
  });
}

Outcome<Handle> Engine::define_module(std::string_view dotted_name,
                                      std::span<const std::pair<std::string, Handle>> members,
                                      std::string_view doc) {
  RETURN_IF_UNUSABLE;
  return enter(implementation_->shared, [&](VM& vm) -> Result<Value> {
    Module* module = TRY(make_module(vm, dotted_name));
    Str* name = TRY(intern(vm, dotted_name));
    TRY(dict_set_str(vm, module->dict, vm.names().name_, name));
    if (!doc.empty()) TRY(module_set(vm, module, "__doc__", TRY(apy::make_str(vm, doc))));
    for (const auto& [member, handle] : members) {
      Value value = Access::value(handle);
      if (value.is_empty()) return vm.raise(Exc::RuntimeError, "member '{}' has no value", member);
      if (NativeFunction* function = try_as<NativeFunction>(value)) {
        function->module = name;
        vm.barrier(function);
      }
      TRY(module_set(vm, module, member, value));
    }
    TRY(dict_set_str(vm, vm.modules(), name, module));
    return module;
  });
}

Failure Engine::fail(std::string_view builtin_class, std::string_view message) {
  if (implementation_->unusable) return *implementation_->unusable;
  Outcome<Handle> raised = enter(implementation_->shared, [&](VM& vm) -> Result<Value> {
    Value cls = dict_get_str(vm, vm.builtins(), TRY(intern(vm, builtin_class)));
    if (!is_kind(cls, CellKind::Type) || !as<Type>(cls)->is_subtype_of(vm.type(Exc::BaseException)))
      cls = vm.type(Exc::RuntimeError);
    Value text = TRY(apy::make_str(vm, message));
    Value exception = TRY(vm.call(cls, {text}));
    if (!is_exception(exception)) return vm.raise(Exc::RuntimeError, message);
    return vm.reraise(exception);
  });
  return raised.failure();
}

// --- async ---

Outcome<Handle> Engine::run_until_complete(const Handle& awaitable) {
  RETURN_IF_UNUSABLE;
  return enter(awaitable, [&](VM&, Value value) {
    return implementation_->core->host_loop().run_until_complete(value);
  });
}

Outcome<Handle> Engine::spawn(const Handle& coroutine) {
  RETURN_IF_UNUSABLE;
  return enter(coroutine,
               [&](VM&, Value value) { return implementation_->core->host_loop().spawn(value); });
}

Outcome<bool> Engine::poll() {
  RETURN_IF_UNUSABLE;
  return enter(implementation_->shared, [&](VM&) -> Result<bool> {
    HostLoop& loop = implementation_->core->host_loop();
    TRY(loop.turn());
    return loop.has_pending();
  });
}

bool Engine::has_pending() {
  return !implementation_->unusable && implementation_->core->host_loop().has_pending();
}

Outcome<Engine::Wait> Engine::prepare_wait() {
  RETURN_IF_UNUSABLE;
  EngineCore::Entry entry(*implementation_->core);
  HostLoop& loop = implementation_->core->host_loop();
  Wait wait;
  bool ready = false;
  wait.descriptor = loop.arm(&ready);
  int64_t next = ready ? 0 : loop.time_to_next();
  if (next >= 0) wait.timeout = std::chrono::nanoseconds(next);
  return wait;
}

Outcome<Handle> Engine::await(const Handle& awaitable) {
  RETURN_IF_UNUSABLE;
  return enter(awaitable, [&](VM& vm, Value value) -> Result<Value> {
    if (is_loop_running(vm)) return await_in_native(vm, value);
    return implementation_->core->host_loop().run_until_complete(value);
  });
}

// --- control ---

void Engine::interrupt() noexcept { implementation_->core->interrupt(); }

void Engine::report(const Failure& failure) {
  Value exception = Access::value(failure.exception);
  if (!is_exception(exception) || implementation_->unusable) {
    std::fputs(failure.traceback.c_str(), stderr);
    return;
  }
  EngineCore::Entry entry(*implementation_->core);
  VM& vm = implementation_->core->vm();
  if (!failure.is_system_exit) return implementation_->core->report(exception);
  Value code = as<Exception>(exception)->fields[0];
  if (code.is_empty() || code.is_none() || is_int(code)) return;
  implementation_->core->flush_streams();
  auto text = str_text(vm, code);
  if (text.is_ok())
    write_standard_error(vm, text.value() + "\n");
  else
    vm.take_pending();
}

bool Engine::finish() {
  bool written = implementation_->core->finish();
  if (!implementation_->unusable) {
    implementation_->unusable.emplace();
    implementation_->unusable->type = "RuntimeError";
    implementation_->unusable->message = "the engine has finished";
    implementation_->unusable->traceback = "RuntimeError: the engine has finished\n";
  }
  // From now on handles hold nothing.
  delete std::exchange(implementation_->shared->table, nullptr);
  return written;
}

bool Engine::flush() {
  if (implementation_->unusable) return true;
  EngineCore::Entry entry(*implementation_->core);
  return implementation_->core->flush_streams();
}

void Engine::collect() {
  if (implementation_->unusable) return;
  EngineCore::Entry entry(*implementation_->core);
  VM& vm = implementation_->core->vm();
  vm.heap().collect_full();
  run_finalizers(vm);
}

size_t Engine::memory_in_use() const { return implementation_->core->vm().heap().bytes_in_use(); }

}  // namespace v1
}  // namespace apy
