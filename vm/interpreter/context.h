#pragma once
// Context: where one fiber's script runs: its VM stack and its native stack's bounds.
//
// The VM keeps the registers of the running context in its own fields (frame_, base_, handled_,
// stack_top_); switch_context saves and loads them. A VM stack is a reserved mapping that the
// system fills lazily.
#include "vm/objects/frame.h"
#include "vm/objects/vm.h"

namespace apy {

struct Context {
  static constexpr size_t kStackValues = 1 << 20;  // 8 MiB of address space

  Value* stack = nullptr;        // base of the VM stack
  Value* stack_limit = nullptr;  // frames end below this
  Value* stack_top = nullptr;    // saved VM::stack_top_ while not running
  // Windows that C++ code has laid out above the running frame end below this: see FloorGuard.
  Value* floor = nullptr;
  Value native_result;  // of a call from C++ that pushed no frame
  Value variables;      // values of context variables: context_variables.h; empty: none was set
  const char* native_limit = nullptr;  // lowest native stack address script code may use
  const void* native_high = nullptr;   // end of the native stack, for the collector

  // While not running:
  const void* saved_stack_pointer = nullptr;  // null: never ran or nothing to scan
  Frame* frame = nullptr;
  Generator* base = nullptr;
  Value handled;
  bool scanned = false;  // parked, and nothing has changed since the collector's last look

  Context* previous = nullptr;  // list in VM
  Context* next = nullptr;
};

/// Makes a context with a VM stack of its own and adds it to the VM's list; null when memory is
/// out.
Context* create_context(VM& vm);
void destroy_context(VM& vm, Context* context);
/// The calling thread's own stack, [low, high).
struct NativeStackBounds {
  const char* low = nullptr;
  const char* high = nullptr;
};
/// Stores the bounds of the calling thread's stack in `context`. Null bounds: asks the system,
/// which is slow on a first thread.
void bind_host_stack(Context* context, NativeStackBounds bounds = {});
/// Reports all contexts' VM stacks and parked native stacks.
void trace_contexts(VM& vm, Visitor& visitor);
/// Is its frame one of those that trace_contexts traces whatever their age?
bool is_in_running_chain(VM& vm, const Generator* generator);
/// A frame on some VM stack, perhaps a parked one, was written to from outside.
void parked_stacks_changed(VM& vm);
/// The first free word above everything in use on the running VM stack.
Value* stack_top(VM& vm);

/// Keeps the VM stack below `end` in use (for the collector and for nested calls) while it lives.
class FloorGuard {
 public:
  FloorGuard(Context* context, Value* end) : context_(context), saved_(context->floor) {
    if (end > saved_) context->floor = end;
  }
  ~FloorGuard() { context_->floor = saved_; }
  FloorGuard(const FloorGuard&) = delete;

 private:
  Context* context_;
  Value* saved_;
};

}  // namespace apy
