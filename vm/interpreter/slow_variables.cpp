// Slow paths: variables, globals, names.
#include "vm/interpreter/inline_caches.h"
#include "vm/interpreter/interpreter.h"
#include "vm/interpreter/messages.h"
#include "vm/objects/protocol.h"

namespace apy::slow {

namespace {

#define REGISTERS Value* r = frame->registers()
Str* name_constant(Frame* frame, uint16_t index) { return as<Str>(frame->code->constants[index]); }

/// Byte offset of an entry's value from the table.
uint32_t value_offset(Dict* dict, int64_t index) {
  const char* address = reinterpret_cast<const char*>(&dict->table->entries()[index].value);
  return static_cast<uint32_t>(address - reinterpret_cast<const char*>(dict->table));
}

Error raise_name_error(VM& vm, Exc type, Str* name, std::string_view format) {
  Error error = vm.raise(type, format, name);
  if (is_exception(vm.pending())) {
    as<Exception>(vm.pending())->fields[0] = name;
    vm.barrier(vm.pending().cell());
  }
  return error;
}

bool name_not_defined(VM& vm, Str* name) {
  (void)raise_name_error(vm, Exc::NameError, name, "name '{}' is not defined");
  return false;
}

bool unbound(VM& vm, Frame* frame, Str* name, bool free_variable) {
  (void)frame;
  if (free_variable) {
    (void)raise_name_error(vm, Exc::NameError, name,
                           "cannot access free variable '{}' where it is not associated with a "
                           "value in enclosing scope");
  } else {
    (void)vm.raise(Exc::UnboundLocalError,
                   "cannot access local variable '{}' where it is not associated with a value",
                   name);
  }
  return false;
}

bool is_free_variable(const Frame* frame, const Str* name) {
  const Tuple* names = frame->code->free_names;
  if (!names) return false;
  for (Value v : names->span())
    if (v.cell() == name) return true;
  return false;
}

Dict* globals_of(Frame* frame) { return frame->function()->globals; }

/// The class body's or exec's own namespace; empty when it is the globals.
Value namespace_of(Frame* frame) { return frame->own_extra(); }

/// Globals and builtins may be of subclasses of dict with an own __getitem__ or __missing__.
int lookup_global(VM& vm, Frame* frame, Str* name, Value* out) {
  int found = lookup_in_mapping(vm, globals_of(frame), name, out);
  return found ? found : lookup_in_mapping(vm, frame->function()->builtins, name, out);
}

bool load_global(VM& vm, Frame* frame, Str* name, Value* out) {
  int found = lookup_global(vm, frame, name, out);
  return found > 0 || (!found && name_not_defined(vm, name));
}

}  // namespace

int lookup_in_mapping(VM& vm, Value mapping, Str* name, Value* out) {
  if (is_exact(mapping, BuiltinType::Dict)) {
    *out = dict_get_str(vm, as<Dict>(mapping), name);
    return !out->is_empty();
  }
  auto item = get_item(vm, mapping, name);
  if (item.is_ok()) {
    *out = item.value();
    return 1;
  }
  return vm.catch_pending(Exc::KeyError) ? 0 : -1;
}

bool CheckBound(VM& vm, Frame* frame, Instruction* i) {
  return unbound(vm, frame, name_constant(frame, i->b), false);
}

bool MakeCell(VM& vm, Frame* frame, Instruction* i) {
  REGISTERS;
  auto cell = make_cell_variable(vm, r[i->a]);
  if (cell.is_error()) return false;
  r[i->a] = cell.value();
  return true;
}

bool LoadCell(VM& vm, Frame* frame, Instruction* i) {
  Str* name = name_constant(frame, i->c);
  // A class body has no `__class__` itself; its comprehensions are run in it.
  if ((frame->code->flags & Code::kClassBody) && name == vm.names().class_)
    return name_not_defined(vm, name);
  return unbound(vm, frame, name, is_free_variable(frame, name));
}

bool ClearCell(VM& vm, Frame* frame, Instruction* i) {
  CellVariable* cell = as<CellVariable>(frame->registers()[i->a]);
  if (cell->value.is_empty()) {
    Str* name = name_constant(frame, i->b);
    return unbound(vm, frame, name, is_free_variable(frame, name));
  }
  cell->value = Value();
  return true;
}

bool LoadGlobal(VM& vm, Frame* frame, Instruction* i) {
  Str* name = name_constant(frame, i->b);
  Function* function = frame->function();
  Dict* globals = function->globals;
  GlobalCache* cache = global_cache(i);
  bool is_plain =
      is_exact(globals, BuiltinType::Dict) && is_exact(function->builtins, BuiltinType::Dict);
  if (is_plain && globals->has_only_str_keys()) {
    int64_t index = dict_find_str(vm, globals, name);
    if (index >= 0) {
      cache->layout = globals->layout;
      cache->offset = value_offset(globals, index);
      i->opcode = Opcode::LoadGlobalModule;
      frame->registers()[i->a] = globals->table->entries()[index].value;
      return true;
    }
    Dict* builtins = function->builtins;
    if (builtins->has_only_str_keys()) {
      index = dict_find_str(vm, builtins, name);
      if (index < 0) return name_not_defined(vm, name);
      cache->layout = globals->layout;
      cache->builtins_layout = builtins->layout;
      cache->offset = value_offset(builtins, index);
      i->opcode = Opcode::LoadGlobalBuiltin;
      frame->registers()[i->a] = builtins->table->entries()[index].value;
      return true;
    }
  }
  Value value;
  if (!load_global(vm, frame, name, &value)) return false;
  frame->registers()[i->a] = value;
  return true;
}

bool StoreGlobal(VM& vm, Frame* frame, Instruction* i) {
  return dict_set_str(vm, globals_of(frame), name_constant(frame, i->b), frame->registers()[i->a])
      .is_ok();
}

bool DeleteGlobal(VM& vm, Frame* frame, Instruction* i) {
  Str* name = name_constant(frame, i->a);
  auto removed = dict_remove(vm, globals_of(frame), name, nullptr);
  if (removed.is_error()) return false;
  return removed.value() || name_not_defined(vm, name);
}

bool LoadName(VM& vm, Frame* frame, Instruction* i) {
  Str* name = name_constant(frame, i->b);
  Value value;
  int found = 0;
  if (!namespace_of(frame).is_empty()) {
    found = lookup_in_mapping(vm, namespace_of(frame), name, &value);
    if (found < 0) return false;
  }
  if (!found && !load_global(vm, frame, name, &value)) return false;
  frame->registers()[i->a] = value;
  return true;
}

bool StoreName(VM& vm, Frame* frame, Instruction* i) {
  Str* name = name_constant(frame, i->b);
  Value value = frame->registers()[i->a];
  Value names = namespace_of(frame);
  if (names.is_empty()) names = globals_of(frame);
  if (is_exact(names, BuiltinType::Dict))
    return dict_set_str(vm, as<Dict>(names), name, value).is_ok();
  return set_item(vm, names, name, value).is_ok();
}

bool DeleteName(VM& vm, Frame* frame, Instruction* i) {
  Str* name = name_constant(frame, i->a);
  Value names = namespace_of(frame);
  if (names.is_empty()) names = globals_of(frame);
  if (delete_item(vm, names, name).is_ok()) return true;
  if (!vm.catch_pending(Exc::KeyError)) return false;
  return name_not_defined(vm, name);
}

bool LoadNameOrCell(VM& vm, Frame* frame, Instruction* i) {
  REGISTERS;
  Str* name = name_constant(frame, i->c);
  Value value;
  int found =
      namespace_of(frame).is_empty() ? 0 : lookup_in_mapping(vm, namespace_of(frame), name, &value);
  if (found < 0) return false;
  if (!found) value = as<CellVariable>(r[i->b])->value;
  if (value.is_empty()) return unbound(vm, frame, name, true);
  r[i->a] = value;
  return true;
}

bool LoadNamespace(VM&, Frame* frame, Instruction* i) {
  Value names = namespace_of(frame);
  frame->registers()[i->a] = names.is_empty() ? Value(globals_of(frame)) : names;
  return true;
}

bool LoadBuildClass(VM& vm, Frame* frame, Instruction* i) {
  Value value = dict_get_str(vm, frame->function()->builtins, vm.names().build_class);
  if (value.is_empty()) {
    (void)vm.raise(Exc::NameError, "__build_class__ not found");
    return false;
  }
  frame->registers()[i->a] = value;
  return true;
}

}  // namespace apy::slow
