#include "vm/bytecode/verify.h"

#include <cstring>
#include <span>

#include "vm/bytecode/opcode_info.h"
#include "vm/objects/str.h"

namespace apy {
namespace {

constexpr uint16_t kAbsent = 65535;

class Verifier {
 public:
  std::span<const Instruction> instructions;
  std::span<const ExceptionRange> ranges;
  size_t constant_count = 0;
  uint32_t register_count = 0;
  size_t local_count = 0;
  size_t position_count = 0;
  uint32_t argument_registers = 0;

  virtual ~Verifier() = default;
  virtual bool is_name(size_t constant) const = 0;
  virtual bool is_tuple(size_t constant) const = 0;
  virtual bool is_code(size_t constant) const = 0;

  std::optional<std::string> run();

 private:
  using Fault = std::optional<std::string>;

  Fault fault(size_t word, const std::string& what) const {
    std::string text = "word " + std::to_string(word);
    if (word < instructions.size() && instructions[word].opcode < Opcode::Count) {
      text += std::string(" (") + opcode_info(instructions[word].opcode).name + ")";
    }
    return text + ": " + what;
  }
  Fault find_starts();
  Fault check_operand(size_t word, OperandKind kind, uint16_t value) const;
  Fault check_special(size_t word) const;
  Fault check_window(size_t word) const;
  Fault check_run(size_t word, uint32_t base, uint32_t count) const;
  Fault check_jump(size_t word) const;
  Fault check_passing(size_t word) const;
  Fault check_ranges() const;
  bool is_start(int64_t word) const {
    return word >= 0 && word < static_cast<int64_t>(starts_.size()) &&
           starts_[static_cast<size_t>(word)];
  }

