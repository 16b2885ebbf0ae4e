#include <doctest/doctest.h>

#include "tests/unit/lexer/lex.h"

// What CPython 3.13 prints for each of these files, but for the file's name.

using apy::test::error_text;
using apy::test::Lexed;

namespace {

std::string shown(int line, const char* excerpt, const char* rest) {
  return "  File \"x.py\", line " + std::to_string(line) + "\n" + excerpt + rest + "\n";
}

std::string repeat(std::string_view text, int count) {
  std::string out;
  while (count-- > 0) out += text;
  return out;
}

std::string nested_fstrings(int depth) {
  return repeat("f\"{", depth) + "1" + repeat("}\"", depth);
}

}  // namespace

TEST_CASE("unterminated strings") {
  CHECK(error_text("x = 'abc\n") ==
        shown(1, "    x = 'abc\n        ^\n",
              "SyntaxError: unterminated string literal (detected at line 1)"));
  CHECK(error_text("x = \"abc\\\"\n") ==
        shown(1, "    x = \"abc\\\"\n        ^\n",
              "SyntaxError: unterminated string literal (detected at line 1); perhaps you escaped "
              "the end quote?"));
  CHECK(error_text("'\\\nabc") ==
        shown(1, "    '\\\n    ^\n",
              "SyntaxError: unterminated string literal (detected at line 2)"));
  CHECK(error_text("\n\"\"\"abc\n\n") ==
        shown(2, "    \"\"\"abc\n    ^\n",
              "SyntaxError: unterminated triple-quoted string literal (detected at line 3)"));
  CHECK(error_text("f\"abc") ==
        shown(1, "    f\"abc\n    ^\n",
              "SyntaxError: unterminated f-string literal (detected at line 1)"));
  CHECK(error_text("f'''abc\n\n") ==
        shown(1, "    f'''abc\n    ^\n",
              "SyntaxError: unterminated triple-quoted f-string literal (detected at line 2)"));
}

TEST_CASE("brackets") {
  CHECK(
      error_text("x = (1,\n  [2,\n  3}") ==
      shown(
          3, "    3}\n     ^\n",
          "SyntaxError: closing parenthesis '}' does not match opening parenthesis '[' on line 2"));
  CHECK(error_text("(x]") == shown(1, "    (x]\n      ^\n",
                                   "SyntaxError: closing parenthesis ']' does not match opening "
                                   "parenthesis '('"));
  CHECK(error_text("x)") == shown(1, "    x)\n     ^\n", "SyntaxError: unmatched ')'"));
  CHECK(error_text("x = [1, 2\nprint(x)") ==
        shown(1, "    x = [1, 2\n        ^\n", "SyntaxError: '[' was never closed"));
  std::string parens(201, '(');
  CHECK(error_text(parens).ends_with("SyntaxError: too many nested parentheses\n"));
  CHECK(Lexed(parens).error.span.begin == 200);
  CHECK(Lexed(parens.substr(1)).error.message == "'(' was never closed");
}

TEST_CASE("indentation") {
  CHECK(error_text("if 1:\n  x\n y = 1\n") ==
        shown(3, "    y = 1\n         ^\n",
              "IndentationError: unindent does not match any outer indentation level"));
  CHECK(error_text("if 1:\n\tx\n        y\n") ==
        shown(3, "    y\n", "TabError: inconsistent use of tabs and spaces in indentation"));
  CHECK(
      error_text("if 1:\n        x\n\ty\n") ==
      shown(3, "    \ty\n    ^\n", "TabError: inconsistent use of tabs and spaces in indentation"));
  std::string deep;
  for (int level = 0; level < 101; ++level) {
    deep += std::string(static_cast<size_t>(level), ' ') + "if 1:\n";
  }
  CHECK(error_text(deep) ==
        shown(101, "    if 1:\n", "IndentationError: too many levels of indentation"));
}

TEST_CASE("line continuation") {
  CHECK(error_text("x = 1 + \\ 2\n") ==
        shown(1, "    x = 1 + \\ 2\n             ^\n",
              "SyntaxError: unexpected character after line continuation character"));
  CHECK(error_text("x = \\") ==
        shown(1, "    x = \\\n         ^\n", "SyntaxError: unexpected EOF while parsing"));
  CHECK(error_text("\\\n") == shown(1, "    \\\n", "SyntaxError: unexpected EOF while parsing"));
  CHECK(error_text("(\\\n") == shown(1, "    (\\\n    ^\n", "SyntaxError: '(' was never closed"));
}

