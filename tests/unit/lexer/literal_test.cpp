#include <doctest/doctest.h>

#include <cmath>

#include "lexer/number_literal.h"
#include "lexer/string_literal.h"
#include "tests/unit/lexer/lex.h"

using apy::NumberKind;
using apy::test::Lexed;

namespace {

std::optional<char32_t> find_character(std::string_view name) {
  if (name == "BULLET") return U'\u2022';
  return std::nullopt;
}

/// The value of the first token of `text`, or its error.
std::string decode(const char* text) {
  Lexed lexed(text);
  apy::Token token = lexed.tokens[0];
  if (token.kind == apy::TokenKind::FStringStart) token = lexed.tokens[1];
  apy::StringLiteral literal = apy::decode_string_literal(token, token.span, find_character);
  CHECK((!apy::is_plain_literal(token) || literal.value == token.text));
  return literal.error ? literal.error->message : literal.value;
}

std::string warning(const char* text) {
  Lexed lexed(text);
  apy::StringLiteral literal =
      apy::decode_string_literal(lexed.tokens[0], lexed.tokens[0].span, find_character);
  return literal.warning ? literal.warning->message : "";
}

std::string codec(const char* positions, const char* problem) {
  return std::string("(unicode error) 'unicodeescape' codec can't decode bytes in position ") +
         positions + ": " + problem;
}

}  // namespace

TEST_CASE("escapes in strings") {
  CHECK(decode(R"('a\n\t\\\'\"\a\b\f\r\v')") == "a\n\t\\'\"\a\b\f\r\v");
  CHECK(decode("'a\\\nb'") == "ab");
  CHECK(decode(R"('\x41\u00e9\U0001F600\101\7\1011')") ==
        "A\xC3\xA9\xF0\x9F\x98\x80"
        "A\a"
        "A1");
  CHECK(decode(R"('\N{BULLET}\400')") == "\xE2\x80\xA2\xC4\x80");
  CHECK(decode(R"('\ud83d\ude00')") == "\xED\xA0\xBD\xED\xB8\x80");
  CHECK(decode(R"('\d\8')") == R"(\d\8)");
  CHECK(decode(R"(r'\n\x')") == R"(\n\x)");
  CHECK(decode("'\\\xC3\xA9'") == "\\\xC3\xA9");
  CHECK(decode(R"('\0')") == std::string(1, '\0'));
}

TEST_CASE("escapes in bytes") {
  CHECK(decode(R"(b'\xff\x00\377\400\u\N')") == std::string("\xff\0\xff\0\\u\\N", 8));
  CHECK(decode(R"(rb'\xff')") == R"(\xff)");
  CHECK(decode("b'\xC3\xA9'") == "bytes can only contain ASCII literal characters");
  CHECK(decode(R"(b'x\xg')") == "(value error) invalid \\x escape at position 1");
}

TEST_CASE("broken escapes") {
  CHECK(decode(R"('ab\x1')") == codec("2-4", "truncated \\xXX escape"));
  CHECK(decode(R"('\x')") == codec("0-1", "truncated \\xXX escape"));
  CHECK(decode("'\xC3\xA9\\x1'") == codec("10-12", "truncated \\xXX escape"));
  CHECK(decode(R"('\u12')") == codec("0-3", "truncated \\uXXXX escape"));
  CHECK(decode(R"('\U001100')") == codec("0-7", "truncated \\UXXXXXXXX escape"));
  CHECK(decode(R"('\U00110000')") == codec("0-9", "illegal Unicode character"));
  CHECK(decode(R"('\N{foo}')") == codec("0-6", "unknown Unicode character name"));
  CHECK(decode(R"('\N{foo')") == codec("0-5", "malformed \\N character escape"));
  CHECK(decode(R"('\N')") == codec("0-1", "malformed \\N character escape"));
}

TEST_CASE("escapes that are none warn once") {
  CHECK(warning(R"('\d\e')") == "invalid escape sequence '\\d'");
  CHECK(warning(R"('\400')") == "invalid octal escape sequence '\\400'");
  CHECK(warning(R"(b'\400')") == "invalid octal escape sequence '\\400'");
  CHECK(warning(R"(b'\u')") == "invalid escape sequence '\\u'");
  CHECK(warning("'\\\xC3\xA9'") == "");
  CHECK(warning(R"(r'\d')") == "");
}

TEST_CASE("text of f-strings") {
  CHECK(decode(R"(f'\x41{x}')") == "A");
  CHECK(decode(R"(f'\{x}')") == "\\");
  CHECK(decode(R"(f'{{')") == "{");
  CHECK(decode(R"(rf'\x41{x}')") == "\\x41");
}

TEST_CASE("integers") {
  auto value = [](const char* text) { return apy::parse_number_literal(text); };
  CHECK(value("0").integer == 0);
  CHECK(value("1_000").integer == 1000);
  CHECK(value("0xFF_ff").integer == 0xFFFF);
  CHECK(value("0o17").integer == 15);
  CHECK(value("0B101").integer == 5);
  CHECK(value("9223372036854775807").integer == INT64_MAX);
  apy::NumberLiteral big = value("9223372036854775808");
  CHECK(big.kind == NumberKind::BigInteger);
  CHECK(big.digits == "9223372036854775808");
  CHECK(big.base == 10);
  big = value("0x0000_8000000000000000");
  CHECK(big.digits == "8000000000000000");
  CHECK(big.base == 16);
}

TEST_CASE("the length of decimal integers is limited") {
  std::string digits(4301, '1');
  CHECK(
      apy::parse_number_literal(digits).error ==
      "Exceeds the limit (4300 digits) for integer string conversion: value has 4301 digits; use "
      "sys.set_int_max_str_digits() to increase the limit - Consider hexadecimal for huge integer "
      "literals to avoid decimal conversion limits.");
  CHECK(apy::parse_number_literal(digits.substr(1)).error.empty());
  CHECK(apy::parse_number_literal(digits, 0).error.empty());
  CHECK(apy::parse_number_literal("0x" + digits).error.empty());
}

TEST_CASE("floats and imaginary numbers") {
  auto value = [](const char* text) { return apy::parse_number_literal(text); };
  CHECK(value("1.5").real == 1.5);
  CHECK(value("1.").real == 1.0);
  CHECK(value(".5").real == 0.5);
  CHECK(value("1_0.2_5e1_0").real == 10.25e10);
  CHECK(value("1e-5").real == 1e-5);
  CHECK(value("007.5").real == 7.5);
  CHECK(value("5e-324").real == 5e-324);
  CHECK(std::isinf(value("1e999").real));
  CHECK(std::isinf(value("1e99999999999999999999").real));
  CHECK(std::isinf(value(".0001e310000").real));
  CHECK(value("1e-999").real == 0.0);
  CHECK(value("0e999").real == 0.0);
  CHECK(value("1.5").kind == NumberKind::Float);
  CHECK(value("1_0j").kind == NumberKind::Imaginary);
  CHECK(value("1_0j").real == 10.0);
  CHECK(value("0.5e1J").real == 5.0);
}
