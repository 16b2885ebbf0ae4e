#include "runtime/async/operation.h"

#include <string>

#include "vm/binding/bind.h"
#include "vm/interpreter/generator.h"

namespace apy {

void trace_operation(const Cell* cell, Visitor& visitor) {
  trace_future(cell, visitor);
  const Operation* operation = static_cast<const Operation*>(cell);
  visitor.visit(operation->owner);
  visitor.visit(operation->argument);
}

Result<Operation*> make_operation(VM& vm, const OperationKind& kind, Value owner, Value argument) {
  Operation* operation = TRY(allocate_native<Operation>(vm, async_state(vm).operation_type));
  operation->kind = &kind;
  operation->owner = owner;
  operation->argument = argument;
  return operation;
}

Result<void> operation_wait(VM& vm, Operation* operation, Value loop) {
  operation->set_state(Future::kPending);
  operation->result = Value();
  TRY(initialize_future(vm, operation, loop));
  operation->aux |= Future::kBlocking;
  operation->stage = Operation::kWaiting;
  return {};
}

void operation_abandon(VM& vm, Operation* operation, Value exception) {
  operation->stage = Operation::kEnded;
  if (operation->kind->abandon(vm, operation).is_error()) return;
  (void)vm.reraise(exception);
}

AwaitOutcome operation_await_step(VM& vm, Value self, Value* result) {
  Operation* operation = static_cast<Operation*>(self.cell());
  if (operation->stage == Operation::kWaiting) {
    if (!operation->done()) {
      (void)vm.raise(Exc::RuntimeError, "await wasn't used with future");
      return AwaitOutcome::Error;
    }
    if (operation->state() != Future::kFinished) {
      (void)future_result(vm, operation);
      operation_abandon(vm, operation, vm.take_pending());
      return AwaitOutcome::Error;
    }
  } else if (operation->stage == Operation::kEnded) {
    (void)vm.raise(Exc::RuntimeError, "cannot reuse already awaited coroutine");
    return AwaitOutcome::Error;
  }
  AwaitOutcome outcome = operation->kind->advance(vm, operation, result);
  if (outcome == AwaitOutcome::Pending) {
    *result = self;
  } else {
    operation->stage = Operation::kEnded;
  }
  return outcome;
}

namespace {

Result<Operation*> receiver(VM& vm, Value self) {
  if (Operation* operation = try_operation(self)) return operation;
  return vm.raise(Exc::TypeError, "descriptor requires a 'coroutine' object but received '{}'",
                  vm.type_of(self));
}

Result<Value> method_send(VM& vm, Value self, Value) {
  TRY(receiver(vm, self));
  Value result;
  switch (operation_await_step(vm, self, &result)) {
    case AwaitOutcome::Pending:
      return result;
    case AwaitOutcome::Ready:
      return stop_iteration(vm, result.is_none() ? Value() : result);
    case AwaitOutcome::Error:
      break;
  }
  return Error{};
}
Result<Value> method_next(VM& vm, Value self) { return method_send(vm, self, Value::none()); }

Result<Value> method_throw(VM& vm, Value self, Value type, Optional<Value> value,
                           Optional<Value> traceback) {
  Operation* operation = TRY(receiver(vm, self));
  Value exception = TRY(exception_from_throw(vm, type, value.value, traceback.value));
  if (operation->stage == Operation::kWaiting) {
    (void)vm.raise_exception(exception);
    operation_abandon(vm, operation, vm.take_pending());
    return Error{};
  }
  operation->stage = Operation::kEnded;
  return vm.raise_exception(exception);
}

Result<void> method_close(VM& vm, Value self) {
  Operation* operation = TRY(receiver(vm, self));
  bool waits = operation->stage == Operation::kWaiting;
  operation->stage = Operation::kEnded;
  return waits ? operation->kind->abandon(vm, operation) : Result<void>();
}

Result<Value> method_await(VM&, Value self) { return self; }

Result<Value> method_repr(VM& vm, Value self) {
  Operation* operation = TRY(receiver(vm, self));
  // While it waits it is seen as what a task waits for.
  if (operation->stage == Operation::kWaiting) {
    return call_script(vm, "asyncio.base_futures", "_future_repr", {self});
  }
  char address[32];
  std::snprintf(address, sizeof address, " at %p>", static_cast<void*>(operation));
  return make_str(vm,
                  std::string("<coroutine object ") + operation->kind->qualified_name + address);
}

// As a future: what tasks and their reprs ask for.
Result<bool> method_cancel(VM& vm, Value self, Optional<Value> message) {
  return future_cancel(vm, TRY(receiver(vm, self)), message.value);
}
Result<bool> method_done(VM& vm, Value self) { return TRY(receiver(vm, self))->done(); }
Result<bool> method_cancelled(VM& vm, Value self) {
  return TRY(receiver(vm, self))->state() == Future::kCancelled;
}
Result<void> method_set_result(VM& vm, Value self, Value result) {
  return future_set_result(vm, TRY(receiver(vm, self)), result);
}

Result<void> method_add_done_callback(VM& vm, Value self, Value function, Optional<Value> context) {
  return future_add_callback(vm, TRY(receiver(vm, self)), function, context.value);
}
Result<Value> method_result(VM& vm, Value self) {
  return future_result(vm, TRY(receiver(vm, self)));
}
Result<Value> method_get_loop(VM& vm, Value self) {
  Value loop = TRY(receiver(vm, self))->loop;
  return loop.is_empty() ? Value::none() : loop;
}
Result<Value> get_name(VM& vm, Value self) {
  std::string_view name = TRY(receiver(vm, self))->kind->qualified_name;
  return make_str(vm, name.substr(name.rfind('.') + 1));
}
Result<Value> get_qualified_name(VM& vm, Value self) {
  return make_str(vm, TRY(receiver(vm, self))->kind->qualified_name);
}

constexpr NativeFunctionDef kMethods[] = {
    {"__await__(self, /)", nullptr, bind<method_await>()},
    {"__iter__(self, /)", nullptr, bind<method_await>()},
    {"__next__(self, /)", nullptr, bind<method_next>()},
    {"__repr__(self, /)", nullptr, bind<method_repr>()},
    {"send(self, value, /)", nullptr, bind<method_send>()},
    {"throw(self, type, value=None, traceback=None, /)", nullptr, bind<method_throw>()},
    {"close(self, /)", nullptr, bind<method_close>()},
    {"cancel(self, /, msg=None)", nullptr, bind<method_cancel>()},
    {"done(self, /)", nullptr, bind<method_done>()},
    {"cancelled(self, /)", nullptr, bind<method_cancelled>()},
    {"set_result(self, result, /)", nullptr, bind<method_set_result>()},
    {"result(self, /)", nullptr, bind<method_result>()},
    {"add_done_callback(self, fn, /, *, context=None)", nullptr, bind<method_add_done_callback>()},
    {"get_loop(self, /)", nullptr, bind<method_get_loop>()},
};
constexpr NativeGetSetDef kNames[] = {
    {"__name__", nullptr, get_name},
    {"__qualname__", nullptr, get_qualified_name},
};
/// Beside the attributes that it shares with futures.
Result<void> add_names(VM& vm, Type* type) {
  for (const NativeGetSetDef& definition : kNames) {
    GetSet* attribute = TRY(vm.allocate<GetSet>(BuiltinType::GetSetDescriptor));
    attribute->definition = &definition;
    attribute->owner = type;
    attribute->name = TRY(intern(vm, definition.name));
    vm.barrier(attribute);
    TRY(dict_set_str(vm, type->dict, attribute->name, attribute));
  }
  return {};
}

}  // namespace

const NativeClass Operation::kClass = {"coroutine", trace_operation, nullptr};
const NativeTypeDef kOperationDefinition = {"coroutine",
                                            "An operation of a queue or lock of asyncio.",
                                            kMethods,
                                            kFutureAttributes,
                                            Type::kDisallowNew | Type::kHasWeakref,
                                            sizeof(Operation),
                                            &Operation::kClass,
                                            add_names};

}  // namespace apy
