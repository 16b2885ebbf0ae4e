#include "vm/interpreter/warning.h"

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

}  // namespace apy
