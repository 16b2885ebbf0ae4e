// Opcodes that find objects by name, call them, and give instances their state.
#include "stdlib/native_iterator.h"
#include "stdlib/pickle/loader.h"
#include "vm/objects/codec.h"

namespace apy::pickle {

namespace {

/// Names of Python 2 as those of today; both are changed in place.
Result<void> from_old_names(VM& vm, Value* module_name, Value* name) {
  State* state = state_of(vm);
  TRY(load_old_names(vm, state));
  Value pair[2] = {*module_name, *name}, found;
  if (TRY(dict_get(vm, state->names_from_2, TRY(make_tuple(vm, pair)), &found))) {
    Tuple* names = try_as<Tuple>(found);
    bool good = names && names->length == 2 && is_kind(names->values()[0], CellKind::Str) &&
                is_kind(names->values()[1], CellKind::Str);
    if (!good)
      return vm.raise(Exc::RuntimeError,
                      "_compat_pickle.NAME_MAPPING values should be pairs of str");
    *module_name = names->values()[0];
    *name = names->values()[1];
    return {};
  }
  if (TRY(dict_get(vm, state->modules_from_2, *module_name, &found))) {
    if (!is_kind(found, CellKind::Str))
      return vm.raise(Exc::RuntimeError,
                      "_compat_pickle.IMPORT_MAPPING values should be strings, not {}",
                      vm.type_of(found));
    *module_name = found;
  }
  return {};
}

}  // namespace

Result<Value> find_class(VM& vm, Unpickler* self, Value module_name, Value name) {
  if (self->fix_imports && self->protocol < 3) TRY(from_old_names(vm, &module_name, &name));
  Str* module_text = try_as<Str>(module_name);
  Str* text = try_as<Str>(name);
  if (!module_text)
    return vm.raise(Exc::TypeError, "module name must be str, not {}", vm.type_of(module_name));
  if (!text)
    return vm.raise(Exc::TypeError, "attribute name must be string, not '{}'", vm.type_of(name));
  Value module = TRY(find_module(vm, module_text)), parent;
  if (self->protocol >= 4) return deep_attribute(vm, module, text, &parent);
  Value found;
  if (TRY(get_attribute_optional(vm, module, TRY(intern(vm, text)), &found))) return found;
  return vm.raise(Exc::AttributeError, "Can't get attribute {} on {}", TRY(repr_of(vm, text)),
                  TRY(repr_of(vm, module)));
}

/// The method of a subclass or an instance; none: the type's own is to be used.
Result<Value> Loader::method_of(const char* name) {
  Type* exact = native_type<Unpickler>(vm_);
  if (vm_.type_of(Value(self_)) == exact && !self_->attributes) return Value::none();
  Value method;
  TRY(get_attribute_optional(vm_, self_, TRY(intern(vm_, name)), &method));
  auto* native = try_as<NativeFunction>(method);
  if (method.is_empty() || (native && native->owner == exact)) return Value::none();
  return method;
}

Result<Value> Loader::find_global(Value module_name, Value name) {
  if (find_class_.is_empty()) find_class_ = TRY(method_of("find_class"));
  if (find_class_.is_none()) return find_class(vm_, self_, module_name, name);
  return vm_.call(find_class_, {module_name, name});
}

Result<void> Loader::load_global() {
  Value names[2];
  for (Value& name : names) {
    std::string_view line = TRY(take_line());
    if (line.empty()) return truncated();
    name = TRY(decode_text(vm_, line, Value()));
  }
  return push(TRY(find_global(names[0], names[1])));
}

Result<void> Loader::load_stack_global() {
  Value name = TRY(pop());
  Value module_name = TRY(pop());
  if (!is_exact(name, BuiltinType::Str) || !is_exact(module_name, BuiltinType::Str))
    return error("STACK_GLOBAL requires str");
  return push(TRY(find_global(module_name, name)));
}

template <unsigned bytes>
Result<void> Loader::load_extension() {
  auto number = static_cast<int64_t>(TRY(take_number(bytes)));
  if (bytes == 4) number = static_cast<int32_t>(number);
  if (number <= 0) return error("EXT specifies code <= 0");
  TRY(load_copyreg(vm_, state_));
  Value code = Value::small_int(number), found;
  if (TRY(dict_get(vm_, state_->extension_cache, code, &found))) return push(found);
  if (!TRY(dict_get(vm_, state_->inverted_registry, code, &found)))
    return vm_.raise(Exc::ValueError, "unregistered extension code {}", number);
  Tuple* names = try_as<Tuple>(found);
  bool good = names && names->length == 2 && is_kind(names->values()[0], CellKind::Str) &&
              is_kind(names->values()[1], CellKind::Str);
  if (!good)
    return vm_.raise(Exc::ValueError, "_inverted_registry[{}] isn't a 2-tuple of strings", number);
  Value object = TRY(find_global(names->values()[0], names->values()[1]));
  TRY(dict_set(vm_, state_->extension_cache, code, object));
  return push(object);
}
template Result<void> Loader::load_extension<1>();
template Result<void> Loader::load_extension<2>();
template Result<void> Loader::load_extension<4>();

// --- calls ---

/// What INST and OBJ make: without arguments a plain class is not initialised.
Result<Value> Loader::instantiate(Value cls, Tuple* arguments) {
  if (arguments->length == 0 && is_kind(cls, CellKind::Type)) {
    Value unused;
    if (!TRY(get_attribute_optional(vm_, cls, TRY(intern(vm_, "__getinitargs__")), &unused))) {
      Value make = TRY(get_attribute(vm_, cls, TRY(intern(vm_, "__new__"))));
      return vm_.call(make, {cls});
    }
  }
  return vm_.call(cls, arguments->span());
}

Result<void> Loader::load_inst() {
  size_t begin = TRY(pop_mark());
  Tuple* arguments = TRY(pop_tuple(begin));
  TRY(load_global());
  Value cls = drop_top();
  return push(TRY(instantiate(cls, arguments)));
}

Result<void> Loader::load_obj() {
  size_t begin = TRY(pop_mark());
  if (depth() == begin) return underflow();
  Tuple* arguments = TRY(pop_tuple(begin + 1));
  Value cls = drop_top();
  return push(TRY(instantiate(cls, arguments)));
}

Result<void> Loader::load_reduce() {
  Value arguments = TRY(pop());
  Value function = TRY(pop());
  Tuple* tuple = try_as<Tuple>(arguments);
  if (!tuple) return vm_.raise(Exc::TypeError, "argument list must be a tuple");
  return push(TRY(vm_.call(function, tuple->span())));
}

Result<void> Loader::make_new(Value cls, Value arguments, Value keywords, bool with_keywords) {
  std::string op = with_keywords ? "NEWOBJ_EX" : "NEWOBJ";
  if (!is_kind(cls, CellKind::Type))
    return error(op + " class argument must be a type, not " + type_name(vm_, cls));
  Tuple* positional = try_as<Tuple>(arguments);
  if (!positional)
    return error(op + " args argument must be a tuple, not " + type_name(vm_, arguments));
  if (with_keywords && !is_kind(keywords, CellKind::Dict))
    return error(op + " kwargs argument must be a dict, not " + type_name(vm_, keywords));
  Value make;
  if (!TRY(get_attribute_optional(vm_, cls, TRY(intern(vm_, "__new__")), &make)))
    return error(op + " class argument '" + to_utf8(as<Type>(cls)->name) +
                 "' doesn't have __new__");
  Dict* dict = with_keywords ? as<Dict>(keywords) : nullptr;
  size_t named = dict ? dict->length : 0;
  ValueArray* all = TRY(make_value_array(vm_, 1 + positional->length + named));
  Tuple* names = TRY(make_tuple(vm_, named));
  size_t count = 0, name_count = 0;
  all->values()[count++] = cls;
  for (Value item : positional->span()) all->values()[count++] = item;
  if (dict) {
    for (DictCursor c(dict); c.next();) {
      if (!is_kind(c.key(), CellKind::Str))
        return vm_.raise(Exc::TypeError, "keywords must be strings");
      names->values()[name_count++] = c.key();
      all->values()[count++] = c.value();
    }
  }
  vm_.barrier(all);
  vm_.barrier(names);
  std::span<const Value> values(all->values(), count);
  return push(TRY(named ? vm_.call_keywords(make, values, names) : vm_.call(make, values)));
}

Result<void> Loader::load_newobj() {
  Value arguments = TRY(pop());
  Value cls = TRY(pop());
  return make_new(cls, arguments, Value(), false);
}

Result<void> Loader::load_newobj_ex() {
  Value keywords = TRY(pop());
  Value arguments = TRY(pop());
  Value cls = TRY(pop());
  return make_new(cls, arguments, keywords, true);
}

// --- state ---

Result<void> Loader::load_build() {
  Value state = TRY(pop());
  Value instance = TRY(top());
  Value setstate;
  if (TRY(get_attribute_optional(vm_, instance, vm_.names().setstate, &setstate))) {
    TRY(vm_.call(setstate, {state}));
    return {};
  }
  return build_state(instance, state);
}

namespace {

/// instance.__dict__.update(attributes), without making that dict where it is not asked for.
Result<void> set_own_attributes(VM& vm, Value instance, Dict* attributes) {
  Value descriptor = type_lookup(vm, vm.type_of(instance), vm.names().dict_);
  bool plain = is_kind(instance, CellKind::Instance) && has_attributes(vm, instance.cell()) &&
               is_exact(descriptor, BuiltinType::GetSetDescriptor);
  Value own;
  if (!plain) own = TRY(get_attribute(vm, instance, vm.names().dict_));
  for (DictCursor c(attributes); c.next();) {
    Value key = c.key(), value = c.value();
    if (is_exact(key, BuiltinType::Str)) {
      key = TRY(intern(vm, as<Str>(key)));
      if (own.is_empty()) {
        TRY(set_own_attribute(vm, instance.cell(), as<Str>(key), value));
        continue;
      }
    }
    if (own.is_empty()) own = TRY(get_attribute(vm, instance, vm.names().dict_));
    TRY(set_item(vm, own, key, value));
  }
  return {};
}

}  // namespace

Result<void> Loader::build_state(Value instance, Value state) {
  Value slots = Value::none();
  Tuple* pair = try_as<Tuple>(state);
  if (pair && pair->length == 2) {
    state = pair->values()[0];
    slots = pair->values()[1];
  }
  if (!state.is_none()) {
    Dict* dict = try_as<Dict>(state);
    if (!dict) return error("state is not a dictionary");
    TRY(set_own_attributes(vm_, instance, dict));
  }
  if (slots.is_none()) return {};
  Dict* dict = try_as<Dict>(slots);
  if (!dict) return error("slot state is not a dictionary");
  for (DictCursor c(dict); c.next();) {
    Str* name = try_as<Str>(c.key());
    Value value = c.value();
    if (!name)
      return vm_.raise(Exc::TypeError, "attribute name must be string, not '{}'",
                       vm_.type_of(c.key()));
    TRY(set_attribute(vm_, instance, TRY(intern(vm_, name)), value));
  }
  return {};
}

// --- persistent ids ---

Result<void> Loader::push_persistent(Value id) {
  if (persistent_load_.is_empty()) persistent_load_ = TRY(method_of("persistent_load"));
  if (persistent_load_.is_none())
    return error(
        "A load persistent id instruction was encountered, but no persistent_load function was "
        "specified.");
  return push(TRY(vm_.call(persistent_load_, {id})));
}

Result<void> Loader::load_persid() {
  std::string_view line = TRY(take_line());
  for (char c : line)
    if (static_cast<uint8_t>(c) >= 0x80)
      return error("persistent IDs in protocol 0 must be ASCII strings");
  return push_persistent(TRY(make_str_latin1(vm_, line)));
}

Result<void> Loader::load_bin_persid() { return push_persistent(TRY(pop())); }

}  // namespace apy::pickle
