#pragma once
// Readable listings of code: `apy dis`, tests, debugging. One line per instruction:
//   word  line:column  opcode  operands  ; where a jump goes
#include <string>

#include "vm/bytecode/draft.h"

namespace apy {

/// The listing of the code and of all code nested in it. Never fails; unknown opcodes are shown as
/// such.
std::string disassemble(const Code& code);
std::string disassemble(const CodeDraft& draft);

}  // namespace apy
