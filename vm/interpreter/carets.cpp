// Carets of tracebacks. The rules are those of CPython 3.13's traceback module, so that its output
// can be compared: an expression is parsed again from its text, and the operator of a binary
// operation, the brackets of a subscript or of a call are singled out.
#include "vm/interpreter/carets.h"

#include <algorithm>
#include <set>

#include "lexer/name_table.h"
#include "lexer/source.h"
#include "lexer/utf8.h"
#include "parser/parser.h"
#include "vm/objects/unicode.h"

namespace apy {

bool is_blank(char32_t c) {
  if (c < 0x80) return c == ' ' || (c >= 9 && c <= 13) || (c >= 0x1C && c <= 0x1F);
  return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 ||
         c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

size_t display_width(const std::u32string& line, size_t count) {
  size_t width = 0;
  for (size_t i = 0; i < count && i < line.size(); ++i)
    width += line[i] >= 0x80 && unicode_is_wide(line[i]) ? 2 : 1;
  // Positions behind the end of a line count as they are.
  return width + (count > line.size() ? count - line.size() : 0);
}

std::u32string decode_line(std::string_view utf8) {
  std::u32string line;
  line.reserve(utf8.size());
  while (!utf8.empty()) {
    Utf8Step step = decode_utf8(utf8);
    line += step.fault == Utf8Fault::None ? step.code_point : char32_t{0xFFFD};
    utf8.remove_prefix(step.size);
  }
  return line;
}

std::string encode_line(const std::u32string& line) {
  std::string text;
  for (char32_t c : line) append_utf8(text, c);
  return text;
}

namespace {

std::string join(const SourceLines& lines, std::string_view before, std::string_view after) {
  std::string text(before);
  for (size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) text += '\n';
    text += encode_line(lines[i]);
  }
  return text.append(after);
}

/// The only statement of a text, or null.
const ast::Node* only_statement(const ParseResult& parsed) {
  if (!parsed) return nullptr;
  const auto& body = parsed.root->as<ast::Module>()->body;
  return body.size() == 1 ? body[0] : nullptr;
}

/// Walks over the characters of a segment. A walk that leaves it makes the whole search fail.
class Walker {
 public:
  explicit Walker(const SourceLines& lines) : lines_(lines) {}

  /// Moves on to the next line while `at` is behind the end of its line.
  bool settle(LinePosition* at) const {
    while (at->line < lines_.size() && at->column >= lines_[at->line].size())
      *at = {at->line + 1, 0};
    return at->line < lines_.size();
  }
  /// Moves on until `stop(c)`; comments and line continuations are skipped.
  template <class Stop>
  bool seek(LinePosition* at, Stop stop) const {
    if (!settle(at)) return false;
    while (true) {
      char32_t c = lines_[at->line][at->column];
      if (c == '\\' || c == '#') {
        *at = {at->line + 1, 0};
      } else if (!stop(c)) {
        ++at->column;
      } else {
        return true;
      }
      if (!settle(at)) return false;
    }
  }

 private:
  const SourceLines& lines_;
};

std::optional<CaretAnchors> operator_anchors(const SourceLines& lines, const Walker& walker,
                                             LinePosition left_end, LinePosition right_begin) {
  LinePosition at = left_end;
  if (!walker.seek(&at, [](char32_t c) { return !is_blank(c) && c != ')'; })) return std::nullopt;
  LinePosition end = {at.line, at.column + 1};
  // Operators have one character or two.
  if (end.column < lines[at.line].size() && end < right_begin) {
    char32_t c = lines[at.line][end.column];
    if (!is_blank(c) && c != '\\' && c != '#') ++end.column;
  }
  return CaretAnchors{at, end};
}

}  // namespace

std::optional<CaretAnchors> find_caret_anchors(const SourceLines& lines) {
  // In brackets of its own the text may span lines.
  Source source = Source::from_text("", join(lines, "(\n", "\n)"));
  NameTable names;
  ParseResult parsed = parse(source, names);
  const ast::Node* statement = only_statement(parsed);
  const ast::Expr* expression = statement ? statement->try_as<ast::Expr>() : nullptr;
  if (!expression) return std::nullopt;
  auto place = [&](uint32_t offset) -> LinePosition {
    SourcePosition position = source.position_at(offset);
    return {position.line - 2, position.column};
  };
  const ast::Node* value = expression->value;
  LinePosition end = place(value->span.end);
  Walker walker(lines);
  if (const auto* operation = value->try_as<ast::BinOp>())
    return operator_anchors(lines, walker, place(operation->left->span.end),
                            place(operation->right->span.begin));
  if (const auto* subscript = value->try_as<ast::Subscript>()) {
    LinePosition begin = place(subscript->value->span.end);
    if (!walker.seek(&begin, [](char32_t c) { return c == '['; })) return std::nullopt;
    return CaretAnchors{begin, end};
  }
  if (const auto* call = value->try_as<ast::Call>()) {
    LinePosition begin = place(call->func->span.end);
    if (!walker.seek(&begin, [](char32_t c) { return c == '('; })) return std::nullopt;
    return CaretAnchors{begin, end};
  }
  return std::nullopt;
}

bool carets_are_idle(const SourceLines& lines, LinePosition begin, LinePosition end) {
  Source source = Source::from_text("", join(lines, "", ""));
  NameTable names;
  ParseResult parsed = parse(source, names);
  if (!parsed) return false;
  const auto& body = parsed.root->as<ast::Module>()->body;
  if (body.empty()) return true;
  const ast::Expression* value = nullptr;
  if (const auto* returned = body[0]->try_as<ast::Return>()) {
    const ast::Call* call = returned->value ? returned->value->try_as<ast::Call>() : nullptr;
    if (call && call->func->is<ast::Name>()) value = call;
  } else if (const auto* assigned = body[0]->try_as<ast::Assign>();
             assigned && assigned->targets.size() == 1 && assigned->targets[0]->is<ast::Name>()) {
    value = assigned->value->try_as<ast::Call>();
  }
  if (!value) return false;
  SourcePosition first = source.position_at(value->span.begin),
                 last = source.position_at(value->span.end);
  return first.line == 1 && last.line == lines.size() && first.byte_column == begin.column &&
         last.byte_column == end.column;
}

namespace {

/// One traceback entry's source lines with what goes below them.
class Underliner {
 public:
  Underliner(const SourceLines& lines, LinePosition begin, LinePosition end) : lines_(lines) {
    anchors_ = find_caret_anchors(segment(begin, end));
    if (anchors_) {
      for (LinePosition* at : {&anchors_->begin, &anchors_->end}) {
        if (at->line == 0) at->column += begin.column;
        at->column = display_width(lines[at->line], at->column);
      }
    }
    shown_ = !carets_are_idle(lines, begin, end) && (anchors_ || covers_part(begin, end));
    begin_ = display_width(lines.front(), begin.column);
    end_ = display_width(lines.back(), end.column);
  }

