#include <string>

#include "parser/grammar.h"

namespace apy {

/// `a.b.c`
bool Parser::dotted_name(ast::Identifier& out) {
  if (!at(Kind::Name)) return false;
  out = identifier_at(position_++);
  if (!at(Kind::Dot)) return true;
  std::string joined(out.view());
  while (at(Kind::Dot) && kind_ahead(1) == Kind::Name) {
    joined += '.';
    joined += tokens_[position_ + 1].text;
    position_ += 2;
  }
  out = ast::Identifier(names_.intern(joined));
  return true;
}

ast::Statement* Parser::import_statement() {
  if (recognising_) diagnose_import();
  uint32_t start = position_++;
  Builder<ast::Alias> names(*this);
  uint32_t before_comma = position_;
  do {
    uint32_t first = position_;
    ast::Identifier name, renamed;
    if (!dotted_name(name)) {
      rewind(before_comma);
      break;
    }
    if (at(Kind::KwAs) && kind_ahead(1) == Kind::Name) {
      renamed = identifier_at(position_ + 1);
      position_ += 2;
    }
    auto* alias = make<ast::Alias>(since(first));
    alias->name = name;
    alias->asname = renamed;
    names.push(alias);
    before_comma = position_;
  } while (accept(Kind::Comma));
  if (names.size() == 0) {
    rewind(start);
    return nullptr;
  }
  auto* node = make<ast::Import>(since(start));
  node->names = names.take();
  return node;
}

ast::Statement* Parser::import_from() {
  uint32_t start = position_++;
  int level = 0;
  for (;; ++position_) {
    if (at(Kind::Dot)) {
      level += 1;
    } else if (at(Kind::Ellipsis)) {
      level += 3;
    } else {
      break;
    }
  }
  ast::Identifier module;
  bool has_module = dotted_name(module);
  List<ast::Alias> names;
  if ((has_module || level > 0) && accept(Kind::KwImport) && import_from_targets(names)) {
    auto* node = make<ast::ImportFrom>(since(start));
    node->module = module;
    node->names = names;
    node->level = level;
    return node;
  }
  rewind(start);
  return nullptr;
}

bool Parser::import_from_targets(List<ast::Alias>& out) {
  uint32_t start = position_;
  if (accept(Kind::LeftParen)) {
    if (import_from_names(out)) {
      accept(Kind::Comma);
      if (accept(Kind::RightParen)) return true;
    }
  } else if (accept(Kind::Star)) {
    auto* alias = make<ast::Alias>(previous().span);
    alias->name = ast::Identifier(names_.intern("*"));
    out = {result_.arena.copy(&alias, 1)};
    return true;
  } else if (import_from_names(out) && !at(Kind::Comma)) {
    return true;
  }
  rewind(start);
  if (recognising_) diagnose_import_targets();
  return false;
}

bool Parser::import_from_names(List<ast::Alias>& out) {
  Builder<ast::Alias> names(*this);
  uint32_t before_comma = position_;
  do {
    if (!at(Kind::Name)) {
      rewind(before_comma);
      break;
    }
    uint32_t first = position_;
    ast::Identifier name = identifier_at(position_++), renamed;
    if (at(Kind::KwAs) && kind_ahead(1) == Kind::Name) {
      renamed = identifier_at(position_ + 1);
      position_ += 2;
    }
    auto* alias = make<ast::Alias>(since(first));
    alias->name = name;
    alias->asname = renamed;
    names.push(alias);
    before_comma = position_;
  } while (accept(Kind::Comma));
  out = names.take();
  return !out.empty();
}

}  // namespace apy
