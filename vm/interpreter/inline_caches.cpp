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

// A shape's number in a cache stands in the first half of the first word. Other caches may hold the
// same bits there (a layout); they then miss once more.
void forget_dead_shapes(VM& vm) {
  constexpr uint32_t kNoShape = 0xFFFFFFFE;
  std::vector<bool> is_dead;
  for (ShapeId id : vm.internals().shape_numbers.dead) {
    if (id >= is_dead.size()) is_dead.resize(id + 1);
    is_dead[id] = true;
  }
  for (Code* code = vm.code_list(); code; code = code->next_in_vm) {
    for (uint32_t i = 0; i < code->instruction_count;) {
      uint32_t size = instruction_size(code->instructions[i].opcode);
      if (size > 2) {
        auto* number = reinterpret_cast<uint32_t*>(code->instructions + i + 1);
        if (*number < is_dead.size() && is_dead[*number]) *number = kNoShape;
      }
      i += size;
    }
  }
}

}  // namespace apy
