// The module sys.
#include <unistd.h>

#include <cstdlib>

#include "stdlib/stream.h"
#include "stdlib/sys_parts.h"
#include "vm/binding/bind.h"
#include "vm/interpreter/interpreter.h"
#include "vm/objects/bigint.h"
#include "vm/objects/special_call.h"

namespace apy {

namespace {

const char kSwitchInterval = 0;

Result<Value> sys_exit(VM& vm, Optional<Value> status) {
  if (!status.present || status.value.is_none()) return vm.raise_with(Exc::SystemExit, {});
  if (Tuple* args = try_as<Tuple>(status.value))
    return vm.raise_with(Exc::SystemExit, args->span());
  return vm.raise_with(Exc::SystemExit, {&status.value, 1});
}

Result<Value> sys_exc_info(VM& vm) {
  Tuple* triple = TRY(make_tuple(vm, 3));
  Value handled = vm.handled();
  if (!is_exception(handled)) {
    std::fill_n(triple->values(), 3, Value::none());
    return triple;
  }
  Exception* exception = as<Exception>(handled);
  triple->values()[0] = vm.type_of(exception);
  triple->values()[1] = exception;
  triple->values()[2] = exception->traceback.is_empty() ? Value::none() : exception->traceback;
  return triple;
}

Result<Value> sys_exception(VM& vm) {
  return is_exception(vm.handled()) ? vm.handled() : Value::none();
}
Result<int64_t> sys_getrecursionlimit(VM& vm) { return vm.recursion_limit(); }
Result<void> sys_setrecursionlimit(VM& vm, int64_t limit) {
  if (limit > INT32_MAX)
    return vm.raise(Exc::OverflowError, "Python int too large to convert to C int");
  return vm.set_recursion_limit(static_cast<int>(std::max<int64_t>(limit, -1)));
}
Result<Value> sys_intern(VM& vm, Value text) {
  if (!is_exact(text, BuiltinType::Str))
    return vm.raise(Exc::TypeError, "can't intern {}", vm.type_of(text));
  return intern(vm, as<Str>(text));
}
Result<int64_t> sys_getsizeof(VM& vm, Value object, Optional<Value> otherwise) {
  // A script class may say something of its own.
  Value method = type_lookup(vm, vm.type_of(object), TRY(intern(vm, "__sizeof__")));
  if (!method.is_empty() && !is_kind(method, CellKind::NativeFunction)) {
    auto size = call_special_method(vm, method, object, {});
    if (size.is_error()) {
      if (!otherwise.present || !vm.catch_pending(Exc::TypeError)) return Error{};
      return to_int64(vm, otherwise.value);
    }
    if (!is_int(size.value()))
      return vm.raise(Exc::TypeError, "'{}' object cannot be interpreted as an integer",
                      vm.type_of(size.value()));
    int64_t bytes = TRY(to_int64(vm, size.value()));
    if (bytes < 0) return vm.raise(Exc::ValueError, "__sizeof__() should return >= 0");
    return bytes;
  }
  return object.is_cell() ? static_cast<int64_t>(Heap::slot_size(object.cell())) : 8;
}
Result<int64_t> sys_getrefcount(VM&, Value) { return 2; }

Result<Value> sys_displayhook(VM& vm, Value value) {
  if (value.is_none()) return Value::none();
  Value builtins = dict_get_str(vm, vm.modules(), vm.names().builtins);
  Str* underscore = TRY(intern(vm, "_"));
  TRY(set_attribute(vm, builtins, underscore, Value::none()));
  Value out = dict_get_str(vm, vm.sys_module()->dict, vm.names().stdout_);
  TRY(vm.call_method(out, vm.names().write, {Value(TRY(repr_of(vm, value)))}));
  TRY(vm.call_method(out, vm.names().write, {Value(TRY(make_str(vm, "\n")))}));
  TRY(set_attribute(vm, builtins, underscore, value));
  return Value::none();
}

Result<void> sys_excepthook(VM& vm, Value, Value exception, Value) {
  if (is_exception(exception)) {
    print_exception(vm, exception);
    return {};
  }
  return vm.raise(Exc::TypeError, "print_exception(): Exception expected for value, {} found",
                  vm.type_of(exception));
}

Result<int64_t> sys_get_max_digits(VM& vm) { return int_digit_limit(vm); }
Result<void> sys_set_max_digits(VM& vm, int64_t digits) {
  constexpr int64_t kThreshold = 640;
  if (digits != 0 && (digits < kThreshold || digits > INT32_MAX))
    return vm.raise(Exc::ValueError, "maxdigits must be 0 or larger than {}", kThreshold);
  set_int_digit_limit(vm, static_cast<int>(digits));
  return {};
}

Result<Value> attribute_or_none(VM& vm, Value object, const char* name) {
  Value value;
  if (!TRY(get_attribute_optional(vm, object, TRY(intern(vm, name)), &value))) return Value::none();
  return value;
}

/// `unraisable` has exc_type, exc_value, exc_traceback, err_msg and object.
Result<void> sys_unraisablehook(VM& vm, Value unraisable) {
  Value exception = TRY(attribute_or_none(vm, unraisable, "exc_value"));
  Value message = TRY(attribute_or_none(vm, unraisable, "err_msg"));
  Value object = TRY(attribute_or_none(vm, unraisable, "object"));
  std::string text = message.is_none() ? "Exception ignored in" : TRY(str_text(vm, message));
  if (!object.is_none()) text += ": " + TRY(repr_text(vm, object));
  if (message.is_none() || !object.is_none() || text.back() != ':')
    text += object.is_none() ? ":" : "";
  write_standard_error(vm, text + "\n");
  if (is_exception(exception)) print_exception(vm, exception);
  return {};
}

/// Runs the debugger that PYTHONBREAKPOINT names, pdb.set_trace by default.
Result<Value> sys_breakpointhook(VM& vm, const Arguments& arguments) {
  const char* name = std::getenv("PYTHONBREAKPOINT");
  std::string_view target = name && *name ? name : "pdb.set_trace";
  if (target == "0") return Value::none();
  size_t dot = target.rfind('.');
  std::string_view module = dot == target.npos ? "builtins" : target.substr(0, dot);
  Value owner = TRY(vm.import_module(module));
  Value hook = TRY(get_attribute(
      vm, owner, TRY(intern(vm, dot == target.npos ? target : target.substr(dot + 1)))));
  size_t count = arguments.positional_count + arguments.keyword_count();
  return vm.call_keywords(hook, {arguments.values, count}, arguments.keyword_names);
}

const char kAuditHooks = 0;
Result<void> sys_addaudithook(VM& vm, Value hook) {
  void*& hooks = vm.module_state(&kAuditHooks);
  if (!hooks) hooks = TRY(make_list(vm, size_t{1}));
  return list_append(vm, static_cast<List*>(hooks), hook);
}
/// The library itself reports nothing; programs can.
Result<void> sys_audit(VM& vm, Value event, Rest arguments) {
  if (!is_kind(event, CellKind::Str))
    return vm.raise(Exc::TypeError, "audit() argument 1 must be str, not {}", vm.type_of(event));
  auto* hooks = static_cast<List*>(vm.module_state(&kAuditHooks));
  if (!hooks) return {};
  Value tuple = TRY(make_tuple(vm, arguments.values));
  for (size_t i = 0; i < hooks->length; ++i) TRY(vm.call(hooks->values()[i], {event, tuple}));
  return {};
}

Result<Str*> sys_getdefaultencoding(VM& vm) { return intern(vm, "utf-8"); }
Result<Str*> sys_getfilesystemencodeerrors(VM& vm) { return intern(vm, "surrogateescape"); }
/// There are no threads to switch between, and no hooks for profilers.
Result<Value> no_hook(VM&) { return Value::none(); }
Result<double> sys_getswitchinterval(VM& vm) {
  auto* kept = static_cast<Cell*>(vm.module_state(&kSwitchInterval));
  return kept ? as_float(as<Tuple>(Value(kept))->values()[0]) : 0.005;
}
Result<void> sys_setswitchinterval(VM& vm, double interval) {
  if (!(interval > 0))
    return vm.raise(Exc::ValueError, "switch interval must be strictly positive");
  Value number = TRY(make_float(vm, interval));
  vm.module_state(&kSwitchInterval) = TRY(make_tuple(vm, {&number, 1}));
  return {};
}

/// What is made when somebody asks for it: sys.implementation is of a type written in the language.
Result<Value> sys_getattr(VM& vm, Str* name) {
  if (!str_equal(name, "implementation"))
    return vm.raise(Exc::AttributeError, "module 'sys' has no attribute '{}'", name);
  Value space =
      TRY(get_attribute(vm, TRY(vm.import_module("types")), TRY(intern(vm, "SimpleNamespace"))));
  Value implementation = TRY(vm.call(space, {}));
  auto set = [&](const char* key, Value value) -> Result<void> {
    return set_attribute(vm, implementation, TRY(intern(vm, key)), value);
  };
  Value sys = vm.sys_module();
  TRY(set("name", TRY(intern(vm, "apy"))));
  TRY(set("cache_tag", TRY(intern(vm, "apy-313"))));
  for (const char* key : {"version", "hexversion"}) {
    const char* from = std::string_view(key) == "version" ? "version_info" : key;
    TRY(set(key, TRY(get_attribute(vm, sys, TRY(intern(vm, from))))));
  }
  TRY(set_attribute(vm, sys, name, implementation));
  return implementation;
}

constexpr NativeFunctionDef kFunctions[] = {
    {"__getattr__(name, /)", "Make what is made when somebody asks for it.", bind<sys_getattr>()},
    {"audit(event, /, *args)", "Report an event to the hooks.", bind<sys_audit>()},
    {"addaudithook(hook)", "Add a function that is called for events.", bind<sys_addaudithook>()},
    {"getdefaultencoding()", "Return the default encoding of strings: utf-8.",
     bind<sys_getdefaultencoding>()},
    {"getfilesystemencoding()", "Return the encoding of file names: utf-8.",
     bind<sys_getdefaultencoding>()},
    {"getfilesystemencodeerrors()", "Return the error handler of file names.",
     bind<sys_getfilesystemencodeerrors>()},
    {"getswitchinterval()", "Return what setswitchinterval() set.", bind<sys_getswitchinterval>()},
    {"setswitchinterval(interval, /)", "Has no effect: there are no threads.",
     bind<sys_setswitchinterval>()},
    {"gettrace()", "Return None: there is no settrace().", bind<no_hook>()},
    {"getprofile()", "Return None: there is no setprofile().", bind<no_hook>()},
    {"exit(status=None, /)", "Exit the interpreter by raising SystemExit(status).",
     bind<sys_exit>()},
    {"exc_info()", "Return (type, value, traceback) of the exception being handled.",
     bind<sys_exc_info>()},
    {"exception()", "Return the exception being handled, or None.", bind<sys_exception>()},
    {"getrecursionlimit()", "Return the limit of script call depth.",
     bind<sys_getrecursionlimit>()},
    {"setrecursionlimit(limit, /)", "Set the limit of script call depth.",
     bind<sys_setrecursionlimit>()},
    {"intern(string, /)",
     "Return the one string with this text that is kept in the table of names.",
     bind<sys_intern>()},
    {"getsizeof(object, default=None, /)", "Bytes taken by the object itself.",
     bind<sys_getsizeof>()},
    {"getrefcount(object, /)", "There are no reference counts: always 2.", bind<sys_getrefcount>()},
    {"displayhook(object, /)", "Print an object to sys.stdout and also save it in builtins._",
     bind<sys_displayhook>()},
    {"excepthook(exctype, value, traceback, /)", "Print an uncaught exception to sys.stderr.",
     bind<sys_excepthook>()},
    {"unraisablehook(unraisable, /)", "Print an exception that nobody can handle.",
     bind<sys_unraisablehook>()},
    {"breakpointhook(*args, **kws)", "What breakpoint() calls.", bind<sys_breakpointhook>()},
    {"get_int_max_str_digits()", "Most digits that int and str conversions take.",
     bind<sys_get_max_digits>()},
    {"set_int_max_str_digits(maxdigits)",
     "Set the most digits that int and str conversions take; 0: no limit.",
     bind<sys_set_max_digits>()},
};

Result<void> add_constants(VM& vm, Module* module) {
  TRY(module_set(vm, module, "maxsize", make_int(vm, INT64_MAX).value()));
  TRY(module_set(vm, module, "maxunicode", Value::small_int(0x10FFFF)));
  TRY(module_set(vm, module, "byteorder", TRY(make_str(vm, "little"))));
  TRY(module_set(vm, module, "platform", TRY(make_str(vm, "linux"))));
  TRY(module_set(vm, module, "version", TRY(make_str(vm, "3.13.0 (apy " APY_VERSION ")"))));
  TRY(module_set(vm, module, "float_repr_style", TRY(make_str(vm, "short"))));
  TRY(module_set(vm, module, "hexversion", Value::small_int(0x030d00f0)));
  TRY(module_set(vm, module, "copyright", TRY(make_str(vm, ""))));
  TRY(module_set(vm, module, "prefix", TRY(make_str(vm, "/usr"))));
  TRY(module_set(vm, module, "base_prefix", TRY(make_str(vm, "/usr"))));
  TRY(module_set(vm, module, "exec_prefix", TRY(make_str(vm, "/usr"))));
  TRY(module_set(vm, module, "base_exec_prefix", TRY(make_str(vm, "/usr"))));
  TRY(module_set(vm, module, "platlibdir", TRY(make_str(vm, "lib"))));
  TRY(module_set(vm, module, "abiflags", vm.names().empty));
  TRY(module_set(vm, module, "api_version", Value::small_int(1013)));
  TRY(module_set(vm, module, "pycache_prefix", Value::none()));
  TRY(module_set(vm, module, "dont_write_bytecode", Value::boolean(true)));
  TRY(module_set(vm, module, "meta_path", TRY(make_list(vm, size_t{0}))));
  TRY(module_set(vm, module, "path_hooks", TRY(make_list(vm, size_t{0}))));
  TRY(module_set(vm, module, "path_importer_cache", TRY(make_dict(vm))));
  List* warning_options = TRY(make_list(vm, size_t{0}));
  TRY(module_set(vm, module, "warnoptions", warning_options));
  TRY(module_set(vm, module, "_xoptions", TRY(make_dict(vm))));
  const char* options = std::getenv("PYTHONWARNINGS");
  for (std::string_view rest = options ? options : ""; !rest.empty();) {
    size_t end = std::min(rest.find(','), rest.size());
    TRY(list_append(vm, warning_options, TRY(make_str(vm, rest.substr(0, end)))));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return add_sys_info(vm, module);
}

Result<void> initialize(VM& vm, Module* module) {
  TRY(add_constants(vm, module));
  for (const NativeFunctionDef& function : sys_frame_functions()) {
    Value native = TRY(make_native_function(vm, function, nullptr, Value(), vm.names().sys));
    TRY(module_set(vm, module, function.name(), native));
  }
  for (const NativeFunctionDef& function : sys_trace_functions()) {
    Value native = TRY(make_native_function(vm, function, nullptr, module, vm.names().sys));
    TRY(module_set(vm, module, function.name(), native));
  }
  for (const char* name : {"excepthook", "displayhook", "unraisablehook", "breakpointhook"}) {
    Value hook = dict_get_str(vm, module->dict, TRY(intern(vm, name)));
    TRY(module_set(vm, module, "__" + std::string(name) + "__", hook));
  }
  bool terminal = isatty(STDOUT_FILENO) == 1;
  TRY(module_set(vm, module, "stdin",
                 TRY(make_text_stream(vm, STDIN_FILENO, false, false, "<stdin>"))));
  TRY(module_set(vm, module, "stdout",
                 TRY(make_text_stream(vm, STDOUT_FILENO, true, terminal, "<stdout>"))));
  TRY(module_set(vm, module, "stderr",
                 TRY(make_text_stream(vm, STDERR_FILENO, true, true, "<stderr>"))));
  for (const char* name : {"stdin", "stdout", "stderr"}) {
    Value stream = dict_get_str(vm, module->dict, TRY(intern(vm, name)));
    TRY(module_set(vm, module, "__" + std::string(name) + "__", stream));
  }
  return {};
}

}  // namespace

extern const NativeModuleDef kSysModule = {
    "sys", "Objects used or maintained by the interpreter and functions that interact with it.",
    kFunctions, initialize};

}  // namespace apy
