#include <string>

#include "parser/grammar.h"

// String literals, f-strings, and the joining of literals that stand side by side.

namespace apy {

using ast::ConstantKind;
using ast::Expression;

Expression* Parser::strings() {
  if (!remembering_) return strings_now();
  return static_cast<Expression*>(
      remember(Rule::Strings, [this]() -> ast::Node* { return strings_now(); }));
}

Expression* Parser::strings_now() {
  uint32_t start = position_;
  Builder<Expression> parts(*this);
  for (;;) {
    Expression* part = nullptr;
    if (at(Kind::String)) {
      part = plain_string();
    } else if (at(Kind::FStringStart)) {
      part = joined_string();
    }
    if (!part) break;
    parts.push(part);
  }
  if (failed_ || parts.size() == 0) {
    rewind(start);
    return nullptr;
  }
  return concatenate(parts, since(start));
}

ast::Constant* Parser::string_constant(Span span, std::string_view text, ConstantKind kind) {
  auto* node = make<ast::Constant>(span);
  node->value.kind = kind;
  node->value.text = text;
  node->height = 1;
  return node;
}

Expression* Parser::plain_string() {
  const Token& token = tokens_[position_];
  std::string_view text;
  if (!decode_string(token, token.span, text)) return nullptr;
  ++position_;
  bool is_bytes = token.flags & kStringBytes;
  auto* node =
      string_constant(token.span, text, is_bytes ? ConstantKind::Bytes : ConstantKind::Str);
  if (source_.text()[token.span.begin] == 'u') node->prefix = ast::UnicodePrefix::Present;
  return node;
}

/// One literal from several: a constant, or a JoinedStr if one of them is an f-string.
Expression* Parser::concatenate(Builder<Expression>& parts, Span span) {
  bool has_bytes = false, has_text = false, has_format = false;
  for (size_t i = 0; i < parts.size(); ++i) {
    const ast::Constant* constant = parts[i]->try_as<ast::Constant>();
    has_format |= constant == nullptr;
    has_bytes |= constant && constant->value.kind == ConstantKind::Bytes;
    has_text |= constant && constant->value.kind == ConstantKind::Str;
  }
  if (has_bytes && (has_text || has_format)) {
    return raise_here("cannot mix bytes and nonbytes literals");
  }
  if (!has_format) {
    if (parts.size() == 1) return parts[0];
    ast::Constant* merged = merge_constants(parts, 0, parts.size());
    merged->span = span;
    return merged;
  }
  if (parts.size() == 1) {
    if (auto* joined = parts[0]->try_as<ast::JoinedStr>()) return joined;
  }
  Builder<Expression> flat(*this);
  for (size_t i = 0; i < parts.size(); ++i) {
    if (auto* joined = parts[i]->try_as<ast::JoinedStr>()) {
      for (Expression* value : joined->values) flat.push(value);
    } else {
      flat.push(parts[i]);
    }
  }
  return join_values(flat, span);
}

/// A JoinedStr of `values`: neighbouring constants become one, empty ones go.
ast::JoinedStr* Parser::join_values(Builder<Expression>& values, Span span) {
  Builder<Expression> joined(*this);
  for (size_t i = 0; i < values.size();) {
    size_t end = i;
    while (end < values.size() && values[end]->is<ast::Constant>()) ++end;
    if (end == i) {
      joined.push(values[i++]);
      continue;
    }
    ast::Constant* text =
        end == i + 1 ? values[i]->as<ast::Constant>() : merge_constants(values, i, end);
    if (!text->value.text.empty()) joined.push(text);
    i = end;
  }
  auto* node = make<ast::JoinedStr>(span);
  node->values = joined.take();
  return finish(node);
}

ast::Constant* Parser::merge_constants(Builder<Expression>& parts, size_t first, size_t last) {
  size_t size = 0;
  for (size_t i = first; i < last; ++i) size += parts[i]->as<ast::Constant>()->value.text.size();
  char* bytes = static_cast<char*>(result_.arena.allocate(size + 1, 1));
  size_t filled = 0;
  for (size_t i = first; i < last; ++i) {
    std::string_view text = parts[i]->as<ast::Constant>()->value.text;
    std::memcpy(bytes + filled, text.data(), text.size());
    filled += text.size();
  }
  const auto* head = parts[first]->as<ast::Constant>();
  auto* merged =
      string_constant(join(head->span, parts[last - 1]->span), {bytes, size}, head->value.kind);
  merged->prefix = head->prefix;
  return merged;
}

// --- f-strings -----------------------------------------------------------------------------------

ast::JoinedStr* Parser::joined_string() {
  if (too_deep()) return nullptr;
  uint32_t start = position_++;
  Builder<Expression> values(*this);
  std::vector<std::pair<ast::Constant*, uint32_t>> texts;
  for (;;) {
    if (at(Kind::FStringMiddle)) {
      ast::Constant* text = string_constant(token().span, token().text, ConstantKind::Str);
      texts.emplace_back(text, position_++);
      values.push(text);
    } else if (!replacement_field(values)) {
      break;
    }
  }
  if (!accept(Kind::FStringEnd)) {
    rewind(start);
    return nullptr;
  }
  // Problems with escapes are reported at the end of the literal.
  for (auto [text, token] : texts) {
    if (!decode_string(tokens_[token], previous().span, text->value.text)) return nullptr;
  }
  return join_values(values, since(start));
}

/// `{expression [=] [!conversion] [:specification]}`; one FormattedValue, after the text of the
/// expression itself if it is followed by `=`.
bool Parser::replacement_field(Builder<Expression>& out) {
  if (!at(Kind::LeftBrace)) return false;
  uint32_t start = position_++;
  Expression* value = annotated_value();
  bool is_debug = value && accept(Kind::Equal);
  uint32_t after_expression = position_;
  int conversion = -1;
  ast::JoinedStr* spec = nullptr;
  bool good = value != nullptr;
  if (good && at(Kind::Exclamation) && kind_ahead(1) == Kind::Name) {
    good = conversion_character(conversion);
  }
  if (good && at(Kind::Colon)) good = format_spec(spec);
  if (!good || !accept(Kind::RightBrace)) {
    rewind(start);
    if (recognising_) diagnose_replacement_field();
    return false;
  }
  if (conversion == 0) {
    const Token& name = tokens_[after_expression + 1];
    raise_at(name.span, "f-string: invalid conversion character '" + std::string(name.text) +
                            "': expected 's', 'r', or 'a'");
    return false;
  }
  if (is_debug && conversion < 0 && !spec) conversion = 'r';
  auto* node = make<ast::FormattedValue>(since(start));
  node->value = value;
  node->conversion = conversion;
  node->format_spec = spec;
  if (is_debug) {
    Span text{tokens_[start].span.end, tokens_[after_expression].span.begin};
    out.push(string_constant(text, debug_text(text), ConstantKind::Str));
  }
  if (!finish(node)) return false;
  out.push(node);
  return true;
}

/// `!r`, at the exclamation mark, with a name behind it; 0 if no such conversion exists.
bool Parser::conversion_character(int& out) {
  Span mark = token().span;
  ++position_;
  const Token& name = token();
  if (mark.end != name.span.begin) {
    raise_range(mark, name.span,
                "f-string: conversion type must come right after the exclamanation mark");
    return false;
  }
  ++position_;
  bool is_known = name.text == "s" || name.text == "r" || name.text == "a";
  out = is_known ? static_cast<unsigned char>(name.text[0]) : 0;
  return true;
}

/// `:` and what follows up to the closing brace.
bool Parser::format_spec(ast::JoinedStr*& out) {
  uint32_t start = position_++;
  Builder<Expression> values(*this);
  for (;;) {
    if (at(Kind::FStringMiddle)) {
      const Token& text = tokens_[position_];
      std::string_view decoded;
      if (!decode_string(text, text.span, decoded)) return false;
      ++position_;
      values.push(string_constant(text.span, decoded, ConstantKind::Str));
    } else if (!replacement_field(values)) {
      break;
    }
  }
  if (failed_) return false;
  out = join_values(values, since(start));
  return out != nullptr;
}

/// The source of a `{expression=}` field, white space included, comments not.
std::string_view Parser::debug_text(Span span) {
  std::string_view text = source_.text(span);
  if (text.find('#') == std::string_view::npos) return text;
  std::string without_comments;
  char quote = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (quote) {
      if (c == quote) quote = 0;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '#') {
      while (i < text.size() && text[i] != '\n') ++i;
      if (i == text.size()) break;
      c = '\n';
    }
    without_comments += c;
  }
  return result_.arena.copy(std::string_view(without_comments));
}

}  // namespace apy
