#pragma once
// ExecutionStatistics: what `apy -X stats` counts.
//
// Counting costs nothing while it is off: the dispatch loop is compiled once more in a form that
// counts and traces (switch dispatch, APY_OBSERVED_DISPATCH), and Interpreter::run enters that one
// when the VM has an ExecutionStatistics. All else is taken from counters that are there anyway.
//
// A *site* is one instruction in one code object. What a site does beyond its fast path goes
// through a slow path; a filled inline cache that no longer fits is a *miss*; an instruction that
// has specialised forms and is still the generic one after its slow path *stays generic*. The sites
// with the most slow executions are where to look first.
#include <array>
#include <string>
#include <unordered_map>
#include <vector>

#include "vm/bytecode/code.h"
#include "vm/interpreter/interpreter.h"
#include "vm/interpreter/setup.h"

namespace apy {

constexpr size_t kOpcodeCount = static_cast<size_t>(Opcode::Count);

struct ExecutionStatistics {
  explicit ExecutionStatistics(Heap& heap) : codes(heap) {}

  struct OpcodeCounts {
    uint64_t executed = 0;
    uint64_t slow = 0;    // executions in this form that took the slow path
    uint64_t misses = 0;  // of these: the form was a specialised one
    uint64_t stayed_generic =
        0;  // of these: generic before and after, though specialised forms exist
  };
  struct Site {
    const Code* code = nullptr;
    Opcode generic = Opcode::Count;
    uint64_t slow = 0;
    uint64_t misses = 0;
  };

  std::array<OpcodeCounts, kOpcodeCount> opcodes;
  std::vector<uint64_t> pairs = std::vector<uint64_t>(kOpcodeCount * kOpcodeCount);
  Opcode previous = Opcode::Nop;
  uint64_t entries_from_native = 0;  // times that C++ entered the loop
  std::unordered_map<const Instruction*, Site> sites;
  RootVector codes;  // keeps the code of the sites

  void count(Opcode opcode) {
    ++opcodes[static_cast<size_t>(opcode)].executed;
    ++pairs[static_cast<size_t>(previous) * kOpcodeCount + static_cast<size_t>(opcode)];
    previous = opcode;
  }
  /// An instruction, now in the form `form`, is about to take the slow path of `generic`.
  void count_slow(const Code* code, const Instruction* instruction, Opcode form, Opcode generic);
  /// It has taken it.
  void count_outcome(const Instruction* instruction, Opcode form, Opcode generic);
};

/// Null unless somebody counts.
inline ExecutionStatistics*& statistics_of(VM& vm) { return vm.registry()->statistics; }
/// The form of the dispatch loop that counts and traces.
RunOutcome run_observed_frames(VM& vm, bool raising);
/// The counts as text, most frequent first.
std::string describe_statistics(const ExecutionStatistics& statistics);

}  // namespace apy
