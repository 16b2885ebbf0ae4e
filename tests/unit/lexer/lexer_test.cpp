#include "lexer/lexer.h"

#include <doctest/doctest.h>

#include "tests/unit/lexer/lex.h"

using apy::TokenKind;
using apy::test::Lexed;
using apy::test::summary;

TEST_CASE("every operator and keyword of token.def is its own token") {
  auto first_kind = [](const char* text) { return Lexed(text).tokens[0].kind; };
#define APY_OPERATOR(kind, spelling)                                    \
  if (std::string_view(")]}").find(spelling) == std::string_view::npos) \
    CHECK(first_kind(spelling " ") == TokenKind::kind);
#define APY_KEYWORD(kind, spelling) CHECK(first_kind(spelling " ") == TokenKind::Kw##kind);
#include "lexer/token.def"
  CHECK(summary("()[]{}") == "( ) [ ] { } NL END");
}

TEST_CASE("operators take the longest match") {
  CHECK(summary("a<<=b>>c**=d//=e->f:=g...h..i") ==
        "N(a) <<= N(b) >> N(c) **= N(d) //= N(e) -> N(f) := N(g) ... N(h) . . N(i) NL END");
}

TEST_CASE("characters outside the grammar are left to the parser") {
  CHECK(summary("a $ b ? c <> d ` e") ==
        "N(a) unknown operator N(b) unknown operator N(c) != N(d) unknown operator "
        "N(e) NL END");
}

TEST_CASE("soft keywords are names") {
  CHECK(summary("match case type _") == "N(match) N(case) N(type) N(_) NL END");
}

TEST_CASE("equal names share one text, normalised to NFKC") {
  Lexed lexed("fi \xEF\xAC\x81 \xF0\x9D\x95\x97\xF0\x9D\x95\x9A x");  // fi, ligature, double-struck
  CHECK(lexed.tokens[0].text == "fi");
  CHECK(lexed.tokens[1].text.data() == lexed.tokens[0].text.data());
  CHECK(lexed.tokens[2].text.data() == lexed.tokens[0].text.data());
  CHECK(lexed.tokens[3].text.data() != lexed.tokens[0].text.data());
}

TEST_CASE("a name that becomes a keyword by normalisation is no keyword") {
  Lexed lexed("\xF0\x9D\x90\xA2\xF0\x9D\x90\x9F = 1");
  CHECK(lexed.tokens[0].kind == TokenKind::Name);
  CHECK(lexed.tokens[0].text == "if");
}

TEST_CASE("indentation gives Indent and Dedent") {
  CHECK(summary("if a:\n  b\n  if c:\n    d\ne\n") ==
        "if N(a) : NL IN N(b) NL if N(c) : NL IN N(d) NL DE DE N(e) NL END");
  CHECK(summary("if a:\n\tb\n\n# c\n\tc") == "if N(a) : NL IN N(b) NL N(c) NL DE END");
}

TEST_CASE("blank lines, comments and form feeds do not indent") {
  CHECK(summary("\n   \n  # x\n\f\na\n      # y\nb") == "N(a) NL N(b) NL END");
  CHECK(summary("  \f a") == "IN N(a) NL DE END");
  CHECK(summary("   \fa") == "N(a) NL END");
  CHECK(summary("") == "END");
  CHECK(summary("# only") == "END");
}

TEST_CASE("lines join in brackets and after backslashes") {
  CHECK(summary("(a,\n      b # c\n\n)\nd") == "( N(a) , N(b) ) NL N(d) NL END");
  CHECK(summary("a + \\\n   b") == "N(a) + N(b) NL END");
  CHECK(summary("if a:\n  \\\n      b\n  c") == "if N(a) : NL IN N(b) NL N(c) NL DE END");
}

TEST_CASE("all newlines are the same, and the last may be missing") {
  CHECK(summary("a\r\nb\rc\nd") == "N(a) NL N(b) NL N(c) NL N(d) NL END");
  CHECK(Lexed("'''a\r\nb\rc'''").tokens[0].text == "a\nb\nc");
}

TEST_CASE("spans and lines are exact") {
  Lexed lexed("ab = '''x\ny''' # c\n  ");
  REQUIRE(lexed.summary() == "N(ab) = S(x\ny) NL END");
  CHECK(lexed.tokens[0].span == apy::Span{0, 2});
  CHECK(lexed.tokens[2].span == apy::Span{5, 14});
  CHECK(lexed.tokens[2].line == 1);
  CHECK(lexed.tokens[3].span == apy::Span{15, 18});
  CHECK(lexed.tokens[3].line == 2);
  apy::SourcePosition position = Lexed("x\n\xC3\xA9\xE2\x82\xAC y").source.position_at(8);
  CHECK(position.line == 2);
  CHECK(position.column == 3);
  CHECK(position.byte_column == 6);
}

