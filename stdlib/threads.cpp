// The module _threads: starting threads, and the two kinds of locks they wait for each other with.
// What a thread is: runtime/async/threads.h.
#include <cmath>
#include <cstdio>

#include "runtime/async/threads.h"
#include "runtime/loop/clock.h"
#include "stdlib/native_iterator.h"

namespace apy {

namespace {

constexpr double kLongestTimeout = 9223372036.0;

/// Threads that wait for a lock, the first first; the waits are on their stacks.
class WaitLine {
 public:
  struct Place : ThreadWait {
    Place* next = nullptr;
  };
  void add(Place& place) {
    (last_ ? last_->next : first_) = &place;
    last_ = &place;
  }
  void remove(Place& place) {
    Place* before = nullptr;
    for (Place* each = first_; each; before = each, each = each->next) {
      if (each != &place) continue;
      (before ? before->next : first_) = each->next;
      if (last_ == each) last_ = before;
      return;
    }
  }
  /// Wakes the first that has not been woken yet.
  void wake_one(VM& vm) {
    for (Place* each = first_; each; each = each->next)
      if (each->outcome == ThreadWait::Outcome::Waiting) return threads_of(vm)->wake(*each);
  }

 private:
  Place* first_ = nullptr;
  Place* last_ = nullptr;
};

struct Lock : NativeObject {
  static const NativeClass kClass;
  WaitLine line;
  int64_t owner;   // number of the thread, 0: nobody's
  uint64_t count;  // how often the owner holds it
};
struct RecursiveLock : Lock {
  static const NativeClass kClass;
};
void trace_nothing(const Cell*, Visitor&) {}
const NativeClass Lock::kClass = {"_thread.lock", trace_nothing, nullptr};
const NativeClass RecursiveLock::kClass = {"_thread.RLock", trace_nothing, nullptr};

int64_t current_thread(VM& vm) {
  Threads* threads = vm.suspender() ? threads_of(vm) : nullptr;
  return threads ? threads->current() : Threads::kMainIdent;
}

/// Monotonic nanoseconds; ThreadWait::kForever without a timeout, 0 when it must not wait.
Result<int64_t> parse_deadline(VM& vm, Optional<Value> blocking, Optional<Value> timeout) {
  bool may_wait = !blocking.present || TRY(is_truthy(vm, blocking.value));
  double seconds = timeout.present ? TRY(to_double(vm, timeout.value)) : -1;
  if (!may_wait && seconds != -1)
    return vm.raise(Exc::ValueError, "can't specify a timeout for a non-blocking call");
  if (std::isnan(seconds)) return vm.raise(Exc::ValueError, "Invalid value NaN (not a number)");
  if (seconds < 0 && seconds != -1)
    return vm.raise(Exc::ValueError, "timeout value must be a non-negative number");
  if (seconds > kLongestTimeout) return vm.raise(Exc::OverflowError, "timeout value is too large");
  if (!may_wait || seconds == 0) return int64_t{0};
  if (seconds < 0) return ThreadWait::kForever;
  return monotonic_nanoseconds() + static_cast<int64_t>(std::ceil(seconds * 1e9));
}

/// Waits until the lock is nobody's. False: the time is over.
Result<bool> wait_for_lock(VM& vm, Lock* lock, int64_t deadline) {
  while (lock->owner) {
    if (deadline != ThreadWait::kForever && monotonic_nanoseconds() >= deadline) return false;
    if (!other_threads(vm) && deadline == ThreadWait::kForever)
      return vm.raise(Exc::RuntimeError,
                      "deadlock: the lock is held, and there is no other thread to release it");
    WaitLine::Place place;
    place.deadline = deadline;
    lock->line.add(place);
    auto waited = TRY(make_threads(vm))->wait(place, "a lock");
    lock->line.remove(place);
    TRY(waited);
  }
  return true;
}

Result<bool> acquire(VM& vm, Lock* lock, int64_t deadline) {
  if (Threads* threads = other_threads(vm)) TRY(threads->end_long_turn());
  if (lock->owner) {
    if (deadline == 0) {
      // Whoever polls a lock gives its owner a turn.
      if (Threads* threads = other_threads(vm)) TRY(threads->yield());
      if (lock->owner) return false;
    } else if (!TRY(wait_for_lock(vm, lock, deadline))) {
      return false;
    }
  }
  lock->owner = current_thread(vm);
  lock->count = 1;
  return true;
}

void free_lock(VM& vm, Lock* lock) {
  lock->owner = 0;
  lock->count = 0;
  lock->line.wake_one(vm);
}

// --- lock ---

template <class T>
Result<Value> lock_new(VM& vm, const Arguments& arguments) {
  Type* type = as<Type>(arguments.values[0]);
  if (arguments.positional_count > 1 || arguments.keyword_count())
    return vm.raise(Exc::TypeError, "{}() takes no arguments", type);
  return make_native<T>(vm, type);
}
Result<bool> lock_acquire(VM& vm, Lock* self, Optional<Value> blocking, Optional<Value> timeout) {
  return acquire(vm, self, TRY(parse_deadline(vm, blocking, timeout)));
}
Result<void> lock_release(VM& vm, Lock* self) {
  if (!self->owner) return vm.raise(Exc::RuntimeError, "release unlocked lock");
  free_lock(vm, self);
  return {};
}
Result<bool> lock_locked(VM&, Lock* self) { return self->owner != 0; }
Result<bool> lock_enter(VM& vm, Lock* self) { return acquire(vm, self, ThreadWait::kForever); }
Result<void> lock_exit(VM& vm, Lock* self, Rest) { return lock_release(vm, self); }
template <class T>
Result<void> lock_reset(VM&, T* self) {
  self->line = WaitLine();
  self->owner = 0;
  self->count = 0;
  return {};
}
Result<Str*> lock_repr(VM& vm, Lock* self) {
  char text[96];
  std::snprintf(text, sizeof text, "<%s _thread.lock object at %p>",
                self->owner ? "locked" : "unlocked", static_cast<void*>(self));
  return make_str(vm, text);
}

// --- RLock ---

bool is_owned(VM& vm, const RecursiveLock* lock) {
  return lock->count && lock->owner == current_thread(vm);
}
Result<bool> recursive_acquire(VM& vm, RecursiveLock* self, Optional<Value> blocking,
                               Optional<Value> timeout) {
  int64_t deadline = TRY(parse_deadline(vm, blocking, timeout));
  if (!is_owned(vm, self)) return acquire(vm, self, deadline);
  ++self->count;
  return true;
}
Result<bool> recursive_enter(VM& vm, RecursiveLock* self) {
  return recursive_acquire(vm, self, {}, {});
}
Result<void> recursive_release(VM& vm, RecursiveLock* self) {
  if (!is_owned(vm, self)) return vm.raise(Exc::RuntimeError, "cannot release un-acquired lock");
  if (--self->count == 0) free_lock(vm, self);
  return {};
}
Result<void> recursive_exit(VM& vm, RecursiveLock* self, Rest) {
  return recursive_release(vm, self);
}
Result<bool> recursive_is_owned(VM& vm, RecursiveLock* self) { return is_owned(vm, self); }
Result<int64_t> recursive_count(VM& vm, RecursiveLock* self) {
  return is_owned(vm, self) ? static_cast<int64_t>(self->count) : 0;
}
Result<Value> recursive_save(VM& vm, RecursiveLock* self) {
  if (!self->count) return vm.raise(Exc::RuntimeError, "cannot release un-acquired lock");
  Value state[2] = {Value::small_int(static_cast<int64_t>(self->count)),
                    Value::small_int(self->owner)};
  free_lock(vm, self);
  return make_tuple(vm, state);
}
Result<void> recursive_restore(VM& vm, RecursiveLock* self, Tuple* state) {
  if (state->length != 2) return vm.raise(Exc::TypeError, "a state is expected");
  int64_t count = TRY(to_int64(vm, state->values()[0]));
  int64_t owner = TRY(to_int64(vm, state->values()[1]));
  TRY(wait_for_lock(vm, self, ThreadWait::kForever));
  self->count = static_cast<uint64_t>(count);
  self->owner = owner;
  return {};
}
Result<Str*> recursive_repr(VM& vm, RecursiveLock* self) {
  std::string name = to_utf8(vm.type_of(self)->name);
  char text[160];
  std::snprintf(text, sizeof text, "<%s _thread.%s object owner=%ld count=%lu at %p>",
                self->count ? "locked" : "unlocked", name.c_str(), static_cast<long>(self->owner),
                static_cast<unsigned long>(self->count), static_cast<void*>(self));
  return make_str(vm, text);
}

constexpr NativeFunctionDef kLockMethods[] = {
    {"__new__(cls, *args, **kwargs)", "A new lock.", bind<lock_new<Lock>>(),
     NativeFunctionDef::kStatic},
    {"acquire(self, /, blocking=True, timeout=-1)", "Take the lock; False if that cannot be.",
     bind<lock_acquire>()},
    {"release(self, /)", "Give the lock back.", bind<lock_release>()},
    {"locked(self, /)", "Is it held?", bind<lock_locked>()},
    {"acquire_lock(self, /, blocking=True, timeout=-1)", "acquire()", bind<lock_acquire>()},
    {"release_lock(self, /)", "release()", bind<lock_release>()},
    {"locked_lock(self, /)", "locked()", bind<lock_locked>()},
    {"__enter__(self, /)", "Take the lock.", bind<lock_enter>()},
    {"__exit__(self, /, *exc_info)", "Give the lock back.", bind<lock_exit>()},
    {"__repr__(self, /)", "repr(self)", bind<lock_repr>()},
    {"_at_fork_reinit(self, /)", "Nobody holds it any more.", bind<lock_reset<Lock>>()},
};
constexpr NativeTypeDef kLockType = {.name = "_thread.lock",
                                     .doc = "A lock that one thread at a time can hold.",
                                     .methods = kLockMethods,
                                     .flags = Type::kHasWeakref,
                                     .instance_size = sizeof(Lock),
                                     .native_class = &Lock::kClass};

constexpr NativeFunctionDef kRecursiveMethods[] = {
    {"__new__(cls, *args, **kwargs)", "A new lock.", bind<lock_new<RecursiveLock>>(),
     NativeFunctionDef::kStatic},
    {"acquire(self, /, blocking=True, timeout=-1)", "Take the lock; False if that cannot be.",
     bind<recursive_acquire>()},
    {"release(self, /)", "Give the lock back once.", bind<recursive_release>()},
    {"__enter__(self, /)", "Take the lock.", bind<recursive_enter>()},
    {"__exit__(self, /, *exc_info)", "Give the lock back once.", bind<recursive_exit>()},
    {"__repr__(self, /)", "repr(self)", bind<recursive_repr>()},
    {"_is_owned(self, /)", "Does the thread that runs hold it?", bind<recursive_is_owned>()},
    {"_recursion_count(self, /)", "How often does the thread that runs hold it?",
     bind<recursive_count>()},
    {"_release_save(self, /)", "Give the lock back wholly; what _acquire_restore() needs.",
     bind<recursive_save>()},
    {"_acquire_restore(self, state, /)", "Take the lock as it was held.",
     bind<recursive_restore>()},
    {"_at_fork_reinit(self, /)", "Nobody holds it any more.", bind<lock_reset<RecursiveLock>>()},
};
constexpr NativeTypeDef kRecursiveType = {.name = "_thread.RLock",
                                          .doc = "A lock that its thread may take again.",
                                          .methods = kRecursiveMethods,
                                          .flags = Type::kCanSubclass | Type::kHasWeakref,
                                          .instance_size = sizeof(RecursiveLock),
                                          .native_class = &RecursiveLock::kClass};

// --- threads ---

Result<int64_t> start_thread(VM& vm, Value function, Value arguments, Optional<Value> keywords) {
  if (!TRY(is_callable(vm, function)))
    return vm.raise(Exc::TypeError, "first arg must be callable");
  Tuple* positional = try_as<Tuple>(arguments);
  if (!positional) return vm.raise(Exc::TypeError, "2nd arg must be a tuple");
  Dict* named = keywords.present ? try_as<Dict>(keywords.value) : nullptr;
  if (keywords.present && !named)
    return vm.raise(Exc::TypeError, "optional 3rd arg must be a dictionary");
  Tuple* names = nullptr;
  if (named && TRY(length_of(vm, named)) > 0) {
    List* all = TRY(list_from(vm, positional));
    names = TRY(tuple_from(vm, named));
    for (uint64_t i = 0; i < names->length; ++i) {
      if (!try_as<Str>(names->values()[i]))
        return vm.raise(Exc::TypeError, "keywords must be strings");
      TRY(list_append(vm, all, TRY(get_item(vm, named, names->values()[i]))));
    }
    positional = TRY(tuple_from(vm, all));
  }
  return TRY(make_threads(vm))->start(function, positional, names);
}
Result<int64_t> get_ident(VM& vm) { return current_thread(vm); }
Result<int64_t> count_threads(VM& vm) {
  Threads* threads = other_threads(vm);
  return threads ? static_cast<int64_t>(threads->count()) : 0;
}
Result<void> yield_turn(VM& vm) {
  Threads* threads = other_threads(vm);
  return threads ? threads->yield() : Result<void>();
}

constexpr NativeFunctionDef kFunctions[] = {
    {"start_new_thread(function, args, kwargs={}, /)",
     "Call function(*args, **kwargs) in a new thread; returns its number.", bind<start_thread>()},
    {"get_ident()", "The number of the thread that runs.", bind<get_ident>()},
    {"_count()", "How many threads there are beside the main one.", bind<count_threads>()},
    {"_yield()", "Let other threads run that are ready.", bind<yield_turn>()},
};

Result<void> initialize(VM& vm, Module* module) {
  TRY(add_native_type(vm, module, kLockType, "lock"));
  return add_native_type(vm, module, kRecursiveType, "RLock");
}

}  // namespace

extern const NativeModuleDef kThreadsModule = {"_threads", "Threads and locks.", kFunctions,
                                               initialize};

}  // namespace apy
