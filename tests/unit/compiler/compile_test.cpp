#include "tests/unit/compiler/compile_helpers.h"

using namespace apy;
using namespace apy::test;

TEST_CASE("operands and destinations are locals in place") {
  CHECK(body_opcodes("return a + b") == "Add Return");
  CHECK(body_opcodes("a = b * c\n return a") == "Multiply Return");
  CHECK(body_opcodes("a = a + 1\n return a - 2") == "AddInt SubtractInt Return");
  CHECK(body_opcodes("a += b\n a *= c\n return a") == "InPlaceAdd InPlaceMultiply Return");
  CHECK(body_opcodes("a, b = b, a + b\n return a") == "Add Move Move Return");
  CHECK(body_opcodes("return f(a)[b]") == "LoadGlobal Move Call LoadItem Return");
}

TEST_CASE("a swap copies only what would be overwritten") {
  CHECK(body_opcodes("a, b = b, a\n return a") == "Move Move Move Return");
}

TEST_CASE("conditions become fused jumps") {
  CHECK(body_opcodes("if a < b: return c\n return a") == "JumpUnlessLess Return Return");
  CHECK(body_opcodes("if not a == 3: return c\n return a") == "JumpIfEqualInt Return Return");
  CHECK(body_opcodes("if a is None or b in c: return c\n return a") ==
        "JumpIfNone JumpIfNotIn Return Return");
  CHECK(body_opcodes("return a if b is not None else c") == "JumpIfNone Move Jump Move Return");
}

TEST_CASE("loops test at the top and jump back at the bottom") {
  CHECK(body_opcodes("while a < 10: a += 1\n return a") ==
        "JumpUnlessLessInt InPlaceAddInt JumpBack Return");
  CHECK(body_opcodes("while True: a()") == "Move Call JumpBack");
  CHECK(body_opcodes("for b in a: c = b\n return c") == "GetIter ForIter Move JumpBack Return");
}

TEST_CASE("only locals that may be unbound are checked") {
  CHECK(body_opcodes("if a: x = b\n else: x = c\n return x") ==
        "ClearRange JumpIfFalse Move Jump Move Return");
  CHECK(body_opcodes("if a: x = b\n return x") == "ClearRange JumpIfFalse Move CheckBound Return");
  CHECK(body_opcodes("del a\n return a") == "Clear CheckBound Return");
  CHECK(body_opcodes("for x in a: pass\n return x") ==
        "ClearRange GetIter ForIter JumpBack CheckBound Return");
  CHECK(body_opcodes("while a:\n  b()\n  del b") ==
        "JumpIfFalse CheckBound Move Call Clear JumpBack LoadConst Return");
}

TEST_CASE("constants are folded") {
  auto draft = compiled("x = (1, 2 + 3, -4, 'a' * 3, 1 + 2j, not 0)\n");
  CHECK(opcodes(*draft) == "LoadConst StoreGlobal LoadConst Return");
  const ConstantDraft& tuple = draft->constants[0];
  REQUIRE(tuple.items.size() == 6);
  CHECK(tuple.items[1].integer == 5);
  CHECK(tuple.items[2].integer == -4);
  CHECK(tuple.items[3].text == "aaa");
  CHECK(tuple.items[4].imaginary == 2);
  CHECK(tuple.items[5].kind == ConstantDraft::Kind::True);
  CHECK(body_opcodes("if __debug__: return a\n return b") == "Return");
  CHECK(body_opcodes("return 2 ** 64 + a") == "LoadConst Add Return");
}

TEST_CASE("long chains of operators do not recurse") {
  std::string sum = "x = a";
  for (int i = 0; i < 20000; ++i) sum += " + a";
  CHECK(compiled(sum + "\n")->register_count < 10);
}

TEST_CASE("arguments are evaluated into the window of their call") {
  CHECK(body_opcodes("return a.m(b, 1)") == "LoadMethod Move LoadInt CallMethod Return");
  CHECK(body_opcodes("return g(a.x, k=b)") == "LoadGlobal LoadAttr Move CallKeyword Return");
  CHECK(body_opcodes("return g(*a)") == "LoadGlobal Move LoadConst CallSpread Return");
  CHECK(body_opcodes("return g(h(a), h(b))") ==
        "LoadGlobal LoadGlobal Move Call LoadGlobal Move Call Call Return");
}

