// Sets of characters: [...].
#include "stdlib/re/parser.h"

namespace apy::re {

Result<void> Parser::warn_of_set(const char* what, size_t position) {
  std::string text = std::string("Possible ") + what + " at position " + std::to_string(position);
  // The line to blame is that which called re.compile(), which called _compile().
  Value module = TRY(vm_.import_module("warnings"));
  Value function = TRY(get_attribute(vm_, module, TRY(intern(vm_, "warn"))));
  Value arguments[3] = {TRY(make_str(vm_, text)), vm_.type(Exc::FutureWarning),
                        Value::small_int(3)};
  Value name = TRY(intern(vm_, "stacklevel"));
  TRY(vm_.call_keywords(function, arguments,
                        TRY(apy::make_tuple(vm_, std::span<const Value>(&name, 1)))));
  return {};
}

Result<SetItem> Parser::parse_set_escape(std::u32string_view escape) {
  char32_t c = escape[1];
  if (Category category = category_of(c); category != Category::None)
    return SetItem{0, 0, category};
  uint32_t code = simple_escape(c);
  if (code) return SetItem{code, code};
  if (TRY(parse_code_escape(escape, &code))) return SetItem{code, code};
  if (is_octal_digit(c)) {
    std::u32string text(escape);
    text += TRY(source_.get_while(2, is_octal_digit));
    for (char32_t d : text.substr(1)) code = code * 8 + (d - '0');
    if (code > 0377)
      return source_.error("octal escape value " + text_of(text) + " outside of range 0-0o377",
                           text.size());
    return SetItem{code, code};
  }
  if (is_ascii_letter(c) || c == '8' || c == '9') return bad_escape(escape, escape.size());
  return SetItem{c, c};
}

Result<Node*> Parser::parse_set() {
  size_t here = source_.position() - 1;
  auto unterminated = [&] {
    return source_.error("unterminated character set", source_.position() - here);
  };
  Node* node = make(NodeKind::Set);
  std::vector<SetItem>& set = node->set;
  if (source_.next_is('[')) TRY(warn_of_set("nested set", source_.position()));
  node->negated = TRY(source_.match('^'));
  for (;;) {
    std::u32string_view token = TRY(source_.get());
    if (token.empty()) return unterminated();
    if (token == U"]" && !set.empty()) return node;
    SetItem item{token[0], token[0]};
    if (token[0] == '\\') {
      item = TRY(parse_set_escape(token));
    } else if (!set.empty() && source_.next() == token) {
      const char* what = token == U"-"   ? "set difference"
                         : token == U"&" ? "set intersection"
                         : token == U"~" ? "set symmetric difference"
                         : token == U"|" ? "set union"
                                         : nullptr;
      if (what) TRY(warn_of_set(what, source_.position() - 1));
    }
    if (!TRY(source_.match('-'))) {
      set.push_back(item);
      continue;
    }
    std::u32string_view that = TRY(source_.get());
    if (that.empty()) return unterminated();
    if (that == U"]") {
      set.push_back(item);
      set.push_back({'-', '-'});
      return node;
    }
    SetItem end{that[0], that[0]};
    if (that[0] == '\\')
      end = TRY(parse_set_escape(that));
    else if (that == U"-")
      TRY(warn_of_set("set difference", source_.position() - 2));
    if (item.category != Category::None || end.category != Category::None || end.low < item.low)
      return source_.error("bad character range " + text_of(token) + "-" + text_of(that),
                           token.size() + 1 + that.size());
    set.push_back({item.low, end.low});
  }
}

}  // namespace apy::re
