// _traceback: what traceback and linecache share with the engine's own printing of exceptions.
#include "vm/interpreter/traceback.h"

#include <algorithm>

#include "lexer/render.h"
#include "lexer/source.h"
#include "vm/binding/bind.h"
#include "vm/interpreter/setup.h"
#include "vm/objects/protocol.h"

namespace apy {

namespace {

/// The text of a file, decoded as a script would be, or of what was compiled under that name; None
/// if there is neither.
Result<Value> source_text(VM& vm, Str* filename) {
  std::string name = to_utf8(filename);
  const auto& texts = registry(vm).texts;
  auto text = texts.find(name);
  if (text != texts.end()) return make_str(vm, text->second);
  auto bytes = read_file(vm, name);
  if (bytes.is_error()) {
    vm.take_pending();
    return Value::none();
  }
  Source source = Source::from_bytes(name, bytes.value());
  return make_str(vm, source.text());
}

Result<Value> excerpt(VM& vm, List* lines, int64_t column, int64_t end_column) {
  std::vector<std::string> text;
  for (uint64_t i = 0; i < lines->length; ++i) {
    Str* line = try_as<Str>(lines->values()[i]);
    if (!line) return vm.raise(Exc::TypeError, "lines must be str");
    text.push_back(to_utf8(line));
  }
  if (text.empty()) return make_str(vm, "");
  auto bounded = [](int64_t n) {
    return static_cast<int32_t>(std::clamp<int64_t>(n, 0, INT32_MAX));
  };
  return make_str(vm, source_excerpt(text, bounded(column), bounded(end_column)));
}

Result<Value> suggestion(VM& vm, Value error) {
  Exception* exception = try_as<Exception>(error);
  return make_str(vm, exception ? suggestion_for(vm, exception) : std::string());
}

uint32_t place_number(Value v) {
  if (!v.is_small_int() || v.as_small_int() <= 0) return 0;
  return static_cast<uint32_t>(std::min<int64_t>(v.as_small_int(), UINT32_MAX));
}

Result<Value> syntax_error_place(VM& vm, Str* filename, Value text, Value line, Value offset,
                                 Value end_line, Value end_offset) {
  SyntaxErrorPlace place;
  place.has_line = line.is_small_int();
  place.line = place_number(line);
  place.offset = place_number(offset);
  place.end_line = place_number(end_line);
  place.end_offset = place_number(end_offset);
  if (Str* string = try_as<Str>(text)) {
    place.has_text = true;
    place.text = to_utf8(string);
  }
  return make_str(vm, render_place(to_utf8(filename), place));
}

constexpr NativeFunctionDef kFunctions[] = {
    {"source_text(filename, /)", "Text of a file or of what was compiled under a name, or None.",
     bind<source_text>()},
    {"excerpt(lines, column, end_column, /)", "Source lines with carets; columns count bytes.",
     bind<excerpt>()},
    {"suggestion(exception, /)", "What follows the message of an exception: a better name.",
     bind<suggestion>()},
    {"syntax_error_place(filename, text, line, offset, end_line, end_offset, /)",
     "The lines above the message of a SyntaxError.", bind<syntax_error_place>()},
};

}  // namespace

extern const NativeModuleDef kTracebackModule = {"_traceback", "The native half of traceback.",
                                                 kFunctions, nullptr};

}  // namespace apy
