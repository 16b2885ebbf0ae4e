#pragma once
// CodeBuilder: collects the instructions of one CodeDraft.
//
// Instructions are first kept in a list with symbolic jump targets; `finish` threads jumps, drops
// what became useless, chooses jump forms and lays out the words. Code that cannot be reached is
// never collected: after an instruction that ends a block, `emit` does nothing until a label is
// placed to which somebody jumps. So the compiler need not care where code is dead.
//
// Jump distances. Fused compare-and-jump holds 16 bits. When the distance does not fit, the
// inverted jump over a plain Jump takes its place; ForIter, which has no inverse, jumps over a Jump
// to the body. Growing one jump can push another out of reach, so layout repeats until nothing
// grows.
//
// Limits. Registers, constants and counts are 16-bit operands. The builder takes 32-bit numbers and
// remembers the first that does not fit in `failure`; the caller reports it as an error of the
// source.
//
// Rejected: emitting bytes at once and patching (threading and relaxing would have to move code and
// every table that refers to it).
#include <string_view>
#include <unordered_map>

#include "vm/bytecode/draft.h"
#include "vm/bytecode/opcode_info.h"

namespace apy {

/// A register number while compiling; wider than an operand so that an overflow is noticed.
using Register = uint32_t;

/// A place in the code to jump to.
struct Label {
  uint32_t id = UINT32_MAX;
  bool is_valid() const { return id != UINT32_MAX; }
};

class CodeBuilder {
 public:
  static constexpr uint32_t kNoOperand = 65535;  // "absent" in operands that may be
  static constexpr uint32_t kMaxRegisters = 65000;

  CodeBuilder() = default;
  CodeBuilder(const CodeBuilder&) = delete;

  // --- instructions ---
  /// The source position of the instructions emitted from now on.
  void set_position(Position position) { position_ = position; }
  Position position() const { return position_; }

  /// Operands as opcodes.def gives them; a negative number for signed ones.
  void emit(Opcode opcode, int64_t a = 0, int64_t b = 0, int64_t c = 0);
  /// An opcode whose B and C hold one 32-bit number.
  void emit_wide(Opcode opcode, int64_t a, int32_t bc);
  /// A jump; `a` and `b` are the operands before the distance.
  void emit_jump(Opcode opcode, int64_t a, int64_t b, Label target);
  void emit_jump(Label target) { emit_jump(Opcode::Jump, 0, 0, target); }
  /// The next instruction emitted takes numbers (takes_number) from these registers; each is read
  /// by nobody else if it is a temporary (not below `first_temporary`). If the last instruction
  /// made one of them, its passing form takes its place.
  void pass_number(Register left, Register right, Register first_temporary);
  /// Sets the cache word of the instruction just emitted.
  void set_cache_word(uint32_t value);

  /// False after an instruction that ends a block, until a label in use is placed.
  bool is_reachable() const { return reachable_; }

  // --- labels ---
  Label make_label();
  void place(Label label);
  /// Does any jump collected so far (or protected range) lead there?
  bool is_used(Label label) const { return labels_[label.id].uses != 0; }
  /// For a loop's top: the place is here, and only jumps back lead to it.
  Label place_here();

  // --- exception ranges ---
  /// A mark for the start or the end of a range.
  uint32_t mark() const { return static_cast<uint32_t>(drafts_.size()); }
  /// Protects what was emitted between two marks. Add inner ranges first. Empty ranges vanish.
  void add_range(uint32_t begin, uint32_t end, Label handler, Register exception_register);

  // --- constants ---
  uint32_t constant(ConstantDraft value);
  uint32_t name(std::string_view text);

  // --- result ---
  /// The registers that some instruction mentions are counted by the caller: see
  /// CodeDraft::register_count.
  const char* failure() const { return failure_; }
  void fail(const char* message) {
    if (!failure_) failure_ = message;
  }
  size_t instruction_count() const { return drafts_.size(); }
  /// Fills instructions, positions, constants and ranges of `draft`.
  void finish(CodeDraft& draft);

 private:
  struct DraftInstruction {
    Opcode opcode;
    uint16_t a = 0, b = 0, c = 0;
    bool deleted = false;
    bool expanded = false;  // takes a plain Jump along
    uint32_t target = UINT32_MAX;
    uint32_t cache_word = 0;
    uint32_t word = 0;  // place in the final code
    Position position;
  };
  struct LabelInfo {
    uint32_t place = UINT32_MAX;
    uint32_t uses = 0;
  };
  struct DraftRange {
    uint32_t begin, end, handler;
    uint16_t exception_register;
  };

  DraftInstruction* append(Opcode opcode);
  uint16_t checked(int64_t value, OperandKind kind);
  uint32_t target_place(const DraftInstruction& jump) const { return labels_[jump.target].place; }
  uint32_t next_live(uint32_t place) const;
  void thread_jumps();
  uint32_t size_of(const DraftInstruction& instruction) const;
  void lay_out();
  bool expand_far_jumps();
  void write(CodeDraft& draft) const;
  void write_jump(const DraftInstruction& jump, CodeDraft& draft) const;
  void write_ranges(CodeDraft& draft) const;

  std::vector<DraftInstruction> drafts_;
  std::vector<LabelInfo> labels_;
  std::vector<DraftRange> ranges_;
  std::vector<ConstantDraft> constants_;
  std::unordered_map<std::string, uint32_t> constant_indices_;
  std::string key_;
  Position position_{1, 1, 0, 0};
  bool reachable_ = true;
  const char* failure_ = nullptr;
};

}  // namespace apy
