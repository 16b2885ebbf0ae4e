#include "stdlib/asyncio/waiters.h"

#include "vm/objects/internals.h"

namespace apy {

namespace {

bool is_native_hook(VM& vm, NativeObject* object, Str* name) {
  if (existing_attributes_dict(vm, object)) return false;
  if (object->attributes && shape_find(vm, vm.shape(object->shape), name) >= 0) return false;
  return is_kind(type_lookup(vm, vm.type_of(object), name), CellKind::NativeFunction);
}

}  // namespace

uint32_t native_hooks(VM& vm, NativeObject* object, NativeHooks& known,
                      std::span<const char* const> names) {
  uint32_t version = vm.type_of(object)->version;
  if (known.shape == object->shape && known.version == version) [[likely]]
    return known.native;
  uint32_t native = 0;
  for (size_t i = 0; i < names.size(); ++i) {
    auto name = intern(vm, names[i]);
    if (name.is_ok() && is_native_hook(vm, object, name.value())) native |= 1u << i;
  }
  // In dict mode an attribute may come without a new shape.
  if (!existing_attributes_dict(vm, object)) known = {object->shape, version, native};
  return native;
}

Result<Value> bound_loop(VM& vm, LoopBound* object) {
  Value running = async_state(vm).running_loop;
  if (running.is_empty()) running = Value::none();
  if (object->loop.is_empty() || object->loop.is_none()) {
    object->loop = running;
    vm.barrier(object);
  } else if (!object->loop.is(running)) {
    return vm.raise(Exc::RuntimeError, "{} is bound to a different event loop",
                    TRY(repr_text(vm, object)));
  }
  return running;
}

Result<Value> get_bound_loop(VM&, Value self) {
  Value loop = static_cast<LoopBound*>(self.cell())->loop;
  return loop.is_empty() ? Value::none() : loop;
}

Result<void> set_bound_loop(VM& vm, Value self, Value value) {
  static_cast<LoopBound*>(self.cell())->loop = value;
  vm.barrier(self.cell());
  return {};
}

Result<Deque*> make_waiters(VM& vm) {
  Deque* line = TRY(make_native<Deque>(vm, native_type<Deque>(vm)));
  line->limit = -1;
  return line;
}

AwaitOutcome wait_in_line(VM& vm, LoopBound* owner, Deque* line, Operation* operation) {
  auto lined_up = [&]() -> Result<void> {
    TRY(operation_wait(vm, operation, TRY(bound_loop(vm, owner))));
    return deque_append(vm, line, operation);
  };
  return lined_up().is_ok() ? AwaitOutcome::Pending : AwaitOutcome::Error;
}

void leave_line(VM& vm, Deque* line, Value waiter) {
  uint64_t at = 0;
  while (at < line->length && !line->at(at).is(waiter)) ++at;
  if (at == line->length) return;
  for (; at > 0; --at) line->at(at) = line->at(at - 1);
  deque_take_left(vm, line);
}

namespace {
/// The native future behind a waiter, or null.
Future* future_of(Value waiter) {
  if (Operation* operation = try_operation(waiter)) return operation;
  return try_future(waiter);
}
}  // namespace

Result<bool> waiter_is_done(VM& vm, Value waiter) {
  if (Future* future = future_of(waiter)) return future->done();
  return ask(vm, waiter, "done");
}

Result<bool> waiter_is_cancelled(VM& vm, Value waiter) {
  if (Future* future = future_of(waiter)) return future->state() == Future::kCancelled;
  return ask(vm, waiter, "cancelled");
}

Result<void> complete_waiter(VM& vm, Value waiter, Value result) {
  if (Future* future = future_of(waiter)) return future_set_result(vm, future, result);
  TRY(vm.call_method(waiter, TRY(intern(vm, "set_result")), {result}));
  return {};
}

Result<bool> ask(VM& vm, Value object, const char* method) {
  return is_truthy(vm, TRY(vm.call_method(object, TRY(intern(vm, method)), {})));
}

}  // namespace apy
