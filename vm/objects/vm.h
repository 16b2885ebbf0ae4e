#pragma once
// VM: one engine's state, handed to everything that may allocate, raise or run script code.
//
// A function that takes VM& may allocate and collect. Errors: `return vm.raise(Exc::TypeError,
// "...")`; the exception is pending until somebody takes it (`take_pending`). Declared here, below
// the interpreter, because objects need to allocate and to call; the calling half is implemented in
// vm/interpreter.
#include <atomic>
#include <initializer_list>
#include <span>
#include <string_view>

#include "vm/objects/exception.h"
#include "vm/objects/function.h"
#include "vm/objects/number.h"

namespace apy {

struct Frame;
struct Generator;
struct Context;         // interpreter/context.h: VM stack and native stack bounds of one fiber
struct AttributeEntry;  // attribute_cache.h
class Suspender;        // interpreter/suspend.h: what the event loop implements
struct ModuleRegistry;  // interpreter/import: native and frozen modules
struct NativeModuleDef;
struct SafePointHooks;  // interpreter/safe_point.h

/// One argument of VM::raise's format.
struct FormatArgument {
  enum class Kind { Text, Integer, Unsigned, String, TypeName } kind;
  std::string_view text;
  int64_t integer = 0;
  Value value;
  FormatArgument(std::string_view t) : kind(Kind::Text), text(t) {}
  FormatArgument(const char* t) : kind(Kind::Text), text(t) {}
  FormatArgument(const std::string& t) : kind(Kind::Text), text(t) {}
  FormatArgument(int i) : kind(Kind::Integer), integer(i) {}
  FormatArgument(long i) : kind(Kind::Integer), integer(i) {}
  FormatArgument(long long i) : kind(Kind::Integer), integer(i) {}
  FormatArgument(unsigned i) : kind(Kind::Unsigned), integer(i) {}
  FormatArgument(unsigned long i) : kind(Kind::Unsigned), integer(static_cast<int64_t>(i)) {}
  FormatArgument(const Str* s) : kind(Kind::String), value(s) {}
  FormatArgument(const Type* type) : kind(Kind::TypeName), value(type) {}  // its __name__
};

/// Interned names by identifier.
struct Names {
#define NAME(identifier, text) Str* identifier;
#include "vm/objects/names.def"
#undef NAME
  Str* special[static_cast<int>(Special::Count)];
};

class VM final : public HeapClient {
 public:
  VM();
  ~VM() override;
  VM(const VM&) = delete;

  Heap& heap() { return heap_; }
  const Names& names() const { return names_; }
  /// The one-character string of a Latin-1 code point, or null until somebody made it
  /// (make_str_char).
  Str*& latin1_character(uint8_t code) { return latin1_characters_[code]; }
  Str* special_name(Special special) const { return names_.special[static_cast<int>(special)]; }

  // --- types and shapes ---
  Type* type(BuiltinType id) const { return types_[static_cast<int>(id)]; }
  Shape* shape(ShapeId id) const { return shapes_[id]; }
  Type* type_of(const Cell* cell) const { return shapes_[cell->shape]->type; }
  Type* type_of(Value v) const {
    if (v.is_cell()) return type_of(v.cell());
    if (v.is_small_int()) return type(BuiltinType::Int);
    if (v.is_inline_float()) return type(BuiltinType::Float);
    if (v.is_bool()) return type(BuiltinType::Bool);
    if (v.is_none()) return type(BuiltinType::NoneType);
    return type(v.is_ellipsis() ? BuiltinType::Ellipsis : BuiltinType::NotImplementedType);
  }
  /// isinstance(v, builtin type), subclasses included.
  bool is_instance(Value v, BuiltinType id) const { return type_of(v)->is_subtype_of(type(id)); }
  ShapeId add_shape(Shape* shape);
  /// Fresh numbers for Dict::layout and Type::version.
  uint32_t next_layout() { return ++layout_counter_; }
  uint32_t next_version() { return ++version_counter_; }

