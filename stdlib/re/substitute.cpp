// Replacing: templates, sub() and subn().
#include <algorithm>

#include "stdlib/re/pattern.h"
#include "vm/objects/text.h"

namespace apy::re {

namespace {

/// Collects the parts of a replacement template.
class TemplateParser {
 public:
  TemplateParser(VM& vm, Pattern* pattern, Value source, std::u32string text)
      : vm_(vm),
        pattern_(pattern),
        is_bytes_(!is_kind(source, CellKind::Str)),
        tokens_(vm, source, std::move(text), !is_kind(source, CellKind::Str)),
        parts_(nullptr) {}
  Result<Tuple*> parse();

 private:
  Result<void> flush();
  Result<void> add_group(uint64_t group, size_t back);
  Result<void> parse_name();
  Result<void> parse_number(std::u32string text);
  Result<void> parse_escape(std::u32string_view escape);

  VM& vm_;
  Pattern* pattern_;
  bool is_bytes_;
  Tokenizer tokens_;
  List* parts_;
  std::u32string literal_;
};

Result<void> TemplateParser::flush() {
  if (literal_.empty()) return {};
  Value text;
  if (is_bytes_) {
    Bytes* bytes = TRY(make_bytes(vm_, literal_.size()));
    for (size_t i = 0; i < literal_.size(); ++i)
      bytes->data()[i] = static_cast<uint8_t>(literal_[i]);
    text = bytes;
  } else {
    text = TRY(
        make_str_ucs4(vm_, reinterpret_cast<const uint32_t*>(literal_.data()), literal_.size()));
  }
  literal_.clear();
  return list_append(vm_, parts_, text);
}

Result<void> TemplateParser::add_group(uint64_t group, size_t back) {
  if (group > pattern_->program->group_count())
    return tokens_.error("invalid group reference " + std::to_string(group), back);
  TRY(flush());
  return list_append(vm_, parts_, Value::small_int(static_cast<int64_t>(group)));
}

Result<void> TemplateParser::parse_name() {
  if (!TRY(tokens_.match('<'))) return tokens_.error("missing <");
  std::u32string name = TRY(tokens_.get_until('>', "group name"));
  uint64_t number;
  if (!is_decimal(name, &number)) {
    TRY(tokens_.check_group_name(name, 1));
    Value key =
        TRY(make_str_ucs4(vm_, reinterpret_cast<const uint32_t*>(name.data()), name.size()));
    Value found;
    if (!TRY(dict_get(vm_, pattern_->group_index, key, &found)))
      return vm_.raise(Exc::IndexError, "unknown group name {}", TRY(repr_text(vm_, key)));
    number = static_cast<uint64_t>(found.as_small_int());
  }
  return add_group(number, name.size() + 1);
}

Result<void> TemplateParser::parse_number(std::u32string text) {
  auto octal_value = [&] {
    uint32_t value = 0;
    for (char32_t d : text.substr(1)) value = value * 8 + (d - '0');
    return value;
  };
  if (text[1] == '0') {
    text += TRY(tokens_.get_while(2, is_octal_digit));
    literal_ += static_cast<char32_t>(octal_value() & 0xFF);
    return {};
  }
  if (tokens_.next_is_digit()) {
    text += TRY(tokens_.get());
    if (is_octal_digit(text[1]) && is_octal_digit(text[2]) && tokens_.next_is_digit(true)) {
      text += TRY(tokens_.get());
      if (octal_value() > 0377)
        return tokens_.error("octal escape value " + text_of(text) + " outside of range 0-0o377",
                             text.size());
      literal_ += static_cast<char32_t>(octal_value());
      return {};
    }
  }
  uint64_t number;
  is_decimal(std::u32string_view(text).substr(1), &number);
  return add_group(number, text.size() - 1);
}

Result<void> TemplateParser::parse_escape(std::u32string_view escape) {
  char32_t c = escape[1];
  if (c == 'g') return parse_name();
  if (c >= '0' && c <= '9') return parse_number(std::u32string(escape));
  if (uint32_t code = simple_escape(c)) {
    literal_ += code;
    return {};
  }
  if (is_ascii_letter(c)) return tokens_.error("bad escape " + text_of(escape), escape.size());
  literal_ += escape;
  return {};
}

Result<Tuple*> TemplateParser::parse() {
  parts_ = TRY(make_list(vm_, size_t{0}));
  TRY(tokens_.start());
  while (!tokens_.at_end()) {
    std::u32string_view token = TRY(tokens_.get());
    if (token[0] == '\\')
      TRY(parse_escape(token));
    else
      literal_ += token;
  }
  TRY(flush());
  return make_tuple(vm_, parts_->span());
}

/// Text or bytes in the making.
class PieceBuilder {
 public:
  PieceBuilder(VM& vm, bool is_bytes) : vm_(vm), is_bytes_(is_bytes), text_(vm), bytes_(vm) {}
  void append_slice(Value string, const Subject& subject, size_t begin, size_t end) {
    if (begin >= end) return;
    ++pieces_;
    if (is_bytes_)
      bytes_.append(
          std::string_view(reinterpret_cast<const char*>(subject.data) + begin, end - begin));
    else
      text_.append(as<Str>(string), begin, end);
  }
  /// A TypeError as join() words it, if `piece` is of another kind.
  Result<void> append(Value piece) {
    std::string_view bytes;
    if (is_bytes_) {
      if (!get_bytes(piece, &bytes))
        return vm_.raise(Exc::TypeError, "sequence item {}: expected a bytes-like object, {} found",
                         pieces_, vm_.type_of(piece));
      bytes_.append(bytes);
    } else {
      Str* text = try_as<Str>(piece);
      if (!text)
        return vm_.raise(Exc::TypeError, "sequence item {}: expected str instance, {} found",
                         pieces_, vm_.type_of(piece));
      text_.append(text);
    }
    ++pieces_;
    return {};
  }
  Result<Value> finish() {
    if (is_bytes_) return bytes_.finish();
    return text_.finish();
  }

