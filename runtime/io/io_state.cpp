#include "runtime/io/io_state.h"

#include "runtime/async/event_loop.h"

namespace apy {

namespace {

const char kStateKey = 0;

void trace_state(const Cell* cell, Visitor& visitor) {
  auto* names = &static_cast<const IoState*>(cell)->names;
  visitor.visit_range(reinterpret_cast<const Value*>(names), sizeof(IoState::Names) / sizeof(Str*));
  visitor.visit(static_cast<const IoState*>(cell)->operation_type);
}

constexpr NativeTypeDef kStateType = {.name = "_asyncio_net.state",
                                      .doc = nullptr,
                                      .methods = {},
                                      .flags = Type::kDisallowNew,
                                      .instance_size = sizeof(IoState),
                                      .native_class = &IoState::kClass};

}  // namespace

const NativeClass IoState::kClass = {"_asyncio_net.state", trace_state, nullptr};

IoState& io_state(VM& vm) { return *static_cast<IoState*>(vm.module_state(&kStateKey)); }

Result<void> create_io_state(VM& vm) {
  if (vm.module_state(&kStateKey)) return {};
  Type* type = TRY(make_native_type(vm, kStateType));
  auto* state = static_cast<IoState*>(TRY(allocate_instance(vm, type)));
  state->native_class = &IoState::kClass;
#define IO_NAME(name)                         \
  state->names.name = TRY(intern(vm, #name)); \
  vm.barrier(state);
  IO_NAMES(IO_NAME)
#undef IO_NAME
  vm.module_state(&kStateKey) = state;
  return {};
}

Result<void> report_io_error(VM& vm, Value loop, std::string_view message, Value exception,
                             Value transport, Value protocol) {
  if (exception.is_empty()) exception = vm.take_pending();
  EventLoop* native = try_loop(loop);
  if (!native) return {};
  Dict* context = TRY(make_dict(vm));
  TRY(dict_set_str(vm, context, TRY(intern(vm, "message")), TRY(make_str(vm, message))));
  TRY(dict_set_str(vm, context, TRY(intern(vm, "exception")), exception));
  TRY(dict_set_str(vm, context, TRY(intern(vm, "transport")), transport));
  TRY(dict_set_str(vm, context, TRY(intern(vm, "protocol")), protocol));
  TRY(loop_call_exception_handler(vm, native, context));
  return {};
}

}  // namespace apy