  std::vector<std::string> run() {
    std::set<size_t> wanted = {0, lines_.size() - 1};
    if (anchors_) {
      for (size_t line : {anchors_->begin.line, anchors_->end.line})
        for (size_t near = line == 0 ? 0 : line - 1; near <= line + 1 && near < lines_.size();
             ++near)
          wanted.insert(near);
    }
    size_t previous = 0;
    for (size_t line : wanted) {
      if (line == previous + 2)
        add_line(line - 1);
      else if (line > previous + 2)
        out_.push_back("...<" + std::to_string(line - previous - 1) + " lines>...");
      add_line(line);
      previous = line;
    }
    return std::move(out_);
  }

 private:
  SourceLines segment(LinePosition begin, LinePosition end) const {
    SourceLines part(lines_);
    part.back().resize(std::min(part.back().size(), end.column));
    part.front().erase(0, begin.column);
    return part;
  }
  bool covers_part(LinePosition begin, LinePosition end) const {
    const std::u32string& first = lines_.front();
    const std::u32string& last = lines_.back();
    auto visible = [](char32_t c) { return !is_blank(c); };
    return std::any_of(first.begin(),
                       first.begin() + static_cast<ptrdiff_t>(std::min(first.size(), begin.column)),
                       visible) ||
           std::any_of(last.begin() + static_cast<ptrdiff_t>(std::min(last.size(), end.column)),
                       last.end(), visible);
  }
  void add_line(size_t number) {
    const std::u32string& line = lines_[number];
    out_.push_back(encode_line(line));
    if (!shown_) return;
    size_t indentation = 0;
    while (indentation < line.size() && is_blank(line[indentation])) ++indentation;
    size_t width = number + 1 == lines_.size() ? end_ : display_width(line, line.size());
    std::string carets;
    for (size_t column = 0; column < width; ++column) {
      if (column < indentation || (number == 0 && column < begin_))
        carets += ' ';
      else
        carets += is_primary({number, column}) ? '~' : '^';
    }
    if (carets.find_first_not_of(' ') == carets.npos) carets.clear();
    out_.push_back(std::move(carets));
  }
  bool is_primary(LinePosition at) const {
    return anchors_ && (at < anchors_->begin || !(at < anchors_->end));
  }

  const SourceLines& lines_;
  std::optional<CaretAnchors> anchors_;
  size_t begin_ = 0, end_ = 0;
  bool shown_ = false;
  std::vector<std::string> out_;
};

}  // namespace

std::vector<std::string> underline(const SourceLines& lines, LinePosition begin, LinePosition end) {
  return Underliner(lines, begin, end).run();
}

}  // namespace apy
