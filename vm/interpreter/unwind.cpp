// Finding handlers and recording tracebacks.
#include "vm/interpreter/frame_object.h"
#include "vm/interpreter/interpreter.h"
#include "vm/interpreter/setup.h"
#include "vm/interpreter/traceback.h"
#include "vm/interpreter/tracing.h"

namespace apy {

const ExceptionRange* find_handler(const Frame* frame) {
  const Code* code = frame->code;
  uint32_t index =
      static_cast<uint32_t>(frame->pc - code->instructions) - 1;  // not started: the largest number
  for (uint32_t i = 0; i < code->range_count; ++i) {
    const ExceptionRange& range = code->ranges[i];
    if (index >= range.begin && index < range.end) return &range;
  }
  return nullptr;
}

void add_traceback(VM& vm, Frame* frame) {
  Exception* exception = as<Exception>(vm.pending());
  if (exception->traceback.is_empty()) note_raising_frame(vm, exception, frame);
  // Out of memory while recording: the exception goes on without this level.
  auto made =
      vm.heap().allocate(sizeof(Traceback), shape_of(BuiltinType::Traceback), CellKind::Traceback);
  if (!made) return;
  Traceback* level = static_cast<Traceback*>(made);
  level->next = exception->traceback.is_empty() ? Value::none() : exception->traceback;
  level->code = frame->code;
  level->globals = frame->function()->globals;
  // Until tb_frame is asked for, only where the frame was (see frame_object.cpp).
  level->frame = frame->flags & Frame::kHasObject ? frame->extra : hidden_frame(frame);
  bool started = frame->pc != frame->code->instructions;
  // Not started: no instruction, so it shows the line of the definition.
  level->position =
      started ? static_cast<uint64_t>(frame->pc - frame->code->instructions) - 1 : UINT64_MAX;
  exception->traceback = level;
  vm.barrier(exception);
}

bool unwind(VM& vm) {
  Frame* frame = Interpreter::frame(vm);
  while (true) {
    if (const ExceptionRange* handler = find_handler(frame)) {
      frame->registers()[handler->exception_register] = vm.take_pending();
      frame->pc = frame->code->instructions + handler->handler;
      return true;
    }
    bool observed = vm.registry()->observed;
    if (observed) [[unlikely]]
      trace_unwound_frame(vm, frame);
    bool entry = frame->flags & Frame::kEntry;
    Frame* caller = frame->caller;
    if (frame->flags & Frame::kHasObject) detach_frame(vm, frame);
    if (frame->flags & Frame::kHeap) {
      Generator* generator = generator_of(frame);
      convert_stop_iteration(vm, generator);
      finish_generator(vm, generator);
    } else {
      Interpreter::frame(vm) = caller;
      if (caller && (caller->flags & Frame::kHeap))
        Interpreter::stack_top(vm) = reinterpret_cast<Value*>(frame);
    }
    if (entry) return false;
    frame = caller;
    add_traceback(vm, frame);
    if (observed) [[unlikely]]
      trace_exception(vm, frame);
  }
}

}  // namespace apy
