// _pickle: the native half of the module pickle.
#include "stdlib/native_iterator.h"
#include "stdlib/pickle/pickle.h"

namespace apy {

namespace {

constexpr NativeFunctionDef kFunctions[] = {
    {"dump(obj, file, protocol=None, *, fix_imports=True, buffer_callback=None)",
     "Write a pickled representation of obj to the open file object file.", bind<pickle::dump>()},
    {"dumps(obj, protocol=None, *, fix_imports=True, buffer_callback=None)",
     "Return the pickled representation of the object as a bytes object.", bind<pickle::dumps>()},
    {"load(file, *, fix_imports=True, encoding='ASCII', errors='strict', buffers=())",
     "Read and return an object from the pickle data stored in a file.", bind<pickle::load>()},
    {"loads(data, /, *, fix_imports=True, encoding='ASCII', errors='strict', buffers=())",
     "Read and return an object from the given pickle data.", bind<pickle::loads>()},
};

Result<void> add_hidden_type(VM& vm, const NativeTypeDef& definition) {
  vm.module_state(definition.native_class) = TRY(make_native_type(vm, definition));
  return {};
}

Result<void> initialize(VM& vm, Module* module) {
  TRY(pickle::make_state(vm, module));
  TRY(add_native_type(vm, module, pickle::kPicklerType, "Pickler"));
  TRY(add_native_type(vm, module, pickle::kUnpicklerType, "Unpickler"));
  TRY(add_native_type(vm, module, pickle::kBufferType, "PickleBuffer"));
  TRY(add_hidden_type(vm, pickle::kPicklerMemoType));
  TRY(add_hidden_type(vm, pickle::kUnpicklerMemoType));
  return {};
}

}  // namespace

extern const NativeModuleDef kPickleModule = {"_pickle", "Objects as bytes.", kFunctions,
                                              initialize};

}  // namespace apy