TEST_CASE("a try statement costs nothing on the way through") {
  CHECK(body_opcodes("try: a()\n except E: b()\n return c") ==
        "Move Call Jump PushHandled LoadGlobal MatchException JumpIfFalse Move Call PopHandled "
        "Jump PopHandled Reraise PopHandled Reraise Return");
}

TEST_CASE("ranges are inner before outer and interrupted by what runs on the way out") {
  auto draft = compiled(
      "def f(a):\n"
      " try:\n"
      "  try: return a()\n"
      "  finally: b()\n"
      " finally: c()\n");
  const CodeDraft* code = code_named(*draft, "f");
  REQUIRE(code);
  // The inner body, then the inner finally body (its copy for return is in the outer range only).
  const auto& ranges = code->ranges;
  REQUIRE(ranges.size() >= 4);
  CHECK(ranges[0].begin == 0);
  CHECK(ranges[1].begin <= ranges[0].begin);
  CHECK(ranges[1].end > ranges[0].end);
  CHECK(ranges[0].handler != ranges[1].handler);
}

TEST_CASE("comprehensions are part of the code around them") {
  auto draft = compiled("def f(a):\n return [x + a for x in a if x]\n");
  const CodeDraft* code = code_named(*draft, "f");
  CHECK(opcodes(*code) ==
        "ClearRange GetIter BuildList ForIter JumpIfFalse Add ListAppend JumpBack Return");
  CHECK(code->cell_names.empty());
}

TEST_CASE("closures capture cells") {
  auto draft = compiled("def f(a):\n def g(): return a\n return g\n");
  const CodeDraft* outer = code_named(*draft, "f");
  const CodeDraft* inner = code_named(*draft, "g");
  CHECK(outer->cell_names == std::vector<std::string>{"a"});
  CHECK(inner->free_names == std::vector<std::string>{"a"});
  CHECK(inner->qualname == "f.<locals>.g");
  CHECK(opcodes(*inner) == "CopyFree LoadCell Return");
}

TEST_CASE("positions are those of CPython") {
  auto draft = compiled("x = (a\n  .foo(1,\n     2)\n  .bar)\n");
  auto position_of = [&](Opcode opcode) {
    for (size_t i = 0; i < draft->instructions.size(); ++i) {
      if (draft->instructions[i].opcode == opcode) return draft->positions[i];
    }
    return Position{};
  };
  Position call = position_of(Opcode::CallMethod);
  CHECK(call.line == 2);
  CHECK(call.end_line == 3);
  CHECK(call.column == 3);
  CHECK(call.end_column == 7);
  Position attribute = position_of(Opcode::LoadAttr);
  CHECK(attribute.line == 4);
  CHECK(attribute.column == 3);
  CHECK(attribute.end_column == 6);
}

TEST_CASE("parameters come in the order of CPython's varnames") {
  auto draft = compiled("def f(a, /, b, *c, d, **e):\n g = 1\n");
  const CodeDraft* code = code_named(*draft, "f");
  CHECK(code->local_names == std::vector<std::string>{"a", "b", "d", "c", "e", "g"});
  CHECK(code->argument_count == 2);
  CHECK(code->positional_only_count == 1);
  CHECK(code->keyword_only_count == 1);
}

TEST_CASE("names at the top level of exec go through the namespace") {
  CompileOptions options;
  options.use_namespace = true;
  auto draft = compiled("x = y\n", options);
  CHECK(opcodes(*draft) == "LoadName StoreName LoadConst Return");
}

TEST_CASE("top-level await makes the module a coroutine") {
  CompileOptions options;
  options.top_level_await = true;
  auto is_coroutine = [&](const char* text) {
    return (compiled(text, options)->flags & Code::kCoroutine) != 0;
  };
  CHECK(is_coroutine("await x\n"));
  CHECK(!is_coroutine("x\n"));
}

TEST_CASE("a documentation string loses its indentation and is constant 0") {
  auto draft = compiled("def f():\n  '''  One.\n\n      Two\n    three'''\n  return 'x'\n");
  const CodeDraft* code = code_named(*draft, "f");
  REQUIRE(code->has_doc);
  CHECK(code->constants[0].text == "One.\n\n  Two\nthree");
}
