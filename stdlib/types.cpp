// The native half of types: what the script half cannot do itself.
#include "vm/binding/bind.h"
#include "vm/bytecode/code.h"
#include "vm/interpreter/frame_object.h"

namespace apy {

namespace {

/// The function itself, now with a copy of its code whose generators can be awaited.
Result<Value> mark_iterable_coroutine(VM& vm, Function* function) {
  const Code* code = function->code;
  Code* copy = TRY(vm.allocate<Code>(BuiltinType::Code));
  Cell header = *copy;
  *copy = *code;
  static_cast<Cell&>(*copy) = header;
  copy->flags |= Code::kIterableCoroutine;
  copy->next_in_vm = vm.code_list();
  vm.code_list() = copy;
  function->code = copy;
  vm.barrier(function);
  return function;
}

Result<Value> frame_names(VM& vm, Value frame) { return TRY(frame_variable_names(vm, frame)); }

constexpr NativeFunctionDef kFunctions[] = {
    {"frame_names(frame, /)", "Names of the variables that are bound.", bind<frame_names>()},
    {"frame_lookup(frame, name, default, /)", "A variable, or the default.",
     bind<frame_variable>()},
    {"frame_assign(frame, name, value, /)", "Bind a variable; False if there is none.",
     bind<set_frame_variable>()},
    {"frame_extra(frame, create, /)", "The dict of what else is in f_locals, or None.",
     bind<frame_extra_locals>()},
    {"mark_iterable_coroutine(function, /)", "Let the function's generators be awaited.",
     bind<mark_iterable_coroutine>()},
};

Result<void> initialize(VM& vm, Module* module) {
  struct Name {
    const char* name;
    BuiltinType type;
  };
  constexpr Name kNames[] = {
      {"FunctionType", BuiltinType::Function},
      {"CodeType", BuiltinType::Code},
      {"MappingProxyType", BuiltinType::MappingProxy},
      {"CellType", BuiltinType::Cell},
      {"GeneratorType", BuiltinType::Generator},
      {"CoroutineType", BuiltinType::Coroutine},
      {"AsyncGeneratorType", BuiltinType::AsyncGenerator},
      {"MethodType", BuiltinType::Method},
      {"BuiltinFunctionType", BuiltinType::BuiltinFunction},
      {"MethodDescriptorType", BuiltinType::MethodDescriptor},
      {"ModuleType", BuiltinType::Module},
      {"TracebackType", BuiltinType::Traceback},
      {"FrameType", BuiltinType::Frame},
      {"GetSetDescriptorType", BuiltinType::GetSetDescriptor},
      {"MemberDescriptorType", BuiltinType::MemberDescriptor},
      {"GenericAlias", BuiltinType::GenericAlias},
      {"UnionType", BuiltinType::UnionType},
      {"TypeAliasType", BuiltinType::TypeAlias},
      {"EllipsisType", BuiltinType::Ellipsis},
      {"NoneType", BuiltinType::NoneType},
      {"NotImplementedType", BuiltinType::NotImplementedType},
  };
  for (const Name& entry : kNames) TRY(module_set(vm, module, entry.name, vm.type(entry.type)));
  return {};
}

}  // namespace

extern const NativeModuleDef kTypesModule = {"_types", "The native half of types.", kFunctions,
                                             initialize};

}  // namespace apy
