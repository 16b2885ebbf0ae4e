#pragma once
// Is a native method that of the object still, or has a script put another in its place?
//
// Native code that knows an object's type may skip the call of its method only then. The answer is
// remembered for the shape of the object (its own attributes) and the version of its type.
#include "runtime/io/io_state.h"
#include "vm/binding/native.h"

namespace apy {

struct PlainMethod {
  ShapeId shape;
  uint32_t version;
  bool is_plain;

  bool check(VM& vm, Cell* object, Str* IoState::Names::*method, NativeEntry entry) {
    Type* type = vm.type_of(object);
    if (object->shape == shape && type->version == version) [[likely]]
      return is_plain;
    Str* name = io_state(vm).names.*method;
    Shape* layout = vm.shape(object->shape);
    Value found = type_lookup(vm, type, name);
    NativeFunction* function = try_as<NativeFunction>(found);
    is_plain = function && function->definition->bound.entry == entry && !layout->is_dict_mode() &&
               shape_find(vm, layout, name) < 0;
    shape = object->shape;
    version = type->version;
    return is_plain;
  }
};

}  // namespace apy
