// The parser's backbone: alternatives, sequences, escapes, repetition.
#include "stdlib/re/parser.h"

#include <algorithm>

namespace apy::re {

namespace {

uint64_t add(uint64_t a, uint64_t b) { return a > UINT64_MAX - b ? UINT64_MAX : a + b; }
uint64_t multiply(uint64_t a, uint64_t b) { return b && a > UINT64_MAX / b ? UINT64_MAX : a * b; }

bool is_hex_digit(char32_t c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
/// PCRE2's limit.
constexpr uint64_t kMaxLookBehind = 65535;

bool is_space(char32_t c) { return c == ' ' || (c >= 9 && c <= 13); }

}  // namespace

Category category_of(char32_t letter) {
  switch (letter) {
    case 'd':
      return Category::Digit;
    case 'D':
      return Category::NotDigit;
    case 's':
      return Category::Space;
    case 'S':
      return Category::NotSpace;
    case 'w':
      return Category::Word;
    case 'W':
      return Category::NotWord;
  }
  return Category::None;
}

Node* Parser::make(NodeKind kind) {
  out_.nodes.push_back(Node{kind, flags_});
  Node* node = &out_.nodes.back();
  switch (kind) {
    case NodeKind::Literal:
    case NodeKind::Any:
    case NodeKind::Set:
      node->narrowest = node->widest = 1;
      break;
    default:
      break;
  }
  return node;
}

Error Parser::bad_escape(std::u32string_view escape, size_t back) {
  return source_.error("bad escape " + text_of(escape), back);
}

Result<void> Parser::fix_flags() {
  uint32_t& flags = out_.flags;
  if (!out_.is_bytes) {
    if (flags & kLocale)
      return vm_.raise(Exc::ValueError, "cannot use LOCALE flag with a str pattern");
    if (!(flags & kAscii))
      flags |= kUnicode;
    else if (flags & kUnicode)
      return vm_.raise(Exc::ValueError, "ASCII and UNICODE flags are incompatible");
    return {};
  }
  if (flags & kUnicode)
    return vm_.raise(Exc::ValueError, "cannot use UNICODE flag with a bytes pattern");
  if (flags & kLocale && flags & kAscii)
    return vm_.raise(Exc::ValueError, "ASCII and LOCALE flags are incompatible");
  return {};
}

Result<void> Parser::parse() {
  out_.groups.emplace_back();
  TRY(source_.start());
  out_.root = TRY(parse_alternatives(flags_ & kVerbose, true));
  TRY(fix_flags());
  if (!source_.at_end()) return source_.error("unbalanced parenthesis");
  for (auto [group, position] : conditions_)
    if (group >= out_.groups.size())
      return raise_pattern_error(vm_, "invalid group reference " + std::to_string(group), pattern_,
                                 static_cast<int64_t>(position));
  return check_lookbehinds();
}

Result<void> Parser::check_lookbehinds() {
  for (const Node& node : out_.nodes) {
    if (node.kind != NodeKind::Look || !node.behind) continue;
    if (node.items[0]->narrowest > kMaxLookBehind)
      return raise_pattern_error(vm_, "looks too much behind", Value(), -1);
    if (node.items[0]->narrowest != node.items[0]->widest)
      return raise_pattern_error(vm_, "look-behind requires fixed-width pattern", Value(), -1);
  }
  return {};
}

Result<Node*> Parser::parse_alternatives(bool verbose, bool outermost) {
  NativeDepth guard(vm_);
  TRY(guard.check());
  out_.nesting = std::max(out_.nesting, ++nesting_);
  Node* first = TRY(parse_sequence(verbose, outermost));
  --nesting_;
  if (!source_.next_is('|')) return first;
  Node* node = make(NodeKind::Alternatives);
  node->items.push_back(first);
  node->narrowest = first->narrowest;
  node->widest = first->widest;
  while (TRY(source_.match('|'))) {
    if (outermost) verbose = flags_ & kVerbose;
    ++nesting_;
    Node* item = TRY(parse_sequence(verbose, false));
    --nesting_;
    node->items.push_back(item);
    node->narrowest = std::min(node->narrowest, item->narrowest);
    node->widest = std::max(node->widest, item->widest);
  }
  return node;
}

Result<void> Parser::skip_comment() {
  for (;;) {
    std::u32string_view token = TRY(source_.get());
    if (token.empty() || (token.size() == 1 && token[0] == '\n')) return {};
  }
}

void Parser::finish_sequence(Node* sequence) {
  for (const Node* item : sequence->items) {
    sequence->narrowest = add(sequence->narrowest, item->narrowest);
    sequence->widest = add(sequence->widest, item->widest);
  }
}

Result<Node*> Parser::parse_sequence(bool verbose, bool first) {
  Node* sequence = make(NodeKind::Sequence);
  auto append = [&](Node* node) { sequence->items.push_back(node); };
  while (!source_.at_end() && !source_.next_is('|') && !source_.next_is(')')) {
    std::u32string_view token = TRY(source_.get());
    char32_t c = token[0];
    if (verbose && is_space(c)) continue;
    if (verbose && c == '#') {
      TRY(skip_comment());
      continue;
    }
    bool literal = false;
    switch (c) {
      case '\\':
        append(TRY(parse_escape(token)));
        break;
      case '[':
        append(TRY(parse_set()));
        break;
      case '*':
      case '+':
      case '?':
      case '{':
        TRY(parse_repeat(token, sequence, &literal));
        break;
      case '.':
        append(make(NodeKind::Any));
        break;
      case '(': {
        Node* node = nullptr;
        bool is_first = first && sequence->items.empty();
        if (TRY(parse_group(verbose, is_first, &node)))
          append(node);
        else if (is_first)
          verbose = verbose || flags_ & kVerbose;
        break;
      }
      case '^':
      case '$':
        append(make(NodeKind::At));
        sequence->items.back()->value =
            static_cast<uint32_t>(c == '^' ? Position::Begin : Position::End);
        break;
      default:
        literal = true;
    }
    if (literal) {
      append(make(NodeKind::Literal));
      sequence->items.back()->value = c;
    }
  }
  finish_sequence(sequence);
  return sequence;
}

Result<bool> Parser::parse_code_escape(std::u32string_view escape, uint32_t* code) {
  char32_t c = escape[1];
  if (c == 'N' && !out_.is_bytes) {
    if (!TRY(source_.match('{'))) return source_.error("missing {");
    std::u32string name = TRY(source_.get_until('}', "character name"));
    // There is no table of names (docs/differences.md).
    return source_.error("undefined character name " + TRY(quoted(vm_, name)), name.size() + 4);
  }
  size_t digits = c == 'x' ? 2 : out_.is_bytes ? 0 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
  if (!digits) return false;
  std::u32string text(escape);
  text += TRY(source_.get_while(digits, is_hex_digit));
  if (text.size() != digits + 2)
    return source_.error("incomplete escape " + text_of(text), text.size());
  uint64_t value = 0;
  for (char32_t d : text.substr(2)) value = value * 16 + (d <= '9' ? d - '0' : (d | 32) - 'a' + 10);
  if (value > 0x10FFFF) return bad_escape(text, text.size());
  *code = static_cast<uint32_t>(value);
  return true;
}

Result<Node*> Parser::parse_number_escape(std::u32string_view escape) {
  std::u32string text(escape);
  Node* literal = make(NodeKind::Literal);
  auto octal_value = [&] {
    uint32_t value = 0;
    for (char32_t d : text.substr(1)) value = value * 8 + (d - '0');
    return value;
  };
  if (text[1] == '0') {
    text += TRY(source_.get_while(2, is_octal_digit));
    literal->value = octal_value();
    return literal;
  }
  if (source_.next_is_digit()) {
    text += TRY(source_.get());
    if (is_octal_digit(text[1]) && is_octal_digit(text[2]) && source_.next_is_digit(true)) {
      text += TRY(source_.get());
      literal->value = octal_value();
      if (literal->value > 0377)
        return source_.error("octal escape value " + text_of(text) + " outside of range 0-0o377",
                             text.size());
      return literal;
    }
  }
  uint32_t group = 0;
  for (char32_t d : text.substr(1)) group = group * 10 + (d - '0');
  if (group >= out_.groups.size())
    return source_.error("invalid group reference " + std::to_string(group), text.size() - 1);
  if (!out_.groups[group].is_closed)
    return source_.error("cannot refer to an open group", text.size());
  TRY(check_lookbehind_group(group));
  return reference_to(group);
}

Result<Node*> Parser::parse_escape(std::u32string_view escape) {
  char32_t c = escape[1];
  auto position = [&](Position value) {
    Node* node = make(NodeKind::At);
    node->value = static_cast<uint32_t>(value);
    return node;
  };
  switch (c) {
    case 'A':
      return position(Position::BeginString);
    case 'Z':
      return position(Position::EndString);
    case 'b':
      return position(Position::Boundary);
    case 'B':
      return position(Position::NotBoundary);
  }
  if (Category category = category_of(c); category != Category::None) {
    Node* node = make(NodeKind::Set);
    node->set.push_back({0, 0, category});
    return node;
  }
  if (c >= '0' && c <= '9') return parse_number_escape(escape);
  uint32_t code = simple_escape(c);
  if (!code && !TRY(parse_code_escape(escape, &code))) {
    if (is_ascii_letter(c)) return bad_escape(escape, escape.size());
    code = c;
  }
  Node* node = make(NodeKind::Literal);
  node->value = code;
  return node;
}

Result<bool> Parser::parse_counts(uint32_t* minimum, uint32_t* maximum, size_t here) {
  auto digits = [](char32_t c) { return c >= '0' && c <= '9'; };
  std::u32string low = TRY(source_.get_while(SIZE_MAX, digits)), high = low;
  if (TRY(source_.match(','))) high = TRY(source_.get_while(SIZE_MAX, digits));
  if (!TRY(source_.match('}'))) {
    TRY(source_.seek(here));
    return false;
  }
  *minimum = 0;
  *maximum = kMaxRepeat;
  uint64_t number;
  if (is_decimal(low, &number)) {
    if (number >= kMaxRepeat)
      return vm_.raise(Exc::OverflowError, "the repetition number is too large");
    *minimum = static_cast<uint32_t>(number);
  }
  if (is_decimal(high, &number)) {
    if (number >= kMaxRepeat)
      return vm_.raise(Exc::OverflowError, "the repetition number is too large");
    *maximum = static_cast<uint32_t>(number);
    if (*maximum < *minimum)
      return source_.error("min repeat greater than max repeat", source_.position() - here);
  }
  return true;
}

Result<void> Parser::parse_repeat(std::u32string_view sign, Node* sequence, bool* literal) {
  size_t here = source_.position();
  uint32_t minimum = sign[0] == '+', maximum = sign[0] == '?' ? 1 : kMaxRepeat;
  if (sign[0] == '{') {
    *literal = source_.next_is('}') || !TRY(parse_counts(&minimum, &maximum, here));
    if (*literal) return {};
  }
  size_t back = source_.position() - here + 1;
  Node* item = sequence->items.empty() ? nullptr : sequence->items.back();
  if (!item || item->kind == NodeKind::At) return source_.error("nothing to repeat", back);
  if (item->kind == NodeKind::Repeat) return source_.error("multiple repeat", back);
  Node* node = make(NodeKind::Repeat);
  node->minimum = minimum;
  node->maximum = maximum;
  node->items.push_back(item);
  node->narrowest = multiply(item->narrowest, minimum);
  node->widest =
      maximum == kMaxRepeat && item->widest ? UINT64_MAX : multiply(item->widest, maximum);
  if (TRY(source_.match('?')))
    node->repeat = RepeatMode::Lazy;
  else if (TRY(source_.match('+')))
    node->repeat = RepeatMode::Possessive;
  sequence->items.back() = node;
  return {};
}

Result<void> parse_pattern(VM& vm, Value pattern, std::u32string text, uint32_t flags,
                           Syntax* out) {
  out->flags = flags;
  // Unicode semantics of str patterns hold from the start, so that every node knows its flags.
  if (!out->is_bytes && !(flags & (kAscii | kLocale))) flags |= kUnicode;
  Parser parser(vm, pattern, std::move(text), flags, out);
  TRY(parser.parse());
  for (const Node& node : out->nodes) {
    out->uses_unicode |= (node.flags & kUnicode) != 0;
    out->has_caseless_reference |= node.kind == NodeKind::Reference && node.flags & kIgnoreCase;
  }
  return {};
}

}  // namespace apy::re
