// object.__reduce_ex__: for protocols from 2 on (cls.__new__, its arguments, state, items),
// natively, since each pickled and copied object comes here; for the old ones copyreg has it.
#include "vm/objects/reduction.h"

#include "vm/objects/dict.h"
#include "vm/objects/function.h"
#include "vm/objects/protocol.h"

namespace apy {

namespace {

/// Adds the values of the slots that classes declared.
Result<Dict*> member_values(VM& vm, Value self) {
  Dict* members = TRY(make_dict(vm));
  for (Value entry : vm.type_of(self)->mro->span()) {
    for (DictCursor c(as<Type>(entry)->dict); c.next();) {
      if (!is_exact(c.value(), BuiltinType::MemberDescriptor)) continue;
      if (as<GetSet>(c.value())->definition) continue;  // of a builtin type
      const Value* slot =
          slot_address(vm, self.cell(), static_cast<uint32_t>(as<GetSet>(c.value())->slot));
      if (slot && !slot->is_empty()) TRY(dict_set(vm, members, c.key(), *slot));
    }
  }
  return members;
}

/// The values of the attributes that copyreg or the class itself says are slots.
Result<Dict*> named_slot_values(VM& vm, Value self, List* names) {
  Dict* members = TRY(make_dict(vm));
  for (size_t i = 0; i < names->length; ++i) {
    Str* name = try_as<Str>(names->values()[i]);
    if (!name) return vm.raise(Exc::TypeError, "__slotnames__ should be a list of strings");
    Value value;
    Str* key = TRY(intern(vm, name));
    if (TRY(get_attribute_optional(vm, self, key, &value))) TRY(dict_set(vm, members, key, value));
  }
  return members;
}

/// Can object.__new__, list's or dict's make instances of it that are complete but for attributes
/// and items?
bool is_plain(const Type* type) {
  if (type->flags & Type::kDisallowNew) return false;
  return type->instance_kind == CellKind::Instance || type->instance_kind == CellKind::List ||
         type->instance_kind == CellKind::Dict;
}

Error cannot_pickle(VM& vm, Value self) {
  return vm.raise(Exc::TypeError, "cannot pickle '{}' object", vm.type_of(self));
}

/// What __getnewargs_ex__ or __getnewargs__ says; both results are null without them.
Result<void> new_arguments(VM& vm, Value self, Tuple** arguments, Dict** keywords) {
  Type* type = vm.type_of(self);
  if (!type_lookup(vm, type, vm.names().getnewargs_ex).is_empty()) {
    Value given = TRY(vm.call_method(self, vm.names().getnewargs_ex, {}));
    Tuple* pair = try_as<Tuple>(given);
    if (!pair)
      return vm.raise(Exc::TypeError, "__getnewargs_ex__ should return a tuple, not '{}'",
                      vm.type_of(given));
    if (pair->length != 2)
      return vm.raise(Exc::ValueError,
                      "__getnewargs_ex__ should return a tuple of length 2, not {}", pair->length);
    *arguments = try_as<Tuple>(pair->values()[0]);
    *keywords = try_as<Dict>(pair->values()[1]);
    if (!*arguments)
      return vm.raise(Exc::TypeError,
                      "first item of the tuple returned by __getnewargs_ex__ must be a tuple, "
                      "not '{}'",
                      vm.type_of(pair->values()[0]));
    if (!*keywords)
      return vm.raise(Exc::TypeError,
                      "second item of the tuple returned by __getnewargs_ex__ must be a dict, "
                      "not '{}'",
                      vm.type_of(pair->values()[1]));
    return {};
  }
  if (type_lookup(vm, type, vm.names().getnewargs).is_empty()) return {};
  Value given = TRY(vm.call_method(self, vm.names().getnewargs, {}));
  *arguments = try_as<Tuple>(given);
  if (!*arguments)
    return vm.raise(Exc::TypeError, "__getnewargs__ should return a tuple, not '{}'",
                    vm.type_of(given));
  return {};
}

const char kCopyreg = 0;

/// A function of copyreg, which is remembered, since each reduced object asks for one.
Result<Value> copyreg_function(VM& vm, const char* name) {
  auto* module = static_cast<Module*>(vm.module_state(&kCopyreg));
  if (!module) {
    module = try_as<Module>(TRY(vm.import_module("copyreg")));
    if (!module) return vm.raise(Exc::ImportError, "copyreg is no module");
    vm.module_state(&kCopyreg) = module;
  }
  Str* key = TRY(intern(vm, name));
  Value found = dict_get_str(vm, module->dict, key);
  return found.is_empty() ? get_attribute(vm, module, key) : found;
}

/// (cls, *arguments)
Result<Tuple*> with_class(VM& vm, Value cls, Tuple* arguments) {
  size_t count = arguments ? arguments->length : 0;
  Tuple* all = TRY(make_tuple(vm, count + 1));
  all->values()[0] = cls;
  for (size_t i = 0; i < count; ++i) all->values()[i + 1] = arguments->values()[i];
  return all;
}

Result<Value> reduce_new(VM& vm, Value self) {
  Type* type = vm.type_of(self);
  if ((type->flags & Type::kDisallowNew) || !self.is_cell()) return cannot_pickle(vm, self);
  Tuple* arguments = nullptr;
  Dict* keywords = nullptr;
  TRY(new_arguments(vm, self, &arguments, &keywords));
  Value parts[5];
  parts[1] = TRY(with_class(vm, type, arguments));
  if (keywords && keywords->length > 0) {
    Value call[3] = {type, arguments, keywords};
    parts[0] = TRY(copyreg_function(vm, "__newobj_ex__"));
    parts[1] = TRY(make_tuple(vm, call));
  } else {
    parts[0] = TRY(copyreg_function(vm, "__newobj__"));
  }
  Value own = own_attribute(vm, self.cell(), vm.names().getstate);
  auto* native = try_as<NativeFunction>(type_lookup(vm, type, vm.names().getstate));
  bool standard = own.is_empty() && native && native->owner == vm.type(BuiltinType::Object);
  if (standard && !arguments && !is_plain(type)) return cannot_pickle(vm, self);
  parts[2] =
      TRY(standard ? object_get_state(vm, self) : vm.call_method(self, vm.names().getstate, {}));
  parts[3] = parts[4] = Value::none();
  if (is_kind(self, CellKind::List)) parts[3] = TRY(get_iterator(vm, self));
  if (is_kind(self, CellKind::Dict))
    parts[4] = TRY(get_iterator(vm, TRY(vm.call_method(self, vm.names().items, {}))));
  return make_tuple(vm, parts);
}

Result<Value> reduce_plain(VM& vm, Value self, int64_t protocol) {
  if (protocol >= 2) return reduce_new(vm, self);
  Value function = TRY(copyreg_function(vm, "_reduce_ex"));
  return vm.call(function, {self, TRY(make_int(vm, protocol))});
}

}  // namespace

Result<Value> object_get_state(VM& vm, Value self) {
  if (!self.is_cell()) return Value::none();
  Value state = Value::none();
  if (has_attributes(vm, self.cell())) {
    Dict* dict = TRY(copy_own_attributes(vm, self.cell()));
    if (dict->length > 0) state = dict;
  }
  Type* type = vm.type_of(self);
  Value named = dict_get_str(vm, type->dict, TRY(intern(vm, "__slotnames__")));
  bool has_names = is_kind(named, CellKind::List);
  if (type->member_slots == 0 && !has_names) return state;
  Dict* members =
      TRY(has_names ? named_slot_values(vm, self, as<List>(named)) : member_values(vm, self));
  if (members->length == 0) return state;
  Value pair[2] = {state, members};
  return make_tuple(vm, pair);
}

Result<Value> object_reduce_ex(VM& vm, Value self, int64_t protocol) {
  Value standard = type_lookup(vm, vm.type(BuiltinType::Object), vm.names().reduce);
  if (type_lookup(vm, vm.type_of(self), vm.names().reduce).is(standard))
    return reduce_plain(vm, self, protocol);
  return vm.call_method(self, vm.names().reduce, {});
}

Result<Value> object_reduce(VM& vm, Value self) { return reduce_plain(vm, self, 0); }

}  // namespace apy
