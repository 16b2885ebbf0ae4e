#pragma once
// EngineCore: one VM with its standard library, from set-up to orderly end. The public API
// (include/apy/apy.h) is a shell around it.
//
// Threads. An engine may move from thread to thread as long as only one uses it at a time. The
// collector scans the native stack of the thread that runs it, so every entry from the host passes
// an Entry, and the outermost one looks where it is.
//
// Interrupts. `interrupt` may run in a signal handler or on another thread, at any moment: it sets
// a flag that the VM looks at in its safe points, and ends the wait of the running loop. It may
// find a loop that is about to disappear, so it announces itself in `interrupters_`, and whoever
// takes the loop away waits for that to be zero: a few instructions, without a lock that a signal
// handler could find taken.
//
// Rejected: a lock around the waiter (a signal handler may interrupt its holder); asking the VM for
// the running loop (it looks up a table).
#include <pthread.h>

#include <atomic>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/embed/host_loop.h"
#include "vm/interpreter/setup.h"

namespace apy {

/// What a host decides about an engine.
struct EngineSettings {
  std::vector<std::string> arguments;  // sys.argv
  std::vector<std::string> path;       // sys.path
  std::string executable;
  size_t memory_limit = 0;  // bytes of heap; 0: none
  int recursion_limit = 0;  // 0: the usual 1000
};

class EngineCore {
 public:
  EngineCore() = default;
  ~EngineCore() { finish(); }
  EngineCore(const EngineCore&) = delete;

  /// Must be called once, first, on the thread that will use the engine next. Errors are pending on
  /// the VM.
  Result<void> start(const EngineSettings& settings);

  /// Ends the script world in order: tasks, finalizers, streams, fibers. Only the heap is left.
  /// False: see flush_streams.
  bool finish();

  VM& vm() { return vm_; }
  HostLoop& host_loop() { return host_loop_; }
  /// The module `__main__`, made with the engine.
  Module* main_module() const { return as<Module>(main_.value); }
  /// Runs a text in the main module. A text that awaits at top level is driven to its end: a
  /// program (Exec) by a loop made for it, as asyncio.run does, everything else by the host's loop.
  Result<Value> run_text(std::string_view text, std::string_view filename,
                         const SourceOptions& options);
  Result<Value> run_file(const std::string& path);
  /// A module found by name, as the main program.
  Result<Value> run_module(const std::string& dotted_name);
  /// Writes out sys.stdout and sys.stderr. False: stdout failed, and that was reported on stderr.
  bool flush_streams();
  /// Shows an uncaught exception through sys.excepthook.
  void report(Value exception);
  /// KeyboardInterrupt at the next safe point. Safe in signal handlers and on other threads.
  void interrupt() noexcept;

  /// While it lives, a little more memory than the limit: for reporting that there is none.
  class Slack {
   public:
    explicit Slack(EngineCore& core);
    ~Slack();
    Slack(const Slack&) = delete;

   private:
    EngineCore& core_;
  };

  /// Brackets every entry from the host; see above.
  class Entry {
   public:
    explicit Entry(EngineCore& core);
    ~Entry() { --core_.entries_; }
    Entry(const Entry&) = delete;

   private:
    EngineCore& core_;
  };

 private:
  Result<void> make_main_module();
  Result<void> set_main_file(std::string_view path);
  void run_exit_function(const char* module, const char* function);
  void run_last_finalizers();
  void release_natives(bool streams);
  bool is_standard_stream(Value object);
  static Result<void> on_poll(VM& vm, void* data);
  static void on_waiter(void* data, void (*wake)(void*), void* waiter);
  static void wake_waiter(void* data);

  VM vm_;
  Root main_{vm_.heap()};
  HostLoop host_loop_{vm_};
  RootVector natives_{vm_.heap()};  // at the end: finalizers still to be run
  bool started_ = false;
  unsigned entries_ = 0;
  size_t memory_limit_ = 0;
  pthread_t thread_{};

  std::atomic<bool> interrupted_{false};
  std::atomic<int> interrupters_{0};
  std::atomic<void*> waiter_{nullptr};
  std::atomic<void (*)(void*)> wake_{nullptr};  // written before waiter_
};

}  // namespace apy
