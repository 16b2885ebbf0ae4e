#pragma once
// Source text to a draft, for tests.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "lexer/name_table.h"
#include "lexer/source.h"
#include "parser/parser.h"
#include "parser/resolve.h"
#include "vm/bytecode/opcode_info.h"
#include "vm/bytecode/verify.h"
#include "vm/compiler/compile.h"

namespace apy::test {

inline void verify_all(const CodeDraft& draft) {
  auto fault = verify(draft);
  CHECK_MESSAGE(!fault, draft.qualname, ": ", fault.value_or(""));
  for (const ConstantDraft& constant : draft.constants) {
    if (constant.code) verify_all(*constant.code);
  }
}

inline std::unique_ptr<CodeDraft> compiled(const std::string& text,
                                           const CompileOptions& options = {}) {
  Source source = Source::from_text("test.py", text);
  NameTable names;
  ParseResult parsed = parse(source, names);
  REQUIRE_MESSAGE(parsed.root, parsed.error.message);
  ResolveOptions resolve_options;
  resolve_options.allow_top_level_await = options.top_level_await;
  Resolution resolution = resolve(parsed.root, names, resolve_options);
  REQUIRE_MESSAGE(resolution.ok, resolution.error.message);
  CompileResult result = compile(parsed.root, source, options);
  REQUIRE_MESSAGE(result.draft, result.error.message);
  verify_all(*result.draft);
  return std::move(result.draft);
}

/// The code of the function called `name`, wherever it is nested.
inline const CodeDraft* code_named(const CodeDraft& draft, const std::string& name) {
  for (const ConstantDraft& constant : draft.constants) {
    if (!constant.code) continue;
    if (constant.code->name == name) return constant.code.get();
    if (const CodeDraft* inner = code_named(*constant.code, name)) return inner;
  }
  return nullptr;
}

/// Opcode names in order, separated by spaces.
inline std::string opcodes(const CodeDraft& draft) {
  std::string out;
  for (size_t word = 0; word < draft.instructions.size();) {
    Opcode opcode = draft.instructions[word].opcode;
    out += (out.empty() ? "" : " ") + std::string(opcode_info(opcode).name);
    word += instruction_size(opcode);
  }
  return out;
}

/// The opcodes of `def f(a, b, c):` with this body, indented by one space.
inline std::string body_opcodes(const std::string& body) {
  auto draft = compiled("def f(a, b, c):\n " + body + "\n");
  return opcodes(*code_named(*draft, "f"));
}

}  // namespace apy::test