  std::vector<bool> starts_;
};

std::optional<std::string> Verifier::find_starts() {
  starts_.assign(instructions.size(), false);
  size_t word = 0;
  bool falls_through = true;
  while (word < instructions.size()) {
    if (instructions[word].opcode >= Opcode::Count) return fault(word, "unknown opcode");
    starts_[word] = true;
    falls_through = !opcode_info(instructions[word].opcode).ends_block();
    word += instruction_size(instructions[word].opcode);
  }
  if (word != instructions.size()) return fault(word, "cache words cut off");
  if (falls_through) return fault(word, "control runs off the end");
  return {};
}

std::optional<std::string> Verifier::check_run(size_t word, uint32_t base, uint32_t count) const {
  if (base + count > register_count) return fault(word, "registers out of bounds");
  return {};
}

std::optional<std::string> Verifier::check_operand(size_t word, OperandKind kind,
                                                   uint16_t value) const {
  switch (kind) {
    case OperandKind::Dst:
    case OperandKind::Src:
    case OperandKind::Mod:
      return check_run(word, value, 1);
    case OperandKind::Const:
      if (value >= constant_count) return fault(word, "constant out of bounds");
      return {};
    case OperandKind::Name:
      if (value >= constant_count || !is_name(value)) return fault(word, "operand is no name");
      return {};
    default:
      return {};
  }
}

// Call windows: the header, the arguments and the spare register.
std::optional<std::string> Verifier::check_window(size_t word) const {
  const Instruction& instruction = instructions[word];
  constexpr uint32_t kHeader = 6;
  switch (instruction.opcode) {
    case Opcode::Call:
    case Opcode::CallMethod:
      return check_run(word, instruction.b, kHeader + 1u + instruction.c);
    case Opcode::CallKeyword:
    case Opcode::CallMethodKeyword: {
      uint64_t names;
      std::memcpy(&names, &instructions[word + 1], sizeof(names));
      if (names >= constant_count || !is_tuple(names)) return fault(word, "names are no tuple");
      return check_run(word, instruction.b, kHeader + 1u + instruction.c);
    }
    case Opcode::CallSpread:
      return check_run(word, instruction.b, kHeader + 2);
    case Opcode::LoadMethod:
    case Opcode::LoadSuperMethod:
      return check_run(word, instruction.a, kHeader + 1);
    default:
      return {};
  }
}

std::optional<std::string> Verifier::check_special(size_t word) const {
  const Instruction& instruction = instructions[word];
  switch (instruction.opcode) {
    case Opcode::CopyFree:
    case Opcode::ClearRange:
      return check_run(word, instruction.a, instruction.b);
    case Opcode::LoadSuperAttr:
    case Opcode::LoadSuperMethod:
    case Opcode::BuildSlice:
    case Opcode::MatchClass:
      if (auto found = check_run(word, instruction.b, 3)) return found;
      return check_window(word);
    case Opcode::ImportName:
      return check_run(word, instruction.b, 2);
    case Opcode::UnpackSequence:
      return check_run(word, instruction.a, instruction.c);
    case Opcode::UnpackRest:
      return check_run(word, instruction.a, (instruction.c & 255u) + (instruction.c >> 8) + 1);
    case Opcode::BuildTuple:
    case Opcode::BuildList:
    case Opcode::BuildSet:
    case Opcode::BuildString:
      return check_run(word, instruction.b, instruction.c);
    case Opcode::BuildDict:
      return check_run(word, instruction.b, 2u * instruction.c);
    case Opcode::SplitGroup:
      return check_run(word, instruction.a, 2);
    case Opcode::ExceptionTriple:
      return check_run(word, instruction.a, 3);
    case Opcode::MakeFunction:
      if (!is_code(instruction.b)) return fault(word, "constant is no code");
      if (instruction.c == kAbsent) return {};
      return check_run(word, instruction.c, 4);
    case Opcode::Intrinsic:
      if (instruction.c >= static_cast<uint16_t>(IntrinsicKind::Count)) {
        return fault(word, "unknown intrinsic");
      }
      return {};
    default:
      return check_window(word);
  }
}

std::optional<std::string> Verifier::check_jump(size_t word) const {
  const Instruction& instruction = instructions[word];
  int operand = jump_operand(instruction.opcode);
  if (operand < 0) return {};
  int64_t distance = operand == 1 ? instruction.bc() : instruction.signed_c();
  int64_t next = static_cast<int64_t>(word) + instruction_size(instruction.opcode);
  if (!is_start(next + distance)) return fault(word, "jump to no instruction");
  bool goes_back = distance < 0;
  if (goes_back != (instruction.opcode == Opcode::JumpBack)) {
    return fault(word, "jump in the wrong direction");
  }
  return {};
}

// The value of a passing form must be what the next instruction takes.
std::optional<std::string> Verifier::check_passing(size_t word) const {
  const Instruction& instruction = instructions[word];
  bool to_left = false;
  switch (instruction.opcode) {
    case Opcode::AddToLeft:
    case Opcode::SubtractToLeft:
    case Opcode::MultiplyToLeft:
    case Opcode::TrueDivideToLeft:
      to_left = true;
      break;
    case Opcode::AddToRight:
    case Opcode::SubtractToRight:
    case Opcode::MultiplyToRight:
    case Opcode::TrueDivideToRight:
      break;
    default:
      return {};
  }
  uint16_t left;
  int32_t right;
  if (!takes_number(instructions[word + 1], &left, &right))
    return fault(word, "the next instruction takes no number");
  if (left == right || instruction.a != (to_left ? left : right))
    return fault(word, "the next instruction takes another number");
  return {};
}

std::optional<std::string> Verifier::check_ranges() const {
  for (const ExceptionRange& range : ranges) {
    bool end_is_start = range.end == instructions.size() || is_start(range.end);
    if (range.begin >= range.end || !is_start(range.begin) || !end_is_start) {
      return fault(range.begin, "exception range without bounds");
    }
    if (!is_start(range.handler)) return fault(range.begin, "exception handler is nowhere");
    if (range.exception_register >= register_count) {
      return fault(range.begin, "exception register out of bounds");
    }
  }
  // Inner before outer: of two that overlap, the first must not reach beyond the second.
  for (size_t i = 0; i + 1 < ranges.size(); ++i) {
    const ExceptionRange &inner = ranges[i], &outer = ranges[i + 1];
    bool encloses = inner.begin <= outer.begin && outer.end <= inner.end;
    bool same = inner.begin == outer.begin && inner.end == outer.end;
    if (encloses && !same) return fault(outer.begin, "exception ranges out of order");
  }
  return {};
}

std::optional<std::string> Verifier::run() {
  if (auto found = find_starts()) return found;
  if (register_count > 65000) return fault(0, "too many registers");
  if (local_count > register_count) return fault(0, "more locals than registers");
  if (argument_registers > local_count) return fault(0, "more parameters than locals");
  if (position_count != instructions.size()) return fault(0, "positions do not match");
  for (size_t word = 0; word < instructions.size(); ++word) {
    if (!starts_[word]) continue;
    const Instruction& instruction = instructions[word];
    const OpcodeInfo& info = opcode_info(instruction.opcode);
    const uint16_t values[] = {instruction.a, instruction.b, instruction.c};
    for (int i = 0; i < 3; ++i) {
      bool may_be_absent = instruction.opcode == Opcode::FormatValue && i == 2;
      if (may_be_absent && values[i] == kAbsent) continue;
      if (auto found = check_operand(word, info.operands[i], values[i])) return found;
    }
    if (auto found = check_special(word)) return found;
    if (auto found = check_jump(word)) return found;
    if (auto found = check_passing(word)) return found;
  }
  return check_ranges();
}

uint32_t count_arguments(uint32_t flags, uint32_t positional, uint32_t keyword_only) {
  return positional + keyword_only + ((flags & Code::kVarArgs) ? 1 : 0) +
         ((flags & Code::kVarKeywords) ? 1 : 0);
}

class CodeVerifier final : public Verifier {
 public:
  explicit CodeVerifier(const Code& code) : code_(code) {
    instructions = {code.instructions, code.instruction_count};
    ranges = {code.ranges, code.range_count};
    constant_count = code.constant_count;
    register_count = code.register_count;
    local_count = code.local_count;
    position_count = code.position_count;
    argument_registers = count_arguments(code.flags, code.argument_count, code.keyword_only_count);
  }
  bool is_name(size_t i) const override {
    const Str* text = try_as<Str>(code_.constants[i]);
    return text && text->is_interned();
  }
  bool is_tuple(size_t i) const override { return is_kind(code_.constants[i], CellKind::Tuple); }
  bool is_code(size_t i) const override { return is_kind(code_.constants[i], CellKind::Code); }

 private:
  const Code& code_;
};

class DraftVerifier final : public Verifier {
 public:
  explicit DraftVerifier(const CodeDraft& draft) : draft_(draft) {
    instructions = draft.instructions;
    ranges = draft.ranges;
    constant_count = draft.constants.size();
    register_count = draft.register_count;
    local_count = draft.local_names.size();
    position_count = draft.positions.size();
    argument_registers =
        count_arguments(draft.flags, draft.argument_count, draft.keyword_only_count);
  }
  bool is_name(size_t i) const override {
    return draft_.constants[i].kind == ConstantDraft::Kind::Str && draft_.constants[i].interned;
  }
  bool is_tuple(size_t i) const override {
    return draft_.constants[i].kind == ConstantDraft::Kind::Tuple;
  }
  bool is_code(size_t i) const override {
    return draft_.constants[i].kind == ConstantDraft::Kind::Code;
  }

 private:
  const CodeDraft& draft_;
};

}  // namespace

std::optional<std::string> verify(const Code& code) { return CodeVerifier(code).run(); }
std::optional<std::string> verify(const CodeDraft& draft) { return DraftVerifier(draft).run(); }

}  // namespace apy
