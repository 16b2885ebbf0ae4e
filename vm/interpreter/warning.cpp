#include "vm/objects/warning.h"

#include <algorithm>

#include "vm/bytecode/code.h"
#include "vm/interpreter/frame_object.h"
#include "vm/objects/protocol.h"

namespace apy {

Result<void> issue_warning(VM& vm, Exc category, std::string_view text, std::string_view file,
                           int64_t line, Value source) {
  Type* type = vm.type(category);
  auto warnings = vm.import_module("warnings");
  if (warnings.is_error()) {
    (void)vm.take_pending();
    write_standard_error(vm, std::string(file) + ":" + std::to_string(line) + ": " +
                                 to_utf8(type->name) + ": " + std::string(text) + "\n");
    return {};
  }
  Value message = TRY(make_str(vm, text));
  Value filename = TRY(make_str(vm, file));
  Value function = TRY(get_attribute(vm, warnings.value(), TRY(intern(vm, "_warn_from_engine"))));
  TRY(vm.call(function, {message, type, filename, Value::small_int(line),
                         source.is_empty() ? Value::none() : source}));
  return {};
}

Result<void> issue_compiler_warning(VM& vm, std::string_view text, std::string_view file,
                                    int64_t line) {
  Value warnings = TRY(vm.import_module("warnings"));
  Value function = TRY(get_attribute(vm, warnings, TRY(intern(vm, "_warn_from_compiler"))));
  TRY(vm.call(function,
              {TRY(make_str(vm, text)), TRY(make_str(vm, file)), Value::small_int(line)}));
  return {};
}

Result<void> issue_warning_here(VM& vm, Exc category, std::string_view text) {
  const Frame* frame = vm.current_frame();
  if (!frame) return issue_warning(vm, category, text, "sys", 1);
  int64_t position = std::max<int64_t>(frame_position(frame), 0);
  return issue_warning(vm, category, text, to_utf8(frame->code->filename),
                       frame->code->positions[position].line);
}

}  // namespace apy
