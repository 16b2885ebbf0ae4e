#include <utility>

#include "lexer/lexer.h"
#include "lexer/scanner.h"

// Operators, and with them the brackets: that they match, and what they mean inside an f-string.

namespace apy {

namespace {

constexpr size_t kMaximumNesting = 200;

bool matches(char open, char close) {
  return (open == '(' && close == ')') || (open == '[' && close == ']') ||
         (open == '{' && close == '}');
}

}  // namespace

Token Lexer::operator_token(const ScannedLexeme& scanned) {
  switch (scanned.kind) {
    case TokenKind::LeftParen:
    case TokenKind::LeftBracket:
    case TokenKind::LeftBrace:
      if (!open_bracket(scanned)) {
        return error_token_;
      }
      break;
    case TokenKind::RightParen:
    case TokenKind::RightBracket:
    case TokenKind::RightBrace:
      if (!close_bracket(scanned)) {
        return error_token_;
      }
      break;
    case TokenKind::Colon:
    case TokenKind::ColonEqual:
      // Directly in a replacement field a colon starts the format specification.
      if (!fstrings_.empty() && fstrings_.back().fields > 0 &&
          fstrings_.back().depth == fstrings_.back().fields) {
        fstrings_.back().in_text = true;
        fstrings_.back().in_format_spec = true;
        return make(TokenKind::Colon, scanned.begin, scanned.begin + 1);
      }
      break;
    default:
      break;
  }
  return make(scanned.kind, scanned.begin, scanned.end);
}

bool Lexer::open_bracket(const ScannedLexeme& scanned) {
  if (brackets_.size() >= kMaximumNesting) {
    fail_at(scanned.begin, "too many nested parentheses");
    return false;
  }
  brackets_.push_back({*scanned.begin, line_, offset(scanned.begin)});
  if (!fstrings_.empty()) {
    ++fstrings_.back().depth;
  }
  return true;
}

bool Lexer::close_bracket(const ScannedLexeme& scanned) {
  char close = *scanned.begin;
  FString* fstring = fstrings_.empty() ? nullptr : &fstrings_.back();
  std::string problem;
  if (fstring != nullptr && fstring->depth == 0 && close == '}') {
    problem = "f-string: single '}' is not allowed";
  } else if (brackets_.empty()) {
    problem = std::string("unmatched '") + close + "'";
  } else if (!matches(brackets_.back().open, close)) {
    problem = mismatch(close);
  } else if (fstring != nullptr && fstring->depth == 0) {
    problem = std::string("f-string: unmatched '") + close + "'";
  }
  if (!problem.empty()) {
    fail_at(scanned.begin, std::move(problem));
    return false;
  }
  brackets_.pop_back();
  if (fstring != nullptr && fstring->depth-- == fstring->fields && close == '}') {
    --fstring->fields;
    fstring->in_text = true;
    fstring->in_format_spec = false;
  }
  return true;
}

std::string Lexer::mismatch(char close) const {
  const Bracket& open = brackets_.back();
  // The brace of a replacement field is no partner to complain about.
  if (!fstrings_.empty() && open.open == '{' && fstrings_.back().depth == fstrings_.back().fields) {
    return std::string("f-string: unmatched '") + close + "'";
  }
  std::string message = std::string("closing parenthesis '") + close +
                        "' does not match opening parenthesis '" + open.open + "'";
  if (open.line != line_) {
    message += " on line " + std::to_string(open.line);
  }
  return message;
}

}  // namespace apy
