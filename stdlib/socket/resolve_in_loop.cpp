#include "stdlib/socket/resolve_in_loop.h"

#include "runtime/async/event_loop.h"
#include "runtime/async/future.h"
#include "runtime/loop/work.h"
#include "stdlib/socket/resolve.h"

namespace apy {

namespace {

/// Keeps itself until the answer is there.
class ResolverWork final : public Work {
 public:
  explicit ResolverWork(VM& vm) : vm_(vm), future_(vm.heap()) {}

  void run() noexcept override { request.ask(); }

  void done(bool cancelled) noexcept override {
    if (!cancelled && deliver().is_error()) vm_.write_unraisable(future_.value);
    delete this;
  }

  void set_future(Future* future) { future_.value = future; }

  ResolverRequest request;

 private:
  Result<void> deliver() {
    Future* future = try_future(future_.value);
    EventLoop* loop = try_loop(future->loop);
    if (future->done() || !loop || loop->closed) return {};
    auto answer = request.answer(vm_);
    TRY(answer.is_ok() ? future_set_result(vm_, future, answer.value())
                       : future_set_exception(vm_, future, vm_.take_pending()));
    loop->core->poller.note_ready();
    return {};
  }

  VM& vm_;
  Root future_;
};

}  // namespace

Result<Value> resolve_in_loop(VM& vm, Value loop_value, Value host, Value port,
                              Optional<int64_t> family, Optional<int64_t> type,
                              Optional<int64_t> protocol, Optional<int64_t> flags) {
  EventLoop* loop = try_loop(loop_value);
  if (!loop) return vm.raise(Exc::TypeError, "an event loop is required");
  TRY(loop_check_closed(vm, loop));
  Future* future = TRY(make_future(vm, loop));
  auto* work = new ResolverWork(vm);
  if (work->request.parse(vm, host, port, family, type, protocol, flags).is_error()) {
    delete work;
    TRY(future_set_exception(vm, future, vm.take_pending()));
    return future;
  }
  work->set_future(future);
  if (!work->submit(loop->core->poller)) {
    delete work;
    return vm.raise(Exc::RuntimeError, "can't start new thread");
  }
  return future;
}

}  // namespace apy
