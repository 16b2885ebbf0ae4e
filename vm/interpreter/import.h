#pragma once
// The import system: sys.modules, native and frozen modules, files on sys.path (`.apy` before
// `.py`, packages with
// `__init__`), relative imports. Scripts see it through builtins.__import__ and importlib.
#include "vm/interpreter/interpreter.h"

namespace apy {

/// Is `hook` the builtin __import__ (then the interpreter need not call it)?
bool is_default_import(VM& vm, Value hook);
/// What `import a.b.c` / `from ..a import x` evaluate to: the top package, or the module itself
/// with a from-list.
Result<Value> import_name(VM& vm, Str* name, Dict* globals, Value from_list, int64_t level);
/// `from module import name`: the attribute, else the submodule in sys.modules; ImportError worded
/// as CPython's.
Result<Value> import_from(VM& vm, Value module, Str* name);
Result<void> import_star(VM& vm, Value module, Value names);
/// Imports a dotted name absolutely and returns the module itself.
Result<Value> import_absolute(VM& vm, Str* name);

/// A module's code as text, not imported yet.
struct ModuleSource {
  std::string name;  // of a package: its `__main__`
  std::string text;
  std::string filename;  // "<frozen NAME>" for modules in the binary
};
/// For running a module as the main program. ImportError when there is none, or none with source.
Result<ModuleSource> find_module_source(VM& vm, const std::string& dotted_name);

}  // namespace apy
