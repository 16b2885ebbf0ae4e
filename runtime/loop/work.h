#pragma once

namespace apy {

class Poller;

// Something to be done on a thread of libuv's pool while the loop goes on: a blocking system call,
// a long computation in C. The owner derives from it and keeps it alive until `done`.
class Work {
 public:
  // On a pool thread. Must not touch the engine or any of its values.
  virtual void run() noexcept = 0;

  // On the loop's thread, inside `Poller::poll`. After it the object may be freed or submitted
  // again. `cancelled`: `run` was not called.
  virtual void done(bool cancelled) noexcept = 0;

  // Hands the work to the pool. False if it is there already or the system refuses.
  [[nodiscard]] bool submit(Poller& poller);

  // Takes the work back if it has not begun; `done(true)` follows in a later poll. False if it
  // runs or is finished.
  bool cancel();

  bool is_submitted() const { return request_ != nullptr; }

 protected:
  Work() = default;
  ~Work() = default;
  Work(const Work&) = delete;
  Work& operator=(const Work&) = delete;

 private:
  void* request_ = nullptr;  // libuv's, while submitted
};

}  // namespace apy
