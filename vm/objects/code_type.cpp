// Code objects as scripts see them.
#include "vm/binding/bind.h"
#include "vm/bytecode/code.h"
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
