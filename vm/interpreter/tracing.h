#pragma once
// Tracing: sys.settrace and sys.setprofile.
//
// Tracing costs nothing while it is off. The dispatch loop is compiled once more in a form that
// calls `observe` in front of every instruction (APY_OBSERVED_DISPATCH); Interpreter::run enters
// that form while `ModuleRegistry::observed` is set. A loop that is running when that changes
// leaves through Interpreter::run and comes back in the other form: at once in the frame that
// called sys.settrace (`push_switch_frame`), in loops further out at their next safe point or
// exception.
//
// What tracing has to know of a frame is in its frame object (frame_object.h): the trace function,
// the last line and instruction, whether it has been entered and whether it is suspended.
#include "vm/interpreter/frame_object.h"
#include "vm/interpreter/setup.h"

namespace apy {

struct Tracing {
  explicit Tracing(Heap& heap) : trace(heap), profile(heap), switch_code(heap) {}
  Root trace, profile;  // the functions, or empty
  Root switch_code;     // Function of the frame that changes the form of the loop
  bool inside = false;  // one of the functions is running
  bool active() const { return !inside && !(trace.value.is_empty() && profile.value.is_empty()); }
};

/// Null until somebody traced.
inline Tracing* tracing_of(VM& vm) { return vm.registry()->tracing; }
/// sys.settrace, sys.setprofile: empty switches off.
Result<void> set_trace_function(VM& vm, Value function);
Result<void> set_profile_function(VM& vm, Value function);
/// sys.call_tracing: calls with tracing on, from inside a trace function.
Result<Value> call_tracing(VM& vm, Value function, std::span<const Value> arguments);
/// Sets ModuleRegistry::observed from what observes; running loops follow.
void update_observed(VM& vm);
/// After a native call that changed `observed`: puts a frame on top of the running one that does
/// nothing but reach a safe point and return None to register `dst`. `window` is where the call
/// stood.
CallOutcome push_switch_frame(VM& vm, Value* window, uint32_t dst);

/// In front of every instruction of an observed loop. False: exception pending.
bool trace_instruction(VM& vm, Frame* frame, Instruction* instruction);
/// An exception is pending and the frame is in its traceback. The exception may be another one
/// afterwards.
void trace_exception(VM& vm, Frame* frame);
/// The frame ends by the pending exception.
void trace_unwound_frame(VM& vm, Frame* frame);
/// The frame waits at a Send and hands out `value`.
bool trace_suspended(VM& vm, Frame* frame, Value value);

}  // namespace apy
