// builtins that deal with code and namespaces: classes, exec, eval, compile, globals, locals, vars,
// dir.
#include "stdlib/builtins.h"
#include "vm/binding/bind.h"
#include "vm/bytecode/code.h"
#include "vm/bytecode/future_flags.h"
#include "vm/interpreter/ast_bridge.h"
#include "vm/interpreter/frame_object.h"
#include "vm/interpreter/interpreter.h"
#include "vm/interpreter/setup.h"
#include "vm/objects/bytes_family.h"
#include "vm/objects/special_call.h"

namespace apy {

namespace {

/// Bases that are not classes may stand for some: PEP 560.
Result<Tuple*> resolve_bases(VM& vm, Tuple* bases) {
  List* resolved = nullptr;
  for (uint64_t i = 0; i < bases->length; ++i) {
    Value base = bases->values()[i];
    Value entries;
    bool found = false;
    if (!is_kind(base, CellKind::Type)) {
      Value hook;
      found = TRY(get_attribute_optional(vm, base, vm.special_name(Special::MroEntries), &hook));
      if (found) {
        entries = TRY(vm.call(hook, {bases}));
        if (!is_kind(entries, CellKind::Tuple))
          return vm.raise(Exc::TypeError, "__mro_entries__ must return a tuple");
      }
    }
    if (found && !resolved) resolved = TRY(make_list(vm, bases->span().first(i)));
    if (found) {
      for (Value entry : as<Tuple>(entries)->span()) TRY(list_append(vm, resolved, entry));
    } else if (resolved) {
      TRY(list_append(vm, resolved, base));
    }
  }
  if (!resolved) return bases;
  return make_tuple(vm, resolved->span());
}

/// The most derived metaclass of `given` and the bases' types.
Result<Value> winning_metaclass(VM& vm, Value given, Tuple* bases) {
  Type* winner = try_as<Type>(given);
  if (!winner) return given;
  for (Value base : bases->span()) {
    Type* type = vm.type_of(base);
    if (winner->is_subtype_of(type)) continue;
    if (type->is_subtype_of(winner)) {
      winner = type;
      continue;
    }
    return vm.raise(Exc::TypeError,
                    "metaclass conflict: the metaclass of a derived class must be a (non-strict) "
                    "subclass of the "
                    "metaclasses of all its bases");
  }
  return winner;
}

/// Class keywords without `metaclass`, as arguments of a call.
struct ClassKeywords {
  Tuple* names = nullptr;
  Tuple* values = nullptr;
};

Result<ClassKeywords> split_keywords(VM& vm, const Arguments& arguments, Value* metaclass) {
  ClassKeywords result;
  uint32_t count = arguments.keyword_count();
  uint32_t kept = 0;
  for (uint32_t i = 0; i < count; ++i) {
    if (arguments.keyword_names->values()[i].cell() == vm.names().metaclass) {
      *metaclass = arguments.keyword_values()[i];
    } else {
      ++kept;
    }
  }
  result.names = TRY(make_tuple(vm, kept));
  result.values = TRY(make_tuple(vm, kept));
  uint32_t position = 0;
  for (uint32_t i = 0; i < count; ++i) {
    if (arguments.keyword_names->values()[i].cell() == vm.names().metaclass) continue;
    result.names->values()[position] = arguments.keyword_names->values()[i];
    result.values->values()[position++] = arguments.keyword_values()[i];
  }
  return result;
}

Result<Value> call_with_keywords(VM& vm, Value callee, std::initializer_list<Value> positional,
                                 const ClassKeywords& keywords) {
  Tuple* all = TRY(make_tuple(vm, positional.size() + keywords.values->length));
  std::copy(positional.begin(), positional.end(), all->values());
  std::copy(keywords.values->values(), keywords.values->values() + keywords.values->length,
            all->values() + positional.size());
  return vm.call_keywords(callee, all->span(), keywords.names->length ? keywords.names : nullptr);
}

Result<Value> prepare_namespace(VM& vm, Value metaclass, Value name, Tuple* bases,
                                const ClassKeywords& keywords) {
  Value prepare;
  Str* prepare_name = vm.special_name(Special::Prepare);
  if (metaclass.is(vm.type(BuiltinType::Type)) ||
      !TRY(get_attribute_optional(vm, metaclass, prepare_name, &prepare))) {
    return make_dict(vm);
  }
  Value names = TRY(call_with_keywords(vm, prepare, {name, Value(bases)}, keywords));
  if (is_kind(names, CellKind::Dict)) return names;
  if (type_special(vm, vm.type_of(names), Special::GetItem).is_empty()) {
    Type* type = try_as<Type>(metaclass);
    return vm.raise(Exc::TypeError, "{}.__prepare__() must return a mapping, not {}",
                    type ? to_utf8(type->name) : std::string("<metaclass>"), vm.type_of(names));
  }
  return names;
}

}  // namespace

Result<Value> build_class(VM& vm, const Arguments& arguments) {
  if (arguments.positional_count < 2)
    return vm.raise(Exc::TypeError, "__build_class__: not enough arguments");
  Function* body = try_as<Function>(arguments.values[0]);
  if (!body) return vm.raise(Exc::TypeError, "__build_class__: func must be a function");
  Value name = arguments.values[1];
  if (!is_kind(name, CellKind::Str))
    return vm.raise(Exc::TypeError, "__build_class__: name is not a string");
  Tuple* original = TRY(make_tuple(vm, arguments.positional().subspan(2)));
  Tuple* bases = TRY(resolve_bases(vm, original));
  Value metaclass;
  ClassKeywords keywords = TRY(split_keywords(vm, arguments, &metaclass));
  if (metaclass.is_empty()) {
    metaclass =
        bases->length ? Value(vm.type_of(bases->values()[0])) : Value(vm.type(BuiltinType::Type));
  }
  metaclass = TRY(winning_metaclass(vm, metaclass, bases));
  Value names = TRY(prepare_namespace(vm, metaclass, name, bases, keywords));
  // The body runs with the namespace as its locals and returns the __class__ cell, if it has one.
  Value cell = TRY(vm.run_code(body->code, body->globals, names, body->closure));
  if (bases != original) TRY(set_item(vm, names, vm.names().orig_bases, original));
  Value cls = TRY(call_with_keywords(vm, metaclass, {name, Value(bases), names}, keywords));
  if (CellVariable* variable = try_as<CellVariable>(cell);
      variable && is_kind(cls, CellKind::Type)) {
    if (variable->value.is_empty()) {
      return vm.raise(
          Exc::RuntimeError,
          "__class__ not set defining '{}' as {}. Was __classcell__ propagated to type.__new__?",
          as<Str>(name), TRY(repr_text(vm, cls)));
    }
    if (!variable->value.is(cls)) {
      return vm.raise(Exc::TypeError, "__class__ set to {} defining '{}' as {}",
                      TRY(repr_text(vm, variable->value)), as<Str>(name), TRY(repr_text(vm, cls)));
    }
  }
  return cls;
}

namespace {

Frame* calling_frame(VM& vm) { return vm.current_frame(); }

Result<Value> builtin_globals(VM& vm) {
  Frame* frame = calling_frame(vm);
  if (!frame) return vm.raise(Exc::SystemError, "no current frame");
  return frame->function()->globals;
}

Result<Value> builtin_locals(VM& vm) {
  Frame* frame = calling_frame(vm);
  if (!frame) return vm.raise(Exc::SystemError, "no current frame");
  return frame_locals(vm, frame);
}

Result<Value> builtin_vars(VM& vm, Optional<Value> object) {
  if (!object.present) return builtin_locals(vm);
  Value dict;
  if (TRY(get_attribute_optional(vm, object.value, vm.names().dict_, &dict))) return dict;
  return vm.raise(Exc::TypeError, "vars() argument must have __dict__ attribute");
}

Result<Value> builtin_dir(VM& vm, Optional<Value> object) {
  Value names;
  if (object.present) {
    Value method;
    Type* type = vm.type_of(object.value);
    method = type_lookup(vm, type, vm.names().dir);
    if (method.is_empty()) return vm.raise(Exc::TypeError, "object does not provide __dir__");
    names = TRY(call_special_method(vm, method, object.value, {}));
  } else {
    Value locals = TRY(builtin_locals(vm));
    names = TRY(vm.call_method(locals, vm.names().keys, {}));
  }
  Value list = TRY(list_from(vm, names));
  TRY(vm.call_method(list, TRY(intern(vm, "sort")), {}));
  return list;
}

Result<std::string> source_text(VM& vm, Value source, const char* function, bool* is_bytes) {
  *is_bytes = false;
  if (Str* text = try_as<Str>(source)) return to_utf8(text);
  *is_bytes = true;
  if (Bytes* bytes = try_as<Bytes>(source)) return std::string(bytes->view());
  if (ByteArray* array = try_as<ByteArray>(source)) {
    return std::string(
        reinterpret_cast<const char*>(array->storage ? array->storage->data() : nullptr),
        array->length);
  }
  auto bytes = bytes_like(vm, source);
  if (bytes.is_ok()) return std::string(bytes.value());
  (void)vm.take_pending();
  bool compiles = std::string_view(function) == "compile";
  return vm.raise(Exc::TypeError, "{}() arg 1 must be a string, bytes or {} object", function,
                  compiles ? "AST" : "code");
}

// The `flags` of compile(): the values of CPython's PyCF_ and CO_FUTURE_ constants.
constexpr int64_t kSourceIsUtf8 = 0x100, kDontImplyDedent = 0x200, kOnlyTree = 0x400,
                  kIgnoreCookie = 0x800, kTypeComments = 0x1000, kTopLevelAwait = 0x2000,
                  kAllowIncomplete = 0x4000, kOptimizedTree = 0x8000 | kOnlyTree;
constexpr int64_t kBarryAsFlufl = 0x400000;
constexpr int64_t kFutureFlags = 0x1FE0000 | 0x10;  // nested_scopes and later ones
constexpr int64_t kCompileFlags = kSourceIsUtf8 | kDontImplyDedent | kOnlyTree | kIgnoreCookie |
                                  kTypeComments | kTopLevelAwait | kAllowIncomplete |
                                  kOptimizedTree | kFutureFlags;

/// `from __future__ import annotations` holds in what the running code compiles, too.
bool inherits_future_annotations(VM& vm) {
  const Frame* frame = calling_frame(vm);
  return frame && frame->code->flags & kFutureAnnotations;
}

Result<SourceOptions> compile_options(VM& vm, Value mode, int64_t flags, bool dont_inherit,
                                      int64_t optimize) {
  SourceOptions options;
  if (flags & ~kCompileFlags) return vm.raise(Exc::ValueError, "compile(): unrecognised flags");
  if (optimize < -1 || optimize > 2)
    return vm.raise(Exc::ValueError, "compile(): invalid optimize value");
  Str* mode_text = try_as<Str>(mode);
  if (!mode_text)
    return vm.raise(Exc::TypeError, "compile() argument 'mode' must be str, not {}",
                    vm.type_of(mode));
  if (str_equal(mode_text, "eval")) {
    options.mode = SourceOptions::Mode::Eval;
  } else if (str_equal(mode_text, "single")) {
    options.mode = SourceOptions::Mode::Single;
  } else if (str_equal(mode_text, "func_type")) {
    if (!(flags & kOnlyTree))
      return vm.raise(Exc::ValueError, "compile() mode 'func_type' requires flag PyCF_ONLY_AST");
  } else if (!str_equal(mode_text, "exec")) {
    return vm.raise(Exc::ValueError, flags & kOnlyTree
                                         ? "compile() mode must be 'exec', 'eval', 'single' or "
                                           "'func_type'"
                                         : "compile() mode must be 'exec', 'eval' or 'single'");
  }
  options.dynamic_names = true;
  options.top_level_await = flags & kTopLevelAwait;
  options.diamond_is_not_equal = flags & kBarryAsFlufl;
  options.optimize = static_cast<int>(std::max<int64_t>(optimize, 0));
  options.future_annotations =
      flags & kFutureAnnotations || (!dont_inherit && inherits_future_annotations(vm));
  return options;
}

/// The name as open() would take it: str, bytes or os.PathLike.
Result<std::string> file_name(VM& vm, Value name) {
  Value hook = type_lookup(vm, vm.type_of(name), vm.names().fspath);
  if (!hook.is_empty() && !is_kind(name, CellKind::Str) && !is_kind(name, CellKind::Bytes))
    name = TRY(call_special_method(vm, hook, name, {}));
  if (Str* text = try_as<Str>(name)) return to_utf8(text);
  if (Bytes* bytes = try_as<Bytes>(name)) return std::string(bytes->view());
  return vm.raise(Exc::TypeError, "expected str, bytes or os.PathLike object, not {}",
                  vm.type_of(name));
}

Result<Value> builtin_compile(VM& vm, Value source, Value filename, Value mode,
                              Optional<int64_t> flags, Optional<bool> dont_inherit,
                              Optional<int64_t> optimize, Optional<int64_t>) {
  std::string name = TRY(file_name(vm, filename));
  SourceOptions options = TRY(compile_options(vm, mode, flags.value_or(0),
                                              dont_inherit.value_or(false), optimize.value_or(-1)));
  bool only_tree = flags.value_or(0) & kOnlyTree;
  if (TRY(is_tree_object(vm, source)))
    return only_tree ? Result<Value>(source) : compile_objects(vm, source, name, options);
  if (flags.value_or(0) & kSourceIsUtf8) options.is_file = false;
  std::string text = TRY(source_text(vm, source, "compile", &options.is_file));
  if (text.find('\0') != text.npos)
    return vm.raise(Exc::SyntaxError, "source code string cannot contain null bytes");
  if (only_tree) return parse_to_objects(vm, text, name, options);
  return compile_source(vm, text, name, options);
}

/// The closure that exec() takes for a code object with free variables: as many cells.
Result<void> check_closure(VM& vm, const Code* code, Value closure) {
  uint64_t count = code->free_names ? code->free_names->length : 0;
  if (closure.is_none()) {
    if (count == 0) return {};
    return vm.raise(Exc::TypeError, "code object requires a closure of exactly length {}",
                    static_cast<int64_t>(count));
  }
  if (count == 0) return vm.raise(Exc::TypeError, "cannot use a closure with this code object");
  const Tuple* cells = is_exact(closure, BuiltinType::Tuple) ? as<Tuple>(closure) : nullptr;
  bool fits = cells && cells->length == count;
  for (uint64_t i = 0; fits && i < count; ++i)
    fits = is_kind(cells->values()[i], CellKind::CellVariable);
  if (fits) return {};
  return vm.raise(Exc::TypeError, "code object requires a closure of exactly length {}",
                  static_cast<int64_t>(count));
}

Result<Value> run_text(VM& vm, Value source, Optional<Value> globals, Optional<Value> locals,
                       SourceOptions::Mode mode, const char* function,
                       Value closure = Value::none()) {
  Frame* frame = calling_frame(vm);
  Value global_names = globals.present ? globals.value : Value::none();
  Value local_names = locals.present ? locals.value : Value::none();
  if (global_names.is_none()) {
    if (!frame) return vm.raise(Exc::SystemError, "globals and locals cannot be NULL");
    global_names = frame->function()->globals;
    if (local_names.is_none()) local_names = TRY(frame_locals(vm, frame));
  } else if (!is_kind(global_names, CellKind::Dict)) {
    Type* type = vm.type_of(global_names);
    if (mode != SourceOptions::Mode::Eval)
      return vm.raise(Exc::TypeError, "exec() globals must be a dict, not {}", type);
    if (type_special(vm, type, Special::GetItem).is_empty())
      return vm.raise(Exc::TypeError, "globals must be a dict");
    return vm.raise(Exc::TypeError, "globals must be a real dict; try eval(expr, {}, mapping)",
                    "{}");
  }
  if (!local_names.is_none() &&
      type_special(vm, vm.type_of(local_names), Special::GetItem).is_empty())
    return vm.raise(Exc::TypeError, "locals must be a mapping");
  Dict* dict = as<Dict>(global_names);
  if (dict_get_str(vm, dict, vm.names().builtins_).is_empty()) {
    TRY(dict_set_str(vm, dict, vm.names().builtins_,
                     frame ? frame->function()->builtins : vm.builtins()));
  }
  Code* code = try_as<Code>(source);
  if (!code) {
    SourceOptions options;
    options.mode = mode;
    options.dynamic_names = true;
    options.future_annotations = inherits_future_annotations(vm);
    std::string text = TRY(source_text(vm, source, function, &options.is_file));
    if (text.find('\0') != text.npos)
      return vm.raise(Exc::SyntaxError, "source code string cannot contain null bytes");
    if (mode == SourceOptions::Mode::Eval) text.erase(0, text.find_first_not_of(" \t"));
    code = TRY(compile_source(vm, text, "<string>", options));
  }
  if (closure.is_none() && mode == SourceOptions::Mode::Eval && code->free_names &&
      code->free_names->length)
    return vm.raise(Exc::TypeError, "code object passed to {}() may not contain free variables",
                    function);
  if (!is_kind(source, CellKind::Code) && !closure.is_none())
    return vm.raise(Exc::TypeError, "closure can only be used when source is a code object");
  TRY(check_closure(vm, code, closure));
  bool is_same = local_names.is_none() || local_names.is(global_names);
  // A subclass of dict may have its own way to find and store items.
  Value names = !is_same                                    ? local_names
                : is_exact(global_names, BuiltinType::Dict) ? Value()
                                                            : global_names;
  return vm.run_code(code, dict, names, try_as<Tuple>(closure));
}

Result<Value> builtin_eval(VM& vm, Value source, Optional<Value> globals, Optional<Value> locals) {
  return run_text(vm, source, globals, locals, SourceOptions::Mode::Eval, "eval");
}
Result<void> builtin_exec(VM& vm, Value source, Optional<Value> globals, Optional<Value> locals,
                          Optional<Value> closure) {
  TRY(run_text(vm, source, globals, locals, SourceOptions::Mode::Exec, "exec",
               closure.present ? closure.value : Value::none()));
  return {};
}

constexpr NativeFunctionDef kCodeFunctions[] = {
    {"compile(source, filename, mode, flags=0, dont_inherit=False, optimize=-1, *, "
     "_feature_version=-1)",
     "Compile source into a code object that can be executed by exec() or eval().",
     bind<builtin_compile>()},
    {"dir(object=<unrepresentable>, /)", "Show attributes of an object.", bind<builtin_dir>()},
    {"eval(source, /, globals=None, locals=None)",
     "Evaluate the given source in the context of globals and locals.", bind<builtin_eval>()},
    {"exec(source, /, globals=None, locals=None, *, closure=None)",
     "Execute the given source in the context of globals and locals.", bind<builtin_exec>()},
    {"globals()", "Return the dictionary containing the current scope's global variables.",
     bind<builtin_globals>()},
    {"locals()", "Return a dictionary containing the current scope's local variables.",
     bind<builtin_locals>()},
    {"vars(object=<unrepresentable>, /)",
     "Without arguments, equivalent to locals(); else object.__dict__.", bind<builtin_vars>()},
};

}  // namespace

std::span<const NativeFunctionDef> builtins_code_functions() { return kCodeFunctions; }

}  // namespace apy
