#include "vm/bytecode/builder.h"

#include <cassert>

namespace apy {
namespace {

constexpr uint32_t kMaxInstructions = 1u << 24;

Instruction make_instruction(Opcode opcode, uint16_t a, uint16_t b, uint16_t c) {
  return Instruction{opcode, a, b, c};
}

bool fits_short(int64_t distance) { return distance >= INT16_MIN && distance <= INT16_MAX; }

}  // namespace

// --- collecting ---------------------------------------------------------------------------------

uint16_t CodeBuilder::checked(int64_t value, OperandKind kind) {
  switch (kind) {
    case OperandKind::_:
      return 0;
    case OperandKind::Imm:
      assert(value >= INT16_MIN && value <= INT16_MAX);
      return static_cast<uint16_t>(value);
    case OperandKind::Dst:
    case OperandKind::Src:
    case OperandKind::Mod:
    case OperandKind::Base:
      if (value >= kMaxRegisters && value != kNoOperand) fail("too many variables and temporaries");
      return static_cast<uint16_t>(value);
    case OperandKind::Const:
    case OperandKind::Name:
      if (value >= kNoOperand) fail("too many constants and names");
      return static_cast<uint16_t>(value);
    default:
      if (value > UINT16_MAX) fail("too many items in one expression");
      return static_cast<uint16_t>(value);
  }
}

CodeBuilder::DraftInstruction* CodeBuilder::append(Opcode opcode) {
  if (!reachable_) return nullptr;
  if (drafts_.size() >= kMaxInstructions) {
    fail("code is too large");
    return nullptr;
  }
  DraftInstruction& draft = drafts_.emplace_back();
  draft.opcode = opcode;
  draft.position = position_;
  if (opcode_info(opcode).ends_block()) reachable_ = false;
  return &draft;
}

void CodeBuilder::emit(Opcode opcode, int64_t a, int64_t b, int64_t c) {
  const OpcodeInfo& info = opcode_info(opcode);
  assert(jump_operand(opcode) < 0 && info.operands[1] != OperandKind::Wide);
  if (opcode == Opcode::Move && a == b) return;
  DraftInstruction* draft = append(opcode);
  if (!draft) return;
  draft->a = checked(a, info.operands[0]);
  draft->b = checked(b, info.operands[1]);
  draft->c = checked(c, info.operands[2]);
}

void CodeBuilder::emit_wide(Opcode opcode, int64_t a, int32_t bc) {
  DraftInstruction* draft = append(opcode);
  if (!draft) return;
  Instruction instruction{};
  instruction.set_bc(bc);
  draft->a = checked(a, opcode_info(opcode).operands[0]);
  draft->b = instruction.b;
  draft->c = instruction.c;
}

void CodeBuilder::emit_jump(Opcode opcode, int64_t a, int64_t b, Label target) {
  assert(jump_operand(opcode) >= 0);
  DraftInstruction* draft = append(opcode);
  if (!draft) return;
  const OpcodeInfo& info = opcode_info(opcode);
  draft->a = checked(a, info.operands[0]);
  if (jump_operand(opcode) == 2) draft->b = checked(b, info.operands[1]);
  draft->target = target.id;
  ++labels_[target.id].uses;
}

void CodeBuilder::pass_number(Register left, Register right, Register first_temporary) {
  if (!reachable_ || drafts_.empty() || left == right) return;
  DraftInstruction& last = drafts_.back();
  if (last.a < first_temporary || (last.a != left && last.a != right)) return;
  Opcode form = passing_form(last.opcode, last.a == left);
  if (form != Opcode::Count) last.opcode = form;
}

void CodeBuilder::set_cache_word(uint32_t value) {
  if (!reachable_ || drafts_.empty()) return;
  if (value >= kNoOperand) fail("too many constants and names");
  drafts_.back().cache_word = value;
}

Label CodeBuilder::make_label() {
  labels_.emplace_back();
  return Label{static_cast<uint32_t>(labels_.size() - 1)};
}

void CodeBuilder::place(Label label) {
  LabelInfo& info = labels_[label.id];
  assert(info.place == UINT32_MAX);
  info.place = mark();
  if (info.uses != 0) reachable_ = true;
}

Label CodeBuilder::place_here() {
  Label label = make_label();
  labels_[label.id].place = mark();
  return label;
}

void CodeBuilder::add_range(uint32_t begin, uint32_t end, Label handler,
                            Register exception_register) {
  if (begin == end) return;
  ++labels_[handler.id].uses;
  ranges_.push_back({begin, end, handler.id, checked(exception_register, OperandKind::Dst)});
}

uint32_t CodeBuilder::constant(ConstantDraft value) {
  key_.clear();
  value.append_key(key_);
  auto [entry, is_new] =
      constant_indices_.try_emplace(key_, static_cast<uint32_t>(constants_.size()));
  if (is_new) {
    constants_.push_back(std::move(value));
  } else if (value.interned) {
    constants_[entry->second].interned = true;
  }
  return entry->second;
}

uint32_t CodeBuilder::name(std::string_view text) {
  ConstantDraft value = ConstantDraft::from_str(std::string(text));
  value.interned = true;
  return constant(std::move(value));
}

// --- finishing ----------------------------------------------------------------------------------

uint32_t CodeBuilder::next_live(uint32_t place) const {
  while (place < drafts_.size() && drafts_[place].deleted) ++place;
  return place;
}

// Jumps to jumps go where those go, and jumps to what follows anyway vanish. Only a Jump may become
// a JumpBack.
void CodeBuilder::thread_jumps() {
  for (uint32_t i = 0; i < drafts_.size(); ++i) {
    DraftInstruction& jump = drafts_[i];
    if (jump.target == UINT32_MAX || jump.opcode == Opcode::JumpBack) continue;
    for (int hops = 0; hops < 16; ++hops) {
      uint32_t place = next_live(target_place(jump));
      if (place >= drafts_.size()) break;
      const DraftInstruction& next = drafts_[place];
      if (next.opcode == Opcode::Jump && place != i) {
        jump.target = next.target;
      } else if (next.opcode == Opcode::JumpBack && jump.opcode == Opcode::Jump) {
        jump.opcode = Opcode::JumpBack;
        jump.target = next.target;
        break;
      } else {
        break;
      }
    }
    if (jump.opcode == Opcode::Jump && next_live(target_place(jump)) == next_live(i + 1)) {
      jump.deleted = true;
    }
  }
}

namespace {
/// Jumps that cannot be inverted to jump over a far one.
bool is_for_iter(Opcode opcode) {
  return opcode == Opcode::ForIter || opcode == Opcode::ForIterPair;
}
}  // namespace

uint32_t CodeBuilder::size_of(const DraftInstruction& instruction) const {
  if (instruction.deleted) return 0;
  uint32_t size = instruction_size(instruction.opcode);
  if (!instruction.expanded) return size;
  return size + (is_for_iter(instruction.opcode) ? 2 : 1);
}

void CodeBuilder::lay_out() {
  uint32_t word = 0;
  for (DraftInstruction& draft : drafts_) {
    draft.word = word;
    word += size_of(draft);
  }
}

bool CodeBuilder::expand_far_jumps() {
  bool grew = false;
  for (DraftInstruction& draft : drafts_) {
    if (draft.deleted || draft.expanded || draft.target == UINT32_MAX) continue;
    if (jump_operand(draft.opcode) != 2) continue;
    int64_t distance = int64_t{drafts_[target_place(draft)].word} - (draft.word + 1);
    if (fits_short(distance)) continue;
    draft.expanded = true;
    grew = true;
  }
  return grew;
}

void CodeBuilder::write_jump(const DraftInstruction& jump, CodeDraft& draft) const {
  auto& words = draft.instructions;
  auto wide = [&](Opcode opcode, uint16_t a) {
    Instruction instruction = make_instruction(opcode, a, 0, 0);
    int64_t here = static_cast<int64_t>(words.size()) + 1;
    instruction.set_bc(static_cast<int32_t>(int64_t{drafts_[target_place(jump)].word} - here));
    words.push_back(instruction);
  };
  if (jump_operand(jump.opcode) == 1) {
    wide(jump.opcode, jump.a);
  } else if (!jump.expanded) {
    int64_t distance = int64_t{drafts_[target_place(jump)].word} - (jump.word + 1);
    words.push_back(make_instruction(jump.opcode, jump.a, jump.b, static_cast<uint16_t>(distance)));
  } else if (is_for_iter(jump.opcode)) {
    words.push_back(make_instruction(jump.opcode, jump.a, jump.b, 1));
    Instruction to_body = make_instruction(Opcode::Jump, 0, 0, 0);
    to_body.set_bc(1);
    words.push_back(to_body);
    wide(Opcode::Jump, 0);
  } else {
    words.push_back(make_instruction(inverted_jump(jump.opcode), jump.a, jump.b, 1));
    wide(Opcode::Jump, 0);
  }
}

void CodeBuilder::write_ranges(CodeDraft& draft) const {
  for (const DraftRange& range : ranges_) {
    uint32_t begin = drafts_[range.begin].word, end = drafts_[range.end].word;
    uint32_t handler = drafts_[labels_[range.handler].place].word;
    if (begin == end) continue;
    auto& ranges = draft.ranges;
    bool extends = !ranges.empty() && ranges.back().end == begin &&
                   ranges.back().handler == handler &&
                   ranges.back().exception_register == range.exception_register;
    if (extends) {
      ranges.back().end = end;
    } else {
      ranges.push_back({begin, end, handler, range.exception_register, 0});
    }
  }
}

void CodeBuilder::write(CodeDraft& draft) const {
  uint32_t word_count = drafts_.back().word;
  draft.instructions.reserve(word_count);
  draft.positions.reserve(word_count);
  for (const DraftInstruction& item : drafts_) {
    if (item.deleted) continue;
    if (item.target != UINT32_MAX) {
      write_jump(item, draft);
    } else {
      draft.instructions.push_back(make_instruction(item.opcode, item.a, item.b, item.c));
    }
    for (uint32_t i = 0; i < opcode_info(item.opcode).cache_words; ++i) {
      Instruction cache{};
      if (i == 0) cache.word() = item.cache_word;
      draft.instructions.push_back(cache);
    }
    draft.positions.resize(draft.instructions.size(), item.position);
  }
  // The sentinel is no instruction.
  draft.instructions.pop_back();
  draft.positions.pop_back();
}

void CodeBuilder::finish(CodeDraft& draft) {
  if (failure_) return;
  // A sentinel, so that labels and ranges at the very end have a place.
  drafts_.push_back({Opcode::Nop, 0, 0, 0, false, false, UINT32_MAX, 0, 0, position_});
  thread_jumps();
  do {
    lay_out();
  } while (expand_far_jumps());
  write(draft);
  write_ranges(draft);
  draft.constants = std::move(constants_);
}

}  // namespace apy
