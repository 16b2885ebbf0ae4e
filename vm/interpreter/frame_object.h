#pragma once
// Frame objects: what sys._getframe(), tb_frame and gi_frame show of a running or finished frame.
#include "vm/objects/frame.h"
#include "vm/objects/vm.h"

namespace apy {

/// The frame object of a live frame; made when there is none.
Result<Record*> frame_object(VM& vm, Frame* frame);
/// The frame object of a generator, coroutine or async generator, or None when it is finished.
Result<Value> generator_frame(VM& vm, Value generator);
/// To be called when a frame with an object ends, while it is still the running one: the object
/// keeps a copy.
void detach_frame(VM& vm, Frame* frame);
/// A snapshot of a function's locals, cells and free variables included; the namespace itself
/// elsewhere.
Result<Value> frame_locals(VM& vm, Frame* frame);
/// What tracing (tracing.h) keeps in a frame object: its last fields.
struct FrameTrace {
  static constexpr int64_t kEntered = 1;    // its call event is over
  static constexpr int64_t kSuspended = 2;  // the next instruction resumes it
  static constexpr int64_t kLines = 4;      // f_trace_lines
  static constexpr int64_t kOpcodes = 8;    // f_trace_opcodes
  Value function;                           // f_trace or None
  Value state;                              // the flags above
  Value place;                              // last line and last instruction traced
  Value native;  // native function called last, until it is known how that went; or empty

  bool has(int64_t flag) const { return state.as_small_int() & flag; }
  void set(int64_t flag, bool on) {
    int64_t flags = state.as_small_int();
    state = Value::small_int(on ? flags | flag : flags & ~flag);
  }
  static Value no_position() { return Value::small_int(0); }
  int64_t line() const { return (place.as_small_int() >> 24) - 1; }
  int64_t position() const { return (place.as_small_int() & 0xFFFFFF) - 1; }
  void set_line(int64_t line) { set_place(line, position()); }
  void set_position(int64_t position) { set_place(line(), position); }
  void set_place(int64_t line, int64_t position) {
    place = Value::small_int((line + 1) << 24 | ((position + 1) & 0xFFFFFF));
  }
};
FrameTrace* frame_trace(Record* object);
/// A variable of the function whose frame object `self` is, or `otherwise` if it is not bound.
Result<Value> frame_variable(VM& vm, Value self, Str* name, Value otherwise);
/// Binds it; false if the function has no such variable.
Result<bool> set_frame_variable(VM& vm, Value self, Str* name, Value value);
/// The names that are bound.
Result<List*> frame_variable_names(VM& vm, Value self);
/// Dict of what else was put into f_locals, or None.
Result<Value> frame_extra_locals(VM& vm, Value self, bool create);
/// Index of the instruction that a live frame is at; -1: not started.
int64_t frame_position(const Frame* frame);

/// A frame's address as a value that no collection follows.
inline Value hidden_frame(const Frame* frame) {
  return Value::from_bits(reinterpret_cast<uint64_t>(frame) | 1);
}
inline Frame* revealed_frame(Value hidden) {
  return reinterpret_cast<Frame*>(hidden.bits() & ~uint64_t{1});
}

}  // namespace apy
