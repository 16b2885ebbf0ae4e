// _sre: regular expressions, the native half of the module re.
#include "stdlib/re/pattern.h"
#include "vm/objects/text.h"

namespace apy {

namespace {

using namespace re;

Result<Value> compile_pattern(VM& vm, Value source, int64_t flags) {
  Str* text = try_as<Str>(source);
  std::string_view bytes;
  if (!text && !get_bytes(source, &bytes))
    return vm.raise(Exc::TypeError, "first argument must be string or compiled pattern");
  Pattern* pattern = TRY(make_native<Pattern>(vm, native_type<Pattern>(vm)));
  pattern->program = new Program;
  vm.heap().register_finalizer(pattern);
  pattern->pattern = source;
  Syntax& syntax = pattern->program->syntax;
  syntax.is_bytes = !text;
  TRY(parse_pattern(vm, source, text ? code_points_of(text) : code_points_of(bytes),
                    static_cast<uint32_t>(flags), &syntax));
  pattern->group_index = TRY(make_dict(vm));
  vm.barrier(pattern);
  Tuple* names = TRY(make_tuple(vm, syntax.groups.size()));
  pattern->group_names = names;
  vm.barrier(pattern);
  for (size_t i = 0; i < syntax.groups.size(); ++i) {
    const std::string& name = syntax.groups[i].name;
    names->values()[i] = Value::none();
    if (name.empty()) continue;
    Str* key = TRY(intern(vm, name));
    names->values()[i] = key;
    vm.barrier(names);
    TRY(dict_set_str(vm, pattern->group_index, key, Value::small_int(static_cast<int64_t>(i))));
  }
  return pattern;
}

constexpr NativeFunctionDef kFunctions[] = {
    {"compile(pattern, flags, /)", "A pattern made from a str or bytes.", bind<compile_pattern>()},
};

Result<void> initialize(VM& vm, Module* module) {
  TRY(add_native_type(vm, module, kPatternType, "Pattern"));
  TRY(add_native_type(vm, module, kMatchType, "Match"));
  TRY(add_native_type(vm, module, kScannerType, "SRE_Scanner"));
  return add_native_type(vm, module, kMatchIteratorType, "match_iterator");
}

}  // namespace

extern const NativeModuleDef kRegexModule = {"_sre", "Regular expressions.", kFunctions,
                                             initialize};

}  // namespace apy
