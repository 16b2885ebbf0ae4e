#include "runtime/async/state.h"

#include "runtime/async/event_loop.h"
#include "runtime/async/gather.h"
#include "runtime/async/operation.h"
#include "runtime/async/sleep.h"
#include "runtime/async/threads.h"
#include "vm/objects/protocol.h"

namespace apy {

namespace {
const int kStateKey = 0;

Context* context_of(Fiber& fiber) { return static_cast<Context*>(fiber.user); }
}  // namespace

AsyncState& make_async_state(VM& vm) {
  void*& slot = vm.module_state(&kStateKey);
  if (!slot) slot = new AsyncState(vm);
  return *static_cast<AsyncState*>(slot);
}

void cancel_parked_natives(VM& vm) {
  if (!vm.suspender()) return;
  AsyncState& state = async_state(vm);
  if (state.threads) state.threads->abandon();
  state.cancel_parked();
}

void shut_down_async(VM& vm) {
  void*& slot = vm.module_state(&kStateKey);
  if (!slot) return;
  delete static_cast<AsyncState*>(slot);
  slot = nullptr;
}

AsyncState::AsyncState(VM& vm) : RootBase(vm.heap()), vm(vm), fibers({}, this) {
  home = &fibers.host();
  home->user = vm.context();
  vm.set_suspender(this);
}

AsyncState::~AsyncState() {
  cancel_parked();
  retire_idle();
  vm.set_suspender(nullptr);
}

void AsyncState::cancel_parked() {
  if (!parked || !fibers.current().is_host() || !fibers.bind_host_stack()) return;
  home = &fibers.host();
  home->user = vm.context();
  exiting = true;  // each comes straight back to the host
  while (parked) {
    ParkedWait* wait = parked;
    wait->abandoned = true;
    running_loop = wait->loop;
    switch_to(*wait->fiber);
  }
  running_loop = Value();
  exiting = false;
}

void AsyncState::retire_idle() {
  // Idle fibers have only the loop's own frames: they see `exiting` and return.
  exiting = true;
  while (!idle.empty()) {
    Fiber* fiber = idle.back();
    idle.pop_back();
    switch_to(*fiber);
  }
  exiting = false;
}

void AsyncState::trace(Visitor& visitor) const {
  visitor.visit(running_loop);
  visitor.visit(current_task);
  visitor.visit(entered_tasks);
  visitor.visit(foreign_tasks);
  visitor.visit(uncaught);
  for (const Type* type : {future_type, task_type, loop_type, abstract_loop_type, handle_type,
                           timer_handle_type, sleep_type, gathering_type, operation_type,
                           future_iterator_type, cancelled_error, invalid_state_error})
    visitor.visit(type);
  visitor.visit(blocking_name);
}

void AsyncState::fiber_created(Fiber& fiber) {
  Context* context = create_context(vm);
  if (context) {
    constexpr ptrdiff_t kReserve = 48 * 1024;
    context->native_high = fiber.stack().high;
    context->native_limit = reinterpret_cast<const char*>(fiber.stack().low) + kReserve;
  }
  fiber.user = context;
}

void AsyncState::fiber_destroyed(Fiber& fiber) {
  if (fiber.user) destroy_context(vm, context_of(fiber));
  fiber.user = nullptr;
}

void AsyncState::switch_to(Fiber& target) {
  left = &fibers.current();
  vm.switch_context(context_of(target));
  fibers.switch_to(target);
  // Back again: what was left behind is parked now and can be scanned.
  if (left && left->user) context_of(*left)->saved_stack_pointer = left->saved_stack_pointer();
  context_of(fibers.current())->saved_stack_pointer = nullptr;
}

void AsyncState::arrived(Fiber& self) {
  if (left && left->user) context_of(*left)->saved_stack_pointer = left->saved_stack_pointer();
  context_of(self)->saved_stack_pointer = nullptr;
}

Result<Value> call_script(VM& vm, const char* module, const char* function,
                          std::initializer_list<Value> arguments) {
  Value imported = TRY(vm.import_module(module));
  Value callee = TRY(get_attribute(vm, imported, TRY(intern(vm, function))));
  return vm.call(callee, arguments);
}

Error raise_type(VM& vm, Type* type, std::string_view message) {
  Value text = TRY(make_str(vm, message));
  return vm.raise_exception(TRY(vm.call(type, {text})));
}

namespace {

/// A class made as a class statement would make it.
Result<Type*> make_exception_type(VM& vm, const char* name, BuiltinType base, const char* module) {
  Dict* names = TRY(make_dict(vm));
  TRY(dict_set_str(vm, names, vm.names().module_, TRY(make_str(vm, module))));
  Value base_type = vm.type(base);
  Value bases = TRY(make_tuple(vm, {&base_type, 1}));
  Value made =
      TRY(vm.call(vm.type(BuiltinType::Type), {TRY(make_str(vm, name)), bases, Value(names)}));
  return as<Type>(made);
}

}  // namespace

Result<void> AsyncState::create_types() {
  if (future_type) return {};
  cancelled_error = TRY(
      make_exception_type(vm, "CancelledError", BuiltinType::BaseException, "asyncio.exceptions"));
  invalid_state_error = TRY(
      make_exception_type(vm, "InvalidStateError", BuiltinType::Exception, "asyncio.exceptions"));
  blocking_name = TRY(intern(vm, "_asyncio_future_blocking"));
  abstract_loop_type = TRY(make_native_type(vm, kAbstractEventLoopDefinition));
  loop_type = TRY(make_native_type(vm, kEventLoopDefinition, abstract_loop_type));
  handle_type = TRY(make_native_type(vm, kHandleDefinition));
  timer_handle_type = TRY(make_native_type(vm, kTimerHandleDefinition, handle_type));
  for (Type* type : {abstract_loop_type, loop_type, handle_type, timer_handle_type})
    type->flags &= ~Type::kImmutable;  // classes like a script's
  sleep_type = TRY(make_native_type(vm, kSleepDefinition));
  future_iterator_type = TRY(make_native_type(vm, kFutureIteratorDefinition));
  Type* future = TRY(make_native_type(vm, kFutureDefinition));
  future->await_step = future_await_step;
  task_type = TRY(make_native_type(vm, kTaskDefinition, future));
  task_type->await_step = future_await_step;
  gathering_type = TRY(make_native_type(vm, kGatheringDefinition, future));
  gathering_type->await_step = future_await_step;
  operation_type = TRY(make_native_type(vm, kOperationDefinition));
  operation_type->await_step = operation_await_step;
  sleep_type->await_step = sleep_await_step;
  future_type = future;
  return {};
}

}  // namespace apy
