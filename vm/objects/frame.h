#pragma once
// Frame: the header right below a running function's registers, on a VM stack or inside a
// Generator.
//
//   callee | caller | pc | code | flags,dst | extra | register 0 (first argument) | register 1 |
//   ...
//
// A call instruction lays the callee's window out at the top of the caller's registers, so the
// arguments are in place and nothing is copied: window base b holds the callee (later
// Frame::callee), b+1..b+5 the rest of the header, b+6... the arguments.
#include "vm/objects/function.h"

namespace apy {

struct Instruction;
struct Code;
struct Generator;

struct Frame {
  // flags
  static constexpr uint32_t kEntry = 1;  // returning leaves the interpreter loop (called from C++)
  static constexpr uint32_t kConstructor =
      2;                                // __init__ of a class call: `extra` is the new instance
  static constexpr uint32_t kHeap = 4;  // lives in a Generator
  static constexpr uint32_t kHasObject = 8;  // a frame object refers to it and stands in `extra`
  static constexpr uint32_t kAtSend =
      16;  // suspended at a Send instruction (pc is the Send itself)
  static constexpr uint32_t kOperator =
      32;  // special method of an operator: may return NotImplemented
  /// Returning from such a frame takes more than handing the value to the caller's register.
  static constexpr uint32_t kSpecialReturn = kEntry | kConstructor | kHeap | kHasObject | kOperator;
  static constexpr uint32_t kFlagBits =
      8;  // flags above: depth of the frame, for the recursion limit

  Value callee;           // Function
  Frame* caller;          // null at the bottom of a fiber
  const Instruction* pc;  // next instruction; valid when not the running frame
  Code* code;
  uint32_t flags;
  uint32_t dst;  // register of the caller that receives the result
  Value extra;   // constructor: the instance; class body or exec: the namespace mapping; else empty
  Value* registers() { return reinterpret_cast<Value*>(this + 1); }
  const Value* registers() const { return reinterpret_cast<const Value*>(this + 1); }
  Function* function() const { return as<Function>(callee); }
  uint32_t depth() const { return flags >> kFlagBits; }
  /// `extra`, which a frame object keeps while the frame has one.
  Value own_extra() const { return flags & kHasObject ? as<Record>(extra)->fields()[0] : extra; }
};
constexpr uint32_t kFrameWords = sizeof(Frame) / sizeof(Value);
static_assert(kFrameWords == 6);

/// Generator, coroutine or async generator: one cell with its frame and registers.
struct Generator : Cell {
  static constexpr CellKind kKind = CellKind::Generator;
  enum class State : uint8_t { Created, Suspended, Running, Finished };
  // aux: number of registers (fits: a code object has at most 65535)
  State state;
  uint8_t is_base;     // being driven by send/next/a task rather than awaited by another frame
  uint8_t closing;     // async generator: asend/athrow/aclose running; see async_generator.cpp
  uint8_t hooks_done;  // async generator: firstiter hook was called
  uint8_t closed;      // async generator: aclose() began or the end was reached
  // While this generator is a suspended or running base: the innermost frame of its await chain.
  Frame* innermost;
  Generator* previous_base;  // the base that was running when this one was resumed
  Value handled;             // exception being handled inside, while suspended; empty if none
  Value outer_handled;  // the resumer's handled exception, while running; before: line that made
                        // the coroutine
  Value name, qualname;
  Value origin_or_finalizer;  // async generator: finalizer hook; coroutine: code that made it
  Frame frame;
  Value* registers() { return frame.registers(); }
  void trace(Visitor& visitor) const;
};
/// Has a generator that nobody can reach any more something left to do? (A warning, a finally
/// block, a hook.)
inline bool generator_needs_finalizer(const Generator* generator) {
  switch (generator->state) {
    case Generator::State::Created:
      return generator->shape == shape_of(BuiltinType::Coroutine) ||
             !generator->origin_or_finalizer.is_empty();
    case Generator::State::Suspended:
      return true;
    default:  // finished, or waiting under a base, which is closed instead
      return false;
  }
}
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Winvalid-offsetof"
inline Generator* generator_of(Frame* heap_frame) {
  return reinterpret_cast<Generator*>(reinterpret_cast<char*>(heap_frame) -
                                      offsetof(Generator, frame));
}
#pragma GCC diagnostic pop

}  // namespace apy
