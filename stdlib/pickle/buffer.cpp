// PickleBuffer.
#include "stdlib/native_iterator.h"
#include "stdlib/pickle/pickle.h"
#include "vm/objects/memoryview.h"

namespace apy::pickle {

const NativeClass Buffer::kClass = {"pickle.PickleBuffer", trace_values<1>, nullptr};

namespace {

Result<Value> view_of(VM& vm, Value object) {
  Value memoryview =
      TRY(get_attribute(vm, TRY(vm.import_module("builtins")), TRY(intern(vm, "memoryview"))));
  return vm.call(memoryview, {object});
}

Result<MemoryView*> check(VM& vm, Buffer* self) {
  auto* view = try_native<MemoryView>(self->view);
  if (view && !view->is_released()) return view;
  return vm.raise(Exc::ValueError, "operation forbidden on released PickleBuffer object");
}

Result<Value> buffer_new(VM& vm, Type* cls, Value object) {
  Value view = TRY(view_of(vm, object));
  auto* self = TRY(make_native<Buffer>(vm, cls));
  self->view = view;
  vm.barrier(self);
  return self;
}

Result<Value> buffer_raw(VM& vm, Buffer* self) {
  MemoryView* view = TRY(check(vm, self));
  if (!view->is_contiguous())
    return vm.raise(Exc::BufferError, "cannot extract raw buffer from non-contiguous buffer");
  return vm.call_method(TRY(view_of(vm, view)), TRY(intern(vm, "cast")), {TRY(make_str(vm, "B"))});
}

Result<void> buffer_release(VM& vm, Buffer* self) {
  Value view = self->view;
  self->view = Value();
  if (!view.is_empty()) TRY(vm.call_method(view, TRY(intern(vm, "release")), {}));
  return {};
}

Result<Value> buffer_view(VM& vm, Buffer* self, Value) { return view_of(vm, TRY(check(vm, self))); }

constexpr NativeFunctionDef kMethods[] = {
    {"__new__(cls, object, /)", "Create and return a new object.", bind<buffer_new>(),
     NativeFunctionDef::kStatic},
    {"__buffer__(self, flags, /)",
     "Return a buffer object that exposes the underlying memory of the object.",
     bind<buffer_view>()},
    {"raw(self, /)", "Return a memoryview of the raw memory underlying this buffer.",
     bind<buffer_raw>()},
    {"release(self, /)", "Release the underlying buffer held by the PickleBuffer object.",
     bind<buffer_release>()},
};

}  // namespace

const NativeTypeDef kBufferType = {.name = "pickle.PickleBuffer",
                                   .doc = "Wrapper for potentially out-of-band buffers",
                                   .methods = kMethods,
                                   .flags = Type::kCanSubclass | Type::kHasWeakref,
                                   .instance_size = sizeof(Buffer),
                                   .native_class = &Buffer::kClass};

}  // namespace apy::pickle
