#include "stdlib/asyncio/locks.h"

#include "stdlib/asyncio/waiters.h"

namespace apy {

namespace {

constexpr const char* kHooks[] = {"acquire", "release", "locked"};
enum Hook : uint32_t { kAcquire = 1, kRelease = 2, kLocked = 4 };

/// What Lock and Semaphore have in common. Waiters: a Deque, or none while nobody ever waited.
struct Acquirable : LoopBound {
  Value waiters;
  Value value;  // Semaphore: how many are left; Lock: True while it is taken
  NativeHooks hooks;
};
struct AsyncLock : Acquirable {
  static const NativeClass kClass;
};
struct AsyncSemaphore : Acquirable {
  static const NativeClass kClass;
};
struct AsyncEvent : LoopBound {
  static const NativeClass kClass;
  Value waiters;
  bool is_set;
};
const NativeClass AsyncLock::kClass = {"_asyncio_sync.Lock", trace_values<3>, nullptr};
const NativeClass AsyncSemaphore::kClass = {"_asyncio_sync.Semaphore", trace_values<3>, nullptr};
const NativeClass AsyncEvent::kClass = {"_asyncio_sync.Event", trace_values<2>, nullptr};

template <class T>
T* owner_of(Operation* operation) {
  return static_cast<T*>(operation->owner.cell());
}

/// The line, made if need be.
template <class T>
Result<Deque*> line_of(VM& vm, T* owner) {
  if (Deque* line = try_native<Deque>(owner->waiters)) return line;
  Deque* line = TRY(make_waiters(vm));
  owner->waiters = line;
  vm.barrier(owner);
  return line;
}

template <class T>
AwaitOutcome line_up(VM& vm, T* owner, Operation* operation) {
  auto line = line_of(vm, owner);
  return line.is_ok() ? wait_in_line(vm, owner, line.value(), operation) : AwaitOutcome::Error;
}

template <class T>
void leave(VM& vm, T* owner, Operation* operation) {
  if (Deque* line = try_native<Deque>(owner->waiters)) leave_line(vm, line, operation);
}

Result<bool> all_cancelled(VM& vm, Value waiters) {
  Deque* line = try_native<Deque>(waiters);
  for (uint64_t i = 0; line && i < line->length; ++i)
    if (!TRY(waiter_is_cancelled(vm, line->at(i)))) return false;
  return true;
}

/// The first waiter that is not done, or empty.
Result<Value> first_pending(VM& vm, Value waiters) {
  Deque* line = try_native<Deque>(waiters);
  for (uint64_t i = 0; line && i < line->length; ++i) {
    Value waiter = line->at(i);
    if (!TRY(waiter_is_done(vm, waiter))) return waiter;
  }
  return Value::none();
}

AwaitOutcome outcome_of(Result<AwaitOutcome> outcome) {
  return outcome.is_ok() ? outcome.value() : AwaitOutcome::Error;
}

// --- Lock ---

Result<void> wake_first(VM& vm, AsyncLock* lock) {
  Deque* line = try_native<Deque>(lock->waiters);
  if (!line || line->length == 0) return {};
  Value first = line->at(0);
  if (TRY(waiter_is_done(vm, first))) return {};
  return complete_waiter(vm, first, Value::boolean(true));
}

Result<AwaitOutcome> try_lock(VM& vm, Operation* operation, Value* result) {
  AsyncLock* lock = owner_of<AsyncLock>(operation);
  if (operation->stage == Operation::kWaiting) {
    leave(vm, lock, operation);
  } else if (lock->value.is_true() || !TRY(all_cancelled(vm, lock->waiters))) {
    return line_up(vm, lock, operation);
  }
  lock->value = Value::boolean(true);
  *result = Value::boolean(true);
  return AwaitOutcome::Ready;
}

AwaitOutcome advance_lock(VM& vm, Operation* operation, Value* result) {
  return outcome_of(try_lock(vm, operation, result));
}

Result<void> abandon_lock(VM& vm, Operation* operation) {
  AsyncLock* lock = owner_of<AsyncLock>(operation);
  leave(vm, lock, operation);
  // The wake-up may have been this one's.
  return lock->value.is_true() ? Result<void>() : wake_first(vm, lock);
}

Result<void> release_lock(VM& vm, AsyncLock* lock) {
  if (!lock->value.is_true()) return vm.raise(Exc::RuntimeError, "Lock is not acquired.");
  lock->value = Value::boolean(false);
  return wake_first(vm, lock);
}

// --- Semaphore ---

Result<bool> positive(VM& vm, AsyncSemaphore* semaphore) {
  if (semaphore->value.is_small_int()) return semaphore->value.as_small_int() > 0;
  return compare_bool(vm, CompareOp::Greater, semaphore->value, Value::small_int(0));
}

Result<void> add(VM& vm, AsyncSemaphore* semaphore, int64_t change) {
  if (semaphore->value.is_small_int()) {
    semaphore->value = TRY(make_int(vm, semaphore->value.as_small_int() + change));
  } else {
    semaphore->value =
        TRY(binary_operation(vm, BinaryOp::Add, semaphore->value, Value::small_int(change)));
  }
  vm.barrier(semaphore);
  return {};
}

Result<bool> native_locked(VM& vm, AsyncSemaphore* semaphore) {
  if (semaphore->value.is(Value::small_int(0))) return true;
  return !TRY(all_cancelled(vm, semaphore->waiters));
}

Result<bool> is_locked(VM& vm, AsyncSemaphore* semaphore) {
  return native_hooks(vm, semaphore, semaphore->hooks, kHooks) & kLocked
             ? native_locked(vm, semaphore)
             : ask(vm, semaphore, "locked");
}

/// Hands one on to the first waiter that has none yet; false if there is no such.
Result<bool> wake_next(VM& vm, AsyncSemaphore* semaphore) {
  Value waiter = TRY(first_pending(vm, semaphore->waiters));
  if (waiter.is_none()) return false;
  TRY(add(vm, semaphore, -1));
  TRY(complete_waiter(vm, waiter, Value::boolean(true)));
  return true;
}

/// Others may have come while the value was above zero, and queued up behind.
Result<void> wake_more(VM& vm, AsyncSemaphore* semaphore) {
  while (TRY(positive(vm, semaphore)) && TRY(wake_next(vm, semaphore))) {
  }
  return {};
}

Result<AwaitOutcome> try_take(VM& vm, Operation* operation, Value* result) {
  AsyncSemaphore* semaphore = owner_of<AsyncSemaphore>(operation);
  *result = Value::boolean(true);
  if (operation->stage == Operation::kWaiting) {
    // What it was woken up with is counted off already.
    leave(vm, semaphore, operation);
    TRY(wake_more(vm, semaphore));
    return AwaitOutcome::Ready;
  }
  Deque* line = try_native<Deque>(semaphore->waiters);
  bool nobody_waits = !line || line->length == 0;
  if ((nobody_waits && TRY(positive(vm, semaphore))) || !TRY(is_locked(vm, semaphore))) {
    TRY(add(vm, semaphore, -1));
    return AwaitOutcome::Ready;
  }
  return line_up(vm, semaphore, operation);
}

AwaitOutcome advance_take(VM& vm, Operation* operation, Value* result) {
  return outcome_of(try_take(vm, operation, result));
}

Result<void> abandon_take(VM& vm, Operation* operation) {
  AsyncSemaphore* semaphore = owner_of<AsyncSemaphore>(operation);
  leave(vm, semaphore, operation);
  // It was this one's already: given back.
  if (operation->state() == Future::kFinished) TRY(add(vm, semaphore, 1));
  return wake_more(vm, semaphore);
}

Result<void> release_semaphore(VM& vm, AsyncSemaphore* semaphore) {
  TRY(add(vm, semaphore, 1));
  TRY(wake_next(vm, semaphore));
  return {};
}

// --- Event ---

AwaitOutcome advance_event(VM& vm, Operation* operation, Value* result) {
  AsyncEvent* event = owner_of<AsyncEvent>(operation);
  if (operation->stage == Operation::kWaiting) {
    leave(vm, event, operation);
  } else if (!event->is_set) {
    return line_up(vm, event, operation);
  }
  *result = Value::boolean(true);
  return AwaitOutcome::Ready;
}

Result<void> abandon_event(VM& vm, Operation* operation) {
  leave(vm, owner_of<AsyncEvent>(operation), operation);
  return {};
}

// --- async with ---

AwaitOutcome without_value(AwaitOutcome outcome, Value* result) {
  // It is not for the body to release it.
  if (outcome == AwaitOutcome::Ready) *result = Value::none();
  return outcome;
}
AwaitOutcome advance_enter_lock(VM& vm, Operation* operation, Value* result) {
  return without_value(advance_lock(vm, operation, result), result);
}
AwaitOutcome advance_enter_semaphore(VM& vm, Operation* operation, Value* result) {
  return without_value(advance_take(vm, operation, result), result);
}

template <class T, Result<void> (*release)(VM&, T*)>
AwaitOutcome advance_exit(VM& vm, Operation* operation, Value* result) {
  T* owner = owner_of<T>(operation);
  *result = Value::none();
  Result<void> released;
  if (native_hooks(vm, owner, owner->hooks, kHooks) & kRelease) {
    released = release(vm, owner);
  } else {
    auto name = intern(vm, "release");
    if (name.is_error() || vm.call_method(owner, name.value(), {}).is_error())
      return AwaitOutcome::Error;
  }
  return released.is_ok() ? AwaitOutcome::Ready : AwaitOutcome::Error;
}
Result<void> nothing_to_abandon(VM&, Operation*) { return {}; }

constexpr OperationKind kLockAcquire = {"Lock.acquire", advance_lock, abandon_lock};
constexpr OperationKind kSemaphoreAcquire = {"Semaphore.acquire", advance_take, abandon_take};
constexpr OperationKind kEventWait = {"Event.wait", advance_event, abandon_event};
constexpr OperationKind kLockEnter = {"_ContextManagerMixin.__aenter__", advance_enter_lock,
                                      abandon_lock};
constexpr OperationKind kSemaphoreEnter = {"_ContextManagerMixin.__aenter__",
                                           advance_enter_semaphore, abandon_take};
constexpr OperationKind kLockExit = {"_ContextManagerMixin.__aexit__",
                                     advance_exit<AsyncLock, release_lock>, nothing_to_abandon};
constexpr OperationKind kSemaphoreExit = {"_ContextManagerMixin.__aexit__",
                                          advance_exit<AsyncSemaphore, release_semaphore>,
                                          nothing_to_abandon};

// --- methods ---

template <class T>
Result<Value> new_object(VM& vm, const Arguments& arguments) {
  return make_native<T>(vm, as<Type>(arguments.values[0])).value();
}

Result<void> lock_init(VM&, AsyncLock* self) {
  self->waiters = Value::none();
  self->value = Value::boolean(false);
  return {};
}
Result<void> semaphore_init(VM& vm, AsyncSemaphore* self, Optional<Value> value) {
  Value start = value.present ? value.value : Value::small_int(1);
  if (TRY(compare_bool(vm, CompareOp::Less, start, Value::small_int(0))))
    return vm.raise(Exc::ValueError, "Semaphore initial value must be >= 0");
  self->waiters = Value::none();
  self->value = start;
  vm.barrier(self);
  return {};
}
Result<void> event_init(VM& vm, AsyncEvent* self) {
  self->waiters = TRY(make_waiters(vm));
  self->is_set = false;
  vm.barrier(self);
  return {};
}

template <class T, const OperationKind& kind>
Result<Operation*> start(VM& vm, T* self) {
  return make_operation(vm, kind, self);
}
/// The native way if acquire() is the native one, else a coroutine that awaits the other one.
template <class T, const OperationKind& kind>
Result<Value> enter(VM& vm, T* self) {
  if (native_hooks(vm, self, self->hooks, kHooks) & kAcquire)
    return make_operation(vm, kind, self).value();
  return call_script(vm, "asyncio.locks", "_acquire", {self});
}
template <class T, const OperationKind& kind>
Result<Operation*> leave_block(VM& vm, T* self, Value, Value, Value) {
  return make_operation(vm, kind, self);
}
Result<bool> lock_locked(VM&, AsyncLock* self) { return self->value.is_true(); }
Result<void> lock_release(VM& vm, AsyncLock* self) { return release_lock(vm, self); }
Result<bool> semaphore_locked(VM& vm, AsyncSemaphore* self) { return native_locked(vm, self); }
Result<void> semaphore_release(VM& vm, AsyncSemaphore* self) { return release_semaphore(vm, self); }
template <class T>
Result<Value> loop_of(VM& vm, T* self) {
  return bound_loop(vm, self);
}

Result<bool> event_is_set(VM&, AsyncEvent* self) { return self->is_set; }
Result<void> event_set(VM& vm, AsyncEvent* self) {
  if (self->is_set) return {};
  self->is_set = true;
  Deque* line = try_native<Deque>(self->waiters);
  for (uint64_t i = 0; line && i < line->length; ++i) {
    Value waiter = line->at(i);
    if (!TRY(waiter_is_done(vm, waiter))) TRY(complete_waiter(vm, waiter, Value::boolean(true)));
  }
  return {};
}
Result<void> event_clear(VM&, AsyncEvent* self) {
  self->is_set = false;
  return {};
}

// --- attributes ---

template <class T, Value T::*field>
Result<Value> get_field(VM& vm, Value self) {
  Value value = static_cast<T*>(self.cell())->*field;
  if (value.is_empty())
    return vm.raise(Exc::AttributeError, "'{}' object is not initialized", vm.type_of(self));
  return value;
}
template <class T, Value T::*field>
Result<void> set_field(VM& vm, Value self, Value value) {
  static_cast<T*>(self.cell())->*field = value;
  vm.barrier(self.cell());
  return {};
}
Result<Value> get_is_set(VM&, Value self) {
  return Value::boolean(static_cast<AsyncEvent*>(self.cell())->is_set);
}
Result<void> set_is_set(VM& vm, Value self, Value value) {
  static_cast<AsyncEvent*>(self.cell())->is_set = !value.is_empty() && TRY(is_truthy(vm, value));
  return {};
}

constexpr NativeFunctionDef kLockMethods[] = {
    {"__new__(cls, *args, **kwargs)", nullptr, bind<new_object<AsyncLock>>(),
     NativeFunctionDef::kStatic},
    {"__init__(self)", nullptr, bind<lock_init>()},
    {"locked(self)", "True while a task holds the lock.", bind<lock_locked>()},
    {"acquire(self)", "Waits until the lock is free and takes it. Always True.",
     bind<start<AsyncLock, kLockAcquire>>()},
    {"release(self)",
     "Frees the lock and wakes up the first waiter; RuntimeError if it is not taken.",
     bind<lock_release>()},
    {"__aenter__(self)", nullptr, bind<enter<AsyncLock, kLockEnter>>()},
    {"__aexit__(self, exc_type, exc, tb)", nullptr, bind<leave_block<AsyncLock, kLockExit>>()},
    {"_get_loop(self)", nullptr, bind<loop_of<AsyncLock>>()},
};
constexpr NativeGetSetDef kLockAttributes[] = {
    {"_loop", nullptr, get_bound_loop, set_bound_loop},
    {"_waiters", nullptr, get_field<Acquirable, &Acquirable::waiters>,
     set_field<Acquirable, &Acquirable::waiters>},
    {"_locked", nullptr, get_field<Acquirable, &Acquirable::value>,
     set_field<Acquirable, &Acquirable::value>},
};

constexpr NativeFunctionDef kSemaphoreMethods[] = {
    {"__new__(cls, *args, **kwargs)", nullptr, bind<new_object<AsyncSemaphore>>(),
     NativeFunctionDef::kStatic},
    {"__init__(self, value=1)", nullptr, bind<semaphore_init>()},
    {"locked(self)", "True if acquire() would have to wait.", bind<semaphore_locked>()},
    {"acquire(self)", "Takes one, or waits for a release(). Always True.",
     bind<start<AsyncSemaphore, kSemaphoreAcquire>>()},
    {"release(self)", "Adds one and wakes up the first waiter.", bind<semaphore_release>()},
    {"__aenter__(self)", nullptr, bind<enter<AsyncSemaphore, kSemaphoreEnter>>()},
    {"__aexit__(self, exc_type, exc, tb)", nullptr,
     bind<leave_block<AsyncSemaphore, kSemaphoreExit>>()},
    {"_get_loop(self)", nullptr, bind<loop_of<AsyncSemaphore>>()},
};
constexpr NativeGetSetDef kSemaphoreAttributes[] = {
    {"_loop", nullptr, get_bound_loop, set_bound_loop},
    {"_waiters", nullptr, get_field<Acquirable, &Acquirable::waiters>,
     set_field<Acquirable, &Acquirable::waiters>},
    {"_value", nullptr, get_field<Acquirable, &Acquirable::value>,
     set_field<Acquirable, &Acquirable::value>},
};

constexpr NativeFunctionDef kEventMethods[] = {
    {"__new__(cls, *args, **kwargs)", nullptr, bind<new_object<AsyncEvent>>(),
     NativeFunctionDef::kStatic},
    {"__init__(self)", nullptr, bind<event_init>()},
    {"is_set(self)", "True if the flag is up.", bind<event_is_set>()},
    {"set(self)", "Puts the flag up and wakes up every waiter.", bind<event_set>()},
    {"clear(self)", "Takes the flag down: wait() waits again.", bind<event_clear>()},
    {"wait(self)", "Waits until the flag is up; returns at once if it is. Always True.",
     bind<start<AsyncEvent, kEventWait>>()},
    {"_get_loop(self)", nullptr, bind<loop_of<AsyncEvent>>()},
};
constexpr NativeGetSetDef kEventAttributes[] = {
    {"_loop", nullptr, get_bound_loop, set_bound_loop},
    {"_waiters", nullptr, get_field<AsyncEvent, &AsyncEvent::waiters>,
     set_field<AsyncEvent, &AsyncEvent::waiters>},
    {"_value", nullptr, get_is_set, set_is_set},
};

constexpr uint32_t kFlags = Type::kCanSubclass | Type::kHasDict | Type::kHasWeakref;

}  // namespace

const NativeTypeDef kAsyncLockType = {"_asyncio_sync.Lock",
                                      "The native half of asyncio.Lock.",
                                      kLockMethods,
                                      kLockAttributes,
                                      kFlags,
                                      sizeof(AsyncLock),
                                      &AsyncLock::kClass};
const NativeTypeDef kAsyncSemaphoreType = {"_asyncio_sync.Semaphore",
                                           "The native half of asyncio.Semaphore.",
                                           kSemaphoreMethods,
                                           kSemaphoreAttributes,
                                           kFlags,
                                           sizeof(AsyncSemaphore),
                                           &AsyncSemaphore::kClass};
const NativeTypeDef kAsyncEventType = {"_asyncio_sync.Event",
                                       "The native half of asyncio.Event.",
                                       kEventMethods,
                                       kEventAttributes,
                                       kFlags,
                                       sizeof(AsyncEvent),
                                       &AsyncEvent::kClass};

}  // namespace apy
