#include "runtime/async/gather.h"

#include <vector>

#include "runtime/async/event_loop.h"
#include "runtime/async/operation.h"
#include "runtime/async/sleep.h"
#include "vm/binding/bind.h"

namespace apy {

void trace_gathering(const Cell* cell, Visitor& visitor) {
  trace_future(cell, visitor);
  visitor.visit(static_cast<const Gathering*>(cell)->children);
}

namespace {

std::span<const Value> children_of(const Gathering* gathering) {
  Tuple* children = try_as<Tuple>(gathering->children);
  return children ? children->span() : std::span<const Value>();
}

/// The result of a child that is done, or its exception as a value.
Result<Value> outcome_of(VM& vm, Future* child) {
  switch (child->state()) {
    case Future::kCancelled: {
      Value message = child->cancel_message();
      if (message.is_none()) message = TRY(make_str(vm, ""));
      return vm.call(async_state(vm).cancelled_error, {message});
    }
    case Future::kFailed:
      child->aux &= static_cast<uint16_t>(~Future::kLogTraceback);
      return child->result;
    default:
      return child->result;
  }
}

Result<void> finish(VM& vm, Gathering* gathering, Future* last) {
  std::span<const Value> children = children_of(gathering);
  List* results = TRY(make_list(vm, children.size()));
  for (Value child : children)
    TRY(list_append(vm, results, TRY(outcome_of(vm, try_future(child)))));
  // Cancelling the children was asked for: what they made of it decides here.
  if (gathering->cancel_requested)
    return future_set_exception(vm, gathering, TRY(make_cancelled_error(vm, last)));
  return future_set_result(vm, gathering, results);
}

/// Is it a coroutine, native ones included?
bool is_plain_coroutine(Value v) {
  return is_exact(v, BuiltinType::Coroutine) || try_native<Sleep>(v) || try_operation(v);
}

bool is_plain(AsyncState& state, VM& vm, Value v) {
  if (is_plain_coroutine(v)) return true;
  if (!try_future(v)) return false;
  // Script subclasses may have their own equality and methods.
  Type* type = vm.type_of(v);
  return type == state.task_type || type == state.future_type || type == state.gathering_type;
}

/// The coroutines among the arguments that have their task already. An open-addressed set of
/// places: a coroutine that is given twice runs once.
class SeenCoroutines {
 public:
  /// The place of an equal one seen before; or notes `index` for it and gives `index` back.
  size_t find_or_add(std::span<const Value> arguments, size_t index) {
    if (places_.empty()) places_.resize(capacity_for(arguments.size()), kFree);
    uint64_t bits = arguments[index].bits();
    size_t mask = places_.size() - 1;
    for (size_t at = (bits * 0x9E3779B97F4A7C15u) >> 20 & mask;; at = (at + 1) & mask) {
      if (places_[at] == kFree) {
        places_[at] = index;
        return index;
      }
      if (arguments[places_[at]].bits() == bits) return places_[at];
    }
  }

 private:
  static constexpr size_t kFree = SIZE_MAX;
  static size_t capacity_for(size_t count) {
    size_t capacity = 8;
    while (capacity < 2 * count) capacity *= 2;
    return capacity;
  }
  std::vector<size_t> places_;
};

/// Clears the marks of a gather() that is being made, however that ends.
class GatheredMarks {
 public:
  explicit GatheredMarks(Tuple* children) : children_(children) {}
  ~GatheredMarks() {
    for (Value child : children_->span())
      if (Future* future = try_future(child))
        future->aux &= static_cast<uint16_t>(~Future::kGathered);
  }

