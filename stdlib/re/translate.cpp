#include "stdlib/re/translate.h"

#include <algorithm>

#include "stdlib/re/char_set.h"

namespace apy::re {

namespace {

constexpr uint32_t kMaxCount = 65535;  // PCRE2's limit for a counted repeat

class Translator {
 public:
  Translator(VM& vm, const Syntax& syntax, SubjectForm form)
      : vm_(vm),
        form_(form),
        highest_(highest_code(form, syntax.is_bytes)),
        properties_(uses_properties(syntax, form)) {}
  Result<void> write(const Node* node);
  std::string take() { return std::move(out_); }

 private:
  bool is_unicode(const Node* node) const {
    return (node->flags & kUnicode) && form_ != SubjectForm::Ascii;
  }
  bool is_wide() const { return form_ == SubjectForm::Ucs2 || form_ == SubjectForm::Ucs4; }
  void write_code(uint32_t code);
  void write_ranges(const CharSet& set);
  void write_literal(const Node* node);
  void write_set(const Node* node);
  void write_whole_set(const CharSet& set);
  void write_position(const Node* node);
  Result<void> write_repeat(const Node* node);
  Result<void> write_repeatable(const Node* node);
  Result<void> write_group(const char* opening, const Node* node);

  VM& vm_;
  SubjectForm form_;
  uint32_t highest_;
  bool properties_;
  std::string out_;
};

void Translator::write_code(uint32_t code) {
  if (code < 128 &&
      (is_ascii_letter(code) || (code >= '0' && code <= '9') || code == ' ' || code == '_')) {
    out_ += static_cast<char>(code);
    return;
  }
  char buffer[16];
  int length = snprintf(buffer, sizeof buffer, code < 256 ? "\\x%02x" : "\\x{%x}", code);
  out_.append(buffer, static_cast<size_t>(length));
}

void Translator::write_ranges(const CharSet& set) {
  for (auto [low, high] : set.ranges()) {
    write_code(low);
    if (high == low) continue;
    if (high > low + 1) out_ += '-';
    write_code(high);
  }
}

/// A normalized set by itself.
void Translator::write_whole_set(const CharSet& set) {
  const auto& ranges = set.ranges();
  if (ranges.empty()) {
    // Matches nothing, yet is one character wide, as look-behinds demand.
    out_ += "[^";
    write_ranges(set.complement(std::max(highest_, 0xFFu)));
    out_ += ']';
  } else if (ranges.size() == 1 && ranges[0].first == ranges[0].second) {
    write_code(ranges[0].first);
  } else if (ranges.size() == 1 && ranges[0].first == 0 && ranges[0].second >= highest_) {
    out_ += '.';
  } else {
    CharSet rest = set.complement(highest_);
    bool negate = rest.ranges().size() < ranges.size();
    out_ += negate ? "[^" : "[";
    write_ranges(negate ? rest : set);
    out_ += ']';
  }
}

void Translator::write_literal(const Node* node) {
  CharSet set;
  if (node->flags & kIgnoreCase)
    add_case_variants(node->value, node->value, node->flags & kUnicode, &set);
  else
    set.add(node->value, node->value);
  set.normalize(highest_);
  write_whole_set(set);
}

void Translator::write_set(const Node* node) {
  bool unicode = is_unicode(node);
  CharSet set;
  std::string properties;  // parts that PCRE2 knows better
  for (const SetItem& item : node->set) {
    if (item.category == Category::None) {
      if (node->flags & kIgnoreCase)
        add_case_variants(item.low, item.high, node->flags & kUnicode, &set);
      else
        set.add(item.low, item.high);
      continue;
    }
    Category category = item.category;
    bool negated = category == Category::NotDigit || category == Category::NotSpace ||
                   category == Category::NotWord;
    if (negated) category = static_cast<Category>(static_cast<int>(category) - 1);
    if (unicode && category != Category::Space && is_wide()) {
      properties += category == Category::Word ? (negated ? "\\W" : "\\w")
                    : negated                  ? "\\D"
                                               : "\\d";
    } else {
      CharSet members = category_members(category, unicode, highest_);
      set.add(negated ? members.complement(highest_) : members);
    }
  }
  set.normalize(highest_);
  if (properties.empty()) {
    write_whole_set(node->negated ? set.complement(highest_) : set);
    return;
  }
  out_ += node->negated ? "[^" : "[";
  write_ranges(set);
  out_ += properties;
  out_ += ']';
}

void Translator::write_position(const Node* node) {
  bool multiline = node->flags & kMultiline;
  switch (static_cast<Position>(node->value)) {
    case Position::Begin:
      out_ += multiline ? "^" : "\\A";
      break;
    case Position::BeginString:
      out_ += "\\A";
      break;
    case Position::End:
      out_ += multiline ? "$" : "\\Z";
      break;
    case Position::EndString:
      out_ += "\\z";
      break;
    case Position::Boundary:
      if (is_unicode(node) == properties_)
        out_ += "\\b";
      else
        out_ += "(?:(?<=[a-zA-Z0-9_])(?![a-zA-Z0-9_])|(?<![a-zA-Z0-9_])(?=[a-zA-Z0-9_]))";
      break;
    case Position::NotBoundary:
      // Nothing is no boundary in an empty string, and no place inside either.
      out_ += "(?!\\A\\z)";
      if (is_unicode(node) == properties_)
        out_ += "\\B";
      else
        out_ += "(?:(?<=[a-zA-Z0-9_])(?=[a-zA-Z0-9_])|(?<![a-zA-Z0-9_])(?![a-zA-Z0-9_]))";
      break;
  }
}

Result<void> Translator::write_group(const char* opening, const Node* node) {
  out_ += opening;
  TRY(write(node));
  out_ += ')';
  return {};
}

/// `node` as one item. Single characters stay bare: PCRE2 has faster loops for them than for
/// groups.
Result<void> Translator::write_repeatable(const Node* node) {
  switch (node->kind) {
    case NodeKind::Literal:
    case NodeKind::Any:
    case NodeKind::Set:
    case NodeKind::Atomic:
      return write(node);
    case NodeKind::Group: {
      const Node* body = node->items[0];
      if (node->value == 0 && body->kind == NodeKind::Sequence && body->items.size() == 1)
        return write_repeatable(body->items[0]);
      return write(node);
    }
    default:
      return write_group("(?:", node);
  }
}

Result<void> Translator::write_repeat(const Node* node) {
  const char* suffix = node->repeat == RepeatMode::Lazy         ? "?"
                       : node->repeat == RepeatMode::Possessive ? "+"
                                                                : "";
  uint32_t minimum = node->minimum, maximum = node->maximum;
  auto write_body = [&] { return write_repeatable(node->items[0]); };
  if (node->items[0]->widest == 0) {
    // Once is as good as often; and look-behinds know nothing of optional items.
    out_ += node->repeat == RepeatMode::Possessive ? "(?>" : "(?:";
    if (minimum == 0 && node->repeat == RepeatMode::Lazy) out_ += '|';
    TRY(write(node->items[0]));
    if (minimum == 0 && node->repeat != RepeatMode::Lazy) out_ += '|';
    out_ += ')';
    return {};
  }
  // A count beyond PCRE2's limit is made of whole blocks of the largest count and a rest.
  bool endless = maximum == kMaxRepeat;
  if (minimum > kMaxCount || (!endless && maximum > kMaxCount)) {
    auto write_count = [&](uint32_t count, bool exact) -> Result<void> {
      out_ += "(?:";
      if (uint32_t blocks = count / kMaxCount) {
        out_ += "(?:";
        TRY(write_body());
        out_ += exact ? "{65535}" : "{0,65535}";
        out_ += suffix;
        out_ += ")" + std::string(exact ? "{" : "{0,") + std::to_string(blocks) + "}" + suffix;
      }
      if (uint32_t rest = count % kMaxCount) {
        TRY(write_body());
        out_ += std::string(exact ? "{" : "{0,") + std::to_string(rest) + "}" + suffix;
      }
      out_ += ")";
      return {};
    };
    out_ += node->repeat == RepeatMode::Possessive ? "(?>" : "(?:";
    if (minimum) TRY(write_count(minimum, true));
    if (endless) {
      TRY(write_body());
      out_ += std::string("*") + suffix;
    } else if (maximum > minimum) {
      TRY(write_count(maximum - minimum, false));
    }
    out_ += ")";
    return {};
  }
  TRY(write_body());
  if (minimum == 0 && endless)
    out_ += '*';
  else if (minimum == 1 && endless)
    out_ += '+';
  else if (minimum == 0 && maximum == 1)
    out_ += '?';
  else if (endless)
    out_ += "{" + std::to_string(minimum) + ",}";
  else if (minimum == maximum)
    out_ += "{" + std::to_string(minimum) + "}";
  else
    out_ += "{" + std::to_string(minimum) + "," + std::to_string(maximum) + "}";
  out_ += suffix;
  return {};
}

Result<void> Translator::write(const Node* node) {
  NativeDepth guard(vm_);
  TRY(guard.check());
  switch (node->kind) {
    case NodeKind::Sequence:
      for (const Node* item : node->items) TRY(write(item));
      return {};
    case NodeKind::Alternatives:
      for (size_t i = 0; i < node->items.size(); ++i) {
        if (i) out_ += '|';
        TRY(write(node->items[i]));
      }
      return {};
    case NodeKind::Literal:
      write_literal(node);
      return {};
    case NodeKind::Any:
      out_ += node->flags & kDotAll ? "." : "[^\\n]";
      return {};
    case NodeKind::Set:
      write_set(node);
      return {};
    case NodeKind::At:
      write_position(node);
      return {};
    case NodeKind::Group:
      return write_group(node->value ? "(" : "(?:", node->items[0]);
    case NodeKind::Reference: {
      std::string text = "\\g{" + std::to_string(node->value) + "}";
      out_ += node->flags & kIgnoreCase ? "(?i:" + text + ")" : text;
      return {};
    }
    case NodeKind::Conditional:
      out_ += "(?(" + std::to_string(node->value) + ")";
      TRY(write(node->items[0]));
      if (node->items.size() > 1) {
        out_ += '|';
        TRY(write(node->items[1]));
      }
      out_ += ')';
      return {};
    case NodeKind::Look: {
      std::string opening = node->behind ? "(?<" : "(?";
      opening += node->negated ? '!' : '=';
      return write_group(opening.c_str(), node->items[0]);
    }
    case NodeKind::Atomic:
      return write_group("(?>", node->items[0]);
    case NodeKind::Repeat:
      return write_repeat(node);
    case NodeKind::Fail:
      out_ += "(?!)";
      return {};
  }
  return {};
}

}  // namespace

Result<std::string> translate(VM& vm, const Syntax& syntax, SubjectForm form) {
  Translator translator(vm, syntax, form);
  TRY(translator.write(syntax.root));
  return translator.take();
}

}  // namespace apy::re
