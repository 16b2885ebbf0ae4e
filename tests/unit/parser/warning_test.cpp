#include <doctest/doctest.h>

#include "tests/unit/parser/parse_helpers.h"

// What CPython 3.13 warns of in the same text.

namespace {

struct Case {
  const char* source;
  const char* warnings;
};

constexpr Case kCases[] = {
    {"\"\\d\"", "1: invalid escape sequence '\\d'\n"},
    {"b\"\\d\"", "1: invalid escape sequence '\\d'\n"},
    {"f\"\\d{x}\"", "1: invalid escape sequence '\\d'\n"},
    {"\"\\400\"", "1: invalid octal escape sequence '\\400'\n"},
    {"x is 1", "1: \"is\" with 'int' literal. Did you mean \"==\"?\n"},
    {"x is not \"a\"", "1: \"is not\" with 'str' literal. Did you mean \"!=\"?\n"},
    {"x is ()", "1: \"is\" with 'tuple' literal. Did you mean \"==\"?\n"},
    {"x is -1", "1: \"is\" with 'int' literal. Did you mean \"==\"?\n"},
    {"x is None", ""},
    {"1 is 1", "1: \"is\" with 'int' literal. Did you mean \"==\"?\n"},
    {"assert (x, \"m\")", "1: assertion is always true, perhaps remove parentheses?\n"},
    {"assert ()", ""},
    {"1()", "1: 'int' object is not callable; perhaps you missed a comma?\n"},
    {"\"a\"()", "1: 'str' object is not callable; perhaps you missed a comma?\n"},
    {"(1, 2)()", "1: 'tuple' object is not callable; perhaps you missed a comma?\n"},
    {"[1](2)", "1: 'list' object is not callable; perhaps you missed a comma?\n"},
    {"(lambda: 1)()", ""},
    {"f\"a\"()", "1: 'str' object is not callable; perhaps you missed a comma?\n"},
    {"1[2]", "1: 'int' object is not subscriptable; perhaps you missed a comma?\n"},
    {"\"a\"[\"b\"]",
     "1: str indices must be integers or slices, not str; perhaps you missed a comma"
     "?\n"},
    {"[1, 2][\"a\"]",
     "1: list indices must be integers or slices, not str; perhaps you missed a comm"
     "a?\n"},
    {"[1][1.5]",
     "1: list indices must be integers or slices, not float; perhaps you missed a co"
     "mma?\n"},
    {"[1][x]", ""},
    {"[1][None]",
     "1: list indices must be integers or slices, not NoneType; perhaps you missed a"
     " comma?\n"},
    {"{1}[2]", "1: 'set' object is not subscriptable; perhaps you missed a comma?\n"},
    {"\"a\"[1:2]", ""},
    {"x[1][\"a\"]", ""},
    {"\"a\" \"\\q\"", "1: invalid escape sequence '\\q'\n"},
    {"0x1for x in y", "1: invalid hexadecimal literal\n"},
    {"1if 2else 3", "1: invalid decimal literal\n1: invalid decimal literal\n"},
    {"def f():\n  x is 1\n  return \"a\"()",
     "2: \"is\" with 'int' literal. Did you mean \"==\"?\n"
     "3: 'str' object is not callable; perhaps you missed a comma?\n"},
};

}  // namespace

TEST_CASE("warnings") {
  for (const Case& expected : kCases) {
    CAPTURE(expected.source);
    apy::test::Compiled text(expected.source);
    CHECK(text.error() == "");
    CHECK(text.warnings() == expected.warnings);
  }
}
