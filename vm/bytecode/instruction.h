#pragma once
// Instruction: 8 bytes, an opcode and three 16-bit operands. Opcodes with an inline cache are
// followed by cache words of the same size. Jumps count in instructions from the one after the jump
// (and its cache words).
#include <cstdint>

namespace apy {

enum class Opcode : uint16_t {
#define OPCODE(Name, ...) Name,
#include "vm/bytecode/opcodes.def"
#undef OPCODE
  Count,
};

struct Instruction {
  Opcode opcode;
  uint16_t a, b, c;
  /// b and c as one signed 32-bit operand.
  int32_t bc() const {
    int32_t value;
    __builtin_memcpy(&value, &b, sizeof value);  // one load
    return value;
  }
  void set_bc(int32_t value) {
    b = static_cast<uint16_t>(value);
    c = static_cast<uint16_t>(static_cast<uint32_t>(value) >> 16);
  }
  int16_t signed_c() const { return static_cast<int16_t>(c); }
  int16_t signed_b() const { return static_cast<int16_t>(b); }
  uint64_t& word() { return *reinterpret_cast<uint64_t*>(this); }
};
static_assert(sizeof(Instruction) == 8);

enum class IntrinsicKind : uint16_t {
#define INTRINSIC(Name, meaning) Name,
#include "vm/bytecode/intrinsics.def"
#undef INTRINSIC
  Count,
};

}  // namespace apy
