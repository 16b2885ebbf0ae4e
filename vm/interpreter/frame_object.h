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
