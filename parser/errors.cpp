#include <string>

#include "parser/grammar.h"

namespace apy {

const char* describe(const ast::Expression* expression) {
  using ast::NodeKind;
  switch (expression->kind) {
    case NodeKind::Attribute:
      return "attribute";
    case NodeKind::Subscript:
      return "subscript";
    case NodeKind::Starred:
      return "starred";
    case NodeKind::Name:
      return "name";
    case NodeKind::List:
      return "list";
    case NodeKind::Tuple:
      return "tuple";
    case NodeKind::Lambda:
      return "lambda";
    case NodeKind::Call:
      return "function call";
    case NodeKind::GeneratorExp:
      return "generator expression";
    case NodeKind::Yield:
    case NodeKind::YieldFrom:
      return "yield expression";
    case NodeKind::Await:
      return "await expression";
    case NodeKind::ListComp:
      return "list comprehension";
    case NodeKind::SetComp:
      return "set comprehension";
    case NodeKind::DictComp:
      return "dict comprehension";
    case NodeKind::Dict:
      return "dict literal";
    case NodeKind::Set:
      return "set display";
    case NodeKind::JoinedStr:
    case NodeKind::FormattedValue:
      return "f-string expression";
    case NodeKind::Compare:
      return "comparison";
    case NodeKind::IfExp:
      return "conditional expression";
    case NodeKind::NamedExpr:
      return "named expression";
    case NodeKind::Constant:
      switch (expression->as<ast::Constant>()->value.kind) {
        case ast::ConstantKind::None:
          return "None";
        case ast::ConstantKind::True:
          return "True";
        case ast::ConstantKind::False:
          return "False";
        case ast::ConstantKind::Ellipsis:
          return "ellipsis";
        default:
          return "literal";
      }
    default:
      return "expression";
  }
}

std::nullptr_t Parser::raise(DiagnosticKind kind, Span span, std::string message) {
  if (failed_) return nullptr;
  failed_ = true;
  stopped_at_ = furthest_;
  result_.error.kind = kind;
  result_.error.span = span;
  result_.error.message = std::move(message);
  position_ = poison();
  return nullptr;
}

std::nullptr_t Parser::raise_from(Span start, std::string message) {
  // CPython leaves out the last character; a newline is one that the token's span has not.
  const Token& last = tokens_[furthest_];
  uint32_t end = last.kind == Kind::Newline ? last.span.end : last.span.end - 1;
  return raise_at({start.begin, std::max(end, start.begin)}, std::move(message));
}

std::nullptr_t Parser::raise_token(const Token& token, std::string message, DiagnosticKind kind) {
  if (failed_) return nullptr;
  Diagnostic error = error_at(token, std::move(message), kind);
  result_.error.excerpt = error.excerpt;
  return raise(kind, error.span, std::move(error.message));
}

std::nullptr_t Parser::raise_here(std::string message) {
  return raise_token(tokens_[furthest_], std::move(message), DiagnosticKind::SyntaxError);
}

std::nullptr_t Parser::raise_next(std::string message) {
  kind();
  return raise_token(token(), std::move(message), DiagnosticKind::SyntaxError);
}

std::nullptr_t Parser::raise_indentation(std::string message) {
  return raise_token(tokens_[furthest_], std::move(message), DiagnosticKind::IndentationError);
}

std::nullptr_t Parser::raise_expected_block(std::string_view after, const Token& keyword) {
  return raise_indentation("expected an indented block after " + std::string(after) + " on line " +
                           std::to_string(keyword.line));
}

std::nullptr_t Parser::raise_invalid_target(TargetKind kind, ast::Expression* target) {
  ast::Expression* culprit = invalid_target(target, kind);
  if (!culprit) return nullptr;
  const char* verb = kind == TargetKind::Delete ? "cannot delete " : "cannot assign to ";
  return raise_at(culprit->span, std::string(verb) + describe(culprit));
}

std::nullptr_t Parser::raise_too_deep() {
  if (failed_) return nullptr;
  result_.error.excerpt = DiagnosticExcerpt::None;
  return raise(DiagnosticKind::RecursionError, {},
               "maximum recursion depth exceeded during compilation");
}

void Parser::raise_final(const Token& last) {
  if (last.kind == Kind::Indent || last.kind == Kind::Dedent) {
    const char* message = last.kind == Kind::Indent ? "unexpected indent" : "unexpected unindent";
    raise_token(last, message, DiagnosticKind::IndentationError);
    return;
  }
  raise_token(last, "invalid syntax", DiagnosticKind::SyntaxError);
  let_lexer_error_win();
}

void Parser::let_lexer_error_win() {
  if (lexer_failed_ || result_.error.kind == DiagnosticKind::RecursionError) return;
  if (last_token().kind != Kind::Error) return;
  const Diagnostic& error = lexer_.error();
  // What goes wrong inside a later f-string stays unseen.
  int open_strings = 0;
  for (const Token& token : tokens_) {
    open_strings += token.kind == Kind::FStringStart;
    open_strings -= token.kind == Kind::FStringEnd;
  }
  if (open_strings > 0) return;
  uint32_t stopped_line = tokens_[stopped_at_].line;
  if (lexer_error_wins(error, source_.line_at(error.span.begin), stopped_line)) {
    result_.error = error;
  } else if (error.yields_to_parser) {
    let_open_bracket_win(stopped_line);
  }
}

/// The innermost bracket that is still open where the lexer gave up, if it is on an earlier line
/// than the parser's error.
void Parser::let_open_bracket_win(uint32_t stopped_line) {
  std::vector<const Token*> open;
  for (const Token& token : tokens_) {
    switch (token.kind) {
      case Kind::LeftParen:
      case Kind::LeftBracket:
      case Kind::LeftBrace:
        open.push_back(&token);
        break;
      case Kind::RightParen:
      case Kind::RightBracket:
      case Kind::RightBrace:
        if (!open.empty()) open.pop_back();
        break;
      default:
        break;
    }
  }
  if (open.empty() || stopped_line <= open.back()->line) return;
  const Token& bracket = *open.back();
  result_.error = {};
  result_.error.span = {bracket.span.begin, bracket.span.begin};
  result_.error.message =
      "'" + std::string(token_kind_spelling(bracket.kind)) + "' was never closed";
}

bool Parser::force(Kind wanted, const char* spelling) {
  if (accept(wanted)) return true;
  raise_next(std::string("expected '") + spelling + "'");
  return false;
}

void Parser::warn(Span span, std::string message) {
  Diagnostic warning;
  warning.kind = DiagnosticKind::SyntaxWarning;
  warning.span = span;
  warning.message = std::move(message);
  result_.warnings.push_back(std::move(warning));
}

}  // namespace apy
