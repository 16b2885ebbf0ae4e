#include "runtime/io/system_error.h"

#include <cstring>

namespace apy {

Result<Value> make_system_error(VM& vm, int error_number) {
  Value arguments[2] = {Value::small_int(error_number),
                        TRY(make_str(vm, std::strerror(error_number)))};
  return vm.call(vm.type(BuiltinType::OSError), arguments);
}

Error raise_system_error(VM& vm, int error_number) {
  return vm.raise_exception(TRY(make_system_error(vm, error_number)));
}

}  // namespace apy
