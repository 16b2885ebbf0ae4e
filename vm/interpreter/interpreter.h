#pragma once
// What the parts of the interpreter share: the loop, entering calls, resuming generators,
// unwinding, slow paths.
#include <algorithm>

#include "vm/bytecode/code.h"
#include "vm/interpreter/context.h"

namespace apy {

/// How a call instruction went: the result is in its destination, a frame was pushed (vm.frame_),
/// or an exception is pending.
enum class CallOutcome : uint8_t { Error, Done, Entered };

/// How the entry frame of a run of the loop ended.
/// The last two are for Interpreter::run only: it goes on in the other form of the loop.
enum class RunOutcome : uint8_t {
  Raised,
  Returned,
  Yielded,
  AsyncYielded,
  SwitchForm,
  SwitchFormRaising
};

/// The interpreter's hold on the VM's private registers.
class Interpreter {
 public:
  static Frame*& frame(VM& vm) { return vm.frame_; }
  static Generator*& base(VM& vm) { return vm.base_; }
  static Value*& stack_top(VM& vm) { return vm.stack_top_; }
  static Value& handled(VM& vm) { return vm.handled_; }
  static Value& pending(VM& vm) { return vm.pending_; }
  static Context*& contexts(VM& vm) { return vm.contexts_; }
  static Shape* shape(VM& vm, ShapeId id) { return vm.shapes_[id]; }
  static int& recursion_limit(VM& vm) { return vm.recursion_limit_; }
  static Dict*& builtins(VM& vm) { return vm.builtins_; }
  static Dict*& modules(VM& vm) { return vm.modules_; }
  static Module*& sys_module(VM& vm) { return vm.sys_module_; }
  static Context*& context(VM& vm) { return vm.context_; }
  static const char*& native_stack_limit(VM& vm) { return vm.native_stack_limit_; }
  static Value& carried(VM& vm) { return vm.carried_; }
  static AttributeEntry*& attribute_entries(VM& vm) { return vm.attribute_entries_; }
  static uint32_t& attribute_misses(VM& vm) { return vm.attribute_misses_; }
  static std::atomic<uint32_t>& interrupt(VM& vm) { return vm.interrupt_requested_; }

