#include "lexer/scanner.h"

namespace apy {

/*!re2c
  re2c:api:style = free-form;
  re2c:define:YYCTYPE = "unsigned char";
  re2c:define:YYPEEK = "static_cast<unsigned char>(*cursor)";
  re2c:define:YYSKIP = "++cursor;";
  re2c:define:YYBACKUP = "marker = cursor;";
  re2c:define:YYRESTORE = "cursor = marker;";
  re2c:flags:input = custom;
  re2c:yyfill:enable = 0;

  blank = [ \t\f];
  letter = [A-Za-z_];
  name = letter [A-Za-z0-9_]*;
  unicode_name = [A-Za-z_\x80-\xff] [A-Za-z0-9_\x80-\xff]*;

  digits = [0-9] ("_"? [0-9])*;
  binary = "0" [bB] ("_"? [01])+;
  octal = "0" [oO] ("_"? [0-7])+;
  hexadecimal = "0" [xX] ("_"? [0-9a-fA-F])+;
  zero = "0" ("_"? "0")*;
  decimal = [1-9] ("_"? [0-9])*;
  exponent = [eE] [+-]? digits;
  point_float = digits "." digits? | "." digits;
  float = point_float exponent? | digits exponent;
  imaginary = (float | digits) [jJ];

  quote = "'" | ["] | "'''" | ["]["]["];
  prefix = [bB] | [uU] | [rR] | [fF] | [bB][rR] | [rR][bB] | [fF][rR] | [rR][fF];
*/

ScannedLexeme scan_lexeme(const char* cursor) {
  const char* begin;
  const char* marker;
  auto found = [&](Lexeme lexeme) {
    return ScannedLexeme{lexeme, TokenKind::Unknown, begin, cursor};
  };
  auto is = [&](TokenKind kind) {
    return ScannedLexeme{Lexeme::Operator, kind, begin, cursor};
  };
  while (true) {
    begin = cursor;
    /*!re2c
      blank+ { continue; }
      "\000" { --cursor; return found(Lexeme::End); }
      "\n" { --cursor; return found(Lexeme::Newline); }
      "#" [^\n\000]* { return found(Lexeme::Newline); }
      "\\\n" { return found(Lexeme::Continuation); }
      "\\" { return found(Lexeme::BadContinuation); }

      name { return found(Lexeme::Name); }
      unicode_name { return found(Lexeme::UnicodeName); }
      binary | octal | hexadecimal | zero | decimal | float | imaginary {
        return found(Lexeme::Number);
      }
      digits { return found(Lexeme::LeadingZeros); }
      prefix? quote { return found(Lexeme::StringOpen); }

      "(" { return is(TokenKind::LeftParen); }
      ")" { return is(TokenKind::RightParen); }
      "[" { return is(TokenKind::LeftBracket); }
      "]" { return is(TokenKind::RightBracket); }
      "{" { return is(TokenKind::LeftBrace); }
      "}" { return is(TokenKind::RightBrace); }
      ":" { return is(TokenKind::Colon); }
      "," { return is(TokenKind::Comma); }
      ";" { return is(TokenKind::Semicolon); }
      "." { return is(TokenKind::Dot); }
      "..." { return is(TokenKind::Ellipsis); }
      "->" { return is(TokenKind::Arrow); }
      ":=" { return is(TokenKind::ColonEqual); }
      "@" { return is(TokenKind::At); }
      "!" { return is(TokenKind::Exclamation); }
      "+" { return is(TokenKind::Plus); }
      "-" { return is(TokenKind::Minus); }
      "*" { return is(TokenKind::Star); }
      "/" { return is(TokenKind::Slash); }
      "//" { return is(TokenKind::DoubleSlash); }
      "%" { return is(TokenKind::Percent); }
      "**" { return is(TokenKind::DoubleStar); }
      "<<" { return is(TokenKind::LeftShift); }
      ">>" { return is(TokenKind::RightShift); }
      "&" { return is(TokenKind::Ampersand); }
      "|" { return is(TokenKind::Pipe); }
      "^" { return is(TokenKind::Caret); }
      "~" { return is(TokenKind::Tilde); }
      "<" { return is(TokenKind::Less); }
      ">" { return is(TokenKind::Greater); }
      "<=" { return is(TokenKind::LessEqual); }
      ">=" { return is(TokenKind::GreaterEqual); }
      "==" { return is(TokenKind::EqualEqual); }
      "!=" { return is(TokenKind::NotEqual); }
      "<>" { return is(TokenKind::NotEqual); }  // the parser takes one of the two
      "=" { return is(TokenKind::Equal); }
      "+=" { return is(TokenKind::PlusEqual); }
      "-=" { return is(TokenKind::MinusEqual); }
      "*=" { return is(TokenKind::StarEqual); }
      "/=" { return is(TokenKind::SlashEqual); }
      "//=" { return is(TokenKind::DoubleSlashEqual); }
      "%=" { return is(TokenKind::PercentEqual); }
      "**=" { return is(TokenKind::DoubleStarEqual); }
      "@=" { return is(TokenKind::AtEqual); }
      "<<=" { return is(TokenKind::LeftShiftEqual); }
      ">>=" { return is(TokenKind::RightShiftEqual); }
      "&=" { return is(TokenKind::AmpersandEqual); }
      "|=" { return is(TokenKind::PipeEqual); }
      "^=" { return is(TokenKind::CaretEqual); }

      "$" | "?" | "`" | "<>" { return found(Lexeme::Unknown); }
      * { return found(Lexeme::Unprintable); }
    */
  }
}

const char* scan_string_body(const char* cursor, char quote, bool triple) {
  const char* marker;
  if (triple) {
    while (true) {
      /*!re2c
        [^'"\\\000]+ { continue; }
        "\\" [^\000] { continue; }
        "'''" { if (quote == '\'') return cursor - 3; cursor -= 2; continue; }
        ["]["]["] { if (quote == '"') return cursor - 3; cursor -= 2; continue; }
        ['"\\] { continue; }
        * { return cursor - 1; }
      */
    }
  }
  while (true) {
    /*!re2c
      [^'"\\\n\000]+ { continue; }
      "\\" [^\000] { continue; }
      ['"] { if (cursor[-1] == quote) return cursor - 1; continue; }
      "\\" { continue; }
      * { return cursor - 1; }
    */
  }
}

const char* scan_fstring_text(const char* cursor) {
  /*!re2c
    [^'"{}\\\n\000]+ { return cursor; }
    * { return cursor - 1; }
  */
}

}  // namespace apy
