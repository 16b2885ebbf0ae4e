#include "runtime/loop/work.h"

#include <uv.h>

#include <new>

#include "runtime/loop/poller.h"

namespace apy {

bool Work::submit(Poller& poller) {
  if (request_ != nullptr) return false;
  uv_loop_t* loop = poller.uv_loop();
  if (loop == nullptr) return false;
  auto* request = new (std::nothrow) uv_work_t;
  if (request == nullptr) return false;
  request->data = this;
  request_ = request;
  const int failed = uv_queue_work(
      loop, request, [](uv_work_t* each) { static_cast<Work*>(each->data)->run(); },
      [](uv_work_t* each, int status) {
        auto* work = static_cast<Work*>(each->data);
        work->request_ = nullptr;
        delete each;
        work->done(status == UV_ECANCELED);
      });
  if (failed != 0) {
    request_ = nullptr;
    delete request;
    return false;
  }
  return true;
}

bool Work::cancel() {
  return request_ != nullptr && uv_cancel(static_cast<uv_req_t*>(request_)) == 0;
}

}  // namespace apy
