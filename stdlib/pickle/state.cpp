// The state of _pickle in an engine, and how names become objects.
#include "stdlib/native_iterator.h"
#include "stdlib/pickle/pickle.h"

namespace apy::pickle {

const NativeClass State::kClass = {"_pickle.State", trace_values<11>, nullptr};

State* state_of(VM& vm) { return static_cast<State*>(vm.module_state(&State::kClass)); }

namespace {

Result<Type*> make_error(VM& vm, Module* module, const char* name, Type* base, const char* doc) {
  Value bases[1] = {base};
  Dict* dict = TRY(make_dict(vm));
  TRY(dict_set_str(vm, dict, vm.names().module_, TRY(intern(vm, "_pickle"))));
  TRY(dict_set_str(vm, dict, vm.names().doc, TRY(make_str(vm, doc))));
  Value type = TRY(vm.call(vm.type(BuiltinType::Type),
                           {TRY(intern(vm, name)), TRY(make_tuple(vm, bases)), dict}));
  TRY(module_set(vm, module, name, type));
  return as<Type>(type);
}

Error raise_of(VM& vm, Type* type, const std::string& message) {
  Value text = TRY(make_str(vm, message));
  return vm.raise_exception(TRY(vm.call(type, {text})));
}

Result<Dict*> dict_of(VM& vm, Value module, const char* name) {
  Value dict = TRY(get_attribute(vm, module, TRY(intern(vm, name))));
  if (Dict* found = try_as<Dict>(dict)) return found;
  return vm.raise(Exc::RuntimeError, "{} should be a dict, not {}", name, vm.type_of(dict));
}

}  // namespace

Result<void> make_state(VM& vm, Module* module) {
  State* state = TRY(vm.allocate<State>(BuiltinType::Internal));
  state->native_class = &State::kClass;
  vm.module_state(&State::kClass) = state;
  state->pickle_error = TRY(make_error(vm, module, "PickleError", vm.type(BuiltinType::Exception),
                                       "What goes wrong with pickles."));
  vm.barrier(state);
  state->pickling_error = TRY(
      make_error(vm, module, "PicklingError", state->pickle_error, "An object cannot be pickled."));
  vm.barrier(state);
  state->unpickling_error = TRY(
      make_error(vm, module, "UnpicklingError", state->pickle_error, "A pickle cannot be read."));
  vm.barrier(state);
  return {};
}

Result<void> load_copyreg(VM& vm, State* state) {
  if (state->extension_cache) return {};
  Value copyreg = TRY(vm.import_module("copyreg"));
  Dict* dispatch_table = TRY(dict_of(vm, copyreg, "dispatch_table"));
  Dict* registry = TRY(dict_of(vm, copyreg, "_extension_registry"));
  Dict* inverted = TRY(dict_of(vm, copyreg, "_inverted_registry"));
  Dict* cache = TRY(dict_of(vm, copyreg, "_extension_cache"));
  state->dispatch_table = dispatch_table;
  state->extension_registry = registry;
  state->inverted_registry = inverted;
  state->extension_cache = cache;
  vm.barrier(state);
  return {};
}

Result<void> load_old_names(VM& vm, State* state) {
  if (state->modules_to_2) return {};
  Value names = TRY(vm.import_module("_compat_pickle"));
  Dict* names_from = TRY(dict_of(vm, names, "NAME_MAPPING"));
  Dict* modules_from = TRY(dict_of(vm, names, "IMPORT_MAPPING"));
  Dict* names_to = TRY(dict_of(vm, names, "REVERSE_NAME_MAPPING"));
  Dict* modules_to = TRY(dict_of(vm, names, "REVERSE_IMPORT_MAPPING"));
  state->names_from_2 = names_from;
  state->modules_from_2 = modules_from;
  state->names_to_2 = names_to;
  state->modules_to_2 = modules_to;
  vm.barrier(state);
  return {};
}

Error raise_pickling(VM& vm, const std::string& message) {
  return raise_of(vm, state_of(vm)->pickling_error, message);
}
Error raise_unpickling(VM& vm, const std::string& message) {
  return raise_of(vm, state_of(vm)->unpickling_error, message);
}

std::string type_name(VM& vm, Value v) { return to_utf8(vm.type_of(v)->name); }

bool is_dotted(const Str* name) {
  for (size_t i = 0; i < name->length; ++i)
    if (name->at(i) == '.') return true;
  return false;
}

Result<Value> deep_attribute(VM& vm, Value object, Str* path, Value* parent) {
  Value found = object;
  for (size_t begin = 0; begin <= path->length;) {
    size_t end = begin;
    while (end < path->length && path->at(end) != '.') ++end;
    Str* part = TRY(intern(vm, TRY(str_slice(vm, path, begin, end))));
    *parent = found;
    if (str_equal(part, "<locals>"))
      return vm.raise(Exc::AttributeError, "Can't get local attribute {} on {}",
                      TRY(repr_of(vm, path)), TRY(repr_of(vm, object)));
    Value next;
    if (!TRY(get_attribute_optional(vm, found, part, &next)))
      return vm.raise(Exc::AttributeError, "Can't get attribute {} on {}", TRY(repr_of(vm, path)),
                      TRY(repr_of(vm, object)));
    found = next;
    begin = end + 1;
  }
  return found;
}

Result<Value> find_module(VM& vm, Str* name) {
  Value module;
  if (TRY(dict_get(vm, vm.modules(), name, &module)) && !module.is_none()) return module;
  Value import = TRY(get_attribute(vm, TRY(vm.import_module("builtins")), vm.names().import_));
  TRY(vm.call(import, {name, Value::none(), Value::none(), TRY(make_tuple(vm, size_t{0})),
                       Value::small_int(0)}));
  if (TRY(dict_get(vm, vm.modules(), name, &module))) return module;
  return vm.raise(Exc::KeyError, "{}", name);
}

}  // namespace apy::pickle