 private:
  VM& vm_;
  bool is_bytes_;
  int64_t pieces_ = 0;
  StrBuilder text_;
  ByteBuilder bytes_;
};

bool has_backslash(Value text) {
  if (Str* string = try_as<Str>(text))
    return with_units(string, [&](auto* units) {
      return std::find(units, units + string->length, '\\') != units + string->length;
    });
  std::string_view bytes;
  return get_bytes(text, &bytes) && bytes.find('\\') != std::string_view::npos;
}

/// What replaces the matches: text, a parsed template or a function.
struct Replacement {
  Value text;
  Tuple* parts = nullptr;
  Value function;
};

Result<Replacement> read_replacement(VM& vm, Pattern* self, Value value) {
  Replacement result;
  if (TRY(is_callable(vm, value))) {
    result.function = value;
    return result;
  }
  if (self->template_source.is(value)) {
    result.parts = as<Tuple>(self->template_parts);
    return result;
  }
  std::string_view bytes;
  if (!is_kind(value, CellKind::Str) && !get_bytes(value, &bytes))
    return vm.raise(Exc::TypeError, "decoding to str: need a bytes-like object, {} found",
                    vm.type_of(value));
  if (!has_backslash(value)) {
    result.text = value;
    return result;
  }
  result.parts = TRY(parse_template(vm, self, value));
  if (is_exact(value, BuiltinType::Str) || is_exact(value, BuiltinType::Bytes)) {
    self->template_source = value;
    self->template_parts = result.parts;
    vm.barrier(self);
  }
  return result;
}

/// Appends the template for the match just made.
Result<void> append_template(VM& vm, Pattern* self, const OpenSubject& subject, Tuple* parts,
                             PieceBuilder& out) {
  const size_t* positions = self->program->positions();
  for (Value part : parts->span()) {
    if (!part.is_small_int()) {
      TRY(out.append(part));
      continue;
    }
    auto group = static_cast<size_t>(part.as_small_int());
    if (positions[2 * group] != SIZE_MAX)
      out.append_slice(subject.string(), subject.subject(), positions[2 * group],
                       positions[2 * group + 1]);
  }
  (void)vm;
  return {};
}

Result<Value> substitute(VM& vm, Pattern* self, Value value, Value string, int64_t count,
                         int64_t* made) {
  OpenSubject subject;
  TRY(subject.open(vm, self, string));
  Replacement replacement = TRY(read_replacement(vm, self, value));
  PieceBuilder out(vm, self->is_bytes());
  Walk walk(self, MatchMode::Search, 0);
  size_t last = 0;
  *made = 0;
  auto end = static_cast<int64_t>(subject.subject().length);
  while ((count == 0 || *made < count) && TRY(walk.next(vm, subject.subject()))) {
    const size_t* positions = self->program->positions();
    size_t match_end = positions[1];
    out.append_slice(string, subject.subject(), last, positions[0]);
    if (!replacement.function.is_empty()) {
      Value match = TRY(make_match(vm, self, string, 0, end));
      Value item = TRY(vm.call(replacement.function, {match}));
      if (!item.is_none()) TRY(out.append(item));
    } else if (replacement.parts) {
      TRY(append_template(vm, self, subject, replacement.parts, out));
    } else {
      TRY(out.append(replacement.text));
    }
    last = match_end;
    ++*made;
  }
  if (*made == 0) return subject.piece(vm, 0, subject.subject().length);
  out.append_slice(string, subject.subject(), last, subject.subject().length);
  return out.finish();
}

}  // namespace

Result<Tuple*> parse_template(VM& vm, Pattern* pattern, Value source) {
  std::string_view bytes;
  if (Str* text = try_as<Str>(source)) {
    TemplateParser parser(vm, pattern, source, code_points_of(text));
    return parser.parse();
  }
  if (!get_bytes(source, &bytes))
    return vm.raise(Exc::TypeError, "decoding to str: need a bytes-like object, {} found",
                    vm.type_of(source));
  TemplateParser parser(vm, pattern, source, code_points_of(bytes));
  return parser.parse();
}

Result<Value> expand_template(VM& vm, Match* match, Tuple* parts) {
  PieceBuilder out(vm, match->pattern->is_bytes());
  for (Value part : parts->span()) {
    if (part.is_small_int())
      part = TRY(match_group(vm, match, static_cast<uint32_t>(part.as_small_int()), Value::none()));
    if (!part.is_none()) TRY(out.append(part));
  }
  return out.finish();
}

Result<Value> pattern_sub(VM& vm, Pattern* self, Value replacement, Value string,
                          Optional<int64_t> count) {
  int64_t made;
  return substitute(vm, self, replacement, string, count.value_or(0), &made);
}

Result<Value> pattern_subn(VM& vm, Pattern* self, Value replacement, Value string,
                           Optional<int64_t> count) {
  int64_t made;
  Value text = TRY(substitute(vm, self, replacement, string, count.value_or(0), &made));
  Value pair[2] = {text, Value::small_int(made)};
  return make_tuple(vm, pair);
}

}  // namespace apy::re
