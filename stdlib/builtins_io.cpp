// builtins that read and write: print, input.
#include "stdlib/builtins.h"
#include "stdlib/stream.h"
#include "vm/binding/bind.h"

namespace apy {

namespace {

/// Writes to a TextStream directly, to other objects through their write method.
Result<void> write_to(VM& vm, Value file, Str* text) {
  if (TextStream* stream = try_native<TextStream>(file)) return stream_write(vm, stream, text);
  TRY(vm.call_method(file, vm.names().write, {Value(text)}));
  return {};
}

Result<Str*> separator(VM& vm, Value value, const char* name, char standard) {
  if (value.is_empty() || value.is_none()) return make_str_char(vm, static_cast<uint8_t>(standard));
  if (Str* text = try_as<Str>(value)) return text;
  return vm.raise(Exc::TypeError, "{} must be None or a string, not {}", name, vm.type_of(value));
}

Result<Value> builtin_print(VM& vm, const Arguments& arguments) {
  Value sep, end, file, flush;
  for (uint32_t i = 0; i < arguments.keyword_count(); ++i) {
    Str* name = as<Str>(arguments.keyword_names->values()[i]);
    Value value = arguments.keyword_values()[i];
    if (name == vm.names().sep) {
      sep = value;
    } else if (name == vm.names().end) {
      end = value;
    } else if (str_equal(name, "file")) {
      file = value;
    } else if (name == vm.names().flush) {
      flush = value;
    } else {
      return vm.raise(Exc::TypeError, "print() got an unexpected keyword argument '{}'", name);
    }
  }
  if (file.is_empty() || file.is_none()) {
    file = dict_get_str(vm, vm.sys_module()->dict, vm.names().stdout_);
    if (file.is_empty()) return vm.raise(Exc::RuntimeError, "lost sys.stdout");
    if (file.is_none()) return Value::none();
  }
  Str* between = TRY(separator(vm, sep, "sep", ' '));
  Str* last = TRY(separator(vm, end, "end", '\n'));
  for (uint32_t i = 0; i < arguments.positional_count; ++i) {
    if (i > 0) TRY(write_to(vm, file, between));
    TRY(write_to(vm, file, TRY(str_of(vm, arguments.values[i]))));
  }
  TRY(write_to(vm, file, last));
  if (!flush.is_empty() && TRY(is_truthy(vm, flush)))
    TRY(vm.call_method(file, vm.names().flush, {}));
  return Value::none();
}

Result<Value> builtin_input(VM& vm, Optional<Value> prompt) {
  Value out = dict_get_str(vm, vm.sys_module()->dict, vm.names().stdout_);
  Value in = dict_get_str(vm, vm.sys_module()->dict, vm.names().stdin_);
  if (in.is_empty() || in.is_none()) return vm.raise(Exc::RuntimeError, "input(): lost sys.stdin");
  if (!out.is_empty() && !out.is_none()) {
    if (prompt.present) TRY(write_to(vm, out, TRY(str_of(vm, prompt.value))));
    TRY(vm.call_method(out, vm.names().flush, {}));
  }
  Value line = TRY(vm.call_method(in, vm.names().readline, {}));
  Str* text = try_as<Str>(line);
  if (!text) return vm.raise(Exc::TypeError, "object.readline() returned non-string");
  if (text->length == 0) return vm.raise(Exc::EOFError, "EOF when reading a line");
  bool newline = text->at(text->length - 1) == '\n';
  return str_slice(vm, text, 0, text->length - newline);
}

constexpr NativeFunctionDef kIoFunctions[] = {
    {"print(*args, sep=' ', end='\\n', file=None, flush=False)",
     "Prints the values to a stream, or to sys.stdout by default.", bind<builtin_print>()},
    {"input(prompt='', /)", "Read a string from standard input, without its newline.",
     bind<builtin_input>()},
};

}  // namespace

std::span<const NativeFunctionDef> builtins_io_functions() { return kIoFunctions; }

}  // namespace apy
