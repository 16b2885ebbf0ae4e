// The native half of importlib: what the engine can import by itself.
#include <sys/stat.h>

#include "vm/binding/bind.h"
#include "vm/bytecode/code.h"
#include "vm/bytecode/opcode_info.h"
#include "vm/interpreter/import.h"
#include "vm/interpreter/setup.h"

namespace apy {

TYPE_NAME_OF(Code, "code")

namespace {

bool find_frozen(VM& vm, Str* name, FrozenSource* found) {
  FrozenFinder finder = registry(vm).find_frozen;
  return finder && finder(to_utf8(name), found);
}

Result<bool> is_builtin(VM& vm, Str* name) {
  std::string text = to_utf8(name);
  for (const NativeModuleDef* definition : registry(vm).native_modules)
    if (text == definition->name) return true;
  for (const NativeModuleDef* definition : registry(vm).registered)
    if (text == definition->name) return true;
  return false;
}

Result<bool> is_frozen(VM& vm, Str* name) {
  FrozenSource found;
  return find_frozen(vm, name, &found);
}

Result<bool> is_frozen_package(VM& vm, Str* name) {
  FrozenSource found;
  return find_frozen(vm, name, &found) && found.is_package;
}

Result<Value> get_frozen_source(VM& vm, Str* name) {
  FrozenSource found;
  if (!find_frozen(vm, name, &found))
    return vm.raise(Exc::ImportError, "No such frozen object named {}", name);
  return make_str(vm, found.text());
}

/// 0: not there, 1: a file, 2: a folder, 3: something else.
Result<int64_t> file_kind(VM&, Str* path) {
  struct stat status;
  if (stat(to_utf8(path).c_str(), &status) != 0) return int64_t{0};
  return int64_t{S_ISREG(status.st_mode) ? 1 : S_ISDIR(status.st_mode) ? 2 : 3};
}

/// (name, the name it is about or None) of each instruction word; words of caches are ("", None).
Result<Value> instructions(VM& vm, Code* code) {
  List* list = TRY(make_list(vm, size_t{code->instruction_count}));
  auto add = [&](std::string_view name, Value about) -> Result<void> {
    Value pair[2] = {TRY(intern(vm, name)), about};
    return list_append(vm, list, TRY(make_tuple(vm, pair)));
  };
  for (uint32_t at = 0; at < code->instruction_count;) {
    const Instruction& instruction = code->instructions[at];
    const OpcodeInfo& info = opcode_info(instruction.opcode);
    const uint16_t operands[3] = {instruction.a, instruction.b, instruction.c};
    Value about = Value::none();
    for (int i = 0; i < 3; ++i)
      if (info.operands[i] == OperandKind::Name) about = code->constants[operands[i]];
    uint32_t end = at + instruction_size(instruction.opcode);
    TRY(add(info.name, about));
    for (++at; at < end; ++at) TRY(add("", Value::none()));
  }
  return list;
}

Result<Value> absolute(VM& vm, Str* name) { return import_absolute(vm, name); }
Result<int64_t> lock_held(VM&) { return int64_t{0}; }
Result<void> no_lock(VM&) { return {}; }

constexpr NativeFunctionDef kFunctions[] = {
    {"is_builtin(name, /)", "Is it a native module?", bind<is_builtin>()},
    {"is_frozen(name, /)", "Is it a module in the binary?", bind<is_frozen>()},
    {"is_frozen_package(name, /)", "Is it a package in the binary?", bind<is_frozen_package>()},
    {"get_frozen_source(name, /)", "The source of a module in the binary.",
     bind<get_frozen_source>()},
    {"file_kind(path, /)", "0: not there, 1: file, 2: folder, 3: other.", bind<file_kind>()},
    {"import_absolute(name, /)", "Import a module and return it.", bind<absolute>()},
    {"load_native(name, /)", "Import a native module.", bind<absolute>()},
    {"instructions(code, /)", "(name, what it is about) of each word of code, for dis.",
     bind<instructions>()},
    {"lock_held()", "Does somebody hold the lock of imports?", bind<lock_held>()},
    {"acquire_lock()", "There is no lock of imports.", bind<no_lock>()},
    {"release_lock()", "There is no lock of imports.", bind<no_lock>()},
};

}  // namespace

extern const NativeModuleDef kImpModule = {"_imp", "The native half of importlib.", kFunctions,
                                           nullptr};

}  // namespace apy
