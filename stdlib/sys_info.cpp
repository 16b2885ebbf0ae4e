// The named sequences of sys: tuples whose items also have names.
#include <algorithm>
#include <array>
#include <limits>

#include "stdlib/frozen_modules.h"
#include "stdlib/native_modules.h"
#include "stdlib/sys_parts.h"
#include "vm/binding/bind.h"
#include "vm/objects/indexing.h"

namespace apy {

namespace {

template <size_t index>
Result<Value> get_item_at(VM&, Value self) {
  return as<Tuple>(self)->values()[index];
}

Result<Str*> sequence_repr(VM& vm, Tuple* self) {
  const NativeTypeDef& definition = *vm.type_of(self)->definition;
  StrBuilder out(vm);
  out.append(definition.name);
  const char* separator = "(";
  for (size_t i = 0; i < self->length; ++i) {
    out.append(separator);
    out.append(definition.attributes[i].name);
    out.append("=");
    out.append(TRY(repr_of(vm, self->values()[i])));
    separator = ", ";
  }
  out.append(")");
  return out.finish();
}

Result<Value> sequence_new(VM& vm, const Arguments& arguments) {
  return vm.raise(Exc::TypeError, "cannot create '{}' instances", vm.type_of(arguments.values[0]));
}

constexpr NativeFunctionDef kMethods[] = {
    {"__new__(cls, *args, **kwargs)", "Not callable.", bind<sequence_new>(),
     NativeFunctionDef::kStatic},
    {"__repr__(self, /)", "Return repr(self).", bind<sequence_repr>()},
};

template <size_t... index>
constexpr auto make_fields(const char* const (&names)[sizeof...(index)],
                           std::index_sequence<index...>) {
  return std::array<NativeGetSetDef, sizeof...(index)>{{{names[index], "", get_item_at<index>}...}};
}
#define SEQUENCE(Id, text, ...)                                                       \
  constexpr const char* k##Id##Names[] = {__VA_ARGS__};                               \
  constexpr auto k##Id##Fields =                                                      \
      make_fields(k##Id##Names, std::make_index_sequence<std::size(k##Id##Names)>()); \
  constexpr NativeTypeDef k##Id = {text, nullptr, kMethods, k##Id##Fields};

SEQUENCE(VersionInfo, "sys.version_info", "major", "minor", "micro", "releaselevel", "serial")
SEQUENCE(Flags, "sys.flags", "debug", "inspect", "interactive", "optimize", "dont_write_bytecode",
         "no_user_site", "no_site", "ignore_environment", "verbose", "bytes_warning", "quiet",
         "hash_randomization", "isolated", "dev_mode", "utf8_mode", "warn_default_encoding",
         "safe_path", "int_max_str_digits")
SEQUENCE(HashInfo, "sys.hash_info", "width", "modulus", "inf", "nan", "imag", "algorithm",
         "hash_bits", "seed_bits", "cutoff")
SEQUENCE(IntInfo, "sys.int_info", "bits_per_digit", "sizeof_digit", "default_max_str_digits",
         "str_digits_check_threshold")
SEQUENCE(FloatInfo, "sys.float_info", "max", "max_exp", "max_10_exp", "min", "min_exp",
         "min_10_exp", "dig", "mant_dig", "epsilon", "radix", "rounds")
SEQUENCE(ThreadInfo, "sys.thread_info", "name", "lock", "version")
SEQUENCE(Hooks, "asyncgen_hooks", "firstiter", "finalizer")

Result<Value> make_sequence(VM& vm, const NativeTypeDef& definition, std::span<const Value> items) {
  void*& state = vm.module_state(&definition);
  if (!state) {
    Type* made = TRY(make_native_type(vm, definition, vm.type(BuiltinType::Tuple)));
    made->flags &= ~Type::kCanSubclass;
    vm.module_state(&definition) = made;
  }
  Type* type = static_cast<Type*>(vm.module_state(&definition));
  auto* tuple = static_cast<Tuple*>(
      TRY(allocate_variable_instance(vm, type, sizeof(Tuple) + items.size() * sizeof(Value))));
  tuple->length = items.size();
  std::copy(items.begin(), items.end(), tuple->values());
  return tuple;
}

Value number(int64_t i) { return Value::small_int(i); }

Result<void> add(VM& vm, Module* module, const char* name, const NativeTypeDef& definition,
                 std::span<const Value> items) {
  return module_set(vm, module, name, TRY(make_sequence(vm, definition, items)));
}

/// builtin_module_names: those in C++; stdlib_module_names: all at the top level.
Result<void> add_module_names(VM& vm, Module* module) {
  List* native = TRY(make_list(vm, native_modules().size()));
  for (const NativeModuleDef* definition : native_modules())
    TRY(list_append(vm, native, TRY(intern(vm, definition->name))));
  TRY(list_sort(vm, native, Value::none(), false));
  TRY(module_set(vm, module, "builtin_module_names", TRY(make_tuple(vm, native->span()))));
  Set* all = TRY(make_set(vm, BuiltinType::FrozenSet));
  for (Value name : native->span()) TRY(set_add(vm, all, name));
  size_t count = 0;
  const FrozenModule* frozen = frozen_modules(&count);
  for (size_t i = 0; i < count; ++i)
    if (frozen[i].name.find('.') == std::string_view::npos)
      TRY(set_add(vm, all, TRY(intern(vm, frozen[i].name))));
  return module_set(vm, module, "stdlib_module_names", all);
}

}  // namespace

Result<Value> make_async_generator_hooks(VM& vm, Value first_iteration, Value finalizer) {
  Value items[] = {first_iteration, finalizer};
  return make_sequence(vm, kHooks, items);
}

Result<void> add_sys_info(VM& vm, Module* module) {
  TRY(add_module_names(vm, module));
  Value version[] = {number(3), number(13), number(0), TRY(make_str(vm, "final")), number(0)};
  TRY(add(vm, module, "version_info", kVersionInfo, version));

  Value flags[18];
  std::fill(std::begin(flags), std::end(flags), number(0));
  flags[4] = flags[11] = number(1);
  flags[13] = flags[16] = Value::boolean(false);
  flags[14] = number(1);
  flags[17] = number(4300);
  TRY(add(vm, module, "flags", kFlags, flags));

  Value hash[] = {number(64),      number((int64_t{1} << 61) - 1), number(314159), number(0),
                  number(1000003), TRY(make_str(vm, "siphash13")), number(64),     number(128),
                  number(0)};
  TRY(add(vm, module, "hash_info", kHashInfo, hash));

  Value ints[] = {number(30), number(4), number(4300), number(640)};
  TRY(add(vm, module, "int_info", kIntInfo, ints));

  using Limits = std::numeric_limits<double>;
  Value floats[] = {TRY(make_float(vm, Limits::max())),
                    number(Limits::max_exponent),
                    number(Limits::max_exponent10),
                    TRY(make_float(vm, Limits::min())),
                    number(Limits::min_exponent),
                    number(Limits::min_exponent10),
                    number(Limits::digits10),
                    number(Limits::digits),
                    TRY(make_float(vm, Limits::epsilon())),
                    number(2),
                    number(1)};
  TRY(add(vm, module, "float_info", kFloatInfo, floats));

  Value thread[] = {TRY(make_str(vm, "pthread")), TRY(make_str(vm, "semaphore")), Value::none()};
  return add(vm, module, "thread_info", kThreadInfo, thread);
}

}  // namespace apy
