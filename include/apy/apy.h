#pragma once
// apy for hosts: the only header a program that embeds apy includes. docs/embedding.md tells the
// story with examples.
//
//   apy::Engine engine;
//   engine.define("twice", [](int64_t n) { return 2 * n; });
//   auto answer = engine.evaluate("twice(21)");
//   if (!answer) std::fputs(answer.failure().traceback.c_str(), stderr);
//   else std::printf("%ld\n", answer->to<int64_t>().value());
//
// Rules.
//  - An engine is one script world. Engines share nothing; any number of them may live in a
//  process, also on different
//    threads. One engine is used by one thread at a time; only `interrupt` may be called from
//    anywhere.
//  - Errors are values: what can fail returns an Outcome. No function here throws. A C++ exception
//  that leaves a host
//    function becomes a RuntimeError of the script.
//  - A Handle keeps a script value alive. Handles may outlive their engine; then every use of them
//  fails cleanly.
//  - Calls nest: a host function may call back into the engine.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace apy {
// The version of the binary interface; names stay apy::Engine and so on.
inline namespace v1 {

class Engine;
struct Failure;
namespace detail {
struct Shared;
struct Access;
}  // namespace detail

template <class T>
class Outcome;

/// A script value, kept alive. Cheap to move; a copy refers to the same value. A default-made
/// Handle is empty.
class Handle {
 public:
  Handle() = default;
  Handle(const Handle& other);
  Handle(Handle&& other) noexcept : shared_(other.shared_), slot_(other.slot_) {
    other.shared_ = nullptr;
  }
  Handle& operator=(Handle other) noexcept {
    std::swap(shared_, other.shared_);
    std::swap(slot_, other.slot_);
    return *this;
  }
  ~Handle();

  /// Holds a value of a living engine?
  explicit operator bool() const;
  /// The very same object (`is` in a script)?
  bool is(const Handle& other) const;

  // --- what it is; subclasses count, except that a bool is no int here ---
  bool is_none() const;
  bool is_bool() const;
  bool is_int() const;
  bool is_float() const;
  bool is_str() const;
  bool is_bytes() const;
  bool is_list() const;
  bool is_tuple() const;
  bool is_dict() const;
  bool is_callable() const;
  /// Can stand behind `await` (coroutine, task, future, object with __await__)?
  bool is_awaitable() const;
  /// isinstance(value, C) for a class C of the builtins, given by name: "OSError". False for
  /// unknown names.
  bool is_instance(std::string_view builtin_class) const;
  /// "int", "collections.deque"; empty for an empty handle.
  std::string type_name() const;

  // --- conversions: a TypeError for a wrong type, an OverflowError for what does not fit ---
  Outcome<bool> to_bool() const;           ///< truth of any value
  Outcome<int64_t> to_int64() const;       ///< ints and objects with __index__
  Outcome<double> to_double() const;       ///< floats, ints, objects with __float__
  Outcome<std::string> to_string() const;  ///< of a str, in UTF-8
  Outcome<std::string> to_bytes() const;   ///< of bytes or bytearray
  Outcome<std::string> str() const;        ///< str(value)
  Outcome<std::string> repr() const;       ///< repr(value)
  /// Every item of an iterable.
  Outcome<std::vector<Handle>> to_vector() const;
  /// bool, integers, floating point, std::string, Handle, std::vector<T>, std::optional<T>, or what
  /// Convert knows.
  template <class T>
  Outcome<T> to() const;

  // --- use ---
  Outcome<Handle> attribute(std::string_view name) const;
  Outcome<void> set_attribute(std::string_view name, const Handle& value) const;
  Outcome<Handle> item(const Handle& key) const;
  Outcome<void> set_item(const Handle& key, const Handle& value) const;
  Outcome<int64_t> size() const;
  Outcome<Handle> call(std::span<const Handle> arguments) const;
  Outcome<Handle> call_method(std::string_view name, std::span<const Handle> arguments) const;
  /// The same with anything that Engine::make takes.
  template <class... A>
  Outcome<Handle> operator()(A&&... arguments) const;

  /// The engine it belongs to, or null.
  Engine* engine() const;

 private:
  friend struct detail::Access;
  detail::Shared* shared_ = nullptr;
  uint32_t slot_ = 0;
};

/// Why something failed: an exception that the script did not catch.
struct Failure {
  std::string type;     ///< name of its class, with the module unless it is a builtin: "ValueError"
  std::string message;  ///< str(exception)
  std::string traceback;  ///< the whole text, as the command line prints it
  bool is_system_exit = false;
  int exit_status = 1;  ///< of the process, as the command line would end
  Handle exception;     ///< the exception object; empty when the engine is gone

  /// isinstance(exception, C) for a builtin class by name.
  bool is(std::string_view builtin_class) const { return exception.is_instance(builtin_class); }
};

namespace detail {
[[noreturn]] void no_value(const Failure& failure);
}

/// A T, or why there is none.
template <class T>
class [[nodiscard]] Outcome {
 public:
  using Type = T;
  Outcome(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Outcome(Failure failure) : state_(std::in_place_index<1>, new Failure(std::move(failure))) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }
  /// There must be a value: without one the program ends with the traceback.
  T& value() & { return require(), *std::get_if<0>(&state_); }
  const T& value() const& { return require(), *std::get_if<0>(&state_); }
  T value() && {
    return require(), std::move(*std::get_if<0>(&state_));
  }  // by value: safe in a range-for
  T value_or(T fallback) const { return ok() ? *std::get_if<0>(&state_) : std::move(fallback); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  /// There must be no value.
  const Failure& failure() const { return **std::get_if<1>(&state_); }

 private:
  void require() const {
    if (!ok()) detail::no_value(failure());
  }
  std::variant<T, std::shared_ptr<const Failure>> state_;
};

template <>
class [[nodiscard]] Outcome<void> {
 public:
  using Type = void;
  Outcome() = default;
  Outcome(Failure failure) : failure_(new Failure(std::move(failure))) {}
  bool ok() const { return !failure_; }
  explicit operator bool() const { return ok(); }
  void value() const {
    if (failure_) detail::no_value(*failure_);
  }
  const Failure& failure() const { return *failure_; }

 private:
  std::shared_ptr<const Failure> failure_;
};

/// A function of the host as scripts call it, with positional arguments: anything callable as
/// Outcome<Handle>(Engine& engine, std::span<const Handle> arguments).
class HostFunction {
 public:
  template <class F>
  requires std::is_invocable_r_v<Outcome<Handle>, F&, Engine&, std::span<const Handle>>
  HostFunction(F function)
      : callable_(new F(std::move(function)),
                  [](void* callable) { delete static_cast<F*>(callable); }),
        call_([](void* callable, Engine& engine,
                 std::span<const Handle> arguments) -> Outcome<Handle> {
          return (*static_cast<F*>(callable))(engine, arguments);
        }) {}
  Outcome<Handle> operator()(Engine& engine, std::span<const Handle> arguments) const {
    return call_(callable_.get(), engine, arguments);
  }

 private:
  std::unique_ptr<void, void (*)(void*)> callable_;
  Outcome<Handle> (*call_)(void* callable, Engine& engine, std::span<const Handle> arguments);
};

/// Specialise it for types of your own:
///   static Outcome<T> from(const Handle& value);   // script to C++
///   static Outcome<Handle> make(Engine&, const T&);  // C++ to script
template <class T>
struct Convert;

/// What a host decides when it makes an engine.
struct Options {
  std::vector<std::string> arguments;  ///< sys.argv
  std::vector<std::string> path;       ///< sys.path: folders searched for modules
  std::string executable;              ///< sys.executable
  /// Most bytes of the script heap; beyond it scripts see MemoryError. 0: no limit.
  size_t memory_limit = 0;
  /// Most nested calls; beyond it scripts see RecursionError. 0: the usual 1000.
  int recursion_limit = 0;
};

class Engine {
 public:
  /// If the start itself fails (no memory), every operation returns that failure.
  explicit Engine(const Options& options = {});
  ~Engine();  ///< finishes
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // --- running ---
  /// Runs a file as the main program, as `apy FILE` does: in the module __main__, top-level await
  /// allowed. OSError when it cannot be read. The value is None.
  Outcome<Handle> run_file(const std::string& path);
  /// The same for a text (UTF-8); `name` is shown in tracebacks.
  Outcome<Handle> run_source(std::string_view text, std::string_view name = "<string>");
  /// A module found by name as the main program, as `apy -m NAME` does.
  Outcome<Handle> run_module(std::string_view name);
  /// One statement as typed at a prompt: values of expressions are printed through sys.displayhook.
  Outcome<Handle> run_statement(std::string_view text, std::string_view name = "<stdin>");
  /// The value of an expression in the namespace of the main module.
  Outcome<Handle> evaluate(std::string_view expression);
  Outcome<Handle> import_module(std::string_view dotted_name);

  // --- the main module's names ---
  /// KeyError when there is none of that name.
  Outcome<Handle> global(std::string_view name);
  Outcome<void> set_global(std::string_view name, const Handle& value);
  /// Calls a global: engine.call("fold", 1, 2.5, "text").
  template <class... A>
  Outcome<Handle> call(std::string_view function, A&&... arguments);

  // --- making values ---
  Handle none();
  Outcome<Handle> make_bool(bool value);
  Outcome<Handle> make_int(int64_t value);
  Outcome<Handle> make_unsigned(uint64_t value);
  Outcome<Handle> make_float(double value);
  Outcome<Handle> make_str(std::string_view utf8);
  Outcome<Handle> make_bytes(std::string_view bytes);
  Outcome<Handle> make_list(std::span<const Handle> items = {});
  Outcome<Handle> make_tuple(std::span<const Handle> items);
  Outcome<Handle> make_dict(std::span<const std::pair<Handle, Handle>> items = {});
  /// bool, numbers, text, nullptr (None), Handle, std::vector<T>, std::optional<T>, or what Convert
  /// knows.
  template <class T>
  Outcome<Handle> make(const T& value);

  // --- functions of the host ---
  /// Gives the main module a global function. `function` is a HostFunction, or takes and returns
  /// what Handle::to and make convert, with `Engine&` first if it wants: [](Engine&, int64_t a,
  /// std::string b) -> double. It may return an Outcome. Arguments of a wrong type or number are a
  /// TypeError of the caller.
  template <class F>
  Outcome<void> define(std::string_view name, F function, std::string_view doc = {});
  /// A function object without a name in any module.
  template <class F>
  Outcome<Handle> make_function(std::string_view name, F function, std::string_view doc = {});
  /// A module that scripts can import; members are values and functions made before.
  Outcome<Handle> define_module(std::string_view dotted_name,
                                std::span<const std::pair<std::string, Handle>> members,
                                std::string_view doc = {});
  /// For host functions: `return engine.fail("ValueError", "no such key");`. Unknown class names
  /// give a RuntimeError.
  Failure fail(std::string_view builtin_class, std::string_view message);

  // --- async ---
  // Tasks of the host run in the engine's own loop, which is made when first needed and is the one
  // that scripts see as the current loop. A main program that awaits at top level has a loop of its
  // own, as with asyncio.run.

  /// Runs the loop until the awaitable is done. RuntimeError when a loop is running already.
  Outcome<Handle> run_until_complete(const Handle& awaitable);
  /// Makes a task, which goes on when the loop turns.
  Outcome<Handle> spawn(const Handle& coroutine);
  /// Turns the loop once without waiting: what is ready runs. True: something is left to be done.
  /// For hosts with a loop of their own.
  Outcome<bool> poll();
  /// Are there tasks, timers or callbacks in the engine's loop?
  bool has_pending();
  /// What the host's own loop should wait for before it calls poll again.
  struct Wait {
    int descriptor = -1;  ///< poll when it becomes readable; -1: there is none
    std::optional<std::chrono::nanoseconds>
        timeout;  ///< poll after that time at the latest; empty: no limit
  };
  Outcome<Wait> prepare_wait();
  /// Inside a host function that a task has called: waits in straight-line C++ while other tasks go
  /// on. Elsewhere: the same as run_until_complete.
  Outcome<Handle> await(const Handle& awaitable);

  // --- control ---
  /// Raises KeyboardInterrupt in the running script at its next safe point. From any thread, and
  /// from signal handlers.
  void interrupt() noexcept;
  /// Shows a failure as the command line does: through sys.excepthook, on sys.stderr. For
  /// SystemExit the message, if any.
  void report(const Failure& failure);
  /// Ends the script world: pending tasks are cancelled, exit functions and finalizers run, output
  /// is flushed. False: stdout could not be written, which was reported on stderr. Afterwards every
  /// operation fails.
  bool finish();
  /// Writes out sys.stdout and sys.stderr. False: stdout could not be written, which was reported
  /// on stderr.
  bool flush();
  /// Runs a full collection and the finalizers of what it found.
  void collect();
  size_t memory_in_use() const;

 private:
  friend struct detail::Access;
  Outcome<Handle> make_host_function(std::string_view name, HostFunction function,
                                     std::string_view doc);
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace v1
}  // namespace apy

#include "apy/convert.h"  // the templates declared above
