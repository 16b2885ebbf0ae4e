#pragma once
// Parts of the module sys, one file each.
#include <span>

#include "vm/binding/native.h"

namespace apy {

/// _getframe, _getframemodulename, the hooks of async generators (sys_frames.cpp).
std::span<const NativeFunctionDef> sys_frame_functions();
/// settrace and its kin, to be bound to the module.
std::span<const NativeFunctionDef> sys_trace_functions();
/// version_info, flags, hash_info, int_info, float_info, thread_info (sys_info.cpp).
Result<void> add_sys_info(VM& vm, Module* module);
/// sys.asyncgen_hooks(firstiter, finalizer)
Result<Value> make_async_generator_hooks(VM& vm, Value first_iteration, Value finalizer);

}  // namespace apy
