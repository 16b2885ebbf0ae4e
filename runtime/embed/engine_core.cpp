#include "runtime/embed/engine_core.h"

#include "runtime/embed/modules.h"
#include "runtime/fiber/native_stack.h"
#include "vm/binding/native.h"
#include "vm/bytecode/code.h"
#include "vm/interpreter/import.h"
#include "vm/interpreter/safe_point.h"
#include "vm/interpreter/traceback.h"
#include "vm/objects/frame.h"
#include "vm/objects/protocol.h"

namespace apy {

// runtime/async/state.h, whose fibers nothing here needs
void cancel_parked_natives(VM& vm);
void shut_down_async(VM& vm);

namespace {

NativeStackBounds host_stack() {
  StackBounds stack = current_thread_stack();
  return {reinterpret_cast<const char*>(stack.low), reinterpret_cast<const char*>(stack.high)};
}

}  // namespace

// --- life ---

Result<void> EngineCore::start(const EngineSettings& settings) {
  SetupOptions options;
  options.native_modules = standard_native_modules();
  options.find_frozen = find_standard_frozen;
  options.arguments = settings.arguments;
  options.path = settings.path;
  options.executable = settings.executable;
  options.host_stack = host_stack();
  started_ = true;
  thread_ = pthread_self();
  TRY(set_up(vm_, options));
  safe_point_hooks(vm_) = {on_poll, on_waiter, this, wake_waiter};
  TRY(make_main_module());
  if (settings.recursion_limit > 0) TRY(vm_.set_recursion_limit(settings.recursion_limit));
  memory_limit_ = settings.memory_limit;
  vm_.heap().set_memory_limit(memory_limit_);
  return {};
}

bool EngineCore::finish() {
  if (!started_) return true;
  started_ = false;
  bool written;
  {
    Entry entry(*this);
    Slack slack(*this);
    vm_.take_pending();
    interrupted_.store(false, std::memory_order_relaxed);
    run_exit_function("threading", "_shutdown");
    run_exit_function("atexit", "_run_exitfuncs");
    if (host_loop_.close().is_error()) report(vm_.take_pending());
    cancel_parked_natives(vm_);
    vm_.take_pending();
    written = flush_streams();
    main_.value = Value();
    run_last_finalizers();
    release_natives(false);
    // Finalizers may have printed; a stream that has failed already is not asked again.
    if (written) written = flush_streams();
    release_natives(true);
    natives_.values.clear();
    shut_down_async(vm_);
  }
  tear_down(vm_);
  return written;
}

EngineCore::Entry::Entry(EngineCore& core) : core_(core) {
  if (core.entries_++ > 0 || pthread_equal(core.thread_, pthread_self())) return;
  core.thread_ = pthread_self();
  bind_host_stack(core.vm_.context(), host_stack());
  core.vm_.switch_context(core.vm_.context());
}

EngineCore::Slack::Slack(EngineCore& core) : core_(core) {
  constexpr size_t kSlack = 1 << 20;
  if (core.memory_limit_ > 0) core.vm_.heap().set_memory_limit(core.memory_limit_ + kSlack);
}

EngineCore::Slack::~Slack() { core_.vm_.heap().set_memory_limit(core_.memory_limit_); }

Result<void> EngineCore::make_main_module() {
  Module* module = TRY(make_module(vm_, "__main__"));
  main_.value = module;
  const Names& names = vm_.names();
  TRY(dict_set_str(vm_, module->dict, names.name_, names.main));
  for (Str* name : {names.doc, names.package, names.loader, names.spec})
    TRY(dict_set_str(vm_, module->dict, name, Value::none()));
  TRY(dict_set_str(vm_, module->dict, names.builtins_,
                   dict_get_str(vm_, vm_.modules(), names.builtins)));
  return dict_set_str(vm_, vm_.modules(), names.main, module);
}

/// A function of a script module, if the module was imported: waiting for threads, functions
/// registered with atexit.
void EngineCore::run_exit_function(const char* module, const char* function) {
  auto name = intern(vm_, module);
  Value imported = name.is_ok() ? dict_get_str(vm_, vm_.modules(), name.value()) : Value();
  if (imported.is_empty()) return;
  auto run = intern(vm_, function);
  if (run.is_ok() && vm_.call_method(imported, run.value(), {}).is_ok()) return;
  vm_.write_unraisable(imported);
}

/// What scripts defined (`__del__`). Native resources, the streams among them, come later:
/// finalizers may still print.
void EngineCore::run_last_finalizers() {
  vm_.heap().make_all_finalizable();
  while (Cell* cell = vm_.heap().take_finalizable()) {
    NativeObject* object =
        cell->kind == CellKind::NativeObject ? static_cast<NativeObject*>(cell) : nullptr;
    if (object && object->native_class->finalize) {
      natives_.values.push_back(object);
      continue;
    }
    bool found;
    if (vm_.call_special(cell, Special::Del, {}, &found).is_error()) vm_.write_unraisable(cell);
  }
}

/// The newest first: what was made later may need what was made before.
void EngineCore::release_natives(bool streams) {
  for (size_t i = natives_.values.size(); i-- > 0;) {
    auto* object = as<NativeObject>(natives_.values[i]);
    if (is_standard_stream(object) != streams) continue;
    object->native_class->finalize(vm_, object);
    vm_.take_pending();
  }
}

/// sys.__stdin__ and so on.
bool EngineCore::is_standard_stream(Value object) {
  for (const char* name : {"__stdin__", "__stdout__", "__stderr__"}) {
    auto key = intern(vm_, name);
    if (key.is_ok() && vm_.sys_module() &&
        dict_get_str(vm_, vm_.sys_module()->dict, key.value()) == object)
      return true;
  }
  return false;
}

// --- running ---

namespace {

/// What drove the program is no part of its traceback.
void drop_driver_levels(VM& vm, Value exception) {
  Exception* cell = as<Exception>(exception);
  while (Traceback* level = try_as<Traceback>(cell->traceback)) {
    if (!is_kind(level->next, CellKind::Traceback) ||
        !to_utf8(level->code->filename).starts_with("<frozen asyncio"))
      return;
    cell->traceback = level->next;
    vm.barrier(cell);
  }
}

}  // namespace

Result<Value> EngineCore::run_text(std::string_view text, std::string_view filename,
                                   const SourceOptions& options) {
  SourceOptions main_options = options;
  main_options.top_level_await = true;
  if (filename.starts_with('<') && filename != "<stdin>" &&
      options.mode != SourceOptions::Mode::Eval)
    remember_source(vm_, filename, text);
  Code* code = TRY(compile_source(vm_, text, filename, main_options));
  Value result = TRY(vm_.run_code(code, main_module()->dict, Value()));
  if (!(code->flags & Code::kCoroutine)) return result;
  Result<Value> outcome = Error{};
  if (options.mode == SourceOptions::Mode::Exec) {
    Value asyncio = TRY(vm_.import_module("asyncio"));
    outcome = vm_.call_method(asyncio, TRY(intern(vm_, "run")), {result});
  } else {
    outcome = host_loop_.run_until_complete(result);
  }
  if (outcome.is_error() && is_exception(vm_.pending())) drop_driver_levels(vm_, vm_.pending());
  return outcome;
}

Result<void> EngineCore::set_main_file(std::string_view path) {
  return module_set(vm_, main_module(), "__file__", TRY(make_str(vm_, path)));
}

Result<Value> EngineCore::run_file(const std::string& path) {
  std::string text = TRY(read_file(vm_, path));
  TRY(set_main_file(path));
  return run_text(text, path, {});
}

Result<Value> EngineCore::run_module(const std::string& dotted_name) {
  ModuleSource source = TRY(find_module_source(vm_, dotted_name));
  size_t dot = source.name.rfind('.');
  std::string package = dot == std::string::npos ? "" : source.name.substr(0, dot);
  TRY(module_set(vm_, main_module(), "__package__", TRY(make_str(vm_, package))));
  TRY(set_main_file(source.filename));
  List* arguments =
      try_as<List>(dict_get_str(vm_, vm_.sys_module()->dict, TRY(intern(vm_, "argv"))));
  if (arguments && arguments->length > 0)
    TRY(list_set_item(vm_, arguments, Value::small_int(0), TRY(make_str(vm_, source.filename))));
  return run_text(source.text, source.filename, {});
}

// --- output ---

namespace {
/// A program may have closed it; what it is not sure of is flushed.
bool is_closed(VM& vm, Value stream) {
  auto name = intern(vm, "closed");
  Value closed;
  bool known = name.is_ok() && get_attribute_optional(vm, stream, name.value(), &closed).value();
  auto truth = known ? is_truthy(vm, closed) : Result<bool>(false);
  if (vm.has_pending()) (void)vm.take_pending();
  return truth.is_ok() && truth.value();
}
}  // namespace

bool EngineCore::flush_streams() {
  bool good = true;
  if (!vm_.sys_module()) return good;
  for (Str* name : {vm_.names().stdout_, vm_.names().stderr_}) {
    Value stream = dict_get_str(vm_, vm_.sys_module()->dict, name);
    if (stream.is_empty() || stream.is_none()) continue;
    if (is_closed(vm_, stream)) continue;
    if (vm_.call_method(stream, vm_.names().flush, {}).is_ok()) continue;
    if (name == vm_.names().stdout_) {
      Value exception = vm_.take_pending();
      write_standard_error(vm_, "Exception ignored on flushing sys.stdout:\n");
      print_exception(vm_, exception);
      good = false;
    } else {
      vm_.take_pending();
    }
  }
  return good;
}

void EngineCore::report(Value value) {
  Exception* exception = as<Exception>(value);
  auto name = intern(vm_, "excepthook");
  Value hook = name.is_ok() ? dict_get_str(vm_, vm_.sys_module()->dict, name.value()) : Value();
  // The builtin hook does just this.
  if (hook.is_empty() || is_kind(hook, CellKind::NativeFunction))
    return print_exception(vm_, exception);
  Value traceback = exception->traceback.is_empty() ? Value::none() : exception->traceback;
  if (vm_.call(hook, {Value(vm_.type_of(exception)), Value(exception), traceback}).is_ok()) return;
  Value failure = vm_.take_pending();
  write_standard_error(vm_, "Error in sys.excepthook:\n");
  print_exception(vm_, failure);
  write_standard_error(vm_, "\nOriginal exception was:\n");
  print_exception(vm_, exception);
}

// --- interrupts ---

void EngineCore::interrupt() noexcept {
  interrupted_.store(true, std::memory_order_relaxed);
  vm_.request_interrupt();
  wake_waiter(this);
}

void EngineCore::wake_waiter(void* data) {
  auto* core = static_cast<EngineCore*>(data);
  core->interrupters_.fetch_add(1);
  if (void* waiter = core->waiter_.load()) core->wake_.load()(waiter);
  core->interrupters_.fetch_sub(1);
}

Result<void> EngineCore::on_poll(VM& vm, void* data) {
  auto* core = static_cast<EngineCore*>(data);
  if (core->interrupted_.exchange(false, std::memory_order_relaxed))
    return vm.raise_with(Exc::KeyboardInterrupt, {});
  return {};
}

void EngineCore::on_waiter(void* data, void (*wake)(void*), void* waiter) {
  auto* core = static_cast<EngineCore*>(data);
  if (waiter) core->wake_.store(wake);
  core->waiter_.store(waiter);
  while (!waiter && core->interrupters_.load() != 0) {
  }
}

}  // namespace apy