  // --- allocation ---
  /// A zeroed T of `size` bytes; MemoryError on failure.
  template <class T>
  Result<T*> allocate(BuiltinType type, size_t size = sizeof(T), uint16_t aux = 0) {
    return allocate<T>(shape_of(type), size, aux);
  }
  template <class T>
  Result<T*> allocate(ShapeId shape, size_t size = sizeof(T), uint16_t aux = 0) {
    Cell* cell = heap_.allocate(size, shape, T::kKind, aux);
    if (!cell) [[unlikely]]
      return out_of_memory();
    return static_cast<T*>(cell);
  }
  /// A Record with fields of a builtin type.
  Result<Record*> make_record(BuiltinType type, std::initializer_list<Value> fields);
  void barrier(Cell* owner) { heap_.write_barrier(owner); }
  /// After a store into one `field` of an array that may be large.
  void barrier(Cell* owner, const void* field) { heap_.write_barrier(owner, field); }
  Error out_of_memory();

  // --- errors ---
  /// Makes an exception of that builtin type with a message and sets it pending. `{}` stands for
  /// the next argument.
  template <class... A>
  Error raise(Exc type, std::string_view format, const A&... arguments) {
    if constexpr (sizeof...(A) == 0) {
      return raise_formatted(type, format, nullptr, 0);
    } else {
      const FormatArgument array[] = {FormatArgument(arguments)...};
      return raise_formatted(type, format, array, sizeof...(A));
    }
  }
  Error raise_formatted(Exc type, std::string_view format, const FormatArgument* arguments,
                        size_t count);
  /// Sets an exception object pending as `raise` does (context is set from the handled exception).
  Error raise_exception(Value exception);
  /// An exception of that type with exactly these args.
  Error raise_with(Exc type, std::span<const Value> args);
  /// Sets it pending again without touching context or traceback.
  Error reraise(Value exception);
  bool has_pending() const { return !pending_.is_empty(); }
  Value pending() const { return pending_; }
  Value take_pending() {
    Value v = pending_;
    pending_ = Value();
    return v;
  }
  /// If the pending exception is an instance of `type`, drops it and returns true.
  bool catch_pending(Exc type);
  /// Prints "Exception ignored in: ..." for the pending exception and drops it.
  void write_unraisable(Value where);
  /// The exception being handled (sys.exception()), or empty.
  Value handled() const { return handled_; }
  void set_handled(Value v) { handled_ = v; }

  // --- calls (interpreter) ---
  Result<Value> call(Value callee, std::span<const Value> arguments);
  Result<Value> call(Value callee, std::initializer_list<Value> arguments) {
    return call(callee, std::span<const Value>(arguments.begin(), arguments.size()));
  }
  /// The last keyword_names->length of `arguments` are keyword arguments.
  Result<Value> call_keywords(Value callee, std::span<const Value> arguments, Tuple* keyword_names);
  Result<Value> call_method(Value object, Str* name, std::initializer_list<Value> arguments);
  /// Calls a special method found on the type; the receiver is prepended. Empty optional when the
  /// type lacks it: *found tells.
  Result<Value> call_special(Value object, Special special, std::initializer_list<Value> arguments,
                             bool* found);
  /// Drives a generator, coroutine or async generator until it yields, returns or raises. `sent`
  /// none at first; `exception` non-empty: thrown in instead.
  enum class ResumeOutcome { Yielded, Returned, Raised, AsyncYielded };
  ResumeOutcome resume(Generator* generator, Value sent, Value exception, Value* result);
  /// Runs module or eval code; `locals` a mapping or empty (then globals).
  Result<Value> run_code(Code* code, Dict* globals, Value locals, Tuple* closure = nullptr);
  /// Innermost script frame running, or null.
  Frame* current_frame() const { return frame_; }

