// Printing exceptions as CPython 3.13 does.
#include <unistd.h>

#include <cerrno>

#include "vm/bytecode/code.h"
#include "vm/objects/exception.h"
#include "vm/objects/protocol.h"

namespace apy {

Result<std::string> format_exception(VM& vm, Value value) {
  Exception* exception = as<Exception>(value);
  std::string text = "Traceback (most recent call last):\n";
  for (Value level = exception->traceback; Traceback* at = try_as<Traceback>(level); level = at->next) {
    text += "  File \"" + to_utf8(at->code->filename) + "\", line " +
            std::to_string(at->code->positions[at->position].line) + ", in " + to_utf8(at->code->qualname) + "\n";
  }
  text += to_utf8(vm.type_of(value)->qualname);
  auto message = str_text(vm, value);
  if (message.is_error()) vm.take_pending();
  else if (!message.value().empty()) text += ": " + message.value();
  text += "\n";
  return text;
}

void write_standard_error(VM& vm, std::string_view text) {
  Value stream = vm.sys_module() ? dict_get_str(vm, vm.sys_module()->dict, vm.names().stderr_) : Value();
  if (stream.is_none()) return;
  if (!stream.is_empty()) {
    auto string = make_str(vm, text);
    if (string.is_ok() && vm.call_method(stream, vm.names().write, {Value(string.value())}).is_ok() &&
        vm.call_method(stream, vm.names().flush, {}).is_ok())
      return;
    vm.take_pending();
  }
  while (!text.empty()) {
    ssize_t count = write(STDERR_FILENO, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;
    text.remove_prefix(static_cast<size_t>(count));
  }
}

void print_exception(VM& vm, Value exception) {
  auto text = format_exception(vm, exception);
  if (text.is_ok()) write_standard_error(vm, text.value());
  else vm.take_pending();
}

}  // namespace apy
