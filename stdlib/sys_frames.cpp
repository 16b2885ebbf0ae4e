// sys._getframe and the hooks of async generators.
#include <algorithm>

#include "stdlib/sys_parts.h"
#include "vm/binding/bind.h"
#include "vm/interpreter/async_generator.h"
#include "vm/interpreter/frame_object.h"
#include "vm/interpreter/tracing.h"

namespace apy {

namespace {

Result<Frame*> frame_at(VM& vm, int64_t depth) {
  Frame* frame = vm.current_frame();
  for (; frame && depth > 0; --depth) frame = frame->caller;
  if (!frame) return vm.raise(Exc::ValueError, "call stack is not deep enough");
  return frame;
}

Result<Value> sys_getframe(VM& vm, Optional<int64_t> depth) {
  return frame_object(vm, TRY(frame_at(vm, depth.value_or(0))));
}

Result<Value> sys_getframemodulename(VM& vm, Optional<int64_t> depth) {
  auto frame = frame_at(vm, depth.value_or(0));
  if (frame.is_error()) {
    (void)vm.take_pending();
    return Value::none();
  }
  // The function that runs a module's code has no module of its own.
  const Function* function = frame.value()->function();
  if (!function->module.is_none()) return function->module;
  Value name = dict_get_str(vm, function->globals, vm.names().name_);
  return name.is_empty() ? Value::none() : name;
}

Result<void> check_hook(VM& vm, const char* name, Value hook) {
  if (hook.is_none() || TRY(is_callable(vm, hook))) return {};
  return vm.raise(Exc::TypeError, "callable {} expected, got {}", name, vm.type_of(hook));
}

Result<void> sys_set_asyncgen_hooks(VM& vm, Optional<Value> first_iteration,
                                    Optional<Value> finalizer) {
  AsyncGeneratorHooks hooks = async_generator_hooks(vm);
  if (finalizer.present) {
    TRY(check_hook(vm, "finalizer", finalizer.value));
    hooks.finalizer = finalizer.value;
  }
  if (first_iteration.present) {
    TRY(check_hook(vm, "firstiter", first_iteration.value));
    hooks.first_iteration = first_iteration.value;
  }
  return set_async_generator_hooks(vm, hooks);
}

Result<Value> sys_get_asyncgen_hooks(VM& vm) {
  AsyncGeneratorHooks hooks = async_generator_hooks(vm);
  return make_async_generator_hooks(vm, hooks.first_iteration, hooks.finalizer);
}

Result<Value> sys_settrace(VM& vm, Value, Value function) {
  TRY(set_trace_function(vm, function.is_none() ? Value() : function));
  return Value::none();
}
Result<Value> sys_setprofile(VM& vm, Value, Value function) {
  TRY(set_profile_function(vm, function.is_none() ? Value() : function));
  return Value::none();
}
Result<Value> sys_gettrace(VM& vm, Value) {
  const Tracing* tracing = tracing_of(vm);
  return !tracing || tracing->trace.value.is_empty() ? Value::none() : tracing->trace.value;
}
Result<Value> sys_getprofile(VM& vm, Value) {
  const Tracing* tracing = tracing_of(vm);
  return !tracing || tracing->profile.value.is_empty() ? Value::none() : tracing->profile.value;
}
Result<Value> sys_call_tracing(VM& vm, Value, Value function, Value arguments) {
  const Tuple* tuple = try_as<Tuple>(arguments);
  if (!tuple)
    return vm.raise(Exc::TypeError, "call_tracing() argument 2 must be tuple, not {}",
                    vm.type_of(arguments));
  return call_tracing(vm, function, tuple->span());
}

// Methods of the module: a call of a bound function is where the form of the dispatch loop can
// change.
constexpr NativeFunctionDef kTraceFunctions[] = {
    {"settrace(self, function, /)", "Set the global debug tracing function.", bind<sys_settrace>()},
    {"setprofile(self, function, /)", "Set the profiling function.", bind<sys_setprofile>()},
    {"gettrace(self, /)", "Return the global debug tracing function.", bind<sys_gettrace>()},
    {"getprofile(self, /)", "Return the profiling function.", bind<sys_getprofile>()},
    {"call_tracing(self, func, args, /)", "Call func(*args) while tracing is enabled.",
     bind<sys_call_tracing>()},
};

Result<void> sys_set_origin_depth(VM& vm, int64_t depth) {
  if (depth < 0) return vm.raise(Exc::ValueError, "depth must be >= 0");
  vm.registry()->origin_depth = static_cast<int>(std::min<int64_t>(depth, INT32_MAX));
  return {};
}
Result<int64_t> sys_get_origin_depth(VM& vm) { return vm.registry()->origin_depth; }

constexpr NativeFunctionDef kFunctions[] = {
    {"set_coroutine_origin_tracking_depth(depth)",
     "Remember so many levels of where coroutines are made.", bind<sys_set_origin_depth>()},
    {"get_coroutine_origin_tracking_depth()", "How many levels are remembered.",
     bind<sys_get_origin_depth>()},
    {"_getframe(depth=0, /)", "Return a frame object from the call stack.", bind<sys_getframe>()},
    {"_getframemodulename(depth=0)", "Return the name of the module for a calling frame.",
     bind<sys_getframemodulename>()},
    {"set_asyncgen_hooks(firstiter=None, finalizer=None)", "Set the hooks of async generators.",
     bind<sys_set_asyncgen_hooks>()},
    {"get_asyncgen_hooks()", "Return the hooks of async generators.",
     bind<sys_get_asyncgen_hooks>()},
};

}  // namespace

std::span<const NativeFunctionDef> sys_frame_functions() { return kFunctions; }
std::span<const NativeFunctionDef> sys_trace_functions() { return kTraceFunctions; }

}  // namespace apy
