#include <doctest/doctest.h>

#include "tests/unit/parser/parse_helpers.h"

namespace {

bool is_complete(std::string_view text) {
  apy::NameTable names;
  return apy::completeness(text, names) == apy::Completeness::Complete;
}

}  // namespace

TEST_CASE("a prompt asks for more lines while a statement is open") {
  for (const char* text : {"if x:\n",
                           "if x:\n  y\n",
                           "if x: y\n",
                           "f(\n",
                           "x = [1,\n",
                           "'''abc\n",
                           "x = \\\n",
                           "@a\n",
                           "@a\ndef f(): pass\n",
                           "try:\n  x\n",
                           "try:\n  x\n\n",
                           "match x:\n case 1:\n",
                           "f'''{\n",
                           "if x:\n  y\nelse:\n",
                           "class A:\n",
                           "async def f():\n",
                           "if x: # c\n",
                           "from a import (\n",
                           "f'{x\n",
                           "def f():\n  return (1,\n"}) {
    CAPTURE(std::string(text));
    CHECK(!is_complete(text));
  }
}

TEST_CASE("a prompt runs what is whole, and reports what is wrong") {
  for (const char* text :
       {"\n", "x\n", "x; y\n", "if x:\n  y\n\n", "if x: y\n\n", "f(\n)\n", "# c\n", "x y\n",
        "x +\n", "if\n", "for x in y\n", "'abc\n", "x)\n", "0777\n", "print 1\n", "  x\n",
        "if x:\n  y\n z\n", "try:\n  x\ny\n", "import\n"}) {
    CAPTURE(std::string(text));
    CHECK(is_complete(text));
  }
}

TEST_CASE("one statement at a time") {
  apy::ParseOptions options;
  options.mode = apy::ParseMode::Interactive;
  CHECK(apy::test::Parsed("x; y\n", options).result);
  CHECK(apy::test::Parsed("if x:\n  y\n\n", options).result);
  apy::test::Parsed two("x\ny\n", options);
  CHECK(two.result.error.message == "multiple statements found while compiling a single statement");
}

TEST_CASE("expressions for eval") {
  apy::ParseOptions options;
  options.mode = apy::ParseMode::Expression;
  CHECK(apy::test::Parsed("a, b\n\n", options).result);
  CHECK(apy::test::Parsed("x = 1", options).result.error.message == "invalid syntax");
  CHECK(apy::test::Parsed("", options).result.error.message == "invalid syntax");
}
