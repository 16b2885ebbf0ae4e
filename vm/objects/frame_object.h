#pragma once
// Frame objects: what scripts see of a frame, as it was when they asked.
#include "vm/objects/frame.h"
#include "vm/objects/vm.h"

namespace apy {

// Fields of a `frame` Record.
enum FrameField { kFrameCode, kFrameGlobals, kFrameLine, kFrameBack, kFrameLocals, kFrameInstruction, kFrameFieldCount };

/// `position`: index of the instruction; `back` a frame or None; `locals` a mapping or None (then the globals).
Result<Value> make_frame_object(VM& vm, Code* code, Value globals, uint64_t position, Value back, Value locals);

}  // namespace apy
