// The native module _asyncio: what stdlib/asyncio builds on (contract: stdlib/asyncio/NATIVE.md).
#include "runtime/async/event_loop.h"
#include "runtime/async/gather.h"
#include "runtime/async/keywords.h"
#include "runtime/async/sleep.h"
#include "vm/binding/bind.h"
#include "vm/objects/internals.h"
#include "vm/objects/set.h"

namespace apy {

namespace {

Result<Value> asyncio_sleep(VM& vm, Value delay, Optional<Value> result) {
  return make_sleep(vm, delay, result.present ? result.value : Value::none());
}

constexpr NativeFunctionDef kCreateTask = {
    "create_task(coro, *, name=None, context=None)", nullptr, {}};

Result<Value> asyncio_create_task(VM& vm, const Arguments& arguments) {
  Value keywords[2];
  if (arguments.positional_count == 1 && take_keywords(arguments, {"name", "context"}, keywords))
    return create_task(vm, arguments.values[0], keywords[0], keywords[1]);
  Value slots[3];
  TRY(bind_arguments(vm, kCreateTask, arguments, slots));
  return create_task(vm, slots[0], slots[1], slots[2]);
}

Result<Value> asyncio_gather(VM& vm, const Arguments& arguments) {
  Value keywords[1] = {Value::boolean(false)};
  if (!take_keywords(arguments, {"return_exceptions"}, keywords))
    return vm.raise(Exc::TypeError, "gather() got an unexpected keyword argument '{}'",
                    as<Str>(arguments.keyword_names->values()[0]));
  bool return_exceptions = TRY(is_truthy(vm, keywords[0]));
  Value made;
  TRY(gather_plain(vm, arguments.positional(), return_exceptions, &made));
  if (!made.is_empty()) return made;
  return call_script(vm, "asyncio.tasks", "_gather_any",
                     {TRY(make_tuple(vm, arguments.positional())), keywords[0]});
}

Result<Value> get_running_loop(VM& vm) {
  Value loop = async_state(vm).running_loop;
  if (loop.is_empty()) return vm.raise(Exc::RuntimeError, "no running event loop");
  return loop;
}
Result<Value> get_running_loop_or_none(VM& vm) {
  Value loop = async_state(vm).running_loop;
  return loop.is_empty() ? Value::none() : loop;
}
Result<void> set_running_loop(VM& vm, Value loop) {
  async_state(vm).running_loop = loop.is_none() ? Value() : loop;
  return {};
}

/// The dict loop -> task of tasks entered by script code.
Result<Dict*> entered(VM& vm) {
  AsyncState& state = async_state(vm);
  if (state.entered_tasks.is_empty()) state.entered_tasks = TRY(make_dict(vm));
  return as<Dict>(state.entered_tasks);
}

Result<Value> current_task(VM& vm, Optional<Value> loop) {
  AsyncState& state = async_state(vm);
  Value wanted = loop.present && !loop.value.is_none() ? loop.value : TRY(get_running_loop(vm));
  Value task;
  if (!state.entered_tasks.is_empty() && TRY(dict_get(vm, TRY(entered(vm)), wanted, &task)))
    return task;
  if (wanted.is(state.running_loop) && !state.current_task.is_empty()) return state.current_task;
  return Value::none();
}

/// The weak references to tasks of foreign classes, which no loop knows.
Result<List*> registered(VM& vm) {
  AsyncState& state = async_state(vm);
  if (state.foreign_tasks.is_empty()) state.foreign_tasks = TRY(make_list(vm, size_t{0}));
  return as<List>(state.foreign_tasks);
}
Result<void> register_task(VM& vm, Value task) {
  if (try_task(task)) return {};  // its loop has it
  return list_append(vm, TRY(registered(vm)), TRY(make_weak_reference(vm, task, Value::none())));
}
/// Forgets a task, and those that are gone.
Result<void> unregister_task(VM& vm, Value task) {
  if (try_task(task)) return {};
  List* kept = TRY(make_list(vm, size_t{0}));
  for (Value reference : TRY(registered(vm))->span()) {
    Value target = as<WeakReference>(reference)->target;
    if (!target.is_empty() && !target.is(task)) TRY(list_append(vm, kept, reference));
  }
  async_state(vm).foreign_tasks = kept;
  return {};
}
/// Those of the loop that are not done yet.
Result<void> add_foreign_tasks(VM& vm, Set* set, Value loop) {
  List* references = TRY(registered(vm));
  for (uint64_t i = 0; i < references->length; ++i) {
    Value task = as<WeakReference>(references->values()[i])->target;
    if (task.is_empty()) continue;
    Value module = TRY(vm.import_module("asyncio.futures"));
    Value get_loop = TRY(get_attribute(vm, module, TRY(intern(vm, "_get_loop"))));
    if (!TRY(vm.call(get_loop, {task})).is(loop)) continue;
    Value done = TRY(vm.call_method(task, TRY(intern(vm, "done")), {}));
    if (!TRY(is_truthy(vm, done))) TRY(set_add(vm, set, task));
  }
  return {};
}

Result<Value> all_tasks(VM& vm, Optional<Value> loop) {
  Value wanted = loop.present && !loop.value.is_none() ? loop.value : TRY(get_running_loop(vm));
  Set* set = TRY(make_set(vm));
  if (!async_state(vm).foreign_tasks.is_empty()) TRY(add_foreign_tasks(vm, set, wanted));
  EventLoop* native = try_loop(wanted);
  if (!native || !native->core) return set;
  for (Task* task = native->core->tasks; task; task = task->next)
    if (!task->done()) TRY(set_add(vm, set, task));
  return set;
}

Result<bool> asyncio_iscoroutine(VM& vm, Value object) { return is_coroutine(vm, object); }
Result<bool> asyncio_isfuture(VM& vm, Value object) {
  if (try_future(object)) return true;
  Str* name = async_state(vm).blocking_name;
  if (type_lookup(vm, vm.type_of(object), name).is_empty()) return false;
  Value value;
  return TRY(get_attribute_optional(vm, object, name, &value)) && !value.is_none();
}

Result<void> enter_task(VM& vm, Value loop, Value task) {
  Optional<Value> wanted{true, loop};
  Value current = TRY(current_task(vm, wanted));
  if (!current.is_none()) {
    return vm.raise(Exc::RuntimeError,
                    "Cannot enter into task {} while another task {} is being executed.",
                    TRY(repr_text(vm, task)), TRY(repr_text(vm, current)));
  }
  return dict_set(vm, TRY(entered(vm)), loop, task);
}
Result<void> leave_task(VM& vm, Value loop, Value task) {
  Value current = Value::none();
  TRY(dict_get(vm, TRY(entered(vm)), loop, &current));
  if (!current.is(task)) {
    return vm.raise(Exc::RuntimeError, "Leaving task {} does not match the current task {}.",
                    TRY(repr_text(vm, task)), TRY(repr_text(vm, current)));
  }
  TRY(dict_remove(vm, TRY(entered(vm)), loop, nullptr));
  return {};
}
Result<Value> swap_current_task(VM& vm, Value loop, Value task) {
  AsyncState& state = async_state(vm);
  if (loop.is(state.running_loop)) {
    Value previous = state.current_task;
    state.current_task = task.is_none() ? Value() : task;
    return previous.is_empty() ? Value::none() : previous;
  }
  Value previous = Value::none();
  TRY(dict_get(vm, TRY(entered(vm)), loop, &previous));
  if (task.is_none()) {
    TRY(dict_remove(vm, TRY(entered(vm)), loop, nullptr));
  } else {
    TRY(dict_set(vm, TRY(entered(vm)), loop, task));
  }
  return previous;
}

constexpr NativeFunctionDef kFunctions[] = {
    {"get_running_loop()", "Return the running event loop; RuntimeError if there is none.",
     bind<get_running_loop>()},
    {"_get_running_loop()", "Return the running event loop or None.",
     bind<get_running_loop_or_none>()},
    {"_set_running_loop(loop, /)", "Set the running event loop.", bind<set_running_loop>()},
    {"current_task(loop=None)", "Return the task that is running, or None.", bind<current_task>()},
    {"all_tasks(loop=None)", "Return the set of tasks that are not done.", bind<all_tasks>()},
    {"iscoroutine(obj, /)", "Is it a coroutine object?", bind<asyncio_iscoroutine>()},
    {"isfuture(obj, /)", "Is it a future?", bind<asyncio_isfuture>()},
    {"_register_task(task)", nullptr, bind<register_task>()},
    {"_unregister_task(task)", nullptr, bind<unregister_task>()},
    {"_register_eager_task(task)", nullptr, bind<register_task>()},
    {"_unregister_eager_task(task)", nullptr, bind<unregister_task>()},
    {"_enter_task(loop, task)", nullptr, bind<enter_task>()},
    {"_leave_task(loop, task)", nullptr, bind<leave_task>()},
    {"_swap_current_task(loop, task)", nullptr, bind<swap_current_task>()},
};

/// Functions of asyncio.tasks that are native here.
constexpr NativeFunctionDef kTaskFunctions[] = {
    {"sleep(delay, result=None)", "Wait for a number of seconds and give result.",
     bind<asyncio_sleep>()},
    {"create_task(coro, *, name=None, context=None)",
     "Start a coroutine as a task of the running loop.\n\nname: shown by repr; context: the "
     "contextvars.Context to run in, else a copy of the current.",
     bind<asyncio_create_task>()},
    {"gather(*coros_or_futures, return_exceptions=False)",
     "Return a future with the results of all awaitables, in the order of the arguments.\n\nThe "
     "first exception is the exception of the future, and the others run on; with "
     "return_exceptions exceptions are results. Cancelling the future cancels all children. An "
     "awaitable that is given twice runs once.",
     bind<asyncio_gather>()},
};

Result<void> initialize(VM& vm, Module* module) {
  AsyncState& state = async_state(vm);
  TRY(state.create_types());
  Value tasks_module = TRY(make_str(vm, "asyncio.tasks"));
  for (const NativeFunctionDef& definition : kTaskFunctions)
    TRY(module_set(vm, module, definition.name(),
                   TRY(make_native_function(vm, definition, nullptr, Value(), tasks_module))));
  TRY(module_set(vm, module, "Future", state.future_type));
  TRY(module_set(vm, module, "Task", state.task_type));
  TRY(module_set(vm, module, "_GatheringFuture", state.gathering_type));
  TRY(module_set(vm, module, "AbstractEventLoop", state.abstract_loop_type));
  TRY(module_set(vm, module, "EventLoop", state.loop_type));
  TRY(module_set(vm, module, "Handle", state.handle_type));
  TRY(module_set(vm, module, "TimerHandle", state.timer_handle_type));
  TRY(module_set(vm, module, "CancelledError", state.cancelled_error));
  return module_set(vm, module, "InvalidStateError", state.invalid_state_error);
}

}  // namespace

extern const NativeModuleDef kAsyncioModule = {
    "_asyncio", "Futures, tasks and the event loop of asyncio.", kFunctions, initialize};

}  // namespace apy
