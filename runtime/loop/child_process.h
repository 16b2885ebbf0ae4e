#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace apy {

class Poller;

// A program that runs beside the engine: libuv starts it and hears of its end. The owner derives
// from it and keeps it alive until `exited`.
class ChildProcess {
 public:
  struct Options {
    std::string file;  // looked for in PATH when it has no slash
    std::vector<std::string> arguments;
    std::vector<std::string> environment;  // NAME=VALUE; empty: the engine's own
    bool has_environment = false;
    std::string directory;       // empty: the engine's own
    int streams[3] = {0, 1, 2};  // what the program gets as input, output, errors; -1: nothing
    bool new_session = false;
  };

  // On the loop's thread, inside `Poller::poll`. `signal` is 0 unless one ended the program. After
  // it the object may be freed.
  virtual void exited(int64_t status, int signal) noexcept = 0;

  // 0, or the system's error number: then `exited` is not called.
  [[nodiscard]] int start(Poller& poller, const Options& options);
  // 0 or the system's error number; ESRCH once it has ended.
  int send_signal(int signal);
  int pid() const { return pid_; }

 protected:
  ChildProcess() = default;
  ~ChildProcess() = default;
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

 private:
  void* handle_ = nullptr;  // libuv's, while the program runs
  int pid_ = 0;
};

}  // namespace apy
