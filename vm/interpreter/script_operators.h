#pragma once
// Operators whose special method is a script function: it runs in the loop, as a frame with
// Frame::kOperator. When it returns, the instruction is finished from its value
// (operator_returned): a value of NotImplemented goes on with the other operand, the value of a
// comparison may decide a branch.
#include <optional>

#include "vm/interpreter/interpreter.h"

namespace apy::slow {

/// How an instruction with an operator went: an error is pending, its value is in its destination,
/// a frame was pushed; or, for branches, whether to jump.
enum class OperatorOutcome : int8_t { Error, Done, Entered, True, False };

/// The left operand's method when it is a script function that comes first; else empty.
Value script_operator(VM& vm, BinaryOp op, Value a, Value b);
Value script_comparison(VM& vm, CompareOp op, Value a, Value b);

/// a and b as doubles when at least one is a float and both are numbers that a double holds
/// exactly.
bool float_operands(Value a, Value b, double* x, double* y);
/// The comparison of floats, or for equality of strings and tuples, with neither a lookup nor a
/// call; empty for others.
std::optional<bool> compare_plain(CompareOp op, Value a, Value b);
/// The comparison of a fused branch that is not on numbers.
OperatorOutcome compare_branch(VM& vm, Frame* frame, const Instruction* instruction);
/// The script method called by the instruction before frame->pc returned `value`.
OperatorOutcome operator_returned(VM& vm, Frame* frame, Value value);
/// Does the instruction store the operator's value in its register a? The others branch.
constexpr bool stores_value(Opcode opcode) {
  switch (opcode) {
#define COMPARISON(Name)          \
  case Opcode::JumpIf##Name:      \
  case Opcode::JumpIf##Name##Int: \
  case Opcode::JumpUnless##Name:  \
  case Opcode::JumpUnless##Name##Int:
    COMPARISON(Less)
    COMPARISON(LessEqual)
    COMPARISON(Equal)
    COMPARISON(NotEqual)
    COMPARISON(Greater)
    COMPARISON(GreaterEqual)
#undef COMPARISON
    return false;
    default:
      return true;
  }
}
/// Where a fused branch goes on.
inline Instruction* branch_target(Instruction* branch, bool truth);

/// JumpUnless...: jumps when the comparison is false.
constexpr bool jumps_unless(Opcode opcode) {
  switch (opcode) {
#define COMPARISON(Name)         \
  case Opcode::JumpUnless##Name: \
  case Opcode::JumpUnless##Name##Int:
    COMPARISON(Less)
    COMPARISON(LessEqual)
    COMPARISON(Equal)
    COMPARISON(NotEqual)
    COMPARISON(Greater)
    COMPARISON(GreaterEqual)
#undef COMPARISON
    return true;
    default:
      return false;
  }
}

inline Instruction* branch_target(Instruction* branch, bool truth) {
  bool jumps = truth != jumps_unless(branch->opcode);
  return branch + 1 + (jumps ? branch->signed_c() : 0);
}

}  // namespace apy::slow
