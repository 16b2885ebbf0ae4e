// The standard library as the engine sees it.
#include "runtime/embed/modules.h"
#include "stdlib/frozen_modules.h"
#include "stdlib/native_modules.h"

namespace apy {

std::span<const NativeModuleDef* const> standard_native_modules() { return native_modules(); }

bool find_standard_frozen(std::string_view dotted_name, FrozenSource* out) {
  const FrozenModule* module = find_frozen_module(dotted_name);
  if (!module) return false;
  *out = {module->is_package, module, [](const void* frozen) {
            return frozen_source(*static_cast<const FrozenModule*>(frozen));
          }};
  return true;
}

}  // namespace apy
