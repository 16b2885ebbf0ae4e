#include "parser/parser.h"

#include <algorithm>

#include "parser/grammar.h"
#include "parser/stack_limit.h"

namespace apy {

ParseResult parse(const Source& source, NameTable& names, const ParseOptions& options) {
  ParseResult result;
  Parser(source, names, options, result).run();
  return result;
}

Completeness completeness(std::string_view text, NameTable& names) {
  Source source = Source::from_text("<prompt>", text);
  ParseOptions options;
  options.mode = ParseMode::Interactive;
  ParseResult result;
  Parser parser(source, names, options, result);
  parser.run();
  if (!result) {
    return parser.stopped_at_end() ? Completeness::Incomplete : Completeness::Complete;
  }
  bool ends_with_empty_line = text.size() >= 2 && text.substr(text.size() - 2) == "\n\n";
  if (parser.has_open_block() && !ends_with_empty_line) return Completeness::Incomplete;
  return Completeness::Complete;
}

Parser::Parser(const Source& source, NameTable& names, const ParseOptions& options,
               ParseResult& result)
    : source_(source),
      names_(names),
      options_(options),
      result_(result),
      lexer_(source, names),
      match_(names.intern("match")),
      case_(names.intern("case")),
      type_(names.intern("type")),
      underscore_(names.intern("_")),
      print_(names.intern("print")),
      exec_(names.intern("exec")) {
  stack_limit_ = stack_limit_or_default(options.stack_limit);
}

void Parser::run() {
  read_tokens();
  auto root = [this]() -> ast::Node* {
    switch (options_.mode) {
      case ParseMode::File:
        return module();
      case ParseMode::Interactive:
        return interactive();
      case ParseMode::Expression:
        return expression_module();
    }
    return nullptr;
  };
  ast::Node* tree = root();
  first_stop_ = failed_ ? stopped_at_ : furthest_;
  if (!tree && !failed_) {
    const Token& last = tokens_[furthest_];
    size_t warnings = result_.warnings.size();
    diagnosing_ = remembering_ = recognising_ = true;
    memory_.clear();
    position_ = top_level_start_;
    root();
    result_.warnings.resize(std::min(warnings, result_.warnings.size()));
    if (failed_) {
      let_lexer_error_win();
    } else {
      raise_final(last);
    }
    return;
  }
  if (failed_) {
    let_lexer_error_win();
    return;
  }
  result_.root = tree;
  const std::vector<Diagnostic>& lexer_warnings = lexer_.warnings();
  if (!lexer_warnings.empty()) {
    result_.warnings.insert(result_.warnings.end(), lexer_warnings.begin(), lexer_warnings.end());
    std::stable_sort(
        result_.warnings.begin(), result_.warnings.end(),
        [](const Diagnostic& a, const Diagnostic& b) { return a.span.begin < b.span.begin; });
  }
}

void Parser::read_tokens() {
  tokens_.reserve(source_.text().size() / 4 + 16);
  do {
    tokens_.push_back(lexer_.next());
  } while (tokens_.back().kind != Kind::EndOfFile && tokens_.back().kind != Kind::Error);
  // Poison: nothing matches it, and looking ahead stops here. There are several because a function
  // may step over a token or two that it saw before an error was raised.
  Token poison = tokens_.back();
  poison.kind = Kind::Error;
  tokens_.insert(tokens_.end(), kPoisonTokens, poison);
  look_further(0);
}

bool Parser::stopped_at_end() const {
  if (lexer_failed_) return result_.error.incomplete && !diagnosing_;
  for (uint32_t i = first_stop_; i < poison(); ++i) {
    Kind kind = tokens_[i].kind;
    if (kind != Kind::EndOfFile && kind != Kind::Dedent) return false;
  }
  return true;
}

bool Parser::has_open_block() const {
  for (const Token& token : tokens_) {
    if (token.kind == Kind::Indent) return true;
  }
  // A block on the header's own line, or a decorator's.
  for (const Token& token : tokens_) {
    switch (token.kind) {
      case Kind::KwIf:
      case Kind::KwFor:
      case Kind::KwWhile:
      case Kind::KwTry:
      case Kind::KwWith:
      case Kind::KwDef:
      case Kind::KwClass:
      case Kind::KwAsync:
      case Kind::At:
        return true;
      default:
        return false;
    }
  }
  return false;
}

TokenKind Parser::kind_ahead(uint32_t distance) {
  uint32_t place = position_ + distance;
  if (place >= poison()) place = poison() - 1;
  return place > furthest_ ? look_further(place) : tokens_[place].kind;
}

TokenKind Parser::look_further(uint32_t place) {
  furthest_ = place;
  Kind kind = tokens_[place].kind;
  if (kind == Kind::Error && !failed_) {
    failed_ = lexer_failed_ = true;
    result_.error = lexer_.error();
    position_ = poison();
  }
  return kind;
}

bool Parser::at_soft_keyword() {
  if (!at(Kind::Name)) return false;
  // CPython compares only as many letters as the name has.
  for (ast::Identifier word : {match_, case_, type_, underscore_}) {
    if (word.view().starts_with(token().text)) return true;
  }
  return false;
}

uint32_t Parser::previous_end() const {
  uint32_t i = position_ - 1;
  while (i > 0 && (tokens_[i].kind == Kind::Newline || tokens_[i].kind == Kind::Indent ||
                   tokens_[i].kind == Kind::Dedent)) {
    --i;
  }
  return tokens_[i].span.end;
}

ast::Node* Parser::module() {
  Statements body(*this);
  // A statement that ends too early fails at the start of the next one, so diagnosis goes back to
  // the one before.
  for (uint32_t before = position_; !at(Kind::EndOfFile); before = position_) {
    if (!statement(body)) break;
    if (!diagnosing_) top_level_start_ = before;
  }
  if (!accept(Kind::EndOfFile)) return nullptr;
  auto* node = make<ast::Module>({0, static_cast<uint32_t>(source_.text().size())});
  node->body = body.take();
  return node;
}

namespace {

bool is_compound(const ast::Statement* statement) {
  using ast::NodeKind;
  switch (statement->kind) {
    case NodeKind::FunctionDef:
    case NodeKind::AsyncFunctionDef:
    case NodeKind::ClassDef:
    case NodeKind::If:
    case NodeKind::For:
    case NodeKind::AsyncFor:
    case NodeKind::While:
    case NodeKind::With:
    case NodeKind::AsyncWith:
    case NodeKind::Try:
    case NodeKind::TryStar:
    case NodeKind::Match:
      return true;
    default:
      return false;
  }
}

}  // namespace

ast::Node* Parser::interactive() {
  Statements body(*this);
  while (at(Kind::Newline)) ++position_;
  top_level_start_ = position_;
  if (at(Kind::EndOfFile)) {
    auto* pass = make<ast::Pass>(token().span);
    body.push(pass);
  } else if (!statement(body)) {
    return nullptr;
  }
  while (at(Kind::Newline)) ++position_;
  if (!at(Kind::EndOfFile)) {
    // What follows a compound statement may be the rest of it, with an error in it.
    if (at(Kind::Error) || body.size() == 0 || is_compound(body.last())) return nullptr;
    uint32_t newline = position_;
    while (newline > 0 && tokens_[newline].kind != Kind::Newline) --newline;
    return raise_at(tokens_[newline].span,
                    "multiple statements found while compiling a single statement");
  }
  auto* node = make<ast::InteractiveModule>({0, static_cast<uint32_t>(source_.text().size())});
  node->body = body.take();
  return node;
}

ast::Node* Parser::expression_module() {
  ast::Expression* body = expressions();
  if (!body) return nullptr;
  while (at(Kind::Newline)) ++position_;
  if (!accept(Kind::EndOfFile)) return nullptr;
  auto* node = make<ast::ExpressionModule>(body->span);
  node->body = body;
  return node;
}

}  // namespace apy
