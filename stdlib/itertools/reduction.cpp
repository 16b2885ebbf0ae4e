// What the iterators of itertools are copied and pickled as.
#include "stdlib/itertools/reduction.h"

#include <algorithm>

#include "vm/objects/warning.h"

namespace apy::itertools {

Result<void> warn_of_copying(VM& vm) {
  return issue_warning_here(vm, Exc::DeprecationWarning,
                            "Pickle, copy, and deepcopy support will be removed from itertools in "
                            "Python 3.14.");
}

Result<Value> reduced(VM& vm, Value self, std::span<const Value> arguments, Value state) {
  TRY(warn_of_copying(vm));
  Value parts[3] = {vm.type_of(self), TRY(make_tuple(vm, arguments)), state};
  return make_tuple(vm, std::span<const Value>(parts, state.is_empty() ? 2 : 3));
}

Result<Tuple*> state_tuple(VM& vm, Value state, int64_t length) {
  TRY(warn_of_copying(vm));
  Tuple* tuple = try_as<Tuple>(state);
  if (length < 0 && !tuple) return vm.raise(Exc::TypeError, "state is not a tuple");
  if (length >= 0 && (!tuple || tuple->length != static_cast<uint64_t>(length)))
    return vm.raise(Exc::ValueError, "invalid arguments");
  return tuple;
}

Result<int64_t> state_index(VM& vm, Value v, int64_t lowest, int64_t highest) {
  return std::clamp(TRY(to_int64(vm, v)), lowest, std::max(lowest, highest));
}

Result<Value> library(VM& vm, const char* module, const char* name) {
  return get_attribute(vm, TRY(vm.import_module(module)), TRY(intern(vm, name)));
}

}  // namespace apy::itertools
