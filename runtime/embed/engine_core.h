#pragma once
// EngineCore: one VM with its standard library, from set-up to orderly end. The public API (include/apy/apy.h) is a shell
// around it.
#include <pthread.h>

#include <atomic>
#include <string>
#include <string_view>
#include <vector>

#include "vm/interpreter/setup.h"

namespace apy {

/// What a host decides about an engine.
struct EngineSettings {
  std::vector<std::string> arguments;  // sys.argv
  std::vector<std::string> path;       // sys.path
  std::string executable;
  size_t memory_limit = 0;             // bytes of heap; 0: none
  int recursion_limit = 0;             // 0: the usual 1000
};

class EngineCore {
 public:
  EngineCore() = default;
  /// Ends the script world in order: finalizers, streams, fibers, then the heap.
  ~EngineCore();
  EngineCore(const EngineCore&) = delete;

  /// Must be called once, first, on the thread that will use the engine next. Errors are pending on the VM.
  Result<void> start(const EngineSettings& settings);

  VM& vm() { return vm_; }
  /// The module `__main__`, made with the engine.
  Module* main_module() const { return as<Module>(main_.value); }
  /// Compiles a text as the main program. Top-level await is allowed.
  Result<Code*> compile_main(std::string_view text, std::string_view filename, SourceOptions options);
  /// Runs code in the namespace of the main module. Code that awaits at top level is driven to its end by a loop made for it.
  Result<Value> run_main(Code* code);
  /// Drives any awaitable to its end in a loop made for it, as asyncio.run does.
  Result<Value> run_until_complete(Value awaitable);
  /// Writes out sys.stdout and sys.stderr. False: that failed, and the failure was reported on stderr.
  bool flush_streams();
  /// KeyboardInterrupt at the next safe point. Safe in signal handlers and from other threads.
  void interrupt();

  /// Brackets every entry from the host; the outermost one tells the VM which thread's stack it runs on.
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
  static Result<void> on_poll(VM& vm, void* data);

  VM vm_;
  Root main_{vm_.heap()};
  std::atomic<bool> interrupted_{false};
  bool started_ = false;
  unsigned entries_ = 0;
  pthread_t thread_{};
};

}  // namespace apy
