// The text of uncaught exceptions.
#include <unistd.h>

#include "vm/bytecode/code.h"
#include "vm/objects/protocol.h"

namespace apy {

namespace {

std::string traceback_lines(Value traceback) {
  std::string text;
  for (Traceback* level = try_as<Traceback>(traceback); level; level = try_as<Traceback>(level->next)) {
    const Code* code = level->code;
    int32_t line = level->position < code->position_count ? code->positions[level->position].line : code->first_line;
    text += "  File \"" + to_utf8(code->filename) + "\", line " + std::to_string(line) + ", in " +
            to_utf8(code->name) + "\n";
  }
  return text;
}

}  // namespace

Result<std::string> format_exception(VM& vm, Value value) {
  Exception* exception = as<Exception>(value);
  std::string text;
  if (is_kind(exception->traceback, CellKind::Traceback))
    text = "Traceback (most recent call last):\n" + traceback_lines(exception->traceback);
  Type* type = vm.type_of(exception);
  Value module;
  if (TRY(get_attribute_optional(vm, type, vm.names().module_, &module)) && is_kind(module, CellKind::Str) &&
      !str_equal(as<Str>(module), "builtins") && !str_equal(as<Str>(module), "__main__"))
    text += to_utf8(as<Str>(module)) + ".";
  text += to_utf8(type->qualname);
  std::string message = TRY(str_text(vm, exception));
  if (!message.empty()) text += ": " + message;
  return text + "\n";
}

void write_standard_error(VM& vm, std::string_view text) {
  (void)vm;
  while (!text.empty()) {
    ssize_t written = write(2, text.data(), text.size());
    if (written <= 0) return;
    text.remove_prefix(static_cast<size_t>(written));
  }
}

void print_exception(VM& vm, Value exception) {
  auto text = format_exception(vm, exception);
  if (text.is_error()) (void)vm.take_pending();
  else write_standard_error(vm, text.value());
}

}  // namespace apy
