#pragma once
// What opcodes.def says about each opcode, as data: for the builder, the disassembler and the
// verifier.
#include "vm/bytecode/instruction.h"

namespace apy {

/// See opcodes.def. `_` is an unused operand.
enum class OperandKind : uint8_t {
  _,
  Dst,
  Src,
  Mod,
  Base,
  Const,
  Name,
  Imm,
  Count,
  Jump,
  Wide,
  WideJump
};

struct OpcodeInfo {
  const char* name;
  OperandKind operands[3];
  uint8_t cache_words;
  const char* effects;  // letters out of "TCSE"
  const char* meaning;

  bool has_effect(char letter) const;
  bool ends_block() const { return has_effect('E'); }
};

/// `opcode` must be below Opcode::Count.
const OpcodeInfo& opcode_info(Opcode opcode);

/// Instruction words that `opcode` takes, cache included.
inline uint32_t instruction_size(Opcode opcode) { return 1u + opcode_info(opcode).cache_words; }

/// The operand that holds a jump distance: 1 (wide, b and c), 2 (c), or -1 for other instructions.
int jump_operand(Opcode opcode);

/// The fused jump that is taken exactly when `opcode` is not; Opcode::Count if there is none.
Opcode inverted_jump(Opcode opcode);

/// The form of an arithmetic instruction whose value goes to the next instruction only, as its left
/// or right operand; Opcode::Count for others. A float is handed over as it is then, not as a
/// Value.
Opcode passing_form(Opcode opcode, bool to_left);
/// Which operand of `next` a passing form's value would be: its registers for both sides. False for
/// instructions that take no number from the one before.
bool takes_number(const Instruction& next, uint16_t* left, int32_t* right);

}  // namespace apy
