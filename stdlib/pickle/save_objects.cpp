// Pickling everything else: what __reduce_ex__ and its kin say, and what is found by its name.
#include "stdlib/native_iterator.h"
#include "stdlib/pickle/saver.h"
#include "vm/objects/reduction.h"
#include "vm/objects/text.h"

namespace apy::pickle {

// --- the memo ---

Result<void> Saver::memoize(Value v) {
  if (self_->fast || v.is_empty()) return {};
  uint64_t number = self_->memo->count;
  TRY(self_->memo->set(vm_, v, static_cast<int64_t>(number)));
  if (protocol_ >= 4) return put(Opcode::Memoize);
  if (!binary()) return out_.append("p" + std::to_string(number) + "\n");
  bool is_short = number < 256;
  uint8_t* place = TRY(out_.extend(is_short ? 2 : 5));
  *place++ = static_cast<uint8_t>(is_short ? Opcode::BinPut : Opcode::LongBinPut);
  for (unsigned i = 0; i < (is_short ? 1 : 4); ++i)
    *place++ = static_cast<uint8_t>(number >> (8 * i));
  return {};
}

Result<bool> Saver::recall(Value v) {
  int64_t number = self_->memo->find(v);
  if (number < 0) return false;
  if (!binary()) {
    TRY(out_.append("g" + std::to_string(number) + "\n"));
    return true;
  }
  bool is_short = number < 256;
  uint8_t* place = TRY(out_.extend(is_short ? 2 : 5));
  *place++ = static_cast<uint8_t>(is_short ? Opcode::BinGet : Opcode::LongBinGet);
  for (unsigned i = 0; i < (is_short ? 1 : 4); ++i)
    *place++ = static_cast<uint8_t>(number >> (8 * i));
  return true;
}

// --- the walk ---

Result<void> Saver::dump(Value object) {
  TRY(load_copyreg(vm_, state_));
  Type* exact = native_type<Pickler>(vm_);
  if (vm_.type_of(Value(self_)) != exact || self_->attributes) {
    // Methods of subclasses; the type's own persistent_id has nothing to say.
    Value method;
    TRY(get_attribute_optional(vm_, self_, TRY(intern(vm_, "persistent_id")), &method));
    auto* native = try_as<NativeFunction>(method);
    if (!method.is_empty() && !(native && native->owner == exact)) persistent_id_ = method;
    method = Value();
    TRY(get_attribute_optional(vm_, self_, TRY(intern(vm_, "reducer_override")), &method));
    reducer_override_ = method;
  }
  if (protocol_ >= 2) {
    TRY(put(Opcode::Proto));
    TRY(out_.append(static_cast<uint8_t>(protocol_)));
    if (protocol_ >= 4) out_.start_framing();
  }
  TRY(save(object));
  TRY(put(Opcode::Stop));
  return out_.end();
}

Result<void> Saver::save(Value v, bool ask_persistent) {
  TRY(out_.boundary());
  if (!persistent_id_.is_empty() && ask_persistent && TRY(save_persistent(v))) return {};
  if (TRY(save_atom(v))) return {};
  if (TRY(recall(v))) return {};
  if (is_exact(v, BuiltinType::Str)) return save_str(as<Str>(v));
  if (is_exact(v, BuiltinType::Bytes)) return save_bytes(v);
  NativeDepth guard(vm_);
  TRY(guard.check(" while pickling an object"));
  if (is_exact(v, BuiltinType::Dict)) return save_dict(as<Dict>(v));
  if (is_exact(v, BuiltinType::List)) return save_list(as<List>(v));
  if (is_exact(v, BuiltinType::Tuple)) return save_tuple(as<Tuple>(v));
  if (is_exact(v, BuiltinType::Set)) return save_set(as<Set>(v));
  if (is_exact(v, BuiltinType::FrozenSet)) return save_frozenset(as<Set>(v));
  if (is_exact(v, BuiltinType::ByteArray)) return save_bytearray(v);
  if (auto* buffer = try_native<Buffer>(v)) return save_buffer(buffer);
  return save_object(v);
}

Result<bool> Saver::save_persistent(Value v) {
  Value id = TRY(vm_.call(persistent_id_, {v}));
  if (id.is_none()) return false;
  if (binary()) {
    TRY(save(id, false));
    TRY(put(Opcode::BinPersId));
    return true;
  }
  Str* text = TRY(str_of(vm_, id));
  if (!text->is_ascii()) {
    (void)error("persistent IDs in protocol 0 must be ASCII strings");
    return Error{};
  }
  TRY(out_.append("P" + to_utf8(text) + "\n"));
  return true;
}

/// What is to be written in place of `v`; *is_global: `v` itself, by its name.
Result<Value> Saver::reduce(Value v, bool* is_global) {
  Type* type = vm_.type_of(v);
  Value function;
  if (self_->dispatch_table.is_empty()) {
    TRY(dict_get(vm_, state_->dispatch_table, type, &function));
  } else if (is_exact(self_->dispatch_table, BuiltinType::Dict)) {
    TRY(dict_get(vm_, as<Dict>(self_->dispatch_table), type, &function));
  } else {
    auto found = get_item(vm_, self_->dispatch_table, type);
    if (found.is_ok())
      function = found.value();
    else if (!vm_.catch_pending(Exc::KeyError))
      return Error{};
  }
  if (!function.is_empty()) return vm_.call(function, {v});
  if (is_kind(v, CellKind::Type)) {
    *is_global = true;
    return Value::none();
  }
  // Nearly always object's own, which need not be bound and called.
  Value standard = type_lookup(vm_, vm_.type(BuiltinType::Object), vm_.names().reduce_ex);
  if (is_kind(v, CellKind::Instance) && !(type->flags & Type::kCustomGetAttribute) &&
      type_lookup(vm_, type, vm_.names().reduce_ex).is(standard) &&
      own_attribute(vm_, v.cell(), vm_.names().reduce_ex).is_empty())
    return object_reduce_ex(vm_, v, protocol_);
  if (TRY(get_attribute_optional(vm_, v, vm_.names().reduce_ex, &function)))
    return vm_.call(function, {Value::small_int(protocol_)});
  if (TRY(get_attribute_optional(vm_, v, vm_.names().reduce, &function)))
    return vm_.call(function, {});
  return error("can't pickle '" + type_name(vm_, v) + "' object: " + TRY(repr_text(vm_, v)));
}

Result<void> Saver::save_object(Value v) {
  Value reduced = Value::not_implemented();
  if (!reducer_override_.is_empty()) reduced = TRY(vm_.call(reducer_override_, {v}));
  if (reduced.is_not_implemented()) {
    if (vm_.type_of(v) == vm_.type(BuiltinType::Type)) return save_type(v);
    if (is_exact(v, BuiltinType::Function)) return save_global(v, Value());
    bool is_global = false;
    reduced = TRY(reduce(v, &is_global));
    if (is_global) return save_global(v, Value());
  }
  if (is_kind(reduced, CellKind::Str)) return save_global(v, reduced);
  if (Tuple* tuple = try_as<Tuple>(reduced)) return save_reduced(tuple, v);
  return error("__reduce__ must return a string or tuple");
}

// --- by name ---

Result<void> Saver::save_type(Value v) {
  Value singleton;
  if (as<Type>(v) == vm_.type(BuiltinType::NoneType)) singleton = Value::none();
  if (as<Type>(v) == vm_.type(BuiltinType::Ellipsis)) singleton = Value::ellipsis();
  if (as<Type>(v) == vm_.type(BuiltinType::NotImplementedType))
    singleton = Value::not_implemented();
  if (singleton.is_empty()) return save_global(v, Value());
  return save_reduction(vm_.type(BuiltinType::Type), {singleton}, v);
}

namespace {

/// Does the path in `module` lead to `v`? Never an error.
Result<bool> leads_to(VM& vm, Value module, Str* path, Value v) {
  Value parent;
  auto found = deep_attribute(vm, module, path, &parent);
  if (found.is_ok()) return found.value().is(v);
  if (!vm.catch_pending(Exc::AttributeError)) return Error{};
  return false;
}

/// The name of the module that `v` is found in.
Result<Value> module_name_of(VM& vm, Value v, Str* path) {
  Value name;
  if (TRY(get_attribute_optional(vm, v, vm.names().module_, &name)) && !name.is_none()) return name;
  // Looking at attributes may import modules.
  Dict* modules = TRY(dict_copy(vm, vm.modules()));
  for (DictCursor c(modules); c.next();) {
    if (c.value().is_none() || is_kind(c.key(), CellKind::Str) == false) continue;
    if (str_equal(as<Str>(c.key()), "__main__") || str_equal(as<Str>(c.key()), "__mp_main__"))
      continue;
    if (TRY(leads_to(vm, c.value(), path, v))) return c.key();
  }
  return vm.names().main;
}

}  // namespace

Result<void> Saver::save_global(Value v, Value given_name) {
  Value name_value = given_name;
  if (name_value.is_empty() &&
      !TRY(get_attribute_optional(vm_, v, vm_.names().qualname, &name_value)))
    name_value = TRY(get_attribute(vm_, v, vm_.names().name_));
  Str* name = try_as<Str>(name_value);
  if (!name)
    return vm_.raise(Exc::TypeError, "a name must be a string, not '{}'", vm_.type_of(name_value));
  if (TRY(contains(vm_, name, vm_.names().locals_name)))
    return vm_.raise(Exc::AttributeError, "Can't get local object {}", TRY(repr_of(vm_, name)));
  Value module_name = TRY(module_name_of(vm_, v, name));
  Str* module_text = try_as<Str>(module_name);
  auto describe = [&]() -> Result<std::string> {
    return "Can't pickle " + TRY(repr_text(vm_, v)) + ": ";
  };
  auto found_module = module_text ? find_module(vm_, module_text)
                                  : Result<Value>(vm_.raise(Exc::ImportError, "no module"));
  if (found_module.is_error()) {
    if (!vm_.catch_pending(Exc::Exception)) return Error{};
    return error(TRY(describe()) + "import of module " + TRY(repr_text(vm_, module_name)) +
                 " failed");
  }
  Value parent;
  auto found = deep_attribute(vm_, found_module.value(), name, &parent);
  if (found.is_error()) {
    if (!vm_.catch_pending(Exc::AttributeError)) return Error{};
    return error(TRY(describe()) + "attribute lookup " + to_utf8(name) + " on " +
                 to_utf8(module_text) + " failed");
  }
  if (!found.value().is(v))
    return error(TRY(describe()) + "it's not the same object as " + to_utf8(module_text) + "." +
                 to_utf8(name));
  return write_global(v, module_text, name);
}

Result<void> Saver::write_global(Value v, Str* module_name, Str* name) {
  if (protocol_ >= 2) {
    bool written = false;
    TRY(write_extension(module_name, name, &written));
    if (written) return {};
  }
  if (protocol_ >= 4) {
    TRY(save(module_name));
    TRY(save(name));
    TRY(put(Opcode::StackGlobal));
    return memoize(v);
  }
  return is_dotted(name) ? write_old_attribute(module_name, name, v)
                         : write_old_global(module_name, name, v);
}

/// Attributes of attributes, which the old opcodes do not know, by calls of getattr.
Result<void> Saver::write_old_attribute(Str* module_name, Str* name, Value v) {
  Value getattr =
      TRY(get_attribute(vm_, TRY(vm_.import_module("builtins")), TRY(intern(vm_, "getattr"))));
  List* parts = try_as<List>(
      TRY(vm_.call_method(name, TRY(intern(vm_, "split")), {TRY(make_str(vm_, "."))})));
  if (!parts) return vm_.raise(Exc::TypeError, "split() must give a list");
  for (size_t i = 1; i < parts->length; ++i) {
    TRY(save(getattr));
    if (protocol_ < 2) TRY(put(Opcode::Mark));
  }
  TRY(write_old_global(module_name, as<Str>(parts->values()[0]), Value()));
  for (size_t i = 1; i < parts->length; ++i) {
    TRY(save(parts->values()[i]));
    TRY(put(protocol_ < 2 ? Opcode::Tuple : Opcode::Tuple2));
    TRY(put(Opcode::Reduce));
  }
  return memoize(v);
}

/// The object's registered code, when it has one.
Result<bool> Saver::write_extension(Str* module_name, Str* name, bool* written) {
  if (state_->extension_registry->length == 0) return false;
  Value pair[2] = {module_name, name};
  Value code_value;
  if (!TRY(dict_get(vm_, state_->extension_registry, TRY(make_tuple(vm_, pair)), &code_value)))
    return false;
  int64_t code;
  if (!is_int(code_value) || !fits_int64(code_value, &code) || code <= 0 || code > INT32_MAX) {
    (void)error("Can't pickle: extension code " + TRY(repr_text(vm_, code_value)) +
                " is out of range");
    return Error{};
  }
  unsigned width = code <= 0xFF ? 1 : code <= 0xFFFF ? 2 : 4;
  uint8_t* place = TRY(out_.extend(1 + width));
  *place++ = static_cast<uint8_t>(width == 1   ? Opcode::Ext1
                                  : width == 2 ? Opcode::Ext2
                                               : Opcode::Ext4);
  for (unsigned i = 0; i < width; ++i) *place++ = static_cast<uint8_t>(code >> (8 * i));
  *written = true;
  return true;
}

namespace {

/// Surrogates cannot be encoded.
bool is_utf8(const Str* text) {
  for (size_t i = 0; i < text->length; ++i)
    if (text->at(i) >> 11 == 0xD800 >> 11) return false;
  return true;
}

/// What Python 2 calls a name; both are changed in place.
Result<void> to_old_names(VM& vm, State* state, Str** module_name, Str** name) {
  TRY(load_old_names(vm, state));
  Value pair[2] = {*module_name, *name};
  Value found;
  if (TRY(dict_get(vm, state->names_to_2, TRY(make_tuple(vm, pair)), &found))) {
    Tuple* names = try_as<Tuple>(found);
    bool good = names && names->length == 2 && is_kind(names->values()[0], CellKind::Str) &&
                is_kind(names->values()[1], CellKind::Str);
    if (!good)
      return vm.raise(Exc::RuntimeError,
                      "_compat_pickle.REVERSE_NAME_MAPPING values should be pairs of str");
    *module_name = as<Str>(names->values()[0]);
    *name = as<Str>(names->values()[1]);
    return {};
  }
  if (TRY(dict_get(vm, state->modules_to_2, *module_name, &found))) {
    if (!is_kind(found, CellKind::Str))
      return vm.raise(Exc::RuntimeError,
                      "_compat_pickle.REVERSE_IMPORT_MAPPING values should be strings, not {}",
                      vm.type_of(found));
    *module_name = as<Str>(found);
  }
  return {};
}

}  // namespace

Result<void> Saver::write_old_global(Str* module_name, Str* name, Value v) {
  if (self_->fix_imports && protocol_ < 3) TRY(to_old_names(vm_, state_, &module_name, &name));
  auto fits = [&](const Str* text) { return protocol_ < 3 ? text->is_ascii() : is_utf8(text); };
  if (!fits(module_name) || !fits(name))
    return error("can't pickle global identifier '" + to_utf8(module_name) + "." + to_utf8(name) +
                 "' using pickle protocol " + std::to_string(protocol_));
  TRY(out_.append("c" + to_utf8(module_name) + "\n" + to_utf8(name) + "\n"));
  return memoize(v);
}

// --- by reduction ---

/// Writes a call of something that the program does not see.
Result<void> Saver::save_reduction(Value function, std::initializer_list<Value> arguments,
                                   Value v) {
  Tuple* tuple = TRY(make_tuple(vm_, std::span<const Value>(arguments.begin(), arguments.size())));
  return save_call(function, tuple, v);
}

Result<void> Saver::save_call(Value function, Tuple* arguments, Value v) {
  TRY(save(function));
  TRY(save(arguments));
  TRY(put(Opcode::Reduce));
  if (is_known(v)) {
    TRY(put(Opcode::Pop));
    TRY(recall(v));
    return {};
  }
  return memoize(v);
}

Result<void> Saver::save_new(Value, Tuple* arguments, Value v) {
  if (arguments->length == 0) return error("__newobj__ arglist is empty");
  Value cls = arguments->values()[0], method;
  if (!is_kind(cls, CellKind::Type) &&
      !TRY(get_attribute_optional(vm_, cls, TRY(intern(vm_, "__new__")), &method)))
    return error("args[0] from __newobj__ args has no __new__");
  Value actual = TRY(get_attribute(vm_, v, vm_.names().class_));
  if (!actual.is(cls)) return error("args[0] from __newobj__ args has the wrong class");
  TRY(save(cls));
  TRY(save(TRY(make_tuple(vm_, arguments->span().subspan(1)))));
  return put(Opcode::NewObj);
}

Result<void> Saver::save_new_with_keywords(Value, Tuple* arguments) {
  if (arguments->length != 3)
    return error("length of the NEWOBJ_EX argument tuple must be exactly 3, not " +
                 std::to_string(arguments->length));
  Value cls = arguments->values()[0], positional = arguments->values()[1],
        keywords = arguments->values()[2];
  if (!is_kind(cls, CellKind::Type))
    return error("first item from NEWOBJ_EX argument tuple must be a class, not " +
                 type_name(vm_, cls));
  if (!is_kind(positional, CellKind::Tuple))
    return error("second item from NEWOBJ_EX argument tuple must be a tuple, not " +
                 type_name(vm_, positional));
  if (!is_kind(keywords, CellKind::Dict))
    return error("third item from NEWOBJ_EX argument tuple must be a dict, not " +
                 type_name(vm_, keywords));
  if (protocol_ >= 4) {
    TRY(save(cls));
    TRY(save(positional));
    TRY(save(keywords));
    return put(Opcode::NewObjEx);
  }
  // A partial object makes the call.
  Value partial =
      TRY(get_attribute(vm_, TRY(vm_.import_module("functools")), TRY(intern(vm_, "partial"))));
  Value method = TRY(get_attribute(vm_, cls, TRY(intern(vm_, "__new__"))));
  RootVector values(vm_.heap());
  values.values = {method, cls};
  for (Value item : as<Tuple>(positional)->span()) values.values.push_back(item);
  Dict* dict = as<Dict>(keywords);
  Tuple* names = TRY(make_tuple(vm_, dict->length));
  size_t count = 0;
  for (DictCursor c(dict); c.next();) {
    if (!is_kind(c.key(), CellKind::Str))
      return vm_.raise(Exc::TypeError, "keywords must be strings");
    names->values()[count++] = c.key();
    values.values.push_back(c.value());
  }
  Value call = TRY(vm_.call_keywords(partial, values.values, names));
  TRY(save(call));
  TRY(save(TRY(make_tuple(vm_, size_t{0}))));
  return put(Opcode::Reduce);
}

Result<void> Saver::save_state(Value state, Value setter, Value v) {
  if (setter.is_empty()) {
    TRY(save(state));
    return put(Opcode::Build);
  }
  TRY(save(setter));
  TRY(save(v));
  TRY(save(state));
  TRY(put(Opcode::Tuple2));
  TRY(put(Opcode::Reduce));
  return put(Opcode::Pop);
}

Result<void> Saver::save_reduced(Tuple* reduced, Value v) {
  size_t size = reduced->length;
  if (size < 2 || size > 6)
    return error("tuple returned by __reduce__ must contain 2 through 6 elements");
  auto part = [&](size_t i) {
    return i < size && !reduced->values()[i].is_none() ? reduced->values()[i] : Value();
  };
  Value function = reduced->values()[0], state = part(2), items = part(3), pairs = part(4),
        setter = part(5);
  if (!TRY(is_callable(vm_, function)))
    return error("first item of the tuple returned by __reduce__ must be callable");
  Tuple* arguments = try_as<Tuple>(reduced->values()[1]);
  if (!arguments) return error("second item of the tuple returned by __reduce__ must be a tuple");
  auto is_iterator = [&](Value it) {
    return it.is_empty() || !type_special(vm_, vm_.type_of(it), Special::Next).is_empty();
  };
  if (!is_iterator(items))
    return error("fourth element of the tuple returned by __reduce__ must be an iterator, not " +
                 type_name(vm_, items));
  if (!is_iterator(pairs))
    return error("fifth element of the tuple returned by __reduce__ must be an iterator, not " +
                 type_name(vm_, pairs));
  if (!setter.is_empty() && !TRY(is_callable(vm_, setter)))
    return error("sixth element of the tuple returned by __reduce__ must be a function, not " +
                 type_name(vm_, setter));
  Value name;
  if (protocol_ >= 2) TRY(get_attribute_optional(vm_, function, vm_.names().name_, &name));
  Str* text = try_as<Str>(name);
  if (text && str_equal(text, "__newobj_ex__")) {
    TRY(save_new_with_keywords(function, arguments));
  } else if (text && str_equal(text, "__newobj__")) {
    TRY(save_new(function, arguments, v));
  } else {
    TRY(save(function));
    TRY(save(arguments));
    TRY(put(Opcode::Reduce));
  }
  // An object that its own arguments refer to is in the memo by now.
  if (is_known(v)) {
    TRY(put(Opcode::Pop));
    TRY(recall(v));
    return {};
  }
  TRY(memoize(v));
  if (!items.is_empty()) TRY(save_items(items));
  if (!pairs.is_empty()) TRY(save_pairs(pairs));
  if (!state.is_empty()) TRY(save_state(state, setter, v));
  return {};
}

}  // namespace apy::pickle
