#include "vm/interpreter/setup.h"

#include "vm/binding/native.h"
#include "vm/interpreter/import.h"
#include "vm/interpreter/safe_point.h"
#include "vm/interpreter/statistics.h"
#include "vm/interpreter/tracing.h"

namespace apy {

ModuleRegistry& registry(VM& vm) { return *vm.registry(); }

namespace {

Result<void> set_list(VM& vm, Module* sys, const char* name,
                      const std::vector<std::string>& texts) {
  List* list = TRY(make_list(vm, texts.size()));
  for (const std::string& text : texts) TRY(list_append(vm, list, TRY(make_str(vm, text))));
  return module_set(vm, sys, name, list);
}

}  // namespace

Result<void> set_up(VM& vm, const SetupOptions& options) {
  ModuleRegistry* modules = new ModuleRegistry;
  modules->native_modules = options.native_modules;
  modules->find_frozen = options.find_frozen;
  vm.registry() = modules;
  vm.safe_point_hooks_for_host() = new SafePointHooks;

  Context* host = create_context(vm);
  if (!host) return vm.out_of_memory();
  bind_host_stack(host, options.host_stack);
  vm.switch_context(host);

  Interpreter::modules(vm) = TRY(make_dict(vm));
  Value builtins = TRY(vm.import_module("builtins"));
  Interpreter::builtins(vm) = as<Module>(builtins)->dict;
  Value sys = TRY(vm.import_module("sys"));
  Module* sys_module = as<Module>(sys);
  Interpreter::sys_module(vm) = sys_module;
  TRY(module_set(vm, sys_module, "modules", vm.modules()));
  TRY(set_list(vm, sys_module, "argv", options.arguments));
  TRY(set_list(vm, sys_module, "path", options.path));
  return module_set(vm, sys_module, "executable", TRY(make_str(vm, options.executable)));
}

void tear_down(VM& vm) {
  while (Context* context = Interpreter::contexts(vm)) destroy_context(vm, context);
  if (vm.registry()) {
    delete vm.registry()->statistics;
    delete vm.registry()->tracing;
  }
  delete vm.registry();
  delete vm.safe_point_hooks_for_host();
  vm.registry() = nullptr;
  vm.safe_point_hooks_for_host() = nullptr;
}

}  // namespace apy
