// Code objects, frames and tracebacks as scripts see them.
#include "vm/binding/bind.h"
#include "vm/bytecode/code.h"
#include "vm/objects/descriptor.h"
#include "vm/objects/frame_object.h"

namespace apy {

namespace {

Code* code_of(Value self) { return as<Code>(self); }

int32_t line_at(const Code* code, uint64_t position) {
  if (position >= code->position_count) return code->first_line;
  int32_t line = code->positions[position].line;
  return line > 0 ? line : code->first_line;
}

Result<Value> code_repr(VM& vm, Value self) {
  Code* code = try_as<Code>(self);
  if (!code) return vm.raise(Exc::TypeError, "expected a code object, not '{}'", vm.type_of(self));
  char address[32];
  std::snprintf(address, sizeof address, "0x%012lx", static_cast<unsigned long>(self.bits()));
  return make_str(vm, "<code object " + to_utf8(code->name) + " at " + address + ", file \"" +
                          to_utf8(code->filename) + "\", line " + std::to_string(code->first_line) + ">");
}

Result<Value> tuple_or_empty(VM& vm, Tuple* tuple) {
  if (tuple) return tuple;
  return TRY(make_tuple(vm, size_t{0}));
}

template <uint32_t Code::* Field>
Result<Value> get_count(VM&, Value self) {
  return Value::small_int(code_of(self)->*Field);
}
Result<Value> get_co_name(VM&, Value self) { return code_of(self)->name; }
Result<Value> get_co_qualname(VM&, Value self) { return code_of(self)->qualname; }
Result<Value> get_co_filename(VM&, Value self) { return code_of(self)->filename; }
Result<Value> get_co_firstlineno(VM&, Value self) { return Value::small_int(code_of(self)->first_line); }
/// In CPython's order cell variables that are no parameters are not among them.
Result<Value> get_co_varnames(VM& vm, Value self) { return tuple_or_empty(vm, code_of(self)->local_names); }
Result<Value> get_co_cellvars(VM& vm, Value self) { return tuple_or_empty(vm, code_of(self)->cell_names); }
Result<Value> get_co_freevars(VM& vm, Value self) { return tuple_or_empty(vm, code_of(self)->free_names); }
Result<Value> get_co_flags(VM&, Value self) { return Value::small_int(code_of(self)->flags & 0xFFFFFF); }
Result<Value> get_co_consts(VM& vm, Value self) {
  Code* code = code_of(self);
  return TRY(make_tuple(vm, std::span<const Value>(code->constants, code->constant_count)));
}
Result<Value> get_co_names(VM& vm, Value self) {
  (void)self;
  return TRY(make_tuple(vm, size_t{0}));
}

/// (start, end, line) for each run of instructions of one line.
Result<Value> code_lines(VM& vm, Value self) {
  Code* code = try_as<Code>(self);
  if (!code) return vm.raise(Exc::TypeError, "expected a code object, not '{}'", vm.type_of(self));
  List* list = TRY(make_list(vm, size_t{0}));
  for (uint32_t i = 0; i < code->position_count;) {
    uint32_t begin = i;
    int32_t line = code->positions[i].line;
    while (i < code->position_count && code->positions[i].line == line) ++i;
    Value entry[3] = {Value::small_int(begin), Value::small_int(i), line > 0 ? Value::small_int(line) : Value::none()};
    TRY(list_append(vm, list, TRY(make_tuple(vm, entry))));
  }
  return get_iterator(vm, list);
}

Result<Value> code_positions(VM& vm, Value self) {
  Code* code = try_as<Code>(self);
  if (!code) return vm.raise(Exc::TypeError, "expected a code object, not '{}'", vm.type_of(self));
  List* list = TRY(make_list(vm, size_t{code->position_count}));
  auto number = [](int32_t n) { return n >= 0 ? Value::small_int(n) : Value::none(); };
  for (uint32_t i = 0; i < code->position_count; ++i) {
    const Position& p = code->positions[i];
    Value entry[4] = {number(p.line), number(p.end_line), number(p.column), number(p.end_column)};
    TRY(list_append(vm, list, TRY(make_tuple(vm, entry))));
  }
  return get_iterator(vm, list);
}

constexpr NativeFunctionDef kCodeMethods[] = {
    {"__repr__(self, /)", "Return repr(self).", bind<code_repr>()},
    {"co_lines(self, /)", nullptr, bind<code_lines>()},
    {"co_positions(self, /)", nullptr, bind<code_positions>()},
};
constexpr NativeGetSetDef kCodeAttributes[] = {
    {"co_name", nullptr, get_co_name},
    {"co_qualname", nullptr, get_co_qualname},
    {"co_filename", nullptr, get_co_filename},
    {"co_firstlineno", nullptr, get_co_firstlineno},
    {"co_argcount", nullptr, get_count<&Code::argument_count>},
    {"co_posonlyargcount", nullptr, get_count<&Code::positional_only_count>},
    {"co_kwonlyargcount", nullptr, get_count<&Code::keyword_only_count>},
    {"co_nlocals", nullptr, get_count<&Code::local_count>},
    {"co_stacksize", nullptr, get_count<&Code::register_count>},
    {"co_varnames", nullptr, get_co_varnames},
    {"co_cellvars", nullptr, get_co_cellvars},
    {"co_freevars", nullptr, get_co_freevars},
    {"co_flags", nullptr, get_co_flags},
    {"co_consts", nullptr, get_co_consts},
    {"co_names", nullptr, get_co_names},
};

// --- frame ---

using FrameSelf = RecordOf<BuiltinType::Frame>;

template <int N>
Result<Value> get_frame_field(VM&, Value self) {
  return as<Record>(self)->fields()[N];
}
Result<Value> get_f_locals(VM&, Value self) {
  const Value* fields = as<Record>(self)->fields();
  return fields[kFrameLocals].is_none() ? fields[kFrameGlobals] : fields[kFrameLocals];
}
Result<Value> get_f_builtins(VM& vm, Value) { return vm.builtins(); }
Result<Value> get_f_trace(VM&, Value) { return Value::none(); }
Result<Value> frame_repr(VM& vm, FrameSelf self) {
  const Code* code = as<Code>(self->fields()[kFrameCode]);
  char address[32];
  std::snprintf(address, sizeof address, "0x%012lx", static_cast<unsigned long>(Value(self.record).bits()));
  return make_str(vm, std::string("<frame at ") + address + ", file '" + to_utf8(code->filename) + "', line " +
                          TRY(str_text(vm, self->fields()[kFrameLine])) + ", code " + to_utf8(code->name) + ">");
}
Result<void> frame_clear(VM&, FrameSelf) { return {}; }

constexpr NativeFunctionDef kFrameMethods[] = {
    {"__repr__(self, /)", "Return repr(self).", bind<frame_repr>()},
    {"clear(self, /)", "Clear most references held by the frame.", bind<frame_clear>()},
};
constexpr NativeGetSetDef kFrameAttributes[] = {
    {"f_code", nullptr, get_frame_field<kFrameCode>},
    {"f_globals", nullptr, get_frame_field<kFrameGlobals>},
    {"f_builtins", nullptr, get_f_builtins},
    {"f_lineno", nullptr, get_frame_field<kFrameLine>},
    {"f_back", nullptr, get_frame_field<kFrameBack>},
    {"f_locals", nullptr, get_f_locals},
    {"f_lasti", nullptr, get_frame_field<kFrameInstruction>},
    {"f_trace", nullptr, get_f_trace},
};

// --- traceback ---

Result<Value> traceback_new(VM& vm, Value cls, Value next, Value frame, int64_t position, int64_t line) {
  (void)cls;
  (void)line;
  if (!next.is_none() && !is_kind(next, CellKind::Traceback))
    return vm.raise(Exc::TypeError, "expected traceback object or None, got '{}'", vm.type_of(next));
  if (!is_exact(frame, BuiltinType::Frame))
    return vm.raise(Exc::TypeError, "traceback() argument 'tb_frame' must be frame, not {}", vm.type_of(frame));
  Traceback* level = TRY(vm.allocate<Traceback>(BuiltinType::Traceback));
  level->next = next;
  level->frame = frame;
  level->code = as<Code>(as<Record>(frame)->fields()[kFrameCode]);
  level->globals = as<Record>(frame)->fields()[kFrameGlobals];
  level->position = position < 0 ? 0 : static_cast<uint64_t>(position);
  return level;
}

Result<Value> get_tb_next(VM&, Value self) {
  Value next = as<Traceback>(self)->next;
  return next.is_empty() ? Value::none() : next;
}
Result<void> set_tb_next(VM& vm, Value self, Value value) {
  if (value.is_empty()) return vm.raise(Exc::TypeError, "can't delete tb_next attribute");
  if (!value.is_none() && !is_kind(value, CellKind::Traceback))
    return vm.raise(Exc::TypeError, "expected traceback object, got '{}'", vm.type_of(value));
  for (Traceback* at = try_as<Traceback>(value); at; at = try_as<Traceback>(at->next))
    if (Value(at).is(self)) return vm.raise(Exc::ValueError, "traceback loop detected");
  as<Traceback>(self)->next = value;
  vm.barrier(self.cell());
  return {};
}
Result<Value> get_tb_lineno(VM&, Value self) {
  const Traceback* level = as<Traceback>(self);
  return Value::small_int(line_at(level->code, level->position));
}
Result<Value> get_tb_lasti(VM&, Value self) {
  return Value::small_int(static_cast<int64_t>(as<Traceback>(self)->position));
}
Result<Value> get_tb_frame(VM& vm, Value self) {
  Traceback* level = as<Traceback>(self);
  if (level->frame.is_empty() || level->frame.is_none()) {
    Value made = TRY(make_frame_object(vm, level->code, level->globals, level->position, Value::none(), Value::none()));
    level->frame = made;
    vm.barrier(level);
  }
  return level->frame;
}

constexpr NativeFunctionDef kTracebackMethods[] = {
    {"__new__(cls, tb_next, tb_frame, tb_lasti, tb_lineno)", "Create a new traceback object.", bind<traceback_new>(),
     NativeFunctionDef::kStatic},
};
constexpr NativeGetSetDef kTracebackAttributes[] = {
    {"tb_next", nullptr, get_tb_next, set_tb_next},
    {"tb_lineno", nullptr, get_tb_lineno},
    {"tb_lasti", nullptr, get_tb_lasti},
    {"tb_frame", nullptr, get_tb_frame},
};

}  // namespace

Result<Value> make_frame_object(VM& vm, Code* code, Value globals, uint64_t position, Value back, Value locals) {
  if (globals.is_empty()) globals = Value::none();
  return TRY(vm.make_record(BuiltinType::Frame, {code, globals, Value::small_int(line_at(code, position)), back, locals,
                                                 Value::small_int(static_cast<int64_t>(position))}));
}

extern const NativeTypeDef kCodeType = {"code", "Create a code object.", kCodeMethods, kCodeAttributes,
                                        Type::kDisallowNew | Type::kHasWeakref};
extern const NativeTypeDef kFrameType = {"frame", nullptr, kFrameMethods, kFrameAttributes, Type::kDisallowNew};
extern const NativeTypeDef kTracebackType = {"traceback", "Create a new traceback object.", kTracebackMethods,
                                             kTracebackAttributes};

}  // namespace apy
