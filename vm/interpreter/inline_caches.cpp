// Slot caches are guarded by the shape alone. A class that later gets a data descriptor,
// __getattribute__, __getattr__ or __setattr__ keeps the shapes of its instances; in this rare case
// the sites that read or write slots directly forget what they saw.
#include <algorithm>

#include "vm/bytecode/opcode_info.h"
#include "vm/interpreter/interpreter.h"
#include "vm/objects/descriptor.h"
#include "vm/objects/internals.h"

namespace apy {

void forget_slot_caches(VM& vm) {
  auto& shared = vm.internals().attribute_entries;
  std::fill(shared.begin(), shared.end(), AttributeEntry{});
  for (Code* code = vm.code_list(); code; code = code->next_in_vm) {
    for (uint32_t i = 0; i < code->instruction_count;) {
      Instruction& instruction = code->instructions[i];
      i += instruction_size(instruction.opcode);
      switch (instruction.opcode) {
        case Opcode::LoadAttrSlot:
        case Opcode::LoadAttrOverflow:
          instruction.opcode = Opcode::LoadAttr;
          break;
        case Opcode::StoreAttrSlot:
        case Opcode::StoreAttrAdd:
          instruction.opcode = Opcode::StoreAttr;
          break;
        default:
          break;
      }
    }
  }
}

}  // namespace apy
