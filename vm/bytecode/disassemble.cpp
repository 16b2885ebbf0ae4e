#include "vm/bytecode/disassemble.h"

#include <cstdio>
#include <cstring>
#include <span>

#include "vm/bytecode/opcode_info.h"
#include "vm/objects/number.h"
#include "vm/objects/set.h"
#include "vm/objects/str.h"

namespace apy {
namespace {

/// What a Code and a CodeDraft have in common, with constants as text.
struct Listing {
  std::string name, qualname;
  uint32_t flags, argument_count, register_count;
  int32_t first_line;
  std::vector<std::string> locals, cells, frees, constants;
  std::span<const Instruction> instructions;
  std::span<const Position> positions;
  std::span<const ExceptionRange> ranges;
};

std::string quoted(std::string_view text, char prefix = 0) {
  std::string out;
  if (prefix) out += prefix;
  out += '\'';
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\'' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 32 || byte == 127 || (prefix && byte > 127)) {
      char buffer[8];
      std::snprintf(buffer, sizeof(buffer), "\\x%02x", byte);
      out += buffer;
    } else {
      out += c;
    }
    if (out.size() > 120) return out + "...'";
  }
  return out + "'";
}

template <class Items, class Render>
std::string sequence(const char* open, const Items& items, const char* close, Render render) {
  std::string out = open;
  bool first = true;
  for (const auto& item : items) {
    if (!first) out += ", ";
    first = false;
    out += render(item);
    if (out.size() > 200) return out + " ..." + close;
  }
  return out + close;
}

std::string complex_text(double real, double imaginary) {
  return "(" + float_repr(real) + " + " + float_repr(imaginary) + "j)";
}

std::string constant_text(const ConstantDraft& constant) {
  using enum ConstantDraft::Kind;
  switch (constant.kind) {
    case None:
      return "None";
    case True:
      return "True";
    case False:
      return "False";
    case Ellipsis:
      return "Ellipsis";
    case Int:
      return std::to_string(constant.integer);
    case BigInt:
      return constant.text;
    case Float:
      return float_repr(constant.real);
    case Complex:
      return complex_text(constant.real, constant.imaginary);
    case Str:
      return quoted(constant.text);
    case Bytes:
      return quoted(constant.text, 'b');
    case Tuple:
      return sequence("(", constant.items, ")", constant_text);
    case FrozenSet:
      return sequence("frozenset({", constant.items, "})", constant_text);
    case Code:
      return "<code " + constant.code->name + ">";
  }
  __builtin_unreachable();
}

std::string big_int_text(const BigInt& integer) {
  std::string out = integer.is_negative() ? "-0x" : "0x";
  for (uint64_t i = integer.size; i-- > 0;) {
    char buffer[24];
    const char* format = i + 1 == integer.size ? "%llx" : "%016llx";
    std::snprintf(buffer, sizeof(buffer), format,
                  static_cast<unsigned long long>(integer.limbs()[i]));
    out += buffer;
  }
  return out;
}

std::string constant_text(const Value& value) {
  if (value.is_none()) return "None";
  if (value.is_bool()) return value.as_bool() ? "True" : "False";
  if (value.is_ellipsis()) return "Ellipsis";
  if (value.is_small_int()) return std::to_string(value.as_small_int());
  if (is_float(value)) return float_repr(as_float(value));
  if (auto* text = try_as<Str>(value)) return quoted(to_utf8(text));
  if (auto* bytes = try_as<Bytes>(value)) return quoted(bytes->view(), 'b');
  if (auto* integer = try_as<BigInt>(value)) return big_int_text(*integer);
  if (auto* complex = try_as<Complex>(value))
    return complex_text(complex->real, complex->imaginary);
  if (auto* code = try_as<Code>(value)) return "<code " + to_utf8(code->name) + ">";
  auto render = [](const Value& item) { return constant_text(item); };
  if (auto* tuple = try_as<Tuple>(value)) return sequence("(", tuple->span(), ")", render);
  if (auto* set = try_as<Set>(value)) {
    std::vector<std::string> items;
    size_t position = 0;
    Value key;
    while (set_next(set, &position, &key)) items.push_back(constant_text(key));
    return sequence("frozenset({", items, "})", [](const std::string& item) { return item; });
  }
  return "?";
}

std::vector<std::string> texts(Tuple* names) {
  std::vector<std::string> result;
  for (Value name : names->span()) result.push_back(to_utf8(as<Str>(name)));
  return result;
}

class Printer {
 public:
  explicit Printer(const Listing& listing) : listing_(listing) {}

  std::string run() {
    header();
    size_t word = 0;
    while (word < listing_.instructions.size()) word += line(word);
    for (const ExceptionRange& range : listing_.ranges) {
      append("  exceptions in [%u, %u) go to %u with the exception in ", range.begin, range.end,
             range.handler);
      out_ += register_text(range.exception_register) + "\n";
    }
    return std::move(out_);
  }

