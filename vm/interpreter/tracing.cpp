// The events of sys.settrace and sys.setprofile; tracing.h says how a loop comes to call this.
//
// Events follow from the instruction that is about to run: the first one of a frame is a call, so
// is the first after a suspension; a line event is due when the line changes or the code goes back;
// a Return or Yield is a return. c_call is seen at call instructions, c_return at whatever the
// frame does next.
#include "vm/interpreter/tracing.h"

#include <algorithm>

#include "vm/bytecode/opcode_info.h"
#include "vm/interpreter/statistics.h"
#include "vm/objects/descriptor.h"
#include "vm/objects/protocol.h"

namespace apy {

namespace {

enum class Event : uint8_t {
  Call,
  Line,
  Return,
  Exception,
  Opcode,
  NativeCall,
  NativeReturn,
  NativeException
};

const char* name_of(Event event) {
  constexpr const char* kNames[] = {"call",   "line",   "return",   "exception",
                                    "opcode", "c_call", "c_return", "c_exception"};
  return kNames[static_cast<int>(event)];
}

/// Calls one of the functions; tracing is off meanwhile. The pending exception is kept.
Result<Value> call_observer(VM& vm, Value function, Record* object, Event event, Value argument) {
  Tracing& tracing = *tracing_of(vm);
  Value pending = vm.take_pending();
  Value handled = vm.handled();
  tracing.inside = true;
  Value name = TRY(intern(vm, name_of(event)));
  auto result = vm.call(function, {object, name, argument});
  tracing.inside = false;
  vm.set_handled(handled);
  if (result.is_ok() && !pending.is_empty()) (void)vm.reraise(pending);
  return result;
}

/// The frame's own function, or the global one at a call. What it gives is the frame's function
/// from now on; an error ends tracing.
bool call_trace(VM& vm, Record* object, Event event, Value argument) {
  Tracing& tracing = *tracing_of(vm);
  Value* trace = &frame_trace(object)->function;
  Value function = event == Event::Call ? tracing.trace.value : *trace;
  if (function.is_empty() || function.is_none()) return true;
  auto result = call_observer(vm, function, object, event, argument);
  if (result.is_error()) {
    *trace = Value::none();
    (void)set_trace_function(vm, Value());
    return false;
  }
  if (!result.value().is_none()) {
    *trace = result.value();
    vm.barrier(object);
  }
  return true;
}

bool call_profile(VM& vm, Record* object, Event event, Value argument) {
  Value function = tracing_of(vm)->profile.value;
  if (function.is_empty()) return true;
  if (call_observer(vm, function, object, event, argument).is_ok()) return true;
  (void)set_profile_function(vm, Value());
  return false;
}

bool call_both(VM& vm, Record* object, Event event, Value argument) {
  return call_trace(vm, object, event, argument) && call_profile(vm, object, event, argument);
}

Record* object_of(Frame* frame) {
  return frame->flags & Frame::kHasObject ? as<Record>(frame->extra) : nullptr;
}

bool is_call(Opcode opcode) {
  return opcode == Opcode::Call || opcode == Opcode::CallMethod || opcode == Opcode::CallKeyword ||
         opcode == Opcode::CallMethodKeyword || opcode == Opcode::CallSpread;
}

/// The native function that a call instruction is about to call, or empty.
Value native_callee(VM& vm, Frame* frame, const Instruction* instruction) {
  const Value* window = frame->registers() + instruction->b;
  NativeFunction* native = try_as<NativeFunction>(window[0]);
  if (!native) return Value();
  if (native->shape != shape_of(BuiltinType::MethodDescriptor) ||
      instruction->opcode == Opcode::Call)
    return native;
  Value self = window[kFrameWords];
  auto bound = self.is_empty() || instruction->opcode == Opcode::CallSpread
                   ? Result<Value>(Value(native))
                   : bind_descriptor(vm, native, self, vm.type_of(self));
  if (bound.is_ok()) return bound.value();
  (void)vm.take_pending();
  return native;
}

/// c_return or c_exception for the native call that the frame made last.
bool end_native_call(VM& vm, Record* object, Event event) {
  FrameTrace* state = frame_trace(object);
  Value native = state->native;
  if (native.is_empty()) return true;
  state->native = Value();
  return call_profile(vm, object, event, native);
}

/// Is it an instruction that no line of the source asks for by itself?
bool is_auxiliary(Opcode opcode) {
  return opcode == Opcode::Nop || opcode == Opcode::Clear || opcode == Opcode::ClearRange ||
         opcode == Opcode::MakeCell || opcode == Opcode::CopyFree || opcode == Opcode::PopHandled ||
         opcode == Opcode::Jump;
}

bool trace_line(VM& vm, Record* object, Opcode opcode, int64_t line, int64_t position) {
  FrameTrace* state = frame_trace(object);
  if (opcode == Opcode::JumpBack) state->set_position(position);  // it counts as the line before
  if (opcode == Opcode::JumpBack || is_auxiliary(opcode)) return true;
  int64_t last_line = state->line(), last_position = state->position();
  state->set_line(line);
  state->set_position(position);
  if (state->function.is_none() || tracing_of(vm)->trace.value.is_empty()) return true;
  if (state->has(FrameTrace::kLines) && (line != last_line || position < last_position) &&
      !call_trace(vm, object, Event::Line, Value::none()))
    return false;
  return !state->has(FrameTrace::kOpcodes) || !tracing_of(vm)->active() ||
         call_trace(vm, object, Event::Opcode, Value::none());
}

}  // namespace

bool trace_instruction(VM& vm, Frame* frame, Instruction* instruction) {
  const Code* code = frame->code;
  Tracing& tracing = *tracing_of(vm);
  if (code == as<Function>(tracing.switch_code.value)->code) return true;
  Record* object = object_of(frame);
  bool entered = object && frame_trace(object)->has(FrameTrace::kEntered);
  int64_t position = instruction - code->instructions;
  bool calling = !entered && position == 0 && frame->pc == code->instructions;
  bool resuming = object && frame_trace(object)->has(FrameTrace::kSuspended);
  if (calling || resuming) {
    auto made = frame_object(vm, frame);
    if (made.is_error()) return false;
    object = made.value();
    frame_trace(object)->set(FrameTrace::kEntered, true);
    frame_trace(object)->set(FrameTrace::kSuspended, false);
    if (!call_both(vm, object, Event::Call, Value::none())) return false;
  }
  frame->pc = instruction + 1;
  if (object) {
    if (!end_native_call(vm, object, Event::NativeReturn)) return false;
    int64_t line = code->positions[position].line;
    if (line >= 0 && tracing.active() &&
        !trace_line(vm, object, instruction->opcode, line, position))
      return false;
  }
  if (!tracing.active()) return true;
  bool profiling = !tracing.profile.value.is_empty();
  if (!object && !profiling) return true;
  Opcode opcode = instruction->opcode;
  if (profiling && is_call(opcode)) {
    Value native = native_callee(vm, frame, instruction);
    if (native.is_empty()) return true;
    auto made = frame_object(vm, frame);
    if (made.is_error() || !call_profile(vm, made.value(), Event::NativeCall, native)) return false;
    if (!tracing.profile.value.is_empty()) {
      frame_trace(made.value())->native = native;
      vm.barrier(made.value());
    }
    return true;
  }
  bool yields = opcode == Opcode::Yield || opcode == Opcode::YieldAsync;
  if (opcode != Opcode::Return && !yields) return true;
  auto made = frame_object(vm, frame);
  if (made.is_error()) return false;
  if (yields) frame_trace(made.value())->set(FrameTrace::kSuspended, true);
  Value value = frame->registers()[yields ? instruction->b : instruction->a];
  return call_both(vm, made.value(), Event::Return, value);
}

bool trace_suspended(VM& vm, Frame* frame, Value value) {
  Tracing* tracing = tracing_of(vm);
  if (!tracing || !tracing->active()) return true;
  auto made = frame_object(vm, frame);
  if (made.is_error()) return false;
  frame_trace(made.value())->set(FrameTrace::kSuspended, true);
  return call_both(vm, made.value(), Event::Return, value);
}

void trace_exception(VM& vm, Frame* frame) {
  Tracing* tracing = tracing_of(vm);
  Record* object = object_of(frame);
  if (!tracing || !tracing->active() || !object) return;
  FrameTrace* state = frame_trace(object);
  if (state->has(FrameTrace::kSuspended)) {  // something was thrown into it
    state->set(FrameTrace::kSuspended, false);
    if (!call_both(vm, object, Event::Call, Value::none())) return;
  }
  if (!end_native_call(vm, object, Event::NativeException)) return;
  if (state->function.is_none() || tracing->trace.value.is_empty()) return;
  Exception* exception = as<Exception>(vm.pending());
  Value parts[] = {vm.type_of(exception), exception,
                   exception->traceback.is_empty() ? Value::none() : exception->traceback};
  auto triple = make_tuple(vm, parts);
  if (triple.is_ok()) (void)call_trace(vm, object, Event::Exception, triple.value());
}

void trace_unwound_frame(VM& vm, Frame* frame) {
  Tracing* tracing = tracing_of(vm);
  Record* object = object_of(frame);
  if (!tracing || !tracing->active() || !object) return;
  if (!frame_trace(object)->has(FrameTrace::kEntered) && frame_trace(object)->function.is_none())
    return;
  (void)call_both(vm, object, Event::Return, Value::none());
}

// --- switching on and off ---

void update_observed(VM& vm) {
  ModuleRegistry& registry = *vm.registry();
  const Tracing* tracing = registry.tracing;
  bool observed =
      registry.statistics ||
      (tracing && !(tracing->trace.value.is_empty() && tracing->profile.value.is_empty()));
  if (registry.observed == observed) return;
  registry.observed = observed;
  registry.switching = true;
  vm.request_interrupt();
}

namespace {

Result<Tracing*> make_tracing(VM& vm) {
  ModuleRegistry& registry = *vm.registry();
  if (registry.tracing) return registry.tracing;
  SourceOptions options;
  options.is_file = false;
  // The loop's jump back is the safe point at which the form of the dispatch loop changes.
  Code* module = TRY(compile_source(vm, "def switch():\n    for _ in (None,):\n        pass\n",
                                    "<tracing>", options));
  Dict* names = TRY(make_dict(vm));
  TRY(vm.run_code(module, names, Value()));
  Value function = dict_get_str(vm, names, TRY(intern(vm, "switch")));
  registry.tracing = new Tracing(vm.heap());
  registry.tracing->switch_code.value = function;
  return registry.tracing;
}

}  // namespace

Result<void> set_trace_function(VM& vm, Value function) {
  if (function.is_empty() && !tracing_of(vm)) return {};
  TRY(make_tracing(vm))->trace.value = function;
  update_observed(vm);
  return {};
}

Result<void> set_profile_function(VM& vm, Value function) {
  if (function.is_empty() && !tracing_of(vm)) return {};
  TRY(make_tracing(vm))->profile.value = function;
  update_observed(vm);
  return {};
}

Result<Value> call_tracing(VM& vm, Value function, std::span<const Value> arguments) {
  Tracing* tracing = tracing_of(vm);
  bool inside = tracing && tracing->inside;
  if (tracing) tracing->inside = false;
  auto result = vm.call(function, arguments);
  if (tracing) tracing->inside = inside;
  return result;
}

CallOutcome push_switch_frame(VM& vm, Value* window, uint32_t dst) {
  vm.registry()->switching = false;
  Function* function = as<Function>(tracing_of(vm)->switch_code.value);
  Frame* caller = vm.current_frame();
  if (!frame_fits(vm, window, function->code, caller->depth())) {
    (void)vm.recursion_error("");
    return CallOutcome::Error;
  }
  window[0] = function;
  std::fill_n(window + kFrameWords, function->code->register_count, Value());
  push_frame(vm, window, function, function->code, dst, 0);
  return CallOutcome::Entered;
}

}  // namespace apy
