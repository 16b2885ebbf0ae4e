#include "vm/interpreter/context.h"

#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <algorithm>
#include <new>

#include "vm/interpreter/interpreter.h"

namespace apy {

namespace {
/// Native stack kept free below script recursion: for one deep C++ call chain and signal frames.
constexpr size_t kNativeReserve = 96 * 1024;
}  // namespace

Context* create_context(VM& vm) {
  Context* context = new (std::nothrow) Context;
  if (!context) return nullptr;
  void* memory = mmap(nullptr, Context::kStackValues * sizeof(Value), PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) {
    delete context;
    return nullptr;
  }
  context->stack = static_cast<Value*>(memory);
  context->stack_limit = context->stack + Context::kStackValues;
  context->stack_top = context->floor = context->stack;
  context->next = Interpreter::contexts(vm);
  if (context->next) context->next->previous = context;
  Interpreter::contexts(vm) = context;
  return context;
}

void destroy_context(VM& vm, Context* context) {
  (context->previous ? context->previous->next : Interpreter::contexts(vm)) = context->next;
  if (context->next) context->next->previous = context->previous;
  munmap(context->stack, Context::kStackValues * sizeof(Value));
  delete context;
}

void bind_host_stack(Context* context, NativeStackBounds bounds) {
  if (!bounds.high) {
    pthread_attr_t attributes;
    void* low = nullptr;
    size_t size = 0;
    if (pthread_getattr_np(pthread_self(), &attributes) == 0) {
      pthread_attr_getstack(&attributes, &low, &size);
      pthread_attr_destroy(&attributes);
    }
    bounds = {static_cast<const char*>(low), static_cast<const char*>(low) + size};
  }
  // The main thread's stack grows up to the limit; what the system reports may be all of an
  // "unlimited" one.
  size_t usable =
      std::min<size_t>(static_cast<size_t>(bounds.high - bounds.low), 512u * 1024 * 1024);
  context->native_high = bounds.high;
  context->native_limit = bounds.high - usable + std::min(kNativeReserve, usable / 4);
}

void VM::switch_context(Context* context) {
  if (Context* old = context_) {
    old->frame = frame_;
    old->base = base_;
    old->handled = handled_;
    old->stack_top = stack_top_;
  }
  context_ = context;
  context->scanned = false;
  frame_ = context->frame;
  base_ = context->base;
  handled_ = context->handled;
  stack_top_ = context->stack_top;
  native_stack_limit_ = context->native_limit;
  heap_.set_native_stack_high(context->native_high);
}

namespace {
void trace_running(Frame* frame, Visitor& visitor) {
  Generator* generator = generator_of(frame);
  visitor.visit(generator);
  trace_cell(generator, visitor);
}
}  // namespace

void trace_contexts(VM& vm, Visitor& visitor) {
  for (Context* context = Interpreter::contexts(vm); context; context = context->next) {
    bool running = context == vm.context();
    if (visitor.only_changes() && context->scanned) continue;
    context->scanned = !running;
    Frame* frame = running ? vm.current_frame() : context->frame;
    Value* top = context->floor;
    if (running) {
      top = std::max(top, stack_top(vm));
    } else if (frame) {
      top = std::max(top, frame->flags & Frame::kHeap
                              ? context->stack_top
                              : frame->registers() + frame->code->register_count);
    }
    visitor.visit_conservatively(context->stack, top);
    visitor.visit(context->native_result);
    visitor.visit(context->variables);
    // Registers of running heap frames are written without a barrier, so they are roots whatever
    // their age.
    for (Frame* f = frame; f; f = f->caller)
      if (f->flags & Frame::kHeap) trace_running(f, visitor);
    if (!running) {
      visitor.visit(context->handled);
      visitor.visit(context->base);
      if (context->saved_stack_pointer)
        visitor.visit_conservatively(context->saved_stack_pointer, context->native_high);
    }
  }
  visitor.visit(Interpreter::base(vm));
}

bool is_in_running_chain(VM& vm, const Generator* generator) {
  for (Context* context = Interpreter::contexts(vm); context; context = context->next) {
    Frame* frame = context == vm.context() ? vm.current_frame() : context->frame;
    for (; frame; frame = frame->caller)
      if (frame->flags & Frame::kHeap && generator_of(frame) == generator) return true;
  }
  return false;
}

void parked_stacks_changed(VM& vm) {
  for (Context* context = Interpreter::contexts(vm); context; context = context->next)
    context->scanned = false;
}

Error VM::recursion_error(std::string_view where) {
  return raise(Exc::RecursionError, "maximum recursion depth exceeded{}", where);
}

Result<void> VM::set_recursion_limit(int limit) {
  uint32_t depth = frame_ ? frame_->depth() : 0;
  if (limit < 1) return raise(Exc::ValueError, "recursion limit must be greater or equal than 1");
  if (static_cast<uint32_t>(limit) <= depth) {
    return raise(
        Exc::RecursionError,
        "cannot set the recursion limit to {} at the recursion depth {}: the limit is too low",
        limit, depth);
  }
  recursion_limit_ = limit;
  return {};
}

}  // namespace apy
