// Code objects as scripts see them.
#include <algorithm>

#include "vm/binding/bind.h"
#include "vm/bytecode/code.h"
#include "vm/bytecode/opcode_info.h"
#include "vm/objects/protocol.h"

namespace apy {

namespace {

Code* code_of(Value self) { return as<Code>(self); }

Result<Value> code_repr(VM& vm, Value self) {
  Code* code = try_as<Code>(self);
  if (!code) return vm.raise(Exc::TypeError, "expected a code object, not '{}'", vm.type_of(self));
  char address[32];
  std::snprintf(address, sizeof address, "0x%012lx", static_cast<unsigned long>(self.bits()));
  return make_str(vm, "<code object " + to_utf8(code->name) + " at " + address + ", file \"" +
                          to_utf8(code->filename) + "\", line " + std::to_string(code->first_line) +
                          ">");
}

Result<Value> tuple_or_empty(VM& vm, Tuple* tuple) {
  if (tuple) return tuple;
  return TRY(make_tuple(vm, size_t{0}));
}

template <uint32_t Code::*Field>
Result<Value> get_count(VM&, Value self) {
  return Value::small_int(code_of(self)->*Field);
}
Result<Value> get_co_name(VM&, Value self) { return code_of(self)->name; }
Result<Value> get_co_qualname(VM&, Value self) { return code_of(self)->qualname; }
Result<Value> get_co_filename(VM&, Value self) { return code_of(self)->filename; }
Result<Value> get_co_firstlineno(VM&, Value self) {
  return Value::small_int(code_of(self)->first_line);
}
/// In CPython's order cell variables that are no parameters are not among them.
Result<Value> get_co_varnames(VM& vm, Value self) {
  return tuple_or_empty(vm, code_of(self)->local_names);
}
Result<Value> get_co_cellvars(VM& vm, Value self) {
  return tuple_or_empty(vm, code_of(self)->cell_names);
}
Result<Value> get_co_freevars(VM& vm, Value self) {
  return tuple_or_empty(vm, code_of(self)->free_names);
}
Result<Value> get_co_flags(VM&, Value self) {
  return Value::small_int(code_of(self)->flags & 0x3FFFFFF);
}
Result<Value> get_co_consts(VM& vm, Value self) {
  Code* code = code_of(self);
  return TRY(make_tuple(vm, std::span<const Value>(code->constants, code->constant_count)));
}
/// Names of globals and attributes, in the order of their first use.
Result<Value> get_co_names(VM& vm, Value self) {
  const Code* code = code_of(self);
  List* names = TRY(make_list(vm, size_t{0}));
  for (uint32_t at = 0; at < code->instruction_count;) {
    const Instruction& instruction = code->instructions[at];
    const OpcodeInfo& info = opcode_info(instruction.opcode);
    at += instruction_size(instruction.opcode);
    // Those of variables are there for error messages.
    bool is_variable =
        instruction.opcode == Opcode::CheckBound || instruction.opcode == Opcode::LoadCell ||
        instruction.opcode == Opcode::ClearCell || instruction.opcode == Opcode::LoadNameOrCell;
    const uint16_t operands[] = {instruction.a, instruction.b, instruction.c};
    for (int i = 0; i < 3 && !is_variable; ++i) {
      if (info.operands[i] != OperandKind::Name) continue;
      Value name = code->constants[operands[i]];
      auto known = std::span<const Value>(names->span());
      bool is_new = std::none_of(known.begin(), known.end(), [&](Value v) { return v.is(name); });
      if (is_new) TRY(list_append(vm, names, name));
    }
  }
  return make_tuple(vm, names->span());
}

// --- replace ---

Result<void> replace_text(VM& vm, Value value, const char* name, Str** out) {
  if (!is_kind(value, CellKind::Str))
    return vm.raise(Exc::TypeError, "replace() argument '{}' must be str, not {}", name,
                    vm.type_of(value));
  *out = TRY(intern(vm, as<Str>(value)));
  return {};
}

/// As many names as there are: they are all that can change.
Result<void> replace_names(VM& vm, Value value, const char* name, Tuple** out) {
  const Tuple* names = try_as<Tuple>(value);
  if (!names)
    return vm.raise(Exc::TypeError, "replace() argument '{}' must be tuple, not {}", name,
                    vm.type_of(value));
  if (names->length != (*out ? (*out)->length : 0))
    return vm.raise(Exc::ValueError, "code: {} has to be as long as it was", name);
  if (!*out) return {};
  Tuple* made = TRY(make_tuple(vm, names->length));
  for (uint64_t i = 0; i < names->length; ++i) {
    if (!is_kind(names->values()[i], CellKind::Str))
      return vm.raise(Exc::TypeError, "name tuples must contain only strings, not '{}'",
                      vm.type_of(names->values()[i]));
    made->values()[i] = TRY(intern(vm, as<Str>(names->values()[i])));
    vm.barrier(made);
  }
  *out = made;
  return {};
}

Result<void> replace_constants(VM& vm, Code* code, Value value) {
  const Tuple* constants = try_as<Tuple>(value);
  if (!constants)
    return vm.raise(Exc::TypeError, "replace() argument 'co_consts' must be tuple, not {}",
                    vm.type_of(value));
  if (constants->length != code->constant_count)
    return vm.raise(Exc::ValueError, "code: co_consts has to be as long as it was");
  // Names and code objects are read as such.
  for (uint32_t i = 0; i < code->constant_count; ++i) {
    Value old = code->constants[i], now = constants->values()[i];
    if (is_kind(old, CellKind::Code) != is_kind(now, CellKind::Code) ||
        (is_kind(old, CellKind::Str) && !old.is(now)) ||
        (is_kind(old, CellKind::Tuple) && !is_kind(now, CellKind::Tuple)))
      return vm.raise(Exc::ValueError, "code: a constant of another kind in co_consts");
  }
  code->constant_storage = TRY(make_value_array(vm, code->constant_count));
  vm.barrier(code);
  std::copy_n(constants->values(), code->constant_count, code->constant_storage->values());
  vm.barrier(code->constant_storage);
  code->constants = code->constant_storage->values();
  return {};
}

Result<void> replace_part(VM& vm, Code* code, std::string_view name, Value value) {
  if (name == "co_name") return replace_text(vm, value, "co_name", &code->name);
  if (name == "co_qualname") return replace_text(vm, value, "co_qualname", &code->qualname);
  if (name == "co_filename") return replace_text(vm, value, "co_filename", &code->filename);
  if (name == "co_varnames") return replace_names(vm, value, "co_varnames", &code->local_names);
  if (name == "co_freevars") return replace_names(vm, value, "co_freevars", &code->free_names);
  if (name == "co_cellvars") return replace_names(vm, value, "co_cellvars", &code->cell_names);
  if (name == "co_consts") return replace_constants(vm, code, value);
  if (name == "co_firstlineno") {
    code->first_line = static_cast<int32_t>(TRY(to_int64(vm, value)));
    return {};
  }
  if (name == "co_flags") {
    // What the engine relies on stays as it is.
    constexpr uint32_t kFree = Code::kNested | Code::kIterableCoroutine;
    auto flags = static_cast<uint32_t>(TRY(to_int64(vm, value)));
    if ((flags ^ code->flags) & 0x3FFFFFF & ~kFree)
      return vm.raise(Exc::ValueError, "code: co_flags cannot be changed that way");
    code->flags = (code->flags & ~kFree) | (flags & kFree);
    return {};
  }
  for (const char* fixed :
       {"co_argcount", "co_posonlyargcount", "co_kwonlyargcount", "co_nlocals", "co_stacksize",
        "co_code", "co_names", "co_linetable", "co_exceptiontable"})
    if (name == fixed) return vm.raise(Exc::ValueError, "code: {} cannot be changed", name);
  return vm.raise(Exc::TypeError, "replace() got an unexpected keyword argument '{}'", name);
}

Result<Value> code_replace(VM& vm, const Arguments& arguments) {
  Code* code = arguments.positional_count ? try_as<Code>(arguments.values[0]) : nullptr;
  if (!code || arguments.positional_count != 1)
    return vm.raise(Exc::TypeError, "replace() takes keyword arguments only");
  Code* copy = TRY(vm.allocate<Code>(BuiltinType::Code));
  Cell header = *copy;
  *copy = *code;
  static_cast<Cell&>(*copy) = header;
  copy->next_in_vm = vm.code_list();
  vm.code_list() = copy;
  vm.barrier(copy);
  for (uint32_t i = 0; i < arguments.keyword_count(); ++i) {
    std::string name = to_utf8(as<Str>(arguments.keyword_names->values()[i]));
    TRY(replace_part(vm, copy, name, arguments.keyword_values()[i]));
    vm.barrier(copy);
  }
  return copy;
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
    Value entry[3] = {Value::small_int(begin), Value::small_int(i),
                      line > 0 ? Value::small_int(line) : Value::none()};
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
    {"replace(self, /, **changes)",
     "Return a copy of the code object with new values for the parts.", bind<code_replace>()},
    {"__replace__(self, /, **changes)", "The same as replace().", bind<code_replace>()},
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

}  // namespace

extern const NativeTypeDef kCodeType = {"code", "Create a code object.", kCodeMethods,
                                        kCodeAttributes, Type::kDisallowNew | Type::kHasWeakref};

}  // namespace apy
