// The entries of a traceback: where each level was, with its source lines and carets.
#include <algorithm>

#include "lexer/source.h"
#include "vm/bytecode/code.h"
#include "vm/interpreter/carets.h"
#include "vm/interpreter/setup.h"
#include "vm/interpreter/traceback.h"

namespace apy {

SourceCache::SourceCache(VM& vm) : vm_(vm) {}
SourceCache::~SourceCache() = default;

std::string SourceCache::line(const std::string& filename, int32_t number) {
  auto [entry, fresh] = sources_.try_emplace(filename);
  if (fresh) {
    const auto& texts = registry(vm_).texts;
    auto text = texts.find(filename);
    if (text != texts.end()) {
      entry->second = std::make_unique<Source>(Source::from_text(filename, text->second));
    } else if (!filename.starts_with('<') || !filename.ends_with('>')) {
      auto bytes = read_file(vm_, filename);
      if (bytes.is_error())
        vm_.take_pending();
      else
        entry->second = std::make_unique<Source>(Source::from_bytes(filename, bytes.value()));
    }
  }
  const Source* source = entry->second.get();
  if (!source || number < 1 || static_cast<uint32_t>(number) > source->line_count()) return {};
  std::string_view text = source->line_text(static_cast<uint32_t>(number));
  while (!text.empty() &&
         is_blank(static_cast<unsigned char>(text.back()) < 0x80 ? text.back() : U'x'))
    text.remove_suffix(1);
  return std::string(text);
}

void remember_source(VM& vm, std::string_view filename, std::string_view text) {
  auto [entry, fresh] = registry(vm).texts.try_emplace(std::string(filename), text);
  // Two texts of one name: no line is better than a wrong one.
  if (!fresh && entry->second != text) entry->second.clear();
}

namespace {

bool is_all_blank(const std::u32string& line) {
  return std::all_of(line.begin(), line.end(), is_blank);
}

/// Characters that the first `bytes` bytes of UTF-8 make.
size_t character_offset(std::string_view line, int32_t bytes) {
  return decode_line(line.substr(0, static_cast<size_t>(std::max(bytes, 0)))).size();
}

/// Length of the blanks that all lines with text begin with.
size_t common_indentation(const SourceLines& lines) {
  const std::u32string* model = nullptr;
  size_t common = 0;
  for (const std::u32string& line : lines) {
    if (is_all_blank(line)) continue;
    size_t blanks = 0;
    while (line[blanks] == ' ' || line[blanks] == '\t') ++blanks;
    if (!model) {
      model = &line;
      common = blanks;
    }
    size_t same = 0;
    while (same < common && same < blanks && line[same] == (*model)[same]) ++same;
    common = same;
  }
  return common;
}

/// The indented source lines below an entry, or nothing when there is no text.
std::string source_lines(SourceCache& sources, const std::string& filename,
                         const Position& position) {
  if (position.end_line < position.line || position.column < 0 || position.end_column < 0) {
    std::string line = sources.line(filename, position.line);
    size_t first = line.find_first_not_of(" \t\f\v");
    return first == line.npos ? std::string() : "    " + line.substr(first) + "\n";
  }
  std::vector<std::string> lines;
  for (int32_t number = position.line; number <= position.end_line; ++number)
    lines.push_back(sources.line(filename, number));
  return source_excerpt(lines, position.column, position.end_column);
}

/// How many of the last entries sys.tracebacklimit lets through.
size_t traceback_limit(VM& vm, size_t count) {
  if (!vm.sys_module()) return count;
  auto name = intern(vm, "tracebacklimit");
  if (name.is_error()) {
    vm.take_pending();
    return count;
  }
  Value limit = dict_get_str(vm, vm.sys_module()->dict, name.value());
  if (!limit.is_small_int()) return count;
  return std::min(count, static_cast<size_t>(std::max<int64_t>(limit.as_small_int(), 0)));
}

std::string folded(size_t repetitions) {
  return "  [Previous line repeated " + std::to_string(repetitions) + " more time" +
         (repetitions > 1 ? "s]\n" : "]\n");
}

}  // namespace

std::string source_excerpt(const std::vector<std::string>& text, int32_t column,
                           int32_t end_column) {
  SourceLines lines;
  for (const std::string& line : text) lines.push_back(decode_line(line));
  if (std::all_of(lines.begin(), lines.end(), is_all_blank)) return {};
  size_t begin = character_offset(text.front(), column),
         end = character_offset(text.back(), end_column);
  size_t margin = common_indentation(lines);
  size_t first_cut = std::min(margin, lines.front().size());
  for (std::u32string& line : lines) line.erase(0, std::min(margin, line.size()));
  begin = begin > first_cut ? begin - first_cut : 0;
  end = end > first_cut ? end - first_cut : 0;
  std::string out;
  for (const std::string& line : underline(lines, {0, begin}, {lines.size() - 1, end}))
    out += "    " + line + "\n";
  return out;
}

std::string format_traceback(VM& vm, Value traceback) {
  constexpr size_t kShownRepetitions = 3;
  size_t count = 0;
  for (Traceback* level = try_as<Traceback>(traceback); level;
       level = try_as<Traceback>(level->next))
    ++count;
  size_t skipped = count - traceback_limit(vm, count);

  SourceCache sources(vm);
  std::string out;
  const Code* last_code = nullptr;
  int32_t last_line = 0;
  size_t same = 0;
  for (Traceback* level = try_as<Traceback>(traceback); level;
       level = try_as<Traceback>(level->next)) {
    if (skipped > 0) {
      --skipped;
      continue;
    }
    const Code* code = level->code;
    Position position{code->first_line, -1, -1, -1};
    if (level->position < code->position_count) position = code->positions[level->position];
    if (code != last_code || position.line != last_line) {
      if (same > kShownRepetitions) out += folded(same - kShownRepetitions);
      last_code = code;
      last_line = position.line;
      same = 0;
    }
    if (++same > kShownRepetitions) continue;
    std::string filename = to_utf8(code->filename);
    // What was typed at the prompt has a name of its own per statement.
    std::string shown = filename.starts_with("<stdin>-") ? "<stdin>" : filename;
    out += "  File \"" + shown + "\", line " + std::to_string(position.line) + ", in " +
           to_utf8(code->name) + "\n";
    out += source_lines(sources, filename, position);
  }
  if (same > kShownRepetitions) out += folded(same - kShownRepetitions);
  return out;
}

}  // namespace apy
