#include "stdlib/asyncio/queue.h"

#include "stdlib/asyncio/waiters.h"

namespace apy {

namespace {

struct AsyncQueue : LoopBound {
  static const NativeClass kClass;
  Value items;             // a Deque, unless a subclass keeps them in something else
  Value getters, putters;  // Deques of waiters
  Value joiners;           // Deque of futures, or none
  Value maxsize;
  int64_t unfinished;
  NativeHooks hooks;
  bool is_shutdown;
};
const NativeClass AsyncQueue::kClass = {"_asyncio_sync.Queue", trace_values<6>, nullptr};

constexpr const char* kHooks[] = {"_put", "_get",       "qsize",     "empty",
                                  "full", "put_nowait", "get_nowait"};
enum Hook : uint32_t {
  kPut = 1,
  kGet = 2,
  kSize = 4,
  kEmpty = 8,
  kFull = 16,
  kPutNow = 32,
  kGetNow = 64,
  kAll = 127
};

uint32_t hooks_of(VM& vm, AsyncQueue* queue) {
  return native_hooks(vm, queue, queue->hooks, kHooks);
}

Result<Deque*> line_of(VM& vm, AsyncQueue* queue, Value line, const char* name) {
  if (Deque* deque = try_native<Deque>(line)) return deque;
  return vm.raise(Exc::AttributeError, "'{}' object has no attribute '{}'", vm.type_of(queue),
                  name);
}

/// Raises one of the exceptions that asyncio.queues defines.
Error raise_queue_error(VM& vm, const char* name) {
  Value module = TRY(vm.import_module("asyncio.queues"));
  Value type = TRY(get_attribute(vm, module, TRY(intern(vm, name))));
  return vm.raise_exception(TRY(vm.call(type, {})));
}

// --- what the hooks do when they are the native ones ---

Result<int64_t> size_of_items(VM& vm, AsyncQueue* queue) {
  if (Deque* items = try_native<Deque>(queue->items)) return static_cast<int64_t>(items->length);
  if (queue->items.is_empty())
    return vm.raise(Exc::AttributeError, "'{}' object has no attribute '_queue'",
                    vm.type_of(queue));
  return length_of(vm, queue->items);
}

Result<bool> native_empty(VM& vm, AsyncQueue* queue) {
  if (Deque* items = try_native<Deque>(queue->items)) return items->length == 0;
  if (queue->items.is_empty()) return TRY(size_of_items(vm, queue)) == 0;
  return !TRY(is_truthy(vm, queue->items));
}

Result<bool> native_full(VM& vm, AsyncQueue* queue) {
  if (!queue->maxsize.is_small_int()) {
    if (TRY(compare_bool(vm, CompareOp::LessEqual, queue->maxsize, Value::small_int(0))))
      return false;
  } else if (queue->maxsize.as_small_int() <= 0) {
    return false;
  }
  Value size = hooks_of(vm, queue) & kSize
                   ? Value::small_int(TRY(size_of_items(vm, queue)))
                   : TRY(vm.call_method(queue, TRY(intern(vm, "qsize")), {}));
  if (Value::both_small_int(size, queue->maxsize))
    return size.as_small_int() >= queue->maxsize.as_small_int();
  return compare_bool(vm, CompareOp::GreaterEqual, size, queue->maxsize);
}

Result<bool> is_full(VM& vm, AsyncQueue* queue) {
  return hooks_of(vm, queue) & kFull ? native_full(vm, queue) : ask(vm, queue, "full");
}
Result<bool> is_empty(VM& vm, AsyncQueue* queue) {
  return hooks_of(vm, queue) & kEmpty ? native_empty(vm, queue) : ask(vm, queue, "empty");
}

Result<void> wake_next(VM& vm, AsyncQueue* queue, Value waiters, const char* name) {
  Deque* line = TRY(line_of(vm, queue, waiters, name));
  while (line->length) {
    Value waiter = deque_take_left(vm, line);
    if (TRY(waiter_is_done(vm, waiter))) continue;
    return complete_waiter(vm, waiter, Value::none());
  }
  return {};
}
Result<void> wake_getter(VM& vm, AsyncQueue* queue) {
  return wake_next(vm, queue, queue->getters, "_getters");
}
Result<void> wake_putter(VM& vm, AsyncQueue* queue) {
  return wake_next(vm, queue, queue->putters, "_putters");
}

Result<Value> native_put(VM& vm, AsyncQueue* queue, Value item) {
  if (Deque* items = try_native<Deque>(queue->items)) {
    TRY(deque_append(vm, items, item));
    return Value::none();
  }
  return vm.call_method(queue->items, TRY(intern(vm, "append")), {item});
}

Result<Value> native_get(VM& vm, AsyncQueue* queue) {
  if (Deque* items = try_native<Deque>(queue->items)) {
    if (items->length == 0) return vm.raise(Exc::IndexError, "pop from an empty deque");
    return deque_take_left(vm, items);
  }
  return vm.call_method(queue->items, TRY(intern(vm, "popleft")), {});
}

Result<void> native_put_nowait(VM& vm, AsyncQueue* queue, Value item) {
  if (queue->is_shutdown) return raise_queue_error(vm, "QueueShutDown");
  if (TRY(is_full(vm, queue))) return raise_queue_error(vm, "QueueFull");
  if (hooks_of(vm, queue) & kPut) {
    TRY(native_put(vm, queue, item));
  } else {
    TRY(vm.call_method(queue, TRY(intern(vm, "_put")), {item}));
  }
  ++queue->unfinished;
  return wake_getter(vm, queue);
}

Result<Value> native_get_nowait(VM& vm, AsyncQueue* queue) {
  if (TRY(is_empty(vm, queue)))
    return raise_queue_error(vm, queue->is_shutdown ? "QueueShutDown" : "QueueEmpty");
  Value item = hooks_of(vm, queue) & kGet ? TRY(native_get(vm, queue))
                                          : TRY(vm.call_method(queue, TRY(intern(vm, "_get")), {}));
  TRY(wake_putter(vm, queue));
  return item;
}

// --- put() and get() ---

AsyncQueue* owner_of(Operation* operation) {
  return static_cast<AsyncQueue*>(operation->owner.cell());
}

Result<AwaitOutcome> try_put(VM& vm, Operation* operation, Value* result) {
  AsyncQueue* queue = owner_of(operation);
  if (TRY(is_full(vm, queue))) {
    if (queue->is_shutdown) return raise_queue_error(vm, "QueueShutDown");
    Deque* line = TRY(line_of(vm, queue, queue->putters, "_putters"));
    return wait_in_line(vm, queue, line, operation);
  }
  *result = Value::none();
  if (hooks_of(vm, queue) & kPutNow) {
    TRY(native_put_nowait(vm, queue, operation->argument));
  } else {
    *result = TRY(vm.call_method(queue, TRY(intern(vm, "put_nowait")), {operation->argument}));
  }
  return AwaitOutcome::Ready;
}

Result<AwaitOutcome> try_get(VM& vm, Operation* operation, Value* result) {
  AsyncQueue* queue = owner_of(operation);
  if (TRY(is_empty(vm, queue))) {
    if (queue->is_shutdown) return raise_queue_error(vm, "QueueShutDown");
    Deque* line = TRY(line_of(vm, queue, queue->getters, "_getters"));
    return wait_in_line(vm, queue, line, operation);
  }
  *result = hooks_of(vm, queue) & kGetNow
                ? TRY(native_get_nowait(vm, queue))
                : TRY(vm.call_method(queue, TRY(intern(vm, "get_nowait")), {}));
  return AwaitOutcome::Ready;
}

AwaitOutcome advance_put(VM& vm, Operation* operation, Value* result) {
  auto outcome = try_put(vm, operation, result);
  return outcome.is_ok() ? outcome.value() : AwaitOutcome::Error;
}
AwaitOutcome advance_get(VM& vm, Operation* operation, Value* result) {
  auto outcome = try_get(vm, operation, result);
  return outcome.is_ok() ? outcome.value() : AwaitOutcome::Error;
}

/// Out of the line; a wake-up that came too late for this one is for the next.
Result<void> abandon_put(VM& vm, Operation* operation) {
  AsyncQueue* queue = owner_of(operation);
  TRY(future_cancel(vm, operation, Value::none()));
  leave_line(vm, TRY(line_of(vm, queue, queue->putters, "_putters")), operation);
  if (operation->state() == Future::kCancelled || TRY(is_full(vm, queue))) return {};
  return wake_putter(vm, queue);
}
Result<void> abandon_get(VM& vm, Operation* operation) {
  AsyncQueue* queue = owner_of(operation);
  TRY(future_cancel(vm, operation, Value::none()));
  leave_line(vm, TRY(line_of(vm, queue, queue->getters, "_getters")), operation);
  if (operation->state() == Future::kCancelled || TRY(is_empty(vm, queue))) return {};
  return wake_getter(vm, queue);
}

constexpr OperationKind kPutOperation = {"Queue.put", advance_put, abandon_put};
constexpr OperationKind kGetOperation = {"Queue.get", advance_get, abandon_get};

// --- methods ---

Result<Value> queue_new(VM& vm, const Arguments& arguments) {
  return make_native<AsyncQueue>(vm, as<Type>(arguments.values[0])).value();
}
Result<void> queue_init(VM& vm, AsyncQueue* self, Optional<Value> maxsize) {
  self->maxsize = maxsize.present ? maxsize.value : Value::small_int(0);
  self->getters = TRY(make_waiters(vm));
  vm.barrier(self);
  self->putters = TRY(make_waiters(vm));
  self->joiners = Value::none();
  self->unfinished = 0;
  self->is_shutdown = false;
  vm.barrier(self);
  TRY(vm.call_method(self, TRY(intern(vm, "_init")), {self->maxsize}));
  return {};
}
Result<void> queue_make_items(VM& vm, AsyncQueue* self, Value) {
  self->items = TRY(make_waiters(vm));
  vm.barrier(self);
  return {};
}
Result<Value> queue_get_item(VM& vm, AsyncQueue* self) { return native_get(vm, self); }
Result<Value> queue_put_item(VM& vm, AsyncQueue* self, Value item) {
  return native_put(vm, self, item);
}
Result<int64_t> queue_size(VM& vm, AsyncQueue* self) { return size_of_items(vm, self); }
Result<bool> queue_empty(VM& vm, AsyncQueue* self) { return native_empty(vm, self); }
Result<bool> queue_full(VM& vm, AsyncQueue* self) { return native_full(vm, self); }
Result<Operation*> queue_put(VM& vm, AsyncQueue* self, Value item) {
  return make_operation(vm, kPutOperation, self, item);
}
Result<Operation*> queue_get(VM& vm, AsyncQueue* self) {
  return make_operation(vm, kGetOperation, self);
}
Result<void> queue_put_nowait(VM& vm, AsyncQueue* self, Value item) {
  return native_put_nowait(vm, self, item);
}
Result<Value> queue_get_nowait(VM& vm, AsyncQueue* self) { return native_get_nowait(vm, self); }
Result<void> queue_task_done(VM& vm, AsyncQueue* self) {
  if (self->unfinished <= 0) return vm.raise(Exc::ValueError, "task_done() called too many times");
  --self->unfinished;
  Deque* joiners = try_native<Deque>(self->joiners);
  if (self->unfinished == 0 && joiners && joiners->length)
    TRY(vm.call_method(self, TRY(intern(vm, "_wake_joiners")), {}));
  return {};
}
Result<Value> queue_loop(VM& vm, AsyncQueue* self) { return bound_loop(vm, self); }

// --- attributes ---

template <Value AsyncQueue::*field>
Result<Value> get_field(VM& vm, Value self) {
  Value value = static_cast<AsyncQueue*>(self.cell())->*field;
  if (value.is_empty())
    return vm.raise(Exc::AttributeError, "'{}' object is not initialized", vm.type_of(self));
  return value;
}
template <Value AsyncQueue::*field>
Result<void> set_field(VM& vm, Value self, Value value) {
  static_cast<AsyncQueue*>(self.cell())->*field = value;
  vm.barrier(self.cell());
  return {};
}
Result<Value> get_unfinished(VM& vm, Value self) {
  return make_int(vm, static_cast<AsyncQueue*>(self.cell())->unfinished).value();
}
Result<void> set_unfinished(VM& vm, Value self, Value value) {
  static_cast<AsyncQueue*>(self.cell())->unfinished =
      value.is_empty() ? 0 : TRY(to_int64(vm, value));
  return {};
}
Result<Value> get_is_shutdown(VM&, Value self) {
  return Value::boolean(static_cast<AsyncQueue*>(self.cell())->is_shutdown);
}
Result<void> set_is_shutdown(VM& vm, Value self, Value value) {
  static_cast<AsyncQueue*>(self.cell())->is_shutdown =
      !value.is_empty() && TRY(is_truthy(vm, value));
  return {};
}

constexpr NativeFunctionDef kMethods[] = {
    {"__new__(cls, *args, **kwargs)", nullptr, bind<queue_new>(), NativeFunctionDef::kStatic},
    {"__init__(self, maxsize=0)", nullptr, bind<queue_init>()},
    {"_init(self, maxsize)", nullptr, bind<queue_make_items>()},
    {"_get(self)", nullptr, bind<queue_get_item>()},
    {"_put(self, item)", nullptr, bind<queue_put_item>()},
    {"_get_loop(self)", nullptr, bind<queue_loop>()},
    {"qsize(self)", "How many items are in the queue.", bind<queue_size>()},
    {"empty(self)", "True if there is no item.", bind<queue_empty>()},
    {"full(self)", "True if there are maxsize items; never if maxsize is 0.", bind<queue_full>()},
    {"put(self, item)",
     "Puts an item in, waiting for a free place. QueueShutDown after shutdown().",
     bind<queue_put>()},
    {"put_nowait(self, item)", "Puts an item in at once; QueueFull if there is no place.",
     bind<queue_put_nowait>()},
    {"get(self)", "Takes an item out, waiting for one. QueueShutDown if none can come any more.",
     bind<queue_get>()},
    {"get_nowait(self)", "Takes an item out at once; QueueEmpty if there is none.",
     bind<queue_get_nowait>()},
    {"task_done(self)",
     "Says that an item taken out is worked off; ValueError if called too often.",
     bind<queue_task_done>()},
};
constexpr NativeGetSetDef kAttributes[] = {
    {"_loop", nullptr, get_bound_loop, set_bound_loop},
    {"_maxsize", nullptr, get_field<&AsyncQueue::maxsize>, set_field<&AsyncQueue::maxsize>},
    {"_queue", nullptr, get_field<&AsyncQueue::items>, set_field<&AsyncQueue::items>},
    {"_getters", nullptr, get_field<&AsyncQueue::getters>},
    {"_putters", nullptr, get_field<&AsyncQueue::putters>},
    {"_joiners", nullptr, get_field<&AsyncQueue::joiners>, set_field<&AsyncQueue::joiners>},
    {"_unfinished_tasks", nullptr, get_unfinished, set_unfinished},
    {"_is_shutdown", nullptr, get_is_shutdown, set_is_shutdown},
};

}  // namespace

const NativeTypeDef kAsyncQueueType = {"_asyncio_sync.Queue",
                                       "The native half of asyncio.Queue.",
                                       kMethods,
                                       kAttributes,
                                       Type::kCanSubclass | Type::kHasDict | Type::kHasWeakref,
                                       sizeof(AsyncQueue),
                                       &AsyncQueue::kClass};

}  // namespace apy