 private:
  template <class... A>
  void append(const char* format, A... arguments) {
    char buffer[256];
    std::snprintf(buffer, sizeof(buffer), format, arguments...);
    out_ += buffer;
  }

  void header() {
    out_ += "code " + listing_.qualname;
    append(" (line %d): %u arguments, %u registers, flags 0x%x\n", listing_.first_line,
           listing_.argument_count, listing_.register_count, listing_.flags);
    names("locals", listing_.locals);
    names("cells", listing_.cells);
    names("free", listing_.frees);
  }

  void names(const char* title, const std::vector<std::string>& names) {
    if (names.empty()) return;
    out_ += std::string("  ") + title + ":";
    for (const std::string& name : names) out_ += " " + name;
    out_ += "\n";
  }

  std::string register_text(uint16_t number) const {
    std::string out = "r" + std::to_string(number);
    if (number < listing_.locals.size()) out += ":" + listing_.locals[number];
    return out;
  }

  std::string constant(size_t index) const {
    return index < listing_.constants.size() ? listing_.constants[index] : "?";
  }

  std::string operand(const Instruction& instruction, int which, size_t next) const {
    uint16_t value = which == 0 ? instruction.a : which == 1 ? instruction.b : instruction.c;
    switch (opcode_info(instruction.opcode).operands[which]) {
      case OperandKind::_:
        return {};
      case OperandKind::Dst:
      case OperandKind::Src:
      case OperandKind::Mod:
      case OperandKind::Base:
        return value == 65535 ? "-" : register_text(value);
      case OperandKind::Const:
      case OperandKind::Name:
        return constant(value);
      case OperandKind::Imm:
        return std::to_string(static_cast<int16_t>(value));
      case OperandKind::Count:
        return std::to_string(value);
      case OperandKind::Wide:
        return std::to_string(instruction.bc());
      case OperandKind::Jump:
        return "-> " + std::to_string(static_cast<int64_t>(next) + instruction.signed_c());
      case OperandKind::WideJump:
        return "-> " + std::to_string(static_cast<int64_t>(next) + instruction.bc());
    }
    return {};
  }

  // Appends the line of the instruction at `word` and returns its size in words.
  size_t line(size_t word) {
    const Instruction& instruction = listing_.instructions[word];
    if (instruction.opcode >= Opcode::Count) {
      append("%6zu  unknown opcode %u\n", word, static_cast<unsigned>(instruction.opcode));
      return 1;
    }
    const OpcodeInfo& info = opcode_info(instruction.opcode);
    size_t size = instruction_size(instruction.opcode);
    const Position& position = listing_.positions[word];
    append("%6zu  %4d:%-3d  %-22s", word, position.line, position.column, info.name);
    bool first = true;
    for (int i = 0; i < 3; ++i) {
      std::string text = operand(instruction, i, word + size);
      if (text.empty()) continue;
      out_ += (first ? " " : ", ") + text;
      first = false;
    }
    bool has_names = instruction.opcode == Opcode::CallKeyword ||
                     instruction.opcode == Opcode::CallMethodKeyword;
    if (has_names && word + 1 < listing_.instructions.size()) {
      uint64_t index;
      std::memcpy(&index, &listing_.instructions[word + 1], sizeof(index));
      out_ += ", " + constant(index);
    }
    out_ += "\n";
    return size;
  }

  const Listing& listing_;
  std::string out_;
};

}  // namespace

std::string disassemble(const CodeDraft& draft) {
  Listing listing{draft.name,           draft.qualname,
                  draft.flags,          draft.argument_count,
                  draft.register_count, draft.first_line,
                  draft.local_names,    draft.cell_names,
                  draft.free_names,     {},
                  draft.instructions,   draft.positions,
                  draft.ranges};
  for (const ConstantDraft& constant : draft.constants) {
    listing.constants.push_back(constant_text(constant));
  }
  std::string out = Printer(listing).run();
  for (const ConstantDraft& constant : draft.constants) {
    if (constant.code) out += "\n" + disassemble(*constant.code);
  }
  return out;
}

std::string disassemble(const Code& code) {
  Listing listing{to_utf8(code.name),
                  to_utf8(code.qualname),
                  code.flags,
                  code.argument_count,
                  code.register_count,
                  code.first_line,
                  texts(code.local_names),
                  texts(code.cell_names),
                  texts(code.free_names),
                  {},
                  {code.instructions, code.instruction_count},
                  {code.positions, code.position_count},
                  {code.ranges, code.range_count}};
  for (uint32_t i = 0; i < code.constant_count; ++i) {
    listing.constants.push_back(constant_text(code.constants[i]));
  }
  std::string out = Printer(listing).run();
  for (uint32_t i = 0; i < code.constant_count; ++i) {
    if (auto* nested = try_as<Code>(code.constants[i])) out += "\n" + disassemble(*nested);
  }
  return out;
}

}  // namespace apy
