// Slow paths: match statement, imports, rare operations.
#include "vm/interpreter/import.h"
#include "vm/interpreter/interpreter.h"
#include "vm/interpreter/type_parameters.h"
#include "vm/objects/protocol.h"
#include "vm/objects/set.h"

namespace apy::slow {

namespace {
#define REGISTERS Value* r = frame->registers()
Str* name_constant(Frame* frame, uint16_t index) { return as<Str>(frame->code->constants[index]); }

template <class T>
bool put(Frame* frame, uint32_t register_index, Result<T> result) {
  Result<Value> value = result;
  if (value.is_error()) return false;
  frame->registers()[register_index] = value.value();
  return true;
}
}  // namespace

// --- match ---

bool MatchSequence(VM& vm, Frame* frame, Instruction* i) {
  REGISTERS;
  r[i->a] = Value::boolean(vm.type_of(r[i->b])->flags & Type::kSequence);
  return true;
}

bool MatchMapping(VM& vm, Frame* frame, Instruction* i) {
  REGISTERS;
  r[i->a] = Value::boolean(vm.type_of(r[i->b])->flags & Type::kMapping);
  return true;
}

namespace {

/// Values of `keys` in the mapping, or None when one is missing.
Result<Value> match_keys(VM& vm, Value subject, Tuple* keys) {
  Tuple* values = TRY(make_tuple(vm, keys->length));
  if (keys->length == 0) return values;
  Set* seen = TRY(make_set(vm));
  Value sentinel = TRY(make_tuple(vm, 1));  // a value of our own: "absent"
  for (uint64_t n = 0; n < keys->length; ++n) {
    Value key = keys->values()[n];
    if (!TRY(set_add(vm, seen, key))) {
      std::string text = TRY(repr_text(vm, key));
      return vm.raise(Exc::ValueError, "mapping pattern checks duplicate key ({})", text);
    }
    Value value;
    if (is_exact(subject, BuiltinType::Dict)) {
      if (!TRY(dict_get(vm, as<Dict>(subject), key, &value))) return Value::none();
    } else {
      value = TRY(vm.call_method(subject, vm.names().get, {key, sentinel}));
      if (value.is(sentinel)) return Value::none();
    }
    values->values()[n] = value;
    vm.barrier(values);
  }
  return values;
}

/// Types whose single positional sub-pattern matches the subject itself.
bool matches_itself(VM& vm, const Type* type) {
  constexpr BuiltinType kSelf[] = {
      BuiltinType::Bool,  BuiltinType::ByteArray, BuiltinType::Bytes, BuiltinType::Dict,
      BuiltinType::Float, BuiltinType::FrozenSet, BuiltinType::Int,   BuiltinType::List,
      BuiltinType::Set,   BuiltinType::Str,       BuiltinType::Tuple};
  for (BuiltinType id : kSelf)
    if (type->is_subtype_of(vm.type(id))) return true;
  return false;
}

/// The attribute, or empty when it does not exist; a name matched twice is an error.
Result<bool> match_attribute(VM& vm, Value subject, Type* type, Value name, Set* seen, Value* out) {
  if (!TRY(set_add(vm, seen, name)))
    return vm.raise(Exc::TypeError, "{}() got multiple sub-patterns for attribute {}", type,
                    TRY(repr_text(vm, name)));
  return get_attribute_optional(vm, subject, as<Str>(name), out);
}

Result<Value> match_class(VM& vm, Value subject, Value cls, Tuple* keywords, uint32_t positional) {
  Type* type = try_as<Type>(cls);
  if (!type) return vm.raise(Exc::TypeError, "called match pattern must be a class");
  if (!TRY(is_instance_of(vm, subject, cls))) return Value::none();
  Tuple* values = TRY(make_tuple(vm, positional + keywords->length));
  Set* seen = TRY(make_set(vm));
  uint32_t done = 0;
  if (positional > 0) {
    Value match_args;
    bool found = TRY(get_attribute_optional(vm, cls, vm.names().match_args, &match_args));
    bool self = !found && matches_itself(vm, type);
    Tuple* names = found ? try_as<Tuple>(match_args) : nullptr;
    if (found && !names)
      return vm.raise(Exc::TypeError, "{}.__match_args__ must be a tuple (got {})", type,
                      vm.type_of(match_args));
    uint64_t allowed = self ? 1 : names ? names->length : 0;
    if (positional > allowed) {
      return vm.raise(Exc::TypeError, "{}() accepts {} positional sub-pattern{} ({} given)", type,
                      allowed, allowed == 1 ? "" : "s", positional);
    }
    if (self) {
      values->values()[done++] = subject;
    } else {
      for (; done < positional; ++done) {
        Value name = names->values()[done];
        if (!is_kind(name, CellKind::Str))
          return vm.raise(Exc::TypeError, "__match_args__ elements must be strings (got {})",
                          vm.type_of(name));
        Value value;
        if (!TRY(match_attribute(vm, subject, type, name, seen, &value))) return Value::none();
        values->values()[done] = value;
        vm.barrier(values);
      }
    }
  }
  for (Value name : keywords->span()) {
    Value value;
    if (!TRY(match_attribute(vm, subject, type, name, seen, &value))) return Value::none();
    values->values()[done++] = value;
    vm.barrier(values);
  }
  return values;
}

}  // namespace

bool MatchKeys(VM& vm, Frame* frame, Instruction* i) {
  REGISTERS;
  return put(frame, i->a, match_keys(vm, r[i->b], as<Tuple>(r[i->c])));
}

bool MatchClass(VM& vm, Frame* frame, Instruction* i) {
  REGISTERS;
  return put(frame, i->a, match_class(vm, r[i->b], r[i->b + 1], as<Tuple>(r[i->b + 2]), i->c));
}

// --- imports ---

bool ImportName(VM& vm, Frame* frame, Instruction* i) {
  REGISTERS;
  Str* name = name_constant(frame, i->c);
  Value level = r[i->b], from_list = r[i->b + 1];
  Function* function = frame->function();
  Value hook = dict_get_str(vm, function->builtins, vm.names().import_);
  if (hook.is_empty()) {
    (void)vm.raise(Exc::ImportError, "__import__ not found");
    return false;
  }
  if (is_default_import(vm, hook)) {
    return put(frame, i->a,
               import_name(vm, name, function->globals, from_list, level.as_small_int()));
  }
  Value locals = frame->own_extra().is_empty() ? Value::none() : frame->own_extra();
  return put(frame, i->a,
             vm.call(hook, {Value(name), Value(function->globals), locals, from_list, level}));
}

bool ImportFrom(VM& vm, Frame* frame, Instruction* i) {
  return put(frame, i->a, import_from(vm, frame->registers()[i->b], name_constant(frame, i->c)));
}

bool ImportStar(VM& vm, Frame* frame, Instruction* i) {
  Value names =
      frame->own_extra().is_empty() ? Value(frame->function()->globals) : frame->own_extra();
  return import_star(vm, frame->registers()[i->a], names).is_ok();
}

// --- rare operations ---

namespace {

Result<Value> display(VM& vm, Value value) {
  Value hook;
  Str* name = TRY(intern(vm, "displayhook"));
  if (vm.sys_module() && !(hook = dict_get_str(vm, vm.sys_module()->dict, name)).is_empty())
    return vm.call(hook, {value});
  return vm.raise(Exc::RuntimeError, "lost sys.displayhook");
}

Result<Value> setup_annotations(VM& vm, Frame* frame) {
  Value names =
      frame->own_extra().is_empty() ? Value(frame->function()->globals) : frame->own_extra();
  if (TRY(apy::contains(vm, names, vm.names().annotations))) return Value::none();
  Dict* annotations = TRY(make_dict(vm));
  TRY(set_item(vm, names, vm.names().annotations, annotations));
  return Value::none();
}

Result<Value> dict_without(VM& vm, Value mapping, Tuple* keys) {
  Dict* copy = TRY(make_dict(vm));
  TRY(dict_update(vm, copy, mapping));
  for (Value key : keys->span()) TRY(dict_remove(vm, copy, key, nullptr));
  return copy;
}

Result<Value> intrinsic(VM& vm, Frame* frame, Instruction* i) {
  Value* operands = frame->registers() + i->b;
  switch (static_cast<IntrinsicKind>(i->c)) {
    case IntrinsicKind::DisplayHook:
      return display(vm, operands[0]);
    case IntrinsicKind::LoadAssertionError:
      return Value(vm.type(BuiltinType::AssertionError));
    case IntrinsicKind::SetupAnnotations:
      return setup_annotations(vm, frame);
    case IntrinsicKind::SetTypeParams:
      as<Function>(operands[0])->type_params = operands[1];
      vm.barrier(operands[0].cell());
      return operands[0];
    case IntrinsicKind::DictItemsForMapping:
      return dict_without(vm, operands[0], as<Tuple>(operands[1]));
    default:
      return type_parameter_intrinsic(vm, static_cast<IntrinsicKind>(i->c), operands);
  }
}

}  // namespace

bool Intrinsic(VM& vm, Frame* frame, Instruction* i) {
  if (static_cast<IntrinsicKind>(i->c) == IntrinsicKind::LookupNamespace) {
    const Value* operands = frame->registers() + i->b;
    Value value;
    int found = lookup_in_mapping(vm, operands[0], as<Str>(operands[1]), &value);
    if (found >= 0) frame->registers()[i->a] = found ? value : Value();
    return found >= 0;
  }
  return put(frame, i->a, intrinsic(vm, frame, i));
}

}  // namespace apy::slow