TEST_CASE("numbers") {
  struct Case {
    const char* text;
    uint32_t column;
    const char* message;
  };
  const char* zeros =
      "leading zeros in decimal integer literals are not permitted; use an 0o prefix for octal "
      "integers";
  const Case cases[] = {
      {"0777", 0, zeros},
      {"0_7", 0, zeros},
      {"0x", 1, "invalid hexadecimal literal"},
      {"0x_", 2, "invalid hexadecimal literal"},
      {"0o8", 2, "invalid digit '8' in octal literal"},
      {"0o7_8", 4, "invalid digit '8' in octal literal"},
      {"0o7a", 2, "invalid octal literal"},
      {"0b12", 3, "invalid digit '2' in binary literal"},
      {"0b1a", 2, "invalid binary literal"},
      {"1_", 1, "invalid decimal literal"},
      {"1__0", 1, "invalid decimal literal"},
      {"1e", 0, "invalid decimal literal"},
      {"1e+", 2, "invalid decimal literal"},
      {"1.real", 1, "invalid decimal literal"},
      {"1._5", 1, "invalid decimal literal"},
      {"12e_5", 1, "invalid decimal literal"},
      {"1e5x", 2, "invalid decimal literal"},
      {"0_e", 1, "invalid decimal literal"},
      {"1jx", 1, "invalid imaginary literal"},
      {"0or 2", 1, "invalid octal literal"},
      {"1order", 0, "invalid decimal literal"},
  };
  for (const Case& expected : cases) {
    CAPTURE(expected.text);
    Lexed lexed(expected.text);
    CHECK(lexed.error.message == expected.message);
    CHECK(lexed.error.span.begin == expected.column);
  }
  CHECK(error_text("x = 00_7") ==
        shown(1, "    x = 00_7\n        ^^^\n", ("SyntaxError: " + std::string(zeros)).c_str()));
}

TEST_CASE("characters") {
  CHECK(error_text("a = \xE2\x82\xAC"
                   "b") == shown(1,
                                 "    a = \xE2\x82\xAC"
                                 "b\n        ^\n",
                                 "SyntaxError: invalid character '\xE2\x82\xAC' (U+20AC)"));
  CHECK(error_text("\xC3\xA9\xE2\x82\xAC") ==
        shown(1, "    \xC3\xA9\xE2\x82\xAC\n     ^\n",
              "SyntaxError: invalid character '\xE2\x82\xAC' (U+20AC)"));
  CHECK(error_text("a\xC2\xA0"
                   "b") == shown(1,
                                 "    a\xC2\xA0"
                                 "b\n     ^\n",
                                 "SyntaxError: invalid non-printable character U+00A0"));
  CHECK(Lexed("a\x01").error.message == "invalid non-printable character U+0001");
}

TEST_CASE("f-strings") {
  CHECK(error_text("f\"{x\"\n") ==
        shown(1, "    f\"{x\"\n        ^\n", "SyntaxError: f-string: expecting '}'"));
  CHECK(error_text("f\"{x") ==
        shown(1, "    f\"{x\n      ^\n", "SyntaxError: '{' was never closed"));
  CHECK(error_text("f\"}\"") ==
        shown(1, "    f\"}\"\n      ^\n", "SyntaxError: f-string: single '}' is not allowed"));
  CHECK(error_text("f\"{x:}}\"") == shown(1, "    f\"{x:}}\"\n          ^\n",
                                          "SyntaxError: f-string: single '}' is not allowed"));
  CHECK(error_text("f\"{a]}\"") ==
        shown(1, "    f\"{a]}\"\n        ^\n", "SyntaxError: f-string: unmatched ']'"));
  CHECK(error_text("f\"{(]}\"") ==
        shown(1, "    f\"{(]}\"\n        ^\n",
              "SyntaxError: closing parenthesis ']' does not match opening "
              "parenthesis '('"));
  CHECK(Lexed("f\"{x:{y:{z}}}\"").failed == false);
  CHECK(error_text("f\"{x:{y:{z:{w}}}}\"") ==
        shown(1, "    f\"{x:{y:{z:{w}}}}\"\n              ^\n",
              "SyntaxError: f-string: expressions nested too deeply"));
  CHECK(error_text("f\"{x # c}\"") ==
        shown(1, "    f\"{x # c}\"\n      ^\n", "SyntaxError: '{' was never closed"));
  CHECK(Lexed(nested_fstrings(149)).failed == false);
  Lexed deep(nested_fstrings(150));
  CHECK(deep.error.message == "too many nested f-strings");
  CHECK(deep.error.span.begin == 448);
}