 private:
  Tuple* children_;
};

}  // namespace

Result<void> gather_plain(VM& vm, std::span<const Value> awaitables, bool return_exceptions,
                          Value* out) {
  AsyncState& state = async_state(vm);
  EventLoop* loop = try_loop(state.running_loop);
  bool plain_loop = loop && !loop->overridden && !loop->debug && loop->core &&
                    (loop->task_factory.is_empty() || loop->task_factory.is_none());
  if (!plain_loop || awaitables.empty()) return {};
  for (Value v : awaitables)
    if (!is_plain(state, vm, v)) return {};

  Gathering* outer =
      TRY(allocate_native<Gathering>(vm, state.gathering_type, &Future::kGatheringClass));
  Tuple* children = TRY(make_tuple(vm, awaitables.size()));
  outer->children = children;
  vm.barrier(outer);
  outer->return_exceptions = return_exceptions;
  Value outer_loop;
  SeenCoroutines seen;
  {
    GatheredMarks marks(children);
    for (size_t i = 0; i < awaitables.size(); ++i) {
      Future* child = nullptr;
      if (!is_plain_coroutine(awaitables[i])) {
        child = try_future(awaitables[i]);
      } else {
        size_t first = seen.find_or_add(awaitables, i);
        if (first != i) {
          children->values()[i] = children->values()[first];
          vm.barrier(children);
          continue;
        }
        Value task_loop = outer_loop.is_empty() ? Value(loop) : outer_loop;
        Task* task = TRY(make_task(vm, awaitables[i], task_loop, Value(), Value(), false));
        task->log_destroy_pending = false;
        child = task;
      }
      if (outer_loop.is_empty()) {
        outer_loop = child->loop;
      } else if (!outer_loop.is(child->loop)) {
        return vm.raise(Exc::ValueError,
                        "The future belongs to a different loop than the one specified as the "
                        "loop argument");
      }
      children->values()[i] = child;
      vm.barrier(children);
      if (!(child->aux & Future::kGathered)) ++outer->unfinished;
      child->aux |= Future::kGathered;
    }
    TRY(initialize_future(vm, outer, outer_loop));
    // In line once each; the marks tell.
    for (Value v : children->span()) {
      Future* child = try_future(v);
      if (!(child->aux & Future::kGathered)) continue;
      if (child->done()) continue;
      child->aux &= static_cast<uint16_t>(~Future::kGathered);
      TRY(future_add_waiter(vm, child, outer));
    }
    // Those that are done count at once, so that gathering them takes no turn of the loop.
    for (Value v : children->span()) {
      Future* child = try_future(v);
      if (!(child->aux & Future::kGathered)) continue;
      child->aux &= static_cast<uint16_t>(~Future::kGathered);
      TRY(gathering_child_done(vm, outer, child));
    }
  }
  *out = outer;
  return {};
}

Result<void> gathering_child_done(VM& vm, Gathering* gathering, Future* child) {
  --gathering->unfinished;
  if (gathering->done()) {
    // Whatever else goes wrong now counts as retrieved.
    child->aux &= static_cast<uint16_t>(~Future::kLogTraceback);
    return {};
  }
  if (!gathering->return_exceptions) {
    if (child->state() == Future::kCancelled)
      return future_set_exception(vm, gathering, TRY(make_cancelled_error(vm, child)));
    if (child->state() == Future::kFailed) {
      child->aux &= static_cast<uint16_t>(~Future::kLogTraceback);
      return future_set_exception(vm, gathering, child->result);
    }
  }
  return gathering->unfinished == 0 ? finish(vm, gathering, child) : Result<void>();
}

Result<bool> gathering_cancel(VM& vm, Gathering* gathering, Value message) {
  if (gathering->done()) return false;
  bool any = false;
  for (Value child : children_of(gathering))
    if (TRY(cancel_waited(vm, child, message))) any = true;
  // Not done yet: the children may refuse. When the last one ends, this decides.
  if (any) gathering->cancel_requested = true;
  return any;
}

namespace {

Result<Gathering*> receiver(VM& vm, Value self) {
  if (Gathering* gathering = try_gathering(self)) return gathering;
  return vm.raise(Exc::TypeError,
                  "descriptor requires a '_GatheringFuture' object but received '{}'",
                  vm.type_of(self));
}

/// For awaitables of foreign classes: asyncio.tasks.gather made futures of them.
Result<Value> gathering_new(VM& vm, const Arguments& arguments) {
  Type* type = arguments.positional_count ? try_as<Type>(arguments.values[0]) : nullptr;
  if (!type) return vm.raise(Exc::TypeError, "_GatheringFuture.__new__(X): X is not a type object");
  Gathering* gathering = static_cast<Gathering*>(TRY(allocate_instance(vm, type)));
  gathering->native_class = &Future::kGatheringClass;
  return gathering;
}
Result<void> gathering_init(VM& vm, Value self, List* children, int64_t unfinished,
                            bool return_exceptions, Value loop) {
  Gathering* gathering = TRY(receiver(vm, self));
  TRY(initialize_future(vm, gathering, loop));
  gathering->children = TRY(make_tuple(vm, children->span()));
  gathering->unfinished = static_cast<uint32_t>(unfinished);
  gathering->return_exceptions = return_exceptions;
  vm.barrier(gathering);
  return {};
}
Result<bool> method_cancel(VM& vm, Value self, Optional<Value> message) {
  return gathering_cancel(vm, TRY(receiver(vm, self)), message.value);
}

/// A child of a foreign class that follows the protocol of futures, in the same steps.
Result<void> foreign_child_done(VM& vm, Gathering* gathering, Value child) {
  auto ask = [&](const char* method) -> Result<Value> {
    return vm.call_method(child, TRY(intern(vm, method)), {});
  };
  --gathering->unfinished;
  bool cancelled = TRY(is_truthy(vm, TRY(ask("cancelled"))));
  Value error = cancelled ? Value::none() : TRY(ask("exception"));
  if (gathering->done()) return {};
  if (!gathering->return_exceptions) {
    if (cancelled) return future_set_exception(vm, gathering, TRY(ask("_make_cancelled_error")));
    if (!error.is_none()) return future_set_exception(vm, gathering, error);
  }
  if (gathering->unfinished != 0) return {};
  Value results = TRY(call_script(vm, "asyncio.tasks", "_outcomes", {gathering->children}));
  if (gathering->cancel_requested)
    return future_set_exception(vm, gathering, TRY(ask("_make_cancelled_error")));
  return future_set_result(vm, gathering, results);
}
Result<void> method_on_child_done(VM& vm, Value self, Value child) {
  return foreign_child_done(vm, TRY(receiver(vm, self)), child);
}
Result<Value> get_children(VM& vm, Value self) {
  return make_list(vm, children_of(TRY(receiver(vm, self)))).value();
}

constexpr NativeFunctionDef kMethods[] = {
    {"__new__(cls, *args, **kwargs)", nullptr, bind<gathering_new>(), NativeFunctionDef::kStatic},
    {"__init__(self, children, unfinished, return_exceptions, loop, /)", nullptr,
     bind<gathering_init>()},
    {"cancel(self, /, msg=None)", "Cancel the children.", bind<method_cancel>()},
    {"_on_child_done(self, child, /)", nullptr, bind<method_on_child_done>()},
};
constexpr NativeGetSetDef kAttributes[] = {
    {"_children", nullptr, get_children},
};

}  // namespace

const NativeTypeDef kGatheringDefinition = {"asyncio.tasks._GatheringFuture",
                                            "The future of asyncio.gather().",
                                            kMethods,
                                            kAttributes,
                                            Type::kHasDict | Type::kHasWeakref,
                                            sizeof(Gathering),
                                            &Future::kClasses[2]};

}  // namespace apy
