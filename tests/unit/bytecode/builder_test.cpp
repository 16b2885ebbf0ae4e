#include "vm/bytecode/builder.h"

#include <doctest/doctest.h>

#include "vm/bytecode/verify.h"

using namespace apy;

namespace {

CodeDraft finished(CodeBuilder& builder, uint32_t registers = 8) {
  CodeDraft draft;
  builder.finish(draft);
  draft.register_count = registers;
  auto fault = verify(draft);
  CHECK_MESSAGE(!fault, fault.value_or(""));
  return draft;
}

void pad(CodeBuilder& builder, int count) {
  for (int i = 0; i < count; ++i) builder.emit(Opcode::Clear, 1);
}

}  // namespace

TEST_CASE("a jump counts from the instruction after it and its cache words") {
  CodeBuilder builder;
  Label end = builder.make_label();
  builder.emit_jump(Opcode::JumpIfTrue, 0, 0, end);
  builder.emit(Opcode::LoadGlobal, 1, builder.name("x"));
  builder.place(end);
  builder.emit(Opcode::Return, 1);
  CodeDraft draft = finished(builder);
  CHECK(draft.instructions.size() == 5);
  CHECK(draft.instructions[0].bc() == 3);
}

TEST_CASE("code after the end of a block is dropped until a used label") {
  CodeBuilder builder;
  Label used = builder.make_label(), unused = builder.make_label();
  builder.emit_jump(Opcode::JumpIfTrue, 0, 0, used);
  builder.emit(Opcode::Return, 0);
  builder.place(unused);
  CHECK(!builder.is_reachable());
  pad(builder, 5);
  builder.place(used);
  builder.emit(Opcode::Return, 1);
  CHECK(finished(builder).instructions.size() == 3);
}

TEST_CASE("jumps to jumps are threaded and jumps to the next instruction vanish") {
  CodeBuilder builder;
  Label middle = builder.make_label(), end = builder.make_label();
  builder.emit_jump(Opcode::JumpIfFalse, 0, 0, middle);
  builder.emit(Opcode::Clear, 1);
  builder.place(middle);
  builder.emit_jump(end);
  builder.place(end);
  builder.emit(Opcode::Return, 1);
  CodeDraft draft = finished(builder);
  REQUIRE(draft.instructions.size() == 3);
  CHECK(draft.instructions[0].bc() == 1);
}

TEST_CASE("a fused jump that is too far becomes its inverse over a plain jump") {
  CodeBuilder builder;
  Label end = builder.make_label();
  builder.emit_jump(Opcode::JumpUnlessLess, 0, 1, end);
  pad(builder, 40000);
  builder.place(end);
  builder.emit(Opcode::Return, 1);
  CodeDraft draft = finished(builder);
  CHECK(draft.instructions[0].opcode == Opcode::JumpIfLess);
  CHECK(draft.instructions[0].signed_c() == 1);
  CHECK(draft.instructions[1].opcode == Opcode::Jump);
  CHECK(draft.instructions[1].bc() == 40000);
}

TEST_CASE("a far ForIter jumps over a jump to the body") {
  CodeBuilder builder;
  Label end = builder.make_label();
  Label top = builder.place_here();
  builder.emit_jump(Opcode::ForIter, 0, 1, end);
  pad(builder, 40000);
  builder.emit_jump(Opcode::JumpBack, 0, 0, top);
  builder.place(end);
  builder.emit(Opcode::Return, 1);
  CodeDraft draft = finished(builder);
  CHECK(draft.instructions[0].signed_c() == 1);
  CHECK(draft.instructions[1].bc() == 1);
  CHECK(draft.instructions[2].bc() == 40001);
  CHECK(draft.instructions[40003].bc() == -40004);
}

TEST_CASE("growing one jump can push another out of reach") {
  CodeBuilder builder;
  Label first = builder.make_label(), second = builder.make_label();
  builder.emit_jump(Opcode::JumpIfLess, 0, 1, first);  // just reaches, unless the next grows
  builder.emit_jump(Opcode::JumpIfLess, 0, 1, second);
  pad(builder, 32766);
  builder.place(first);
  pad(builder, 10);
  builder.place(second);
  builder.emit(Opcode::Return, 1);
  CodeDraft draft = finished(builder);
  CHECK(draft.instructions[0].opcode == Opcode::JumpUnlessLess);
  CHECK(draft.instructions[2].opcode == Opcode::JumpUnlessLess);
}

TEST_CASE("equal constants are one, numbers of different types are not") {
  CodeBuilder builder;
  CHECK(builder.constant(ConstantDraft::from_int(1)) == 0);
  CHECK(builder.constant(ConstantDraft::from_float(1)) == 1);
  CHECK(builder.constant(ConstantDraft::boolean(true)) == 2);
  CHECK(builder.constant(ConstantDraft::from_float(0.0)) == 3);
  CHECK(builder.constant(ConstantDraft::from_float(-0.0)) == 4);
  CHECK(builder.constant(ConstantDraft::from_int(1)) == 0);
  CHECK(builder.name("x") == builder.constant(ConstantDraft::from_str("x")));
}

