// Frame objects.
//
// A Frame is a few words on a VM stack or in a Generator; most never get an object. One that does
// carries kHasObject, and its `extra` points to the object, which keeps the original `extra`: so no
// table maps frames to objects, and the collector finds both from either side. When the frame ends
// (Return and unwinding test the flag on their slow paths) the object is detached: it takes a copy
// of the locals and an object for the caller, so that f_back goes on working.
//
// A traceback remembers only where its frame was. If that frame still runs the same code when
// tb_frame is asked for, it is taken to be the same frame; otherwise tb_frame is an object without
// locals.
#include "vm/interpreter/frame_object.h"

#include <algorithm>
#include <vector>

#include "vm/binding/bind.h"
#include "vm/bytecode/code.h"
#include "vm/bytecode/opcode_info.h"
#include "vm/interpreter/generator.h"

namespace apy {

namespace {

/// Fields of a frame object. kExtra is first: Frame::own_extra reads it.
enum Field : uint8_t {
  kExtra,      // the frame's own `extra`
  kLive,       // hidden_frame while it lives, else empty
  kGenerator,  // what the live frame is in; keeps it in memory
  kCode,
  kFunction,
  kBack,      // detached: the caller's frame object, or None
  kLocals,    // detached: Tuple of the registers of the locals, or empty
  kPosition,  // detached: index of the last instruction
  kTrace,     // FrameTrace: four fields
  kTraceState = kTrace + 1,
  kTracePosition,
  kTraceNative,
  kExtraLocals,  // Dict of what was put into f_locals beside the variables, or empty
  kFieldCount,
};
static_assert(sizeof(FrameTrace) == 4 * sizeof(Value));

Frame* live_frame(const Record* object) {
  Value hidden = object->fields()[kLive];
  return hidden.is_empty() ? nullptr : revealed_frame(hidden);
}

Code* code_of(const Record* object) { return as<Code>(object->fields()[kCode]); }

Result<Record*> make_detached(VM& vm, Code* code, Value function, int64_t position) {
  Record* object =
      TRY(vm.make_record(BuiltinType::Frame, {Value(), Value(), Value(), Value(code), function,
                                              Value::none(), Value(), Value::small_int(position),
                                              Value::none(), Value::small_int(FrameTrace::kLines),
                                              FrameTrace::no_position(), Value(), Value()}));
  return object;
}

Result<Record*> receiver(VM& vm, Value self) {
  if (is_exact(self, BuiltinType::Frame)) return as<Record>(self);
  return vm.raise(Exc::TypeError, "descriptor requires a 'frame' object but received a '{}'",
                  vm.type_of(self));
}

bool is_name_of(const Tuple* names, Value name) {
  if (!names) return false;
  for (Value v : names->span())
    if (v.is(name)) return true;
  return false;
}

/// Adds the variables of a function to `locals`: first parameters and those that no inner function
/// uses, then the others by name, then the ones of outer functions.
Result<void> collect_locals(VM& vm, Dict* locals, const Code* code, const Value* values,
                            const Tuple* closure) {
  uint32_t parameters = code->argument_count + code->keyword_only_count +
                        ((code->flags & Code::kVarArgs) != 0) +
                        ((code->flags & Code::kVarKeywords) != 0);
  std::vector<uint32_t> captured;
  for (uint32_t i = 0; i < code->local_count; ++i) {
    Value name = code->local_names->values()[i];
    Value value = values[i];
    if (i >= parameters && is_name_of(code->cell_names, name)) {
      captured.push_back(i);
      continue;
    }
    if (is_kind(value, CellKind::CellVariable) && is_name_of(code->cell_names, name))
      value = as<CellVariable>(value)->value;
    if (!value.is_empty()) TRY(dict_set_str(vm, locals, as<Str>(name), value));
  }
  const Value* names = code->local_names->values();
  std::sort(captured.begin(), captured.end(), [names](uint32_t left, uint32_t right) {
    return str_compare(as<Str>(names[left]), as<Str>(names[right])) < 0;
  });
  for (uint32_t i : captured) {
    Value value = values[i];
    if (is_kind(value, CellKind::CellVariable)) value = as<CellVariable>(value)->value;
    if (!value.is_empty()) TRY(dict_set_str(vm, locals, as<Str>(names[i]), value));
  }
  if (!code->free_names || !closure) return {};
  for (uint64_t i = 0; i < code->free_names->length; ++i) {
    Value value = as<CellVariable>(closure->values()[i])->value;
    if (!value.is_empty())
      TRY(dict_set_str(vm, locals, as<Str>(code->free_names->values()[i]), value));
  }
  return {};
}

/// Where a function's frame keeps the variable: a register, a cell's value, or in the copy of one
/// that has ended; null if there is no such variable. *owner: the cell that is stored into.
Value* find_variable(Record* object, const Str* name, Cell** owner) {
  const Code* code = code_of(object);
  Frame* frame = live_frame(object);
  Tuple* copy = try_as<Tuple>(object->fields()[kLocals]);
  Value* values = frame ? frame->registers() : copy ? copy->values() : nullptr;
  *owner = frame && (frame->flags & Frame::kHeap) ? static_cast<Cell*>(generator_of(frame))
           : frame                                ? nullptr
                                                  : static_cast<Cell*>(copy);
  auto in_cell = [owner](Value cell) {
    *owner = cell.cell();
    return &as<CellVariable>(cell)->value;
  };
  for (uint32_t i = 0; values && i < code->local_count; ++i) {
    Value known = code->local_names->values()[i];
    if (!str_equal(as<Str>(known), name)) continue;
    bool is_cell =
        is_kind(values[i], CellKind::CellVariable) && is_name_of(code->cell_names, known);
    return is_cell ? in_cell(values[i]) : &values[i];
  }
  const Tuple* closure = as<Function>(object->fields()[kFunction])->closure;
  for (uint64_t i = 0; code->free_names && closure && i < code->free_names->length; ++i)
    if (str_equal(as<Str>(code->free_names->values()[i]), name))
      return in_cell(closure->values()[i]);
  return nullptr;
}

/// The frame that called a live one; null at the bottom, and for a generator that waits.
Frame* caller_of(Frame* frame) {
  if ((frame->flags & Frame::kHeap) && generator_is_parked(generator_of(frame))) return nullptr;
  return frame->caller;
}

int64_t position_of(const Record* object) {
  const Frame* frame = live_frame(object);
  return frame ? frame_position(frame) : object->fields()[kPosition].as_small_int();
}

int64_t line_of(const Record* object) {
  int64_t position = position_of(object);
  const Code* code = code_of(object);
  return position < 0 ? code->first_line : code->positions[position].line;
}

/// Where the instruction begins to which a word of the code belongs, as an offset of dis.
int64_t instruction_offset(const Code* code, int64_t position) {
  int64_t start = 0;
  for (uint32_t at = 0; at <= position && at < code->instruction_count;) {
    start = at;
    at += instruction_size(code->instructions[at].opcode);
  }
  return start * 2;
}

// --- attributes ---

Result<Value> get_code(VM& vm, Value self) { return TRY(receiver(vm, self))->fields()[kCode]; }
Result<Value> get_line(VM& vm, Value self) {
  int64_t line = line_of(TRY(receiver(vm, self)));
  return line < 0 ? Value::none() : Value::small_int(line);
}
Result<Value> get_last_instruction(VM& vm, Value self) {
  Record* object = TRY(receiver(vm, self));
  int64_t position = position_of(object);
  return Value::small_int(position < 0 ? position : instruction_offset(code_of(object), position));
}
Result<Value> get_globals(VM& vm, Value self) {
  return as<Function>(TRY(receiver(vm, self))->fields()[kFunction])->globals;
}
Result<Value> get_builtins(VM& vm, Value self) {
  return as<Function>(TRY(receiver(vm, self))->fields()[kFunction])->builtins;
}
Result<Value> get_back(VM& vm, Value self) {
  Record* object = TRY(receiver(vm, self));
  Frame* frame = live_frame(object);
  if (!frame) return object->fields()[kBack];
  Frame* caller = caller_of(frame);
  if (!caller) return Value::none();
  return frame_object(vm, caller);
}
Result<Value> get_locals(VM& vm, Value self) {
  Record* object = TRY(receiver(vm, self));
  const Code* code = code_of(object);
  if (!(code->flags & Code::kOptimized)) {
    if (Frame* frame = live_frame(object)) return frame_locals(vm, frame);
    Value names = object->fields()[kExtra];
    return names.is_empty() ? Value(as<Function>(object->fields()[kFunction])->globals) : names;
  }
  Value module = TRY(vm.import_module("_frame_locals"));
  return vm.call(TRY(get_attribute(vm, module, TRY(intern(vm, "FrameLocalsProxy")))), {object});
}
Result<Value> get_trace(VM& vm, Value self) {
  return frame_trace(TRY(receiver(vm, self)))->function;
}
Result<void> set_trace(VM& vm, Value self, Value value) {
  Record* object = TRY(receiver(vm, self));
  frame_trace(object)->function = value.is_empty() ? Value::none() : value;
  vm.barrier(object);
  return {};
}

template <int64_t Flag>
Result<Value> get_trace_flag(VM& vm, Value self) {
  return Value::boolean(frame_trace(TRY(receiver(vm, self)))->has(Flag));
}
template <int64_t Flag>
Result<void> set_trace_flag(VM& vm, Value self, Value value) {
  Record* object = TRY(receiver(vm, self));
  if (!value.is_bool()) return vm.raise(Exc::TypeError, "attribute value type must be bool");
  frame_trace(object)->set(Flag, value.is_true());
  return {};
}

Result<Value> method_clear(VM& vm, Value self) {
  Record* object = TRY(receiver(vm, self));
  Frame* frame = live_frame(object);
  if (!frame) {
    object->fields()[kLocals] = Value();
    return Value::none();
  }
  if (!(frame->flags & Frame::kHeap))
    return vm.raise(Exc::RuntimeError, "cannot clear an executing frame");
  Generator* generator = generator_of(frame);
  if (generator_is_parked(generator))
    return vm.raise(Exc::RuntimeError, "cannot clear a suspended frame");
  if (generator->state != Generator::State::Created)
    return vm.raise(Exc::RuntimeError, "cannot clear an executing frame");
  TRY(generator_close(vm, generator));
  return Value::none();
}

Result<Value> method_repr(VM& vm, Value self) {
  Record* object = TRY(receiver(vm, self));
  const Code* code = code_of(object);
  char address[32];
  std::snprintf(address, sizeof address, "<frame at %p, file ", static_cast<void*>(object));
  return make_str(vm, address + TRY(repr_text(vm, code->filename)) + ", line " +
                          std::to_string(line_of(object)) + ", code " + to_utf8(code->name) + ">");
}

constexpr NativeFunctionDef kFrameMethods[] = {
    {"__repr__(self, /)", "Return repr(self).", bind<method_repr>()},
    {"clear(self, /)", "Clear all references held by the frame.", bind<method_clear>()},
};
constexpr NativeGetSetDef kFrameAttributes[] = {
    {"f_back", "frame of the caller, or None", get_back},
    {"f_builtins", "the builtins it sees", get_builtins},
    {"f_code", "code object being run", get_code},
    {"f_globals", "global variables", get_globals},
    {"f_lasti", "offset of the last instruction", get_last_instruction},
    {"f_lineno", "current line", get_line},
    {"f_locals", "local variables", get_locals},
    {"f_trace", "trace function of this frame, or None", get_trace, set_trace},
    {"f_trace_lines", "are there line events", get_trace_flag<FrameTrace::kLines>,
     set_trace_flag<FrameTrace::kLines>},
    {"f_trace_opcodes", "are there opcode events", get_trace_flag<FrameTrace::kOpcodes>,
     set_trace_flag<FrameTrace::kOpcodes>},
};

}  // namespace

FrameTrace* frame_trace(Record* object) {
  return reinterpret_cast<FrameTrace*>(object->fields() + kTrace);
}

int64_t frame_position(const Frame* frame) {
  int64_t next = frame->pc - frame->code->instructions;
  return frame->flags & Frame::kAtSend ? next : next - 1;
}

Result<Value> frame_locals(VM& vm, Frame* frame) {
  const Code* code = frame->code;
  if (!(code->flags & Code::kOptimized)) {
    Value names = frame->own_extra();
    return names.is_empty() ? Value(frame->function()->globals) : names;
  }
  Dict* locals = TRY(make_dict(vm));
  TRY(collect_locals(vm, locals, code, frame->registers(), frame->function()->closure));
  return locals;
}

Result<Value> frame_variable(VM& vm, Value self, Str* name, Value otherwise) {
  Cell* owner;
  Value* place = find_variable(TRY(receiver(vm, self)), name, &owner);
  return place && !place->is_empty() ? *place : otherwise;
}

Result<bool> set_frame_variable(VM& vm, Value self, Str* name, Value value) {
  Cell* owner;
  Value* place = find_variable(TRY(receiver(vm, self)), name, &owner);
  if (!place) return false;
  *place = value;
  if (owner)
    vm.barrier(owner);
  else
    parked_stacks_changed(vm);  // the frame may be another fiber's
  return true;
}

Result<List*> frame_variable_names(VM& vm, Value self) {
  Record* object = TRY(receiver(vm, self));
  const Code* code = code_of(object);
  List* names = TRY(make_list(vm, size_t{0}));
  Cell* owner;
  // Variables of closures come last, as in CPython.
  for (bool shared : {false, true}) {
    for (uint32_t i = 0; i < code->local_count; ++i) {
      Value name = code->local_names->values()[i];
      if (is_name_of(code->cell_names, name) != shared || to_utf8(as<Str>(name)).starts_with('.'))
        continue;
      Value* place = find_variable(object, as<Str>(name), &owner);
      if (place && !place->is_empty()) TRY(list_append(vm, names, name));
    }
  }
  for (uint64_t i = 0; code->free_names && i < code->free_names->length; ++i) {
    Value name = code->free_names->values()[i];
    Value* place = find_variable(object, as<Str>(name), &owner);
    if (place && !place->is_empty()) TRY(list_append(vm, names, name));
  }
  return names;
}

Result<Value> frame_extra_locals(VM& vm, Value self, bool create) {
  Record* object = TRY(receiver(vm, self));
  Value& extra = object->fields()[kExtraLocals];
  if (extra.is_empty() && create) {
    extra = TRY(make_dict(vm));
    vm.barrier(object);
  }
  return extra.is_empty() ? Value::none() : extra;
}

Result<Record*> frame_object(VM& vm, Frame* frame) {
  if (frame->flags & Frame::kHasObject) return as<Record>(frame->extra);
  Record* object = TRY(make_detached(vm, frame->code, frame->callee, 0));
  Value* fields = object->fields();
  fields[kExtra] = frame->extra;
  fields[kLive] = hidden_frame(frame);
  if (int64_t position = frame_position(frame); position >= 0) {
    frame_trace(object)->set_line(std::max(frame->code->positions[position].line, -1));
    frame_trace(object)->set_position(position);
  }
  frame->extra = object;
  frame->flags |= Frame::kHasObject;
  if (frame->flags & Frame::kHeap) {
    fields[kGenerator] = generator_of(frame);
    vm.barrier(generator_of(frame));
  } else {
    parked_stacks_changed(vm);
  }
  return object;
}

Result<Value> generator_frame(VM& vm, Value self) {
  Generator* generator = as<Generator>(self);
  if (generator->state == Generator::State::Finished) return Value::none();
  return frame_object(vm, &generator->frame);
}

void detach_frame(VM& vm, Frame* frame) {
  Record* object = as<Record>(frame->extra);
  // Memory may be short while an exception is on its way: then the copy stays incomplete.
  Value pending = vm.take_pending();
  Value back = Value::none();
  if (!(frame->flags & Frame::kHeap) && frame->caller) {
    auto made = frame_object(vm, frame->caller);
    if (made.is_ok()) back = made.value();
  }
  auto locals = make_tuple(vm, {frame->registers(), frame->code->local_count});
  (void)vm.take_pending();
  if (!pending.is_empty()) (void)vm.reraise(pending);
  Value* fields = object->fields();
  fields[kBack] = back;
  if (locals.is_ok()) fields[kLocals] = locals.value();
  fields[kPosition] = Value::small_int(frame_position(frame));
  fields[kLive] = fields[kGenerator] = Value();
  vm.barrier(object);
  frame->extra = fields[kExtra];
  if (frame->flags & Frame::kHeap) vm.barrier(generator_of(frame));
  frame->flags &= ~Frame::kHasObject;
}

extern const NativeTypeDef kFrameType = {"frame", nullptr, kFrameMethods, kFrameAttributes,
                                         Type::kDisallowNew};

// --- tracebacks ---

namespace {

Result<Traceback*> traceback_receiver(VM& vm, Value self) {
  if (Traceback* level = try_as<Traceback>(self)) return level;
  return vm.raise(Exc::TypeError, "descriptor requires a 'traceback' object but received a '{}'",
                  vm.type_of(self));
}

Result<Value> get_traceback_frame(VM& vm, Value self) {
  Traceback* level = TRY(traceback_receiver(vm, self));
  if (is_exact(level->frame, BuiltinType::Frame)) return level->frame;
  Record* object = nullptr;
  if (level->frame.is_small_int()) {
    const Frame* remembered = revealed_frame(level->frame);
    for (Frame* frame = vm.current_frame(); frame && !object; frame = frame->caller)
      if (frame == remembered && frame->code == level->code) object = TRY(frame_object(vm, frame));
  }
  if (!object) {
    Function* function = TRY(vm.allocate<Function>(BuiltinType::Function));
    function->code = level->code;
    function->globals = as<Dict>(level->globals);
    function->builtins = vm.builtins();
    object = TRY(make_detached(vm, level->code, function, static_cast<int64_t>(level->position)));
  }
  level->frame = object;
  vm.barrier(level);
  return object;
}

Result<Value> get_traceback_line(VM& vm, Value self) {
  const Traceback* level = TRY(traceback_receiver(vm, self));
  const Code* code = level->code;
  int32_t line = level->position < code->position_count ? code->positions[level->position].line
                                                        : code->first_line;
  return line < 0 ? Value::none() : Value::small_int(line);
}
Result<Value> get_traceback_instruction(VM& vm, Value self) {
  Traceback* level = TRY(traceback_receiver(vm, self));
  return Value::small_int(instruction_offset(level->code, static_cast<int64_t>(level->position)));
}
Result<Value> get_traceback_next(VM& vm, Value self) {
  return TRY(traceback_receiver(vm, self))->next;
}
Result<void> set_traceback_next(VM& vm, Value self, Value value) {
  Traceback* level = TRY(traceback_receiver(vm, self));
  if (value.is_empty()) return vm.raise(Exc::TypeError, "can't delete tb_next attribute");
  if (!value.is_none() && !is_kind(value, CellKind::Traceback))
    return vm.raise(Exc::TypeError, "expected traceback object or None, got '{}'",
                    vm.type_of(value));
  for (Value v = value; Traceback* at = try_as<Traceback>(v); v = at->next)
    if (at == level) return vm.raise(Exc::ValueError, "traceback loop detected");
  level->next = value;
  vm.barrier(level);
  return {};
}

/// TracebackType(tb_next, tb_frame, tb_lasti, tb_lineno)
Result<Value> new_traceback(VM& vm, Value, Value next, Value frame, int64_t last_instruction,
                            int64_t line) {
  if (!next.is_none() && !is_kind(next, CellKind::Traceback))
    return vm.raise(Exc::TypeError, "expected traceback object or None, got '{}'",
                    vm.type_of(next));
  if (!is_exact(frame, BuiltinType::Frame))
    return vm.raise(Exc::TypeError, "traceback() argument 'tb_frame' must be frame, not {}",
                    vm.type_of(frame));
  Record* object = as<Record>(frame);
  Code* code = code_of(object);
  Traceback* level = TRY(vm.allocate<Traceback>(BuiltinType::Traceback));
  level->next = next;
  level->code = code;
  level->frame = object;
  level->globals = as<Function>(object->fields()[kFunction])->globals;
  // The line comes from the instruction: the one named, else the first of that line.
  uint64_t position = static_cast<uint64_t>(std::max<int64_t>(last_instruction, 0)) / 2;
  auto is_on_line = [&](uint64_t i) {
    return i < code->instruction_count && code->positions[i].line == line;
  };
  if (!is_on_line(position)) {
    for (position = 0; position + 1 < code->instruction_count && !is_on_line(position);
         ++position) {
    }
  }
  level->position = position;
  return level;
}

Result<Value> traceback_dir(VM& vm, Value) {
  List* names = TRY(make_list(vm, size_t{0}));
  for (const char* name : {"tb_frame", "tb_next", "tb_lasti", "tb_lineno"})
    TRY(list_append(vm, names, TRY(make_str(vm, name))));
  return names;
}

constexpr NativeFunctionDef kTracebackMethods[] = {
    {"__new__(cls, tb_next, tb_frame, tb_lasti, tb_lineno)", "Create a new traceback object.",
     bind<new_traceback>(), NativeFunctionDef::kStatic},
    {"__dir__(self, /)", "Names of the attributes.", bind<traceback_dir>()},
};
constexpr NativeGetSetDef kTracebackAttributes[] = {
    {"tb_frame", "frame object of this level", get_traceback_frame},
    {"tb_lasti", "offset of the instruction", get_traceback_instruction},
    {"tb_lineno", "line of the instruction", get_traceback_line},
    {"tb_next", "the level further in, or None", get_traceback_next, set_traceback_next},
};

}  // namespace

extern const NativeTypeDef kTracebackType = {"traceback", nullptr, kTracebackMethods,
                                             kTracebackAttributes, 0};

}  // namespace apy
