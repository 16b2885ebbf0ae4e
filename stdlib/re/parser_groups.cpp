// Everything that begins with a parenthesis.
#include <algorithm>
#include <cstring>

#include "stdlib/re/parser.h"

namespace apy::re {

namespace {

uint32_t flag_of(char32_t letter) {
  switch (letter) {
    case 'i':
      return kIgnoreCase;
    case 'L':
      return kLocale;
    case 'm':
      return kMultiline;
    case 's':
      return kDotAll;
    case 'x':
      return kVerbose;
    case 'a':
      return kAscii;
    case 'u':
      return kUnicode;
  }
  return 0;
}

}  // namespace

Result<void> Parser::expect_close(size_t start) {
  if (TRY(source_.match(')'))) return {};
  return source_.error("missing ), unterminated subpattern", source_.position() - start);
}

Result<void> Parser::check_lookbehind_group(uint32_t group) {
  if (!lookbehind_groups_) return {};
  if (group < out_.groups.size() && !out_.groups[group].is_closed)
    return source_.error("cannot refer to an open group");
  if (group >= lookbehind_groups_)
    return source_.error("cannot refer to group defined in the same lookbehind subpattern");
  return {};
}

Result<Node*> Parser::reference_to(uint32_t group) {
  Node* node = make(NodeKind::Reference);
  node->value = group;
  node->narrowest = out_.groups[group].narrowest;
  node->widest = out_.groups[group].widest;
  return node;
}

Result<Node*> Parser::parse_named_reference() {
  std::u32string name = TRY(source_.get_until(')', "group name"));
  TRY(source_.check_group_name(name, 1));
  auto found = names_.find(name);
  if (found == names_.end())
    return source_.error("unknown group name " + TRY(quoted(vm_, name)), name.size() + 1);
  if (!out_.groups[found->second].is_closed)
    return source_.error("cannot refer to an open group", name.size() + 1);
  TRY(check_lookbehind_group(found->second));
  return reference_to(found->second);
}

Result<Node*> Parser::parse_look(size_t start, bool verbose, char32_t sign) {
  bool behind = sign == '<';
  if (behind) {
    std::u32string_view token = TRY(source_.get());
    if (token.empty()) return source_.error("unexpected end of pattern");
    if (token != U"=" && token != U"!")
      return source_.error("unknown extension ?<" + text_of(token), token.size() + 2);
    sign = token[0];
  }
  uint32_t outer_groups = lookbehind_groups_;
  bool outer_look = in_look_;
  if (behind && !outer_groups) lookbehind_groups_ = static_cast<uint32_t>(out_.groups.size());
  in_look_ = true;
  Node* body = TRY(parse_alternatives(verbose, false));
  in_look_ = outer_look;
  lookbehind_groups_ = outer_groups;
  TRY(expect_close(start));
  if (sign == '!' && body->kind == NodeKind::Sequence && body->items.empty())
    return make(NodeKind::Fail);
  Node* node = make(NodeKind::Look);
  node->behind = behind;
  node->negated = sign == '!';
  node->items.push_back(body);
  return node;
}

Result<Node*> Parser::parse_conditional(size_t start, bool verbose) {
  std::u32string name = TRY(source_.get_until(')', "group name"));
  uint64_t number;
  if (!is_decimal(name, &number)) {
    TRY(source_.check_group_name(name, 1));
    auto found = names_.find(name);
    if (found == names_.end())
      return source_.error("unknown group name " + TRY(quoted(vm_, name)), name.size() + 1);
    number = found->second;
  } else {
    if (number == 0) return source_.error("bad group number", name.size() + 1);
    if (number >= kMaxGroups)
      return source_.error("invalid group reference " + text_of(name), name.size() + 1);
    conditions_.emplace_back(number, source_.position() - name.size() - 1);
  }
  TRY(check_lookbehind_group(static_cast<uint32_t>(number)));
  NativeDepth guard(vm_);
  TRY(guard.check());
  Node* yes = TRY(parse_sequence(verbose, false));
  Node* no = nullptr;
  if (TRY(source_.match('|'))) {
    no = TRY(parse_sequence(verbose, false));
    if (source_.next_is('|'))
      return source_.error("conditional backref with more than two branches");
  }
  TRY(expect_close(start));
  Node* node = make(NodeKind::Conditional);
  node->value = static_cast<uint32_t>(number);
  node->items.push_back(yes);
  if (no) node->items.push_back(no);
  node->narrowest = no ? std::min(yes->narrowest, no->narrowest) : 0;
  node->widest = no ? std::max(yes->widest, no->widest) : yes->widest;
  return node;
}

Result<void> Parser::parse_flags(char32_t sign, bool* global, uint32_t* added, uint32_t* removed) {
  // The next sign: a letter of a flag, or one that `stops`.
  auto next_sign = [&](const char* stops, const char* missing, char32_t* out) -> Result<void> {
    std::u32string_view token = TRY(source_.get());
    if (token.empty()) return source_.error(missing);
    *out = token[0];
    if (flag_of(*out) || (*out < 128 && std::strchr(stops, static_cast<char>(*out)) && *out))
      return {};
    Str* text = TRY(make_str_char(vm_, *out));
    bool is_letter =
        TRY(is_truthy(vm_, TRY(vm_.call_method(text, TRY(intern(vm_, "isalpha")), {}))));
    return source_.error(is_letter ? "unknown flag" : missing, token.size());
  };
  *global = false;
  if (sign != '-') {
    do {
      uint32_t flag = flag_of(sign);
      if (!out_.is_bytes && sign == 'L')
        return source_.error("bad inline flags: cannot use 'L' flag with a str pattern");
      if (out_.is_bytes && sign == 'u')
        return source_.error("bad inline flags: cannot use 'u' flag with a bytes pattern");
      *added |= flag;
      if (flag & kTypeFlags && (*added & kTypeFlags) != flag)
        return source_.error("bad inline flags: flags 'a', 'u' and 'L' are incompatible");
      TRY(next_sign(")-:", "missing -, : or )", &sign));
    } while (flag_of(sign));
  }
  if (sign == ')') {
    *global = true;
    return {};
  }
  if (sign == '-') {
    TRY(next_sign("", "missing flag", &sign));
    do {
      if (flag_of(sign) & kTypeFlags)
        return source_.error("bad inline flags: cannot turn off flags 'a', 'u' and 'L'");
      *removed |= flag_of(sign);
      TRY(next_sign(":", "missing :", &sign));
    } while (flag_of(sign));
  }
  if (*added & *removed) return source_.error("bad inline flags: flag turned on and off", 1);
  return {};
}

Result<bool> Parser::parse_group(bool verbose, bool first, Node** out) {
  size_t start = source_.position() - 1;
  bool capture = true, atomic = false;
  std::u32string name;
  uint32_t added = 0, removed = 0;
  if (TRY(source_.match('?'))) {
    std::u32string_view token = TRY(source_.get());
    if (token.empty()) return source_.error("unexpected end of pattern");
    char32_t sign = token[0];
    if (sign == 'P') {
      if (TRY(source_.match('<'))) {
        name = TRY(source_.get_until('>', "group name"));
        TRY(source_.check_group_name(name, 1));
      } else if (TRY(source_.match('='))) {
        *out = TRY(parse_named_reference());
        return true;
      } else {
        token = TRY(source_.get());
        if (token.empty()) return source_.error("unexpected end of pattern");
        return source_.error("unknown extension ?P" + text_of(token), token.size() + 2);
      }
    } else if (sign == '#') {
      for (;;) {
        if (source_.at_end())
          return source_.error("missing ), unterminated comment", source_.position() - start);
        if (TRY(source_.get()) == U")") return false;
      }
    } else if (sign == '=' || sign == '!' || sign == '<') {
      *out = TRY(parse_look(start, verbose, sign));
      return true;
    } else if (sign == '(') {
      *out = TRY(parse_conditional(start, verbose));
      return true;
    } else if (sign == ':' || sign == '>') {
      capture = false;
      atomic = sign == '>';
    } else if (flag_of(sign) || sign == '-') {
      bool global;
      TRY(parse_flags(sign, &global, &added, &removed));
      if (global) {
        if (!first)
          return source_.error("global flags not at the start of the expression",
                               source_.position() - start);
        out_.flags |= added;
        if (added & kAscii) flags_ &= ~kUnicode;
        flags_ |= added;
        return false;
      }
      capture = false;
    } else {
      return source_.error("unknown extension ?" + text_of(token), token.size() + 1);
    }
  }

  uint32_t group = 0, outer_group = open_group_, outer_flags = flags_;
  if (capture) {
    group = static_cast<uint32_t>(out_.groups.size());
    if (group > kMaxGroups) return source_.error("too many groups", name.size() + 1);
    if (!name.empty()) {
      auto [place, is_new] = names_.emplace(name, group);
      if (!is_new)
        return source_.error("redefinition of group name " + TRY(quoted(vm_, name)) + " as group " +
                                 std::to_string(group) + "; was group " +
                                 std::to_string(place->second),
                             name.size() + 1);
    }
    out_.groups.push_back({text_of(name), outer_group, in_look_});
    open_group_ = group;
  }
  if (added & kTypeFlags) flags_ &= ~kTypeFlags;
  flags_ = (flags_ | added) & ~removed;
  Node* body =
      TRY(parse_alternatives((verbose || added & kVerbose) && !(removed & kVerbose), false));
  flags_ = outer_flags;
  open_group_ = outer_group;
  TRY(expect_close(start));
  if (group) {
    GroupInfo& info = out_.groups[group];
    info.is_closed = true;
    info.narrowest = body->narrowest;
    info.widest = body->widest;
  }
  Node* node = make(atomic ? NodeKind::Atomic : NodeKind::Group);
  node->value = group;
  node->items.push_back(body);
  node->narrowest = body->narrowest;
  node->widest = body->widest;
  *out = node;
  return true;
}

}  // namespace apy::re