TEST_CASE("too many registers and constants are reported") {
  CodeBuilder registers;
  registers.emit(Opcode::Clear, 65000);
  REQUIRE(registers.failure());
  CHECK(std::string(registers.failure()) == "too many variables and temporaries");
  CodeBuilder constants;
  for (int i = 0; i < 70000; ++i) {
    constants.emit(Opcode::LoadConst, 0, constants.constant(ConstantDraft::from_int(i)));
  }
  REQUIRE(constants.failure());
  CHECK(std::string(constants.failure()) == "too many constants and names");
}

TEST_CASE("the verifier finds faults") {
  auto fault_of = [](auto change) {
    CodeBuilder builder;
    Label end = builder.make_label(), handler = builder.make_label();
    uint32_t begin = builder.mark();
    builder.emit_jump(Opcode::JumpIfTrue, 0, 0, end);
    builder.emit(Opcode::LoadGlobal, 1, builder.name("x"));
    builder.add_range(begin, builder.mark(), handler, 2);
    builder.place(end);
    builder.emit(Opcode::Return, 1);
    builder.place(handler);
    builder.emit(Opcode::Reraise, 2);
    CodeDraft draft;
    builder.finish(draft);
    draft.register_count = 3;
    REQUIRE(!verify(draft));
    change(draft);
    return verify(draft).value_or("none");
  };
  using Draft = CodeDraft;
  CHECK(fault_of([](Draft& d) { d.register_count = 2; }) != "none");
  CHECK(fault_of([](Draft& d) { d.instructions[0].b = 2; }) ==
        "word 0 (JumpIfTrue): jump to no instruction");
  CHECK(fault_of([](Draft& d) { d.instructions[0].set_bc(-1); }) ==
        "word 0 (JumpIfTrue): jump in the wrong direction");
  CHECK(fault_of([](Draft& d) { d.instructions[1].b = 7; }) ==
        "word 1 (LoadGlobal): operand is no name");
  CHECK(fault_of([](Draft& d) { d.constants[0].interned = false; }) ==
        "word 1 (LoadGlobal): operand is no name");
  CHECK(fault_of([](Draft& d) { d.instructions.back().opcode = Opcode::Nop; }) != "none");
  CHECK(fault_of([](Draft& d) { d.ranges[0].handler = 2; }) != "none");
  CHECK(fault_of([](Draft& d) { d.ranges[0].end = 3; }) != "none");
  CHECK(fault_of([](Draft& d) { d.positions.pop_back(); }) != "none");
}

TEST_CASE("a value that only the next instruction reads is passed to it") {
  constexpr Register kLocals = 2;  // above: temporaries
  auto opcode_of_first = [](Register left, Register right, Opcode first = Opcode::Multiply) {
    CodeBuilder builder;
    builder.emit(first, 2, 0, 1);
    builder.pass_number(left, right, kLocals);
    builder.emit(Opcode::Add, 3, left, right);
    builder.emit(Opcode::Return, 3);
    return finished(builder).instructions[0].opcode;
  };
  CHECK(opcode_of_first(2, 0) == Opcode::MultiplyToLeft);
  CHECK(opcode_of_first(0, 2) == Opcode::MultiplyToRight);
  CHECK(opcode_of_first(2, 2) == Opcode::Multiply);  // it would be read twice
  CHECK(opcode_of_first(0, 1) == Opcode::Multiply);
  CHECK(opcode_of_first(2, 0, Opcode::Modulo) == Opcode::Modulo);
  CodeBuilder local;
  local.emit(Opcode::Multiply, 1, 0, 0);
  local.pass_number(1, 0, kLocals);
  local.emit(Opcode::Add, 3, 1, 0);
  local.emit(Opcode::Return, 3);
  CHECK(finished(local).instructions[0].opcode == Opcode::Multiply);
}

TEST_CASE("the verifier lets a number pass only to an instruction that takes it") {
  auto fault_of = [](Opcode next, int64_t a, int64_t b, int64_t c) {
    CodeBuilder builder;
    builder.emit(Opcode::MultiplyToLeft, 2, 0, 1);
    builder.emit(next, a, b, c);
    builder.emit(Opcode::Return, 3);
    CodeDraft draft;
    builder.finish(draft);
    draft.register_count = 8;
    return verify(draft).value_or("none");
  };
  CHECK(fault_of(Opcode::Add, 3, 2, 1) == "none");
  CHECK(fault_of(Opcode::AddInt, 3, 2, 7) == "none");
  CHECK(fault_of(Opcode::Add, 3, 1, 2) ==
        "word 0 (MultiplyToLeft): the next instruction takes another number");
  CHECK(fault_of(Opcode::Add, 3, 2, 2) ==
        "word 0 (MultiplyToLeft): the next instruction takes another number");
  CHECK(fault_of(Opcode::Modulo, 3, 2, 1) ==
        "word 0 (MultiplyToLeft): the next instruction takes no number");
  CHECK(fault_of(Opcode::Move, 3, 2, 0) ==
        "word 0 (MultiplyToLeft): the next instruction takes no number");
}
