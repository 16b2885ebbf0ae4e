#include "runtime/embed/host_loop.h"

#include <algorithm>
#include <cmath>

#include "runtime/async/event_loop.h"
#include "vm/objects/protocol.h"

namespace apy {

Result<Value> HostLoop::loop() {
  if (EventLoop* made = try_loop(loop_.value); made && !made->closed) return loop_.value;
  Value loop = TRY(call_script(vm_, "asyncio.events", "new_event_loop", {}));
  loop_.value = loop;
  TRY(call_script(vm_, "asyncio.events", "set_event_loop", {loop}));
  return loop;
}

Result<Value> HostLoop::run_until_complete(Value awaitable) {
  Value loop = TRY(this->loop());
  return vm_.call_method(loop, TRY(intern(vm_, "run_until_complete")), {awaitable});
}

Result<Value> HostLoop::spawn(Value coroutine) {
  Value loop = TRY(this->loop());
  return vm_.call_method(loop, TRY(intern(vm_, "create_task")), {coroutine});
}

Result<void> HostLoop::turn() {
  EventLoop* loop = try_loop(loop_.value);
  if (!loop || loop->closed) return {};
  // A loop that is asked to stop before it begins does exactly one iteration and does not wait in
  // it.
  if (!loop->core->running) loop->core->stopping = true;
  TRY(loop_run_forever(vm_, loop));
  return {};
}

bool HostLoop::has_pending() {
  EventLoop* loop = try_loop(loop_.value);
  if (!loop || loop->closed) return false;
  const LoopCore& core = *loop->core;
  return !core.ready.empty() || core.timers.pending() > 0 || core.tasks || core.poller.has_io();
}

int64_t HostLoop::time_to_next() {
  EventLoop* loop = try_loop(loop_.value);
  if (!loop || loop->closed) return -1;
  LoopCore& core = *loop->core;
  if (!core.ready.empty()) return 0;
  core.timers.prune();
  double when;
  if (!core.timers.next_deadline(&when)) return -1;
  constexpr double kLongest = 86400;
  double seconds = std::clamp(when - core.clock->now(), 0.0, kLongest);
  return static_cast<int64_t>(std::ceil(seconds * 1e9));
}

int HostLoop::arm(bool* ready) {
  *ready = false;
  EventLoop* loop = try_loop(loop_.value);
  if (!loop || loop->closed) return -1;
  int descriptor = loop->core->poller.host_descriptor();
  if (descriptor >= 0) *ready = !loop->core->poller.arm();
  return descriptor;
}

Result<void> HostLoop::close() {
  EventLoop* loop = try_loop(loop_.value);
  if (!loop || loop->closed || loop->core->running) return {};
  TRY(call_script(vm_, "asyncio.runners", "_cancel_all_tasks", {Value(loop)}));
  Value closing = TRY(vm_.call_method(loop, TRY(intern(vm_, "shutdown_asyncgens")), {}));
  TRY(vm_.call_method(loop, TRY(intern(vm_, "run_until_complete")), {closing}));
  TRY(call_script(vm_, "asyncio.events", "set_event_loop", {Value::none()}));
  TRY(vm_.call_method(loop, vm_.names().close, {}));
  return {};
}

Result<Value> await_in_native(VM& vm, Value awaitable) {
  if (!vm.suspender()) return vm.raise(Exc::RuntimeError, "no running event loop");
  return vm.suspender()->await_value(vm, awaitable);
}

bool is_loop_running(VM& vm) { return vm.suspender() && !async_state(vm).running_loop.is_empty(); }

}  // namespace apy
