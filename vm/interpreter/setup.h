#pragma once
// Bringing a VM up: host context, module registry, builtins and sys.
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "vm/interpreter/interpreter.h"

namespace apy {

struct ExecutionStatistics;  // statistics.h
struct Tracing;              // tracing.h

/// A module that is carried in the binary, where its text may be packed.
struct FrozenSource {
  bool is_package;
  const void* module;
  std::string (*read)(const void* module);
  /// UTF-8.
  std::string text() const { return read(module); }
};
/// Finds a module frozen into the binary; false if there is none.
using FrozenFinder = bool (*)(std::string_view dotted_name, FrozenSource* out);

/// What the host gives a VM.
struct SetupOptions {
  std::span<const NativeModuleDef* const> native_modules;
  FrozenFinder find_frozen = nullptr;
  std::vector<std::string> arguments;  // sys.argv
  std::vector<std::string> path;       // sys.path
  std::string executable;
  NativeStackBounds host_stack;  // of the calling thread
};

/// Must be called once, on the thread that will run the VM, before anything else. Errors are
/// pending on the VM.
Result<void> set_up(VM& vm, const SetupOptions& options);

/// Undoes set_up; no script code can run afterwards.
void tear_down(VM& vm);

/// Module registry of one VM (import.cpp).
struct ModuleRegistry {
  ExecutionStatistics* statistics = nullptr;  // of `apy -X stats`
  Tracing* tracing = nullptr;                 // of sys.settrace and sys.setprofile
  bool observed = false;   // by one of these: Interpreter::run takes the observed form of the loop
  int origin_depth = 0;    // levels that cr_origin of new coroutines remembers
  bool switching = false;  // `observed` changed in a native call
  std::span<const NativeModuleDef* const> native_modules;
  std::vector<const NativeModuleDef*> registered;
  FrozenFinder find_frozen = nullptr;
  std::vector<std::string> executing;  // modules whose code is running, the innermost last
  std::unordered_map<std::string, std::string>
      texts;  // sources that are no files, by name: see remember_source
};
ModuleRegistry& registry(VM& vm);

/// What a text is and how its names are looked up.
struct SourceOptions {
  enum class Mode : uint8_t { Exec, Eval, Single } mode = Mode::Exec;
  bool top_level_await = false;
  bool is_file = true;         // bytes that may declare an encoding, not decoded text
  bool dynamic_names = false;  // exec/eval/class-like: names go through the frame's namespace
  bool future_annotations = false;
  bool diamond_is_not_equal = false;  // barry_as_FLUFL
  int optimize = 0;
};
/// Compiles source text; SyntaxError pending on failure.
Result<Code*> compile_source(VM& vm, std::string_view text, std::string_view filename,
                             const SourceOptions& options);

/// The whole file; OSError on failure.
Result<std::string> read_file(VM& vm, const std::string& path);

}  // namespace apy