TEST_CASE("encodings and NUL bytes") {
  CHECK(error_text("y = '\xFF'\n") ==
        "SyntaxError: Non-UTF-8 code starting with '\\xff' in file x.py on line 1, but no encoding "
        "declared; see https://peps.python.org/pep-0263/ for details\n");
  CHECK(error_text("(\n'''\n\xFF") ==
        "SyntaxError: Non-UTF-8 code starting with '\\xff' in file x.py on line 3, but no encoding "
        "declared; see https://peps.python.org/pep-0263/ for details\n");
  CHECK(error_text("# coding: foo\n1") == "SyntaxError: encoding problem: foo\n");
  CHECK(error_text("# coding: ascii\ny = '\xFF'\n") == "SyntaxError: encoding problem: ascii\n");
  CHECK(error_text("\xEF\xBB\xBF# coding: latin-1\n1") ==
        "SyntaxError: encoding problem: iso-8859-1 with BOM\n");
  CHECK(Lexed("# coding: utf-8\ny = '\xFF'\n").error.message ==
        "(unicode error) 'utf-8' codec can't decode byte 0xff in position 0: invalid start byte");
  std::string_view nul("a = 1\nx=1\0\n", 11);
  CHECK(error_text(nul) ==
        shown(2, "    x=1\n", "SyntaxError: source code cannot contain null bytes"));
  CHECK(Lexed("b\n'\xFF'").tokens[0].kind == apy::TokenKind::Name);
}

TEST_CASE("modules and texts word decoding problems differently from scripts") {
  using apy::Source;
  Source module = Source::from_bytes("m.py", "# coding: foo\n", apy::SourceOrigin::Module);
  REQUIRE(module.decode_error());
  CHECK(apy::render_diagnostic(module, *module.decode_error()) ==
        "  File \"m.py\", line 0\nSyntaxError: unknown encoding: foo\n");
  Source text = Source::from_text("<string>", std::string_view("a\0", 2));
  REQUIRE(text.decode_error());
  CHECK(text.decode_error()->message == "source code string cannot contain null bytes");
  CHECK(!Source::from_text("<string>", "# coding: foo\n\xC3\xA9").decode_error());
}

TEST_CASE("what more input could repair is incomplete") {
  for (const char* text : {"(", "'''a", "f'''a", "x = \\", "f'{x"}) {
    CAPTURE(text);
    CHECK(Lexed(text).error.incomplete);
  }
  for (const char* text : {"'a\n", ")", "1_", "if 1:\n  x\n y"}) {
    CAPTURE(text);
    CHECK(!Lexed(text).error.incomplete);
  }
}

TEST_CASE("which error wins over one of the parser's") {
  CHECK(apy::lexer_error_wins(Lexed("y y\n'abc\n").error, 2, 1));
  CHECK(!apy::lexer_error_wins(Lexed("y y\nx = (\n").error, 2, 1));
  CHECK(apy::lexer_error_wins(Lexed("x = (\ny y\n").error, 1, 2));
  CHECK(!apy::lexer_error_wins(Lexed("y y\n \\ x").error, 2, 1));
}

TEST_CASE("the error token stays") {
  apy::Source source = apy::Source::from_bytes("x.py", "a )");
  apy::NameTable names;
  apy::Lexer lexer(source, names);
  CHECK(lexer.next().kind == apy::TokenKind::Name);
  for (int i = 0; i < 3; ++i) {
    CHECK(lexer.next().kind == apy::TokenKind::Error);
  }
}
