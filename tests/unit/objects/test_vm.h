#pragma once
// A VM with builtins and sys, for the tests of objects.
#include <doctest/doctest.h>

#include "runtime/embed/modules.h"
#include "vm/interpreter/setup.h"
#include "vm/objects/protocol.h"

namespace apy {

struct TestVm {
  VM vm;
  TestVm() {
    SetupOptions options;
    options.native_modules = standard_native_modules();
    options.find_frozen = find_standard_frozen;
    REQUIRE(set_up(vm, options).is_ok());
  }
  ~TestVm() {
    // What an engine does at its end: cells have no destructors, so streams would keep their
    // memory.
    vm.heap().make_all_finalizable();
    while (Cell* cell = vm.heap().take_finalizable()) {
      auto* object = try_as<NativeObject>(cell);
      if (object && object->native_class->finalize) object->native_class->finalize(vm, object);
    }
    tear_down(vm);
  }
};

/// The value of a Result that must be one.
template <class T>
T must(Result<T> result) {
  REQUIRE(result.is_ok());
  return result.value();
}

}  // namespace apy
