#include "vm/bytecode/opcode_info.h"

#include <cstring>

namespace apy {

bool OpcodeInfo::has_effect(char letter) const { return std::strchr(effects, letter) != nullptr; }

const OpcodeInfo& opcode_info(Opcode opcode) {
  using enum OperandKind;
  static constexpr OpcodeInfo kTable[] = {
#define OPCODE(Name, A, B, C, cache_words, effects, meaning) \
  {#Name, {A, B, C}, cache_words, effects, meaning},
#include "vm/bytecode/opcodes.def"
#undef OPCODE
  };
  return kTable[static_cast<size_t>(opcode)];
}

int jump_operand(Opcode opcode) {
  const OpcodeInfo& info = opcode_info(opcode);
  if (info.operands[1] == OperandKind::WideJump) return 1;
  if (info.operands[2] == OperandKind::Jump) return 2;
  return -1;
}

Opcode inverted_jump(Opcode opcode) {
  switch (opcode) {
#define PAIR(First, Second) \
  case Opcode::First:       \
    return Opcode::Second;  \
  case Opcode::Second:      \
    return Opcode::First;
    PAIR(JumpIfTrue, JumpIfFalse)
    PAIR(JumpIfNone, JumpIfNotNone)
    PAIR(JumpIfLess, JumpUnlessLess)
    PAIR(JumpIfLessEqual, JumpUnlessLessEqual)
    PAIR(JumpIfEqual, JumpUnlessEqual)
    PAIR(JumpIfNotEqual, JumpUnlessNotEqual)
    PAIR(JumpIfGreater, JumpUnlessGreater)
    PAIR(JumpIfGreaterEqual, JumpUnlessGreaterEqual)
    PAIR(JumpIfLessInt, JumpUnlessLessInt)
    PAIR(JumpIfLessEqualInt, JumpUnlessLessEqualInt)
    PAIR(JumpIfEqualInt, JumpUnlessEqualInt)
    PAIR(JumpIfNotEqualInt, JumpUnlessNotEqualInt)
    PAIR(JumpIfGreaterInt, JumpUnlessGreaterInt)
    PAIR(JumpIfGreaterEqualInt, JumpUnlessGreaterEqualInt)
    PAIR(JumpIfIs, JumpIfIsNot)
    PAIR(JumpIfIn, JumpIfNotIn)
#undef PAIR
    default:
      return Opcode::Count;
  }
}

Opcode passing_form(Opcode opcode, bool to_left) {
  switch (opcode) {
    case Opcode::Add:
      return to_left ? Opcode::AddToLeft : Opcode::AddToRight;
    case Opcode::Subtract:
      return to_left ? Opcode::SubtractToLeft : Opcode::SubtractToRight;
    case Opcode::Multiply:
      return to_left ? Opcode::MultiplyToLeft : Opcode::MultiplyToRight;
    case Opcode::TrueDivide:
      return to_left ? Opcode::TrueDivideToLeft : Opcode::TrueDivideToRight;
    default:
      return Opcode::Count;
  }
}

bool takes_number(const Instruction& next, uint16_t* left, int32_t* right) {
  switch (next.opcode) {
#define TAKES_ARITHMETIC(Name, ...) case Opcode::Name:
#define TAKES_AND_PASSES(Name, ...) case Opcode::Name:
#define TAKES_IMMEDIATE(Name, ...) case Opcode::Name:
#define TAKES_COMPARISON(Name, ...) \
  case Opcode::JumpIf##Name:        \
  case Opcode::JumpUnless##Name:    \
  case Opcode::JumpIf##Name##Int:   \
  case Opcode::JumpUnless##Name##Int:
#include "vm/bytecode/takes_number.def"
    break;
    default:
      return false;
  }
  bool is_jump = jump_operand(next.opcode) == 2;
  OperandKind kind = opcode_info(next.opcode).operands[is_jump ? 1 : 2];
  *left = is_jump ? next.a : next.b;
  *right = kind == OperandKind::Imm ? -1 : is_jump ? next.b : next.c;
  return true;
}

}  // namespace apy
