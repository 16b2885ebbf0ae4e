// The life of an engine: VM and standard library up, main module, running code, and the orderly end.
#include "runtime/embed/engine_core.h"

#include "runtime/embed/modules.h"
#include "vm/binding/native.h"
#include "vm/bytecode/code.h"
#include "vm/interpreter/safe_point.h"
#include "vm/objects/frame.h"
#include "vm/objects/protocol.h"

namespace apy {

// runtime/async: named here so that an engine without loops links none of its headers.
void shut_down_async(VM& vm);

Result<void> EngineCore::start(const EngineSettings& settings) {
  SetupOptions options;
  options.native_modules = standard_native_modules();
  options.find_frozen = find_standard_frozen;
  options.arguments = settings.arguments;
  options.path = settings.path;
  options.executable = settings.executable;
  started_ = true;
  thread_ = pthread_self();
  TRY(set_up(vm_, options));
  safe_point_hooks(vm_) = {on_poll, this};
  TRY(make_main_module());
  if (settings.recursion_limit > 0) TRY(vm_.set_recursion_limit(settings.recursion_limit));
  if (settings.memory_limit > 0) vm_.heap().set_memory_limit(settings.memory_limit);
  return {};
}

EngineCore::~EngineCore() {
  if (!started_) return;
  Entry entry(*this);
  vm_.take_pending();
  flush_streams();
  shut_down_async(vm_);
  main_.value = Value();
  vm_.heap().make_all_finalizable();
  run_finalizers(vm_);
  vm_.take_pending();
  tear_down(vm_);
}

EngineCore::Entry::Entry(EngineCore& core) : core_(core) {
  if (core.entries_++ > 0 || pthread_equal(core.thread_, pthread_self())) return;
  core.thread_ = pthread_self();
  bind_host_stack(core.vm_.context());
  core.vm_.switch_context(core.vm_.context());
}

Result<void> EngineCore::make_main_module() {
  Module* module = TRY(make_module(vm_, "__main__"));
  main_.value = module;
  const Names& names = vm_.names();
  TRY(dict_set_str(vm_, module->dict, names.name_, names.main));
  for (Str* name : {names.doc, names.package, names.loader, names.spec})
    TRY(dict_set_str(vm_, module->dict, name, Value::none()));
  TRY(dict_set_str(vm_, module->dict, names.builtins_, dict_get_str(vm_, vm_.modules(), names.builtins)));
  return dict_set_str(vm_, vm_.modules(), names.main, module);
}

Result<Code*> EngineCore::compile_main(std::string_view text, std::string_view filename, SourceOptions options) {
  options.top_level_await = true;
  return compile_source(vm_, text, filename, options);
}

Result<Value> EngineCore::run_main(Code* code) {
  Value result = TRY(vm_.run_code(code, main_module()->dict, Value()));
  if (!(code->flags & Code::kCoroutine)) return result;
  return run_until_complete(result);
}

Result<Value> EngineCore::run_until_complete(Value awaitable) {
  Value asyncio = TRY(vm_.import_module("asyncio"));
  return vm_.call_method(asyncio, TRY(intern(vm_, "run")), {awaitable});
}

bool EngineCore::flush_streams() {
  bool good = true;
  for (Str* name : {vm_.names().stdout_, vm_.names().stderr_}) {
    if (!vm_.sys_module()) break;
    Value stream = dict_get_str(vm_, vm_.sys_module()->dict, name);
    if (stream.is_empty() || stream.is_none()) continue;
    if (vm_.call_method(stream, vm_.names().flush, {}).is_ok()) continue;
    if (name == vm_.names().stdout_) {
      vm_.write_unraisable(stream);
      good = false;
    } else {
      vm_.take_pending();
    }
  }
  return good;
}

void EngineCore::interrupt() {
  interrupted_.store(true, std::memory_order_relaxed);
  vm_.request_interrupt();
}

Result<void> EngineCore::on_poll(VM& vm, void* data) {
  auto* core = static_cast<EngineCore*>(data);
  if (core->interrupted_.exchange(false, std::memory_order_relaxed))
    return vm.raise_with(Exc::KeyboardInterrupt, {});
  return {};
}

}  // namespace apy
