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

}  // namespace apy
