#include "runtime/loop/child_process.h"

#include <uv.h>

#include <cerrno>
#include <new>

#include "runtime/loop/poller.h"

namespace apy {
namespace {

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (const std::string& text : texts) result.push_back(const_cast<char*>(text.c_str()));
  result.push_back(nullptr);
  return result;
}

void free_handle(uv_handle_t* handle) { delete reinterpret_cast<uv_process_t*>(handle); }

}  // namespace

int ChildProcess::start(Poller& poller, const Options& options) {
  uv_loop_t* loop = poller.uv_loop();
  if (loop == nullptr) return EMFILE;
  auto* handle = new (std::nothrow) uv_process_t;
  if (handle == nullptr) return ENOMEM;
  handle->data = this;
  std::vector<char*> arguments = pointers(options.arguments);
  std::vector<char*> environment = pointers(options.environment);
  uv_stdio_container_t streams[3];
  for (int i = 0; i < 3; ++i) {
    streams[i].flags = options.streams[i] < 0 ? UV_IGNORE : UV_INHERIT_FD;
    streams[i].data.fd = options.streams[i];
  }
  uv_process_options_t wanted{};
  wanted.exit_cb = [](uv_process_t* process, int64_t status, int signal) {
    auto* child = static_cast<ChildProcess*>(process->data);
    child->handle_ = nullptr;
    uv_close(reinterpret_cast<uv_handle_t*>(process), free_handle);
    child->exited(status, signal);
  };
  wanted.file = options.file.c_str();
  wanted.args = arguments.data();
  wanted.env = options.has_environment ? environment.data() : nullptr;
  wanted.cwd = options.directory.empty() ? nullptr : options.directory.c_str();
  wanted.stdio_count = 3;
  wanted.stdio = streams;
  wanted.flags = options.new_session ? unsigned{UV_PROCESS_DETACHED} : 0u;
  const int failed = uv_spawn(loop, handle, &wanted);
  if (failed != 0) {
    uv_close(reinterpret_cast<uv_handle_t*>(handle), free_handle);
    return -failed;
  }
  handle_ = handle;
  pid_ = handle->pid;
  return 0;
}

int ChildProcess::send_signal(int signal) {
  if (handle_ == nullptr) return ESRCH;
  return -uv_process_kill(static_cast<uv_process_t*>(handle_), signal);
}

}  // namespace apy