TEST_CASE("string prefixes in all cases and orders") {
  for (const char* prefix :
       {"b", "B", "r", "R", "u", "U", "br", "Br", "bR", "BR", "rb", "rB", "Rb", "RB"}) {
    Lexed lexed(std::string(prefix) + "'\\''");
    CHECK(lexed.summary() == "S(\\') NL END");
    bool bytes = std::string_view(prefix).find_first_of("bB") != std::string_view::npos;
    CHECK(((lexed.tokens[0].flags & apy::kStringBytes) != 0) == bytes);
  }
  for (const char* prefix : {"f", "F", "fr", "fR", "Fr", "FR", "rf", "rF", "Rf", "RF"}) {
    CHECK(summary(std::string(prefix) + "''") == "F< >F NL END");
  }
  for (const char* prefix : {"ur", "ub", "bu", "fb", "bf", "uf", "x"}) {
    CHECK(summary(std::string(prefix) + "''") == "N(" + std::string(prefix) + ") S() NL END");
  }
  CHECK(summary("''''a''b\\'''c'''") == "S('a''b\\'''c) NL END");
  CHECK(summary("'a\\\nb' \"'\" ''") == "S(a\\\nb) S(') S() NL END");
}

TEST_CASE("f-strings") {
  CHECK(summary("f'a{b!r:>{w}}c'") == "F< M(a) { N(b) ! N(r) : M(>) { N(w) } M() } M(c) >F NL END");
  CHECK(summary("f'{{{a}}}'") == "F< M({) { N(a) } M(}) >F NL END");
  CHECK(summary("f'{x:=5}' f'{x!=y}' f'{(x:=5)}'") ==
        "F< { N(x) : M(=5) } >F F< { N(x) != N(y) } >F F< { ( N(x) := #(5) ) } >F NL END");
  CHECK(summary("f'{x = }'") == "F< { N(x) = } >F NL END");
  CHECK(summary("f'{f'{1}'}'") == "F< { F< { #(1) } >F } >F NL END");
  CHECK(summary("f'{ {1: 2}[1] }'") == "F< { { #(1) : #(2) } [ #(1) ] } >F NL END");
  CHECK(summary("f'\\N{DASH}{x}' rf'\\N{x}'") ==
        "F< M(\\N{DASH}) { N(x) } >F F< M(\\N) { N(x) } >F NL END");
  CHECK(summary("f'''a'b\n{x\n:\n{y}}'''") ==
        "F< M(a'b\n) { N(x) : M(\n) { N(y) } M() } >F NL END");
  CHECK(summary("f'{x:{{y}}}'") == "F< { N(x) : M() { { N(y) } } M() } >F NL END");
  CHECK(summary("f'{x # c\n}'") == "F< { N(x) } >F NL END");
}

TEST_CASE("an escaped brace in an f-string keeps its meaning and warns") {
  Lexed lexed("f'\\{x}'");
  CHECK(lexed.summary() == "F< M(\\) { N(x) } >F NL END");
  REQUIRE(lexed.warnings.size() == 1);
  CHECK(apy::render_warning(lexed.source, lexed.warnings[0]) ==
        "x.py:1: SyntaxWarning: invalid escape sequence '\\{'\n  f'\\{x}'\n");
}

TEST_CASE("numbers") {
  for (const char* text : {"0",   "00", "0_0",    "1_000", "0xFf_f", "0X_1",    "0o17",  "0B1_0",
                           "1.",  ".5", "1.5e10", "1e-5",  "1E+1_0", "1_0.0_1", "007.5", "09e1",
                           "09j", "1j", "1.J",    "1e5j",  "0_7.",   "0e0"}) {
    CHECK(summary(text) == "#(" + std::string(text) + ") NL END");
  }
  CHECK(summary("1..real") == "#(1.) . N(real) NL END");
  CHECK(summary("1\xC3\xA9") == "#(1) N(\xC3\xA9) NL END");
}

TEST_CASE("a keyword may follow a number directly, with a warning") {
  Lexed lexed("1if 0x1for 2.or 3jin x\n");
  CHECK(lexed.summary() == "#(1) if #(0x1f) or #(2.) or #(3j) in N(x) NL END");
  Lexed warned("1if 2else 3");
  CHECK(warned.summary() == "#(1) if #(2) else #(3) NL END");
  REQUIRE(warned.warnings.size() == 2);
  CHECK(warned.warnings[1].message == "invalid decimal literal");
}

TEST_CASE("encodings") {
  CHECK(summary("\xEF\xBB\xBF"
                "a") == "N(a) NL END");
  CHECK(summary("# coding: latin-1\n'\xE9'") == "S(\xC3\xA9) NL END");
  CHECK(summary("\n# vim: set fileencoding=ISO_8859-1 :\n'\xE9'") == "S(\xC3\xA9) NL END");
  CHECK(summary("a\n# coding: latin-1\n'\xE9'") == "N(a) NL ERROR");
  CHECK(summary("# coding: ascii\na") == "N(a) NL END");
}