  // --- execution context ---
  Context* context() const { return context_; }
  void switch_context(Context* context);
  /// RecursionError when the native stack or the call depth is used up; every native function that
  /// can recurse through script data (repr, compare, hash, copy, ...) makes one `NativeDepth
  /// guard(vm); TRY(guard.check());`.
  bool native_stack_exhausted() const {
    char marker;
    return &marker < native_stack_limit_;
  }
  Error recursion_error(std::string_view where);  // "maximum recursion depth exceeded" + where
  int recursion_limit() const { return recursion_limit_; }
  Result<void> set_recursion_limit(int limit);

  /// Asks the running script to stop at its next safe point (may be called from a signal handler or
  /// another thread).
  void request_interrupt() { interrupt_requested_.store(1, std::memory_order_relaxed); }
  /// Handles signals, finalizers, budgets. Called at safe points when `poll_needed()`.
  Result<void> poll();
  bool poll_needed() const { return interrupt_requested_.load(std::memory_order_relaxed); }

  SafePointHooks*& safe_point_hooks_for_host() { return safe_point_hooks_; }
  ModuleRegistry*& registry() { return registry_; }
  Suspender* suspender() const { return suspender_; }
  void set_suspender(Suspender* suspender) { suspender_ = suspender; }

  // --- modules ---
  Dict* builtins() const { return builtins_; }
  /// Head of the list of all code objects through Code::next_in_vm; weak.
  Code*& code_list() { return codes_; }
  Dict* modules() const { return modules_; }  // sys.modules
  Module* sys_module() const { return sys_module_; }
  Result<Value> import_module(std::string_view dotted_name);
  void register_native_module(const NativeModuleDef* definition);

  // --- HeapClient ---
  void trace_roots(Visitor& visitor) override;
  void process_weak(Heap& heap) override;
  bool needs_finalizer(const Cell* cell) override;
  bool is_running(const Cell* cell) override;

  /// Keyed hash for str and bytes.
  uint64_t hash_bytes(const void* data, size_t size) const;
  /// Small per-engine slots for native modules and the runtime: a pointer to a cell (then it is
  /// kept alive) or to memory that the module owns.
  void*& module_state(const void* key);

 private:
  friend class Interpreter;
  friend struct VMAccess;  // setup code of objects and interpreter

  Heap heap_;
  Names names_{};
  Str* latin1_characters_[256] = {};
  Type* types_[static_cast<int>(BuiltinType::Count)] = {};
  std::vector<Shape*> shapes_;
  uint32_t layout_counter_ = 0, version_counter_ = 0;
  Value pending_;
  Value handled_;
  Frame* frame_ = nullptr;
  Context* context_ = nullptr;
  Generator* base_ = nullptr;  // the generator being driven, see Generator::innermost
  const char* native_stack_limit_ = nullptr;
  Value* stack_top_ =
      nullptr;     // free VM stack while a heap frame runs (a stack frame knows its own end)
  Value carried_;  // what a frame hands out that yields to, or returns to, C++
  AttributeEntry* attribute_entries_ = nullptr;  // null until a site needs it; in internals_
  uint32_t attribute_misses_ = 0;                // at sites whose inline cache was filled
  int recursion_limit_ = 1000;
  Context* contexts_ = nullptr;
  Suspender* suspender_ = nullptr;
  ModuleRegistry* registry_ = nullptr;
  SafePointHooks* safe_point_hooks_ = nullptr;
  std::atomic<uint32_t> interrupt_requested_{0};
  Dict* builtins_ = nullptr;
  Dict* modules_ = nullptr;
  Module* sys_module_ = nullptr;
  Code* codes_ = nullptr;  // all code objects, weak

 public:
  struct Internals;  // objects/internals.h
  Internals& internals() { return *internals_; }

 private:
  Internals* internals_;  // intern table, weak references, registries, root lists
};

}  // namespace apy
