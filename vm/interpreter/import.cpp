#include "vm/interpreter/import.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "vm/binding/native.h"
#include "vm/interpreter/setup.h"
#include "vm/objects/protocol.h"

namespace apy {

namespace {

enum class FileKind { Missing, File, Directory };

FileKind file_kind(const std::string& path) {
  struct stat status;
  if (stat(path.c_str(), &status) != 0) return FileKind::Missing;
  return S_ISDIR(status.st_mode) ? FileKind::Directory : FileKind::File;
}

/// Where a module's source was found.
struct Found {
  enum class Kind { None, Source, Package, Namespace } kind = Kind::None;
  std::string file;                    // source file
  std::vector<std::string> locations;  // __path__ of packages
};

constexpr const char* kSuffixes[] = {".apy", ".py"};

/// Looks for the module's last name component in one folder.
bool find_in_folder(const std::string& folder, const std::string& name, Found* found) {
  std::string base = (folder.empty() ? std::string(".") : folder) + "/" + name;
  if (folder.empty()) base = name;
  if (file_kind(base) == FileKind::Directory) {
    for (const char* suffix : kSuffixes) {
      std::string file = base + "/__init__" + suffix;
      if (file_kind(file) == FileKind::File) {
        *found = {Found::Kind::Package, file, {base}};
        return true;
      }
    }
  }
  for (const char* suffix : kSuffixes) {
    if (file_kind(base + suffix) == FileKind::File) {
      *found = {Found::Kind::Source, base + suffix, {}};
      return true;
    }
  }
  if (file_kind(base) == FileKind::Directory) {
    // A namespace package is assembled from all folders, unless a real one follows.
    found->kind = Found::Kind::Namespace;
    found->locations.push_back(base);
  }
  return false;
}

Result<Found> find_on_path(VM& vm, const std::string& name, Value path) {
  Found found;
  Value folders = TRY(list_from(vm, path));
  for (Value entry : as<List>(folders)->span()) {
    Str* folder = try_as<Str>(entry);
    if (folder && find_in_folder(to_utf8(folder), name, &found)) break;
  }
  return found;
}

Result<void> set_text(VM& vm, Module* module, Str* name, std::string_view text) {
  Str* value = TRY(make_str(vm, text));
  return dict_set_str(vm, module->dict, name, value);
}

// --- importlib ---

Value sys_attribute(VM& vm, std::string_view name) {
  auto key = intern(vm, name);
  if (key.is_error() || !vm.sys_module()) return Value();
  return dict_get_str(vm, vm.sys_module()->dict, key.value());
}

/// Has a program put finders or path hooks in? Then sys.meta_path is not the list of the standard
/// finders, which stand for the engine's own search.
bool has_foreign_finders(VM& vm) {
  const List* hooks = try_as<List>(sys_attribute(vm, "path_hooks"));
  if (hooks && hooks->length > 0) return true;
  const List* finders = try_as<List>(sys_attribute(vm, "meta_path"));
  if (!finders || finders->length == 0) return false;
  const Tuple* standard = try_as<Tuple>(sys_attribute(vm, "_standard_finders"));
  return !standard ||
         !std::equal(finders->span().begin(), finders->span().end(), standard->span().begin(),
                     standard->span().end(), [](Value a, Value b) { return a.is(b); });
}

/// Is there a file, or something below a file, where folders are expected? It may be an archive.
Result<bool> has_archives(VM& vm, Value path) {
  if (path.is_empty() || path.is_none()) return false;
  Value entries = TRY(list_from(vm, path));
  for (Value entry : as<List>(entries)->span()) {
    Str* text = try_as<Str>(entry);
    struct stat status;
    if (!text || text->length == 0) continue;
    if (stat(to_utf8(text).c_str(), &status) == 0 ? S_ISREG(status.st_mode) : errno == ENOTDIR)
      return true;
  }
  return false;
}

/// The module that such a finder gives, or None. `after`: the engine has found nothing.
Result<Value> ask_finders(VM& vm, const std::string& name, Value path, bool top_level, bool after) {
  if (name.starts_with("importlib")) return Value::none();
  if (!has_foreign_finders(vm)) {
    // Modules of the library are found before anybody gets here, so archives cost them nothing.
    if (!after || !TRY(has_archives(vm, path))) return Value::none();
    Value external = TRY(vm.import_module("importlib._bootstrap_external"));
    TRY(vm.call(TRY(get_attribute(vm, external, TRY(intern(vm, "_install_archive_hook")))),
                std::span<const Value>()));
  }
  Value bootstrap = TRY(vm.import_module("importlib._bootstrap"));
  Value ask = TRY(get_attribute(vm, bootstrap, TRY(intern(vm, "_ask"))));
  Value where = top_level || path.is_empty() ? Value::none() : path;
  return vm.call(ask, {TRY(make_str(vm, name)), where, Value::boolean(after)});
}

/// Once importlib is loaded, modules get `__spec__` and `__loader__` from it.
Result<void> adopt(VM& vm, Module* module) {
  Value bootstrap = dict_get_str(vm, vm.modules(), TRY(intern(vm, "importlib._bootstrap")));
  Value hook;
  if (bootstrap.is_empty() ||
      !TRY(get_attribute_optional(vm, bootstrap, TRY(intern(vm, "_adopt")), &hook)))
    return {};
  TRY(vm.call(hook, {module}));
  return {};
}

struct ModulePlan {
  std::string name;
  bool is_package = false;
  std::string file;  // empty for frozen and native modules
  std::vector<std::string> locations;
};

Result<Module*> new_source_module(VM& vm, const ModulePlan& plan) {
  Module* module = TRY(make_module(vm, plan.name));
  const Names& names = vm.names();
  TRY(set_text(vm, module, names.name_, plan.name));
  size_t dot = plan.name.rfind('.');
  std::string package = plan.is_package            ? plan.name
                        : dot == std::string::npos ? ""
                                                   : plan.name.substr(0, dot);
  TRY(set_text(vm, module, names.package, package));
  if (!plan.file.empty()) TRY(set_text(vm, module, names.file, plan.file));
  if (plan.is_package) {
    List* path = TRY(make_list(vm, plan.locations.size()));
    for (const std::string& location : plan.locations)
      TRY(list_append(vm, path, TRY(make_str(vm, location))));
    TRY(dict_set_str(vm, module->dict, names.path, path));
  }
  TRY(dict_set_str(vm, module->dict, names.loader, Value::none()));
  TRY(dict_set_str(vm, module->dict, names.spec, Value::none()));
  // The main program sees the module, others its dict.
  Value builtins = plan.name == "__main__" ? dict_get_str(vm, vm.modules(), names.builtins)
                                           : Value(vm.builtins());
  TRY(dict_set_str(vm, module->dict, names.builtins_, builtins));
  return module;
}

/// Runs a module's code with the module in sys.modules; on failure it is taken out again.
Result<Value> execute_module(VM& vm, const ModulePlan& plan, std::string_view source,
                             std::string_view filename) {
  Module* module = TRY(new_source_module(vm, plan));
  Str* key = TRY(intern(vm, plan.name));
  TRY(dict_set_str(vm, vm.modules(), key, module));
  auto run = [&]() -> Result<Value> {
    TRY(adopt(vm, module));
    Code* code = TRY(compile_source(vm, source, filename, {}));
    return vm.run_code(code, module->dict, Value());
  };
  registry(vm).executing.push_back(plan.name);
  auto result = run();
  registry(vm).executing.pop_back();
  if (result.is_error()) {
    Value pending = vm.take_pending();
    (void)dict_remove(vm, vm.modules(), key, nullptr);
    return vm.reraise(pending);
  }
  // The module may have replaced itself.
  Value current = dict_get_str(vm, vm.modules(), key);
  if (current.is_empty()) {
    return vm.raise_with(Exc::KeyError, std::initializer_list<Value>{Value(key)});
  }
  return current;
}

Result<Value> load_native(VM& vm, const NativeModuleDef& definition) {
  Module* module = TRY(make_module(vm, definition.name));
  Str* key = TRY(intern(vm, definition.name));
  TRY(set_text(vm, module, vm.names().name_, definition.name));
  TRY(set_text(vm, module, vm.names().package, ""));
  TRY(dict_set_str(vm, module->dict, vm.names().loader, Value::none()));
  TRY(dict_set_str(vm, module->dict, vm.names().spec, Value::none()));
  Value doc = definition.doc ? Value(TRY(make_str(vm, definition.doc))) : Value::none();
  TRY(dict_set_str(vm, module->dict, vm.names().doc, doc));
  for (const NativeFunctionDef& function : definition.functions) {
    Str* name = TRY(intern(vm, function.name()));
    Value native = TRY(make_native_function(vm, function, nullptr, Value(), key));
    TRY(dict_set_str(vm, module->dict, name, native));
  }
  TRY(dict_set_str(vm, vm.modules(), key, module));
  if (definition.initialize) {
    auto initialized = definition.initialize(vm, module);
    if (initialized.is_error()) {
      Value pending = vm.take_pending();
      (void)dict_remove(vm, vm.modules(), key, nullptr);
      return vm.reraise(pending);
    }
  }
  TRY(adopt(vm, module));
  return module;
}

const NativeModuleDef* find_native(VM& vm, std::string_view name) {
  for (const NativeModuleDef* definition : registry(vm).native_modules)
    if (name == definition->name) return definition;
  for (const NativeModuleDef* definition : registry(vm).registered)
    if (name == definition->name) return definition;
  return nullptr;
}

/// The repr of a module's name, for messages.
std::string quoted(VM& vm, const std::string& name) {
  auto text = make_str(vm, name);
  if (text.is_error()) return {};
  auto repr = repr_of(vm, text.value());
  return repr.is_ok() ? to_utf8(repr.value()) : std::string();
}

Error module_not_found(VM& vm, const std::string& name, const std::string& parent_not_package) {
  Error error = parent_not_package.empty()
                    ? vm.raise(Exc::ModuleNotFoundError, "No module named {}", quoted(vm, name))
                    : vm.raise(Exc::ModuleNotFoundError, "No module named {}; {} is not a package",
                               quoted(vm, name), quoted(vm, parent_not_package));
  if (Exception* exception = try_as<Exception>(vm.pending())) {
    auto text = make_str(vm, name);
    if (text.is_ok()) exception->fields[1] = text.value();
    vm.barrier(exception);
  }
  return error;
}

bool find_frozen(VM& vm, const std::string& name, FrozenSource* out) {
  return registry(vm).find_frozen && registry(vm).find_frozen(name, out);
}

/// Frozen modules that no file takes the place of: those that are frozen in CPython, and the parts
/// of others. The rest of the library comes after the folders of sys.path, as it does there.
bool comes_before_files(std::string_view name) {
  constexpr std::string_view kFirst[] = {"abc",       "codecs", "genericpath", "importlib", "io",
                                         "posixpath", "os",     "runpy",       "stat"};
  return name[0] == '_' ||
         std::find(std::begin(kFirst), std::end(kFirst), name) != std::end(kFirst);
}

/// A module that is no native one: frozen, or found in a folder.
struct Located {
  bool is_frozen = false;
  FrozenSource frozen{};
  Found found;
};

/// Is this the main script? One that has a library module's name would hide that module from the
/// library itself.
bool is_main_script(VM& vm, const std::string& file) {
  auto key = intern(vm, "__main__");
  if (key.is_error()) return false;
  Module* main = try_as<Module>(dict_get_str(vm, vm.modules(), key.value()));
  Str* main_file = main ? try_as<Str>(dict_get_str(vm, main->dict, vm.names().file)) : nullptr;
  struct stat left, right;
  return main_file && stat(file.c_str(), &left) == 0 &&
         stat(to_utf8(main_file).c_str(), &right) == 0 && left.st_dev == right.st_dev &&
         left.st_ino == right.st_ino;
}

/// `path` is sys.path or the __path__ of the module's package, which is an empty list for a frozen
/// one. found.kind is None if there is no such module.
Result<Located> locate(VM& vm, const std::string& name, Value path) {
  Located located;
  size_t dot = name.rfind('.');
  bool is_frozen = find_frozen(vm, name, &located.frozen);
  Found& found = located.found;
  if (!is_frozen || dot != std::string::npos || !comes_before_files(name)) {
    if (!path.is_empty())
      found = TRY(find_on_path(vm, dot == std::string::npos ? name : name.substr(dot + 1), path));
    // A folder without __init__ gives way to a whole module.
    bool whole = found.kind != Found::Kind::None && found.kind != Found::Kind::Namespace &&
                 !(is_frozen && is_main_script(vm, found.file));
    if (whole || !is_frozen) return located;
    // Part of a package that is a file: the frozen package of that name is another one.
    if (dot != std::string::npos && TRY(is_truthy(vm, path))) return located;
  }
  located.is_frozen = true;
  found.kind = located.frozen.is_package ? Found::Kind::Package : Found::Kind::Source;
  return located;
}

/// Loads a module that is not in sys.modules; `path` is the parent's __path__ or sys.path.
Result<Value> load_module(VM& vm, const std::string& name, Value path, bool top_level) {
  Value foreign = TRY(ask_finders(vm, name, path, top_level, false));
  if (!foreign.is_none()) return foreign;
  if (const NativeModuleDef* native = find_native(vm, name)) return load_native(vm, *native);
  Located located = TRY(locate(vm, name, path));
  const Found& found = located.found;
  if (found.kind == Found::Kind::None) {
    foreign = TRY(ask_finders(vm, name, path, top_level, true));
    return foreign.is_none() ? Result<Value>(module_not_found(vm, name, "")) : foreign;
  }
  if (located.is_frozen) {
    ModulePlan plan{name, located.frozen.is_package, "", {}};
    return execute_module(vm, plan, located.frozen.text(), "<frozen " + name + ">");
  }
  ModulePlan plan{name, found.kind != Found::Kind::Source, found.file, found.locations};
  if (found.kind == Found::Kind::Namespace) {
    Module* module = TRY(new_source_module(vm, plan));
    TRY(dict_set_str(vm, vm.modules(), TRY(intern(vm, name)), module));
    TRY(adopt(vm, module));
    return module;
  }
  std::string source = TRY(read_file(vm, found.file));
  return execute_module(vm, plan, source, found.file);
}

Result<Value> sys_path(VM& vm) {
  Str* name = TRY(intern(vm, "path"));
  Value path = vm.sys_module() ? dict_get_str(vm, vm.sys_module()->dict, name) : Value();
  return path.is_empty() ? Value(TRY(make_list(vm, size_t{0}))) : path;
}

/// Imports one dotted name whose parent is already imported.
Result<Value> import_one(VM& vm, const std::string& name) {
  Str* key = TRY(intern(vm, name));
  Value present = dict_get_str(vm, vm.modules(), key);
  if (!present.is_empty() && !present.is_none()) return present;
  if (present.is_none())
    return vm.raise(Exc::ModuleNotFoundError, "import of {} halted; None in sys.modules", name);
  size_t dot = name.rfind('.');
  if (dot == std::string::npos) return load_module(vm, name, TRY(sys_path(vm)), true);
  std::string parent_name = name.substr(0, dot);
  Value parent = dict_get_str(vm, vm.modules(), TRY(intern(vm, parent_name)));
  Value path;
  if (parent.is_empty() || !TRY(get_attribute_optional(vm, parent, vm.names().path, &path)))
    return module_not_found(vm, name, parent_name);
  Value module = TRY(load_module(vm, name, path, false));
  TRY(set_attribute(vm, parent, TRY(intern(vm, name.substr(dot + 1))), module));
  return module;
}

Result<Value> import_dotted(VM& vm, const std::string& name) {
  Value module;
  for (size_t end = name.find('.');; end = name.find('.', end + 1)) {
    module = TRY(import_one(vm, name.substr(0, end)));
    if (end == std::string::npos) return module;
  }
}

/// The package that relative imports of code with these globals start from.
Result<std::string> package_of(VM& vm, Dict* globals) {
  Value package = dict_get_str(vm, globals, vm.names().package);
  if (Str* text = try_as<Str>(package)) return to_utf8(text);
  Value name = dict_get_str(vm, globals, vm.names().name_);
  Str* text = try_as<Str>(name);
  if (!text) return vm.raise(Exc::KeyError, "'__name__' not in globals");
  std::string result = to_utf8(text);
  if (!dict_get_str(vm, globals, vm.names().path).is_empty()) return result;
  size_t dot = result.rfind('.');
  return dot == std::string::npos ? std::string() : result.substr(0, dot);
}

Result<std::string> resolve_relative(VM& vm, const std::string& name, Dict* globals,
                                     int64_t level) {
  std::string package = TRY(package_of(vm, globals));
  if (package.empty())
    return vm.raise(Exc::ImportError, "attempted relative import with no known parent package");
  for (int64_t i = 1; i < level; ++i) {
    size_t dot = package.rfind('.');
    if (dot == std::string::npos)
      return vm.raise(Exc::ImportError, "attempted relative import beyond top-level package");
    package.resize(dot);
  }
  return name.empty() ? package : package + "." + name;
}

/// `from package import a, b`: submodules that are not attributes yet are imported.
Result<void> import_submodules(VM& vm, Value module, const std::string& name, Value from_list) {
  Value path;
  if (!TRY(get_attribute_optional(vm, module, vm.names().path, &path))) return {};
  Value items = TRY(list_from(vm, from_list));
  for (uint64_t i = 0; i < as<List>(items)->length; ++i) {
    Value item = as<List>(items)->values()[i];
    Str* attribute = try_as<Str>(item);
    if (!attribute)
      return vm.raise(Exc::TypeError, "Item in ``from list'' must be str, not {}",
                      vm.type_of(item));
    if (str_equal(attribute, "*")) {
      Value all;
      if (TRY(get_attribute_optional(vm, module, vm.names().all, &all)))
        TRY(import_submodules(vm, module, name, all));
      continue;
    }
    Value present;
    if (TRY(get_attribute_optional(vm, module, attribute, &present))) continue;
    std::string full = name + "." + to_utf8(attribute);
    auto imported = import_one(vm, full);
    if (imported.is_error()) {
      // Not a submodule: `from` reports the missing name itself.
      Exception* exception = try_as<Exception>(vm.pending());
      Str* missing = exception && vm.is_instance(exception, BuiltinType::ModuleNotFoundError)
                         ? try_as<Str>(exception->fields[1])
                         : nullptr;
      if (!missing || to_utf8(missing) != full) return Error{};
      vm.take_pending();
    }
  }
  return {};
}

}  // namespace

Result<Value> import_absolute(VM& vm, Str* name) { return import_dotted(vm, to_utf8(name)); }

Result<Value> VM::import_module(std::string_view dotted_name) {
  return import_dotted(*this, std::string(dotted_name));
}

void VM::register_native_module(const NativeModuleDef* definition) {
  apy::registry(*this).registered.push_back(definition);
}

Result<Value> import_name(VM& vm, Str* name, Dict* globals, Value from_list, int64_t level) {
  std::string full = to_utf8(name);
  if (level > 0) full = TRY(resolve_relative(vm, full, globals, level));
  if (full.empty()) return vm.raise(Exc::ValueError, "Empty module name");
  bool has_from = !from_list.is_none() && !from_list.is_empty() && TRY(is_truthy(vm, from_list));
  Value module = TRY(import_dotted(vm, full));
  if (has_from) {
    TRY(import_submodules(vm, module, full, from_list));
    return module;
  }
  if (level > 0) {
    // `import` of a relative name exists only through __import__: the package of the first
    // component.
    size_t own = to_utf8(name).find('.');
    if (own == std::string::npos) return module;
    full.resize(full.size() - (to_utf8(name).size() - own));
    return import_one(vm, full);
  }
  size_t dot = full.find('.');
  return dot == std::string::npos ? module : import_one(vm, full.substr(0, dot));
}

Result<Value> import_from(VM& vm, Value module, Str* name) {
  Value value;
  if (TRY(get_attribute_optional(vm, module, name, &value))) return value;
  Value module_name;
  bool named = TRY(get_attribute_optional(vm, module, vm.names().name_, &module_name)) &&
               is_kind(module_name, CellKind::Str);
  if (named) {
    Value full = TRY(intern(vm, to_utf8(as<Str>(module_name)) + "." + to_utf8(name)));
    value = dict_get_str(vm, vm.modules(), as<Str>(full));
    if (!value.is_empty()) return value;
  }
  std::string shown = named ? to_utf8(as<Str>(module_name)) : "<unknown module name>";
  Value file;
  std::string location = "unknown location";
  if (TRY(get_attribute_optional(vm, module, vm.names().file, &file)) &&
      is_kind(file, CellKind::Str))
    location = to_utf8(as<Str>(file));
  const auto& executing = registry(vm).executing;
  bool is_partial =
      named && std::find(executing.begin(), executing.end(), shown) != executing.end();
  Error error = is_partial
                    ? vm.raise(Exc::ImportError,
                               "cannot import name '{}' from partially initialized module '{}' "
                               "(most likely due to a circular import) ({})",
                               name, shown, location)
                    : vm.raise(Exc::ImportError, "cannot import name '{}' from '{}' ({})", name,
                               shown, location);
  if (Exception* exception = try_as<Exception>(vm.pending())) {
    exception->fields[1] = module_name;
    exception->fields[3] = name;
    vm.barrier(exception);
  }
  return error;
}

Result<void> import_star(VM& vm, Value module, Value names) {
  Value all;
  bool explicit_names = TRY(get_attribute_optional(vm, module, vm.names().all, &all));
  if (!explicit_names) {
    Value dict = TRY(get_attribute(vm, module, vm.names().dict_));
    all = TRY(list_from(vm, dict));
  } else {
    all = TRY(list_from(vm, all));
  }
  for (uint64_t i = 0; i < as<List>(all)->length; ++i) {
    Str* name = try_as<Str>(as<List>(all)->values()[i]);
    if (!name) {
      return vm.raise(Exc::TypeError, "Item in {}.__all__ must be str, not {}",
                      TRY(str_text(vm, module)), vm.type_of(as<List>(all)->values()[i]));
    }
    if (!explicit_names && name->length > 0 && name->at(0) == '_') continue;
    TRY(set_item(vm, names, name, TRY(get_attribute(vm, module, name))));
  }
  return {};
}

Result<ModuleSource> find_module_source(VM& vm, const std::string& name) {
  if (find_native(vm, name))
    return vm.raise(Exc::ImportError, "No code object available for {}", name);
  Value path = TRY(sys_path(vm));
  size_t dot = name.rfind('.');
  if (dot != std::string::npos) {
    Value parent = TRY(import_dotted(vm, name.substr(0, dot)));
    path = Value();
    (void)TRY(get_attribute_optional(vm, parent, vm.names().path, &path));
  }
  Located located = TRY(locate(vm, name, path));
  const Found& found = located.found;
  if (found.kind == Found::Kind::None)
    return vm.raise(Exc::ModuleNotFoundError, "No module named {}", name);
  if (found.kind != Found::Kind::Source) {
    auto main = find_module_source(vm, name + ".__main__");
    if (main.is_ok() || !vm.catch_pending(Exc::ModuleNotFoundError)) return main;
    return vm.raise(
        Exc::ModuleNotFoundError,
        "No module named {}.__main__; '{}' is a package and cannot be directly executed", name,
        name);
  }
  if (located.is_frozen) return ModuleSource{name, located.frozen.text(), "<frozen " + name + ">"};
  return ModuleSource{name, TRY(read_file(vm, found.file)), found.file};
}

Result<std::string> read_file(VM& vm, const std::string& path) {
  FILE* file = std::fopen(path.c_str(), "rb");
  std::string text;
  bool failed = !file;
  if (file) {
    char buffer[65536];
    size_t count;
    while ((count = std::fread(buffer, 1, sizeof buffer, file)) > 0) text.append(buffer, count);
    failed = std::ferror(file);
    std::fclose(file);
  }
  if (failed) {
    int error = errno;
    Value arguments[3] = {Value::small_int(error), TRY(make_str(vm, std::strerror(error))),
                          TRY(make_str(vm, path))};
    Value exception = TRY(vm.call(vm.type(BuiltinType::OSError), arguments));
    return vm.raise_exception(exception);
  }
  return text;
}

}  // namespace apy