  /// Runs from vm.frame_ until the entry frame beneath ends. `raising`: start by unwinding the
  /// pending exception.
  static RunOutcome run(VM& vm, Value* result, bool raising);
};

// --- calls.cpp ---
/// Calls window[0] with `count` arguments from window + kFrameWords on (the last kw->length of them
/// named). The window is on the VM stack above everything in use, with one spare word behind the
/// arguments.
CallOutcome enter_call(VM& vm, Value* window, uint32_t dst, uint32_t count, Tuple* keyword_names);
/// The window moved to the free part of the VM stack; null (RecursionError pending) when it does
/// not fit.
Value* move_window(VM& vm, const Value* window, uint32_t count);
/// Pushes a frame for `function` whose arguments are already bound at frame->registers().
inline Frame* push_frame(VM& vm, Value* window, Function* function, Code* code, uint32_t dst,
                         uint32_t flags);
/// Binds arguments to the parameters of `function` in `target` (code->local parameters).
/// `arguments` must not overlap target.
Result<void> bind_function_arguments(VM& vm, Function* function, const Value* arguments,
                                     uint32_t count, Tuple* keyword_names, Value* target);
Result<Generator*> make_generator(VM& vm, Function* function, const Value* parameters);
/// Calls `function` from `frame`, which is running and synced: true when its result is in the
/// register `dst` or a frame was pushed.
template <class... Values>
inline bool enter_script(VM& vm, Frame* frame, Value function, uint32_t dst, uint32_t flags,
                         Values... arguments);
/// enter_script for functions that take other arguments than just these, which are in the window.
bool enter_script_slow(VM& vm, Value* window, uint32_t dst, uint32_t count, uint32_t flags);
/// Checks depth and VM stack for a frame at `window`.
inline bool frame_fits(VM& vm, const Value* window, const Code* code, uint32_t depth);
Result<Value> call_native(VM& vm, NativeFunction* function, const Value* arguments,
                          uint32_t positional_count, Tuple* keyword_names);

// --- generator.cpp ---
/// Links `generator` for a run with the running frame as resumer; returns the frame to go on with.
/// Null: exception pending.
Frame* begin_resume(VM& vm, Generator* generator, Value sent, bool as_base);
/// Stores the value sent to a suspended frame where its instruction expects it.
void deliver(Frame* frame, Value sent);
/// The exception being handled around a running generator: its resumer's.
Value handled_outside(VM& vm, const Generator* generator);
/// What a chain that stops at `innermost` under the generator `base` keeps as its handled
/// exception: empty if it handles none of its own, whatever its resumer (who handles `outside`)
/// does.
inline Value kept_handled(VM& vm, const Frame* innermost, const Generator* base, Value outside);
Value own_handled(VM& vm, const Frame* innermost, const Generator* base, Value outside);
/// Bookkeeping when a generator's frame ends (normally or by an exception): state, base chain,
/// handled exception.
void finish_generator(VM& vm, Generator* generator);
/// PEP 479: StopIteration (and StopAsyncIteration in async generators) leaving a generator becomes
/// RuntimeError.
void convert_stop_iteration(VM& vm, Generator* generator);
const char* generator_noun(
    const Generator* generator);  // "generator", "coroutine", "async generator"

/// async_generator.cpp: calls the loop's firstiter hook once and remembers its finalizer hook.
Result<void> async_generator_first_iteration(VM& vm, Generator* generator);

// --- slow_exceptions.cpp ---
/// The iterator behind `await v`; coroutines and native awaitables are their own. `context`:
/// operand of GetAwaitable.
Result<Value> awaitable_of(VM& vm, Value v, uint16_t context);

// --- unwind.cpp ---
/// Adds the frame to the pending exception's traceback.
void add_traceback(VM& vm, Frame* frame);
/// An exception is pending, and vm.frame_ is in its traceback: ends frames up to one with a
/// handler, which is then ready to go on (true), or up to and with the entry frame (false).
bool unwind(VM& vm);
/// The handler for the exception raised at frame->pc, or null.
const ExceptionRange* find_handler(const Frame* frame);

// --- slow_paths: one function per opcode without a fast path in the loop; false: exception pending
// ---
using SlowPath = bool (*)(VM& vm, Frame* frame, Instruction* instruction);
namespace slow {
#define OPCODE(Name, ...) bool Name(VM& vm, Frame* frame, Instruction* instruction);
#include "vm/bytecode/opcodes.def"
#undef OPCODE
/// Send on anything but a script generator.
enum class SendOutcome : uint8_t { Error, Done, Suspend };
SendOutcome send_foreign(VM& vm, Value iterator, Value sent, Value* result);
/// Throws into what `frame`, suspended at a Send, waits for.
SendOutcome throw_foreign(VM& vm, const Frame* frame, Value iterator, Value exception,
                          Value* result);
// For instructions that branch: 1 or 0, or -1 with an exception pending.
int contains(VM& vm, Value container, Value item);
int truth(VM& vm, Value value);
/// The item of a namespace: 1 found, 0 absent.
int lookup_in_mapping(VM& vm, Value mapping, Str* name, Value* out);
/// The iterator's next item into *out; 0 when it is exhausted.
int next(VM& vm, Value iterator, Value* out);
/// Both values of the next pair of an enumerate, zip or dict items iterator; 0 when exhausted, -1
/// on an error, 2 for other iterators. On an error or exhaustion out[0] may have changed.
int next_pair(VM& vm, Value iterator, Value* out);
/// Any call that the handlers do not make themselves. True: the result is in register `dst` or a
/// frame was pushed.
bool call(VM& vm, Frame* frame, Value* window, uint32_t dst, uint32_t count);
}  // namespace slow

inline Value kept_handled(VM& vm, const Frame* innermost, const Generator* base, Value outside) {
  if (Interpreter::handled(vm).is_empty()) [[likely]]
    return Value();
  return own_handled(vm, innermost, base, outside);
}

inline bool frame_fits(VM& vm, const Value* window, const Code* code, uint32_t depth) {
  return window + kFrameWords + code->register_count + 16 <= vm.context()->stack_limit &&
         depth < static_cast<uint32_t>(Interpreter::recursion_limit(vm));
}

inline Frame* push_frame(VM& vm, Value* window, Function* function, Code* code, uint32_t dst,
                         uint32_t flags) {
  Frame* caller = Interpreter::frame(vm);
  Frame* frame = reinterpret_cast<Frame*>(window);
  frame->callee = function;
  frame->caller = caller;
  frame->pc = code->instructions;
  frame->code = code;
  uint32_t depth = caller ? caller->depth() + 1 : 1;
  frame->flags = depth << Frame::kFlagBits | flags;
  frame->dst = dst;
  frame->extra = Value();
  Interpreter::frame(vm) = frame;
  return frame;
}

template <class... Values>
inline bool enter_script(VM& vm, Frame* frame, Value callee, uint32_t dst, uint32_t flags,
                         Values... arguments) {
  constexpr uint32_t kCount = sizeof...(arguments);
  Value* top = frame->flags & Frame::kHeap ? Interpreter::stack_top(vm)
                                           : frame->registers() + frame->code->register_count;
  Value* window = std::max(top, vm.context()->floor);
  Function* function = as<Function>(callee);
  Code* code = function->code;
  bool fits = (code->flags & (Code::kSimpleCall | Code::kAnyGenerator)) == Code::kSimpleCall &&
              code->argument_count == kCount && frame_fits(vm, window, code, frame->depth());
  if (fits) [[likely]] {
    Value* parameter = window + kFrameWords;
    ((*parameter++ = arguments), ...);
    push_frame(vm, window, function, code, dst, flags);
    return true;
  }
  if (window + kFrameWords + kCount + 16 > vm.context()->stack_limit) {
    (void)vm.recursion_error("");
    return false;
  }
  window[0] = callee;
  Value* argument = window + kFrameWords;
  ((*argument++ = arguments), ...);
  return enter_script_slow(vm, window, dst, kCount, flags);
}

}  // namespace apy
