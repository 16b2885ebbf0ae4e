#include <doctest/doctest.h>

#include "parser/dump.h"
#include "tests/unit/parser/parse_helpers.h"

// Nesting never exhausts the stack, whether the text is right or wrong.

using apy::test::Compiled;
using apy::test::repeat;

namespace {

constexpr const char* kTooDeep =
    "RecursionError: maximum recursion depth exceeded during compilation";

std::string nested(const char* open, const char* inside, const char* close, int depth) {
  return repeat(open, depth) + inside + repeat(close, depth);
}

}  // namespace

TEST_CASE("as many brackets as the lexer allows") {
  CHECK(Compiled(nested("(", "a", ")", 199)).error() == "");
  CHECK(Compiled(nested("[", "a", "]", 199)).error() == "");
  CHECK(Compiled(nested("{1: ", "a", "}", 199)).error() == "");
  CHECK(Compiled(nested("f(a, ", "a", ")", 199)).error() == "");
  CHECK(Compiled(nested("a[", "a", "]", 199)).error() == "");
  CHECK(Compiled(nested("[a for a in ", "a", "]", 199)).error() == "");
  CHECK(Compiled("match x:\n case " + nested("[", "a", "]", 199) + ": pass").error() == "");
  CHECK(Compiled(nested("(", "a", ",)", 199) + " = b").error() == "");
}

TEST_CASE("long chains that lean left, and long lists") {
  constexpr int kMany = 50000;
  CHECK(Compiled(repeat("a + ", kMany) + "a").error() == "");
  CHECK(Compiled(repeat("a * -", kMany) + "a").error() == "");
  CHECK(Compiled(repeat("a < ", kMany) + "a").error() == "");
  CHECK(Compiled(repeat("a or b and ", kMany) + "a").error() == "");
  CHECK(Compiled("if a: b\n" + repeat("elif a: b\n", kMany)).error() == "");
  CHECK(Compiled(repeat("a = ", kMany) + "b").error() == "");
  CHECK(Compiled("a" + repeat(".b", 490)).error() == "");
}

TEST_CASE("chains that lean right or pile up trailers have a limit") {
  constexpr int kMany = 50000;
  for (const char* piece : {"-", "not ", "lambda: ", "a if b else ", "a ** "}) {
    CAPTURE(piece);
    CHECK(Compiled(repeat(piece, kMany) + "a").error() == kTooDeep);
  }
  for (const char* trailer : {".b", "()", "[0]"}) {
    CAPTURE(trailer);
    CHECK(Compiled("a" + repeat(trailer, kMany)).error() == kTooDeep);
  }
}

TEST_CASE("wrong texts are diagnosed in reasonable time") {
  for (const char* open : {"(", "[", "{", "{1: ", "f(", "f(a, ", "a[", "lambda: (", "f(*", "{**"}) {
    CAPTURE(open);
    CHECK(Compiled(repeat(open, 150) + "1 2").error() != "");
    CHECK(Compiled(repeat(open, 150) + "a = b").error() != "");
  }
  CHECK(Compiled("match x:\n case " + nested("[", "1 2", "]", 150) + ": pass").error() ==
        "SyntaxError: invalid syntax");
}

TEST_CASE("a caller's stack limit holds") {
  apy::ParseOptions options;
  options.stack_limit = static_cast<char*>(__builtin_frame_address(0)) - 8 * 1024;
  apy::test::Parsed text(nested("(", "a", ")", 150), options);
  CHECK(!text.result);
  CHECK(text.result.error.kind == apy::DiagnosticKind::RecursionError);
}

TEST_CASE("a chain is dumped without recursion") {
  Compiled text(repeat("a + ", 2000) + "a");
  CHECK(apy::dump(text.result.root).size() > 1000000);
}
